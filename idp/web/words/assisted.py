"""Sentences about assisted handling: why a clerk or a citizen was refused; and its events in words.

Always true: joined into the one table of `idp.web.reasons`, which is where they are looked up.
"""

from collections.abc import Mapping

from flask_babel import LazyString
from flask_babel import lazy_gettext as _

SENTENCES: Mapping[str, LazyString] = {
    "assisted_not_clerk": _("您现在没有以窗口工作人员的身份办事，或者岗位授权已经停用"),
    "assisted_clerk_factors": _("窗口代办需要当天用两种方式登录，请重新验证后再来"),
    "assisted_no_case": _("没有这件办件"),
    "assisted_state": _("办件的状态刚有变化，请重新查看后再操作"),
    "assisted_over": _("委托的期限已过，不能再办理。要再办须重新登记"),
    "assisted_self": _("不能由自己给自己代办"),
    "assisted_citizen": _("姓名与证件不符，或者这个人的账户现在不能使用"),
    "assisted_level": _("本人或工作人员的实名等级不够办理这些事项"),
    "assisted_matters": _("请选择一至八项可以由窗口代办的事项"),
    "assisted_running": _("您正在替他办理同一主题的另一件，请先办结或中止那一件"),
    "assisted_no_evidence": _("还没有本人同意的凭据，不能办理"),
    "assisted_text": _("委托书的内容已经变化，请让本人重新看过"),
    "assisted_no_phone": _("这个手机号不能确认是本人的，请改用别的方式取得本人同意"),
    "assisted_codes_used_up": _("这件办件的短信次数已用完，请改用别的方式取得本人同意"),
    "assisted_code_tries": _("验证码已输错五次，请重新发送"),
    "assisted_witness": _("须由同窗口的另一位工作人员见证"),
    "assisted_object_unknown": _("编号或验证码不对，请照短信重新输入"),
    "assisted_ended": _("这件办件早已结束，不能再提出异议"),
    # pages of the counter
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
}
EVENTS: Mapping[str, LazyString] = {
    "person:account:opened_at_counter": _("窗口为到场的人登记了账户"),
    "person:assisted_case:changed": _("窗口代办的办件有进展"),
    "person:assisted_case:refused": _("窗口代办操作未通过"),
}
