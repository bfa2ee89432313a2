"""What a session is worth: its strength, its methods' names, and whether it still lives.

Always true: the strength follows from the methods actually used in this session.
"""

from collections.abc import Collection, Iterable
from enum import StrEnum
from typing import NamedTuple

ACTIVITY_GRAIN = 60
"""``last_seen_at`` is written at most once in so many seconds, oftener where sessions may idle for few minutes."""


FRESH = 300
"""Seconds since the last active authentication in which the ways to sign in may be changed."""


class Method(StrEnum):
    """A way to authenticate, named as its ``amr`` value (RFC 8176)."""

    PASSWORD = "pwd"  # noqa: S105 - the registered name
    SMS = "sms"
    TOTP = "otp"
    PASSKEY = "pop"
    """With ``user``: the key's holder was verified by the authenticator, by a second factor of its own."""
    RECOVERY_CODE = "recovery_code"
    """RFC 8176 registers no name for a code from a list."""
    FACE = "face"
    """Checked by a vendor against the register; a device's own face unlock is a passkey's matter."""
    CERTIFICATE = "certificate"
    """The key of a CA's certificate, whose issuer does not say what guards it. No amr value: see `amr`."""
    CERTIFICATE_PIN = "certificate_pin"
    """The same, of an issuer that gives out keys which open by a PIN only."""
    CERTIFICATE_TOKEN = "certificate_token"  # noqa: S105 - a piece of hardware
    """The same, in hardware that the key does not leave."""
    ENTITY_CERTIFICATE = "entity_certificate"
    """An entity's certificate that names its human: it says who walks through the entity's door, no more."""
    SCAN = "scan"
    """Confirmed on a phone that was signed in: proves nothing by itself, the phone's own methods stand beside it."""
    SCANNED_PASSKEY = "scan_pop"
    """The phone was signed in by a passkey: two factors, yet nothing bound the scanned code to our origin."""


class Factor(StrEnum):
    """What kind of thing a method proves. Two of one kind are not two factors."""

    KNOWLEDGE = "knowledge"
    POSSESSION = "possession"
    INHERENCE = "inherence"
    DOOR = "door"
    """Somebody else's: it lets a person in, and adds nothing to what they have shown themselves (mandates.md)."""
    GUARDED_KEY = "guarded-key"
    """A key that opens by a PIN: two factors in one. Nothing binds it to our origin: who relays what is to be signed
    gets it signed, so that it is not resistant to phishing, in hardware or not."""
    REMOTE_KEY = "remote-key"
    """Such a key on another device, whose holder confirmed what could have been relayed: two factors, no more."""
    VERIFIED_KEY = "verified-key"
    """A key bound to our origin whose holder was verified: two factors in one, and resistant to phishing."""


FACTOR = {
    Method.PASSWORD: Factor.KNOWLEDGE,
    Method.SMS: Factor.POSSESSION,
    Method.TOTP: Factor.POSSESSION,
    Method.PASSKEY: Factor.VERIFIED_KEY,
    Method.RECOVERY_CODE: Factor.POSSESSION,
    Method.FACE: Factor.INHERENCE,
    Method.CERTIFICATE: Factor.POSSESSION,
    Method.CERTIFICATE_PIN: Factor.GUARDED_KEY,
    Method.CERTIFICATE_TOKEN: Factor.GUARDED_KEY,
    Method.ENTITY_CERTIFICATE: Factor.DOOR,
    Method.SCANNED_PASSKEY: Factor.REMOTE_KEY,
}
BY_CERTIFICATE = (Method.CERTIFICATE, Method.CERTIFICATE_PIN, Method.CERTIFICATE_TOKEN)
_AMR: dict[Method, tuple[str, ...]] = {
    Method.PASSKEY: ("pop", "user"),
    Method.CERTIFICATE: ("pop",),
    Method.CERTIFICATE_PIN: ("swk", "pop", "pin"),
    Method.CERTIFICATE_TOKEN: ("hwk", "pop", "pin"),
    Method.ENTITY_CERTIFICATE: ("pop",),
}
"""Of the methods whose values are not their names."""
BY_EACH_OTHER = frozenset({Method.PASSWORD, Method.SMS})
"""A phone sets a password, and a password changes a phone: for a day after, the two are one factor."""
_ORDER = (
    Method.PASSKEY, Method.TOTP, Method.PASSWORD, Method.SMS, Method.CERTIFICATE, Method.RECOVERY_CODE,
)  # fmt: skip
"""In which the ways to confirm are offered: the strongest first, what cannot be replaced last."""


