"""Stack sampler of `python -m bench --profile`, in every server process because this folder is on PYTHONPATH.

Always true: it samples only while the file named by BENCH_SAMPLES + ".on" exists, so that a warm server is seen.
"""

import collections
import os
import sys
import threading
import time
from types import FrameType

INTERVAL = 0.002


def _stack(frame: FrameType | None) -> str:
    names = []
    while frame is not None:
        names.append(f"{frame.f_code.co_filename}:{frame.f_code.co_qualname}")
        frame = frame.f_back
    return ";".join(reversed(names))


def _sample(path: str) -> None:
    own, seen = threading.get_ident(), collections.Counter[str]()
    while True:
        time.sleep(INTERVAL)
        if os.path.exists(path + ".on"):
            seen.update(_stack(frame) for thread, frame in sys._current_frames().items() if thread != own)
        elif seen:
            with open(f"{path}.{os.getpid()}", "w") as file:
                file.writelines(f"{count} {stack}\n" for stack, count in seen.items())
            seen.clear()


if path := os.environ.get("BENCH_SAMPLES"):
    threading.Thread(target=_sample, args=(path,), daemon=True, name="bench-sampler").start()
