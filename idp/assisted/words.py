"""States, steps, papers and evidence of assisted cases in the words of pages.

Always true: every state, step, paper and kind of evidence there is has its words.
"""

from collections.abc import Mapping

from flask_babel import LazyString
from flask_babel import lazy_gettext as _

CASE_STATES: Mapping[str, LazyString] = {
    "identified": _("已登记，待受理"),
    "accepted": _("已受理，待本人同意"),
    "authorised": _("本人已同意，办理中"),
    "suspended": _("已中止"),
    "concluded": _("已办结"),
    "withdrawn": _("已撤回"),
    "objected": _("本人有异议，已冻结"),
    "lapsed": _("到期未办完"),
}
TAGS: Mapping[str, str] = {"authorised": "", "concluded": ""} | dict.fromkeys(("identified", "accepted"), "wait")
"""How a state is marked; every other is over or stands still."""
CASE_STEPS: Mapping[str, LazyString] = {
    "open": _("登记身份和事项"),
    "accept": _("受理"),
    "authorise": _("本人同意代办"),
    "suspend": _("中止"),
    "resume": _("续办"),
    "conclude": _("办结"),
    "withdraw": _("撤回"),
    "object": _("本人提出异议，冻结"),
    "lapse": _("到期"),
}
IDENTIFIED_BY: Mapping[str, LazyString] = {
    "id_card": _("身份证"),
    "id_card_face": _("身份证和人脸"),
    "identity_code": _("身份码"),
}
SEEN: Mapping[str, LazyString] = {"chip_read": _("读卡器读取"), "document_seen": _("看原件，手工录入")}
CONSENTS: Mapping[str, LazyString] = {
    "sms": _("短信验证码"),
    "face": _("人脸核验"),
    "identity_code": _("身份码"),
    "paper": _("签字的委托书"),
}
PAPERS: Mapping[str, LazyString] = {
    "acceptance": _("受理单"),
    "authority": _("代办委托书"),
    "suspension": _("中止通知单"),
    "resumption": _("续办通知单"),
    "conclusion": _("办结单"),
}
GROUPS: Mapping[str, LazyString] = {"open": _("在办的"), "over": _("已结束的"), "all": _("全部")}
"""Of the cases of an office, as its list is narrowed."""
