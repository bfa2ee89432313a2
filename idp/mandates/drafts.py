"""A mandate before there is one: what somebody wants to give, who signs it, and the text of it.

Always true: the same draft has the same text, whoever asks for it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import NamedTuple

from idp.mandates.addressing import Addressee
from idp.mandates.certified import Certified
from idp.mandates.rules import Kind, Mandate
from idp.mandates.scopes import Scope
from idp.mandates.texts import Drawn, mandate_text
from idp.mandates.themes import Theme

LANGUAGES = ("zh", "en")


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What somebody wants to give. ``id``: made beforehand (`new_id`), for it stands in the text that is read.

    ``struck``: optional data that the principal does not release; ``parent``: the id of the agency's mandate.
    ``replaces``: the mandate the grantor was shown as ending with this.
    """

    id: str
    kind: Kind
    principal: str
    addressee: Addressee
    theme: str
    theme_version: int | None = None
    """None: the current one."""
    scope: Scope
    valid_from: int
    valid_to: int
    may_delegate: bool = False
    parent: str | None = None
    struck: frozenset[str] = frozenset()
    post: str = ""
    """Of staff: what they do there; told to the parties alone."""
    unit: str = ""
    """Of staff: the office they work in, which decides whose cases are theirs."""
    waived: bool = False
    replaces: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Signer:
    """Who signs, and how they have just shown that it is them.

    ``method``: as `idp.signin.rules.Method`, or `certified.METHOD` with what they have signed. ``acting``: the
    session acts for somebody by a mandate.
    """

    person: str
    method: str
    ial: int
    aal: int
    acting: bool = False
    certified: Certified | None = None


class Text(NamedTuple):
    """What is read and signed, by language; ``hash``: SHA-256 of all of it, hexadecimal."""

    by_language: Mapping[str, str]
    hash: str


def text_of(draft: Draft, theme: Theme, principal: str) -> Text:
    """What the draft says. ``principal``: as the text names them."""
    drawn = Drawn(
        id=draft.id,
        kind=draft.kind,
        theme=theme,
        scope=draft.scope,
        valid_from=draft.valid_from,
        valid_to=draft.valid_to,
        principal=principal,
        agent=draft.addressee.shown,
        may_delegate=draft.may_delegate,
        post=draft.post,
        unit=draft.unit,
    )
    texts = {language: mandate_text(drawn, language) for language in LANGUAGES}
    return Text(texts, sha256("".join(texts.values()).encode()).hexdigest())


def renewed(draft: Draft, mandate: Mandate, current: Theme, *, id: str, valid_to: int, now: int) -> Draft:
    """The same again from ``now`` on, in the words that count today; it takes the place of ``mandate``.

    What the theme has no more is left out.
    """
    return replace(
        draft,
        id=id,
        theme_version=None if mandate.parent is None else mandate.theme_version,
        scope=draft.scope.meet(current.whole),
        valid_from=now,
        valid_to=valid_to,
        replaces=mandate.id,
    )
