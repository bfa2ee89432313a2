"""Managing the ways one signs in by: after a fresh proof, told to the phone, never down to none."""

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from idp.accounts.parties import move_status
from idp.accounts.rules import PartyStatus
from idp.db import Statement, Transaction
from idp.signin import sessions, standing
from idp.signin.rules import FRESH, SessionEnd
from tests.credentials.authenticator import Authenticator
from tests.provider import PASSWORD, Browser, Site, add_person
from tests.signin.factors import (
    add_passkey,
    add_totp,
    asked_by,
    by_passkey,
    code_now,
    later,
    make_codes,
    path_of,
    prove_two,
    sent_to,
)

PAGE = "/account/methods"
OTHER = "13898760002"


@pytest.fixture
def proved(signed_in: Browser) -> Browser:
    """Signed in by two factors a moment ago."""
    return prove_two(signed_in)


def passkey_ids(browser: Browser) -> list[str]:
    return re.findall(r'name="remove" value="(pky_[^"]+)"', browser.get(PAGE).text)


def templates(site: Site) -> list[str]:
    return [message["template"] for message in site.outbox("sms") if "code" not in message["params"]]


def events(site: Site) -> list[str]:
    with site.provider.database.autocommit() as tx:
        found = tx.all(Statement("SELECT event FROM audit_event ORDER BY chain, seq", str))
    return [event for event in found if event.split(":")[1] in ("totp", "passkey", "recovery_codes")]


def test_everything_is_added_listed_renamed_and_removed_told_and_recorded(site: Site, proved: Browser) -> None:
    add_totp(proved)
    make_codes(proved)
    assert sent_to(add_passkey(proved, Authenticator(), "客厅电脑")).endswith("done=passkey_added")
    (passkey,) = passkey_ids(proved)
    page = proved.get(PAGE).text
    for word in ("客厅电脑", "****", 'value="totp"', 'value="recovery_codes"'):
        assert word in page
    named = f"{PAGE}/passkey/{passkey}"
    assert "客厅电脑" in proved.get(named).text
    assert proved.submit(named, {"name": ""}).status_code == 422
    assert sent_to(proved.submit(named, {"name": "书房电脑"})).endswith("done=passkey_renamed")
    assert "书房电脑" in proved.get(PAGE).text
    for what in (passkey, "totp", "recovery_codes"):
        assert "done=" in sent_to(proved.submit(PAGE, {"remove": what}))
        assert sent_to(proved.submit(PAGE, {"remove": what})) == PAGE, "there is nothing left to remove"
    assert passkey_ids(proved) == []
    assert templates(site) == [
        "totp_added", "recovery_codes_made", "passkey_added", "passkey_removed", "totp_removed",
        "recovery_codes_removed",
    ]  # fmt: skip
    assert events(site) == [
        "person:totp:added", "person:recovery_codes:made", "person:passkey:added", "person:passkey:renamed",
        "person:passkey:removed", "person:totp:removed", "person:recovery_codes:removed",
    ]  # fmt: skip
    assert proved.signed_in


CHANGES: list[Callable[[Browser], object]] = [
    lambda browser: browser.submit(f"{PAGE}/totp", {"begin": "yes"}),
    lambda browser: browser.get(f"{PAGE}/totp"),
    lambda browser: browser.submit(f"{PAGE}/codes", {"make": "yes"}),
    lambda browser: browser.get(f"{PAGE}/passkey"),
    lambda browser: browser.submit(f"{PAGE}/passkey", {"name": "x", "key": "x", "credential": "x"}),
    lambda browser: browser.submit(PAGE, {"remove": "totp"}),
    lambda browser: browser.submit(PAGE, {"remove": "recovery_codes"}),
]


@pytest.mark.parametrize("change", CHANGES)
def test_whoever_was_proved_too_long_ago_or_by_one_factor_of_two_confirms_first(
    site: Site, proved: Browser, change: Callable[[Browser], object]
) -> None:
    add_totp(proved)
    make_codes(proved)
    before = len(events(site))
    for browser in (site.browser().sign_in(), proved):
        later(browser, FRESH + 1 if browser is proved else 0)
        assert path_of(change(browser)) == "/signin/confirm"  # type: ignore[arg-type]
    assert len(events(site)) == before


