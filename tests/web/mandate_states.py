"""The pages of mandates in every state, with sample data; `tests.web.states` takes them in."""

from collections.abc import Callable, Mapping
from types import SimpleNamespace
from typing import Any

from flask import render_template

from idp.certificates.rules import Challenge
from idp.certificates.signers import allow_signers
from idp.flows.rules import FlowKind, step_names
from idp.mandates.bulk import COLUMNS
from idp.mandates.certified import certificate_text
from idp.mandates.granting import Footing
from idp.mandates.rules import Kind, Side
from idp.mandates.scopes import Action
from idp.mandates.signing import SigningRule
from idp.mandates.words import ACTIONS, FOOTINGS, GROUP_WORDS, KINDS, RELEASED, RULES, SIDES, STEPS, USES, signed_by
from idp.web.forms import Field, Form
from idp.web.notices import Notice
from idp.web.qr import qr_svg
from idp.web.reasons import sentence
from idp.web.words.mandates import STATES

NOW = 1795413600
GIVING, ASKING = step_names(FlowKind.MANDATE), step_names(FlowKind.MANDATE_REQUEST)
ENTITY, AGENCY, PERSON = "长沙岳麓示例科技有限公司", "武汉示例代理记账服务部", "周𪚥文"
TAX = "湖南税务"
TITLE, MATTERS = "办税事项", ["增值税申报", "企业所得税申报", "涉税证明开具"]
HASH = "9f2c41d07ab35e6802c4f1b9d6e7a3580c1d2e3f4a5b6c7d8e9fa0b1c2d3e4f5"
TEXTS = {
    "zh": f"授权书编号：mnd_01m8c\n授权方：{ENTITY} (91430100MA0000007Q)\n受托方：{PERSON}\n\n授权办理办税事项。\n",
    "en": f"Mandate: mnd_01m8c\nRepresented party: {ENTITY} (91430100MA0000007Q)\n\nauthorises in tax matters.\n",
}
WHO = tuple(Field(name) for name in ("name", "kind", "number"))


def page(template: str, **context: Any) -> Callable[[], str]:
    def render() -> str:
        return render_template(template, **{k: v() if callable(v) else v for k, v in context.items()})

    return render


def form(*names: str, values: Mapping[str, str] | None = None, **wrong: str) -> Callable[[], Form]:
    def make() -> Form:
        made = Form(*(Field(name) for name in names), values=values)
        for name, reason in wrong.items():
            made.refuse("" if name == "whole" else name, sentence(reason))
        return made

    return make


def one(state: str = "active", tag: str = "", **changes: Any) -> SimpleNamespace:
    told: dict[str, Any] = {
        "id": "mnd_1",
        "theme": TITLE,
        "kind": KINDS[Kind.DELEGATED],
        "other": PERSON,
        "state": STATES[state],
        "tag": tag,
        "begins": NOW,
        "ends": NOW + 30 * 86400,
        "url": "#",
        "post": "综合窗口 · 政务服务中心",
    }
    return SimpleNamespace(**(told | changes))


def lists(*, filled: bool = True, narrowed: bool = False) -> list[SimpleNamespace]:
    rows = [one(), one("suspended", "off", other=AGENCY), one("pending_acceptance", "wait"), one("revoked", "off")]
    shown = {
        "rows": rows if filled else [],
        "more_url": "#" if filled else None,
        "narrowed": narrowed,
        "later": False,
    }
    return [SimpleNamespace(which=which, **shown) for which in ("given", "held")]


def groups() -> list[SimpleNamespace]:
    return [SimpleNamespace(word=word, url="#", chosen=name == "all") for name, word in GROUP_WORDS.items()]


INDEX = {
    "entity_name": None, "theme": None, "lists": lists, "groups": groups, "grant_url": "#", "request_url": "#",
    "entity_url": None, "own_url": "#", "others": [], "notice": None,
}  # fmt: skip


def themes() -> list[SimpleNamespace]:
    return [
        SimpleNamespace(code="tax.filing", title=TITLE, matters=MATTERS, sensitive=False, level=2),
        SimpleNamespace(code="tax.refund", title="退税与账户变更", matters=["退税申请"], sensitive=True, level=2),
    ]


BOXES = ("service-a", "service-b", "action-view", "action-pay", "amount")


def scope(**changes: Any) -> Callable[[], str]:
    told: dict[str, Any] = {
        "form": form(*BOXES),
        "steps": GIVING,
        "step": "scope",
        "theme": TITLE,
        "services": [SimpleNamespace(field=f"service-{k}", title=t) for k, t in zip("ab", MATTERS, strict=False)],
        "actions": [SimpleNamespace(field=f"action-{k}", word=ACTIONS[k]) for k in (Action.VIEW, Action.PAY)],
        "most": None,
        "back_url": "#",
    }
    return page("mandates/scope.html", **(told | changes))


