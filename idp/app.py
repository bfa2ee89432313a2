"""Putting the provider together: the Flask application, the lane before it, and what worker and commands share.

Always true: what `idp.provider` has made once from the settings is handed down from here.
"""

import math
import time
from collections.abc import Callable
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING

from flask import Flask
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from idp.accounts.export import AccountExport
from idp.activation.actions import Activations
from idp.activation.pages import Activation, init_activation
from idp.activation.reports import watch_old_accounts
from idp.admission.pages import init_admission
from idp.admission.parked import Parking
from idp.audit.counts import count
from idp.audit.export import export_activity
from idp.authority.endpoints import AuthorityEndpoints
from idp.authority.endpoints import configuration as decision_point
from idp.capabilities.counter_endpoint import CounterEndpoint
from idp.capabilities.endpoints import CheckEndpoints, Gate
from idp.capabilities.identity_code_endpoint import IdentityCodeEndpoint
from idp.capabilities.identity_codes import IdentityCodes
from idp.capabilities.openapi import openapi
from idp.capabilities.pages import init_capabilities
from idp.capabilities.signin_pages import CheckClaims
from idp.captcha.challenges import Challenges
from idp.captcha.pages import Captcha, init_captcha
from idp.captcha.ports import CaptchaProvider
from idp.certificates.answering import Answering
from idp.certificates.asking import CertificateParts
from idp.certificates.bindings import count_by_issuer
from idp.certificates.challenges import Challenges as SigningChallenges
from idp.certificates.export import CertificateExport
from idp.certificates.pages import init_certificates
from idp.certificates.qr_answers import QrAnswers
from idp.certificates.qr_pages import ANSWER_PATH, QrParts, init_certificate_qr
from idp.certificates.qr_requests import QrRequests
from idp.certificates.tls_pages import init_tls_sign_in
from idp.certificates.tls_tickets import TlsTickets
from idp.channels.pages import init_channels
from idp.checks.bank_identity import BankProof
from idp.checks.counting import StrangersBudget
from idp.checks.hooks import Hook
from idp.checks.identity import FaceProof
from idp.checks.identity_pages import init_check_proofs
from idp.checks.pages import CheckParts, init_checks, is_offered
from idp.checks.ports import Vendors
from idp.checks.rules import CheckKind, Variant
from idp.console.acts import acts
from idp.console.four_eyes import FourEyes
from idp.console.guardian_acts import guardian_acts
from idp.console.justifications import Justifications
from idp.console.loading import Console, IssuerParts
from idp.console.pages import init_console
from idp.credentials.budgets import AddressBudget
from idp.credentials.password import PoolBusy
from idp.credentials.rules import AttemptPolicy
from idp.crypto.rings import parse_key
from idp.crypto.sm2 import PureSm2, Sm2Unavailable, Sm2Verifier
from idp.crypto.tokens import same
from idp.db import DatabaseUnavailable, Transaction
from idp.disputes import actions as disputes
from idp.disputes.calendar import warnings
from idp.disputes.export import DisputeExport
from idp.entities.asking import CountedQuestions
from idp.entities.export import EntityExport
from idp.entities.pages import EntityParts, init_entities
from idp.entities.registering import Registering
from idp.flows.actions import Journeys
from idp.flows.rules import FlowKind
from idp.grants.export import export_apps
from idp.idphotos.pages import PhotoParts, init_id_photos
from idp.idphotos.proof import PhotoProof
from idp.issuers import actions as issuers
from idp.issuers.status import watch_lists
from idp.lane import Endpoint, Handler, Lane, serve_document
from idp.log import init_log
from idp.mandates.desk import MandateParts, init_mandates
from idp.mandates.export import MandateExport
from idp.mandates.offering import Offering
from idp.oidc.callers import Callers
from idp.oidc.client_auth import ClientAuthenticator
from idp.oidc.client_authorities import ClientAuthorities
from idp.oidc.client_certificates import ClientCertificates
from idp.oidc.delegations import Delegations
from idp.oidc.device import DeviceEndpoint
from idp.oidc.device_grant import DeviceCodeGrant
from idp.oidc.device_pages import init_device
from idp.oidc.exchange import TokenExchange
from idp.oidc.live import Endurance
from idp.oidc.machine import MachineEndpoints
from idp.oidc.metadata import KeyDocument, MutualTlsHost, discovery_document, json_document
from idp.oidc.pages import Doors, init_oidc
from idp.oidc.posted import PostedRequests
from idp.oidc.pushed import PushedEndpoint, PushedRequests
from idp.oidc.remote_keys import RemoteKeys
from idp.oidc.represented import Representation
from idp.oidc.server import TokenServer
from idp.oidc.shortcut import Shortcut
from idp.proofing.bank_pages import init_bank_cards
from idp.proofing.export import export_evidence
from idp.proofing.name_check import NameCheck
from idp.proofing.pages import init_proofing
from idp.proofing.ports import Registers
from idp.proofing.rules import PhonePolicy
from idp.proofing.ways import Ways, init_ways, ways_of
from idp.provider import Provider, make_provider, phone_policy
from idp.recovery.pages import Recovery, init_recovery
from idp.recovery.stopping import Stopping
from idp.registration.pages import Registration, init_registration
from idp.reviews import actions as reviews
from idp.reviews.pages import ReviewParts, init_reviews
from idp.selfservice.export import Exporter
from idp.selfservice.pages import SelfService, init_selfservice
from idp.settings import Settings
from idp.signatures.actions import SignedTexts
from idp.signatures.export import SignatureExport
from idp.signin.export import export_sessions
from idp.signin.face_pages import init_face_sign_in
from idp.signin.loading import Times, init_sessions, load_session
from idp.signin.pages import SignIn, init_signin, send_to_sign_in
from idp.signin.signout import SignOut, init_signout
from idp.state.store import StateUnavailable
from idp.streams.endpoints import StreamEndpoints
from idp.streams.endpoints import configuration as transmitter
from idp.streams.registration import Streams
from idp.web import init_web, new_flask
from idp.web.agreements import Agreements, load_agreements
from idp.web.client_certificate import FrontEnd
from idp.web.guards import require_guards
from idp.web.metrics import CONTENT_TYPE, Metrics, init_metrics
from idp.web.options import Limits, WebOptions
from idp.web.protocol import ProtocolRequest, ProtocolResponse, error_response

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

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
    init_captcha(app, _captcha(provider, digits, metrics))
    phones = phone_policy(settings)
    journeys = Journeys(provider.cipher, lifetime=settings.session.flow)
    name_check = _init_proving(app, provider, vendors, agreements, journeys)
    with app.app_context():
        if settings.signin.faces and is_offered(CheckKind.FACE):
            init_face_sign_in(app, journeys)
    init_signin(
        app,
        SignIn(
            provider.directory,
            provider.passwords,
            provider.codes,
            provider.factors,
            phones,
            provider.waiting,
            provider.scans,
            AddressBudget(provider.store, provider.index, "scan-address", settings.limits.scans_per_address_hourly),
            settings.signin.sms_codes,
        ),
    )
    init_channels(app)
    init_signout(app, SignOut(provider.database, provider.store, provider.registry, settings.tokens.logout_wait))
    init_registration(app, _registration(provider, journeys, agreements, phones, name_check))
    init_recovery(
        app,
        Recovery(
            provider.directory,
            provider.passwords,
            provider.codes,
            journeys,
            phones,
            provider.waiting,
            provider.requests,
            Stopping(provider.database, provider.directory),
        ),
    )
    init_activation(app, _activation(provider, journeys, phones, metrics))
    init_entities(app, _entity_parts(provider, journeys))
    if settings.certificates.sign_in:
        init_certificates(app, _certificate_parts(provider))
        if settings.mtls.host and settings.mtls.people:
            init_tls_sign_in(app, _tls_tickets(provider))
        init_certificate_qr(app, _qr(provider))
    init_mandates(
        app,
        MandateParts(
            provider.granting,
            provider.moving,
            provider.ruling,
            journeys,
            provider.registry,
            provider.rechecking,
            provider.store,
        ),
    )
    init_reviews(app, ReviewParts(provider.database, provider.directory, provider.reviews, journeys))
    if provider.photo_reader is not None:
        init_id_photos(app, _photo_parts(provider, journeys))
    init_admission(
        app,
        parking=Parking(provider.store, provider.cipher, ttl=settings.session.parked),
        registry=provider.registry,
        directory=provider.directory,
        agreements=agreements,
        contexts=provider.contexts,
    )
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
        absolute=settings.session.absolute,
    )
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
    init_selfservice(app, _selfservice(provider, agreements, journeys, phones))
    init_console(app, _console(provider))
    _watch(metrics, provider)
    watch_old_accounts(metrics, provider.database)
    watch_lists(metrics, provider.database, settings.certificates)
    require_guards(app)
    app.wsgi_app = _lane(app, provider, agreements, metrics)  # type: ignore[method-assign, assignment]
    return app


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
    init_checks(app, _checks(provider, vendors, agreements))
    people = (provider.database, provider.directory, provider.waiting)
    daily, valid = settings.limits.identity.daily, settings.proofing.face_valid
    face = FaceProof(*people, provider.population, daily=daily, valid=valid)
    init_check_proofs(app, provider.directory, journeys, face=face, bank=BankProof(*people))
    return name_check


