"""Looking at cases: an office's for its clerks, a citizen's own for them, a paper for whoever holds it.

Always true: a clerk sees their office's cases, a citizen their own, and of any other not even that there is one.
"""

from dataclasses import replace
from typing import NamedTuple

from idp.assisted import papers, reading
from idp.assisted.clerks import refused
from idp.assisted.papers import Text
from idp.assisted.register import HISTORY, Paper, PaperSlip, Register
from idp.assisted.rules import Case, Clerk, Denied, Refusal
from idp.assisted.telling import Telling
from idp.checks.rules import CheckSubject
from idp.db import Transaction
from idp.mandates.history import Entry, is_whole

SHORT_HASH = 16
"""Characters of a paper's hash that it is checked by."""


class Shown(NamedTuple):
    """What a clerk of the office sees of the citizen. ``document``, ``phone``: masked; ``phone`` empty without."""

    name: str
    document: str
    phone: str


class Looking:
    def __init__(self, register: Register, telling: Telling) -> None:
        self.register = register
        self.telling = telling

    def authority_text(self, tx: Transaction, case: Case) -> Text:
        """The 代办委托书 as the citizen reads and agrees to it; the same bytes until the case is authorised."""
        return papers.authority(case, self.register.facts(tx, case))

    def cases_of(self, tx: Transaction, clerk: Clerk, *, living: bool | None = None) -> list[Case]:
        """The office's cases, the last changed first, at most a hundred. ``living``: None: all of them."""
        return reading.of_office(tx, clerk.organ, clerk.unit, living=living)

    def case(self, tx: Transaction, clerk: Clerk, case_id: str, *, now: int) -> Case | Denied:
        """One of the office's, with its mandates; `Refusal.NO_CASE` for any other, with its record."""
        case = reading.find(tx, case_id)
        if case is None or (case.organ, case.unit) != (clerk.organ, clerk.unit):
            who = case.citizen if case else None
            return refused(tx, Refusal.NO_CASE, clerk=clerk, citizen=who, case=case.id if case else None, now=now)
        return replace(case, mandates=reading.mandates_of(tx, case_id))

    def of_citizen(self, tx: Transaction, party_id: str) -> list[Case]:
        """A citizen's own, newest first."""
        return reading.of_citizen(tx, party_id)

    def mine(self, tx: Transaction, party_id: str, case_id: str, *, now: int) -> Case | Denied:
        """One of a citizen's own; `Refusal.NO_CASE` for any other, with its record."""
        case = self.own_case(tx, party_id, case_id)
        if case is not None:
            return case
        other = reading.find(tx, case_id)
        citizen, known = (other.citizen, other.id) if other else (None, None)
        return refused(tx, Refusal.NO_CASE, person=party_id, citizen=citizen, case=known, now=now)

    def own_case(self, tx: Transaction, party_id: str, case_id: str) -> Case | None:
        """One of a citizen's own."""
        case = reading.find(tx, case_id)
        return case if case is not None and case.citizen == party_id else None

    def shown(self, tx: Transaction, case: Case) -> Shown:
        told, phone = self.register.particulars(tx, case.id), self.telling.phone_of(tx, case)
        return Shown(told.name, told.document, phone.masked if phone else "")

    def titles(self, case: Case, language: str = "zh") -> list[str]:
        """Of its matters, as the catalogue names them."""
        return self.register.titles(case.matters, language)

    def steps(self, tx: Transaction, case: Case) -> tuple[list[Entry], bool]:
        """The history, oldest first (``reason``: evidence or cause, a blank, a hash), and whether it is whole."""
        entries = HISTORY.read(tx, case.id)
        return entries, is_whole(case.id, entries)

    def papers(self, tx: Transaction, case: Case) -> list[PaperSlip]:
        """Oldest first."""
        return self.register.papers(tx, case.id)

    def paper(self, tx: Transaction, case: Case, paper_id: str) -> Paper | None:
        """One of the case's, as it was made."""
        return self.register.paper(tx, case.id, paper_id)

    def check_paper(self, tx: Transaction, number: str, short_hash: str) -> tuple[PaperSlip, Case] | None:
        """For whoever holds it: ``number`` of the paper and the first 16 characters of its hash."""
        found = self.register.by_number(tx, number)
        if found is None or len(short_hash) != SHORT_HASH or not found[0].hash.startswith(short_hash):
            return None
        case = reading.find(tx, found[1])
        return (found[0], case) if case else None

    def check_subject(self, tx: Transaction, case: Case) -> CheckSubject | None:
        """Whose face is compared for this case; None where they are not proved to be anybody any more."""
        identity = self.register.addresses.directory.person(tx, case.citizen).identity
        return CheckSubject(identity.name, identity.document) if identity else None
