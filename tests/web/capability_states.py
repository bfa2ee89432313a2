"""The pages of capabilities in every state, with sample data; `tests.web.states` takes them in."""

from collections.abc import Callable, Mapping
from typing import Any

from flask import render_template

from idp.web.forms import Field, Form
from idp.web.qr import qr_svg
from idp.web.reasons import capability_words, scope_words, sentence

NOW = 1795413600


def _check(
    state: str, *, wrong: str | None = None, capability: str = "name_check", **changed: Any
) -> Callable[[], str]:
    def render() -> str:
        form = Form()
        if wrong:
            form.refuse("", sentence(wrong))
        label, about = capability_words(capability)
        facts = {
            "client_name": "湖南养老保险", "department_name": "省社会保险服务中心𪚥䶮窗口",
            "purpose": "养老金资格认证",
            "law": "《中华人民共和国社会保险法》第七十四条", "matter": "YL-2026-000417",
            "outcome": None if state == "waiting" else sentence(f"matter_{state}"), "back_url": None,
            "wait_url": None,
        }  # fmt: skip
        return render_template(
            "department_check.html", form=form, label=label, about=about, state=state, **facts | changed
        )

    return render


def _counter(number: str | None) -> Callable[[], str]:
    shown = {"qr": qr_svg(number), "expires_at": NOW} if number else {"qr": None, "expires_at": None}
    return lambda: render_template("account/counter.html", number=number, **shown)


def _identity_code(state: str, **shown: Any) -> Callable[[], str]:
    def render() -> str:
        items = [(name, *scope_words(name)) for name in ("real_name", "id_document", "email")]
        more = {"items": items} if state == "asked" else {}
        return render_template("account/identity_code.html", state=state, **shown, **more)

    return render


_ASKED = {
    "client_name": "湖南政务窗口", "department_name": "省社会保险服务中心𪚥䶮窗口",
    "office": "岳麓区政务大厅 3 号窗口",
    "matters": ["新生儿落户", "医保参保登记"],
}  # fmt: skip
_LOOKING = {"refreshing": True, "refresh_url": "#", "pause_url": "#"}


def _confirm(**changed: Any) -> Callable[[], str]:
    facts = {
        "client_name": "医保自助机", "department_name": "省医疗保障局𪚥䶮", "place": "湖南省", "browser": None,
        "address": None, "same_network": False, "asked_at": NOW, "numbers": ["27", "64", "81"],
        "issuer": "https://idp.example",
    }  # fmt: skip
    return lambda: render_template("device_confirm.html", **facts | changed)


_DESKTOP = {"client_name": None, "department_name": None, "place": None, "browser": "Chrome · Windows"}


def _device_code(wrong: str | None = None, **values: str) -> Callable[[], str]:
    def render() -> str:
        form = Form(Field("user_code"), values=values)
        if wrong:
            form.refuse("user_code", sentence(wrong))
        return render_template("device_code.html", form=form)

    return render


def _signin_scan(state: str | None, **shown: Any) -> Callable[[], str]:
    facts = {
        "client_name": "湖南养老保险",
        "password_url": "#",
        "number": "64",
        "address": "https://idp.example/device",
    }
    return lambda: render_template("signin_scan.html", state=state, **facts | shown)


SCAN_STATES: Mapping[str, Callable[[], str]] = {
    "device": _device_code(),
    "device-brought": _device_code(user_code="WDJB-MJHT"),
    "device-unknown": _device_code("scan_code_unknown", user_code="WDJB-MJHT"),
    "device-confirm": _confirm(),
    "device-confirm-no-number": _confirm(numbers=[], place=None),
    "device-confirm-desktop": _confirm(**_DESKTOP, same_network=True),
    "device-confirm-desktop-elsewhere": _confirm(**_DESKTOP, address="203.0.113.9"),
    "device-done": lambda: render_template("device_done.html", denied=False),
    "device-denied": lambda: render_template("device_done.html", denied=True),
    "signin-scan": _signin_scan(None),
    "signin-scan-code": _signin_scan(
        "waiting", code="WDJB-MJHT", qr=qr_svg("https://idp.example/device"), **_LOOKING
    ),
    "signin-scan-scanned": _signin_scan("scanned", code=None, qr=None, **_LOOKING),
}

CAPABILITY_STATES: Mapping[str, Callable[[], str]] = {
    **SCAN_STATES,
    "account-identity-code": _identity_code("begin"),
    "account-identity-code-shown": _identity_code("shown", qr=qr_svg("x" * 43), **_LOOKING),
    "account-identity-code-asked": _identity_code("asked", clerk_name="欧阳清岚", **_ASKED),
    "account-identity-code-asked-by-nobody": _identity_code("asked", clerk_name=None, **_ASKED),
    "account-identity-code-confirmed": _identity_code("confirmed"),
    "account-identity-code-declined": _identity_code("declined"),
    "account-identity-code-over": _identity_code("over"),
    "account-counter": _counter(None),
    "account-counter-number": _counter("4082317756"),
    "matter": _check("waiting", back_url="#"),
    "matter-face": _check("waiting", capability="face_check"),
    "matter-unanswered": _check("waiting", wrong="matter_unanswered"),
    "matter-under-way": _check("under_way", capability="face_check", wait_url="#"),
    "matter-passed": _check("passed", back_url="#"),
    "matter-not-passed": _check("not_passed"),
    "matter-declined": _check("declined"),
    "matter-expired": _check("expired", back_url="#"),
    "matter-withdrawn": _check("withdrawn"),
}
