"""Finding, opening and describing accounts.

Always true: looking up an identifier runs the same statements whether it is known or not.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import orjson

from idp.accounts.rules import Identifier, Kind, Mobile, PartyStatus, UserName
from idp.crypto.fields import BlindIndex, FieldCipher
from idp.crypto.tokens import new_id, random_token
from idp.db import Statement, Transaction

_FIND = Statement(
    "SELECT i.party_id FROM party_identifier i JOIN party p ON p.id = i.party_id"
    " WHERE i.kind = :kind AND i.blind IN (:b0, :b1) AND p.status = 'active'",
    str,
)
_OWNER = Statement("SELECT party_id FROM party_identifier WHERE kind = :kind AND blind IN (:b0, :b1)", str)
_STATUS = Statement("SELECT status FROM party WHERE id = :party AND kind = 'person'", PartyStatus)
_MOVE = Statement[int](
    "UPDATE party SET status = :after WHERE id = :party AND kind = 'person' AND status = :before", int
)
_ADD_PARTY = Statement[Any]("INSERT INTO party (id, kind, status, created_at) VALUES (:id, :kind, :status, :now)")
_ADD_IDENTIFIER = Statement[Any](
    "INSERT INTO party_identifier (id, party_id, kind, sealed, blind, verified_at, created_at)"
    " VALUES (:id, :party, :kind, :sealed, :blind, :verified, :now) ON CONFLICT (kind, blind) DO NOTHING"
)


class _PersonRow(NamedTuple):
    """``kind``: party, profile, or what the identifier is."""

    kind: str
    id: str
    sealed: bytes
    at: int | None


_PERSON = Statement(
    "SELECT kind, id, sealed, created_at FROM party_identifier WHERE party_id = :party"
    " UNION ALL SELECT 'profile', party_id, sealed, updated_at FROM profile WHERE party_id = :party"
    " UNION ALL SELECT 'party', id, NULL, created_at FROM party WHERE id = :party",
    _PersonRow,
)
_SET_PROFILE = Statement[Any](
    "INSERT INTO profile (party_id, sealed, updated_at) VALUES (:party, :sealed, :now)"
    " ON CONFLICT (party_id) DO UPDATE SET sealed = excluded.sealed, updated_at = excluded.updated_at"
)
_SUBJECT = Statement("SELECT sub FROM pairwise_subject WHERE sector = :sector AND party_id = :party", str)
_ADD_SUBJECT = Statement[Any](
    "INSERT INTO pairwise_subject (sector, party_id, sub) VALUES (:sector, :party, :sub)"
    " ON CONFLICT (sector, party_id) DO NOTHING"
)


class Acceptance(NamedTuple):
    document: str
    version: str
    accepted_at: int


_ACCEPTED = Statement(
    "SELECT document, version, accepted_at FROM agreement_acceptance WHERE party_id = :party"
    " ORDER BY document, version",
    Acceptance,
)
_ACCEPT = Statement[Any](
    "INSERT INTO agreement_acceptance (party_id, document, version, accepted_at)"
    " VALUES (:party, :document, :version, :now) ON CONFLICT (party_id, document, version) DO NOTHING"
)

# It changes nothing; it takes the row's lock.
_HOLD = Statement[int]("UPDATE party SET status = status WHERE id = :party", int)
_SUBJECTS_MOST = 50_000
SUBJECT_PREFIX = "pw_"
"""Every person's ``sub`` begins so; no client may be named so (clients.rules)."""


@dataclass(frozen=True, slots=True)
class Active:
    """An account that can be signed in to."""

    party_id: str


@dataclass(frozen=True, slots=True)
class Unknown:
    """No such account."""


@dataclass(frozen=True, slots=True)
class Taken:
    """The identifier already belongs to somebody."""

    kind: Kind


@dataclass(frozen=True, slots=True)
class Person:
    """What the account says of its person, in clear, for one request."""

    party_id: str
    mobile: Mobile | None
    user_name: UserName | None
    profile: Mapping[str, Any]
    updated_at: int | None
    created_at: int


