"""Owns the demo's yearly confirmation of a pension: the pensioner's face is checked anew, by either of two ways.

Always true: only an answer to the check this very session asked for confirms, once.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from threading import Lock
from typing import Any
from urllib.parse import urlsplit

from flask import Flask, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from adapters.departments.checks import Expected
from adapters.departments.errors import DepartmentError
from adapters.departments.flask import SingleSignOn, current_person, login_required
from adapters.departments.flask_notices import NoticeKind
from adapters.departments.flask_views import from_this_app
from adapters.departments.levels import demand

KEY = "pension-confirmation"
LEVEL = "urn:tongban:ial:2"
_CHECK = "face_check"
_PURPOSE = "养老金资格认证"
"""As the capability was granted."""
_MOST = 10_000


@dataclass(frozen=True, slots=True)
class _Asked:
    check: str
    matter: str
    nonce: str = field(repr=False)


@dataclass(slots=True)
class Book:
    """In memory, as everything of the demo: what each session asked, the matters of sign-ins and whose they are, when
    each person was confirmed, answers used.
    """

    asked: dict[str, _Asked] = field(default_factory=dict)
    signing: dict[str, str] = field(default_factory=dict)
    confirmed: dict[str, int] = field(default_factory=dict)
    used: set[str] = field(default_factory=set)

    lock: Lock = field(default_factory=Lock, repr=False)

    def use_once(self, key: str, _ends: int) -> bool:
        with self.lock:
            first = key not in self.used
            self.used.add(key)
        return first

    def take_claim(self, subject: str, told: dict[str, Any]) -> bool:
        """Whether ``told`` is of a matter for which this person was sent to sign in, for the first time."""
        return self.signing.pop(str(told.get("matter")), None) == subject

    def bound(self) -> None:
        for one in (self.asked, self.signing, self.confirmed, self.used):
            if len(one) > _MOST:
                one.clear()


def add_confirmation(app: Flask, sso: SingleSignOn) -> None:
    book = Book()

    @login_required(level=LEVEL)
    def page() -> ResponseReturnValue:
        book.bound()
        if request.method == "POST":
            return _begin(sso, book)
        session = current_person.session
        told = session.claims.get(_CHECK)
        if isinstance(told, dict) and book.take_claim(session.sub, told):  # verified when the person came back
            book.confirmed[session.sub] = told["time"]
        if "check" in request.args:
            return redirect(url_for(KEY, outcome=_outcome(sso, book, request.args["check"])), 303)
        outcome = request.args.get("outcome", "")
        return render_template(
            "demo/pension.html", confirmed=book.confirmed.get(session.sub), outcome=outcome, key=KEY
        )

    app.add_url_rule(f"/{KEY}", KEY, page, methods=["GET", "POST"])


def _begin(sso: SingleSignOn, book: Book) -> ResponseReturnValue:
    if not from_this_app(sso):
        return sso.notice(NoticeKind.FOREIGN_FORM, target="/")
    session, matter, nonce = current_person.session, f"YL-{secrets.token_hex(6)}", secrets.token_urlsafe(24)
    if request.form.get("way") == "signin":
        book.signing[matter] = session.sub
        return sso.start(demand(LEVEL), target=f"/{KEY}", matter=matter)
    home = urlsplit(sso.party.settings.redirect_uri)
    try:
        started = sso.party.start_check(
            _CHECK,
            access_token=session.access_token,
            matter=matter,
            nonce=nonce,
            return_uri=f"{home.scheme}://{home.netloc}/{KEY}",
            now=sso.clock(),
        )
    except DepartmentError as error:
        return sso.failed(error, target=f"/{KEY}")
    book.asked[session.key] = _Asked(started.id, matter, nonce)
    return redirect(started.person_url, 303)


def _outcome(sso: SingleSignOn, book: Book, check: str) -> str:
    """What came of the check this session asked for; ``none`` when it asked for no such check."""
    session, now = current_person.session, sso.clock()
    asked = book.asked.get(session.key)
    if asked is None or asked.check != check:
        return "none"
    expected = Expected(check=_CHECK, matter=asked.matter, subject=session.sub, nonce=asked.nonce, purpose=_PURPOSE)
    try:
        answer = sso.party.fetch_check(_CHECK, check, now=now)
        if answer is None:
            return "waiting"
        found = sso.party.check_result(answer, expected=expected, use_once=book.use_once, now=now)
    except DepartmentError:
        return "none"
    book.asked.pop(session.key, None)
    if found.passed:
        book.confirmed[session.sub] = found.time
    return found.result
