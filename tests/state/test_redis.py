import os
import signal
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest
import redis

from adapters.sandbox import services
from idp.state.redis import RedisStore
from idp.state.store import StateUnavailable

pytestmark = pytest.mark.services


@pytest.fixture
def server(tmp_path: Path) -> Iterator[services.Redis]:
    with services.Redis(tmp_path, durable=True) as server:
        yield server


@pytest.fixture
def store(server: services.Redis) -> Iterator[RedisStore]:
    store = RedisStore(server.url, timeout=0.5)
    yield store
    store.close()


def client(server: services.Redis) -> redis.Redis:
    return redis.Redis(unix_socket_path=str(server.path))


def test_every_key_has_an_end(server: services.Redis, store: RedisStore) -> None:
    store.put("a", "k", {}, 60)
    store.incr("w", "k", 70)
    store.incr("w", "k", 70)
    with client(server) as look:
        ends = sorted(look.ttl(key) for key in look.scan_iter())
    assert [59 <= ends[0] <= 60, 69 <= ends[1] <= 70] == [True, True]


def test_a_counter_that_lost_its_end_gets_one_again(server: services.Redis, store: RedisStore) -> None:
    store.incr("w", "k", 60)
    with client(server) as look:
        key = look.keys()[0]
        look.persist(key)
        assert look.ttl(key) == -1
        store.incr("w", "k", 60)
        assert look.ttl(key) > 0


def test_the_key_itself_is_not_stored(server: services.Redis, store: RedisStore) -> None:
    store.put("a", "a-very-secret-token", {}, 60)
    with client(server) as look:
        assert all(b"a-very-secret-token" not in key for key in look.scan_iter())


def test_a_restart_brings_nothing_back_although_the_server_wrote_it_down(
    server: services.Redis, store: RedisStore
) -> None:
    """trust 1: a restart revives nothing. A snapshot is older than the takes that came after it."""
    store.put("codes", "taken", {"n": 1}, 600)
    store.put("codes", "open", {"n": 2}, 600)
    with client(server) as look:
        look.config_set("appendonly", "no")
        look.save()
    assert store.take("codes", "taken") == {"n": 1}
    server.kill()
    server.start()
    with client(server) as look:
        assert len(look.keys()) == 2
    assert store.take("codes", "taken") is None
    assert store.get("codes", "open") is None
    assert RedisStore(server.url, timeout=0.5).take("codes", "taken") is None


def test_a_flush_is_an_absence(server: services.Redis, store: RedisStore) -> None:
    store.put("a", "k", {}, 60)
    with client(server) as look:
        look.flushall()
    assert store.take("a", "k") is None
    assert store.incr("w", "k", 60) == 1


def test_a_server_that_is_away_is_unavailable_at_once_and_heals(server: services.Redis, store: RedisStore) -> None:
    store.put("a", "k", {}, 60)
    server.stop()
    began = time.monotonic()
    for _ in range(20):
        with pytest.raises(StateUnavailable):
            store.get("a", "k")
    assert time.monotonic() - began < 1
    server.start()
    store.put("a", "k", {"n": 2}, 60)
    assert store.take("a", "k") == {"n": 2}


def test_a_silent_server_holds_up_few_callers_and_heals(server: services.Redis, store: RedisStore) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: store.put("a", str(number), {}, 60), range(32)))
        with client(server) as look:
            pid = look.info("server")["process_id"]
        os.kill(pid, signal.SIGSTOP)
        try:
            refused = [pool.submit(_time_of_refusal, store) for _ in range(60)]
            times = sorted(one.result() for one in refused)
        finally:
            os.kill(pid, signal.SIGCONT)
    assert times[30] < 0.1
    assert times[-1] < 2
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        try:
            store.put("a", "k", {"n": 3}, 60)
            break
        except StateUnavailable:
            time.sleep(0.05)
    assert store.take("a", "k") == {"n": 3}
    for number in range(20):
        store.put("a", str(number), {"n": number}, 60)
        assert store.take("a", str(number)) == {"n": number}


def _time_of_refusal(store: RedisStore) -> float:
    began = time.monotonic()
    with pytest.raises(StateUnavailable):
        store.get("a", "k")
    return time.monotonic() - began


GREETING = b"# Server\r\nrun_id:" + b"a" * 40 + b"\r\n"


def answer_late(listener: socket.socket) -> None:
    """Be a Redis that answers the first question late, and the second one at once."""
    for answer, pause in ((b'$7\r\n{"n":1}\r\n', 0.5), (b'$7\r\n{"n":2}\r\n', 0.0)):
        connection, _ = listener.accept()
        with connection, suppress(OSError):
            connection.recv(4096)
            connection.sendall(b"$%d\r\n%b\r\n" % (len(GREETING), GREETING))
            connection.recv(4096)
            time.sleep(pause)
            connection.sendall(answer)
            connection.recv(4096)


def test_a_late_answer_is_not_taken_for_the_next_one(tmp_path: Path) -> None:
    """After a time-out the connection is given up: what still comes belongs to an older question."""
    with socket.socket(socket.AF_UNIX) as listener, ThreadPoolExecutor(1) as pool:
        listener.bind(str(tmp_path / "s"))
        listener.listen()
        serving = pool.submit(answer_late, listener)
        store = RedisStore(f"unix://{tmp_path / 's'}?db=0", timeout=0.2)
        with pytest.raises(StateUnavailable):
            store.get("a", "first")
        time.sleep(0.7)
        assert store.get("a", "second") == {"n": 2}
        store.close()
        serving.result()


def test_a_server_that_does_not_name_itself_is_not_used(tmp_path: Path) -> None:
    def serve() -> None:
        connection, _ = listener.accept()
        with connection:
            connection.recv(4096)
            connection.sendall(b"$10\r\n# Server\r\n\r\n")

    with socket.socket(socket.AF_UNIX) as listener, ThreadPoolExecutor(1) as pool:
        listener.bind(str(tmp_path / "s"))
        listener.listen()
        serving = pool.submit(serve)
        with pytest.raises(StateUnavailable):
            RedisStore(f"unix://{tmp_path / 's'}?db=0", timeout=0.5).get("a", "k")
        serving.result()


def test_a_refusing_server_is_unavailable(server: services.Redis, store: RedisStore) -> None:
    store.put("a", "k", {}, 60)
    with client(server) as look:
        look.config_set("maxmemory", "1")
        with pytest.raises(StateUnavailable):
            store.put("a", "k2", {}, 60)
        with pytest.raises(StateUnavailable):
            store.incr("w", "k", 60)
        look.config_set("maxmemory", "0")
    store.put("a", "k2", {"n": 2}, 60)
    assert store.get("a", "k2") == {"n": 2}


def test_a_connection_is_not_carried_over_a_fork(store: RedisStore) -> None:
    store.put("a", "k", {"n": 1}, 60)
    child = os.fork()
    if child == 0:
        os._exit(0 if store.take("a", "k") == {"n": 1} else 1)
    assert os.waitpid(child, 0)[1] == 0
    assert store.take("a", "k") is None


def test_one_operation_is_one_round_trip(server: services.Redis, store: RedisStore) -> None:
    store.get("a", "warm")
    with client(server) as look:
        before = look.info("stats")["total_reads_processed"]
        store.put("a", "k", {}, 60)
        store.incr("w", "k", 60)
        store.take("a", "k")
        after = look.info("stats")["total_reads_processed"]
    assert after - before == 3 + 1
