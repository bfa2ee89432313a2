"""Cases of assisted handling: their states, who may move them, and what the citizen's agreement has to be.

Always true: what is not in a table here is not allowed, nothing is concluded that the citizen has not agreed to, and
a clerk has power in a case while it is ``authorised``, and at no other time.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from idp.mandates.scopes import Action

DAY = 86400
MOST_MATTERS = 8
CODE_LIFETIME = 600
"""Seconds for which the code in the citizen's text message is good."""
CODE_TRIES = 5
MOST_CODES = 5
"""Text messages with a code in one case."""
CLERK_AAL, CLERK_IAL = 2, 2
"""What a clerk's own sign-in must amount to."""
WORKING_DAY = 12 * 3600
"""Seconds since a clerk has shown who they are."""
OBJECTION = 30 * DAY
"""Seconds after the end of its term for which a case can be objected to."""
MOST_NOTE = 200
"""Characters of what a clerk writes to a step."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What an installation has chosen (settings ``assisted``)."""

    theme: str = "counter.assist"
    """In which staff hold the mandate that makes them clerks."""
    days: int = 1
    """How long a case lasts."""
    witness: bool = True
    """Whether a signed paper needs a second clerk who has seen it signed."""

    def ends(self, *, now: int) -> int:
        return now + self.days * DAY


class CaseState(StrEnum):
    IDENTIFIED = "identified"
    ACCEPTED = "accepted"
    """受理: the office handles it, once the citizen agrees."""
    AUTHORISED = "authorised"
    """代办: the citizen has agreed, and the clerk acts for them."""
    SUSPENDED = "suspended"
    """中止."""
    CONCLUDED = "concluded"
    """办结."""
    WITHDRAWN = "withdrawn"
    OBJECTED = "objected"
    """The citizen has objected: nobody goes on with it."""
    LAPSED = "lapsed"


LIVING = frozenset({CaseState.IDENTIFIED, CaseState.ACCEPTED, CaseState.AUTHORISED, CaseState.SUSPENDED})


class CaseStep(StrEnum):
    """What happens to a case; its name in the history."""

    OPEN = "open"
    ACCEPT = "accept"
    PAPER = "paper"
    """The signed paper was brought."""
    WITNESS = "witness"
    """A second clerk has seen it signed."""
    AUTHORISE = "authorise"
    SUSPEND = "suspend"
    RESUME = "resume"
    CONCLUDE = "conclude"
    WITHDRAW = "withdraw"
    OBJECT = "object"
    LAPSE = "lapse"


class By(StrEnum):
    """Who may take a step."""

    CLERK = "clerk"
    CITIZEN = "citizen"
    SYSTEM = "system"


class Identified(StrEnum):
    """How the citizen was identified."""

    ID_CARD = "id_card"
    ID_CARD_FACE = "id_card_face"
    IDENTITY_CODE = "identity_code"


class Seen(StrEnum):
    """How the clerk has read the citizen's document."""

    CHIP_READ = "chip_read"
    DOCUMENT_SEEN = "document_seen"


class Evidence(StrEnum):
    """By what the citizen agreed."""

    SMS = "sms"
    FACE = "face"
    IDENTITY_CODE = "identity_code"
    PAPER = "paper"


class PaperKind(StrEnum):
    ACCEPTANCE = "acceptance"
    """受理单."""
    AUTHORITY = "authority"
    """代办委托书."""
    SUSPENSION = "suspension"
    RESUMPTION = "resumption"
    CONCLUSION = "conclusion"
    WITHDRAWAL = "withdrawal"


class Refusal(StrEnum):
    """Why a clerk or citizen was refused; `idp.web` has the sentence for each."""

    NOT_CLERK = "assisted_not_clerk"
    """They act by no mandate of staff in the clerks' theme, or it has ended, or is frozen."""
    CLERK_FACTORS = "assisted_clerk_factors"
    """Two factors within the working day are what a clerk needs."""
    NO_CASE = "assisted_no_case"
    """There is none, or it is another office's: which of the two is never told."""
    STATE = "assisted_state"
    """Not possible as the case stands, or somebody was quicker."""
    OVER = "assisted_over"
    """Its term has run out."""
    SELF = "assisted_self"
    """Nobody is their own clerk."""
    CITIZEN = "assisted_citizen"
    """Name, document and account do not belong together, or the account is not open."""
    DOCUMENT_EXPIRED = "document_expired"
    LEVEL = "assisted_level"
    """The citizen, or the clerk, is not known as well as the matter demands."""
    MATTERS = "assisted_matters"
    """None, too many, or one that cannot be handled so."""
    RUNNING = "assisted_running"
    """The clerk has another case of the same citizen in the same theme."""
    NO_EVIDENCE = "assisted_no_evidence"
    """What was brought shows no agreement of the citizen's."""
    TEXT = "assisted_text"
    """The text is another than the one that was read."""
    NO_PHONE = "assisted_no_phone"
    """No phone is known to be the citizen's, or it is another than the one given."""
    CODES_USED_UP = "assisted_codes_used_up"
    CODE = "code_wrong"
    CODE_TRIES = "assisted_code_tries"
    """Wrong five times: there has to be a new one."""
    CODE_EXPIRED = "code_expired"
    WITNESS = "assisted_witness"
    """The paper needs another clerk of the office, who has seen it signed."""
    OBJECTION = "assisted_object_unknown"
    """No message has this reference and code, or it was used."""
    ENDED = "assisted_ended"
    """There is nothing to object to any more."""


