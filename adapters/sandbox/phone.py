"""The stand-in of a CA's app on a phone: takes the address of a code, shows what it asks for, signs and sends it.

Always true: it fetches from the provider and sends to it alone, and signs with demo certificates alone.
"""

import base64
import http.client
import json
from dataclasses import dataclass
from enum import StrEnum

from flask import Blueprint, current_app, render_template, request

from adapters.sandbox.agent_device import MAGIC_PINS, PIN, Fault
from adapters.sandbox.ca import TITLES, Issued
from adapters.sandbox.ca_keys import Kind
from adapters.sandbox.ca_pages import chosen, demo_authorities, is_from_here
from adapters.sandbox.ca_signed_data import signed_data
from adapters.sandbox.signed import settings

phone = Blueprint("phone", __name__)
_LONGEST = 2000
_JSON = {"Accept": "application/json"}


class Form(StrEnum):
    """What is sent, and in which form."""

    ATTACHED = "attached"
    DETACHED = "detached"
    BARE = "bare"
    OTHER_TEXT = "other"
    """Signs something else than what was asked for."""


FORMS = {
    Form.ATTACHED: "SignedData，带原文",
    Form.DETACHED: "SignedData，不带原文",
    Form.BARE: "签名值和证书",
    Form.OTHER_TEXT: "签了别的文字",
}


class Wrong(StrEnum):
    """What the page says instead of going on."""

    NO_CODE = "这不是通办的码，或者它已经失效。"
    STALE_PAGE = "这一页已失效，请重新打开。"
    CANCELLED = "已取消，什么都没有签。"
    PIN = "PIN 不对。"
    NO_CERTIFICATE = "请选一张证书。"
    NO_ANSWER = "通办没有回应，请再试一次。"
    NOT_TAKEN = "通办没有接受。"


@dataclass(frozen=True, slots=True)
class Asked:
    """What a code asks for. ``expires_at``: Unix seconds."""

    text: str
    answer_url: str
    numbers: tuple[str, ...]
    expires_at: float


@phone.get("/phone-certificate")
def page() -> str:
    address = request.args.get("u", "").strip()
    if not address:
        return _page()
    asked = _fetch(address)
    return _page(asked, address=address) if asked else _page(address=address, wrong=Wrong.NO_CODE)


@phone.post("/phone-certificate")
def answer() -> tuple[str, int]:
    if not is_from_here():
        return _page(wrong=Wrong.STALE_PAGE), 403
    asked = _posted()
    if asked is None:
        return _page(wrong=Wrong.NO_CODE), 400
    pin = request.form.get("pin", "")
    if MAGIC_PINS.get(pin) is Fault.CANCELLED:
        return _page(wrong=Wrong.CANCELLED), 200
    if pin != PIN:
        return _page(asked, wrong=Wrong.PIN), 200
    kind, _, key = request.form.get("certificate", "").partition("/")
    if kind not in {one.value for one in Kind}:
        return _page(asked, wrong=Wrong.NO_CERTIFICATE), 400
    authority, scene = chosen(kind, key)
    issued = authority.certificate(scene, now=int(settings().clock()))
    return _send(asked, {"number": request.form.get("number", ""), **_signed(issued, asked.text)})


def _signed(issued: Issued, text: str) -> dict[str, str]:
    form = request.form.get("form", Form.ATTACHED)
    content = text.encode() + (b"!" if form == Form.OTHER_TEXT else b"")
    if form == Form.BARE:
        found = {"signature": issued.held.key.sign(content), "certificate": issued.held.certificate}
    else:
        now = int(settings().clock())
        found = {"signed_data": signed_data(issued, content, now=now, detached=form == Form.DETACHED)}
    return {name: base64.b64encode(value).decode("ascii") for name, value in found.items()}


def _send(asked: Asked, fields: dict[str, str]) -> tuple[str, int]:
    body = json.dumps(fields).encode()
    try:
        heard = settings().ask("POST", asked.answer_url, _JSON | {"Content-Type": "application/json"}, body)
    except (OSError, http.client.HTTPException):
        return _page(asked, wrong=Wrong.NO_ANSWER), 200
    if heard.status == 204:
        return render_template("phone_done.html"), 200
    return _page(wrong=Wrong.NOT_TAKEN, problem=f"{heard.status} {_problem(heard.body)}"), 200


def _fetch(address: str) -> Asked | None:
    if not _is_provider(address):
        return None
    try:
        heard = settings().ask("GET", address, _JSON, b"")
        fields = json.loads(heard.body) if heard.status == 200 else None
    except (OSError, ValueError, http.client.HTTPException):
        return None
    return _asked(fields) if isinstance(fields, dict) else None


def _asked(fields: dict[str, object]) -> Asked | None:
    text, at, numbers = fields.get("text"), fields.get("answer_url"), fields.get("numbers") or []
    ends = fields.get("expires_at")
    if not (isinstance(text, str) and isinstance(at, str) and isinstance(numbers, list)):
        return None
    if not _is_provider(at) or not isinstance(ends, int | float):
        return None
    return Asked(text, at, tuple(str(number) for number in numbers), ends)


def _posted() -> Asked | None:
    """What the page was opened for, as its form brings it back."""
    form = request.form
    text, at = form.get("text", "").replace("\r\n", "\n"), form.get("answer_url", "")
    if not text or not _is_provider(at):
        return None
    return Asked(text, at, tuple(form.getlist("numbers")), 0)


def _is_provider(address: str) -> bool:
    return len(address) <= _LONGEST and address.startswith(f"{settings().issuer}/")


def _problem(body: bytes) -> str:
    """The code of a problem (RFC 9457), or its title."""
    try:
        fields = json.loads(body)
    except ValueError:
        return ""
    return str(fields.get("code") or fields.get("title") or "")[:200] if isinstance(fields, dict) else ""


def _page(asked: Asked | None = None, *, address: str = "", wrong: Wrong | None = None, problem: str = "") -> str:
    return render_template(
        "phone.html",
        asked=asked,
        address=address,
        wrong=wrong,
        problem=problem,
        titles=TITLES,
        cast=next(iter(demo_authorities().values())).cast,
        forms=FORMS,
        token=current_app.extensions["sandbox_token"],
    )
