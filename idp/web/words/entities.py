"""Sentences about legal entities, their kinds and who is what to them.

Always true: joined into the one table of `idp.web.reasons`, which is where they are looked up.
"""

from collections.abc import Mapping

from flask_babel import LazyString
from flask_babel import lazy_gettext as _

SENTENCES: Mapping[str, LazyString] = {
    # legal entities
    "entity_type_missing": _("请选择单位类型"),
    "entity_name_missing": _("请输入单位名称"),
    "credit_code_missing": _("请输入统一社会信用代码"),
    "credit_code_invalid": _("统一社会信用代码不完整或有误，请对照证照核对"),
    "entity_not_confirmed": _("没有核对通过：单位类型、名称、代码和代表人与登记机关的登记不完全一致"),
    "entity_suspended": _("登记机关显示这家单位已歇业，暂不能登记"),
    "entity_moved": _("登记机关显示这家单位已迁出，请到迁入地办理"),
    "entity_revoked": _("登记机关显示这家单位已被吊销，不能登记"),
    "entity_cancelled": _("登记机关显示这家单位已注销，不能登记"),
    "entity_tries_used_up": _("今天核对未通过的次数已达上限，请明天再试，或带上证照到政务服务窗口办理"),
    "entity_register_unavailable": _("单位登记库暂时没有回应，没有计入核对次数，请稍后再试"),
    "entity_person_unproved": _("请先核验您本人的姓名和证件号码"),
    "entity_registered": _("已核对登记，您现在可以代表这家单位。"),
    "entity_contested": _(
        "登记机关有您的登记，但另有一人正在代表这家单位。我们已通知对方并向登记机关复核，一般几分钟内有结果，"
        "不需要对方操作。复核前您暂不能代表。"
    ),
    "entity_claimed": _("已提交。代表人用本人实名账户确认后，这家单位的账户才能办事。"),
    "entity_claim_contested": _("已提交，但这家单位已有人登记或代表，我们已记下您的申请；代表人确认前您不能代表它。"),
    "representative_missing": _("请输入代表人姓名"),
    "representative_document_expired": _("代表人的证件已过有效期，请换领新证件后再注册"),
    "valid_to_missing": _("请按年-月-日填写证件有效期，或勾选长期有效"),
    "entity_choice_missing": _("请选择单位"),
    "entity_person_missing": _("请选择办事的人"),
    "entity_password_set": _("单位密码已设置。"),
    "sign_in_afresh": _("这一步须确认是您本人，请再登录一次。"),
    "acting_missing": _("请选择为谁办事"),
    "acting_not_allowed": _("您现在不能代表这家单位，请核对登记机关的登记"),
    "acting_self": _("您现在为自己办事。"),
    "acting_entity": _("您现在代表所选的单位办事。"),
    "acting_mandate": _("您现在凭授权代所选的一方办事。"),
    "entity_held": _("账户刚由人工核验找回，暂时不能代表单位办事"),
    "entity_held_text": _(
        "为保护您代表的单位，账户找回后要等一段时间才能代表单位办事。期间可以用新密码登录，为自己办事。"
    ),
    "represented_approval_pending": _("待代表人确认"),
    "represented_contested": _("登记有争议，正在向登记机关复核"),
    "represented_not_active": _("单位不在存续状态"),
}
ENTITY_TYPES: Mapping[str, LazyString] = {
    "enterprise": _("企业"),
    "farmers_cooperative": _("农民专业合作社"),
    "individual_business": _("个体工商户"),
    "public_institution": _("事业单位"),
    "social_organisation": _("社会团体"),
    "private_non_enterprise": _("民办非企业单位"),
    "foundation": _("基金会"),
    "government_organ": _("政府机关"),
    "other": _("其他组织"),
}
ROLES: Mapping[str, LazyString] = {
    "legal_representative": _("法定代表人"),
    "person_in_charge": _("负责人"),
    "sole_trader": _("经营者"),
    "managing_partner": _("执行事务合伙人"),
    "claimant": _("经办人"),
}
