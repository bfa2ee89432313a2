"""Attempts and messages are counted on the person, whatever the spelling, the route and the number of tries at once
(trust 2), and nobody learns from an answer who exists (trust 3)."""

import json
import re
import statistics
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from tests.trust.browser import Browser, Server, Wire, problem
from tests.trust.installation import MACHINE, Installation, Person, installation

pytestmark = pytest.mark.services
WRONG = "Not-The-Password-1"
LOCKED = "too many wrong passwords"
REFUSED = "not right"
STRICT = {
    "TONGBAN_LIMITS__SMS__PER_NUMBER_INTERVAL": "60",
    "TONGBAN_LIMITS__SMS__PER_NUMBER_DAILY": "10",
    "TONGBAN_LIMITS__SMS__PER_ADDRESS_HOURLY": "30",
    "TONGBAN_LIMITS__PASSWORD__PER_ADDRESS_FAILURES": "100",
    "TONGBAN_LIMITS__PASSWORD__ARGON2_TIME": "2",
    "TONGBAN_LIMITS__PASSWORD__ARGON2_MEMORY_KIB": "19456",
}
"""The limits of production, hashes at their real price included."""


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    with installation("postgresql", tmp_path_factory.mktemp("strict"), settings=STRICT, people=160) as made:
        yield made
        assert made.faults() == []


def spellings(mobile: str) -> list[str]:
    full_width = "".join(chr(ord(digit) + 0xFEE0) for digit in mobile)
    spaced = f"{mobile[:3]} {mobile[3:7]} {mobile[7:]}"
    return [mobile, f"+86{mobile}", f"86 {spaced}", full_width, f" 0086-{mobile[:3]}-{mobile[3:7]}-{mobile[7:]} "]


def evaluated(at: Installation, party: str) -> int:
    """How many wrong passwords of a person were compared with the hash."""
    events = ("person:password:refused", "person:password:locked")
    return sum(at.audited(party, event, reason="credentials_refused") for event in events)


def lock(at: Installation, wire: Wire, mobile: str) -> None:
    for _ in range(10):
        assert Browser(at, wire).try_password(mobile, WRONG).status_code == 422


def test_of_200_wrong_passwords_at_once_in_five_spellings_at_most_ten_are_evaluated(
    anywhere: Installation, wire: Wire
) -> None:
    person = anywhere.person()
    party = anywhere.party(Browser(anywhere, wire).sign_in(person).secret)
    spelled = spellings(person.mobile)
    first = Browser(anywhere, wire)
    first.token()

    def attempt(number: int) -> httpx.Response:
        return first.copy().try_password(spelled[number % 5], f"{WRONG}{number}", node=number % 2)

    with ThreadPoolExecutor(50) as pool:
        answers = list(pool.map(attempt, range(200)))
    assert {answer.status_code for answer in answers} <= {422, 503}
    assert all("retry-after" in answer.headers for answer in answers if answer.status_code == 503)
    assert 1 <= evaluated(anywhere, party) <= 10
    _lock_stands_and_a_code_lifts_it(anywhere, wire, party, person.mobile, person.password)


def _lock_stands_and_a_code_lifts_it(at: Installation, wire: Wire, party: str, mobile: str, password: str) -> None:
    for _ in range(10 - evaluated(at, party)):  # those the crowd did not get to
        Browser(at, wire).try_password(mobile, WRONG)
    assert evaluated(at, party) == 10
    for node in (0, 1):
        refused = Browser(at, wire).try_password(mobile, password, node=node)
        assert (refused.status_code, LOCKED in problem(refused)) == (422, True)
    assert evaluated(at, party) == 10
    assert at.await_message(mobile, "password_locked")
    assert Browser(at, wire).sign_in_by_code(mobile).status_code == 303
    assert at.audited(party, "person:password:unlocked") == 1
    assert Browser(at, wire).try_password(mobile, password).status_code == 303
    assert at.count_messages(mobile, "password_locked") == 1


