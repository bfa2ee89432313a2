"""``next_step``: the ordered checks between an app's demand and its answer.

Always true: the first unmet check wins, and each check names the error it is under ``prompt=none``.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from idp.entities.rules import RepresentedStatus
from idp.proofing.rules import CHECKED, NO_LEVEL, Level, parse_acr


class Step(StrEnum):
    """What a person can be asked to do; each is served by one page."""

    SIGN_IN = "sign-in"
    AGREEMENTS = "agreements"
    PROVE = "prove"
    STRENGTHEN = "strengthen"
    REPRESENT = "represent"
    """Choose for whom one acts."""
    CONSENT = "consent"
    FACE = "face"
    """Have one's face checked for a matter of the app's."""


class Reason(StrEnum):
    """Why a person is asked; the page says it in a sentence."""

    NO_SESSION = "no_session"
    PROMPT_LOGIN = "prompt_login"
    MAX_AGE = "max_age"
    ANOTHER_PERSON = "another_person"
    AGREEMENTS_CHANGED = "agreements_changed"
    CLIENT_MINIMUM = "client_minimum"
    ESSENTIAL_ACR = "essential_acr"
    VOLUNTARY_ACR = "voluntary_acr"
    CONSENT_MISSING = "consent_missing"
    PROMPT_CONSENT = "prompt_consent"
    REPRESENT_SELECT = "represent_select"
    """The app wants the person to say anew for whom they act."""
    REPRESENT_REQUIRED = "represent_required"
    """The app is about acting for somebody who lets the person do what it is about."""
    FACE_CHECK = "face_check"


class Refusal(StrEnum):
    """The OpenID error an unmet check amounts to (Core 3.1.2.6, Unmet Authentication Requirements 1.0)."""

    LOGIN_REQUIRED = "login_required"
    INTERACTION_REQUIRED = "interaction_required"
    CONSENT_REQUIRED = "consent_required"
    ACCOUNT_SELECTION = "account_selection_required"
    ACCESS_DENIED = "access_denied"
    UNMET = "unmet_authentication_requirements"
    UNAVAILABLE = "temporarily_unavailable"


class FaceOutcome(StrEnum):
    """What came of the face check of a request."""

    PASSED = "passed"
    NOT_PASSED = "not_passed"
    """Somebody else's face, or the person declined."""
    USED_UP = "used_up"
    """The app has asked for as many today as it may."""


@dataclass(frozen=True, slots=True)
class FaceDemand:
    """A fresh face check for ``matter``. ``granted``: the app may ask for one."""

    matter: str
    essential: bool
    granted: bool


