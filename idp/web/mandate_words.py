"""Sentences and words about mandates: why one was not given, what happened to one, in which state it is.

Always true: joined into the one table of `idp.web.reasons`, which is where they are looked up.
"""

from collections.abc import Mapping

from flask_babel import LazyString
from flask_babel import lazy_gettext as _

MANDATE_SENTENCES: Mapping[str, LazyString] = {
    "mandate_self": _("不能授权给自己，也不能由自己决定给自己的授权"),
    "mandate_cycle": _("受托方不能是这项委托原来的授权方"),
    "mandate_not_grantor": _("您不是授权方本人、法定代表人或授权管理员，不能给出这项授权"),
    "mandate_principal_kind": _("这类事项不能由这类主体授权"),
    "mandate_agent_kind": _("这类事项不能授权给这类受托方"),
    "mandate_theme_unknown": _("没有这类事项，或这类事项已停止授权"),
    "mandate_grantor_level": _("给出这项授权需要更高的实名等级，请先提升实名等级"),
    "mandate_agent_level": _("接受这项授权需要更高的实名等级，请先提升实名等级"),
    "mandate_scope_empty": _("请至少选择一个办理事项和一种操作"),
    "mandate_scope_beyond": _("所选内容超出了您可以授权的范围"),
    "mandate_term": _("起止日期有误，或超过这类事项可授权的最长期限"),
    "mandate_not_delegable": _("这项授权不可转委托，或原授权当前不在生效状态"),
    "mandate_third_link": _("最多两级委托：受托机构只能授权给自己的人员，人员不能再转委托"),
    "mandate_too_many": _("您授权的亲友人数已达上限，请先收回不再需要的授权"),
    "mandate_held": _("账户刚找回或刚换用新手机号，暂时不能办理授权"),
    "mandate_acting": _("您正在代他人办事，不能以此管理对方的授权。请先切换回本人"),
    "mandate_for_another": _("这项授权不是给您的，不能由您办理"),
    "mandate_state": _("授权的状态或内容刚有变化，请重新查看后再操作"),
    "guardian_paper_missing": _("请写明依据的文书或登记机关"),
    "mandate_signers_missing": _("单位目前没有足够的签署人，无法采用这条签署规则"),
    "mandate_replaced_unseen": _("这将替换一份现有授权，请查看后再确认"),
}
MANDATE_EVENTS: Mapping[str, LazyString] = {
    "person:mandate:requested": _("请求代为办理"),
    "person:mandate:drawn": _("拟定授权书"),
    "person:mandate:signed": _("签署授权书"),
    "person:mandate:changed": _("授权状态变更"),
    "person:mandate:ending_told": _("授权即将到期，已通知"),
    "person:signing_rule:asked": _("申请变更单位签署规则"),
    "person:signing_rule:signed": _("签署单位签署规则变更"),
    "person:signing_rule:set": _("变更单位签署规则"),
    "person:entity_link:settled": _("单位答复原平台登记的关联"),
    "person:mandate:refused": _("授权操作未通过"),
    "person:mandate:used": _("使用授权办理"),
}
MANDATE_STATES: Mapping[str, LazyString] = {
    "requested": _("受托方已请求，待您答复"),
    "pending_approvals": _("待共同签署"),
    "pending_acceptance": _("待受托方接受"),
    "active": _("有效"),
    "suspended": _("已冻结"),
    "expired": _("已到期"),
    "revoked": _("已收回"),
    "renounced": _("已放弃或谢绝"),
    "superseded": _("已被新授权替换"),
    "invalidated": _("已失效"),
}