class SessionEnd(StrEnum):
    SIGNED_OUT = "signed-out"
    IDLE = "idle"
    ABSOLUTE = "absolute"
    BY_PERSON = "ended-by-person"
    PASSWORD_CHANGED = "password-changed"  # noqa: S105
    PASSWORD_RESET = "password-reset"  # noqa: S105
    REPLACED = "replaced-by-sign-in"
    OPERATOR = "operator"
    ACCOUNT_SUSPENDED = "account-suspended"
    ACCOUNT_CLOSED = "account-closed"
    DISOWNED = "disowned-by-person"
    CERTIFICATE_ENDED = "certificate-ended"
    """The certificate that was signed in by is revoked, or bound no more."""


FORCED = frozenset(SessionEnd) - {SessionEnd.IDLE, SessionEnd.ABSOLUTE}
"""Ends that take ``offline_access`` grants along."""


class Session(NamedTuple):
    """A row of ``session``; times are Unix seconds."""

    id: str
    party_id: str
    created_at: int
    last_seen_at: int
    absolute_end: int
    auth_time: int
    proofs: int
    """How often the person has actively authenticated in it; 0: it began by what they did in another one."""
    methods: str
    sid_salt: str
    agent: str
    ended_at: int | None
    acting: str | None = None
    """For whom the person acts (`idp.entities.rules.Acting`); None: for themselves."""
    idle: int | None = None
    """Seconds it may idle, where those are fewer than everybody's."""

    @property
    def used(self) -> tuple[Method, ...]:
        return tuple(Method(name) for name in self.methods.split())

    @property
    def aal(self) -> int:
        return strength(self.used)

    @property
    def amr(self) -> list[str]:
        return amr(self.used)


def activity_grain(idle: int) -> int:
    """Seconds of activity that may go unwritten: a tenth of the idle limit at most, or it would end busy sessions."""
    return min(ACTIVITY_GRAIN, idle // 10)


def strength(methods: Iterable[Method]) -> int:
    """``aal``: 1 for one factor, 2 for two of different kinds, 3 for a passkey, which alone cannot be phished."""
    kinds = {FACTOR[method] for method in methods if method in FACTOR} - {Factor.DOOR}
    if Factor.VERIFIED_KEY in kinds:
        return 3
    whole = kinds & {Factor.GUARDED_KEY, Factor.REMOTE_KEY}
    return 2 if whole else min(2, max(1, len(kinds)))


def scanned(used: Iterable[Method]) -> list[Method]:
    """The methods of a browser's session that a phone, signed in by ``used``, has confirmed: 2 is all it is worth."""
    by_phone = (Method.SCANNED_PASSKEY if one is Method.PASSKEY else one for one in used)
    return list(dict.fromkeys([Method.SCAN, *by_phone]))


def amr(methods: Iterable[Method]) -> list[str]:
    """Authentication methods references (RFC 8176), with ``mfa`` for more than one factor."""
    used = list(methods)
    names = dict.fromkeys(name for method in used for name in _AMR.get(method, (str(method),)))
    return [*names, *(["mfa"] if strength(used) > 1 else [])]


def ways_to_reach(target: int, *, held: Collection[Method], used: Collection[Method]) -> list[Method]:
    """The methods of those ``held`` that bring a session, which has ``used`` some, to ``target`` by one step; where
    it has none of its person's own yet, those that are the first of two.
    """
    if strength(used) >= target:
        return []
    least = _least(target, held=held, used=used)
    return [m for m in _ORDER if m in held and m not in used and strength([*used, m]) >= least]


def ways_to_renew(needed: int, *, held: Collection[Method], used: Collection[Method]) -> list[Method]:
    """The methods after which the person has just proved themselves, at ``aal`` ``needed``; or half, as above."""
    least = _least(needed, held=held, used=used)
    return [m for m in _ORDER if m in held and strength([*used, m]) >= least]


def _least(target: int, *, held: Collection[Method], used: Collection[Method]) -> int:
    """What one step has to reach: ``target``, or anything for who came in by somebody else's key and can go on."""
    own = any(FACTOR[method] is not Factor.DOOR for method in used)
    return target if own or strength([*used, *held]) < target else 1


def may_change_methods(session: Session, *, attainable: int, now: int) -> bool:
    """Whether this session may change the ways to sign in: proved anew, and by two factors if the person has two.

    Else who has found out a password alone could add a passkey, and with it reach the highest strength. Nor does
    who came in by somebody else's key alone.
    """
    own = any(FACTOR.get(method, Factor.DOOR) is not Factor.DOOR for method in session.used)
    proved = own and session.proofs > 0
    return proved and session.aal >= min(2, attainable) and now - session.auth_time <= FRESH


def expiry(session: Session, *, idle: int, now: int) -> SessionEnd | None:
    """Why the session is over, or None while it lives."""
    if now >= session.absolute_end:
        return SessionEnd.ABSOLUTE
    if now - session.last_seen_at >= min(idle, session.idle or idle):
        return SessionEnd.IDLE
    return None
