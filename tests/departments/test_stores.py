"""One contract for every session store, run over memory and SQLite; the SQLite file is also shared by processes."""

from __future__ import annotations

import json
import sqlite3
import stat
import subprocess
import sys
import threading
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from adapters.departments.authorization import PendingSignIn
from adapters.departments.levels import demand
from adapters.departments.logout import LogoutNotice
from adapters.departments.memory_store import MemoryStore
from adapters.departments.representing import Power
from adapters.departments.sessions import AppSession, Lifetime, PendingLogin, Store, digest, without_acting
from adapters.departments.sqlite_store import SqliteStore

from .fake_provider import HANDLE, ISSUER, START, acting_claims


def a_session(key: str = "k", **changes: Any) -> AppSession:
    made = AppSession(
        key=key,
        issuer=ISSUER,
        sub="pw_person",
        sid="s1",
        claims={"iat": START, "ial": 2, "amr": ["pwd"]},
        profile={"name": "𪚥·阿"},
        id_token="i.d.t",
        access_token="a",
        refresh_token="r",
        access_expires_at=START + 600,
        created_at=START,
        seen_at=START,
    )
    return replace(made, **changes)


def a_notice(jti: str = "j1", **changes: Any) -> LogoutNotice:
    made = LogoutNotice(
        issuer=ISSUER,
        sub="pw_person",
        sid="s1",
        token_id=jti,
        issued_at=START,
        expires_at=START + 900,
        fingerprint=f"of {jti}",
    )
    return replace(made, **changes)


def a_login(state: str = "st") -> PendingLogin:
    asked = demand(("aal:2", "ial:3"), essential=True, max_age=60)
    return PendingLogin(PendingSignIn(state, "n", "v", asked, START), digest("browser"), "/overview?a=b")


def test_a_session_comes_back_as_it_went(store: Store) -> None:
    assert store.create(a_session(), now=START)
    assert store.get("k") == a_session()
    assert store.get("other") is None
    store.delete("k")
    store.delete("k")
    assert store.get("k") is None


def test_use_is_noted(store: Store) -> None:
    store.create(a_session(), now=START)
    store.touch("k", now=START + 100)
    store.touch("other", now=START + 100)
    assert store.get("k") == a_session(seen_at=START + 100)


def test_a_pending_sign_in_is_first_only_once(store: Store) -> None:
    store.add_pending(a_login(), expires_at=START + 900)
    assert store.take_pending("st", now=START) == (a_login(), True)
    assert store.take_pending("st", now=START) == (a_login(), False)
    assert store.take_pending("other", now=START) is None


def test_a_pending_sign_in_expires(store: Store) -> None:
    store.add_pending(a_login(), expires_at=START + 900)
    assert store.take_pending("st", now=START + 900) is None


def test_a_pending_sign_in_has_one_winner_among_threads(store: Store) -> None:
    store.add_pending(a_login(), expires_at=START + 900)
    firsts: list[bool] = []

    def take() -> None:
        taken = store.take_pending("st", now=START)
        firsts.append(taken is not None and taken[1])

    run_together(take, 8)
    assert sorted(firsts) == [False] * 7 + [True]


