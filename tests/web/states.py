"""Every page in every state - empty, filled in, refused, done, locked - with sample data."""

from collections.abc import Callable, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from flask import Response, render_template
from flask_babel import gettext as _

from idp.captcha.pages import Question
from idp.credentials.totp import Enrolment
from idp.web.errors import error_page, expired_page, oauth_error_page
from idp.web.forms import Field, Form
from idp.web.headers import allow_form_target, allow_own_media, allow_own_script
from idp.web.locale import preferences
from idp.web.notices import Notice
from idp.web.prose import read_prose
from idp.web.reasons import (
    capacity_word,
    event_sentence,
    evidence_word,
    method_word,
    password_rule,
    role_word,
    scope_words,
    sentence,
    source_word,
)
from idp.web.words.account import DISPUTE_STATES, ITEMS
from idp.web.words.entities import ENTITY_TYPES
from tests.web.assisted_states import ASSISTED_STATES
from tests.web.capability_states import CAPABILITY_STATES
from tests.web.certificate_states import CERTIFICATE_STATES
from tests.web.console_states import CONSOLE_STATES
from tests.web.mandate_states import MANDATE_STATES_SHOWN
from tests.web.photo_states import PHOTO_STATES
from tests.web.review_states import REVIEW_STATES
from tests.web.signer_states import SIGNER_STATES
from tests.web.tls_states import TLS_STATES

AGREEMENTS = Path(__file__).parents[2] / "config" / "agreements"
NOW = 1795413600
TAX, SOCIAL = "湖南省税务局", "省社会保险服务中心𪚥䶮窗口"
PHONE = "138****8000"
RULES = lambda: [password_rule("length", number=8), password_rule("uncommon")]  # noqa: E731

IDENTIFIER, PASSWORD, CODE = Field("identifier"), Field("password", secret=True), Field("code", secret=True)
FACE_CONSENT = Field("consent")
CHECKING = {
    "kind": "face",
    "asked_by": None,
    "purpose": "identity",
    "matter": None,
    "subject": "***岚 1****************X",
    "vendor": lambda: _("人脸核验服务"),
    "consent": lambda: _face_text(),
    "elsewhere_url": "#",
    "captcha": None,
}
WHOSE_FACE = {"notice": None, "client_name": None, "back_url": "#"}
FACE_CODE = {"notice": None, "captcha": None, "resend_url": None, "masked_phone": "138****8000", "change_url": "#"}
LOOKING = {"refresh_url": "#", "pause_url": "#", "elsewhere_url": "#"}
NAME, AGREED = Field("user_name", required=False), Field("agreements")
PHONE_FIELD = Field("phone")

State = Callable[[], str | Response]


def thing(**fields: Any) -> SimpleNamespace:
    return SimpleNamespace(**fields)


def refused(form: Form, **errors: str) -> Form:
    for name, reason in errors.items():
        form.refuse("" if name == "whole" else name, sentence(reason))
    return form


def texts() -> list[SimpleNamespace]:
    lang = preferences().lang
    titles = {"zh": ("《用户协议》", "《隐私政策》"), "en": ("User agreement", "Privacy policy")}[lang]
    return [
        thing(kind=kind, title=title, version="2026-11-01", url=f"/agreements/{kind}/2026-11-01")
        for kind, title in zip(("user", "privacy"), titles, strict=True)
    ]


def scopes(*names: str, basis: str = "consent") -> list[SimpleNamespace]:
    found = [(scope_words(name), basis) for name in names]
    return [thing(label=words[0], detail=words[1], basis=basis) for words, basis in found]


def page(template: str, **context: Any) -> State:
    """A state: callables in ``context`` are called when the page is rendered, inside the request."""

    def render() -> str:
        return render_template(template, **{k: v() if callable(v) else v for k, v in context.items()})

    return render


def _face_text() -> SimpleNamespace:
    title = {"zh": "《人脸信息处理同意书》", "en": "Consent to the use of facial information"}[preferences().lang]
    return thing(title=title, version="2026-11-01", url="#")


def _check_app() -> str:
    allow_own_script()
    return render_template("check_app.html", token="token", done_url="#", elsewhere_url="#")


def _agreement() -> str:
    lang = preferences().lang
    title, body = read_prose((AGREEMENTS / "privacy" / f"2026-11-01.{lang}.md").read_text("utf-8"))
    agreement = thing(title=title, version="2026-11-01", body=body, lang=preferences().tag)
    return render_template(
        "agreement_text.html", agreement=agreement, versions=[("2026-11-01", "#a"), ("2025-01-01", "#b")]
    )


def _form_post() -> str:
    allow_form_target("http://tax.localhost:8101/oidc/callback")
    allow_own_script()
    return render_template(
        "form_post.html", action="/preview/home", fields={"code": "x", "state": "y"}, client_name=TAX
    )


CAPTCHA = Field("captcha")


def digits(typed: str = "") -> Callable[[], Question]:
    """What the page asks for; `tests.web.preview` serves the picture."""

    def ask() -> Question:
        allow_own_media()
        return Question("cap_1", typed, 5, "/captcha/cap_1/digits.png", "/captcha/cap_1/digits.zh.wav")

    return ask


SIGN_IN = {
    "client_name": TAX,
    "face_url": None,
    "certificate_url": "/signin/certificate",
    "scan_url": "/signin/scan",
    "notice": None,
    "locked": False,
    "captcha": None,
    "code_url": "/signin/code",
    "passkey_url": "/signin/passkey",
    "register_url": "/register",
    "recover_url": "/recover",
    "activate_url": "/activate",
}
STEPS = ("phone", "code", "details")
LONG_STEPS = ("identity", "phone", "code", "check", "details")
CODE_STEP = {"steps": STEPS, "masked_phone": PHONE, "notice": None, "captcha": None, "resend_url": None}
CODE_IN = CODE_STEP | {"client_name": TAX, "change_url": "/signin/code"}
ASK_CODE = {"client_name": TAX, "notice": None, "captcha": None, "password_url": "#", "register_url": "#"}
ASK_PHONE = {
    "steps": STEPS,
    "client_name": TAX,
    "notice": None,
    "captcha": None,
    "signin_url": "#",
    "entity_url": "#",
}
RESEND = {"masked_phone": PHONE, "enter_url": "#"}
DECLINE = {"decline_action": None, "decline_fields": {"r": "x"}}
CONFIRM = DECLINE | {
    "why": None,
    "client_name": TAX,
    "masked_phone": PHONE,
    "notice": None,
    "method": "sms",
    "stage": "send",
    "repeated": False,
    "asked": None,
    "others": [],
    "leave_url": None,
}
OTHERS = {"others": lambda: [("#", method_word(method)) for method in ("otp", "sms", "recovery_code")]}
PASSKEY_ANSWER = (Field("key", secret=True), Field("credential", secret=True))
PASSKEY_NAME = Field("name")
RECOVERY_CODE = Field("recovery_code", secret=True)


