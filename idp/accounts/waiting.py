"""Accounts of older platforms that wait for their people: finding, opening and moving them on.

Always true: a question runs one statement, whether anything waits or not; a move has one winner; what the older
platform called closed or deceased is neither found nor moved.
"""

from typing import Any, NamedTuple

from idp.accounts.credit_code import CreditCode
from idp.accounts.documents import Document
from idp.accounts.identifiers import Identifier
from idp.accounts.old_accounts import OldAccount, read_json
from idp.accounts.rules import Mobile, PartyKind, WaitingState
from idp.crypto.fields import BlindIndex, FieldCipher
from idp.db import Database, Dialect, Statement, Transaction

_OLD_ID = "legacy_old_id"
_LINE = "legacy_line"
_BATCH = 200
_SET = (
    "sealed = :sealed, digest = :digest, document_blind = :document_blind, mobile_blind = :mobile_blind,"
    " credit_code_blind = :credit_code_blind, representative_blind = :representative_blind"
)
_FORGET = (
    "UPDATE legacy_account SET sealed = NULL, digest = NULL, document_blind = NULL, mobile_blind = NULL,"
    " credit_code_blind = NULL, representative_blind = NULL WHERE sealed IS NOT NULL"
)


class WaitingAccount(NamedTuple):
    """What may be known of one before its person has shown who they are. Times are Unix seconds."""

    id: str
    platform: str
    kind: PartyKind
    region: str | None
    state: WaitingState
    party_id: str | None
    """Whose it is, once somebody has claimed it who has an account."""
    imported_at: int
    state_at: int


class _Stored(NamedTuple):
    id: str
    old_id: bytes
    old_blind: bytes
    sealed: bytes | None
    digest: bytes | None


_COLUMNS = "id, platform, kind, region, state, party_id, imported_at, state_at"


def _waiting_by(column: str, *further: str) -> Statement[WaitingAccount]:
    states = ", ".join(f"'{one}'" for one in ("imported", "claimed", "face_passed", "phone_bound", *further))
    return Statement(
        f"SELECT {_COLUMNS} FROM legacy_account WHERE {column} IN (:a, :b)"
        f" AND state IN ({states})"
        " AND flag IS NULL ORDER BY imported_at, id",
        _waiting,
    )


def _waiting(key: str, platform: str, kind: str, region: str | None, state: str, *rest: Any) -> WaitingAccount:
    return WaitingAccount(key, platform, PartyKind(kind), region, WaitingState(state), *rest)


_BY_DOCUMENT = _waiting_by("document_blind", WaitingState.REJECTED)
_BY_MOBILE = _waiting_by("mobile_blind")
_BY_CREDIT_CODE = _waiting_by("credit_code_blind")
_BY_REPRESENTATIVE = _waiting_by("representative_blind")
_BY_PARTY = Statement(
    f"SELECT {_COLUMNS} FROM legacy_account WHERE party_id = :party AND state = 'claimed' AND flag IS NULL"
    " ORDER BY imported_at, id",
    _waiting,
)
_OF_HOLDER = "SELECT id FROM legacy_account WHERE document_blind IN (:a, :b) OR representative_blind IN (:a, :b)"
# On SQLite writers stand in line from their first statement on; nothing need be locked.
_LOCK: dict[Dialect, Statement[str]] = {
    "sqlite": Statement(_OF_HOLDER, str),
    "postgresql": Statement(_OF_HOLDER + " ORDER BY id FOR UPDATE", str),
}
_READ = Statement("SELECT sealed FROM legacy_account WHERE id = :id AND sealed IS NOT NULL", bytes)
_MOVE = Statement[Any](
    "UPDATE legacy_account SET state = :after, state_at = :now, party_id = COALESCE(:party, party_id),"
    " merged_into = COALESCE(:merged_into, merged_into) WHERE id = :id AND state = :before AND flag IS NULL"
)
_GIVE_BACK = Statement[Any](
    "UPDATE legacy_account SET state = 'imported', state_at = :now, party_id = NULL"
    " WHERE party_id = :party AND state = 'claimed'"
)
# What was moved in one go has one time.
_REJECT = Statement(
    "UPDATE legacy_account SET state = 'rejected', state_at = :now, party_id = NULL, merged_into = NULL"
    " WHERE party_id = :party AND state IN ('active', 'merged') AND state_at = :since RETURNING id",
    str,
)
_TAKE_BACK = Statement[Any](
    "UPDATE legacy_account SET state = 'imported', state_at = :now, party_id = NULL"
    " WHERE party_id = :party AND state = 'claimed' AND state_at = :since"
)
_ERASE = Statement[Any](f"{_FORGET} AND party_id = :party")
_PURGE = Statement[Any](f"{_FORGET} AND state_at < :before AND (flag IS NOT NULL OR state IN ('active', 'merged'))")
_STORED = Statement(
    "SELECT id, old_id, old_blind, sealed, digest FROM legacy_account WHERE id > :after ORDER BY id LIMIT :limit",
    _Stored,
)
_SET_OLD_ID = Statement[Any](
    "UPDATE legacy_account SET old_id = :old_id, old_blind = :old_blind WHERE id = :id AND old_id = :before"
)
_SET_SEALED = Statement[Any](f"UPDATE legacy_account SET {_SET} WHERE id = :id AND sealed = :before")


