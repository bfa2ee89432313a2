"""Fetching revocation lists: over HTTP from a server that says what a test wants, by one worker or two."""

import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from idp.db import Database, Statement
from idp.issuers import actions
from idp.issuers.refreshing import Refreshing
from idp.issuers.rules import SOON, HeldList, ListFault, ListState, Source
from idp.issuers.status import ListStatus, statuses
from idp.messages.outbound import GuardedClient
from idp.settings.certificates import Certificates
from tests.issuers.making import DAY, NOW, SM2, House, a_house

DUE = Statement("SELECT due_at FROM revocation_source", int)
TRAIL = Statement[tuple[str, str | None]](
    "SELECT event, reason FROM audit_event WHERE event LIKE 'issuer:%' ORDER BY seq"
)
SETTINGS = Certificates(crl_refresh=3600, crl_bytes=100_000, crl_timeout=5.0)


@dataclass
class Said:
    body: bytes = b""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    delay: float = 0


class Place:
    """A web server on loopback that answers every path with ``said``."""

    def __init__(self) -> None:
        self.said = Said()
        self.asked: list[str | None] = []
        """What each request named in If-None-Match."""
        place = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                place.asked.append(self.headers.get("If-None-Match"))
                said = place.said
                time.sleep(said.delay)
                same = said.headers.get("ETag") in (self.headers.get("If-None-Match"), None)
                unchanged = same and "ETag" in said.headers
                self.send_response(304 if unchanged else said.status)
                for name, value in said.headers.items():
                    self.send_header(name, value)
                body = b"" if unchanged else said.body
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:
                """Silence: pytest shows what failed."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/ca.crl"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@pytest.fixture
def place() -> Iterator[Place]:
    made = Place()
    yield made
    made.close()


def refreshing(database: Database, allow: tuple[str, ...] = ("127.0.0.0/8",)) -> Refreshing:
    client = GuardedClient(allow=allow, timeout=SETTINGS.crl_timeout, max_bytes=SETTINGS.crl_bytes, plain=True)
    return Refreshing(database, client, SM2, SETTINGS, jitter=lambda: 0.0)


def fetch(database: Database, now: int = NOW, **options: tuple[str, ...]) -> tuple[Source, HeldList | None]:
    refreshing(database, **options).run_due(now)
    with database.autocommit() as tx:
        (source,) = actions.sources(tx)
        found = actions.held_lists(tx)
    return source, found[0] if found else None


def due(database: Database) -> int:
    with database.autocommit() as tx:
        return (tx.one(DUE) or 0) - NOW


def status(database: Database, now: int = NOW) -> ListStatus:
    with database.autocommit() as tx:
        (found,) = statuses(tx, SETTINGS, now=now)
    return found


def trail(database: Database) -> list[tuple[str, str | None]]:
    with database.autocommit() as tx:
        return [(event.rpartition(":")[2], reason) for event, reason in tx.all(TRAIL)]


def test_a_list_is_fetched_and_asked_for_again_in_time(any_database: Database, house: House, place: Place) -> None:
    house.add(any_database, crl_urls=(place.url,))
    assert status(any_database).state is ListState.MISSING
    place.said = Said(house.issuing.crl(revoked=2))
    source, held = fetch(any_database)
    assert held is not None
    assert (held.entries, source.list_id, source.fault, source.checked_at) == (2, held.id, None, NOW)
    assert due(any_database) == 3600
    fetch(any_database, NOW + 3599)
    assert len(place.asked) == 1
    fetch(any_database, NOW + 3600)
    assert len(place.asked) == 2
    assert trail(any_database) == [("taken", None)]  # the same list again is nothing new
    assert status(any_database, NOW + DAY).state is ListState.FRESH
    assert status(any_database, NOW + DAY + 1).state is ListState.STALE


def test_a_list_that_ends_soon_is_asked_for_before(database: Database, house: House, place: Place) -> None:
    house.add(database, crl_urls=(place.url,))
    place.said = Said(house.issuing.crl(next_update=NOW + 1000))
    fetch(database)
    assert due(database) == 400


def test_a_list_that_did_not_change_is_not_sent_again(any_database: Database, house: House, place: Place) -> None:
    house.add(any_database, crl_urls=(place.url,))
    place.said = Said(house.issuing.crl(1), headers={"ETag": '"v1"'})
    fetch(any_database)
    source, held = fetch(any_database, NOW + 3600)
    assert place.asked == [None, '"v1"']
    assert held is not None
    assert (source.fault, source.checked_at, source.etag) == (None, NOW + 3600, '"v1"')
    place.said = Said(house.issuing.crl(2, this_update=NOW), headers={"ETag": '"v2"'})
    _, held = fetch(any_database, NOW + 7200)
    assert held is not None
    assert held.this_update == NOW


FAULTS = {
    "not there": (Said(b"no", 404), ListFault.STATUS),
    "moved": (Said(b"", 302, {"Location": "http://127.0.0.1/other.crl"}), ListFault.UNREACHABLE),
    "too large": (Said(b"0" * 100_001), ListFault.TOO_LARGE),
    "a web page": (Said(b"<html></html>"), ListFault.MALFORMED),
}


@pytest.mark.parametrize("case", FAULTS)
def test_an_address_that_gives_no_list_leaves_the_one_held(
    any_database: Database, house: House, place: Place, case: str
) -> None:
    said, fault = FAULTS[case]
    house.add(any_database, crl_urls=(place.url,))
    place.said = Said(house.issuing.crl())
    _, before = fetch(any_database)
    place.said = said
    source, after = fetch(any_database, NOW + 3600)
    assert (source.fault, source.failures, after) == (fault, 1, before)
    assert due(any_database) == 3600 + SOON
    source, _ = fetch(any_database, NOW + 3600 + SOON)
    assert source.failures == 2
    assert trail(any_database) == [("taken", None), ("refused", fault.value)]  # once for as long as it goes on
    place.said = Said(house.issuing.crl(2, this_update=NOW))
    source, _ = fetch(any_database, NOW + 7200)
    assert (source.fault, source.failures) == (None, 0)


def test_a_forged_list_leaves_the_one_held_and_shows(any_database: Database, house: House, place: Place) -> None:
    house.add(any_database, crl_urls=(place.url,))
    place.said = Said(house.issuing.crl())
    _, before = fetch(any_database)
    place.said = Said(a_house("Example").issuing.crl(9, this_update=NOW))
    source, after = fetch(any_database, NOW + 3600)
    assert (source.fault, after) == (ListFault.FORGED, before)
    assert status(any_database, NOW + 3600).state is ListState.FORGED


def test_a_list_played_back_leaves_the_one_held(any_database: Database, house: House, place: Place) -> None:
    house.add(any_database, crl_urls=(place.url,))
    old = house.issuing.crl(1, this_update=NOW - 1000)
    place.said = Said(house.issuing.crl(2, this_update=NOW - 10, revoked=1))
    fetch(any_database)
    place.said = Said(old)
    source, held = fetch(any_database, NOW + 3600)
    assert source.fault == ListFault.OLDER
    assert held is not None
    assert held.entries == 1


def test_a_list_that_has_ended_at_its_source_is_told_of_and_asked_for_often(
    database: Database, house: House, place: Place
) -> None:
    house.add(database, crl_urls=(place.url,))
    place.said = Said(house.issuing.crl(this_update=NOW - 2 * DAY, next_update=NOW - DAY))
    fetch(database)
    assert status(database).state is ListState.STALE
    assert due(database) == SOON


def test_a_private_address_is_reached_only_where_it_is_listed(database: Database, house: House, place: Place) -> None:
    house.add(database, crl_urls=(place.url,))
    place.said = Said(house.issuing.crl())
    source, held = fetch(database, allow=())
    assert (source.fault, held, place.asked) == (ListFault.UNREACHABLE, None, [])


def test_an_address_where_nobody_listens_is_unreachable(database: Database, house: House) -> None:
    house.add(database, crl_urls=("http://127.0.0.1:1/ca.crl",))
    source, _ = fetch(database)
    assert source.fault == ListFault.UNREACHABLE


def test_one_dead_address_holds_up_no_other(database: Database, house: House, place: Place) -> None:
    house.add(database, crl_urls=("http://127.0.0.1:1/a.crl", place.url))
    place.said = Said(house.issuing.crl())
    refreshing(database).run_due(NOW)
    with database.autocommit() as tx:
        faults = {found.url: found.fault for found in actions.sources(tx)}
    assert faults == {"http://127.0.0.1:1/a.crl": ListFault.UNREACHABLE, place.url: None}


def test_of_two_workers_one_asks(any_database: Database, house: House, place: Place) -> None:
    house.add(any_database, crl_urls=(place.url,))
    place.said = Said(house.issuing.crl(), delay=0.3)
    together = threading.Barrier(2)

    def work() -> None:
        together.wait()
        refreshing(any_database).run_due(NOW)

    workers = [threading.Thread(target=work) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert len(place.asked) == 1
    assert trail(any_database) == [("taken", None)]


def test_an_address_of_a_killed_worker_is_asked_by_another(
    database: Database, house: House, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.add(database, crl_urls=(place.url,))
    place.said = Said(house.issuing.crl())

    def die(*_: object) -> None:
        raise KeyboardInterrupt

    killed = refreshing(database)
    monkeypatch.setattr(killed, "_fetch", die)
    with pytest.raises(KeyboardInterrupt):
        killed.run_due(NOW)
    fetch(database, NOW + 69)
    assert place.asked == []
    _, held = fetch(database, NOW + 70)
    assert held is not None


def test_an_etag_that_cannot_stand_in_a_header_is_forgotten(database: Database, house: House, place: Place) -> None:
    house.add(database, crl_urls=(place.url,))
    place.said = Said(house.issuing.crl(), headers={"ETag": '"' + "x" * 300 + '"'})
    source, held = fetch(database)
    assert held is not None
    assert source.etag is None
