"""The sandbox's English: every Chinese source string of its pages and of the magic numbers.

Always true: complete and without leftovers, which a test reads out of the templates and the table.
"""

from adapters.sandbox.english_ca import CERTIFICATES
from adapters.sandbox.english_checks import CHECKS

ENGLISH = {
    **CHECKS,
    **CERTIFICATES,
    "通办沙箱": "Tongban sandbox",
    "跳到正文": "Skip to content",
    "仅供试用：人、号码和证书都是虚构的，停止后只留下演示 CA。": (
        "For trying out only: people, numbers and certificates are made up; the demo CAs alone outlive it."
    ),
    "主要页面": "Main pages",
    # specimens of documents
    "证件样本": "Specimens",
    "识别服务只认得下面这些图片：下载正面和反面，再作为证件照片上传。裁剪或翻拍后就认不出了。": (
        "The reader knows these pictures alone: download front and back, and send them as photos of your document. "
        "Cropped or photographed they are not recognised."
    ),
    "人口库里的人": "People in the population register",
    "魔法样本": "Magic specimens",
    "识别服务": "Reader",
    "下载": "Download",
    "正面": "Front",
    "反面": "Back",
    "识别成功": "Read",
    "看不清文字": "The text cannot be read",
    "有反光": "There is glare",
    "没有拍全": "A part is cut off",
    "不是证件": "No document",
    "复印件或翻拍": "A copy, or a photo of a screen",
    "正面和反面不是同一个证件": "Front and back are not of one document",
    "识别成功，证件已过期": "Read; the document has expired",
    "识别成功，没有有效期": "Read; no end of validity",
    "号码认错一位": "One digit of the number is misread",
    '"read" 是文字 "true"': '"read" is the text "true"',
    "没听说过的原因": "A reason nobody has heard of",
    "照片已删除，请重新拍摄": "Photos deleted, to be taken again",
    "核对后进行人脸核验": "Confirmed by the person, then the face check",
    "首页": "Start",
    "短信收件箱": "SMS inbox",
    "魔法号码": "Magic numbers",
    # start page
    "从这里开始": "Start here",
    "这个沙箱代替真实的外部服务。通办发出的短信都到这里，不会到任何真实的手机。": (
        "The sandbox stands in for the real outside services. Every text message Tongban sends arrives here; "
        "none reaches a real phone."
    ),
    "税务演示应用": "Tax demo app",
    "社保演示应用": "Social security demo app",
    "通办：我的账户": "Tongban: my account",
    "验证码在这里": "Your codes are here",
    "可以试的几件事": "Things to try",
    "注册": "Register",
    "用沈新禾的号码或任何一个 11 位手机号注册；验证码在短信收件箱里。": (
        "Register with the number of 沈新禾 or any 11-digit mobile number; the code is in the SMS inbox."
    ),
    "去注册": "Register",
    "一次登录，处处可办": "Sign in once, handle everywhere",
    "在税务应用里登录，再打开社保应用：不用再登录一次。": (
        "Sign in to the tax app, then open the social security app: no second sign-in."
    ),
    "打开税务应用": "Open the tax app",
    "打开社保应用": "Open the social security app",
    "一次退出，全部退出": "Sign out once, be out of both",
    "在任何一个应用里退出，另一个应用两秒内也会退出。": (
        "Sign out of either app, and the other is signed out within two seconds."
    ),
    "不用密码登录": "Sign in without a password",
    "陈桂英没有用户名，也常忘记密码：用短信验证码登录。": (
        "陈桂英 has no user name and often forgets her password: sign in with a text code."
    ),
    "去用验证码登录": "Sign in with a code",
    "激活旧平台的账户": "Activate an account of an older platform",
    "高文英和马晓东的账户是从旧平台迁来的：说出自己是谁，做一次人脸核验，就能继续用。": (
        "The accounts of 高文英 and 马晓东 were moved from older platforms: say who you are, have your face checked,"
        " and go on using them."
    ),
    "去激活": "Activate",
    "在家办养老金资格认证": "Confirm a pension at home",
    "用陈桂英登录社保应用，养老金页面请她做一次人脸核验；应用只知道结果和时间。": (
        "Sign in to the social security app as 陈桂英: its pension page asks her for a face check, and learns nothing"
        " but the result and the time."
    ),
    "打开养老金页面": "Open the pension page",
    "替企业报税，再把授权收回": "File for a company, then take the mandate back",
    "贺小满在税务应用里替外贸公司申报增值税；Maria Fernandes 收回授权，下一次提交就被拒绝。": (
        "贺小满 files a trading company's VAT return in the tax app; Maria Fernandes takes the mandate back, and the "
        "next submission is refused."
    ),
    "打开增值税申报": "Open the VAT return",
    "代人办事": "Acting for others",
    "女儿替母亲办理": "A daughter for her mother",
    "陈桂英授权女儿吴月明确认养老金领取资格；女儿接受后，在社保应用里替母亲确认。": (
        "陈桂英 lets her daughter 吴月明 confirm her pension; the daughter accepts, and confirms it in the social "
        "security app."
    ),
    "去授权": "Go to mandates",
    "替家人确认": "Confirm for family",
    "两人签署，替企业退税": "Two sign, and a refund is claimed",
    "欧阳清岚用国密证书签署给贺小满的退税授权，公司的授权管理员吴月明用验证码签署；贺小满接受后申请退税。": (
        "欧阳清岚 signs a mandate for 贺小满 by an SM2 certificate; 吴月明, who administers the company's refunds, "
        "signs it by a code; 贺小满 accepts, and claims the refund."
    ),
    "领取证书": "Get the certificate",
    "打开退税申请": "Open the refund claim",
    "窗口人员为没有手机的人代办": "A clerk for somebody without a phone",
    "周𪚥文以单位名义任命龚䶮为窗口人员；龚䶮为来办事的人开单，对方用人脸同意，由龚䶮在社保应用里确认。": (
        "周𪚥文 makes 龚䶮 a clerk of the bureau's counter; 龚䶮 opens a case for whoever is there, who agrees by "
        "their face, and confirms their pension in the social security app."
    ),
    "打开窗口": "Open the counter",
    "替他人确认": "Confirm for them",
    "管好自己的账户": "Look after your account",
    "修改密码，查看登录过的设备和用过的应用，随时收回。": (
        "Change your password, see the devices and apps that use your account, and end any of them."
    ),
    "打开我的账户": "Open my account",
    "看得清楚": "See clearly",
    "换成大字号、高对比度或英文，选择会被记住。": (
        "Switch to large type, high contrast or English; your choice is remembered."
    ),
    "显示设置": "Display settings",
    "让短信或登记库出错": "Make a text message or a register fail",
    "用魔法号码登录、注册或核实身份，看短信服务商和登记库出错时会怎样。": (
        "Sign in, register or prove who you are with a magic number; see what happens when a service fails."
    ),
    "演示人物": "Demo people",
    "手机号": "Phone",
    "用户名": "User name",
    "密码": "Password",
    "%s 的短信": "Messages to %s",
    # inbox
    "发到任何号码的短信都在这里，最新的在最上面。": "Messages to every number arrive here, the newest on top.",
    "只看一个手机号": "Show one phone number only",
    "筛选": "Filter",
    "这不是一个手机号。请输入 11 位手机号，例如 13800001001。": (
        "This is not a phone number. Enter 11 digits, for example 13800001001."
    ),
    "停止自动刷新": "Stop refreshing",
    "刷新": "Refresh",
    "每 5 秒自动刷新": "Refresh every 5 seconds",
    "看全部号码": "Show all numbers",
    "清空这个号码": "Clear this number",
    "全部清空": "Clear all",
    "共 %s 条": "Messages: %s",
    "显示最新的 %s 条": "the newest %s shown",
    "只看 %s": "Show only %s",
    "验证码": "Code",
    "还没有短信": "No messages yet",
    "在通办里请求一个验证码，一两秒后它会出现在这里。": (
        "Ask for a code in Tongban; it appears here after a second or two."
    ),
    "程序读取": "For programs:",
    # magic numbers
    "发到这些号码的短信各出一种错。其他号码一切正常，立即送达。": (
        "Messages to each of these numbers fail in one way. Every other number gets its message at once."
    ),
    "号码": "Number",
    "短信服务商": "SMS vendor",
    "通办随后": "Tongban then",
    "不再重试，记为失败": "does not retry, records the failure",
    "按退避时间重试，到期放弃": "retries with growing pauses, gives up when the message expires",
    "重试后发出，手机只收到一条": "retries, sent; the phone gets it once",
    "视为已发出": "counts it as sent",
    "空号：422 invalid_number": "invalid number: 422 invalid_number",
    "机主已退订：403 opted_out": "the owner opted out: 403 opted_out",
    "限流：首次 429，Retry-After 2 秒，之后送达": "throttled: first 429 with Retry-After 2 s, then delivered",
    "等够 2 秒再试，送达": "waits 2 s, retries, sent",
    "前两次 500，第三次送达": "500 twice, delivered the third time",
    "重试两次，送达": "retries twice, sent",
    "一直 500": "always 500",
    "一直不回答（30 秒）": "never answers (30 s)",
    "接受后 20 秒才到手机": "accepted, reaches the phone 20 s later",
    "接受后从未到手机": "accepted, never reaches the phone",
    "回答的 JSON 被截断": "the JSON of the answer is cut short",
    "同一条短信到手机两次": "reaches the phone twice",
    "2 秒后才回答，送达": "answers after 2 s, delivered",
    "等到回答，送达": "waits for the answer, sent",
    "一直断开连接，不回答": "always drops the connection without an answer",
    "内容未过审：422 content_refused": "content not approved: 422 content_refused",
    "不认识密钥：401 bad_signature": "does not know the key: 401 bad_signature",
    "一直限流：429，Retry-After 600 秒": "always throttled: 429 with Retry-After 600 s",
    "首次维护：503，Retry-After 1 秒，之后送达": "maintenance: first 503 with Retry-After 1 s, then delivered",
    "等够 1 秒再试，送达": "waits 1 s, retries, sent",
    "首次已接受却不回答（30 秒）": "takes the first request but does not answer it (30 s)",
    "首次已接受却断开连接": "takes the first request but drops the connection",
    "回答 200 和一张网页（途中的代理）": "answers 200 with a web page (a proxy on the way)",
    "回答超过 64 KiB": "the answer is larger than 64 KiB",
    "302 转到别处": "302 to another address",
    "不跟随；按退避时间重试，到期放弃": (
        "does not follow; retries with growing pauses, gives up when the message expires"
    ),
    # registers
    "登记库": "Registers",
    "登记在册的": "Who is in the registers",
    "人口库、企业库和银行认识下面这些；别的一律查无此号，魔法号码除外。": (
        "The registers and the banks know these. Everybody and everything else is not found, but for magic numbers."
    ),
    "银行卡": "Bank cards",
    "银行": "The banks",
    "持卡人": "Holder",
    "银行预留手机号": "Phone the bank knows",
    "银行卡的魔法号码": "Magic numbers of bank cards",
    "核验这些卡号时，银行各有一种回答或出错。按卡号和姓名分别计次。": (
        "Asked about one of these card numbers, the banks answer or fail in one way. What changes is counted per "
        "card and name."
    ),
    "一致，不论姓名、证件和手机号": "match, whatever name, document and phone",
    "查无此卡": "no such card",
    "已挂失": "reported as lost",
    "已销户": "closed",
    "已冻结": "frozen",
    "附属卡，账户属于别人": "a supplementary card to somebody else's account",
    "该行或该卡种不支持核验": "a bank or kind of card that takes no part",
    "四要素时不一致（手机号不对），三要素时一致": "four elements: mismatch (wrong phone); three: match",
    "四要素时不算核实，三要素时核实通过": "not verified with four elements, verified with three",
    "比对的要素不够": "compared fewer elements than asked",
    "没听说过的卡状态": "a state of the card nobody knows",
    "人口库": "Population register",
    "企业库": "Enterprise register",
    "姓名": "Name",
    "名称": "Name of the entity",
    "代表人": "Representative",
    "说明": "Good for",
    "统一社会信用代码": "Unified social credit code",
    "登记机关": "Register",
    "人口库的魔法号码": "Magic numbers of the population register",
    "企业库的魔法代码": "Magic codes of the enterprise register",
    "查询这些身份证号码时，人口库各有一种回答或出错。按号码和姓名分别计次。": (
        "Asked about one of these ID numbers, the population register answers or fails in one way. What changes is "
        "counted per number and name."
    ),
    "查询这些统一社会信用代码时，企业库各有一种回答或出错。按代码和代表人分别计次。": (
        "Asked about one of these codes, the enterprise register answers or fails in one way. What changes is "
        "counted per code and representative."
    ),
    "一致，不论姓名": "match, whatever the name",
    "不一致": "mismatch",
    "查无此号": "not found",
    "一致，但已去世": "match, but deceased",
    "一致，证件已过期": "match, the document is out of date",
    "一致，没有有效期": "match, the document has no end",
    '"match" 是文字 "true"': '"match" is the text "true"',
    "没听说过的状态": "a status nobody knows",
    "存续，名称和代表人都一致": "active; name and representative match",
    "名称不一致": "the name does not match",
    "查无此码": "not found",
    "代表人不一致": "the representative does not match",
    "已注销": "cancelled",
    "已吊销": "licence revoked",
    "已迁出": "moved",
    "歇业": "suspended",
    "第一次代表人一致，之后已换人": "the representative matches the first time, then has changed",
    "第一次存续，之后已注销": "active the first time, then cancelled",
    '"representative_matches" 是文字 "true"': '"representative_matches" is the text "true"',
    "只是合伙人，不是代表人": "a partner, not the representative",
    "第一次 500，之后正常": "500 the first time, then fine",
    "2 秒后才回答": "answers after 2 s",
    "回答没有签名": "the answer is not signed",
    "回答用别的密钥签名": "the answer is signed with another key",
    "回答是一小时前签名的": "the answer was signed an hour ago",
    "回答写着别的流水号": "the answer echoes another reference",
    "回答的是别的问题": "the answer is to another question",
    "第一次断开连接，之后正常": "drops the connection the first time, then fine",
    "核实通过": "verified",
    "不算核实": "not verified",
    "不算核实，稍后再试": "not verified; to be tried later",
    "不算核实，再问也没有用": "not verified; asking again is of no use",
    "第一次不算核实，再试通过": "not verified the first time, then verified",
    "等到回答，核实通过": "waits for the answer, verified",
    "不跟随；不算核实，稍后再试": "does not follow; not verified; to be tried later",
    "立即再问一次，核实通过": "asks once more at once, verified",
    "第一次通过，复查时不再通过": "verified the first time, no longer when checked again",
    # errors
    "这一页打不开": "This page does not open",
    "沙箱没有照这个请求去做，也没有改变任何东西。": "The sandbox did not do what was asked and changed nothing.",
    "回到首页": "Back to the start",
}