def asking() -> SimpleNamespace:
    """A challenge that nobody answers."""
    allow_own_script()
    return thing(key="k", options='{"challenge":"AAAA","rpId":"localhost","allowCredentials":[]}')


BY_PASSKEY = {"asked": asking, "client_name": TAX, "notice": None, "password_url": "#", "code_url": "#"}
DETAILS = {
    "steps": STEPS,
    "password_rules": RULES,
    "texts": texts,
    "notice": None,
    "signin_url": None,
    "activate_url": None,
}
ASK_ACCOUNT = {
    "client_name": TAX,
    "notice": None,
    "captcha": None,
    "signin_url": "#",
    "face_url": "#",
    "activate_url": "#",
}
PERSON = (Field("name"), Field("kind"), Field("number"))
LAST = ("person", "phone", "code", "way")
LAST_PHONE = {"captcha": None, "steps": LAST, "person_url": "#"}
LAST_CODE = CODE_STEP | {"steps": LAST, "change_url": "#"}
FILED = {"number": "4071 9926 3518", "due_at": NOW, "masked_phone": PHONE}
REFERENCE = Field("request")
RECOVER_CODE = CODE_STEP | {"masked_phone": None, "change_url": "#"}
NEW_PASSWORD = Field("new_password", secret=True)
CHANGE_PHONE = {"masked_phone": PHONE, "held_until": None, "holds": (72, 24), "notice": None}
CONSENT = {"client_name": TAX, "department_name": "国家税务总局湖南省税务局", "account_label": PHONE, "notice": None}
OUT = {"refreshing": True, "refresh_url": "#", "pause_url": "#", "signin_url": "/signin"}
LAW = "《社会保险法》第七十四条"


def _details(**values: str) -> Form:
    return Form(PASSWORD, NAME, AGREED, values=values)


def _person(**values: str) -> Form:
    fields = Field("name"), Field("kind"), Field("number")
    return Form(*fields, values={"kind": "id_number"} | values)


WAITING = {"client_name": TAX, "declinable": True, "later_url": None}
ALONE = {"client_name": None, "declinable": False, "later_url": "#"}
IDENTITY = WAITING | {"failed": False, "elsewhere": False, "ways": [], "all_url": None}
BY_FACE = {"check": "face", "vendor": lambda: _("人脸核验服务")}
BY_BANK = {"check": "bank", "vendor": lambda: _("您的开户银行")}
OTHER_WAY = {"ways": [thing(title=evidence_word("bank_card"), url="#")], "all_url": "#"}


def _way(kind: str, level: int = 2, **state: object) -> SimpleNamespace:
    about = {"title": evidence_word(kind), "needs": source_word("bank-card"), "level": level}
    return thing(**about | {"url": "#", "held": False, "used_up": False} | state)


def _card() -> Form:
    fields = Field("name"), Field("kind"), Field("number"), Field("card", secret=True), PHONE_FIELD
    return Form(*fields, values={"kind": "id_number", "phone": "13800001001"})


CHECK = {"person": thing(name="***岚", number="1****************X"), "again_url": "#", "steps": LONG_STEPS}


def _activity() -> list[SimpleNamespace]:
    rows = [
        ("person:session:begun", None, True), ("client:grant:issued", TAX, True),
        ("person:password:refused", None, False), ("person:consent:withdrawn", SOCIAL, True),
        ("person:account:registered", None, True),
    ]  # fmt: skip
    return [
        thing(
            at=NOW - 3700 * n,
            text=event_sentence(event),
            client_name=app,
            accepted=accepted,
            device=None,
            disown_url="#" if event.endswith(("begun", "issued")) else None,
        )
        for n, (event, app, accepted) in enumerate(rows)
    ]


def _sessions(count: int) -> list[SimpleNamespace]:
    devices = ["Chrome · Windows", "Safari · iPhone", "Firefox · Linux"]
    return [
        thing(id=f"s{n}", device=device, begun_at=NOW - 9000 * n, seen_at=NOW - 700 * n, current=n == 0,
              apps=[TAX, SOCIAL][:n])
        for n, device in enumerate(devices[:count])
    ]  # fmt: skip


def _passkeys() -> list[SimpleNamespace]:
    return [
        thing(id="pky_1", name="Chrome · Windows", created_at=NOW - 86400, last_used_at=NOW),
        thing(id="pky_2", name="我的手机𪚥", created_at=NOW, last_used_at=None),
    ]


METHODS = {
    "password_at": NOW,
    "masked_phone": PHONE,
    "passkeys": _passkeys,
    "totp_at": NOW,
    "codes": lambda: thing(number=2, made_at=NOW, few=True),
    "certificates": 2,
    "certificates_url": "/account/certificates",
    "notice": None,
}
NO_METHODS = {
    "password_at": None,
    "masked_phone": None,
    "passkeys": [],
    "totp_at": None,
    "codes": None,
    "certificates": 0,
}
ENROLMENT = Enrolment("otpauth://totp/%E9%80%9A%E5%8A%9E?secret=JBSWY3DPEHPK3PXP", "JBSWY3DPEHPK3PXP")
TOTP = {"qr": lambda: ENROLMENT.qr, "uri": ENROLMENT.uri, "secret": ["JBSW", "Y3DP", "EHPK", "3PXP"]}


def _apps() -> list[SimpleNamespace]:
    both = scopes("profile", "phone") + scopes("address", basis="statutory")
    return [
        thing(client_id="tax", name=TAX, department="国家税务总局",
              items=both, law=LAW, since=NOW, linked=True, withdrawable=True),
        thing(client_id="social", name=SOCIAL, department="湖南省人力资源和社会保障厅",
              items=scopes("phone", basis="statutory"), law=LAW, since=NOW - 86400, linked=False,
              withdrawable=False),
    ]  # fmt: skip


def _disputes() -> list[SimpleNamespace]:
    rows = [("verified_name", "filed", False), ("document", "filed", True), ("level", "rejected", False)]
    return [
        thing(id=f"d{n}", item=ITEMS[item], text="𪚥字写错了。\n应当是“䶮”。", state=DISPUTE_STATES[state],
              waiting=state == "filed", overdue=overdue, filed_at=NOW - 86400 * n, due_at=NOW + 864000,
              settled_at=NOW, answer="" if state == "filed" else "身份证上是这个字。")
        for n, (item, state, overdue) in enumerate(rows)
    ]  # fmt: skip


DISPUTE = (Field("item"), Field("text", lines=True))
ITEM_CHOICE = lambda: [(name, label, None) for name, label in ITEMS.items()]  # noqa: E731
CLOSE = (Field("why", required=False), Field("understood"))
WHYS = lambda: [("unused", _("不再使用"), None), ("unsaid", _("不想说明"), None)]  # noqa: E731

