"""Guardianships: what a court paper or a register says of a ward and a guardian, recorded by operators.

Always true: nobody grants one and neither of the two ends one; a minor's ends with their eighteenth birthday at the
latest, and an adult's on the day its paper names.
"""

from dataclasses import dataclass
from datetime import date, datetime, time

from idp.accounts.documents import IdNumber
from idp.accounts.parties import hold as hold_account
from idp.accounts.rules import PartyKind
from idp.audit import Event, record
from idp.crypto.tokens import new_id
from idp.db import Transaction
from idp.mandates import history, reading
from idp.mandates.actions import Granting
from idp.mandates.addressing import Addressee
from idp.mandates.drafts import Draft
from idp.mandates.granting import Denied
from idp.mandates.moving import Moving
from idp.mandates.refusing import not_now, refused
from idp.mandates.rules import LIVING, Kind, Mandate, Refusal, State, Step
from idp.mandates.scopes import Action, Scope
from idp.mandates.themes import Theme
from idp.proofing.actions import ial
from idp.proofing.checking import end_of
from idp.web.locale import CHINA_TIME

MAJORITY = 18
"""Years (Civil Code 17)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Guardianship:
    """As operators have read it. ``ward``, ``guardian``: parties; ``last_day``: the paper's, None: until majority.

    ``paper``: what it rests on, as the text names it.
    """

    ward: str
    guardian: str
    theme: str
    scope: Scope
    last_day: date | None
    paper: str


def majority(born: date) -> int:
    """The first second of the eighteenth birthday in China; whoever was born on 29 February has it on 1 March."""
    try:
        day = born.replace(year=born.year + MAJORITY)
    except ValueError:
        day = date(born.year + MAJORITY, 3, 1)
    return int(datetime.combine(day, time(), CHINA_TIME).timestamp())


def ends(born: date | None, last_day: date | None, *, now: int) -> int | None:
    """When a guardianship ends; None: it cannot be recorded, for it has ended, or nothing says when it will."""
    paper = None if last_day is None else end_of(last_day)
    of_age = None if born is None else majority(born)
    known = [end for end in (paper, of_age if of_age is not None and of_age > now else None) if end is not None]
    end = min(known, default=now)
    return end if end > now else None


def fits(theme: Theme, scope: Scope, *, guardian_ial: int) -> Refusal | None:
    """Whether guardians may be recorded so far in this theme."""
    if PartyKind.PERSON not in theme.principals:
        return Refusal.PRINCIPAL_KIND
    if PartyKind.PERSON not in theme.agents:
        return Refusal.AGENT_KIND
    if not scope:
        return Refusal.SCOPE_EMPTY
    if Action.MANAGE in scope.actions or not theme.whole.covers(scope):
        return Refusal.SCOPE_BEYOND
    return Refusal.AGENT_LEVEL if guardian_ial < theme.agent_ial else None


class Guardianships:
    """What two operators have agreed on (`idp.console.guardian_acts`)."""

    def __init__(self, granting: Granting, moving: Moving) -> None:
        self._granting = granting
        self._moving = moving

    def judge(self, tx: Transaction, told: Guardianship, *, now: int) -> Refusal | None:
        """Whether it can be recorded; None: it can."""
        draft = self._draft(tx, told, "", now)
        return draft if isinstance(draft, Refusal) else None

    def record(self, tx: Transaction, told: Guardianship, *, operator: str, now: int) -> str | Denied:
        """The id of the mandate, in force at once; both are told. It replaces an earlier one in the theme."""
        draft = self._draft(tx, told, new_id("mnd"), now) if hold_account(tx, told.ward) else Refusal.STATE
        text = self._granting.text(tx, draft) if isinstance(draft, Draft) else None
        if isinstance(draft, Refusal) or text is None:
            reason = draft if isinstance(draft, Refusal) else Refusal.STATE
            return refused(tx, reason, principal=told.ward, mandate=None, person=operator, now=now)
        self._granting.add(tx, draft, text, State.PENDING_APPROVALS, by=operator, replaces=None, now=now)
        history.append(tx, draft.id, step="draw", state=State.PENDING_APPROVALS, actor=operator, now=now)
        record(tx, Event.MANDATE_DRAWN, actor=operator, subject=told.ward, mandate=draft.id, now=now)
        established = self._moving.establish(tx, draft.id, actor=operator, now=now)
        return established if isinstance(established, Denied) else draft.id

    def end(self, tx: Transaction, mandate_id: str, *, operator: str, now: int) -> bool:
        """By a court's or a register's word that it is over; whether there was one."""
        seen = self.find(tx, mandate_id)
        held = reading.hold(tx, mandate_id) if seen is not None and hold_account(tx, seen.principal) else None
        if held is None or held.state not in LIVING:
            not_now(tx, mandate_id, person=operator, now=now)
            return False
        done = self._moving.by_system(tx, held, Step.INVALIDATE, reason="guardianship-ended", actor=operator, now=now)
        return isinstance(done, State)

    def find(self, tx: Transaction, mandate_id: str) -> Mandate | None:
        """A guardianship in force."""
        found = reading.find(tx, mandate_id)
        return found if found and found.kind is Kind.STATUTORY and found.state in LIVING else None

    def of_ward(self, tx: Transaction, ward: str) -> list[Mandate]:
        return [one for one in reading.given_by(tx, ward) if one.kind is Kind.STATUTORY]

    def _draft(self, tx: Transaction, told: Guardianship, id: str, now: int) -> Draft | Refusal:
        theme = self._granting.themes.current(told.theme)
        ward, guardian = self._addressee(tx, told.ward), self._addressee(tx, told.guardian)
        if theme is None or ward is None or guardian is None:
            return Refusal.THEME_UNKNOWN if theme is None else Refusal.AGENT_LEVEL
        if told.ward == told.guardian:
            return Refusal.SELF
        refused = fits(theme, told.scope, guardian_ial=ial(tx, told.guardian, now=now))
        end = ends(_born(ward), told.last_day, now=now)
        if refused is not None or end is None:
            return refused or Refusal.TERM
        return Draft(
            id=id,
            kind=Kind.STATUTORY,
            principal=told.ward,
            addressee=guardian,
            theme=told.theme,
            scope=told.scope,
            valid_from=now,
            valid_to=end,
            post=told.paper,
        )

    def _addressee(self, tx: Transaction, party_id: str) -> Addressee | None:
        """A person who is known here."""
        own = self._granting.addresses.own(tx, party_id)
        return own if own is not None and own.kind is PartyKind.PERSON else None


def _born(ward: Addressee) -> date | None:
    return ward.number.birth_date if isinstance(ward.number, IdNumber) else None
