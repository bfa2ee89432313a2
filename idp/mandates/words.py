"""Kinds, actions, steps and states of mandates in the words of pages.

Always true: every member of the enumerations has one.
"""

from collections.abc import Mapping

from flask_babel import LazyString
from flask_babel import lazy_gettext as _

from idp.mandates.granting import Footing
from idp.mandates.rules import Kind, Mandate, Side, State
from idp.mandates.scopes import Action
from idp.mandates.signing import SigningRule
from idp.web.reasons import method_word
from idp.web.words.mandates import STATES

KINDS: Mapping[Kind, LazyString] = {
    Kind.ADMINISTRATOR: _("授权管理员"),
    Kind.DELEGATED: _("委托办理"),
    Kind.PERSONAL: _("亲友代办"),
    Kind.STATUTORY: _("法定监护"),
    Kind.EMPLOYMENT: _("工作人员授权"),
    Kind.ASSISTED: _("窗口协助办理"),
}
ACTIONS: Mapping[Action, LazyString] = {
    Action.VIEW: _("查看资料和进度"),
    Action.DRAFT: _("填写，暂不提交"),
    Action.SUBMIT: _("提交申请或申报"),
    Action.SIGN: _("代为签署文书"),
    Action.PAY: _("缴费、缴税"),
    Action.COLLECT: _("领取证照和材料"),
    Action.MANAGE: _("管理授权"),
}
STEPS: Mapping[str, LazyString] = {
    "request": _("请求授权"),
    "draw": _("拟定并签署"),
    "signature": _("已签署"),
    "sign": _("签署完毕，送受托方"),
    "accept": _("接受"),
    "decline": _("已谢绝"),
    "freeze": _("冻结"),
    "unfreeze": _("已解冻"),
    "revoke": _("已收回"),
    "renounce": _("已放弃"),
    "expire": _("到期"),
    "supersede": _("被新授权替换"),
    "invalidate": _("依据的登记或原授权已变化，失效"),
}
SIDES: Mapping[str, LazyString] = {Side.PRINCIPAL: _("授权方"), Side.AGENT: _("受托方")}
FOOTINGS: Mapping[Footing, LazyString] = {
    Footing.OWN: _("本人"),
    Footing.REPRESENTATIVE: _("法定代表人或负责人"),
    Footing.ADMINISTRATOR: _("授权管理员"),
}
RULES: Mapping[SigningRule, tuple[LazyString, LazyString]] = {
    SigningRule.ALONE: (_("一人签署"), _("法定代表人或授权管理员一人签署即可。")),
    SigningRule.ANY_TWO: (_("任意两人签署"), _("法定代表人和授权管理员中任意两人都签署后才成立。")),
    SigningRule.WITH_ADMINISTRATOR: (_("代表人和管理员共同签署"), _("法定代表人和一名授权管理员都签署后才成立。")),
}
USES: Mapping[str, LazyString] = {"data": _("查看资料"), "token": _("办理")}
RELEASED: Mapping[str, LazyString] = {
    "name": _("名称或姓名"),
    "uscc": _("统一社会信用代码"),
    "entity_type": _("单位类型"),
    "status": _("登记状态"),
    "el": _("单位认证等级"),
    "id_document": _("证件信息"),
    "phone": _("手机号（部分隐去）"),
    "birthdate": _("出生年份"),
    "ial": _("实名等级"),
}
GROUP_WORDS: Mapping[str, LazyString] = {
    "all": _("全部"),
    "open": _("等待中"),
    "active": _("有效的"),
    "suspended": _("已冻结的"),
    "ended": _("已结束的"),
}
_OVER = STATES["expired"]
_NOT_YET = _("已接受，尚未生效")
_FOR_YOU = _("待您接受")
_BY_CERTIFICATE = _("数字证书签名")


def state_word(mandate: Mandate, side: Side, *, now: int) -> LazyString:
    """Its state as one side reads it now; a day that has passed counts before anybody has noted it."""
    if mandate.state in (State.ACTIVE, State.SUSPENDED) and now >= mandate.valid_to:
        return _OVER
    if mandate.state is State.ACTIVE and not mandate.in_force(now=now):
        return _NOT_YET
    if mandate.state is State.PENDING_ACCEPTANCE and side is Side.AGENT:
        return _FOR_YOU
    return STATES[mandate.state]


def use_word(what: str) -> LazyString:
    return USES.get(what.split(" ")[0], USES["token"])


def signed_by(method: str, signature_id: str | None) -> LazyString | str:
    """How a signature was confirmed, in words. ``signature_id``: of the kept one over the text; by a certificate that
    only signed them in, the text was not signed.
    """
    return _BY_CERTIFICATE if signature_id else method_word(method)
