"""The printed papers of cases, and the page on which anybody who holds one checks it.

Always true: a paper is the same bytes whenever, by whomever and in whatever language it is printed, and the check
tells no name.
"""

import re
from types import SimpleNamespace

from flask import abort, make_response, render_template, request, url_for
from flask.typing import ResponseReturnValue
from markupsafe import Markup

from idp.assisted.desk import at_counter, blueprint, find, find_mine, parts
from idp.assisted.looking import SHORT_HASH
from idp.assisted.papers import TITLES
from idp.assisted.register import Paper
from idp.assisted.rules import CaseState, Clerk, PaperKind
from idp.assisted.words import CASE_STATES, PAPERS
from idp.db import current_transaction
from idp.web.forms import Field, Form
from idp.web.guards import public, signed_in
from idp.web.options import options
from idp.web.qr import qr_svg
from idp.web.reasons import sentence

NUMBER = Field("n", sentence("assisted_number_missing"), max_length=80)
PREFIX = Field("h", sentence("mandate_hash_missing"), max_length=80)


@blueprint.get("/counter/<case_id>/papers/<paper_id>")
@at_counter
def print_(clerk: Clerk, case_id: str, paper_id: str) -> ResponseReturnValue:
    case = find(clerk, case_id)
    return _printed(parts().assisting.paper(current_transaction(), case, paper_id))


@blueprint.get("/account/assisted/<case_id>/papers/<paper_id>")
@signed_in
def print_mine(case_id: str, paper_id: str) -> ResponseReturnValue:
    """The citizen's copy, which is the same."""
    case = find_mine(case_id)
    return _printed(parts().assisting.paper(current_transaction(), case, paper_id))


def _printed(paper: Paper | None) -> ResponseReturnValue:
    if paper is None:
        abort(404)
    address = options().issuer + url_for("assisted.check", n=paper.slip.number, h=paper.slip.hash[:SHORT_HASH])
    title = TITLES[paper.slip.kind]
    return _sheet(title, paper.slip.number, paper.text, paper.slip.hash, qr=qr_svg(address), signs=False)


@blueprint.get("/counter/<case_id>/authority")
@at_counter
def authority(clerk: Clerk, case_id: str) -> ResponseReturnValue:
    """What the citizen signs by hand: it is no paper of the case yet, and has no code to be checked by."""
    case = find(clerk, case_id)
    if case.state is not CaseState.ACCEPTED:
        abort(404)
    text = parts().assisting.authority_text(current_transaction(), case)
    return _sheet(TITLES[PaperKind.AUTHORITY], case.number, text.text, text.hash, qr=None, signs=True)


def _sheet(
    title: str, number: str, text: str, text_hash: str, *, qr: Markup | None, signs: bool
) -> ResponseReturnValue:
    return make_response(
        render_template(
            "assisted/print.html",
            title=title,
            site_name=f"{options().region_name}{options().service_name}",
            number=number,
            text=text,
            text_hash=text_hash,
            short_hash=text_hash[:SHORT_HASH],
            signs=signs,
            qr=qr,
            check_address=options().issuer + url_for("assisted.check"),
        )
    )


@blueprint.get("/assisted/check")
@public
def check() -> ResponseReturnValue:
    """Whether a paper is genuine, and how its case stands; number and hash have to be on paper before one."""
    asked = "n" in request.args or "h" in request.args
    form = Form(NUMBER, PREFIX, values={name: request.args.get(name, "")[:80] for name in ("n", "h")})
    for field in (NUMBER, PREFIX) if asked else ():
        if not form[field.name]:
            form.refuse(field.name, field.missing)
    asked = asked and form.ok
    return render_template("assisted/check.html", form=form, asked=asked, found=_found(form) if asked else None)


def _found(form: Form) -> SimpleNamespace | None:
    """None for every pair that is not one paper's."""
    typed = re.sub(r"[\s-]", "", form["h"]).lower()[:SHORT_HASH]
    found = parts().assisting.check_paper(current_transaction(), form["n"].strip(), typed)
    if found is None:
        return None
    slip, case = found
    return SimpleNamespace(title=PAPERS[slip.kind], at=slip.made_at, state=CASE_STATES[case.state])
