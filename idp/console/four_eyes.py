"""Two operators for what one may not do alone: a proposal, and the decision of a second one.

Always true: an act is carried out in the transaction that decided on it, at most once, and on the facts that both
operators were shown; the statement that decides is conditional, leaves out the proposer, and of two decisions at once
has one winner.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol, runtime_checkable

import orjson

from idp.accounts.parties import hold
from idp.audit import Event, record
from idp.console.rules import (
    PROPOSAL_LIFETIME,
    Change,
    Denied,
    Operator,
    Proposal,
    ProposalState,
    Reason,
    Role,
    may_decide,
)
from idp.crypto.fields import FieldCipher
from idp.crypto.resealing import reseal_column
from idp.crypto.tokens import new_id
from idp.db import Database, Statement, Transaction


@dataclass(frozen=True, slots=True)
class Done:
    """``shown_once``: what the deciding operator must see now or never, e.g. an enrolment code."""

    shown_once: str = ""


class Act(Protocol):
    """Something that needs two operators; registered under its kind when the application is put together."""

    @property
    def roles(self) -> tuple[Role, ...]:
        """Who may propose it, and who may decide on it."""
        ...

    def difference(self, tx: Transaction, proposal: Proposal) -> tuple[Change, ...]:
        """What would change, read now; texts and numbers that no passing of time alone makes others."""
        ...

    def carry_out(self, tx: Transaction, proposal: Proposal, *, decider: Operator, now: int) -> Done | Denied:
        """Do it. ``Denied`` when it can no longer be done; then nothing may have been written."""
        ...


@runtime_checkable
class InspectedAct(Act, Protocol):
    """An act whose second operator has to look at more than the difference before agreeing to it."""

    def inspected(self, tx: Transaction, proposal: Proposal, *, decider: Operator) -> bool: ...


class _Row(NamedTuple):
    id: str
    kind: str
    subject: str | None
    sealed: bytes
    proposer: str
    created_at: int
    expires_at: int
    state: str
    decider: str | None
    decided_at: int | None


_COLUMNS = ", ".join(_Row._fields)
_ADD = Statement[Any](
    "INSERT INTO proposal (id, kind, subject, sealed, proposer, state, created_at, expires_at)"
    " VALUES (:id, :kind, :subject, :sealed, :proposer, 'open', :now, :end)"
)
_FIND = Statement(f"SELECT {_COLUMNS} FROM proposal WHERE id = :id", _Row)
_LATEST = Statement(f"SELECT {_COLUMNS} FROM proposal ORDER BY created_at DESC, id DESC LIMIT :limit", _Row)
_OPEN = Statement(
    f"SELECT {_COLUMNS} FROM proposal WHERE state = 'open' AND expires_at > :now ORDER BY created_at, id", _Row
)
_SAME = Statement(
    "SELECT id FROM proposal WHERE kind = :kind AND subject = :subject AND state = 'open' AND expires_at > :now", str
)
_DECIDE = Statement(
    "UPDATE proposal SET state = :state, decider = :decider, decided_at = :now"
    " WHERE id = :id AND state = 'open' AND expires_at > :now AND proposer <> :decider"
    " AND EXISTS (SELECT 1 FROM operator o WHERE o.party_id = proposal.proposer AND o.state = 'active')"
    " AND EXISTS (SELECT 1 FROM operator o WHERE o.party_id = :decider AND o.state = 'active')"
    " RETURNING id",
    str,
)
_WITHDRAW = Statement(
    "UPDATE proposal SET state = 'withdrawn', decided_at = :now"
    " WHERE id = :id AND state = 'open' AND expires_at > :now AND proposer = :proposer RETURNING id",
    str,
)
_VOID = Statement[Any]("UPDATE proposal SET state = 'void' WHERE id = :id")
_VOID_ALL = Statement(
    "UPDATE proposal SET state = 'void', decided_at = :now WHERE proposer = :proposer AND state = 'open'"
    " RETURNING id",
    str,
)
_PURGE = Statement[Any]("DELETE FROM proposal WHERE expires_at < :before")


class FourEyes:
    """The proposals, with the key that opens them and the acts they may be about."""

    def __init__(self, cipher: FieldCipher, acts: Mapping[str, Act]) -> None:
        self._cipher = cipher
        self.acts = acts

    def propose(
        self,
        tx: Transaction,
        kind: str,
        *,
        subject: str | None,
        payload: Mapping[str, Any],
        reason: str,
        proposer: Operator,
        now: int,
    ) -> Proposal | Denied:
        """Lay ``kind`` before a second operator. KeyError for a kind nobody registered."""
        if not proposer.has(*self.acts[kind].roles):
            return Denied(Reason.ROLE_NEEDED)
        if subject is not None and tx.one(_SAME, kind=kind, subject=subject, now=now) is not None:
            return Denied(Reason.ALREADY_PROPOSED)
        key, end = new_id("prp"), now + PROPOSAL_LIFETIME
        by = proposer.party_id
        made = Proposal(key, kind, subject, dict(payload), reason, by, now, end, ProposalState.OPEN, None, None)
        made = made._replace(changes=self.acts[kind].difference(tx, made))
        told = {"payload": made.payload, "reason": reason, "changes": [list(change) for change in made.changes]}
        sealed = self._cipher.seal(orjson.dumps(told).decode(), context=_context(key))
        tx.run(_ADD, id=key, kind=kind, subject=subject, sealed=sealed, proposer=by, now=now, end=end)
        _note(tx, Event.PROPOSAL_MADE, by, key, kind, subject, now=now)
        return made

    def find(self, tx: Transaction, key: str) -> Proposal | None:
        row = tx.one(_FIND, id=key)
        return self._open(row) if row else None

    def latest(self, tx: Transaction, *, limit: int) -> list[Proposal]:
        return [self._open(row) for row in tx.all(_LATEST, limit=limit)]

    def waiting_for(self, tx: Transaction, operator: Operator, *, now: int) -> list[Proposal]:
        """What this operator may decide on, oldest first."""
        found = [self._open(row) for row in tx.all(_OPEN, now=now)]
        return [p for p in found if may_decide(p, operator, roles=self.acts[p.kind].roles, now=now) is None]

    def approve(
        self, tx: Transaction, proposal: Proposal, *, decider: Operator, because: str | None = None, now: int
    ) -> Done | Denied:
        """Decide and carry out. A proposal whose subject has changed meanwhile ends void; the caller commits.

        ``because``: the id of the stated reason.
        """
        if proposal.subject is not None:
            hold(tx, proposal.subject)  # first, as whoever changes the account does: what is read now stays so
        act = self.acts[proposal.kind]
        unseen = isinstance(act, InspectedAct) and not act.inspected(tx, proposal, decider=decider)
        if unseen and self.stands(tx, proposal):  # what stands no more ends void, whoever looked at it
            return Denied(Reason.NOT_INSPECTED)
        refused = self._decide(tx, proposal, ProposalState.DONE, decider, now)
        if refused is not None:
            return refused
        done: Done | Denied = Denied(Reason.CHANGED)
        if self.stands(tx, proposal):
            done = act.carry_out(tx, proposal, decider=decider, now=now)
        if isinstance(done, Denied):
            tx.run(_VOID, id=proposal.id)
            self._note(tx, Event.PROPOSAL_VOID, decider.party_id, proposal, because=because, now=now)
            return done
        self._note(tx, Event.PROPOSAL_APPROVED, decider.party_id, proposal, because=because, now=now)
        return done

    def stands(self, tx: Transaction, proposal: Proposal) -> bool:
        """Whether it would still change what it was made to change."""
        return self.acts[proposal.kind].difference(tx, proposal) == proposal.changes

    def refuse(
        self, tx: Transaction, proposal: Proposal, *, decider: Operator, because: str, now: int
    ) -> Denied | None:
        """``because``: the id of the stated reason."""
        refused = self._decide(tx, proposal, ProposalState.REFUSED, decider, now)
        if refused is None:
            self._note(tx, Event.PROPOSAL_REFUSED, decider.party_id, proposal, because=because, now=now)
        return refused

    def withdraw(self, tx: Transaction, proposal: Proposal, *, proposer: Operator, now: int) -> Denied | None:
        """Only who made it takes it back."""
        if tx.one(_WITHDRAW, id=proposal.id, proposer=proposer.party_id, now=now) is None:
            return Denied(Reason.CLOSED)
        self._note(tx, Event.PROPOSAL_WITHDRAWN, proposer.party_id, proposal, now=now)
        return None

    def _decide(
        self, tx: Transaction, proposal: Proposal, state: ProposalState, decider: Operator, now: int
    ) -> Denied | None:
        refused = may_decide(proposal, decider, roles=self.acts[proposal.kind].roles, now=now)
        if refused is not None:
            return refused
        won = tx.one(_DECIDE, id=proposal.id, state=state, decider=decider.party_id, now=now)
        return None if won else Denied(Reason.CLOSED)

    def _open(self, row: _Row) -> Proposal:
        told = orjson.loads(self._cipher.open(row.sealed, context=_context(row.id)))
        return Proposal(
            id=row.id,
            kind=row.kind,
            subject=row.subject,
            payload=told["payload"],
            reason=told["reason"],
            proposer=row.proposer,
            created_at=row.created_at,
            expires_at=row.expires_at,
            state=ProposalState(row.state),
            decider=row.decider,
            decided_at=row.decided_at,
            changes=tuple(Change(*change) for change in told.get("changes", ())),
        )

    def _note(
        self, tx: Transaction, event: Event, actor: str, proposal: Proposal, *, because: str | None = None, now: int
    ) -> None:
        _note(tx, event, actor, proposal.id, proposal.kind, proposal.subject, because=because, now=now)


def _note(
    tx: Transaction,
    event: Event,
    actor: str,
    key: str,
    kind: str,
    subject: str | None,
    *,
    because: str | None = None,
    now: int,
) -> None:
    """The proposal is the subject, not the person: they read their own trail, and hear of it when it is done."""
    detail = {"kind": kind, "about": subject} | ({"because": because} if because else {})
    record(tx, event, actor=actor, subject=key, detail=detail, now=now)


def void_all(tx: Transaction, proposer: str, *, actor: str | None, now: int) -> None:
    """The proposals of a disabled operator die."""
    for key in tx.all(_VOID_ALL, proposer=proposer, now=now):
        record(tx, Event.PROPOSAL_VOID, actor=actor, subject=key, now=now)


def purge(tx: Transaction, *, before: int) -> None:
    tx.run(_PURGE, before=before)


def _context(key: str) -> str:
    return f"proposal.sealed:{key}"


def reseal_proposals(database: Database, cipher: FieldCipher) -> int:
    """Bring proposals under the current key; the number changed."""
    return reseal_column(database, cipher, "proposal", "sealed")