PROFILE = thing(
    name=None,
    document=None,
    document_ends=None,
    phone=PHONE,
    user_name="zh***n",
    created_at=NOW - 864000,
    ial=1,
    aal=1,
)
ACCEPTED = lambda: [thing(**vars(text), accepted_at=NOW) for text in texts()]  # noqa: E731


def _entities() -> list[SimpleNamespace]:
    code = "91430100MA0000007Q"
    role = role_word("legal_representative")
    pending = sentence("represented_approval_pending")
    return [
        thing(id="e1", name="长沙岳麓示例科技有限公司", code=code, role=role, state=None, choosable=True),
        thing(id="e2", name="武汉龚䶮早点店", code=code, role=role, state=pending, choosable=True),
        thing(id="e3", name="湖南示例图书馆", code=code, role=role, choosable=False,
              state=sentence("represented_not_allowed")),
    ]  # fmt: skip


def _mandated() -> list[object]:
    capacity = capacity_word("handler")
    filing = thing(id="mnd_1", theme="办税事项", capacity=capacity, until=1798732800)
    refunds = thing(id="mnd_2", theme="退税与账户变更", capacity=capacity, until=1798732800)
    pension = thing(id="mnd_3", theme="养老待遇", capacity=capacity_word("family"), until=1798732800)
    return [
        thing(name="长沙岳麓示例科技有限公司", mandates=[filing, refunds]),
        thing(name="欧阳清岚", mandates=[pension]),
    ]


def _types() -> list[tuple[str, Any, None]]:
    return [(kind, word, None) for kind, word in ENTITY_TYPES.items()]


ENTITY = (Field("type"), Field("name"), Field("uscc"))
CLAIM = (*ENTITY, *(Field(name) for name in ("person", "kind", "number", "valid_to", "long_term")))
ENTITY_PASSWORD = (Field("entity"), Field("new_password", secret=True))
NEW_ENTITY = {"types": _types, "back_url": "#", "outside_url": "#"}
CLAIMING = {"types": _types, "notice": None, "new_url": "#"}
ACTING = {
    "own_label": "**岚",
    "entities": _entities,
    "mandated": _mandated,
    "for_another": False,
    "chosen": "self",
    "notice": None,
    "old_links": [],
    "new_url": "#",
    "password_url": "#",
    "certificates_url": "#",
}
WHO = {"captcha": None, "client_name": TAX, "passkey_url": "#", "signin_url": "#", "via": "entity_password"}

ACTIVATION = ("person", "face", "found", "phone", "code", "details")
ACTIVATE = {"client_name": TAX, "signin_url": "#", "elsewhere_url": "#", "steps": ACTIVATION}
ACTIVATE_WHO = {
    "person": thing(name="**岚", number="1****************X"),
    "again_url": "#",
    "elsewhere_url": "#",
    "end_url": "#",
    "client_name": TAX,
    "steps": ACTIVATION,
}
ACTIVATE_ON = {"signin_url": "#", "recover_url": "#", "register_url": "#"}
WHICH = Field("which")
ACTIVATE_PHONE = {
    "on_file": [("0", PHONE), ("1", "139****0001")],
    "held_hours": 72,
    "captcha": None,
    "notice": None,
    "elsewhere_url": "#",
    "end_url": "#",
    "steps": ACTIVATION,
}


def _old(count: int) -> list[SimpleNamespace]:
    """So many accounts of older platforms."""
    some = [
        thing(platform="湖南政务服务网", region="湖南省", name="**岚", masked_phone=PHONE),
        thing(platform="长沙市民云", region="湖南省", name=None, masked_phone=None),
        thing(platform="省人社一网通", region=None, name="**岚", masked_phone="139****0001"),
    ]
    return some[:count]


