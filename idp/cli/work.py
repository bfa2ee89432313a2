"""What the worker does: sends the outbox, and the periodic jobs.

Always true: every job can be run by any worker, at any time, more than once.
"""

import time

from flask import Flask

from idp.app import provider_of
from idp.audit import Event, record
from idp.audit.checkpoints import append_checkpoints, write_checkpoint
from idp.capabilities.checks import DepartmentChecks
from idp.certificates import telling as certificates
from idp.certificates.sweeping import Sweeping as CertificateSweeping
from idp.checks.errands import Errands
from idp.cli.maintenance import purge_all
from idp.cli.outside import sms_gateway
from idp.crypto import signing
from idp.db import Transaction
from idp.disputes import actions as disputes
from idp.disputes.calendar import warnings
from idp.flows.actions import Journeys
from idp.idphotos.reading import Reading
from idp.issuers.refreshing import PERIOD
from idp.log import get_logger
from idp.mandates.keeping import Keeping
from idp.mandates.notices import Notices
from idp.mandates.rules import DAY
from idp.mandates.sweeping import Sweeping
from idp.messages.claims import Message
from idp.messages.rules import Kind
from idp.messages.sms import sms_handler
from idp.messages.worker import Worker
from idp.oidc.logout import deliver_logout
from idp.proofing.notices import tell_of_ends
from idp.provider import Provider, refreshing
from idp.reviews import actions as reviews
from idp.selfservice.actions import close_due
from idp.signin.sessions import end_stale
from idp.streams.delivering import Pushing, note_settled
from idp.streams.registration import Streams
from idp.streams.spreading import Spreading

_log = get_logger("worker")
HOUR = 3600


def make_worker(app: Flask) -> Worker:
    """A worker with every handler and job of this provider; the caller runs or starts it."""
    provider = provider_of(app)
    settings = provider.settings
    errands = check_errands(provider)
    spreading = Spreading(provider.database, provider.registry, provider.directory, issuer=settings.issuer)
    handlers = {
        Kind.SMS.value: sms_handler(sms_gateway(settings.sms)),
        Kind.LOGOUT.value: deliver_logout(
            provider.database, provider.registry, provider.maker, provider.outbound, _clock
        ),
        Kind.PARTY_EVENT.value: spreading.handler(_clock),
        Kind.SECURITY_EVENT.value: Pushing(
            provider.database, provider.registry, Streams(provider.cipher), provider.maker, provider.outbound
        ).handler(),
        **errands.handlers,
        **photo_reading(provider).handlers,
    }
    worker = Worker(provider.database, handlers, on_settled=_record_notice)
    worker.every(settings.audit.checkpoint_interval, "audit-checkpoint", lambda now: _checkpoint(provider, now))
    worker.every(60, "stale-sessions", lambda now: _end_stale(provider, now))
    worker.every(
        HOUR, "purge", lambda now: purge_all(provider.database, settings, provider.passwords.policy, now=now)
    )
    worker.every(60, "account-closing", lambda now: close_due(provider.database, provider.closings, now=now))
    worker.every(60, "stale-checks", errands.end_stale)
    asked = DepartmentChecks(provider.cipher)
    worker.every(60, "stale-department-checks", lambda now: asked.end_stale(provider.database, now=now))
    worker.every(HOUR, "disputes", lambda now: _look_at_waiting(provider, now))
    worker.every(HOUR, "evidence-notices", lambda now: _tell_of_ends(provider, now))
    sweeping = CertificateSweeping(
        provider.database,
        provider.certificates,
        provider.verifier,
        lambda: [authority for authority, _ in provider.authorities.get()],
    )
    worker.every(600, "certificate-sweep", sweeping.run)
    worker.every(HOUR, "certificate-notices", lambda now: _tell_of_certificates(provider, now))
    worker.every(60, "reviews", lambda now: provider.reviews.run_due(provider.database, now=now))
    worker.every(60, "entity-recheck", provider.rechecking.run_due)
    _look_after_mandates(worker, provider)
    worker.every(60, "party-events", spreading.run_due)
    worker.every(PERIOD, "revocation-lists", refreshing(provider).run_due)
    worker.every(HOUR, "key-rotation", lambda now: _rotate_keys(provider, now))
    return worker


