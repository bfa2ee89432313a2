"""The console's pages in every state, with sample data; `tests.web.states` takes them in."""

from collections.abc import Callable, Mapping
from types import SimpleNamespace
from typing import Any

from flask import render_template
from markupsafe import Markup

from idp.accounts.documents import DocumentType
from idp.console.rules import Role
from idp.console.words import word
from idp.issuers.rules import Declaration
from idp.reviews.rules import Cause, State
from idp.reviews.words import CAUSES, DOCUMENTS
from idp.reviews.words import STATES as REVIEW_STATE
from idp.web.forms import Field, Form
from idp.web.notices import Notice
from idp.web.reasons import password_rule, sentence
from idp.web.words.account import DISPUTE_STATES, ITEMS

NOW = 1795413600
DECISION, REASON, TICKET, NAME = Field("decision"), Field("reason"), Field("ticket"), Field("name")
PASSWORD, CODE = Field("password", secret=True), Field("code", secret=True)
ENROLMENT_CODE = Field("enrolment_code", secret=True)
NEW = Field("new_password", secret=True)
FILTER = tuple(Field(name, required=False) for name in ("actor", "subject", "event", "since", "until"))
QR = Markup('<svg width="90" height="90" viewBox="0 0 9 9"><path d="M1 1h7"/></svg>')


def thing(**fields: Any) -> SimpleNamespace:
    return SimpleNamespace(**fields)


def refused(*fields: Field, **errors: str) -> Callable[[], Form]:
    def make() -> Form:
        form = Form(*fields)
        for name, reason in errors.items():
            form.refuse("" if name == "whole" else name, sentence(reason))
        return form

    return make


def plain(*fields: Field) -> Callable[[], Form]:
    return lambda: Form(*fields)


def bare(template: str, **context: Any) -> Callable[[], str]:
    return lambda: render_template(
        f"console/{template}.html", **{k: v() if callable(v) else v for k, v in context.items()}
    )


def page(template: str, section: str, **context: Any) -> Callable[[], str]:
    def frame() -> SimpleNamespace:
        places = ("home", "people", "proposals", "clients", "channels", "issuers", "operators", "audit")
        menu = [thing(name=name, url="#", label=word(f"menu_{name}")) for name in places]
        return thing(operator="wang.fang", menu=menu, section=section)

    return bare(template, console=frame, **context)


def channel(**changes: Any) -> SimpleNamespace:
    facts = {
        "code": "cs-430121", "name": "长沙县政务服务中心", "kind": word("channel_county"), "region": "430121",
        "active": True, "counts": [1207, 833, 12], "posters": [("SVG", "#"), ("PDF", "#")],
    }  # fmt: skip
    return thing(**facts | changes)


def proposal(**changes: Any) -> Callable[[], SimpleNamespace]:
    def make() -> SimpleNamespace:
        facts = {
            "url": "#", "kind": word("act_suspend"), "about": "138****8000", "reason": "来电投诉 [GD-1]",
            "proposer": "li.na", "created_at": NOW, "expires_at": NOW + 259200, "state": word("proposal_open"),
            "decider": None, "decided_at": None,
        }  # fmt: skip
        return thing(**facts | {name: value() if callable(value) else value for name, value in changes.items()})

    return make


def changes() -> list[tuple[str, str, str]]:
    return [(str(word("account_status")), str(word("status_active")), str(word("status_suspended")))]


def proof_changes() -> list[tuple[str, str, str]]:
    proof = "3 counter hall 2026-11-25 10:00"
    return [
        (str(word("identity_level")), "3", "1"),
        (str(word("identity_proof")), proof, str(word("identity_proof_ended"))),
    ]


def person(**changed: Any) -> Callable[[], SimpleNamespace]:
    def make() -> SimpleNamespace:
        facts = {
            "party_id": "pty_01", "name": "***岚", "document": "1****************X",
            "phone": "138****8000", "user_name": None, "created_at": NOW,
            "suspended": False, "status": word("status_active"), "ial": 3, "session_count": 2, "has_password": True,
            "has_totp": False, "locks": [],
        }  # fmt: skip
        return thing(**facts | {name: value() if callable(value) else value for name, value in changed.items()})

    return make


