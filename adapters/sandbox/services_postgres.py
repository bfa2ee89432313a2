"""A private PostgreSQL server, started from a cached copy of what initdb makes.

Always true: it listens on a Unix socket in a directory only its owner can enter, and on no port.
"""

import os
import pwd
import re
import shutil
import signal
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Self
from urllib.parse import quote

from adapters.sandbox import packages, processes, processes_directory

# Nothing a test writes has to survive the machine; the benchmark and the cluster ask for `durable`.
_FORGETFUL = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
_ALWAYS = {"listen_addresses": "", "max_connections": "200", "jit": "off", "timezone": "UTC", "log_timezone": "UTC"}
_TEMPLATE_VERSION = "1"


class Postgres:
    """One private PostgreSQL server, database and owning role both called `tongban` (may create databases)."""

    def __init__(
        self,
        directory: Path | None = None,
        *,
        log: Path | None = None,
        durable: bool = False,
        settings: Mapping[str, str] | None = None,
    ) -> None:
        """Prepare the files: data in `directory` if the server's user can reach it, else gone at the end.

        PostgreSQL refuses to run as root: there it runs as `postgres` or `nobody`. `durable` keeps fsync
        and synchronous commits on. `settings` are further server parameters (`postgresql.conf` names).
        """
        self._user = _unprivileged()
        self._private = processes_directory.make(self._user)
        home = directory if directory and _reachable(directory, self._user) else self._private
        self._data = home / "pgdata"
        self._log = log or home / "postgres.log"
        self._settings = {
            **_ALWAYS,
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

    def start(self) -> processes.Child:
        """Start the server and wait until it answers; ProcessFailed with its log if it does not in 30 s."""
        deadline = time.monotonic() + 10
        while True:
            try:
                return self._started()
            except processes.ProcessFailed as failure:
                # After a kill the orphaned backends need a moment to notice and let go of the shared memory.
                if "shared memory block" not in str(failure) or time.monotonic() > deadline:
                    raise
            time.sleep(0.1)

    def _started(self) -> processes.Child:
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
        return self._child

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

    def remove(self) -> None:
        """Remove the private directory; what was put into a directory of the caller's stays there."""
        processes_directory.remove(self._private)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        self.remove()


def _unprivileged() -> str | None:
    """The user a server that refuses root runs as, None when this process is not root."""
    if os.geteuid() != 0:
        return None
    return next((entry.pw_name for entry in pwd.getpwall() if entry.pw_name == "postgres"), "nobody")


def _reachable(directory: Path, user: str | None) -> bool:
    """Whether `user` (None: this one) can enter every part of the path; root's own directories are often closed."""
    directory.mkdir(parents=True, exist_ok=True)
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
    with processes_directory.private(user) as private:
        data = private / "pgdata"
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
