"""``idp client capability …``: what department apps may have done beside signing people in.

Always true: nothing is granted here; that takes two operators at the console.
"""

import json
from dataclasses import asdict

import click

from idp.capabilities import counter
from idp.cli.context import Context, fail
from idp.clients import permits
from idp.clients.actions import Registry
from idp.clients.capabilities import Capability, CapabilityRefusal, read_terms
from idp.clients.rules import Client


def find_client(context: Context, client_id: str) -> Client:
    """Fails when there is none."""
    found = Registry(context.database()).get(client_id)
    if found is None:
        raise fail(f"no client {client_id}")
    return found


_CHOICE = click.Choice([one.value for one in Capability])


@click.group()
def capability() -> None:
    """Apply for capabilities of department apps, withdraw them, and see how they are used."""


@capability.command("apply")
@click.argument("client_id")
@click.argument("name", type=_CHOICE)
@click.option("--purpose", required=True, help="What for, in Chinese, as the person will read it.")
@click.option("--purpose-en", default="", help="The same in English.")
@click.option("--law", required=True, help="The provision it rests on.")
@click.option("--daily", required=True, type=int, help="How often a day at most.")
@click.pass_obj
def apply(context: Context, client_id: str, name: str, purpose: str, purpose_en: str, law: str, daily: int) -> None:
    """Apply for a capability of CLIENT_ID; two platform operators decide at the console."""
    client = find_client(context, client_id)
    terms = read_terms({"capability": name, "purpose": {"zh": purpose, "en": purpose_en}, "law": law, "daily": daily})
    if isinstance(terms, CapabilityRefusal):
        raise fail(terms)
    with context.database().transaction() as tx:
        made = permits.apply(tx, client, terms, actor=None, now=context.now)
    if isinstance(made, CapabilityRefusal):
        raise fail(made)
    click.echo(f"{client_id}: {name} applied for, {made}")


@capability.command("list")
@click.argument("client_id")
@click.pass_obj
def list_permits(context: Context, client_id: str) -> None:
    """What CLIENT_ID ever applied for, newest first."""
    with context.database().autocommit() as tx:
        found = permits.of_client(tx, client_id)
    for permit in found:
        terms = permit.terms
        click.echo(f"{permit.id}  {terms.capability:18} {permit.state:10} {terms.daily:8}  {terms.purpose['zh']}")


@capability.command()
@click.argument("client_id")
@click.argument("name", type=_CHOICE)
@click.pass_obj
def withdraw(context: Context, client_id: str, name: str) -> None:
    """Withdraw a capability of CLIENT_ID: within a second no node honours it any more."""
    with context.database().transaction() as tx:
        done = permits.withdraw(tx, client_id, Capability(name), actor=None, now=context.now)
    if not done:
        raise fail(f"{client_id} has no {name}")
    click.echo(f"{client_id}: {name} withdrawn")


@click.group()
def clerk() -> None:
    """Who may record proofs at the counters of an app, by the sub the app knows them by."""


@clerk.command("list")
@click.argument("client_id")
@click.pass_obj
def list_clerks(context: Context, client_id: str) -> None:
    """The clerks of CLIENT_ID."""
    with context.database().autocommit() as tx:
        for sub in counter.clerks(tx, find_client(context, client_id)):
            click.echo(sub)


@clerk.command("add")
@click.argument("client_id")
@click.argument("sub")
@click.pass_obj
def add_clerk(context: Context, client_id: str, sub: str) -> None:
    """Let the person whom CLIENT_ID knows as SUB record proofs for it."""
    with context.database().transaction() as tx:
        added = counter.add_clerk(tx, find_client(context, client_id), sub, now=context.now)
    if not added:
        raise fail(f"{client_id} knows nobody as {sub}")
    click.echo(f"{client_id}: {sub} is a clerk")


@clerk.command("remove")
@click.argument("client_id")
@click.argument("sub")
@click.pass_obj
def remove_clerk(context: Context, client_id: str, sub: str) -> None:
    """Take that from SUB again, at once."""
    with context.database().transaction() as tx:
        removed = counter.remove_clerk(tx, find_client(context, client_id), sub, now=context.now)
    if not removed:
        raise fail(f"{sub} is no clerk of {client_id}")
    click.echo(f"{client_id}: {sub} is no clerk any more")


@capability.command()
@click.argument("client_id")
@click.option("--days", default=30, show_default=True, type=click.IntRange(1, 400))
@click.option("--json", "as_json", is_flag=True)
@click.pass_obj
def report(context: Context, client_id: str, days: int, as_json: bool) -> None:
    """How often CLIENT_ID used its capabilities, by day and result."""
    with context.database().autocommit() as tx:
        found = permits.uses(tx, client_id, days=days, now=context.now)
    if as_json:
        click.echo(json.dumps([asdict(use) for use in found]))
        return
    for use in found:
        click.echo(f"{use.day}  {use.capability:18} {use.result:16} {use.count:8}")
