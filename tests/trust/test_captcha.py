"""Digits are asked for before a text message and after failures from an address, and count once, over two processes,
both state stores and a lost one (trust 1 and 2)."""

import hashlib
import re
import threading
import tomllib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import cast

import httpx
import pytest

from idp.captcha.challenges import Challenges
from idp.crypto.fields import FieldCipher
from idp.crypto.rings import parse_ring
from idp.db import Database
from idp.state.opening import open_store
from tests.trust.browser import Browser, Wire, problem
from tests.trust.conftest import ROUNDS
from tests.trust.installation import Installation, Storage, installation

pytestmark = pytest.mark.services
ASKING = {"TONGBAN_LIMITS__CAPTCHA__BEFORE_SMS": "true", "TONGBAN_LIMITS__CAPTCHA__AFTER_FAILURES": "3"}
_SENT = "SELECT COUNT(*) FROM audit_event WHERE event = 'person:sms_code:sent' AND result = 'ok'"
WRONG = "Not-The-Password-1"


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def at(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    storage: Storage = request.param
    with installation(storage, tmp_path_factory.mktemp("captcha"), settings=ASKING, people=20) as made:
        yield made
        assert made.faults() == []


@pytest.fixture
def browser(at: Installation, wire: Wire) -> Browser:
    return Browser(at, wire)


def right(browser: Browser, page: httpx.Response) -> dict[str, str]:
    """The answer of somebody who reads the digits of ``page``, which only the installation's own keys can tell."""
    found = re.search(r'name="captcha_key" value="([^"]+)"', page.text)
    assert found, problem(page)
    env = browser.at.env
    keys = tomllib.loads(Path(env["TONGBAN_SECRETS__FILE"]).read_text("utf-8"))["field_keys"]
    store = open_store(env["TONGBAN_STATE__URL"], cast("Database", None), 1.0)
    challenges = Challenges(store, FieldCipher(parse_ring(keys, name="field_keys")), lifetime=300)
    challenge = challenges.find(found[1], browser=hashlib.sha256(browser.cookies["tb_browser"].encode()).digest())
    store.close()
    assert challenge is not None
    return {"captcha_key": found[1], "captcha": challenge.digits}


def asks(page: httpx.Response) -> bool:
    return "captcha_key" in page.text


def test_of_answers_at_once_on_two_nodes_one_sends(at: Installation, browser: Browser) -> None:
    before, mobile = at.number(_SENT), ""
    for _ in range(ROUNDS):
        mobile = at.new_mobile()
        form = {"phone": mobile} | right(browser, browser.get("/register"))
        browser.token()
        barrier = threading.Barrier(6)

        def answer(number: int, form: dict[str, str] = form, barrier: threading.Barrier = barrier) -> int:
            twin = browser.copy()
            barrier.wait()
            return twin.submit("/register", form, node=number % 2).status_code

        with ThreadPoolExecutor(6) as pool:
            assert sorted(pool.map(answer, range(6))) == [303] + [422] * 5
    assert at.number(_SENT) == before + ROUNDS
    assert at.await_message(mobile, "register_code")


def test_without_digits_no_message_is_sent_nor_even_counted(at: Installation, browser: Browser) -> None:
    rows = at.number("SELECT COUNT(*) FROM outbox") + at.number("SELECT COUNT(*) FROM send_budget")
    for path, field in (("/register", "phone"), ("/signin/code", "identifier")):
        page = browser.submit(path, {field: at.person().mobile})
        assert (page.status_code, asks(page)) == (422, True)
    assert at.number("SELECT COUNT(*) FROM outbox") + at.number("SELECT COUNT(*) FROM send_budget") == rows


def test_a_lost_state_store_revives_no_digits(at: Installation, browser: Browser) -> None:
    form = {"phone": at.new_mobile()} | right(browser, browser.get("/register"))
    at.forget_state()
    refused = browser.submit("/register", form)
    assert (refused.status_code, asks(refused)) == (422, True)
    form |= right(browser, refused)
    assert browser.submit("/register", form, node=1).status_code == 303


def test_failures_on_either_node_are_failures_of_the_address(at: Installation, wire: Wire) -> None:
    person, first = at.person(), Browser(at, wire)
    for number, mobile in enumerate((person.mobile, at.new_mobile(), at.new_mobile())):
        page = Browser(at, wire, address=first.address).try_password(mobile, WRONG, node=number % 2)
        assert (page.status_code, asks(page)) == (422, number == 2)
    failed = at.number("SELECT COUNT(*) FROM audit_event WHERE event = 'person:password:refused'")
    for node in (0, 1):
        page = Browser(at, wire, address=first.address).try_password(person.mobile, person.password, node=node)
        assert (page.status_code, asks(page)) == (422, True)
    assert at.number("SELECT COUNT(*) FROM audit_event WHERE event = 'person:password:refused'") == failed
    form = {"identifier": person.mobile, "password": person.password} | right(first, first.get("/signin"))
    assert first.submit("/signin", form, node=1).status_code == 303
    assert not asks(Browser(at, wire).get("/signin")), "another address"
