"""The pages of capabilities in every state, with sample data; `tests.web.states` takes them in."""

from collections.abc import Callable, Mapping
from typing import Any

from flask import render_template

from idp.web.forms import Form
from idp.web.qr import qr_svg
from idp.web.reasons import capability_words, sentence

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


CAPABILITY_STATES: Mapping[str, Callable[[], str]] = {
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
