"""The wording of every text message, in Chinese and English, and the parameters each one takes.

Always true: no text holds a link or a name, and a text is rendered only with exactly the parameters it declares.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from idp.messages.rules import SmsMessage

SIGN = "【通办】"
"""The sender's sign that Chinese carriers demand at the head of a text; it is registered once, for every language."""

CODE_LIFETIME = 300
NOTICE_LIFETIME = 24 * 3600

PARAMS: Mapping[str, re.Pattern[str]] = {
    "code": re.compile(r"[0-9]{4,8}"),
    "minutes": re.compile(r"[1-9][0-9]?"),
    "time": re.compile(r"[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}"),
    "tail": re.compile(r"[0-9]{4}"),
}
"""Every parameter there is, with its only form. ``time`` is month-day hour:minute, local; ``tail`` ends a number."""


class TemplateError(ValueError):
    """A caller's mistake: unknown template or other parameters than it declares. Names them, never their values."""


@dataclass(frozen=True, slots=True)
class Template:
    """One text in both languages. ``lifetime``: seconds after which it is no longer worth sending."""

    name: str
    zh: str
    en: str
    params: frozenset[str]
    lifetime: int


def _template(name: str, zh: str, en: str, *params: str, lifetime: int = NOTICE_LIFETIME) -> Template:
    return Template(name, SIGN + zh, SIGN + en, frozenset(params), lifetime)


def _code(name: str, zh: str, en: str) -> Template:
    return _template(name, zh, en, "code", "minutes", lifetime=CODE_LIFETIME)


TEMPLATES: Mapping[str, Template] = {
    template.name: template
    for template in (
        _code(
            "signin_code",
            "登录验证码 {code}，{minutes} 分钟内有效。工作人员不会索要，请勿告诉任何人。",
            "Sign-in code {code}, valid for {minutes} minutes. Our staff never ask for it. Do not share it.",
        ),
        _code(
            "register_code",
            "注册验证码 {code}，{minutes} 分钟内有效。如非本人操作，请忽略，勿告诉他人。",
            "Registration code {code}, valid for {minutes} minutes. Not you? Ignore this text and do not share it.",
        ),
        _code(
            "confirm_code",
            "您正在确认本人操作，验证码 {code}，{minutes} 分钟内有效。非本人操作请尽快修改密码。",
            "Code {code} confirms that it is you, valid for {minutes} minutes. Not you? Change your password soon.",
        ),
        _code(
            "entity_signin_code",
            "有人用单位密码登录并选择了您。验证码 {code}，{minutes} 分钟内有效，勿告诉他人。",
            "Sign-in by your entity's password, as you: code {code}, valid for {minutes} minutes. Do not share it.",
        ),
        _template(
            "password_changed",
            "您的密码已于 {time} 修改。如非本人操作，请立即用短信验证码登录并改回。",
            "Your password was changed on {time}. Not you? Sign in with a text code now and change it back.",
            "time",
        ),
        _template(
            "entity_contested",
            "{time} 另一人申请代表您所代表的单位，登记机关有其登记。如有疑问，请登录核对。",
            "On {time} another person claimed to represent an entity you represent. In doubt, sign in and look.",
            "time",
        ),
        _template(
            "entity_role_ended",
            "登记机关的登记已变更，您自 {time} 起不再代表一家单位。详情请登录查看。",
            "The register has changed: since {time} you no longer represent an entity. Sign in for details.",
            "time",
        ),
        _template(
            "password_locked",
            "密码多次输错，密码登录已暂停至 {time}。期间可用短信验证码登录。",
            "Too many wrong passwords: password sign-in is paused until {time}. You can sign in with a text code.",
            "time",
        ),
        _template(
            "entity_password_locked",
            "您代表的单位的密码多次输错，已暂停至 {time}。您本人的登录不受影响。",
            "Too many wrong passwords for an entity you represent: paused until {time}. Your own sign-in goes on.",
            "time",
        ),
        _template(
            "session_ended_elsewhere",
            "您在另一台设备上的登录已于 {time} 退出。如非本人操作，请登录查看账户动态。",
            "You were signed out on another device on {time}. Not you? Sign in and look at your activity.",
            "time",
        ),
        _template(
            "phone_bound",
            "本号码已于 {time} 成为一个账户的登录手机号。如非本人操作，请联系服务热线。",
            "This number became the sign-in phone of an account on {time}. Not you? Call the service line.",
            "time",
        ),
        _template(
            "phone_replaced",
            "您的登录手机号已于 {time} 改为尾号 {tail}。如非本人操作，请联系服务热线。",
            "Your sign-in phone now ends in {tail}, changed on {time}. Not you? Call the service line.",
            "time",
            "tail",
        ),
    )
}


def render(name: str, *, locale: str, params: Mapping[str, str]) -> str:
    """The text of template ``name``: Chinese, or English for an ``en…`` locale. Raises ``TemplateError``."""
    template = TEMPLATES.get(name)
    if template is None:
        raise TemplateError(f"no template {name!r}")
    if params.keys() != template.params:
        wrong = ", ".join(sorted(params.keys() ^ template.params))
        raise TemplateError(f"template {name!r}: missing or unknown parameters: {wrong}")
    for param, value in params.items():
        if not PARAMS[param].fullmatch(value):
            raise TemplateError(f"template {name!r}: parameter {param!r} has not its form")
    return (template.en if locale.startswith("en") else template.zh).format_map(params)


def compose(*, message_id: str, to: str, template: str, params: Mapping[str, str], locale: str) -> SmsMessage:
    """The message that carries template ``template`` to ``to`` (E.164). Raises ``TemplateError``."""
    text = render(template, locale=locale, params=params)
    tag = "en" if locale.startswith("en") else "zh-CN"
    return SmsMessage(message_id=message_id, to=to, template=template, params=dict(params), text=text, locale=tag)