def _look_after_mandates(worker: Worker, provider: Provider) -> None:
    sweeping = Sweeping(provider.database, provider.moving)
    kept = provider.settings.mandates.kept_days * DAY
    worker.every(60, "mandates", sweeping.run_due)
    worker.every(HOUR, "mandates-gone", sweeping.run_gone)
    worker.every(HOUR, "mandate-notices", Notices(provider.database, provider.granting.addresses).run_due)
    worker.every(HOUR, "mandate-texts", Keeping(provider.database, provider.cipher, kept=kept).run_due)


def check_errands(provider: Provider) -> Errands:
    """Vendors send people back to the page of their check; whose results are late, and what nobody came back from."""
    return Errands(
        provider.database,
        provider.checks,
        provider.vendors,
        address=lambda key: f"{provider.settings.issuer}/check/{key}/wait",
        clock=_clock,
    )


def photo_reading(provider: Provider) -> Reading:
    journeys = Journeys(provider.cipher, lifetime=provider.settings.session.flow)
    return Reading(provider.database, journeys, provider.reviews.photos, provider.photo_reader, clock=_clock)


def _clock() -> int:
    return int(time.time())


def _record_notice(tx: Transaction, message: Message, result: str, now: int) -> None:
    if message.kind == Kind.SECURITY_EVENT:
        note_settled(tx, message, result, now)
    if message.kind != Kind.LOGOUT or result == "no-address":
        return
    delivered = result == "delivered"
    record(
        tx,
        Event.LOGOUT_NOTICE_DELIVERED if delivered else Event.LOGOUT_NOTICE_FAILED,
        client=message.client_id,
        session=message.session_id,
        subject=message.id,
        result="ok" if delivered else "failed",
        reason=None if delivered else result,
        now=now,
    )


def _checkpoint(provider: Provider, now: int) -> None:
    write_checkpoint(provider.database, now=now)
    if file := provider.settings.audit.checkpoint_file:
        append_checkpoints(provider.database, file)


def _end_stale(provider: Provider, now: int) -> None:
    """End sessions past their time, a hundred in each transaction."""
    while True:
        with provider.database.transaction() as tx:
            if not end_stale(tx, idle=provider.settings.session.idle, now=now):
                return


def _look_at_waiting(provider: Provider, now: int) -> None:
    """Say aloud that people wait too long for their answers, or that working days cannot be counted for long."""
    with provider.database.autocommit() as tx:
        waiting = {
            "disputes_overdue": disputes.overdue(tx, now=now),
            "reviews_overdue": reviews.overdue(tx, now=now),
        }
    for event, count in waiting.items():
        if count:
            _log.error(event, count=count)
    for warning in warnings(provider.calendar, now=now):
        _log.warning("calendar_ends", warning=warning)


def _tell_of_ends(provider: Provider, now: int) -> None:
    tell_of_ends(provider.database, provider.directory, now=now)


def _tell_of_certificates(provider: Provider, now: int) -> None:
    certificates.tell_of_ends(provider.database, provider.directory, now=now)


def _rotate_keys(provider: Provider, now: int) -> None:
    """Rotate by age; of several workers that find a key due, one rotates it."""
    age = provider.settings.tokens.key_rotation
    with provider.database.autocommit() as tx:
        due = signing.due(signing.list_keys(tx), now=now, max_age=age)
    for alg in due:
        key = signing.fresh_key(alg)
        with provider.database.transaction() as tx:
            if signing.rotate(tx, provider.cipher, key, now=now, min_age=age):
                record(tx, Event.KEY_ROTATED, detail={"alg": alg, "next": key.kid}, now=now)
