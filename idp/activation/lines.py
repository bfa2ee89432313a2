"""Lines of a file of old accounts: the columns, what each may hold, and what is to become of a line.

Always true: a line is taken as a whole or not at all, for a reason that shows nothing of its content.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from datetime import date
from enum import Enum, StrEnum
from functools import lru_cache
from typing import NamedTuple

from idp.accounts.credit_code import CreditCode
from idp.accounts.documents import Document, DocumentType, IdNumber, Passport, TravelPermit
from idp.accounts.names import PersonName
from idp.accounts.old_accounts import OldAccount, Representative
from idp.accounts.rules import Mobile, OldFlag, PartyKind, WaitingState

COLUMNS: Mapping[str, tuple[str, ...]] = {
    "platform": ("source_platform", "来源平台"),
    "old_id": ("原账号", "原账号编号"),
    "kind": ("账号类型",),
    "name": ("姓名",),
    "document_type": ("证件类型",),
    "document_number": ("证件号码",),
    "phone": ("mobile", "手机号", "手机号码"),
    "valid_to": ("证件有效期", "有效期至"),
    "uscc": ("credit_code", "统一社会信用代码"),
    "entity_name": ("法人名称", "单位名称"),
    "representative_name": ("法定代表人", "法定代表人姓名"),
    "representative_document_type": ("法定代表人证件类型",),
    "representative_document_number": ("法定代表人证件号码",),
    "status": ("状态", "账号状态"),
    "region": ("行政区划", "行政区划代码"),
}
"""Column -> what else it may be called; case, blanks, ``_`` and ``-`` do not tell names apart."""
_SECRET = re.compile("pass(word|wd|code|phrase)|pwd|psw|hash|salt|secret|密码|口令|盐|散列|哈希|密文")
_KINDS = {
    **dict.fromkeys(("", "person", "个人", "自然人"), PartyKind.PERSON),
    **dict.fromkeys(("entity", "法人", "企业", "单位"), PartyKind.ENTITY),
}
_FLAGS = {
    **dict.fromkeys(("", "active", "normal", "正常", "有效"), None),
    **dict.fromkeys(("closed", "cancelled", "注销", "已注销"), OldFlag.CLOSED),
    **dict.fromkeys(("deceased", "dead", "死亡", "已死亡", "身故"), OldFlag.DECEASED),
}
_PERMITS = (DocumentType.HK_MACAO_PERMIT, DocumentType.TAIWAN_PERMIT)
_DOCUMENT_TYPES = {
    "": DocumentType.RESIDENT_ID,
    **{kind.value: kind for kind in DocumentType},
    **dict.fromkeys(("身份证", "居民身份证"), DocumentType.RESIDENT_ID),
    **dict.fromkeys(("港澳台居民居住证", "居住证"), DocumentType.RESIDENCE_PERMIT),
    **dict.fromkeys(("外国人永久居留身份证", "外国人永久居留证"), DocumentType.PERMANENT_RESIDENCE),
    "护照": DocumentType.PASSPORT,
    "港澳居民来往内地通行证": DocumentType.HK_MACAO_PERMIT,
    "台湾居民来往大陆通行证": DocumentType.TAIWAN_PERMIT,
}
_SEPARATORS = re.compile(r"[\s_\-]+")
_CONTROL = re.compile("[\0-\x1f\x7f\ud800-\udfff]")
_PLATFORM = re.compile(r"[a-z0-9][a-z0-9_.\-]{0,31}")
_OLD_ID_MOST = 128
_FORMULA = ("=", "+", "-", "@")
_ENTITY_NAME_MOST = 200
_INVISIBLE = ("Cc", "Cf", "Cs", "Co", "Zl", "Zp")
_REGION = re.compile(r"([1-9][0-9]{5})(?:[0-9]{6})?")
_DAY = re.compile(r"([0-9]{4})[-./年]([0-9]{1,2})[-./月]([0-9]{1,2})日?|([0-9]{4})([0-9]{2})([0-9]{2})")
_WITHOUT_END = ("", "长期", "long-term", "permanent")


class Reason(StrEnum):
    """Why a line was not taken."""

    TOO_LONG = "too_long"
    ENCODING = "encoding"
    MALFORMED = "malformed"
    """No record of the file's format, or one with more or fewer columns than the file has."""
    UNKNOWN_COLUMN = "unknown_column"
    CONTROL_CHARACTER = "control_character"
    PLATFORM = "platform"
    OLD_ID = "old_id"
    KIND = "kind"
    STATUS = "status"
    REGION = "region"
    NAME = "name"
    DOCUMENT = "document"
    VALID_TO = "valid_to"
    PHONE = "phone"
    USCC = "uscc"
    ENTITY_NAME = "entity_name"
    REPRESENTATIVE = "representative"
    CONTRADICTION = "contradiction"
    """An earlier line of the same file says something else of the same old id."""
    TOO_LATE = "too_late"
    """It says something new of an account that somebody has begun to activate, or that has come to its end."""


