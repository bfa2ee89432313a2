"""The wording of every text message, in Chinese and English, and the parameters each one takes.

Always true: no text holds a link or a person's name, and a text is rendered only with exactly the parameters it
declares.
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
    "date": re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}"),
    "reference": re.compile(r"[0-9]{12}"),
    "stop": re.compile(r"[0-9]{8}"),
    "office": re.compile(r"[^\s{}<>:/.@][^\n\r\t{}<>:/.@]{0,79}"),
    "matters": re.compile(r"[^\s{}<>:/.@][^\n\r\t{}<>:/.@]{0,399}"),
}
"""Every parameter there is, with its only form. ``time`` is month-day hour:minute, local; ``tail`` ends a number;
``reference`` is the number of a request, ``stop`` the code by which its wrong approval is stopped; ``office`` is the
public name of an organ and its counter, ``matters`` are public names of services."""


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
            "recover_code",
            "找回密码验证码 {code}，{minutes} 分钟内有效。如非本人操作，请忽略，切勿告诉任何人。",
            "Code {code} to set a new password, valid for {minutes} minutes. Not you? Ignore it and do not share it.",
        ),
        _code(
            "activate_code",
            "激活账户验证码 {code}，{minutes} 分钟内有效。如非本人操作，请忽略，切勿告诉任何人。",
            "Activation code {code}, valid for {minutes} minutes. Not you? Ignore this text and do not share it.",
        ),
        _code(
            "bind_code",
            "绑定手机号验证码 {code}，{minutes} 分钟内有效。如非本人操作，请忽略，勿告诉他人。",
            "Code {code} to use this phone for an account, valid for {minutes} minutes. Not you? Ignore this text.",
        ),
        _code(
            "entity_signin_code",
            "有人用单位密码或证书登录并选择了您。验证码 {code}，{minutes} 分钟内有效，勿告诉他人。",
            "Sign-in for your entity, as you: code {code}, valid for {minutes} minutes. Do not share it.",
        ),
        _template(
            "assisted_code",
            "{office}请您确认代办：{matters}。同意就把验证码 {code} 告诉工作人员，"
            "{minutes} 分钟内有效；不同意请勿告诉任何人。",
            "{office} asks you to agree that its staff handle for you: {matters}. If you do, tell them the code"
            " {code}, valid for {minutes} minutes; if not, tell nobody.",
            "office",
            "matters",
            "code",
            "minutes",
            lifetime=600,
        ),
        _template(
            "assisted_begun",
            "{office}替您办理：{matters}，至 {time}。未同意？"
            "在“窗口代办异议”填编号 {reference}、验证码 {code} 停办。",
            "{office} now handles for you: {matters}, until {time}. Not agreed? On this site under Object to assisted"
            " handling enter number {reference} and code {code}: it stops at once.",
            "office",
            "matters",
            "time",
            "reference",
            "code",
        ),
        _template(
            "assisted_concluded",
            "{office}已于 {time} 办结替您办理的：{matters}。如有异议，用开始时短信里的编号和验证码提出，或登录查看。",
            "On {time} {office} concluded what it handled for you: {matters}. To object use number and code of the"
            " earlier text, or sign in.",
            "office",
            "matters",
            "time",
        ),
        _template(
            "assisted_stopped",
            "您对窗口代办提出的异议已于 {time} 收到，代办已停止，窗口不能再替您办理。",
            "Your objection to assisted handling was received on {time}. It is stopped; the counter can no longer act"
            " for you.",
            "time",
        ),
        _template(
            "password_changed",
            "您的密码已于 {time} 修改。如非本人操作，请立即用短信验证码登录并改回。",
            "Your password was changed on {time}. Not you? Sign in with a text code now and change it back.",
            "time",
        ),
        _template(
            "password_reset",
            "您的密码已于 {time} 通过短信验证码重设，各设备已退出登录。如非本人操作，请立即联系服务热线。",
            "A text code set a new password on {time}; all devices are signed out. Not you? Call the service line.",
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
            "mandate_requested",
            "{time} 有人请求代您或您所代表的单位办理事项，尚未生效。请登录“我的授权”查看，同意或拒绝。",
            "On {time} somebody asked to act for you or your entity. Nothing is given yet: sign in to answer.",
            "time",
        ),
        _template(
            "mandate_to_sign",
            "{time} 单位有一份授权等您签署，签齐后生效。请登录“我的授权”查看；不认可的，不必处理。",
            "On {time} a mandate of your entity waits for your signature. Sign in under Mandates to read it first.",
            "time",
        ),
        _template(
            "rule_to_sign",
            "{time} 单位的授权签署规则有改动等您同意，同意后生效。请登录“我的授权”查看；不认可的，可以在那里取消。",
            "On {time} a change of your entity's signing rule waits for you. Sign in to agree or drop it.",
            "time",
        ),
        _template(
            "mandate_offered",
            "{time} 有人授权您代为办理事项，接受后生效，逾期未接受则作废。请登录“我的授权”查看。",
            "On {time} somebody gave you a mandate. It counts once you accept it and lapses if you do not: sign in.",
            "time",
        ),
        _template(
            "mandate_accepted",
            "您给出的授权已于 {time} 被接受。如非本人所为，请登录“我的授权”冻结或收回。",
            "A mandate you gave was accepted on {time}. Not you? Sign in to freeze it or take it back.",
            "time",
        ),
        _template(
            "mandate_declined",
            "您的授权或请求已于 {time} 被谢绝。详情请登录“我的授权”查看。",
            "Your mandate or request was declined on {time}. Sign in under Mandates for details.",
            "time",
        ),
        _template(
            "mandate_frozen",
            "一份给您的授权已于 {time} 被冻结，暂不能再以此代办。详情请登录查看。",
            "A mandate given to you was frozen on {time}: it cannot be used for now. Sign in for details.",
            "time",
        ),
        _template(
            "mandate_unfrozen",
            "一份给您的授权已于 {time} 解除冻结。详情请登录查看。",
            "A mandate given to you was released on {time}. Sign in for details.",
            "time",
        ),
        _template(
            "mandate_ended",
            "一份给您的授权已于 {time} 终止，不能再以此代办。详情请登录查看。",
            "A mandate given to you ended on {time} and can no longer be used. Sign in for details.",
            "time",
        ),
        _template(
            "mandate_void",
            "您给出的一份授权已于 {time} 失效：受托方已注销、去世或被登记机关注销。详情请登录查看。",
            "A mandate you gave has ended on {time}: its agent is no longer there. Sign in for details.",
            "time",
        ),
        _template(
            "mandate_ends",
            "一份您给出或持有的授权将于 {time} 到期。如需继续，请登录“我的授权”续期。",
            "A mandate you gave or hold ends on {time}. To go on with it, sign in and renew it.",
            "time",
        ),
        _template(
            "guardianship_recorded",
            "{time} 已登记一份与您有关的监护授权。如有异议，请登录“我的授权”查看并提出。",
            "On {time} a guardianship that concerns you was recorded. Sign in to see it, or to object.",
            "time",
        ),
        _template(
            "mandate_laid_down",
            "您给出的一份授权已于 {time} 由受托方放弃。详情请登录查看。",
            "A mandate you gave was laid down by its agent on {time}. Sign in for details.",
            "time",
        ),
        _template(
            "password_locked",
            "密码多次输错，密码登录已暂停至 {time}。期间可用短信验证码登录。",
            "Too many wrong passwords: password sign-in is paused until {time}. You can sign in with a text code.",
            "time",
        ),
        _template(
            "totp_locked",
            "验证器的数字多次输错，已暂停使用至 {time}。如非本人操作，请尽快修改密码。",
            "Too many wrong authenticator digits: paused until {time}. Not you? Change your password soon.",
            "time",
        ),
        _template(
            "recovery_code_locked",
            "备用码多次输错，已暂停使用至 {time}。如非本人操作，请尽快修改密码。",
            "Too many wrong recovery codes: paused until {time}. Not you? Change your password soon.",
            "time",
        ),
        _template(
            "totp_added",
            "您的账户已于 {time} 添加验证器。如非本人操作，请立即登录移除并修改密码。",
            "An authenticator app was added to your account on {time}. Not you? Remove it and change your password.",
            "time",
        ),
        _template(
            "totp_removed",
            "您的账户已于 {time} 移除验证器。如非本人操作，请立即登录查看并修改密码。",
            "Your account's authenticator app was removed on {time}. Not you? Sign in and change your password.",
            "time",
        ),
        _template(
            "passkey_added",
            "您的账户已于 {time} 添加一个通行密钥。如非本人操作，请立即登录移除并修改密码。",
            "A passkey was added to your account on {time}. Not you? Remove it and change your password.",
            "time",
        ),
        _template(
            "passkey_removed",
            "您的账户已于 {time} 移除一个通行密钥。如非本人操作，请立即登录查看并修改密码。",
            "A passkey of your account was removed on {time}. Not you? Sign in and change your password.",
            "time",
        ),
        _template(
            "recovery_codes_made",
            "您的账户已于 {time} 生成新的备用码，原有的全部作废。如非本人操作，请立即登录并修改密码。",
            "New recovery codes were made on {time}; the old ones are void. Not you? Change your password.",
            "time",
        ),
        _template(
            "recovery_codes_removed",
            "您的账户已于 {time} 移除全部备用码。如非本人操作，请立即登录查看并修改密码。",
            "Your account's recovery codes were removed on {time}. Not you? Sign in and change your password.",
            "time",
        ),
        _template(
            "recovery_code_used",
            "您的账户已于 {time} 使用一个备用码确认身份。如非本人操作，请立即登录并修改密码。",
            "A recovery code of your account was used on {time}. Not you? Sign in and change your password.",
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
            "signin_disowned",
            "您已于 {time} 报告有人冒用账户：所有设备已退出，密码已停用。请用短信验证码登录后设置新密码。",
            "You reported a sign-in that was not you on {time}. All devices are signed out and the password is off:"
            " sign in with a text code and set a new one.",
            "time",
        ),
        _template(
            "account_closing",
            "您的账户将于 {time} 注销。如非本人操作或改变主意，请在此之前登录“我的账户”选择保留。",
            "Your account will be closed on {time}. Not you, or changed your mind? Sign in before then and keep it.",
            "time",
        ),
        _template(
            "account_kept",
            "您已于 {time} 取消注销，账户继续有效。如非本人操作，请立即修改密码。",
            "On {time} closing your account was called off; it goes on. Not you? Change your password now.",
            "time",
        ),
        _template(
            "account_closed",
            "您的账户已于 {time} 注销，登录信息和个人资料已删除。感谢您的使用。",
            "Your account was closed on {time}; sign-in details and profile have been deleted. Thank you.",
            "time",
        ),
        _template(
            "dispute_answered",
            "您提交的异议已有答复，请登录“我的账户”查看。",
            "Your dispute has been answered. Sign in to your account to read the answer.",
        ),
        _template(
            "review_approved",
            "您的实名人工审核已于 {time} 通过，照片已删除。如非本人操作，请联系服务热线。",
            "A review confirmed your identity on {time}; the photos are deleted. Not you? Call the service line.",
            "time",
        ),
        _template(
            "review_rejected",
            "您的实名人工审核已于 {time} 办结，未通过，照片已删除。原因和其他办法请登录查看。",
            "The review of {time} did not confirm your identity; the photos are deleted. Sign in to read why and what"
            " else you can do.",
            "time",
        ),
        _template(
            "review_lapsed",
            "您的实名人工审核逾期未办结，照片已于 {time} 删除，请登录后重新提交。给您带来不便，深表歉意。",
            "Your review was not decided in time; the photos were deleted on {time}. We are sorry: please sign in and"
            " send them again.",
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
        _template(
            "recovery_approved",
            "您的找回申请 {reference} 已批准。请在 7 天内从登录页进入“找回密码”“这些方式都不能用”，设置新密码。",
            "Your request {reference} was approved. Set a new password within 7 days: sign-in page,"
            " 'Forgotten password', 'None of these ways'.",
            "reference",
        ),
        _template(
            "recovery_rejected",
            "您的找回申请 {reference} 已办结，未能确认您的身份。您可以带上身份证件到政务服务窗口办理。",
            "Your request {reference} is closed: we could not confirm who you are. You can come to a service counter"
            " with your document.",
            "reference",
        ),
        _template(
            "recovery_notice",
            "您的账户经人工核验，改用尾号 {tail} 的手机找回。非本人申请，请到“找回密码”"
            "选“不是我申请的”，输入 {stop}。",
            "Staff let the phone ending in {tail} recover your account. Not you? Go to 'Forgotten password', 'I did"
            " not ask for this' and enter {stop}.",
            "tail",
            "stop",
        ),
        _template(
            "account_activated",
            "您在原平台的账户已于 {time} 经人脸核验激活。如非本人操作，请立即联系服务热线。",
            "Your old account was activated on {time} by a face check. Not you? Call the service line.",
            "time",
        ),
        _template(
            "account_joined",
            "您在原平台的账户已于 {time} 并入您本人的账户。如非本人办理，请立即联系服务热线。",
            "On {time} your old account was joined to your own account. Not you? Call the service line.",
            "time",
        ),
        _template(
            "activation_notice",
            "您在原平台的账户经人脸核验激活，改用尾号 {tail} 的手机。非本人操作，请到“找回密码”选“不是我申请的”，"
            "输入 {stop}。",
            "Your old account was activated by a face check and the phone ending in {tail}. Not you? Go to 'Forgotten"
            " password', 'I did not ask for this' and enter {stop}.",
            "tail",
            "stop",
        ),
        _template(
            "account_suspended",
            "您的账户已于 {time} 暂停使用，所有登录均已退出。如有疑问，请联系服务热线。",
            "Your account was suspended on {time} and signed out everywhere. Questions? Call the service line.",
            "time",
        ),
        _template(
            "account_restored",
            "您的账户已于 {time} 恢复使用，可以重新登录。如有疑问，请联系服务热线。",
            "Your account was restored on {time}; you can sign in again. Questions? Call the service line.",
            "time",
        ),
        _template(
            "password_ended",
            "工作人员已于 {time} 停用您的密码，所有登录均已退出。请设置新密码，也可用短信验证码登录。",
            "Staff ended your password on {time}; you are signed out. Set a new one, or sign in with a text code.",
            "time",
        ),
        _template(
            "signed_out_by_staff",
            "工作人员已于 {time} 退出您账户的全部登录，可以重新登录。如有疑问，请联系服务热线。",
            "Staff signed your account out everywhere on {time}; you can sign in again. Questions? Call us.",
            "time",
        ),
        _template(
            "counter_proofed",
            "您的证件已于 {time} 在政务服务窗口当面核验，并登记到您的账户。如非本人办理，请立即联系服务热线。",
            "On {time} a service counter examined your document and recorded it for your account. Not you? Call us.",
            "time",
        ),
        _template(
            "proofing_ended",
            "您的实名核验已于 {time} 失效，请登录后重新核验。如有疑问，请联系服务热线。",
            "The check of your identity ended on {time}. Sign in and have it checked again.",
            "time",
        ),
        _template(
            "certificate_bound",
            "您的账户已于 {time} 绑定一张数字证书，可以用它登录。如非本人操作，请立即登录解除绑定。",
            "A certificate that can sign in was bound to your account on {time}. Not you? Sign in and unbind it now.",
            "time",
        ),
        _template(
            "certificate_unbound",
            "您的账户已于 {time} 解除一张数字证书的绑定。如非本人操作，请立即修改密码。",
            "A certificate was unbound from your account on {time}. Not you? Change your password now.",
            "time",
        ),
        _template(
            "entity_certificate_bound",
            "您代表的单位已于 {time} 绑定一张单位证书。如有疑问，请登录核对。",
            "On {time} a certificate was bound to an entity you represent. In doubt, sign in and look.",
            "time",
        ),
        _template(
            "entity_certificate_unbound",
            "您代表的单位已于 {time} 解除一张单位证书的绑定。如有疑问，请登录核对。",
            "On {time} a certificate of an entity you represent was unbound. In doubt, sign in and look.",
            "time",
        ),
        _template(
            "certificate_ends",
            "您绑定的数字证书有效期至 {date}，之后不能再用它登录和证明身份。请更新证书，再登录更换。",
            "The certificate you have bound is valid until {date}. After that it neither signs in nor proves who you"
            " are: renew it in time.",
            "date",
        ),
        _template(
            "certificate_revoked",
            "您绑定的数字证书已被发证机构吊销，绑定已解除，用它登录的设备已退出。",
            "The certificate you have bound was revoked by its issuer. It is unbound, and what it signed in is signed"
            " out.",
        ),
        _template(
            "identity_ends",
            "您的实名核验有效期至 {date}，之后实名等级会降低，部分事项将不能办理。请登录“我的账户”重新核验。",
            "Your identity check is valid until {date}; after that some services will be closed to you. Sign in and"
            " renew it in my account.",
            "date",
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