def who(choice: str, *fields: str, entity: bool = False, **wrong: str) -> Callable[[], str]:
    names = fields or (("name", "uscc") if entity else ("name", "kind", "number"))
    steps = ASKING if choice == "request" else GIVING
    shown = form(*names, values={"kind": "id_number"} if "kind" in names else None, **wrong)
    return page("mandates/who.html", form=shown, steps=steps, step="who", entity=entity, choice=choice, back_url="#")


def text(what: str, **changes: Any) -> Callable[[], str]:
    told: dict[str, Any] = {
        "form": form("text_hash"), "what": what, "texts": TEXTS, "text_hash": HASH, "short_hash": HASH[:16],
        "replaces": None, "proved": True, "back_url": "#", "steps": (), "decline_url": "#", "signed": [],
        "certificate_url": None,
    }  # fmt: skip
    return page("mandates/text.html", **(told | changes))


def certificate(*, accepts: bool = False, **changes: Any) -> Callable[[], str]:
    side = Side.AGENT if accepts else Side.PRINCIPAL
    content = certificate_text("mnd_01m8c", TEXTS, HASH, side=side, origin="https://id.example.gov.cn")
    assert content is not None
    told: dict[str, Any] = {
        "form": form("challenge", "signed_data", "signature", "certificate", "text_hash", "replaces"),
        "asked": Challenge("k" * 43, content.content.decode(), NOW + 900), "accepts": accepts, "texts": TEXTS,
        "text_hash": HASH, "short_hash": HASH[:16], "replaces": None, "back_url": "#",
    }  # fmt: skip

    def render() -> str:
        allow_signers("http://127.0.0.1:8019")
        return page("mandates/certificate.html", **(told | changes))()

    return render


def signature(side: str, footing: Footing, *, certificate: SimpleNamespace | None = None) -> SimpleNamespace:
    return SimpleNamespace(
        person="p",
        name="***岚",
        side=SIDES[side],
        footing=FOOTINGS[footing],
        method=signed_by("sms", certificate.id if certificate else None),
        certificate=certificate,
        level=3,
        at=NOW,
    )


def signatures() -> list[SimpleNamespace]:
    by = SimpleNamespace(
        id="sig_01m8cfk4twtv1yzafxg1brw38y",
        issuer="CN=Tongban demo SM2 Issuing CA,O=Tongban demo,C=CN",
        serial="4f2a91c07b5518e3",
        algorithm="SM2",
    )
    altered = SimpleNamespace(id="sig_01m8cfk4twtv1yzafxg1brw38z", issuer="", serial="", algorithm="")
    return [
        signature("principal", Footing.REPRESENTATIVE),
        signature("principal", Footing.ADMINISTRATOR, certificate=by),
        signature("agent", Footing.OWN, certificate=altered),
    ]


def detail(**changes: Any) -> Callable[[], str]:
    names = ("accept", "sign", "step", "renew", "revoke", "renounce", "decline", "print", "list")
    told: dict[str, Any] = {
        "form": Form,
        "one": one,
        "side": "principal",
        "limit": "50,000.00 CNY",
        "matters": MATTERS,
        "acts": [ACTIONS[Action.VIEW], ACTIONS[Action.SUBMIT]],
        "texts": TEXTS,
        "text_hash": HASH,
        "told": [RELEASED["name"], RELEASED["uscc"]],
        "accept_by": None,
        "begins": None,
        "signatures": signatures,
        "entries": [
            SimpleNamespace(at=NOW, step=STEPS["draw"], mine=True, who="***岚"),
            SimpleNamespace(at=NOW, step=STEPS["accept"], mine=False, who="**文"),
            SimpleNamespace(at=NOW, step=STEPS["expire"], mine=False, who=None),
        ],
        "whole": True,
        "uses": [
            SimpleNamespace(at=NOW, app=TAX, what=USES["token"], matter=MATTERS[0], region="430100", who="**文"),
            SimpleNamespace(at=NOW, app=TAX, what=USES["data"], matter=None, region=None, who="**文"),
        ],
        "people": [SimpleNamespace(name="*䶮", ends=NOW + 86400)],
        "can": {"freeze", "revoke", "renew"},
        "url": dict.fromkeys(names, "#"),
        "notice": None,
    }
    return page("mandates/detail.html", **(told | changes))


