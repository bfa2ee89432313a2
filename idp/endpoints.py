"""The table before Flask: which path of the protocol is answered by which endpoint.

Always true: whatever stands here is for machines; people's pages are behind it, and get what is not in the table.
"""

import time
from typing import TYPE_CHECKING, NamedTuple

from flask import Flask

from idp.audit.counts import count
from idp.authority.endpoints import AuthorityEndpoints
from idp.authority.endpoints import configuration as decision_point
from idp.capabilities.counter_endpoint import CounterEndpoint
from idp.capabilities.endpoints import CheckEndpoints, Gate
from idp.capabilities.identity_code_endpoint import IdentityCodeEndpoint
from idp.capabilities.identity_codes import IdentityCodes
from idp.capabilities.openapi import openapi
from idp.capabilities.signin_pages import CheckClaims
from idp.certificates.qr_answers import QrAnswers
from idp.certificates.qr_pages import ANSWER_PATH, QrParts
from idp.checks.hooks import Hook
from idp.crypto.tokens import same
from idp.lane import Endpoint, Handler, Lane, serve_document
from idp.oidc.callers import Callers
from idp.oidc.client_auth import ClientAuthenticator
from idp.oidc.client_authorities import ClientAuthorities
from idp.oidc.client_certificates import ClientCertificates
from idp.oidc.delegations import Delegations
from idp.oidc.device import DeviceEndpoint
from idp.oidc.device_grant import DeviceCodeGrant
from idp.oidc.exchange import TokenExchange
from idp.oidc.live import Endurance
from idp.oidc.machine import MachineEndpoints
from idp.oidc.metadata import KeyDocument, MutualTlsHost, discovery_document, json_document
from idp.oidc.pushed import PushedEndpoint, PushedRequests
from idp.oidc.remote_keys import RemoteKeys
from idp.oidc.represented import Representation
from idp.oidc.server import TokenServer
from idp.oidc.shortcut import Shortcut
from idp.parts import front_end_of
from idp.proofing.ways import Ways, ways_of
from idp.provider import Provider
from idp.streams.endpoints import StreamEndpoints
from idp.streams.endpoints import configuration as transmitter
from idp.streams.registration import Streams
from idp.web.agreements import Agreements
from idp.web.metrics import CONTENT_TYPE, Metrics
from idp.web.protocol import ProtocolRequest, ProtocolResponse, error_response

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication


class _Shared(NamedTuple):
    """What several endpoints work with."""

    authenticator: ClientAuthenticator
    endurance: Endurance
    representation: Representation
    machine: MachineEndpoints


def lane_of(
    app: Flask,
    provider: Provider,
    agreements: Agreements,
    pushed: PushedRequests,
    qr: QrParts | None,
    metrics: Metrics,
) -> "WSGIApplication":
    """The lane before ``app``. ``qr``: what answers to certificate challenges are checked with, where they are on."""
    settings, shared = provider.settings, _shared(provider)
    table = {
        "/authorize": Endpoint(methods=("GET",), shortcut=_shortcut(provider, agreements, ways_of(app)).authorize),
        **_protocol(provider, shared, pushed),
        **_documents(provider),
        **_watched(provider, metrics),
        **_hooks(provider),
        **_departments(provider, shared),
    }
    if qr is not None:
        answers = QrAnswers(provider.database, qr.requests, qr.failures)
        table[ANSWER_PATH] = Endpoint(methods=("POST",), handler=answers.answer, json=True, counts_addresses=True)
    return Lane(
        table,
        app.wsgi_app,
        https=settings.https,
        observe=metrics.observe,
        front_end=front_end_of(settings),
        clock=time.time,
        proxies=settings.server.trusted_proxies,
    )


def _shared(provider: Provider) -> _Shared:
    settings, tokens, mtls = provider.settings, provider.settings.tokens, provider.settings.mtls
    endurance = Endurance(settings.session.idle, tokens.refresh_idle, tokens.refresh_absolute)
    fetch_jwks = RemoteKeys(provider.outbound).fetch
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
        maker=provider.maker,
        representation=representation,
        resources=provider.resources,
        delegations=Delegations(
            provider.registry,
            provider.resources,
            provider.contexts,
            provider.directory,
            provider.maker,
            idle=endurance.session_idle,
        ),
        links=provider.links,
        endurance=endurance,
        count=count,
    )
    return _Shared(authenticator, endurance, representation, machine)


def _token_server(provider: Provider, shared: _Shared) -> TokenServer:
    server = TokenServer(
        database=provider.database,
        authenticator=shared.authenticator,
        maker=provider.maker,
        endurance=shared.endurance,
        claims_for=CheckClaims(provider.database, provider.cipher).beside(shared.machine.id_token_claims),
        details_for=shared.representation.details,
        terms=provider.terms,
        directory=provider.directory,
        exchange=TokenExchange(
            database=provider.database,
            authenticator=shared.authenticator,
            registry=provider.registry,
            resources=provider.resources,
            themes=provider.themes,
            contexts=provider.contexts,
            directory=provider.directory,
            maker=provider.maker,
            read=shared.machine.read,
        ),
        count=count,
    )
    server.register_grant(DeviceCodeGrant)
    return server


