"""The printed papers of cases, and the page on which anybody who holds one checks it.

Always true: a paper is the same bytes whenever, by whomever and in whatever language it is printed, and the check
tells no name.
"""

import hmac
import re

from flask import abort, make_response, render_template, request, url_for
from flask.typing import ResponseReturnValue

from idp.assisted.actions import Clerk, Paper
from idp.assisted.desk import at_counter, blueprint, parts
from idp.assisted.showing import state_word
from idp.assisted.words import PAPERS
from idp.db import current_transaction
from idp.signin.rules import Session
from idp.web.clock import now
from idp.web.forms import Field, Form
from idp.web.guards import current_session, public, signed_in
from idp.web.options import options
from idp.web.qr import qr_svg
from idp.web.reasons import sentence

NUMBER = Field("n", sentence("assisted_number_missing"), max_length=80)
PREFIX = Field("h", sentence("mandate_hash_missing"), max_length=80)
SHOWN = 16
"""Characters of a hash that people compare."""
_HEX = re.compile(r"[0-9a-f]{16,64}")


@blueprint.get("/counter/<case_id>/papers/<paper_id>")
@at_counter
def print_(clerk: Clerk, case_id: str, paper_id: str) -> ResponseReturnValue:
    case = parts().assisting.case(current_transaction(), clerk, case_id, now=now())
    return _printed(case_id if case else "", paper_id)


@blueprint.get("/account/assisted/<case_id>/papers/<paper_id>")
@signed_in
def print_mine(case_id: str, paper_id: str) -> ResponseReturnValue:
    """The citizen's copy, which is the same."""
    session: Session = current_session()
    own = parts().assisting.of_citizen(current_transaction(), session.party_id)
    return _printed(case_id if any(one.id == case_id for one in own) else "", paper_id)


def _printed(case_id: str, paper_id: str) -> ResponseReturnValue:
    found = parts().assisting.papers(current_transaction(), case_id)
    paper = next((one for one in found if one.id == paper_id), None) or abort(404)
    address = options().issuer + url_for("assisted.check", n=paper.number, h=paper.hash[:SHOWN])
    return make_response(
        render_template(
            "assisted/print.html",
            title=PAPER_TITLES[paper.kind],
            site_name=f"{options().region_name} {options().service_name}",
            number=paper.number,
            text=paper.text,
            text_hash=paper.hash,
            short_hash=paper.hash[:SHOWN],
            signs=paper.signed,
            qr=qr_svg(address),
            check_address=options().issuer + url_for("assisted.check"),
        )
    )
