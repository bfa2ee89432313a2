"""States, steps, papers and evidence of assisted cases in the words of pages.

Always true: every member of the enumerations has one.
"""

from collections.abc import Mapping

from flask_babel import LazyString
from flask_babel import lazy_gettext as _

from idp.assisted.rules import CaseState, CaseStep, Evidence, Identified, PaperKind, Seen

CASE_STATES: Mapping[CaseState, LazyString] = {
    CaseState.IDENTIFIED: _("已登记，待受理"),
    CaseState.ACCEPTED: _("已受理，待本人同意"),
    CaseState.AUTHORISED: _("本人已同意，办理中"),
    CaseState.SUSPENDED: _("已中止"),
    CaseState.CONCLUDED: _("已办结"),
    CaseState.WITHDRAWN: _("已撤回"),
    CaseState.OBJECTED: _("本人有异议，已冻结"),
    CaseState.LAPSED: _("到期未办完"),
}
TAGS: Mapping[CaseState, str] = {CaseState.AUTHORISED: "", CaseState.CONCLUDED: ""} | dict.fromkeys(
    (CaseState.IDENTIFIED, CaseState.ACCEPTED), "wait"
)
"""How a state is marked; every other one stands still, or ended otherwise than it should have."""
CASE_STEPS: Mapping[CaseStep, LazyString] = {
    CaseStep.OPEN: _("登记身份和事项"),
    CaseStep.ACCEPT: _("受理"),
    CaseStep.PAPER: _("签好的委托书已上传"),
    CaseStep.WITNESS: _("同窗口的工作人员见证"),
    CaseStep.AUTHORISE: _("本人同意代办"),
    CaseStep.SUSPEND: _("中止"),
    CaseStep.RESUME: _("续办"),
    CaseStep.CONCLUDE: _("办结"),
    CaseStep.WITHDRAW: _("撤回"),
    CaseStep.OBJECT: _("本人提出异议，冻结"),
    CaseStep.LAPSE: _("到期"),
}
IDENTIFIED_BY: Mapping[Identified, LazyString] = {
    Identified.ID_CARD: _("身份证"),
    Identified.ID_CARD_FACE: _("身份证和人脸"),
    Identified.IDENTITY_CODE: _("身份码"),
}
SEEN: Mapping[Seen, LazyString] = {
    Seen.CHIP_READ: _("读卡器读取"),
    Seen.DOCUMENT_SEEN: _("看原件，手工录入"),
}
CONSENTS: Mapping[Evidence, LazyString] = {
    Evidence.SMS: _("短信验证码"),
    Evidence.FACE: _("人脸核验"),
    Evidence.IDENTITY_CODE: _("身份码"),
    Evidence.PAPER: _("签字的委托书"),
}
PAPERS: Mapping[PaperKind, LazyString] = {
    PaperKind.ACCEPTANCE: _("受理单"),
    PaperKind.AUTHORITY: _("代办委托书"),
    PaperKind.SUSPENSION: _("中止通知单"),
    PaperKind.RESUMPTION: _("续办通知单"),
    PaperKind.CONCLUSION: _("办结单"),
    PaperKind.WITHDRAWAL: _("撤回通知单"),
}
GROUPS: Mapping[str, LazyString] = {"open": _("在办的"), "over": _("已结束的"), "all": _("全部")}
"""Of the cases of an office, as its list is narrowed."""
