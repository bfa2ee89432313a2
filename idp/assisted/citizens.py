"""Whom a clerk has before them: the account of that person, or a new one that nobody can sign in to.

Always true: what a clerk says changes nothing of an account that there is; and whoever has no account gets one under
their document, so that whoever proves to hold it later meets this one.
"""

from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple

from idp.accounts.actions import Active
from idp.accounts.documents import Document
from idp.accounts.names import PersonName
from idp.accounts.parties import hold
from idp.accounts.rules import Mobile
from idp.assisted.rules import Clerk, Denied, Identified, Refusal, Seen
from idp.audit import Event, record
from idp.checks.rules import Passed
from idp.db import Transaction
from idp.proofing.actions import add_evidence
from idp.proofing.checking import end_of
from idp.proofing.joining import Joining
from idp.proofing.rules import CHECKED

KIND = "assisted"
"""The kind of evidence that a clerk's reading of a document is."""


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

    @property
    def identified(self) -> Identified:
        return Identified.ID_CARD if self.faced is None else Identified.ID_CARD_FACE


class Citizen(NamedTuple):
    """``phone``: as they said it, empty where they did not."""

    party: str
    name: str
    document: str
    phone: str


class Citizens:
    def __init__(self, joining: Joining) -> None:
        self._joining = joining
        self.directory = joining.directory

    def find(self, tx: Transaction, clerk: Clerk, carded: Carded, *, now: int) -> Citizen | Denied:
        """The party whose document it is, opened if there is none; its account is held."""
        ends = end_of(carded.valid_to)
        if ends is not None and ends <= now:
            return Denied(Refusal.DOCUMENT_EXPIRED)
        owner = self.directory.owner(tx, carded.document)
        if owner == clerk.person:
            return Denied(Refusal.SELF)
        party = owner if owner is not None else self._opened(tx, clerk, carded, ends, now)
        if party is None or not hold(tx, party):
            return Denied(Refusal.CITIZEN)
        documents = self.directory.person(tx, party).documents
        if not any(one.is_of(carded.name, carded.document) for one in documents):
            return Denied(Refusal.CITIZEN)
        phone = carded.phone.e164 if carded.phone else ""
        return Citizen(party, carded.name.value, carded.document.masked, phone)

    def of_party(self, tx: Transaction, party_id: str) -> Citizen | None:
        """Who has confirmed on their own phone; None where they are not proved to be anybody."""
        identity = self.directory.person(tx, party_id).identity if hold(tx, party_id) else None
        return Citizen(party_id, identity.name.value, identity.document.masked, "") if identity else None

    def _opened(self, tx: Transaction, clerk: Clerk, carded: Carded, ends: int | None, now: int) -> str | None:
        opened = self.directory.open_known(
            tx, document=carded.document, name=carded.name, valid_to=ends, source=clerk.organ, now=now
        )
        if not isinstance(opened, Active):
            return None
        party = opened.party_id
        detail = {"organ": clerk.organ, "means": carded.seen.value, "face": carded.faced is not None}
        record(tx, Event.ASSISTED_CITIZEN_OPENED, actor=clerk.person, subject=party, detail=detail, now=now)
        if carded.faced is None and carded.seen is not Seen.CHIP_READ:
            # What was typed from a card says less than a card that was read, or a face that was compared.
            add_evidence(tx, party, kind=KIND, level=CHECKED, source=clerk.organ, expires_at=ends, now=now)
            return party
        self._joining.prove(
            tx,
            party,
            name=carded.name,
            document=carded.document,
            kind=KIND,
            source=carded.faced.vendor if carded.faced else clerk.organ,
            expires_at=ends,
            now=now,
            check_id=carded.faced.check_id if carded.faced else None,
            by_people=carded.faced is None,
        )
        return party
