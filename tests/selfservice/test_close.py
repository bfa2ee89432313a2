"""Closing the account: after time to think, once, and nothing is left that it could be found or entered by."""

import re
import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from structlog.testing import capture_logs

from idp.accounts.parties import hold
from idp.cli.maintenance import purge_all
from idp.cli.work import make_worker
from idp.db import Statement
from idp.disputes.rotation import reseal_disputes
from idp.disputes.rules import Decision
from idp.selfservice.actions import close_due
from idp.signin import sessions
from idp.signin.rules import Method
from tests.provider import NAME, PASSWORD, PHONE, Browser, Site, add_document, add_person, claims_of

OTHER = "13898760002"
FORM = {"why": "privacy", "understood": "yes"}
AFTER = 15 * 86400 + 60


def ask(browser: Browser):
    return browser.submit("/account/close/ask", FORM)


def close(site: Site) -> int:
    """What the worker does."""
    return close_due(site.provider.database, site.provider.closings, now=site.now())


def count(site: Site, table: str) -> int:
    found: int = site.one(
        f"SELECT COUNT(*) FROM {table} WHERE party_id = :p", p=site.one("SELECT MIN(id) FROM party")
    )
    return found


def test_the_page_says_what_ends_and_what_stays(signed_in: Browser) -> None:
    page = signed_in.get("/account/close").text
    for said in ("15 days", "What ends or is deleted", "What stays", "/account/export", "/account/close/ask"):
        assert said in page


def test_who_has_not_understood_or_signed_in_lately_asks_for_nothing(site: Site, signed_in: Browser) -> None:
    refused = signed_in.submit("/account/close/ask", {"why": "privacy"})
    assert refused.status_code == 422
    site.later = 301
    for answer in (signed_in.get("/account/close/ask"), ask(signed_in)):
        assert answer.headers["Location"] == "/account/confirm?next=/account/close/ask"
    assert count(site, "account_closing") == 0


def test_asking_ends_the_apps_grants_at_once_and_tells_the_phone(site: Site, signed_in: Browser) -> None:
    tokens = signed_in.tokens()
    done = ask(signed_in)
    assert done.headers["Location"] == "/account/close?done=account_closing"
    assert site.userinfo(tokens["access_token"]).status_code == 401
    assert [notice["client_id"] for notice in site.outbox("logout")] == ["app"]
    assert [m["template"] for m in site.outbox("sms")] == ["account_closing"]
    assert '"why":"privacy"' in site.one(
        "SELECT detail FROM audit_event WHERE event = 'person:account:closing_asked'"
    )
    assert signed_in.signed_in
    assert ask(signed_in).headers["Location"] == "/account/close"
    assert len(site.outbox("sms")) == 1


def test_while_one_thinks_one_signs_in_as_ever_and_may_keep_the_account(site: Site, signed_in: Browser) -> None:
    ask(signed_in)
    site.later = 14 * 86400
    assert close(site) == 0
    browser = site.browser().sign_in()
    for page in ("", "/profile", "/close", "/disputes"):
        assert "Keep my account" in browser.get(f"/account{page}").text
    assert browser.submit("/account/close", {}).status_code == 200
    done = browser.submit("/account/close", {"keep": "yes"})
    assert done.headers["Location"] == "/account?done=account_kept"
    assert "Keep my account" not in browser.get("/account").text
    assert [m["template"] for m in site.outbox("sms")] == ["account_closing", "account_kept"]
    site.later = AFTER
    assert close(site) == 0
    site.browser().sign_in()


def test_nobody_keeps_what_is_not_closing(site: Site, signed_in: Browser) -> None:
    assert signed_in.submit("/account/close", {"keep": "yes"}).headers["Location"] == "/account"
    assert site.outbox("sms") == []