def provider_of(app: Flask) -> Provider:
    found: Provider = app.extensions[EXTENSION]
    return found


def _selfservice(provider: Provider, agreements: Agreements, journeys: Journeys, phones: PhonePolicy) -> SelfService:
    return SelfService(
        directory=provider.directory,
        passwords=provider.passwords,
        codes=provider.codes,
        registry=provider.registry,
        links=provider.links,
        agreements=agreements,
        store=provider.store,
        disputes=provider.disputes,
        closings=provider.closings,
        exporters=_exporters(provider),
        factors=provider.factors,
        fresh=provider.settings.account.fresh,
        journeys=journeys,
        phones=phones,
    )


def _exporters(provider: Provider) -> tuple[Exporter, ...]:
    """Each capability's part of the file of one's data, in the order they stand there."""
    account = AccountExport(provider.cipher)
    return (
        account.account,
        account.identifiers,
        account.documents,
        account.profile,
        export_evidence,
        EntityExport(provider.entities),
        CertificateExport(provider.certificates),
        MandateExport(provider.granting),
        account.agreements,
        export_sessions,
        export_apps,
        account.subjects,
        provider.links.export,
        DisputeExport(provider.disputes),
        provider.reviews.export,
        SignatureExport(SignedTexts(provider.cipher)),
        export_activity,
    )


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
    metrics.watch("idp_calendar_years_missing", "Years of the next 60 days the calendar does not know", missing)


