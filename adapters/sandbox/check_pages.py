"""The pages of the stand-in vendors, where people are sent: three prompts before a camera, and a bank's confirmation.

Always true: they work without camera and script, nothing of a picture leaves the page, and the way back to other
ways stands on each.
"""

from urllib.parse import urlsplit

from flask import Blueprint, Response, abort, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from adapters.sandbox.check_magic import CHOICES, chosen
from adapters.sandbox.check_prompts import PURPOSES, STEPS, prompt_at
from adapters.sandbox.check_store import Waiting
from adapters.sandbox.checks import finish, memory
from adapters.sandbox.pages import kept
from adapters.sandbox.signed import settings

check_pages = Blueprint("check_pages", __name__)
POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; script-src 'self'; connect-src 'self'; media-src 'self'; "
    "form-action {targets}; base-uri 'none'; frame-ancestors 'none'"
)


@check_pages.get("/face/check/<page>")
def face(page: str) -> Response:
    return _page(_waiting("face", page))


@check_pages.post("/face/check/<page>")
def face_answer(page: str) -> AnyResponse:
    check = _waiting("face", page)
    step, way = (_number(request.form.get(name, "")) for name in ("step", "way"))
    match request.form.get("do"):
        case "leave":
            return _end(check, left=True)
        case "begin":
            memory().begin(check, chosen(request.form.get("finding", "")) or check.finding)
        case "other" if 1 <= step <= len(STEPS):
            memory().other_way(check, step, way)
        case "did" if 1 <= step <= len(STEPS):
            memory().did(check, step, prompt_at(step, way).key)
            if check.step > len(STEPS):
                return _end(check, left=False)
        case _:
            abort(400)
    return redirect(url_for("check_pages.face", page=page, **kept()), 303)


@check_pages.get("/bank/check/<page>")
def bank(page: str) -> Response:
    return _page(_waiting("bank", page))


@check_pages.post("/bank/check/<page>")
def bank_answer(page: str) -> AnyResponse:
    check = _waiting("bank", page)
    if request.form.get("do") not in ("did", "leave"):
        abort(400)
    memory().begin(check, chosen(request.form.get("finding", "")) or check.finding)
    return _end(check, left=request.form["do"] == "leave")


@check_pages.get("/face/sdk")
def sdk() -> Response:
    return _allowing(make_response(render_template("check_sdk.html")))


def _waiting(kind: str, page: str) -> Waiting:
    found = memory().by_page(kind, page)
    if found is None or found.question.variant != "redirect":
        abort(404)
    return found


def _page(check: Waiting) -> Response:
    """The page of where this check is."""
    question = check.question
    over = check.done_at is not None or settings().clock() >= check.expires_at
    template = "check_over.html" if over else f"check_{check.kind}.html"
    shown = render_template(
        template,
        check=check,
        prompt=prompt_at(check.step, check.way) if 1 <= check.step <= len(STEPS) else None,
        steps=len(STEPS),
        purpose=PURPOSES[question.purpose],
        name="*" * (len(question.name) - 1) + question.name[-1],
        number=question.number[-4:],
        choices=CHOICES,
    )
    return _allowing(make_response(shown, 410 if over else 200), question.return_url)


def _allowing(response: Response, address: str = "") -> Response:
    """Lets the page's own script run, and its forms end at the provider's ``address`` (CSP holds for redirects)."""
    parts = urlsplit(address)
    targets = f"'self' {parts.scheme}://{parts.netloc}" if address else "'self'"
    response.headers["Content-Security-Policy"] = POLICY.format(targets=targets)
    return response


def _end(check: Waiting, *, left: bool) -> AnyResponse:
    """Back to the provider, which fetches the result itself: the address says nothing of it."""
    if not finish(check, left=left):
        return redirect(url_for(f"check_pages.{check.kind}", page=check.page, **kept()), 303)
    return redirect(check.question.return_url, 303)


def _number(written: str) -> int:
    return int(written) if written.isascii() and written.isdigit() and len(written) < 6 else -1
