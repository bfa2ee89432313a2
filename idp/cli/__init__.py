"""The ``idp`` command: everything an operator does from a shell.

Always true: a command says what it did or what is wrong in plain English, and ends with a status to match.
"""

import click
from pydantic import ValidationError

from idp.audit.commands import audit
from idp.cli.clients import client
from idp.cli.config import config
from idp.cli.context import Context
from idp.cli.demo import demo, people
from idp.cli.keys import fields, keys
from idp.cli.maintenance import doctor, purge
from idp.cli.schema import db
from idp.cli.serve import sandbox, serve, worker


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--config", "path", envvar="TONGBAN_CONFIG", help="Settings file (default config/default.toml).")
@click.pass_context
def cli(context: click.Context, path: str | None) -> None:
    """Tongban: authenticate once, handle everywhere."""
    context.obj = Context(path)


for command in (serve, worker, sandbox, demo, people, db, config, client, keys, fields, audit, purge, doctor):
    cli.add_command(command)


def main() -> None:
    try:
        cli()
    except ValidationError as error:
        raise SystemExit(f"the settings are not usable:\n{error}") from None
