"""Owns the address at which an app has security events pushed to it (RFC 8935), for every web framework.

Who may post there is said by the header agreed on with the stream, and what is believed by the provider's signature.
"""

from __future__ import annotations

import hmac

from adapters.departments.events import EventReceiver
from adapters.departments.web_requests import Reply

LARGEST_EVENT = 32 * 1024
"""Bytes of the longest token that is read; a longer one is answered with 413."""


def authorized(sent: str, *, agreed: str | None) -> bool:
    """True for the `Authorization` header that was agreed on, or if none was."""
    return agreed is None or hmac.compare_digest(sent.encode("utf-8", "replace"), agreed.encode())


def unauthorized() -> Reply:
    """The answer to a push without that header; its body need not be read."""
    told = {"err": "authentication_failed", "description": "the header that was agreed on is missing"}
    return Reply(400, document=told)


def take(receiver: EventReceiver, body: bytes, *, content_type: str, now: int) -> Reply:
    """Take what was posted. Raises what a handler raises; the event then comes again."""
    token = body.decode("ascii", "replace").strip()
    answer = receiver.pushed(token, content_type=content_type, now=now)
    return Reply(answer.status, document=answer.document)