def test_nobody_closes_or_keeps_the_account_of_another(site: Site, signed_in: Browser) -> None:
    add_person(site.provider, OTHER, None)
    other = site.browser().sign_in(OTHER)
    ask(signed_in)
    assert "Keep my account" not in other.get("/account").text
    other.submit("/account/close", {"keep": "yes"})
    assert count(site, "account_closing") == 1
    site.later = AFTER
    assert close(site) == 1
    other.sign_in(OTHER)


def closed(site: Site, browser: Browser) -> str:
    """The party of a person who used everything and then closed the account."""
    party = site.party()
    browser.tokens()
    browser.submit("/account/disputes/new", {"item": "level", "text": "应当更高"})
    add_document(site.provider, party, now=site.now())
    ask(browser)
    site.later = AFTER
    browser.sign_in()
    browser.tokens()
    assert close(site) == 1
    return party


def test_a_closed_account_keeps_nothing_it_could_be_found_or_entered_by(site: Site, signed_in: Browser) -> None:
    party = closed(site, signed_in)
    assert not signed_in.signed_in
    for table in (
        "party_identifier",
        "identity_document",
        "recovery_code",
        "totp",
        "passkey",
        "profile",
        "password",
        "consent",
        "account_closing",
    ):
        assert count(site, table) == 0, table
    assert site.one("SELECT status FROM party WHERE id = :p", p=party) == "closed"
    for table, held in (("session", "ended_at"), ("authorization_grant", "revoked_at"), ("evidence", "ended_at")):
        assert site.one(f"SELECT COUNT(*) FROM {table} WHERE {held} IS NULL") == 0, table
    assert site.one("SELECT state || COALESCE(text, '-') FROM dispute") == "withdrawn-"
    assert count(site, "agreement_acceptance") == 2
    assert count(site, "pairwise_subject") == 1
    last = site.outbox("sms")[-1]
    assert (last["template"], last["to"]) == ("account_closed", f"+86{PHONE}")
    assert site.outbox("logout")[-1]["sub"] == site.one("SELECT sub FROM pairwise_subject")


def shape(page: str) -> str:
    """A page without what every answer makes anew."""
    return re.sub(r'(value|id="reference"[^>]*)[=>]"?[^"<]*', r"\1", page)


def test_a_closed_account_is_answered_for_like_one_that_never_was(site: Site, signed_in: Browser) -> None:
    closed(site, signed_in)
    for gone, never in ((PHONE, "13900008888"), (NAME, "never_lamp")):
        answers = [
            site.browser().submit("/signin", {"identifier": who, "password": PASSWORD}) for who in (gone, never)
        ]
        assert [answer.status_code for answer in answers] == [422, 422]
        assert shape(answers[0].text) == shape(answers[1].text)
    before = len(site.outbox("sms"))
    for who in (PHONE, "13900008888"):
        browser = site.browser()
        page = browser.submit("/signin/code", {"identifier": who}).headers["Location"]
        assert browser.submit(page, {"code": site.text_code()}).status_code == 422
    assert len(site.outbox("sms")) == before


def test_a_code_ordered_before_the_end_opens_nothing_after_it(site: Site, signed_in: Browser) -> None:
    ask(signed_in)
    site.later = AFTER
    browser = site.browser()
    page = browser.submit("/signin/code", {"identifier": PHONE}).headers["Location"]
    code = site.text_code()
    assert close(site) == 1
    assert browser.submit(page, {"code": code}).status_code == 422
    assert not browser.signed_in


def register(browser: Browser, phone: str = PHONE) -> None:
    page = browser.submit("/register", {"phone": phone}).headers["Location"]
    page = browser.submit(page, {"code": browser.site.text_code()}).headers["Location"]
    found = re.search(r'name="agreement_versions" value="([^"]+)"', browser.get(page).text)
    assert found
    details = {"password": "Maple8Window53", "user_name": NAME, "agreements": "yes", "agreement_versions": found[1]}
    assert browser.submit(page, details).status_code == 303


