"""The signing rule of an entity: who has to sign its mandates in what is sensitive, and changing it.

Always true: a rule is loosened by as many as it asks for and by no fewer; one change is under way at a time; what is
refused leaves its record.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from idp.accounts.actions import Directory
from idp.accounts.parties import hold as hold_account
from idp.accounts.telling import tell
from idp.audit import Event, record
from idp.crypto.tokens import new_id
from idp.db import Statement, Transaction
from idp.mandates.drafts import Signer
from idp.mandates.granting import Denied, Footing
from idp.mandates.refusing import refused
from idp.mandates.rules import DAY, Refusal
from idp.mandates.signing import Signature, SigningRule, can_be_met, completing, is_signed, rule_of_change
from idp.mandates.standing import footings

PENDING = 7 * DAY
"""Seconds within which a change has to be signed by all who have to."""


class RuleChange(NamedTuple):
    """A change that wants more signatures. ``until``: Unix seconds."""

    id: str
    entity: str
    rule: SigningRule
    asked_by: str
    until: int


class _Signed(NamedTuple):
    person: str
    footing: str


_RULE = Statement("SELECT rule FROM entity_signing_rule WHERE entity_id = :entity", SigningRule)
_SET = Statement[Any](
    "INSERT INTO entity_signing_rule (entity_id, rule, set_by, set_at) VALUES (:entity, :rule, :by, :now)"
    " ON CONFLICT (entity_id) DO UPDATE SET rule = excluded.rule, set_by = excluded.set_by, set_at = excluded.set_at"
)
_ASK = Statement[Any](
    "INSERT INTO signing_rule_change (id, entity_id, rule, asked_by, asked_at, until, state)"
    " VALUES (:id, :entity, :rule, :by, :now, :until, 'open')"
)
_CHANGE = "SELECT id, entity_id, rule, asked_by, until FROM signing_rule_change WHERE state = 'open' AND until > :now"
_OPEN = Statement(f"{_CHANGE} AND entity_id = :entity", lambda *row: _change(*row))
_FIND = Statement(f"{_CHANGE} AND id = :id", lambda *row: _change(*row))
_CLOSE = Statement[int](
    "UPDATE signing_rule_change SET state = :state WHERE entity_id = :entity AND state = 'open'", int
)
_SIGN = Statement[int](
    "INSERT INTO signing_rule_signature (change_id, person_id, footing, method, ial, aal, signature_id, signed_at)"
    " VALUES (:change, :person, :footing, :method, :ial, :aal, :signature, :now)"
    " ON CONFLICT (change_id, person_id) DO NOTHING",
    int,
)
_SIGNED = Statement("SELECT person_id, footing FROM signing_rule_signature WHERE change_id = :change", _Signed)


def _change(id_: str, entity: str, rule: str, asked_by: str, until: int) -> RuleChange:
    return RuleChange(id_, entity, SigningRule(rule), asked_by, until)


def rule_of(tx: Transaction, entity: str) -> SigningRule:
    """What the entity has chosen; else its representative signs alone."""
    return tx.one(_RULE, entity=entity) or SigningRule.ALONE


def has_chosen(tx: Transaction, entity: str) -> bool:
    """Whether the entity's rule was ever set, be it to what counts without."""
    return tx.one(_RULE, entity=entity) is not None


def open_change(tx: Transaction, entity: str, *, now: int) -> RuleChange | None:
    """What waits for more signatures."""
    return tx.one(_OPEN, entity=entity, now=now)