def _console(provider: Provider) -> Console:
    settings, directory, operators = provider.settings, provider.directory, provider.operators
    return Console(
        directory=directory,
        passwords=provider.passwords,
        totp=provider.factors.totp,
        registry=provider.registry,
        operators=operators,
        invitations=provider.invitations,
        issuer=settings.issuer,
        justifications=Justifications(provider.cipher),
        four_eyes=FourEyes(
            provider.cipher,
            acts(
                directory,
                operators,
                provider.invitations,
                provider.requests,
                provider.reviews,
                guardian_acts(directory, provider.guardianships),
            ),
        ),
        disputes=provider.disputes,
        requests=provider.requests,
        reviews=provider.reviews,
        issuers=_issuer_parts(provider),
        themes=provider.themes,
        guardianships=provider.guardianships,
        idle=settings.session.operator_idle,
        absolute=settings.session.absolute,
    )


def _issuer_parts(provider: Provider) -> IssuerParts:
    return IssuerParts(
        authorities=provider.authorities,
        intake=provider.lists,
        sm2=provider.sm2,
        settings=provider.settings.certificates,
        bound=count_by_issuer,
    )


def _photo_parts(provider: Provider, journeys: Journeys) -> PhotoParts:
    proof = PhotoProof(
        provider.database,
        provider.directory,
        provider.waiting,
        provider.population,
        daily=provider.settings.limits.identity.daily,
        valid=provider.settings.proofing.face_valid,
    )
    return PhotoParts(provider.database, proof, provider.reviews, journeys)


