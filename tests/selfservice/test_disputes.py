"""A person objects to what is held about them, sees when it is due, and reads the answer."""

import re

import pytest

from idp.db import Statement
from idp.disputes.rules import Decision
from tests.provider import Browser, Site, add_person

OTHER = "13898760002"
TEXT = "名字里的“䶮”写错了。\r\n应当是“龚”。"


def file(browser: Browser, item: str = "verified_name", text: str = TEXT):
    return browser.submit("/account/disputes/new", {"item": item, "text": text})


def test_a_dispute_is_listed_with_its_day_and_then_with_its_answer(site: Site, signed_in: Browser) -> None:
    form = signed_in.get("/account/disputes/new?item=activity").text
    assert re.search(r'value="activity" checked', form)
    done = file(signed_in)
    assert done.headers["Location"] == "/account/disputes?done=dispute_filed"
    page = signed_in.get(done.headers["Location"]).text
    assert "名字里的“䶮”写错了。\n应当是“龚”。" in page
    assert "Due" in page
    with site.provider.database.transaction() as tx:
        (dispute,) = site.provider.disputes.waiting(tx)
        site.provider.disputes.answer(
            tx, dispute.id, operator="opr_1", decision=Decision.REJECTED, reason="<b>证件上如此</b>", now=site.now()
        )
    page = signed_in.get("/account/disputes").text
    assert "Not accepted" in page
    assert "&lt;b&gt;证件上如此" in page
    assert "opr_1" not in page
    assert 'name="withdraw"' not in page


@pytest.mark.parametrize(
    ("item", "text"), [("", TEXT), ("salary", TEXT), ("level", " \r\n "), ("level", "长" * 1001), ("level", "a\tb\0")]
)
def test_what_names_nothing_or_says_too_much_is_not_filed(
    site: Site, signed_in: Browser, item: str, text: str
) -> None:
    assert file(signed_in, item, text).status_code in (400, 422)
    assert site.one("SELECT COUNT(*) FROM dispute") == 0


def test_a_thousand_rare_characters_of_text_are_taken(site: Site, signed_in: Browser) -> None:
    assert file(signed_in, "other", "𪚥" * 1000).status_code == 303


def test_one_withdraws_ones_own_disputes_and_nobody_elses(site: Site, signed_in: Browser) -> None:
    add_person(site.provider, OTHER, None)
    other = site.browser().sign_in(OTHER)
    file(signed_in)
    key = site.one("SELECT id FROM dispute")
    assert key not in other.get("/account/disputes").text
    assert other.submit("/account/disputes", {"withdraw": key}).headers["Location"].endswith("dispute_not_waiting")
    assert site.one("SELECT state FROM dispute") == "filed"
    assert signed_in.submit("/account/disputes", {"withdraw": key}).headers["Location"].endswith("withdrawn")
    assert signed_in.submit("/account/disputes", {"withdraw": key}).headers["Location"].endswith("not_waiting")
    events = "SELECT COUNT(*) FROM audit_event WHERE event LIKE 'person:dispute:%'"
    assert site.one(events) == 2


def test_the_eleventh_that_waits_is_refused(site: Site, signed_in: Browser) -> None:
    for _ in range(10):
        assert file(signed_in).status_code == 303
    assert file(signed_in).status_code == 422
    assert site.one("SELECT COUNT(*) FROM dispute") == 10


def test_one_that_waits_too_long_says_so(site: Site, signed_in: Browser) -> None:
    file(signed_in)
    assert "Past its day" not in signed_in.get("/account/disputes").text
    with site.provider.database.transaction() as tx:
        tx.run(Statement("UPDATE dispute SET due_at = :past", int), past=site.now() - 1)
    assert "Past its day" in signed_in.get("/account/disputes").text
