"""Assisted handling at the counter: a case opened, agreed to by its citizen, handled, interrupted, taken up, ended.

Always true: each step has one winner and leaves its entry in the case's history; the clerk's mandate for the citizen
begins and ends in the transaction in which the case does.
"""

from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple

from idp.accounts.documents import Document
from idp.accounts.names import PersonName
from idp.accounts.rules import Mobile
from idp.assisted.rules import (
    Case,
    Clerk,
    Denied,
    Matter,
    PaperKind,
    Seen,
)
from idp.checks.rules import Passed
from idp.db import Transaction
from idp.mandates.history import Entry
from idp.signin.rules import Session

__all__ = ["Assisting", "Clerk", "Denied"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Carded:
    """A citizen who showed their document. ``valid_to``: its last day, None: it has none. ``faced``: the check that
    their face passed, taken by the page for `CheckPurpose.ASSISTED`; ``phone``: theirs, as they say.
    """

    name: PersonName = field(repr=False)
    document: Document = field(repr=False)
    valid_to: date | None
    seen: Seen
    faced: Passed | None = None
    phone: Mobile | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Coded:
    """A citizen who has confirmed office and matters on their own phone. ``code``: the id of the identity code."""

    code: str


@dataclass(frozen=True, slots=True)
class BySms:
    """``code``: as the citizen has told it."""

    code: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class ByFace:
    """``passed``: the check, taken by the page for `CheckPurpose.ASSISTED` and the citizen of the case."""

    passed: Passed


@dataclass(frozen=True, slots=True)
class ByCode:
    """``code``: the id of an identity code whose citizen has confirmed office and matters of this case."""

    code: str


@dataclass(frozen=True, slots=True)
class ByPaper:
    """``scan``: a picture of the signed paper, cleaned (`idp.web.photos`); None: the one that was witnessed."""

    scan: bytes | None = field(default=None, repr=False)


class Shown(NamedTuple):
    """What a clerk of the office sees of the citizen. ``document``, ``phone``: masked; ``phone`` empty without."""

    name: str
    document: str
    phone: str


class Text(NamedTuple):
    """In Chinese, lines ended by LF. ``hash``: SHA-256, hexadecimal."""

    text: str
    hash: str


class PaperSlip(NamedTuple):
    """A paper as lists show it."""

    id: str
    kind: PaperKind
    number: str
    hash: str
    made_at: int


class Paper(NamedTuple):
    """A paper as it is printed."""

    slip: PaperSlip
    text: str


class Assisting:
    """What clerks and citizens do. Refusals are values, and are audited in the transaction the caller commits."""

    def clerk_of(self, tx: Transaction, session: Session, *, now: int) -> Clerk | Denied:
        """The clerk whose session it is: they act now by a mandate of staff in the clerks' theme."""
        raise NotImplementedError

    def offered(self) -> list[Matter]:
        """Every matter that can be handled so, by theme as the catalogue has them, with all actions it knows."""
        raise NotImplementedError

    def open(
        self, tx: Transaction, clerk: Clerk, citizen: Carded | Coded, matters: list[Matter], *, now: int
    ) -> Case | Denied:
        """A case of the citizen who is here. Somebody without an account gets one, known and without credentials."""
        raise NotImplementedError

    def ask_code(
        self, tx: Transaction, clerk: Clerk, text: str, matters: list[Matter], *, case_id: str | None = None, now: int
    ) -> str | Denied:
        """The citizen's identity code was scanned: they are asked on their phone. The id of the code, for `Coded`
        (a case to be) or `ByCode` (``case_id``); `code_state` tells how it stands.
        """
        raise NotImplementedError

    def code_state(self, tx: Transaction, clerk: Clerk, code_id: str, *, now: int) -> str:
        """``waiting``, ``confirmed``, ``declined`` or ``over``, for the clerk who scanned it."""
        raise NotImplementedError

    def accept(self, tx: Transaction, clerk: Clerk, case_id: str, *, now: int) -> Case | Denied:
        """受理: the office takes it on; makes the 受理单."""
        raise NotImplementedError

    def authority_text(self, tx: Transaction, case: Case) -> Text:
        """The 代办委托书 as the citizen reads and agrees to it; the same bytes until the case is authorised."""
        raise NotImplementedError

    def ask_sms(
        self, tx: Transaction, clerk: Clerk, case_id: str, *, phone: Mobile | None, text_hash: str, now: int
    ) -> str | Denied:
        """Send the citizen office, matters and a code. To the phone their account has, and ``phone`` has to be that
        one where it is given; without, to ``phone`` if it is nobody's and their face was checked. The phone, masked.
        """
        raise NotImplementedError

    def code_sent_to(self, tx: Transaction, case: Case, *, now: int) -> str | None:
        """The masked phone to which a code went that is still good; None: there is none."""
        raise NotImplementedError

    def bring_paper(
        self, tx: Transaction, clerk: Clerk, case_id: str, scan: bytes, *, text_hash: str, now: int
    ) -> Case | Denied:
        """Keep the signed paper. Where a witness is needed the case then waits for `witness`, else it is authorised."""
        raise NotImplementedError

    def waits_for_witness(self, tx: Transaction, case: Case) -> bool:
        raise NotImplementedError

    def witness(self, tx: Transaction, clerk: Clerk, case_id: str, *, text_hash: str, now: int) -> Case | Denied:
        """Another clerk of the office has seen the citizen sign: the case is authorised, for who brought the paper."""
        raise NotImplementedError

    def authorise(
        self,
        tx: Transaction,
        clerk: Clerk,
        case_id: str,
        evidence: BySms | ByFace | ByCode,
        *,
        text_hash: str,
        now: int,
    ) -> Case | Denied:
        """The citizen agrees to the text of this hash: the clerk has the mandates from now on (``case.mandates``)."""
        raise NotImplementedError

    def suspend(self, tx: Transaction, clerk: Clerk, case_id: str, *, note: str, now: int) -> Case | Denied:
        """中止: the clerk's mandates end, and any clerk of the office may resume."""
        raise NotImplementedError

    def resume(self, tx: Transaction, clerk: Clerk, case_id: str, *, now: int) -> Case | Denied:
        """续办, or taking it over from a colleague: the mandates are the clerk's from now on, the former ones end."""
        raise NotImplementedError

    def conclude(self, tx: Transaction, clerk: Clerk, case_id: str, *, note: str, now: int) -> Case | Denied:
        """办结."""
        raise NotImplementedError

    def withdraw(self, tx: Transaction, clerk: Clerk, case_id: str, *, note: str, now: int) -> Case | Denied:
        """The citizen does not want it any more, or it was opened by mistake."""
        raise NotImplementedError

    def object(self, tx: Transaction, citizen: str, case_id: str, *, now: int) -> Case | Denied:
        """The citizen, signed in, objects: frozen at once."""
        raise NotImplementedError

    def object_by_code(self, tx: Transaction, reference: str, code: str, *, now: int) -> Case | Denied:
        """The same by what their message says, without an account: a reference of 10 digits and a code of 6."""
        raise NotImplementedError

    def cases_of(self, tx: Transaction, clerk: Clerk, *, living: bool | None = None, now: int) -> list[Case]:
        """The office's cases, newest first, at most a hundred. ``living``: None: all of them."""
        raise NotImplementedError

    def case(self, tx: Transaction, clerk: Clerk, case_id: str, *, now: int) -> Case | Denied:
        """One of the office's; `Refusal.NO_CASE` for any other, with its record."""
        raise NotImplementedError

    def of_citizen(self, tx: Transaction, party_id: str) -> list[Case]:
        """A citizen's own, newest first."""
        raise NotImplementedError

    def own_case(self, tx: Transaction, party_id: str, case_id: str) -> Case | None:
        """One of a citizen's own."""
        raise NotImplementedError

    def shown(self, tx: Transaction, case: Case) -> Shown:
        raise NotImplementedError

    def steps(self, tx: Transaction, case: Case) -> tuple[list[Entry], bool]:
        """The case's history, oldest first (``reason``: evidence or cause, a blank, a hash), and whether it is whole."""
        raise NotImplementedError

    def papers(self, tx: Transaction, case: Case) -> list[PaperSlip]:
        """Oldest first."""
        raise NotImplementedError

    def paper(self, tx: Transaction, case: Case, paper_id: str) -> Paper | None:
        """One of the case's, as it was made."""
        raise NotImplementedError

    def check_paper(self, tx: Transaction, number: str, short_hash: str) -> tuple[PaperSlip, Case] | None:
        """For whoever holds it: ``number`` of the paper and the first 16 characters of its hash."""
        raise NotImplementedError
