"""Roles of people in entities as rows: found, claimed, confirmed, contested, ended.

Always true: a role that ends takes along every acting context and every grant that rested on it, in the same
transaction, and its person is told.
"""

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from idp.accounts.actions import Directory
from idp.accounts.events import add_event
from idp.accounts.rules import PartyEventKind
from idp.accounts.telling import tell
from idp.audit import Event, record
from idp.crypto.tokens import new_id
from idp.db import Statement, Transaction
from idp.entities.rules import REPRESENTATIVE, Acting, RoleState, Tie, Via
from idp.grants.actions import end_acting_grants
from idp.proofing.actions import end_proof
from idp.proofing.rules import Evidence
from idp.signin.rules import SessionEnd
from idp.signin.sessions import end_acting, end_entered_by


class Role(NamedTuple):
    """One row, as far as it matters."""

    id: str
    entity: str
    person: str
    role: str
    state: str
    since: int
    checked_at: int


_COLUMNS = "id, entity_id, person_id, role, state, since, checked_at"
_OF_ENTITY = Statement(
    f"SELECT {_COLUMNS} FROM entity_role WHERE entity_id = :entity AND ended_at IS NULL ORDER BY since, id", Role
)
_OF_PERSON = Statement(
    f"SELECT {_COLUMNS} FROM entity_role WHERE person_id = :person AND ended_at IS NULL ORDER BY since, id", Role
)
_ADD = Statement[Any](
    "INSERT INTO entity_role (id, entity_id, person_id, role, state, source, valid_to, since, checked_at,"
    " claimed_until) VALUES (:id, :entity, :person, :role, :state, :source, :valid_to, :now, :checked_at, 0)"
)
_SET = Statement[Any](
    "UPDATE entity_role SET role = :role, state = :state, source = :source, checked_at = :checked_at"
    " WHERE id = :id AND ended_at IS NULL"
)
_END = Statement[Any]("UPDATE entity_role SET state = 'ended', ended_at = :now WHERE id = :id AND ended_at IS NULL")
_DOUBT = Statement[Any]("UPDATE entity_role SET checked_at = 0 WHERE id = :id")
# The update that changes nothing takes the row's lock: an entity's roles change one after the other.
_HOLD = Statement[Any]("UPDATE legal_entity SET status = status WHERE party_id = :entity")
_TIES = Statement(
    "SELECT r.entity_id, r.state, r.role, l.status, r.checked_at FROM entity_role r"
    " JOIN legal_entity l ON l.party_id = r.entity_id WHERE r.person_id = :person AND r.ended_at IS NULL"
    " ORDER BY r.since, r.id",
    Tie,
)
_PROOFS = Statement(
    "SELECT e.party_id, e.level, e.expires_at FROM evidence e JOIN entity_role r ON r.entity_id = e.party_id"
    " WHERE r.person_id = :person AND r.ended_at IS NULL AND e.ended_at IS NULL",
    lambda party, level, expires_at: (party, Evidence(level, expires_at)),
)
_EVENTS = {
    RoleState.CLAIMED: Event.ROLE_CLAIMED,
    RoleState.CONFIRMED: Event.ROLE_CONFIRMED,
    RoleState.CONTESTED: Event.ROLE_CONTESTED,
}


def ties_of(tx: Transaction, person_id: str, *, now: int) -> list[Tie]:
    """Every unended role of a person, with its entity's level."""
    return ask_ties(tx, person_id, now=now)()


def ask_ties(tx: Transaction, person_id: str, *, now: int) -> Callable[[], list[Tie]]:
    """The same, in the round trip of whatever follows."""
    proofs, ties = tx.ask(_PROOFS, person=person_id), tx.ask(_TIES, person=person_id)

    def answer() -> list[Tie]:
        proved = proofs()
        return [tie.leveled(proved, now=now) for tie in ties()]

    return answer


