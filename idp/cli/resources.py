"""``idp resource …``: the APIs that access tokens can be asked for.

Always true: an API is aware only by the word of an operator who says how that is known.
"""

import click

from idp.app import provider_of
from idp.cli.context import Context, fail
from idp.clients.resources import ResourceServer, add_resource, set_aware
from idp.clients.rules import Faulty


@click.group()
def resource() -> None:
    """APIs of departments (docs/acting.md)."""


@resource.command("add")
@click.argument("identifier")
@click.option("--client", "client_id", required=True, help="Who answers for it, and introspects its tokens.")
@click.option("--title", required=True, help="What people call it.")
@click.pass_obj
def add(context: Context, identifier: str, client_id: str, title: str) -> None:
    """Register an API by its address; clients name it in their `resources`."""
    with context.database().transaction() as tx:
        fault = add_resource(tx, identifier, client_id=client_id, title=title, now=context.now)
        if isinstance(fault, Faulty):
            raise fail("\n".join(fault.faults))
    click.echo(f"{identifier}: registered")


@resource.command("list")
@click.pass_obj
def list_(context: Context) -> None:
    """Every API, who answers for it, and whether it takes tokens that say whom somebody acts for."""
    for one in provider_of(context.app).resources.all():
        click.echo(f"{one.identifier}  {one.client_id}  {f'aware ({one.aware_how})' if one.aware else 'not aware'}")


@resource.command("aware")
@click.argument("identifier")
@click.option("--how", help="How it is known: the version of the self-test, and where its report is kept.")
@click.option("--withdraw", is_flag=True, help="It is aware no longer: its tokens end at the next check.")
@click.pass_obj
def aware(context: Context, identifier: str, how: str | None, withdraw: bool) -> None:
    """Note that the API's self-test has passed: it tells who acts from whom they act for."""
    if withdraw == (how is not None):
        raise fail("either --how or --withdraw")
    server: ResourceServer | None = provider_of(context.app).resources.get(identifier)
    if server is None:
        raise fail(f"no resource {identifier}")
    with context.database().transaction() as tx:
        set_aware(tx, server, how=how, now=context.now)
    click.echo(f"{identifier}: {'not aware' if withdraw else 'aware'}")
