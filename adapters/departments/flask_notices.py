"""Owns what the kit itself says to people: short notices in Chinese and English, never the provider's raw words."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from flask import render_template
from flask.typing import ResponseReturnValue

from adapters.departments.banner import Banner, for_oneself, status_text
from adapters.departments.errors import (
    DepartmentError,
    InvalidCallback,
    InvalidToken,
    ProviderRefused,
    SessionEnded,
    TokenFault,
)
from adapters.departments.levels import NOTHING, Demand


class NoticeKind(StrEnum):
    """What happened."""

    CANCELLED = "cancelled"
    LEVEL = "level"
    UNAVAILABLE = "unavailable"
    STALE = "stale"
    REFUSED = "refused"
    SIGN_IN_AGAIN = "sign_in_again"
    FOREIGN_FORM = "foreign_form"
    CONFIRM_LOGOUT = "confirm_logout"
    SIGNED_OUT = "signed_out"
    SIGNED_OUT_HERE = "signed_out_here"
    ACTING = "acting"
    POWER = "power"


@dataclass(frozen=True, slots=True)
class Notice:
    """One page to show. `action` is where its button leads; for CONFIRM_LOGOUT the button posts a form there.

    reference: number that also stands in the log; None where nothing went wrong.
    language: "zh" or "en", the language of the texts.
    asked: what the page the person wanted demands.
    represented_status: what has become of acting for somebody else; `switch` is where a form with `represent`
    (`self`) and `next` (`target`) is posted to end it. banner: for whom the person acts.
    """

    kind: NoticeKind
    language: str
    action: str
    home: str
    reference: str | None = None
    asked: Demand = NOTHING
    represented_status: str | None = None
    switch: str = ""
    target: str = "/"
    banner: Banner | None = None

    @property
    def status(self) -> int:
        """The HTTP status of the page."""
        return _STATUS.get(self.kind, 200)

    @property
    def title(self) -> str:
        return _TEXTS[self.kind][self.language][0]

    @property
    def text(self) -> str:
        if self.kind is NoticeKind.ACTING:
            return status_text(self.represented_status, self.language)
        return _TEXTS[self.kind][self.language][1]

    @property
    def button(self) -> str:
        return _TEXTS[self.kind][self.language][2]

    @property
    def for_oneself(self) -> str:
        """The words of a second way on, a form to `switch`; empty where there is none."""
        return for_oneself(self.language) if self.kind in (NoticeKind.ACTING, NoticeKind.POWER) else ""

    @property
    def needs(self) -> str:
        """What the matter needs, in words; empty when that is not what the notice is about."""
        return needs(self.asked, self.language) if self.kind is NoticeKind.LEVEL else ""


_STATUS = {
    NoticeKind.CANCELLED: 403,
    NoticeKind.LEVEL: 403,
    NoticeKind.UNAVAILABLE: 503,
    NoticeKind.STALE: 400,
    NoticeKind.REFUSED: 400,
    NoticeKind.SIGN_IN_AGAIN: 401,
    NoticeKind.FOREIGN_FORM: 403,
    NoticeKind.ACTING: 403,
    NoticeKind.POWER: 403,
}

_TEXTS: dict[NoticeKind, dict[str, tuple[str, str, str]]] = {
    NoticeKind.CANCELLED: {
        "zh": ("登录未完成", "您取消了登录，或没有同意本应用的请求。没有任何信息被提供给本应用。", "重新登录"),
        "en": ("Sign-in was not completed", "You cancelled, or did not agree to what this app asked for. "
               "Nothing was shared with this app.", "Sign in again"),
    },
    NoticeKind.LEVEL: {
        "zh": ("需要更高的认证等级", "办理此事项需要更高的实名或认证等级。您可以再试一次，按提示完成认证。",
               "再试一次"),
        "en": ("A higher level is needed", "This matter needs a higher identity or sign-in level. "
               "You can try again and follow the steps shown.", "Try again"),
    },
    NoticeKind.UNAVAILABLE: {
        "zh": ("登录服务暂时不可用", "统一身份认证暂时没有应答。您的信息没有丢失，请稍后再试。", "再试一次"),
        "en": ("Sign-in is not available right now", "The identity service did not answer. "
               "Nothing is lost; please try again in a moment.", "Try again"),
    },
    NoticeKind.STALE: {
        "zh": ("这次登录已失效", "这一页已经用过、等待过久，或来自另一个浏览器。请重新登录。", "重新登录"),
        "en": ("This sign-in is no longer valid", "The page was used before, waited too long, "
               "or comes from another browser. Please sign in again.", "Sign in again"),
    },
    NoticeKind.REFUSED: {
        "zh": ("登录没有成功", "统一身份认证没有接受本应用的请求。若再次出现，请把下面的编号告诉我们。", "再试一次"),
        "en": ("Sign-in did not succeed", "The identity service did not accept this app's request. "
               "If it happens again, please tell us the number below.", "Try again"),
    },
    NoticeKind.SIGN_IN_AGAIN: {
        "zh": ("请重新登录", "您的登录已结束，刚才的操作没有提交。", "登录"),
        "en": ("Please sign in again", "Your sign-in has ended. What you just sent was not submitted.", "Sign in"),
    },
    NoticeKind.FOREIGN_FORM: {
        "zh": ("操作没有执行", "这个请求不是从本应用的页面发出的，因此没有执行。", "返回首页"),
        "en": ("Nothing was done", "The request did not come from a page of this app, so it was not carried out.",
               "Back to the start page"),
    },
    NoticeKind.CONFIRM_LOGOUT: {
        "zh": ("退出登录？", "退出后，通过统一身份认证登录的其他应用也会一并退出。", "退出登录"),
        "en": ("Sign out?", "You will also be signed out of the other apps that use the same sign-in.", "Sign out"),
    },
    NoticeKind.SIGNED_OUT: {
        "zh": ("您已退出登录", "统一身份认证以及通过它登录的应用都已退出。现在可以放心离开。", "重新登录"),
        "en": ("You are signed out", "You are signed out of the identity service and of the apps that use it. "
               "You can safely leave now.", "Sign in again"),
    },
    NoticeKind.SIGNED_OUT_HERE: {
        "zh": ("您没有登录本应用", "如需使用，请重新登录。", "登录"),
        "en": ("You are not signed in here", "Sign in to use this app.", "Sign in"),
    },
    NoticeKind.ACTING: {
        "zh": ("现在不能代为办理", "", "重新选择代谁办理"),
        "en": ("You cannot act for them now", "", "Choose again whom to act for"),
    },
    NoticeKind.POWER: {
        "zh": ("没有办理此事项的权限", "您选择的身份不能办理此事项。您可以换一个身份，或以本人身份办理其他事项。",
               "重新选择代谁办理"),
        "en": ("This is not covered", "What you have chosen does not cover this matter. You can choose somebody else "
               "to act for, or act for yourself in other matters.", "Choose again whom to act for"),
    },
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Words:
    """What a demand is made of, in one language; `ial` and `aal` by level, from 1."""

    ial: tuple[str, str, str, str]
    aal: tuple[str, str, str]
    fresh: str
    other: str
    both: str
    either: str
    whole: str


_NEEDS = {
    "zh": _Words(
        ial=("已注册的账户", "核验过姓名和证件号码", "人脸实人认证", "数字证书或窗口认证"),
        aal=("登录", "用两种方式登录", "用通行密钥或证书登录"),
        fresh="刚刚重新登录",
        other="更高的认证等级",
        both="，并且",
        either="；或者",
        whole="需要：{}。",
    ),
    "en": _Words(
        ial=(
            "a registered account",
            "a checked name and document number",
            "a face check",
            "a certificate or a check at a counter",
        ),
        aal=("a sign-in", "a sign-in in two ways", "a sign-in by passkey or certificate"),
        fresh="a recent sign-in",
        other="a higher level",
        both=", and ",
        either="; or ",
        whole="Needed: {}.",
    ),
}


def needs(asked: Demand, language: str) -> str:
    """A demand in words ("zh" or "en"), such as "Needed: a sign-in in two ways."; empty if there is none."""
    words = _NEEDS[language]
    alternatives = dict.fromkeys(_in_words(*level, words) for level in asked.levels())
    found = [words.either.join(alternatives)] if alternatives else []
    if asked.max_age is not None:
        found.append(words.fresh)
    return words.whole.format(words.both.join(found)) if found else ""


def _in_words(ial: int, aal: int, words: _Words) -> str:
    parts = [words.ial[ial - 1]] if ial else []
    parts += [words.aal[aal - 1]] if aal else []
    return words.both.join(parts) or words.other


_BY_ERROR = {
    "access_denied": NoticeKind.CANCELLED,
    "login_required": NoticeKind.CANCELLED,
    "interaction_required": NoticeKind.CANCELLED,
    "consent_required": NoticeKind.CANCELLED,
    "account_selection_required": NoticeKind.CANCELLED,
    "temporarily_unavailable": NoticeKind.UNAVAILABLE,
    "server_error": NoticeKind.UNAVAILABLE,
    "unmet_authentication_requirements": NoticeKind.LEVEL,
    "invalid_grant": NoticeKind.STALE,
}


def kind_of(error: DepartmentError) -> NoticeKind:
    """What to tell the person about a failed sign-in."""
    match error:
        case ProviderRefused():
            return _BY_ERROR.get(error.error, NoticeKind.REFUSED)
        case InvalidToken(reason=TokenFault.LEVEL | TokenFault.AUTH_TIME):
            return NoticeKind.LEVEL
        case InvalidToken() | InvalidCallback():
            return NoticeKind.REFUSED
        case SessionEnded():
            return NoticeKind.STALE
        case _:
            return NoticeKind.UNAVAILABLE


def plain_page(notice: Notice) -> ResponseReturnValue:
    """The kit's own page: unstyled, so that it needs no exception in any content security policy."""
    return render_template("departments/notice.html", notice=notice), notice.status
