"""The one message a page may open with.

Always true: its text is already a sentence for the person; nothing in it is a machine's reason or an identifier.
"""

from dataclasses import dataclass
from typing import Literal

from flask import request

from idp.web.forms import Text
from idp.web.reasons import known_reason, sentence


@dataclass(frozen=True)
class Notice:
    """``kind``: info (said politely), warn (what to heed), bad (refused; read out at once)."""

    kind: Literal["info", "warn", "bad"]
    text: Text
    title: Text | None = None


def done_notice() -> Notice | None:
    """What the redirect that led here says was done."""
    reason = request.args.get("done", "")
    return Notice("info", sentence(reason)) if reason and known_reason(reason) else None