def _protocol(provider: Provider, shared: _Shared, pushed: PushedRequests) -> dict[str, Endpoint]:
    """OAuth 2 and OpenID Connect."""
    issuer, machine = provider.settings.issuer, shared.machine
    server = _token_server(provider, shared)
    par = PushedEndpoint(provider.registry, shared.authenticator, provider.terms, pushed, issuer=issuer)
    device = DeviceEndpoint(provider.database, provider.scans, shared.authenticator, issuer=issuer, count=count)

    def known_origin(origin: str) -> bool:
        return any(origin in client.cors_origins for client in provider.registry.all() if client.served)

    return {
        "/token": Endpoint(methods=("POST",), handler=server.answer, origins=known_origin),
        "/par": Endpoint(methods=("POST",), handler=par.answer, origins=known_origin),
        "/device_authorization": Endpoint(methods=("POST",), handler=device.answer, origins=known_origin),
        "/introspect": Endpoint(methods=("POST",), handler=machine.introspect),
        "/revoke": Endpoint(methods=("POST",), handler=machine.revoke, origins=known_origin),
        "/userinfo": Endpoint(methods=("GET", "POST"), handler=machine.userinfo, origins=known_origin),
    }


def _documents(provider: Provider) -> dict[str, Endpoint]:
    """What anybody may read of the provider itself."""
    issuer, mtls = provider.settings.issuer, provider.settings.mtls
    at_mtls = MutualTlsHost(mtls.host, mtls.client_ca is not None) if mtls.host else None
    discovery, keys = discovery_document(issuer, at_mtls), KeyDocument()
    return {
        "/jwks": serve_document(lambda etag: keys.answer(provider.maker.keys.jwks(), etag)),
        "/.well-known/openid-configuration": serve_document(discovery.answer),
        "/.well-known/oauth-authorization-server": serve_document(discovery.answer),
        "/.well-known/authzen-configuration": serve_document(json_document(decision_point(issuer)).answer),
        "/.well-known/ssf-configuration": serve_document(json_document(transmitter(issuer)).answer),
        "/openapi.json": serve_document(json_document(openapi(issuer)).answer),
    }


def _watched(provider: Provider, metrics: Metrics) -> dict[str, Endpoint]:
    """For whoever watches over the node."""

    def readiness(_request: ProtocolRequest) -> ProtocolResponse:
        provider.registry.all()
        provider.store.get("ready", "ready")
        return ProtocolResponse(200, b"ready\n", "text/plain")

    return {
        "/healthz": Endpoint(methods=("GET",), handler=lambda _: ProtocolResponse(200, b"alive\n", "text/plain")),
        "/readyz": Endpoint(methods=("GET",), handler=readiness),
        "/metrics": Endpoint(
            methods=("GET",), handler=_metrics_page(metrics, provider.settings.server.metrics_token)
        ),
    }


def _hooks(provider: Provider) -> dict[str, Endpoint]:
    """Where vendors of checks call back."""
    return {
        f"/hooks/{kind}": Endpoint(
            methods=("POST",), raw=True, handler=Hook(provider.database, provider.checks, vendor).answer
        )
        for kind, vendor in provider.vendors.items()
    }


def _departments(provider: Provider, shared: _Shared) -> dict[str, Endpoint]:
    """What department apps ask about people, mandates and events; JSON both ways."""
    settings, read = provider.settings, shared.machine.read
    identity, gate = settings.limits.identity, Gate(shared.authenticator, settings.issuer, count)
    checks = CheckEndpoints(
        provider.database,
        provider.directory,
        provider.cipher,
        gate,
        provider.maker,
        read,
        most=identity.matters_daily,
    )
    clerks = {"sign_in": identity.clerk_sign_in, "session_idle": settings.session.idle}
    counter = CounterEndpoint(provider.database, provider.joining, gate, read, **clerks)
    identity_codes = IdentityCodeEndpoint(
        provider.database, IdentityCodes(provider.cipher, provider.directory), gate, read, **clerks
    )
    callers = Callers(provider.registry, shared.authenticator, read, settings.issuer, count)
    streams = StreamEndpoints(
        provider.database,
        provider.registry,
        callers,
        Streams(provider.cipher),
        provider.maker,
        count,
        wait=settings.departments.poll_wait,
        places=max(1, settings.server.threads // 4),
    )
    authority = AuthorityEndpoints(
        provider.database, provider.deciding, callers, count, longest=settings.departments.check_ttl
    )
    plain = (*checks.routes(), *counter.routes(), *streams.routes(), *identity_codes.routes())
    return {
        **{path: Endpoint(methods=methods, handler=handler, json=True) for path, methods, handler in plain},
        **{
            path: Endpoint(methods=methods, handler=handler, json=True, echoes=True)
            for path, methods, handler in authority.routes()
        },
    }


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
