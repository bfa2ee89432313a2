"""A clerk's system records a person the clerk has seen, for the account whose one-time number the person shows."""

import hashlib
import re
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from click.testing import CliRunner
from werkzeug.test import TestResponse

from idp.capabilities import counter
from idp.cli import cli
from idp.proofing.actions import add_evidence, ial
from tests.capabilities.asking import grant, problem, send, withdraw
from tests.provider import Browser, Site, add_person, claims_of
from tests.signin.factors import prove_two

PATH = "/counter/v1/proofings"
PERSON = "13812340002"
SEEN: dict[str, Any] = {
    "name": "欧阳清岚",
    "document": {"type": "resident_id", "number": "11010519491231002X", "valid_to": "2040-01-01"},
    "means": "chip_read",
    "reference": "CK-0417",
}
_SHOWN = re.compile(r'id="counter-number"[^>]*>(\d{5}) (\d{5})<')


@pytest.fixture
def clerk(site: Site, signed_in: Browser) -> Browser:
    """A clerk of ``app``, known and signed in with two factors; ``app`` may record proofs."""
    grant(site, "app", "counter_proofing")
    with site.provider.database.transaction() as tx:
        add_evidence(tx, site.party(), kind="name_number", level=2, source="test", expires_at=None, now=site.now())
    prove_two(signed_in)
    enlist(site, signed_in)
    return signed_in


@pytest.fixture
def person(site: Site) -> Browser:
    add_person(site.provider, PERSON, "other_lamp")
    return site.browser().sign_in(PERSON)


def enlist(site: Site, browser: Browser, client_id: str = "app") -> None:
    client = site.provider.registry.get(client_id)
    assert client is not None
    sub = claims_of(browser.tokens(client_id, scope="openid")["id_token"])["sub"]
    with site.provider.database.transaction() as tx:
        assert counter.add_clerk(tx, client, sub, now=site.now())


def shown(browser: Browser) -> str:
    page = browser.submit("/account/counter", {})
    found = _SHOWN.search(page.text)
    assert found, page.text
    return found[1] + found[2]


def say(site: Site, clerk: Browser, number: Any, client_id: str = "app", **changes: Any) -> TestResponse:
    token = changes.get("access_token") or clerk.tokens(client_id, scope="openid")["access_token"]
    body = {"access_token": token, "number": number} | SEEN | changes
    return send(site, PATH, body, client_id)


def level(site: Site, phone: str = PERSON) -> int:
    with site.provider.database.autocommit() as tx:
        return ial(tx, site.party(phone), now=site.now())


def test_the_account_that_shows_the_number_is_the_persons_own_from_then_on(
    site: Site, clerk: Browser, person: Browser
) -> None:
    answer = say(site, clerk, shown(person))
    assert answer.status_code == 201, answer.text
    assert answer.get_json()["level"] == level(site) == 3
    assert site.outbox()[-1]["template"] == "counter_proofed"
    assert site.one("SELECT actor FROM audit_event WHERE event = 'client:counter:proofed'") == site.party()
    assert site.one("SELECT subject FROM audit_event WHERE event = 'client:counter:proofed'") == site.party(PERSON)
    assert "counter" in person.get("/account/identity").text
    with site.provider.database.autocommit() as tx:
        known = site.provider.directory.person(tx, site.party(PERSON)).identity
    assert known is not None
    assert (known.name.value, known.document.value) == ("欧阳清岚", "11010519491231002X")


def test_a_number_is_good_once_and_the_newest_alone(site: Site, clerk: Browser, person: Browser) -> None:
    old = shown(person)
    number = shown(person)
    assert problem(say(site, clerk, old)) == (409, "number-not-good")
    assert say(site, clerk, number).status_code == 201
    assert problem(say(site, clerk, number, reference="CK-2")) == (409, "number-not-good")
    late = shown(person)
    site.later += 600
    assert problem(say(site, clerk, late, reference="CK-3")) == (409, "number-not-good")


def test_of_parallel_uses_of_a_number_one_is_recorded(site: Site, clerk: Browser, person: Browser) -> None:
    number, token = shown(person), clerk.tokens()["access_token"]

    def use(place: int) -> int:
        body = {"access_token": token, "number": number} | SEEN | {"reference": f"CK-{place}"}
        return send(site, PATH, body).status_code

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(use, range(4))) == [201, 409, 409, 409]
    assert site.one("SELECT COUNT(*) FROM evidence WHERE kind = 'counter'") == 1