class Unfit(Exception):
    """A line is not to be taken, for ``reason``."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason.value)
        self.reason = reason


class Line(NamedTuple):
    """A line that can be taken."""

    platform: str
    old_id: str
    kind: PartyKind
    told: OldAccount
    flag: OldFlag | None


class Decision(Enum):
    """What becomes of a line."""

    ADD = "add"
    CORRECT = "correct"
    FLAG = "flag"
    """It changes nothing but that the account is never activated."""
    LEAVE = "leave"
    CONTRADICT = "contradict"
    REFUSE = "refuse"
    """It comes too late."""


class Known(NamedTuple):
    """What is stored of an old id."""

    id: str
    state: str
    flag: str | None
    digest: bytes | None
    """None when what was said is forgotten."""
    line_batch_id: str


class BadColumns(Exception):
    """The file is not read; the text says why."""


@lru_cache(maxsize=256)
def column(name: str) -> str | None:
    """The column that is called so. Raises `BadColumns`, which shows no more of the name than the word it is refused
    for, for passwords and whatever is made from them.
    """
    plain = _plain(name)
    if secret := _SECRET.search(plain):
        raise BadColumns(
            f"a column with {secret[0]!r} in its name: passwords, hashes and salts of other platforms are never"
            " accepted"
        )
    return _BY_NAME.get(plain)


def header(names: Iterable[str], *, platform: str | None) -> list[str]:
    """The columns of a file, in its order. Raises `BadColumns`."""
    found: list[str] = []
    for place, name in enumerate(names, 1):
        one = column(name)
        if one is None:  # what stands there is not said: of a file without a head it is about somebody
            raise BadColumns(
                f"column {place} of the first line, which names the columns, is unknown;"
                f" known are {', '.join(COLUMNS)}"
            )
        if one in found:
            raise BadColumns(f"column {one} stands there twice")
        found.append(one)
    for needed in ("old_id", *(() if platform else ("platform",))):
        if needed not in found:
            raise BadColumns(f"column {needed} is missing")
    return found


def _plain(name: str) -> str:
    return _SEPARATORS.sub("", unicodedata.normalize("NFKC", name).casefold())


_BY_NAME = {_plain(name): known for known, others in COLUMNS.items() for name in (known, *others)}


def take(fields: Mapping[str, str], *, platform: str | None, today: date) -> Line:
    """The account a line tells of. ``platform``: whose file it is, where the line does not say. Raises `Unfit`."""
    if _CONTROL.search(" ".join(fields.values())):
        raise Unfit(Reason.CONTROL_CHARACTER)
    told = {name: value.strip() for name, value in fields.items()}
    get = told.get
    where = (get("platform") or platform or "").lower()
    _need(_PLATFORM.fullmatch(where), Reason.PLATFORM)
    old_id = get("old_id", "")
    _need(0 < len(old_id) <= _OLD_ID_MOST and not old_id.startswith(_FORMULA), Reason.OLD_ID)
    kind = _KINDS.get(get("kind", "").casefold())
    if kind is None:
        raise Unfit(Reason.KIND)
    status = get("status", "").casefold()
    _need(status in _FLAGS, Reason.STATUS)
    account = _person(told, today) if kind is PartyKind.PERSON else _entity(told, today)
    return Line(where, old_id, kind, account, _FLAGS[status])


def _need(met: object, reason: Reason) -> None:
    if not met:
        raise Unfit(reason)


def _person(told: Mapping[str, str], today: date) -> OldAccount:
    name = PersonName.parse(told.get("name", ""))
    document = _document(told.get("document_type", ""), told.get("document_number", ""), today)
    if name is None:
        raise Unfit(Reason.NAME)
    if document is None:
        raise Unfit(Reason.DOCUMENT)
    _need(not told.get("uscc"), Reason.KIND)
    return OldAccount(
        name=name, document=document, mobile=_mobile(told), valid_to=_valid_to(told), region=_region(told)
    )


def _entity(told: Mapping[str, str], today: date) -> OldAccount:
    code = CreditCode.parse(told.get("uscc", ""))
    name = told.get("entity_name", "")
    if code is None:
        raise Unfit(Reason.USCC)
    visible = all(unicodedata.category(char) not in _INVISIBLE for char in name)
    _need(0 < len(name) <= _ENTITY_NAME_MOST and visible and not name.startswith(_FORMULA), Reason.ENTITY_NAME)
    return OldAccount(
        credit_code=code,
        entity_name=name,
        representative=_representative(told, today),
        mobile=_mobile(told),
        region=_region(told),
    )


def _representative(told: Mapping[str, str], today: date) -> Representative | None:
    """None where the older platform knew of none."""
    name, number = told.get("representative_name", ""), told.get("representative_document_number", "")
    if not name and not number:
        return None
    person = PersonName.parse(name)
    document = _document(told.get("representative_document_type", ""), number, today)
    if person is None or document is None:
        raise Unfit(Reason.REPRESENTATIVE)
    return Representative(person, document)


def _document(kind: str, number: str, today: date) -> Document | None:
    """Of the documents with an ID number the number itself says which it is, whatever the platform called it."""
    known = _DOCUMENT_TYPES.get(kind.casefold())
    if known is None:
        return None
    if known is DocumentType.PASSPORT:
        return Passport.parse(number)
    if known in _PERMITS:
        permit = TravelPermit.parse(number)
        return permit if permit and permit.type is known else None
    return IdNumber.parse(number, today=today, migrated=True)


def _mobile(told: Mapping[str, str]) -> Mobile | None:
    text = told.get("phone", "")
    found = Mobile.parse(text) if text else None
    _need(found or not text, Reason.PHONE)
    return found


def _region(told: Mapping[str, str]) -> str | None:
    text = told.get("region", "")
    found = _REGION.fullmatch(text)
    _need(found or not text, Reason.REGION)
    return found[1] if found else None


def _valid_to(told: Mapping[str, str]) -> date | None:
    text = told.get("valid_to", "").casefold()
    if text in _WITHOUT_END:
        return None
    found = _DAY.fullmatch(text)
    try:
        return date(*(int(part) for part in found.groups() if part)) if found else _no_day()
    except ValueError:
        return _no_day()


def _no_day() -> date:
    raise Unfit(Reason.VALID_TO)


def decide(line: Line, known: Known | None, *, digests: tuple[bytes, ...], batch_id: str) -> Decision:
    """``digests``: of what the line says. Whoever has begun to activate an account is past correction; of what is
    forgotten nobody can say any more whether a line is new.
    """
    if known is None:
        return Decision.ADD
    if known.flag == line.flag and (known.digest is None or known.digest in digests):
        return Decision.LEAVE
    if known.line_batch_id == batch_id:
        return Decision.CONTRADICT
    if known.state == WaitingState.IMPORTED:
        return Decision.CORRECT
    return Decision.FLAG if line.flag and not known.flag and known.state in UNDER_WAY else Decision.REFUSE


UNDER_WAY = (WaitingState.CLAIMED, WaitingState.FACE_PASSED, WaitingState.PHONE_BOUND)
