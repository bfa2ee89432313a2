"""When an attempt may be made and when it locks, and when a text message may be sent.

Always true: failures and attempts in flight together never exceed the limit, so no number of parallel tries gets more
of them evaluated.

Times are Unix seconds. A window is what is stored; each function takes one and returns the one to store.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum

DAY = 86400


class Refusal(StrEnum):
    """Why a credential, a code or a message was refused; `idp.web` has the sentence for each."""

    CREDENTIALS_REFUSED = "credentials_refused"
    PASSWORD_LOCKED = "password_locked"  # noqa: S105
    RESET_REQUIRED = "password_reset_required"
    TOO_MANY_REQUESTS = "too_many_requests"
    CODE_WRONG = "code_wrong"
    CODE_EXPIRED = "code_expired"
    CODE_EXHAUSTED = "code_exhausted"
    SMS_TOO_SOON = "sms_too_soon"
    SMS_DAILY_LIMIT = "sms_daily_limit"
    SMS_ADDRESS_LIMIT = "sms_address_limit"
    TOTP_WRONG = "totp_wrong"
    TOTP_USED = "totp_used"
    TOTP_LOCKED = "totp_locked"
    ENROLMENT_EXPIRED = "enrolment_expired"
    RECOVERY_CODE_WRONG = "recovery_code_wrong"
    RECOVERY_CODE_LOCKED = "recovery_code_locked"
    RECOVERY_STOP_WRONG = "recovery_stop_wrong"
    RECOVERY_STOP_LOCKED = "recovery_stop_locked"
    PASSKEY_REFUSED = "passkey_refused"
    PASSKEY_EXPIRED = "passkey_expired"
    PASSKEY_KNOWN = "passkey_known"
    PASSKEY_COPIED = "passkey_copied"
    PASSKEY_TOO_MANY = "passkey_too_many"
    CERTIFICATE_LOCKED = "certificate_locked"
    LAST_WAY_IN = "last_way_in"


class AttemptKind(StrEnum):
    """What is counted apart: a lock of one leaves the others open (trust 2)."""

    PASSWORD = "password"  # noqa: S105
    NAME_CHECK = "name_check"
    BANK_CARD = "bank_card"
    ENTITY_CHECK = "entity_check"
    FACE = "face"
    BANK_CHANNEL = "bank_channel"
    TOTP = "totp"
    RECOVERY_CODE = "recovery_code"
    RECOVERY_STOP = "recovery_stop"
    CERTIFICATE = "certificate"
    PHOTO = "photo"
    COUNTER_NUMBER = "counter_number"
    SCAN_CODE = "scan_code"
    """Codes of other screens, typed on a phone."""
    MATTER = "matter"
    """Checks of one person by one app: nobody's failure, and bounded alike."""


@dataclass(frozen=True, slots=True)
class Denied:
    """A refused try at a password, a one-time password or a recovery code."""

    reason: Refusal
    until: int | None = None
    """Unix seconds at which a lock ends."""
    newly_locked: bool = False
    """This very failure locked: the person is to be told."""


class Way(StrEnum):
    """What an account can hold to prove itself with."""

    PASSWORD = "password"  # noqa: S105
    MOBILE = "mobile"
    PASSKEY = "passkey"
    TOTP = "totp"
    RECOVERY_CODE = "recovery_code"


SIGNS_IN = frozenset({Way.PASSWORD, Way.MOBILE, Way.PASSKEY})
"""The ways that open an account by themselves; the others only confirm who is in already."""


def may_remove(held: Iterable[Way], way: Way) -> bool:
    """Whether one ``way`` of those held (several passkeys are several) may go: its owner must still get in."""
    remaining = list(held)
    if way in remaining:
        remaining.remove(way)
    return not SIGNS_IN.isdisjoint(remaining)


class Purpose(StrEnum):
    """What a code was asked for; it proves nothing for another purpose. ``<purpose>_code`` is the text's template."""

    SIGN_IN = "signin"
    REGISTER = "register"
    CONFIRM = "confirm"
    RECOVER = "recover"
    ACTIVATE = "activate"
    BIND = "bind"
    ENTITY_SIGN_IN = "entity_signin"


