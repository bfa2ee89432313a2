"""The texts of assisted handling, in Chinese, which is what is signed: 受理单, 代办委托书, 中止, 续办, 办结, 撤回.

Always true: a text is made of its facts alone - the same facts have the same bytes - and is made once, at the step it
speaks of; what is printed later is what was kept.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import NamedTuple

from idp.assisted.rules import Case, Evidence, Identified, PaperKind, Seen

_CHINA = timedelta(hours=8)
TITLES = {
    PaperKind.ACCEPTANCE: "受理单",
    PaperKind.AUTHORITY: "代办委托书",
    PaperKind.SUSPENSION: "中止通知单",
    PaperKind.RESUMPTION: "续办通知单",
    PaperKind.CONCLUSION: "办结单",
    PaperKind.WITHDRAWAL: "撤回单",
}
_IDENTIFIED = {
    Identified.ID_CARD: "居民身份证件",
    Identified.ID_CARD_FACE: "居民身份证件和人脸核验",
    Identified.IDENTITY_CODE: "本人出示身份码并在手机上确认",
}
_SEEN = {Seen.CHIP_READ: "读卡器读取", Seen.DOCUMENT_SEEN: "查看原件"}
_EVIDENCE = {
    Evidence.SMS: "本人向工作人员说出短信验证码",
    Evidence.FACE: "本人当面通过人脸核验",
    Evidence.IDENTITY_CODE: "本人在手机上确认",
    Evidence.PAPER: "本人在委托书上签字",
}


class Text(NamedTuple):
    """In Chinese, lines ended by LF. ``hash``: SHA-256, hexadecimal."""

    text: str
    hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What papers of a case name. ``document``: masked; ``matters``: one line each; ``clerk``: by name, in full."""

    citizen: str = field(repr=False)
    document: str = field(repr=False)
    office: str
    clerk: str = field(repr=False)
    matters: Sequence[str]


def text_of(lines: Sequence[str]) -> Text:
    text = "".join(f"{one}\n" for one in lines)
    return Text(text, sha256(text.encode()).hexdigest())


def authority(case: Case, facts: Facts) -> Text:
    """What the citizen agrees to: the office and not the clerk, for any of the office's may go on with it.

    Nothing in it changes from the moment it can be read to the moment it counts.
    """
    return text_of(
        [
            *_head(case, facts, "委托人", "受托单位"),
            "",
            f"委托期限：{moment(case.opened_at)} 至 {moment(case.until)}",
            "本人同意由上述单位的工作人员代为办理以上事项，并知晓：每一步办理都有记录，本人可随时查看，可随时提出异议，"
            "异议一经提出即停办；工作人员不能管理本人的账户，也不能替本人另行授权。",
        ]
    )


def slip(kind: PaperKind, case: Case, facts: Facts, *, note: str = "", agreed: str = "", now: int) -> Text:
    """Any other paper. ``note``: the clerk's words; ``agreed``: the hash of the 代办委托书, where there is one."""
    own = {
        PaperKind.ACCEPTANCE: [f"受理时间：{moment(now)}", f"身份核验：{_identified(case)}"],
        PaperKind.SUSPENSION: [f"中止时间：{moment(now)}", f"中止原因：{note or '系统中止，须由窗口工作人员续办'}"],
        PaperKind.RESUMPTION: [f"续办时间：{moment(now)}", f"委托期限至：{moment(case.until)}"],
        PaperKind.CONCLUSION: [f"办结时间：{moment(now)}", f"办理结果：{note}"],
        PaperKind.WITHDRAWAL: [f"撤回时间：{moment(now)}", f"撤回原因：{note}"],
    }[kind]
    if case.evidence is not None:
        own.append(f"本人同意：{_EVIDENCE[case.evidence]}")
    if agreed:
        own.append(f"代办委托书校验码：{agreed}")
    return text_of([*_head(case, facts, "办事人", "办理单位"), f"经办人：{facts.clerk}", "", *own])


def _head(case: Case, facts: Facts, citizen: str, office: str) -> list[str]:
    return [
        f"受理编号：{case.number}",
        f"{citizen}：{facts.citizen}，证件号码 {facts.document}",
        f"{office}：{facts.office}",
        "",
        "事项：",
        *[f"{at}. {line}" for at, line in enumerate(facts.matters, 1)],
    ]


def _identified(case: Case) -> str:
    seen = f"（{_SEEN[case.seen]}）" if case.seen else ""
    return f"{_IDENTIFIED[case.identified]}{seen}"


def moment(seconds: int) -> str:
    """The minute in China."""
    return (datetime.fromtimestamp(seconds, UTC) + _CHINA).strftime("%Y-%m-%d %H:%M")


def number_of(seconds: int, digits: str) -> str:
    """受理编号: the day in China and random digits, so that none leads to another."""
    return f"{(datetime.fromtimestamp(seconds, UTC) + _CHINA).strftime('%Y%m%d')}-{digits}"
