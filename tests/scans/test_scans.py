"""Scans by themselves: codes, numbers, and each step once, on both databases."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from idp.accounts.actions import Active
from idp.accounts.rules import Mobile
from idp.audit import chains as chains_module
from idp.audit import init_audit
from idp.clients.actions import put
from idp.crypto.fields import BlindIndex
from idp.crypto.rings import parse_ring
from idp.crypto.tokens import digest
from idp.db import Database
from idp.scans import actions
from idp.scans.actions import Scans
from idp.scans.rules import ALPHABET, Kind, Made, Refusal, Scan, State, draw_code, draw_numbers, read_code, shown_code
from tests.console.test_storage import CIPHER, directory
from tests.oidc.devices import KIOSK
from tests.provider import SECRET, keys_of

NOW = 1_800_000_000
HOLDER = digest("what the screen holds")


@pytest.fixture(autouse=True)
def _written() -> Iterator[None]:
    init_audit(b"an audit key of thirty-two bytes", "node-1")
    yield
    chains_module._writer = None


@pytest.fixture
def scans() -> Scans:
    return Scans(CIPHER, BlindIndex(parse_ring([f"i1:{keys_of('i')}"], name="index")))


@pytest.fixture
def party(any_database: Database) -> str:
    mobile = Mobile.parse("13812340001")
    assert mobile is not None
    with any_database.transaction() as tx:
        put(tx, KIOSK, secret=SECRET, now=NOW)
        opened = directory().open_person(tx, mobile=mobile, user_name=None, now=NOW)
    assert isinstance(opened, Active)
    return opened.party_id


def made(database: Database, scans: Scans) -> Made:
    with database.transaction() as tx:
        return scans.make(tx, Kind.DEVICE, holder=HOLDER, facts={"scope": "openid"}, client_id="kiosk", now=NOW)


def scanned(database: Database, made: Made, party: str, session: str = "ses_1") -> Scan | Refusal:
    with database.transaction() as tx:
        found = actions.find(tx, made.id)
        assert found is not None
        return actions.scan(tx, found, party_id=party, session_id=session, now=NOW)


def test_a_code_is_read_as_people_type_it() -> None:
    code = draw_code()
    assert set(code) <= set(ALPHABET)
    for typed in (code, code.lower(), shown_code(code), f" {' '.join(code)} "):
        assert read_code(typed) == code
    for typed in ("", code[:-1], code + "B", code[:-1] + "A", code[:-1] + "8", "文" + code):
        assert read_code(typed) is None


def test_three_different_numbers_are_offered_and_one_of_them_is_right() -> None:
    for _ in range(50):
        number, numbers = draw_numbers()
        assert len(set(numbers)) == 3
        assert number in numbers
        assert all(10 <= int(one) <= 99 for one in numbers)


def test_it_is_found_by_its_code_and_tells_what_it_is_for(any_database: Database, scans: Scans, party: str) -> None:
    del party
    shown = made(any_database, scans)
    with any_database.autocommit() as tx:
        found = scans.by_code(tx, shown.code, now=NOW)
        assert found is not None
        assert scans.facts(found) == {"scope": "openid", "code": shown.code}
        assert scans.by_code(tx, shown.code, now=NOW + 300) is None
        assert actions.of_holder(tx, HOLDER, client_id="kiosk") == found
        assert actions.of_holder(tx, HOLDER, client_id="other") is None


def test_of_many_who_scan_at_once_one_has_it(any_database: Database, scans: Scans, party: str) -> None:
    shown = made(any_database, scans)
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda n: scanned(any_database, shown, party, f"ses_{n}"), range(8)))
    assert sorted(isinstance(one, Refusal) for one in found) == [False] + [True] * 7


def test_of_many_guesses_at_once_one_counts(any_database: Database, scans: Scans, party: str) -> None:
    """Three phones' worth of choices, sent together, would else find the right one."""
    shown = made(any_database, scans)
    found = scanned(any_database, shown, party)
    assert isinstance(found, Scan)

    def guess(number: str) -> Scan | Refusal:
        with any_database.transaction() as tx:
            return actions.match(tx, shown.id, number=number, party_id=party, session_id="ses_1", now=NOW)

    with ThreadPoolExecutor(3) as pool:
        outcomes = list(pool.map(guess, found.choices))
    assert outcomes.count(Refusal.OVER) == 2
    with any_database.autocommit() as tx:
        after = actions.find(tx, shown.id)
    assert after is not None
    assert after.state in (State.MATCHED, State.WRONG_NUMBER)


def test_of_many_who_consume_at_once_one_does(any_database: Database, scans: Scans, party: str) -> None:
    shown = made(any_database, scans)
    scanned(any_database, shown, party)
    who = {"party_id": party, "session_id": "ses_1", "now": NOW}
    with any_database.transaction() as tx:
        assert isinstance(actions.match(tx, shown.id, number=shown.number, **who), Scan)  # type: ignore[arg-type]
        assert actions.confirm(tx, shown.id, **who)  # type: ignore[arg-type]
        assert actions.confirm(tx, shown.id, **who) is None  # type: ignore[arg-type]
        assert not actions.deny(tx, shown.id, reason="late", **who)  # type: ignore[arg-type]
        assert actions.consume(tx, shown.id, holder=digest("another"), now=NOW) is None

    def consume(_: int) -> bool:
        with any_database.transaction() as tx:
            return actions.consume(tx, shown.id, holder=HOLDER, now=NOW + 359) is not None

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(consume, range(4))) == 1


def test_what_was_confirmed_waits_a_minute_beyond_its_time(any_database: Database, scans: Scans, party: str) -> None:
    shown = made(any_database, scans)
    scanned(any_database, shown, party)
    with any_database.transaction() as tx:
        actions.match(tx, shown.id, number=shown.number, party_id=party, session_id="ses_1", now=NOW)
        confirmed = actions.confirm(tx, shown.id, party_id=party, session_id="ses_1", now=NOW + 299)
        assert confirmed is not None
        assert not confirmed.over(NOW + 359)
        assert confirmed.over(NOW + 360)
        assert actions.consume(tx, shown.id, holder=HOLDER, now=NOW + 360) is None


def test_who_asks_too_soon_waits_longer_from_then_on(any_database: Database, scans: Scans, party: str) -> None:
    del party
    shown = made(any_database, scans)
    with any_database.transaction() as tx:
        asked = []
        for later in (0, 4, 7, 16, 24, 38):
            found = actions.find(tx, shown.id)
            assert found is not None
            asked.append(actions.poll(tx, found, now=NOW + later))
    assert asked == [True, True, False, True, False, True]


def test_what_is_old_is_thrown_away(any_database: Database, scans: Scans, party: str) -> None:
    shown = made(any_database, scans)
    scanned(any_database, shown, party)
    with any_database.transaction() as tx:
        actions.purge(tx, before=NOW + 300)
        assert actions.find(tx, shown.id) is not None
        actions.purge(tx, before=NOW + 301)
        assert actions.find(tx, shown.id) is None