JUDGEMENT = (Field("decision"), Field("answer"))


def queued(overdue: bool = False) -> SimpleNamespace:
    return thing(url="#", item=ITEMS["verified_name"], filed_at=NOW, due_at=NOW, overdue=overdue)


def objection(**changed: Any) -> SimpleNamespace:
    facts = {
        "item": ITEMS["verified_name"], "text": "应为“䶮”。", "state": DISPUTE_STATES["filed"], "waits": True,
        "name": "*䶮", "party_id": "pty_01", "filed_at": NOW, "due_at": NOW, "overdue": False, "answer": None,
        "settled_at": None, "operator": None,
    }  # fmt: skip
    return thing(**facts | changed)


SEEK = (Field("request"), REASON, TICKET)
RECOVERY = (Field("decision"), Field("how", required=False), Field("number", required=False), REASON, TICKET)


def lost() -> list[SimpleNamespace]:
    facts = {"url": "#", "reference": "4071 9926 3518", "filed_at": NOW, "due_at": NOW}
    return [thing(**facts, way=word(f"way_{way}"), overdue=way == "review") for way in ("review", "counter")]


def recovery(*, state: str = "recovery_filed", same_name: bool = True, **changed: Any) -> dict[str, Any]:
    """A request beside its account."""
    facts = {
        "reference": "4071 9926 3518", "filed_at": NOW, "due_at": NOW, "overdue": False, "name": "*䶮",
        "document": "1****************X", "phone": "137****2222",
    }  # fmt: skip
    account = {"party_id": "pty_01", "name": "*䶮", "same_name": same_name, "phone": None, "ial": 2}
    return {
        "recovery": lambda: thing(**facts | changed, state=word(state), way=word("way_counter")),
        "account": lambda: thing(**account, status=word("status_active")),
        "waits": True,
        "barred": None,
        "ways": lambda: [(way, word(f"way_{way}"), None) for way in ("counter", "review")],
        "at_counter": True,
    }


def acts() -> list[SimpleNamespace]:
    return [thing(label=word(f"act_{act}"), url="#") for act in ("unlock-password", "sign-out", "suspend")]


EVIDENCE = [
    thing(kind="counter", level=3, source="hall", proved_at=NOW, expires_at=None),
    thing(kind="face", level=2, source="vendor", proved_at=NOW, expires_at=NOW + 86400),
]
WHY = thing(text="本人来电", ticket="GD-1")
CLIENT = thing(
    url="#", client_id="tax-demo", name="个人所得税", department="税务局", sector="tax", state="", served=True
)


APPLICATION = tuple(Field(name) for name in ("capability", "purpose", "purpose_en", "law", "daily"))


def permit(state: str, **changed: Any) -> SimpleNamespace:
    facts = {
        "url": "#", "capability": word("capability_face_check"), "purpose": "养老金资格认证",
        "purposes": [(word("capability_purpose"), "养老金资格认证", None, None)],
        "law": "《社会保险法》第七十四条", "daily": 5000,
        "state": word(f"permit_{state}"), "applied_at": NOW, "decided_at": NOW,
    }  # fmt: skip
    return thing(**facts | changed)


def capabilities() -> list[tuple[str, Any, Any]]:
    names = ("name_check", "face_check", "counter_proofing")
    return [(name, word(f"capability_{name}"), word(f"about_{name}")) for name in names]


def client(state: str, **changed: Any) -> SimpleNamespace:
    return thing(**vars(CLIENT) | {"state": word(f"client_{state}")} | changed)


def operators() -> list[SimpleNamespace]:
    return [
        thing(name="wang.fang", roles=[str(word("role_platform"))], state=word("operator_active"), created_at=NOW),
        thing(name="李娜", roles=[str(word("role_audit"))], state=word("operator_disabled"), created_at=NOW),
    ]


def roles() -> list[tuple[str, Any, None]]:
    return [(role.value, word(f"role_{role}"), None) for role in Role]


