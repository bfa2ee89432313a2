"""The text of a mandate: what is read before it is given, signed, kept and printed.

Always true: the same mandate has the same text, byte for byte, in each language, whenever it is written again.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from idp.mandates.rules import Kind
from idp.mandates.scopes import Action, Limit, Scope
from idp.mandates.themes import PLACE, Theme

_CHINA = timedelta(hours=8)
ACTIONS = {
    "zh": {
        Action.VIEW: "查看",
        Action.DRAFT: "填写",
        Action.SUBMIT: "提交",
        Action.SIGN: "签署",
        Action.PAY: "缴费",
        Action.COLLECT: "领取",
        Action.MANAGE: "管理授权",
    },
    "en": {
        Action.VIEW: "view",
        Action.DRAFT: "fill in",
        Action.SUBMIT: "submit",
        Action.SIGN: "sign",
        Action.PAY: "pay",
        Action.COLLECT: "collect",
        Action.MANAGE: "manage mandates",
    },
}
_KINDS = {
    "zh": {
        Kind.ADMINISTRATOR: "授权管理员",
        Kind.DELEGATED: "委托办理",
        Kind.PERSONAL: "亲友代办",
        Kind.STATUTORY: "法定监护",
        Kind.EMPLOYMENT: "工作人员授权",
        Kind.ASSISTED: "窗口协助办理",
    },
    "en": {
        Kind.ADMINISTRATOR: "Administrator of mandates",
        Kind.DELEGATED: "Delegation",
        Kind.PERSONAL: "Family or friend",
        Kind.STATUTORY: "Guardianship",
        Kind.EMPLOYMENT: "Member of staff",
        Kind.ASSISTED: "Assisted handling",
    },
}
_LABELS = {
    "zh": {
        "id": "授权书编号",
        "kind": "授权类型",
        "principal": "授权方",
        "agent": "受托方",
        "theme": "事项主题",
        "services": "办理事项",
        "actions": "可办操作",
        "limit": "金额上限",
        "from": "生效",
        "until": "失效",
        "delegates": "可转委托",
    },
    "en": {
        "id": "Mandate",
        "kind": "Kind",
        "principal": "Represented party",
        "agent": "Agent",
        "theme": "Theme",
        "services": "Matters",
        "actions": "Actions",
        "limit": "Limit",
        "from": "From",
        "until": "Until",
        "delegates": "May appoint own staff",
    },
}
_GUARDIAN = {
    "zh": (
        "{agent} 系 {principal} 的监护人，依法自 {from} 起至 {until} 止，代为办理下列事项：{services}；"
        "可办操作：{actions}。\n"
        "本登记依据有效文书或登记信息，经两名工作人员核对。每次办理均留有记录；如有异议，可随时提出。"
    ),
    "en": (
        "{agent} is the guardian of {principal} and by law handles for them, from {from} to {until}, these matters: "
        "{services}; with these actions: {actions}.\n"
        "This rests on a paper or register that two officials have compared. Everything done under it is recorded, "
        "and anybody concerned may object at any time."
    ),
}
"""Nobody gives a guardianship, so that no theme's own words of giving fit one."""
_NO_LIMIT = {"zh": "不限", "en": "none"}
_YES_NO = {"zh": ("否", "是"), "en": ("no", "yes")}
_BETWEEN = {"zh": ("、", "："), "en": (", ", ": ")}
"""What stands between several, and after a label."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """Everything that stands in the text; identifiers are masked by whoever draws it up."""

    id: str
    kind: Kind
    theme: Theme
    scope: Scope
    valid_from: int
    valid_to: int
    principal: str = field(repr=False)
    agent: str = field(repr=False)
    may_delegate: bool = False
    post: str = ""
    """Of staff; of a guardianship the paper it rests on."""
    unit: str = ""
    """Of staff."""


def mandate_text(drawn: Drawn, language: str) -> str:
    """Lines ended by LF: the particulars, then the theme's own words."""
    theme, (between, colon) = drawn.theme, _BETWEEN[language]
    services = [one for one in theme.services if one.code in drawn.scope.services]
    told = {
        "id": drawn.id,
        "kind": " · ".join(filter(None, (_KINDS[language][drawn.kind], drawn.unit, drawn.post))),
        "principal": drawn.principal,
        "agent": drawn.agent,
        "theme": f"{theme.title[language]} ({theme.code} v{theme.version})",
        "services": between.join(f"{one.title[language]} ({one.code})" for one in services),
        "actions": between.join(ACTIONS[language][one] for one in Action if one in drawn.scope.actions),
        "limit": _limit(drawn.scope.limit) or _NO_LIMIT[language],
        "from": _day(drawn.valid_from),
        "until": _day(drawn.valid_to - 1),
        "delegates": _YES_NO[language][drawn.may_delegate],
    }
    words = _GUARDIAN[language] if drawn.kind is Kind.STATUTORY else theme.text[language]
    body = PLACE.sub(lambda found: told[found[1]], words)  # one pass: a name may look like a place
    particulars = "".join(f"{label}{colon}{told[name]}\n" for name, label in _LABELS[language].items())
    return f"{particulars}\n{body.strip()}\n"


def _limit(limit: Limit | None) -> str:
    return f"{limit.amount // 100:,}.{limit.amount % 100:02d} {limit.currency}" if limit else ""


def _day(seconds: int) -> str:
    """The day in China."""
    return (datetime.fromtimestamp(seconds, UTC) + _CHINA).strftime("%Y-%m-%d")
