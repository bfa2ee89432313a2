"""The one table from a machine's reason to a sentence for the person.

Always true: who looks up a reason gets a sentence; one that is not in the table gets the general one, and
``known_reason`` lets a test find it. Sentences that could tell strangers whether an account exists do not exist.
"""

from collections.abc import Mapping

from flask_babel import LazyString
from flask_babel import lazy_gettext as _

from idp.web.assisted_words import ASSISTED_EVENTS, ASSISTED_SENTENCES
from idp.web.counter_words import COUNTER_SENTENCES
from idp.web.mandate_words import CAPACITIES, MANDATE_EVENTS, MANDATE_SENTENCES

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
    # codes of other screens
    "scan_code_missing": _("请输入屏幕上的代码"),
    "scan_code_unknown": _("没有这个代码，或者它已经过期。请核对屏幕上的代码"),
    "scan_too_many": _("输错代码的次数过多，请稍后再试。"),
    "scan_not_proved": _("这里是扫码登录的，不能再确认别的屏幕。请在您自己登录的手机上确认。"),
    "scan_over_title": _("这次登录已经结束"),
    "scan_over": _("代码已经过期、已经用过，或者已被拒绝。请在那块屏幕上重新开始。"),
    "scan_elsewhere": _("这个代码已由别的手机或别的登录确认。如果不是您，请在那块屏幕上重新开始。"),
    "scan_wrong_number": _(
        "选的数字与那块屏幕上的不同，这次登录已作废。如果您面前没有这块屏幕，可能有人想冒用您的身份。"
    ),
    "scan_again": _("代码已经过期、被拒绝，或者数字选错了。请重新开始。"),
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
    # any form
    "text_too_long": _("输入的内容过长"),
    "text_forbidden_characters": _("输入的内容含有无法使用的字符"),
    "too_many_requests": _("操作过于频繁，请稍后再试。"),
    # sign-in
    "identifier_missing": _("请输入手机号、证件号码、用户名或统一社会信用代码"),
    "password_missing": _("请输入密码"),
    "credentials_refused": _("账户或密码不正确，请核对后重新输入"),
    "password_locked": _("密码输错次数过多，为保护账户，暂时不能用密码登录。请稍后再试，或改用短信验证码登录。"),
    "password_only_locked": _("密码输错次数过多，为保护账户，暂时不能用密码登录。请稍后再试，或找回密码。"),
    "current_password_wrong": _("当前密码不正确"),
    "current_password_missing": _("请输入当前密码"),
    "new_password_missing": _("请输入新密码"),
    "password_wrong": _("密码不正确，请重新输入"),
    # codes
    "phone_missing": _("请输入手机号"),
    "phone_invalid": _("请输入 11 位中国大陆手机号，例如 138 0013 8000"),
    "code_missing": _("请输入短信中的验证码"),
    "code_sent": _("验证码已重新发送，请使用最近一条短信。"),
    "code_wrong": _("验证码不正确，请核对最近一条短信"),
    "code_expired": _("验证码已过期，请重新发送"),
    "code_exhausted": _("输错次数过多，这条验证码已作废，请重新发送"),
    "sms_too_soon": _("发送过于频繁，请稍等一分钟再试"),
    "sms_daily_limit": _("这个手机号今天收到的验证码已达上限，请明天再试"),
    "sms_address_limit": _("您所在的网络发送的验证码过多，请稍后再试"),
    "sms_unavailable": _("短信服务暂时繁忙，请稍后再试"),
    # authenticator app, recovery codes, passkeys
    "totp_missing": _("请输入验证器显示的 6 位数字"),
    "totp_wrong": _("验证器的数字不正确。请输入此刻显示的数字，并确认手机时间准确。"),
    "totp_used": _("这组数字已经用过，请等验证器显示下一组后再输入"),
    "totp_locked": _("验证器的数字输错次数过多，为保护账户，暂时不能用它确认。请稍后再试，或换一种方式。"),
    "enrolment_expired": _("这次添加等待得太久或已被新的添加取代，请重新开始"),
    "recovery_code_missing": _("请输入一个备用码"),
    "recovery_code_wrong": _("备用码不正确或已经用过，请换一个"),
    "recovery_code_locked": _("备用码输错次数过多，为保护账户，暂时不能用备用码确认。请稍后再试，或换一种方式。"),
    "passkey_refused": _("没有认出这个通行密钥。请重试，或换一种方式登录。"),
    "passkey_expired": _("等待得太久，请再试一次。"),
    "passkey_known": _("这台设备的通行密钥已经添加过"),
    "passkey_copied": _("这个通行密钥可能被复制，为保护账户没有接受。请换一种方式登录，并移除它。"),
    "passkey_too_many": _("通行密钥已经太多，请先移除不再使用的"),
    "qr_over_title": _("二维码已失效"),
    "qr_over": _("二维码已用过或已过期，请在电脑上重新生成一个。"),
    "qr_elsewhere": _("这个二维码已被另一部手机扫过。请在电脑上重新生成一个，再用这部手机扫描。"),
    "qr_wrong_number": _(
        "选择的数字与电脑屏幕上的不同，二维码已作废。如果二维码不是您自己在电脑上打开的，请不要再扫。"
    ),
    "qr_number_missing": _("请选择电脑屏幕上显示的数字"),
    "qr_empty": _("这次没有收到签名，请再试一次。"),
    "passkey_missing": _("这次没有收到通行密钥的回应，请再试一次"),
    "passkey_name_missing": _("请给这个通行密钥起一个名字"),
    "last_way_in": _("这是登录账户的唯一方式，不能移除。请先添加另一种。"),
    # certificates: of the certificate itself
    "certificate_malformed": _("这不是可用的数字证书，请换一张证书"),
    "certificate_too_large": _("证书太大，无法读取"),
    "certificate_algorithm": _("证书用的算法已不安全或不受支持，请向发证机构更换证书"),
    "certificate_weak_key": _("证书的密钥太短，请向发证机构更换证书"),
    "certificate_not_for_signing": _("这是加密证书，不能用来登录。请选用同一介质中的签名证书"),
    "certificate_is_authority": _("这是发证机构自己的证书，不能用来登录"),
    "certificate_unknown_issuer": _("这张证书的发证机构不在本平台信任的范围内，请换一张证书"),
    "certificate_issuer_off": _("本平台暂停接受这家发证机构的证书，请换一种方式"),
    "certificate_path": _("证书的签发链没有通过验证，请换一张证书或联系发证机构"),
    "certificate_not_yet_valid": _("证书还没有到生效时间"),
    "certificate_expired": _("证书已过期，请向发证机构更新后再用"),
    "certificate_revoked": _("证书已被发证机构吊销，不能再使用"),
    "certificate_revocation_unknown": _("现在无法确认证书是否已被吊销，请稍后再试，或换一种方式"),
    "certificate_no_identity": _("证书中没有可以确认的身份信息，请换一张证书"),
    # certificates: of what was signed
    "answer_malformed": _("签名结果不完整或格式不对，请重新签名"),
    "answer_signers": _("签名结果须恰好有一个签名人，请重新签名"),
    "answer_content": _("签的不是本页给出的文字，请对本页的文字重新签名"),
    "answer_signature": _("签名没有通过验证，请重新签名"),
    "certificate_answer_missing": _("请先用证书签名，再提交签名结果"),
    "certificate_challenge_over": _("要签名的文字已过期、已用过或不属于这个页面，请对下面新的文字重新签名"),
    "certificate_ticket_over": _("出示证书的结果已过期、已用过或不属于这个浏览器，请重新出示"),
    "certificate_not_shown": _("浏览器没有出示证书。请插好存放证书的介质，再试一次，并在浏览器询问时选择签名证书。"),
    "certificate_locked": _("证书签名未通过的次数过多，暂时不能用证书。请稍后再试，或换一种方式。"),
    # certificates: of whose they are
    "certificate_not_bound": _("签名有效，但这张证书还没有绑定账户，不能用它登录。请先用其他方式登录，再绑定证书。"),
    "certificate_bound_elsewhere": _("这张证书已绑定另一个账户，不能再绑定"),
    "certificate_names_no_person": _("这不是个人证书，请用写有您证件号码的个人证书"),
    "certificate_names_no_entity": _("这不是单位证书，请用写有统一社会信用代码的单位证书"),
    "certificate_other_person": _("证书中的证件号码与您账户的不一致，不能绑定"),
    "certificate_other_entity": _("证书中的统一社会信用代码与单位的不一致，不能绑定"),
    "certificate_no_name": _("证书中没有可以登记的姓名，请先核验姓名和证件号码，再绑定证书"),
    "certificate_document_taken": _("证书中的证件已在您的另一个账户中登记，请用那个账户登录；不记得时可以找回账户。"),
    "certificate_account_waits": _("您在原平台的账户等待激活，请先用人脸核验激活，再绑定证书"),
    "certificate_held": _("账户刚换用新手机号或刚由人工找回，为保护账户，暂时不能绑定证书"),
    "certificate_too_many": _("绑定的证书已经太多，请先解除不再使用的"),
    "certificate_holder_gone": _("证书登记的持有人已不能代表这家单位，请由单位的代表人重新绑定证书"),
    "certificate_not_signers": _(
        "签名有效，但这张证书不是您绑定的，也不是登记由您持有的单位证书，不能用它签署。请换一张证书。"
    ),
    "certificate_acting_first": _("请先选择为哪家单位办事，再管理它的证书"),
    "certificate_bound": _("数字证书已绑定，以后可以用它登录。"),
    "certificate_renewed": _("证书已更换，原来的证书不再有效。"),
    "certificate_unbound": _("证书已解除绑定。"),
    # digits to read or hear
    "captcha_missing": _("请输入图片或语音中的数字"),
    "captcha_wrong": _("数字不正确或已过期，请输入新图片或新语音中的数字"),
    # passwords
    "password_short": _("密码太短，请按要求加长"),
    "password_long": _("密码太长，请缩短后重试"),
    "password_simple": _("密码不符合组成要求，请按上面的说明修改"),
    "password_common": _("这个密码太常见，容易被猜到，请换一个"),
    "password_personal": _("密码中不要包含姓名或其拼音、出生日期、证件号码、手机号、用户名等信息"),
    "password_unchanged": _("新密码不能与当前密码相同"),
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
    # registration
    "user_name_invalid": _("用户名须以字母开头，6 至 20 位，只用字母、数字和下划线"),
    "user_name_like_document": _("用户名不能像证件号码，请换一个"),
    "user_name_taken": _("这个用户名不能使用，请换一个"),
    "agreements_missing": _("请阅读并同意协议后继续"),
    "agreements_changed": _("协议刚刚更新，请阅读新的版本"),
    # the console
    "operator_name_missing": _("请输入操作员名称"),
    "operator_name_invalid": _("名称须为 2 至 40 个字符，只用文字、数字、点和连字符"),
    "operator_name_taken": _("已有同名的操作员，请换一个名称"),
    "operator_role_missing": _("请选择一个角色"),
    "operator_scope_needed": _("部门管理角色须填写应用分组，其他角色不填"),
    "operator_not_found": _("没有这个操作员，或已经停用"),
    "operator_locked": _("密码输错次数过多，暂时不能登录。请稍后再试，或联系平台管理员。"),
    "operator_step_expired": _("登录等待得太久，请重新开始"),
    "operator_enrolled": _("账户已启用，请用密码和验证器登录。"),
    "enrolment_link_dead": _("这个链接已经失效"),
    "enrolment_code_missing": _("请输入启用码"),
    "enrolment_code_wrong": _("启用码不正确，请核对"),
    "person_missing": _("请输入要查找的账号"),
    "person_unreadable": _("这不像手机号、用户名或其他账号，请核对"),
    "person_unknown": _("没有这个账号的人员，查找已记录"),
    "look_needs_reason": _("查看人员前须写明理由；上一次的理由已超过半小时。"),
    "reason_missing": _("请写明理由"),
    "reason_short": _("理由太短，请写明事由"),
    "ticket_missing": _("请填写工单号"),
    "ticket_invalid": _("工单号须为 3 至 32 位字母、数字、点或连字符"),
    "intervention_done": _("已执行，并已记录。"),
    "issuer_title_invalid": _("机构名称须为 1 至 60 个字符"),
    "issuer_usage_missing": _("请选择用于哪些证书"),
    "issuer_profile_unknown": _("请选择身份信息的读取方式"),
    "issuer_no_anchor": _("请提供至少一张根证书"),
    "issuer_certificate_refused": _("其中有不能信任的证书，请核对内容是否完整、是否放对了位置"),
    "issuer_too_many": _("一家机构最多 16 张证书"),
    "issuer_address_invalid": _("地址须是完整的网址，最多 16 个，不重复"),
    "issuer_grace_invalid": _("宽限须为整小时数，且不超过平台规定"),
    "issuer_known": _("已有证书完全相同的机构"),
    "issuer_nothing_new": _("没有任何变化"),
    "issuer_not_found": _("没有这家机构"),
    "issuer_state_already": _("已经是这个状态"),
    "issuer_switched_off": _("已停止信任，一秒内在所有节点生效。"),
    "list_taken": _("吊销列表已更新，一秒内在所有节点生效。"),
    "list_unchanged": _("与现有的吊销列表相同。"),
    "list_missing": _("请选择吊销列表文件"),
    "list_unreachable": _("无法取得"),
    "list_status": _("对方没有提供"),
    "list_too_large": _("文件过大"),
    "list_malformed": _("不是可用的吊销列表"),
    "list_kind": _("不支持这种吊销列表"),
    "list_forged": _("不是这家机构签发的"),
    "list_unverified": _("暂时无法验证签名"),
    "list_future": _("签发时间在将来"),
    "list_older": _("比现有的吊销列表旧"),
    "decision_missing": _("请选择同意或不同意"),
    "proposal_made": _("已提交，等另一名操作员复核。"),
    "proposal_decided": _("已办结。"),
    "proposal_withdrawn": _("已撤回。"),
    "proposal_own": _("不能复核自己提出的事项"),
    "proposal_role_needed": _("您的角色不能办理这个事项"),
    "proposal_closed": _("这个事项已经办结、过期或撤回"),
    "proposal_subject_changed": _("情况已经变化，没有执行；请重新提出"),
    "proposal_facts_changed": _("提出以后情况已经变化，同意也不会执行；请不同意，需要时重新提出。"),
    "proposal_already_open": _("同一事项已在等待复核"),
    "recovery_unknown": _("没有这个编号的申请，查找已记录"),
    "recovery_look_needs_reason": _("查看申请前须写明理由；上一次的理由已超过半小时。"),
    "recovery_decided": _("申请已办结，结果会以短信告知申请人。"),
    "recovery_decision_missing": _("请选择提请批准或不通过"),
    "recovery_how_missing": _("请选择您是怎样核验的"),
    "recovery_number_differs": _("与申请中的证件号码不一致，请对照证件原件重新输入"),
    "recovery_not_open": _("没有可以找回的账户，只能不通过"),
    "recovery_phone_barred": _("新手机号属于一个已暂停的账户，不能批准"),
    "recovery_number_spent": _("证件号码已多次输错，只能不通过"),
    "recovery_not_waiting": _("这个申请已经办结"),
    "audit_id_invalid": _("编号只含字母、数字和 . _ ~ -"),
    "audit_event_invalid": _("没有这种事件"),
    "audit_date_invalid": _("日期须为 2026-11-01 这样的形式"),
    "audit_range_long": _("没有填写编号时，最多查询 31 天"),
    # why a sign-in is asked for again, or in a stronger way
    "prompt_login": _("您要前往的应用要求重新登录，以确认是您本人。"),
    "max_age": _("距您上次登录已有一段时间，您要前往的应用要求重新登录。"),
    "another_person": _("您要前往的应用正在等待另一个账户登录。"),
    "client_minimum": _("这个应用只接受用两种方式确认过的登录。"),
    "essential_acr": _("这个应用要办理的事项需要更高的登录强度。"),
    "voluntary_acr": _("这个应用希望您再用一种方式确认身份；您也可以不做。"),
    "face_check": _("这个应用要办理的事项需要先核验您的身份，再由人脸核验确认是您本人。"),
    "methods_change": _("更改登录方式之前，请先确认是您本人。确认后回到刚才的页面继续。"),
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
    **MANDATE_SENTENCES,
    **COUNTER_SENTENCES,
    **ASSISTED_SENTENCES,
}
GENERAL = _("操作没有成功，请重试。")

