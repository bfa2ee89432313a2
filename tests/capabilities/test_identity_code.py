"""A person shows an identity code at a counter, sees who asks what, and confirms; the counter is told that, once."""

import re
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlsplit

import pytest
from werkzeug.test import TestResponse

from idp.proofing.actions import add_evidence
from tests.capabilities.asking import grant, problem, send, withdraw
from tests.capabilities.test_counter import enlist
from tests.provider import PHONE, Browser, Site, add_document, add_person, basic
from tests.signin.factors import prove_two

PERSON = "13812340002"
REDEEM, FETCH = "/identity-codes/redeem", "/identity-codes/"
ASKED: dict[str, Any] = {
    "office": "岳麓区政务大厅 3 号窗口",
    "matters": ["新生儿落户"],
    "scopes": ["phone", "profile"],
}


@pytest.fixture
def clerk(site: Site, signed_in: Browser) -> Browser:
    """A clerk of ``app``, known and signed in with two factors; ``app`` may redeem identity codes."""
    grant(site, "app", "identity_code")
    with site.provider.database.transaction() as tx:
        add_evidence(tx, site.party(), kind="name_number", level=2, source="test", expires_at=None, now=site.now())
    prove_two(signed_in)
    enlist(site, signed_in)
    return signed_in


@pytest.fixture
def person(site: Site) -> Browser:
    add_person(site.provider, PERSON, "other_lamp")
    return site.browser().sign_in(PERSON)


def shown(site: Site, person: Browser) -> tuple[str, str]:
    """The page that shows a code, and what stands in its picture."""
    page = urlsplit(person.submit("/account/identity-code", {}).headers["Location"]).path
    assert 'class="qr"' in person.get(page).text
    return page, code_of(site, page)


def code_of(site: Site, page: str) -> str:
    from idp.capabilities import identity_codes

    codes = identity_codes.IdentityCodes(site.provider.cipher, site.provider.directory)
    with site.provider.database.autocommit() as tx:
        found = identity_codes.find(tx, page.rpartition("/")[2])
    assert found is not None
    return codes.text(found)


def redeem(site: Site, clerk: Browser, code: str, client_id: str = "app", **changes: Any) -> TestResponse:
    token = changes.pop("clerk_token", None) or clerk.tokens("app", scope="openid")["access_token"]
    return send(site, REDEEM, {"code": code, "clerk_token": token} | ASKED | changes, client_id)


def fetch(site: Site, key: str, client_id: str = "app") -> TestResponse:
    return site.http.get(f"{FETCH}{key}", headers={"Authorization": basic(client_id)})


def redeemed(site: Site, clerk: Browser, code: str, **changes: Any) -> str:
    answer = redeem(site, clerk, code, **changes)
    assert answer.status_code == 201, answer.text
    found: str = answer.get_json()["id"]
    return found


def test_what_the_person_confirms_and_nothing_else_is_told_once(site: Site, clerk: Browser, person: Browser) -> None:
    page, code = shown(site, person)
    key = redeemed(site, clerk, code)
    assert fetch(site, key).get_json()["state"] == "waiting"
    asked = person.get(page).text
    for words in (ASKED["office"], "新生儿落户", "应用"):
        assert words in asked
    person.submit(page, {"decision": "confirm", "scope": "phone"})
    answer = fetch(site, key)
    assert answer.status_code == 200, answer.text
    told = answer.get_json()
    assert told["claims"] == {"phone_number": f"+86{PERSON}", "phone_number_verified": True}
    assert (told["scopes"], told["ial"], told["aal"], told["matters"]) == (["phone"], 1, 1, ["新生儿落户"])
    assert told["sub"] == site.one("SELECT sub FROM pairwise_subject WHERE party_id = :p", p=site.party(PERSON))
    assert problem(fetch(site, key)) == (410, "already-fetched")


def test_it_is_written_to_both_who_has_asked_answered_and_been_told(
    site: Site, clerk: Browser, person: Browser
) -> None:
    page, code = shown(site, person)
    key = redeemed(site, clerk, code)
    person.submit(page, {"decision": "confirm", "scope": "phone"})
    fetch(site, key)
    who = (site.party(), site.party(PERSON))
    sql = "SELECT actor || ' ' || subject FROM audit_event WHERE event = :event ORDER BY at DESC"
    assert site.one(sql, event="client:identity_code:redeemed") == " ".join(who)
    assert site.one(sql, event="client:identity_code:answered") == " ".join((who[1], who[1]))
    assert site.one(sql, event="client:personal_data:released") == " ".join(who)
    assert "identity code" in person.get("/account/activity").text
    stored = b"".join(path.read_bytes() for path in site.directory.glob("idp.db*"))
    assert code.encode() not in stored
    assert ASKED["office"].encode() not in stored


def test_the_clerk_is_named_to_the_person(site: Site, clerk: Browser, person: Browser) -> None:
    add_document(site.provider, site.party(PHONE), now=site.now())
    page, code = shown(site, person)
    redeemed(site, clerk, code)
    assert "欧阳清岚" in person.get(page).text


def test_who_declines_tells_nothing(site: Site, clerk: Browser, person: Browser) -> None:
    page, code = shown(site, person)
    key = redeemed(site, clerk, code)
    person.submit(page, {"decision": "decline", "scope": "phone"})
    assert problem(fetch(site, key)) == (403, "declined-by-person")
    person.submit(page, {"decision": "confirm", "scope": "phone"})
    assert problem(fetch(site, key)) == (403, "declined-by-person")
    assert site.one("SELECT result FROM audit_event WHERE event = 'client:identity_code:answered'") == "refused"