def test_wrong_numbers_are_counted_and_lock_the_clerk(site: Site, clerk: Browser, person: Browser) -> None:
    number = shown(person)
    wrong = f"{(int(number) + 1) % 10**10:010}"
    for _ in range(5):
        assert problem(say(site, clerk, wrong)) == (409, "number-not-good")
    locked = say(site, clerk, number)
    assert problem(locked) == (429, "too-many-wrong-numbers")
    assert 0 < int(locked.headers["Retry-After"]) <= 900
    assert level(site) == 1


def test_nobody_records_a_proof_without_being_a_clerk_with_two_factors(
    site: Site, clerk: Browser, person: Browser
) -> None:
    number = shown(person)
    assert problem(say(site, person, number)) == (403, "clerk-not-entitled")  # no clerk
    one_factor = site.browser().sign_in()
    assert problem(say(site, one_factor, number)) == (403, "clerk-not-entitled")
    grant(site, "asking", "counter_proofing")
    assert problem(say(site, clerk, number, "asking", access_token="x.y.z")) == (403, "clerk-not-entitled")
    of_another = clerk.tokens()["access_token"]  # a clerk's, but of another client
    enlist(site, clerk, "asking")
    assert problem(say(site, clerk, number, "asking", access_token=of_another)) == (403, "clerk-not-entitled")
    withdraw(site, "app", "counter_proofing")
    assert problem(say(site, clerk, number)) == (403, "capability-not-granted")
    assert level(site) == 1


@pytest.mark.parametrize(
    "spoiled",
    [
        "UPDATE authorization_grant SET offline = 1",
        "UPDATE authorization_grant SET auth_time = auth_time - 43300",
        "UPDATE session SET last_seen_at = last_seen_at - 1000",
    ],
)
def test_a_clerk_has_signed_in_today_and_is_still_there(
    site: Site, clerk: Browser, person: Browser, spoiled: str
) -> None:
    number, token = shown(person), clerk.tokens()["access_token"]
    site.execute(spoiled)
    assert problem(say(site, clerk, number, access_token=token)) == (403, "clerk-not-entitled")
    assert level(site) == 1


def test_recording_is_activity_of_the_clerks_session(site: Site, clerk: Browser, person: Browser) -> None:
    number, token = shown(person), clerk.tokens()["access_token"]
    site.execute("UPDATE session SET last_seen_at = last_seen_at - 800")
    assert say(site, clerk, number, access_token=token).status_code == 201
    ends = site.one("SELECT MAX(last_seen_at) FROM session WHERE party_id = :party", party=site.party())
    assert ends >= site.now() - 5


def test_a_clerk_below_the_level_and_one_removed_record_nothing(site: Site, clerk: Browser, person: Browser) -> None:
    number, client = shown(person), site.provider.registry.get("app")
    assert client is not None
    sub = claims_of(clerk.tokens()["id_token"])["sub"]
    with site.provider.database.transaction() as tx:
        assert counter.clerks(tx, client) == [sub]
        assert counter.remove_clerk(tx, client, sub, now=site.now())
    assert problem(say(site, clerk, number)) == (403, "clerk-not-entitled")
    enlist(site, clerk)
    site.execute("UPDATE evidence SET ended_at = 1")
    assert problem(say(site, clerk, number)) == (403, "clerk-not-entitled")
    assert level(site) == 1


def test_a_clerk_proves_nobody_but_others(site: Site, clerk: Browser) -> None:
    assert problem(say(site, clerk, shown(clerk))) == (409, "number-not-good")
    assert site.one("SELECT COUNT(*) FROM counter_proofing") == 0


def test_what_was_verified_is_edited_by_no_clerk(site: Site, clerk: Browser, person: Browser) -> None:
    assert say(site, clerk, shown(person)).status_code == 201
    other_name = say(site, clerk, shown(person), name="欧阳清澜", reference="CK-2")
    assert problem(other_name) == (409, "identity-conflict")
    passport = {"type": "passport", "number": "E12345678", "valid_to": None}
    assert problem(say(site, clerk, shown(person), document=passport, reference="CK-3")) == (409, "identity-conflict")
    assert site.one("SELECT COUNT(*) FROM identity_document") == 1
    assert site.one("SELECT COUNT(*) FROM counter_proofing") == 1