def _entity_parts(provider: Provider, journeys: Journeys) -> EntityParts:
    chosen = provider.settings.entities
    questions = CountedQuestions(provider.database, provider.enterprise, daily=chosen.daily)
    registering = Registering(
        provider.database, provider.entities, provider.waiting, questions, least=provider.settings.representative_ial
    )
    return EntityParts(
        directory=provider.directory,
        waiting=provider.waiting,
        entities=provider.entities,
        registering=registering,
        rechecking=provider.rechecking,
        journeys=journeys,
        passwords=provider.passwords,
        codes=provider.codes,
        offering=Offering(provider.contexts, provider.entities),
        own_passwords=chosen.passwords,
        fresh=chosen.fresh,
    )


def _signing_challenges(provider: Provider) -> SigningChallenges:
    settings = provider.settings
    lifetime = settings.certificates.challenge
    return SigningChallenges(provider.store, provider.cipher, origin=settings.issuer, lifetime=lifetime)


def _qr(provider: Provider) -> QrParts:
    limit = provider.settings.limits.certificate.per_address_failures
    return QrParts(
        _signing_challenges(provider),
        QrRequests(provider.store, provider.cipher),
        AddressBudget(provider.store, provider.index, "certificate-qr", limit),
    )


def _issuer_title(tx: Transaction, issuer_id: str, language: str) -> str:
    found = issuers.find(tx, issuer_id)
    return found.title(language) if found else ""


def _certificate_parts(provider: Provider) -> CertificateParts:
    limits = provider.settings.limits.certificate
    return CertificateParts(
        provider.certificates,
        Answering(
            provider.database,
            _signing_challenges(provider),
            provider.verifier,
            AddressBudget(provider.store, provider.index, "certificate-address", limits.per_address_failures),
            AttemptPolicy(limits.wrong_per_hour, lock_steps=limits.lock_steps),
        ),
        title=_issuer_title,
        trusted=lambda: any(authority.enabled for authority, _ in provider.authorities.get()),
        agent_url=provider.settings.certificates.agent_url,
    )


def _tls_tickets(provider: Provider) -> TlsTickets:
    settings = provider.settings
    return TlsTickets(
        provider.store, provider.cipher, host=settings.mtls.host, choosing=settings.certificates.challenge
    )


def _activation(provider: Provider, journeys: Journeys, phones: PhonePolicy, metrics: Metrics) -> Activation:
    return Activation(
        Activations(provider.joining, journeys, phones, valid=provider.settings.proofing.face_valid),
        journeys,
        provider.codes,
        provider.passwords,
        phones,
        metrics.count_activation,
    )


def _captcha(provider: Provider, digits: CaptchaProvider | None, metrics: Metrics) -> Captcha:
    limits = provider.settings.limits.captcha
    return Captcha(
        Challenges(
            provider.store,
            provider.cipher,
            lifetime=limits.lifetime,
            provider=digits,
            waiting=max(1, provider.settings.server.threads // 2),
        ),
        AddressBudget(provider.store, provider.index, "captcha-address", limits.after_failures),
        limits.before_sms,
        metrics.count_captcha,
    )


def _checks(provider: Provider, vendors: Vendors, agreements: Agreements) -> CheckParts:
    strangers = StrangersBudget(provider.store, provider.index, provider.settings.limits.identity)
    services = {CheckKind.FACE: provider.settings.face, CheckKind.BANK: provider.settings.bank_channel}
    titles = {kind: {"zh": of.title, "en": of.title_en or of.title} for kind, of in services.items()}
    return CheckParts(
        provider.checks, vendors, agreements, strangers, Variant(provider.settings.face.variant), titles
    )


def _registration(
    provider: Provider, journeys: Journeys, agreements: Agreements, phones: PhonePolicy, name_check: NameCheck
) -> Registration:
    chosen = provider.settings.registration
    by_name = chosen.begins_with == "identity"
    return Registration(
        provider.directory,
        provider.passwords,
        provider.codes,
        journeys,
        agreements,
        phones,
        name_check,
        provider.waiting,
        kind=FlowKind.REGISTRATION_BY_NAME if by_name else FlowKind.REGISTRATION,
        user_names=chosen.user_names,
        offers_identity=chosen.offers_identity,
    )


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
        front_end=_front_end(settings),
        limits=Limits(
            body_bytes=settings.limits.body_bytes,
            fields=settings.limits.form_fields,
            field_bytes=settings.limits.field_bytes,
            photo_bytes=settings.reviews.photo_bytes,
        ),
    )