class WaitingAccounts:
    """The waiting accounts, with the keys that find and open them."""

    def __init__(self, cipher: FieldCipher, index: BlindIndex) -> None:
        self._cipher = cipher
        self._index = index

    def find_by_document(self, tx: Transaction, document: Document) -> list[WaitingAccount]:
        """Persons' accounts, the oldest import first, rejected ones among them. Of entities: `of_representative`."""
        return self._find(tx, _BY_DOCUMENT, document)

    def find_by_phone(self, tx: Transaction, mobile: Mobile) -> list[WaitingAccount]:
        """Accounts with that phone on file. For who has shown control of it, and nobody else (trust 3)."""
        return self._find(tx, _BY_MOBILE, mobile)

    def phone_waits(self, tx: Transaction, mobile: Mobile) -> bool:
        """Whether a person's account has that phone on file. For who has shown control of it, or whom it goes to."""
        return any(one.kind is PartyKind.PERSON for one in self.find_by_phone(tx, mobile))

    def claimed_by(self, tx: Transaction, party_id: str) -> list[WaitingAccount]:
        """What waits for this person to confirm it: legal entities they stood for at an older platform."""
        return tx.all(_BY_PARTY, party=party_id)

    def find_by_code(self, tx: Transaction, code: CreditCode) -> list[WaitingAccount]:
        """Accounts of a legal entity."""
        return self._find(tx, _BY_CREDIT_CODE, code)

    def of_representative(self, tx: Transaction, document: Document) -> list[WaitingAccount]:
        """Accounts of legal entities for which the holder of that document stood at the older platform."""
        return self._find(tx, _BY_REPRESENTATIVE, document)

    def lock(self, tx: Transaction, document: Document) -> None:
        """What concerns the holder of ``document`` does not move before ``tx`` ends, but by it. In one order, so that
        of two who move the same neither waits for the other for ever.
        """
        blinds = self._index.candidates(document.kind, document.value)
        tx.all(_LOCK[tx.dialect], a=blinds[0], b=blinds[-1])

    def open(self, tx: Transaction, key: str) -> OldAccount | None:
        """What the older platform said, in clear, for one request; None when it is forgotten."""
        blob = tx.one(_READ, id=key)
        return None if blob is None else read_json(self._cipher.open(blob, context=f"legacy_account.sealed:{key}"))

    def move(
        self,
        tx: Transaction,
        key: str,
        before: WaitingState,
        after: WaitingState,
        *,
        now: int,
        party_id: str | None = None,
        merged_into: str | None = None,
    ) -> bool:
        """Whether it stood at ``before`` and now stands at ``after``. ``party_id``: whose it is now;
        ``merged_into``: the waiting account that was activated in place of this one. Both stay when not given.
        """
        return tx.run(
            _MOVE, id=key, before=before, after=after, party=party_id, merged_into=merged_into, now=now
        ) == 1  # fmt: skip

    def of_old_id(self, platform: str, old_id: str) -> tuple[bytes, ...]:
        """Under what an old id is found: one index for each key of the ring, the current first."""
        return self._index.candidates(_OLD_ID, f"{platform} {old_id}")

    def seal_old_id(self, key: str, platform: str, old_id: str) -> bytes:
        """The column ``old_id``."""
        return self._cipher.seal(f"{platform} {old_id}", context=f"legacy_account.old_id:{key}")

    def seal(self, key: str, told: OldAccount, text: str) -> dict[str, bytes | None]:
        """The columns made from ``told``, whose JSON is ``text``, but for its digest."""
        return {
            "sealed": self._cipher.seal(text, context=f"legacy_account.sealed:{key}"),
            "document_blind": self._blind(told.document),
            "mobile_blind": self._blind(told.mobile),
            "credit_code_blind": self._blind(told.credit_code),
            "representative_blind": self._blind(told.representative.document if told.representative else None),
        }

    def digests(self, text: str) -> tuple[bytes, ...]:
        """What tells whether a line says something new, under each key of the ring, the current first."""
        return self._index.candidates(_LINE, text)

    def _blind(self, identifier: Identifier | None) -> bytes | None:
        return self._index.current(identifier.kind, identifier.value) if identifier else None

    def _find(
        self, tx: Transaction, statement: Statement[WaitingAccount], identifier: Identifier
    ) -> list[WaitingAccount]:
        # Two places are enough: `idp fields rotate` finishes one rotation before another key may be added.
        blinds = self._index.candidates(identifier.kind, identifier.value)
        return tx.all(statement, a=blinds[0], b=blinds[-1])


