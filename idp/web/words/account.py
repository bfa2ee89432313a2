"""Sentences about one's own account: its rights, what has been done, objections to what is held.

Always true: joined into the one table of `idp.web.reasons`, which is where they are looked up.
"""

from collections.abc import Mapping

from flask_babel import LazyString
from flask_babel import lazy_gettext as _

SENTENCES: Mapping[str, LazyString] = {
    # my account's rights
    "password_reset_required": _("为保护账户，密码已停用。请用短信验证码登录，再设置新密码。"),
    "disowned": _("已退出所有设备，密码已停用。请用短信验证码登录，再设置新密码。"),
    "export_too_soon": _("一小时内只能导出一次，请稍后再试。"),
    "understood_missing": _("请确认您已了解注销的后果"),
    "account_closing": _("已受理注销申请，各应用已退出登录。"),
    "account_kept": _("已取消注销，您的账户继续有效。"),
    "dispute_item_missing": _("请选择哪一项信息有误"),
    "dispute_text_missing": _("请说明哪里有误、应当是什么"),
    "disputes_too_many": _("您有 10 项异议正在处理，请等待答复后再提交。"),
    "dispute_filed": _("异议已提交，我们会在期限前答复。"),
    "dispute_withdrawn": _("异议已撤回。"),
    "dispute_not_waiting": _("这项异议已经办结或撤回。"),
    "dispute_reason_missing": _("请写明答复的理由"),
    "dispute_decision_missing": _("请选择采纳或不采纳"),
    "dispute_answered": _("已答复，并已用短信告知本人。"),
    "account_closed": _("该账户已注销。"),
    # what has been done
    "totp_added": _("验证器已添加，以后可以用它再次确认身份。"),
    "totp_removed": _("验证器已移除。"),
    "passkey_added": _("通行密钥已添加，以后可以直接用它登录。"),
    "passkey_renamed": _("名字已修改。"),
    "passkey_removed": _("通行密钥已移除。"),
    "recovery_codes_removed": _("备用码已全部移除。"),
    "password_changed": _("密码已修改，其他设备已退出登录。"),
    "session_ended": _("已结束该设备的登录。"),
    "sessions_ended": _("其他设备的登录都已结束。"),
    "consent_withdrawn": _("已撤回，该应用须重新征得您的同意。"),
    "signed_out": _("您已退出登录。"),
    "phone_registered": _("这个手机号已有账户，请直接登录。"),
    "flow_expired": _("这次注册等待得太久，请重新开始。"),
}
ITEMS: Mapping[str, LazyString] = {
    "verified_name": _("姓名"),
    "document": _("证件信息"),
    "level": _("实名等级"),
    "entity_link": _("与单位的关联"),
    "activity": _("活动记录"),
    "other": _("其他信息"),
}
DISPUTE_STATES: Mapping[str, LazyString] = {
    "filed": _("处理中"),
    "accepted": _("已采纳"),
    "rejected": _("未采纳"),
    "withdrawn": _("已撤回"),
}
