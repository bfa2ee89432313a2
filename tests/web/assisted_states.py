"""The pages of assisted handling in every state, with sample data; `tests.web.states` takes them in."""

from collections.abc import Callable, Mapping
from types import SimpleNamespace
from typing import Any

from idp.assisted.words import CASE_STATES, CASE_STEPS, CONSENTS, GROUPS, IDENTIFIED_BY, PAPERS, TAGS
from idp.web.notices import Notice
from idp.web.qr import qr_svg
from idp.web.reasons import sentence
from tests.web.mandate_states import HASH, NOW, form, page

CITIZEN, CLERK = "田䶮秀", "**文"
NUMBER = "20261123-0000042"
MATTERS = ["养老待遇 · 领取资格确认", "办税事项 · 涉税证明开具"]
OFFICE = SimpleNamespace(organ="岳麓区政务服务中心", unit="社保窗口𪚥")
TEXT = f"""受理编号：{NUMBER}
委托人：{CITIZEN}，居民身份证 4301**********0046
受托单位：{OFFICE.organ} {OFFICE.unit}
经办人：周𪚥文

委托事项：
1. 养老待遇：领取资格确认
2. 办税事项：涉税证明开具

委托期限：2026-11-23 10:00 至 2026-11-24 10:00
本人同意由上述单位的工作人员代为办理以上事项，可随时提出异议，异议提出即停办。
"""


def thing(**fields: Any) -> SimpleNamespace:
    return SimpleNamespace(**fields)


def case(state: str = "authorised", **changes: Any) -> SimpleNamespace:
    told = {
        "number": NUMBER, "citizen": CITIZEN, "document": "4301**********0046", "matters": MATTERS,
        "identified": IDENTIFIED_BY["id_card_face"], "state": CASE_STATES[state], "tag": TAGS.get(state, "off"),
        "opened_at": NOW, "until": NOW + 86400, "at": NOW, "clerk": CLERK, "office": f"{OFFICE.organ} {OFFICE.unit}",
        "mandate": "mnd_1", "url": "#",
    }  # fmt: skip
    return thing(**(told | changes))


def words(of: Mapping[str, Any], chosen: str) -> list[SimpleNamespace]:
    return [thing(word=word, url="#", chosen=name == chosen) for name, word in of.items()]


def entries() -> list[SimpleNamespace]:
    steps = [
        ("open", CLERK, IDENTIFIED_BY["id_card_face"]),
        ("accept", CLERK, None),
        ("authorise", CLERK, CONSENTS["sms"]),
        ("lapse", None, None),
    ]
    return [thing(at=NOW, step=CASE_STEPS[step], who=who, evidence=by) for step, who, by in steps]


def papers(*kinds: str) -> list[SimpleNamespace]:
    return [thing(title=PAPERS[kind], number=f"{NUMBER}-{at}", at=NOW, url="#") for at, kind in enumerate(kinds, 1)]


COUNTER: dict[str, Any] = {
    "office": OFFICE, "new_url": "#", "acting_url": "#", "notice": None,
    "rows": [case(), case("identified"), case("suspended"), case("objected"), case("concluded")],
    "groups": lambda: words(GROUPS, "all"),
}  # fmt: skip
CARD = ("seen", "name", "number", "valid_to", "long_term", "phone")
TICKS = ("matter-a", "matter-b", "matter-c")


def new(way: str, *fields: str, **wrong: str) -> Callable[[], str]:
    titles = zip(TICKS, ("领取资格确认", "待遇查询", "涉税证明开具"), strict=True)
    offered = [thing(field=field, title=title) for field, title in titles]
    return page(
        "assisted/new.html",
        form=form(*fields, *TICKS, values={"seen": "chip_read"} if "seen" in fields else None, **wrong),
        way=way,
        ways=lambda: words(IDENTIFIED_BY, way),
        office=OFFICE,
        themes=[thing(title="养老待遇", matters=offered[:2]), thing(title="办税事项", matters=offered[2:])],
        most=8,
        back_url="#",
    )


def opened(state: str, *steps: str, **changes: Any) -> Callable[[], str]:
    told: dict[str, Any] = {
        "form": form(), "one": lambda: case(state), "office": OFFICE, "url": dict.fromkeys(steps, "#"),
        "mandates": [], "taken_over": False, "waits": None, "entries": entries, "whole": True,
        "papers": lambda: papers("acceptance", "authority"), "back_url": "#", "notice": None,
    }  # fmt: skip
    return page("assisted/case.html", **(told | changes))


