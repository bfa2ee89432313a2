"""Themes: what a mandate can be about, who may give it to whom, for how long, and in which words.

Always true: a `Theme` that exists is valid, and one version of it never changes.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from idp.accounts.rules import PartyKind
from idp.mandates.scopes import Action, Scope

LONGEST_DAYS = 1827
"""Five years, one leap day or two among them: no mandate lasts longer, whatever its theme says."""
PLACES = frozenset({"principal", "agent", "actions", "services", "limit", "from", "until"})
"""What a legal text may have filled in, written ``{principal}``."""
_CODE = re.compile(r"[a-z][a-z0-9-]{0,31}(?:\.[a-z][a-z0-9-]{0,31}){0,3}")
_SERVICE = re.compile(r"[a-z0-9][a-z0-9-]{1,47}")
PLACE = re.compile(r"\{([a-z_]*)\}")


class Mask(NamedTuple):
    """One datum a theme may release about the represented party. ``optional``: the principal may strike it."""

    claim: str
    mask: str
    optional: bool


@dataclass(frozen=True, slots=True)
class Service:
    """A matter under a theme, as departments name it. ``actions``: those of the theme's that it knows."""

    code: str
    title: Mapping[str, str]
    actions: frozenset[Action]


@dataclass(frozen=True, slots=True, kw_only=True)
class Theme:
    """One version. ``grantor_ial`` is of the person who gives, ``grantor_el`` of the entity they speak for."""

    code: str
    version: int
    title: Mapping[str, str]
    """By language, at least ``zh``."""
    text: Mapping[str, str]
    """What is signed, with `PLACES`."""
    actions: frozenset[Action]
    principals: frozenset[PartyKind]
    """Who may be represented."""
    agents: frozenset[PartyKind]
    services: tuple[Service, ...]
    grantor_ial: int = 2
    grantor_el: int = 2
    agent_ial: int = 2
    most_days: int = LONGEST_DAYS
    delegable: bool = False
    sensitive: bool = False
    """Needs what the principal's signing rule asks for, where others need one signature."""
    releases: tuple[Mask, ...] = ()
    whole: Scope = field(init=False)
    """Everything there is in it."""
    _acts: Mapping[str, frozenset[Action]] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        acts = {service.code: service.actions for service in self.services}
        object.__setattr__(self, "whole", Scope(self.actions, frozenset(acts)))
        object.__setattr__(self, "_acts", acts)

    def acts(self, service: str) -> frozenset[Action]:
        """What can be done in a service; nothing in one that is not the theme's."""
        return self._acts.get(service, frozenset())


@dataclass(frozen=True, slots=True)
class Faulty:
    faults: tuple[str, ...]


@dataclass(slots=True)
class _Reading:
    """One table of a file, with what is wrong in it so far."""

    data: Mapping[str, Any]
    faults: list[str] = field(default_factory=list)

    def fault(self, name: str, says: str) -> None:
        self.faults.append(f"{name}: {says}")

    def words(self, name: str, *, among: Iterable[str]) -> frozenset[str]:
        given, known = self.data.get(name, []), frozenset(among)
        if not isinstance(given, list) or not given or not known.issuperset(map(str, given)):
            self.fault(name, f"some of {', '.join(sorted(known))}")
            return frozenset()
        return frozenset(map(str, given))

    def texts(self, name: str) -> Mapping[str, str]:
        given = self.data.get(name)
        texts = given if isinstance(given, Mapping) else {}
        if not {"zh", "en"} <= texts.keys() or not all(
            isinstance(one, str) and one.strip() for one in texts.values()
        ):
            self.fault(name, "a text in zh and en")
            return {}
        return dict(texts)

    def number(self, name: str, default: int | None, *, least: int, most: int) -> int:
        given = self.data.get(name, default)
        if isinstance(given, bool) or not isinstance(given, int) or not least <= given <= most:
            self.fault(name, f"a number from {least} to {most}")
            return least
        return given

    def flag(self, name: str) -> bool:
        given = self.data.get(name, False)
        if not isinstance(given, bool):
            self.fault(name, "true or false")
        return given is True


_KEYS = frozenset(
    {
        "code", "version", "title", "text", "actions", "principals", "agents", "services", "grantor_ial",
        "grantor_el", "agent_ial", "most_days", "delegable", "sensitive", "releases",
    }
)  # fmt: skip


