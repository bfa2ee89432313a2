"""A department has the verified name and number of the signed-in person checked anew, for one matter of its own."""

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import KeySet

from idp.app import create_app
from idp.capabilities import checks
from idp.capabilities.checks import DepartmentChecks
from idp.capabilities.rules import LIFETIME, RESULT_LIFETIME
from idp.clients.actions import put
from idp.clients.rules import Client
from idp.db import Statement
from idp.proofing.ports import Deceased, Match, Mismatch, NotFound, Unavailable, UnavailableReason
from idp.state.versions import BOUND
from tests.capabilities.asking import (
    CHECKS,
    MATTER,
    NONCE,
    answer_of,
    ask,
    asked,
    fetch,
    grant,
    problem,
    send,
    withdraw,
)
from tests.provider import (
    CALLBACK,
    CLIENTS,
    ISSUER,
    NAME,
    PHONE,
    SECRET,
    Browser,
    Site,
    add_person,
    basic,
    claims_of,
    settings_at,
)
from tests.registers import ScriptedRegisters

PERSON = ("欧阳清岚", "11010519491231002X")


def decide(browser: Browser, key: str, decision: str = "agree") -> str:
    answer = browser.submit(f"/matters/{key}", {"decision": decision})
    assert answer.status_code == 303, answer.text
    return answer.headers["Location"]


def test_the_department_gets_a_signed_answer_and_nothing_of_the_person(
    site: Site, known: Browser, registers: ScriptedRegisters
) -> None:
    registers.people[PERSON] = Match(None)
    token = known.tokens()
    key = asked(site, known, access_token=token["access_token"])
    assert fetch(site, key).get_json()["state"] == "waiting"
    page = known.get(f"/matters/{key}").text
    assert "低保资格复核" in page
    assert MATTER in page
    assert registers.asked == []  # nobody has agreed
    decide(known, key)
    told = fetch(site, key).get_json()
    verified = jwt.decode(told["result"], KeySet.import_key_set(site.http.get("/jwks").get_json()), ["ES256"])
    assert verified.header["typ"] == "check-result+jwt"
    assert verified.claims.pop("iat") == verified.claims.pop("time")
    assert verified.claims.pop("exp") == told["expires_at"]
    assert verified.claims == {
        "iss": ISSUER,
        "aud": "app",
        "sub": claims_of(token["id_token"])["sub"],
        "jti": key,
        "check": "name_check",
        "matter": MATTER,
        "purpose": "低保资格复核",
        "nonce": NONCE,
        "result": "passed",
    }
    assert claims_of(fetch(site, key).get_json()["result"]) == claims_of(told["result"])  # again, and the same
    assert "核验通过" in known.get(f"/matters/{key}?lang=zh").text


@pytest.mark.parametrize("answer", [Deceased(), Mismatch(), NotFound()])
def test_a_no_of_the_register_is_one_no_to_the_department(
    site: Site, known: Browser, registers: ScriptedRegisters, answer: Any
) -> None:
    registers.people[PERSON] = answer
    key = asked(site, known)
    decide(known, key)
    assert answer_of(site, key)["result"] == "not_passed"


def test_a_register_that_does_not_answer_leaves_the_person_the_choice(
    site: Site, known: Browser, registers: ScriptedRegisters
) -> None:
    registers.people[PERSON] = Unavailable(UnavailableReason.TIMEOUT)
    key = asked(site, known)
    answer = known.submit(f"/matters/{key}", {"decision": "agree"})
    assert answer.status_code == 422
    assert fetch(site, key).get_json()["state"] == "waiting"
    registers.people[PERSON] = Match(None)
    decide(known, key)
    assert answer_of(site, key)["result"] == "passed"


def test_who_declines_is_not_asked_about(site: Site, known: Browser, registers: ScriptedRegisters) -> None:
    key = asked(site, known)
    decide(known, key, "decline")
    assert answer_of(site, key)["result"] == "declined"
    assert registers.asked == []
    known.submit(f"/matters/{key}", {"decision": "agree"})
    assert answer_of(site, key)["result"] == "declined"
    assert registers.asked == []


