"""``idp purge`` and ``idp doctor``: what is thrown away, and whether everything is well.

Always true: nothing is deleted that trust or law wants kept; audit goes by whole chains after their retention.
"""

from typing import Any

import click

from idp.accounts.holds import purge_holds
from idp.accounts.waiting import forget
from idp.assisted import codes as assisted_codes
from idp.audit.checkpoints import purge as purge_audit
from idp.capabilities import checks as department_checks
from idp.capabilities import counter, identity_codes
from idp.checks.ending import purge_checks
from idp.cli.context import Context
from idp.cli.schema import is_current
from idp.clients import permits
from idp.console.purge import purge as purge_console
from idp.credentials.purge import purge as purge_credentials
from idp.credentials.rules import AttemptPolicy
from idp.crypto import signing
from idp.db import Database, DatabaseUnavailable, Statement
from idp.disputes import actions as disputes
from idp.disputes import calendar
from idp.flows import actions as flows
from idp.grants.spent import purge_spent
from idp.issuers import revocation
from idp.messages.outbox import purge_settled
from idp.recovery import requests
from idp.reviews import actions as reviews
from idp.scans import actions as scans
from idp.settings import Settings, unsafe
from idp.state.store import StateUnavailable
from idp.streams.spreading import purge as purge_events

DAY = 86400
_OPAQUE = Statement[Any]("DELETE FROM opaque_token WHERE expires_at < :now")


def purge_all(database: Database, settings: Settings, policy: AttemptPolicy, *, now: int) -> None:
    """Delete what has expired: tokens, journeys, settled messages, attempts, retired keys, audit past retention."""
    with database.transaction() as tx:
        purge_spent(tx, now=now)
        tx.run(_OPAQUE, now=now)
        flows.purge(tx, before=now - DAY)
        purge_holds(tx, now=now)
        forget(tx, before=now - settings.account.moved_kept)
        requests.purge(tx, now=now)
        counter.purge(tx, now=now)
        department_checks.purge(tx, before=now - DAY)
        assisted_codes.purge(tx, now=now)
        scans.purge(tx, before=now - DAY)
        identity_codes.purge(tx, before=now - DAY)
        permits.purge_uses(tx, before=now - 400 * DAY)
        purge_console(tx, now=now, retention=settings.audit.retention_days * DAY)
        revocation.purge(tx, before=now - settings.certificates.most_grace - 30 * DAY)
        purge_settled(tx, before=now - 7 * DAY)
        purge_events(tx, before=now - settings.departments.events_kept_days * DAY)
        purge_checks(tx, retention=settings.audit.retention_days * DAY, now=now)
        purge_credentials(tx, now=now, policy=policy)
        # an ID token is a valid hint at the sign-out, however long its session went on after its end
        hint = settings.tokens.id_token + settings.session.absolute
        signing.prune(tx, now=now, longest_token=max(settings.tokens.access, hint))
    purge_audit(database, retention_days=settings.audit.retention_days, now=now)


@click.command()
@click.pass_obj
def purge(context: Context) -> None:
    """Delete what has expired (the worker does so every hour)."""
    from idp.app import provider_of

    purge_all(context.database(), context.settings, provider_of(context.app).passwords.policy, now=context.now)
    click.echo("purged")


@click.command()
@click.pass_obj
def doctor(context: Context) -> None:
    """Check settings, schema, database, state store, keys, what is overdue; status 1 when something is wrong."""
    faults = [f"settings: {fault}" for fault in unsafe(context.settings)]
    faults += _database_faults(context)
    for fault in faults:
        click.echo(f"wrong: {fault}")
    for warning in calendar.warnings(calendar.read_calendar(context.settings.account.calendar), now=context.now):
        click.echo(f"warning: {warning}")
    if faults:
        raise SystemExit(1)
    click.echo("all well")


def _database_faults(context: Context) -> list[str]:
    from idp.app import provider_of

    if not is_current(context.settings):
        return ["schema: not up to date, run `idp db upgrade`"]
    provider = provider_of(context.app)
    try:
        with provider.database.autocommit() as tx:
            keys = signing.list_keys(tx)
            late = {
                "disputes": disputes.overdue(tx, now=context.now),
                "reviews": reviews.overdue(tx, now=context.now),
            }
        provider.store.put("doctor", "probe", {}, 5)
        taken = provider.store.take("doctor", "probe")
    except (DatabaseUnavailable, StateUnavailable) as error:
        return [f"{type(error).__name__}: {error}"]
    faults = [] if keys else ["signing keys: none, start `idp serve` once"]
    faults += [f"{what}: {count} wait although their day has passed" for what, count in late.items() if count]
    return faults if taken is not None else [*faults, "state store: what was put is not there"]