def run_together(work: Any, number: int) -> None:
    threads = [threading.Thread(target=work) for _ in range(number)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_a_notice_ends_the_named_session_only(store: Store) -> None:
    for key, sid, sub in (("a", "s1", "pw_person"), ("b", "s2", "pw_person"), ("c", "s3", "pw_other")):
        store.create(a_session(key, sid=sid, sub=sub), now=START)
    assert store.end(a_notice(sub=None), now=START) == 1
    assert [key for key in "abc" if store.get(key)] == ["b", "c"]


def test_a_notice_without_sid_ends_all_of_the_person(store: Store) -> None:
    for key, sid, sub in (("a", "s1", "pw_person"), ("b", None, "pw_person"), ("c", "s3", "pw_other")):
        store.create(a_session(key, sid=sid, sub=sub), now=START)
    assert store.end(a_notice(sid=None), now=START) == 2
    assert [key for key in "abc" if store.get(key)] == ["c"]


def test_a_notice_for_one_session_ends_those_whose_sid_is_unknown(store: Store) -> None:
    store.create(a_session("a", sid=None), now=START)
    store.create(a_session("b", sid=None, sub="pw_other"), now=START)
    assert store.end(a_notice(), now=START) == 1
    assert store.get("b")


def test_a_notice_of_another_issuer_ends_nothing(store: Store) -> None:
    store.create(a_session(), now=START)
    assert store.end(a_notice(issuer="https://other.example"), now=START) == 0
    assert store.get("k")


def test_a_replayed_notice_ends_nothing(store: Store) -> None:
    assert store.end(a_notice(), now=START) == 0
    store.create(a_session(sid="s2"), now=START + 1)
    assert store.end(a_notice(sid="s2"), now=START + 1) is None
    assert store.get("k")


def test_a_notice_delivered_again_is_done_already(store: Store) -> None:
    assert store.end(a_notice(), now=START) == 0
    store.create(a_session(sid="s2"), now=START + 1)
    assert store.end(a_notice(sid="s2", fingerprint="signed anew"), now=START + 1) == 0
    assert store.get("k")


def test_a_notice_that_overtakes_its_sign_in_still_ends_it(store: Store) -> None:
    store.end(a_notice(), now=START)
    assert not store.create(a_session(), now=START + 1)
    assert store.get("k") is None
    assert store.create(a_session(sid="s2"), now=START + 1)


def test_a_notice_about_a_person_does_not_bar_the_next_sign_in(store: Store) -> None:
    store.end(a_notice(sid=None), now=START)
    assert not store.create(a_session("old"), now=START + 1)
    assert store.create(a_session("new", claims={"iat": START + 1}), now=START + 1)


def test_a_notice_is_forgotten_after_its_time(store: Store) -> None:
    store.end(a_notice(), now=START)
    assert store.create(a_session(), now=START + 900)
    assert store.end(a_notice(), now=START + 900) == 1


def test_one_claim_per_generation(store: Store) -> None:
    store.create(a_session(), now=START)
    assert store.claim_refresh("k", generation=0, now=START, until=START + 45)
    assert not store.claim_refresh("k", generation=0, now=START + 44, until=START + 90)
    assert not store.claim_refresh("k", generation=1, now=START, until=START + 45)
    assert not store.claim_refresh("other", generation=0, now=START, until=START + 45)


def test_a_claim_whose_owner_died_lapses(store: Store) -> None:
    store.create(a_session(), now=START)
    store.claim_refresh("k", generation=0, now=START, until=START + 45)
    assert store.claim_refresh("k", generation=0, now=START + 45, until=START + 90)


def test_an_outcome_is_written_once_and_frees_the_claim(store: Store) -> None:
    store.create(a_session(), now=START)
    store.claim_refresh("k", generation=0, now=START, until=START + 45)
    store.touch("k", now=START + 5)
    new = a_session(generation=1, access_token="b")
    assert store.finish_refresh(new)
    assert not store.finish_refresh(replace(new, access_token="c"))
    assert store.get("k") == replace(new, seen_at=START + 5)
    assert store.claim_refresh("k", generation=1, now=START, until=START + 45)


def test_an_outcome_does_not_revive_an_ended_session(store: Store) -> None:
    store.create(a_session(), now=START)
    store.claim_refresh("k", generation=0, now=START, until=START + 45)
    store.end(a_notice(), now=START)
    assert not store.finish_refresh(a_session(generation=1))
    assert store.get("k") is None


def test_purge_keeps_what_can_still_be_used(store: Store) -> None:
    lifetime = Lifetime(idle=100, absolute=1000)
    store.create(a_session("idle"), now=START)
    store.create(a_session("old", seen_at=START + 1000), now=START)
    store.create(a_session("good", created_at=START + 901, seen_at=START + 901), now=START)
    store.add_pending(a_login("old"), expires_at=START + 1000)
    store.add_pending(a_login("good"), expires_at=START + 1001)
    store.end(a_notice("gone", sid="s9", sub="x"), now=START)
    store.purge(lifetime, now=START + 1000)
    assert [key for key in ("idle", "old", "good") if store.get(key)] == ["good"]
    assert store.take_pending("old", now=START) is None
    assert store.take_pending("good", now=START)
    assert store.end(a_notice("gone", sid="s9", sub="x"), now=START) == 0


def test_memory_keeps_only_so_many_sign_ins_on_their_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(MemoryStore, "MOST_PENDING", 2)
    store = MemoryStore()
    for state in ("one", "two", "three"):
        store.add_pending(a_login(state), expires_at=START + 900)
    assert store.take_pending("one", now=START) is None
    assert store.take_pending("three", now=START)


def test_the_sqlite_file_is_readable_for_its_owner_only(tmp_path: Path) -> None:
    SqliteStore(tmp_path / "app.db").create(a_session(), now=START)
    assert not any(stat.S_IMODE(file.stat().st_mode) & 0o077 for file in tmp_path.iterdir())


def test_a_write_that_fails_leaves_the_sqlite_file_usable(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "app.db")
    store.create(a_session(), now=START)
    with pytest.raises(sqlite3.IntegrityError):
        store.create(a_session(), now=START)
    store.touch("k", now=START + 1)
    assert store.get("k") == a_session(seen_at=START + 1)


_CHILD = """
import sys
from adapters.departments.sqlite_store import SqliteStore
store = SqliteStore(sys.argv[1])
print(sum(store.claim_refresh(f"k{n}", generation=0, now=100, until=200) for n in range(50)))
print(sum(store.take_pending(f"s{n}", now=100)[1] for n in range(50)))
"""


@pytest.mark.processes
def test_processes_share_the_sqlite_file_with_one_winner_each(tmp_path: Path) -> None:
    path = tmp_path / "app.db"
    store = SqliteStore(path)
    for number in range(50):
        store.create(a_session(f"k{number}"), now=START)
        store.add_pending(a_login(f"s{number}"), expires_at=START)
    command = [sys.executable, "-c", _CHILD, str(path)]
    children = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    counts = [child.communicate()[0].split() for child in children]
    assert [sum(map(int, column)) for column in zip(*counts, strict=True)] == [50, 50]


@pytest.mark.parametrize(
    ("seen", "created", "over"), [(99, 0, False), (100, 0, True), (0, 999, False), (0, 1000, True)]
)
def test_a_session_ends_idle_or_absolute(seen: int, created: int, over: bool) -> None:
    session = a_session(seen_at=START - seen, created_at=START - created)
    assert Lifetime(idle=100, absolute=1000).over(session, START) is over


# The end of one acting


def test_the_end_of_an_acting_ends_that_and_no_session(store: Store) -> None:
    mine = a_session("mine", claims={"iat": START, **acting_claims()}, details=[{"type": "gov_mandate"}])
    others = a_session("others", claims={"iat": START, **acting_claims("rep_another0000000")})
    oneself = a_session("oneself")
    elsewhere = a_session("elsewhere", sid="s2", claims=mine.claims)
    for session in (mine, others, oneself, elsewhere):
        store.create(session, now=START)
    assert store.end(a_notice(handle=HANDLE), now=START) == 1
    left = store.get("mine")
    assert left == without_acting(mine)
    assert left is not None
    assert (left.refresh_token, left.acting.status, left.acting.handle) == (None, "expired_in_session", None)
    assert [store.get(one.key) for one in (others, oneself, elsewhere)] == [others, oneself, elsewhere]


def test_a_notice_of_an_acting_counts_once(store: Store) -> None:
    store.create(a_session(claims={"iat": START, **acting_claims()}), now=START)
    assert store.end(a_notice(handle=HANDLE), now=START) == 1
    assert store.end(a_notice(handle=HANDLE), now=START) is None
    assert store.end(a_notice(handle=HANDLE, fingerprint="signed anew"), now=START) == 0


def test_a_refresh_on_its_way_does_not_bring_an_acting_back(store: Store) -> None:
    session = a_session(claims={"iat": START, **acting_claims()})
    store.create(session, now=START)
    assert store.claim_refresh("k", generation=0, now=START, until=START + 60)
    store.end(a_notice(handle=HANDLE), now=START)
    assert not store.finish_refresh(replace(session, generation=1, access_token="new"))
    assert store.get("k") == without_acting(session)


def test_an_acting_that_ended_before_it_came_back_is_not_begun(store: Store) -> None:
    store.end(a_notice(handle=HANDLE, issued_at=START), now=START)
    assert not store.create(a_session(claims={"iat": START, **acting_claims()}), now=START)
    assert store.create(a_session("later", claims={"iat": START + 1, **acting_claims()}), now=START + 1)
    assert store.create(a_session("other", claims={"iat": START, **acting_claims("rep_another0000000")}), now=START)
    assert store.create(a_session("oneself"), now=START)


def test_a_sign_in_on_its_way_keeps_for_whom_it_is(store: Store) -> None:
    power = Power(theme="tax.filing", services=("hn-tax-01",), actions=("submit",), amount="5.00")
    asked = demand("aal:2", represent=[power])
    login = PendingLogin(PendingSignIn("st", "n", "v", asked, START, None, HANDLE), digest("browser"), "/")
    store.add_pending(login, expires_at=START + 900)
    assert store.take_pending("st", now=START) == (login, True)


def test_a_file_of_an_earlier_kit_is_taken_over(tmp_path: Path) -> None:
    path = tmp_path / "app.db"
    SqliteStore(path).create(a_session(), now=START)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("ALTER TABLE notice DROP COLUMN handle")
        (body,) = connection.execute("SELECT body FROM session").fetchone()
        older = {name: value for name, value in json.loads(body).items() if name not in ("represent", "details")}
        connection.execute("UPDATE session SET body = ?", (json.dumps(older),))
        request = {"state": "st", "nonce": "n", "verifier": "v", "begun_at": START, "matter": None}
        request["asked"] = {"values": ["urn:tongban:aal:2"], "essential": False, "max_age": None}
        login = {"request": request, "browser": "b", "target": "/"}
        connection.execute("INSERT INTO pending VALUES ('st', ?, 0, ?)", (START + 900, json.dumps(login)))
    store = SqliteStore(path)
    assert store.get("k") == a_session()
    assert store.end(a_notice(handle=HANDLE), now=START) == 0
    taken = store.take_pending("st", now=START)
    assert taken is not None
    assert taken[0].request.asked == demand("aal:2")
