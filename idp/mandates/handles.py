"""Handles: the names under which one app knows one person's acting for one party.

Always true: a handle is random, belongs to one app and one person, says nothing of the party, and gives nothing by
itself: whoever takes one in looks whether the person is there and whether the power still stands.
"""

import re
from collections.abc import Callable
from typing import Any, NamedTuple

from idp.crypto.tokens import new_id
from idp.db import Statement, Transaction
from idp.entities.rules import Acting, Via
from idp.mandates.basis import Basis, ask_basis

PREFIX = "rep"
"""An identifier of ours, and never a secret; 80 of its bits are random."""
_FORM = re.compile(rf"{PREFIX}_[0-9a-z]{{26}}")
_KEY = "person_id = :person AND client_id = :client AND represented_id = :represented AND mandate_id = :mandate"
_FIND = Statement(f"SELECT handle FROM represented_handle WHERE {_KEY}", str)
_ADD = Statement(
    "INSERT INTO represented_handle (handle, client_id, person_id, represented_id, role, mandate_id, created_at)"
    " VALUES (:handle, :client, :person, :represented, :role, :mandate, :now)"
    " ON CONFLICT (person_id, client_id, represented_id, mandate_id) DO UPDATE SET role = excluded.role"
    " RETURNING handle",
    str,
)
_READ = Statement[Any](
    "SELECT person_id, represented_id, role, mandate_id FROM represented_handle"
    " WHERE handle = :handle AND client_id = :client",
    lambda *row: Released(*row),
)


class Released(NamedTuple):
    """What a handle stands for; ``mandate`` is empty for an office."""

    person: str
    represented: str
    role: str
    mandate: str

    @property
    def acting(self) -> Acting:
        via = Via.MANDATE if self.mandate else Via.ROLE
        return Acting(self.represented, self.role, via, self.mandate or None)

    def is_of(self, acting: Acting | None) -> bool:
        """Whether it names this context, through whichever door its person came to it."""
        return acting is not None and (acting.entity, acting.mandate or "") == (self.represented, self.mandate)


def handle_of(tx: Transaction, client_id: str, person: str, acting: Acting, *, now: int) -> str:
    """The app's name for this person's acting, made at the first use."""
    key = {"client": client_id, "person": person, "represented": acting.entity, "mandate": acting.mandate or ""}
    known = tx.one(_FIND, **key)
    if known is not None:
        return known
    return tx.all(_ADD, **key, handle=new_id(PREFIX), role=acting.role, now=now)[0]


def known_handle(tx: Transaction, client_id: str, person: str, acting: Acting) -> str | None:
    """The same, if it was ever told to the app."""
    return tx.one(_FIND, client=client_id, person=person, represented=acting.entity, mandate=acting.mandate or "")


def read_handle(tx: Transaction, client_id: str, handle: str) -> Released | None:
    """What ``handle`` stands for; None for one that was not told to this app, whoever else may know it."""
    return ask_handle(tx, client_id, handle)()


def ask_handle(tx: Transaction, client_id: str, handle: str) -> Callable[[], Released | None]:
    """The same, in the round trip of whatever follows."""
    if not _FORM.fullmatch(handle):
        return lambda: None
    asked = tx.ask(_READ, handle=handle, client=client_id)
    return lambda: next(iter(asked()), None)


def ask_basis_of(tx: Transaction, client_id: str, handle: str) -> Callable[[], Basis | None]:
    """What the mandate it stands for rests on; as `ask_handle`."""
    return ask_basis(tx, client_id, handle) if _FORM.fullmatch(handle) else lambda: None
