"""What people see of the sandbox: start page, SMS inbox, register entries, magic numbers - and JSON for tests.

Always true: pages need no script and load nothing from elsewhere; only `POST /inbox/clear` with this process's
token and `DELETE /sms.json`, which no page of another origin can send, change anything.
"""

import hmac
import re
from dataclasses import asdict
from datetime import datetime, timedelta, timezone
from typing import Any
from unicodedata import normalize
from urllib.parse import urlencode

from flask import Blueprint, Response, abort, current_app, jsonify, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from adapters.sandbox.check_magic import FINDINGS
from adapters.sandbox.contract import Refusal
from adapters.sandbox.english import ENGLISH
from adapters.sandbox.magic import MAGIC
from adapters.sandbox.people import Person
from adapters.sandbox.register_magic import ENTITY_MAGIC, PERSON_MAGIC
from adapters.sandbox.registers import entries
from adapters.sandbox.signed import refuse, settings
from adapters.sandbox.sms import inbox

pages = Blueprint("pages", __name__)
CHINA = timezone(timedelta(hours=8))
REFRESH = 5
"""Seconds between two looks at the inbox, once somebody asks for it."""
PAGE = 100


@pages.get("/")
def start() -> str:
    people: tuple[Person, ...] = current_app.extensions["sandbox_people"]
    return render_template("start.html", people=people, at=settings())


@pages.get("/numbers")
def numbers() -> str:
    return render_template("numbers.html", magic=MAGIC, people=PERSON_MAGIC, entities=ENTITY_MAGIC, findings=FINDINGS)


@pages.get("/registers")
def register_entries() -> str:
    return render_template("registers.html", entries=entries())


@pages.get("/inbox")
def messages() -> Response:
    written = request.args.get("to", "").strip()
    to = e164(written)
    now = settings().clock()
    found = [] if written and not to else inbox().messages(now=now, to=to)
    watching = "watch" in request.args
    response = Response(
        render_template(
            "inbox.html",
            messages=found[:PAGE],
            count=len(found),
            written=written,
            unreadable=bool(written) and not to,
            watching=watching,
            token=current_app.extensions["sandbox_token"],
        )
    )
    if watching:  # only because the person asked for it, and with a link that stops it (WCAG 2.2.2)
        response.headers["Refresh"] = str(REFRESH)
    return response


@pages.post("/inbox/clear")
def clear() -> AnyResponse:
    sent = request.form.get("token", "").encode(errors="replace")
    if not hmac.compare_digest(sent, current_app.extensions["sandbox_token"].encode()):
        abort(403)
    inbox().clear(to=e164(request.form.get("to", "")))
    return redirect(url_for("pages.messages", **kept()), 303)


@pages.get("/sms.json")
def as_json() -> Response:
    to, limit = e164(request.args.get("to", "")), request.args.get("limit", str(PAGE))
    if request.args.get("to") and not to:
        return refuse(Refusal(400, "invalid_request", "to is a phone number"))
    if not re.fullmatch(r"[1-9][0-9]{0,3}", limit):
        return refuse(Refusal(400, "invalid_request", "limit is a number from 1 to 9999"))
    found = inbox().messages(now=settings().clock(), to=to)
    return jsonify(messages=[asdict(message) for message in found[: int(limit)]])


@pages.delete("/sms.json")
def clear_json() -> Response:
    to = e164(request.args.get("to", ""))
    if request.args.get("to") and not to:
        return refuse(Refusal(400, "invalid_request", "to is a phone number"))
    return jsonify(deleted=inbox().clear(to=to))


@pages.get("/healthz")
def health() -> Response:
    return jsonify(status="ok")


def e164(written: str) -> str | None:
    """A number however it was typed, as E.164; None when it is none. A ``+`` in a query arrives as a space."""
    digits = re.sub(r"[\s()+-]", "", normalize("NFKC", written))
    if re.fullmatch(r"1[3-9][0-9]{9}", digits):
        return "+86" + digits
    return "+" + digits if re.fullmatch(r"[1-9][0-9]{6,14}", digits) else None


def spaced(to: str) -> str:
    """A number as people read it aloud: mainland ones without +86, in groups of 3-4-4."""
    local = to.removeprefix("+86")
    return f"{local[:3]} {local[3:7]} {local[7:]}" if len(local) == 11 else to


def english() -> bool:
    """Does this request want English?"""
    return request.args.get("lang") == "en"


def kept() -> dict[str, Any]:
    """What every link carries on."""
    return {"lang": "en"} if english() else {}


def translate(text: str) -> str:
    """``text`` (Chinese) in the language of this request. Raises ``KeyError`` for one without its English: a bug."""
    return ENGLISH[text] if english() else text


def words() -> dict[str, Any]:
    """What every template may use."""
    other = [(name, value) for name, value in request.args.items(multi=True) if name != "lang"]
    switched = other if english() else [*other, ("lang", "en")]
    return {
        "_": translate,
        "english": english(),
        "link": lambda endpoint, **values: url_for(endpoint, **kept(), **values),
        "switch": request.path + ("?" + urlencode(switched) if switched else ""),
        "spaced": spaced,
        "magic_of": lambda to: next((magic for magic in MAGIC if "+86" + magic.number == to), None),
        "moment": lambda seconds: datetime.fromtimestamp(seconds, tz=CHINA),
    }
