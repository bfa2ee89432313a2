"""Basic and Form Post modules about the person's session: prompt, max_age, hints, locales, display, acr.

Always true: a second request of a module comes from the browser of the first.
"""

import time
from typing import Any
from urllib.parse import urlsplit

from tests.conformance.agent import UserAgent
from tests.conformance.expect import expect
from tests.conformance.op import Op, SignIn, random_word
from tests.conformance.plans import module

NEEDS_A_PAGE = frozenset({"login_required", "interaction_required", "account_selection_required", "consent_required"})
"""Errors that say a page would have to be shown (OpenID Connect Core 3.1.2.6)."""


@module
def oidcc_display_page(op: Op) -> None:
    """display=page shows the sign-in page."""
    _shown(op, display="page")


@module
def oidcc_display_popup(op: Op) -> None:
    """display=popup shows the sign-in page."""
    _shown(op, display="popup")


@module
def oidcc_login_hint(op: Op) -> None:
    """A login_hint the provider does not know causes no error."""
    _shown(op, login_hint=f"buffy@{urlsplit(op.issuer).hostname}")


@module
def oidcc_ui_locales(op: Op) -> None:
    """ui_locales the provider does not speak cause no error."""
    _shown(op, ui_locales="se")


@module
def oidcc_claims_locales(op: Op) -> None:
    """claims_locales the provider has no claims in cause no error."""
    _shown(op, claims_locales="se")


def _shown(op: Op, **extra: str) -> None:
    agent = op.agent()
    op.sign_in(agent, **extra)
    expect("sign-in" in agent.seen, "OpenID Connect Core 3.1.2.3", "the person was not asked to sign in")


@module
def oidcc_prompt_login(op: Op) -> None:
    """prompt=login asks again although a session is there, and auth_time moves."""
    agent = op.agent()
    first = op.sign_in(agent)
    op.pause(1.1)
    second = _again(op, agent, prompt="login")
    expect("sign-in" in agent.seen, "OpenID Connect Core 3.1.2.1", "prompt=login did not ask to sign in again")
    before, after = _auth_times(first, second)
    if before and after:
        expect(after > before, "OpenID Connect Core 2", "auth_time did not move with the new sign-in")


@module
def oidcc_prompt_none_not_logged_in(op: Op) -> None:
    """prompt=none without a session: login_required or a like error, by redirect, with a long state intact."""
    agent, request = op.agent(), op.request(state=random_word(128), prompt="none")
    error = op.error(agent.carried_on(op.open(agent, request)), request)
    expect(error in NEEDS_A_PAGE, "OpenID Connect Core 3.1.2.6", f"the error is {error!r}")


@module
def oidcc_prompt_none_logged_in(op: Op) -> None:
    """prompt=none with a session answers at once, with the same sub and auth_time."""
    agent = op.agent()
    first = op.sign_in(agent)
    op.pause_to_see(1.1)
    _silent(op, agent, first, prompt="none")


@module
def oidcc_id_token_hint(op: Op) -> None:
    """prompt=none with the hint of the person who is signed in answers at once."""
    agent = op.agent()
    first = op.sign_in(agent)
    _silent(op, agent, first, prompt="none", id_token_hint=str(first.tokens["id_token"]))


@module
def oidcc_max_age_1(op: Op) -> None:
    """max_age=1 asks again when the sign-in is older, and the ID token carries the new auth_time."""
    agent = op.agent()
    first = op.sign_in(agent)
    op.pause(2.1)
    second = _again(op, agent, max_age="1")
    rule = "OpenID Connect Core 3.1.2.1"
    expect("sign-in" in agent.seen, rule, "max_age=1 did not ask to sign in again")
    before, after = _auth_times(first, second)
    expect(after is not None, "OpenID Connect Core 2", "max_age was asked for and the ID token has no auth_time")
    expect(before is None or after > before, "OpenID Connect Core 2", "auth_time did not move with the new sign-in")
    expect(abs(time.time() - after) < 60, "OpenID Connect Core 2", "auth_time is not the time of this sign-in")


@module
def oidcc_max_age_10000(op: Op) -> None:
    """max_age=10000 does not ask again, and auth_time stays what it was."""
    agent = op.agent()
    first = op.sign_in(agent, max_age="15000")
    op.pause_to_see(1.1)
    second = _silent(op, agent, first, max_age="10000")
    for signed_in in (first, second):
        told = "auth_time" in signed_in.id_token.claims
        expect(told, "OpenID Connect Core 2", "max_age was asked for and the ID token has no auth_time")


@module
def oidcc_ensure_request_with_acr_values_succeeds(op: Op) -> None:
    """acr_values of everything advertised: no error, and acr is one of them."""
    values = [str(value) for value in op.metadata.get("acr_values_supported", ["1", "2"])]
    signed_in = op.sign_in(op.agent(), acr_values=" ".join(values))
    got = signed_in.id_token.claims.get("acr")
    op.expect(got in values, "acr", "OpenID Connect Core 3.1.2.1", f"acr is {got!r}, none of the requested values")


def _again(op: Op, agent: UserAgent, **extra: str) -> SignIn:
    agent.seen.clear()
    return op.sign_in(agent, **extra)


def _silent(op: Op, agent: UserAgent, first: SignIn, **extra: str) -> SignIn:
    second = _again(op, agent, **extra)
    expect(
        not agent.seen,
        "OpenID Connect Core 3.1.2.1",
        f"the person was asked although a session is there: {agent.seen}",
    )
    same = first.id_token.claims["sub"] == second.id_token.claims["sub"]
    expect(same, "OpenID Connect Core 2", "sub is another in the second ID token")
    before, after = _auth_times(first, second)
    if before is not None and after is not None:
        expect(before == after, "OpenID Connect Core 2", "auth_time changed without a new sign-in")
    return second


def _auth_times(first: SignIn, second: SignIn) -> tuple[Any, Any]:
    return first.id_token.claims.get("auth_time"), second.id_token.claims.get("auth_time")
