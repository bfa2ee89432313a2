"""Codes of assisted handling: the one a citizen agrees with, and the one they object with.

Always true: a try is counted before it is compared, so that five wrong ones are five however many come at once; and
only keyed hashes are stored.
"""

import hmac
import secrets
from typing import Any, NamedTuple

from idp.accounts.actions import Directory
from idp.assisted.rules import CODE_LIFETIME, CODE_TRIES, DAY, MOST_CODES, OBJECTION, Case, Refusal
from idp.db import Statement, Transaction

_SEND = Statement[int](
    "INSERT INTO assisted_code (case_id, blind, phone, text_hash, tries, sent, expires_at)"
    " VALUES (:case, :blind, :phone, :text_hash, 0, 1, :until)"
    " ON CONFLICT (case_id) DO UPDATE SET blind = excluded.blind, phone = excluded.phone,"
    " text_hash = excluded.text_hash, tries = 0, sent = assisted_code.sent + 1, expires_at = excluded.expires_at"
    " WHERE assisted_code.sent < :most",
    int,
)


class _Code(NamedTuple):
    blind: bytes
    text_hash: str
    tries: int
    expires_at: int


class Objection(NamedTuple):
    """What a message says to object with: twelve digits and six."""

    reference: str
    code: str


_TRY = Statement(
    "UPDATE assisted_code SET tries = tries + 1 WHERE case_id = :case AND tries < :most"
    f" RETURNING {', '.join(_Code._fields)}",
    _Code,
)
_THERE = Statement("SELECT phone FROM assisted_code WHERE case_id = :case AND expires_at > :now", str)
_SENT = Statement("SELECT sent FROM assisted_code WHERE case_id = :case", int)
_FORGET = Statement[Any]("DELETE FROM assisted_code WHERE case_id = :case")
_OFFER = Statement[Any](
    "INSERT INTO assisted_objection (reference, case_id, code, tries, expires_at)"
    " VALUES (:reference, :case, :code, 0, :until)"
)
_TRY_OBJECTION = Statement[tuple[str, bytes]](
    "UPDATE assisted_objection SET tries = tries + 1 WHERE reference IN (:a, :b) AND tries < :most"
    " AND expires_at > :now RETURNING case_id, code"
)
_PURGE = Statement[Any]("DELETE FROM assisted_code WHERE expires_at <= :before")
_PURGE_OBJECTIONS = Statement[Any]("DELETE FROM assisted_objection WHERE expires_at <= :now")
_FORGET_OBJECTIONS = Statement[Any]("DELETE FROM assisted_objection WHERE case_id = :case")


class Codes:
    def __init__(self, directory: Directory) -> None:
        self._directory = directory

    def draw(self, tx: Transaction, case: Case, *, phone: str, text_hash: str, now: int) -> str | Refusal:
        """A new code to agree to this text with; the one before is no longer good. ``phone``: masked."""
        code = f"{secrets.randbelow(10**6):06}"
        sent = tx.run(
            _SEND,
            case=case.id,
            blind=self._directory.blind_text(_agreeing(case.id, code)),
            phone=phone,
            text_hash=text_hash,
            until=now + CODE_LIFETIME,
            most=MOST_CODES,
        )
        return code if sent == 1 else Refusal.CODES_USED_UP

    def sent_to(self, tx: Transaction, case: Case, *, now: int) -> str | None:
        """The masked phone that got a code which is still good."""
        return tx.one(_THERE, case=case.id, now=now)

    def judge(self, tx: Transaction, case: Case, code: str, *, text_hash: str, now: int) -> Refusal | None:
        """Whether the citizen has told the code they were sent for this text; the try counts either way."""
        held = tx.one(_TRY, case=case.id, most=CODE_TRIES)
        if held is None:
            return Refusal.NO_EVIDENCE if tx.one(_SENT, case=case.id) is None else Refusal.CODE_TRIES
        if held.expires_at <= now:
            return Refusal.CODE_EXPIRED
        if not self._is(held.blind, _agreeing(case.id, code)):
            return Refusal.CODE
        return None if hmac.compare_digest(held.text_hash, text_hash) else Refusal.TEXT

    def offer_objection(self, tx: Transaction, case: Case) -> Objection:
        """What the next message to the citizen says; what earlier ones said is good as well."""
        offered = Objection(f"{secrets.randbelow(10**12):012}", f"{secrets.randbelow(10**6):06}")
        tx.run(
            _OFFER,
            reference=self._directory.blind_text(_referring(offered.reference)),
            case=case.id,
            code=self._directory.blind_text(_objecting(case.id, offered.code)),
            until=case.until + OBJECTION,
        )
        return offered

    def objected(self, tx: Transaction, reference: str, code: str, *, now: int) -> tuple[str | None, bool]:
        """The id of the case that ``reference`` is of, and whether the code is right; five tries to each."""
        blinds = self._directory.blinds_of_text(_referring(reference))
        found = tx.one(_TRY_OBJECTION, a=blinds[0], b=blinds[-1], most=CODE_TRIES, now=now)
        if found is None:
            return None, False
        case_id, held = found
        return case_id, self._is(held, _objecting(case_id, code))

    def forget(self, tx: Transaction, case_id: str, *, objections: bool = False) -> None:
        """No code agrees to anything in this case any more; with ``objections`` none objects, either."""
        tx.run(_FORGET, case=case_id)
        if objections:
            tx.run(_FORGET_OBJECTIONS, case=case_id)

    def _is(self, blind: bytes, text: str) -> bool:
        return any(hmac.compare_digest(bytes(blind), one) for one in self._directory.blinds_of_text(text))


def purge(tx: Transaction, *, now: int) -> None:
    """What nobody agrees or objects by any more. A code stays a day longer: its case counts how many were sent."""
    tx.run(_PURGE, before=now - DAY)
    tx.run(_PURGE_OBJECTIONS, now=now)


def _agreeing(case_id: str, code: str) -> str:
    return f"assisted-code:{case_id}:{code}"


def _referring(reference: str) -> str:
    return f"assisted-reference:{reference}"


def _objecting(case_id: str, code: str) -> str:
    return f"assisted-objection:{case_id}:{code}"