EVENTS: Mapping[str, LazyString] = {
    "person:account:registered": _("注册账户"),
    "person:activation:found": _("通过人脸核验查找原平台账户"),
    "person:account:activated": _("激活原平台账户"),
    "person:activation:completed": _("补充核验通过，提前恢复办理"),
    "person:account:joined": _("并入原平台账户"),
    "person:activation:rejected": _("激活被原手机号叫停，原平台账户退回待当面核验"),
    "person:entity_link:left": _("原平台登记的单位等待确认"),
    "person:user_name:set": _("设置用户名"),
    "person:phone:verified": _("验证手机号"),
    "person:phone:changed": _("更换手机号"),
    "person:phone:released": _("手机号已由其他人验证，不再属于这个账户"),
    "person:evidence:added": _("身份信息得到核验"),
    "person:evidence:ending_told": _("提醒身份核验即将到期"),
    "person:identity:refused": _("身份核验未通过"),
    "person:identity:confirmed": _("人口信息库已确认姓名和证件号码，尚待本人核验"),
    "person:document:recorded": _("登记证件"),
    "person:check:agreed": _("同意进行人脸或银行核验"),
    "person:check:passed": _("人脸或银行核验通过"),
    "person:check:refused": _("人脸或银行核验没有通过"),
    "person:evidence:ended": _("身份核验失效"),
    "person:agreement:accepted": _("同意协议"),
    "person:account:closing_asked": _("申请注销账户"),
    "person:account:kept": _("取消注销，保留账户"),
    "person:account:closed": _("注销账户"),
    "person:account:recognised": _("与您注销过的账户建立联系，并记录须告知原先使用它的部门"),
    "person:data:exported": _("导出个人数据"),
    "person:dispute:filed": _("提交异议"),
    "person:dispute:withdrawn": _("撤回异议"),
    "person:text:signed": _("用数字证书签署文本"),
    "operator:dispute:answered": _("异议得到答复"),
    "person:review:begun": _("同意提供照片供人工审核"),
    "person:photo:sent": _("上传照片"),
    "person:photo:refused": _("上传的文件未被接受"),
    "person:id_photos:begun": _("同意识别证件照片"),
    "person:id_photos:read": _("识别证件照片"),
    "person:id_photos:unread": _("证件照片未能识别"),
    "person:review:refused": _("人工审核未能提交"),
    "person:review:filed": _("提交人工审核"),
    "person:review:withdrawn": _("撤回人工审核，照片已删除"),
    "person:review:lapsed": _("人工审核逾期未办结，照片已删除"),
    "operator:review:viewed": _("工作人员查看了您的人工审核"),
    "operator:review_photo:viewed": _("工作人员查看了您的照片"),
    "operator:review:approved": _("人工审核通过，照片已删除"),
    "operator:review:rejected": _("人工审核未通过，照片已删除"),
    "operator:dispute:viewed": _("工作人员查看了您的异议"),
    "person:session:disowned": _("报告一次登录不是本人"),
    "person:password:reset_required": _("密码停用，等待重新设置"),
    "person:password:accepted": _("密码验证通过"),
    "person:password:refused": _("密码错误"),
    "person:password:locked": _("密码登录被暂停"),
    "person:password:unlocked": _("密码登录恢复"),
    "person:password:changed": _("修改密码"),
    "person:password:reset": _("通过短信验证码重设密码"),
    "person:recovery:requested": _("申请人工核验找回"),
    "person:recovery:stopped": _("原手机号停止了找回，账户暂停"),
    "person:sms_code:sent": _("发送短信验证码"),
    "person:sms_code:accepted": _("短信验证码验证通过"),
    "person:sms_code:refused": _("短信验证码错误"),
    "person:sms_code:exhausted": _("短信验证码因输错次数过多作废"),
    "person:totp:added": _("添加验证器"),
    "person:totp:removed": _("移除验证器"),
    "person:totp:accepted": _("验证器验证通过"),
    "person:totp:refused": _("验证器的数字错误"),
    "person:totp:locked": _("验证器被暂停"),
    "person:recovery_codes:made": _("生成备用码"),
    "person:recovery_codes:removed": _("移除备用码"),
    "person:recovery_code:accepted": _("使用备用码"),
    "person:recovery_code:refused": _("备用码错误"),
    "person:recovery_code:locked": _("备用码被暂停"),
    "person:passkey:added": _("添加通行密钥"),
    "person:passkey:renamed": _("重命名通行密钥"),
    "person:passkey:removed": _("移除通行密钥"),
    "person:passkey:accepted": _("通行密钥验证通过"),
    "person:passkey:refused": _("通行密钥未通过验证"),
    "person:certificate:bound": _("绑定数字证书"),
    "person:certificate:unbound": _("解除数字证书的绑定"),
    "person:certificate:accepted": _("数字证书验证通过"),
    "person:certificate:refused": _("数字证书未通过验证"),
    "person:certificate:ended": _("数字证书被吊销或已过期，不再有效"),
    "person:certificate:ending_told": _("提醒数字证书即将到期"),
    "person:certificate_qr:refused": _("手机扫码签名时选错了数字"),
    "person:method:refused": _("登录已经结束，未更改登录方式"),
    "person:factors:disowned": _("移除他人添加的登录方式"),
    "person:session:begun": _("登录"),
    "person:scan:confirmed": _("用手机确认了另一块屏幕的登录"),
    "person:scan:refused": _("用手机拒绝了另一块屏幕的登录，或选错了数字"),
    "person:session:stepped_up": _("再次确认身份"),
    "person:session:ended": _("退出登录"),
    "person:profile:viewed": _("查看个人资料"),
    "person:acting:changed": _("更换为谁办事"),
    "entity:account:registered": _("登记单位"),
    "entity:identity:refused": _("单位核对未通过"),
    "entity:password:set": _("设置单位密码"),
    "entity:certificate:bound": _("绑定单位证书"),
    "entity:certificate:unbound": _("解除单位证书的绑定"),
    "entity:role:claimed": _("申请代表单位"),
    "entity:role:confirmed": _("确认代表单位"),
    "entity:role:contested": _("代表单位的申请有争议"),
    "entity:role:ended": _("不再代表单位"),
    "person:consent:given": _("同意向应用提供信息"),
    "person:consent:noticed": _("获知应用依法取得的信息"),
    "person:consent:withdrawn": _("撤回对应用的同意"),
    "operator:person:sought": _("工作人员查找了您的账户"),
    "operator:person:viewed": _("工作人员查看了您的账户"),
    "operator:person:signed_out": _("工作人员退出了您的全部登录"),
    "operator:person:suspended": _("工作人员暂停了您的账户"),
    "operator:person:restored": _("工作人员恢复了您的账户"),
    "operator:person:password_ended": _("工作人员停用了您的密码"),
    "operator:person:password_unlocked": _("工作人员解除了密码锁定"),
    "operator:person:evidence_ended": _("工作人员要求重新实名"),
    "operator:recovery:viewed": _("工作人员查看了找回您账户的申请"),
    "operator:recovery:number_differed": _("工作人员输入的证件号码与找回申请不一致"),
    "operator:recovery:approved": _("工作人员批准用新手机号找回账户"),
    "operator:recovery:rejected": _("工作人员未通过找回账户的申请"),
    "operator:proposal:viewed": _("工作人员查看了您的账户"),
    "operator:audit:read": _("审计人员查阅了与您有关的记录"),
    "client:grant:issued": _("登录应用"),
    "client:grant:refused": _("未能登录应用"),
    "client:grant:ended": _("应用的登录结束"),
    "client:code:exchanged": _("应用完成登录"),
    "client:code:replayed": _("拦截了应用重复使用的登录凭据"),
    "client:refresh_token:replayed": _("拦截了应用重复使用的登录凭据"),
    "client:token:revoked": _("应用交回登录凭据"),
    "client:token:exchanged": _("应用凭授权调用部门接口"),
    "client:personal_data:released": _("向应用提供个人信息"),
    "client:check:asked": _("部门请求核验您的身份"),
    "client:check:answered": _("部门请求的核验有了结果"),
    "client:check:released": _("部门取得核验结果"),
    "client:counter:proofed": _("窗口登记了您的身份核验"),
    "client:counter:refused": _("窗口登记身份核验未成功"),
    "client:authority:checked": _("应用查询能否代为办理"),
    "client:event_stream:created": _("应用订阅变更通知"),
    "client:event_stream:changed": _("应用更改变更通知的订阅"),
    "client:event_stream:deleted": _("应用取消订阅变更通知"),
    "client:security_event:delivered": _("通知应用信息有变更"),
    "client:security_event:failed": _("未能通知应用信息有变更"),
    "client:identity_code:redeemed": _("窗口读取了您的身份码"),
    "client:identity_code:answered": _("您答复了窗口的身份码请求"),
    "client:identity_code:refused": _("窗口读取身份码未成功"),
    "client:logout_notice:delivered": _("通知应用退出登录"),
    "client:logout_notice:failed": _("未能通知应用退出登录"),
    **MANDATE_EVENTS,
    **ASSISTED_EVENTS,
}
OTHER_EVENT = _("账户操作")

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

