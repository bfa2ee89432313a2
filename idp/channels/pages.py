"""``/c/CODE``: what the QR code of a poster leads to.

Always true: a code that nobody knows, or that is out of use, leads to registration like any other.
"""

from flask import Blueprint, Flask, redirect, url_for
from flask.typing import ResponseReturnValue

from idp.channels.actions import in_use
from idp.channels.current import remember
from idp.channels.rules import parse_code
from idp.db import current_transaction
from idp.web.guards import public

blueprint = Blueprint("channels", __name__)


def init_channels(app: Flask) -> None:
    app.register_blueprint(blueprint)


@blueprint.get("/c/<path:code>")
@public
def arrive(code: str) -> ResponseReturnValue:
    known = parse_code(code.rstrip("/"))
    if known is not None and in_use(current_transaction(), known):
        remember(known)
    return redirect(url_for("registration.phone"), 303)
