"""Sentences about certificates: of the certificate itself, of what was signed, of whose it is.

Always true: joined into the one table of `idp.web.reasons`, which is where they are looked up.
"""

from collections.abc import Mapping

from flask_babel import LazyString
from flask_babel import lazy_gettext as _

SENTENCES: Mapping[str, LazyString] = {
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
}
CERTIFICATE_PURPOSES: Mapping[str, LazyString] = {
    "bind-person": _("把证书绑定到您的账户"),
    "bind-entity": _("把证书绑定到法人账户"),
    "sign-in": _("用证书登录"),
    "confirm": _("用证书确认是您本人"),
    "renew": _("更换已绑定的证书"),
    "text": _("签署一份文书"),
}
