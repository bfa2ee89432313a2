"""The pretend USB key of the agent: which certificates it holds, its PIN, and what it refuses.

Always true: it signs nothing before a right PIN, and after five wrong ones in a row it is locked until it is plugged
in anew.
"""

from collections.abc import Callable, Mapping
from enum import IntEnum
from threading import Lock
from typing import NamedTuple, TypeAlias

from adapters.sandbox.ca import TITLES, DemoAuthority, Issued
from adapters.sandbox.ca_cast import Scene
from adapters.sandbox.ca_keys import Kind

PIN = "111111"
CANCELLED_PIN = "222222"
PULLED_PIN = "333333"
TRIES = 5
HOLDS = (
    (Kind.SM2, "person"),
    (Kind.SM2, "enterprise"),
    (Kind.SM2, "enterprise-holder"),
    (Kind.SM2, "encryption"),
    (Kind.SM2, "revoked"),
    (Kind.SM2, "expired"),
    (Kind.RSA, "person"),
    (Kind.P256, "person"),
)


class Fault(IntEnum):
    """Why nothing was done; the number is the answer's ``error``."""

    BAD_REQUEST = 1
    NO_DEVICE = 2
    NO_CERTIFICATE = 3
    WRONG_PIN = 4
    LOCKED = 5
    NOT_LOGGED_IN = 6
    CANCELLED = 7


MAGIC_PINS: Mapping[str, Fault] = {CANCELLED_PIN: Fault.CANCELLED, PULLED_PIN: Fault.NO_DEVICE}
"""What happens instead of a signature when one of these is entered."""


class Pair(NamedTuple):
    """One certificate with its key in the device; ``id`` is what callers name it by."""

    id: str
    authority: DemoAuthority
    scene: Scene

    @property
    def name(self) -> str:
        return f"{self.scene.holder.shown} {TITLES[self.authority.kind]} {self.scene.what}"


Tried: TypeAlias = Issued | Fault


class Device:
    """Safe for several threads. ``clock``: Unix seconds."""

    def __init__(self, authorities: Mapping[Kind, DemoAuthority], clock: Callable[[], float]) -> None:
        self._lock = Lock()
        self._clock = clock
        self._pairs = {
            f"{kind}-{key}": Pair(f"{kind}-{key}", authorities[kind], authorities[kind].cast[key])
            for kind, key in HOLDS
        }
        self._plugged = True
        self._left = TRIES
        self._open: set[str] = set()

    @property
    def now(self) -> int:
        return int(self._clock())

    @property
    def plugged(self) -> bool:
        return self._plugged

    @property
    def tries_left(self) -> int:
        return self._left

    def plug(self, *, there: bool) -> None:
        """Plug it in, which unlocks it as well, or pull it out."""
        with self._lock:
            self._plugged, self._left = there, TRIES
            self._open.clear()

    def pairs(self) -> tuple[Pair, ...]:
        """What it holds; nothing while it is not there."""
        return tuple(self._pairs.values()) if self._plugged else ()

    def log_in(self, name: str, pin: str) -> Fault | None:
        with self._lock:
            fault = self._refusal(name) or self._pin_fault(pin)
            if fault is None:
                self._left = TRIES
                self._open.add(name)
            else:
                self._open.discard(name)
            return fault

    def log_out(self, name: str) -> None:
        with self._lock:
            self._open.discard(name)

    def certificate(self, name: str) -> Tried:
        """What anybody may have of it."""
        with self._lock:
            fault = self._refusal(name)
        return fault or self._issued(name)

    def signing(self, name: str) -> Tried:
        """The certificate with its key, once the PIN was right."""
        with self._lock:
            fault = self._refusal(name) or (None if name in self._open else Fault.NOT_LOGGED_IN)
        return fault or self._issued(name)

    def _refusal(self, name: str) -> Fault | None:
        if not self._plugged:
            return Fault.NO_DEVICE
        return None if name in self._pairs else Fault.NO_CERTIFICATE

    def _pin_fault(self, pin: str) -> Fault | None:
        if self._left == 0:
            return Fault.LOCKED
        if pin in MAGIC_PINS:
            return MAGIC_PINS[pin]
        if pin == PIN:
            return None
        self._left -= 1
        return Fault.WRONG_PIN if self._left else Fault.LOCKED

    def _issued(self, name: str) -> Issued:
        pair = self._pairs[name]
        return pair.authority.certificate(pair.scene, now=self.now)