def test_attempts_outlive_a_restart_and_a_lost_state_store(production: Installation, wire: Wire) -> None:
    person = production.person()
    for _ in range(5):
        Browser(production, wire).try_password(person.mobile, WRONG)
    production.restart_nodes()
    production.forget_state()
    for _ in range(5):
        assert REFUSED in problem(Browser(production, wire).try_password(person.mobile, WRONG, node=1))
    production.forget_state()
    production.restart_nodes()
    assert LOCKED in problem(Browser(production, wire).try_password(person.mobile, person.password))


def test_a_second_lock_is_longer_and_its_end_is_told(production: Installation, wire: Wire) -> None:
    person = production.person()
    party = production.party(Browser(production, wire).sign_in(person).secret)
    key = b"p:" + party.encode()
    lengths = []
    for _ in range(3):
        lock(production, wire, person.mobile)
        until = production.number("SELECT locked_until FROM attempt WHERE key = :key", key=key)
        lengths.append(until - time.time())
        told = production.await_message(person.mobile, "password_locked", after=len(lengths) - 1)
        local = time.strftime("%m-%d %H:%M", time.gmtime(until + 8 * 3600))
        assert told["params"]["time"] == local
        production.change("UPDATE attempt SET locked_until = :past WHERE key = :key", past=int(time.time()), key=key)
    assert [round(length / 60) for length in lengths] == [15, 60, 1440]


def test_wrong_current_passwords_lock_and_tell_like_those_at_sign_in(anywhere: Installation, wire: Wire) -> None:
    person = anywhere.person()
    browser = Browser(anywhere, wire).sign_in(person)
    party = anywhere.party(browser.secret)
    mistaken = Person(person.mobile, WRONG)
    for _ in range(10):
        assert browser.change_password(mistaken, "Cobalt9Orchard47").status_code == 422
    assert LOCKED in problem(browser.change_password(person, "Cobalt9Orchard47"))
    assert anywhere.await_message(person.mobile, "password_locked")
    assert evaluated(anywhere, party) == 10
    assert LOCKED in problem(Browser(anywhere, wire).try_password(person.mobile, person.password))


def test_the_locked_page_is_the_same_for_an_account_that_does_not_exist(production: Installation, wire: Wire) -> None:
    person, nobody = production.person(), production.new_mobile()
    pages = {mobile: [] for mobile in (person.mobile, nobody)}  # type: dict[str, list[tuple[int, str]]]
    for _ in range(12):
        for mobile, seen in pages.items():
            answer = Browser(production, wire).try_password(mobile, WRONG)
            seen.append((answer.status_code, _without_tokens(answer.text).replace(mobile, "NUMBER")))
    for known, unknown in zip(pages[person.mobile], pages[nobody], strict=True):
        assert known[0] == unknown[0]
        assert known[1].splitlines() == unknown[1].splitlines()
    states = [LOCKED in text for _, text in pages[nobody]]
    assert states == [False] * 10 + [True] * 2


def _without_tokens(page: str) -> str:
    page = re.sub(r'(csrf_token" value="|id="reference" translate="no">)[^"<]+', r"\1", page)
    return re.sub(r"(flw|smc)_[0-9a-z]{26}", r"\1", page)


def test_correct_sign_ins_are_never_limited(anywhere: Installation, wire: Wire) -> None:
    person = anywhere.person()
    for _ in range(9):
        Browser(anywhere, wire).try_password(person.mobile, WRONG)

    def sign_in(number: int) -> int:
        browser = Browser(anywhere, wire)
        for _ in range(50):
            answer = browser.try_password(person.mobile, person.password, node=number % 2)
            if answer.status_code != 503:  # the pool of hashes is full; everybody waits alike
                return answer.status_code
            time.sleep(0.1)
        return answer.status_code

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(sign_in, range(60))) == {303}


def test_known_and_unknown_run_the_same_statements(strict: Installation, wire: Wire) -> None:
    assert strict.worker is not None
    assert strict.postgres is not None
    strict.worker.stop()  # its own statements would stand between
    log = strict.directory / "postgres.log"
    mobiles = {"known": strict.person().mobile, "unknown": strict.new_mobile()}
    _log_statements(strict, "all")
    try:
        for mobile in (strict.new_mobile(), strict.new_mobile()):  # connections and audit chains are open then
            _attempts(strict, wire, mobile, log)
        known, unknown = (_attempts(strict, wire, mobile, log) for mobile in mobiles.values())
    finally:
        _log_statements(strict, "none")
        strict.worker.start()
    assert [len(statements) for statements in known] == [len(statements) for statements in unknown]
    assert known == unknown
    assert all(len(statements) > 5 for statements in known)


