"""Stack sampler of `python -m bench --profile`, in every server process because this folder is on PYTHONPATH.

Always true: it samples only while the file named by BENCH_SAMPLES + ".on" exists, so that a warm server is seen.
A stack is given the CPU time its thread used since the sample before, so that waiting weighs nothing.
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
    own, seen, used = threading.get_ident(), collections.Counter[str](), dict[int, int]()
    while True:
        time.sleep(INTERVAL)
        if os.path.exists(path + ".on"):
            sys.setswitchinterval(INTERVAL / 20)  # or the samples only find threads that stop by themselves
            for thread, frame in sys._current_frames().items():
                if thread != own:
                    now = time.clock_gettime_ns(time.pthread_getcpuclockid(thread))
                    seen[_stack(frame)] += now - used.get(thread, now)
                    used[thread] = now
        elif seen:
            with open(f"{path}.{os.getpid()}", "w") as file:
                file.writelines(f"{nanoseconds} {stack}\n" for stack, nanoseconds in seen.items())
            seen.clear()


def _start(path: str) -> None:
    threading.Thread(target=_sample, args=(path,), daemon=True, name="bench-sampler").start()


if "BENCH_SAMPLES" in os.environ:
    _start(os.environ["BENCH_SAMPLES"])
    # granian forks its workers, and threads stay behind
    os.register_at_fork(after_in_child=lambda: _start(os.environ["BENCH_SAMPLES"]))