def test_a_document_of_another_account_proves_no_second_one(site: Site, clerk: Browser, person: Browser) -> None:
    assert say(site, clerk, shown(person)).status_code == 201
    add_person(site.provider, "13812340003", "third_lamp")
    third = site.browser().sign_in("13812340003")
    assert problem(say(site, clerk, shown(third), reference="CK-2")) == (409, "identity-conflict")
    assert level(site, "13812340003") == 1


def test_a_reference_is_good_once(site: Site, clerk: Browser, person: Browser) -> None:
    assert say(site, clerk, shown(person)).status_code == 201
    number = shown(person)
    assert problem(say(site, clerk, number)) == (409, "reference-used")
    assert say(site, clerk, number, reference="CK-0418").status_code == 201  # the number was not spent on it
    kept = site.one("SELECT reference FROM counter_proofing ORDER BY created_at, reference LIMIT 1")
    assert bytes(kept) in [hashlib.sha256(f"app\n{name}".encode()).digest() for name in ("CK-0417", "CK-0418")]


def test_a_document_past_its_last_day_proves_nothing(site: Site, clerk: Browser, person: Browser) -> None:
    ended = SEEN["document"] | {"valid_to": "2020-01-01"}
    assert problem(say(site, clerk, shown(person), document=ended)) == (409, "document-expired")
    assert level(site) == 1


@pytest.mark.parametrize("end", [None, "9999-12-31", "9999-01-01"])
def test_a_document_without_end_proves_without_end(site: Site, clerk: Browser, person: Browser, end: str) -> None:
    assert say(site, clerk, shown(person), document=SEEN["document"] | {"valid_to": end}).status_code == 201
    assert site.one("SELECT COUNT(*) FROM evidence WHERE kind = 'counter' AND expires_at IS NULL") == 1


@pytest.mark.parametrize(
    "wrong",
    [
        {"number": "123"}, {"number": 1234567890}, {"name": "x1"}, {"name": None}, {"means": "told"},
        {"reference": "a b"}, {"reference": "a110105491231002"},
        {"reference": "11010519491231002X"}, {"reference": "CK-11010519491231002X.2"},
        {"phone": "13812340002"}, {"document": {"type": "resident_id"}},
        {"document": SEEN["document"] | {"number": "110105194912310021"}}, {"document": "x"},
        {"document": SEEN["document"] | {"type": "library_card"}},
        {"document": SEEN["document"] | {"valid_to": "soon"}},
        {"document": SEEN["document"] | {"valid_to": 20400101}}, {"document": SEEN["document"] | {"issuer": "x"}},
    ],
)  # fmt: skip
def test_a_report_is_whole_or_none(site: Site, clerk: Browser, person: Browser, wrong: dict[str, Any]) -> None:
    number = shown(person)
    assert problem(say(site, clerk, **{"number": number} | wrong)) == (400, "invalid-request")
    assert site.one("SELECT COUNT(*) FROM counter_number") == 1  # nothing was spent


def test_neither_the_number_nor_the_reference_stands_anywhere_in_clear(
    site: Site, clerk: Browser, person: Browser
) -> None:
    number = shown(person)
    waiting = b"".join(file.read_bytes() for file in site.directory.glob("idp.db*"))
    assert number.encode() not in waiting
    assert say(site, clerk, number).status_code == 201
    kept = b"".join(file.read_bytes() for file in site.directory.glob("idp.db*"))
    assert not any(text in kept for text in (number.encode(), b"CK-0417", b"11010519491231002X"))


def test_the_command_names_clerks_by_sub(site: Site, person: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("idp.cli.context.Context.database", lambda _self: site.provider.database)
    sub = claims_of(person.tokens()["id_token"])["sub"]

    def run(*words: str) -> tuple[int, str]:
        done = CliRunner().invoke(cli, ["client", "clerk", *words])
        return done.exit_code, done.output

    assert run("add", "app", "pw_nobody")[0] == 1
    assert run("add", "app", sub)[0] == 0
    assert run("list", "app") == (0, f"{sub}\n")
    assert run("remove", "app", sub)[0] == 0
    assert run("remove", "app", sub)[0] == 1
    assert run("list", "app") == (0, "")
