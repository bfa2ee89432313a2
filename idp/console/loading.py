"""The operator of the current request, and what the console is made of.

Always true: an operator is present only with a session of two factors of different kinds whose idle and absolute ends
have not come, and while their account is active; that is asked anew by every request.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from flask import Flask, current_app, g

from idp.accounts.actions import Directory
from idp.clients.actions import Registry
from idp.console import sessions
from idp.console.four_eyes import FourEyes
from idp.console.invitations import Invitations
from idp.console.justifications import Justifications
from idp.console.operators import Operators
from idp.console.rules import Factor, Operator, OperatorSession, OperatorState, over
from idp.credentials.password import Passwords
from idp.credentials.totp import Totp
from idp.crypto.sm2 import Sm2Verifier
from idp.db import Transaction, current_transaction, db
from idp.disputes.actions import Disputes
from idp.issuers.authorities import Authorities
from idp.issuers.revocation import ListIntake
from idp.mandates.guardians import Guardianships
from idp.mandates.registry import Themes
from idp.recovery.requests import Requests
from idp.reviews.actions import Reviews
from idp.settings.certificates import Certificates
from idp.signin.rules import activity_grain
from idp.web.clock import now
from idp.web.cookies import operator_secret, set_operator_secret
from idp.web.csrf import rotate_csrf

EXTENSION = "tongban_console"


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuerParts:
    """``bound``: by the id of the issuer, how many of its certificates are bound to accounts."""

    authorities: Authorities
    intake: ListIntake
    sm2: Sm2Verifier
    settings: Certificates
    bound: Callable[[Transaction], Mapping[str, int]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Console:
    """What the console's pages are made of. ``idle`` and ``absolute`` in seconds."""

    directory: Directory
    passwords: Passwords
    totp: Totp
    registry: Registry
    operators: Operators
    invitations: Invitations
    issuer: str
    justifications: Justifications
    four_eyes: FourEyes
    disputes: Disputes
    requests: Requests
    reviews: Reviews
    issuers: IssuerParts
    themes: Themes
    guardianships: Guardianships
    idle: int
    absolute: int


@dataclass(frozen=True, slots=True)
class Present:
    operator: Operator
    session: OperatorSession


def keep_parts(app: Flask, parts: Console) -> None:
    app.extensions[EXTENSION] = parts


def parts() -> Console:
    found: Console = current_app.extensions[EXTENSION]
    return found


def present() -> Present | None:
    """The operator whose complete session this request carries."""
    found = _loaded()
    return found if found is not None and found.session.complete else None


def halfway() -> Present | None:
    """Who has proved the password alone: the second step is open to them, and nothing else."""
    found = _loaded()
    return found if found is not None and not found.session.complete else None


def _loaded() -> Present | None:
    if "tb_operator" not in g:
        g.tb_operator = _load()
    found: Present | None = g.tb_operator
    return found


def _load() -> Present | None:
    secret = operator_secret()
    session = sessions.find(current_transaction(), secret) if secret else None
    if session is None:
        return None
    operator = parts().operators.get(current_transaction(), session.party_id)
    ended = over(session, idle=parts().idle, now=now())
    if ended or operator is None or operator.state is not OperatorState.ACTIVE:
        sessions.end(current_transaction(), session.id, "expired" if ended else "operator-disabled", now=now())
        db.session.commit()
        set_operator_secret(None)
        return None
    if now() - session.last_seen_at >= activity_grain(parts().idle):
        sessions.touch(current_transaction(), session.id, now=now())
        db.session.commit()
    return Present(operator, session)


def begin(party_id: str) -> None:
    """The password was right: a session for the second step, in place of whatever session there was."""
    leave("replaced-by-sign-in")
    _, secret = sessions.start(current_transaction(), party_id, now=now())
    _give(secret)


def complete(session: OperatorSession, factor: Factor) -> bool:
    """The second factor was right; False when the session has ended or been completed meanwhile. The view commits."""
    secret = sessions.complete(current_transaction(), session, factor, absolute=parts().absolute, now=now())
    if secret is not None:
        _give(secret)
    return secret is not None


def leave(reason: str) -> None:
    """End the session of this request, if there is one. The view commits."""
    found = _loaded()
    if found is not None:
        sessions.end(current_transaction(), found.session.id, reason, now=now())
        _give(None)


def _give(secret: str | None) -> None:
    set_operator_secret(secret)
    rotate_csrf()
    g.pop("tb_operator", None)
