"""Owns what distinguishes the two demo departments: names, colours, ports, and invented figures."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure on the overview; `value` is shown as it stands, `label` is translated."""

    label: str
    value: str


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the overview's table: a label, a period or place, an amount."""

    label: str
    note: str
    value: str


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
    files_returns: bool

    @property
    def client_id(self) -> str:
        """The client this department is registered as, unless told otherwise."""
        return f"{self.key}-demo"


TAX = Department(
    key="tax",
    other="social",
    port=8101,
    scope="openid profile phone represented",
    name="电子税务局",
    short="税务",
    promise="查询个人所得税申报记录，办理年度汇算。",
    heading="2025 年度个人所得税",
    figures=(
        Figure("综合所得", "¥128,600.00"),
        Figure("已缴税额", "¥3,480.00"),
        Figure("预计退税", "¥612.40"),
    ),
    table="申报记录",
    rows=(
        Row("工资薪金", "2025-12", "¥10,800.00"),
        Row("工资薪金", "2025-11", "¥10,800.00"),
        Row("劳务报酬", "2025-09", "¥2,000.00"),
    ),
    files_returns=True,
)

SOCIAL = Department(
    key="social",
    other="tax",
    port=8102,
    scope="openid profile",
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
    files_returns=False,
)

DEPARTMENTS = {department.key: department for department in (TAX, SOCIAL)}