def test_of_parallel_agreements_one_asks_the_register(
    site: Site, known: Browser, registers: ScriptedRegisters
) -> None:
    registers.people[PERSON] = Match(None)
    key = asked(site, known)
    others = [site.browser().sign_in() for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda one: one.submit(f"/matters/{key}", {"decision": "agree"}), others))
    assert {answer.status_code for answer in answers} <= {200, 303}
    assert len(registers.asked) == 1
    assert answer_of(site, key)["result"] == "passed"


def test_every_move_has_one_winner(site: Site, known: Browser, registers: ScriptedRegisters) -> None:
    found, database, now = DepartmentChecks(site.provider.cipher), site.provider.database, site.now()
    key = asked(site, known)
    with database.transaction() as tx:
        check = found.find(tx, key)
        assert check is not None
        assert not checks.finish(tx, check, passed=True, now=now)  # nobody has agreed
        assert [checks.agree(tx, check, now=now), checks.agree(tx, check, now=now)] == [True, False]
        assert not checks.decline(tx, check, now=now)
        assert not checks.finish(tx, check, passed=True, now=now + LIFETIME)
        assert [checks.finish(tx, check, passed=passed, now=now) for passed in (False, True)] == [True, False]
    assert answer_of(site, key)["result"] == "not_passed"


@pytest.mark.parametrize(("last", "result"), [(date.max, "passed"), (date(2020, 1, 1), "not_passed")])
def test_a_register_may_say_that_a_document_ends_when_time_does(
    site: Site, known: Browser, registers: ScriptedRegisters, last: date, result: str
) -> None:
    registers.people[PERSON] = Match(last)
    key = asked(site, known)
    decide(known, key)
    assert answer_of(site, key)["result"] == result


@pytest.mark.parametrize("below", ["cck_%00", "cck_%E5%8F%B7", "c" * 65, "cck.1", "a%2Fb"])
def test_what_is_no_id_is_nothing_before_anybody_is_asked_who_they_are(site: Site, below: str) -> None:
    """No database sees it: PostgreSQL takes no NUL."""
    assert site.http.get(f"{CHECKS}/cck_1").status_code == 401
    assert site.http.get(f"{CHECKS}/{below}").status_code == 404


def test_a_client_without_a_secret_is_not_let_in_even_by_an_old_permit(site: Site, known: Browser) -> None:
    token = known.tokens()["access_token"]
    with site.provider.database.transaction() as tx:
        assert isinstance(put(tx, CLIENTS[0] | {"auth_method": "none"}, now=site.now()), Client)
    site.provider.registry.expire()
    body = {"client_id": "app", "access_token": token, "matter": MATTER, "nonce": NONCE}
    assert problem(send(site, CHECKS, body, None)) == (401, "client-authentication")


def test_while_the_register_is_asked_nobody_else_asks_it(
    site: Site, known: Browser, registers: ScriptedRegisters
) -> None:
    other, pages = site.browser().sign_in(), []

    def meanwhile(_: Any) -> Match:
        pages.append(other.submit(f"/matters/{key}", {"decision": "agree"}))
        return Match(None)

    registers.people[PERSON] = meanwhile
    key = asked(site, known)
    decide(known, key)
    assert pages[0].headers["Refresh"].startswith("3;")
    assert len(registers.asked) == 1


def test_what_nobody_decides_in_time_has_expired(site: Site, known: Browser, registers: ScriptedRegisters) -> None:
    key = asked(site, known)
    site.later += LIFETIME
    known.submit(f"/matters/{key}", {"decision": "agree"})
    assert registers.asked == []
    assert answer_of(site, key)["result"] == "expired"


