"""Owns an app's stream of security events: made once, and polled (RFC 8936) where it is not pushed.

Always true: what a poll has taken is acknowledged by the next request, and what it could not handle is not.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from adapters.departments.errors import ConfigurationError, InvalidToken, ProviderRefused, ProviderUnavailable
from adapters.departments.events import EventReceiver, refused
from adapters.departments.relying_party import RelyingParty

_log = logging.getLogger(__name__)

SCOPE = "events.manage"
PUSH, POLL = "urn:ietf:rfc:8935", "urn:ietf:rfc:8936"
_ROUNDS = 100  # of one poll, so that a stream that never ends does not hold its caller


@dataclass(frozen=True, slots=True)
class Stream:
    """A stream as the provider describes it."""

    id: str
    delivery: Mapping[str, Any] = field(repr=False)
    events: tuple[str, ...]


def open_stream(
    party: RelyingParty, *, endpoint: str | None = None, authorization: str | None = None, now: int
) -> Stream:
    """This app's stream, made now or before. endpoint: where events are pushed; None: they are polled.

    authorization: the whole header that pushes carry. Raises `ConfigurationError` if the stream there is delivers
    elsewhere, `ProviderRefused`, `ProviderUnavailable`.
    """
    delivery: dict[str, str] = {"method": POLL if endpoint is None else PUSH}
    delivery |= {} if endpoint is None else {"endpoint_url": endpoint}
    delivery |= {} if authorization is None else {"authorization_header": authorization}
    try:
        return _stream(party.ask_as_client("/ssf/streams", {"delivery": delivery}, scope=SCOPE, now=now))
    except ProviderRefused as refusal:
        if refusal.status != 409:
            raise
    found = party.ask_for_list("/ssf/streams", scope=SCOPE, now=now)
    stream = _stream(found[0]) if found else None
    if stream is None or stream.delivery.get("method") != delivery["method"]:
        raise ConfigurationError("there is a stream already, and it is delivered in another way")
    if endpoint is not None and stream.delivery.get("endpoint_url") != endpoint:
        raise ConfigurationError("there is a stream already, and it is delivered elsewhere")
    return stream


def _stream(told: object) -> Stream:
    name, delivery = (told.get("stream_id"), told.get("delivery")) if isinstance(told, dict) else (None, None)
    if not isinstance(told, dict) or not isinstance(name, str) or not isinstance(delivery, dict):
        raise ProviderUnavailable("the description of a stream cannot be read")
    return Stream(name, delivery, tuple(uri for uri in told.get("events_delivered", ()) if isinstance(uri, str)))


def poll(party: RelyingParty, receiver: EventReceiver, *, most: int = 100, now: int) -> int:
    """Take what waits, and say what was taken; returns how many new events there were.

    A failing handler is logged, and its event comes again at the next poll. Raises `ProviderRefused`,
    `ProviderUnavailable`; what was taken and could not be said comes again, and is not handled again.
    """
    taken: list[str] = []
    wrong: dict[str, Any] = {}
    done = 0
    for _ in range(_ROUNDS):
        asked = {"returnImmediately": True, "maxEvents": most, "ack": taken, "setErrs": wrong}
        sets = party.ask_as_client("/ssf/poll", asked, scope=SCOPE, now=now).get("sets", {})
        if not isinstance(sets, dict) or not all(isinstance(token, str) for token in sets.values()):
            raise ProviderUnavailable("the answer to a poll cannot be read")
        taken, wrong = [], {}
        for name, token in sets.items():
            done += _polled(receiver, name, token, taken, wrong, now)
        if not taken and not wrong:
            break
    return done


def _polled(
    receiver: EventReceiver, name: str, token: str, taken: list[str], wrong: dict[str, Any], now: int
) -> bool:
    try:
        event = receiver.take(token, now=now)
    except InvalidToken as refusal:
        wrong[name] = refused(refusal).document
        return False
    except (ProviderUnavailable, ConfigurationError):
        raise
    except Exception:
        _log.exception("an event could not be handled")
        return False
    taken.append(name)
    return event is not None