def test_after_confirming_one_comes_back_and_goes_on(site: Site, proved: Browser) -> None:
    secret = add_totp(proved)
    later(proved, FRESH + 1)
    confirm = sent_to(proved.get(f"{PAGE}/passkey"))
    assert proved.submit(confirm, {"code": code_now(proved, secret)}).headers["Location"] == f"{PAGE}/passkey"
    assert asked_by(proved.get(f"{PAGE}/passkey"))
    later(proved, FRESH + 1)
    confirm = sent_to(proved.submit(PAGE, {"remove": "totp"}))
    again = proved.submit(confirm + "&by=pwd", {"password": PASSWORD})
    assert sent_to(again) == PAGE
    assert sent_to(proved.submit(PAGE, {"remove": "totp"})).endswith("done=totp_removed")
    assert sent_to(proved.get(confirm)) == PAGE, "nothing is asked of whoever has just been proved"


def test_the_authenticator_app_is_shown_until_it_is_confirmed_and_never_after(proved: Browser) -> None:
    page = f"{PAGE}/totp"
    assert sent_to(proved.get(page)) == PAGE, "a look begins nothing"
    assert sent_to(proved.submit(page, {"begin": "yes"})) == page
    shown = proved.get(page).text
    assert "<svg" in shown
    assert "otpauth://totp/" in shown
    assert "unsafe-inline" not in proved.get(page).headers["Content-Security-Policy"]
    assert proved.submit(page, {"code": "abc"}).status_code == 422
    secret = add_totp(proved)
    assert sent_to(proved.get(page)) == PAGE
    assert secret not in proved.get(PAGE).text


def test_an_enrolment_waits_half_an_hour(proved: Browser) -> None:
    sent_to(proved.submit(f"{PAGE}/totp", {"begin": "yes"}))
    later(proved, 1801)
    proved = prove_two(proved.site.browser().sign_in())
    assert sent_to(proved.submit(f"{PAGE}/totp", {"code": "123456"})).endswith("done=enrolment_expired")


def test_new_recovery_codes_replace_the_old_and_are_shown_once(site: Site, proved: Browser) -> None:
    old, new = make_codes(proved), make_codes(proved)
    assert set(old).isdisjoint(new)
    assert sent_to(proved.get(f"{PAGE}/codes")) == PAGE
    assert not any(code in proved.get(PAGE).text for code in new)
    browser, page = site.browser().sign_in(), "/signin/confirm?by=recovery_code"
    assert browser.submit(page, {"recovery_code": old[0]}).status_code == 422
    assert path_of(browser.submit(page, {"recovery_code": new[0]})) == "/account"


def test_the_page_warns_when_few_codes_are_left(site: Site, proved: Browser) -> None:
    make_codes(proved)
    with site.provider.database.transaction() as tx:
        tx.run(Statement("UPDATE recovery_code SET used_at = 1 WHERE id IN (SELECT id FROM recovery_code LIMIT 6)"))
    assert "Nearly used up" not in proved.get(PAGE).text
    with site.provider.database.transaction() as tx:
        tx.run(Statement("UPDATE recovery_code SET used_at = 1 WHERE id = (SELECT MIN(id) FROM recovery_code"
                         " WHERE used_at IS NULL)"))  # fmt: skip
    assert "Nearly used up" in proved.get(PAGE).text


def _leave_passkeys_alone(site: Site) -> None:
    """As an account from abroad that has given up its password."""
    with site.provider.database.transaction() as tx:
        tx.run(Statement("DELETE FROM password"))
        tx.run(Statement("DELETE FROM party_identifier"))


def test_the_last_way_to_sign_in_stays(site: Site, proved: Browser) -> None:
    device = Authenticator()
    add_passkey(proved, device)
    add_passkey(proved, Authenticator(), "另一台")
    make_codes(proved)
    _leave_passkeys_alone(site)
    first, second = passkey_ids(proved)
    assert sent_to(proved.submit(PAGE, {"remove": second})).endswith("done=passkey_removed")
    assert proved.submit(PAGE, {"remove": first}).status_code == 422
    assert passkey_ids(proved) == [first]
    assert "done=" in sent_to(proved.submit(PAGE, {"remove": "recovery_codes"})), "it signs nobody in"
    assert path_of(by_passkey(site.browser(), device)) == "/account"


