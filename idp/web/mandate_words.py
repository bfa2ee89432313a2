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
    "mandate_replaced_unseen": _("这将替换一份现有授权，请查看后再确认"),
    # pages of mandates
    "mandate_prove": _("授权具有法律效力，签署前请用两种方式确认是您本人。确认后回到刚才的页面继续。"),
    "mandate_choice_missing": _("请选择一项"),
    "mandate_theme_missing": _("请选择事项主题"),
    "mandate_services_missing": _("请至少选择一个办理事项"),
    "mandate_actions_missing": _("请至少选择一种操作"),
    "mandate_limit_invalid": _("金额须为大于零的数字，最多两位小数"),
    "mandate_term_missing": _("请选择期限"),
    "mandate_day_invalid": _("请按年-月-日填写日期，例如 2026-12-31"),
    "mandate_to_self": _("这是授权方自己，请填写受托方"),
    "mandate_principal_self": _("这是您自己，请填写要请求的一方"),
    "mandate_post_missing": _("请填写岗位和部门"),
    "mandate_requests_daily": _("今天发出的请求已达上限，请明天再试"),
    "mandate_requested": _("请求已发出。对方如已开通账户，会收到通知；签署后您可在“我得到的授权”中看到。"),
    "mandate_signed": _("已签署。"),
    "mandate_accepted": _("已接受。"),
    "mandate_frozen": _("已冻结，对方现在不能再使用这份授权。"),
    "mandate_unfrozen": _("已解除冻结。"),
    "mandate_revoked": _("已收回，即刻生效。"),
    "mandate_renounced": _("已放弃，即刻生效。"),
    "mandate_declined": _("已谢绝。"),
    "mandate_own_name_missing": _("请先核验您本人的姓名和证件号码，再办理授权"),
    "mandate_rule_set": _("签署规则已设置。"),
    "mandate_rule_needs_two": _("单位现在没有第二个可以签署的人。请先委任授权管理员，再设置共同签署"),
    "mandate_rule_needed": _("单位现在有人可以共同签署，不能由一人放宽规则"),
    "mandate_rule_not_yours": _("只有法定代表人或负责人可以设置签署规则"),
    "mandate_file_missing": _("请选择一个表格文件"),
    "mandate_file_unreadable": _("这个文件不是可用的表格，请按样表保存后重试"),
    "mandate_file_empty": _("表格中没有可以读的行"),
    "mandate_file_long": _("一个表格最多 500 行，请分成几个"),
    "mandate_file_nothing": _("没有一行可以授权，请改正后重新上传"),
    "mandate_line_columns": _("列数与表头不符"),
    "mandate_line_twice": _("与前面的一行重复"),
    "mandate_line_kind": _("授权类型须为“员工”“机构”或“工作人员”"),
    "mandate_line_unreadable": _("这一行无法读取"),
    "mandate_line_scope": _("办理事项或操作不在这类事项之内"),
    "mandate_bulk_given": _("已全部签署，并送受托方接受。"),
    "mandate_number_missing": _("请输入授权书编号"),
    "mandate_hash_missing": _("请输入校验码的前 16 位"),
}
MANDATE_EVENTS: Mapping[str, LazyString] = {
    "person:mandate:requested": _("请求代为办理"),
    "person:mandate:drawn": _("拟定授权书"),
    "person:mandate:signed": _("签署授权书"),
    "person:mandate:changed": _("授权状态变更"),
    "person:mandate:refused": _("授权操作未通过"),
    "person:mandate:used": _("使用授权办理"),
    "person:signing_rule:set": _("设置单位签署规则"),
}
CAPACITIES: Mapping[str, LazyString] = {
    "representative": _("代表人"),
    "handler": _("经办人"),
    "employee": _("工作人员"),
    "family": _("亲友"),
    "guardian": _("监护人"),
    "clerk": _("窗口协助人员"),
}
"""As what somebody acts by a mandate."""
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
