"""When digits are asked for, and the picture and the sound of them behind plain links.

Always true: a view that was told `passed` is False does nothing but show its page again; no attempt has been counted
and nothing sent, whoever the person says to be.
"""

from collections.abc import Callable
from dataclasses import dataclass

from flask import Blueprint, Flask, Response, abort, current_app, request, url_for
from flask.typing import ResponseReturnValue

from idp.captcha import rendering
from idp.captcha.challenges import Challenge, Challenges
from idp.captcha.rules import LENGTH, Outcome
from idp.credentials.budgets import AddressBudget
from idp.db import db
from idp.web.cookies import browser_digest
from idp.web.forms import Field, Form
from idp.web.guards import current_session, public
from idp.web.headers import allow_own_media
from idp.web.limits import address_budget_key
from idp.web.locale import preferences
from idp.web.reasons import sentence

EXTENSION = "tongban_captcha"
ANSWER = Field("captcha", sentence("captcha_missing"), max_length=32)
KEY = Field("captcha_key", required=False, max_length=64)
blueprint = Blueprint("captcha", __name__)


@dataclass(frozen=True, slots=True)
class Captcha:
    """``failures``: of sign-ins from an address. ``count`` is told an `Outcome`."""

    challenges: Challenges
    failures: AddressBudget
    asks_before_sms: bool
    count: Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Question:
    """What the macro ``captcha_field`` shows. ``typed``: what was entered for these very digits, never judged yet."""

    key: str
    typed: str
    length: int
    picture_url: str
    sound_url: str


def init_captcha(app: Flask, captcha: Captcha) -> None:
    app.extensions[EXTENSION] = captcha
    app.register_blueprint(blueprint)


def _captcha() -> Captcha:
    found: Captcha = current_app.extensions[EXTENSION]
    return found


def asked_before_sms() -> bool:
    """Whether digits are asked for before this browser may order a text message."""
    return _captcha().asks_before_sms and current_session() is None


def asked_after_failures() -> bool:
    """Whether so many sign-ins from this address have failed that the next one needs digits."""
    return not _captcha().failures.allows(address_budget_key())


def asked_before_check() -> bool:
    """Whether digits are asked for before this browser may have somebody checked elsewhere, which costs money."""
    return asked_before_sms() or asked_after_failures()


def note_failure() -> None:
    """A sign-in from this address failed."""
    _captcha().failures.count(address_budget_key())


def sent_form(*fields: Field, asked: bool) -> Form:
    """The form this request sent, with the digits if they are ``asked`` for; a draft when others are wanted."""
    if not asked:
        return Form.submitted(*fields)
    read = Form.draft if request.form.get("another") == "yes" else Form.submitted
    return read(*fields, ANSWER, KEY)


def passed(form: Form) -> bool:
    """Whether ``form`` (a `sent_form`) may be acted upon; uses the digits up, unless it is wrong elsewhere anyway."""
    if not form.ok or ANSWER.name not in form:
        return form.ok
    _let_go()
    right = _captcha().challenges.answer(form[KEY.name], form[ANSWER.name], browser=browser_digest())
    _captcha().count(Outcome.RIGHT if right else Outcome.WRONG)
    if not right:
        form.refuse(ANSWER.name, sentence("captcha_wrong"))
    return right


def question(form: Form, *, asked: bool) -> Question | None:
    """What the page of ``form`` asks for: the digits it was sent with while nobody used them up, else new ones."""
    if not asked:
        return None
    allow_own_media()
    key, typed = _kept(form) or (_begun(), "")
    return Question(
        key=key,
        typed=typed,
        length=LENGTH,
        picture_url=url_for("captcha.picture", key=key),
        sound_url=url_for("captcha.sound", key=key, voice=preferences().lang),
    )


def _kept(form: Form) -> tuple[str, str] | None:
    if KEY.name not in form or form.is_draft:
        return None
    key = form[KEY.name]
    stands = key and _captcha().challenges.find(key, browser=browser_digest())
    return (key, form[ANSWER.name]) if stands else None


def _begun() -> str:
    _let_go()
    _captcha().count(Outcome.SHOWN)
    return _captcha().challenges.begin(browser=browser_digest())


def _let_go() -> None:
    """End what was read so far: a provider may be asked next, and nobody waits for it inside a transaction."""
    db.session.rollback()


@blueprint.get("/captcha/<key>/digits.png")
@public
def picture(key: str) -> ResponseReturnValue:
    challenge = _to_render(key)
    made = _captcha().challenges.picture(challenge) or abort(503)
    return Response(made.content, mimetype=made.type)


@blueprint.get("/captcha/<key>/digits.<voice>.wav")
@public
def sound(key: str, voice: str) -> ResponseReturnValue:
    """In ranges, if a browser wants them: Safari plays nothing else."""
    if voice not in rendering.VOICES:
        abort(404)
    challenge = _to_render(key)
    allow_own_media()  # opened by itself, a browser plays it in a page of its own making
    made = _captcha().challenges.sound(challenge, voice=voice) or abort(503)
    answer = Response(made.content, mimetype=made.type)
    return answer.make_conditional(request, accept_ranges=True, complete_length=len(made.content))


def _to_render(key: str) -> Challenge:
    """404 when nothing of that name waits for this browser, 429 when it was rendered often enough."""
    challenge = _captcha().challenges.find(key, browser=browser_digest())
    if challenge is None:
        abort(404)
    if not _captcha().challenges.may_render(key):
        abort(429)
    _let_go()
    return challenge
