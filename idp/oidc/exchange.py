"""Token exchange (RFC 8693): a handle of somebody acted for, and the token of who acts, for a token of one API.

Always true: such a token has one audience that is *aware*, no scope, ten minutes at most, and says who acts; it is
made only while the whole chain stands, and its use is written before it leaves.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol

from idp.accounts.actions import Directory
from idp.audit import Event, record
from idp.clients.actions import Registry
from idp.clients.resources import Resources, ResourceServer
from idp.clients.rules import TOKEN_EXCHANGE, Client
from idp.db import Database, Transaction
from idp.entities.rules import Acting, RepresentedStatus
from idp.grants.rules import Grant
from idp.mandates.contexts import Context, Contexts, Power
from idp.mandates.details import TYPE, Detail, Wrong, granted, parse_details, read_details
from idp.mandates.handles import Released, ask_basis_of, ask_handle
from idp.mandates.registry import Themes
from idp.mandates.scopes import Action, Scope
from idp.mandates.uses import record_use
from idp.oidc.bound import confirmation
from idp.oidc.client_auth import ClientAuthenticator, Unauthenticated
from idp.oidc.live import Footing
from idp.oidc.tokens import TokenMaker
from idp.web.protocol import ProtocolRequest, ProtocolResponse, json_response

MANDATE_TOKEN = "urn:tongban:params:oauth:token-type:mandate"  # noqa: S105 - a type's name
ISSUED_TOKEN = "urn:tongban:params:oauth:token-type:gov-mandate"  # noqa: S105
ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token"  # noqa: S105


class Refusal(StrEnum):
    """Why no token was made; the audit trail keeps it."""

    GRANT_TYPE = "exchange_grant_type"
    REQUEST = "exchange_request"
    TARGET = "exchange_target"
    SUBJECT = "exchange_subject"
    ACTOR = "exchange_actor"
    OTHER_ACTING = "exchange_other_acting"
    DETAILS = "exchange_details"
    BEYOND = "exchange_beyond"
    LEVEL = "exchange_level"
    STATUS = "exchange_status"


@dataclass(frozen=True, slots=True)
class Refused:
    """``error``: RFC 8693 2.2.2; an unacceptable token is an invalid request there."""

    reason: Refusal
    error: str
    description: str
    status: RepresentedStatus | None = None
    grant: Grant | None = None


def _invalid(reason: Refusal, description: str, **more: Any) -> Refused:
    return Refused(reason, "invalid_request", description, **more)


_SUBJECT = "subject_token is no mandate handle of this client and this person"
_ACTOR = "actor_token is no access token in force of a person at this client"


class Access(Protocol):
    """An access token as `idp.oidc.machine` reads it."""

    @property
    def client_id(self) -> str: ...
    @property
    def footing(self) -> Footing | None: ...


class Read(Protocol):
    def __call__(self, tx: Transaction, token: str, *, certificate: bytes | None, now: int) -> Access | None: ...


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts, for whom, and what that amounts to now."""

    grant: Grant
    acting: Acting
    context: Context


