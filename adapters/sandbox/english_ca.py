"""The English of the demo CAs and the pretend phone: their pages and the table of certificates.

Always true: it is a part of `adapters.sandbox.english.ENGLISH`, which is tested as a whole.
"""

CERTIFICATES = {
    "演示 CA": "Demo CAs",
    "三个只供试用的 CA：国密 SM2、RSA 和 ECDSA。选一张证书，下载成 .p12 文件，再到通办里用它登录或绑定。": (
        "Three CAs for trying out only: SM2, RSA and ECDSA. Choose a certificate, download it as a .p12 file, and"
        " sign in with it or bind it in Tongban."
    ),
    "所有 .p12 文件的密码：": "The password of all .p12 files:",
    "手机证书：扫码后在这里签名": "Certificate on a phone: signs here after a scan",
    "密码钥匙": "USB key",
    "当作一把插在这台电脑上的密码钥匙，里面有八张证书。PIN 是 111111；222222 表示本人取消，333333 表示用到一半被拔出，输错五次就锁定。": (  # noqa: E501
        "Plays a USB key in this computer, with eight certificates. Its PIN is 111111; 222222 stands for a person who"
        " cancels, 333333 for a key pulled out half-way, and five wrong ones lock it."
    ),
    "现在没有插着。": "It is not plugged in.",
    "现在插着，还可以输错 %s 次。": "It is plugged in; %s wrong PINs are left.",
    "现在插着，已经锁定；重新插上就解开。": "It is plugged in and locked; plugging it in anew unlocks it.",
    "拔出": "Pull it out",
    "重新插上": "Plug it in anew",
    "各种情形": "Cases",
    "登记在册的每一位": "Everybody in the registers",
    "证书": "Certificate",
    "发给": "Issued to",
    "打开": "Open",
    # the table of certificates
    "个人证书": "A person's certificate",
    "个人证书，换发的：新的密钥和序列号": "A person's, renewed: new key and serial number",
    "认得；再验证一次后换绑": "accepted; rebound after a further factor",
    "单位证书": "An entity's certificate",
    "单位证书，写明持有人": "An entity's certificate, names its holder",
    "个人证书，已吊销": "A person's, revoked",
    "单位证书，已吊销": "An entity's, revoked",
    "个人证书，已过期": "A person's, expired",
    "个人证书，还没有生效": "A person's, not valid yet",
    "加密证书，不能用来签名": "For encryption: must not sign",
    "发证时用了空的 SM2 用户标识": "Signed by its CA with the empty SM2 user id",
    "没有写明身份": "Says nothing of who it is for",
    "号码的校验位不对": "The check digit of its number is wrong",
    "自称可以发证的个人证书": "A person's, claims to be a CA",
    "没有人信任的另一个根发的证书": "Of another root that nobody trusts",
    "认得，可以用": "accepted",
    "不认，说明原因": "refused, and says why",
    # lists
    "吊销列表": "Revocation lists",
    "列表": "List",
    "刚刚签发的": "Made just now",
    "一天前已失效": "Ran out a day ago",
    "别的密钥签的": "Signed by another key",
    "一小时前的，上面还没有人": "An hour old, with nobody on it yet",
    "根 CA 的，上面没有人": "The root's, with nobody on it",
    "照它办": "goes by it",
    "当作没有，拒绝": "as if there were none: refuses",
    "不采用": "does not take it",
    "不退回到它": "does not go back to it",
    # one certificate
    "一张证书": "A certificate",
    "证件号码": "Document number",
    "序列号": "Serial number",
    "有效期": "Valid",
    "现在": "Now",
    "在吊销列表上": "on the revocation list",
    "不在吊销列表上": "not on the revocation list",
    "文件密码": "File password",
    "下载 .p12（含私钥）": "Download .p12 (with the private key)",
    "下载 .pem（只有证书）": "Download .pem (the certificate alone)",
    "这一张总在吊销列表上。": "This one is always on the revocation list.",
    "通办下一次取吊销列表以后才会知道。": "Tongban learns of it when it next fetches the list.",
    "撤回吊销": "Take the revocation back",
    "吊销这张证书": "Revoke this certificate",
    "所有证书": "All certificates",
    # the phone
    "手机证书": "Certificate on a phone",
    "这里当作一部装了 CA 应用的手机：读通办页面上的二维码，选一张证书，签名后送回。": (
        "This page plays a phone with the app of a CA: it reads the code on Tongban's page, signs with the"
        " certificate you choose, and sends that back."
    ),
    "这不是通办的码，或者它已经失效。": "This is no code of Tongban, or it is over.",
    "这一页已失效，请重新打开。": "This page is over. Open it again.",
    "已取消，什么都没有签。": "Cancelled; nothing was signed.",
    "PIN 不对。": "Wrong PIN.",
    "请选一张证书。": "Choose a certificate.",
    "通办没有回应，请再试一次。": "Tongban does not answer. Try again.",
    "通办没有接受。": "Tongban did not take it.",
    "要签的文字": "The text to sign",
    "电脑上显示的是哪个数字？": "Which number does the computer show?",
    "用哪张证书": "Certificate",
    "PIN（试用的是 111111；222222 表示取消）": "PIN (111111 here; 222222 cancels)",
    "送回什么": "What to send back",
    "SignedData，带原文": "SignedData with the text",
    "SignedData，不带原文": "SignedData without the text",
    "签名值和证书": "signature and certificate",
    "签了别的文字": "the signature of another text",
    "签名并送回": "Sign and send back",
    "二维码里的网址": "The address in the code",
    "已送回": "Sent",
    "签名已交给通办，请回到电脑上继续。": "Tongban has the signature. Go on at the computer.",
    "再签一次": "Sign once more",
}
