"""``idp operator …``: who may use the console.

Always true: no operator has a password or a key before opening the one-time link this prints; every command leaves an
audit record, and none needs another operator, for whoever runs it has the machine.
"""

from typing import TYPE_CHECKING

import click

from idp.cli.context import Context, fail
from idp.console import invitations
from idp.console.acts import disable as disable_operator
from idp.console.rules import Denied, Operator, Reason, Role, assignments
from idp.credentials.totp import enrolled_at

if TYPE_CHECKING:
    from idp.provider import Provider

_WHY = {
    Reason.NAME_INVALID: "a name has 2 to 40 letters, digits, dots, hyphens or underscores",
    Reason.NAME_TAKEN: "there is an operator of this name",
    Reason.SCOPE_NEEDED: "--department names the sector of a department operator, and of no other",
    Reason.NOT_FOUND: "no active operator of this name",
}


@click.group()
def operator() -> None:
    """Invite operators of the console, list and disable them."""


@operator.command()
@click.argument("name")
@click.option("--role", "roles", multiple=True, required=True, type=click.Choice([r.value for r in Role]))
@click.option(
    "--department", "sectors", multiple=True, metavar="SECTOR", help="Whose apps a department operator sees."
)
@click.pass_obj
def add(context: Context, name: str, roles: tuple[str, ...], sectors: tuple[str, ...]) -> None:
    """Open an operator's account for NAME and print the link to enrol and its code: good once, for 24 hours."""
    provider = _provider(context)
    wanted = assignments([Role(role) for role in roles], sectors)
    if isinstance(wanted, Denied):
        raise fail(_WHY[wanted.reason])
    with provider.database.transaction() as tx:
        added = provider.operators.add(tx, name=name, roles=wanted, actor=None, now=context.now)
        if isinstance(added, Denied):
            raise fail(_WHY[added.reason])
        made = provider.invitations.invite(tx, added.party_id, actor=None, now=context.now)
    _tell(context, made)


@operator.command()
@click.argument("name")
@click.pass_obj
def link(context: Context, name: str) -> None:
    """Print a new link and code for NAME, e.g. after the phone was lost.

    Earlier links end at once, the old factors when it is used.
    """
    provider = _provider(context)
    found = _named(provider, name)
    with provider.database.transaction() as tx:
        made = provider.invitations.invite(tx, found.party_id, actor=None, now=context.now)
    _tell(context, made)


@operator.command("list")
@click.pass_obj
def list_operators(context: Context) -> None:
    """All operators with roles and state."""
    provider = _provider(context)
    with provider.database.autocommit() as tx:
        for found in provider.operators.all(tx):
            enrolled = enrolled_at(tx, found.party_id) is not None
            state = found.state.value if enrolled or found.state == "disabled" else "invited"
            roles = " ".join(f"{role}:{scope}" if scope else role for role, scope in sorted(found.assignments))
            click.echo(f"{found.name:24} {state:10} {roles:32} {found.party_id}")


@operator.command()
@click.argument("name")
@click.pass_obj
def disable(context: Context, name: str) -> None:
    """End NAME's account: sessions, links and open proposals end with it, at once."""
    provider = _provider(context)
    found = _named(provider, name)
    with provider.database.transaction() as tx:
        refused = disable_operator(tx, found.party_id, actor=None, now=context.now)
    if refused is not None:
        raise fail(_WHY[refused.reason])
    click.echo(f"{found.name}: disabled")


def _tell(context: Context, made: invitations.Invited) -> None:
    click.echo(f"link: {invitations.link(context.settings.issuer, made.token)}\ncode: {made.code}")


def _provider(context: Context) -> "Provider":
    from idp.app import provider_of

    return provider_of(context.app)


def _named(provider: "Provider", name: str) -> Operator:
    with provider.database.autocommit() as tx:
        found = provider.operators.named(tx, name)
    if found is None:
        raise fail(_WHY[Reason.NOT_FOUND])
    return found
