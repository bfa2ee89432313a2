"""The registers' magic numbers: ID numbers and USCCs that make them answer, or fail, in one way each.

Always true: this table alone drives that behaviour, the page that lists it and the lists in docs/providers.md; every
number's check digits hold, and the division 119999 in all of them does not exist.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum

from adapters.sandbox.magic import HANG
from adapters.sandbox.register_entries import Enterprise

_CODE = "0123456789ABCDEFGHJKLMNPQRTUWXY"


def resident_number(order: int) -> str:
    """``119999 19900101 9NN`` and the check digit of GB 11643 (MOD 11-2); ``order`` 0-99."""
    body = f"11999919900101{900 + order}"
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    return body + "10X98765432"[sum(int(digit) * weight for digit, weight in zip(body, weights, strict=True)) % 11]


def credit_code(order: int) -> str:
    """``91 119999 MA9900NN`` and the check digits of GB 11714 and GB 32100; ``order`` 0-99."""
    inner = f"MA9900{order:02}"
    weights = (3, 7, 9, 10, 5, 8, 4, 2)
    total = sum(int(letter, 36) * weight for letter, weight in zip(inner, weights, strict=True))
    body = "91119999" + inner + "0123456789X0"[11 - total % 11]
    return body + _CODE[-sum(_CODE.index(letter) * pow(3, place, 31) for place, letter in enumerate(body)) % 31]


class Fault(Enum):
    """How an answer leaves a register that does not do as it should."""

    NONE = "none"
    CUT_SHORT = "cut short"
    UNSIGNED = "unsigned"
    OTHER_KEY = "other key"
    STALE = "stale"
    OTHER_REFERENCE = "other reference"
    OTHER_QUESTION = "other question"
    WEB_PAGE = "web page"
    OVERSIZED = "oversized"
    REDIRECT = "redirect"
    HANG_UP = "hang up"


@dataclass(frozen=True, slots=True)
class Step:
    """What one question meets; times in seconds.

    ``says``: fields of the answer in place of those of a good one; one that holds ``found`` is the whole answer.
    """

    says: Mapping[str, object] = field(default_factory=dict)
    status: int = 200
    error: str = ""
    wait: int = 0
    retry_after: int = 0
    fault: Fault = Fault.NONE


GOOD = Step()


@dataclass(frozen=True, slots=True)
class RegisterMagic:
    """One number. ``register`` says what the register does, ``then`` what a correct caller makes of it (Chinese).

    ``steps``: what the first, second, … question about it meets; the last repeats.
    """

    number: str
    register: str
    then: str
    steps: tuple[Step, ...]


LATER = "不算核实，稍后再试"
NOTHING = "不算核实"
CONFIRMED = "核实通过"

_FAULTS: tuple[tuple[str, str, tuple[Step, ...]], ...] = (
    ("一直 500", LATER, (Step(status=500, error="internal"),)),
    ("第一次 500，之后正常", "第一次不算核实，再试通过", (Step(status=500, error="internal"), GOOD)),
    ("一直不回答（30 秒）", LATER, (Step(status=500, error="internal", wait=HANG),)),
    ("2 秒后才回答", "等到回答，核实通过", (Step(wait=2),)),
    ("回答的 JSON 被截断", LATER, (Step(fault=Fault.CUT_SHORT),)),
    ("回答没有签名", LATER, (Step(fault=Fault.UNSIGNED),)),
    ("回答用别的密钥签名", LATER, (Step(fault=Fault.OTHER_KEY),)),
    ("回答是一小时前签名的", LATER, (Step(fault=Fault.STALE),)),
    ("回答写着别的流水号", LATER, (Step(fault=Fault.OTHER_REFERENCE),)),
    ("回答的是别的问题", LATER, (Step(fault=Fault.OTHER_QUESTION),)),
    ("302 转到别处", "不跟随；不算核实，稍后再试", (Step(status=302, fault=Fault.REDIRECT),)),
    ("回答超过 64 KiB", LATER, (Step(fault=Fault.OVERSIZED),)),
    ("回答 200 和一张网页（途中的代理）", LATER, (Step(fault=Fault.WEB_PAGE),)),
    ("一直限流：429，Retry-After 600 秒", LATER, (Step(status=429, error="throttled", retry_after=600),)),
    ("第一次断开连接，之后正常", "立即再问一次，核实通过", (Step(fault=Fault.HANG_UP), GOOD)),
    ("一直断开连接，不回答", LATER, (Step(fault=Fault.HANG_UP),)),
    ("不认识密钥：401 bad_signature", "不算核实，再问也没有用", (Step(status=401, error="bad_signature"),)),
)
_FIRST_FAULT = 20


def faults(number: Callable[[int], str]) -> tuple[RegisterMagic, ...]:
    """The failures registers and banks have, each under the same order in all."""
    return tuple(RegisterMagic(number(_FIRST_FAULT + place), *row) for place, row in enumerate(_FAULTS))


PERSON: Mapping[str, object] = {"found": True, "match": True, "status": "alive", "valid_to": "2046-12-31"}
"""What the population register says of a magic number unless its step says otherwise, whatever the name."""

PERSON_MAGIC = (
    RegisterMagic(resident_number(0), "一致，不论姓名", CONFIRMED, (GOOD,)),
    RegisterMagic(resident_number(1), "不一致", NOTHING, (Step({"found": True, "match": False}),)),
    RegisterMagic(resident_number(2), "查无此号", NOTHING, (Step({"found": False}),)),
    RegisterMagic(resident_number(3), "一致，但已去世", NOTHING, (Step({"status": "deceased"}),)),
    RegisterMagic(resident_number(4), "一致，证件已过期", "不算核实", (Step({"valid_to": "2020-12-31"}),)),
    RegisterMagic(resident_number(5), "一致，没有有效期", CONFIRMED, (Step({"valid_to": None}),)),
    RegisterMagic(resident_number(6), '"match" 是文字 "true"', LATER, (Step({"match": "true"}),)),
    RegisterMagic(resident_number(7), "没听说过的状态", LATER, (Step({"status": "Alive"}),)),
    *faults(resident_number),
)

ENTITY = Enterprise(
    uscc="", name="沙箱示例有限公司", entity_type="enterprise", status="active", people=(), zh="", en=""
)
"""What the enterprise register knows of a magic USCC unless its step says otherwise; every claim agrees with it."""
_OTHER_PERSON: dict[str, object] = {"representative_matches": False, "roles": []}

ENTITY_MAGIC = (
    RegisterMagic(credit_code(0), "存续，名称和代表人都一致", CONFIRMED, (GOOD,)),
    RegisterMagic(
        credit_code(1), "名称不一致", NOTHING, (Step({"name": "沙箱另一家有限公司", "name_matches": False}),)
    ),
    RegisterMagic(credit_code(2), "查无此码", NOTHING, (Step({"found": False}),)),
    RegisterMagic(credit_code(3), "代表人不一致", NOTHING, (Step(_OTHER_PERSON),)),
    RegisterMagic(credit_code(4), "已注销", NOTHING, (Step({"status": "cancelled"}),)),
    RegisterMagic(credit_code(5), "已吊销", NOTHING, (Step({"status": "revoked"}),)),
    RegisterMagic(
        credit_code(6),
        "第一次代表人一致，之后已换人",
        "第一次通过，复查时不再通过",
        (GOOD, Step(_OTHER_PERSON | {"version": "2"})),
    ),
    RegisterMagic(credit_code(7), "已迁出", NOTHING, (Step({"status": "moved"}),)),
    RegisterMagic(credit_code(8), "歇业", NOTHING, (Step({"status": "suspended"}),)),
    RegisterMagic(
        credit_code(9),
        "第一次存续，之后已注销",
        "第一次通过，复查时不再通过",
        (GOOD, Step({"status": "cancelled", "version": "2"})),
    ),
    RegisterMagic(
        credit_code(10),
        '"representative_matches" 是文字 "true"',
        LATER,
        (Step({"representative_matches": "true", "name_matches": "true"}),),
    ),
    RegisterMagic(
        credit_code(11),
        "只是合伙人，不是代表人",
        NOTHING,
        (Step({"representative_matches": False, "roles": ["partner"]}),),
    ),
    *faults(credit_code),
)

_BY_NUMBER = {magic.number: magic for magic in (*PERSON_MAGIC, *ENTITY_MAGIC)}


def magic_of(number: str) -> RegisterMagic | None:
    """The row of an ID number or USCC, if it has one."""
    return _BY_NUMBER.get(number)
