"""The magic specimens: pictures that make the reader answer, or fail, in one way each.

Always true: this table alone drives that behaviour, the page that offers the pictures and the list in
docs/providers.md; the person on all of them is one whom the population register confirms by any name.
"""

from collections.abc import Mapping

from adapters.sandbox.register_magic import GOOD, LATER, RegisterMagic, Step, faults, resident_number

FIRST = 1000
"""The order of the first magic specimen; those below are of people in the register."""


def specimen(order: int) -> str:
    return f"S{order:02}"


def _unread(reason: str) -> tuple[Step, ...]:
    return (Step({"read": False, "reason": reason}),)


NAME = "沙箱样本"
READ: Mapping[str, object] = {
    "read": True,
    "name": NAME,
    "document_type": "resident_id",
    "number": resident_number(0),
    "valid_to": "2046-12-31",
}
"""What is read of a magic specimen unless its step says otherwise."""
_AGAIN = "照片已删除，请重新拍摄"
_GOES_ON = "核对后进行人脸核验"

PHOTO_MAGIC = (
    RegisterMagic(specimen(0), "识别成功", _GOES_ON, (GOOD,)),
    RegisterMagic(specimen(1), "看不清文字", _AGAIN, _unread("unreadable")),
    RegisterMagic(specimen(2), "有反光", _AGAIN, _unread("glare")),
    RegisterMagic(specimen(3), "没有拍全", _AGAIN, _unread("cut_off")),
    RegisterMagic(specimen(4), "不是证件", _AGAIN, _unread("no_document")),
    RegisterMagic(specimen(5), "复印件或翻拍", _AGAIN, _unread("copy")),
    RegisterMagic(specimen(6), "正面和反面不是同一个证件", _AGAIN, _unread("sides_differ")),
    RegisterMagic(specimen(7), "识别成功，证件已过期", _AGAIN, (Step({"valid_to": "2020-12-31"}),)),
    RegisterMagic(specimen(8), "识别成功，没有有效期", _GOES_ON, (Step({"valid_to": None}),)),
    RegisterMagic(specimen(9), "号码认错一位", _AGAIN, (Step({"number": "119999199001019001"}),)),
    RegisterMagic(specimen(10), '"read" 是文字 "true"', LATER, (Step({"read": "true"}),)),
    RegisterMagic(specimen(11), "没听说过的原因", LATER, _unread("Blurred")),
    *faults(specimen),
)
"""In the order of their pictures, from `FIRST` on."""