def test_an_answer_can_be_fetched_as_long_as_it_is_good(
    site: Site, known: Browser, registers: ScriptedRegisters
) -> None:
    registers.people[PERSON] = Match(None)
    key = asked(site, known)
    decide(known, key)
    site.later += RESULT_LIFETIME - 5
    assert fetch(site, key).status_code == 200
    site.later += 10
    assert problem(fetch(site, key)) == (404, "not-found")


def test_another_client_finds_nothing(site: Site, known: Browser) -> None:
    grant(site, "asking", "name_check")
    key = asked(site, known)
    assert problem(fetch(site, key, "asking")) == (404, "not-found")
    assert problem(fetch(site, "cck_none")) == (404, "not-found")
    grant(site, "app", "face_check")
    elsewhere = site.http.get(f"/capabilities/v1/face-checks/{key}", headers={"Authorization": basic("app")})
    assert problem(elsewhere) == (404, "not-found")


def test_another_person_finds_nothing(site: Site, known: Browser) -> None:
    key = asked(site, known)
    add_person(site.provider, "13812340002", "other_lamp")
    other = site.browser().sign_in("13812340002")
    assert other.get(f"/matters/{key}").status_code == 404
    assert other.submit(f"/matters/{key}", {"decision": "decline"}).status_code == 404
    assert site.browser().get(f"/matters/{key}").status_code == 303  # to sign in
    assert fetch(site, key).get_json()["state"] == "waiting"


def test_the_person_is_named_by_a_token_of_the_client_that_stands(site: Site, known: Browser) -> None:
    of_another = known.tokens("asking", scope="openid")["access_token"]
    of_nobody = site.token("machine", {"grant_type": "client_credentials"}).get_json()["access_token"]
    grant(site, "machine", "name_check")
    assert problem(ask(site, known, access_token=of_another)) == (403, "invalid-access-token")
    assert problem(ask(site, known, "machine", access_token=of_nobody)) == (403, "invalid-access-token")
    ended = known.tokens()["access_token"]
    known.submit("/signout", {"confirm": "yes"})
    assert problem(ask(site, known, access_token=ended)) == (403, "invalid-access-token")
    assert site.one("SELECT COUNT(*) FROM department_check") == 0


def test_nobody_is_found_by_what_is_publicly_known(site: Site, known: Browser) -> None:
    for member in ({"name": PERSON[0]}, {"number": PERSON[1]}, {"phone": PHONE}, {"user_name": NAME}):
        assert problem(ask(site, known, **member)) == (400, "invalid-request")


def test_who_was_never_verified_has_nothing_to_check(site: Site, signed_in: Browser) -> None:
    grant(site, "app", "name_check")
    assert problem(ask(site, signed_in)) == (409, "person-not-verified")
    assert site.one("SELECT COUNT(*) FROM capability_use") == 0


def test_the_quota_of_a_day_is_used_up(site: Site, known: Browser) -> None:
    token = known.tokens()["access_token"]
    for _ in range(3):
        asked(site, known, access_token=token)
    refused = ask(site, known, access_token=token)
    assert problem(refused) == (429, "quota-used-up")
    assert 0 < int(refused.headers["Retry-After"]) <= 86400
    assert site.one("SELECT COUNT(*) FROM department_check") == 3


def test_what_is_withdrawn_is_over_at_once_for_department_and_person(
    site: Site, known: Browser, registers: ScriptedRegisters
) -> None:
    registers.people[PERSON] = Match(None)
    open_one, done = asked(site, known), asked(site, known)
    decide(known, done)
    withdraw(site, "app", "name_check")
    assert problem(ask(site, known)) == (403, "capability-not-granted")
    assert problem(fetch(site, done)) == (403, "capability-not-granted")
    questions = len(registers.asked)
    page = known.submit(f"/matters/{open_one}", {"decision": "agree"})
    assert "may no longer ask" in page.text
    assert len(registers.asked) == questions


