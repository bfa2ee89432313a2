"""The magic numbers of bank cards: each makes the banks answer, or fail, in one way.

Always true: this table alone drives that behaviour, the page that lists it and the list in docs/providers.md; every
number's check digit holds, and no bank has cards that begin with 629999.
"""

from collections.abc import Mapping

from adapters.sandbox.register_magic import CONFIRMED, GOOD, LATER, NOTHING, RegisterMagic, Step, faults


def card_number(order: int) -> str:
    """``629999 0009000 NN`` and the check digit of ISO/IEC 7812; ``order`` 0-99."""
    body = f"6299990009000{order:02}"
    doubled = (int(digit) * (2 - place % 2) for place, digit in enumerate(reversed(body)))
    return body + str(-sum(value - 9 * (value > 9) for value in doubled) % 10)


def _refused(reason: str) -> tuple[Step, ...]:
    return (Step({"found": True, "usable": False, "reason": reason}),)


CARD: Mapping[str, object] = {"found": True, "usable": True, "match": True}
"""What the banks say of a magic card unless its step says otherwise, beside how many elements they compared."""
_MISMATCH = {"found": True, "usable": True, "match": False}
WRONG_PHONE = card_number(7)

CARD_MAGIC = (
    RegisterMagic(card_number(0), "一致，不论姓名、证件和手机号", CONFIRMED, (GOOD,)),
    RegisterMagic(card_number(1), "不一致", NOTHING, (Step(_MISMATCH),)),
    RegisterMagic(card_number(2), "查无此卡", NOTHING, (Step({"found": False}),)),
    RegisterMagic(card_number(3), "已挂失", NOTHING, _refused("lost")),
    RegisterMagic(card_number(4), "已销户", NOTHING, _refused("closed")),
    RegisterMagic(card_number(5), "已冻结", NOTHING, _refused("frozen")),
    RegisterMagic(card_number(6), "附属卡，账户属于别人", NOTHING, _refused("supplementary")),
    RegisterMagic(
        WRONG_PHONE,
        "四要素时不一致（手机号不对），三要素时一致",
        "四要素时不算核实，三要素时核实通过",
        (Step(_MISMATCH),),
    ),
    RegisterMagic(card_number(8), '"match" 是文字 "true"', LATER, (Step({"match": "true"}),)),
    RegisterMagic(card_number(9), "比对的要素不够", LATER, (Step({"elements": 2}),)),
    RegisterMagic(card_number(10), "没听说过的卡状态", LATER, _refused("Lost")),
    RegisterMagic(card_number(11), "该行或该卡种不支持核验", NOTHING, _refused("unsupported")),
    *faults(card_number),
)

_BY_NUMBER = {magic.number: magic for magic in CARD_MAGIC}


def card_magic_of(number: str, *, elements: int) -> RegisterMagic | None:
    """The row of a card, if it has one."""
    return _BY_NUMBER[card_number(0)] if number == WRONG_PHONE and elements == 3 else _BY_NUMBER.get(number)
