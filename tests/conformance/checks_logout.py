"""The modules of RP-initiated and back-channel logout.

Always true: whoever is signed out is asked afterwards with ``prompt=none``, which must not find a session.
"""

import base64
import secrets
import time
from typing import Any

from joserfc import jwt
from joserfc.jwk import RSAKey

from tests.conformance.agent import Arrival, Page, Place, UserAgent
from tests.conformance.checks_sessions import NEEDS_A_PAGE
from tests.conformance.expect import expect
from tests.conformance.installation import BACKCHANNEL
from tests.conformance.op import Op, SignIn, random_word, with_query
from tests.conformance.plans import module
from tests.conformance.receiver import Notice
from tests.conformance.tokens import SKEW, verify

RULE = "OpenID Connect RP-Initiated Logout 1.0"
NOTICES = "OpenID Connect Back-Channel Logout 1.0"
EVENT = "http://schemas.openid.net/event/backchannel-logout"
VISIBLE = "".join(chr(code) for code in range(0x21, 0x7F) if chr(code) != "+")
PATIENCE = 5.0
"""Seconds a logout notice may take."""


@module
def oidcc_rp_initiated_logout(op: Op) -> None:
    """Hint, registered address and state: the browser arrives there with the state, and nobody is signed in."""
    agent, signed_in = _signed_in(op)
    state = _state()
    place = _leave(op, agent, id_token_hint=_hint(signed_in), post_logout_redirect_uri=_target(op), state=state)
    _returned(op, place, {"state": state})
    _signed_out(op, agent)


@module
def oidcc_rp_initiated_logout_no_state(op: Op) -> None:
    """Without state none comes back."""
    agent, signed_in = _signed_in(op)
    place = _leave(op, agent, id_token_hint=_hint(signed_in), post_logout_redirect_uri=_target(op))
    _returned(op, place, {})
    _signed_out(op, agent)


@module
def oidcc_rp_initiated_logout_no_post_logout_redirect_uri(op: Op) -> None:
    """Without an address the provider's own page says so."""
    agent, signed_in = _signed_in(op)
    _stays(_leave(op, agent, id_token_hint=_hint(signed_in), state=_state()), 200)
    _signed_out(op, agent)


@module
def oidcc_rp_initiated_logout_no_params(op: Op) -> None:
    """Without anything the person is signed out, after a confirmation at most."""
    agent, _ = _signed_in(op)
    _stays(_leave(op, agent), 200)
    _signed_out(op, agent)


@module
def oidcc_rp_initiated_logout_only_state(op: Op) -> None:
    """A state alone changes nothing."""
    agent, _ = _signed_in(op)
    _stays(_leave(op, agent, state=_state()), 200)
    _signed_out(op, agent)


@module
def oidcc_rp_initiated_logout_bad_post_logout_redirect_uri(op: Op) -> None:
    """An unregistered address is never gone to, not even after a confirmation."""
    agent, signed_in = _signed_in(op)
    strange = f"{op.installation.receiver.base}/{random_word(10)}"
    _stays(_leave(op, agent, id_token_hint=_hint(signed_in), post_logout_redirect_uri=strange, state=_state()))


@module
def oidcc_rp_initiated_logout_query_added_to_post_logout_redirect_uri(op: Op) -> None:
    """The registered address with a query added is another address."""
    agent, signed_in = _signed_in(op)
    longer = f"{_target(op)}?foo=bar"
    _stays(_leave(op, agent, id_token_hint=_hint(signed_in), post_logout_redirect_uri=longer, state=_state()))


@module
def oidcc_rp_initiated_logout_no_id_token_hint(op: Op) -> None:
    """A registered address without a hint is not gone to."""
    agent, _ = _signed_in(op)
    _stays(_leave(op, agent, post_logout_redirect_uri=_target(op), state=_state()))


@module
def oidcc_rp_initiated_logout_modified_id_token_hint(op: Op) -> None:
    """The hint rewritten to alg=none proves nothing."""
    agent, signed_in = _signed_in(op)
    body = _hint(signed_in).split(".")[1]
    header = base64.urlsafe_b64encode(b'{"alg":"none"}').rstrip(b"=").decode("ascii")
    forged = f"{header}.{body}."
    _stays(_leave(op, agent, id_token_hint=forged, post_logout_redirect_uri=_target(op), state=_state()))


@module
def oidcc_rp_initiated_logout_bad_id_token_hint(op: Op) -> None:
    """A hint that somebody else signed proves nothing, even under a kid of the provider."""
    agent, signed_in = _signed_in(op)
    key = RSAKey.generate_key(2048)
    header = {"alg": "RS256", "kid": signed_in.id_token.header["kid"]}
    forged = jwt.encode(header, signed_in.id_token.claims, key, algorithms=["RS256"])
    _stays(_leave(op, agent, id_token_hint=forged, post_logout_redirect_uri=_target(op), state=_state()))


