"""An operator's way in: a link and a short code, which come from two people and open one enrolment together.

Always true: the link alone shows nothing and the code alone finds nothing; of any number of uses one wins, a newer
invitation of the same operator ends the earlier ones, and of both only what cannot be read back is stored.
"""

import secrets
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from idp.audit import Event, record
from idp.console.rules import CODE_DIGITS, CODE_TRIES, INVITATION_LIFETIME, Denied, Reason
from idp.credentials import totp
from idp.credentials.policy import normalised
from idp.crypto.fields import BlindIndex
from idp.crypto.tokens import digest, random_token, same
from idp.db import Statement, Transaction

PATH = "/console/enrol"
_INDEX = "operator-enrolment"
_GOOD = "used_at IS NULL AND expires_at > :now"


class Waiting(NamedTuple):
    """An invitation nobody has used. ``code_needed``: the code has not been typed in yet."""

    party_id: str
    code_needed: bool


class _Tried(NamedTuple):
    party_id: str
    code: bytes
    tries: int


_ADD = Statement[Any](
    "INSERT INTO operator_invitation (hash, party_id, code, tries, proposal, created_at, expires_at)"
    " VALUES (:hash, :party, :code, 0, :proposal, :now, :end)"
)
_END = Statement[Any]("UPDATE operator_invitation SET used_at = :now WHERE party_id = :party AND used_at IS NULL")
_FIND = Statement(
    "SELECT i.party_id, i.code IS NOT NULL FROM operator_invitation i"
    " JOIN operator o ON o.party_id = i.party_id AND o.state = 'active'"
    " WHERE i.hash = :hash AND i.used_at IS NULL AND i.expires_at > :now",
    lambda party, needed: Waiting(party, bool(needed)),
)
_LINK_OPEN = Statement(
    f"SELECT party_id FROM operator_invitation WHERE proposal = :proposal AND code IS NOT NULL AND {_GOOD}", str
)
_NEW_LINK = Statement(
    f"UPDATE operator_invitation SET hash = :hash WHERE proposal = :proposal AND code IS NOT NULL AND {_GOOD}"
    " RETURNING party_id",
    str,
)
_TRY = Statement(
    "UPDATE operator_invitation SET tries = tries + 1"
    f" WHERE hash = :hash AND code IS NOT NULL AND tries < :most AND {_GOOD} RETURNING party_id, code, tries",
    _Tried,
)
_OPEN = Statement[Any]("UPDATE operator_invitation SET hash = :new, code = NULL WHERE hash = :hash")
_USE = Statement(
    f"UPDATE operator_invitation SET used_at = :now WHERE hash = :hash AND code IS NULL AND {_GOOD}"
    " AND EXISTS (SELECT 1 FROM operator WHERE operator.party_id = operator_invitation.party_id"
    " AND state = 'active') RETURNING party_id",
    str,
)
_PURGE = Statement[Any]("DELETE FROM operator_invitation WHERE expires_at < :before")


@dataclass(frozen=True, slots=True)
class Invited:
    """Both halves, each shown once."""

    token: str = field(repr=False)
    code: str = field(repr=False)


class Invitations:
    """The invitations, with the key that codes are kept under."""

    def __init__(self, index: BlindIndex) -> None:
        self._index = index

    def invite(
        self, tx: Transaction, party_id: str, *, actor: str | None, now: int, proposal: str | None = None
    ) -> Invited:
        """``proposal``: the one approved, by whose id its proposer asks for the link with `new_link`."""
        token, code = random_token(), f"{secrets.randbelow(10**CODE_DIGITS):0{CODE_DIGITS}}"
        tx.run(_END, party=party_id, now=now)
        totp.forget_pending(tx, party_id=party_id)  # whoever opened an earlier invitation has seen that secret
        kept, end = self._index.current(_INDEX, f"{party_id}:{code}"), now + INVITATION_LIFETIME
        tx.run(_ADD, hash=digest(token), party=party_id, code=kept, proposal=proposal, now=now, end=end)
        record(tx, Event.OPERATOR_INVITED, actor=actor, subject=party_id, now=now)
        return Invited(token, code)

    def try_code(self, tx: Transaction, token: str, typed: str, *, now: int) -> str | Denied:
        """The token under which the enrolment goes on, known to nobody who had the link alone.

        Counted in this transaction, which the caller commits whatever came of it; the last wrong try ends the
        invitation.
        """
        tried = tx.one(_TRY, hash=digest(token), most=CODE_TRIES, now=now)
        if tried is None:
            return Denied(Reason.LINK_DEAD)
        code = "".join(char for char in normalised(typed) if char.isalnum())
        if any(same(tried.code, kept) for kept in self._index.candidates(_INDEX, f"{tried.party_id}:{code}")):
            fresh = random_token()
            tx.run(_OPEN, hash=digest(token), new=digest(fresh))
            return fresh
        record(tx, Event.OPERATOR_CODE_REFUSED, subject=tried.party_id, result="refused", now=now)
        if tried.tries < CODE_TRIES:
            return Denied(Reason.CODE_WRONG)
        tx.run(_END, party=tried.party_id, now=now)
        return Denied(Reason.LINK_DEAD)


def link(issuer: str, token: str) -> str:
    return f"{issuer}{PATH}?k={token}"


def link_is_open(tx: Transaction, proposal: str, *, now: int) -> bool:
    """Whether the proposer may still be shown a link: nobody has typed the code in yet."""
    return tx.one(_LINK_OPEN, proposal=proposal, now=now) is not None


def new_link(tx: Transaction, proposal: str, *, actor: str, now: int) -> str | None:
    """The token of a link in place of the last one, to be shown once; the code and its tries stay."""
    token = random_token()
    party = tx.one(_NEW_LINK, proposal=proposal, hash=digest(token), now=now)
    if party is None:
        return None
    record(tx, Event.OPERATOR_LINK_SHOWN, actor=actor, subject=party, now=now)
    return token


def invited(tx: Transaction, token: str, *, now: int) -> Waiting | None:
    """The unused invitation whose link this is."""
    return tx.one(_FIND, hash=digest(token), now=now)


def use(tx: Transaction, token: str, *, now: int) -> str | None:
    """The operator whose invitation this was, for the one who uses it."""
    return tx.one(_USE, hash=digest(token), now=now)


def end_links(tx: Transaction, party_id: str, *, now: int) -> None:
    tx.run(_END, party=party_id, now=now)


def purge(tx: Transaction, *, before: int) -> None:
    tx.run(_PURGE, before=before)
