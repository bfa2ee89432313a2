"""Owns the demo's pages for who acts for somebody: the banner, what is shown of the party, and the submission.

Always true: nothing is filed unless the provider has said, a moment before, that this human may do it for this party.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import Flask, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from adapters.departments.demo import shown
from adapters.departments.demo.filings import Book
from adapters.departments.demo.represented import RepresentedMatter, statement_of
from adapters.departments.demo.submitting import Submit, Unfiled
from adapters.departments.flask import SingleSignOn, current_person, login_required
from adapters.departments.flask_notices import NoticeKind
from adapters.departments.flask_views import from_this_app
from adapters.departments.representing import ActingDemand

LEVEL = "urn:tongban:aal:2"
_CAPACITY = {
    "representative": "代表人",
    "handler": "受对方委托",
    "family": "家人或朋友",
    "guardian": "监护人",
    "employee": "工作人员",
    "clerk": "窗口人员",
}
_THROUGH_AGENCY = "受对方委托的机构委派"


@dataclass(frozen=True, slots=True, kw_only=True)
class Banner:
    """What stands above everything that belongs to somebody else.

    `mandate`, `until`: empty for an office. `office`: where the human works, of staff and clerks.
    """

    human: str
    party: str
    capacity: str
    office: str
    mandate: str
    until: str


def add_represented(app: Flask, sso: SingleSignOn, matter: RepresentedMatter, book: Book, submit: Submit) -> None:
    """The matter's page, and the page of each record."""
    needed = login_required(level=LEVEL, represent=ActingDemand("required", (matter.power("view", "submit"),)))

    @needed
    def page() -> ResponseReturnValue:
        meet(book)
        if request.method == "POST":
            return _submitted(sso, matter, submit)
        filings, changed = book.of(_party()["sub"], matter), "changed" in request.args
        figures = statement_of(matter, _party(), filed=bool(filings)).figures
        return _shown("represented", matter, book, figures=figures, filings=filings, changed=changed)

    @needed
    def done(number: str) -> ResponseReturnValue:
        filing = next((one for one in book.of(_party()["sub"], matter) if one.number == number), None)
        return _shown("represented_done", matter, book, filing=filing) if filing else abort(404)

    app.add_url_rule(f"/{matter.key}", matter.key, page, methods=["GET", "POST"])
    app.add_url_rule(f"/{matter.key}/done/<number>", f"{matter.key}-done", done)


def _submitted(sso: SingleSignOn, matter: RepresentedMatter, submit: Submit) -> ResponseReturnValue:
    if not from_this_app(sso):
        return sso.notice(NoticeKind.FOREIGN_FORM, target="/")
    if request.form.get("party") != current_person.acting.handle:  # another window has switched meanwhile
        return redirect(url_for(matter.key, changed="yes"), 303)
    filed = submit(current_person.session, matter, statement_of(matter, _party()).amount)
    if isinstance(filed, Unfiled):
        denied = filed is Unfiled.DENIED
        return render_template("demo/refused.html", matter=matter, denied=denied), 403 if denied else 503
    return redirect(url_for(f"{matter.key}-done", number=filed.number), 303)


def meet(book: Book) -> None:
    """Note what the human and the party are called, for whoever reads a record later."""
    book.meet(current_person.sub, human_name())
    if party := current_person.represented:
        book.meet(party["sub"], party.get("name"))


def human_name() -> str:
    """What this department calls the person who is signed in."""
    profile = current_person.profile
    return str(shown.verified_name(profile) or profile.get("name") or shown.short(current_person.sub))


def _party() -> Mapping[str, Any]:
    party = current_person.represented
    assert party is not None  # noqa: S101 - the page's demand
    return party


def _shown(template: str, matter: RepresentedMatter, book: Book, **more: object) -> ResponseReturnValue:
    return render_template(
        f"demo/{template}.html",
        matter=matter,
        acting=_banner(),
        handle=current_person.acting.handle,
        named=lambda sub: book.names.get(sub) or shown.short(sub),
        **more,
    )


def _banner() -> Banner:
    acting, mandate = current_person.acting, current_person.claims["mandate"]
    capacity = _CAPACITY.get(acting.capacity or "", "受托办理")
    return Banner(
        human=human_name(),
        party=acting.name or shown.short(_party()["sub"]),
        capacity=_THROUGH_AGENCY if mandate.get("chain_length") == 2 else capacity,
        office=str(mandate.get("office", "")),
        mandate=str(mandate.get("id", "")),
        until=str(mandate.get("valid_to", "")),
    )