@module
def oidcc_backchannel_rp_initiated_logout(op: Op) -> None:
    """The sign-out tells the relying party with a logout token of this session, and the browser arrives."""
    agent, signed_in = _signed_in(op)
    session = signed_in.id_token.claims.get("sid")
    expect(isinstance(session, str) and session, NOTICES, "the ID token of a client that is notified has no sid")
    state = _state()
    place = _leave(op, agent, id_token_hint=_hint(signed_in), post_logout_redirect_uri=_target(op), state=state)
    _returned(op, place, {"state": state})
    notice = op.installation.receiver.wait(lambda notice: notice.claims().get("sid") == session, PATIENCE)
    expect(notice, NOTICES, f"no logout token for this session arrived within {PATIENCE:.0f} s")
    assert notice is not None
    _check_notice(op, op.on_notice(notice), signed_in)
    _signed_out(op, agent)


def _check_notice(op: Op, notice: Notice, signed_in: SignIn) -> None:
    expect(notice.path.endswith(BACKCHANNEL), NOTICES, f"the notice went to {notice.path}")
    form = notice.content_type.startswith("application/x-www-form-urlencoded")
    expect(form, f"{NOTICES} 2.5", f"the notice is {notice.content_type!r}, no form")
    names = [name for name, _ in notice.pairs]
    expect(names == ["logout_token"], f"{NOTICES} 2.5", f"the notice carries {names}")
    token = verify(notice.token, op.keys, algorithm="RS256", clause=f"{NOTICES} 2.4")
    kind = token.header.get("typ", "logout+jwt")
    expect(kind in {"logout+jwt", "JWT"}, f"{NOTICES} 2.4", f"the logout token's typ is {kind!r}")
    _check_logout_claims(op, token.claims, signed_in)


def _check_logout_claims(op: Op, claims: dict[str, Any], signed_in: SignIn) -> None:
    rule, id_token = f"{NOTICES} 2.4", signed_in.id_token.claims
    expect(claims.get("iss") == op.issuer, rule, "iss of the logout token is not the issuer")
    audience = claims.get("aud")
    named = audience if isinstance(audience, list) else [audience]
    expect(op.first.client_id in named, rule, "aud of the logout token is not the client")
    issued = claims.get("iat")
    expect(isinstance(issued, int) and abs(issued - time.time()) < SKEW, rule, "iat of the logout token is not now")
    expect(claims.get("jti"), rule, "the logout token has no jti")
    expect(claims.get("events") == {EVENT: {}}, rule, f"events of the logout token is {claims.get('events')!r}")
    expect("nonce" not in claims, rule, "the logout token has a nonce")
    expect(claims.get("sid") == id_token["sid"], rule, "sid of the logout token is another session's")
    expect(claims.get("sub", id_token["sub"]) == id_token["sub"], rule, "sub of the logout token is another's")


def _signed_in(op: Op) -> tuple[UserAgent, SignIn]:
    agent = op.agent()
    request = op.request(state=random_word(128))
    return agent, op.finish(op.first, request, op.authorize(agent, request))


def _leave(op: Op, agent: UserAgent, **params: str) -> Place:
    """Send the browser to end_session_endpoint, and confirm if the person is asked."""
    return agent.settle(agent.visit(with_query(op.metadata["end_session_endpoint"], params)))


def _returned(op: Op, place: Place, carried: dict[str, str]) -> None:
    if isinstance(place, Page):
        expect(False, f"{RULE} 2", f"the browser did not come back; it shows {place.status} {place.url}")
        return
    expect(place.address == _target(op), f"{RULE} 3", f"the browser came back to {place.address}")
    expect(place.method == "GET", f"{RULE} 3", f"the browser came back by {place.method}")
    got = place.params
    expect(got.get("state") == carried.get("state"), f"{RULE} 2", f"state came back as {got.get('state')!r}")
    expect(len(place.pairs) == len(carried), f"{RULE} 3", f"the browser came back with {sorted(got)}")


def _stays(place: Place, status: int | None = None) -> None:
    """A page of the provider: after the deed 200, else an error page or a question answered, never a redirect."""
    if isinstance(place, Arrival):
        expect(False, f"{RULE} 3", f"the browser was sent to {place.address}")
        return
    fits = place.status == status if status else 200 <= place.status < 500
    expect(fits, f"{RULE} 2", f"the page has status {place.status}")


def _signed_out(op: Op, agent: UserAgent) -> None:
    request = op.request(prompt="none")
    params = op.arrived(agent.carried_on(op.open(agent, request)), request)
    expect("error" in params, f"{RULE} 2", "the person is still signed in")
    expect(params["error"] in NEEDS_A_PAGE, "OpenID Connect Core 3.1.2.6", f"the error is {params['error']!r}")


def _state() -> str:
    return "".join(secrets.choice(VISIBLE) for _ in range(40))


def _hint(signed_in: SignIn) -> str:
    return str(signed_in.tokens["id_token"])


def _target(op: Op) -> str:
    return op.first.post_logout_redirect_uri
