"""Sentences about who one is: photos, registers, checks made elsewhere, evidence and where it came from.

Always true: joined into the one table of `idp.web.reasons`, which is where they are looked up.
"""

from collections.abc import Mapping

from flask_babel import LazyString
from flask_babel import lazy_gettext as _

SENTENCES: Mapping[str, LazyString] = {
    # photos, and the operators who look at them
    "photo_missing": _("请选择或拍摄一张照片"),
    "photo_too_large": _("照片文件太大，请换一张小一些的照片"),
    "photo_format": _("这个文件不是可用的照片，请换一张用手机或相机直接拍摄的照片"),
    "photo_pixels": _("照片的像素过多，请用普通画质重新拍摄"),
    "photo_too_small": _("照片太小，看不清文字，请换一张更清楚的"),
    "photo_daily": _("今天上传的照片已达上限，请明天再试，或带上证件到政务服务窗口办理"),
    # photos that a machine reads
    "photos_consent_missing": _("须同意识别证件照片，才能继续"),
    "photos_unreadable": _("没有认出证件上的文字，照片已删除。请擦净镜头，对准证件重新拍摄"),
    "photos_glare": _("照片有反光，照片已删除。请避开灯光重新拍摄"),
    "photos_cut_off": _("证件没有拍全，照片已删除。请把整个证件放在画面内重新拍摄"),
    "photos_no_document": _("照片上没有找到证件，照片已删除。请重新拍摄"),
    "photos_copy": _("请拍摄证件原件，不要拍摄复印件或屏幕。照片已删除"),
    "photos_sides_differ": _("正面和反面不是同一个证件，照片已删除。请重新拍摄"),
    "photos_expired": _("证件已过有效期，照片已删除。请用新证件重新拍摄，没有新证件的请到政务服务窗口办理"),
    "photos_gone": _("照片已过保存时间或已被新的照片取代，请重新拍摄"),
    "identity_checked_by_photos": _("已通过证件照片和人脸核验。"),
    "review_consent_missing": _("须同意提供照片，才能继续"),
    "review_open": _("您已有一份人工审核正在办理。"),
    "review_daily": _("今天提交的人工审核已达上限，请明天再试。"),
    "review_paused": _("上次提交的证件存在疑问，24 小时内不能再次提交。您可以带上证件原件到政务服务窗口办理。"),
    "review_photos_gone": _("照片已过保存时间，请重新开始"),
    "review_withdrawn": _("人工审核已撤回，照片已删除。"),
    "review_filed": _("已提交人工审核。"),
    "review_not_waiting": _("这份审核已经办结或撤回"),
    "review_unknown": _("没有这个编号的审核，查找已记录"),
    "review_look_needs_reason": _("查看审核前须写明理由；上一次的理由已超过半小时。"),
    "review_decision_missing": _("请选择提请通过或不通过"),
    "review_cause_missing": _("请选择不通过的原因"),
    "review_changed": _("照片与您打开页面时不同，请重新查看"),
    "review_document_ended": _("证件已过有效期，只能不通过"),
    "review_known_otherwise": _("这个账户已登记为其他姓名或证件。已核验的身份信息不能更改"),
    "review_elsewhere": _("这个证件属于另一个账户，只能不通过"),
    "review_decided": _("审核已办结，并已用短信告知本人。"),
    "proposal_not_inspected": _("请先打开材料，查看后再同意"),
    # who one is
    "activation_waits": _("您在原平台的账户等待激活，不用重新注册。请填写姓名和证件号码，通过人脸核验激活。"),
    "activation_waits_here": _("这个手机号在原平台登记过一个账户，正等待激活。是您的，请去激活，不用重新注册。"),
    "activation_changed": _("查到的账户刚刚有变化，请重新核对"),
    "activation_phone_missing": _("请选择用哪个手机号"),
    "activation_phone_taken": _("这个手机号已是另一个账户的登录手机号，请换一个。"),
    "name_missing": _("请输入姓名"),
    "name_invalid": _("请按证件填写姓名，只用汉字和“·”，或拉丁字母"),
    "document_kind_missing": _("请选择证件类型"),
    "document_number_missing": _("请输入证件号码"),
    "document_number_invalid": _("证件号码不完整或有误，请对照证件核对"),
    "identity_not_confirmed": _("没有核验通过：姓名和证件号码未能确认"),
    "document_expired": _("证件已过有效期，请换领新证件后再核验"),
    "proof_held": _("账户刚换用新手机号，为保护账户，暂时不能用人脸核验提高等级，请过一段时间再试"),
    "identity_tries_used_up": _("今天核验未通过的次数已达上限，请明天再试，或带上证件到政务服务窗口办理"),
    "register_unavailable": _("人口信息库暂时没有回应，没有计入核验次数，请稍后再试"),
    "bank_card_missing": _("请输入银行卡号"),
    "bank_card_invalid": _("银行卡号不完整或有误，请对照卡面核对"),
    "bank_phone_missing": _("请输入银行预留的手机号"),
    "bank_not_confirmed": _("没有核验通过：开卡银行未能确认您填写的信息"),
    "bank_unavailable": _("银行暂时没有回应，没有计入核验次数，请稍后再试，或换一种方式"),
    "identity_checked_by_bank": _("开卡银行已确认您的身份。"),
    "identity_checked_by_bank_channel": _("开户银行已确认您的身份。"),
    "bank_channel_not_enough": _(
        "银行的核验已通过，但还不能据此确认这个账户是您的。请换一种方式，或带上证件到政务服务窗口办理。"
    ),
    "identity_checked_by_face": _("已通过人脸实人认证。"),
    "face_document_taken": _("这个证件已在您的另一个账户中登记，请用那个账户登录；不记得时可以找回账户。"),
    "identity_checked": _("已核验姓名和证件号码。"),
    # checks made elsewhere
    "check_consent_missing": _("请先阅读并勾选同意；不同意可以换其他方式办理"),
    "check_not_passed": _("这次未能确认是您本人。可以换到光线充足的地方再试，或换一种方式办理。"),
    "check_bank_not_passed": _("银行未能确认是您本人。请用本人名下的银行账户登录后再试，或换一种方式办理。"),
    "check_abandoned": _("核验没有做完。可以重新开始，或换一种方式办理。"),
    "check_vendor_away": _("核验服务暂时没有回应，没有计入核验次数。请稍后再试，或换一种方式办理。"),
    "check_tries_used_up": _("今天核验未通过的次数已达上限。请明天再试，或换一种方式办理。"),
    "check_too_many": _("现在发起的核验过多，请一小时后再试，或换一种方式办理。"),
    "check_over": _("这次核验已经结束或已过期"),
    "check_elsewhere": _("请回到原来的页面重新开始。核验只能在发起它的浏览器中进行。"),
    "face_no_account": _("没有可以这样打开的账户"),
    "face_no_account_text": _(
        "已确认是您本人，但您名下没有可以用人脸打开的账户：可能还没有注册、没有做过人脸实人认证，或账户已停用。"
        "请用密码登录，或注册账户。"
    ),
}
EVIDENCE: Mapping[str, LazyString] = {
    "name_number": _("姓名和证件号码核验"),
    "bank_card": _("银行卡核验"),
    "bank_channel": _("网上银行核验"),
    "face": _("人脸实人认证"),
    "certificate": _("数字证书认证"),
    "counter": _("政务服务窗口核验"),
    "photos_face": _("证件照片和人脸核验"),
    "review": _("人工审核证件照片"),
    "scripted": _("演示人物"),
}
SOURCES: Mapping[str, LazyString] = {
    "population-register": _("人口信息库"),
    "review": _("两名工作人员"),
    "bank-card": _("开卡银行"),
    "bank-channel": _("开户银行"),
    "face-check": _("人脸核验服务"),
    "photos-face": _("人口信息库和人脸核验服务"),
    "demo": _("演示数据"),
}
