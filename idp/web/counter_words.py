"""What pages of assisted handling say: what was done, is missing or waited for, and why somebody is refused.

Always true: joined into the one table of `idp.web.reasons`, which is where they are looked up.
"""

from collections.abc import Mapping

from flask_babel import LazyString
from flask_babel import lazy_gettext as _

COUNTER_SENTENCES: Mapping[str, LazyString] = {
    "assisted_office_missing": _("请选择您所在的窗口"),
    "assisted_seen_missing": _("请选择怎样看的身份证"),
    "assisted_scan_missing": _("请扫描本人手机上的身份码"),
    "assisted_note_missing": _("请写明原因或结果"),
    "assisted_number_missing": _("请输入文书编号"),
    "assisted_reference_missing": _("请输入短信里的编号"),
    "assisted_opened": _("已登记。请核对后受理。"),
    "assisted_accepted": _("已受理，受理单可以打印。请取得本人同意。"),
    "assisted_authorised": _("本人已同意，现在可以替他办理。"),
    "assisted_paper_kept": _("签好的委托书已保存，请同窗口的另一位工作人员见证。"),
    "assisted_waits_for_witness": _("签好的委托书已上传，等待同窗口的另一位工作人员见证。"),
    "assisted_resumed": _("续办。现在由您替他办理。"),
    "assisted_suspended": _("已中止，委托已停用。"),
    "assisted_concluded": _("已办结，委托已终止。请打印办结单交给本人。"),
    "assisted_withdrawn": _("已撤回，委托已终止。"),
    "assisted_objected": _("异议已提出，窗口现在不能再替您办理这件事。"),
    # why a clerk or a citizen is refused
    "assisted_not_clerk": _("您现在不是窗口工作人员，请先选择您所在的窗口"),
    "assisted_clerk_factors": _("窗口代办前，请用两种方式确认是您本人，每个工作日一次"),
    "assisted_no_case": _("没有这个办件"),
    "assisted_state": _("办件的状态刚有变化，请重新查看后再操作"),
    "assisted_over": _("这件代办已到期，请重新登记"),
    "assisted_self": _("不能为自己代办，请由同事办理"),
    "assisted_citizen": _("姓名、证件与登记的账户不符，或账户暂时不能办理"),
    "assisted_level": _("这件事要求更高的实名等级，请换一种核验方式，或由符合条件的同事办理"),
    "assisted_matters": _("请选择一到八个事项"),
    "assisted_running": _("您正在为这位群众办理同类事项，请先办结"),
    "assisted_no_evidence": _("没有本人同意的依据，请重新取得"),
    "assisted_text": _("委托书的内容有变化，请本人重新看过"),
    "assisted_no_phone": _("这个手机号不能确认是本人的，请换一种方式"),
    "assisted_codes_used_up": _("这件代办的验证码已发完，请换一种方式"),
    "assisted_code_tries": _("输错次数过多，请重新发送验证码"),
    "assisted_witness": _("须由同窗口的另一位工作人员见证"),
    "assisted_object_unknown": _("编号或验证码不对，请对照短信再填一次"),
    "assisted_ended": _("这件代办已经结束，没有需要停办的"),
}
COUNTER_EVENTS: Mapping[str, LazyString] = {
    "person:account:opened_at_counter": _("窗口核验身份并登记"),
    "person:assisted_case:changed": _("窗口代办状态变更"),
    "person:assisted_case:refused": _("窗口代办操作未通过"),
}
