"""The vendor's memory: which requests it has seen, and the messages that reached a phone.

Always true: all of it lives in this process, is bounded (the oldest goes first), and is gone when the sandbox stops.
"""

import secrets
from collections import OrderedDict, deque
from collections.abc import Mapping
from dataclasses import dataclass
from threading import Lock

from adapters.sandbox.contract import SmsRequest
from adapters.sandbox.magic import DELIVER, Step


@dataclass(frozen=True, slots=True)
class Message:
    """One message on one phone; ``arrived_at`` (Unix seconds) may lie ahead: it is late."""

    provider_id: str
    message_id: str
    to: str
    template: str
    params: Mapping[str, str]
    text: str
    locale: str
    arrived_at: float


@dataclass(frozen=True, slots=True)
class Conflict:
    """This idempotency key came before with another body."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """What to answer: the step met, and the message's name once it is taken."""

    step: Step
    provider_id: str


@dataclass(slots=True)
class _Seen:
    digest: bytes
    requests: int = 0
    step: Step = DELIVER
    not_before: float = 0
    provider_id: str = ""


class Inbox:
    """Safe for several threads: every public method takes the one lock, and none waits while it holds it."""

    def __init__(self, *, max_messages: int, max_requests: int) -> None:
        self._lock = Lock()
        self._messages: deque[Message] = deque(maxlen=max_messages)
        self._seen: OrderedDict[str, _Seen] = OrderedDict()
        self._max_requests = max_requests

    def receive(self, request: SmsRequest, steps: tuple[Step, ...], *, now: float) -> Receipt | Conflict:
        """Take ``request`` through the next of its ``steps``; one already taken is only answered again."""
        with self._lock:
            seen = self._seen.get(request.message_id) or self._first(request)
            if seen.digest != request.digest:
                return Conflict()
            if seen.provider_id:
                return Receipt(DELIVER, seen.provider_id)
            if now >= seen.not_before:
                self._advance(seen, request, steps, now)
            return Receipt(seen.step, seen.provider_id)

    def messages(self, *, now: float, to: str | None = None) -> list[Message]:
        """What has arrived by ``now``, newest first; ``to`` (E.164) keeps one number's."""
        with self._lock:
            kept = [message for message in self._messages if message.arrived_at <= now and to in (None, message.to)]
        kept.sort(key=lambda message: message.arrived_at)  # late ones arrive out of turn
        kept.reverse()
        return kept

    def clear(self, *, to: str | None = None) -> int:
        """Forget the messages (of ``to``), those on their way included; returns how many. Requests stay known."""
        with self._lock:
            kept = [message for message in self._messages if to not in (None, message.to)]
            count = len(self._messages) - len(kept)
            self._messages = deque(kept, maxlen=self._messages.maxlen)
            return count

    def _first(self, request: SmsRequest) -> _Seen:
        if len(self._seen) >= self._max_requests:
            self._seen.popitem(last=False)
        self._seen[request.message_id] = seen = _Seen(request.digest)
        return seen

    def _advance(self, seen: _Seen, request: SmsRequest, steps: tuple[Step, ...], now: float) -> None:
        seen.step = steps[min(seen.requests, len(steps) - 1)]
        seen.requests += 1
        seen.not_before = now + seen.step.retry_after  # whoever comes back too early meets the same step again
        if seen.step.taken:
            seen.provider_id = "sms_" + secrets.token_hex(8)
            self._messages.extend([_message(request, seen, now)] * seen.step.copies)


def _message(request: SmsRequest, seen: _Seen, now: float) -> Message:
    return Message(
        provider_id=seen.provider_id,
        message_id=request.message_id,
        to=request.to,
        template=request.template,
        params=request.params,
        text=request.text,
        locale=request.locale,
        arrived_at=now + seen.step.late,
    )
