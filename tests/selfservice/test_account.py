"""My account: each page shows and changes the account of its own session, and nobody else's."""

import re

import pytest

from idp.db import Statement
from tests.provider import NAME, PASSWORD, PHONE, Browser, Site, add_document, add_person, answered

OTHER = "13898760002"
PAGES = ("", "/profile", "/phone", "/user-name", "/sessions", "/apps", "/activity", "/password", "/methods")
NEW = "Velvet3Anchor44"


@pytest.fixture
def other(site: Site) -> Browser:
    """Another person, signed in and using an app."""
    add_person(site.provider, OTHER, "other_lamp")
    browser = site.browser().sign_in(OTHER)
    browser.tokens()
    return browser


@pytest.mark.parametrize("page", PAGES)
def test_without_a_session_a_page_is_for_signing_in_first(browser: Browser, page: str) -> None:
    for answer in (browser.get(f"/account{page}"), browser.submit(f"/account{page}", {"end": "x"})):
        assert answer.status_code in (303, 405)
        if answer.status_code == 303:
            assert answer.headers["Location"].startswith("/signin?next=")


@pytest.mark.parametrize("page", PAGES)
def test_a_page_shows_ones_own_account_masked(signed_in: Browser, other: Browser, page: str) -> None:
    signed_in.tokens("asking", scope="openid profile")
    text = signed_in.get(f"/account{page}").text
    for secret in (PHONE, NAME, OTHER, "other_lamp", OTHER[-4:], PASSWORD):
        assert secret not in text
    if page == "/profile":
        assert PHONE[-4:] in text
        assert "ha***p" in text


def test_activity_is_ones_own_and_has_pages(site: Site, signed_in: Browser, other: Browser) -> None:
    for _ in range(65):  # within few seconds: pages end in the middle of one
        signed_in.authorize()
    first, shown = signed_in.get("/account/activity").text, 0
    page = first
    while older := re.search(r'href="(/account/activity\?before=[^"]+)"', page):
        shown += page.count("<time")
        page = signed_in.get(older[1]).text
    written = site.one("SELECT COUNT(*) FROM audit_event WHERE :party IN (actor, subject)", party=site.party())
    assert shown + page.count("<time") == written > 65
    for wrong in ("x", "-1", "9" * 30, "%D9%A3", "1.x.%D9%A3", "99999999999.z.99999999999"):
        assert signed_in.get(f"/account/activity?before={wrong}").status_code == 200
    assert len(other.get("/account/activity").text) < len(first)


def sessions_of(browser: Browser) -> set[str]:
    """The sessions the page offers to end."""
    return set(re.findall(r'value="(ses_[^"]+)"', browser.get("/account/sessions").text))


def test_another_session_of_mine_is_ended_from_here_with_its_apps(site: Site, signed_in: Browser) -> None:
    elsewhere = site.browser().sign_in(NAME)
    elsewhere.tokens()
    (named,) = sessions_of(signed_in)
    done = signed_in.submit("/account/sessions", {"end": named})
    assert done.headers["Location"] == "/account/sessions?done=session_ended"
    assert signed_in.get(done.headers["Location"]).status_code == 200
    assert (signed_in.signed_in, elsewhere.signed_in) == (True, False)
    assert [notice["client_id"] for notice in site.outbox("logout")] == ["app"]


def test_all_others_are_ended_at_once(site: Site, signed_in: Browser, other: Browser) -> None:
    elsewhere = [site.browser().sign_in() for _ in range(2)]
    done = signed_in.submit("/account/sessions", {"end_others": "yes"})
    assert done.headers["Location"].endswith("done=sessions_ended")
    assert [browser.signed_in for browser in (*elsewhere, signed_in, other)] == [False, False, True, True]


def test_a_session_of_somebody_else_is_not_ended(site: Site, signed_in: Browser, other: Browser) -> None:
    theirs = site.one("SELECT id FROM session WHERE party_id = :party", party=site.party(OTHER))
    for named in (theirs, "ses_nobody", ""):
        assert signed_in.submit("/account/sessions", {"end": named}).headers["Location"] == "/account/sessions"
    assert other.signed_in


def test_withdrawing_ends_what_the_app_holds_and_asks_again(site: Site, signed_in: Browser, other: Browser) -> None:
    page = signed_in.ask("asking").headers["Location"]
    allowed = signed_in.submit(page, {"decision": "allow"})
    code = answered(signed_in.get(allowed.headers["Location"]))["code"]
    tokens = site.exchange(code, "asking").get_json()
    done = signed_in.submit("/account/apps", {"withdraw": "asking"})
    assert done.headers["Location"].endswith("done=consent_withdrawn")
    assert site.userinfo(tokens["access_token"]).status_code == 401
    assert signed_in.ask("asking").headers["Location"].startswith("/consent")
    assert "征求" not in signed_in.get("/account/apps").text