class TokenExchange:
    """The grant type at the token endpoint. ``read``: an access token of ours, if everything it rests on stands."""

    def __init__(
        self,
        *,
        database: Database,
        authenticator: ClientAuthenticator,
        registry: Registry,
        resources: Resources,
        themes: Themes,
        contexts: Contexts,
        directory: Directory,
        maker: TokenMaker,
        read: Read,
    ) -> None:
        self._database = database
        self._authenticator = authenticator
        self._registry = registry
        self._resources = resources
        self._themes = themes
        self._contexts = contexts
        self._directory = directory
        self._maker = maker
        self._read = read

    def answer(self, request: ProtocolRequest) -> tuple[ProtocolResponse, Client | None]:
        """With the client, if it has shown who it is."""
        client = self._authenticator.authenticate(request)
        if isinstance(client, Unauthenticated):
            return client.response(self._maker.issuer), None
        made = self._exchange(client, request)
        if isinstance(made, Refused):
            self._note_refusal(client, made, request.now)
            told = {"error": made.error, "error_description": made.description}
            state = {"represented_status": made.status.value} if made.status else {}
            return json_response(told | state, status=400), client
        return json_response(made), client

    def _exchange(self, client: Client, request: ProtocolRequest) -> dict[str, Any] | Refused:
        if TOKEN_EXCHANGE not in client.grant_types:
            why = "the client is not registered for token exchange"
            return Refused(Refusal.GRANT_TYPE, "unauthorized_client", why)
        if fault := _fault(request):
            return fault
        server = self._target(client, request)
        if isinstance(server, Refused):
            return server
        actor = self._actor(client, request)
        if isinstance(actor, Refused):
            return actor
        asked = self._asked(client, request, actor.grant)
        if isinstance(asked, Refused):
            return asked
        shown = request.certificate if client.tls_client_certificate_bound_access_tokens else None
        return self._issue(client, server, actor, asked, cnf=confirmation(shown) if shown else None, now=request.now)

    def _target(self, client: Client, request: ProtocolRequest) -> ResourceServer | Refused:
        """Exactly one API (RFC 8707, RFC 8693 2.1), named either way."""
        named = [request.form[name] for name in ("resource", "audience") if name in request.form]
        server = self._resources.get(named[0]) if len(named) == 1 else None
        if server is None or server.identifier not in client.resources:
            why = "exactly one resource or audience that this client is registered for"
            return Refused(Refusal.TARGET, "invalid_target", why)
        owner = self._registry.get(server.client_id)
        if not server.aware or owner is None or not owner.served:
            return Refused(
                Refusal.TARGET, "invalid_target", "this API takes no tokens that say whom somebody acts for"
            )
        return server

    def _actor(self, client: Client, request: ProtocolRequest) -> Actor | Refused:
        """The person of the actor token, acting now for the party of the handle."""
        now = request.now
        with self._database.autocommit() as tx:
            handle = ask_handle(tx, client.client_id, request.form["subject_token"])
            basis = ask_basis_of(tx, client.client_id, request.form["subject_token"])
            access = self._read(tx, request.form["actor_token"], certificate=request.certificate, now=now)
            if access is None or access.footing is None or access.client_id != client.client_id:
                return _invalid(Refusal.ACTOR, _ACTOR)
            grant = access.footing.grant
            found = self._acting(grant, handle())
            if isinstance(found, Refused):
                return found
            context = self._contexts.judge(tx, grant.party_id, found, basis=basis(), now=now)
        if context.status is RepresentedStatus.REGISTER_UNAVAILABLE:
            self._contexts.hear(grant.party_id, found, now=now)
            with self._database.autocommit() as tx:
                context = self._contexts.judge(tx, grant.party_id, found, now=now)
        if not context.current:
            why = "what the handle stands for gives no power now"
            return _invalid(Refusal.STATUS, why, status=context.status, grant=grant)
        return Actor(grant, found, context)

    @staticmethod
    def _acting(grant: Grant, handle: Released | None) -> Acting | Refused:
        if handle is None or handle.person != grant.party_id:
            return _invalid(Refusal.SUBJECT, _SUBJECT, grant=grant)
        acting = Acting.parse(grant.acting)
        if acting is None or not handle.is_of(acting):
            why = "the actor token was not given for acting so"
            return _invalid(Refusal.OTHER_ACTING, why, grant=grant)
        return acting

    def _asked(self, client: Client, request: ProtocolRequest, grant: Grant) -> tuple[Detail, ...] | Refused:
        """What is asked now, else what was asked at the sign-in; empty: whatever the mandate holds."""
        text = request.form.get("authorization_details")
        if text is None:
            return read_details(grant.authorization_details)
        if TYPE not in client.authorization_details_types:
            why = "the client is not registered for authorization details"
            return Refused(Refusal.DETAILS, "invalid_authorization_details", why, grant=grant)
        found = parse_details(text, theme=self._themes.current, serving=self._themes.serving)
        if isinstance(found, Wrong):
            return Refused(Refusal.DETAILS, "invalid_authorization_details", found.why, grant=grant)
        return found

    def _issue(
        self,
        client: Client,
        server: ResourceServer,
        actor: Actor,
        asked: tuple[Detail, ...],
        *,
        cnf: dict[str, str] | None,
        now: int,
    ) -> dict[str, Any] | Refused:
        owner = self._registry.get(server.client_id)
        assert owner is not None  # noqa: S101 - `_target` looked
        with self._database.transaction() as tx:
            held = self._held(tx, actor, asked, now)
            if isinstance(held, Refused):
                return held

            def subject(party: str) -> str:
                return self._directory.subjects.of(tx, sector=owner.sector, party_id=party)

            details: list[dict[str, Any]] = []
            for power, scope in held:
                details += granted(scope, power.theme, power.chain, subject=subject, mandate=actor.acting.mandate)
            claims: dict[str, Any] = {
                "sub": subject(actor.acting.entity),
                "aud": server.identifier,
                "client_id": client.client_id,
                "gid": actor.grant.gid,
                "act": _act(actor, held[0][0], subject),
                "authorization_details": details,
            } | ({"cnf": cnf} if cnf else {})
            self._note(tx, client, server, actor, held, now)
        token, lifetime = self._maker.delegation_token(claims, now=now)
        return {
            "access_token": token,
            "issued_token_type": ISSUED_TOKEN,
            "token_type": "Bearer",
            "expires_in": lifetime,
            "authorization_details": details,
        }

    def _held(
        self, tx: Transaction, actor: Actor, asked: tuple[Detail, ...], now: int
    ) -> list[tuple[Power, Scope]] | Refused:
        """What is asked, each part of it held as a whole."""
        own = actor.context.power
        if own is not None and actor.grant.ial < own.theme.agent_ial:
            return self._too_low(actor)
        if not asked and own is not None:
            scope = Scope(own.chain.scope.actions - {Action.MANAGE}, own.chain.scope.services, own.chain.scope.limit)
            return [(own, scope)]
        held = []
        for one in asked:
            power = self._power(tx, actor, one.theme, now)
            if power is None or one.exceeds(power.chain.scope):
                why = "more than is held, or in another theme"
                return Refused(Refusal.BEYOND, "invalid_authorization_details", why, grant=actor.grant)
            if actor.grant.ial < power.theme.agent_ial:
                return self._too_low(actor)
            held.append((power, one.narrows(power.chain.scope)))
        if not held:
            why = "who acts by an office says what for: authorization_details is missing"
            return Refused(Refusal.DETAILS, "invalid_authorization_details", why, grant=actor.grant)
        return held

    @staticmethod
    def _too_low(actor: Actor) -> Refused:
        return _invalid(Refusal.LEVEL, "the person signed in at a level too low for this theme", grant=actor.grant)

    def _power(self, tx: Transaction, actor: Actor, theme: str, now: int) -> Power | None:
        own = actor.context.power
        if own is not None:
            return own if own.theme.code == theme else None
        return self._contexts.power(tx, actor.grant.party_id, actor.acting, theme, now=now)

    def _note(
        self,
        tx: Transaction,
        client: Client,
        server: ResourceServer,
        actor: Actor,
        held: list[tuple[Power, Scope]],
        now: int,
    ) -> None:
        """By a mandate it is a use of it, by an office an exchange."""
        grant, mandate = actor.grant, actor.context.mandate
        if mandate is None:
            record(
                tx,
                Event.TOKEN_EXCHANGED,
                actor=grant.party_id,
                subject=actor.acting.entity,
                client=client.client_id,
                session=grant.session_id,
                detail={"for": server.identifier, "themes": " ".join(power.theme.code for power, _ in held)},
                now=now,
            )
            return
        for _, scope in held:
            services = sorted(scope.services)
            record_use(
                tx,
                mandate,
                person=grant.party_id,
                client_id=client.client_id,
                what=" ".join(("token", *sorted(scope.actions))),
                session=grant.session_id,
                service=services[0] if len(services) == 1 else None,
                audience=server.identifier,
                now=now,
            )

    def _note_refusal(self, client: Client, refused: Refused, now: int) -> None:
        grant = refused.grant
        with self._database.transaction() as tx:
            record(
                tx,
                Event.TOKEN_EXCHANGED,
                actor=grant.party_id if grant else None,
                subject=grant.party_id if grant else None,
                client=client.client_id,
                session=grant.session_id if grant else None,
                result="refused",
                reason=f"{refused.reason}:{refused.status}" if refused.status else refused.reason,
                now=now,
            )


