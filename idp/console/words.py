"""The console's words: names of roles, acts and states, for its menus and tables.

Always true: a key that is not in the table is shown as it is, as are numbers and names.
"""

from collections.abc import Mapping

from flask_babel import LazyString
from flask_babel import lazy_gettext as _

WORDS: Mapping[str, LazyString] = {
    "menu_home": _("工作台"),
    "menu_people": _("查找人员"),
    "menu_disputes": _("异议与更正"),
    "menu_recoveries": _("人工核验找回"),
    "menu_proposals": _("双人复核"),
    "menu_clients": _("接入应用"),
    "menu_channels": _("注册渠道"),
    "menu_operators": _("操作员"),
    "menu_audit": _("审计记录"),
    "role_platform": _("平台管理"),
    "role_department": _("部门管理"),
    "role_review": _("业务复核"),
    "role_counter": _("窗口办理"),
    "role_audit": _("审计"),
    "operator_active": _("正常"),
    "operator_waiting": _("待启用"),
    "operator_disabled": _("已停用"),
    "act_suspend": _("暂停账户"),
    "act_restore": _("恢复账户"),
    "act_require-proofing": _("要求重新实名"),
    "act_invite-operator": _("邀请操作员"),
    "act_recover": _("找回账户，改用新手机号"),
    "act_unlock-password": _("解除密码锁定"),
    "act_sign-out": _("退出全部登录"),
    "act_end-password": _("停用密码"),
    "about_suspend": _("账户不能再登录，全部登录和应用授权随即结束，并以短信告知本人。须由另一名操作员复核。"),
    "about_restore": _("账户可以重新登录，并以短信告知本人。须由另一名操作员复核。"),
    "about_require-proofing": _(
        "已有的实名核验全部失效，登录和应用授权随即结束，并以短信告知本人。须由另一名操作员复核。"
    ),
    "about_unlock-password": _("清除输错次数，本人可以立即再用密码登录。"),
    "about_sign-out": _("结束全部登录和应用授权，并以短信告知本人。"),
    "about_end-password": _("现有密码不能再用，由本人另设新密码；全部登录和应用授权随即结束，并以短信告知本人。"),
    "proposal_open": _("待复核"),
    "proposal_done": _("已同意并执行"),
    "proposal_refused": _("未同意"),
    "proposal_withdrawn": _("已撤回"),
    "proposal_void": _("已失效"),
    "proposal_expired": _("已过期"),
    "account_status": _("账户状态"),
    "nothing": _("没有"),
    "person_name": _("姓名"),
    "names_compared": _("与账户姓名是否一致"),
    "names_agree": _("姓名一致"),
    "names_differ": _("姓名不一致"),
    "person_document": _("证件号码"),
    "login_phone": _("登录手机号"),
    "recovery_way": _("核验方式"),
    "way_review": _("人工审核"),
    "way_counter": _("窗口当面核验"),
    "recovery_filed": _("待办理"),
    "recovery_approved": _("已批准"),
    "recovery_done": _("已完成"),
    "recovery_stopped": _("已停止"),
    "recovery_rejected": _("未通过"),
    "status_active": _("正常"),
    "status_suspended": _("已暂停"),
    "status_closed": _("已注销"),
    "identity_level": _("实名等级"),
    "identity_proof": _("实名核验"),
    "identity_proof_ended": _("失效"),
    "operator_account": _("操作员账户"),
    "operator_none": _("没有"),
    "operator_exists": _("同名操作员已存在"),
    "channel_county": _("县市区"),
    "channel_bank": _("银行网点"),
    "channel_counter": _("政务服务窗口"),
    "client_draft": _("草稿"),
    "client_tested": _("测试中"),
    "client_live": _("运行中"),
    "client_suspended": _("已暂停"),
    "client_retired": _("已退役"),
    "lock_password": _("密码"),
    "lock_totp": _("验证器"),
    "lock_recovery_code": _("备用码"),
}


def word(key: str) -> LazyString | str:
    return WORDS.get(key, key)