class Represent(StrEnum):
    """For whom the person is to act, as an app asks."""

    SELF = "self"
    SELECT = "select"
    """Whoever they choose now."""
    REQUIRED = "required"
    """Anybody but themselves."""
    SWITCH = "switch"
    """Who is named, if the person may still."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ActingDemand:
    """What an app asks of the acting; it holds for its request, and leaves the session's choice as it is.

    ``person`` and ``acting``: of `Represent.SWITCH`, whose acting is meant, and which (`idp.entities.rules.Acting`).
    ``details``: what the person must be able to do for whoever it is (`idp.mandates.details`), empty for anything.
    """

    represent: Represent | None = None
    person: str = ""
    acting: str = ""
    details: str = ""

    @property
    def for_another(self) -> bool:
        """Whether acting for oneself is no answer."""
        return self.represent is Represent.REQUIRED or bool(self.details)


@dataclass(frozen=True, slots=True, kw_only=True)
class Demand:
    """What an app asks of a person, in no protocol's words."""

    client_id: str
    minimum: Level = NO_LEVEL
    """The client's registered minimum."""
    acr: tuple[str, ...] = ()
    """Requested values in the client's order; alternatives."""
    acr_essential: bool = False
    max_age: int | None = None
    prompts: frozenset[str] = frozenset()
    party_id: str | None = None
    """The person the app already knows (a hint's subject); nobody else will do."""
    consent: frozenset[str] = frozenset()
    """Scopes that need the person's consent."""
    represents: bool = False
    """The app is to be told for whom the person acts."""
    acting: ActingDemand | None = None
    face: FaceDemand | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Who is there: the session's person, as true at ``now``."""

    party_id: str
    auth_time: int
    level: Level
    attainable: Level
    """What this person could reach in this visit."""
    agreed: bool
    """The current agreements are accepted."""
    consented: frozenset[str] = frozenset()
    represented: RepresentedStatus | None = None
    """What acting for somebody else amounts to; None: they act for themselves, or the app is not to know."""
    acting: str | None = None
    """For whom, in this request; None as before."""
    suits: bool = True
    """Whether something of what the app's details ask is held by it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """What the person has done for this very request."""

    authenticated: bool = False
    consented: bool = False
    declined: bool = False
    """Declined the stronger sign-in that the app would have liked."""
    chosen: bool = False
    """Said for whom they act."""
    face: FaceOutcome | None = None


NOTHING_DONE = Progress()


@dataclass(frozen=True, slots=True)
class Ask:
    """Send the person to the page of ``step``; under ``prompt=none`` answer ``refusal``."""

    step: Step
    reason: Reason
    refusal: Refusal
    target: Level = NO_LEVEL
    """For `Step.PROVE` and `Step.STRENGTHEN`: the level to reach."""


@dataclass(frozen=True, slots=True)
class Refuse:
    """Answer the app with an error; nothing the person could do would help."""

    refusal: Refusal
    reason: Reason


@dataclass(frozen=True, slots=True)
class Admit:
    """Everything is met; ``acr`` is what the token says, ``standing`` what was true."""

    acr: str
    standing: Standing


Decision = Ask | Refuse | Admit


def next_step(demand: Demand, standing: Standing | None, progress: Progress, *, now: int) -> Decision:
    """The first unmet check, else admission."""
    if standing is None:
        return _silent(demand, Ask(Step.SIGN_IN, Reason.NO_SESSION, Refusal.LOGIN_REQUIRED))
    for check in _CHECKS:
        if (unmet := check(demand, standing, progress, now)) is not None:
            return _silent(demand, unmet)
    return Admit(met_acr(demand, standing.level), standing)


def met_acr(demand: Demand, truth: Level) -> str:
    """The requested string that the truth meets, first in the client's order, else the true combined value."""
    for value in demand.acr:
        if (level := parse_acr(value)) and truth.meets(level):
            return value
    return truth.acr


def _silent(demand: Demand, decision: Ask | Refuse) -> Ask | Refuse:
    if isinstance(decision, Ask) and "none" in demand.prompts:
        return Refuse(decision.refusal, decision.reason)
    return decision


def _right_person(demand: Demand, standing: Standing, progress: Progress, _now: int) -> Ask | Refuse | None:
    if demand.party_id in (None, standing.party_id):
        return None
    if progress.authenticated:
        return Refuse(Refusal.LOGIN_REQUIRED, Reason.ANOTHER_PERSON)
    return Ask(Step.SIGN_IN, Reason.ANOTHER_PERSON, Refusal.LOGIN_REQUIRED)


def _asked_to_sign_in(demand: Demand, _standing: Standing, progress: Progress, _now: int) -> Ask | None:
    if progress.authenticated or demand.prompts.isdisjoint({"login", "select_account"}):
        return None
    return Ask(Step.SIGN_IN, Reason.PROMPT_LOGIN, Refusal.LOGIN_REQUIRED)


def _fresh(demand: Demand, standing: Standing, progress: Progress, now: int) -> Ask | None:
    if demand.max_age is None or progress.authenticated:
        return None
    # max_age=0 is prompt=login (Core 3.1.2.1), however young the session
    if demand.max_age > 0 and now - standing.auth_time <= demand.max_age:
        return None
    return Ask(Step.SIGN_IN, Reason.MAX_AGE, Refusal.LOGIN_REQUIRED)


def _agreed(_demand: Demand, standing: Standing, _progress: Progress, _now: int) -> Ask | None:
    if standing.agreed:
        return None
    return Ask(Step.AGREEMENTS, Reason.AGREEMENTS_CHANGED, Refusal.INTERACTION_REQUIRED)


def _client_minimum(demand: Demand, standing: Standing, progress: Progress, _now: int) -> Ask | Refuse | None:
    if standing.level.meets(demand.minimum):
        return None
    if progress.declined:
        return Refuse(Refusal.UNMET, Reason.CLIENT_MINIMUM)
    return _raise(demand.minimum, standing, Reason.CLIENT_MINIMUM)