def test_every_way_of_client_authentication_is_good_and_no_other(site: Site, known: Browser) -> None:
    grant(site, "post", "name_check")
    body = {"access_token": known.tokens("post")["access_token"], "matter": MATTER, "nonce": NONCE}
    named = {"client_id": "post", "client_secret": SECRET}
    started = send(site, CHECKS, body | named, None)
    assert started.status_code == 201, started.text
    key = started.get_json()["id"]
    assert send(site, f"{CHECKS}/{key}", named, None).get_json()["state"] == "waiting"
    for wrong in (named | {"client_secret": "x" * 40}, {"client_id": "post"}, {"client_id": 7}, {}):
        refused = send(site, CHECKS, body | wrong, None)
        assert problem(refused) == (401, "client-authentication")
        assert refused.headers["WWW-Authenticate"].startswith("Basic ")


@pytest.mark.parametrize(
    "wrong",
    [
        {"matter": ""}, {"matter": None}, {"matter": "x" * 65}, {"matter": "11010519491231002X"}, {"matter": ["a"]},
        {"matter": "a b"}, {"nonce": "short"}, {"nonce": 12345678901234567}, {"nonce": None}, {"access_token": 1},
        {"access_token": "x" * 9000}, {"return_uri": "https://evil.example/"}, {"return_uri": "http://app.localhost:9.evil/"},
        {"return_uri": "http://app.localhost:9/a#b"}, {"return_uri": "javascript:alert(1)"}, {"return_uri": 1},
        {"purpose": "another"},
    ],
)  # fmt: skip
def test_a_question_is_whole_or_none(site: Site, known: Browser, wrong: dict[str, Any]) -> None:
    assert problem(ask(site, known, **wrong)) == (400, "invalid-request")
    assert site.one("SELECT COUNT(*) FROM department_check") == 0


@pytest.mark.parametrize("body", [b"", b"null", b"{", b'{"matter":1,"matter":2}', b"\xff"])
def test_garbage_is_a_problem_of_the_caller(site: Site, known: Browser, body: bytes) -> None:
    assert problem(send(site, CHECKS, body)) == (400, "invalid-request")


def test_the_person_goes_back_to_the_department_with_the_number_of_the_check(
    site: Site, known: Browser, registers: ScriptedRegisters
) -> None:
    registers.people[PERSON] = Match(None)
    home = CALLBACK.removesuffix("cb") + "done?matter=1"
    key = asked(site, known, return_uri=home)
    page = known.get(f"/matters/{key}")
    assert "form-action 'self' http://app.localhost:9" in page.headers["Content-Security-Policy"]
    assert decide(known, key) == f"{home}&check={key}"


def test_the_trail_and_the_meter_tell_of_it_without_matter_or_name(
    site: Site, known: Browser, registers: ScriptedRegisters
) -> None:
    registers.people[PERSON] = Match(None)
    key = asked(site, known)
    decide(known, key)
    fetch(site, key)
    with site.provider.database.autocommit() as tx:
        rows = tx.all(
            Statement[tuple[str, str | None, str]](
                "SELECT event, actor, detail FROM audit_event WHERE event LIKE 'client:check:%' ORDER BY at, seq"
            )
        )
        uses = dict(tx.all(Statement[tuple[str, int]]("SELECT result, count FROM capability_use")))
    assert [(event, actor) for event, actor, _ in rows] == [
        ("client:check:asked", None),
        ("client:check:answered", site.party()),
        ("client:check:released", None),
    ]
    assert not any(MATTER in detail or PERSON[0] in detail or NONCE in detail for _, _, detail in rows)
    assert uses == {"started": 1, "passed": 1}
    assert known.get("/account/activity").status_code == 200


def test_a_second_node_hears_of_a_withdrawal_within_a_second(site: Site, known: Browser) -> None:
    other = Site(create_app(settings_at(site.directory), ScriptedRegisters().ports))
    token = known.tokens()["access_token"]
    assert ask(other, known, access_token=token).status_code == 201
    withdraw(site, "app", "name_check")
    time.sleep(BOUND)
    assert problem(ask(other, known, access_token=token)) == (403, "capability-not-granted")
    other.close()