CAPABILITIES: Mapping[str, tuple[LazyString, LazyString]] = {
    "name_check": (
        _("姓名和证件号码核验"),
        _("您同意后，我们向人口信息库核对您已实名的姓名和证件号码是否仍然有效。"),
    ),
    "face_check": (_("人脸核验"), _("您同意后，由人脸核验服务核对是否您本人，我们不保存您的图像。")),
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

PASSWORD_RULES: Mapping[str, LazyString] = {
    "length": _("至少 %(number)d 个字符，也可以是一句话。"),
    "advised_length": _("%(number)d 至 %(most)d 个字符；想用更长的也可以。"),
    "2_kinds_of_symbols": _("字母、数字、符号（%(symbols)s）至少用两种。"),
    "2_kinds": _("字母、数字、符号至少用两种。"),
    "3_kinds": _("大写字母、小写字母、数字、符号至少用三种。"),
    "letters_and_digits": _("同时包含字母和数字。"),
    "uncommon": _("不要用常见的密码，不要包含手机号或用户名。"),
}

METHODS: Mapping[str, LazyString] = {
    "pwd": _("密码"),
    "sms": _("短信验证码"),
    "face": _("人脸核验"),
    "otp": _("验证器"),
    "pop": _("通行密钥"),
    "certificate": _("数字证书"),
    "certificate_pin": _("数字证书"),
    "certificate_token": _("数字证书"),
    "entity_certificate": _("单位证书"),
    "recovery_code": _("备用码"),
    "scan": _("手机扫码确认"),
    "scan_pop": _("手机上的通行密钥"),
    "mfa": _("两种方式"),
    "identity_code": _("身份码"),
    "paper": _("纸质签字"),
}


CERTIFICATE_PURPOSES: Mapping[str, LazyString] = {
    "bind-person": _("把证书绑定到您的账户"),
    "bind-entity": _("把证书绑定到法人账户"),
    "sign-in": _("用证书登录"),
    "confirm": _("用证书确认是您本人"),
    "renew": _("更换已绑定的证书"),
    "text": _("签署一份文书"),
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


def _key(reason: str) -> str:
    return str(reason).replace("-", "_")


def known_reason(reason: str) -> bool:
    """Whether ``reason`` has a sentence of its own."""
    return _key(reason) in SENTENCES


def sentence(reason: str) -> LazyString:
    """What the person reads for ``reason``; hyphens and underscores are alike."""
    return SENTENCES.get(_key(reason), GENERAL)


def event_sentence(event: str) -> LazyString:
    """An audit event as a line in the person's own list of activity."""
    return EVENTS.get(event, OTHER_EVENT)


def scope_words(scope: str) -> tuple[LazyString | str, LazyString | None]:
    """Name and description of what a scope gives away; an unknown scope is shown as it is."""
    return SCOPES.get(scope, (scope, None))


def certificate_purpose(purpose: str) -> LazyString:
    """What a text is signed for, in words."""
    return CERTIFICATE_PURPOSES[purpose]


def entity_type_word(kind: str) -> LazyString:
    """A kind of legal entity in words."""
    return ENTITY_TYPES[kind]


def role_word(role: str) -> LazyString | str:
    """What somebody is to an entity, in words."""
    return ROLES.get(role, role)


def capacity_word(capacity: str) -> LazyString | str:
    """As what somebody acts by a mandate, in words."""
    return CAPACITIES.get(capacity, capacity)


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


def capability_words(capability: str) -> tuple[LazyString, LazyString]:
    """What a department asks for, in words, and what is done when the person agrees."""
    return CAPABILITIES[capability]


def evidence_word(kind: str) -> LazyString | str:
    """How identity was proved, in words; an unknown kind is shown as it is."""
    return EVIDENCE.get(kind, kind)


def source_word(source: str) -> LazyString | str:
    """Who proved it: a register by its name, anything else as it was recorded."""
    return SOURCES.get(source, source)


def password_rule(rule: str, **numbers: int | str) -> str:
    """One line of advice above a new password. KeyError for an unknown ``rule``."""
    text = str(PASSWORD_RULES[rule])
    return text % numbers if numbers else text


def method_word(method: str) -> LazyString | str:
    """An ``amr`` value in words."""
    return METHODS.get(method, method)
