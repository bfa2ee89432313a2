"""Synthetic files of old accounts: ``python -m bench.legacy_rows ROWS FILE [--seed N]``.

Always true: one seed gives one file, to the byte, and it is known beforehand what an import makes of it.
"""

import argparse
import csv
import json
import random
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from idp.accounts.credit_code import _ALPHABET, _inner_check, _outer_check
from idp.accounts.documents import check_character
from idp.activation.lines import COLUMNS

PLATFORMS = ("changsha", "hengyang", "xiangxi")
_REGIONS = ("430102", "430111", "430405", "433101", "110105", "530102", "420106")
_SURNAMES = (
    "王李张刘陈杨黄赵周吴徐孙朱马胡郭林何高梁郑罗宋谢唐韩曹许邓萧冯曾程蔡彭潘袁于董余苏叶吕魏蒋"
    "田杜丁沈姜范江傅钟卢汪戴崔任陆廖姚方金邱夏谭韦贾邹石熊孟秦阎薛侯雷白龙段郝孔邵史毛常万顾赖"
    "武康贺严尹钱施牛洪龚"
)
_GIVEN = "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂英华玉兰红梅建国志文辉婷雪慧鑫宇浩轩子涵梓萱一诺思雨"
_RARE = "䶮㛃㼆𠅤𫖯𬀩𬍛𬭎龑喆堃淼犇"
_BAD = ("number", "name", "phone", "columns", "formula", "status", "nul", "day")


@dataclass
class Expected:
    """What an import of the file is to say."""

    lines: int = 0
    accepted: int = 0
    duplicates: int = 0
    quarantined: int = 0
    flagged: int = 0


class Rows:
    """``len(COLUMNS)`` texts for each of ``count`` lines, and what is expected of those given out so far."""

    def __init__(self, count: int, seed: int) -> None:
        self._count = count
        self._draw = random.Random(seed)
        self.expected = Expected()

    def __iter__(self) -> Iterator[list[str]]:
        recent: list[list[str]] = []
        for number in range(self._count):
            self.expected.lines += 1
            chance = self._draw.random()
            if chance < 0.01 and recent:
                self.expected.duplicates += 1
                yield self._draw.choice(recent)
                continue
            row = self._entity(number) if chance > 0.95 else self._person(number)
            if chance < 0.02:
                self.expected.quarantined += 1
                yield self._spoilt(row)
                continue
            if chance < 0.04:
                row["status"] = self._draw.choice(("注销", "deceased"))
                self.expected.flagged += 1
            else:
                self.expected.accepted += 1
            line = [row.get(name, "") for name in COLUMNS]
            recent = [*recent[-99:], line]
            yield line

    def _person(self, number: int) -> dict[str, str]:
        foreign = self._draw.random() < 0.01
        kind, document = ("护照", self._passport(number)) if foreign else ("居民身份证", self._id_number(number))
        return {
            **self._any(number),
            "name": "MARIA O'NEIL" if foreign else self._name(),
            "document_type": kind,
            "document_number": document,
            "valid_to": self._draw.choice(("", "长期", "2031-05-01", "20290715", "2033.11.30")),
        }

    def _entity(self, number: int) -> dict[str, str]:
        return {
            **self._any(number),
            "kind": "法人",
            "uscc": self._credit_code(),
            "entity_name": f"湖南{self._name()}贸易有限公司",
            "representative_name": self._name(),
            "representative_document_number": self._id_number(number),
        }

    def _any(self, number: int) -> dict[str, str]:
        draw = self._draw
        prefix = draw.choice(("", "", "+86", "86-"))
        return {
            "platform": draw.choice(PLATFORMS),
            "old_id": f"u{number:09}",
            "phone": "" if draw.random() < 0.1 else f"{prefix}1{draw.choice('3578')}{draw.randrange(10**9):09}",
            "status": draw.choice(("", "正常", "active")),
            "region": draw.choice(_REGIONS),
        }

    def _name(self) -> str:
        draw = self._draw
        given = "".join(draw.choice(_GIVEN) for _ in range(draw.choice((1, 2, 2))))
        return draw.choice(_SURNAMES) + (draw.choice(_RARE) if draw.random() < 0.02 else given)

    def _id_number(self, number: int) -> str:
        draw = self._draw
        born = date(1940, 1, 1) + timedelta(days=draw.randrange(25_000))
        first = f"{draw.choice(_REGIONS)}{born:%Y%m%d}{number % 1000:03}"
        if draw.random() < 0.01 and born.year < 2000:
            return first[:6] + first[8:]
        return first + check_character(first)

    def _passport(self, number: int) -> str:
        return f"E{number % 10**8:08}"

    def _credit_code(self) -> str:
        inner = "".join(self._draw.choice(_ALPHABET[:10]) for _ in range(8))
        first = f"91{self._draw.choice(_REGIONS)}{inner}{_inner_check(inner)}"
        return first + _outer_check(first)

    def _spoilt(self, row: dict[str, str]) -> list[str]:
        bad = self._draw.choice(_BAD)
        number = "representative_document_number" if "uscc" in row else "document_number"
        name = "entity_name" if "uscc" in row else "name"
        spoilt = {
            "number": {number: "11010119900101123"},
            "name": {name: "\u200b"},
            "phone": {"phone": "0731-88888888"},
            "formula": {"old_id": "=HYPERLINK(1)"},
            "status": {"status": "?"},
            "nul": {"old_id": "u\0"},
            "day": {"region": "43"},
        }
        line = [{**row, **spoilt.get(bad, {})}.get(name, "") for name in COLUMNS]
        return [*line, "one too many"] if bad == "columns" else line


def write(path: Path, count: int, *, seed: int) -> Expected:
    """A CSV, or by the name of it JSON Lines, of ``count`` lines."""
    rows = Rows(count, seed)
    with path.open("w", encoding="utf-8", newline="") as file:
        if path.suffix == ".jsonl":
            for row in rows:
                extra = {"more": row[-1]} if len(row) > len(COLUMNS) else {}
                file.write(json.dumps({**dict(zip(COLUMNS, row, strict=False)), **extra}, ensure_ascii=False) + "\n")
        else:
            writer = csv.writer(file)
            writer.writerow(COLUMNS)
            writer.writerows(rows)
    return rows.expected


def main(words: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.legacy_rows", description=__doc__)
    parser.add_argument("rows", type=int)
    parser.add_argument("file", type=Path)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args(words)
    print(write(options.file, options.rows, seed=options.seed))
    return 0


if __name__ == "__main__":
    sys.exit(main())
