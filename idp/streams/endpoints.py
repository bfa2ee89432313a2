"""The endpoints of event streams: management (SSF 1.0 8), polling (RFC 8936), and what is announced of them.

Always true: a client reaches its own stream alone; another's is answered like one that does not exist.
"""

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from idp.audit.rules import Counted
from idp.clients.actions import Registry
from idp.clients.rules import Client
from idp.db import Database, Transaction
from idp.oidc.callers import Callers
from idp.oidc.server import Count
from idp.oidc.tokens import TokenMaker
from idp.streams.delivering import next_events, settle, signed
from idp.streams.registration import Streams, of_client
from idp.streams.rules import (
    MIN_VERIFICATION,
    MOST_TEXT,
    SCOPE,
    SUPPORTED,
    VERIFICATION,
    Method,
    Poll,
    Refused,
    Stream,
    Wrong,
    read_poll,
    read_status,
    read_wanted,
)
from idp.streams.spreading import put_event
from idp.web.protocol import NO_STORE, ProtocolRequest, ProtocolResponse, json_response, problem_response

STREAMS, STATUS, VERIFY, POLL = "/ssf/streams", "/ssf/status", "/ssf/verify", "/ssf/poll"
_EVERY = 0.5
"""Seconds between two looks while a poll waits."""
Answer = ProtocolResponse | tuple[Refused, str]
Act = Callable[[Transaction, Client, ProtocolRequest], Answer]


def configuration(issuer: str) -> dict[str, Any]:
    """Transmitter metadata (SSF 1.0 7.1)."""
    return {
        "spec_version": "1_0",
        "issuer": issuer,
        "jwks_uri": f"{issuer}/jwks",
        "delivery_methods_supported": [method.value for method in Method],
        "configuration_endpoint": f"{issuer}{STREAMS}",
        "status_endpoint": f"{issuer}{STATUS}",
        "verification_endpoint": f"{issuer}{VERIFY}",
        "authorization_schemes": [{"spec_urn": "urn:ietf:rfc:6749"}, {"spec_urn": "urn:ietf:rfc:6750"}],
        "default_subjects": "ALL",
    }