def parse_theme(data: Mapping[str, Any]) -> Theme | Faulty:
    """One ``[[theme]]`` of a file (docs/mandates.md), or everything that is wrong with it."""
    read = _Reading(data)
    for name in sorted(data.keys() - _KEYS):
        read.fault(name, "not known")
    code = data.get("code")
    if not isinstance(code, str) or not _CODE.fullmatch(code):
        read.fault("code", "words of small letters with dots between them")
    actions = frozenset(Action(name) for name in read.words("actions", among=Action))
    text = read.texts("text")
    for language, words in text.items():
        for unknown in sorted(set(PLACE.findall(words)) - PLACES):
            read.fault(f"text.{language}", f"{{{unknown}}} is no place")
        for missing in sorted({"principal", "agent", "actions", "until"} - set(PLACE.findall(words))):
            read.fault(f"text.{language}", f"says nothing of {{{missing}}}")
    theme = Theme(
        code=str(code),
        version=read.number("version", None, least=1, most=10_000),
        title=read.texts("title"),
        text=text,
        actions=actions,
        principals=frozenset(PartyKind(name) for name in read.words("principals", among=PartyKind)),
        agents=frozenset(PartyKind(name) for name in read.words("agents", among=PartyKind)),
        services=_services(read, actions),
        grantor_ial=read.number("grantor_ial", 2, least=2, most=4),
        grantor_el=read.number("grantor_el", 2, least=2, most=4),
        agent_ial=read.number("agent_ial", 2, least=2, most=4),
        most_days=read.number("most_days", LONGEST_DAYS, least=1, most=LONGEST_DAYS),
        delegable=read.flag("delegable"),
        sensitive=read.flag("sensitive"),
        releases=_releases(read),
    )
    return Faulty(tuple(read.faults)) if read.faults else theme


def _services(read: _Reading, actions: frozenset[Action]) -> tuple[Service, ...]:
    given, found = read.data.get("services"), []
    if not isinstance(given, list) or not given or not all(isinstance(one, Mapping) for one in given):
        read.fault("services", "one table or more")
        return ()
    for number, told in enumerate(given, 1):
        own = _Reading({"actions": sorted(actions), **told})
        code = told.get("code")
        if not isinstance(code, str) or not _SERVICE.fullmatch(code):
            own.fault("code", "small letters, digits and hyphens")
        known = frozenset(Action(name) for name in own.words("actions", among=actions))
        found.append(Service(str(code), own.texts("title"), known))
        read.faults += [f"services {number}: {fault}" for fault in own.faults]
    if len({service.code for service in found}) < len(found):
        read.fault("services", "one code stands twice")
    return tuple(found)


def _releases(read: _Reading) -> tuple[Mask, ...]:
    given, found = read.data.get("releases", []), []
    if not isinstance(given, list) or not all(isinstance(one, Mapping) for one in given):
        read.fault("releases", "tables")
        return ()
    for number, told in enumerate(given, 1):
        own = _Reading(told)
        claim, mask = told.get("claim"), told.get("mask", "none")
        if claim not in RELEASABLE:
            own.fault("claim", f"one of {', '.join(sorted(RELEASABLE))}")
        if mask not in MASKS:
            own.fault("mask", f"one of {', '.join(sorted(MASKS))}")
        found.append(Mask(str(claim), str(mask), own.flag("optional")))
        read.faults += [f"releases {number}: {fault}" for fault in own.faults]
    if len({one.claim for one in found}) < len(found):
        read.fault("releases", "one claim stands twice")
    return tuple(found)


RELEASABLE = frozenset({"name", "uscc", "entity_type", "status", "el", "id_document", "phone", "birthdate", "ial"})
"""Data about a represented party, entity or person."""
MASKS = frozenset({"none", "middle", "year"})
"""``middle``: first and last stay; ``year``: of a date its year alone."""


def declaration(theme: Theme) -> dict[str, Any]:
    """The theme as it is stored and compared; `parse_theme` reads it again."""
    return {
        "code": theme.code,
        "version": theme.version,
        "title": dict(theme.title),
        "text": dict(theme.text),
        "actions": sorted(theme.actions),
        "principals": sorted(theme.principals),
        "agents": sorted(theme.agents),
        "services": [
            {"code": one.code, "title": dict(one.title), "actions": sorted(one.actions)} for one in theme.services
        ],
        "grantor_ial": theme.grantor_ial,
        "grantor_el": theme.grantor_el,
        "agent_ial": theme.agent_ial,
        "most_days": theme.most_days,
        "delegable": theme.delegable,
        "sensitive": theme.sensitive,
        "releases": [{"claim": one.claim, "mask": one.mask, "optional": one.optional} for one in theme.releases],
    }
