"""What a person does to get into the account an older platform kept for them.

Always true: nothing is looked up before the face has passed; the account, its password, its evidence and the end of
what waited are one transaction with one winner.
"""

from dataclasses import asdict, dataclass
from typing import Any

from idp.accounts.actions import Active, Holder, Taken
from idp.accounts.documents import DocumentType, stored_document
from idp.accounts.holds import place_hold
from idp.accounts.names import PersonName
from idp.accounts.old_accounts import Waiting, is_named, phones_on_file
from idp.accounts.parties import hold, status
from idp.accounts.rules import Kind, Mobile, PartyStatus, UserName, WaitingState
from idp.accounts.telling import own_locale, tell_phone
from idp.activation.rules import Finding, Found, level, ranked
from idp.audit import Event, record
from idp.audit.rules import Detail
from idp.checks.rules import CheckSubject, Passed
from idp.credentials.password import store_password
from idp.db import Transaction
from idp.flows.actions import Journey, Journeys
from idp.flows.rules import undone
from idp.messages.sms import enqueue_sms
from idp.proofing.actions import add_evidence, ial
from idp.proofing.checking import end_of
from idp.proofing.joining import Joining
from idp.proofing.rules import DAY, FACE, FACE_CHECKED, PhonePolicy
from idp.recovery.requests import HELD
from idp.recovery.stopping import arm
from idp.signin.phones import is_idle, release


@dataclass(frozen=True, slots=True)
class Chosen:
    """What the person has set. ``hashed``: the password; ``locale``: of the page; ``channel``: the code of theirs."""

    hashed: str
    user_name: UserName | None
    locale: str
    channel: str | None = None


def subject_of(journey: Journey) -> CheckSubject:
    """Who the person of this journey said to be."""
    kind, number = journey.facts["document"]
    return CheckSubject(PersonName(journey.facts["name"]), stored_document(DocumentType(kind), number))


