"""What one mandate's power rests on: its row, the one it stands under, and the parties of both.

Always true: all of it is asked in one round trip, of one moment, and nothing here judges it.
"""

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from idp.db import Statement, Transaction
from idp.mandates.reading import FIELDS, mandate_of
from idp.mandates.rules import Mandate
from idp.proofing.rules import Evidence, identity_level


class Fact(NamedTuple):
    """Of a party its kind and whether it is there (``level`` None), or what proves its level, and until when."""

    party: str
    kind: str
    status: str
    entity_status: str | None
    level: int | None
    until: int | None

    @property
    def there(self) -> bool:
        return self.status == "active" and self.entity_status in (None, "active")


class Basis(NamedTuple):
    """``mandate``: None where there is none of that name."""

    mandate: Mandate | None
    parent: Mandate | None
    facts: list[Fact]

    def there(self, parties: Iterable[str]) -> bool:
        """Whether each of them is."""
        return set(parties) <= {one.party for one in self.facts if one.level is None and one.there}

    def kind_of(self, party: str) -> str:
        return next(one.kind for one in self.facts if one.party == party and one.level is None)

    def level_of(self, party: str, *, now: int) -> int:
        proofs = [
            Evidence(one.level, one.until) for one in self.facts if one.party == party and one.level is not None
        ]
        return identity_level(proofs, now=now)


def _statements(mandate: str, person: str) -> tuple[Statement[Mandate], Statement[Fact]]:
    """``mandate``, ``person``: the identifiers, as SQL."""
    named = [f"SELECT {who}_id FROM mandate WHERE id = {mandate}" for who in ("represented", "principal", "agent")]
    parties = " UNION ".join([*named, f"SELECT {person}"])
    parent = f"(SELECT parent_id FROM mandate WHERE id = {mandate})"
    return (
        Statement(f"SELECT {FIELDS} FROM mandate WHERE id IN ({mandate}, {parent})", mandate_of),
        Statement(
            "SELECT p.id, p.kind, p.status, l.status, NULL, NULL FROM party p"
            f" LEFT JOIN legal_entity l ON l.party_id = p.id WHERE p.id IN ({parties})"
            " UNION ALL SELECT party_id, '', '', NULL, level, expires_at FROM evidence"
            f" WHERE party_id IN ({parties}) AND ended_at IS NULL",
            Fact,
        ),
    )


_BY_ID = _statements(":mandate", ":person")
_OF_HANDLE = "(SELECT {} FROM represented_handle WHERE handle = :handle AND client_id = :client)"
_BY_HANDLE = _statements(_OF_HANDLE.format("mandate_id"), _OF_HANDLE.format("person_id"))


def read_basis(tx: Transaction, mandate_id: str, person: str) -> Basis:
    """Of a mandate that ``person`` uses."""
    return _ask(tx, *_BY_ID, mandate=mandate_id, person=person)()


def ask_basis(tx: Transaction, client_id: str, handle: str) -> Callable[[], Basis]:
    """Of the mandate that an app knows by ``handle``, used by its person; in the round trip of whatever follows."""
    return _ask(tx, *_BY_HANDLE, handle=handle, client=client_id)


def _ask(tx: Transaction, links: Statement[Mandate], facts: Statement[Fact], **key: Any) -> Callable[[], Basis]:
    ask_links, ask_facts = tx.ask(links, **key), tx.ask(facts, **key)

    def answer() -> Basis:
        found = ask_links()
        parents = {one.parent for one in found}
        mandate = next((one for one in found if one.id not in parents), None)
        return Basis(mandate, next((one for one in found if one is not mandate), None), ask_facts())

    return answer
