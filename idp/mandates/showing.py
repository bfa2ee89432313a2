"""Mandates as pages show them: whose, about what, in which state, with names only as far as each side may see them.

Always true: a person's name stands in full only in a mandate that was signed; an entity's is public.
"""

from types import SimpleNamespace

from idp.accounts.names import PersonName
from idp.accounts.rules import PartyKind
from idp.db import Transaction
from idp.mandates.addressing import Addressee
from idp.mandates.desk import parts
from idp.mandates.reading import Particulars
from idp.mandates.rules import Mandate, Side, State
from idp.mandates.scopes import Action, Limit, Scope
from idp.mandates.themes import Theme
from idp.mandates.words import ACTIONS, KINDS, state_word
from idp.web.clock import now
from idp.web.locale import preferences

_TAGS = {State.ACTIVE: "", State.SUSPENDED: "off"} | dict.fromkeys(
    (State.REQUESTED, State.PENDING_APPROVALS, State.PENDING_ACCEPTANCE), "wait"
)


def theme_title(code: str, version: int) -> str:
    theme = parts().granting.themes.of(code, version)
    return title(theme) if theme else code


def title(theme: Theme) -> str:
    return theme.title[preferences().lang]


def shown_mandate(tx: Transaction, mandate: Mandate, kept: Particulars, side: Side) -> SimpleNamespace:
    """For lists and heads of pages; ``side`` looks at it."""
    return SimpleNamespace(
        id=mandate.id,
        theme=theme_title(mandate.theme, mandate.theme_version),
        kind=KINDS[mandate.kind],
        other=other_name(tx, mandate, kept, side),
        state=state_word(mandate, side, now=now()),
        tag=_TAGS.get(mandate.state, "off"),
        begins=mandate.valid_from,
        ends=mandate.valid_to,
    )


def other_name(tx: Transaction, mandate: Mandate, kept: Particulars, side: Side) -> str:
    """Of the one on the other side."""
    signed = kept.signed_at is not None
    if side is Side.PRINCIPAL:
        return _name(parts().granting.draft_of(mandate, kept).addressee, in_full=signed)
    principal = parts().granting.addresses.own(tx, mandate.principal)
    return _name(principal, in_full=signed) if principal else ""


def _name(addressee: Addressee, *, in_full: bool) -> str:
    person = PersonName.parse(addressee.name) if addressee.kind is PartyKind.PERSON else None
    return addressee.name if in_full or person is None else person.masked


def person_name(tx: Transaction, person: str | None) -> str:
    """Somebody who signed or acted, masked; empty for nobody."""
    identity = parts().granting.addresses.directory.person(tx, person).identity if person else None
    return identity.name.masked if identity else ""


def matters(theme: Theme, scope: Scope) -> list[str]:
    """The titles of the services in a scope."""
    return [one.title[preferences().lang] for one in theme.services if one.code in scope.services]


def acts(scope: Scope) -> list[object]:
    """What may be done in them."""
    return [ACTIONS[one] for one in Action if one in scope.actions]


def amount(limit: Limit | None) -> str:
    return f"{limit.amount // 100:,}.{limit.amount % 100:02d} {limit.currency}" if limit else ""