ENTRIES = [
    thing(at=NOW, event="operator:person:viewed", actor="pty_1", subject="pty_2", client=None, result="ok",
          reason=None, request_id="x", detail="because=jst_1", why="本人来电 [GD-1]"),
    thing(at=NOW, event="person:session:begun", actor="pty_2", subject="pty_2", client="tax", result="ok",
          reason=None, request_id="x", detail="", why=None),
]  # fmt: skip
INVITE = (NAME, Field("role"), Field("sector", required=False), REASON, TICKET)
RULES = lambda: [password_rule("length", number=8), password_rule("uncommon")]  # noqa: E731

SEEK_REVIEW = (Field("number"), REASON, TICKET)
REVIEW_FIELDS = (
    *(Field(name) for name in ("decision", "cause", "valid_to", "long_term", "photos")),
    REASON,
    TICKET,
)
DOT = "data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7"


def waiting_reviews() -> list[SimpleNamespace]:
    facts = {"url": "#", "number": "4820 1193 5507", "filed_at": NOW, "due_at": NOW + 864000}
    return [thing(**facts, overdue=False), thing(**facts, overdue=True)]


def reviewed(**changes: Any) -> SimpleNamespace:
    facts = {
        "number": "4820 1193 5507", "state": REVIEW_STATE[State.FILED], "overdue": False, "filed_at": NOW,
        "due_at": NOW + 864000, "cause": None, "name": "欧阳清岚", "kind": DOCUMENTS[DocumentType.RESIDENT_ID],
        "document": "11010519491231002X",
    }  # fmt: skip
    return thing(**facts | changes)


def decided_review() -> SimpleNamespace:
    gone = {"name": None, "kind": None, "document": None}
    return reviewed(state=REVIEW_STATE[State.REJECTED], cause=CAUSES[Cause.UNREADABLE], **gone)


def case() -> dict[str, Any]:
    return {
        "review": reviewed, "account": thing(party_id="pty_01k", name=None, ial=1), "digest": "0" * 64,
        "photos": [(side, DOT) for side in ("front", "back", "holding")], "waits": True, "barred": None,
        "causes": lambda: [(cause.value, text, None) for cause, text in CAUSES.items()],
    }  # fmt: skip


ISSUER = tuple(
    Field(name)
    for name in (
        "title", "title_en", "usage", "profile", "anchors", "anchors_file", "intermediates", "intermediates_file",
        "crl_urls", "ocsp_url", "grace", "reason", "ticket",
    )
)  # fmt: skip


def trusted_issuer(**changes: Any) -> SimpleNamespace:
    facts = {
        "url": "#", "title": "湖南省数字认证中心", "usage": word("usage_both"), "state": word("issuer_active"),
        "trusted": True, "bound": 1207,
    }  # fmt: skip
    return thing(**facts | changes)


def revocation_lists() -> list[SimpleNamespace]:
    facts = {
        "issuer": "湖南省数字认证中心", "url": "http://crl.example.cn/ca.crl", "this_update": NOW - 7200,
        "next_update": NOW + 79200, "hours": 2, "entries": 4021, "checked_at": NOW, "fault": None,
    }  # fmt: skip
    gone = {"this_update": None, "next_update": None, "hours": None, "entries": None}
    return [
        thing(**facts, state=word("list_state_fresh"), sound=True),
        thing(**facts | {"url": None, "checked_at": None}, state=word("list_state_grace"), sound=False),
        thing(**facts, state=word("list_state_stale"), sound=False),
        thing(
            **facts | gone | {"fault": sentence("list_unreachable")}, state=word("list_state_missing"), sound=False
        ),
        thing(**facts | {"fault": sentence("list_forged")}, state=word("list_state_forged"), sound=False),
    ]


def issuer_facts() -> dict[str, Any]:
    prints = {"sha256": "00FF AB12 " * 8, "sm3": "12AB FF00 " * 8}
    return {
        "issuer": trusted_issuer, "declared": Declaration("湖南省数字认证中心", profile="gmt0015"),
        "usage": lambda: word("usage_both"), "hours": "2", "created_at": NOW, "lists": revocation_lists,
        "certificates": lambda: [thing(kind=word(f"issuer_{kind}"), **prints) for kind in ("anchor", "intermediate")],
        "change_url": "#", "switch_url": "#", "list_url": "#", "notice": None,
    }  # fmt: skip