class Activations:
    """The way from an account of an older platform to one here."""

    def __init__(
        self,
        joining: Joining,
        journeys: Journeys,
        policy: PhonePolicy,
        *,
        valid: int,
    ) -> None:
        """``valid``: days for which a face check proves anything."""
        self._joining = joining
        self._directory = joining.directory
        self._waiting = joining.waiting
        self._journeys = journeys
        self._policy = policy
        self._valid = valid

    def pass_face(self, tx: Transaction, journey: Journey, passed: Passed, *, now: int) -> Finding | None:
        """Go on with a result that was just taken; what there is of its person. When None, the caller rolls back.

        What waits although its person has an account already goes to that account.
        """
        subject = subject_of(journey)
        if not self._journeys.move(tx, journey, {**journey.facts, "passed": asdict(passed)}):
            return None
        self._waiting.lock(tx, subject.document)
        finding = self.find(tx, subject, now=now)
        for one in finding.waiting:
            self._advance(tx, one, WaitingState.FACE_PASSED, now)
        if finding.found is Found.ACTIVE and finding.party_id:
            self._joining.join(tx, finding.party_id, subject.name, subject.document, now=now)
        detail: Detail = {"found": finding.found, "count": len(finding.waiting), "check": passed.check_id}
        who = finding.party_id
        record(tx, Event.ACTIVATION_FOUND, actor=who, subject=who or journey.id, detail=detail, now=now)
        return finding

    def find(self, tx: Transaction, subject: CheckSubject, *, now: int) -> Finding:
        """What there is of somebody; for who has passed a face check as that very person only (trust 3)."""
        owner = self._directory.owner(tx, subject.document)
        if owner is not None:
            if status(tx, owner) is not PartyStatus.ACTIVE:
                return Finding(Found.SUSPENDED, owner)
            known = self._directory.person(tx, owner)
            theirs = any(
                one.document == subject.document and is_named(one.name, subject.name, subject.document)
                for one in known.documents
            )
            if not theirs or ial(tx, owner, now=now) < FACE_CHECKED:
                return Finding(Found.UNPROVED)
            return Finding(Found.ACTIVE, owner, self._directory.mobile(tx, owner))
        there = self._joining.of(tx, subject.name, subject.document)
        waiting = tuple(one for one in there if one.state is not WaitingState.REJECTED)
        if waiting:
            return Finding(Found.WAITING, waiting=waiting)
        return Finding(Found.REJECTED if there else Found.NOTHING)

    def confirmed(self, tx: Transaction, journey: Journey) -> tuple[Waiting, ...]:
        """What the journey's person has confirmed to be theirs, as far as it still waits."""
        subject, records = subject_of(journey), set(journey.facts["records"])
        return tuple(one for one in self._joining.of(tx, subject.name, subject.document) if one.id in records)

    def offered(self, tx: Transaction, journey: Journey) -> list[Mobile]:
        """The phones on file to which a code may go; not one that an account has by now, for it may be another's."""
        return [one for one in phones_on_file(self.confirmed(tx, journey)) if not self._directory.is_held(tx, one)]

    def bind_phone(self, tx: Transaction, journey: Journey, *, now: int) -> bool:
        """The code was right. False when the number is in use by somebody else's account; who holds the phone may
        learn it (trust 3).
        """
        record(tx, Event.PHONE_VERIFIED, subject=journey.id, now=now)
        mobile = Mobile(journey.facts["mobile"])
        held = self._directory.holder(tx, mobile)
        if held and not is_idle(tx, held.party_id, self._policy, now=now):
            return False
        if held is None and self._directory.is_held(tx, mobile):  # by an account that is suspended
            return False
        self._waiting.lock(tx, subject_of(journey).document)
        for one in self.confirmed(tx, journey):
            self._advance(tx, one, WaitingState.PHONE_BOUND, now)
        return self._journeys.move(tx, journey, {**journey.facts, "proved": True, "holder": list(held or ())})

    def finish(self, tx: Transaction, journey: Journey, chosen: Chosen, *, now: int) -> Active | Taken | None:
        """The account, whole, with the end of the journey. On anything but `Active` the caller rolls back."""
        mobile, on_file = Mobile(journey.facts["mobile"]), bool(journey.facts["on_file"])
        if not self._journeys.move(tx, journey, {**journey.facts, "party_id": "-"}, ended_at=now):
            return None
        if not self._released(tx, journey, now):
            return Taken(Kind.MOBILE)
        self._waiting.lock(tx, subject_of(journey).document)
        waiting = ranked(self.confirmed(tx, journey), mobile)
        if {one.id for one in waiting} != set(journey.facts["records"]):
            return None
        channels = [phone for phone in phones_on_file(waiting) if not self._directory.is_held(tx, phone)]
        opened = self._directory.open_person(tx, mobile=mobile, user_name=chosen.user_name, now=now)
        if isinstance(opened, Taken):
            return opened
        party_id = opened.party_id
        if not self._settle(tx, waiting, party_id, now):
            return None
        if not self._prove(tx, journey, waiting[0], party_id, on_file=on_file, now=now):
            return None
        store_password(tx, party_id=party_id, hashed=chosen.hashed, now=now)
        subject = subject_of(journey)
        self._joining.leave_links(tx, party_id, subject.name, subject.document, now=now)
        detail: Detail = {"count": len(waiting), "on_file": on_file, "platform": waiting[0].platform}
        if chosen.channel:
            detail = {**detail, "channel": chosen.channel}
        record(tx, Event.PERSON_ACTIVATED, actor=party_id, subject=party_id, detail=detail, now=now)
        if not on_file:
            for act in HELD:
                place_hold(tx, party_id, act, until=now + self._policy.change_hold, now=now)
        self._tell(tx, party_id, mobile, channels, on_file=on_file, locale=chosen.locale, now=now)
        return opened

    def step_back(self, tx: Transaction, journey: Journey, *, now: int) -> Journey | None:
        """After a `finish` that came to nothing: the journey where it can go on; None when it is over."""
        there = {one.id for one in self.confirmed(tx, journey)} == set(journey.facts["records"])
        owned = self.find(tx, subject_of(journey), now=now).found is not Found.WAITING
        facts = undone(journey.kind, "phone" if there and not owned else "found", journey.facts)
        moved = self._journeys.move(tx, journey, facts)
        return Journey(journey.id, journey.kind, facts, journey.version + 1) if moved else None

    def _released(self, tx: Transaction, journey: Journey, now: int) -> bool:
        """Take the number from the idle account that had it when it was proved; False when it is in use by now."""
        if not journey.facts["holder"]:
            return True
        held = Holder(*journey.facts["holder"])
        hold(tx, held.party_id)
        return is_idle(tx, held.party_id, self._policy, now=now) and release(tx, self._directory, held, now=now)

    def _settle(self, tx: Transaction, waiting: list[Waiting], party_id: str, now: int) -> bool:
        """The first becomes the account, the others are merged into it; False when another did so meanwhile."""
        first = waiting[0]
        return self._waiting.move(
            tx, first.id, first.state, WaitingState.ACTIVE, now=now, party_id=party_id
        ) and all(
            self._waiting.move(
                tx, one.id, one.state, WaitingState.MERGED, now=now, party_id=party_id,
                merged_into=first.id,
            )
            for one in waiting[1:]
        )  # fmt: skip

    def _prove(
        self, tx: Transaction, journey: Journey, first: Waiting, party_id: str, *, on_file: bool, now: int
    ) -> bool:
        """Document and evidence; an end the older platform knew that has passed says nothing of the one in use."""
        subject, passed = subject_of(journey), Passed(**journey.facts["passed"])
        lasts = passed.judged_at + self._valid * DAY
        ends = end_of(first.told.valid_to) if first.told.valid_to else None
        recorded = self._directory.record_document(
            tx,
            party_id,
            document=subject.document,
            name=subject.name,
            valid_to=ends if ends and ends > now else None,
            source=passed.vendor,
            now=now,
        )
        if isinstance(recorded, Taken):
            return False
        add_evidence(
            tx,
            party_id,
            kind=FACE,
            level=level(on_file=on_file),
            source=passed.vendor,
            expires_at=min(lasts, recorded.valid_to or lasts),
            check_id=passed.check_id,
            now=now,
        )
        return True

    def _tell(
        self,
        tx: Transaction,
        party_id: str,
        mobile: Mobile,
        channels: list[Mobile],
        *,
        on_file: bool,
        locale: str,
        now: int,
    ) -> None:
        """Every known channel hears of it; with a new phone each can stop it as long as the account is held."""
        tell_phone(tx, mobile, "account_activated", party_id=party_id, locale=locale, now=now)
        theirs = own_locale(
            self._directory.person(tx, party_id)
        )  # who is at the page may not be who has the old phone
        for phone in (one for one in channels if one != mobile):
            if on_file:
                tell_phone(tx, phone, "account_activated", party_id=party_id, locale=theirs, now=now)
                continue
            stop = arm(tx, self._directory, party_id, phone, until=now + self._policy.change_hold, now=now)
            said = {"tail": mobile.value[-4:], "stop": stop}
            enqueue_sms(
                tx,
                to=phone.e164,
                template="activation_notice",
                params=said,
                locale=theirs,
                party_id=party_id,
                now=now,
            )

    def _advance(self, tx: Transaction, one: Waiting, after: WaitingState, now: int) -> None:
        """Note how far its person has come; whoever begins anew begins here, too."""
        if one.state is not after:
            self._waiting.move(tx, one.id, one.state, after, now=now)


def facts_of(subject: CheckSubject) -> dict[str, Any]:
    """What a journey begins with."""
    return {"name": subject.name.value, "document": [subject.document.type, subject.document.value]}
