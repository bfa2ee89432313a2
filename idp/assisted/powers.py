"""The clerk's mandates for the citizen: given when the case is authorised or taken up, ended with it.

Always true: a mandate of a case is in force only while the case is authorised, ends with its term at the latest, and
holds the case's matters and nothing else.
"""

from typing import Any

from idp.accounts.parties import hold as hold_account
from idp.assisted import reading
from idp.assisted.matters import scopes
from idp.assisted.rules import Case, Clerk, Evidence, Refusal
from idp.audit import Event, record
from idp.crypto.tokens import new_id
from idp.db import Statement, Transaction
from idp.mandates import history
from idp.mandates import reading as mandate_reading
from idp.mandates.actions import Granting
from idp.mandates.drafts import Draft, Signer
from idp.mandates.granting import Footing, Granted, may_grant
from idp.mandates.moving import Moving
from idp.mandates.rules import LIVING, Kind, Side, State, Step
from idp.mandates.rules import Refusal as MandateRefusal
from idp.mandates.scopes import Scope
from idp.mandates.standing import Place, grantor_of
from idp.proofing.actions import ial

_TIE = Statement[Any]("INSERT INTO assisted_mandate (mandate_id, case_id) VALUES (:mandate, :case)")
_LEVEL = {MandateRefusal.GRANTOR_LEVEL, MandateRefusal.AGENT_LEVEL, MandateRefusal.HELD}


class Powers:
    def __init__(self, granting: Granting, moving: Moving) -> None:
        self._granting = granting
        self._moving = moving

    def judge(self, tx: Transaction, case: Case, clerk: Clerk, *, now: int) -> Refusal | None:
        """Why the citizen cannot let this clerk act in the case. Holds the citizen's account."""
        if not hold_account(tx, case.citizen):
            return Refusal.CITIZEN
        themes = reading.running_themes(tx, case.citizen, clerk.person)
        if themes & {one.theme for one in case.matters}:
            return Refusal.RUNNING
        drafts = [self._draft(tx, case, clerk, theme, scope, now) for theme, scope in scopes(case.matters)]
        found = [self._refusal(tx, one, clerk, now) for one in drafts]
        return next((one for one in found if one is not None), None)

    def begin(
        self, tx: Transaction, case: Case, clerk: Clerk, evidence: Evidence, *, text_hash: str, now: int
    ) -> tuple[str, ...]:
        """The ids of the mandates; `judge` had nothing against them in this transaction.

        ``text_hash``: of the 代办委托书 that the citizen has agreed to.
        """
        for theme, scope in scopes(case.matters):
            draft = self._draft(tx, case, clerk, theme, scope, now)
            self._give(tx, case, clerk, draft, evidence, text_hash, now)
        return reading.mandates_of(tx, case.id)

    def hold(self, tx: Transaction, case_id: str) -> None:
        """Nobody else ends a mandate of the case before the transaction ends."""
        for mandate_id in reading.mandates_of(tx, case_id):
            mandate_reading.hold(tx, mandate_id)

    def end(self, tx: Transaction, case: Case, *, reason: str, actor: str | None, now: int) -> None:
        """Every mandate of the case that lives; the acting by it ends in the same transaction."""
        for mandate_id in reading.mandates_of(tx, case.id):
            mandate = mandate_reading.hold(tx, mandate_id)
            if mandate is not None and mandate.state in LIVING:
                self._moving.by_system(tx, mandate, Step.INVALIDATE, reason=reason, actor=actor, now=now)

    def _draft(self, tx: Transaction, case: Case, clerk: Clerk, theme: str, scope: Scope, now: int) -> Draft | None:
        own = self._granting.addresses.own(tx, clerk.person)
        organ = self._granting.addresses.entities.describe(tx, case.organ)
        if own is None or organ is None:
            return None
        return Draft(
            id=new_id("mnd"),
            kind=Kind.ASSISTED,
            principal=case.citizen,
            addressee=own,
            theme=theme,
            scope=scope,
            valid_from=now,
            valid_to=case.until,
            unit=f"{organ.name} {case.unit}",
        )

    def _refusal(self, tx: Transaction, draft: Draft | None, clerk: Clerk, now: int) -> Refusal | None:
        """As for any mandate that a person gives themselves, and for one that is accepted."""
        if draft is None:
            return Refusal.NOT_CLERK
        theme, text = self._granting.theme_of(draft), self._granting.text(tx, draft)
        if theme is None or text is None:
            return Refusal.MATTERS if theme is None else Refusal.CITIZEN
        if ial(tx, clerk.person, now=now) < theme.agent_ial:
            return Refusal.LEVEL
        grantor = grantor_of(tx, draft.principal, Place(Footing.OWN), acting=False, now=now)
        others = mandate_reading.given_by(tx, draft.principal)
        wanted = self._granting.wanted(tx, draft, None)
        found = may_grant(wanted, grantor, others, terms=self._granting.terms, now=now)
        if isinstance(found, Granted):
            return None
        if found.reason is MandateRefusal.SELF:
            return Refusal.SELF
        return Refusal.LEVEL if found.reason in _LEVEL else Refusal.MATTERS

    def _give(
        self,
        tx: Transaction,
        case: Case,
        clerk: Clerk,
        draft: Draft | None,
        evidence: Evidence,
        text_hash: str,
        now: int,
    ) -> None:
        text = self._granting.text(tx, draft) if draft else None
        assert draft is not None and text is not None  # noqa: S101, PT018 - `judge` has asked in this transaction
        self._granting.add(tx, draft, text, State.PENDING_APPROVALS, by=clerk.person, replaces=None, now=now)
        history.append(tx, draft.id, step="draw", state=State.PENDING_APPROVALS, actor=clerk.person, now=now)
        record(tx, Event.MANDATE_DRAWN, actor=clerk.person, subject=case.citizen, mandate=draft.id, now=now)
        signer = Signer(person=case.citizen, method=evidence, ial=ial(tx, case.citizen, now=now), aal=1)
        self._granting.add_signature(
            tx, draft.id, signer, side=Side.PRINCIPAL, footing=Footing.OWN, text_hash=text_hash, now=now
        )
        tx.run(_TIE, mandate=draft.id, case=case.id)
        if isinstance(self._moving.establish(tx, draft.id, actor=clerk.person, now=now), State):
            return
        raise RuntimeError("a mandate that was just written cannot be in another state")
