"""Many mandates from one table: each line read, checked by the rules, and drawn up as a draft of its own.

Always true: a line that is wrong costs no other line, and no more than `MOST` lines are read.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from idp.accounts.credit_code import CreditCode
from idp.accounts.names import PersonName
from idp.crypto.tokens import new_id
from idp.db import Transaction
from idp.mandates import reading
from idp.mandates.actions import Draft
from idp.mandates.addressing import Addressee
from idp.mandates.answers import parse_amount
from idp.mandates.days import begin_of, day_of, parse_day
from idp.mandates.desk import Behalf, parts
from idp.mandates.giving import KIND, Choice
from idp.mandates.granting import Denied, Grantor, may_grant, replaced_by
from idp.mandates.rules import DAY, Kind, Mandate
from idp.mandates.scopes import Action, Limit, Scope
from idp.mandates.themes import Theme
from idp.proofing.forms import typed_document
from idp.tables import Held, Raw, Table, Unreadable

MOST = 500
COLUMNS: Mapping[str, tuple[str, ...]] = {
    "kind": ("授权类型", "kind"),
    "name": ("姓名或名称", "name"),
    "number": ("证件号码或统一社会信用代码", "number"),
    "theme": ("事项主题", "theme"),
    "services": ("办理事项", "services"),
    "actions": ("操作", "actions"),
    "limit": ("单笔金额上限", "limit"),
    "first": ("生效日期", "from"),
    "last": ("失效日期", "until"),
    "post": ("岗位和部门", "post"),
}
"""What a column may be called."""
_KINDS = {
    "员工": Choice.EMPLOYEE, "employee": Choice.EMPLOYEE,
    "机构": Choice.AGENCY, "agency": Choice.AGENCY,
    "工作人员": Choice.STAFF, "staff": Choice.STAFF,
}  # fmt: skip
_ACTIONS = {
    "查看": Action.VIEW, "填写": Action.DRAFT, "提交": Action.SUBMIT, "签署": Action.SIGN,
    "缴费": Action.PAY, "领取": Action.COLLECT,
} | {str(one): one for one in Action if one is not Action.MANAGE}  # fmt: skip
_BETWEEN = re.compile(r"[\s,，;；、]+")
_TYPES = ("id_number", "passport", "travel_permit")


class Unfit(NamedTuple):
    """Why the file as a whole is none."""

    reason: str


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the file. ``wrong``: the reason (`idp.web.reasons`) why nothing comes of it."""

    number: int
    name: str
    draft: Draft | None = None
    wrong: str | None = None

    def fails(self, reason: str) -> "Line":
        return replace(self, wrong=reason)


class _Wrong(Exception):
    """What is wrong with a line, as a reason."""


def read_file(content: bytes, mine: Behalf, *, now: int) -> list[Line] | Unfit:
    """Every line as a draft, or with what cannot be read in it; the rules have not been asked yet."""
    table = _table(content)
    head = table.head() if table else None
    places = _places(table, head) if table and head else None
    if table is None or places is None:
        return Unfit("mandate_file_unreadable")
    lines: list[Line] = []
    for raw in table.records():
        if len(lines) == MOST:
            return Unfit("mandate_file_long")
        lines.append(_line(table, raw, places, mine, now))
    return lines or Unfit("mandate_file_empty")


def _table(content: bytes) -> Table | None:
    table = Table(Held(content), "csv")
    if not content.strip() or b"\0" in content or table.is_utf_16():
        return None
    try:
        content.decode()
    except UnicodeDecodeError:
        return Table(Held(content), "csv", "gb18030")  # what spreadsheets write by default
    return table


def _places(table: Table, head: Raw) -> dict[str, int] | None:
    """Where each column stands; None where one that is needed does not."""
    try:
        titles = [cell.strip() for cell in table.cells(head)]
    except Unreadable:
        return None
    found = {
        column: titles.index(known)
        for column, names in COLUMNS.items()
        if (known := next((name for name in names if name in titles), None)) is not None
    }
    return found if set(COLUMNS) - {"limit", "first", "post"} <= found.keys() else None


def _line(table: Table, raw: Raw, places: Mapping[str, int], mine: Behalf, now: int) -> Line:
    try:
        cells = table.cells(raw)
    except Unreadable:
        return Line(raw.number, "", wrong="mandate_line_unreadable")
    if len(cells) <= max(places.values()):
        return Line(raw.number, "", wrong="mandate_line_columns")
    told = {column: cells[place].strip()[:400] for column, place in places.items()}
    try:
        return Line(raw.number, told["name"][:100], _draft(told, mine, now))
    except _Wrong as wrong:
        return Line(raw.number, told["name"][:100], wrong=str(wrong))