@dataclass(frozen=True, slots=True)
class Denied:
    reason: Refusal


@dataclass(frozen=True, slots=True, order=True)
class Matter:
    """One matter of a case. ``service``: a code of the theme's; ``actions``: what is to be done in it."""

    theme: str
    service: str
    actions: frozenset[Action] = field(compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Clerk:
    """Who is at the counter now. ``organ``: the party they act for; ``mandate``: their own, as its staff."""

    person: str
    organ: str
    unit: str
    mandate: str
    ial: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """Times: Unix seconds; ``until`` is the first second after its term.

    ``clerk``: who handles it now; ``clerk_mandate``: by which mandate of theirs; ``mandates``: those in force by
    which the clerk acts for the citizen, one in each theme.
    """

    id: str
    number: str
    """受理编号, as papers show it."""
    citizen: str
    organ: str
    unit: str
    matters: tuple[Matter, ...]
    identified: Identified
    seen: Seen | None = None
    """How a document was read, where it was."""
    state: CaseState
    clerk: str
    clerk_mandate: str
    opened_by: str
    opened_at: int
    until: int
    changed_at: int
    evidence: Evidence | None = None
    evidence_id: str | None = None
    mandates: tuple[str, ...] = ()
    version: int = 1
    kept: bool = True
    """Whether it is still known who the citizen was."""

    @property
    def is_living(self) -> bool:
        return self.state in LIVING


class _Move(NamedTuple):
    by: frozenset[By]
    to: Mapping[CaseState, CaseState]
    needs_agreement: bool = False


def _move(*by: By, to: CaseState, since: Iterable[CaseState]) -> _Move:
    return _Move(frozenset(by), dict.fromkeys(since, to))


_MOVES: Mapping[CaseStep, _Move] = {
    CaseStep.ACCEPT: _move(By.CLERK, to=CaseState.ACCEPTED, since=[CaseState.IDENTIFIED]),
    CaseStep.PAPER: _move(By.CLERK, to=CaseState.ACCEPTED, since=[CaseState.ACCEPTED]),
    CaseStep.WITNESS: _move(By.CLERK, to=CaseState.ACCEPTED, since=[CaseState.ACCEPTED]),
    CaseStep.AUTHORISE: _move(By.CLERK, to=CaseState.AUTHORISED, since=[CaseState.ACCEPTED])._replace(
        needs_agreement=True
    ),
    CaseStep.SUSPEND: _move(By.CLERK, By.SYSTEM, to=CaseState.SUSPENDED, since=[CaseState.AUTHORISED]),
    CaseStep.RESUME: _move(
        By.CLERK, to=CaseState.AUTHORISED, since=[CaseState.AUTHORISED, CaseState.SUSPENDED]
    )._replace(needs_agreement=True),
    CaseStep.CONCLUDE: _move(By.CLERK, to=CaseState.CONCLUDED, since=[CaseState.AUTHORISED])._replace(
        needs_agreement=True
    ),
    CaseStep.WITHDRAW: _move(By.CLERK, By.CITIZEN, By.SYSTEM, to=CaseState.WITHDRAWN, since=LIVING),
    CaseStep.OBJECT: _move(By.CITIZEN, to=CaseState.OBJECTED, since=LIVING | {CaseState.CONCLUDED}),
    CaseStep.LAPSE: _move(By.SYSTEM, to=CaseState.LAPSED, since=LIVING),
}


def after(step: CaseStep, state: CaseState, *, by: By, agreed: bool) -> CaseState | None:
    """The state that ``step`` leads to; None: not this one's to take, or not possible now.

    ``agreed``: the citizen's evidence is there (for `CaseStep.AUTHORISE`: was just brought).
    """
    move = _MOVES.get(step)
    if move is None or by not in move.by or (move.needs_agreement and not agreed):
        return None
    return move.to.get(state)