def _log_statements(at: Installation, what: str) -> None:
    import psycopg

    assert at.postgres is not None
    address = at.postgres.url.replace("postgresql+psycopg://tongban@", "postgresql://postgres@")
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute(f"ALTER SYSTEM SET log_statement = '{what}'")
        connection.execute("SELECT pg_reload_conf()")
    time.sleep(0.5)


def _attempts(at: Installation, wire: Wire, mobile: str, log: object) -> list[list[str]]:
    """The statements of: wrong passwords up to the lock and beyond it; asking for a code and wrong answers to it, to
    sign in and for a forgotten password."""
    seen = []
    for _ in range(11):
        browser = Browser(at, wire)
        browser.token()
        seen.append(_statements_of(at, lambda b=browser: b.try_password(mobile, WRONG)))
    for path in ("/signin/code", "/recover"):
        _age_messages(at, 61)
        seen += _answers(at, wire, path, mobile)
    return seen


def _answers(at: Installation, wire: Wire, path: str, mobile: str) -> list[list[str]]:
    browser = Browser(at, wire)
    browser.token()
    asked: list[httpx.Response] = []
    seen = [_statements_of(at, lambda: asked.append(browser.submit(path, {"identifier": mobile})))]
    assert asked[0].status_code == 303
    for _ in range(6):
        seen.append(_statements_of(at, lambda: browser.submit(asked[0].headers["location"], {"code": "000000"})))
    return seen


def _statements_of(at: Installation, act: object) -> list[str]:
    log = at.directory / "postgres.log"
    before = log.stat().st_size
    act()  # type: ignore[operator]
    time.sleep(0.05)
    lines = log.read_bytes()[before:].decode("utf-8", "replace").splitlines()
    found = (re.search(r"LOG: +(?:statement|execute [^:]+): (.*)", line) for line in lines)
    # nodes confirm their registries twice a second, whoever asks for what
    return [one[1] for one in found if one and "registry_version" not in one[1] and "DEALLOCATE" not in one[1]]


@pytest.mark.alone
def test_known_and_unknown_take_the_same_time(strict: Installation, wire: Wire) -> None:
    times: dict[bool, list[float]] = {True: [], False: []}
    for _ in range(4):
        mobiles = {True: strict.person().mobile, False: strict.new_mobile()}
        for _ in range(8):
            for known, mobile in mobiles.items():
                browser = Browser(strict, wire)
                browser.token()
                began = time.perf_counter()
                browser.try_password(mobile, WRONG)
                times[known].append(time.perf_counter() - began)
    quick = {known: statistics.mean(sorted(taken)[:8]) for known, taken in times.items()}
    assert 0.7 < quick[True] / quick[False] < 1.4, quick


def test_registering_and_asking_for_a_code_answer_alike_for_known_and_unknown_phones(
    production: Installation, wire: Wire
) -> None:
    seen: list[list[tuple[int, str]]] = []
    for mobile in (production.person().mobile, production.new_mobile()):
        pages: list[tuple[int, str]] = []
        for path, field in (("/register", "phone"), ("/signin/code", "identifier"), ("/recover", "identifier")):
            browser = Browser(production, wire)
            asked = browser.submit(path, {field: mobile})
            page = browser.get(asked.headers["location"])
            wrong = browser.submit(asked.headers["location"], {"code": "000000"})
            pages.append((asked.status_code, asked.headers["location"].split("=")[0]))
            pages += [(answer.status_code, _without_tokens(answer.text)) for answer in (page, wrong)]
        masked = f"{mobile[:3]}****{mobile[-4:]}"
        seen.append([(status, text.replace(masked, "MASKED")) for status, text in pages])
    assert seen[0] == seen[1]


