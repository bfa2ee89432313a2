"""Putting the provider together: every room's pages in one Flask application, and the lane before it.

Always true: what `idp.provider` has made once from the settings is handed down from here.
"""

import math
import time
from collections.abc import Callable
from functools import partial
from types import MappingProxyType

from flask import Flask
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from idp.activation.pages import init_activation
from idp.activation.reports import watch_old_accounts
from idp.admission.pages import init_admission
from idp.admission.parked import Parking
from idp.capabilities.pages import init_capabilities
from idp.captcha.pages import init_captcha
from idp.captcha.ports import CaptchaProvider
from idp.certificates.pages import init_certificates
from idp.certificates.qr_pages import init_certificate_qr
from idp.certificates.tls_pages import init_tls_sign_in
from idp.channels.pages import init_channels
from idp.checks.bank_identity import BankProof
from idp.checks.identity import FaceProof
from idp.checks.identity_pages import init_check_proofs
from idp.checks.pages import init_checks, is_offered
from idp.checks.ports import Vendors
from idp.checks.rules import CheckKind
from idp.console.pages import init_console
from idp.credentials.password import PoolBusy
from idp.crypto.rings import parse_key
from idp.crypto.sm2 import PureSm2, Sm2Unavailable, Sm2Verifier
from idp.db import DatabaseUnavailable
from idp.disputes import actions as disputes
from idp.disputes.calendar import warnings
from idp.endpoints import lane_of
from idp.entities.pages import init_entities
from idp.flows.actions import Journeys
from idp.idphotos.pages import init_id_photos
from idp.issuers.status import watch_lists
from idp.log import init_log
from idp.mandates.desk import init_mandates
from idp.oidc.device_pages import init_device
from idp.oidc.pages import Doors, init_oidc
from idp.oidc.posted import PostedRequests
from idp.oidc.pushed import PushedRequests
from idp.parts import (
    activation_parts,
    captcha_parts,
    certificate_parts,
    check_parts,
    console_parts,
    entity_parts,
    front_end_of,
    mandate_parts,
    photo_parts,
    qr_parts,
    recovery_parts,
    registration_parts,
    selfservice_parts,
    signin_parts,
    tls_tickets,
)
from idp.proofing.bank_pages import init_bank_cards
from idp.proofing.name_check import NameCheck
from idp.proofing.pages import init_proofing
from idp.proofing.ports import Registers
from idp.proofing.ways import init_ways
from idp.provider import Provider, make_provider, phone_policy
from idp.recovery.pages import init_recovery
from idp.registration.pages import init_registration
from idp.reviews import actions as reviews
from idp.reviews.pages import ReviewParts, init_reviews
from idp.selfservice.pages import init_selfservice
from idp.settings import Settings
from idp.signin.face_pages import init_face_sign_in
from idp.signin.loading import Times, init_sessions, load_session
from idp.signin.pages import init_signin, send_to_sign_in
from idp.signin.signout import SignOut, init_signout
from idp.state.store import StateUnavailable
from idp.web import init_web, new_flask
from idp.web.agreements import Agreements, load_agreements
from idp.web.guards import require_guards
from idp.web.metrics import Metrics, init_metrics
from idp.web.options import Limits, WebOptions

EXTENSION = "tongban"


def create_app(
    settings: Settings,
    registers: Registers,
    digits: CaptchaProvider | None = None,
    vendors: Vendors = MappingProxyType({}),
    sm2: Sm2Verifier | None = None,
) -> Flask:
    """The whole application; ``app.wsgi_app`` begins with the lane, ``provider_of(app)`` gives its parts."""
    init_log(level=settings.log.level, form=settings.log.format)
    app = new_flask()
    provider = make_provider(app, settings, registers, vendors, sm2 or PureSm2())
    app.extensions[EXTENSION] = provider
    agreements = load_agreements(settings.pages.agreements)
    metrics = Metrics()
    init_web(
        app,
        _web_options(settings),
        load_session=load_session,
        sign_in=send_to_sign_in,
        unavailable=(DatabaseUnavailable, OperationalError, PoolTimeout, StateUnavailable, PoolBusy, Sm2Unavailable),
    )
    init_metrics(app, metrics)
    init_sessions(app, Times(settings.session.idle, settings.session.absolute))
    init_captcha(app, captcha_parts(provider, digits, metrics))
    phones = phone_policy(settings)
    journeys = Journeys(provider.cipher, lifetime=settings.session.flow)
    name_check = _init_proving(app, provider, vendors, agreements, journeys)
    with app.app_context():
        if settings.signin.faces and is_offered(CheckKind.FACE):
            init_face_sign_in(app, journeys)
    init_signin(app, signin_parts(provider, phones))
    init_channels(app)
    init_signout(app, SignOut(provider.database, provider.store, provider.registry, settings.tokens.logout_wait))
    init_registration(app, registration_parts(provider, journeys, agreements, phones, name_check))
    init_recovery(app, recovery_parts(provider, journeys, phones))
    init_activation(app, activation_parts(provider, journeys, phones, metrics))
    init_entities(app, entity_parts(provider, journeys))
    qr = None
    if settings.certificates.sign_in:
        init_certificates(app, certificate_parts(provider))
        if settings.mtls.host and settings.mtls.people:
            init_tls_sign_in(app, tls_tickets(provider))
        qr = qr_parts(provider)
        init_certificate_qr(app, qr)
    init_mandates(app, mandate_parts(provider, journeys))
    init_reviews(app, ReviewParts(provider.database, provider.directory, provider.reviews, journeys))
    if provider.photo_reader is not None:
        init_id_photos(app, photo_parts(provider, journeys))
    init_admission(
        app,
        parking=Parking(provider.store, provider.cipher, ttl=settings.session.parked),
        registry=provider.registry,
        directory=provider.directory,
        agreements=agreements,
        contexts=provider.contexts,
    )
    pushed = _init_protocol(app, provider)
    init_capabilities(
        app,
        provider.database,
        provider.cipher,
        provider.registry,
        provider.joining,
        provider.population,
        provider.checks,
        most=settings.limits.identity.matters_daily,
    )
    init_selfservice(app, selfservice_parts(provider, agreements, journeys, phones))
    init_console(app, console_parts(provider))
    _watch(metrics, provider)
    require_guards(app)
    app.wsgi_app = lane_of(app, provider, agreements, pushed, qr, metrics)  # type: ignore[method-assign, assignment]
    return app


