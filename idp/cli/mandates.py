"""``idp mandate …``: the themes that mandates are given in, and the signatures under mandates.

Always true: what is imported is checked as a whole first, and a faulty file changes nothing.
"""

import tomllib
from pathlib import Path

import click

from idp.app import provider_of
from idp.cli.context import Context, fail
from idp.cli.mandate_signatures import signature
from idp.db import Database
from idp.mandates.registry import import_themes, retire
from idp.mandates.themes import Faulty


def apply_themes(database: Database, path: Path, *, now: int) -> int:
    """Import every new version of a file; how many. Raises ``ClickException``, with nothing imported."""
    tables = tomllib.loads(path.read_text("utf-8")).get("theme", [])
    with database.transaction() as tx:
        added = import_themes(tx, tables, now=now)
        if isinstance(added, Faulty):
            raise fail("\n".join(added.faults))
    return added


@click.group()
def mandate() -> None:
    """Themes of mandates, and signatures under them."""


mandate.add_command(signature)


@mandate.group()
def theme() -> None:
    """What mandates can be about (docs/mandates.md)."""


@theme.command("import")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.pass_obj
def import_(context: Context, file: Path) -> None:
    """Take every version of FILE that is new; a version that is here keeps its words."""
    try:
        added = apply_themes(context.database(), file, now=context.now)
    except tomllib.TOMLDecodeError as error:
        raise fail(f"{file}: {error}") from None
    click.echo(f"{added} imported")


@theme.command("list")
@click.pass_obj
def list_(context: Context) -> None:
    """The themes that can be given, with their version and services."""
    for one in provider_of(context.app).themes.all():
        click.echo(f"{one.code} v{one.version}  {' '.join(service.code for service in one.services)}")


@theme.command("retire")
@click.argument("code")
@click.pass_obj
def retire_(context: Context, code: str) -> None:
    """Give nothing more in the theme CODE; what was given stays until its end."""
    with context.database().transaction() as tx:
        if not retire(tx, code, now=context.now):
            raise fail(f"no theme {code} that can be given")
    click.echo(f"{code}: retired")