def test_the_phone_registers_anew_as_somebody_no_department_knows(site: Site, signed_in: Browser) -> None:
    before = claims_of(signed_in.tokens()["id_token"])["sub"]
    party = closed(site, signed_in)
    browser = site.browser()
    register(browser)
    after = claims_of(browser.tokens()["id_token"])["sub"]
    assert after != before
    assert site.party() != party
    assert site.one("SELECT sub FROM pairwise_subject WHERE party_id = :p", p=party) == before
    assert "counter" not in browser.get("/account/profile").text


def test_the_worker_closes_what_is_due(site: Site, signed_in: Browser) -> None:
    ask(signed_in)
    worker = make_worker(site.app)
    assert "account-closing" in worker._jobs._known
    worker._jobs._known["account-closing"].run(site.now() + AFTER)
    assert site.one("SELECT status FROM party") == "closed"


def test_an_account_that_cannot_be_closed_does_not_keep_others_waiting(site: Site, signed_in: Browser) -> None:
    party = site.party()
    other = add_person(site.provider, OTHER, None)
    for browser in (signed_in, site.browser().sign_in(OTHER)):
        ask(browser)
    with sqlite3.connect(site.directory / "idp.db") as database:
        database.execute("UPDATE party_identifier SET sealed = x'00' WHERE party_id = ?", (min(party, other),))
    database.close()
    site.later = AFTER
    with capture_logs() as logs:
        assert close(site) == 1
    assert [log["party"] for log in logs if log["event"] == "account_not_closed"] == [min(party, other)]
    assert site.one("SELECT id FROM party WHERE status = 'closed'") == max(party, other)


# -- at the same moment


def people(site: Site, number: int) -> list[str]:
    """Parties with a session each, whose time to think is over."""
    parties = [add_person(site.provider, f"139{n:08d}", None) for n in range(number)]
    for party in parties:
        with site.provider.database.transaction() as tx:
            session, _ = sessions.start(
                tx, party_id=party, method=Method.PASSWORD, agent="", absolute=3600, now=site.now()
            )
            assert site.provider.closings.ask(tx, session, why="unsaid", locale="zh", now=site.now() - AFTER)
    return parties


def together(*acts: Callable[[], object]) -> list[object]:
    barrier = threading.Barrier(len(acts))

    def run(act: Callable[[], object]) -> object:
        barrier.wait()
        return act()

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(run, acts))


def test_of_several_workers_each_account_is_closed_by_one(anywhere: Site) -> None:
    parties = people(anywhere, 12)
    assert sum(int(str(n)) for n in together(*[lambda: close(anywhere)] * 4)) == len(parties)
    assert anywhere.one("SELECT COUNT(*) FROM audit_event WHERE event = 'person:account:closed'") == len(parties)
    assert len([m for m in anywhere.outbox("sms") if m["template"] == "account_closed"]) == len(parties)
    anywhere.close()


def test_of_keeping_and_closing_at_the_same_moment_one_wins(anywhere: Site) -> None:
    for party in people(anywhere, 12):
        with anywhere.provider.database.autocommit() as tx:
            (session,) = sessions.of_party(tx, party, idle=3600, now=anywhere.now())

        def keep(session=session) -> bool:
            with anywhere.provider.database.transaction() as tx:
                return anywhere.provider.closings.keep(tx, session, locale="zh", now=anywhere.now())

        def shut(party=party) -> bool:
            with anywhere.provider.database.transaction() as tx:
                return anywhere.provider.closings.close(tx, party, now=anywhere.now())

        kept, gone = together(keep, shut)
        assert (kept, gone) in ((True, False), (False, True))
        status = anywhere.one("SELECT status FROM party WHERE id = :p", p=party)
        assert status == ("active" if kept else "closed")
        assert anywhere.one("SELECT COUNT(*) FROM party_identifier WHERE party_id = :p", p=party) == int(bool(kept))
    anywhere.close()


