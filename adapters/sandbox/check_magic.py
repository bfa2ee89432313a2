"""What the stand-in vendors of checks find: by an ID number of the magic ones, or as chosen on their page.

Always true: this table alone drives it, the page that lists it, the choice, and the list in docs/providers.md.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from adapters.sandbox.magic import HANG
from adapters.sandbox.register_magic import GOOD, Fault, Step, resident_number


class Sealed(Enum):
    """How a result is signed."""

    WELL = "well"
    OTHER_KEY = "by another key"
    NOT = "alg none"
    BY_PUBLIC_KEY = "HMAC by the public key"


@dataclass(frozen=True, slots=True)
class Finding:
    """One outcome. ``vendor`` says what the vendor does, ``then`` what a correct caller makes of it (Chinese).

    ``opening``, ``result``: what those two questions meet; ``opens``: in place of fields of a good answer.
    ``says``: claims in place of those of a good result; ``late``: seconds until there is one, None for never.
    ``calls``: how often the callback is sent.
    """

    key: str
    number: str
    vendor: str
    then: str
    opening: Step = GOOD
    opens: Mapping[str, object] = field(default_factory=dict)
    result: Step = GOOD
    says: Mapping[str, object] = field(default_factory=dict)
    sealed: Sealed = Sealed.WELL
    late: int | None = 0
    calls: int = 1
    changes: bool = False
    """Every second fetching finds the opposite."""


_PASSED = "核验通过"
_FAILED = "核验未通过"
_NONE = "不算结果，到时请换别的办法"
_CLOSED = "没有打开，请换别的办法"
_FIRST = 40
_DOWN = Step(status=500, error="internal")

FINDINGS = tuple(
    Finding(key, resident_number(_FIRST + place), vendor, then, **more)  # type: ignore[arg-type]
    for place, (key, vendor, then, more) in enumerate(
        (
            ("pass", "通过", _PASSED, {}),
            ("fail", "不通过：不是活体", _FAILED, {"says": {"pass": False, "score": 0.12, "reason": "not_alive"}}),
            ("low", "通过，但分数只有 0.5", _FAILED, {"says": {"score": 0.5}}),
            ("other_person", "结果是另一个人的", _NONE, {"says": {"subject": "A" * 43}}),
            ("late", "20 秒后才有结果", "等到结果，核验通过", {"late": 20}),
            ("never", "一直没有结果，也不回调", _NONE, {"late": None, "calls": 0}),
            ("twice", "回调两次，两次取到的结果相反", "只认第一次的结果", {"calls": 2, "changes": True}),
            ("silent", "通过，但不回调", "本人返回后取到结果，核验通过", {"calls": 0}),
            ("down", "取结果时一直 500", _NONE, {"result": _DOWN}),
            ("hang", "取结果时不回答（30 秒）", _NONE, {"result": Step(status=500, error="internal", wait=HANG)}),
            ("nan", "分数是 NaN", _NONE, {"says": {"score": float("nan")}}),
            ("text_false", '"pass" 是文字 "false"', _NONE, {"says": {"pass": "false"}}),
            ("text_true", '"pass" 是文字 "true"', _NONE, {"says": {"pass": "true"}}),
            ("other_key", "结果用别的密钥签名", _NONE, {"sealed": Sealed.OTHER_KEY}),
            ("alg_none", "结果没有签名（alg none）", _NONE, {"sealed": Sealed.NOT}),
            ("public_key", "结果以公钥作 HMAC 密钥签名", _NONE, {"sealed": Sealed.BY_PUBLIC_KEY}),
            ("stale", "结果是一小时前的", _NONE, {"says": {"iat": -3600}}),
            ("other_nonce", "结果写着别的随机数", _NONE, {"says": {"nonce": "another"}}),
            ("other_purpose", "结果写着别的用途", _NONE, {"says": {"purpose": "another"}}),
            ("other_transaction", "结果写着别的流水号", _NONE, {"says": {"transaction": "another"}}),
            ("unsigned", "回答没有签名", _NONE, {"result": Step(fault=Fault.UNSIGNED)}),
            ("cut", "回答的 JSON 被截断", _NONE, {"result": Step(fault=Fault.CUT_SHORT)}),
            ("oversized", "回答超过 64 KiB", _NONE, {"result": Step(fault=Fault.OVERSIZED)}),
            ("redirect", "302 转到别处", _NONE, {"result": Step(status=302, fault=Fault.REDIRECT)}),
            ("open_down", "打开时一直 500", _CLOSED, {"opening": _DOWN}),
            (
                "open_hang",
                "打开时不回答（30 秒）",
                _CLOSED,
                {"opening": Step(status=500, error="internal", wait=HANG)},
            ),
            ("open_redirect", "打开时 302 转到别处", _CLOSED, {"opening": Step(status=302, fault=Fault.REDIRECT)}),
            ("open_elsewhere", "把人送到别的网站", _CLOSED, {"opens": {"url": "https://elsewhere.example/check"}}),
            (
                "open_both",
                "同时给出网址和 SDK 令牌",
                _CLOSED,
                {"opens": {"url": "http://localhost:8009/", "sdk_token": "both"}},
            ),
        )
    )
)
PASS = FINDINGS[0]
CHOICES = tuple(one for one in FINDINGS if one.opening is GOOD and not one.opens)
"""Those that can still be chosen when the page is open."""
_BY_NUMBER = {one.number: one for one in FINDINGS}
_BY_KEY = {one.key: one for one in CHOICES}


def finding_of(number: str) -> Finding | None:
    """The outcome of a magic ID number."""
    return _BY_NUMBER.get(number)


def chosen(key: str) -> Finding | None:
    """The outcome chosen on the page."""
    return _BY_KEY.get(key)
