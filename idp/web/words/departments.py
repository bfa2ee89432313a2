"""Sentences about what department apps are told and may ask: scopes and capabilities.

Always true: joined into the one table of `idp.web.reasons`, which is where they are looked up.
"""

from collections.abc import Mapping

from flask_babel import LazyString
from flask_babel import lazy_gettext as _

SENTENCES: Mapping[str, LazyString] = {
    # capabilities of department apps
    "matter_withdrawn": _("这个应用已不能发起这项核验。"),
    "matter_unanswered": _("暂时没有回应，什么也没有核验。请稍后再试，或返回应用改用其他方式。"),
    "matter_under_way": _("正在核验，请稍候。"),
    "matter_passed": _("核验通过，应用会得到这个结果。"),
    "matter_not_passed": _("核验没有通过。请带上证件到政务服务窗口核对。"),
    "matter_declined": _("您没有同意，什么也没有核验。"),
    "matter_expired": _("已经超过时间，什么也没有核验。"),
    "capability_missing": _("请选择一项能力"),
    "purpose_missing": _("请写明用途，本人会看到这句话"),
    "law_missing": _("请写明法律依据"),
    "daily_missing": _("请填写每日次数，1 至 1000000"),
    "capability_malformed": _("申请的内容不完整，请核对"),
    "capability_applied_already": _("这项能力已有一份申请等待审批"),
    "capability_not_open": _("这份申请或授权已经办结"),
    "capability_not_confidential": _("没有密钥的应用不能申请能力"),
    "capability_applied": _("申请已提交，等待平台审批。"),
    "capability_refuse": _("已作出不予授予的决定。"),
    "capability_withdraw": _("已收回，一秒内在所有节点生效。"),
}
CAPABILITIES: Mapping[str, tuple[LazyString, LazyString]] = {
    "name_check": (
        _("姓名和证件号码核验"),
        _("您同意后，我们向人口信息库核对您已实名的姓名和证件号码是否仍然有效。"),
    ),
    "face_check": (_("人脸核验"), _("您同意后，由人脸核验服务核对是否您本人，我们不保存您的图像。")),
}
SCOPES: Mapping[str, tuple[LazyString, LazyString | None]] = {
    "openid": (_("账户编号"), _("只在该部门内使用的编号，不是您的证件号码")),
    "profile": (_("基本资料"), _("姓名、用户名、性别、出生日期和语言，以您登记过的为限")),
    "real_name": (_("实名信息"), _("经核验的姓名，以及是否已核验")),
    "id_document": (_("证件信息"), _("证件类型和证件号码；身份未经核验或证件已到期时只提供首末各一位")),
    "represented": (_("您代表谁"), _("您代表的单位或委托您的人、授权的事项和期限；您为自己办事时不提供")),
    "authority": (_("代办权限"), _("您代谁办事、凭什么授权；采用国际通用格式，您为自己办事时不提供")),
    "legal_entity": (
        _("单位登记信息"),
        _("您代表的单位在登记机关的名称、统一社会信用代码、类型和状态，以及单位的认证等级；您为自己办事时不提供"),
    ),
    "legacy_sub": (
        _("您在该应用的原账户"),
        _("该应用原有账户的编号，用于把原有记录接续到您的统一账户；只提供给该应用"),
    ),
    "phone": (_("手机号"), _("完整的手机号码，用于与您联系")),
    "email": (_("电子邮箱"), None),
    "address": (_("联系地址"), None),
    "offline_access": (_("您离开后继续访问"), _("应用可以在您没有打开它时继续取得上述信息，直到您撤回")),
}
