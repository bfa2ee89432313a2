"""Sentences about opening an account, and getting back into one.

Always true: joined into the one table of `idp.web.reasons`, which is where they are looked up.
"""

from collections.abc import Mapping

from flask_babel import LazyString
from flask_babel import lazy_gettext as _

SENTENCES: Mapping[str, LazyString] = {
    # a forgotten password, and phones that may be somebody else's
    "identifier_invalid": _("请输入手机号、证件号码、用户名或统一社会信用代码"),
    "journey_over": _("这一步已经完成或已过期，请重新开始。"),
    "password_reset": _("新密码已设置，所有设备已退出登录。请用新密码登录。"),
    "another_way": _("需要用其他方式确认"),
    "another_way_text": _(
        "这个账户已很久没有使用，手机号可能已换了主人，只凭短信验证码不能打开它。请用密码登录；"
        "如果忘记了密码，请带身份证件到服务窗口办理。"
    ),
    "reset_held": _("暂时不能用短信验证码设置新密码"),
    "reset_held_text": _(
        "这个账户刚更换过手机号。为保护账户，%(time)s 之后才能只凭短信验证码设置新密码。期间仍可用密码登录。"
    ),
    "recovery_way_missing": _("请选择一种核验方式"),
    "recovery_reference_missing": _("请输入申请编号"),
    "recovery_reference_invalid": _("申请编号是 12 位数字，请核对"),
    "recovery_stop_missing": _("请输入短信中的 8 位数字"),
    "recovery_stop_wrong": _("手机号或数字不正确，或已经失效"),
    "recovery_stop_locked": _(
        "数字输错次数过多，这个手机号暂时不能停止找回。请稍后再试，或带上证件到政务服务窗口办理。"
    ),
    "recovery_stopped": _("已停止，账户已暂停。请带上证件到政务服务窗口办理。"),
    "phone_reauthenticate": _("更换手机号前，请重新登录，以确认是您本人。"),
    "phone_unchanged": _("这就是您现在的手机号，请输入新的手机号"),
    "methods_held": _(
        "手机号或密码刚刚更换过。为保护账户，暂时不能只凭密码和短信更改登录方式；可先用通行密钥、验证器或备用码确认。"
    ),
    "phone_change_held": _("手机号刚更换过，暂时不能再次更换。"),
    "phone_changed": _("手机号已更换。我们已用短信告知原来的号码。"),
    "phone_bound": _("手机号已绑定。"),
    "phone_missed": _("这个手机号刚被另一个账户绑定，您的账户没有变化。"),
    "phone_recycled": _(
        "这个手机号属于一个很久没有使用的账户。如果那是您的账户，请直接登录；"
        "继续注册后，那个账户将不再使用这个手机号。"
    ),
    "user_name_set": _("用户名已设置。"),
    "user_name_fixed": _("用户名已经设置，不能修改"),
    "user_name_missing": _("请输入用户名"),
    # registration
    "user_name_invalid": _("用户名须以字母开头，6 至 20 位，只用字母、数字和下划线"),
    "user_name_like_document": _("用户名不能像证件号码，请换一个"),
    "user_name_taken": _("这个用户名不能使用，请换一个"),
    "agreements_missing": _("请阅读并同意协议后继续"),
    "agreements_changed": _("协议刚刚更新，请阅读新的版本"),
}
