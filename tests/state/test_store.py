"""One contract for every form of the state store."""

import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from idp.state.opening import open_store
from idp.state.store import Store
from tests.conftest import opened

SERVICES = pytest.mark.services
FORMS = ["file", "sqlite", pytest.param("postgresql", marks=SERVICES), pytest.param("redis", marks=SERVICES)]


@pytest.fixture(params=FORMS)
def addresses(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[str, str]:
    """The addresses of a fresh state store and of the main database."""
    main = "postgres_database_url" if request.param == "postgresql" else "sqlite_url"
    state = {"file": f"sqlite:///{tmp_path / 'state.db'}"}.get(request.param, "database")
    if request.param == "redis":
        state = request.getfixturevalue("redis_url")
    return state, request.getfixturevalue(main)


@pytest.fixture
def store(addresses: tuple[str, str]) -> Iterator[Store]:
    for database in opened(addresses[1]):
        store = open_store(addresses[0], database, 1.0)
        yield store
        store.close()


def unique(name: str) -> str:
    return f"{name}-{time.monotonic_ns()}"


def test_a_value_is_there_until_it_is_taken_once(store: Store) -> None:
    key = unique("code")
    store.put("codes", key, {"client": "a", "n": 1, "名": [None, True, 1.5]}, 60)
    assert store.get("codes", key) == {"client": "a", "n": 1, "名": [None, True, 1.5]}
    assert store.take("codes", key) == {"client": "a", "n": 1, "名": [None, True, 1.5]}
    assert store.take("codes", key) is None
    assert store.get("codes", key) is None


def test_what_was_never_put_is_absent(store: Store) -> None:
    assert store.get("codes", unique("x")) is None
    assert store.take("codes", unique("x")) is None
    store.delete("codes", unique("x"))


def test_name_spaces_do_not_meet(store: Store) -> None:
    key = unique("k")
    store.put("a", key, {"of": "a"}, 60)
    store.put("b", key, {"of": "b"}, 60)
    store.delete("b", key)
    assert store.take("b", key) is None
    assert store.take("a", key) == {"of": "a"}


def test_values_and_windows_end_by_themselves(store: Store) -> None:
    key = unique("k")
    store.put("a", key + "get", {"n": 1}, 1)
    store.put("a", key + "take", {"n": 1}, 1)
    store.put("a", key + "replaced", {"n": 1}, 1)
    store.put("a", key + "replaced", {"n": 2}, 60)
    store.incr("w", key + "short", 1)
    assert [store.incr("w", key, 2) for _ in range(3)] == [1, 2, 3]
    time.sleep(1.2)
    assert store.get("a", key + "get") is None
    assert store.take("a", key + "take") is None
    assert store.get("a", key + "replaced") == {"n": 2}
    assert store.incr("w", key + "short", 1) == 1
    assert store.incr("w", key, 2) == 4
    time.sleep(1.2)  # counting has not prolonged the window
    assert store.incr("w", key, 2) == 1


def test_a_window_and_a_value_may_share_a_key_and_are_deleted_together(store: Store) -> None:
    key = unique("k")
    store.put("a", key, {"n": 1}, 60)
    assert [store.incr("a", key, 60), store.incr("a", key, 60)] == [1, 2]
    assert store.get("a", key) == {"n": 1}
    store.delete("a", key)
    assert store.get("a", key) is None
    assert store.incr("a", key, 60) == 1


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(key=st.text(alphabet=st.characters(), max_size=3000))
def test_any_text_is_a_key(store: Store, key: str) -> None:
    store.put("a", key, {"n": 1}, 60)
    assert store.take("a", key) == {"n": 1}


def test_threads_share_one_store(store: Store) -> None:
    key = unique("k")
    with ThreadPoolExecutor(8) as pool:
        counted = list(pool.map(lambda _: store.incr("w", key, 60), range(80)))
    assert sorted(counted) == list(range(1, 81))


RACER = """
import sys
from sqlalchemy import create_engine
from idp.db import Database, engine_options, prepare_engine
from idp.state.opening import open_store
state, main, rounds, run = sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4]
engine = create_engine(main, **engine_options(main, pool_size=2, pool_timeout=3.0))
prepare_engine(engine)
store = open_store(state, Database(engine), 2.0)
store.get("race", run)
print("ready", flush=True)
sys.stdin.readline()
won = [n for n in range(rounds) if store.take("race", f"{run}-{n}") is not None]
counts = [store.incr("race", run, 60) for _ in range(rounds)]
print(won, counts, sep=";")
"""


def race(addresses: tuple[str, str], run: str, *, processes: int, rounds: int) -> list[tuple[list[int], list[int]]]:
    """Let processes take the same values and count in the same window; what each of them got."""
    command = [sys.executable, "-c", RACER, *addresses, str(rounds), run]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    racers = [subprocess.Popen(command, text=True, **pipes) for _ in range(processes)]
    for racer in racers:
        assert racer.stdout is not None
        assert racer.stdout.readline() == "ready\n"
    for racer in racers:
        assert racer.stdin is not None
        racer.stdin.write("go\n")
        racer.stdin.flush()
    answers = [racer.communicate(timeout=60)[0] for racer in racers]
    return [(_numbers(won), _numbers(counts)) for won, counts in (answer.split(";") for answer in answers)]


def _numbers(text: str) -> list[int]:
    return [int(word) for word in text.strip(" []\n").split(",") if word]


@pytest.mark.processes
def test_racing_processes_have_one_winner_for_each_value_and_lose_no_count(
    addresses: tuple[str, str], store: Store
) -> None:
    run, processes, rounds = unique("race"), 4, 50
    for number in range(rounds):
        store.put("race", f"{run}-{number}", {"n": number}, 60)
    results = race(addresses, run, processes=processes, rounds=rounds)
    assert sorted(number for won, _ in results for number in won) == list(range(rounds))
    assert sorted(count for _, counts in results for count in counts) == list(range(1, processes * rounds + 1))
