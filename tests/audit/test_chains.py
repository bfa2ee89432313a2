import json
import threading
from contextlib import contextmanager
from typing import Any

import pytest

from idp.audit import Event, init_audit, record
from idp.audit import chains as chains_module
from idp.audit.chains import Writer
from idp.audit.rules import Entry
from idp.audit.verify import verify
from idp.db import Database, DatabaseUnavailable, Statement
from idp.db.postgresql import PostgresWire
from idp.db.sqlite import SqliteWire
from idp.log import request_id
from tests.audit.conftest import KEY, NOW, Execute, chains, write
from tests.conftest import opened

_ROWS = Statement(f"SELECT {', '.join(Entry._fields)} FROM audit_event ORDER BY chain, seq", Entry)


def rows(database: Database) -> list[Entry]:
    with database.autocommit() as tx:
        return tx.all(_ROWS)


def test_a_chain_begins_with_node_process_and_thread(any_database: Database, writer: Writer) -> None:
    write(any_database, 1)
    genesis, first = rows(any_database)
    assert (genesis.seq, genesis.event, genesis.prev) == (0, Event.CHAIN_BEGUN, b"")
    assert json.loads(genesis.detail or "").keys() == {"node", "pid", "thread"}
    assert first.prev == genesis.mac


def test_a_record_holds_what_trust_12_names(any_database: Database, writer: Writer) -> None:
    token = request_id.set("req-1")
    with any_database.transaction() as tx:
        record(
            tx,
            Event.CODE_REPLAYED,
            actor="pty_1",
            subject="gid_1",
            client="tax",
            session="ses_1",
            mandate="man_1",
            result="refused",
            reason="code_redeemed",
            detail={"b": 1, "a": None},
            now=NOW,
        )
    request_id.reset(token)
    told = rows(any_database)[1]
    expected = (NOW, "client:code:replayed", "pty_1", "gid_1", "tax", "ses_1", "man_1", "refused", "code_redeemed")
    assert told[2:13] == (*expected, "req-1", '{"a":null,"b":1}')


def test_records_of_one_and_of_several_transactions_go_on_in_one_chain(
    any_database: Database, writer: Writer
) -> None:
    write(any_database, 3)
    with any_database.transaction() as tx:
        for _ in range(3):
            record(tx, Event.GRANT_ENDED, now=NOW)
    assert [row.seq for row in rows(any_database)] == list(range(7))
    assert verify(any_database, key=KEY).clean


def record_and_fail(database: Database) -> None:
    with database.transaction() as tx:
        record(tx, Event.GRANT_ISSUED, now=NOW)
        raise ZeroDivisionError


def test_an_act_rolled_back_leaves_no_record_and_a_clean_trail(any_database: Database, writer: Writer) -> None:
    write(any_database, 2)
    with pytest.raises(ZeroDivisionError):
        record_and_fail(any_database)
    write(any_database, 2)
    assert sum(row.event == Event.GRANT_ISSUED for row in rows(any_database)) == 4
    assert verify(any_database, key=KEY).clean


def test_a_commit_nobody_knows_the_outcome_of_never_makes_a_later_act_fail(
    any_database: Database, writer: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    wire = SqliteWire if any_database.dialect == "sqlite" else PostgresWire
    commit = wire.commit

    def commit_and_lose_the_answer(self: Any) -> None:
        commit(self)
        raise DatabaseUnavailable

    write(any_database, 1)
    with monkeypatch.context() as patched:
        patched.setattr(wire, "commit", commit_and_lose_the_answer)
        with pytest.raises(DatabaseUnavailable):
            write(any_database, 1)
    write(any_database, 1)
    assert sum(row.event == Event.GRANT_ISSUED for row in rows(any_database)) == 3
    assert len(chains(any_database)) == 2
    assert verify(any_database, key=KEY).clean


@pytest.mark.services
def test_transactions_open_at_the_same_time_never_share_a_chain(postgres_database_url: str, writer: Writer) -> None:
    with contextmanager(opened)(postgres_database_url) as database:
        with database.transaction() as outer:
            record(outer, Event.GRANT_ISSUED, now=NOW)
            with database.transaction() as inner:
                record(inner, Event.GRANT_ENDED, now=NOW)
            record(outer, Event.GRANT_ISSUED, now=NOW)
        write(database, 3)
        assert len(chains(database)) == 2
        assert verify(database, key=KEY).clean


def test_threads_write_without_a_lock_between_them_and_the_trail_is_clean(
    any_database: Database, writer: Writer
) -> None:
    threads = [threading.Thread(target=write, args=(any_database, 20)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(row.event == Event.GRANT_ISSUED for row in rows(any_database)) == 80
    assert len(chains(any_database)) <= 4
    assert verify(any_database, key=KEY).clean


def test_a_chain_ends_with_its_utc_day(any_database: Database, writer: Writer) -> None:
    write(any_database, 1)
    write(any_database, 1, now=NOW + 86400)
    first, second = chains(any_database)
    assert (first[:8], second[:8]) == ("20261118", "20261119")
    assert [row.event for row in rows(any_database) if row.chain == first][-1] == Event.CHAIN_CLOSED
    assert verify(any_database, key=KEY).clean


def test_an_orderly_end_closes_the_chains(any_database: Database, writer: Writer) -> None:
    write(any_database, 2)
    writer.close(any_database, now=NOW)
    writer.close(any_database, now=NOW)
    assert rows(any_database)[-1].event == Event.CHAIN_CLOSED
    assert verify(any_database, key=KEY).clean


def test_a_second_process_begins_chains_of_its_own(any_database: Database, writer: Writer) -> None:
    write(any_database, 1)
    init_audit(KEY, "node-2")
    write(any_database, 1)
    assert len(chains(any_database)) == 2
    assert verify(any_database, key=KEY).clean


def test_a_forked_child_leaves_its_parents_chains_alone(any_database: Database, writer: Writer) -> None:
    write(any_database, 1)
    chains_module._after_fork()
    write(any_database, 1)
    assert len(chains(any_database)) == 2


@pytest.mark.parametrize("nasty", ["\0", "a\0b", "\ud800", "名", "\x7f"])
def test_no_text_makes_a_record_fail_or_untrue(any_database: Database, writer: Writer, nasty: str) -> None:
    with any_database.transaction() as tx:
        record(tx, Event.GRANT_REFUSED, client=nasty, reason=nasty, detail={"value": nasty}, now=NOW)
    assert verify(any_database, key=KEY).clean


def test_the_same_place_cannot_be_written_twice(any_database: Database, writer: Writer, tamper: Execute) -> None:
    write(any_database, 1)
    with pytest.raises(Exception, match=r"(?i)unique"):
        tamper("INSERT INTO audit_event SELECT * FROM audit_event WHERE seq = 1")


def test_recording_before_the_key_is_known_is_a_bug(any_database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chains_module, "_writer", None)  # another test of this process may have named one
    with pytest.raises(RuntimeError, match="init_audit"), any_database.transaction() as tx:
        record(tx, Event.GRANT_ISSUED, now=NOW)


def test_a_short_key_is_refused() -> None:
    with pytest.raises(ValueError, match="32"):
        init_audit(b"short", "node-1")
