"""Events on their way: signed, pushed (RFC 8935), or handed out and acknowledged (RFC 8936).

Always true: an event that its receiver has taken is forgotten, and one it refused is not offered again; nothing is
signed or sent inside a transaction.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import orjson

from idp.audit import Event, record
from idp.clients.actions import Registry
from idp.clients.rules import Client
from idp.crypto.fields import FieldUnreadable
from idp.db import Database, Statement, Transaction
from idp.messages.claims import Message
from idp.messages.outbound import Answer, GuardedClient, NoAnswer
from idp.messages.outbox import current_cipher, payload_context
from idp.messages.worker import Failed, Handler, Outcome, Retry, Settled
from idp.oidc.tokens import TokenMaker
from idp.streams.registration import Streams, by_id
from idp.streams.rules import TYP, Method, Poll, Status, Stream, push_error

_CURABLE = frozenset({"invalid_key", "authentication_failed", "access_denied"})
"""Refusals that may pass while both sides change keys or permissions."""


class Waiting(NamedTuple):
    """One event that has not been taken."""

    jti: str
    claims: str
    created_at: int


_ONE = Statement[tuple[str, str, str, int]](
    "SELECT stream_id, jti, claims, created_at FROM stream_event WHERE jti = :jti AND failure IS NULL"
)
_NEXT = Statement(
    "SELECT jti, claims, created_at FROM stream_event WHERE stream_id = :stream AND failure IS NULL"
    " ORDER BY created_at, jti LIMIT :most",
    Waiting,
)
_TAKEN = Statement[Any]("DELETE FROM stream_event WHERE jti = :jti AND stream_id = :stream AND failure IS NULL")
_REFUSED = Statement[Any](
    "UPDATE stream_event SET failure = :why WHERE jti = :jti AND stream_id = :stream AND failure IS NULL"
)
_STREAM = Statement("SELECT stream_id FROM stream_event WHERE jti = :jti", str)


def signed(maker: TokenMaker, client: Client, event: Waiting) -> str:
    """A Security Event Token (RFC 8417), for this client, by the key its ID tokens are signed with."""
    about = {"iss": maker.issuer, "aud": client.client_id, "iat": event.created_at, "jti": event.jti}
    return maker.keys.sign(orjson.loads(event.claims) | about, alg=client.id_token_alg, typ=TYP)


def next_events(tx: Transaction, stream: Stream, *, most: int) -> list[Waiting]:
    """What waits, oldest first; of a stream that is not enabled nothing does."""
    return tx.all(_NEXT, stream=stream.id, most=most) if stream.status is Status.ENABLED else []


def settle(tx: Transaction, stream: Stream, poll: Poll, *, now: int) -> None:
    """What a receiver says of tokens it has had; of another stream's, or of one settled before, it says nothing."""
    for jti in poll.taken:
        _taken(tx, stream.id, stream.client_id, jti, now=now)
    for jti, why in poll.failed.items():
        _refused(tx, stream.id, stream.client_id, jti, why, now=now)


def _taken(tx: Transaction, stream: str, client: str | None, jti: str, *, now: int) -> None:
    if tx.run(_TAKEN, jti=jti, stream=stream):
        record(tx, Event.SECURITY_EVENT_DELIVERED, client=client, subject=jti, now=now)


def _refused(tx: Transaction, stream: str, client: str | None, jti: str, why: str, *, now: int) -> None:
    if tx.run(_REFUSED, jti=jti, stream=stream, why=why):
        failed: dict[str, Any] = {"client": client, "subject": jti, "result": "failed", "reason": why}
        record(tx, Event.SECURITY_EVENT_FAILED, now=now, **failed)


@dataclass(frozen=True, slots=True)
class Pushing:
    """Sends events to those who have them pushed."""

    database: Database
    registry: Registry
    streams: Streams
    maker: TokenMaker
    outbound: GuardedClient

    def handler(self) -> Handler:
        """The worker's handler of outbox kind ``security_event``: one POST (RFC 8935 2)."""

        def deliver(_message: Message, payload: Mapping[str, Any]) -> Outcome:
            ready = self._ready(payload["jti"])
            return ready if isinstance(ready, Settled | Retry) else self._send(*ready)

        return deliver

    def _ready(self, jti: str) -> tuple[str, str, str | None] | Settled | Retry:
        """The token, where it goes and how it says who sends it."""
        with self.database.autocommit() as tx:
            found = tx.one(_ONE, jti=jti)
            stream = by_id(tx, found[0]) if found else None
            target = self.streams.target(tx, stream.id) if stream else None
        if found is None or stream is None or target is None or stream.method is not Method.PUSH:
            return Settled("not-pushed")
        if stream.status is not Status.ENABLED:
            return Settled("held")
        client = self.registry.get(stream.client_id)
        if client is None or not client.served:
            return Retry("client-not-served")
        return signed(self.maker, client, Waiting(*found[1:])), *target

    def _send(self, token: str, endpoint: str, authorization: str | None) -> Outcome:
        headers = {"Content-Type": f"application/{TYP}", "Accept": "application/json"}
        if authorization is not None:
            headers["Authorization"] = authorization
        answer = self.outbound.post(endpoint, token.encode(), headers=headers)
        if isinstance(answer, NoAnswer):
            return Retry(answer.reason)
        if answer.status in (200, 202):
            return Settled()
        return _refusal(answer) if answer.status == 400 else Retry(f"status-{answer.status}", _pause(answer))


def _refusal(answer: Answer) -> Outcome:
    """A receiver that understood says why it does not take it (RFC 8935 2.3)."""
    try:
        why = push_error(orjson.loads(answer.body))
    except orjson.JSONDecodeError:
        why = "other"
    return Retry(why) if why in _CURABLE else Failed(why)


def _pause(answer: Answer) -> int | None:
    after = answer.headers.get("retry-after", "")
    return min(int(after), 3600) if after.isascii() and after.isdigit() and len(after) < 6 else None


def note_settled(tx: Transaction, message: Message, result: str, now: int) -> None:
    """Write down how a push ended: as `idp.messages.worker.OnSettled`."""
    try:
        text = current_cipher().open(message.payload or b"", context=payload_context(message.id))
    except FieldUnreadable:
        return
    jti: str = orjson.loads(text)["jti"]
    stream = tx.one(_STREAM, jti=jti)
    if stream is not None and result == "delivered":
        _taken(tx, stream, message.client_id, jti, now=now)
    elif stream is not None and result.startswith(("failed", "expired")):
        _refused(tx, stream, message.client_id, jti, result, now=now)