class Ruling:
    """``recheck``: seconds for which the register's word on a representative is good."""

    def __init__(self, directory: Directory, *, recheck: int) -> None:
        self._directory = directory
        self._recheck = recheck

    def ask(
        self, tx: Transaction, entity: str, rule: SigningRule, signer: Signer, *, now: int
    ) -> SigningRule | RuleChange | Denied:
        """The representative wants ``rule``: it counts at once, or waits for whom the rule that stands asks for.

        A change that waited before is dropped.
        """
        people = self._people(tx, entity, signer, now)
        if isinstance(people, Denied):
            return people
        if people.get(signer.person) is not Footing.REPRESENTATIVE:
            return _refused(tx, Refusal.NOT_GRANTOR, entity, signer, now)
        if not can_be_met(rule, [Signature(person, footing) for person, footing in people.items()]):
            return _refused(tx, Refusal.SIGNERS_MISSING, entity, signer, now)
        tx.run(_CLOSE, entity=entity, state="dropped")
        change = RuleChange(new_id("srl"), entity, rule, signer.person, now + PENDING)
        tx.run(_ASK, id=change.id, entity=entity, rule=rule, by=signer.person, now=now, until=change.until)
        detail = {"rule": rule.value}
        record(tx, Event.SIGNING_RULE_ASKED, actor=signer.person, subject=entity, detail=detail, now=now)
        return self._sign(tx, change, signer, people, now)

    def sign(self, tx: Transaction, change_id: str, signer: Signer, *, now: int) -> SigningRule | RuleChange | Denied:
        """One more of the entity's people agrees to a change."""
        seen = tx.one(_FIND, id=change_id, now=now)
        if seen is None:
            return _refused(tx, Refusal.STATE, None, signer, now)
        people = self._people(tx, seen.entity, signer, now)
        if isinstance(people, Denied):
            return people
        change = tx.one(_FIND, id=change_id, now=now)
        if change is None or signer.person not in people:
            reason = Refusal.STATE if change is None else Refusal.NOT_GRANTOR
            return _refused(tx, reason, seen.entity, signer, now)
        return self._sign(tx, change, signer, people, now)

    def drop(self, tx: Transaction, change_id: str, signer: Signer, *, now: int) -> Refusal | None:
        """One of the entity's people does not agree: nothing changes."""
        seen = tx.one(_FIND, id=change_id, now=now)
        if seen is None:
            return _refused(tx, Refusal.STATE, None, signer, now).reason
        people = self._people(tx, seen.entity, signer, now)
        if isinstance(people, Denied):
            return people.reason
        if signer.person not in people:
            return _refused(tx, Refusal.NOT_GRANTOR, seen.entity, signer, now).reason
        if tx.one(_FIND, id=change_id, now=now) is None or not tx.run(_CLOSE, entity=seen.entity, state="dropped"):
            return _refused(tx, Refusal.STATE, seen.entity, signer, now).reason
        return None

    def _people(self, tx: Transaction, entity: str, signer: Signer, now: int) -> dict[str, Footing] | Denied:
        """Who may sign for the entity, whose rule then changes by nobody else before the transaction ends."""
        if signer.acting:
            return _refused(tx, Refusal.ACTING, entity, signer, now)
        if not hold_account(tx, entity):
            return _refused(tx, Refusal.STATE, entity, signer, now)
        return footings(tx, entity, recheck=self._recheck, now=now)

    def _sign(
        self, tx: Transaction, change: RuleChange, signer: Signer, people: Mapping[str, Footing], now: int
    ) -> SigningRule | RuleChange | Denied:
        added = tx.run(
            _SIGN,
            change=change.id,
            person=signer.person,
            footing=people[signer.person],
            method=signer.method,
            ial=signer.ial,
            aal=signer.aal,
            signature=None,
            now=now,
        )
        if not added:
            return _refused(tx, Refusal.STATE, change.entity, signer, now)
        record(
            tx,
            Event.SIGNING_RULE_SIGNED,
            actor=signer.person,
            subject=change.entity,
            detail={"rule": change.rule.value, "method": signer.method},
            now=now,
        )
        signed = [
            Signature(one.person, Footing(one.footing))
            for one in tx.all(_SIGNED, change=change.id)
            if people.get(one.person) == one.footing  # who has left meanwhile has not signed
        ]
        asked = rule_of_change(rule_of(tx, change.entity), change.rule)
        if not is_signed(asked, signed):
            for person in completing(asked, signed, people):
                tell(tx, self._directory, person, "rule_to_sign", now=now)
            return change
        tx.run(_CLOSE, entity=change.entity, state="done")
        tx.run(_SET, entity=change.entity, rule=change.rule, by=change.asked_by, now=now)
        detail = {"rule": change.rule.value}
        record(tx, Event.SIGNING_RULE_SET, actor=signer.person, subject=change.entity, detail=detail, now=now)
        return change.rule


def _refused(tx: Transaction, reason: Refusal, entity: str | None, signer: Signer, now: int) -> Denied:
    return refused(tx, reason, principal=entity, mandate=None, person=signer.person, now=now)