class Directory:
    """The accounts, with the keys that open them."""

    def __init__(self, cipher: FieldCipher, index: BlindIndex) -> None:
        self._cipher = cipher
        self._index = index
        self._subjects: dict[tuple[str, str], str] = {}

    def blind(self, identifier: Identifier) -> bytes:
        """The keyed blind index of an identifier: what attempts at it are counted on when nobody owns it."""
        return self._index.current(identifier.kind, identifier.value)

    def blind_text(self, text: str) -> bytes:
        """The same for what can be no identifier at all."""
        return self._index.current("text", text)

    def lookup(self, tx: Transaction, identifier: Identifier) -> Active | Unknown:
        # Two places are enough: `idp fields rotate` finishes one rotation before another key may be added.
        blinds = self._index.candidates(identifier.kind, identifier.value)
        party_id = tx.one(_FIND, kind=identifier.kind, b0=blinds[0], b1=blinds[-1])
        return Active(party_id) if party_id else Unknown()

    def owner(self, tx: Transaction, identifier: Identifier) -> str | None:
        """The party that has the identifier, however its account stands: for operators, never for sign-in."""
        blinds = self._index.candidates(identifier.kind, identifier.value)
        return tx.one(_OWNER, kind=identifier.kind, b0=blinds[0], b1=blinds[-1])

    def open_person(self, tx: Transaction, *, mobile: Mobile, user_name: UserName | None, now: int) -> Active | Taken:
        """A new person reached by ``mobile`` (proved by the caller). On ``Taken`` the caller rolls back."""
        party_id = new_id("pty")
        tx.run(_ADD_PARTY, id=party_id, kind="person", status=PartyStatus.ACTIVE, now=now)
        if not self.add_identifier(tx, party_id, mobile, verified=True, now=now):
            return Taken(Kind.MOBILE)
        if user_name and not self.add_identifier(tx, party_id, user_name, verified=False, now=now):
            return Taken(Kind.USER_NAME)
        return Active(party_id)

    def add_identifier(
        self, tx: Transaction, party_id: str, identifier: Identifier, *, verified: bool, now: int
    ) -> bool:
        """False when somebody has it already (under any key of the index ring)."""
        if not isinstance(self.lookup(tx, identifier), Unknown):
            return False
        row = new_id("idn")
        written = tx.run(
            _ADD_IDENTIFIER,
            id=row,
            party=party_id,
            kind=identifier.kind,
            sealed=self._cipher.seal(identifier.value, context=f"party_identifier.sealed:{row}"),
            blind=self.blind(identifier),
            verified=now if verified else None,
            now=now,
        )
        return written == 1

    def person(self, tx: Transaction, party_id: str) -> Person:
        mobile, user_name, claims, updated_at, created_at = None, None, {}, None, 0
        for row in tx.all(_PERSON, party=party_id):
            if row.kind == "party":
                created_at = row.at or 0
            elif row.kind == "profile":
                claims = orjson.loads(self._cipher.open(row.sealed, context=f"profile.sealed:{party_id}"))
                updated_at = row.at
            else:
                value = self._cipher.open(row.sealed, context=f"party_identifier.sealed:{row.id}")
                mobile = Mobile(value) if row.kind == Kind.MOBILE else mobile
                user_name = UserName(value) if row.kind == Kind.USER_NAME else user_name
        return Person(party_id, mobile, user_name, claims, updated_at, created_at)

    def set_profile(self, tx: Transaction, party_id: str, claims: Mapping[str, Any], *, now: int) -> None:
        sealed = self._cipher.seal(orjson.dumps(claims).decode(), context=f"profile.sealed:{party_id}")
        tx.run(_SET_PROFILE, party=party_id, sealed=sealed, now=now)

    def subject(self, tx: Transaction, *, sector: str, party_id: str) -> str:
        """The pairwise ``sub`` of a party in a sector, made on first use; it never changes, so it is remembered."""
        if known := self._subjects.get((sector, party_id)):
            return known
        sub = tx.one(_SUBJECT, sector=sector, party=party_id)
        if sub is None:
            tx.run(_ADD_SUBJECT, sector=sector, party=party_id, sub=SUBJECT_PREFIX + random_token())
            sub = tx.all(_SUBJECT, sector=sector, party=party_id)[0]
        made = sub
        tx.after_commit(lambda: self._remember(sector, party_id, made))
        return sub

    def _remember(self, sector: str, party_id: str, sub: str) -> None:
        if len(self._subjects) >= _SUBJECTS_MOST:
            self._subjects.clear()
        self._subjects[sector, party_id] = sub


def status(tx: Transaction, party_id: str) -> PartyStatus | None:
    """How the account of a person stands; None when there is no such person."""
    return tx.one(_STATUS, party=party_id)


def move_status(tx: Transaction, party_id: str, *, before: PartyStatus, after: PartyStatus) -> bool:
    """Whether the account stood at ``before`` and now stands at ``after``; the caller ends what goes with it."""
    return tx.run(_MOVE, party=party_id, before=before, after=after) == 1


def acceptances(tx: Transaction, party_id: str) -> list[Acceptance]:
    """Every version of every agreement this person has accepted, in order."""
    return tx.all(_ACCEPTED, party=party_id)


def accept_agreements(tx: Transaction, party_id: str, versions: Mapping[str, str], *, now: int) -> None:
    for document, version in versions.items():
        tx.run(_ACCEPT, party=party_id, document=document, version=version, now=now)


def hold(tx: Transaction, party_id: str) -> None:
    """Let nobody else who asks for it change this account before ``tx`` ends."""
    tx.run(_HOLD, party=party_id)
