"""The channel this browser came by: a signed cookie with a code and an end.

Always true: what the browser sends counts only if it was signed here, has not ended and its channel is in use.
"""

import hashlib

from flask import current_app
from itsdangerous import BadSignature, Signer

from idp.channels import actions
from idp.channels.rules import LIFE, Step
from idp.db import current_transaction
from idp.web.clock import now
from idp.web.cookies import channel_value, set_channel


def remember(code: str) -> None:
    """Let the browser remember the channel until `LIFE` has passed."""
    set_channel(_signer().sign(f"{code}.{now() + LIFE}").decode(), LIFE)


def current_channel() -> str | None:
    """The code of the channel in use that this browser came by."""
    value = channel_value()
    if value is None:
        return None
    try:
        code, _, until = _signer().unsign(value).decode().partition(".")
    except BadSignature:
        return None
    return code if int(until) > now() and actions.in_use(current_transaction(), code) else None


def note(step: Step) -> str | None:
    """Count ``step`` for the current channel, if there is one; its code, for the trail. The view commits soon."""
    code = current_channel()
    if code is not None:
        actions.count(current_transaction(), code, step, now=now())
    return code


def _signer() -> Signer:
    assert current_app.secret_key is not None  # noqa: S101 - no application of ours is without
    return Signer(current_app.secret_key, salt=b"channel", digest_method=hashlib.sha256)
