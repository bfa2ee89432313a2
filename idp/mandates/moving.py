"""What happens to a mandate after it was given: accepted, declined, frozen, taken back, laid down, ended.

Always true: each step has one winner, leaves its entry in the history, and one that ends power ends every acting
context and every grant that rested on it in the same transaction.
"""

from collections.abc import Callable, Iterable
from typing import Any

from idp.accounts.parties import hold as hold_account
from idp.audit import Event, record
from idp.db import Statement, Transaction
from idp.grants.actions import end_mandate_grants
from idp.mandates import history, reading
from idp.mandates.actions import Granting, Signer
from idp.mandates.granting import Acceptor, Denied, may_accept
from idp.mandates.refusing import not_now, refused
from idp.mandates.rules import LIVING, Kind, Mandate, Refusal, Side, State, Step, after
from idp.mandates.standing import Place, grantor_of, place_of
from idp.mandates.telling import people_of, tell_party
from idp.proofing.rules import next_notice
from idp.signin.sessions import end_acting_by

_SET = Statement[int]("UPDATE mandate SET state = :to WHERE id = :id AND state = :was", int)
_END = Statement[int](
    "UPDATE mandate SET state = :to, ended_at = :now, end_reason = :reason, notice_at = NULL"
    " WHERE id = :id AND state = :was",
    int,
)
_ACTIVATE = Statement[int](
    "UPDATE mandate SET state = 'active', agent_id = :agent, in_force_at = :in_force_at, notice_at = :notice_at"
    " WHERE id = :id AND state = 'pending_acceptance' AND accept_by > :now",
    int,
)
_ESTABLISH = Statement[int](
    "UPDATE mandate SET state = 'active', signed_at = :now, in_force_at = :now, notice_at = :notice_at"
    " WHERE id = :id AND kind IN ('statutory', 'assisted') AND state = 'pending_approvals'",
    int,
)
_TOLD = {
    Step.FREEZE: "mandate_frozen",
    Step.UNFREEZE: "mandate_unfrozen",
    Step.REVOKE: "mandate_ended",
    Step.RENOUNCE: "mandate_laid_down",
    Step.DECLINE: "mandate_declined",
    Step.SUPERSEDE: "mandate_ended",
    Step.INVALIDATE: "mandate_ended",
}
"""What the other side reads; an end by the clock was announced before, and of assisted handling its case tells."""
_ESTABLISHED = frozenset({Kind.STATUTORY, Kind.ASSISTED})

Changed = Callable[[Transaction, Mandate, State, int], None]
"""Called in the transaction of a step that departments hear of (`idp.mandates.events`)."""