def issuer_choices() -> dict[str, Any]:
    return {
        "profiles": [("gmt0015", Markup('<span translate="no">gmt0015</span>'), None)],
        "usages": lambda: [(name, word(f"usage_{name}"), None) for name in ("people", "entities", "both")],
        "most_grace": 168, "back_url": "#", "detail": "",
    }  # fmt: skip


GUARDIAN = (
    *(Field(name) for name in ("number", "a-view", "a-submit", "s-hn-pension-01", "last_day", "paper")),
    REASON,
    TICKET,
)
GUARDED: dict[str, Any] = {
    "ward": "*芳 4****************8",
    "title": "养老待遇",
    "actions": lambda: [(f"a-{name}", word(f"action_{name}")) for name in ("view", "submit")],
    "services": [("s-hn-pension-01", "领取资格确认")],
    "back_url": "#",
}


CONSOLE_STATES: Mapping[str, Callable[[], str]] = {
    "console-signin": bare("signin", form=plain(NAME, PASSWORD), captcha=None, notice=None),
    "console-signin-wrong": bare(
        "signin", form=refused(NAME, PASSWORD, whole="credentials_refused"), captcha=None, notice=None
    ),
    "console-signin-enrolled": bare(
        "signin",
        form=plain(NAME, PASSWORD),
        captcha=None,
        notice=lambda: Notice("info", sentence("operator_enrolled")),
    ),
    "console-signin-code": bare("signin_code", form=plain(CODE)),
    "console-signin-code-wrong": bare("signin_code", form=refused(CODE, code="totp_wrong")),
    "console-enrol-code": bare("enrol_code", form=plain(ENROLMENT_CODE)),
    "console-enrol-code-wrong": bare(
        "enrol_code", form=refused(ENROLMENT_CODE, enrolment_code="enrolment_code_wrong")
    ),
    "console-enrol": bare(
        "enrol", form=plain(NEW, CODE), name="wang.fang", password_rules=RULES, qr=QR, secret="ABCD2345"
    ),
    "console-enrol-refused": bare(
        "enrol",
        form=refused(NEW, CODE, new_password="password_short", code="totp_missing"),
        name="wang.fang",
        password_rules=RULES,
        qr=QR,
        secret="ABCD2345",
    ),
    "console-home": page(
        "home",
        "home",
        waiting=lambda: [proposal()()],
        roles=lambda: [str(word("role_platform")), str(word("role_audit"))],
        since=NOW,
        notice=None,
    ),
    "console-home-quiet": page(
        "home", "home", waiting=[], roles=lambda: [str(word("role_review"))], since=NOW, notice=None
    ),
    "console-people": page("people", "people", form=plain(Field("identifier"), REASON, TICKET), notice=None),
    "console-people-unknown": page(
        "people",
        "people",
        form=refused(Field("identifier"), REASON, TICKET, identifier="person_unknown"),
        notice=None,
    ),
    "console-person": page("person", "people", person=person(), evidence=EVIDENCE, why=WHY, acts=acts, notice=None),
    "console-person-locked": page(
        "person",
        "people",
        person=person(
            suspended=True,
            status=lambda: word("status_suspended"),
            locks=lambda: [(word("lock_password"), NOW + 900)],
            name=None,
            has_password=False,
        ),
        evidence=[],
        why=WHY,
        acts=[],
        notice=lambda: Notice("info", sentence("intervention_done")),
    ),
    "console-guardianships": page(
        "guardianships",
        "people",
        ward="*芳 4****************8",
        guardianships=[thing(guardian="**兰 4****************5", theme="养老待遇", until=NOW, end_url="#")],
        themes=[thing(title="养老待遇", url="#")],
        back_url="#",
        notice=lambda: Notice("info", sentence("proposal_made")),
    ),
    "console-guardianships-none": page(
        "guardianships",
        "people",
        ward="*芳 4****************8",
        guardianships=[],
        themes=[thing(title="养老待遇", url="#")],
        back_url="#",
        notice=None,
    ),
    "console-guardianship": page("guardianship", "people", form=plain(*GUARDIAN), **GUARDED),
    "console-guardianship-refused": page(
        "guardianship",
        "people",
        form=refused(*GUARDIAN, whole="mandate_term", number="person_unknown", last_day="audit_date_invalid"),
        **GUARDED,
    ),
    "console-intervene": page(
        "intervene",
        "people",
        form=plain(REASON, TICKET),
        title=lambda: word("act_sign-out"),
        about=lambda: word("about_sign-out"),
        account_label="138****8000",
        double=False,
        back_url="#",
    ),
    "console-intervene-double": page(
        "intervene",
        "people",
        form=refused(REASON, TICKET, reason="reason_short", ticket="ticket_invalid"),
        title=lambda: word("act_suspend"),
        about=lambda: word("about_suspend"),
        account_label="138****8000",
        double=True,
        back_url="#",
    ),
    "console-disputes": page(
        "disputes", "disputes", disputes=lambda: [queued(), queued(overdue=True)], more_url="#", notice=None
    ),
    "console-disputes-none": page("disputes", "disputes", disputes=[], more_url=None, notice=None),
    "console-dispute": page(
        "dispute", "disputes", form=lambda: Form(Field("decision"), Field("answer")), dispute=objection
    ),
    "console-dispute-refused": page(
        "dispute",
        "disputes",
        form=refused(*JUDGEMENT, answer="dispute_reason_missing"),
        dispute=lambda: objection(overdue=True),
    ),
    "console-dispute-answered": page(
        "dispute",
        "disputes",
        form=plain(*JUDGEMENT),
        dispute=lambda: objection(waits=False, answer="已按您的说明更正。", settled_at=NOW, operator="li.na"),
    ),
    "console-reviews": page("reviews", "reviews", form=plain(*SEEK_REVIEW), waiting=waiting_reviews, notice=None),
    "console-reviews-none": page(
        "reviews",
        "reviews",
        form=refused(*SEEK_REVIEW, number="review_unknown", reason="reason_short"),
        waiting=[],
        notice=None,
    ),
    "console-review": page("review", "reviews", form=plain(*REVIEW_FIELDS), **case()),
    "console-review-refused": page(
        "review",
        "reviews",
        form=refused(*REVIEW_FIELDS, valid_to="valid_to_missing", reason="reason_missing"),
        **case(),
    ),
    "console-review-elsewhere": page(
        "review",
        "reviews",
        form=refused(*REVIEW_FIELDS, cause="review_cause_missing"),
        **case() | {"barred": lambda: sentence("review_elsewhere")},
    ),
    "console-review-decided": page(
        "review", "reviews", form=plain(*REVIEW_FIELDS), **case() | {"review": decided_review, "waits": False}
    ),
    "console-recoveries": page("recoveries", "recoveries", form=plain(*SEEK), waiting=lost, notice=None),
    "console-recoveries-none": page(
        "recoveries",
        "recoveries",
        form=refused(*SEEK, request="recovery_unknown", reason="reason_short"),
        waiting=[],
        notice=None,
    ),
    "console-recovery": page("recovery", "recoveries", form=plain(*RECOVERY), **recovery()),
    "console-recovery-refused": page(
        "recovery",
        "recoveries",
        form=refused(
            *RECOVERY,
            decision="recovery_decision_missing",
            how="recovery_how_missing",
            number="recovery_number_differs",
        ),
        **recovery(same_name=False),
    ),
    "console-recovery-unknown": page(
        "recovery",
        "recoveries",
        form=refused(*RECOVERY, whole="recovery_not_open"),
        **recovery() | {"account": None, "ways": [], "barred": lambda: sentence("recovery_not_open")},
    ),
    "console-recovery-spent": page(
        "recovery",
        "recoveries",
        form=refused(*RECOVERY, whole="recovery_number_spent"),
        **recovery() | {"ways": [], "barred": lambda: sentence("recovery_number_spent")},
    ),
    "console-recovery-over": page(
        "recovery",
        "recoveries",
        form=refused(*RECOVERY, whole="recovery_not_waiting"),
        **recovery(state="recovery_rejected", name=None, document=None, phone=None) | {"waits": False, "ways": []},
    ),
    "console-proposals": page("proposals", "proposals", proposals=lambda: [proposal()()]),
    "console-proposals-none": page("proposals", "proposals", proposals=[]),
    "console-proposal": page(
        "proposal",
        "proposals",
        form=plain(DECISION, REASON, TICKET),
        proposal=proposal(),
        changes=changes,
        decidable=True,
        own=False,
        case_url=None,
        link_open=False,
        notice=None,
    ),
    "console-proposal-own": page(
        "proposal",
        "proposals",
        form=plain(DECISION, REASON, TICKET),
        proposal=proposal(),
        changes=changes,
        decidable=False,
        own=True,
        case_url=None,
        link_open=False,
        notice=lambda: Notice("info", sentence("proposal_made")),
    ),
    "console-proposal-changed": page(
        "proposal",
        "proposals",
        form=plain(DECISION, REASON, TICKET),
        proposal=proposal(kind=lambda: word("act_require-proofing")),
        changes=proof_changes,
        decidable=True,
        own=False,
        case_url="#",
        link_open=False,
        notice=lambda: Notice("warn", sentence("proposal_facts_changed")),
    ),
    "console-proposal-done": page(
        "proposal",
        "proposals",
        form=refused(DECISION, REASON, TICKET, whole="proposal_closed"),
        proposal=proposal(state=lambda: word("proposal_done"), decider="wang.fang", decided_at=NOW + 60, about=None),
        changes=[],
        decidable=False,
        own=False,
        case_url=None,
        link_open=False,
        notice=None,
    ),
    "console-proposal-link": page(
        "proposal",
        "proposals",
        form=plain(DECISION, REASON, TICKET),
        proposal=proposal(state=lambda: word("proposal_done"), decider="wang.fang", decided_at=NOW + 60, about=None),
        changes=[],
        decidable=False,
        own=False,
        case_url=None,
        link_open=True,
        notice=None,
    ),
    "console-link": page("link", "proposals", link="https://idp.example/console/enrol?k=x", name="sun.li"),
    "console-enrolment-code": page("enrolment_code", "proposals", code="12345678", name="sun.li"),
    "console-operators": page("operators", "operators", operators=operators),
    "console-operator-invite": page("operator_invite", "operators", form=plain(*INVITE), roles=roles),
    "console-operator-invite-refused": page(
        "operator_invite",
        "operators",
        form=refused(
            *INVITE, name="operator_name_taken", role="operator_role_missing", sector="operator_scope_needed"
        ),
        roles=roles,
    ),
    "console-clients": page(
        "clients", "clients", clients=lambda: [client("live"), client("suspended", department=None)]
    ),
    "console-clients-none": page("clients", "clients", clients=[]),
    "console-client": page(
        "client",
        "clients",
        client=lambda: client("suspended", served=False),
        redirect_uris=["https://tax.example/cb"],
        scopes=["openid", "profile"],
        min_ial=2,
        min_aal=1,
        permits=[],
        uses=[],
        apply_url="#",
    ),
    "console-client-capabilities": page(
        "client",
        "clients",
        client=lambda: client("live"),
        redirect_uris=[],
        scopes=[],
        min_ial=1,
        min_aal=1,
        permits=lambda: [permit("granted"), permit("withdrawn")],
        uses=lambda: [
            thing(day="2026-11-23", capability=word("capability_face_check"), result=word("use_passed"), count=41)
        ],
        apply_url="#",
    ),
    "console-capability-apply": page(
        "capability_apply", "clients", client=CLIENT, form=plain(*APPLICATION), capabilities=capabilities
    ),
    "console-capability-apply-refused": page(
        "capability_apply",
        "clients",
        client=CLIENT,
        form=refused(
            *APPLICATION, whole="capability_applied_already", capability="capability_missing", daily="daily_missing"
        ),
        capabilities=capabilities,
    ),
    "console-capability": page(
        "capability",
        "clients",
        client=CLIENT,
        permit=lambda: permit("applied", decided_at=None),
        form=plain(DECISION, REASON, TICKET),
        decisions=lambda: [(name, word(f"decide_{name}"), None) for name in ("grant", "refuse")],
        notice=lambda: Notice("info", sentence("capability_applied")),
    ),
    "console-capability-refused": page(
        "capability",
        "clients",
        client=CLIENT,
        permit=lambda: permit("granted"),
        form=refused(DECISION, REASON, TICKET, decision="decision_missing", whole="capability_not_open"),
        decisions=lambda: [("withdraw", word("decide_withdraw"), None)],
        notice=None,
    ),
    "console-capability-decided": page(
        "capability",
        "clients",
        client=CLIENT,
        permit=lambda: permit("withdrawn"),
        form=plain(DECISION, REASON, TICKET),
        decisions=[],
        notice=lambda: Notice("info", sentence("capability_withdraw")),
    ),
    "console-channels": page(
        "channels", "channels", channels=lambda: [channel(), channel(active=False, counts=[0, 0, 0])]
    ),
    "console-channels-none": page("channels", "channels", channels=[]),
    "console-issuers": page(
        "issuers",
        "issuers",
        issuers=lambda: [trusted_issuer(), trusted_issuer(trusted=False, state=word("issuer_off"))],
        lists=revocation_lists,
        add_url="#",
        notice=None,
    ),
    "console-issuers-none": page("issuers", "issuers", issuers=[], lists=[], add_url="#", notice=None),
    "console-issuer": page("issuer", "issuers", **issuer_facts()),
    "console-issuer-off": page(
        "issuer",
        "issuers",
        **issuer_facts()
        | {
            "issuer": lambda: trusted_issuer(trusted=False, state=word("issuer_off")),
            "lists": [],
            "notice": lambda: Notice("info", sentence("issuer_switched_off")),
        },
    ),
    "console-issuer-add": page("issuer_form", "issuers", form=plain(*ISSUER), fresh=True, **issuer_choices()),
    "console-issuer-add-refused": page(
        "issuer_form",
        "issuers",
        form=refused(
            *ISSUER,
            title="issuer_title_invalid",
            usage="issuer_usage_missing",
            profile="issuer_profile_unknown",
            anchors="issuer_certificate_refused",
            crl_urls="issuer_address_invalid",
            grace="issuer_grace_invalid",
        ),
        fresh=True,
        **issuer_choices() | {"detail": "certificate_weak_key 1024"},
    ),
    "console-issuer-change": page(
        "issuer_form",
        "issuers",
        form=refused(*ISSUER, whole="issuer_nothing_new"),
        fresh=False,
        **issuer_choices(),
    ),
    "console-issuer-switch": page(
        "issuer_switch", "issuers", form=plain(REASON, TICKET), issuer=lambda: trusted_issuer()
    ),
    "console-issuer-switch-on": page(
        "issuer_switch",
        "issuers",
        form=refused(REASON, TICKET, reason="reason_missing"),
        issuer=lambda: trusted_issuer(trusted=False),
    ),
    "console-issuer-list": page(
        "issuer_list", "issuers", form=plain(Field("file")), issuer=lambda: trusted_issuer(), megabytes=16
    ),
    "console-issuer-list-refused": page(
        "issuer_list",
        "issuers",
        form=refused(Field("file"), file="list_forged"),
        issuer=lambda: trusted_issuer(),
        megabytes=16,
    ),
    "console-audit": page(
        "audit",
        "audit",
        form=plain(*FILTER),
        entries=ENTRIES,
        events=["operator:person:viewed", "person:session:begun"],
        kept={"subject": "pty_1"},
        older="1.x.1",
        paged=True,
    ),
    "console-audit-refused": page(
        "audit",
        "audit",
        form=refused(*FILTER, event="audit_event_invalid", since="audit_date_invalid"),
        entries=[],
        events=[],
        kept={},
        older=None,
        paged=False,
    ),
}
