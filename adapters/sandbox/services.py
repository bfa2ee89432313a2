"""Private PostgreSQL and Redis servers for tests, the benchmark and `make cluster`, found or installed.

Always true: a server listens on a Unix socket in a directory only its owner can enter, belongs to the
process that asked for it, and is gone with it; nothing of the machine's own servers is touched.

    python -m adapters.sandbox.services install [--with browser,nginx,apache,node]
"""

import argparse
import os
import pwd
import re
import shutil
import signal
import socket
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Self
from urllib.parse import quote

from adapters.sandbox import packages, packages_node, processes
from adapters.sandbox.packages_browser import chromium_path

__all__ = ["Postgres", "Redis", "chromium_path", "main", "postgres", "redis"]

# Nothing a test writes has to survive the machine; the benchmark and the cluster ask for `durable`.
_FORGETFUL = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
_POSTGRES = {"listen_addresses": "", "max_connections": "200", "jit": "off", "timezone": "UTC", "log_timezone": "UTC"}
_TEMPLATE_VERSION = "1"
_EXTRA = ("browser", "nginx", "apache", "node")


class Postgres:
    """One private PostgreSQL server, database and owning role both called `tongban` (may create databases)."""

    def __init__(
        self, directory: Path | None = None, *, durable: bool = False, settings: Mapping[str, str] | None = None
    ) -> None:
        """Prepare the files; `directory` keeps data and log when the server's user can reach it.

        PostgreSQL refuses to run as root: there it runs as `postgres` or `nobody`. `durable` keeps fsync
        and synchronous commits on. `settings` are further server parameters (`postgresql.conf` names).
        """
        self._user = _unprivileged()
        self._private = _private_directory(self._user)
        home = directory if directory and _reachable(directory, self._user) else self._private
        self._data = home / "pgdata"
        self._log = (directory or self._private) / "postgres.log"
        self._settings = {
            **_POSTGRES,
            "unix_socket_directories": str(self._private),
            **({} if durable else _FORGETFUL),
            **(settings or {}),
        }
        self._child: processes.Child | None = None
        if not (self._data / "PG_VERSION").exists():
            _copy_template(self._data, self._user)

    @property
    def url(self) -> str:
        """SQLAlchemy address of the database `tongban` over the Unix socket."""
        return self.database_url("tongban")

    def database_url(self, name: str) -> str:
        """SQLAlchemy address of another database of this server."""
        return f"postgresql+psycopg://tongban@/{name}?host={quote(str(self._private), safe='/')}&port=5432"

    def start(self) -> None:
        """Start the server and wait until it answers; ProcessFailed with its log if it does not in 30 s."""
        program = packages.postgres("postgres")
        options = [word for name, value in self._settings.items() for word in ("-c", f"{name}={value}")]
        self._child = processes.start(
            "PostgreSQL",
            [str(program.path), "-D", str(self._data), *options],
            log=self._log,
            env=program.env,
            cwd=self._private,
            user=self._user,
            stop_signal=signal.SIGINT,  # "fast shutdown": clients are cut off, the data is left clean
        )
        processes.wait_until(self._ready, self._child, seconds=30)

    def _ready(self) -> bool:
        # The eighth line of postmaster.pid is the state; pg_ctl waits for the same word.
        pid_file = self._data / "postmaster.pid"
        try:
            lines = pid_file.read_text().splitlines()
        except FileNotFoundError:
            return False
        mine = self._child is not None and lines[:1] == [str(self._child.process.pid)]
        return mine and len(lines) > 7 and lines[7].strip() == "ready"

    def stop(self) -> None:
        """Stop the server, cutting its connections; it may be started again over the same data."""
        if self._child:
            processes.stop(self._child)

    def kill(self) -> None:
        """End the server as a power cut would (SIGKILL to all its processes)."""
        if self._child:
            processes.kill(self._child)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        shutil.rmtree(self._private, ignore_errors=True)


class Redis:
    """One private Redis server on a Unix socket; it forgets everything when it stops unless `durable`."""

    def __init__(self, directory: Path | None = None, *, durable: bool = False) -> None:
        """Prepare the files; `directory` keeps log and append-only file. `durable` writes that file (everysec)."""
        self._private = _private_directory(None)
        self._home = directory or self._private
        self._socket = self._private / "redis.sock"
        self._append = "yes" if durable else "no"
        self._child: processes.Child | None = None

    @property
    def url(self) -> str:
        """Address for redis-py: `unix:///path/redis.sock?db=0`."""
        return f"unix://{quote(str(self._socket), safe='/')}?db=0"

    @property
    def path(self) -> Path:
        """The socket, for clients that take a path (ioredis)."""
        return self._socket

    def start(self) -> None:
        """Start the server and wait until it answers PING; ProcessFailed with its log if it does not in 10 s."""
        program = packages.redis()
        options = {"port": "0", "unixsocket": str(self._socket), "unixsocketperm": "700", "save": "",
                   "appendonly": self._append, "dir": str(self._home), "daemonize": "no"}  # fmt: skip
        self._child = processes.start(
            "Redis",
            [str(program.path), *(word for name, value in options.items() for word in (f"--{name}", value))],
            log=self._home / "redis.log",
            env=program.env,
            cwd=self._private,
        )
        processes.wait_until(self._ready, self._child, seconds=10)

    def _ready(self) -> bool:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(1)
            try:
                connection.connect(str(self._socket))
                connection.sendall(b"PING\r\n")
                return connection.recv(16).startswith(b"+PONG")
            except OSError:
                return False

    def stop(self) -> None:
        """Stop the server; it may be started again at the same address."""
        if self._child:
            processes.stop(self._child)

    def kill(self) -> None:
        """End the server at once (SIGKILL)."""
        if self._child:
            processes.kill(self._child)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        shutil.rmtree(self._private, ignore_errors=True)


