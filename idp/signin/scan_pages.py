"""Sign-in by a phone: this browser shows a code and a number, the person confirms on a phone that is signed in.

Always true: the confirmation is used once, by the browser that showed the code; the session it gives is worth no more
than the phone's, never resistant to phishing, and says when the person has really signed in.
"""

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from idp.db import current_transaction, db
from idp.scans import actions as scans
from idp.scans.rules import Kind, Scan, State, shown_code
from idp.signin import sessions
from idp.signin.loading import agent, enter_by_phone
from idp.signin.pages import blueprint, client_name, parts
from idp.web.clock import now
from idp.web.cookies import browser_digest
from idp.web.errors import error_page
from idp.web.guards import current_session, public
from idp.web.headers import refresh_after
from idp.web.limits import address_budget_key, client_address
from idp.web.options import options
from idp.web.qr import qr_svg
from idp.web.reasons import sentence
from idp.web.visit import carried, current_visit, onward

_AGAIN = 3
"""Seconds after which the page looks again."""


@blueprint.route("/signin/scan", methods=["GET", "POST"])
@public
def scan() -> ResponseReturnValue:
    if request.method == "GET":
        current_visit()
        return render_template(
            "signin_scan.html",
            state=None,
            client_name=client_name(),
            password_url=url_for("signin.password", **carried()),
        )
    if not parts().scan_budget.spend(address_budget_key()):
        return error_page(429)
    made = parts().scans.make(
        current_transaction(),
        Kind.SIGN_IN,
        holder=browser_digest(),
        facts={"agent": agent(), "address": client_address()},
        now=now(),
    )
    db.session.commit()
    return redirect(url_for("signin.scanned", key=made.id, **carried()), 303)


@blueprint.get("/signin/scan/<key>")
@public
def scanned(key: str) -> ResponseReturnValue:
    """The code and its number; once the phone has confirmed, the way in."""
    current_visit()
    found = scans.find(current_transaction(), key)
    if found is None or found.kind is not Kind.SIGN_IN or found.holder != browser_digest() or found.over(now()):
        return _over()
    if found.state is State.CONFIRMED:
        return _entered(found)
    refreshing = "pause" not in request.args
    if refreshing:
        refresh_after(_AGAIN, url_for("signin.scanned", key=key, **carried()))
    return _page(found, refreshing=refreshing)


def _page(found: Scan, *, refreshing: bool) -> ResponseReturnValue:
    waiting = found.state is State.WAITING
    shown = shown_code(parts().scans.facts(found)[scans.CODE])
    address = f"{options().issuer}/device"
    return render_template(
        "signin_scan.html",
        state=found.state.value,
        number=found.number,
        code=shown if waiting else None,
        address=address,
        qr=qr_svg(f"{address}?user_code={shown}") if waiting else None,
        refreshing=refreshing,
        refresh_url=url_for("signin.scanned", key=found.id, **carried()),
        pause_url=url_for("signin.scanned", key=found.id, pause=1, **carried()),
        client_name=client_name(),
        password_url=url_for("signin.password", **carried()),
    )


def _entered(found: Scan) -> ResponseReturnValue:
    current_session()  # now: noting its activity commits, which would let go of what is held
    tx = current_transaction()
    phone = sessions.find_live(tx, found.session_id or "")  # account and session before the scan, as where they end
    used = scans.consume(tx, found.id, holder=browser_digest(), now=now())
    entered = phone is not None and used is not None and enter_by_phone(phone)
    db.session.commit()
    if not entered:
        return _over()
    return redirect(onward(url_for("account.overview")), 303)


def _over() -> ResponseReturnValue:
    again = url_for("signin.scan", **carried())
    return error_page(410, title=sentence("scan_over_title"), text=sentence("scan_again"), again=again)
