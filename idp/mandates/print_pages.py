"""The printed form of a mandate, and the page on which anybody who holds one checks it.

Always true: the form of the same mandate is the same bytes whenever it is printed, and the check tells no name.
"""

import hmac
import re

from flask import make_response, render_template, request, url_for
from flask.typing import ResponseReturnValue

from idp.db import current_transaction
from idp.mandates import reading
from idp.mandates.desk import blueprint, parts
from idp.mandates.finding import look
from idp.mandates.rules import Side, State
from idp.mandates.text_pages import SHOWN
from idp.mandates.words import state_word
from idp.web.clock import now
from idp.web.forms import Field, Form
from idp.web.guards import public, signed_in
from idp.web.locale import preferences
from idp.web.options import options
from idp.web.qr import qr_svg
from idp.web.reasons import sentence

NUMBER = Field("m", sentence("mandate_number_missing"), max_length=80)
PREFIX = Field("h", sentence("mandate_hash_missing"), max_length=80)
_HEX = re.compile(r"[0-9a-f]{16,64}")
_SHOWN = frozenset(State) - {State.REQUESTED, State.PENDING_APPROVALS}
"""What was not signed is no mandate yet."""


@blueprint.get("/account/mandates/<mandate_id>/print")
@signed_in
def print_(mandate_id: str) -> ResponseReturnValue:
    """Text, signatures and hash, without anything of the moment or of who prints it."""
    seen = look(mandate_id)
    short = seen.kept.text_hash[:SHOWN]
    lang = preferences().lang
    address = options().issuer + url_for("mandates.check", m=mandate_id, h=short)
    texts = parts().granting.opened(mandate_id, seen.kept)["text"]
    return make_response(
        render_template(
            "mandates/print.html",
            number=mandate_id,
            text=texts[lang],
            text_hash=seen.kept.text_hash,
            short_hash=short,
            signatures=seen.signatures(),
            qr=qr_svg(address),
            check_address=options().issuer + url_for("mandates.check"),
        )
    )


@blueprint.get("/mandates/check")
@public
def check() -> ResponseReturnValue:
    """Whether a text is that of a mandate, and its state now; both number and hash have to be on paper before one."""
    asked = "m" in request.args or "h" in request.args
    form = Form(NUMBER, PREFIX, values={"m": request.args.get("m", "")[:80], "h": request.args.get("h", "")[:80]})
    if asked and not form["m"]:
        form.refuse("m", NUMBER.missing)
    if asked and not form["h"]:
        form.refuse("h", PREFIX.missing)
    return render_template(
        "mandates/check.html",
        form=form,
        asked=asked and form.ok,
        state=_state(form["m"], form["h"]) if asked and form.ok else None,
    )


def _state(number: str, prefix: str) -> object | None:
    """In words; None for every pair that is not one mandate's."""
    typed = re.sub(r"[\s-]", "", prefix).lower()
    tx = current_transaction()
    mandate, kept = reading.find(tx, number.strip()), reading.particulars(tx, number.strip())
    if mandate is None or kept is None or mandate.state not in _SHOWN or not _HEX.fullmatch(typed):
        return None
    same = hmac.compare_digest(kept.text_hash[: len(typed)], typed)
    return state_word(mandate, Side.PRINCIPAL, now=now()) if same else None
