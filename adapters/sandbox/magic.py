"""The magic numbers: phone numbers that make the stand-in SMS vendor misbehave in one way each.

Always true: this table alone drives the vendor's behaviour, the page that lists it and the list in docs/providers.md.
"""

from dataclasses import dataclass
from enum import Enum

HANG = 30
"""Seconds the vendor keeps a caller waiting who should have given up after 3."""


class Form(Enum):
    """How an answer leaves the vendor."""

    JSON = "json"
    CUT_SHORT = "cut short"
    WEB_PAGE = "web page"
    OVERSIZED = "oversized"
    REDIRECT = "redirect"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Step:
    """What one request meets; times in seconds.

    ``taken``: the vendor takes the message on, so that every repetition of the request is answered as accepted.
    ``copies``: how often it reaches the phone, ``late`` after it was taken. ``wait``: before the answer leaves.
    """

    status: int = 202
    error: str = ""
    taken: bool = True
    copies: int = 1
    late: int = 0
    wait: int = 0
    retry_after: int = 0
    form: Form = Form.JSON


DELIVER = Step()


def _fail(status: int, error: str, *, retry_after: int = 0, wait: int = 0) -> Step:
    return Step(status, error, taken=False, copies=0, retry_after=retry_after, wait=wait)


def _garbled(form: Form, status: int = 202) -> Step:
    return Step(status, taken=False, copies=0, form=form)


@dataclass(frozen=True, slots=True)
class Magic:
    """One number. ``vendor`` says what the vendor does, ``then`` what a correct caller makes of it (Chinese sources).

    ``steps``: what the first, second, … request of one message meets; the last repeats.
    """

    number: str
    vendor: str
    then: str
    steps: tuple[Step, ...]


_NEVER = "不再重试，记为失败"
_UNTIL = "按退避时间重试，到期放弃"
_ONCE = "重试后发出，手机只收到一条"

MAGIC: tuple[Magic, ...] = (
    Magic("13800009001", "空号：422 invalid_number", _NEVER, (_fail(422, "invalid_number"),)),
    Magic("13800009002", "机主已退订：403 opted_out", _NEVER, (_fail(403, "opted_out"),)),
    Magic(
        "13800009003",
        "限流：首次 429，Retry-After 2 秒，之后送达",
        "等够 2 秒再试，送达",
        (_fail(429, "throttled", retry_after=2), DELIVER),
    ),
    Magic(
        "13800009004",
        "前两次 500，第三次送达",
        "重试两次，送达",
        (_fail(500, "internal"), _fail(500, "internal"), DELIVER),
    ),
    Magic("13800009005", "一直 500", _UNTIL, (_fail(500, "internal"),)),
    Magic("13800009006", "一直不回答（30 秒）", _UNTIL, (_fail(500, "internal", wait=HANG),)),
    Magic("13800009007", "接受后 20 秒才到手机", "视为已发出", (Step(late=20),)),
    Magic("13800009008", "接受后从未到手机", "视为已发出", (Step(copies=0),)),
    Magic("13800009009", "回答的 JSON 被截断", _UNTIL, (_garbled(Form.CUT_SHORT),)),
    Magic("13800009010", "同一条短信到手机两次", "视为已发出", (Step(copies=2),)),
    Magic("13800009011", "2 秒后才回答，送达", "等到回答，送达", (Step(wait=2),)),
    Magic("13800009012", "一直断开连接，不回答", _UNTIL, (_garbled(Form.NOTHING),)),
    Magic("13800009013", "内容未过审：422 content_refused", _NEVER, (_fail(422, "content_refused"),)),
    Magic("13800009014", "不认识密钥：401 bad_signature", _NEVER, (_fail(401, "bad_signature"),)),
    Magic("13800009015", "一直限流：429，Retry-After 600 秒", _UNTIL, (_fail(429, "throttled", retry_after=600),)),
    Magic(
        "13800009016",
        "首次维护：503，Retry-After 1 秒，之后送达",
        "等够 1 秒再试，送达",
        (_fail(503, "maintenance", retry_after=1), DELIVER),
    ),
    Magic("13800009017", "首次已接受却不回答（30 秒）", _ONCE, (Step(wait=HANG),)),
    Magic("13800009018", "首次已接受却断开连接", _ONCE, (Step(form=Form.NOTHING),)),
    Magic("13800009019", "回答 200 和一张网页（途中的代理）", _UNTIL, (_garbled(Form.WEB_PAGE, 200),)),
    Magic("13800009020", "回答超过 64 KiB", _UNTIL, (_garbled(Form.OVERSIZED),)),
    Magic("13800009021", "302 转到别处", "不跟随；" + _UNTIL, (_garbled(Form.REDIRECT, 302),)),
)

_BY_NUMBER = {"+86" + magic.number: magic for magic in MAGIC}


def steps_for(to: str) -> tuple[Step, ...]:
    """What requests to ``to`` (E.164) meet; every number that is not magic gets its message at once."""
    magic = _BY_NUMBER.get(to)
    return magic.steps if magic else (DELIVER,)
