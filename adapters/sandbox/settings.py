"""What the sandbox is told at its start: addresses, the shared key, limits, and its clock.

Always true: these settings never describe a production system; `refusal` names the reason when they would.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from adapters.sandbox.check_callbacks import Call, deliver
from adapters.sandbox.outgoing import Ask, ask

ROOT = Path(__file__).resolve().parents[2]
CA_DIRECTORY = Path("var/sandbox-ca")
AGENT_PORT = 8019
# Public on purpose; production refuses them.
SECRET = "sandbox-sms-secret-not-for-production"  # noqa: S105
POPULATION_SECRET = "sandbox-population-secret-not-for-production"  # noqa: S105
ENTERPRISE_SECRET = "sandbox-enterprise-secret-not-for-production"  # noqa: S105
BANK_CARD_SECRET = "sandbox-bank-card-secret-not-for-production"  # noqa: S105
PHOTOS_SECRET = "sandbox-photos-secret-not-for-production"  # noqa: S105
CAPTCHA_SECRET = "sandbox-captcha-secret-not-for-production"  # noqa: S105
SM2_SECRET = "sandbox-sm2-secret-not-for-production"  # noqa: S105
FACE_SECRET = "sandbox-face-secret-not-for-production"  # noqa: S105
BANK_SECRET = "sandbox-bank-secret-not-for-production"  # noqa: S105
SECRET_VARIABLES = {
    "TONGBAN_SMS__SECRET": "secret",
    "TONGBAN_REGISTERS__POPULATION__SECRET": "population_secret",
    "TONGBAN_REGISTERS__ENTERPRISE__SECRET": "enterprise_secret",
    "TONGBAN_BANK_CARD__SECRET": "bank_card_secret",
    "TONGBAN_PHOTO_READER__SECRET": "photos_secret",
    "TONGBAN_CAPTCHA__SECRET": "captcha_secret",
    "TONGBAN_CERTIFICATES__SM2_SERVER__SECRET": "sm2_secret",
    "TONGBAN_FACE__SECRET": "face_secret",
    "TONGBAN_BANK_CHANNEL__SECRET": "bank_secret",
}
"""The provider's own variables of the keys, which hold for the sandbox too, and the settings here they are."""


@dataclass(frozen=True, slots=True)
class SandboxSettings:
    """One running sandbox. ``clock`` and ``pause`` are what time is to it; both count seconds."""

    secret: str = SECRET
    population_secret: str = POPULATION_SECRET
    enterprise_secret: str = ENTERPRISE_SECRET
    bank_card_secret: str = BANK_CARD_SECRET
    photos_secret: str = PHOTOS_SECRET
    captcha_secret: str = CAPTCHA_SECRET
    sm2_secret: str = SM2_SECRET
    face_secret: str = FACE_SECRET
    bank_secret: str = BANK_SECRET
    issuer: str = "http://localhost:8000"
    tax: str = "http://tax.localhost:8101"
    social: str = "http://social.localhost:8102"
    people: Path = ROOT / "config" / "demo" / "people.toml"
    entries: Path = ROOT / "config" / "demo" / "registers.toml"
    """What the registers and banks know."""
    ca: Path | None = None
    """Directory in which the demo CAs outlive this process; None: they do not."""
    address: str = "http://localhost:8009"
    """Its own, as certificates name it for their revocation lists."""
    names: tuple[str, ...] = ("localhost", "127.0.0.1")
    """Host names it answers to: another one is a page elsewhere that had its name point here (DNS rebinding)."""
    max_messages: int = 5_000
    max_requests: int = 20_000
    """Idempotency keys, references, captcha challenges and checks remembered."""
    max_body: int = 16 * 1024
    clock_window: int = 300
    """How far a request's timestamp may be from the clock, either way."""
    clock: Callable[[], float] = time.time
    pause: Callable[[float], None] = time.sleep
    call: Call = deliver
    """How the vendors of checks call back: address, what to send, and how many seconds from now."""
    ask: Ask = ask
    """How the pretend phone speaks with the provider."""


def secrets_from(environment: Mapping[str, str]) -> dict[str, Any]:
    """The keys that are set there, by the names of `SandboxSettings`."""
    return {name: environment[variable] for variable, name in SECRET_VARIABLES.items() if environment.get(variable)}


def refusal(environment: Mapping[str, str], *, production: bool) -> str | None:
    """Why no sandbox may run here, or None. The provider's own variable tells when nobody says ``--production``."""
    if production or environment.get("TONGBAN_ENVIRONMENT", "").lower() == "production":
        return "the sandbox shows every message it gets to everybody: it never runs in production"
    return None
