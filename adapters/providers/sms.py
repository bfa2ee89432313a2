"""The SMS provider's client (docs/providers.md): one signed request per message.

Always true: `send` ends within the configured times whatever the other side does, and what it makes of an answer
holds nothing of the provider's own words.
"""

import http.client
import json
import re
import time
from collections.abc import Callable
from pathlib import Path

from adapters.providers.http import Answer, Failed, SignedClient, parsed
from idp.messages.rules import (
    RefusalReason,
    Refused,
    Sent,
    SmsMessage,
    Unavailable,
    UnavailableReason,
)

# The rest of 4xx (404, 405, 407, 408, …) says that the way is wrong, not the message: it is tried again.
REFUSED_AS = {
    400: RefusalReason.INVALID_REQUEST,
    401: RefusalReason.BAD_SIGNATURE,
    403: RefusalReason.OTHER,
    409: RefusalReason.IDEMPOTENCY_CONFLICT,
    413: RefusalReason.INVALID_REQUEST,
    415: RefusalReason.INVALID_REQUEST,
    422: RefusalReason.OTHER,
}
_PROVIDER_ID = re.compile(r"[!-~]{1,128}")


def encode(message: SmsMessage) -> bytes:
    """The request body: the same bytes for the same message, because a retry must repeat them."""
    fields = {
        "locale": message.locale,
        "message_id": message.message_id,
        "params": dict(message.params),
        "template": message.template,
        "text": message.text,
        "to": message.to,
    }
    return json.dumps(fields, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


class HttpSmsGateway:
    """Fills ``idp.messages.rules.SmsGateway``. Safe for several threads: a request keeps nothing on the instance."""

    def __init__(
        self,
        url: str,
        secret: str,
        *,
        timeout: float = 3.0,
        ca_file: Path | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """``timeout``: seconds to connect, again to agree on TLS, and again for the whole answer.

        Raises ``ValueError`` for an unusable ``url``, ``OSError`` for an unreadable ``ca_file``.
        """
        self._client = SignedClient(url, secret, timeout=timeout, ca_file=ca_file, clock=clock)

    def send(self, message: SmsMessage) -> Sent | Refused | Unavailable:
        """One try. After ``Unavailable`` the caller repeats the same message; its id keeps it from arriving twice."""
        answer = self._client.post(encode(message), key=message.message_id)
        return _unavailable(answer) if isinstance(answer, Failed) else _judge(answer)


def _judge(answer: Answer) -> Sent | Refused | Unavailable:
    if answer.status == http.client.ACCEPTED:
        return _accepted(answer.content)
    if answer.status in REFUSED_AS:
        return Refused(_refusal(answer.status, answer.content))
    return _unavailable(answer.failed())


def _unavailable(failed: Failed) -> Unavailable:
    return Unavailable(UnavailableReason(failed.failure.value), failed.retry_after)


def _accepted(content: bytes) -> Sent | Unavailable:
    answer = parsed(content)
    provider_id = answer.get("provider_id")
    named = isinstance(provider_id, str) and _PROVIDER_ID.fullmatch(provider_id)
    if not named or answer.get("status") != "accepted":
        return Unavailable(UnavailableReason.MALFORMED_ANSWER)
    return Sent(named.group())


def _refusal(status: int, content: bytes) -> RefusalReason:
    """The provider's word if it is one of ours, else what the status says; its free text is dropped."""
    error = parsed(content).get("error")
    return next((reason for reason in RefusalReason if reason == error), REFUSED_AS[status])
