"""`make cluster`: the real thing on one machine - PostgreSQL, Redis, two nodes, a worker, nginx with TLS.

Always true: Ctrl-C or SIGTERM ends everything it started, the database last; nothing of it stays
but log files and the certificate under .cache/cluster.
"""

import argparse
import signal
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn

from adapters.sandbox import cluster_files, cluster_parts, packages, processes, processes_directory, services
from adapters.sandbox.cluster_files import HOSTS, Certificate, Ports

_RESTARTS = 5
_RESTART_WINDOW = 60.0
_READY = 30.0
_PORTS = Ports()
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@dataclass
class Running:
    """What runs until the end: `start` starts it (again), `child` is what runs of it now; a `server` ends last."""

    name: str
    server: bool
    start: Callable[[], processes.Child]
    child: processes.Child
    restarts: list[float] = field(default_factory=list)


class Cluster:
    """Everything that was started; at the end the parts are stopped together, then the servers they stood on."""

    def __init__(self, logs: Path) -> None:
        """Begin with empty logs in the directory `logs`."""
        self.logs = logs
        self._running: list[Running] = []
        logs.mkdir(parents=True, exist_ok=True)
        for old in logs.glob("*.log"):
            old.unlink()

    def add(self, part: cluster_parts.Part) -> None:
        """Start a part and wait until it is ready; ProcessFailed with the end of its log when it is not."""
        log = self.logs / f"{part.name.replace(' ', '-')}.log"

        def start() -> processes.Child:
            return processes.start(part.name, part.argv, log=log, env=part.env, cwd=packages.ROOT)

        with _step(part.name, part.address):
            if part.ready and part.ready():
                raise processes.ProcessFailed(
                    f"something answers there already ({part.address}); is another one running?"
                )
            child = self._keep(part.name, start, server=False)
            if part.ready:
                processes.wait_until(part.ready, child, seconds=_READY)

    def add_server(self, name: str, start: Callable[[], processes.Child]) -> None:
        """Start a database or store, which the parts stand on; `start` returns when it is ready."""
        with _step(name, "private, on a Unix socket"):
            self._keep(name, start, server=True)

    def _keep(self, name: str, start: Callable[[], processes.Child], *, server: bool) -> processes.Child:
        child = start()
        self._running.append(Running(name, server, start, child))
        return child

    def watch(self) -> NoReturn:
        """Start again whatever ends by itself, as an init system would; ProcessFailed when it keeps ending."""
        while True:
            time.sleep(0.5)
            for part in self._running:
                status = part.child.process.poll()
                if status is not None:
                    _restart(part, status)

    def stop(self) -> None:
        """Stop everything, the servers last; a signal meanwhile changes nothing."""
        for number in _SIGNALS:
            signal.signal(number, signal.SIG_IGN)
        print("\nstopping ...", end="", flush=True)
        late = processes.stop(*(part.child for part in reversed(self._running) if not part.server))
        late += processes.stop(*(part.child for part in reversed(self._running) if part.server))
        print(f" done; killed after 10 s: {', '.join(late)}" if late else " done", flush=True)


def _restart(part: Running, status: int) -> None:
    now = time.monotonic()
    part.restarts = [*(moment for moment in part.restarts if moment > now - _RESTART_WINDOW), now]
    if len(part.restarts) > _RESTARTS:
        log = processes.tail(part.child.log)
        raise processes.ProcessFailed(f"{part.name} ended more than {_RESTARTS} times within a minute:\n{log}")
    print(f"{part.name} ended with status {status}; starting it again", flush=True)
    processes.kill(part.child)
    part.child = part.start()


@contextmanager
def _step(name: str, address: str) -> Iterator[None]:
    began = time.monotonic()
    print(f"  {name:<12} {address:<40}", end="", flush=True)
    try:
        yield
    except BaseException:
        print(" failed", flush=True)
        raise
    print(f" {time.monotonic() - began:5.1f} s", flush=True)


def run_parts(title: str, parts: Iterable[cluster_parts.Part], *, logs: Path, told: str) -> int:
    """Start `parts` in order, say `told`, watch until Ctrl-C or SIGTERM; 0 then, 1 after a failure that was shown."""

    def run() -> NoReturn:
        with _cluster(title, logs) as cluster:
            for part in parts:
                cluster.add(part)
            print(told, flush=True)
            cluster.watch()

    return _until_signal(run)


@contextmanager
def _cluster(title: str, logs: Path) -> Iterator[Cluster]:
    print(title, flush=True)
    cluster = Cluster(logs)
    try:
        yield cluster
    finally:
        cluster.stop()


def _until_signal(run: Callable[[], NoReturn]) -> int:
    for number in _SIGNALS:
        signal.signal(number, signal.default_int_handler)
    try:
        run()
    except KeyboardInterrupt:
        return 0
    except (processes.ProcessFailed, packages.PackageMissing) as failure:
        print(f"\n{failure}", file=sys.stderr)
        return 1


def run(directory: Path, ports: Ports) -> NoReturn:
    """Start the cluster and watch over it until a signal or a failure; files go to `directory`."""
    logs = directory / "logs"
    files = cluster_files.certificate(directory / "tls", now=int(time.time()))
    with ExitStack() as stack:
        private = stack.enter_context(processes_directory.private())
        database = services.Postgres(log=logs / "postgres.log", durable=True)
        stack.callback(database.remove)
        state = services.Redis(log=logs / "redis.log")
        stack.callback(state.remove)
        cluster = stack.enter_context(_cluster("Tongban cluster", logs))
        cluster.add_server("PostgreSQL", database.start)
        cluster.add_server("Redis", state.start)
        (private / "clients.toml").write_text(cluster_files.registrations(ports))
        env = cluster_parts.settings(ports, database=database.url, state=state.url, private=private, logs=logs)
        for name, argv in cluster_parts.preparations(env):
            with _step(name, ""):
                processes.run(argv, env=env, cwd=packages.ROOT)
        for part in [*cluster_parts.provider(ports, env), *cluster_parts.outside(ports, files, env)]:
            cluster.add(part)
        cluster.add(cluster_parts.front(ports, files, private=private, logs=logs))
        _tell(ports, files, logs)
        cluster.watch()


def _tell(ports: Ports, files: Certificate, logs: Path) -> None:
    print(
        f"""
Ready.
  start here          http://localhost:{ports.sandbox}   (journeys to try, demo people, text messages)
  the provider        {ports.origin(HOSTS[0])}
  tax app             {ports.origin(HOSTS[1])}
  social security     {ports.origin(HOSTS[2])}
  the nodes           http://localhost:{ports.node1} and http://localhost:{ports.node2}
  certificate of      {files.ca}
  logs                {logs}
Other clients than browsers do not resolve *.localhost everywhere:
  curl --cacert {files.ca} --resolve {HOSTS[0]}:{ports.https}:127.0.0.1 {ports.origin(HOSTS[0])}/readyz
Ctrl-C stops everything; nothing that was entered is kept.
""",
        flush=True,
    )


def main(arguments: Sequence[str] | None = None, *, ports: Ports = _PORTS) -> int:
    """Command line; 0 after a signal, 1 after a failure, whose output is shown."""
    parser = argparse.ArgumentParser(prog="python -m adapters.sandbox.cluster", description=__doc__)
    parser.add_argument("--directory", type=Path, default=packages.CACHE / "cluster", help="logs and certificate")
    directory = parser.parse_args(arguments).directory.resolve()
    return _until_signal(lambda: run(directory, ports))


if __name__ == "__main__":
    sys.exit(main())