def _draft(told: Mapping[str, str], mine: Behalf, now: int) -> Draft:
    choice = _KINDS.get(told["kind"].lower())
    if choice is None:
        raise _Wrong("mandate_line_kind")
    theme = _theme(told["theme"])
    first, last = told.get("first", ""), told["last"]
    begins = now if not first or parse_day(first) == day_of(now) else _day(first)
    post = told.get("post", "")
    if choice is Choice.STAFF and not post:
        raise _Wrong("mandate_post_missing")
    return Draft(
        id=new_id("mnd"),
        kind=KIND[choice],
        principal=mine.party,
        addressee=_addressee(told, choice),
        theme=theme.code,
        theme_version=theme.version,
        scope=_scope(told, theme),
        valid_from=begins,
        valid_to=_day(last) + DAY,
        post=post[:60] if choice is Choice.STAFF else "",
    )


def _day(text: str) -> int:
    found = parse_day(text.replace("/", "-"))
    if found is None:
        raise _Wrong("mandate_day_invalid")
    return begin_of(found)


def _theme(text: str) -> Theme:
    for theme in parts().granting.themes.all():
        if text in (theme.code, *theme.title.values()):
            return theme
    raise _Wrong("mandate_theme_unknown")


def _addressee(told: Mapping[str, str], choice: Choice) -> Addressee:
    if choice is Choice.AGENCY:
        code = CreditCode.parse(told["number"])
        if code is None:
            raise _Wrong("credit_code_invalid")
        return Addressee(" ".join(told["name"].split()), code)
    name = PersonName.parse(told["name"])
    found = [document for kind in _TYPES if (document := typed_document(kind, told["number"]))]
    if name is None or not found:
        raise _Wrong("name_invalid" if name is None else "document_number_invalid")
    return Addressee(name.value, found[0])


def _scope(told: Mapping[str, str], theme: Theme) -> Scope:
    known = {text: one.code for one in theme.services for text in (one.code, *one.title.values())}
    services = [known.get(text) for text in _BETWEEN.split(told["services"]) if text]
    actions = [_ACTIONS.get(text.lower()) for text in _BETWEEN.split(told["actions"]) if text]
    if not services or not actions or None in services or None in actions:
        raise _Wrong("mandate_line_scope")
    limit: Limit | None = None
    if told.get("limit") and (limit := parse_amount(told["limit"])) is None:
        raise _Wrong("mandate_limit_invalid")
    return Scope(frozenset(one for one in actions if one), frozenset(one for one in services if one), limit)


def check(tx: Transaction, lines: Sequence[Line], grantor: Grantor, *, now: int) -> list[Line]:
    """The same, each readable one judged as if it were signed now, and with what it replaces."""
    given = reading.given_by(tx, next((one.draft.principal for one in lines if one.draft), ""))
    seen: set[tuple[Any, ...]] = set()
    return [_judged(tx, one, grantor, given, seen, now) for one in lines]


def _judged(
    tx: Transaction, line: Line, grantor: Grantor, given: Sequence[Mandate], seen: set[tuple[Any, ...]], now: int
) -> Line:
    draft = line.draft
    if draft is None:
        return line
    same = (draft.kind, draft.theme, draft.addressee.number)
    if same in seen:
        return line.fails("mandate_line_twice")
    seen.add(same)
    wanted = parts().granting.wanted(tx, draft, None)
    replaces = replaced_by(wanted, given)
    found = may_grant(replace(wanted, replaces=replaces), grantor, given, now=now)
    if isinstance(found, Denied):
        return line.fails(found.reason)
    return replace(line, draft=replace(draft, replaces=replaces))


def write(line: Line) -> dict[str, Any]:
    """For the facts of a journey; `read` is its counterpart."""
    draft = line.draft
    told: dict[str, Any] = {"number": line.number, "name": line.name, "wrong": line.wrong}
    if draft is not None and line.wrong is None:
        told |= {
            "mandate": draft.id,
            "kind": draft.kind,
            "addressee": parts().granting.addresses.write(draft.addressee),
            "theme": draft.theme,
            "version": draft.theme_version,
            "scope": draft.scope.declaration(),
            "from": draft.valid_from,
            "to": draft.valid_to,
            "post": draft.post,
            "replaces": draft.replaces,
        }
    return told


def read(told: Mapping[str, Any], principal: str) -> Line:
    """A line as it was kept."""
    if "mandate" not in told:
        return Line(told["number"], told["name"], wrong=told["wrong"])
    draft = Draft(
        id=told["mandate"],
        kind=Kind(told["kind"]),
        principal=principal,
        addressee=parts().granting.addresses.read(told["addressee"]),
        theme=told["theme"],
        theme_version=told["version"],
        scope=Scope.read(told["scope"]),
        valid_from=told["from"],
        valid_to=told["to"],
        post=told["post"],
        replaces=told["replaces"],
    )
    return Line(told["number"], told["name"], draft)