def forget(tx: Transaction, *, before: int) -> None:
    """What was said of accounts that came to their end, or were flagged, before ``before``; their old ids stay, so
    that no later file brings them again.
    """
    tx.run(_PURGE, before=before)


def reject(tx: Transaction, party_id: str, *, since: int, now: int) -> int:
    """Whoever has activated at ``since`` what this party has from older platforms was not its person; how many these
    were. They wait for who is seen by people, and what the older platform said of them is kept for that; entities
    that were left to the party to confirm wait as before.
    """
    tx.run(_TAKE_BACK, party=party_id, since=since, now=now)
    return len(tx.all(_REJECT, party=party_id, since=since, now=now))


def erase(tx: Transaction, party_id: str, *, now: int) -> None:
    """The account closes: forget what older platforms said of its person. Entities that waited for them to confirm
    wait on, for whoever stands for them next.
    """
    tx.run(_GIVE_BACK, party=party_id, now=now)
    tx.run(_ERASE, party=party_id)


def rotate_waiting(database: Database, cipher: FieldCipher, index: BlindIndex) -> int:
    """Bring what is sealed and indexed of waiting accounts under the current keys; the number of fields changed."""
    accounts = WaitingAccounts(cipher, index)
    changed, after = 0, ""
    while True:
        with database.transaction() as tx:
            rows = tx.all(_STORED, after=after, limit=_BATCH)
            for row in rows:
                changed += _rotate_old_id(tx, cipher, index, row) + _rotate_sealed(tx, cipher, accounts, row)
        if not rows:
            return changed
        after = rows[-1].id


def _rotate_old_id(tx: Transaction, cipher: FieldCipher, index: BlindIndex, row: _Stored) -> int:
    context = f"legacy_account.old_id:{row.id}"
    text = cipher.open(row.old_id, context=context)
    blind = index.current(_OLD_ID, text)
    if blind == row.old_blind and not cipher.needs_rotation(row.old_id):
        return 0
    sealed = cipher.seal(text, context=context)
    return tx.run(_SET_OLD_ID, id=row.id, old_id=sealed, old_blind=blind, before=row.old_id)


def _rotate_sealed(tx: Transaction, cipher: FieldCipher, accounts: WaitingAccounts, row: _Stored) -> int:
    if row.sealed is None:
        return 0
    text = cipher.open(row.sealed, context=f"legacy_account.sealed:{row.id}")
    digest = accounts.digests(text)[0]
    if digest == row.digest and not cipher.needs_rotation(row.sealed):
        return 0
    return tx.run(
        _SET_SEALED, id=row.id, digest=digest, **accounts.seal(row.id, read_json(text), text), before=row.sealed
    )
