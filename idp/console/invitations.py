"""The one-time link by which an operator sets a password and an authenticator app.

Always true: of any number of uses of a link one wins, a newer link of the same operator ends the earlier ones, and
only the digest of its token is stored.
"""

from typing import Any

from idp.audit import Event, record
from idp.console.rules import INVITATION_LIFETIME
from idp.credentials import totp
from idp.crypto.tokens import digest, random_token
from idp.db import Statement, Transaction

PATH = "/console/enrol"
_ADD = Statement[Any](
    "INSERT INTO operator_invitation (hash, party_id, created_at, expires_at) VALUES (:hash, :party, :now, :end)"
)
_END = Statement[Any]("UPDATE operator_invitation SET used_at = :now WHERE party_id = :party AND used_at IS NULL")
_FIND = Statement(
    "SELECT i.party_id FROM operator_invitation i JOIN operator o ON o.party_id = i.party_id AND o.state = 'active'"
    " WHERE i.hash = :hash AND i.used_at IS NULL AND i.expires_at > :now",
    str,
)
_USE = Statement(
    "UPDATE operator_invitation SET used_at = :now WHERE hash = :hash AND used_at IS NULL AND expires_at > :now"
    " AND EXISTS (SELECT 1 FROM operator WHERE operator.party_id = operator_invitation.party_id"
    " AND state = 'active') RETURNING party_id",
    str,
)
_PURGE = Statement[Any]("DELETE FROM operator_invitation WHERE expires_at < :before")


def invite(tx: Transaction, party_id: str, *, actor: str | None, now: int) -> str:
    """The token of a new link, shown once."""
    token = random_token()
    tx.run(_END, party=party_id, now=now)
    totp.forget_pending(tx, party_id=party_id)  # whoever opened an earlier link has seen that secret
    tx.run(_ADD, hash=digest(token), party=party_id, now=now, end=now + INVITATION_LIFETIME)
    record(tx, Event.OPERATOR_INVITED, actor=actor, subject=party_id, now=now)
    return token


def link(issuer: str, token: str) -> str:
    return f"{issuer}{PATH}?k={token}"


def invited(tx: Transaction, token: str, *, now: int) -> str | None:
    """The operator whose unused link this is."""
    return tx.one(_FIND, hash=digest(token), now=now)


def use(tx: Transaction, token: str, *, now: int) -> str | None:
    """The operator whose link this was, for the one who uses it."""
    return tx.one(_USE, hash=digest(token), now=now)


def end_links(tx: Transaction, party_id: str, *, now: int) -> None:
    tx.run(_END, party=party_id, now=now)


def purge(tx: Transaction, *, before: int) -> None:
    tx.run(_PURGE, before=before)
