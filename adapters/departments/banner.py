"""Owns how a page says for whom the person acts, in Chinese and English, for any template engine.

Pure. Always true: while somebody acts for somebody else, there is a banner; its forms lead to the kit's own switch.
"""

from __future__ import annotations

from dataclasses import dataclass
from html import escape

from adapters.departments.representing import SELECT, SELF, Acting

_WORDS = {
    "zh": ("您正在代 {} 办理", "他人", "代为办理", "切换", "以本人身份办理"),
    "en": ("You are acting for {}", "somebody else", "Acting for somebody else", "Switch", "Act for myself"),
}
_STATUSES = {
    "not_allowed": (
        "这项代办授权现在不能使用：可能已被冻结、尚未生效，或者您的认证等级不够。",
        "This mandate cannot be used now: it may be frozen, not yet in force, or need a higher level of yours.",
    ),
    "expired_in_session": (
        "这项代办授权已经结束。您仍以本人身份登录。",
        "This mandate has ended. You are still signed in as yourself.",
    ),
    "register_unavailable": (
        "登记信息暂时无法核对，请稍后再试。",
        "The register cannot be asked at the moment. Please try again later.",
    ),
    "approval_pending": ("这项代办还在等待对方确认。", "This still waits for the other party's confirmation."),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Banner:
    """For whom the person acts: `text` in a line, and two buttons that post to `action`.

    The form has `next` (`target`) and `represent`, which is `select` for `switch` and `self` for `myself`.
    powerless: they have chosen somebody for whom they may not act at this moment; `text` then says so.
    """

    language: str
    text: str
    label: str
    switch: str
    myself: str
    action: str
    target: str
    powerless: bool

    def __html__(self) -> str:
        """The banner as HTML, which Jinja and Django put into a page as it is; a style of one's own goes by class."""
        kind = "acting-banner acting-powerless" if self.powerless else "acting-banner"
        return (
            f'<section class="{kind}" aria-label="{escape(self.label)}" lang="{_LANG[self.language]}">'
            f'<form method="post" action="{escape(self.action)}"><p>{escape(self.text)}</p>'
            f'<input type="hidden" name="next" value="{escape(self.target)}">'
            f'<button name="represent" value="{SELECT}">{escape(self.switch)}</button> '
            f'<button name="represent" value="{SELF}">{escape(self.myself)}</button></form></section>'
        )


_LANG = {"zh": "zh-CN", "en": "en"}


def banner_of(acting: Acting, language: str, *, action: str, target: str) -> Banner | None:
    """The banner over a page at `target`; None while the person acts for themselves.

    language: "zh" or "en". action: address of the switch.
    """
    if acting.status is None:
        return None
    line, unnamed, label, switch, myself = _WORDS[language]
    text = status_text(acting.status, language) if acting.powerless else line.format(acting.name or unnamed)
    return Banner(language, text, label, switch, myself, action, target, acting.powerless)


def status_text(status: str | None, language: str) -> str:
    """What a `represented_status` other than `current` means, in words."""
    return _STATUSES.get(status or "", _STATUSES["not_allowed"])[language == "en"]


def for_oneself(language: str) -> str:
    """The words of the way back to oneself."""
    return _WORDS[language][4]