def test_of_two_removals_at_once_one_leaves_the_last_way(site: Site, proved: Browser) -> None:
    for number in range(2):
        add_passkey(proved, Authenticator(), f"第 {number} 台")
    _leave_passkeys_alone(site)
    ids = passkey_ids(proved)
    token = re.search(r'name="csrf_token" value="([^"]+)"', proved.get(PAGE).text)
    assert token
    cookies = "; ".join(f"{c.key}={c.value}" for c in proved.client._cookies.values())  # type: ignore[union-attr]

    def remove(passkey: str) -> int:
        form = {"remove": passkey, "csrf_token": token[1]}
        return site.http.post(PAGE, data=form, headers={"Cookie": cookies}).status_code

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(remove, ids)) == [303, 422]
    assert len(passkey_ids(proved)) == 1


def test_nobody_names_or_removes_a_passkey_of_somebody_else(site: Site, proved: Browser) -> None:
    add_person(site.provider, OTHER, "other_lamp")
    other = prove_two(site.browser().sign_in(OTHER))
    add_passkey(other, Authenticator())
    (theirs,) = passkey_ids(other)
    assert proved.get(f"{PAGE}/passkey/{theirs}").status_code == 404
    assert proved.submit(f"{PAGE}/passkey/{theirs}", {"name": "x"}).status_code == 404
    assert sent_to(proved.submit(PAGE, {"remove": theirs})) == PAGE
    assert passkey_ids(other) == [theirs]


@pytest.mark.parametrize("name", ["", "x" * 41, "\u202e"])
def test_a_name_that_is_none_is_refused(proved: Browser, name: str) -> None:
    assert add_passkey(proved, Authenticator(), name).status_code == 422
    assert passkey_ids(proved) == []


def test_a_registration_is_finished_in_the_browser_and_account_that_began_it(site: Site, proved: Browser) -> None:
    device = Authenticator()
    key, options = asked_by(proved.get(f"{PAGE}/passkey"))
    form = {"name": "x", "key": key, "credential": device.create(options)}
    add_person(site.provider, OTHER, "other_lamp")
    other = prove_two(site.browser().sign_in(OTHER))
    assert other.submit(f"{PAGE}/passkey", form).status_code == 422
    assert sent_to(proved.submit(f"{PAGE}/passkey", form)).endswith("done=passkey_added")
    assert proved.submit(f"{PAGE}/passkey", form).status_code == 422


@pytest.mark.parametrize(
    ("path", "form", "wanted"),
    [(f"{PAGE}/codes", {"make": "yes"}, "person:recovery_codes:made"),
     (f"{PAGE}/totp", {"code": "123456"}, "person:totp:added"),
     (f"{PAGE}/passkey", {"name": "x", "key": "x", "credential": "x"}, "person:passkey:added"),
     (PAGE, {"remove": "totp"}, "person:totp:removed")],
)  # fmt: skip
@pytest.mark.parametrize("ended", ["account", "session"])
def test_a_change_after_the_end_is_refused_and_recorded(
    site: Site, proved: Browser, monkeypatch: pytest.MonkeyPatch, path: str, form: dict[str, str], wanted: str,
    ended: str
) -> None:  # fmt: skip
    """The end comes after the page has seen the session, before it holds it."""
    proved.submit(f"{PAGE}/totp", {"begin": "yes"})
    whole = standing.hold

    def ending(tx: Transaction, party_id: str) -> bool:
        if ended == "account":
            move_status(tx, party_id, before=PartyStatus.ACTIVE, after=PartyStatus.SUSPENDED)
        else:
            sessions.end_all(tx, party_id, SessionEnd.OPERATOR, now=site.now())
        return whole(tx, party_id)

    monkeypatch.setattr(standing, "hold", ending)
    assert proved.submit(path, form).status_code == 400
    with site.provider.database.autocommit() as tx:
        found = tx.all(_REFUSED)
    assert [(actor, subject, reason) for actor, subject, reason, _ in found] == [
        (site.party(), site.party(), f"{ended}-ended")
    ]
    assert wanted in found[0][3]
    done = {"person:recovery_codes:made", "person:totp:added", "person:passkey:added", "person:totp:removed"}
    assert done.isdisjoint(events(site))


_REFUSED = Statement[tuple[str, str, str, str]](
    "SELECT actor, subject, reason, detail FROM audit_event WHERE event = 'person:method:refused'"
)
