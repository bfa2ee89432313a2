"""``idp legacy …``: accounts of older platforms, imported to wait for their people.

Always true: what is printed are counts, reasons and numbers of lines, never what stands in a line.
"""

import gc
import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from idp.activation import reports
from idp.activation.files import Source, open_source
from idp.activation.importing import Imported, Importer, Overtaken
from idp.activation.lines import BadColumns
from idp.cli.context import Context, fail
from idp.db import DatabaseUnavailable, Transaction
from idp.tables import SUFFIXES, Encoding, Format, Held, Table


@click.group()
def legacy() -> None:
    """Import accounts of older platforms; report how far their people have come."""


@legacy.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--format", "form", type=click.Choice(["csv", "jsonl"]), help="Else by the file's name.")
@click.option("--encoding", type=click.Choice(["utf-8", "gb18030"]), default="utf-8", show_default=True)
@click.option("--platform", help="Whose accounts they are, where the file has no column platform.")
@click.option("--dry-run", is_flag=True, help="Look at every line, write nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.pass_obj
def import_file(
    context: Context,
    file: Path,
    form: Format | None,
    encoding: Encoding,
    platform: str | None,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Import FILE (CSV with a first line of columns, or JSON Lines); docs/operations.md has the columns.

    What was interrupted goes on where it ended; a file that was imported changes nothing. A line that says something
    new of an account corrects it as long as nobody has begun to activate it. `idp legacy report BATCH --lines` names
    the lines that were not taken.
    """
    form = form or SUFFIXES.get(file.suffix.lower())
    if form is None:
        raise fail("say --format csv or --format jsonl: the file's name does not tell")
    try:
        with _bar(file, "looking at the file") as progress:
            source = open_source(Table(file, form, encoding), platform=platform, progress=progress)
        done = take_in(context, source, dry_run=dry_run)
    except BadColumns as bad:
        raise fail(f"not imported: {bad}") from None
    except Overtaken:
        raise fail("another process imports this file") from None
    except DatabaseUnavailable as error:
        raise fail(f"the database is away ({error}); run the same command again to go on") from None
    told = asdict(done.counts)
    if as_json:
        click.echo(json.dumps({"batch": done.batch_id, "again": done.again, "dry_run": dry_run, **told}))
    else:
        _tell(done, told)


def take_in(context: Context, source: Source, *, dry_run: bool = False) -> Imported:
    """Import the file, or rehearse that. Raises `Overtaken`, `DatabaseUnavailable`."""
    from idp.app import provider_of

    provider = provider_of(context.app)
    accounts = provider.waiting
    gc.freeze()  # or the collector looks through all of the application again and again for what a line leaves behind
    importer = Importer(provider.database, accounts, provider.index, clock=lambda: int(time.time()))
    with _bar(source.table.path, "dry run" if dry_run else "importing") as progress:
        return (importer.rehearse if dry_run else importer.run)(source, progress=progress)


@contextmanager
def _bar(file: Path | Held, label: str) -> Iterator[Callable[[int], object]]:
    """A bar of the file's bytes, for whoever watches."""
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    size = file.stat().st_size if isinstance(file, Path) else len(file.content)
    with click.progressbar(length=size, label=label, file=sys.stderr) as bar:
        yield bar.update


def _tell(done: Imported, told: dict[str, int]) -> None:
    if done.again:
        click.echo("imported before, nothing was changed; it was:")
    click.echo(f"{'dry run' if done.batch_id is None else done.batch_id}: {told['lines']} lines read")
    for name in ("accepted", "duplicates", "quarantined", "flagged"):
        further = f", {told['updated']} of them corrections" if name == "accepted" and told["updated"] else ""
        click.echo(f"  {name:12}{told[name]:>10}{further}")


@legacy.command()
@click.argument("batch", required=False)
@click.option("--lines", "with_lines", is_flag=True, help="Number and reason of every line of BATCH not taken.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object on a line of its own for each batch.")
@click.pass_obj
def report(context: Context, batch: str | None, with_lines: bool, as_json: bool) -> None:
    """What came of every file, or of BATCH: lines read, and where the accounts it brought stand today."""
    if with_lines and not batch:
        raise fail("--lines needs a BATCH")
    with context.database().autocommit() as tx:
        found = reports.batches(tx, batch)
        if batch and not found:
            raise fail(f"no batch {batch}")
        if with_lines:
            for number, reason in reports.quarantined(tx, found[0].id):
                click.echo(json.dumps({"line": number, "reason": reason}) if as_json else f"{number}  {reason}")
            return
        for one in found:
            told = _report(tx, one)
            click.echo(json.dumps(told) if as_json else _sheet(told))


def _report(tx: Transaction, one: reports.Told) -> dict[str, Any]:
    return {**one._asdict(), "funnel": reports.funnel(tx, one.id), "reasons": reports.reasons(tx, one.id)}


def _sheet(told: dict[str, Any]) -> str:
    begun = time.strftime("%Y-%m-%d %H:%M", time.localtime(told["started_at"]))
    ended = "finished" if told["finished_at"] else "not finished: run the same command again to go on"
    counts = ("lines", "accepted", "updated", "duplicates", "quarantined", "flagged")
    sections = {
        "read": {name: told[name] for name in counts},
        "accounts": told["funnel"],
        "not taken": told["reasons"],
    }
    lines = [f"{told['id']}  {told['format']}  {begun}  {ended}"]
    for title, values in sections.items():
        lines += [f"  {title}:", *(f"    {name:20}{count:>10}" for name, count in values.items())]
    return "\n".join(lines)
