"""One account, or one document, from several sides at the same moment: one outcome, and nothing left between."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import partial

import httpx
import pytest

from tests.trust.browser import Browser, Wire
from tests.trust.conftest import ROUNDS
from tests.trust.installation import ROOT, Installation
from tests.trust.racing import at_once

pytestmark = pytest.mark.services
_PASSWORD = "Cobalt9Orchard47"
_CODES = re.compile(r"[0-9A-HJKMNP-TV-Z]{4}(?:-[0-9A-HJKMNP-TV-Z]{4}){3}")
_NUMBER = "119999199001019009"
"""The sandbox's register says yes to whoever names it."""
_CLOSER = """
import sys
from idp.app import provider_of
from idp.cli.context import Context
from idp.selfservice.actions import close_due
context = Context(None)
provider = provider_of(context.app)
print("ready", flush=True)
for _ in iter(lambda: sys.stdin.readline(), ""):
    close_due(provider.database, provider.closings, now=context.now)
    print("looked", flush=True)
"""


class Closer:
    """A process that looks, as a worker does, for accounts whose time to think is over: whenever it is asked."""

    def __init__(self, at: Installation) -> None:
        self._at = at
        self._process = subprocess.Popen(
            [sys.executable, "-c", _CLOSER],
            env=os.environ | at.env,
            cwd=ROOT,
            text=True,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        self._said("ready")

    def _said(self, end: str) -> str:
        """What it logs up to the line that says it is done."""
        assert self._process.stdout is not None
        return "".join(iter(self._process.stdout.readline, f"{end}\n"))

    def due(self, party: str) -> None:
        sql = "INSERT INTO account_closing (party_id, asked_at, closes_at, locale) VALUES (:party, 1, 2, 'zh')"
        self._at.change(sql, party=party)

    def look(self) -> httpx.Response:
        """Closes what is due."""
        assert self._process.stdin is not None
        self._process.stdin.write("look\n")
        self._process.stdin.flush()
        said = self._said("looked")
        return httpx.Response(500 if "account_not_closed" in said else 200, text=said)

    def stop(self) -> None:
        self._process.communicate(timeout=10)


@pytest.fixture
def closer(anywhere: Installation) -> Iterator[Closer]:
    made = Closer(anywhere)
    yield made
    made.stop()


def _opened(at: Installation, wire: Wire) -> tuple[Browser, str]:
    """Somebody who has just registered, signed in by their password, and their number."""
    mobile = at.new_mobile()
    assert Browser(at, wire).register(mobile, _PASSWORD).status_code == 303
    browser = Browser(at, wire)
    assert browser.try_password(mobile, _PASSWORD).status_code == 303
    return browser, mobile


def _forget_document(at: Installation) -> None:
    """As if nobody had ever proved who they are, or failed to."""
    for table in ("identity_document", "evidence", "attempt WHERE kind = 'name_check'"):
        at.change(f"DELETE FROM {table}")
    at.change("DELETE FROM party_identifier WHERE kind NOT IN ('mobile', 'user_name')")


def test_of_accounts_that_prove_one_document_at_the_same_moment_one_has_it(
    anywhere: Installation, wire: Wire
) -> None:
    rivals = [Browser(anywhere, wire).sign_in(anywhere.person()) for _ in range(4)]
    for rival in rivals:
        rival.token("/identity/name")
    _forget_document(anywhere)
    proof = {"name": "沙箱", "kind": "id_number", "number": _NUMBER}
    for _ in range(ROUNDS):
        answers = at_once(
            *[partial(rival.submit, "/identity/name", proof, node=n % 2) for n, rival in enumerate(rivals)]
        )
        assert sorted(answer.status_code for answer in answers) == [303, 422, 422, 422]
        winner = anywhere.party(rivals[[answer.status_code for answer in answers].index(303)].secret)
        for table in ("identity_document", "evidence", "party_identifier"):
            where = "kind NOT IN ('mobile', 'user_name')" if table == "party_identifier" else "ended_at IS NULL"
            found = [row[0] for row in anywhere.rows(f"SELECT party_id FROM {table} WHERE {where}")]
            assert found == [winner], table
        _forget_document(anywhere)


def test_of_a_name_check_and_the_closing_of_its_account_nothing_is_left(
    anywhere: Installation, wire: Wire, closer: Closer
) -> None:
    proof = {"name": "沙箱", "kind": "id_number", "number": _NUMBER}
    for number in range(min(ROUNDS, 40)):
        browser = Browser(anywhere, wire).sign_in(anywhere.person())
        browser.token("/identity/name")
        party = anywhere.party(browser.secret)
        closer.due(party)
        at_once(partial(browser.submit, "/identity/name", proof, node=number % 2), closer.look)
        _nothing_left(anywhere, party)


def test_of_a_change_of_phone_and_the_closing_of_either_account_nothing_is_left(
    anywhere: Installation, wire: Wire, closer: Closer
) -> None:
    for number in range(min(ROUNDS, 40)):
        owner, mobile = _opened(anywhere, wire)
        taker, _ = _opened(anywhere, wire)
        parties = [anywhere.party(browser.secret) for browser in (owner, taker)]
        anywhere.change(
            "INSERT INTO evidence (id, party_id, kind, level, source, proved_at)"
            " SELECT 'evd_' || id, id, 'name_number', 2, 'x', 1 FROM party WHERE id = :party",
            party=parties[0],
        )
        page = _asked_to_take(taker, mobile, node=number % 2)
        closing = parties[number // 2 % 2]
        closer.due(closing)
        taken, _ = at_once(partial(taker.submit, page, {"confirm": "yes"}, node=number % 2), closer.look)
        _nothing_left(anywhere, closing)
        held = anywhere.number("SELECT COUNT(*) FROM party_identifier WHERE party_id = :party", party=parties[1])
        assert held == (0 if closing == parties[1] else 1)
        assert taken.status_code < 500


def _nothing_left(at: Installation, party: str) -> None:
    assert at.rows("SELECT status FROM party WHERE id = :party", party=party)[0][0] == "closed"
    for sql in (
        "SELECT COUNT(*) FROM party_identifier WHERE party_id = :party",
        "SELECT COUNT(*) FROM evidence WHERE party_id = :party AND ended_at IS NULL",
        "SELECT COUNT(*) FROM session WHERE party_id = :party AND ended_at IS NULL",
        "SELECT COUNT(*) FROM account_closing WHERE party_id = :party",
    ):
        assert at.number(sql, party=party) == 0, sql


def _asked_to_take(browser: Browser, mobile: str, *, node: int) -> str:
    """The last page of a change to a number that another account has."""
    browser.token("/account/phone", node=node)
    before = browser.at.count_messages(mobile, "bind_code")
    asked = browser.submit("/account/phone", {"phone": mobile}, node=node)
    code = browser.await_code(mobile, "bind_code", after=before)
    address = str(browser.submit(asked.headers["location"], {"code": code}, node=node).headers["location"])
    assert address.startswith("/account/phone/confirm"), address
    return address


def test_of_recovery_codes_made_twice_at_the_same_moment_one_set_is_good(anywhere: Installation, wire: Wire) -> None:
    browser, mobile = _opened(anywhere, wire)
    party = anywhere.party(browser.secret)
    for number in range(ROUNDS):
        if number % 20 == 0:
            browser = Browser(anywhere, wire)
            assert browser.try_password(mobile, _PASSWORD).status_code == 303
            _confirmed(browser, mobile)
        windows = [browser.copy() for _ in range(4)]
        answers = at_once(
            *[partial(w.submit, "/account/methods/codes", {"make": "yes"}, node=n % 2) for n, w in enumerate(windows)]
        )
        sets = [_CODES.findall(answer.text) for answer in answers]
        assert [len(made) for made in sets] == [10] * 4
        unused = "SELECT COUNT(*) FROM recovery_code WHERE party_id = :party AND used_at IS NULL"
        assert anywhere.number(unused, party=party) == 10
        if number % 20 == 19 or number == ROUNDS - 1:
            good = [_confirms(anywhere, wire, mobile, made[0]) for made in sets]
            assert sorted(good) == [False, False, False, True]


def _confirmed(browser: Browser, mobile: str) -> None:
    before = browser.at.count_messages(mobile, "confirm_code")
    browser.token()
    sent = browser.submit("/signin/confirm?by=sms", {"send": "yes"})
    code = browser.await_code(mobile, "confirm_code", after=before)
    assert browser.submit(sent.headers["location"], {"code": code}).status_code == 303
    browser.token()


def _confirms(at: Installation, wire: Wire, mobile: str, code: str) -> bool:
    browser = Browser(at, wire)
    assert browser.try_password(mobile, _PASSWORD).status_code == 303
    browser.token()
    answer = browser.submit("/signin/confirm?by=recovery_code", {"recovery_code": code})
    return answer.status_code == 303