def _front_end(settings: Settings) -> FrontEnd | None:
    """Who hands certificates on; nobody, unless there is a host name where they are asked for."""
    return FrontEnd(settings.server.trusted_proxies, settings.mtls.secret) if settings.mtls.host else None


def _lane(app: Flask, provider: Provider, agreements: Agreements, metrics: Metrics) -> "WSGIApplication":
    settings, maker = provider.settings, provider.maker
    tokens = settings.tokens
    endurance = Endurance(settings.session.idle, tokens.refresh_idle, tokens.refresh_absolute)
    mtls, fetch_jwks = settings.mtls, RemoteKeys(provider.outbound).fetch
    authorities = ClientAuthorities(ca=mtls.client_ca, crls=mtls.client_crls, grace=mtls.crl_grace)
    authenticator = ClientAuthenticator(
        provider.registry,
        provider.database,
        issuer=settings.issuer,
        token_endpoint=f"{settings.issuer}/token",
        fetch_jwks=fetch_jwks,
        certificates=ClientCertificates(authorities, fetch_jwks),
    )
    representation = Representation(provider.database, provider.entities, provider.contexts)
    machine = MachineEndpoints(
        database=provider.database,
        registry=provider.registry,
        directory=provider.directory,
        authenticator=authenticator,
        maker=maker,
        representation=representation,
        resources=provider.resources,
        delegations=Delegations(
            provider.registry,
            provider.resources,
            provider.contexts,
            provider.directory,
            maker,
            idle=endurance.session_idle,
        ),
        links=provider.links,
        endurance=endurance,
        count=count,
    )
    server = TokenServer(
        database=provider.database,
        authenticator=authenticator,
        maker=maker,
        endurance=endurance,
        claims_for=CheckClaims(provider.database, provider.cipher).beside(machine.id_token_claims),
        details_for=representation.details,
        terms=provider.terms,
        directory=provider.directory,
        exchange=TokenExchange(
            database=provider.database,
            authenticator=authenticator,
            registry=provider.registry,
            resources=provider.resources,
            themes=provider.themes,
            contexts=provider.contexts,
            directory=provider.directory,
            maker=maker,
            read=machine.read,
        ),
        count=count,
    )
    server.register_grant(DeviceCodeGrant)
    device = DeviceEndpoint(provider.database, provider.scans, authenticator, issuer=settings.issuer, count=count)
    gate = Gate(authenticator, settings.issuer, count)
    checks = CheckEndpoints(
        provider.database,
        provider.directory,
        provider.cipher,
        gate,
        maker,
        machine.read,
        most=settings.limits.identity.matters_daily,
    )
    counter = CounterEndpoint(
        provider.database,
        provider.joining,
        gate,
        machine.read,
        sign_in=settings.limits.identity.clerk_sign_in,
        session_idle=settings.session.idle,
    )
    identity_codes = IdentityCodeEndpoint(
        provider.database,
        IdentityCodes(provider.cipher, provider.directory),
        gate,
        machine.read,
        sign_in=settings.limits.identity.clerk_sign_in,
        session_idle=settings.session.idle,
    )
    pushed = PushedEndpoint(
        provider.registry,
        authenticator,
        provider.terms,
        PushedRequests(provider.store, provider.cipher),
        issuer=settings.issuer,
    )
    callers = Callers(provider.registry, authenticator, machine.read, settings.issuer, count)
    authority = AuthorityEndpoints(
        provider.database, provider.deciding, callers, count, longest=settings.departments.check_ttl
    )
    streams = StreamEndpoints(
        provider.database,
        provider.registry,
        callers,
        Streams(provider.cipher),
        maker,
        count,
        wait=settings.departments.poll_wait,
        places=max(1, settings.server.threads // 4),
    )
    at_mtls = MutualTlsHost(mtls.host, mtls.client_ca is not None) if mtls.host else None
    discovery, keys = discovery_document(settings.issuer, at_mtls), KeyDocument()

    def known_origin(origin: str) -> bool:
        return any(origin in client.cors_origins for client in provider.registry.all() if client.served)

    def readiness(_request: ProtocolRequest) -> ProtocolResponse:
        provider.registry.all()
        provider.store.get("ready", "ready")
        return ProtocolResponse(200, b"ready\n", "text/plain")

    table = {
        "/authorize": Endpoint(methods=("GET",), shortcut=_shortcut(provider, agreements, ways_of(app)).authorize),
        "/token": Endpoint(methods=("POST",), handler=server.answer, origins=known_origin),
        "/par": Endpoint(methods=("POST",), handler=pushed.answer, origins=known_origin),
        "/device_authorization": Endpoint(methods=("POST",), handler=device.answer, origins=known_origin),
        "/introspect": Endpoint(methods=("POST",), handler=machine.introspect),
        "/revoke": Endpoint(methods=("POST",), handler=machine.revoke, origins=known_origin),
        "/userinfo": Endpoint(methods=("GET", "POST"), handler=machine.userinfo, origins=known_origin),
        "/jwks": serve_document(lambda etag: keys.answer(maker.keys.jwks(), etag)),
        "/.well-known/openid-configuration": serve_document(discovery.answer),
        "/.well-known/oauth-authorization-server": serve_document(discovery.answer),
        "/.well-known/authzen-configuration": serve_document(json_document(decision_point(settings.issuer)).answer),
        "/.well-known/ssf-configuration": serve_document(json_document(transmitter(settings.issuer)).answer),
        "/openapi.json": serve_document(json_document(openapi(settings.issuer)).answer),
        "/healthz": Endpoint(methods=("GET",), handler=lambda _: ProtocolResponse(200, b"alive\n", "text/plain")),
        "/readyz": Endpoint(methods=("GET",), handler=readiness),
        "/metrics": Endpoint(methods=("GET",), handler=_metrics_page(metrics, settings.server.metrics_token)),
        **{
            f"/hooks/{kind}": Endpoint(
                methods=("POST",), raw=True, handler=Hook(provider.database, provider.checks, vendor).answer
            )
            for kind, vendor in provider.vendors.items()
        },
    }
    if settings.certificates.sign_in:
        qr = _qr(provider)
        answers = QrAnswers(provider.database, qr.requests, qr.failures)
        table[ANSWER_PATH] = Endpoint(methods=("POST",), handler=answers.answer, json=True, counts_addresses=True)
    for path, methods, handler in (*checks.routes(), *counter.routes(), *streams.routes(), *identity_codes.routes()):
        table[path] = Endpoint(methods=methods, handler=handler, json=True)
    for path, methods, handler in authority.routes():
        table[path] = Endpoint(methods=methods, handler=handler, json=True, echoes=True)
    return Lane(
        table,
        app.wsgi_app,
        https=settings.https,
        observe=metrics.observe,
        front_end=_front_end(settings),
        clock=time.time,
        proxies=settings.server.trusted_proxies,
    )


def _shortcut(provider: Provider, agreements: Agreements, ways: Ways) -> Shortcut:
    return Shortcut(
        database=provider.database,
        registry=provider.registry,
        directory=provider.directory,
        maker=provider.maker,
        terms=provider.terms,
        session_idle=provider.settings.session.idle,
        agreements=agreements.versions_in_force,
        recheck=provider.settings.entities.recheck,
        reach=ways.reach,
        https=provider.settings.https,
    )


def _metrics_page(metrics: Metrics, token: str) -> Handler:
    """Without a configured token the page is for loopback callers, which the lane lets through by address."""

    def page(request: ProtocolRequest) -> ProtocolResponse:
        allowed = same(request.authorization, f"Bearer {token}") if token else request.local
        if not allowed:
            return error_response("invalid_token", "metrics need the configured bearer token", status=401)
        return ProtocolResponse(200, metrics.page(), CONTENT_TYPE)

    return page
