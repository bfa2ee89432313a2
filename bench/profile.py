"""Where our server's Python time goes: stacks sampled by bench/sampler inside the server, added up here.

Always true: a function counts once per sample however often it recurs in the stack; the samples see time while a
thread is inside Python (waiting for the database included), so they are shares, never microseconds.
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
IDLE = ("threading.py:Condition.wait", "threading.py:Event.wait", "queue.py:SimpleQueue.get", "selectors.py:")


def begin(samples: Path) -> None:
    Path(f"{samples}.on").touch()


def end(samples: Path) -> list[str]:
    """Stop sampling; the collapsed stacks of all server processes, ``count frame;frame;…`` each."""
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
        if any(idle in frames[-1] for idle in IDLE):
            continue
        total += int(count)
        own[frames[-1]] += int(count)
        for frame in set(frames):
            inclusive[frame] += int(count)
    if not total:
        return "no samples"
    return "\n".join([f"{total} samples", *_listing("with callees", inclusive, total), *_listing("own", own, total)])


def _listing(title: str, counts: Counter[str], total: int) -> list[str]:
    return ["", title, *(f"{count / total:7.1%}  {name}" for name, count in counts.most_common(LINES))]


def shorten(frame: str) -> str:
    for folder in (str(ROOT), _LIBRARY, _STANDARD):
        if frame.startswith(folder + "/"):
            return frame[len(folder) + 1 :]
    return frame