def done(state: str, side: str = "principal", **changes: Any) -> Callable[[], str]:
    told: dict[str, Any] = {
        "state": state, "side": side, "other": PERSON, "accept_by": NOW + 7 * 86400, "begins": NOW, "waits": True,
        "detail_url": "#", "print_url": "#", "list_url": "#", "again_url": "#",
    }  # fmt: skip
    return page("mandates/done.html", **(told | changes))


def bulk_row(number: int, wrong: str | None = None, *, replaces: bool = False) -> SimpleNamespace:
    return SimpleNamespace(
        number=number,
        name=PERSON,
        theme=None if wrong else TITLE,
        ends=None if wrong else NOW,
        replaces=replaces,
        wrong=sentence(wrong) if wrong else None,
        text_url=None if wrong else "#",
    )


def bulk_confirm(good: int, rows: list[SimpleNamespace], **changes: Any) -> Callable[[], str]:
    told: dict[str, Any] = {
        "form": form("text_hash"), "entity_name": ENTITY, "good": good, "rows": rows, "text_hash": HASH,
        "short_hash": HASH[:16], "proved": True, "back_url": "#",
    }  # fmt: skip
    return page("mandates/bulk_confirm.html", **(told | changes))


def people(**changes: Any) -> Callable[[], str]:
    told: dict[str, Any] = {
        "entity_name": ENTITY, "administrators": [one(kind=KINDS[Kind.ADMINISTRATOR])], "staff": [one()],
        "rule": RULES[SigningRule.ANY_TWO][0], "rule_url": "#", "grant_url": "#", "bulk_url": "#", "back_url": "#",
        "change": None, "notice": None,
    }  # fmt: skip
    return page("mandates/people.html", **(told | changes))


OF_ENTITY = ["employee", "agency", "staff", "administrator"]
KIND = {"steps": GIVING, "step": "kind", "back_url": "#"}
DATES = {
    "steps": GIVING,
    "step": "dates",
    "ends": {"month": NOW + 30 * 86400, "year": NOW + 365 * 86400},
    "back_url": "#",
}
OPTIONS = {"steps": GIVING, "step": "options", "back_url": "#", "always": [RELEASED["name"]]}
CHECK: dict[str, Any] = {"form": form("m", "h"), "asked": False, "state": None}

