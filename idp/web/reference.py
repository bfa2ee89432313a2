"""The reference number of a request: the same in the log, in the page's foot and on every error page.

Always true: it is made here, never taken from the request, and is free of letters that are misread on the telephone.
"""

import os
from typing import Any

from flask import Flask, g

from idp.log import request_id

_ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
_PAIRS = tuple(a + b for a in _ALPHABET for b in _ALPHABET)
_STEPS = tuple(900**power for power in range(6))


def new_reference() -> str:
    """Twelve characters in three groups, about 58 bits."""
    number, pairs = int.from_bytes(os.urandom(8)), _PAIRS
    a, b, c, d, e, f = (pairs[number // step % 900] for step in _STEPS)
    return f"{a}{b}-{c}{d}-{e}{f}"


def reference() -> str:
    """The reference number of this request."""
    return request_id.get()


def init_reference(app: Flask) -> None:
    """Give every request a number and show it in the X-Request-Id header."""

    @app.before_request
    def number() -> None:
        g.tb_reference = request_id.set(new_reference())

    @app.after_request
    def tell(response: Any) -> Any:
        response.headers["X-Request-Id"] = request_id.get()
        return response

    @app.teardown_request
    def forget(_error: BaseException | None) -> None:
        token = g.pop("tb_reference", None)
        if token is not None:
            request_id.reset(token)
