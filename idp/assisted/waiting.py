"""The page that waits until a citizen has answered on their own phone.

Always true: it looks again by itself and can be told not to; what the answer leads to is sent by the clerk.
"""

from flask import render_template, request
from flask.typing import ResponseReturnValue

from idp.web.headers import refresh_after

AGAIN = 3
"""Seconds after which the page looks whether they have."""


def waiting_page(state: str, here: str, *, back: str) -> ResponseReturnValue:
    """``state``: waiting, confirmed, declined or over; ``here``: the address that waits; ``back``: to scan again."""
    refreshing = state == "waiting" and "pause" not in request.args
    if refreshing:
        refresh_after(AGAIN, here)
    return render_template(
        "assisted/wait.html",
        state=state,
        refreshing=refreshing,
        refresh_url=here,
        pause_url=f"{here}{'&' if '?' in here else '?'}pause=1",
        back_url=back,
    )