def test_a_code_is_good_for_a_minute_and_an_answer_for_three(site: Site, clerk: Browser, person: Browser) -> None:
    page, code = shown(site, person)
    site.later += 60
    assert problem(redeem(site, clerk, code)) == (410, "identity-code-expired")
    renewed = urlsplit(person.get(page).headers["Location"]).path
    assert renewed != page
    key = redeemed(site, clerk, code_of(site, renewed))
    site.later += 180
    assert problem(fetch(site, key)) == (410, "not-answered-in-time")
    person.submit(renewed, {"decision": "confirm", "scope": "phone"})
    assert problem(fetch(site, key)) == (410, "not-answered-in-time")


def test_a_page_stops_showing_new_codes_after_ten_minutes(site: Site, person: Browser) -> None:
    page, _ = shown(site, person)
    site.later += 600
    assert 'class="qr"' not in person.get(page).text


def test_a_new_code_takes_the_place_of_the_one_before(site: Site, clerk: Browser, person: Browser) -> None:
    _, before = shown(site, person)
    _, code = shown(site, person)
    assert problem(redeem(site, clerk, before)) == (410, "identity-code-expired")
    redeemed(site, clerk, code)


def test_a_code_is_redeemed_once(site: Site, clerk: Browser, person: Browser) -> None:
    _, code = shown(site, person)
    token = clerk.tokens("app", scope="openid")["access_token"]
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: redeem(site, clerk, code, clerk_token=token), range(4)))
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409]
    assert problem(redeem(site, clerk, code)) == (409, "identity-code-used")
    assert site.one("SELECT reason FROM audit_event WHERE event = 'client:identity_code:refused'") is not None


def test_another_client_neither_fetches_nor_asks_again(site: Site, clerk: Browser, person: Browser) -> None:
    grant(site, "post", "identity_code")
    _, code = shown(site, person)
    key = redeemed(site, clerk, code)
    answer = send(
        site,
        f"{FETCH}{key}",
        {"client_id": "post", "client_secret": "a-secret-of-forty-characters-for-the-tests"},
        None,
    )
    assert problem(answer) == (404, "not-found")
    assert problem(fetch(site, "idc_0")) == (404, "not-found")


def test_nobody_else_answers(site: Site, clerk: Browser, person: Browser) -> None:
    page, code = shown(site, person)
    key = redeemed(site, clerk, code)
    assert clerk.get(page).status_code == 404
    assert site.browser().sign_in(PERSON).submit(page, {"decision": "confirm"}).status_code == 404
    assert fetch(site, key).get_json()["state"] == "waiting"


def test_who_is_no_clerk_of_the_client_redeems_nothing(site: Site, clerk: Browser, person: Browser) -> None:
    _, code = shown(site, person)
    token = person.tokens("app", scope="openid")["access_token"]
    assert problem(redeem(site, clerk, code, clerk_token=token)) == (403, "clerk-not-entitled")
    assert problem(redeem(site, clerk, code, clerk_token="x")) == (403, "clerk-not-entitled")
    later_clerk = clerk.tokens("app", scope="openid")["access_token"]
    site.later += 901
    assert problem(redeem(site, clerk, code, clerk_token=later_clerk)) == (403, "clerk-not-entitled")


def test_a_clerk_is_not_their_own_customer_and_an_unknown_code_is_none(site: Site, clerk: Browser) -> None:
    _, code = shown(site, clerk)
    assert problem(redeem(site, clerk, code)) == (409, "identity-code-not-good")
    assert problem(redeem(site, clerk, "x" * 43)) == (409, "identity-code-not-good")


def test_who_lost_the_capability_is_told_nothing(site: Site, clerk: Browser, person: Browser) -> None:
    page, code = shown(site, person)
    key = redeemed(site, clerk, code)
    person.submit(page, {"decision": "confirm", "scope": "phone"})
    withdraw(site, "app", "identity_code")
    assert problem(fetch(site, key)) == (403, "capability-not-granted")
    grant(site, "app", "identity_code")
    assert problem(fetch(site, key)) == (403, "capability-not-granted")


@pytest.mark.parametrize(
    "changes",
    [
        {"office": ""}, {"office": "x" * 61}, {"office": "a\nb"}, {"matters": []}, {"matters": ["x"] * 6},
        {"matters": "x"}, {"scopes": ["id_document"]}, {"scopes": ["openid"]}, {"scopes": "phone"}, {"more": 1},
    ],
)  # fmt: skip
def test_a_faulty_request_asks_nobody(site: Site, clerk: Browser, person: Browser, changes: dict[str, Any]) -> None:
    page, code = shown(site, person)
    assert problem(redeem(site, clerk, code, **changes)) == (400, "invalid-request")
    assert re.search('class="qr"', person.get(page).text)
    assert site.one("SELECT state FROM identity_code") == "shown"


def test_the_days_quota_is_the_permits(site: Site, clerk: Browser, person: Browser) -> None:
    withdraw(site, "app", "identity_code")
    grant(site, "app", "identity_code", daily=1)
    _, code = shown(site, person)
    redeemed(site, clerk, code)
    _, code = shown(site, person)
    assert problem(redeem(site, clerk, code)) == (429, "quota-used-up")