@contextmanager
def postgres(
    directory: Path | None = None, *, durable: bool = False, settings: Mapping[str, str] | None = None
) -> Iterator[str]:
    """Run a private PostgreSQL and yield its SQLAlchemy address; see `Postgres`."""
    with Postgres(directory, durable=durable, settings=settings) as server:
        yield server.url


@contextmanager
def redis(directory: Path | None = None, *, durable: bool = False) -> Iterator[str]:
    """Run a private Redis and yield its address for redis-py; see `Redis`."""
    with Redis(directory, durable=durable) as server:
        yield server.url


def _unprivileged() -> str | None:
    """The user a server that refuses root runs as, None when this process is not root."""
    if os.geteuid() != 0:
        return None
    return next((entry.pw_name for entry in pwd.getpwall() if entry.pw_name == "postgres"), "nobody")


def _private_directory(user: str | None) -> Path:
    """A new directory only `user` can enter, with a path short enough for a socket (107 bytes)."""
    short = "/tmp" if os.access("/tmp", os.W_OK) else None  # noqa: S108 - mkdtemp picks the name, mode 0700
    path = Path(tempfile.mkdtemp(prefix="tongban-", dir=short))
    if user:
        os.chown(path, pwd.getpwnam(user).pw_uid, pwd.getpwnam(user).pw_gid)
    return path


def _reachable(directory: Path, user: str | None) -> bool:
    """Whether `user` (None: this one) can enter every part of the path; root's own directories are often closed."""
    parts = [directory.resolve(), *directory.resolve().parents]
    return user is None or all(part.stat().st_mode & 0o001 for part in parts)


def _copy_template(data: Path, user: str | None) -> None:
    """Fill `data` from the cached result of initdb (2 s saved each time), making that first when missing."""
    program = packages.postgres("postgres")
    version = processes.run([str(program.path), "--version"], env=program.env)
    template = packages.CACHE / "postgres" / f"{re.sub('[^0-9A-Za-z.+-]+', '-', version.strip())}.{_TEMPLATE_VERSION}"
    if not template.exists():
        _make_template(template, user)
    shutil.copytree(template, data)
    data.chmod(0o700)
    if user:
        owner = pwd.getpwnam(user)
        for path in [data, *data.rglob("*")]:
            os.chown(path, owner.pw_uid, owner.pw_gid)


def _make_template(template: Path, user: str | None) -> None:
    """Run initdb and create role and database in single-user mode; appears under its name only when complete."""
    private = _private_directory(user)
    data = private / "pgdata"
    try:
        initdb, server = packages.postgres("initdb"), packages.postgres("postgres")
        arguments = ["--username=postgres", "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"]
        processes.run([str(initdb.path), *arguments, "-D", str(data)], env=initdb.env, cwd=private, user=user)
        processes.run(
            [str(server.path), "--single", "-D", str(data), "postgres"],
            env=server.env,
            cwd=private,
            user=user,
            text="CREATE ROLE tongban LOGIN CREATEDB;\nCREATE DATABASE tongban OWNER tongban;\n",
        )
        template.parent.mkdir(parents=True, exist_ok=True)
        unfinished = Path(tempfile.mkdtemp(dir=template.parent)) / "pgdata"
        shutil.copytree(data, unfinished)
        try:
            unfinished.rename(template)
        except OSError:  # another process finished first; its template is as good
            shutil.rmtree(unfinished)
        unfinished.parent.rmdir()
    finally:
        shutil.rmtree(private, ignore_errors=True)


def main(arguments: list[str] | None = None) -> int:
    """Command line: install what is missing; the status is 1 when something still is, and root has to act."""
    parser = argparse.ArgumentParser(prog="python -m adapters.sandbox.services", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    install = commands.add_parser("install", help="install what is missing; as an ordinary user under .cache")
    install.add_argument("--with", dest="extra", default="", help=f"any of {','.join(_EXTRA)}, separated by commas")
    extra = [name for name in parser.parse_args(arguments).extra.split(",") if name]
    if unknown := sorted(set(extra) - set(_EXTRA)):
        parser.error(f"unknown: {', '.join(unknown)}")
    return _install(["base", *extra])


def _install(groups: list[str]) -> int:
    print(f"Services: {', '.join(groups)}", flush=True)
    try:
        packages.install([name for name in groups if name in packages.GROUPS])
        if "node" in groups:
            packages_node.install()
    except (packages.PackageMissing, processes.ProcessFailed) as failure:
        print(f"\n{failure}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that what apt was given for the time is taken back
    sys.exit(main())
