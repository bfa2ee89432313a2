"""What pages of assisted handling say: what was done, is missing, or is waited for.

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
}