def test_a_sign_in_by_code_at_the_moment_of_closing_leaves_no_session(anywhere: Site) -> None:
    for party in people(anywhere, 12):

        def enter(party=party) -> bool:
            with anywhere.provider.database.transaction() as tx:
                if not hold(tx, party):
                    return False
                sessions.start(tx, party_id=party, method=Method.SMS, agent="", absolute=3600, now=anywhere.now())
                return True

        def shut(party=party) -> bool:
            with anywhere.provider.database.transaction() as tx:
                return anywhere.provider.closings.close(tx, party, now=anywhere.now())

        together(enter, shut)
        living = "SELECT COUNT(*) FROM session WHERE party_id = :p AND ended_at IS NULL"
        assert anywhere.one(living, p=party) == 0
    anywhere.close()


def test_of_two_who_ask_at_once_one_begins_the_time_to_think(anywhere: Site) -> None:
    party = add_person(anywhere.provider, PHONE, None)
    with anywhere.provider.database.transaction() as tx:
        session, _ = sessions.start(
            tx, party_id=party, method=Method.PASSWORD, agent="", absolute=3600, now=anywhere.now()
        )

    def begin() -> bool:
        with anywhere.provider.database.transaction() as tx:
            return anywhere.provider.closings.ask(tx, session, why="other", locale="zh", now=anywhere.now())

    assert sorted(together(*[begin] * 4)) == [False, False, False, True]  # type: ignore[type-var]
    assert anywhere.one("SELECT COUNT(*) FROM audit_event WHERE event = 'person:account:closing_asked'") == 1
    anywhere.close()


def test_a_whole_life_over_http_goes_its_way_on_either_database(anywhere: Site) -> None:
    add_person(anywhere.provider, PHONE, NAME)
    thief, browser = anywhere.browser().sign_in(), anywhere.browser().sign_in()
    for text in ("应当更高", "应当更低"):
        assert browser.submit("/account/disputes/new", {"item": "level", "text": text}).status_code == 303
    provider = anywhere.provider
    with provider.database.transaction() as tx:
        first, second = provider.disputes.waiting(tx)
        assert provider.disputes.waiting(tx, first.place, limit=5) == [second]
        provider.disputes.answer(
            tx, first.id, operator="opr_1", decision=Decision.ACCEPTED, reason="是", now=anywhere.now()
        )
    assert browser.submit("/account/disputes", {"withdraw": second.id}).headers["Location"].endswith("withdrawn")
    confirming = browser.submit("/signin/confirm?by=sms", {"send": "yes"}).headers["Location"]
    browser.submit(confirming, {"code": anywhere.text_code()})
    assert browser.submit("/account/export", {"export": "yes"}).get_json()["disputes"][1]["answer"] == "是"
    assert reseal_disputes(provider.database, provider.cipher) == 0
    place = re.search(r'href="(/account/activity/not-me[^"]+)"', browser.get("/account/activity").text)
    assert place
    assert browser.submit(place[1], {"confirm": "yes"}).headers["Location"] == "/signin/code?done=disowned"
    assert not thief.signed_in
    page = browser.submit("/signin/code", {"identifier": PHONE}).headers["Location"]
    assert browser.submit(page, {"code": anywhere.text_code()}).status_code == 303
    assert browser.submit("/account/password", {"new_password": "Velvet3Anchor44"}).status_code == 303
    ask(browser)
    assert browser.submit("/account/close", {"keep": "yes"}).headers["Location"] == "/account?done=account_kept"
    assert "idp_disputes_overdue 0.0" in anywhere.http.get("/metrics").text
    anywhere.close()


def test_a_closing_asked_for_is_not_lost_by_a_purge(site: Site, signed_in: Browser) -> None:
    ask(signed_in)
    provider = site.provider
    purge_all(provider.database, provider.settings, provider.passwords.policy, now=site.now() + 86400)
    with provider.database.autocommit() as tx:
        assert tx.one(Statement("SELECT COUNT(*) FROM account_closing", int)) == 1