def consent(by: str, *fields: str, **changes: Any) -> Callable[[], str]:
    told: dict[str, Any] = {
        "form": form(*fields), "by": by, "ways": lambda: words(CONSENTS, {"sms_code": "sms"}.get(by, by)),
        "citizen": CITIZEN, "text": TEXT, "text_hash": HASH, "print_url": "#", "phone": "138****8000",
        "megabytes": 8, "witness": False, "back_url": "#",
    }  # fmt: skip
    return page("assisted/consent.html", **(told | changes))


def wait(state: str) -> Callable[[], str]:
    looks = {"refreshing": True, "refresh_url": "#", "pause_url": "#", "back_url": "#"}
    return page("assisted/wait.html", state=state, **looks)


def step(name: str, **wrong: str) -> Callable[[], str]:
    return page("assisted/step.html", form=form("note", **wrong), step=name, one=case, back_url="#")


def mine(**changes: Any) -> Callable[[], str]:
    told: dict[str, Any] = {
        "one": case, "objects": True, "entries": entries, "whole": True, "papers": lambda: papers("acceptance"),
        "back_url": "#", "notice": None,
    }  # fmt: skip
    return page("assisted/mine_case.html", **(told | changes))


CHECK: dict[str, Any] = {"form": form("n", "h"), "asked": False, "found": None}

ASSISTED_STATES: Mapping[str, Callable[[], str]] = {
    "counter-office": page(
        "assisted/office.html",
        form=form("act"),
        offices=[thing(id="mnd_1", organ=OFFICE.organ, unit=OFFICE.unit), thing(id="mnd_2", organ="芙蓉区", unit="")],
        notice=None,
    ),
    "counter-office-none": page(
        "assisted/office.html",
        form=form("act"),
        offices=[],
        notice=lambda: Notice("info", sentence("assisted_not_clerk")),
    ),
    "counter": page("assisted/counter.html", **COUNTER),
    "counter-new": new("id_card", *CARD),
    "counter-new-refused": new(
        "id_card_face",
        *CARD,
        number="document_number_invalid",
        name="name_invalid",
        matters="mandate_services_missing",
    ),
    "counter-new-code": new("identity_code", "code"),
    "counter-case-identified": opened("identified", "accept", "withdraw", papers=[]),
    "counter-case-authorised": opened(
        "authorised",
        "suspend",
        "conclude",
        "withdraw",
        mandates=[thing(id="mnd_1", theme="养老待遇"), thing(id="mnd_2", theme="办税事项")],
    ),
    "counter-case-colleague": opened("authorised", "resume", taken_over=True),
    "counter-case-witness": opened(
        "accepted", "witness", "withdraw", waits=lambda: sentence("assisted_waits_for_witness")
    ),
    "counter-case-suspended": opened(
        "suspended", "resume", "withdraw", papers=lambda: papers("acceptance", "authority", "suspension")
    ),
    "counter-case-objected": opened("objected", whole=False),
    "counter-consent-sms": consent("sms", "phone"),
    "counter-consent-sms-code": consent("sms_code", "code", form=form("code", code="code_wrong")),
    "counter-consent-code": consent("identity_code", "code"),
    "counter-consent-paper": consent("paper", "photo", witness=True, form=form("photo", photo="photo_missing")),
    "counter-consent-witness": consent("witness"),
    "counter-wait": wait("waiting"),
    "counter-wait-confirmed": wait("confirmed"),
    "counter-wait-declined": wait("declined"),
    "counter-conclude": step("conclude"),
    "assisted-print": page(
        "assisted/print.html",
        title="代办委托书",
        site_name="湖南省 统一身份认证",
        number=f"{NUMBER}-2",
        text=TEXT,
        text_hash=HASH,
        short_hash=HASH[:16],
        signs=True,
        check_address="http://localhost:8000/assisted/check",
        qr=lambda: qr_svg(f"http://localhost:8000/assisted/check?n={NUMBER}-2&h={HASH[:16]}"),
    ),
    "assisted-check": page("assisted/check.html", **CHECK),
    "assisted-check-found": page(
        "assisted/check.html",
        **CHECK
        | {
            "asked": True,
            "found": lambda: thing(title=PAPERS["authority"], at=NOW, state=CASE_STATES["authorised"]),
        },
    ),
    "assisted-check-none": page("assisted/check.html", **CHECK | {"asked": True}),
    "assisted-mine": page("assisted/mine.html", rows=[case(), case("concluded")], notice=None),
    "assisted-mine-case": mine(),
    "assisted-mine-objected": mine(
        one=lambda: case("objected"), objects=False, notice=lambda: Notice("info", sentence("assisted_objected"))
    ),
    "assisted-object": page("assisted/object.html", state="ask", form=form("number", "code")),
    "assisted-object-refused": page(
        "assisted/object.html", state="ask", form=form("number", "code", whole="assisted_object_unknown")
    ),
    "assisted-object-done": page("assisted/object.html", state="done", form=form("number", "code")),
}