MANDATE_STATES_SHOWN: Mapping[str, Callable[[], str]] = {
    "mandates": page("mandates/index.html", **INDEX),
    "mandates-none": page("mandates/index.html", **INDEX | {"lists": lambda: lists(filled=False)}),
    "mandates-entity": page("mandates/index.html", **INDEX | {"entity_name": ENTITY, "entity_url": "#"}),
    "mandates-managed": page(
        "mandates/index.html",
        **INDEX
        | {
            "others": [SimpleNamespace(name=ENTITY, theme=TITLE, url="#")],
            "notice": lambda: Notice("info", sentence("mandate_requested")),
        },
    ),
    "mandates-administrator": page(
        "mandates/index.html", **INDEX | {"entity_name": ENTITY, "theme": TITLE, "request_url": None}
    ),
    "mandates-list": page(
        "mandates/list.html", entity_name=ENTITY, list=lambda: lists()[0], groups=groups, back_url="#"
    ),
    "mandate-kind": page(
        "mandates/kind.html", form=form("choice"), choices=["family"], clients=[], entity_name=None, **KIND
    ),
    "mandate-kind-entity": page(
        "mandates/kind.html",
        form=form("choice", choice="mandate_choice_missing"),
        choices=OF_ENTITY,
        clients=[SimpleNamespace(id="mnd_1", name=AGENCY, ends=NOW)],
        entity_name=ENTITY,
        **KIND,
    ),
    "mandate-who": who("family"),
    "mandate-who-employee": who("employee", number="document_number_invalid"),
    "mandate-who-staff": who("staff", "name", "kind", "number", "post", "unit"),
    "mandate-who-agency": who("agency", entity=True, uscc="credit_code_invalid"),
    "mandate-theme": page(
        "mandates/theme.html", form=form("theme"), steps=GIVING, step="theme", themes=themes, back_url="#"
    ),
    "mandate-theme-none": page(
        "mandates/theme.html", form=form("theme"), steps=GIVING, step="theme", themes=[], back_url="#"
    ),
    "mandate-scope": scope(),
    "mandate-scope-refused": scope(
        form=form(
            *BOXES,
            actions="mandate_actions_missing",
            services="mandate_services_missing",
            amount="mandate_limit_invalid",
        ),
        most="50,000.00 CNY",
    ),
    "mandate-dates": page(
        "mandates/dates.html", form=form("term", "first", "last", values={"term": "month"}), **DATES
    ),
    "mandate-dates-refused": page(
        "mandates/dates.html",
        form=form("term", "first", "last", values={"term": "own"}, first="mandate_day_invalid", last="mandate_term"),
        **DATES,
    ),
    "mandate-options": page(
        "mandates/options.html",
        form=form("tell-phone", "may_delegate", "waived"),
        data=[SimpleNamespace(field="tell-phone", word=RELEASED["phone"])],
        delegates=True,
        **OPTIONS,
    ),
    "mandate-text": text("give", steps=GIVING, replaces=one),
    "mandate-text-unproved": text("give", steps=GIVING, proved=False),
    "mandate-text-refused": text("give", steps=GIVING, form=form("text_hash", whole="mandate_grantor_level")),
    "mandate-sign": text("sign", signed=signatures),
    "mandate-accept": text("accept"),
    "mandate-text-certificate": text("give", steps=GIVING, certificate_url="#"),
    "mandate-accept-certificate": text("accept", certificate_url="#"),
    "mandate-certificate": certificate(),
    "mandate-certificate-replaces": certificate(replaces=one),
    "mandate-certificate-refused": certificate(
        form=form("challenge", "signed_data", whole="certificate_not_signers")
    ),
    "mandate-certificate-accept": certificate(accepts=True),
    "mandate-done-approvals": done("pending_approvals"),
    "mandate-done-acceptance": done("pending_acceptance"),
    "mandate-done-accepted": done("active", "agent"),
    "mandate-detail": detail(),
    "mandate-detail-frozen": detail(
        can={"unfreeze", "revoke"},
        one=lambda: one("suspended", "off"),
        whole=False,
        uses=[],
        people=[],
        notice=lambda: Notice("info", sentence("mandate_frozen")),
    ),
    "mandate-detail-offered": detail(
        side="agent",
        can={"accept", "decline"},
        one=lambda: one("pending_acceptance", "wait", other=ENTITY),
        accept_by=NOW,
        uses=[],
        people=[],
    ),
    "mandate-detail-requested": detail(
        can={"sign", "decline"}, one=lambda: one("requested", "wait"), signatures=[], uses=[], people=[], limit=None
    ),
    "mandate-detail-held": detail(side="agent", can={"renounce"}, begins=NOW, people=[]),
    "mandate-revoke": page("mandates/end.html", step="revoke", side="principal", one=one, back_url="#"),
    "mandate-renounce": page(
        "mandates/end.html", step="renounce", side="agent", one=lambda: one(other=ENTITY), back_url="#"
    ),
    "mandate-ask": page("mandates/ask.html", person_url="#", entity_url="#", entity=False, back_url="#"),
    "mandate-ask-who": who("request", entity=True, name="mandate_principal_self"),
    "mandate-ask-text": text("request", steps=ASKING, decline_url=None),
    "mandate-people": people(),
    "mandate-people-changing": people(
        change=lambda: SimpleNamespace(rule=RULES[SigningRule.ALONE][0], until=NOW + 5 * 86400, signed=False, url="#")
    ),
    "mandate-people-none": people(administrators=[], staff=[], rule_url=None),
    "mandate-rule": page(
        "mandates/rule.html",
        form=form("rule", values={"rule": "alone"}, rule="mandate_signers_missing"),
        entity_name=ENTITY,
        rules=[(rule.value, *words) for rule, words in RULES.items()],
        proved=False,
        back_url="#",
    ),
    "mandate-bulk": page(
        "mandates/bulk.html",
        form=form("photo", photo="mandate_file_unreadable"),
        entity_name=ENTITY,
        most=500,
        columns=[names[0] for names in COLUMNS.values()],
        sample_url="#",
        back_url="#",
    ),
    "mandate-bulk-confirm": lambda: bulk_confirm(
        2, [bulk_row(2), bulk_row(3, "mandate_line_twice"), bulk_row(4, replaces=True), bulk_row(5, "mandate_term")]
    )(),
    "mandate-bulk-text": page("mandates/bulk_text.html", line=2, texts=TEXTS, text_hash=HASH, back_url="#"),
    "mandate-check": page("mandates/check.html", **CHECK),
    "mandate-check-found": page("mandates/check.html", **CHECK | {"asked": True, "state": STATES["active"]}),
    "mandate-check-none": page("mandates/check.html", **CHECK | {"asked": True}),
    "mandate-print": page(
        "mandates/print.html",
        number="mnd_01m8cfk4twtv1yzafxg1brw38y",
        text=TEXTS["zh"],
        text_hash=HASH,
        short_hash=HASH[:16],
        signatures=signatures,
        qr=lambda: qr_svg("http://localhost:8000/mandates/check?m=mnd_01m8c&h=9f2c41d07ab35e68"),
        check_address="http://localhost:8000/mandates/check",
    ),
}
