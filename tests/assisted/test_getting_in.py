"""Whom a counter has given an account gets into that very account later, by making sure of them once more."""

from idp.console.rules import Role
from tests.assisted.register_walks import CARD, Counter
from tests.console.staff import on_duty
from tests.recovery.last_way import NEW_PASSWORD, NEW_PHONE, Office, complete, file

WHO = {"name": CARD.name.value, "kind": "id_number", "number": CARD.document.value}


def test_who_was_helped_without_an_account_has_theirs_after_two_operators_made_sure(counter: Counter) -> None:
    case, site = counter.authorised(), counter.site
    operators = Office(on_duty(site, "li.na", Role.COUNTER), on_duty(site, "zhao.min", Role.REVIEW))
    browser = site.browser()
    reference = file(browser, WHO)
    made = operators.say(reference, decision="propose", how="counter", number=CARD.document.value)
    assert made.status_code == 303, made.text
    assert operators.second.approve(made.headers["Location"]).status_code == 303
    complete(browser, reference)
    own = site.browser().sign_in(NEW_PHONE, NEW_PASSWORD)
    assert site.party(NEW_PHONE) == case.citizen
    assert case.number in own.get("/account/assisted").text
