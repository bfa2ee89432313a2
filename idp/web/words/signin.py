"""Sentences about signing in: forms, codes, factors, passwords, and why it is asked for again.

Always true: joined into the one table of `idp.web.reasons`, which is where they are looked up.
"""

from collections.abc import Mapping

from flask_babel import LazyString
from flask_babel import lazy_gettext as _

SENTENCES: Mapping[str, LazyString] = {
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
    # why a sign-in is asked for again, or in a stronger way
    "prompt_login": _("您要前往的应用要求重新登录，以确认是您本人。"),
    "max_age": _("距您上次登录已有一段时间，您要前往的应用要求重新登录。"),
    "another_person": _("您要前往的应用正在等待另一个账户登录。"),
    "client_minimum": _("这个应用只接受用两种方式确认过的登录。"),
    "essential_acr": _("这个应用要办理的事项需要更高的登录强度。"),
    "voluntary_acr": _("这个应用希望您再用一种方式确认身份；您也可以不做。"),
    "face_check": _("这个应用要办理的事项需要先核验您的身份，再由人脸核验确认是您本人。"),
    "methods_change": _("更改登录方式之前，请先确认是您本人。确认后回到刚才的页面继续。"),
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
