"""The pages of a check: what is asked of the person, the way to the vendor and back, and how it came out.

Always true: a check is served to the browser it was ordered in alone; nothing is sent anywhere before the person has
agreed, nor for somebody without an account before digits and budgets; on every page stands another way, and no
request waits for a vendor.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import SimpleNamespace

from flask import Blueprint, Flask, current_app, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import LazyString
from flask_babel import lazy_gettext as _

from idp.captcha.pages import asked_before_check, passed, question, sent_form
from idp.checks.actions import Checks, Denied
from idp.checks.counting import StrangersBudget
from idp.checks.ports import Vendors
from idp.checks.rules import (
    OVER,
    Check,
    CheckKind,
    CheckPurpose,
    CheckState,
    CheckSubject,
    Order,
    Passed,
    Refusal,
    Variant,
)
from idp.db import current_transaction, db
from idp.web.agreements import CONSENTS, Agreement, Agreements
from idp.web.clock import now
from idp.web.cookies import browser_digest
from idp.web.errors import error_page
from idp.web.forms import Field, Form
from idp.web.guards import public
from idp.web.headers import allow_own_script, refresh_after
from idp.web.limits import address_budget_key
from idp.web.locale import preferences
from idp.web.reasons import sentence

EXTENSION = "tongban_checks"
VENDORS = {CheckKind.FACE: _("人脸核验服务"), CheckKind.BANK: _("您的开户银行")}
TOLD_AS = {(CheckKind.BANK, Refusal.NOT_PASSED): "check_bank_not_passed"}
"""Refusals with other words where they are of another kind than a face check."""
CONSENT = Field("consent", sentence("check_consent_missing"), max_length=32)
blueprint = Blueprint("checks", __name__, url_prefix="/check")


@dataclass(frozen=True, slots=True)
class CheckParts:
    """``variant``: how people get to a face-check vendor here; ``titles``: who it is, by kind and language."""

    checks: Checks
    vendors: Vendors
    agreements: Agreements
    strangers: StrangersBudget
    variant: Variant = Variant.REDIRECT
    titles: Mapping[CheckKind, Mapping[str, str]] = field(default_factory=dict)


def init_checks(app: Flask, parts: CheckParts) -> None:
    app.extensions[EXTENSION] = parts
    app.register_blueprint(blueprint)


def _parts() -> CheckParts:
    found: CheckParts = current_app.extensions[EXTENSION]
    return found


def is_offered(kind: CheckKind) -> bool:
    """Whether somebody makes such checks for this installation, with the text in force that people agree to first."""
    return kind in _parts().vendors and (kind not in CONSENTS or _text(kind) is not None)


def vendor_title(kind: CheckKind) -> str | LazyString:
    """Who makes such checks, in words people read."""
    return _parts().titles.get(kind, {}).get(preferences().lang) or VENDORS[kind]


def order_check(
    kind: CheckKind,
    purpose: CheckPurpose,
    subject: CheckSubject,
    *,
    back: str,
    elsewhere: str,
    party_id: str | None = None,
    asked_by: str = "",
    matter: str = "",
) -> str:
    """Order a check for this browser; the address to send it to. The view commits. For the parameters: `Order`.

    The person comes to ``back`` with ``check`` once it has passed, and without to begin anew or after declining.
    """
    order = Order(
        kind,
        purpose,
        subject,
        party_id=party_id,
        back=back,
        elsewhere=elsewhere,
        locale=preferences().tag,
        variant=_parts().variant if kind is CheckKind.FACE else Variant.REDIRECT,
        asked_by=asked_by,
        matter=matter,
    )
    key = _parts().checks.order(current_transaction(), order, browser=browser_digest(), now=now())
    return url_for("checks.consent", key=key)


def take_check(
    kind: CheckKind, purpose: CheckPurpose, subject: CheckSubject, *, party_id: str | None = None
) -> Passed | Denied | None:
    """Use the result this browser came back with to this very address, once; None when it came with none.

    ``party_id``: as of the `Order`. The view commits, a refusal as well.
    """
    key = request.args.get("check", "")
    if not key:
        return None
    back = request.full_path.removesuffix(f"check={key}")[:-1]
    return _parts().checks.take(
        current_transaction(),
        key,
        kind=kind,
        purpose=purpose,
        subject=subject,
        party_id=party_id,
        back=back,
        browser=browser_digest(),
        now=now(),
    )


@blueprint.route("/<key>", methods=["GET", "POST"])
@public
def consent(key: str) -> ResponseReturnValue:
    """What is asked for, by whom, what is sent to whom; the person agrees or goes back."""
    check = _read(key)
    if check is None:
        return _not_here()
    if check.order is None or check.state is not CheckState.ORDERED:
        return redirect(url_for("checks.wait", key=key), 303)
    text = _text(check.kind)
    fields = (CONSENT,) if text else ()
    if request.method == "GET":
        return _consent_page(check, check.order, Form(*fields), text)
    if request.form.get("decline") == "yes":
        return _declined(check)
    form = sent_form(*fields, asked=_asks_digits(check.order))
    if text and form.ok and form["consent"] != text.version:
        form.refuse("consent", sentence("check_consent_missing"))
    if not passed(form):
        return _consent_page(check, check.order, form, text)
    return _agreed(check, check.order, text.version if text else "")


def _asks_digits(order: Order) -> bool:
    return _is_strangers(order) and asked_before_check()


def _is_strangers(order: Order) -> bool:
    """Whether nobody who is known stands behind it; at a counter the clerk does."""
    return order.party_id is None and order.purpose is not CheckPurpose.ASSISTED


def _agreed(check: Check, order: Order, version: str) -> ResponseReturnValue:
    vendor, checks, tx = _parts().vendors.get(check.kind), _parts().checks, current_transaction()
    if vendor is None or not is_offered(check.kind):
        return _outcome(check, Refusal.VENDOR_AWAY), 422
    if _is_strangers(order) and not _parts().strangers.spend(address_budget_key()):
        refused: Refusal | None = Refusal.TOO_MANY
        checks.refuse(tx, check, Refusal.TOO_MANY, now=now())
    else:
        refused = checks.agree(tx, check, vendor=vendor.name, consent=version, browser=browser_digest(), now=now())
    db.session.commit()
    if refused in (Refusal.TOO_MANY, Refusal.TRIES_USED_UP):
        return _outcome(check, refused), 422
    return redirect(url_for("checks.wait", key=check.id, first=1), 303)


def _declined(check: Check) -> ResponseReturnValue:
    """Nothing was sent; what was written down for the check goes at once."""
    tx, checks = current_transaction(), _parts().checks
    if work := checks.load(tx, check.id):
        checks.give_up(tx, work, Refusal.ABANDONED, now=now())
    db.session.commit()
    return redirect(check.back, 303)


@blueprint.get("/<key>/wait")
@public
def wait(key: str) -> ResponseReturnValue:
    """From here to the vendor, once; back here from it, whatever it adds to the address; on with the outcome.

    ``first``: a form led here, and from a form browsers go to no other site (CSP form-action): the page goes on.
    """
    check = _read(key)
    if check is None:
        return _not_here()
    if check.state is CheckState.ORDERED:
        return redirect(url_for("checks.consent", key=key), 303)
    if check.state is CheckState.PASSED:
        return redirect(_with_check(check.back, key), 303)
    if check.state in OVER:
        return _outcome(check, check.reason or Refusal.OVER)
    if check.state is CheckState.OPEN and "first" not in request.args and _leaves(check):
        return redirect(_vendor(check), 303)
    return _waiting_page(check)


def _leaves(check: Check) -> bool:
    """Whether the browser is sent to the vendor now; one that was there waits for what it found."""
    if check.asking:
        return False
    tx, checks = current_transaction(), _parts().checks
    leaves = not check.left and checks.leave(tx, check.id, now=now())
    if not leaves:
        checks.expect_result(tx, check.id, now=now(), pause=check.pause(now()))
    db.session.commit()
    return leaves


def _waiting_page(check: Check) -> ResponseReturnValue:
    here = url_for("checks.wait", key=check.id)
    refreshing = "pause" not in request.args
    if refreshing:
        refresh_after(check.pause(now()), here)
    return render_template(
        "check_wait.html",
        kind=check.kind,
        refreshing=refreshing,
        refresh_url=here,
        pause_url=url_for("checks.wait", key=check.id, pause=1),
        vendor_url=_vendor(check) if check.left else None,
        elsewhere_url=check.elsewhere,
    )


@blueprint.get("/<key>/app")
@public
def in_app(key: str) -> ResponseReturnValue:
    """The page that hands the vendor's token to the app around it (docs/operations.md)."""
    check = _read(key)
    if check is None:
        return _not_here()
    if check.state is not CheckState.OPEN or check.sdk_token is None:
        return redirect(url_for("checks.wait", key=key), 303)
    allow_own_script()
    return render_template(
        "check_app.html",
        token=check.sdk_token,
        done_url=url_for("checks.wait", key=key),
        elsewhere_url=check.elsewhere,
    )


