"""What the stand-in vendors show people: the liveness prompts with their equivalents, and what a check is for.

Always true: whoever cannot do a prompt finds another, and the last of each needs neither movement nor sight.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Prompt:
    """``key`` is what the result calls it."""

    key: str
    text: str


_VOICE = Prompt("voice", "请说出“通办”两个字。说话不方便的，用手指比一个数，或者请身边的人替你说。")
STEPS: tuple[tuple[Prompt, ...], ...] = (
    (
        Prompt("shake", "请慢慢地左右摇摇头。"),
        Prompt("turn", "请把头慢慢转向一侧，再转回来。"),
        Prompt("wave", "请抬起一只手，左右摆一摆。"),
        _VOICE,
    ),
    (
        Prompt("nod", "请慢慢地点点头。"),
        Prompt("mouth", "请张开嘴，再合上。"),
        Prompt("finger", "请竖起一根手指。"),
        _VOICE,
    ),
    (
        Prompt("blink", "请眨两下眼睛。"),
        Prompt("smile", "请笑一笑。"),
        Prompt("fingers", "请伸出两根手指。"),
        _VOICE,
    ),
)
"""By step: the usual prompt, then its equivalents, which come round again."""
PURPOSES = {
    "identity": "核实身份",
    "sign_in": "登录",
    "recovery": "找回账户",
    "activation": "激活账户",
    "assisted": "由窗口人员代办",
    "matter": "办理部门的事项",
}


def prompt_at(step: int, way: int) -> Prompt:
    """``step`` from 1; ``way`` counts the equivalents asked for."""
    ways = STEPS[step - 1]
    return ways[way % len(ways)]
