"""Giving a mandate: drawn up as a text, signed by as many as have to, accepted by whom it is for.

Always true: what is kept is the very text that was read, and each signature is over its hash.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, NamedTuple

import orjson

from idp.accounts.parties import hold as hold_account
from idp.accounts.rules import PartyKind
from idp.accounts.telling import tell
from idp.audit import Event, record
from idp.crypto.fields import FieldCipher
from idp.crypto.tokens import new_id
from idp.db import Statement, Transaction
from idp.mandates import history, reading
from idp.mandates.addressing import Addresses
from idp.mandates.certified import certificate_text
from idp.mandates.drafts import Draft, Signer, Text, renewed, text_of
from idp.mandates.granting import Denied, Footing, Wanted, may_grant
from idp.mandates.refusing import not_now, refused
from idp.mandates.registry import Themes
from idp.mandates.rules import STANDARD, Mandate, Refusal, Side, State, Step, Terms
from idp.mandates.ruling import rule_of
from idp.mandates.signing import Signature, SigningRule, completing, is_signed, rule_for
from idp.mandates.standing import Place, footings, grantor_of, place_of
from idp.mandates.telling import tell_party
from idp.mandates.themes import Theme
from idp.signatures.actions import SignedTexts

__all__ = ["Draft", "Granting", "Signer", "Text"]


class _Signed(NamedTuple):
    person: str
    footing: str
    ial: int


_ADD = Statement[Any](
    "INSERT INTO mandate (id, kind, principal_id, agent_id, represented_id, addressee_blind, parent_id, theme,"
    " theme_version, scope, struck, state, valid_from, valid_to, may_delegate, waived, requested_by, created_at,"
    " replaces_id, text_hash, sealed, unit) VALUES (:id, :kind, :principal, :agent, :represented, :blind,"
    " :parent, :theme, :version, :scope, :struck, :state, :valid_from, :valid_to, :may_delegate, :waived, :by,"
    " :now, :replaces, :text_hash, :sealed, :unit)"
)
_ADD_SIGNATURE = Statement[int](
    "INSERT INTO mandate_signature (id, mandate_id, person_id, side, footing, method, ial, aal, text_hash,"
    " signature_id, signed_at) VALUES (:id, :mandate, :person, :side, :footing, :method, :ial, :aal, :text_hash,"
    " :signature, :now) ON CONFLICT (mandate_id, side, person_id) DO NOTHING",
    int,
)
_SIGNED = Statement(
    "SELECT person_id, footing, ial FROM mandate_signature WHERE mandate_id = :mandate AND side = :side", _Signed
)
_SENT = Statement[int](
    "UPDATE mandate SET state = 'pending_acceptance', signed_at = :now, accept_by = :until"
    " WHERE id = :id AND state IN ('requested', 'pending_approvals')",
    int,
)
_PENDING = Statement[int](
    "UPDATE mandate SET state = 'pending_approvals' WHERE id = :id AND state = 'requested'", int
)


class Granting:
    """``recheck``: seconds for which the register's word on a representative is good."""

    def __init__(
        self,
        cipher: FieldCipher,
        addresses: Addresses,
        themes: Themes,
        *,
        recheck: int,
        terms: Terms = STANDARD,
    ) -> None:
        self._cipher = cipher
        self.signed_texts = SignedTexts(cipher)
        self.addresses = addresses
        self.themes = themes
        self.recheck = recheck
        self.terms = terms

    def text(self, tx: Transaction, draft: Draft) -> Text | None:
        """What the draft would say; None where its theme or its principal is nobody's."""
        theme, principal = self.theme_of(draft), self.addresses.own(tx, draft.principal)
        if theme is None or principal is None:
            return None
        return text_of(draft, theme, principal.shown)

    def draw(self, tx: Transaction, draft: Draft, signer: Signer, *, text_hash: str, now: int) -> State | Denied:
        """Somebody of the principal's gives the mandate and signs its text, whose hash they were shown."""
        if not hold_account(tx, draft.principal):  # its mandates change one by one
            return self._refused(tx, draft, signer, Denied(Refusal.STATE), now)
        text = self.text(tx, draft)
        place = place_of(tx, signer.person, draft.principal, theme=draft.theme, recheck=self.recheck, now=now)
        decided = self._may(tx, draft, signer, place, now)
        if isinstance(decided, Denied) or place is None or text is None:
            return self._refused(tx, draft, signer, decided, now)
        if text.hash != text_hash or not _is_certified(signer, draft.id, text.by_language, text_hash, Side.PRINCIPAL):
            return self._refused(tx, draft, signer, Denied(Refusal.STATE), now)
        self.add(tx, draft, text, State.PENDING_APPROVALS, by=signer.person, replaces=decided, now=now)
        history.append(tx, draft.id, step="draw", state=State.PENDING_APPROVALS, actor=signer.person, now=now)
        self._note(tx, Event.MANDATE_DRAWN, draft.id, draft.principal, signer.person, now)
        return self._sign(tx, draft.id, signer, place, text.hash, now)

    def request(
        self, tx: Transaction, draft: Draft, *, by: str, person: str | None = None, now: int
    ) -> State | Denied:
        """Whoever would act asks the principal for it. ``draft.addressee`` is they themselves (`Addresses.own`).

        ``person``: who asks for the entity ``by``, where it is one.
        """
        text, own, asker = self.text(tx, draft), self.addresses.own(tx, by), person or by
        if text is None or own is None or own != draft.addressee or by == draft.principal:
            told = {"principal": draft.principal, "mandate": draft.id, "person": asker}
            return refused(tx, Refusal.FOR_ANOTHER, **told, now=now)
        self.add(tx, draft, text, State.REQUESTED, by=asker, replaces=None, now=now)
        history.append(tx, draft.id, step="request", state=State.REQUESTED, actor=asker, now=now)
        self._note(tx, Event.MANDATE_REQUESTED, draft.id, draft.principal, asker, now)
        tell_party(tx, self.addresses, draft.principal, "mandate_requested", now=now)
        return State.REQUESTED

    def sign(
        self,
        tx: Transaction,
        mandate_id: str,
        signer: Signer,
        *,
        text_hash: str,
        replaces: str | None = None,
        now: int,
    ) -> State | Denied:
        """One more of the principal's people signs, or the first one signs what was asked for.

        ``replaces``: the mandate that this one was shown as ending, when they read it.
        """
        seen = reading.find(tx, mandate_id)
        if seen is None or not hold_account(tx, seen.principal):
            return not_now(tx, mandate_id, person=signer.person, now=now)
        mandate, kept = reading.hold(tx, mandate_id), reading.particulars(tx, mandate_id)
        if mandate is None or kept is None or mandate.state not in (State.REQUESTED, State.PENDING_APPROVALS):
            return not_now(tx, mandate_id, person=signer.person, now=now)
        place = place_of(tx, signer.person, mandate.principal, theme=mandate.theme, recheck=self.recheck, now=now)
        draft = self.draft_of(mandate, kept)
        draft = draft if replaces is None else replace(draft, replaces=replaces)
        decided = self._may(tx, draft, signer, place, now)
        if isinstance(decided, Denied) or place is None:
            return self._refused(tx, draft, signer, decided, now)
        if kept.text_hash != text_hash or not self.is_certified(signer, mandate_id, kept, Side.PRINCIPAL):
            return self._refused(tx, draft, signer, Denied(Refusal.STATE), now)
        tx.run(_PENDING, id=mandate_id)
        return self._sign(tx, mandate_id, signer, place, text_hash, now)

    def renewal(self, tx: Transaction, mandate_id: str, *, id: str, valid_to: int, now: int) -> Draft | None:
        """What `draw` is given so that a living mandate goes on until ``valid_to``; None where there is none."""
        mandate, kept = reading.find(tx, mandate_id), reading.particulars(tx, mandate_id)
        current = self.themes.current(mandate.theme) if mandate else None
        if mandate is None or kept is None or current is None or mandate.state not in (State.ACTIVE, State.SUSPENDED):
            return None
        return renewed(self.draft_of(mandate, kept), mandate, current, id=id, valid_to=valid_to, now=now)

    def theme_of(self, draft: Draft) -> Theme | None:
        """The version it is, or will be, given in; nothing is given any more in a theme that is retired."""
        current = self.themes.current(draft.theme)
        if current is None or draft.theme_version is None:
            return current
        return self.themes.of(draft.theme, draft.theme_version)

    def signers(self, tx: Transaction, mandate_id: str, *, side: Side = Side.PRINCIPAL) -> dict[str, int]:
        """Who has signed for ``side``, with their identity levels then."""
        return {one.person: one.ial for one in tx.all(_SIGNED, mandate=mandate_id, side=side)}

    def draft_of(self, mandate: Mandate, kept: reading.Particulars) -> Draft:
        """What was given, as it was wanted."""
        told = self.opened(mandate.id, kept)
        return Draft(
            id=mandate.id,
            kind=mandate.kind,
            principal=mandate.principal,
            addressee=self.addresses.read(told["addressee"]),
            theme=mandate.theme,
            theme_version=mandate.theme_version,
            scope=mandate.scope,
            valid_from=mandate.valid_from,
            valid_to=mandate.valid_to,
            may_delegate=mandate.may_delegate,
            parent=mandate.parent,
            struck=frozenset(kept.struck.split()),
            post=told["post"],
            unit=mandate.unit,
            waived=bool(kept.waived),
            replaces=kept.replaces_id,
        )

    def opened(self, mandate_id: str, kept: reading.Particulars) -> dict[str, Any]:
        """What is sealed: ``text`` by language, ``addressee``, ``post``; nothing of it once it is kept no longer."""
        if kept.sealed is None:
            return {"text": {}, "addressee": ["", "", ""], "post": ""}
        told: dict[str, Any] = orjson.loads(self._cipher.open(kept.sealed, context=reading.sealed_at(mandate_id)))
        return told

    def add_signature(
        self,
        tx: Transaction,
        mandate_id: str,
        signer: Signer,
        *,
        side: Side,
        footing: Footing,
        text_hash: str,
        now: int,
    ) -> bool:
        """False: they have signed for this side already. What they signed by a certificate is kept beside it; that it
        is this text is for `is_certified`.
        """
        if signer.person in self.signers(tx, mandate_id, side=side):
            return False
        signature, found = None, signer.certified
        if found is not None:
            signature = self.signed_texts.keep(
                tx, party_id=signer.person, text=found.text, answer=found.answer, verified=found.verified, now=now
            )
            if signature is None:
                return False
        added = tx.run(
            _ADD_SIGNATURE,
            id=new_id("mns"),
            mandate=mandate_id,
            person=signer.person,
            side=side,
            footing=footing,
            method=signer.method,
            ial=signer.ial,
            aal=signer.aal,
            text_hash=text_hash,
            signature=signature,
            now=now,
        )
        return added == 1

    def is_certified(self, signer: Signer, mandate_id: str, kept: reading.Particulars, side: Side) -> bool:
        """Whether what they have signed by a certificate, if they have, is this mandate's text."""
        return _is_certified(signer, mandate_id, self.opened(mandate_id, kept)["text"], kept.text_hash, side)

    def wanted(self, tx: Transaction, draft: Draft, parent: Mandate | None) -> Wanted:
        """The draft as the rules ask it."""
        entity = self.addresses.entities.describe(tx, draft.principal) is not None
        return Wanted(
            kind=draft.kind,
            principal=draft.principal,
            principal_kind=PartyKind.ENTITY if entity else PartyKind.PERSON,
            agent=self.addresses.resolve(tx, draft.addressee),
            agent_kind=draft.addressee.kind,
            theme=self.theme_of(draft),
            scope=draft.scope,
            valid_from=draft.valid_from,
            valid_to=draft.valid_to,
            may_delegate=draft.may_delegate,
            parent=parent,
            replaces=draft.replaces,
        )

    def _may(
        self, tx: Transaction, draft: Draft, signer: Signer, place: Place | None, now: int
    ) -> str | Denied | None:
        """The id of the mandate that it replaces, or None."""
        if place is None:
            return Denied(Refusal.NOT_GRANTOR)
        parent = reading.find(tx, draft.parent) if draft.parent else None
        if draft.parent and parent is None:
            return Denied(Refusal.NOT_DELEGABLE)
        grantor = grantor_of(tx, signer.person, place, acting=signer.acting, now=now)
        others = [one for one in reading.given_by(tx, draft.principal) if one.id != draft.id]
        granted = may_grant(self.wanted(tx, draft, parent), grantor, others, terms=self.terms, now=now)
        return granted if isinstance(granted, Denied) else granted.replaces

    def _sign(
        self, tx: Transaction, mandate_id: str, signer: Signer, place: Place, text_hash: str, now: int
    ) -> State | Denied:
        if not self.add_signature(
            tx,
            mandate_id,
            signer,
            side=Side.PRINCIPAL,
            footing=place.footing,
            text_hash=text_hash,
            now=now,
        ):
            return not_now(tx, mandate_id, person=signer.person, now=now)
        mandate = reading.find(tx, mandate_id)
        theme = self.themes.of(mandate.theme, mandate.theme_version) if mandate else None
        assert mandate is not None and theme is not None  # noqa: S101, PT018 - it was written or read just now
        self._note(tx, Event.MANDATE_SIGNED, mandate_id, mandate.principal, signer.person, now)
        here = footings(tx, mandate.principal, recheck=self.recheck, now=now)
        rule, signed = self._signed(tx, mandate, theme, here)
        if not is_signed(rule, signed):
            history.append(
                tx, mandate_id, step="signature", state=State.PENDING_APPROVALS, actor=signer.person, now=now
            )
            self._ask_others(tx, mandate, rule, signed, here, now)
            return State.PENDING_APPROVALS
        tx.run(_SENT, id=mandate_id, now=now, until=self.terms.lapses(signed_at=now))
        history.append(tx, mandate_id, step=Step.SIGN, state=State.PENDING_ACCEPTANCE, actor=signer.person, now=now)
        tell_party(tx, self.addresses, mandate.agent, "mandate_offered", now=now)
        return State.PENDING_ACCEPTANCE

    @staticmethod
    def _signed(
        tx: Transaction, mandate: Mandate, theme: Theme, here: Mapping[str, Footing]
    ) -> tuple[SigningRule, list[Signature]]:
        """What is asked for, and what is there: who has left meanwhile has not signed. ``here``: who has not."""
        signed = [
            Signature(one.person, Footing(one.footing))
            for one in tx.all(_SIGNED, mandate=mandate.id, side=Side.PRINCIPAL)
            if one.footing in (Footing.OWN, here.get(one.person))
        ]
        return rule_for(theme, mandate.kind, rule_of(tx, mandate.principal)), signed

    def _ask_others(
        self,
        tx: Transaction,
        mandate: Mandate,
        rule: SigningRule,
        signed: list[Signature],
        here: Iterable[str],
        now: int,
    ) -> None:
        """Tell whoever can give the signature that is missing: nobody of another theme, nor who is to act."""
        people: dict[str, Footing] = {}
        for person in here:
            place = place_of(tx, person, mandate.principal, theme=mandate.theme, recheck=self.recheck, now=now)
            if place is not None and person != mandate.agent:
                people[person] = place.footing
        for person in completing(rule, signed, people):
            tell(tx, self.addresses.directory, person, "mandate_to_sign", now=now)

    def add(
        self, tx: Transaction, draft: Draft, text: Text, state: State, *, by: str, replaces: str | None, now: int
    ) -> None:
        """Write the row; whoever calls it has asked the rules. ``by``: who did what brought it about."""
        theme = self.theme_of(draft)
        assert theme is not None  # noqa: S101 - `text` was made of it
        parent = reading.find(tx, draft.parent) if draft.parent else None
        told = {"text": text.by_language, "addressee": self.addresses.write(draft.addressee), "post": draft.post}
        tx.run(
            _ADD,
            id=draft.id,
            kind=draft.kind,
            principal=draft.principal,
            agent=self.addresses.resolve(tx, draft.addressee) or None,
            represented=parent.represented if parent else draft.principal,
            blind=self.addresses.blind(draft.addressee),
            parent=draft.parent,
            theme=theme.code,
            version=theme.version,
            scope=orjson.dumps(draft.scope.declaration()).decode(),
            struck=" ".join(sorted(draft.struck & {one.claim for one in theme.releases if one.optional})),
            state=state,
            valid_from=draft.valid_from,
            valid_to=draft.valid_to,
            may_delegate=int(draft.may_delegate),
            waived=int(draft.waived),
            by=by,
            now=now,
            replaces=replaces,
            text_hash=text.hash,
            unit=draft.unit,
            sealed=self._cipher.seal(orjson.dumps(told).decode(), context=reading.sealed_at(draft.id)),
        )

    def _refused(
        self, tx: Transaction, draft: Draft, signer: Signer, decided: str | Denied | None, now: int
    ) -> Denied:
        reason = decided.reason if isinstance(decided, Denied) else Refusal.THEME_UNKNOWN
        return refused(tx, reason, principal=draft.principal, mandate=draft.id, person=signer.person, now=now)

    def _note(self, tx: Transaction, event: Event, mandate_id: str, principal: str, person: str, now: int) -> None:
        record(tx, event, actor=person, subject=principal, mandate=mandate_id, now=now)


def _is_certified(signer: Signer, mandate_id: str, texts: Mapping[str, str], text_hash: str, side: Side) -> bool:
    found = signer.certified
    if found is None:
        return True
    return certificate_text(mandate_id, texts, text_hash, side=side, origin=found.text.origin) == found.text