@dataclass(frozen=True, slots=True)
class AttemptPolicy:
    limit: int = 10
    """Failures within ``window`` seconds that lock."""
    window: int = 3600
    lock_steps: tuple[int, ...] = (900, 3600, DAY)
    """Length of the first, second and every further lock; after a quiet time of the longest they begin anew."""
    pending_for: int = 60
    """An attempt that was not settled for so long counts as a failure: its process died, or somebody hopes so."""


@dataclass(frozen=True, slots=True)
class Window:
    """What is remembered of the attempts at one account by one kind of credential."""

    failures: tuple[int, ...] = ()
    pending: tuple[int, ...] = ()
    locked_until: int = 0
    lock_count: int = 0


@dataclass(frozen=True, slots=True)
class Reserved:
    """The attempt may be evaluated, and must then be settled with ``at``."""

    at: int


@dataclass(frozen=True, slots=True)
class Locked:
    until: int


@dataclass(frozen=True, slots=True)
class Busy:
    """As many attempts are in flight as may still fail; whether this one may be made shows when they settle."""


def reserve(window: Window, *, now: int, policy: AttemptPolicy) -> tuple[Window, Reserved | Locked | Busy]:
    """Ask for one attempt."""
    window = _aged(window, now, policy)
    if window.locked_until > now:
        return window, Locked(window.locked_until)
    if len(window.failures) + len(window.pending) >= policy.limit:
        return window, Busy()
    return replace(window, pending=(*window.pending, now)), Reserved(now)


def settle(window: Window, *, at: int, success: bool, now: int, policy: AttemptPolicy) -> tuple[Window, bool]:
    """Say how the attempt reserved ``at`` ended; whether this failure locked.

    A success is given back, even if it took so long that it was counted as a failure; earlier failures stay.
    """
    if success:
        if at in window.pending:
            return replace(window, pending=_without(window.pending, at)), False
        return replace(window, failures=_without(window.failures, at)), False
    if at not in window.pending:  # counted already, or forgotten by a success with another factor
        return window, False
    failed = replace(window, pending=_without(window.pending, at), failures=(*window.failures, at))
    locked = _locked_if_full(failed, now, policy)
    return locked, locked is not failed


def clear(window: Window, *, now: int) -> tuple[Window, bool]:
    """The person proved themselves by another factor: failures and lock are forgotten; whether there was a lock."""
    return Window(pending=window.pending), window.locked_until > now


def _aged(window: Window, now: int, policy: AttemptPolicy) -> Window:
    """The window at ``now``: stale attempts are failures, failures out of the rolling window are gone."""
    stale = tuple(at for at in window.pending if at <= now - policy.pending_for)
    failures = tuple(sorted(at for at in (*window.failures, *stale) if at > now - policy.window))
    quiet = now >= window.locked_until + policy.lock_steps[-1]
    aged = Window(
        failures=failures,
        pending=tuple(at for at in window.pending if at > now - policy.pending_for),
        locked_until=window.locked_until,
        lock_count=0 if quiet else window.lock_count,
    )
    return _locked_if_full(aged, now, policy)


def _locked_if_full(window: Window, now: int, policy: AttemptPolicy) -> Window:
    if len(window.failures) < policy.limit:
        return window
    step = policy.lock_steps[min(window.lock_count, len(policy.lock_steps) - 1)]
    return Window(pending=window.pending, locked_until=now + step, lock_count=window.lock_count + 1)


def _without(times: tuple[int, ...], at: int) -> tuple[int, ...]:
    """``times`` with one ``at`` less."""
    place = times.index(at) if at in times else len(times)
    return times[:place] + times[place + 1 :]


@dataclass(frozen=True, slots=True)
class SendPolicy:
    interval: int = 60
    """Seconds between two messages to one number."""
    daily: int = 10
    """Messages to one number in any 24 hours."""


@dataclass(frozen=True, slots=True)
class Refused:
    reason: Refusal
    until: int


def reserve_send(sent: Iterable[int], *, now: int, policy: SendPolicy) -> tuple[int, ...] | Refused:
    """The times of messages to remember with one more at ``now``, or why there is none and until when."""
    recent = tuple(sorted(at for at in sent if at > now - DAY))
    soonest = recent[-1] + policy.interval if recent else now
    if len(recent) >= policy.daily:
        return Refused(Refusal.SMS_DAILY_LIMIT, max(soonest, recent[-policy.daily] + DAY))
    if now < soonest:
        return Refused(Refusal.SMS_TOO_SOON, soonest)
    return (*recent, now)
