"""One old account, activated from many sides at the same moment: one account, one password, nothing left between."""

import time
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from idp.accounts.documents import check_character
from tests.trust.browser import Browser, Wire, problem
from tests.trust.conftest import ROUNDS
from tests.trust.installation import Installation
from tests.trust.racing import at_once

pytestmark = pytest.mark.services
AT_ONCE = 20
NAME = "王小明"
_PASS = (
    "UPDATE outside_check SET state = 'passed', sealed = NULL, vendor = 'vendor', vendor_transaction = id,"
    " digest = id, judged_at = :now, ended_at = :now WHERE id = :id"
)


def number(n: int) -> str:
    seventeen = f"440524{1950 + n // 300:04}{1 + n // 25 % 12:02}{1 + n % 25:02}001"
    return seventeen + check_character(seventeen)


def phone(n: int) -> str:
    return f"1367{n:07}"


def imported(at: Installation, directory: Path, rounds: int) -> None:
    """As many accounts as there are rounds."""
    lines = ["platform,old_id,kind,name,document_type,document_number,phone"]
    lines += [f"old,{n},person,{NAME},,{number(n)},{phone(n)}" for n in range(rounds)]
    file = directory / "old.csv"
    file.write_text("\n".join(lines) + "\n", "utf-8")
    at.run("legacy", "import", str(file))
    assert at.number("SELECT COUNT(*) FROM legacy_account WHERE state = 'imported'") == rounds


def to_details(browser: Browser, n: int) -> tuple[str, str]:
    """The address of the last step, and the versions of the agreements shown there."""
    at = browser.at
    begun = browser.submit("/activate", {"name": NAME, "kind": "id_number", "number": number(n)})
    assert begun.status_code == 303, problem(begun)
    check = urlsplit(begun.headers["location"]).path.removeprefix("/check/")
    at.change(_PASS, id=check, now=int(time.time()))
    back = at.rows("SELECT back FROM outside_check WHERE id = :id", id=check)[0][0]
    found = browser.get(f"{back}&check={check}").headers["location"]
    records = browser.get(found).text.partition('name="records" value="')[2].partition('"')[0]
    choice = browser.submit(found, {"records": records}).headers["location"]
    before = at.count_messages(phone(n), "activate_code")
    asked = browser.submit(choice, {"which": "0"}).headers["location"]
    code = browser.await_code(phone(n), "activate_code", after=before)
    details = browser.submit(asked, {"code": code}).headers["location"]
    assert urlsplit(details).path == "/activate/details"
    versions = browser.get(details).text.partition('name="agreement_versions" value="')[2].partition('"')[0]
    return details, versions


def test_of_activations_finished_at_the_same_moment_one_has_the_account(
    anywhere: Installation, wire: Wire, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    rounds = ROUNDS if "production" in request.node.callspec.id else min(ROUNDS, 20)  # SQLite has one writer anyway
    imported(anywhere, tmp_path, rounds)
    for n in range(rounds):
        first, second = Browser(anywhere, wire), Browser(anywhere, wire)
        journeys = [(one, *to_details(one, n)) for one in (first, second)]
        passwords = [f"Velvet{n}Anchor{m}Moss" for m in range(AT_ONCE)]
        browsers = [journeys[m % 4 == 3][0].copy() for m in range(AT_ONCE)]
        attempts = []
        for m, (browser, password) in enumerate(zip(browsers, passwords, strict=True)):
            _, address, versions = journeys[m % 4 == 3]
            form = {"password": password, "agreements": "yes", "agreement_versions": versions}
            attempts.append(partial(browser.submit, address, form, node=m % 2))
        answers = at_once(*attempts)
        statuses = [answer.status_code for answer in answers]
        assert statuses.count(303) == 1, statuses
        assert set(statuses) <= {303, 400, 409}, statuses
        won = statuses.index(303)
        for m in (won, (won + 1) % AT_ONCE, (won + 2) % AT_ONCE):
            signed_in = Browser(anywhere, wire).try_password(number(n), passwords[m]).status_code == 303
            assert signed_in == (m == won)
        holding = [m for m, browser in enumerate(browsers) if browser.secret]
        assert holding == [won]
        state = anywhere.rows(
            "SELECT l.state, l.party_id, p.status FROM legacy_account l JOIN party p ON p.id = l.party_id"
            " WHERE l.party_id = :party",
            party=anywhere.party(browsers[won].secret),
        )
        assert [(row[0], row[2]) for row in state] == [("active", "active")]
    for table, left in (("legacy_account WHERE state = 'active'", rounds), ("evidence WHERE kind = 'face'", rounds)):
        assert anywhere.number(f"SELECT COUNT(*) FROM {table}") == left
