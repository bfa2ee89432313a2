"""Evidence of a person who was looked at, and the accounts of older platforms that are theirs from then on.

Always true: who knows a name and a number joins nothing; of what is joined every phone on file is told.
"""

from dataclasses import dataclass

from idp.accounts.actions import Directory
from idp.accounts.documents import Document
from idp.accounts.names import PersonName
from idp.accounts.old_accounts import Waiting, is_named, phones_on_file
from idp.accounts.parties import hold
from idp.accounts.rules import WaitingState
from idp.accounts.telling import own_locale, tell_phone
from idp.accounts.waiting import WaitingAccounts
from idp.audit import Event, record
from idp.db import Transaction
from idp.proofing.actions import add_evidence
from idp.proofing.rules import FACE_CHECKED


@dataclass(frozen=True, slots=True)
class Joining:
    """What waits, and who has an account."""

    directory: Directory
    waiting: WaitingAccounts

    def prove(
        self,
        tx: Transaction,
        party_id: str,
        *,
        name: PersonName,
        document: Document,
        kind: str,
        source: str,
        expires_at: int | None,
        now: int,
        check_id: str | None = None,
        by_people: bool = False,
    ) -> None:
        """The party's person was looked at, and is the holder of its ``document``. The rest: as `add_evidence`.

        ``by_people``: by a clerk or reviewers, not by a machine: what was rejected is theirs, too.
        """
        add_evidence(
            tx,
            party_id,
            kind=kind,
            level=FACE_CHECKED,
            source=source,
            expires_at=expires_at,
            check_id=check_id,
            now=now,
        )
        self.join(tx, party_id, name, document, now=now, rejected=by_people)

    def of(self, tx: Transaction, name: PersonName, document: Document) -> tuple[Waiting, ...]:
        """What waits of this person, rejected or not; for who was looked at only (trust 3)."""
        found = [(one, self.waiting.open(tx, one.id)) for one in self.waiting.find_by_document(tx, document)]
        return tuple(
            Waiting(one.id, one.platform, one.region, one.state, one.imported_at, told)
            for one, told in found
            if told and told.is_of(name, document)
        )

    def join(
        self,
        tx: Transaction,
        party_id: str,
        name: PersonName,
        document: Document,
        *,
        now: int,
        rejected: bool = False,
    ) -> None:
        """What waits of a person who has an account goes to it; with ``rejected`` what was rejected as well."""
        if not hold(tx, party_id):
            return
        self.waiting.lock(tx, document)
        joined = [
            one
            for one in self.of(tx, name, document)
            if (rejected or one.state is not WaitingState.REJECTED)
            and self.waiting.move(tx, one.id, one.state, WaitingState.MERGED, now=now, party_id=party_id)
        ]
        if joined:
            detail = {"count": len(joined)}
            record(tx, Event.ACCOUNTS_JOINED, actor=party_id, subject=party_id, detail=detail, now=now)
            self._tell(tx, party_id, joined, now)
        self.leave_links(tx, party_id, name, document, now=now)

    def leave_links(self, tx: Transaction, party_id: str, name: PersonName, document: Document, *, now: int) -> None:
        """Accounts of entities the person represented: theirs to confirm, without power until then (trust 6)."""
        for one in self.waiting.of_representative(tx, document):
            told = self.waiting.open(tx, one.id)
            stood = told.representative if told else None
            if stood is None or not is_named(stood.name, name, document):
                continue
            if one.party_id is None and self.waiting.move(
                tx, one.id, one.state, WaitingState.CLAIMED, now=now, party_id=party_id
            ):
                detail = {"platform": one.platform}
                record(tx, Event.ENTITY_LINK_LEFT, actor=party_id, subject=party_id, detail=detail, now=now)

    def _tell(self, tx: Transaction, party_id: str, joined: list[Waiting], now: int) -> None:
        """A phone on file that is the login phone of somebody else by now is theirs, and told nothing."""
        person = self.directory.person(tx, party_id)
        for phone in phones_on_file(joined):
            if phone == person.mobile or not self.directory.is_held(tx, phone):
                tell_phone(tx, phone, "account_joined", party_id=party_id, locale=own_locale(person), now=now)