STATES: Mapping[str, State] = {
    "entity-new": page(
        "entity_new.html", form=lambda: Form(*ENTITY, values={"type": "enterprise"}), client_name=TAX, **NEW_ENTITY
    ),
    "entity-new-refused": page(
        "entity_new.html",
        form=lambda: refused(Form(*ENTITY), whole="entity_not_confirmed", uscc="credit_code_invalid"),
        client_name=None,
        **NEW_ENTITY,
    ),
    "entity-claim": page("entity_claim.html", form=lambda: Form(*CLAIM), signed_in=False, **CLAIMING),
    "entity-claim-refused": page(
        "entity_claim.html",
        form=lambda: refused(
            Form(*CLAIM),
            type="entity_type_missing",
            person="representative_missing",
            valid_to="representative_document_expired",
        ),
        signed_in=True,
        **CLAIMING,
    ),
    "entity-password": page(
        "entity_password.html",
        form=lambda: Form(*ENTITY_PASSWORD, values={"entity": "e1"}),
        entities=lambda: _entities()[:2],
        password_rules=RULES,
        notice=lambda: Notice("info", sentence("entity_registered")),
        skip_url="#",
    ),
    "entity-password-refused": page(
        "entity_password.html",
        form=lambda: refused(Form(*ENTITY_PASSWORD), entity="entity_choice_missing", new_password="password_short"),
        entities=lambda: _entities()[:1],
        password_rules=RULES,
        notice=None,
        skip_url="#",
    ),
    "entity-who": page(
        "entity_who.html",
        form=lambda: Form(Field("who"), values={"who": "1"}),
        people=lambda: [thing(id=str(n), name="**岚", role=role_word("managing_partner")) for n in (1, 2)],
        **WHO,
    ),
    "entity-who-refused": page(
        "entity_who.html",
        form=lambda: refused(Form(Field("who"), CAPTCHA), who="entity_person_missing", captcha="captcha_wrong"),
        people=lambda: [thing(id="1", name="**岚", role=role_word("sole_trader"))],
        **WHO | {"captcha": digits()},
    ),
    "entity-who-nobody": page(
        "entity_who.html", form=lambda: Form(Field("who")), people=[], **WHO | {"client_name": None}
    ),
    "entity-who-certificate": page(
        "entity_who.html",
        form=lambda: Form(Field("who"), values={"who": "r1"}),
        people=lambda: [thing(id="r1", name="***岚", role=role_word("legal_representative"))],
        **WHO | {"via": "entity_certificate"},
    ),
    "signin-passkey-of-entity": page(
        "entity_who_passkey.html", form=lambda: Form(*PASSKEY_ANSWER), asked=asking, client_name=TAX, who_url="#"
    ),
    "entity-who-code": page(
        "entity_who_code.html", form=lambda: Form(CODE), captcha=None, client_name=TAX, who_url="#"
    ),
    "entity-who-code-wrong": page(
        "entity_who_code.html",
        form=lambda: refused(Form(CODE), code="code_wrong"),
        captcha=None,
        client_name=None,
        who_url="#",
    ),
    "account-acting": page(
        "account/acting.html",
        form=lambda: Form(Field("act"), values={"act": "self"}),
        client_name=None,
        declinable=False,
        **ACTING,
    ),
    "account-acting-asked": page(
        "account/acting.html",
        form=lambda: refused(Form(Field("act")), act="acting_missing"),
        client_name=TAX,
        declinable=True,
        **ACTING,
    ),
    "account-acting-from-before": page(
        "account/acting.html",
        form=lambda: Form(Field("act"), values={"act": "self"}),
        client_name=None,
        declinable=False,
        **ACTING | {"old_links": [thing(name="长沙某某有限公司", code="91350100M000100Y43", url="#")]},
    ),
    "account-acting-for-another": page(
        "account/acting.html",
        form=lambda: Form(Field("act")),
        client_name=TAX,
        declinable=True,
        **ACTING | {"entities": [], "mandated": [], "for_another": True},
    ),
    "activate": page("activate.html", form=_person, notice=None, **ACTIVATE),
    "activate-refused": page(
        "activate.html",
        form=lambda: refused(_person(name="1"), name="name_invalid", number="document_number_invalid"),
        notice=None,
        **ACTIVATE,
    ),
    "activate-waits": page(
        "activate.html", form=_person, notice=lambda: Notice("info", sentence("activation_waits")), **ACTIVATE
    ),
    "activate-face": page("activate_face.html", reason=None, **ACTIVATE_WHO),
    "activate-face-over": page("activate_face.html", reason=lambda: sentence("check_over"), **ACTIVATE_WHO),
    "activate-found": page(
        "activate_found.html", form=lambda: Form(), accounts=_old(1), records="leg_1", **ACTIVATE_WHO
    ),
    "activate-found-several": page(
        "activate_found.html",
        form=lambda: refused(Form(), whole="activation_changed"),
        accounts=_old(3),
        records="leg_1 leg_2 leg_3",
        **ACTIVATE_WHO | {"client_name": None},
    ),
    **{
        f"activate-found-{found}": page(
            "activate_nothing.html", found=found, masked_phone=phone, reviewed=True, client_name=TAX, **ACTIVATE_ON
        )
        for found, phone in (
            ("active", PHONE),
            ("unproved", None),
            ("suspended", None),
            ("rejected", None),
            ("nothing", None),
        )
    },
    "activate-phone": page(
        "activate_phone.html",
        form=lambda: Form(WHICH, PHONE_FIELD, values={"which": "0"}),
        **ACTIVATE_PHONE,
    ),
    "activate-phone-refused": page(
        "activate_phone.html",
        form=lambda: refused(Form(WHICH, PHONE_FIELD, values={"which": "new"}), phone="phone_missing"),
        **ACTIVATE_PHONE | {"captcha": digits()},
    ),
    "activate-phone-none": page(
        "activate_phone.html",
        form=lambda: Form(WHICH, PHONE_FIELD),
        **ACTIVATE_PHONE | {"on_file": [], "notice": lambda: Notice("info", sentence("activation_phone_taken"))},
    ),
    "activate-code": page(
        "activate_code.html", form=lambda: Form(CODE), change_url="#", **CODE_STEP | {"steps": ACTIVATION}
    ),
    "activate-code-wrong": page(
        "activate_code.html",
        form=lambda: refused(Form(CODE), code="code_wrong"),
        change_url="#",
        **CODE_STEP | {"steps": ACTIVATION},
    ),
    "activate-details": page(
        "activate_details.html", form=_details, **DETAILS | {"steps": ACTIVATION, "end_url": "#"}
    ),
    "activate-details-refused": page(
        "activate_details.html",
        form=lambda: refused(_details(), password="password_personal", agreements="agreements_missing"),
        **DETAILS | {"steps": ACTIVATION, "end_url": "#"},
    ),
    "activate-done": page("activate_done.html", client_name=TAX, continue_url="#", goes_on=True, held_until=None),
    "activate-done-held": page(
        "activate_done.html",
        client_name=None,
        continue_url="#",
        goes_on=False,
        held_until=NOW + 72 * 3600,
        ladder_url="#",
    ),
    "activate-elsewhere": page("activate_elsewhere.html", again_url="#", register_url="#", reviewed=True),
    "activate-elsewhere-by-name": page("activate_elsewhere.html", again_url="#", register_url=None, reviewed=True),
    "activate-found-rejected-by-name": page(
        "activate_nothing.html",
        found="rejected",
        masked_phone=None,
        reviewed=False,
        client_name=TAX,
        **ACTIVATE_ON | {"register_url": None},
    ),
    "home": page(
        "home.html", signed_in=False, account_url="/account", signin_url="/signin", register_url="/register"
    ),
    "home-signed-in": page("home.html", signed_in=True, account_url="/account", signin_url="#", register_url="#"),
    "signin": page("signin.html", form=lambda: Form(IDENTIFIER, PASSWORD), **SIGN_IN),
    "signin-bare": page("signin.html", form=lambda: Form(IDENTIFIER, PASSWORD), **SIGN_IN | {"client_name": None}),
    "signin-locked-without-codes": page(
        "signin.html",
        form=lambda: refused(Form(IDENTIFIER, PASSWORD), whole="password_only_locked"),
        **SIGN_IN | {"locked": True, "code_url": None},
    ),
    "signin-refused": page(
        "signin.html",
        form=lambda: refused(
            Form(IDENTIFIER, PASSWORD, values={"identifier": "13800138000"}), whole="credentials_refused"
        ),
        **SIGN_IN,
    ),
    "signin-empty": page(
        "signin.html",
        form=lambda: refused(
            Form(IDENTIFIER, PASSWORD), identifier="identifier_missing", password="password_missing"
        ),
        **SIGN_IN,
    ),
    "signin-locked": page(
        "signin.html",
        form=lambda: refused(Form(IDENTIFIER, PASSWORD), whole="password_locked"),
        **SIGN_IN | {"locked": True},
    ),
    "signin-captcha": page(
        "signin.html",
        form=lambda: refused(
            Form(IDENTIFIER, PASSWORD, values={"identifier": "13800138000"}), whole="credentials_refused"
        ),
        **SIGN_IN | {"captcha": digits()},
    ),
    "signin-captcha-missing": page(
        "signin.html",
        form=lambda: refused(
            Form(IDENTIFIER, PASSWORD, CAPTCHA, values={"identifier": "13800138000"}),
            password="password_missing",
            captcha="captcha_missing",
        ),
        **SIGN_IN | {"captcha": digits()},
    ),
    "signin-code": page(
        "signin_code.html",
        form=lambda: Form(IDENTIFIER),
        **ASK_CODE,
    ),
    "signin-code-refused": page(
        "signin_code.html",
        form=lambda: refused(Form(IDENTIFIER, values={"identifier": "1380013"}), identifier="phone_invalid"),
        **ASK_CODE,
    ),
    "signin-code-captcha": page(
        "signin_code.html", form=lambda: Form(IDENTIFIER), **ASK_CODE | {"captcha": digits()}
    ),
    "signin-code-captcha-wrong": page(
        "signin_code.html",
        form=lambda: refused(
            Form(IDENTIFIER, CAPTCHA, values={"identifier": "138 0013 8000"}), captcha="captcha_wrong"
        ),
        **ASK_CODE | {"captcha": digits()},
    ),
    "signin-code-enter": page("signin_code_enter.html", form=lambda: Form(CODE), **CODE_IN),
    "signin-code-wrong": page(
        "signin_code_enter.html", form=lambda: refused(Form(CODE), code="code_wrong"), **CODE_IN
    ),
    "signin-code-enter-captcha": page(
        "signin_code_enter.html",
        form=lambda: refused(Form(CODE, CAPTCHA), code="code_missing"),
        **CODE_IN | {"captcha": digits("40 823"), "resend_url": "#"},
    ),
    "code-resend": page("code_resend.html", form=lambda: Form(), captcha=digits(), **RESEND),
    "code-resend-wrong": page(
        "code_resend.html",
        form=lambda: refused(Form(CAPTCHA), captcha="captcha_wrong"),
        captcha=digits(),
        **RESEND,
    ),
    "code-resend-bare": page("code_resend.html", form=lambda: Form(), captcha=None, **RESEND),
    "signin-code-ended": page(
        "signin_code_enter.html", form=lambda: refused(Form(CODE), whole="code_exhausted"), **CODE_IN
    ),
    "signin-code-resent": page(
        "signin_code_enter.html",
        form=lambda: Form(CODE),
        **CODE_IN | {"notice": lambda: Notice("info", sentence("code_sent"))},
    ),
    "confirm-send": page("signin_confirm.html", form=lambda: Form(), **CONFIRM),
    "confirm-enter": page("signin_confirm.html", form=lambda: Form(CODE), **CONFIRM | {"stage": "enter"}),
    "confirm-password": page("signin_confirm.html", form=lambda: Form(PASSWORD), **CONFIRM | {"method": "password"}),
    "confirm-wrong": page(
        "signin_confirm.html",
        form=lambda: refused(Form(CODE), code="code_wrong"),
        **CONFIRM | {"stage": "enter", "client_name": None},
    ),
    "confirm-password-again": page(
        "signin_confirm.html",
        form=lambda: Form(PASSWORD),
        **CONFIRM
        | OTHERS
        | {
            "method": "password",
            "repeated": True,
            "client_name": None,
            "leave_url": "#",
            "why": lambda: sentence("methods_change"),
        },
    ),
    "confirm-totp": page(
        "signin_confirm.html", form=lambda: Form(CODE), **CONFIRM | OTHERS | {"method": "totp", "stage": "enter"}
    ),
    "confirm-totp-wrong": page(
        "signin_confirm.html",
        form=lambda: refused(Form(CODE), code="totp_wrong"),
        **CONFIRM | {"method": "totp", "stage": "enter"},
    ),
    "confirm-recovery-code": page(
        "signin_confirm.html", form=lambda: Form(RECOVERY_CODE), **CONFIRM | {"method": "recovery_code"}
    ),
    "confirm-recovery-code-wrong": page(
        "signin_confirm.html",
        form=lambda: refused(Form(RECOVERY_CODE), recovery_code="recovery_code_wrong"),
        **CONFIRM | {"method": "recovery_code"},
    ),
    "confirm-passkey": page(
        "signin_confirm.html",
        form=lambda: Form(*PASSKEY_ANSWER),
        **CONFIRM | OTHERS | {"method": "passkey", "asked": asking},
    ),
    "signin-passkey": page("signin_passkey.html", form=lambda: Form(*PASSKEY_ANSWER), **BY_PASSKEY),
    "signin-passkey-refused": page(
        "signin_passkey.html", form=lambda: refused(Form(*PASSKEY_ANSWER), whole="passkey_refused"), **BY_PASSKEY
    ),
    "register-phone": page("register_phone.html", form=lambda: Form(PHONE_FIELD), **ASK_PHONE),
    "register-phone-captcha": page(
        "register_phone.html", form=lambda: Form(PHONE_FIELD), **ASK_PHONE | {"captcha": digits()}
    ),
    "register-phone-refused": page(
        "register_phone.html",
        form=lambda: refused(Form(PHONE_FIELD, values={"phone": "010-1234"}), phone="phone_invalid"),
        **ASK_PHONE | {"client_name": None},
    ),
    "register-code": page("register_code.html", form=lambda: Form(CODE), change_url="#", **CODE_STEP),
    "register-code-wrong": page(
        "register_code.html",
        form=lambda: refused(Form(CODE), code="code_wrong"),
        change_url="#",
        **CODE_STEP,
    ),
    "register-details": page("register_details.html", form=_details, **DETAILS),
    "register-details-refused": page(
        "register_details.html",
        form=lambda: refused(
            _details(user_name="1a"),
            password="password_common",
            user_name="user_name_invalid",
            agreements="agreements_missing",
        ),
        **DETAILS,
    ),
    "register-details-recycled": page(
        "register_details.html",
        form=_details,
        **DETAILS | {"notice": lambda: Notice("warn", sentence("phone_recycled")), "signin_url": "#"},
    ),
    "register-details-waiting": page(
        "register_details.html",
        form=_details,
        **DETAILS | {"notice": lambda: Notice("warn", sentence("activation_waits_here")), "activate_url": "#"},
    ),
    "register-done": page(
        "register_done.html",
        client_name=TAX,
        continue_url="#",
        goes_on=True,
        waits=False,
        identity_url=None,
        certificate_url="#",
    ),
    "register-done-bare": page(
        "register_done.html",
        client_name=None,
        continue_url="#",
        goes_on=False,
        waits=False,
        identity_url=None,
        certificate_url=None,
    ),
    "register-done-goes-on": page(
        "register_done.html",
        client_name=None,
        continue_url="#",
        goes_on=True,
        waits=False,
        identity_url=None,
        certificate_url=None,
    ),
    "register-done-offer": page(
        "register_done.html",
        client_name=TAX,
        continue_url="#",
        goes_on=True,
        waits=False,
        identity_url="#",
        certificate_url=None,
    ),
    "register-done-waits": page(
        "register_done.html",
        client_name=TAX,
        continue_url="#",
        goes_on=True,
        waits=True,
        identity_url="#",
        certificate_url=None,
    ),
    "register-identity": page("register_identity.html", form=_person, **ASK_PHONE | {"steps": LONG_STEPS}),
    "register-identity-refused": page(
        "register_identity.html",
        form=lambda: refused(_person(name="1"), name="name_invalid", number="document_number_invalid"),
        **ASK_PHONE | {"steps": LONG_STEPS},
    ),
    "identity-name": page("identity_name.html", form=_person, **IDENTITY),
    "identity-name-later": page(
        "identity_name.html",
        form=_person,
        **IDENTITY | {"client_name": None, "declinable": False, "later_url": "#"},
    ),
    "identity-name-refused": page(
        "identity_name.html",
        form=lambda: refused(_person(name="欧阳清岚"), whole="identity_not_confirmed"),
        **IDENTITY | OTHER_WAY | {"failed": True, "elsewhere": True},
    ),
    "identity-name-unavailable": page(
        "identity_name.html",
        form=lambda: refused(_person(name="欧阳清岚"), whole="register_unavailable"),
        **IDENTITY | OTHER_WAY | {"failed": True},
    ),
    "identity-bank-card": page("identity_bank_card.html", form=_card, **IDENTITY | OTHER_WAY),
    "identity-bank-card-refused": page(
        "identity_bank_card.html",
        form=lambda: refused(_card(), whole="bank_not_confirmed"),
        **IDENTITY | OTHER_WAY | ALONE | {"failed": True, "elsewhere": True},
    ),
    "identity-bank-card-wrong": page(
        "identity_bank_card.html",
        form=lambda: refused(_card(), card="bank_card_invalid", phone="bank_phone_missing"),
        **IDENTITY,
    ),
    "signin-face": page("face_who.html", form=_person, title=lambda: _("用人脸登录"), **WHOSE_FACE),
    "signin-face-refused": page(
        "face_who.html",
        form=lambda: refused(_person(), number="document_number_invalid"),
        title=lambda: _("用人脸找回"),
        **WHOSE_FACE | {"notice": lambda: Notice("info", sentence("check_over"))},
    ),
    "signin-face-nobody": page(
        "another_way.html",
        title=lambda: sentence("face_no_account"),
        text=lambda: sentence("face_no_account_text"),
        signin_url="#",
    ),
    "recover-face-code": page("recover_face_code.html", form=lambda: Form(CODE), **FACE_CODE),
    "recover-face-code-wrong": page(
        "recover_face_code.html", form=lambda: refused(Form(CODE), code="code_wrong"), **FACE_CODE
    ),
    "identity-face": page(
        "identity_check.html", form=_person, known=None, notice=None, **BY_FACE | IDENTITY | OTHER_WAY
    ),
    "identity-face-known": page(
        "identity_check.html",
        form=lambda: Form(),
        known="***岚 1****************X",
        notice=lambda: Notice("info", sentence("check_over")),
        **BY_FACE | IDENTITY | ALONE,
    ),
    "identity-face-refused": page(
        "identity_check.html",
        form=lambda: refused(_person(), whole="face_document_taken"),
        known=None,
        notice=None,
        **BY_FACE | IDENTITY | OTHER_WAY | {"failed": True, "elsewhere": True},
    ),
    "identity-bank": page(
        "identity_check.html", form=_person, known=None, notice=None, **BY_BANK | IDENTITY | OTHER_WAY
    ),
    "identity-bank-known": page(
        "identity_check.html",
        form=lambda: Form(),
        known="***岚 1****************X",
        notice=lambda: Notice("info", sentence("check_over")),
        **BY_BANK | IDENTITY | ALONE,
    ),
    "identity-bank-refused": page(
        "identity_check.html",
        form=lambda: refused(_person(), whole="bank_channel_not_enough"),
        known=None,
        notice=None,
        **BY_BANK | IDENTITY | OTHER_WAY | {"failed": True, "elsewhere": True},
    ),
    "identity-raise": page(
        "identity_raise.html",
        ial=1,
        wanted=2,
        ways=[_way("bank_card"), _way("name_number", url=None, used_up=True), _way("face", 3)],
        **WAITING,
    ),
    "identity-raise-held": page(
        "identity_raise.html",
        ial=2,
        wanted=0,
        ways=[_way("name_number", url=None, held=True), _way("face", 3)],
        **ALONE,
    ),
    "check-consent": page("check_consent.html", form=lambda: Form(FACE_CONSENT), **CHECKING),
    "check-consent-matter": page(
        "check_consent.html",
        form=lambda: Form(FACE_CONSENT),
        **CHECKING | {"asked_by": SOCIAL, "matter": "养老金领取资格认证", "purpose": "matter"},
    ),
    "check-consent-refused": page(
        "check_consent.html", form=lambda: refused(Form(FACE_CONSENT), consent="check_consent_missing"), **CHECKING
    ),
    "check-consent-digits": page(
        "check_consent.html",
        form=lambda: refused(Form(FACE_CONSENT), captcha="captcha_wrong"),
        **CHECKING | {"captcha": digits()},
    ),
    "check-consent-bank": page(
        "check_consent.html", form=lambda: Form(), **CHECKING | {"kind": "bank", "consent": None}
    ),
    "check-wait-opening": page("check_wait.html", kind="face", vendor_url=None, refreshing=True, **LOOKING),
    "check-wait-result": page("check_wait.html", kind="face", vendor_url="#", refreshing=True, **LOOKING),
    "check-wait-paused": page("check_wait.html", kind="bank", vendor_url="#", refreshing=False, **LOOKING),
    "check-app": _check_app,
    **{
        f"check-outcome-{reason}": page(
            "check_outcome.html",
            kind="face",
            away=reason == "vendor-away",
            text=lambda reason=reason: sentence(f"check_{reason}"),
            again_url=None if reason in ("tries-used-up", "too-many") else "#",
            elsewhere_url="#",
        )
        for reason in ("not-passed", "abandoned", "vendor-away", "tries-used-up", "too-many", "over")
    },
    "check-outcome-bank": page(
        "check_outcome.html",
        kind="bank",
        away=False,
        text=lambda: sentence("check_bank_not_passed"),
        again_url="#",
        elsewhere_url="#",
    ),
    "identity-raise-nowhere": page("identity_raise.html", ial=2, wanted=3, ways=[], **WAITING),
    "register-check": page("register_check.html", form=lambda: Form(), **CHECK),
    "register-check-unavailable": page(
        "register_check.html", form=lambda: refused(Form(), whole="register_unavailable"), **CHECK
    ),
    "register-elsewhere": page("register_elsewhere.html", signin_url="#", again_url="#", activate_url="#"),
    "recover": page("recover.html", form=lambda: Form(IDENTIFIER), **ASK_ACCOUNT),
    "recover-refused": page(
        "recover.html",
        form=lambda: refused(Form(IDENTIFIER, values={"identifier": "12"}), identifier="identifier_invalid"),
        **ASK_ACCOUNT | {"captcha": digits(), "client_name": None},
    ),
    "recover-over": page(
        "recover.html",
        form=lambda: Form(IDENTIFIER),
        **ASK_ACCOUNT | {"notice": lambda: Notice("info", sentence("journey_over"))},
    ),
    "recover-code": page("recover_code.html", form=lambda: Form(CODE), **RECOVER_CODE),
    "recover-code-wrong": page(
        "recover_code.html", form=lambda: refused(Form(CODE), code="code_wrong"), **RECOVER_CODE
    ),
    "recover-resend": page(
        "code_resend.html", form=lambda: Form(), captcha=digits(), **RESEND | {"masked_phone": None}
    ),
    "recover-password": page("recover_password.html", form=lambda: Form(NEW_PASSWORD), password_rules=RULES),
    "recover-password-refused": page(
        "recover_password.html",
        form=lambda: refused(Form(NEW_PASSWORD), new_password="password_common"),
        password_rules=RULES,
    ),
    "recover-last": page("recover_last.html", working_days=10, held_hours=72),
    "recover-last-person": page("recover_last_person.html", form=lambda: Form(*PERSON), notice=None, steps=LAST),
    "recover-last-person-refused": page(
        "recover_last_person.html",
        form=lambda: refused(Form(*PERSON), name="name_invalid", number="document_number_invalid"),
        notice=None,
        steps=LAST,
    ),
    "recover-last-phone": page("recover_last_phone.html", form=lambda: Form(PHONE_FIELD), **LAST_PHONE),
    "recover-last-phone-refused": page(
        "recover_last_phone.html",
        form=lambda: refused(Form(PHONE_FIELD), phone="phone_invalid"),
        **LAST_PHONE | {"captcha": digits()},
    ),
    "recover-last-code": page("recover_last_code.html", form=lambda: Form(CODE), **LAST_CODE),
    "recover-last-code-wrong": page(
        "recover_last_code.html", form=lambda: refused(Form(CODE), code="code_wrong"), **LAST_CODE
    ),
    "recover-last-way": page(
        "recover_last_way.html",
        form=lambda: Form(Field("way"), values={"way": "counter"}),
        working_days=10,
        steps=LAST,
    ),
    "recover-last-way-refused": page(
        "recover_last_way.html",
        form=lambda: refused(Form(Field("way")), way="recovery_way_missing"),
        working_days=10,
        steps=LAST,
    ),
    "recover-last-filed": page("recover_last_filed.html", at_counter=True, **FILED),
    "recover-last-filed-review": page("recover_last_filed.html", at_counter=False, **FILED),
    "recover-approved": page("recover_approved.html", form=lambda: Form(REFERENCE), captcha=None, notice=None),
    "recover-approved-refused": page(
        "recover_approved.html",
        form=lambda: refused(Form(REFERENCE), request="recovery_reference_invalid"),
        captcha=digits(),
        notice=None,
    ),
    "recover-approved-code": page("recover_approved_code.html", form=lambda: Form(CODE), **RECOVER_CODE),
    "recover-stop": page("recover_stop.html", form=lambda: Form(PHONE_FIELD, CODE), captcha=None, notice=None),
    "recover-stop-wrong": page(
        "recover_stop.html",
        form=lambda: refused(Form(PHONE_FIELD, CODE), code="recovery_stop_wrong"),
        captcha=digits(),
        notice=None,
    ),
    "recover-stopped": page(
        "recover_stop.html",
        form=lambda: Form(PHONE_FIELD, CODE),
        captcha=None,
        notice=lambda: Notice("info", sentence("recovery_stopped")),
    ),
    "another-way": page(
        "another_way.html",
        title=lambda: sentence("another_way"),
        text=lambda: sentence("another_way_text"),
        signin_url="/signin",
    ),
    "another-way-held": page(
        "another_way.html",
        title=lambda: sentence("reset_held"),
        text=lambda: str(sentence("reset_held_text")) % {"time": "11-27 09:30"},
        signin_url="/signin",
    ),
    "agreements": page(
        "agreements.html", form=lambda: Form(AGREED), texts=texts, client_name=TAX, notice=None, **DECLINE
    ),
    "agreements-refused": page(
        "agreements.html",
        form=lambda: refused(Form(AGREED), agreements="agreements_missing"),
        texts=texts,
        client_name=TAX,
        notice=None,
        **DECLINE,
    ),
    "agreement-text": _agreement,
    "consent": page("consent.html", items=lambda: scopes("profile", "phone", "email"), law=None, **CONSENT),
    "consent-mixed": page(
        "consent.html",
        items=lambda: scopes("profile") + scopes("phone", "address", basis="statutory"),
        law=LAW,
        **CONSENT,
    ),
    "account": page(
        "account/index.html",
        account_label=PHONE,
        last_signin=lambda: thing(at=NOW, method=_("密码")),
        session_count=2,
        app_count=1,
        recent=_activity,
        notice=None,
        phone_lost=False,
    ),
    "account-new": page(
        "account/index.html",
        account_label=PHONE,
        last_signin=None,
        session_count=1,
        app_count=0,
        recent=[],
        notice=lambda: Notice("info", sentence("password_changed")),
        phone_lost=True,
    ),
    "account-profile": page("account/profile.html", notice=None, profile=PROFILE, agreements=ACCEPTED),
    "account-profile-bare": page(
        "account/profile.html",
        notice=lambda: Notice("info", sentence("phone_changed")),
        profile=thing(**vars(PROFILE) | {"user_name": None, "phone": None, "aal": 2}),
        agreements=ACCEPTED,
    ),
    "account-phone": page("account/phone.html", form=lambda: Form(PHONE_FIELD), **CHANGE_PHONE),
    "account-phone-refused": page(
        "account/phone.html",
        form=lambda: refused(Form(PHONE_FIELD, values={"phone": "138"}), phone="phone_invalid"),
        **CHANGE_PHONE | {"masked_phone": None},
    ),
    "account-phone-held": page(
        "account/phone.html", form=lambda: Form(PHONE_FIELD), **CHANGE_PHONE | {"held_until": NOW}
    ),
    "account-phone-code": page("account/phone_code.html", form=lambda: Form(CODE), change_url="#", **CODE_STEP),
    "account-phone-code-wrong": page(
        "account/phone_code.html",
        form=lambda: refused(Form(CODE), code="code_wrong"),
        change_url="#",
        **CODE_STEP,
    ),
    "account-phone-confirm": page("account/phone_confirm.html", masked_phone=PHONE, cancel_url="#"),
    "account-user-name": page("account/user_name.html", form=lambda: Form(NAME), user_name=None),
    "account-user-name-refused": page(
        "account/user_name.html",
        form=lambda: refused(Form(NAME, values={"user_name": "1a"}), user_name="user_name_invalid"),
        user_name=None,
    ),
    "account-user-name-set": page("account/user_name.html", form=lambda: Form(NAME), user_name="zh***n"),
    "account-methods": page("account/methods.html", **METHODS),
    "account-methods-none": page("account/methods.html", **METHODS | NO_METHODS),
    "account-methods-last": page(
        "account/methods.html", **METHODS | {"notice": lambda: Notice("bad", sentence("last_way_in"))}
    ),
    "account-totp": page("account/totp.html", form=lambda: Form(CODE), **TOTP),
    "account-totp-wrong": page("account/totp.html", form=lambda: refused(Form(CODE), code="totp_wrong"), **TOTP),
    "account-recovery-codes": page("account/recovery_codes.html", codes=["7K3M-9QXT-V2A8-5RCW"] * 10),
    "account-passkey-add": page(
        "account/passkey_add.html",
        form=lambda: Form(PASSKEY_NAME, *PASSKEY_ANSWER, values={"name": "Chrome · Windows"}),
        asked=asking,
    ),
    "account-passkey-add-refused": page(
        "account/passkey_add.html",
        form=lambda: refused(Form(PASSKEY_NAME, *PASSKEY_ANSWER), name="passkey_name_missing"),
        asked=asking,
    ),
    "account-passkey-name": page(
        "account/passkey_name.html", form=lambda: Form(PASSKEY_NAME, values={"name": "我的手机"})
    ),
    "account-identity": page(
        "account/identity.html",
        ial=3,
        ends=NOW + 864000,
        ial_after=2,
        raise_url="/identity/name",
        proofs=lambda: [
            thing(
                kind=kind,
                source=source_word("population-register"),
                level=level,
                proved_at=NOW,
                expires_at=ends,
                valid=valid,
            )
            for kind, level, ends, valid in (
                (evidence_word("face"), 3, NOW + 864000, True),
                (evidence_word("name_number"), 2, None, True),
                (evidence_word("counter"), 4, NOW, False),
            )
        ],
    ),
    "account-identity-none": page(
        "account/identity.html", ial=1, ends=None, ial_after=None, raise_url="/identity/name", proofs=[]
    ),
    "account-password": page(
        "account/password.html",
        form=lambda: Form(Field("current_password", secret=True), Field("new_password", secret=True)),
        password_rules=RULES,
        notice=None,
    ),
    "account-password-refused": page(
        "account/password.html",
        form=lambda: refused(
            Form(Field("current_password", secret=True), Field("new_password", secret=True)),
            current_password="current_password_wrong",
            new_password="password_short",
        ),
        password_rules=RULES,
        notice=None,
    ),
    "account-sessions": page("account/sessions.html", sessions=lambda: _sessions(3), notice=None),
    "account-sessions-one": page("account/sessions.html", sessions=lambda: _sessions(1), notice=None),
    "account-apps": page("account/apps.html", apps=_apps, notice=None),
    "account-apps-none": page(
        "account/apps.html", apps=[], notice=lambda: Notice("info", sentence("consent_withdrawn"))
    ),
    "account-activity": page("account/activity.html", entries=_activity, older_url="#", newer_url="#"),
    "account-not-me": page("account/not_me.html", entry=lambda: _activity()[1], confirm_url="#"),
    "account-not-me-all": page("account/not_me.html", entry=lambda: _activity()[1], confirm_url=None),
    "account-confirm": page("account/confirm.html", form=lambda: Form(CODE), masked_phone=PHONE, sent=False),
    "account-confirm-enter": page(
        "account/confirm.html",
        form=lambda: refused(Form(CODE), code="code_wrong"),
        masked_phone=PHONE,
        sent=True,
        password_off=True,
    ),
    "account-disputes": page(
        "account/disputes.html",
        disputes=_disputes,
        working_days=10,
        notice=lambda: Notice("info", sentence("dispute_filed")),
    ),
    "account-disputes-none": page("account/disputes.html", disputes=[], working_days=10, notice=None),
    "account-dispute-new": page(
        "account/dispute_new.html", form=lambda: Form(*DISPUTE), items=ITEM_CHOICE, due_at=NOW
    ),
    "account-dispute-refused": page(
        "account/dispute_new.html",
        form=lambda: refused(Form(*DISPUTE), item="dispute_item_missing", text="dispute_text_missing"),
        items=ITEM_CHOICE,
        due_at=NOW,
    ),
    "account-export": page("account/export.html", form=lambda: Form()),
    "account-export-refused": page("account/export.html", form=lambda: refused(Form(), whole="export_too_soon")),
    "account-close": page("account/close.html", days=15, notice=None),
    "account-closing": page(
        "account/close.html",
        days=15,
        closes_at=NOW,
        notice=lambda: Notice("info", sentence("account_closing")),
    ),
    "account-close-ask": page(
        "account/close_ask.html", form=lambda: Form(*CLOSE, values={"why": "unsaid"}), whys=WHYS
    ),
    "account-close-refused": page(
        "account/close_ask.html",
        form=lambda: refused(Form(*CLOSE), understood="understood_missing"),
        whys=WHYS,
    ),
    "account-password-off": page(
        "account/password.html",
        form=lambda: Form(Field("new_password", secret=True)),
        password_rules=RULES,
        notice=None,
        password_off=True,
    ),
    "account-activity-none": page("account/activity.html", entries=[], older_url=None, newer_url=None),
    "signout": page(
        "signout_confirm.html",
        apps=[TAX, SOCIAL],
        client_name=TAX,
        action="/signout",
        hidden={"tx": "1"},
        cancel_url="/",
    ),
    "signout-bare": page("signout_confirm.html", apps=[], client_name=None, action=None, hidden={}, cancel_url="/"),
    "signed-out": page(
        "signed_out.html", apps=[thing(name=TAX, state="done"), thing(name=SOCIAL, state="done")], settled=True, **OUT
    ),
    "signed-out-pending": page(
        "signed_out.html",
        apps=[thing(name=TAX, state="done"), thing(name=SOCIAL, state="pending")],
        settled=False,
        **OUT,
    ),
    "signed-out-failed": page(
        "signed_out.html",
        apps=[thing(name=TAX, state="done"), thing(name=SOCIAL, state="failed")],
        settled=True,
        **OUT,
    ),
    "signed-out-bare": page("signed_out.html", apps=[], settled=True, **OUT),
    "expired": lambda: expired_page(),
    "expired-app": lambda: expired_page(restart="http://tax.localhost:8101/"),
    "oauth-error": lambda: oauth_error_page("invalid_request", "redirect_uri is not registered for this client"),
    "form-post": _form_post,
    **{
        f"error-{status}": (lambda status=status: error_page(status))
        for status in (400, 403, 404, 405, 413, 415, 429, 500, 503)
    },
    "error-again": lambda: error_page(400, again="/preview/signin"),
    **SIGNER_STATES,
    **ASSISTED_STATES,
    **MANDATE_STATES_SHOWN,
    **REVIEW_STATES,
    **CERTIFICATE_STATES,
    **TLS_STATES,
    **PHOTO_STATES,
    **CAPABILITY_STATES,
    **CONSOLE_STATES,
}
