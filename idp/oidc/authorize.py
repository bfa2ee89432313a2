"""From an authorization request to its answer: the demand it makes, and the code or error it ends with.

Always true: every answer carries ``iss`` (RFC 9207) and the ``state`` exactly as it came.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from idp.accounts.actions import Directory
from idp.admission.rules import Admit, Demand, FaceDemand, Refuse
from idp.audit import Event, record
from idp.clients.capabilities import Capability
from idp.clients.rules import Basis, Client
from idp.crypto.tokens import new_id, random_token
from idp.db import Statement, Transaction
from idp.entities.rules import SCOPES
from idp.grants.actions import give_consent, issue
from idp.grants.rules import Code, Grant
from idp.oidc.request import AuthorizationRequest, RedirectError, scopes_needing, scopes_to_release
from idp.oidc.tokens import TokenMaker
from idp.proofing.rules import Level
from idp.signin.rules import Session
from idp.signin.sessions import client_sid

PROTOCOL = "oidc"
_PARTY_OF_SUB = Statement("SELECT party_id FROM pairwise_subject WHERE sector = :sector AND sub = :sub", str)
NOBODY = "nobody"
"""A demanded person that does not exist: no session is theirs."""


@dataclass(frozen=True, slots=True)
class Answer:
    """An authorization response: parameters for ``redirect_uri``, by query or by form."""

    redirect_uri: str
    mode: str
    params: Mapping[str, str]
    client: Client

    @property
    def location(self) -> str:
        joint = "&" if "?" in self.redirect_uri else "?"
        return f"{self.redirect_uri}{joint}{urlencode(self.params)}"


def error_answer(request: AuthorizationRequest, error: str, description: str, *, issuer: str) -> Answer:
    params = {"error": error, "error_description": description, "iss": issuer}
    if request.state is not None:
        params["state"] = request.state
    return Answer(request.redirect_uri, request.response_mode, params, request.client)


def redirected(error: RedirectError, *, issuer: str) -> Answer:
    return error_answer(error.request, error.error, error.description, issuer=issuer)


def demand(tx: Transaction, request: AuthorizationRequest, *, hint_sub: str | None) -> Demand:
    """What the request asks of a person; ``hint_sub`` is the verified ``sub`` of its id_token_hint."""
    client, wanted = request.client, hint_sub or request.claims.sub
    party = tx.one(_PARTY_OF_SUB, sector=client.sector, sub=wanted) if wanted else None
    return Demand(
        client_id=client.client_id,
        minimum=Level(client.min_ial, client.min_aal),
        acr=request.acr,
        acr_essential=request.claims.acr_essential,
        max_age=request.max_age,
        prompts=request.prompts,
        party_id=(party or NOBODY) if wanted else None,
        consent=scopes_needing(request, Basis.CONSENT),
        represents=_represents(request),
        acting=request.acting,
        face=_face(request),
    )


def _represents(request: AuthorizationRequest) -> bool:
    """Whether anything about whom the person acts for goes to the app."""
    details = request.acting is not None and bool(request.acting.details)
    return details or not SCOPES.isdisjoint(scopes_to_release(request))


def _face(request: AuthorizationRequest) -> FaceDemand | None:
    asked = request.claims.face
    return FaceDemand(asked.matter, asked.essential, granted=may_check_faces(request.client)) if asked else None


def may_check_faces(client: Client) -> bool:
    return Capability.FACE_CHECK in client.capabilities


def parking(request: AuthorizationRequest, wanted: Demand) -> dict[str, object]:
    """What `admission` parks."""
    return {
        "protocol": PROTOCOL,
        "demand": wanted,
        "resume": dict(request.params),
        "label": request.client.name,
        "form_target": request.form_target,
        "scopes": scopes_to_release(request),
        "login_hint": request.login_hint,
        "ui_locales": request.params.get("ui_locales", ""),
    }


def note_refusal(tx: Transaction, client: Client, session: Session, refuse: Refuse, *, now: int) -> None:
    """Somebody was there and was not let in, or did not want to be (trust 12)."""
    record(
        tx,
        Event.GRANT_REFUSED,
        actor=session.party_id,
        subject=session.party_id,
        client=client.client_id,
        session=session.id,
        result="refused",
        reason=f"{refuse.refusal}:{refuse.reason}",
        now=now,
    )


def refusal_answer(request: AuthorizationRequest, refuse: Refuse, *, issuer: str) -> Answer:
    return error_answer(request, refuse.refusal, f"not admitted: {refuse.reason}", issuer=issuer)


def grant_code(
    tx: Transaction,
    directory: Directory,
    maker: TokenMaker,
    request: AuthorizationRequest,
    admit: Admit,
    session: Session,
    *,
    check: str | None = None,
    now: int,
) -> Answer:
    """Write the grant and answer with its code; the caller commits before the answer leaves.

    ``check``: the face check the person has passed for this request.
    """
    code = Code(random_token(), request.redirect_uri, request.challenge, request.nonce, now + maker.lifetimes.code)
    issue(tx, grant_of(tx, directory, request, admit, session, check=check, now=now), code)
    params = {"code": code.text, "iss": maker.issuer}
    if request.state is not None:
        params["state"] = request.state
    return Answer(request.redirect_uri, request.response_mode, params, request.client)


def grant_of(
    tx: Transaction,
    directory: Directory,
    request: AuthorizationRequest,
    admit: Admit,
    session: Session,
    *,
    check: str | None = None,
    now: int,
) -> Grant:
    """What ``request`` is given in ``session``, not yet written."""
    client = request.client
    _tell_statutory(tx, request, admit, now=now)
    sub = directory.subjects.of(tx, sector=client.sector, party_id=session.party_id)
    return Grant(
        gid=new_id("gnt"),
        client_id=client.client_id,
        party_id=session.party_id,
        session_id=session.id,
        sub=sub,
        sid=client_sid(session, client.client_id),
        scope=request.scope,
        claims=request.claims.kept(client.scopes, check=check),
        acr=admit.acr,
        amr=" ".join(session.amr),
        ial=admit.standing.level.ial,
        aal=admit.standing.level.aal,
        auth_time=session.auth_time,
        offline="offline_access" in request.scopes,
        refresh_secret=None,
        refresh_used_at=None,
        created_at=now,
        revoked_at=None,
        acting=admit.standing.acting,
        authorization_details=(request.acting.details or None) if request.acting else None,
        resource=request.resource,
    )


def _tell_statutory(tx: Transaction, request: AuthorizationRequest, admit: Admit, *, now: int) -> None:
    """First use of a scope with a statutory basis is noted for the person's list of apps, without a form."""
    told, who = scopes_needing(request, Basis.STATUTORY), admit.standing
    if not told <= who.consented:
        client_id = request.client.client_id
        give_consent(tx, party_id=who.party_id, client_id=client_id, scopes=told, told_only=True, now=now)