def test_withdrawing_from_an_app_one_never_used_does_nothing(site: Site, signed_in: Browser, other: Browser) -> None:
    tokens = other.tokens()
    assert signed_in.submit("/account/apps", {"withdraw": "app"}).headers["Location"] == "/account/apps"
    assert site.userinfo(tokens["access_token"]).status_code == 200


# -- the password


def change(browser: Browser, current: str = PASSWORD, new: str = NEW):
    return browser.submit("/account/password", {"current_password": current, "new_password": new})


def test_a_changed_password_ends_other_sessions_and_tells_the_phone(site: Site, signed_in: Browser) -> None:
    elsewhere = site.browser().sign_in()
    before = signed_in.client.get_cookie("tb_session")
    done = change(signed_in)
    assert done.headers["Location"] == "/account/password?done=password_changed"
    assert (signed_in.signed_in, elsewhere.signed_in) == (True, False)
    after = signed_in.client.get_cookie("tb_session")
    assert before is not None
    assert after is not None
    assert before.value != after.value
    assert [m["template"] for m in site.outbox("sms")] == ["password_changed"]
    assert site.browser().submit("/signin", {"identifier": PHONE, "password": PASSWORD}).status_code == 422
    site.browser().sign_in(PHONE, NEW)


@pytest.mark.parametrize(
    ("current", "new"),
    [
        ("Mistaken9Lamp", NEW),
        (PASSWORD, "short1"),
        (PASSWORD, PASSWORD),
        (PASSWORD, f"x{PHONE}x"),
        ("", NEW),
        (PASSWORD, ""),
    ],
)
def test_a_change_that_does_not_do_changes_nothing(site: Site, signed_in: Browser, current: str, new: str) -> None:
    refused = change(signed_in, current, new)
    assert refused.status_code == 422
    for secret in (current, new):
        assert not secret or f'"{secret}"' not in refused.text
    site.browser().sign_in()


@pytest.mark.parametrize("new", ["OuyangQinglan-8", "oyql-8-4417", "Lamp19491231Moss"])
def test_a_new_password_does_not_tell_the_name_or_the_birth_date(site: Site, signed_in: Browser, new: str) -> None:
    add_document(site.provider, site.party(), now=site.now())
    site.execute("DELETE FROM profile")
    refused = change(signed_in, PASSWORD, new)
    assert refused.status_code == 422
    assert "must not tell of you" in refused.text


def test_a_new_password_does_not_tell_the_name_that_was_only_said(site: Site, signed_in: Browser) -> None:
    assert change(signed_in, PASSWORD, "OuyangQinglan-8").status_code == 422


def test_a_new_password_that_cannot_be_taken_spends_no_attempt(site: Site, signed_in: Browser) -> None:
    for _ in range(12):
        change(signed_in, "wrong", "short1")
    assert change(signed_in).status_code == 303


def test_wrong_current_passwords_lock_the_password_and_the_person_is_told(site: Site, signed_in: Browser) -> None:
    for _ in range(10):
        assert change(signed_in, PASSWORD + "x").status_code == 422
    assert change(signed_in).status_code == 422
    assert [m["template"] for m in site.outbox("sms")] == ["password_locked"]
    assert signed_in.signed_in


# -- the rest


def test_a_request_for_the_head_of_a_page_does_nothing(site: Site, signed_in: Browser) -> None:
    """HEAD needs no form token: whatever a page does by POST it must not do by anything else."""
    before = site.one("SELECT COUNT(*) FROM audit_event")
    for rule in site.app.url_map.iter_rules():
        if rule.rule.startswith("/account") and not rule.arguments and "POST" in (rule.methods or ()):
            answer = signed_in.client.head(
                rule.rule, data={"export": "yes", "send": "yes", "keep": "yes", "confirm": "yes", "resend": "yes"}
            )
            assert answer.status_code in (200, 303, 404), rule.rule  # some are an entity's alone
    assert site.one("SELECT COUNT(*) FROM audit_event") == before
    assert site.outbox() == []


def test_changed_agreements_are_accepted_before_anything_else(site: Site, signed_in: Browser) -> None:
    with site.provider.database.transaction() as tx:
        tx.run(Statement("DELETE FROM agreement_acceptance", int))
    answer = signed_in.get("/account/profile")
    assert answer.headers["Location"] == "/agreements?next=/account/profile"
    page = signed_in.get(answer.headers["Location"]).text
    versions = re.search(r'name="agreement_versions" value="([^"]+)"', page)
    assert versions
    refused = signed_in.submit("/agreements", {"agreements": "yes", "agreement_versions": "old"})
    assert refused.status_code == 422
    form = {"agreements": "yes", "agreement_versions": versions[1]}
    done = signed_in.submit(answer.headers["Location"], form)
    assert done.headers["Location"] == "/account/profile"
    assert signed_in.signed_in