@pytest.mark.alone
def test_a_flood_of_sign_ins_is_turned_away_and_does_not_hold_up_tokens(strict: Installation, wire: Wire) -> None:
    server = Server(strict, wire)
    first = Browser(strict, wire)
    first.token()
    stopping = threading.Event()
    states: list[int] = []

    def flood(number: int) -> None:
        while not stopping.is_set():
            mobile = f"137{number:04d}{len(states) % 10000:04d}"
            states.append(first.copy().try_password(mobile, WRONG, node=0).status_code)

    threads = [threading.Thread(target=flood, args=(number,)) for number in range(24)]
    for thread in threads:
        thread.start()
    taken = []
    for _ in range(40):
        began = time.perf_counter()
        assert server.client_credentials(MACHINE, node=0).status_code == 200
        taken.append(time.perf_counter() - began)
    stopping.set()
    for thread in threads:
        thread.join()
    assert set(states) <= {422, 503}
    assert statistics.median(taken) < 0.5, taken


def test_one_message_a_minute_and_ten_a_day_over_all_purposes(strict: Installation, wire: Wire) -> None:
    person = strict.person()
    assert _ask_sign_in(strict, wire, person.mobile).status_code == 303
    for ask in (_ask_sign_in, _ask_registration):
        refused = ask(strict, wire, person.mobile)
        assert (refused.status_code, "wait" in problem(refused)) == (422, True)
    for number in range(1, 10):
        _age_messages(strict, 61)
        ask = _ask_registration if number % 2 else _ask_sign_in
        assert ask(strict, wire, spellings(person.mobile)[number % 5]).status_code == 303
    _age_messages(strict, 61)
    for ask in (_ask_sign_in, _ask_registration):
        refused = ask(strict, wire, person.mobile)
        assert (refused.status_code, "today" in problem(refused)) == (422, True)
    _age_messages(strict, 86400)
    assert _ask_sign_in(strict, wire, person.mobile).status_code == 303


def test_a_number_that_nobody_has_is_limited_alike(strict: Installation, wire: Wire) -> None:
    nobody = strict.new_mobile()
    assert _ask_sign_in(strict, wire, nobody).status_code == 303
    assert "wait" in problem(_ask_sign_in(strict, wire, nobody))
    assert strict.messages(nobody) == []


def _ask_sign_in(at: Installation, wire: Wire, mobile: str) -> httpx.Response:
    return Browser(at, wire).ask_code(mobile)


def _ask_registration(at: Installation, wire: Wire, mobile: str) -> httpx.Response:
    return Browser(at, wire).submit("/register", {"phone": mobile})


def _age_messages(at: Installation, seconds: int) -> None:
    """As if that much time had gone by since the last messages."""
    for key, sent in at.rows("SELECT key, sent FROM send_budget"):
        older = json.dumps([moment - seconds for moment in json.loads(sent)])
        at.change("UPDATE send_budget SET sent = :sent WHERE key = :key", sent=older, key=key)


def test_an_address_may_cause_thirty_messages_an_hour(strict: Installation, wire: Wire) -> None:
    first = Browser(strict, wire)
    for _ in range(30):
        browser = Browser(strict, wire, address=first.address)
        assert browser.ask_code(strict.new_mobile()).status_code == 303
    refused = Browser(strict, wire, address=first.address).ask_code(strict.person().mobile)
    assert (refused.status_code, "network" in problem(refused)) == (422, True)
    assert Browser(strict, wire).ask_code(strict.person().mobile).status_code == 303
    Browser(strict, wire, address=first.address).sign_in(strict.person())


def test_an_address_may_fail_a_hundred_times_an_hour(strict: Installation, wire: Wire) -> None:
    address = Browser(strict, wire).address
    person = strict.person()
    for number in range(100):
        browser = Browser(strict, wire, address=address)
        assert REFUSED in problem(browser.try_password(strict.new_mobile(), WRONG, node=number % 2))
        if number % 20 == 0:
            Browser(strict, wire, address=address).sign_in(person)
    for node in (0, 1):
        refused = Browser(strict, wire, address=address).try_password(person.mobile, person.password, node=node)
        assert (refused.status_code, "Too many attempts" in problem(refused)) == (422, True)
    Browser(strict, wire).sign_in(person)
