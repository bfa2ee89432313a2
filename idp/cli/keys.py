"""``idp keys …`` and ``idp fields …``: the keys of tokens and of stored fields.

Always true: an interrupted rotation of fields is finished by running it again.
"""

from collections.abc import Callable
from pathlib import Path

import click

from idp.accounts.rotation import rotate_accounts
from idp.accounts.waiting import rotate_waiting
from idp.assisted.keeping import reseal_assisted
from idp.audit import Event, record
from idp.capabilities.checks import reseal_department_checks
from idp.capabilities.identity_codes import reseal_identity_codes
from idp.certificates.rotation import rotate_certificates
from idp.checks.ending import reseal_checks
from idp.cli.context import Context, fail
from idp.console.four_eyes import reseal_proposals
from idp.console.justifications import reseal_justifications
from idp.console.operators import rotate_operators
from idp.credentials.rotation import rotate_credentials
from idp.crypto import signing
from idp.crypto.fields import BlindIndex, FieldCipher
from idp.crypto.jws import ALGORITHMS, Algorithm
from idp.db import Database
from idp.disputes.rotation import reseal_disputes
from idp.flows.actions import reseal_flows
from idp.mandates.rotation import rotate_mandates
from idp.mapping.actions import Links
from idp.messages.outbox import reseal_outbox
from idp.recovery.requests import reseal_requests
from idp.reviews.actions import reseal_reviews
from idp.scans.actions import reseal_scans
from idp.settings import write_secrets
from idp.signatures.rotation import reseal_signatures
from idp.streams.registration import reseal_streams

RESEALERS: tuple[Callable[[Database, FieldCipher], int], ...] = (
    rotate_credentials,
    rotate_certificates,
    reseal_flows,
    reseal_outbox,
    reseal_disputes,
    reseal_requests,
    reseal_justifications,
    reseal_proposals,
    reseal_checks,
    reseal_reviews,
    reseal_department_checks,
    reseal_streams,
    reseal_signatures,
    reseal_identity_codes,
    reseal_scans,
    reseal_assisted,
)
"""What seals a capability's fields anew."""


@click.group()
def keys() -> None:
    """Make the secrets file; list and rotate the keys that sign tokens."""


@keys.command()
@click.argument("file", type=click.Path(path_type=Path))
def init(file: Path) -> None:
    """Write fresh secrets to FILE (mode 0600); an existing file is left alone."""
    try:
        write_secrets(file)
    except FileExistsError:
        raise fail(f"{file} exists") from None
    click.echo(f"{file}: written; keep a copy where backups of the database are not")


@keys.command("list")
@click.pass_obj
def list_keys(context: Context) -> None:
    """The keys that sign tokens."""
    with context.database().autocommit() as tx:
        for key in signing.list_keys(tx):
            click.echo(f"{key.kid}  {key.alg}  {key.state}")


@keys.command()
@click.option("--alg", "algs", multiple=True, type=click.Choice(list(ALGORITHMS)), default=tuple(ALGORITHMS))
@click.pass_obj
def rotate(context: Context, algs: tuple[Algorithm, ...]) -> None:
    """Let the next key sign, keep the old one published until its last token has ended, make a new next one."""
    from idp.app import provider_of

    provider = provider_of(context.app)
    for alg in algs:
        key = signing.fresh_key(alg)
        with provider.database.transaction() as tx:
            signing.rotate(tx, provider.cipher, key, now=context.now)
            record(tx, Event.KEY_ROTATED, detail={"alg": alg, "next": key.kid}, now=context.now)
        click.echo(f"{alg}: rotated; next is {key.kid}")


@click.group()
def fields() -> None:
    """Encrypted fields."""


@fields.command("rotate")
@click.pass_obj
def rotate_fields(context: Context) -> None:
    """Seal every stored field with the first key of the ring and index it with the first index key.

    Add the new key last in secrets.field_keys (or index_keys) and restart every node; put it first and restart every
    node; run this; then drop the old key. No node then meets a field under a key it does not have.
    """
    from idp.app import provider_of

    provider = provider_of(context.app)
    count = reseal_all(provider.database, provider.cipher, provider.index, provider.links, progress=click.echo)
    with provider.database.transaction() as tx:
        record(tx, Event.FIELDS_ROTATED, detail={"count": count}, now=context.now)
    click.echo(f"{count} fields sealed anew; every field stands under the first key")


def reseal_all(
    database: Database, cipher: FieldCipher, index: BlindIndex, links: Links, *, progress: Callable[[str], None]
) -> int:
    """Bring every sealed field and index under the current keys; how many were changed."""
    count = rotate_accounts(database, cipher, index, progress=progress)
    count += rotate_operators(database, cipher, index)
    count += rotate_waiting(database, cipher, index)
    count += links.rotate(database)
    count += rotate_mandates(database, cipher, index)
    count += sum(reseal(database, cipher) for reseal in RESEALERS)
    with database.transaction() as tx:
        return count + signing.reseal(tx, cipher)