class Moving:
    """``changed``: who wants to know of each change of power."""

    def __init__(self, granting: Granting, changed: Iterable[Changed] = ()) -> None:
        self._granting = granting
        self._addresses = granting.addresses
        self._changed = tuple(changed)

    def accept(
        self, tx: Transaction, mandate_id: str, signer: Signer, *, party: str, text_hash: str, now: int
    ) -> State | Denied:
        """``party``: whom the signer accepts for, themselves or an entity they speak for."""
        found = self._held(tx, mandate_id, also=party)
        kept = reading.particulars(tx, mandate_id)
        if found is None or kept is None or not _may_be_accepted(found, kept, now):
            return not_now(tx, mandate_id, person=signer.person, now=now)
        mandate = self._addressed(tx, found, kept, party)
        place = self._agent_place(tx, mandate, signer.person, party, now)
        refusal = self._may_accept(tx, mandate, signer, place, party, now)
        read = kept.text_hash == text_hash and self._granting.is_certified(signer, mandate_id, kept, Side.AGENT)
        if refusal is None and not read:
            refusal = Refusal.STATE
        if refusal is not None or place is None:
            return self._refuse(tx, refusal or Refusal.FOR_ANOTHER, mandate, signer.person, now)
        goes_on = self._supersede(tx, mandate, now)
        begins = self._granting.terms.begins(signed_at=kept.signed_at or now, waived=bool(kept.waived))
        activated = tx.run(
            _ACTIVATE,
            id=mandate.id,
            agent=party,
            in_force_at=now if goes_on else begins,
            notice_at=next_notice(mandate.valid_to, after=now),
            now=now,
        )
        assert activated == 1  # noqa: S101 - it is held, and was asked; else the earlier one would be lost
        signed = self._granting.add_signature(
            tx, mandate.id, signer, side=Side.AGENT, footing=place.footing, text_hash=text_hash, now=now
        )
        assert signed  # noqa: S101 - nobody signs for an agent before
        self._written(tx, mandate, Step.ACCEPT, State.ACTIVE, signer.person, None, now)
        tell_party(tx, self._addresses, mandate.principal, "mandate_accepted", now=now)
        return State.ACTIVE

    def step(
        self,
        tx: Transaction,
        mandate_id: str,
        step: Step,
        *,
        person: str,
        party: str,
        acting: bool = False,
        reason: str | None = None,
        now: int,
    ) -> State | Denied:
        """Decline, freeze, unfreeze, revoke, renounce. ``party``: the side that ``person`` speaks for.

        ``acting``: their session acts for somebody by a mandate, which manages none.
        """
        found = self._held(tx, mandate_id)
        kept = reading.particulars(tx, mandate_id) if found else None
        if found is None or kept is None:
            return not_now(tx, mandate_id, person=person, now=now)
        mandate = self._addressed(tx, found, kept, party)
        side = self._side(tx, mandate, person, party, now)
        if acting or side is None:
            return self._refuse(tx, Refusal.ACTING if acting else Refusal.FOR_ANOTHER, mandate, person, now)
        to = after(step, mandate.state, side=side, kind=mandate.kind)
        if to is None:
            return self._refuse(tx, Refusal.STATE, mandate, person, now)
        return self._move(tx, mandate, step, to, actor=person, reason=reason, now=now)

    def establish(self, tx: Transaction, mandate_id: str, *, actor: str, now: int) -> State | Denied:
        """A guardianship that was recorded, or a clerk's mandate that was agreed to on the spot, is in force at once:
        nobody accepts it. The principal's account is held.
        """
        mandate = reading.hold(tx, mandate_id)
        if mandate is None or mandate.kind not in _ESTABLISHED or mandate.state is not State.PENDING_APPROVALS:
            return not_now(tx, mandate_id, person=actor, now=now)
        self._supersede(tx, mandate, now)
        told = mandate.kind is Kind.STATUTORY
        notice_at = next_notice(mandate.valid_to, after=now) if told else None
        established = tx.run(_ESTABLISH, id=mandate_id, notice_at=notice_at, now=now)
        assert established == 1  # noqa: S101 - it is held, and was asked; else the earlier one would be lost
        self._written(tx, mandate, Step.ESTABLISH, State.ACTIVE, actor, None, now)
        for party in (mandate.principal, mandate.agent) if told else ():
            tell_party(tx, self._addresses, party, "guardianship_recorded", now=now)
        return State.ACTIVE

    def by_system(
        self,
        tx: Transaction,
        mandate: Mandate,
        step: Step,
        *,
        reason: str,
        actor: str | None = None,
        gone: str = "",
        now: int,
    ) -> State | Denied:
        """Expire, supersede, invalidate, freeze for an objection; ``mandate`` as it was just read and held.

        ``actor``: the operator who does it, if one does; ``gone``: the party that is there no more.
        """
        to = after(step, mandate.state, side=Side.SYSTEM, kind=mandate.kind)
        if to is None:
            return self._refuse(tx, Refusal.STATE, mandate, actor, now)
        return self._move(tx, mandate, step, to, actor=actor, reason=reason, gone=gone, now=now)

    def _move(
        self,
        tx: Transaction,
        mandate: Mandate,
        step: Step,
        to: State,
        *,
        actor: str | None,
        reason: str | None,
        gone: str = "",
        now: int,
    ) -> State | Denied:
        ended = to not in LIVING
        change: dict[str, Any] = {"id": mandate.id, "was": mandate.state, "to": to}
        if ended:
            change |= {"now": now, "reason": reason or step}
        if not tx.run(_END if ended else _SET, **change):
            return self._refuse(tx, Refusal.STATE, mandate, actor, now)
        self._written(tx, mandate, step, to, actor, reason, now)
        if mandate.state is State.ACTIVE:
            self._cut(tx, mandate, now)
        if ended:
            for child in reading.under(tx, mandate.id):
                self.by_system(tx, child, Step.INVALIDATE, reason="parent-ended", now=now)
        if step in _TOLD and mandate.kind is not Kind.ASSISTED:
            self._tell(tx, mandate, step, gone, now)
        return to

    def _tell(self, tx: Transaction, mandate: Mandate, step: Step, gone: str, now: int) -> None:
        """The other side; whoever is there no more is told nothing, and whoever they acted for is."""
        if gone and gone == mandate.agent:
            tell_party(tx, self._addresses, mandate.principal, "mandate_void", now=now)
        else:
            other = mandate.principal if step in (Step.RENOUNCE, Step.DECLINE) else mandate.agent
            tell_party(tx, self._addresses, other, _TOLD[step], now=now)

    def _cut(self, tx: Transaction, mandate: Mandate, now: int) -> None:
        """Whoever acts by it, themselves or as the agency's representative or employee, acts by it no longer."""
        children = reading.under(tx, mandate.id)
        ids = [mandate.id, *(child.id for child in children)]
        people = {mandate.agent, *people_of(tx, mandate.agent), *(child.agent for child in children)}
        for person in sorted(people - {""}):
            for mandate_id in ids:
                end_acting_by(tx, person, mandate_id, now=now)
                end_mandate_grants(tx, person, mandate_id, now=now)

    def _supersede(self, tx: Transaction, mandate: Mandate, now: int) -> bool:
        """One in force of a kind, between two parties, in one theme: the earlier one ends when this one begins.

        Whether it held all of this one already: what is merely renewed needs no time to think, and has no gap.
        """
        goes_on = False
        for other in reading.given_by(tx, mandate.principal):
            same = (other.kind, other.agent, other.theme, other.parent)
            alike = same == (mandate.kind, mandate.agent, mandate.theme, mandate.parent)
            if other.id != mandate.id and alike and other.state in (State.ACTIVE, State.SUSPENDED):
                self.by_system(tx, other, Step.SUPERSEDE, reason=mandate.id, now=now)
                goes_on = goes_on or (other.in_force(now=now) and other.covers(mandate))
        return goes_on

    def _held(self, tx: Transaction, mandate_id: str, *, also: str = "") -> Mandate | None:
        """The mandate, with its principal's account (and the acceptor's) held first: theirs change one by one.

        None as well where ``also`` is to act and one of the two accounts is not open; to end power it need not be.
        """
        seen = reading.find(tx, mandate_id)
        if seen is None:
            return None
        open_ = [hold_account(tx, party) for party in sorted({seen.principal, also} - {""})]
        return reading.hold(tx, mandate_id) if all(open_) or not also else None

    def _addressed(self, tx: Transaction, mandate: Mandate, kept: reading.Particulars, party: str) -> Mandate:
        """The mandate with ``party`` as its agent, where it is addressed to them and nobody had an account then."""
        if mandate.agent:
            return mandate
        own = self._addresses.own(tx, party)
        meant = self._granting.draft_of(mandate, kept).addressee
        return mandate.to(party) if own is not None and own.is_same(meant) else mandate

    def _agent_place(self, tx: Transaction, mandate: Mandate, person: str, party: str, now: int) -> Place | None:
        if party != mandate.agent:
            return None
        return place_of(tx, person, party, theme=mandate.theme, recheck=self._granting.recheck, now=now)

    def _may_accept(
        self, tx: Transaction, mandate: Mandate, signer: Signer, place: Place | None, party: str, now: int
    ) -> Refusal | None:
        theme = self._granting.themes.of(mandate.theme, mandate.theme_version)
        if place is None or theme is None:
            return Refusal.FOR_ANOTHER if place is None else Refusal.THEME_UNKNOWN
        grantor = grantor_of(tx, signer.person, place, acting=signer.acting, now=now)
        acceptor = Acceptor(
            person=signer.person,
            agent=party,
            footing=place.footing,
            ial=grantor.ial,
            held=grantor.held,
            acting=signer.acting,
        )
        return may_accept(mandate, acceptor, theme, self._granting.signers(tx, mandate.id))

    def _side(self, tx: Transaction, mandate: Mandate, person: str, party: str, now: int) -> Side | None:
        if party not in (mandate.principal, mandate.agent):
            return None
        place = place_of(tx, person, party, theme=mandate.theme, recheck=self._granting.recheck, now=now)
        if place is None or (place.mandate is not None and place.mandate.id == mandate.id):
            return None  # nobody decides on their own mandate but by laying it down
        return Side.PRINCIPAL if party == mandate.principal else Side.AGENT

    def _refuse(self, tx: Transaction, reason: Refusal, mandate: Mandate, person: str | None, now: int) -> Denied:
        return refused(tx, reason, principal=mandate.principal, mandate=mandate.id, person=person, now=now)

    def _written(
        self,
        tx: Transaction,
        mandate: Mandate,
        step: Step,
        to: State,
        actor: str | None,
        reason: str | None,
        now: int,
    ) -> None:
        history.append(tx, mandate.id, step=step, state=to, actor=actor, reason=reason, now=now)
        record(
            tx,
            Event.MANDATE_CHANGED,
            actor=actor,
            subject=mandate.principal,
            mandate=mandate.id,
            reason=reason,
            detail={"step": step, "state": to},
            now=now,
        )
        for changed in self._changed:
            changed(tx, mandate, to, now)


def _may_be_accepted(mandate: Mandate, kept: reading.Particulars, now: int) -> bool:
    """The day by which it had to be accepted counts before anybody has noted it."""
    step = after(Step.ACCEPT, mandate.state, side=Side.AGENT, kind=mandate.kind)
    return step is not None and kept.accept_by is not None and kept.accept_by > now
