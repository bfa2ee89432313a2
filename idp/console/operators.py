"""Operators: opening, finding, listing and disabling them.

Always true: an operator is a party of its own kind, without any identifier that citizens sign in with.
"""

from collections.abc import Iterable
from typing import Any, NamedTuple

from idp.accounts.rules import PartyStatus
from idp.audit import Event, record
from idp.console.rules import Assignment, Denied, Operator, OperatorState, Reason, Role, canonical_name
from idp.crypto.fields import BlindIndex, FieldCipher
from idp.crypto.tokens import new_id
from idp.db import Database, Statement, Transaction

KIND = "operator"
_INDEX = "operator"


class _Row(NamedTuple):
    party_id: str
    sealed: bytes
    blind: bytes
    state: str
    created_at: int


_COLUMNS = ", ".join(_Row._fields)
_ADD_PARTY = Statement[Any]("INSERT INTO party (id, kind, status, created_at) VALUES (:id, :kind, :status, :now)")
_ADD = Statement[int](
    "INSERT INTO operator (party_id, sealed, blind, state, created_at)"
    " VALUES (:party, :sealed, :blind, :state, :now) ON CONFLICT (blind) DO NOTHING",
    int,
)
_ADD_ROLE = Statement[Any]("INSERT INTO operator_role (party_id, role, scope) VALUES (:party, :role, :scope)")
_BY_NAME = Statement(f"SELECT {_COLUMNS} FROM operator WHERE blind IN (:b0, :b1)", _Row)
_BY_ID = Statement(f"SELECT {_COLUMNS} FROM operator WHERE party_id = :party", _Row)
_ALL = Statement(f"SELECT {_COLUMNS} FROM operator ORDER BY created_at, party_id", _Row)
_ROLES = Statement[tuple[str, str, str]]("SELECT party_id, role, scope FROM operator_role")
_ROLES_OF = Statement[tuple[str, str]]("SELECT role, scope FROM operator_role WHERE party_id = :party")
_DISABLE = Statement[int](
    "UPDATE operator SET state = 'disabled', disabled_at = :now WHERE party_id = :party AND state = 'active'", int
)


class Operators:
    """The operators, with the keys that open their names."""

    def __init__(self, cipher: FieldCipher, index: BlindIndex) -> None:
        self._cipher = cipher
        self._index = index

    def blind(self, name: str) -> bytes:
        """What attempts at ``name`` are counted on when nobody has it."""
        return self._index.current(_INDEX, canonical_name(name) or name)

    def add(
        self, tx: Transaction, *, name: str, roles: frozenset[Assignment], actor: str | None, now: int
    ) -> Operator | Denied:
        """A new operator, who cannot sign in before enrolment. The caller commits nothing of a ``Denied``."""
        canonical = canonical_name(name)
        if canonical is None:
            return Denied(Reason.NAME_INVALID)
        if self.named(tx, canonical) is not None:
            return Denied(Reason.NAME_TAKEN)
        party = new_id("pty")
        tx.run(_ADD_PARTY, id=party, kind=KIND, status=PartyStatus.ACTIVE, now=now)
        sealed = self._cipher.seal(canonical, context=_context(party))
        blind = self._index.current(_INDEX, canonical)
        if not tx.run(_ADD, party=party, sealed=sealed, blind=blind, state=OperatorState.ACTIVE, now=now):
            return Denied(Reason.NAME_TAKEN)
        for role, scope in sorted(roles):
            tx.run(_ADD_ROLE, party=party, role=role, scope=scope)
        named = " ".join(sorted(f"{role}:{scope}" if scope else role for role, scope in roles))
        record(tx, Event.OPERATOR_ADDED, actor=actor, subject=party, detail={"roles": named}, now=now)
        return Operator(party, canonical, OperatorState.ACTIVE, roles, now)

    def named(self, tx: Transaction, name: str) -> Operator | None:
        """The operator of that name, whatever their state; one statement for known and unknown, and their roles."""
        blinds = self._index.candidates(_INDEX, canonical_name(name) or name)
        row = tx.one(_BY_NAME, b0=blinds[0], b1=blinds[-1])
        assignments = tx.all(_ROLES_OF, party=row.party_id if row else "")
        return self._operator(row, assignments) if row else None

    def get(self, tx: Transaction, party_id: str) -> Operator | None:
        row = tx.one(_BY_ID, party=party_id)
        return self._operator(row, tx.all(_ROLES_OF, party=party_id)) if row else None

    def all(self, tx: Transaction) -> list[Operator]:
        held: dict[str, list[tuple[str, str]]] = {}
        for party, role, scope in tx.all(_ROLES):
            held.setdefault(party, []).append((role, scope))
        return [self._operator(row, held.get(row.party_id, [])) for row in tx.all(_ALL)]

    def _operator(self, row: _Row, roles: Iterable[tuple[str, str]]) -> Operator:
        name = self._cipher.open(row.sealed, context=_context(row.party_id))
        held = frozenset(Assignment(Role(role), scope) for role, scope in roles)
        return Operator(row.party_id, name, OperatorState(row.state), held, row.created_at)


def set_disabled(tx: Transaction, party_id: str, *, now: int) -> bool:
    """Whether the operator was active until now; `idp.console.acts.disable` ends what goes with it."""
    return tx.run(_DISABLE, party=party_id, now=now) == 1


def _context(party_id: str) -> str:
    return f"operator.sealed:{party_id}"


_SET = Statement[int](
    "UPDATE operator SET sealed = :sealed, blind = :blind WHERE party_id = :party AND sealed = :before", int
)


def rotate_operators(database: Database, cipher: FieldCipher, index: BlindIndex) -> int:
    """Bring names under the current keys; the number of rows changed."""
    changed = 0
    with database.transaction() as tx:
        for row in tx.all(_ALL):
            name = cipher.open(row.sealed, context=_context(row.party_id))
            blind = index.current(_INDEX, name)
            if cipher.needs_rotation(row.sealed) or blind != bytes(row.blind):
                sealed = cipher.seal(name, context=_context(row.party_id))
                changed += tx.run(_SET, party=row.party_id, sealed=sealed, blind=blind, before=row.sealed)
    return changed
