"""``idp client …``: department apps.

Always true: a secret is shown once, when it is made, and never again.
"""

import json
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from idp.cli.capabilities import capability, clerk, find_client
from idp.cli.context import Context, fail
from idp.cli.links import links
from idp.clients.actions import OVERLAP, Registry, put, rotate_secret, set_state
from idp.clients.certificates import NAMES
from idp.clients.rules import AuthMethod, Client, ClientState, Faulty, declaration
from idp.db import Database


def apply_file(database: Database, path: Path, *, now: int) -> list[Client]:
    """Register every client of a TOML file (array of tables ``client``); ``ClickException`` for a faulty one."""
    clients = []
    for table in tomllib.loads(path.read_text("utf-8")).get("client", []):
        data = dict(table)
        secret = data.pop("secret", None)
        clients.append(_put(database, data, secret, "file", now))
    return clients


def _put(database: Database, data: dict[str, Any], secret: str | None, origin: str, now: int) -> Client:
    with database.transaction() as tx:
        client = put(tx, data, secret=secret, origin=origin, now=now)
    if isinstance(client, Faulty):
        name = data.get("client_id", "a client without client_id")
        raise fail("\n".join(f"{name}: {fault}" for fault in client.faults))
    return client


@click.group()
def client() -> None:
    """Register department apps, list them, move them along their life cycle."""


client.add_command(capability)
client.add_command(clerk)
client.add_command(links)


@client.command("list")
@click.option("--json", "as_json", is_flag=True)
@click.pass_obj
def list_clients(context: Context, as_json: bool) -> None:
    """All clients with their state; those exempt from PKCE are marked."""
    clients = Registry(context.database()).all()
    if as_json:
        click.echo(json.dumps([declaration(c) | {"state": c.state} for c in clients], default=dict))
        return
    for found in clients:
        exempt = "" if found.pkce == "required" else "  PKCE optional"
        click.echo(f"{found.client_id:32} {found.state:10} {found.sector:20} {found.label('zh')}{exempt}")


@client.command()
@click.argument("client_id")
@click.pass_obj
def show(context: Context, client_id: str) -> None:
    """One client's registration as JSON."""
    found = find_client(context, client_id)
    data = declaration(found) | {"state": found.state, "secrets": len(found.secrets)}
    click.echo(json.dumps(data, indent=2, ensure_ascii=False, default=dict))


@client.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.pass_obj
def apply(context: Context, file: Path) -> None:
    """Register or change every client of a TOML FILE (form: config/clients.demo.toml)."""
    for applied in apply_file(context.database(), file, now=context.now):
        click.echo(f"{applied.client_id}: applied")


def _certificate_names(command: Callable[..., None]) -> Callable[..., None]:
    """An option for each name a client of tls_client_auth may be known by."""
    for name in reversed(NAMES):
        command = click.option(f"--{name.replace('_', '-')}", name)(command)
    return command


@client.command()
@click.argument("client_id")
@click.option("--name", required=True, help="Display name in Chinese.")
@click.option("--sector", required=True, help="Registered name whose members see the same sub.")
@click.option("--redirect-uri", "redirect_uris", multiple=True, required=True)
@click.option("--post-logout-redirect-uri", "post_logout_redirect_uris", multiple=True)
@click.option("--backchannel-logout-uri")
@click.option(
    "--cors-origin", "cors_origins", multiple=True, help="Origin of a single-page app, scheme://host[:port]."
)
@click.option("--auth-method", type=click.Choice([m.value for m in AuthMethod]), default="client_secret_basic")
@click.option("--scope", "scopes", multiple=True, metavar="SCOPE=BASIS", help="e.g. profile=consent; repeat.")
@click.option("--grant-type", "grant_types", multiple=True, default=("authorization_code",))
@click.option("--id-token-alg", default="RS256")
@click.option("--access-token", type=click.Choice(["jwt", "opaque"]), default="jwt")
@click.option("--min-ial", default=1)
@click.option("--min-aal", default=1)
@click.option("--pkce", type=click.Choice(["required", "optional"]), default="required")
@click.option("--jwks-uri")
@_certificate_names
@click.option(
    "--bound-tokens",
    "tls_client_certificate_bound_access_tokens",
    is_flag=True,
    help="Its access tokens are good beside its TLS certificate only.",
)
@click.option("--state", type=click.Choice([s.value for s in ClientState]), default="draft")
@click.pass_obj
def add(context: Context, /, scopes: tuple[str, ...], **data: Any) -> None:
    """Register CLIENT_ID; a confidential client's secret is printed once."""
    values: dict[str, Any] = {
        name: list(value) if isinstance(value, tuple) else value for name, value in data.items() if value
    }
    values["scopes"] = {scope: basis or "consent" for scope, _, basis in (text.partition("=") for text in scopes)}
    if Registry(context.database()).get(values["client_id"]):
        raise fail(f"{values['client_id']} exists; change it by `idp client apply`")
    added = _put(context.database(), values, None, "command", context.now)
    click.echo(f"{added.client_id}: registered, state {added.state}")
    if added.auth_method in (AuthMethod.SECRET_BASIC, AuthMethod.SECRET_POST):
        _print_new_secret(context, added, overlap=0)


@client.command("rotate-secret")
@click.argument("client_id")
@click.option("--overlap", default=OVERLAP, show_default=True, help="Seconds the old secrets stay valid.")
@click.pass_obj
def rotate(context: Context, client_id: str, overlap: int) -> None:
    """Make a new secret for CLIENT_ID and print it once."""
    _print_new_secret(context, find_client(context, client_id), overlap=overlap)


def _print_new_secret(context: Context, found: Client, *, overlap: int) -> None:
    with context.database().transaction() as tx:
        secret = rotate_secret(tx, found, overlap=overlap, now=context.now)
    if isinstance(secret, Faulty):
        raise fail("; ".join(secret.faults))
    click.echo(f"client_secret: {secret}")


@client.command()
@click.argument("client_id")
@click.argument("state", type=click.Choice([s.value for s in ClientState]))
@click.pass_obj
def state(context: Context, client_id: str, state: str) -> None:
    """Move CLIENT_ID to STATE; suspending or retiring it ends its grants and notifies it."""
    _set_state(context, client_id, ClientState(state))


@client.command()
@click.argument("client_id")
@click.pass_obj
def disable(context: Context, client_id: str) -> None:
    """Suspend CLIENT_ID: within a second no node serves it any more."""
    _set_state(context, client_id, ClientState.SUSPENDED)


def _set_state(context: Context, client_id: str, wanted: ClientState) -> None:
    with context.database().transaction() as tx:
        moved = set_state(tx, client_id, wanted, now=context.now)
    if isinstance(moved, Faulty):
        raise fail("; ".join(moved.faults))
    click.echo(f"{client_id}: {moved}")
