"""Where our server's Python time goes: stacks sampled by bench/sampler inside the server, added up here.

Always true: a function counts once per stack however often it recurs in it; the figures are shares of the CPU time
of threads inside Python, never microseconds: sampling slows the server down.
"""

import sysconfig
import time
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from bench.targets import ROOT

LINES = 30
_LIBRARY = sysconfig.get_paths()["purelib"]
_STANDARD = sysconfig.get_paths()["stdlib"]


def begin(samples: Path) -> None:
    Path(f"{samples}.on").touch()


def end(samples: Path) -> list[str]:
    """Stop sampling; the collapsed stacks of all server processes, ``nanoseconds frame;frame;…`` each."""
    Path(f"{samples}.on").unlink()
    time.sleep(1.0)
    files = samples.parent.glob(f"{samples.name}.*")
    return [line for file in files for line in file.read_text().splitlines()]


def report(lines: Iterable[str]) -> str:
    """Two lists: time inside a function with all it calls, and in the function itself."""
    total, inclusive, own = 0, Counter[str](), Counter[str]()
    for line in lines:
        count, stack = line.split(" ", 1)
        frames = [shorten(frame) for frame in stack.split(";")]
        total += int(count)
        own[frames[-1]] += int(count)
        for frame in set(frames):
            inclusive[frame] += int(count)
    if not total:
        return "no samples"
    return "\n".join(
        [
            f"{total / 1e9:.2f} s of CPU time",
            *_listing("with callees", inclusive, total),
            *_listing("own", own, total),
        ]
    )


def _listing(title: str, counts: Counter[str], total: int) -> list[str]:
    return ["", title, *(f"{count / total:7.1%}  {name}" for name, count in counts.most_common(LINES))]


def shorten(frame: str) -> str:
    for folder in (str(ROOT), _LIBRARY, _STANDARD):
        if frame.startswith(folder + "/"):
            return frame[len(folder) + 1 :]
    return frame
