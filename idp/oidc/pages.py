"""/authorize and /logout: the protocol's two doors for people's browsers.

Always true: a request that cannot be answered to its client is answered by a page with status 400 and no Location.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from flask import Blueprint, Flask, current_app, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from idp.accounts.actions import Directory
from idp.admission.pages import enter, new_parked, serve_protocol
from idp.admission.parked import Parked
from idp.admission.rules import Admit, FaceOutcome, Refuse
from idp.clients.actions import Registry
from idp.clients.rules import Basis
from idp.db import Database, current_transaction, db
from idp.grants.actions import consented
from idp.oidc import authorize as actions
from idp.oidc import logout, pushed
from idp.oidc.posted import PARAMETER, PostedRequests
from idp.oidc.pushed import PushedRequests
from idp.oidc.request import AuthorizationRequest, PageError, RedirectError, parse, scopes_needing
from idp.oidc.terms import TERMS, Terms
from idp.oidc.tokens import TokenMaker
from idp.signin.rules import Session
from idp.signin.sessions import client_sid, hold
from idp.signin.signout import confirm_page, sign_out
from idp.web.clock import now
from idp.web.errors import oauth_error_page
from idp.web.guards import current_session, protocol
from idp.web.headers import allow_form_target, allow_own_script
from idp.web.locale import preferences
from idp.web.protocol import Malformed, parse_form

EXTENSION = "tongban_oidc"
blueprint = Blueprint("oidc", __name__)


@dataclass(frozen=True, slots=True)
class Doors:
    database: Database
    registry: Registry
    directory: Directory
    maker: TokenMaker
    terms: Terms
    posted: PostedRequests
    pushed: PushedRequests


def init_oidc(app: Flask, doors: Doors) -> None:
    app.extensions[EXTENSION] = doors
    app.register_blueprint(blueprint)
    serve_protocol(app, actions.PROTOCOL, _finish)


def _doors() -> Doors:
    found: Doors = current_app.extensions[EXTENSION]
    return found


@blueprint.route("/authorize", methods=["GET", "POST"])
@protocol
def authorize() -> ResponseReturnValue:
    params = _params()
    if isinstance(params, Malformed):
        return oauth_error_page("invalid_request", params.why, status=params.status)
    parsed = _parsed(params)
    if isinstance(parsed, Malformed):
        return oauth_error_page("invalid_request", parsed.why)
    if isinstance(parsed, PageError):
        return oauth_error_page(parsed.error, parsed.description)
    issuer = _doors().maker.issuer
    if isinstance(parsed, RedirectError):
        return _send(actions.redirected(parsed, issuer=issuer))
    if request.method == "POST":
        return _again(parsed)
    return _admit(parsed)


def _parsed(params: Mapping[str, str]) -> AuthorizationRequest | PageError | RedirectError | Malformed:
    """Beside a request that was pushed nothing counts (RFC 9126 4, RFC 9101 6.3)."""
    doors, uri = _doors(), params.get(pushed.PARAMETER, "")
    if not uri.startswith(pushed.PREFIX):
        return _checked(params, pushed=False)
    found = doors.pushed.take(uri, client_id=params.get("client_id"))
    if found is None:
        return Malformed("the request has expired, or was used: start again in the app")
    return _checked(found, pushed=True)


def _checked(params: Mapping[str, str], *, pushed: bool) -> AuthorizationRequest | PageError | RedirectError:
    parsed = parse(params, _doors().registry.get, pushed=pushed)
    return _doors().terms.check(parsed) if isinstance(parsed, AuthorizationRequest) else parsed


def _again(parsed: AuthorizationRequest) -> ResponseReturnValue:
    """The same request from its beginning, by GET."""
    if not parsed.pushed:
        return _again_by_get("oidc.authorize", parsed.params)
    client_id = parsed.client.client_id
    uri = _doors().pushed.keep(client_id, parsed.params)
    return redirect(url_for("oidc.authorize", client_id=client_id, request_uri=uri), 303)


def _again_by_get(endpoint: str, params: Mapping[str, str]) -> ResponseReturnValue:
    """A cross-site POST comes without SameSite=Lax cookies; a GET after a redirect brings them."""
    return redirect(url_for(endpoint, posted=_doors().posted.keep(params)), 303)


def _admit(parsed: AuthorizationRequest) -> ResponseReturnValue:
    doors = _doors()
    hint = logout.read_hint(doors.maker, doors.registry, parsed.id_token_hint)
    if parsed.id_token_hint and (hint is None or hint.client.client_id != parsed.client.client_id):
        wrong = actions.error_answer(
            parsed, "invalid_request", "id_token_hint is not an ID token of this client", issuer=doors.maker.issuer
        )
        return _send(wrong)
    wanted = actions.demand(current_transaction(), parsed, hint_sub=hint.sub if hint else None)

    def finish(_parked: Parked, decision: Admit | Refuse, session: Session | None) -> ResponseReturnValue:
        return _answer(parsed, decision, session, check=None)

    return enter(new_parked(**actions.parking(parsed, wanted)), finish)


def _finish(parked: Parked, decision: Admit | Refuse, session: Session | None) -> ResponseReturnValue:
    """Answer the client: what was parked is read again, for the registration may have changed meanwhile."""
    doors = _doors()
    if any(name in parked.resume for name in TERMS):
        db.session.rollback()  # what it asks is looked up over a connection of its own
    parsed = _checked(parked.resume, pushed=True)  # how it came was judged then
    if isinstance(parsed, PageError):
        return oauth_error_page(parsed.error, parsed.description)
    if isinstance(parsed, RedirectError):
        return _send(actions.redirected(parsed, issuer=doors.maker.issuer))
    passed = parked.progress.face is FaceOutcome.PASSED
    checked = passed and session is not None and session.party_id == parked.checked_by
    return _answer(parsed, decision, session, check=parked.check if checked else None)


def _answer(
    parsed: AuthorizationRequest, decision: Admit | Refuse, session: Session | None, *, check: str | None
) -> ResponseReturnValue:
    doors = _doors()
    if isinstance(decision, Refuse):
        if session is not None:
            actions.note_refusal(current_transaction(), parsed.client, session, decision, now=now())
            db.session.commit()
        return _send(actions.refusal_answer(parsed, decision, issuer=doors.maker.issuer))
    assert session is not None  # noqa: S101 - nobody is admitted without one
    withdrawn = check is not None and not actions.may_check_faces(parsed.client)
    if withdrawn or not _still_admitted(parsed, decision, session):  # one has ended meanwhile: ask anew
        db.session.rollback()
        doors.registry.expire()
        return _again(parsed)
    answer = actions.grant_code(
        current_transaction(), doors.directory, doors.maker, parsed, decision, session, check=check, now=now()
    )
    db.session.commit()
    return _send(answer)


def _still_admitted(request: AuthorizationRequest, admit: Admit, session: Session) -> bool:
    """Whether session, client and consent stand as they did when it was decided, and stay so until the commit.

    What was agreed to for this very request is asked for again, too: it may have been withdrawn since.
    """
    tx, client_id = current_transaction(), request.client.client_id
    held = hold(tx, session.id, client_id)
    if held is None or held.acting != session.acting:
        return False
    needed = admit.standing.consented | scopes_needing(request, Basis.CONSENT)
    return needed <= consented(tx, party_id=session.party_id, client_id=client_id)


def _send(answer: actions.Answer) -> ResponseReturnValue:
    if answer.mode == "query":
        return redirect(answer.location, 303)
    allow_form_target(answer.redirect_uri)
    allow_own_script()
    return make_response(
        render_template(
            "form_post.html",
            action=answer.redirect_uri,
            fields=answer.params,
            client_name=answer.client.label(preferences().lang),
        )
    )


def _params() -> Mapping[str, str] | Malformed:
    if request.method == "GET":
        params = parse_form(request.query_string)
        if isinstance(params, Malformed) or params.keys() != {PARAMETER}:
            return params
        return _doors().posted.find(params[PARAMETER]) or Malformed("the request has expired: start again in the app")
    if request.mimetype != "application/x-www-form-urlencoded":
        return Malformed("the body is not a form", 415)
    return parse_form(request.get_data())


@blueprint.route("/logout", methods=["GET", "POST"])
@protocol
def end_session() -> ResponseReturnValue:
    """RP-Initiated Logout 1.0: honour a valid hint about the session at hand, ask in every other case."""
    params = _params()
    if isinstance(params, Malformed):
        return oauth_error_page("invalid_request", params.why, status=params.status)
    session: Session | None = current_session()
    if request.method == "POST" and session is None and params:
        # a session there may be must not outlive this
        return _again_by_get("oidc.end_session", params)
    asked = logout.parse(params, _doors().maker, _doors().registry)
    if asked.faulty or (session is not None and not _is_about(asked.hint, session)):
        return confirm_page(session, asker=asked.client)
    if session is None and asked.hint is None:
        return confirm_page(None, asker=asked.client)
    return sign_out(session, target=asked.target)


def _is_about(hint: logout.Hint | None, session: Session) -> bool:
    return hint is not None and hint.sid == client_sid(session, hint.client.client_id)
