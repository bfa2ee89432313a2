"""``idp audit …``: verify, export and checkpoint the trail.

Always true: nothing here changes a record; an export leaves a record of itself.
"""

import json
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from idp.audit.chains import record
from idp.audit.checkpoints import append_checkpoints, write_checkpoint
from idp.audit.reading import export_lines
from idp.audit.rules import Checkpoint, Event, parse_checkpoint, print_checkpoint
from idp.audit.verify import Report
from idp.audit.verify import verify as verify_trail
from idp.crypto.rings import parse_key
from idp.settings import Settings

_TIME = click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"])


def audit_key(settings: Settings) -> bytes:
    """The key of the chains, as ``secrets.audit_key`` writes it. Raises `BadRing`."""
    return parse_key(settings.secrets.audit_key, name="secrets.audit_key")


@click.group()
def audit() -> None:
    """The audit trail: verify it, export it, sign a checkpoint."""


@audit.command()
@click.option(
    "--checkpoint",
    "files",
    multiple=True,
    metavar="FILE",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A checkpoint file kept outside the database; may be given several times.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.pass_context
def verify(context: click.Context, files: tuple[Path, ...], as_json: bool) -> None:
    """Name records that were altered, taken out, reordered or cut from a chain's end, and chains that vanished.

    Ends with status 1 if there is any. Without a file the database's own checkpoints are believed as far as they are
    signed; whoever can delete records can delete those too, so keep a copy (audit.checkpoint_file) elsewhere.
    """
    key = audit_key(context.obj.settings)
    report = verify_trail(context.obj.database(), key=key, checkpoints=_read(files))
    click.echo(json.dumps(asdict(report)) if as_json else _tell(report))
    if not report.clean:
        context.exit(1)


def _read(files: tuple[Path, ...]) -> Iterator[Checkpoint | None]:
    for path in files:
        with path.open("rb") as lines:
            yield from (parse_checkpoint(line) for line in lines if line.strip())


def _tell(report: Report) -> str:
    read = f"{report.records} records in {report.chains} chains, {report.checkpoints} checkpoints"
    if report.clean:
        return f"{read}: clean"
    found = [
        f"{finding.fault}: {finding.chain} {finding.first}"
        + (f"-{finding.last}" if finding.last > finding.first else "")
        for finding in report.findings
    ]
    more = [f"and {report.more} more"] if report.more else []
    return "\n".join([f"{read}: TAMPERED WITH", *found, *more])


@audit.command()
@click.option("--since", type=_TIME, help="UTC, inclusive.")
@click.option("--until", type=_TIME, help="UTC, exclusive.")
@click.pass_context
def export(context: click.Context, since: datetime | None, until: datetime | None) -> None:
    """Print records as JSON lines, chain by chain, with everything needed to verify them elsewhere."""
    first, end = _seconds(since), _seconds(until)
    database = context.obj.database()
    now = int(time.time())
    detail = {"since": first, "until": end}
    with database.transaction() as tx:
        record(tx, Event.AUDIT_EXPORTED, actor="operator:cli", detail=detail, now=now)
    for line in export_lines(database, since=first, until=end):
        sys.stdout.write(line + "\n")


def _seconds(moment: Any) -> int | None:
    return int(moment.replace(tzinfo=UTC).timestamp()) if moment else None


@audit.command()
@click.pass_context
def checkpoint(context: click.Context) -> None:
    """Sign the heads of all chains now, and print the checkpoint if any chain has grown."""
    database = context.obj.database()
    signed = write_checkpoint(database, now=int(time.time()))
    if path := context.obj.settings.audit.checkpoint_file:
        append_checkpoints(database, path)
    if signed:
        click.echo(print_checkpoint(signed))
