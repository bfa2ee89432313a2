"""The ``idp`` command: everything an operator does from a shell.

Always true: a command says what it did or what is wrong in plain English, and ends with a status to match.
"""

from collections.abc import Mapping
from importlib import import_module

import click
from pydantic import ValidationError

from idp.cli.context import Context

COMMANDS: Mapping[str, str] = {
    "serve": "idp.cli.serve",
    "worker": "idp.cli.serve",
    "sandbox": "idp.cli.serve",
    "demo": "idp.cli.demo",
    "people": "idp.cli.demo",
    "db": "idp.cli.schema",
    "config": "idp.cli.config",
    "client": "idp.cli.clients",
    "channel": "idp.cli.channels",
    "operator": "idp.cli.operators",
    "keys": "idp.cli.keys",
    "fields": "idp.cli.keys",
    "legacy": "idp.cli.legacy",
    "mandate": "idp.cli.mandates",
    "resource": "idp.cli.resources",
    "ca": "idp.cli.ca",
    "audit": "idp.audit.commands",
    "purge": "idp.cli.maintenance",
    "doctor": "idp.cli.maintenance",
}
"""Command -> the module that has it under that name; only the one that is called is imported."""


class _Commands(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = getattr(import_module(COMMANDS[cmd_name]), cmd_name)
        return command


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--config", "path", envvar="TONGBAN_CONFIG", help="Settings file (default config/default.toml).")
@click.pass_context
def cli(context: click.Context, path: str | None) -> None:
    """Tongban: authenticate once, handle everywhere."""
    context.obj = Context(path)


def main() -> None:
    try:
        cli()
    except ValidationError as error:
        raise SystemExit(f"the settings are not usable:\n{error}") from None
