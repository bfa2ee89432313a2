import time
from typing import Any

import pytest

from idp.crypto.fields import FieldCipher
from idp.db import Database, Statement, Transaction
from idp.messages import outbox
from idp.messages.outbox import deliveries, enqueue, payload_context, purge_settled, subscribe, unsubscribe
from idp.messages.outbox import wait_for_deliveries as wait
from idp.messages.rules import RefusalReason, Refused, Sent, SmsGateway, SmsMessage, Unavailable, UnavailableReason
from idp.messages.sms import enqueue_sms, sms_handler
from tests.messages.conftest import Recorder, Start, eventually, put, results, rows

PHONE = "+8613800138000"


class Gateway:
    """Answers each number the way its last digit says."""

    def __init__(self) -> None:
        self.sent: list[SmsMessage] = []

    def send(self, message: SmsMessage) -> Sent | Refused | Unavailable:
        self.sent.append(message)
        if message.to.endswith("1"):
            return Refused(RefusalReason.INVALID_NUMBER)
        if message.to.endswith("2") and len(self.sent) < 2:
            return Unavailable(UnavailableReason.TIMEOUT, retry_after=1)
        return Sent("prov-1")


def put_code(tx: Transaction, to: str = PHONE, *, send: bool = True) -> str:
    params = {"code": "493817", "minutes": "5"}
    now = int(time.time())
    return enqueue_sms(tx, to=to, template="signin_code", params=params, locale="zh", send=send, now=now)


def test_nothing_is_written_and_nobody_woken_when_the_act_is_rolled_back(any_database: Database) -> None:
    woken: list[int] = []

    def listener() -> None:
        woken.append(1)

    def act(*, fail: bool) -> None:
        with any_database.transaction() as tx:
            enqueue(tx, "logout", {}, now=1)
            enqueue(tx, "logout", {}, now=1)
            assert not woken
            if fail:
                raise ZeroDivisionError

    subscribe(listener)
    try:
        with pytest.raises(ZeroDivisionError):
            act(fail=True)
        assert (rows(any_database), woken) == ([], [])
        act(fail=False)
        assert (len(rows(any_database)), woken) == (2, [1])
    finally:
        unsubscribe(listener)


def test_a_payload_is_sealed_for_its_row(any_database: Database, cipher: FieldCipher) -> None:
    with any_database.transaction() as tx:
        row_id = put_code(tx)
    (row,) = rows(any_database)
    assert b"13800138000" not in (row.payload or b"")
    assert "493817" in cipher.open(row.payload or b"", context=payload_context(row_id))


def test_a_settled_row_keeps_nothing_personal(any_database: Database, start: Start) -> None:
    gateway: SmsGateway = Gateway()
    start({"sms": sms_handler(gateway)})
    with any_database.transaction() as tx:
        put_code(tx)
        put_code(tx, "+8613800138001")
        put_code(tx, send=False)
    eventually(lambda: all(results(any_database)))
    assert [row.payload for row in rows(any_database)] == [None] * 3
    assert sorted(map(str, results(any_database))) == ["delivered", "failed:invalid_number", "nothing"]


def test_a_text_message_carries_its_row_as_idempotency_key_over_all_tries(
    any_database: Database, start: Start
) -> None:
    gateway = Gateway()
    start({"sms": sms_handler(gateway)})
    with any_database.transaction() as tx:
        row_id = put_code(tx, "+8613800138002")
    eventually(lambda: results(any_database) == ["delivered"])
    assert [(message.message_id, message.attempt) for message in gateway.sent] == [(row_id, 1), (row_id, 2)]
    assert gateway.sent[0].text.startswith("【通办】登录验证码 493817")


def test_known_and_unknown_run_the_same_statements(any_database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[Any] = []
    execute = Transaction._execute

    def spy(tx: Transaction, statement: Statement[Any], parameters: dict[str, Any]) -> Any:
        ran.append((statement, sorted(parameters)))
        return execute(tx, statement, parameters)

    monkeypatch.setattr(Transaction, "_execute", spy)
    lists = []
    for send in (True, False):
        ran.clear()
        with any_database.transaction() as tx:
            put_code(tx, send=send)
        lists.append(list(ran))
    assert lists[0] == lists[1]
    assert [len(row.payload or b"") for row in rows(any_database)].count(
        len(rows(any_database)[0].payload or b"")
    ) == 2


def test_deliveries_of_a_session_are_listed_and_waited_for(any_database: Database, start: Start) -> None:
    for client in ("tax", "social"):
        put(any_database, client_id=client, session_id="ses_1")
    put(any_database, client_id="other", session_id="ses_2")
    began = time.monotonic()
    assert [found.result for found in wait(any_database, session_id="ses_1", seconds=0.05)] == [None, None]
    assert 0.05 <= time.monotonic() - began < 1
    start({"logout": Recorder()})
    found = wait(any_database, session_id="ses_1", seconds=10)
    assert sorted((one.client_id or "", one.result) for one in found) == [
        ("social", "delivered"),
        ("tax", "delivered"),
    ]
    assert wait(any_database, session_id="ses_3", seconds=10) == []


def test_settled_rows_are_purged_and_others_never(any_database: Database, start: Start) -> None:
    put(any_database)
    put(any_database, not_before=int(time.time()) + 500)
    start({"logout": Recorder()})
    eventually(lambda: "delivered" in results(any_database))
    with any_database.transaction() as tx:
        assert purge_settled(tx, before=0) == 0
        assert purge_settled(tx, before=int(time.time()) + 10) == 1
    assert results(any_database) == [None]


def test_enqueueing_before_there_is_a_cipher_is_a_bug(
    any_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox, "_cipher", None)
    with pytest.raises(RuntimeError, match="init_outbox"):
        put(any_database)


def test_an_unknown_kind_is_a_bug(any_database: Database) -> None:
    with pytest.raises(ValueError, match="carrier pigeon"):
        put(any_database, kind="carrier pigeon")


def test_deliveries_are_none_before_the_session_ends(any_database: Database) -> None:
    with any_database.autocommit() as tx:
        assert deliveries(tx, session_id="ses_1") == []
