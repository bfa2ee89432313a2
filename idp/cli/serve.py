"""``idp serve``, ``idp worker``, ``idp sandbox``: the processes.

Always true: none of them starts with settings `unsafe` objects to, or over a schema that is not current.
"""

import ctypes
import multiprocessing
import os
import signal
import sys
import threading
import time
from multiprocessing.util import Finalize
from typing import TYPE_CHECKING, Any

import click

from idp.cli.config import text_faults
from idp.cli.context import Context, fail
from idp.settings import Settings, unsafe

if TYPE_CHECKING:
    from flask import Flask

_PR_SET_PDEATHSIG = 1


def refuse_unsafe(context: Context) -> None:
    """Raise ``ClickException`` naming everything that must not be (trust 13)."""
    from idp.cli.schema import is_current

    faults = unsafe(context.settings)
    if not is_current(context.settings):
        faults.append("database: the schema is not up to date, run `idp db upgrade`")
    if context.settings.environment == "production":
        faults += text_faults(context.settings, now=context.now)
    if faults:
        raise fail("refusing to start\n" + "\n".join(f"  {fault}" for fault in faults))


@click.command()
@click.option("--host", help="Overrides server.host.")
@click.option("--port", type=int, help="Overrides server.port.")
@click.pass_obj
def serve(context: Context, host: str | None, port: int | None) -> None:
    """Run a node: pages and protocol."""
    refuse_unsafe(context)
    prepare(context)
    server = context.settings.server
    if context.path:
        os.environ["TONGBAN_CONFIG"] = context.path
    run = _granian if server.engine == "granian" else _gunicorn
    run(context.settings, host or server.host, port or server.port)


def prepare(context: Context) -> None:
    """What must be there before the first request: signing keys, and the clients declared in a file.

    Each server process makes the application for itself; it is made here as well only for a file of clients, whose
    changes are audited.
    """
    from idp.cli.clients import apply_file

    _ensure_keys(context.settings, now=context.now)
    if file := context.settings.clients.file:
        database = context.database()
        apply_file(database, file, now=context.now)
        database.engine.dispose()


def _ensure_keys(settings: Settings, *, now: int) -> None:
    from idp.cli.schema import open_engine
    from idp.crypto.fields import FieldCipher
    from idp.crypto.rings import parse_ring
    from idp.crypto.signing import ensure_keys
    from idp.db import Database

    engine = open_engine(settings)
    ensure_keys(
        Database(engine), FieldCipher(parse_ring(settings.secrets.field_keys, name="secrets.field_keys")), now=now
    )
    engine.dispose()


def _granian(settings: Settings, host: str, port: int) -> None:
    from granian import Granian
    from granian.constants import HTTPModes, Interfaces

    Granian(
        "idp.cli.serve:application",
        factory=True,
        interface=Interfaces.WSGI,
        address=host,
        port=port,
        workers=settings.server.workers,
        blocking_threads=settings.server.threads,
        http=HTTPModes.http1,
        websockets=False,
        log_access=False,
        log_level="error",
    ).serve()


def _gunicorn(settings: Settings, host: str, port: int) -> None:
    from gunicorn.app.base import BaseApplication

    class Application(BaseApplication):
        def load_config(self) -> None:
            self.cfg.set("bind", f"{host}:{port}")
            self.cfg.set("workers", settings.server.workers)
            self.cfg.set("worker_class", "gthread")
            self.cfg.set("threads", settings.server.threads)
            self.cfg.set("loglevel", "warning")
            self.cfg.set("limit_request_field_size", 32 * 1024)  # a certificate may come in one header

        def load(self) -> Any:
            return application()

    Application().run()


def application() -> "Flask":
    """The WSGI application of one server process, with its background threads."""
    from idp.app import provider_of
    from idp.audit.chains import current_writer
    from idp.audit.counts import CountFlusher
    from idp.cli.work import make_worker

    _end_with_parent()
    app = Context(None).app
    provider = provider_of(app)
    flusher = CountFlusher(provider.database, provider.node)
    flusher.start()
    worker = make_worker(app) if provider.settings.server.embedded_worker else None
    if worker:
        worker.start()

    def end() -> None:
        """Finish what has begun: messages on their way, counts, audit chains."""
        if worker:
            worker.stop()
        flusher.stop()
        current_writer().close(provider.database, now=int(time.time()))

    # granian's processes are multiprocessing's, which run finalizers but no atexit handlers
    Finalize(None, end, exitpriority=100)
    return app


def _end_with_parent() -> None:
    """A killed granian leaves no server process behind; gunicorn's own processes watch for that themselves."""
    parent = multiprocessing.parent_process()
    if parent is None or sys.platform != "linux":
        return
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent.pid:  # it ended before the kernel was told
        os.kill(os.getpid(), signal.SIGTERM)


@click.command()
@click.pass_obj
def worker(context: Context) -> None:
    """Send messages and notices, sign checkpoints, end stale sessions, purge."""
    from idp.cli.work import make_worker

    refuse_unsafe(context)
    runs = make_worker(context.app)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: threading.Thread(target=runs.stop).start())
    runs.run()


@click.command(context_settings={"ignore_unknown_options": True, "help_option_names": []})
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def sandbox(arguments: tuple[str, ...]) -> None:
    """Run the stand-ins of outside services (never in production)."""
    from adapters.sandbox.app import main

    raise SystemExit(main(list(arguments)))