def _read(key: str) -> Check | None:
    return _parts().checks.read(current_transaction(), key, browser=browser_digest(), now=now())


def _vendor(check: Check) -> str:
    return check.url or url_for("checks.in_app", key=check.id)


def _text(kind: CheckKind) -> Agreement | None:
    return _parts().agreements.in_force(kind, now=now())


def _with_check(path: str, key: str) -> str:
    return f"{path}{'&' if '?' in path else '?'}check={key}"


def _consent_page(check: Check, order: Order, form: Form, text: Agreement | None) -> ResponseReturnValue:
    return render_template(
        "check_consent.html",
        form=form,
        kind=check.kind,
        asked_by=order.asked_by or None,
        purpose=order.purpose,
        matter=order.matter or None,
        subject=f"{order.subject.name.masked} {order.subject.document.masked}",
        vendor=vendor_title(check.kind),
        consent=_shown(text) if text else None,
        captcha=question(form, asked=_asks_digits(order)),
        elsewhere_url=check.elsewhere,
    )


def _shown(text: Agreement) -> SimpleNamespace:
    url = url_for("registration.agreement_text", kind=text.kind, version=text.version)
    return SimpleNamespace(title=text.titles[preferences().lang], version=text.version, url=url)


def _outcome(check: Check, reason: Refusal) -> str:
    return render_template(
        "check_outcome.html",
        kind=check.kind,
        away=reason is Refusal.VENDOR_AWAY,
        text=sentence(TOLD_AS.get((check.kind, reason), reason)),
        again_url=None if reason in (Refusal.TOO_MANY, Refusal.TRIES_USED_UP) else check.back,
        elsewhere_url=check.elsewhere,
    )


def _not_here() -> ResponseReturnValue:
    """No check of that name, or another browser's: nobody learns which."""
    return error_page(404, title=sentence("check_over"), text=sentence("check_elsewhere"), again="/")
