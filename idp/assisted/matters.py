"""What a case is about: matters of themes in which persons may be represented, with what is to be done in them.

Always true: nothing is handled at a counter that is not a matter of a current theme for persons, and managing
mandates is none.
"""

import re
from collections.abc import Iterable, Sequence

import orjson

from idp.accounts.rules import PartyKind
from idp.assisted.rules import MOST_MATTERS, Matter
from idp.mandates.scopes import NOTHING, Action, Scope
from idp.mandates.texts import ACTIONS
from idp.mandates.themes import Theme

_UNSENDABLE = re.compile(r"[\s{}<>:/.@]+")


def offered(themes: Iterable[Theme]) -> list[Matter]:
    """Every matter there is, with all that is known of it to do."""
    return [
        Matter(theme.code, service.code, service.actions - {Action.MANAGE})
        for theme in themes
        if PartyKind.PERSON in theme.principals and PartyKind.PERSON in theme.agents and not theme.sensitive
        for service in theme.services
        if service.actions - {Action.MANAGE}
    ]


def judge(matters: Sequence[Matter], possible: Iterable[Matter]) -> bool:
    """Whether a case may be about these: one to eight, each once, and each among ``possible``.

    A mandate has the same actions in all its services, as far as each knows them: matters of one theme that want
    different ones would give more than the citizen has named, and are two cases.
    """
    known = {(one.theme, one.service): one.actions for one in possible}
    keys = [(one.theme, one.service) for one in matters]
    if not 1 <= len(keys) <= MOST_MATTERS or len(set(keys)) < len(keys):
        return False
    given = {theme: scope.actions for theme, scope in scopes(matters)}
    return all(
        one.actions and one.actions == given[one.theme] & known.get((one.theme, one.service), frozenset())
        for one in matters
    )


def scopes(matters: Iterable[Matter]) -> list[tuple[str, Scope]]:
    """By theme: what the clerk's mandates hold."""
    found: dict[str, Scope] = {}
    for one in sorted(matters):
        held = found.get(one.theme, NOTHING)
        found[one.theme] = Scope(held.actions | one.actions, held.services | {one.service})
    return sorted(found.items(), key=lambda one: one[0])


def written(matters: Iterable[Matter]) -> str:
    """As JSON, in order."""
    return orjson.dumps([[one.theme, one.service, sorted(one.actions)] for one in sorted(matters)]).decode()


def read(text: str) -> tuple[Matter, ...]:
    return tuple(
        Matter(theme, service, frozenset(Action(name) for name in actions))
        for theme, service, actions in orjson.loads(text)
    )


def title(matter: Matter, theme: Theme | None, language: str = "zh") -> str:
    """``Theme: service`` as the catalogue names them; the code of a service that is no longer there."""
    service = next((one for one in theme.services if one.code == matter.service), None) if theme else None
    if theme is None or service is None:
        return matter.service
    colon = "：" if language == "zh" else ": "
    return f"{theme.title[language]}{colon}{service.title[language]}"


def line(matter: Matter, theme: Theme | None) -> str:
    """For papers, in Chinese: with what is to be done, and the code."""
    acts = "、".join(ACTIONS["zh"][one] for one in Action if one in matter.actions)
    return f"{title(matter, theme)}（{acts}；{matter.service}）"


def sendable(text: str, *, most: int) -> str:
    """For a text message: nothing in it that a phone would take for a link."""
    return _UNSENDABLE.sub(" ", text).strip()[:most] or "-"
