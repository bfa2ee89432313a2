"""Writing audit records: the chains of this process and the one insert that extends them.

Always true: a chain is extended by one transaction at a time, which holds it from its first record to its commit; no
thread waits for another.

A transaction takes a free chain (or begins one), and its commit gives the chain back. After a rollback, or when
nobody knows whether the commit happened, the chain is left as it is and never extended again: a new one costs one
row, a chain extended from a wrong head would cost its evidence.
"""

import os
import secrets
import threading
from functools import partial
from typing import Any

from idp.audit.rules import (
    GENESIS,
    Detail,
    Entry,
    Event,
    chain_day,
    day_end,
    detail_text,
    entry_mac,
    storable,
)
from idp.db import Database, Statement, Transaction
from idp.log import request_id

_INSERT = Statement[Any](
    "INSERT INTO audit_event (chain, seq, at, event, actor, subject, client, session, mandate, result, reason,"
    " request_id, detail, prev, mac) VALUES (:chain, :seq, :at, :event, :actor, :subject, :client, :session,"
    " :mandate, :result, :reason, :request_id, :detail, :prev, :mac)"
)
_FIELDS = Entry._fields[2:13]
_NOTE = "audit chain"


class Head:
    """Where a chain goes on: the next record's number and the MAC before it."""

    __slots__ = ("chain", "ends_at", "mac", "next_seq")

    def __init__(self, chain: str, ends_at: int) -> None:
        self.chain = chain
        self.ends_at = ends_at
        self.next_seq = 0
        self.mac = GENESIS


class Writer:
    """The chains of one process. ``node`` names the machine in each chain's first record."""

    def __init__(self, key: bytes, node: str) -> None:
        self.key = key
        self.node = node
        self._free: list[Head] = []  # append and pop are atomic

    def write(self, tx: Transaction, fields: tuple[Any, ...], *, now: int) -> None:
        """Insert one record of ``fields`` (in the order of `_FIELDS`) at the end of the transaction's chain."""
        head: Head | None = tx.notes.get(_NOTE)
        if head is None:
            head = tx.notes[_NOTE] = self._take(tx, now)
            tx.after_commit(partial(self._free.append, head))
        self._extend(tx, head, fields)

    def close(self, database: Database, *, now: int) -> None:
        """End every free chain with a closing record, so that the next start is not mistaken for a cut."""
        with database.transaction() as tx:
            while self._free:
                self._end(tx, self._free.pop(), now)

    def forget(self) -> None:
        """A forked child leaves its parent's chains to the parent."""
        self._free.clear()

    def _take(self, tx: Transaction, now: int) -> Head:
        try:
            head = self._free.pop()
        except IndexError:
            return self._begin(tx, now)
        if now < head.ends_at:
            return head
        self._end(tx, head, now)
        return self._begin(tx, now)

    def _begin(self, tx: Transaction, now: int) -> Head:
        head = Head(chain_day(now) + secrets.token_hex(8), day_end(now))
        origin: Detail = {"node": self.node, "pid": os.getpid(), "thread": threading.current_thread().name}
        self._extend(tx, head, _system_fields(Event.CHAIN_BEGUN, detail_text(origin), now))
        return head

    def _end(self, tx: Transaction, head: Head, now: int) -> None:
        self._extend(tx, head, _system_fields(Event.CHAIN_CLOSED, None, now))

    def _extend(self, tx: Transaction, head: Head, fields: tuple[Any, ...]) -> None:
        mac = entry_mac(self.key, (head.chain, head.next_seq, *fields), head.mac)
        row = dict(zip(_FIELDS, fields, strict=True))
        tx.send(_INSERT, chain=head.chain, seq=head.next_seq, prev=head.mac, mac=mac, **row)
        head.next_seq += 1
        head.mac = mac


def _system_fields(event: Event, detail: str | None, now: int) -> tuple[Any, ...]:
    return (now, event.value, None, None, None, None, None, "ok", None, request_id.get(), detail)


_writer: Writer | None = None


def init_audit(key: bytes, node: str) -> Writer:
    """Give this process its audit key (32 bytes or more) and the node its chains name; call once per process."""
    global _writer
    if len(key) < 32:
        raise ValueError("the audit key has 32 bytes or more")
    _writer = Writer(key, node)
    return _writer


def current_writer() -> Writer:
    if _writer is None:
        raise RuntimeError("init_audit has not been called")
    return _writer


def _after_fork() -> None:
    if _writer is not None:
        _writer.forget()


os.register_at_fork(after_in_child=_after_fork)


def record(
    tx: Transaction,
    event: Event,
    *,
    actor: str | None = None,
    subject: str | None = None,
    client: str | None = None,
    session: str | None = None,
    mandate: str | None = None,
    result: str = "ok",
    reason: str | None = None,
    detail: Detail | None = None,
    now: int,
) -> None:
    """Tell of ``event`` in the transaction of the act (trust 12). Internal ids only; nothing personal, no secret.

    ``actor`` did it to ``subject`` for ``client`` in ``session`` under ``mandate``; ``reason`` names a refusal.
    ``now``: Unix seconds. Raises what a statement raises.
    """
    named = (actor, subject, client, session, mandate, result, reason, request_id.get())
    current_writer().write(tx, (now, event.value, *map(storable, named), detail_text(detail)), now=now)
