"""Owns what distinguishes the two demo departments: names, colours, ports, and invented figures."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure; `label` is translated, and `value` where it is words."""

    label: str
    value: str


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the overview's table: a label, a period or place, an amount."""

    label: str
    note: str
    value: str


@dataclass(frozen=True, slots=True)
class Matter:
    """Something handled at a level of its own: its page, what it says it needs, what it shows, and its button if any.

    level: as for `login_required`; need: the same in words.
    """

    key: str
    level: str
    title: str
    need: str
    intro: str
    figures: tuple[Figure, ...]
    button: str = ""
    done: str = ""


@dataclass(frozen=True, slots=True)
class Department:
    """A demo department. Texts are Chinese source strings (`texts`); `other` is the key of the other one."""

    key: str
    other: str
    port: int
    scope: str
    name: str
    short: str
    promise: str
    heading: str
    figures: tuple[Figure, ...]
    table: str
    rows: tuple[Row, ...]
    matters: tuple[Matter, ...]

    @property
    def client_id(self) -> str:
        """The client this department is registered as, unless told otherwise."""
        return f"{self.key}-demo"


_INCOME = (
    Figure("综合所得", "¥128,600.00"),
    Figure("已缴税额", "¥3,480.00"),
    Figure("预计退税", "¥612.40"),
)

TAX = Department(
    key="tax",
    other="social",
    port=8101,
    scope="openid profile phone real_name represented",
    name="电子税务局",
    short="税务",
    promise="查询个人所得税申报记录，办理年度汇算。",
    heading="2025 年度个人所得税",
    figures=_INCOME,
    table="申报记录",
    rows=(
        Row("工资薪金", "2025-12", "¥10,800.00"),
        Row("工资薪金", "2025-11", "¥10,800.00"),
        Row("劳务报酬", "2025-09", "¥2,000.00"),
    ),
    matters=(
        Matter(
            key="filing",
            level="urn:tongban:aal:2",
            title="办理年度汇算",
            need="需要双因素认证",
            intro="请核对后提交。",
            figures=_INCOME,
            button="提交申报",
            done="申报已提交",
        ),
        Matter(
            key="refund-account",
            level="urn:tongban:ial:2:aal:2",
            title="变更退税银行账户",
            need="需要已核验的姓名和证件号码，以及双因素认证",
            intro="退税只能退到本人名下的账户。户名取自统一身份认证核验过的姓名，不能修改。",
            figures=(Figure("现有账户", "6222 **** **** 0119"), Figure("新账户", "6217 **** **** 4482")),
            button="确认变更",
            done="账户已变更",
        ),
    ),
)

SOCIAL = Department(
    key="social",
    other="tax",
    port=8102,
    scope="openid profile real_name represented",
    name="社会保险网上服务",
    short="社保",
    promise="查询养老保险缴费和个人账户，了解待遇。",
    heading="城镇职工基本养老保险",
    figures=(
        Figure("累计缴费月数", "148"),
        Figure("个人账户余额", "¥96,214.50"),
        Figure("本年缴费基数", "¥8,900.00"),
    ),
    table="缴费记录",
    rows=(
        Row("个人缴费", "2026-10", "¥712.00"),
        Row("个人缴费", "2026-09", "¥712.00"),
        Row("单位缴费", "2026-09", "¥1,424.00"),
    ),
    matters=(
        Matter(
            key="pension",
            level="urn:tongban:ial:2",
            title="养老待遇资格",
            need="需要已核验的姓名和证件号码",
            intro="以下为本人的养老待遇资格。姓名取自统一身份认证的核验结果。",
            figures=(Figure("资格状态", "正常"), Figure("本年度认证", "已完成"), Figure("每月待遇", "¥3,218.60")),
        ),
    ),
)

DEPARTMENTS = {department.key: department for department in (TAX, SOCIAL)}