def _requested_acr(demand: Demand, standing: Standing, progress: Progress, _now: int) -> Ask | Refuse | None:
    levels = [level for value in demand.acr if (level := parse_acr(value))]
    if any(standing.level.meets(level) for level in levels):
        return None
    attainable = next((level for level in levels if standing.attainable.meets(level)), None)
    if demand.acr_essential and demand.acr:
        if attainable is None or progress.declined:
            return Refuse(Refusal.UNMET, Reason.ESSENTIAL_ACR)
        return _raise(attainable, standing, Reason.ESSENTIAL_ACR)
    if attainable is None:
        return None  # voluntary and out of reach: the token tells the truth
    if progress.declined:
        return Refuse(Refusal.UNMET, Reason.VOLUNTARY_ACR)
    return _raise(attainable, standing, Reason.VOLUNTARY_ACR)


def _raise(target: Level, standing: Standing, reason: Reason) -> Ask | Refuse:
    """Who one is comes before how one signed in: a proof may need things at hand, a second factor is soon done."""
    if not standing.attainable.meets(target):
        return Refuse(Refusal.UNMET, reason)
    if standing.level.el < target.el:
        return Ask(Step.REPRESENT, reason, Refusal.ACCOUNT_SELECTION, target)
    step = Step.PROVE if standing.level.ial < target.ial else Step.STRENGTHEN
    return Ask(step, reason, Refusal.INTERACTION_REQUIRED, target)


_LOST = frozenset({RepresentedStatus.NOT_ALLOWED, RepresentedStatus.EXPIRED_IN_SESSION})
"""Upon which somebody else may be chosen; what is only waited for is told to the app."""


def _acting(demand: Demand, standing: Standing, progress: Progress, _now: int) -> Ask | None:
    asked = demand.acting
    if asked is None or asked.represent is Represent.SELF:
        return None
    lost = standing.represented is None or standing.represented in _LOST
    if asked.represent is Represent.SELECT and not progress.chosen:
        return Ask(Step.REPRESENT, Reason.REPRESENT_SELECT, Refusal.ACCOUNT_SELECTION)
    if asked.represent is Represent.SWITCH and lost and not progress.chosen:
        return Ask(Step.REPRESENT, Reason.REPRESENT_SELECT, Refusal.ACCOUNT_SELECTION)
    if asked.for_another and (lost or not standing.suits):
        return Ask(Step.REPRESENT, Reason.REPRESENT_REQUIRED, Refusal.ACCOUNT_SELECTION)
    return None


def _consented(demand: Demand, standing: Standing, progress: Progress, _now: int) -> Ask | None:
    if progress.consented:
        return None
    if "consent" in demand.prompts:
        return Ask(Step.CONSENT, Reason.PROMPT_CONSENT, Refusal.CONSENT_REQUIRED)
    if demand.consent <= standing.consented:
        return None
    return Ask(Step.CONSENT, Reason.CONSENT_MISSING, Refusal.CONSENT_REQUIRED)


def _face_checked(demand: Demand, standing: Standing, progress: Progress, _now: int) -> Ask | Refuse | None:
    """Last of all: nobody stands before a camera for an answer that something else then prevents."""
    face = demand.face
    if face is None or progress.face is FaceOutcome.PASSED:
        return None
    known = standing.level.ial >= CHECKED  # else there is nobody to compare a face with
    if not face.essential and (not face.granted or not known or progress.face is not None):
        return None
    if not face.granted:
        return Refuse(Refusal.UNMET, Reason.FACE_CHECK)
    if progress.face is not None:
        used_up = progress.face is FaceOutcome.USED_UP
        return Refuse(Refusal.UNAVAILABLE if used_up else Refusal.ACCESS_DENIED, Reason.FACE_CHECK)
    if not known:
        if progress.declined:
            return Refuse(Refusal.UNMET, Reason.FACE_CHECK)
        return _raise(Level(CHECKED, 0), standing, Reason.FACE_CHECK)
    return Ask(Step.FACE, Reason.FACE_CHECK, Refusal.INTERACTION_REQUIRED)


_CHECKS: tuple[Callable[[Demand, Standing, Progress, int], Ask | Refuse | None], ...] = (
    _right_person,
    _asked_to_sign_in,
    _fresh,
    _agreed,
    _client_minimum,
    _requested_acr,
    _acting,
    _consented,
    _face_checked,
)
