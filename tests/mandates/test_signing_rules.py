"""The signing rule of an entity: who changes it, by whose signatures, and what it then asks for."""

from typing import Any

import pytest

from idp.mandates.granting import Denied
from idp.mandates.rules import Kind, Refusal, State
from idp.mandates.ruling import PENDING, RuleChange, open_change, rule_of
from idp.mandates.scopes import Action, Scope
from idp.mandates.signing import SigningRule
from tests.entities.conftest import ONE, THREE, TWO
from tests.mandates.conftest import FILING, Mandates, to_person

REFUND = Scope(frozenset({Action.VIEW, Action.SUBMIT, Action.SIGN}), frozenset({"hn-tax-20"}))
MANAGES = Scope(REFUND.actions | {Action.MANAGE}, REFUND.services)


@pytest.fixture
def administered(mandates: Mandates) -> Mandates:
    """TWO administers refunds."""
    mandates.given(
        mandates.entity, to_person(TWO), ONE, TWO, kind=Kind.ADMINISTRATOR, theme="tax.refund", scope=MANAGES
    )
    return mandates


def ask(mandates: Mandates, rule: SigningRule, by: str = ONE, **signer: Any) -> SigningRule | RuleChange | Denied:
    with mandates.site.provider.database.transaction() as tx:
        return mandates.site.provider.ruling.ask(
            tx, mandates.entity, rule, mandates.signer(by, **signer), now=mandates.site.now()
        )


def sign(mandates: Mandates, change: str, by: str) -> SigningRule | RuleChange | Denied:
    with mandates.site.provider.database.transaction() as tx:
        return mandates.site.provider.ruling.sign(tx, change, mandates.signer(by), now=mandates.site.now())


def told(mandates: Mandates, template: str) -> list[str]:
    """The last digits of the phones to which it went."""
    return [one["to"][-4:] for one in mandates.site.outbox("sms") if one["template"] == template]


def rule(mandates: Mandates) -> SigningRule:
    with mandates.site.provider.database.autocommit() as tx:
        return rule_of(tx, mandates.entity)


def test_the_representative_makes_it_stricter_alone_where_there_are_people_to_meet_it(mandates: Mandates) -> None:
    assert rule(mandates) is SigningRule.ALONE
    for wanted in (SigningRule.ANY_TWO, SigningRule.WITH_ADMINISTRATOR):
        assert ask(mandates, wanted) == Denied(Refusal.SIGNERS_MISSING)
    scope = {"kind": Kind.ADMINISTRATOR, "theme": "tax.refund", "scope": MANAGES}
    mandates.given(mandates.entity, to_person(TWO), ONE, TWO, **scope)
    assert ask(mandates, SigningRule.WITH_ADMINISTRATOR) is SigningRule.WITH_ADMINISTRATOR
    assert rule(mandates) is SigningRule.WITH_ADMINISTRATOR


def test_loosening_it_takes_those_whom_it_asks_for(administered: Mandates) -> None:
    ask(administered, SigningRule.WITH_ADMINISTRATOR)
    change = ask(administered, SigningRule.ALONE)
    assert isinstance(change, RuleChange)
    assert rule(administered) is SigningRule.WITH_ADMINISTRATOR
    assert told(administered, "rule_to_sign") == [TWO[-4:]]
    assert sign(administered, change.id, ONE) == Denied(Refusal.STATE)  # once is one signature
    assert sign(administered, change.id, THREE) == Denied(Refusal.NOT_GRANTOR)
    assert sign(administered, change.id, TWO) is SigningRule.ALONE
    assert rule(administered) is SigningRule.ALONE
    assert sign(administered, change.id, TWO) == Denied(Refusal.STATE)


def test_only_the_representative_asks_and_not_while_acting(administered: Mandates) -> None:
    for by, acting, reason in (
        (TWO, False, Refusal.NOT_GRANTOR),
        (THREE, False, Refusal.NOT_GRANTOR),
        (ONE, True, Refusal.ACTING),
    ):
        assert ask(administered, SigningRule.ANY_TWO, by, acting=acting) == Denied(reason)
    assert administered.site.one("SELECT COUNT(*) FROM signing_rule_change") == 0


def test_a_change_can_be_dropped_is_replaced_by_the_next_and_lapses(administered: Mandates) -> None:
    site = administered.site
    ask(administered, SigningRule.ANY_TWO)
    first = ask(administered, SigningRule.ALONE)
    assert isinstance(first, RuleChange)
    second = ask(administered, SigningRule.ALONE)
    assert isinstance(second, RuleChange)
    assert sign(administered, first.id, TWO) == Denied(Refusal.STATE)
    with site.provider.database.transaction() as tx:
        drop = site.provider.ruling.drop
        assert drop(tx, second.id, administered.signer(THREE), now=site.now()) is Refusal.NOT_GRANTOR
        assert drop(tx, second.id, administered.signer(TWO), now=site.now()) is None
        assert open_change(tx, administered.entity, now=site.now()) is None
    third = ask(administered, SigningRule.ALONE)
    assert isinstance(third, RuleChange)
    site.later += PENDING
    assert sign(administered, third.id, TWO) == Denied(Refusal.STATE)
    assert rule(administered) is SigningRule.ANY_TWO


def test_what_is_sensitive_then_needs_two_and_other_matters_one(administered: Mandates) -> None:
    site = administered.site
    ask(administered, SigningRule.ANY_TWO)
    plain = administered.draft(administered.entity, to_person(THREE))
    assert administered.draw(plain, ONE) is State.PENDING_ACCEPTANCE
    draft = administered.draft(
        administered.entity, to_person(THREE), theme="tax.refund", scope=REFUND, valid_to=site.now() + 86400
    )
    assert administered.draw(draft, ONE) is State.PENDING_APPROVALS
    assert told(administered, "mandate_to_sign") == [TWO[-4:]]
    assert administered.accept(draft.id, THREE) == Denied(Refusal.STATE)
    digest = site.one("SELECT text_hash FROM mandate WHERE id = :id", id=draft.id)
    with site.provider.database.transaction() as tx:
        signed = site.provider.granting.sign(tx, draft.id, administered.signer(TWO), text_hash=digest, now=site.now())
    assert signed is State.PENDING_ACCEPTANCE
    assert site.one("SELECT COUNT(*) FROM mandate_signature WHERE mandate_id = :id", id=draft.id) == 2
    assert told(administered, "mandate_to_sign") == [TWO[-4:]]
    assert administered.accept(draft.id, THREE) is State.ACTIVE


def test_nobody_is_asked_to_sign_whose_signature_would_complete_nothing(administered: Mandates) -> None:
    site = administered.site
    filing = Scope(FILING.actions | {Action.MANAGE}, FILING.services)
    administered.given(
        administered.entity, to_person(THREE), ONE, THREE, kind=Kind.ADMINISTRATOR, theme="tax.filing", scope=filing
    )
    ask(administered, SigningRule.ANY_TWO)
    draft = administered.draft(
        administered.entity, to_person(TWO), theme="tax.refund", scope=REFUND, valid_to=site.now() + 86400
    )
    assert administered.draw(draft, ONE) is State.PENDING_APPROVALS
    assert told(administered, "mandate_to_sign") == []  # THREE administers another theme, and TWO is to act
