"""``idp client links …``: departments' own users, as files of the departments name them.

Always true: what is printed names lines and reasons, never what stands in a line.
"""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import click

from idp.cli.context import Context, fail
from idp.clients.actions import Registry
from idp.mapping.files import NotATable
from idp.mapping.importing import Importing, hardly_whole
from idp.mapping.rules import Standing
from idp.mapping.survey import Found, Survey
from idp.web.locale import china_date

_EVERY = 10_000
"""Lines between two words of progress."""


@click.group()
def links() -> None:
    """Tell an app which of its earlier accounts is whose (claim legacy_sub)."""


@links.command("import")
@click.argument("client_id")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--dry-run", is_flag=True, help="Say what would become of the file, and change nothing.")
@click.option("--whole", is_flag=True, help="FILE is all there is: links that it does not name end.")
@click.option(
    "--force", is_flag=True, help="With --whole: also when FILE is empty or one line in a hundred is wrong."
)
@click.option("--json", "as_json", is_flag=True)
@click.pass_obj
def import_file(
    context: Context, client_id: str, file: Path, dry_run: bool, whole: bool, force: bool, as_json: bool
) -> None:
    """Take in FILE for CLIENT_ID: a CSV table with a header, or JSON objects, one a line (docs/departments.md).

    Columns: local_id, name, document_type (may be left out), document_number. The same file again changes nothing;
    one that was interrupted is taken in again. A later file replaces what earlier ones say of a local id.
    """
    importing = _importing(context, client_id, as_json=as_json)
    how: dict[str, Any] = {"whole": whole, "today": china_date(context.now), "now": context.now}
    try:
        if whole and not force and hardly_whole(file, today=how["today"]):
            raise fail(
                f"{file}: too many lines are wrong, or none is right; --force ends what it does not name all the same"
            )
        if dry_run:
            tried = importing.try_out(client_id, file, **how)
            report, standing = tried or (None, Counter[Standing]())
        else:
            report = importing.run(client_id, file, **how)
            with importing.database.autocommit() as tx:
                standing = importing.survey.of(tx, client_id, since=report.seq) if report else Counter()
    except NotATable as error:
        raise fail(f"{file}: {error}") from None
    if report is None:
        raise fail(
            f"another import for {client_id} has begun meanwhile; take {file} in again if it is still to count"
        )
    told = {name: getattr(report, name) for name in ("read", "added", "changed", "unchanged", "ended")}
    _tell({"import": report.seq, "dry_run": dry_run} | told | dict(report.faults), standing, as_json=as_json)


@links.command("report")
@click.argument("client_id")
@click.option("--json", "as_json", is_flag=True)
@click.pass_obj
def report_links(context: Context, client_id: str, as_json: bool) -> None:
    """How every link of CLIENT_ID stands, and the lines that will not count as they are."""
    importing = _importing(context, client_id, as_json=as_json)
    with importing.database.autocommit() as tx:
        standing = importing.survey.of(tx, client_id)
    _tell({}, standing, as_json=as_json)


def _importing(context: Context, client_id: str, *, as_json: bool) -> Importing:
    from idp.app import provider_of

    if Registry(context.database()).get(client_id) is None:
        raise fail(f"no client {client_id}")
    provider = provider_of(context.app)

    def say(found: Found) -> None:
        """As they are found, for a file may have a million of them."""
        if as_json:
            click.echo(json.dumps({"import": found.seq, "line": found.line, "what": found.what}))
        else:
            click.echo(f"import {found.seq}, line {found.line}: {found.what}")

    def progress(read: int) -> None:
        if read % _EVERY == 0:
            click.echo(f"{read} lines read", err=True)

    survey = Survey(provider.links, provider.cipher, say)
    return Importing(provider.database, provider.links, survey, say, progress)


def _tell(done: dict[str, Any], standing: Counter[Standing], *, as_json: bool) -> None:
    """The sums, last; in JSON one object on a line of its own."""
    told = done | {how.value: standing[how] for how in Standing}
    if as_json:
        click.echo(json.dumps(told))
        return
    for name, number in told.items():
        click.echo(f"{name}: {number}")