def _fault(request: ProtocolRequest) -> Refused | None:
    """What is wrong with the request before anything is looked up (RFC 8693 2.1)."""
    form = request.form
    if form.get("subject_token_type") != MANDATE_TOKEN or "subject_token" not in form:
        return _invalid(Refusal.REQUEST, "subject_token is a mandate handle, and subject_token_type says so")
    if form.get("actor_token_type") != ACCESS_TOKEN or "actor_token" not in form:
        return _invalid(Refusal.REQUEST, "actor_token is an access token, and actor_token_type says so")
    if form.get("requested_token_type", ISSUED_TOKEN) != ISSUED_TOKEN:
        return _invalid(Refusal.REQUEST, "requested_token_type is not issued here")
    if "scope" in form:
        return Refused(Refusal.REQUEST, "invalid_scope", "powers stand in authorization_details alone")
    return None


def _act(actor: Actor, power: Power, subject: Any) -> dict[str, Any]:
    """Who acts, at which office, and documented below them the agency between (RFC 8693 4.1)."""
    chain, grant = power.chain, actor.grant
    told = {"sub": subject(grant.party_id), "capacity": chain.capacity.value, "ial": grant.ial, "aal": grant.aal}
    if office := chain.mandates[-1].unit if chain.mandates else "":
        told["office"] = office
    if between := chain.intermediary:
        told["act"] = {"sub": subject(between), "kind": "legal_entity", "capacity": "intermediary"}
    return told
