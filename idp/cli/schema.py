"""``idp db …``: the schema of the main database.

Always true: the schema changes by numbered migrations alone.
"""

from pathlib import Path

import click
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, create_engine

from idp.cli.context import Context
from idp.db import engine_options, prepare_engine
from idp.settings import Settings


def alembic_config(settings: Settings) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parents[2] / "migrations"))
    config.attributes["url"] = settings.database.url
    return config


def open_engine(settings: Settings) -> Engine:
    """One connection of the main database, without the application that else comes with it."""
    url = settings.database.url
    engine = create_engine(url, **engine_options(url, pool_size=1, pool_timeout=5))
    prepare_engine(engine)
    return engine


def is_current(settings: Settings) -> bool:
    """Whether the database stands at the newest migration."""
    engine = open_engine(settings)
    try:
        with engine.connect() as connection:
            stands = MigrationContext.configure(connection).get_current_revision()
    finally:
        engine.dispose()
    return stands == ScriptDirectory.from_config(alembic_config(settings)).get_current_head()


def upgrade_schema(settings: Settings, revision: str = "head") -> None:
    command.upgrade(alembic_config(settings), revision)


@click.group()
def db() -> None:
    """Create and upgrade the database schema."""


@db.command()
@click.argument("revision", default="head")
@click.pass_obj
def upgrade(context: Context, revision: str) -> None:
    """Bring the schema to REVISION (default: the newest)."""
    upgrade_schema(context.settings, revision)
    click.echo("the schema is up to date" if revision == "head" else f"the schema stands at {revision}")


@db.command()
@click.argument("revision")
@click.confirmation_option(prompt="Going back drops tables and their data. Continue?")
@click.pass_obj
def downgrade(context: Context, revision: str) -> None:
    """Take the schema back to REVISION (`base`: empty)."""
    command.downgrade(alembic_config(context.settings), revision)
    click.echo(f"the schema stands at {revision}")


@db.command()
@click.pass_obj
def current(context: Context) -> None:
    """Say whether the schema is up to date; status 1 when it is not."""
    if not is_current(context.settings):
        raise SystemExit("the schema is not up to date: run `idp db upgrade`")
    click.echo("the schema is up to date")