class StreamEndpoints:
    """``wait``: seconds a poll may be held, and ``places``: how many polls at a time."""

    def __init__(
        self,
        database: Database,
        registry: Registry,
        callers: Callers,
        streams: Streams,
        maker: TokenMaker,
        count: Count,
        *,
        wait: int,
        places: int,
    ) -> None:
        self._database = database
        self._registry = registry
        self._callers = callers
        self._streams = streams
        self._maker = maker
        self._count = count
        self._wait = wait
        self._places = threading.Semaphore(places)
        self._acts: Mapping[tuple[str, str], Act] = {
            (STREAMS, "POST"): self._create,
            (STREAMS, "GET"): self._read,
            (STREAMS, "PATCH"): self._change,
            (STREAMS, "PUT"): self._change,
            (STREAMS, "DELETE"): self._delete,
            (STATUS, "GET"): self._read_status,
            (STATUS, "POST"): self._set_status,
            (VERIFY, "POST"): self._verify,
        }

    def routes(self) -> Iterator[tuple[str, tuple[str, ...], Callable[[ProtocolRequest], ProtocolResponse]]]:
        for path in (STREAMS, STATUS, VERIFY):
            methods = tuple(method for at, method in self._acts if at == path)
            yield path, methods, lambda request, path=path: self._manage(path, request)  # type: ignore[misc]
        yield POLL, ("POST",), self.poll

    def _manage(self, path: str, request: ProtocolRequest) -> ProtocolResponse:
        act = self._acts[path, "GET" if request.method == "HEAD" else request.method]
        caller = self._caller(request)
        if not isinstance(caller, Client):
            return caller
        with self._database.transaction() as tx:
            answer = act(tx, caller, request)
        return self._told(caller, answer, request.now)

    def _caller(self, request: ProtocolRequest) -> Client | ProtocolResponse:
        with self._database.autocommit() as tx:
            return self._callers.caller(tx, request, SCOPE, Counted.SECURITY_EVENTS)

    def _told(self, caller: Client, answer: Answer, now: int) -> ProtocolResponse:
        if isinstance(answer, ProtocolResponse):
            return answer
        why, detail = answer
        self._count(Counted.SECURITY_EVENTS, caller.client_id, why.value, now)
        headers = (("Retry-After", str(MIN_VERIFICATION)),) if why is Refused.TOO_SOON else ()
        return problem_response(why.value, detail, status=why.status, headers=headers)

    # -- streams (SSF 1.0 8.1.1)

    def _create(self, tx: Transaction, client: Client, request: ProtocolRequest) -> Answer:
        wanted = read_wanted(request.json)
        if isinstance(wanted, Wrong):
            return Refused.REQUEST, wanted.why
        made = self._streams.create(tx, client.client_id, wanted, now=request.now)
        return json_response(self._described(made), status=201) if made else (Refused.EXISTS, "")

    def _read(self, tx: Transaction, client: Client, request: ProtocolRequest) -> Answer:
        """One by its name, or the list of all, which is one or none."""
        if "stream_id" not in request.query:
            own = of_client(tx, client.client_id)
            return json_response([self._described(own)] if own else [])
        found = _named(tx, client, request.query)
        return json_response(self._described(found)) if isinstance(found, Stream) else found

    def _change(self, tx: Transaction, client: Client, request: ProtocolRequest) -> Answer:
        wanted, found = read_wanted(request.json), _named(tx, client, request.json)
        if isinstance(wanted, Wrong):
            return Refused.REQUEST, wanted.why
        if not isinstance(found, Stream):
            return found
        changed = self._streams.change(tx, found, wanted, whole=request.method == "PUT", now=request.now)
        return json_response(self._described(changed)) if changed else (Refused.NOT_FOUND, "")

    def _delete(self, tx: Transaction, client: Client, request: ProtocolRequest) -> Answer:
        found = _named(tx, client, request.query)
        if not isinstance(found, Stream):
            return found
        self._streams.delete(tx, found, now=request.now)
        return ProtocolResponse(204, b"", headers=NO_STORE)

    def _described(self, stream: Stream) -> dict[str, Any]:
        endpoint = stream.endpoint if stream.method is Method.PUSH else f"{self._maker.issuer}{POLL}"
        told: dict[str, Any] = {
            "stream_id": stream.id,
            "iss": self._maker.issuer,
            "aud": stream.client_id,
            "events_supported": list(SUPPORTED),
            "events_requested": list(stream.requested),
            "events_delivered": [uri for uri in SUPPORTED if uri in stream.events],
            "delivery": {"method": stream.method.value, "endpoint_url": endpoint},
            "min_verification_interval": MIN_VERIFICATION,
        }
        return told | ({"description": stream.description} if stream.description is not None else {})

    # -- status and verification (SSF 1.0 8.1.2, 8.1.4)

    def _read_status(self, tx: Transaction, client: Client, request: ProtocolRequest) -> Answer:
        found = _named(tx, client, request.query)
        return json_response(_status(found)) if isinstance(found, Stream) else found

    def _set_status(self, tx: Transaction, client: Client, request: ProtocolRequest) -> Answer:
        wanted, found = read_status(request.json), _named(tx, client, request.json)
        if isinstance(wanted, Wrong):
            return Refused.REQUEST, wanted.why
        if not isinstance(found, Stream):
            return found
        self._streams.set_status(tx, found, *wanted, now=request.now)
        current = of_client(tx, client.client_id)
        return json_response(_status(current)) if current else (Refused.NOT_FOUND, "")

    def _verify(self, tx: Transaction, client: Client, request: ProtocolRequest) -> Answer:
        found, state = _named(tx, client, request.json), request.json.get("state")
        if not request.json.keys() <= {"stream_id", "state"}:
            return Refused.REQUEST, "an unknown member"
        if state is not None and not (isinstance(state, str) and len(state) <= MOST_TEXT):
            return Refused.REQUEST, "state is a text of at most 200 characters"
        if not isinstance(found, Stream):
            return found
        if not self._streams.may_verify(tx, found, now=request.now):
            return Refused.TOO_SOON, ""
        said = {"state": state} if state is not None else {}
        claims = {"sub_id": {"format": "opaque", "id": found.id}, "events": {VERIFICATION: said}}
        put_event(tx, found, "verification", claims, now=request.now)
        return ProtocolResponse(204, b"", headers=NO_STORE)

    # -- polling (RFC 8936 2)

    def poll(self, request: ProtocolRequest) -> ProtocolResponse:
        """Take what the receiver says of earlier tokens, then hand out what waits."""
        asked, caller = read_poll(request.json), self._caller(request)
        if not isinstance(caller, Client):
            return caller
        if isinstance(asked, Wrong):
            return self._told(caller, (Refused.REQUEST, asked.why), request.now)
        with self._database.transaction() as tx:
            stream = of_client(tx, caller.client_id)
            polled = stream is not None and stream.method is Method.POLL
            if polled and stream is not None:
                settle(tx, stream, asked, now=request.now)
        if not polled:
            return self._told(caller, (Refused.NOT_FOUND, ""), request.now)
        self._count(Counted.SECURITY_EVENTS, caller.client_id, "polled", request.now)
        waiting = self._waiting(caller.client_id, asked) if asked.most else []
        sets = {event.jti: signed(self._maker, caller, event) for event in waiting[: asked.most]}
        return json_response({"sets": sets, "moreAvailable": len(waiting) > asked.most})

    def _waiting(self, client_id: str, asked: Poll) -> list[Any]:
        """What waits, one more than is asked for if there is; held for a while when there is nothing."""
        found = self._look(client_id, asked)
        if found or not asked.wait or not self._wait or not self._places.acquire(blocking=False):
            return found
        try:
            deadline = time.monotonic() + self._wait
            while not found and time.monotonic() < deadline:
                time.sleep(_EVERY)
                found = self._look(client_id, asked)
            return found
        finally:
            self._places.release()

    def _look(self, client_id: str, asked: Poll) -> list[Any]:
        with self._database.autocommit() as tx:
            stream = of_client(tx, client_id)
            return next_events(tx, stream, most=asked.most + 1) if stream is not None else []


def _named(tx: Transaction, client: Client, told: Mapping[str, Any]) -> Stream | tuple[Refused, str]:
    """The client's stream, if ``stream_id`` is its name."""
    name = told.get("stream_id")
    if not isinstance(name, str):
        return Refused.REQUEST, "stream_id is missing"
    own = of_client(tx, client.client_id)
    return own if own is not None and own.id == name else (Refused.NOT_FOUND, "")


def _status(stream: Stream) -> dict[str, Any]:
    told = {"stream_id": stream.id, "status": stream.status.value}
    return told | ({"reason": stream.status_reason} if stream.status_reason is not None else {})
