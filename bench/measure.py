"""One round of one operation: load on, load off, CPU time before and after.

Always true: by our doing nothing but the measured server works on its core; the rest has the other.
"""

import os
import time

from bench import load
from bench.figures import Round, percentile
from bench.machine import core_time
from bench.operations import Operation, Scripts
from bench.process import cpu_seconds
from bench.targets import Target


def measure(
    target: Target, operation: Operation, *, core: int, connections: int, seconds: float, servers: list[int]
) -> Round:
    """Prepare, then load for ``seconds``. ``servers`` are the processes of all providers: what else this process
    started is database. Raises ``load.WrongAnswer`` if a single answer is not right."""
    scripts = operation.prepare(target.site, connections)
    rows = target.audit_rows()
    before = _clocks(target, core, servers)
    sample = load.run(target.site.address, scripts, connections=connections, seconds=seconds)
    after = _clocks(target, core, servers)
    written = target.audit_rows()
    latencies = sorted(sample.latencies)
    cpu, database, foreign = (late - early for early, late in zip(before, after, strict=True))
    return Round(
        operations=sample.operations,
        seconds=sample.seconds,
        cpu=cpu,
        database=database,
        others=foreign,
        p50=percentile(latencies, 0.5),
        p99=percentile(latencies, 0.99),
        audit_rows=None if rows is None or written is None else written - rows,
    )


def warm(target: Target, operation: Operation, *, connections: int, seconds: float) -> None:
    """Let just-in-time compilers, caches and connection pools settle."""
    scripts: Scripts = operation.prepare(target.site, connections)
    load.run(target.site.address, scripts, connections=connections, seconds=seconds)


def _clocks(target: Target, core: int, servers: list[int]) -> tuple[float, float, float]:
    """CPU seconds so far: of the server, of the databases, of anybody else on the server's core and its host."""
    own = sum(os.times()[:2])
    everything = cpu_seconds(os.getpid())
    providers = {pid: cpu_seconds(pid) for pid in servers}
    whole = core_time(core)
    database = everything - own - sum(providers.values())
    return providers[target.pid], database, whole.busy + whole.stolen - sum(providers.values())


def settle(seconds: float = 0.2) -> None:
    """A pause, so that work left over from one round is not counted in the next."""
    time.sleep(seconds)