def tie_to(tx: Transaction, person_id: str, entity_id: str, *, now: int) -> Tie | None:
    return next((tie for tie in ties_of(tx, person_id, now=now) if tie.entity == entity_id), None)


def hold(tx: Transaction, entity_id: str) -> None:
    """Nobody else changes this entity's roles before the transaction ends."""
    tx.run(_HOLD, entity=entity_id)


def of_entity(tx: Transaction, entity_id: str) -> list[Role]:
    return tx.all(_OF_ENTITY, entity=entity_id)


def set_role(
    tx: Transaction,
    held: Iterable[Role],
    *,
    entity_id: str,
    person_id: str,
    role: str,
    state: RoleState,
    source: str,
    valid_to: int | None = None,
    checked_at: int | None = None,
    now: int,
) -> None:
    """Give the person this role, in place of the unended one among ``held`` when there is one.

    ``checked_at``: when the register spoke for it, if not now.
    """
    heard = now if checked_at is None else checked_at
    own = next((one for one in held if one.person == person_id), None)
    if own is None:
        tx.run(
            _ADD,
            id=new_id("rol"),
            entity=entity_id,
            person=person_id,
            role=role,
            state=state,
            source=source,
            valid_to=valid_to,
            now=now,
            checked_at=heard,
        )
    else:
        tx.run(_SET, id=own.id, role=role, state=state, source=source, checked_at=heard)
    if own is None or own.state != state:
        note(tx, _EVENTS[state], entity_id, person_id, role, now=now)


def contest(tx: Transaction, held: Iterable[Role], *, now: int) -> None:
    """Mark claims that nobody confirmed as contested: the register has named somebody else."""
    for one in held:
        if one.state == RoleState.CLAIMED:
            tx.run(_SET, id=one.id, role=one.role, state=RoleState.CONTESTED, source="claim", checked_at=now)
            note(tx, Event.ROLE_CONTESTED, one.entity, one.person, one.role, now=now)


def doubt(tx: Transaction, held: Iterable[Role]) -> None:
    """The register is asked again about these before they count once more."""
    for one in held:
        tx.run(_DOUBT, id=one.id)


def end_role(tx: Transaction, directory: Directory, one: Role, *, reason: str, now: int) -> None:
    """End the role, what is done by it, and (with the last confirmed one) what proves the entity."""
    if tx.run(_END, id=one.id, now=now) != 1:
        return
    record(
        tx,
        Event.ROLE_ENDED,
        actor=one.person,
        subject=one.entity,
        reason=reason,
        detail={"role": one.role},
        now=now,
    )
    end_acting(tx, one.person, one.entity, now=now)
    end_acting_grants(tx, one.person, one.entity, now=now)
    if one.state == RoleState.CONFIRMED:
        add_event(tx, one.person, PartyEventKind.REPRESENTED_STATUS_CHANGED, detail={"entity": one.entity}, now=now)
    tell(tx, directory, one.person, "entity_role_ended", now=now)
    if not any(other.state == RoleState.CONFIRMED for other in of_entity(tx, one.entity)):
        end_proof(tx, one.entity, kind=REPRESENTATIVE, now=now)


def end_entries(tx: Transaction, entity_id: str, via: Via, reason: SessionEnd, *, now: int) -> None:
    """End the sessions of the entity's people that came in by this door of it."""
    for one in of_entity(tx, entity_id):
        end_entered_by(tx, one.person, Acting(entity_id, one.role, via).text, reason, now=now)


def leave_all(tx: Transaction, person_id: str, *, directory: Directory, now: int) -> None:
    """The person's account closes: they are nothing to any entity any more."""
    for one in tx.all(_OF_PERSON, person=person_id):
        end_role(tx, directory, one, reason="account-closed", now=now)


def note(tx: Transaction, event: Event, entity_id: str, person_id: str, role: str, *, now: int) -> None:
    record(tx, event, actor=person_id, subject=entity_id, detail={"role": role}, now=now)
