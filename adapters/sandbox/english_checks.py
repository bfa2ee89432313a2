"""The English of the stand-in vendors of checks: their pages, prompts and magic numbers.

Always true: it is a part of `adapters.sandbox.english.ENGLISH`, which is tested as a whole.
"""

CHECKS = {
    "服务商": "Vendor",
    "人脸核验和银行渠道的魔法号码": "Magic numbers of face checks and the bank's channel",
    "核验这些身份证号码的人时，服务商各有一种结果或出错；人口库对它们都答“一致”。其他号码在核验页上自己选结果。": (
        "When somebody with one of these ID numbers is checked, the vendor finds or fails in one way; the population "
        "register says of all of them that they match. For other numbers, the outcome is chosen on the vendor's page."
    ),
    "通过": "passed",
    "不通过：不是活体": "not passed: no living face",
    "通过，但分数只有 0.5": "passed, but with a score of 0.5",
    "结果是另一个人的": "the result is for somebody else",
    "20 秒后才有结果": "a result only after 20 s",
    "一直没有结果，也不回调": "never a result, and no callback",
    "回调两次，两次取到的结果相反": "calls back twice; two results that contradict each other",
    "通过，但不回调": "passed, but no callback",
    "取结果时一直 500": "always 500 when asked for the result",
    "取结果时不回答（30 秒）": "does not answer when asked for the result (30 s)",
    "分数是 NaN": "the score is NaN",
    '"pass" 是文字 "false"': '"pass" is the text "false"',
    '"pass" 是文字 "true"': '"pass" is the text "true"',
    "结果用别的密钥签名": "the result is signed with another key",
    "结果没有签名（alg none）": "the result is not signed (alg none)",
    "结果以公钥作 HMAC 密钥签名": "the result is signed by HMAC with the public key",
    "结果是一小时前的": "the result is an hour old",
    "结果写着别的随机数": "the result holds another nonce",
    "结果写着别的用途": "the result is for another purpose",
    "结果写着别的流水号": "the result is of another transaction",
    "打开时一直 500": "always 500 when a check is opened",
    "打开时不回答（30 秒）": "does not answer when a check is opened (30 s)",
    "打开时 302 转到别处": "302 to another address when a check is opened",
    "把人送到别的网站": "sends people to another site",
    "同时给出网址和 SDK 令牌": "gives both an address and an SDK token",
    "核验通过": "check passed",
    "核验未通过": "check not passed",
    "人脸核验未通过；银行不看分数": "face check not passed; of a bank no score is asked",
    "不算结果，到时请换别的办法": "no result; when time is up, another way is offered",
    "没有打开，请换别的办法": "not opened; another way is offered",
    "等到结果，核验通过": "waits for the result, check passed",
    "只认第一次的结果": "keeps to the first result",
    "本人返回后取到结果，核验通过": "fetches the result when the person is back, check passed",
    "人脸核验": "Face check",
    "银行渠道核验": "Check through the bank",
    "为“%s”核验 %s（证件尾号 %s）。": "To %s: a check of %s (document ending in %s).",
    "核实身份": "confirm who you are",
    "登录": "sign in",
    "找回账户": "recover an account",
    "激活账户": "activate an account",
    "由窗口人员代办": "have a clerk at a counter act",
    "办理部门的事项": "deal with a matter of a department",
    "接下来有三个小动作，一次一个，十分钟内做完就可以，不用着急。做不了的动作都可以换一个。": (
        "Three small movements follow, one at a time; there are ten minutes for them, so take your time. Any you "
        "cannot do can be changed for another."
    ),
    "看不见屏幕的，读屏软件会读出每个动作，身边的人也可以帮忙扶住手机、读出动作。全程不靠声音，听不见也能完成。": (
        "If you cannot see the screen, a screen reader reads each movement out, and somebody beside you may hold the "
        "phone and read. Nothing is told by sound, so nobody has to hear."
    ),
    "有摄像头的话，会请你允许使用，方便看到自己。没有摄像头也可以继续。": (
        "If there is a camera, you will be asked to allow it, so that you see yourself. You can go on without one."
    ),
    "开始": "Begin",
    "第 %s 步，共 %s 步": "Step %s of %s",
    "请慢慢地左右摇摇头。": "Please shake your head slowly.",
    "请把头慢慢转向一侧，再转回来。": "Please turn your head slowly to one side and back.",
    "请抬起一只手，左右摆一摆。": "Please raise a hand and wave it.",
    "请慢慢地点点头。": "Please nod slowly.",
    "请张开嘴，再合上。": "Please open your mouth and close it.",
    "请竖起一根手指。": "Please hold up one finger.",
    "请眨两下眼睛。": "Please blink twice.",
    "请笑一笑。": "Please smile.",
    "请伸出两根手指。": "Please hold up two fingers.",
    "请说出“通办”两个字。说话不方便的，用手指比一个数，或者请身边的人替你说。": (
        "Please say the word “Tongban”. If speaking is difficult, show a number with your fingers, or ask somebody "
        "beside you to say it for you."
    ),
    "摄像头画面，只显示在这台设备上": "Picture of the camera, shown on this device only",
    "摄像头已打开，画面只显示在这台设备上。": "The camera is on. Its picture is shown on this device only.",
    "没有打开摄像头，不影响继续。": "The camera is not on. You can go on without it.",
    "没有摄像头画面也可以继续。": "You can go on without a picture of the camera.",
    "做好了": "Done",
    "这个动作做不了，换一个": "I cannot do this one: another",
    "真实的银行会在这里请你登录网上银行。模拟银行不需要账号和密码：点“确认是本人”就算登录成功。": (
        "A real bank asks you to sign in to online banking here. This pretend bank needs no account and no password: "
        "“It is me” counts as a successful sign-in."
    ),
    "确认是本人": "It is me",
    "试一试别的结果": "Try another outcome",
    "模拟的服务商会这样答复": "The pretend vendor will answer",
    "不想做、做不了都没有关系：通办还有别的办法，也可以到窗口办理。": (
        "It is all right not to do this, or not to be able to: Tongban has other ways, and there is the counter."
    ),
    "返回通办，换一种办法": "Back to Tongban for another way",
    "这是模拟的服务商：不拍照、不上传、不保存任何画面，结果只由试用的人决定。": (
        "This vendor is a pretence: no picture is taken, sent or kept, and whoever tries it decides the outcome."
    ),
    "这次核验已经结束": "This check is over",
    "请回到通办继续；需要再核验的话，从那里重新开始。": (
        "Please go on in Tongban. If another check is needed, it begins there."
    ),
    "返回通办": "Back to Tongban",
    "应用里的核验软件": "The vendor's software in an app",
    "手机应用里的核验软件（SDK）拿到令牌，请人做完动作，再告诉服务商做完了。这一页只做最后一件事。": (
        "A vendor's software in a mobile app (SDK) takes a token, has the person do the movements, and tells the "
        "vendor that they are done. This page does the last of these only."
    ),
    "令牌（sdk_token）": "Token (sdk_token)",
    "做完了": "They are done",
    "服务商已记下：做完了。通办会自己去取结果。": (
        "The vendor has noted that they are done. Tongban fetches the result itself."
    ),
    "没有这个令牌在等，或者这次核验已经结束。": "No check waits for this token, or it is over.",
    "这一页需要 JavaScript：它代替的是应用里的软件。": (
        "This page needs JavaScript: it stands in for software inside an app."
    ),
}
