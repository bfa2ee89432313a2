"""Owns the matters that the demo handles for somebody else: what each needs, what it shows, and invented figures.

Always true: figures of a party are made of what the provider has told of it, never of who acts.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from adapters.departments.demo.departments import SOCIAL, TAX, Figure
from adapters.departments.demo.shown import yuan
from adapters.departments.representing import Power


@dataclass(frozen=True, slots=True)
class RepresentedMatter:
    """A page for who acts for somebody. Texts are Chinese source strings (`texts`).

    key: its path; service: what it is called in the theme; need: what it takes, in words.
    """

    key: str
    theme: str
    service: str
    title: str
    need: str
    intro: str
    button: str
    done: str
    records: str

    def power(self, *actions: str, amount: str | None = None) -> Power:
        """These actions for it, up to ``amount``."""
        return Power(actions=actions, theme=self.theme, services=(self.service,), amount=amount)


VAT_RETURN = RepresentedMatter(
    key="vat-return",
    theme="tax.filing",
    service="hn-tax-01",
    title="代企业申报增值税",
    need="需要企业的授权，以及双因素认证",
    intro="税款所属期：2026 年 10 月。请核对后提交。",
    button="提交增值税申报",
    done="增值税申报已提交",
    records="本企业的申报",
)
REFUND_CLAIM = RepresentedMatter(
    key="refund-claim",
    theme="tax.refund",
    service="hn-tax-20",
    title="代企业申请退税",
    need="需要企业按其签署规则签署的授权，以及双因素认证",
    intro="下列多缴的税款可以申请退还。请核对后提交。",
    button="提交退税申请",
    done="退税申请已提交",
    records="本企业的退税申请",
)
FAMILY_PENSION = RepresentedMatter(
    key="family-pension",
    theme="social.pension",
    service="hn-pension-01",
    title="替他人确认养老金领取资格",
    need="需要对方的授权，以及双因素认证",
    intro="请确认对方仍符合领取条件。确认后，对方可以看到这一次办理。",
    button="确认领取资格",
    done="领取资格已确认",
    records="对方的确认记录",
)
MATTERS: Mapping[str, tuple[RepresentedMatter, ...]] = {
    TAX.key: (VAT_RETURN, REFUND_CLAIM),
    SOCIAL.key: (FAMILY_PENSION,),
}
"""By the department's key."""


@dataclass(frozen=True, slots=True)
class Statement:
    """What a matter shows of a party; amount: what is submitted, None where no money is."""

    figures: tuple[Figure, ...]
    amount: str | None = None


def statement_of(matter: RepresentedMatter, party: Mapping[str, Any], *, filed: bool = False) -> Statement:
    """``party``: the claim `represented`. filed: it has been submitted for them before."""
    if matter is FAMILY_PENSION:
        return _pension_of(party, confirmed=filed)
    return _return_of(party) if matter is VAT_RETURN else _refund_of(party)


def _return_of(party: Mapping[str, Any]) -> Statement:
    number = _number(party)
    sales, paid = 40_000_000 + number % 60_000_000, 13 + number % 5  # in hundredths of a yuan; in twentieths
    output = sales * 13 // 100
    due = output - output * paid // 20
    figures = (("销售额", sales), ("销项税额", output), ("进项税额", output - due), ("应纳税额", due))
    return _stated(party, figures, due)


def _refund_of(party: Mapping[str, Any]) -> Statement:
    overpaid = 100_000 + _number(party) % 900_000
    return _stated(party, (("可退税额", overpaid),), overpaid)


def _stated(party: Mapping[str, Any], figures: Iterable[tuple[str, int]], amount: int) -> Statement:
    code = Figure("统一社会信用代码", _code(party))
    return Statement((code, *(Figure(label, yuan(_decimal(value))) for label, value in figures)), _decimal(amount))


def _number(party: Mapping[str, Any]) -> int:
    return int.from_bytes(hashlib.sha256(_code(party).encode()).digest()[:4])


def _code(party: Mapping[str, Any]) -> str:
    known = [one.get("value", "") for one in party.get("identifiers", []) if one.get("type") == "uscc"]
    return str(known[0]) if known else ""


def _decimal(hundredths: int) -> str:
    return f"{hundredths // 100}.{hundredths % 100:02}"


def _pension_of(party: Mapping[str, Any], *, confirmed: bool) -> Statement:
    told = (("姓名", party.get("name")), ("出生年份", party.get("birthdate")))
    known = tuple(Figure(label, str(value)) for label, value in told if value)
    state = Figure("本年度领取资格", "已确认" if confirmed else "待确认")
    return Statement((*known, Figure("每月待遇", "¥2,486.30"), state))