def _init_protocol(app: Flask, provider: Provider) -> PushedRequests:
    """The protocol's own pages; what is pushed to `/par` is read by them and written by the lane."""
    posted = PostedRequests(provider.store, provider.cipher)
    pushed = PushedRequests(provider.store, provider.cipher)
    init_oidc(
        app,
        Doors(
            provider.database, provider.registry, provider.directory, provider.maker, provider.terms, posted, pushed
        ),
    )
    init_device(
        app,
        provider.database,
        provider.scans,
        provider.registry,
        provider.directory,
        provider.maker,
        absolute=provider.settings.session.absolute,
    )
    return pushed


def _init_proving(
    app: Flask, provider: Provider, vendors: Vendors, agreements: Agreements, journeys: Journeys
) -> NameCheck:
    """The ways to a higher level that a register, a bank or a vendor answers for; settings say which are offered."""
    settings = provider.settings
    name_check = NameCheck(
        provider.database,
        provider.directory,
        provider.waiting,
        provider.population,
        daily=settings.limits.identity.daily,
    )
    init_ways(app, settings.proofing.ways)
    init_proofing(app, name_check)
    init_bank_cards(
        app,
        provider.database,
        provider.directory,
        provider.waiting,
        provider.bank_cards,
        daily=settings.limits.identity.bank_card_daily,
        elements=settings.proofing.bank_card_elements,
    )
    init_checks(app, check_parts(provider, vendors, agreements))
    people = (provider.database, provider.directory, provider.waiting)
    daily, valid = settings.limits.identity.daily, settings.proofing.face_valid
    face = FaceProof(*people, provider.population, daily=daily, valid=valid)
    init_check_proofs(app, provider.directory, journeys, face=face, bank=BankProof(*people))
    return name_check


def provider_of(app: Flask) -> Provider:
    found: Provider = app.extensions[EXTENSION]
    return found


def _watch(metrics: Metrics, provider: Provider) -> None:
    """What must not go unnoticed, asked whenever the metrics are read."""

    def counted(overdue: Callable[..., int]) -> float:
        try:
            with provider.database.autocommit() as tx:
                return overdue(tx, now=int(time.time()))
        except DatabaseUnavailable:
            return math.nan

    def missing() -> float:
        return len(warnings(provider.calendar, now=int(time.time())))

    for name, overdue in (("disputes", disputes.overdue), ("reviews", reviews.overdue)):
        about = f"{name.capitalize()} that wait although their day has passed"
        metrics.watch(f"idp_{name}_overdue", about, partial(counted, overdue))
    watch_old_accounts(metrics, provider.database)
    watch_lists(metrics, provider.database, provider.settings.certificates)
    metrics.watch("idp_calendar_years_missing", "Years of the next 60 days the calendar does not know", missing)


def _web_options(settings: Settings) -> WebOptions:
    return WebOptions(
        issuer=settings.issuer,
        secret_key=parse_key(settings.secrets.cookie_key, name="secrets.cookie_key"),
        service_name=settings.pages.service_name,
        service_name_en=settings.pages.service_name_en,
        region_name=settings.pages.region_name,
        region_name_en=settings.pages.region_name_en,
        help_line=settings.pages.help_line,
        user_names=settings.registration.user_names,
        level_labels={"zh": settings.levels.zh, "en": settings.levels.en},
        default_language=settings.pages.default_locale,
        trusted_proxies=settings.server.trusted_proxies,
        front_end=front_end_of(settings),
        limits=Limits(
            body_bytes=settings.limits.body_bytes,
            fields=settings.limits.form_fields,
            field_bytes=settings.limits.field_bytes,
            photo_bytes=settings.reviews.photo_bytes,
        ),
    )
