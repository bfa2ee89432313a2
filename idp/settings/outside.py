"""Sections of what stands outside: providers, registers, and whatever is asked over HTTP.

Always true: a secret shared with the sandbox is known to everybody, and production refuses it.
"""

from pathlib import Path
from typing import Literal

from pydantic import Field, PositiveFloat, PositiveInt

from idp.settings.section import Section


class SmsFallback(Section):
    """A second SMS provider of the same contract, for when the first does not take messages (docs/providers.md)."""

    url: str = ""
    """Empty: there is none."""
    secret: str = ""
    """Key of the request signature, shared with this provider alone; 32 characters or more."""
    after: PositiveInt = 2
    """How often a message is offered to the first provider before this one gets a turn."""
    breaker_failures: PositiveInt = 5
    """Failures in a row after which a process leaves a provider alone for a while; messages go to the other then."""
    breaker_pause: PositiveFloat = 30.0
    """That while, after which one message tries whether the provider is back."""


class Sms(Section):
    """The SMS provider (docs/providers.md)."""

    url: str = "http://localhost:8009/sms/v1/messages"
    secret: str = "sandbox-sms-secret-not-for-production"
    """Key of the request signature, shared with the provider; 32 characters or more."""
    timeout: float = 3.0
    fallback: SmsFallback = SmsFallback()


class Register(Section):
    """An outside register, asked over HTTP (docs/providers.md)."""

    url: str = ""
    secret: str = ""
    """Key of the signatures of questions and answers, shared with the register; 32 characters or more."""
    timeout: PositiveFloat = 3.0
    """How long one answer is waited for."""
    breaker_failures: PositiveInt = 5
    """Failures in a row after which a process asks no more for a while; such questions are answered at once."""
    breaker_pause: PositiveFloat = 30.0
    """That while, after which one question tries whether the register is back."""


class Population(Register):
    """The population register: do a name and a document number belong together (docs/providers.md)?"""

    url: str = "http://localhost:8009/population/v1/checks"
    secret: str = "sandbox-population-secret-not-for-production"


class Enterprise(Register):
    """The enterprise register: what is this entity, and who represents it (docs/providers.md)?"""

    url: str = "http://localhost:8009/enterprise/v1/lookups"
    secret: str = "sandbox-enterprise-secret-not-for-production"


class Captcha(Register):
    """A provider of the digits of `limits.captcha`, asked like a register (docs/providers.md)."""

    url: str = ""
    """Empty: the house makes its own, as it does while the provider is away."""
    secret: str = "sandbox-captcha-secret-not-for-production"
    timeout: PositiveFloat = 2.0
    breaker_failures: PositiveInt = 1


class BankCard(Register):
    """The switch that asks banks about their cards, in the form of a register (docs/providers.md)."""

    url: str = ""
    """Empty: nobody is confirmed by their bank here."""
    secret: str = "sandbox-bank-card-secret-not-for-production"


class PhotoReader(Register):
    """The service that reads photos of documents, asked like a register by the worker (docs/providers.md)."""

    url: str = ""
    """Empty: no photos are read."""
    secret: str = "sandbox-photos-secret-not-for-production"
    timeout: PositiveFloat = 8.0


class CheckService(Register):
    """A vendor that checks people on pages of its own (docs/providers.md)."""

    url: str = ""
    """Where ``/transactions`` and ``/results`` stand under; empty: no such checks are offered."""
    issuer: str = ""
    """The ``iss`` of its results, which evidence keeps as its name."""
    title: str = ""
    """What people read of who it is, before they agree; empty: its kind."""
    title_en: str = ""
    vendor_keys: str = ""
    """Its public keys, a JWKS in JSON; each key has its ``kid`` and its ``alg`` (ES256, ES384, RS256, PS256)."""
    pages: tuple[str, ...] = ("http://localhost:8009",)
    """Origins of the pages it may send people to, ``https://host[:port]``."""
    least_score: float = Field(default=0.8, ge=0, le=1)
    """A result below it has not passed; 0 takes results that come without a score."""


class Face(CheckService):
    """The face-check vendor."""

    secret: str = "sandbox-face-secret-not-for-production"
    issuer: str = "http://localhost:8009/face"
    vendor_keys: str = (
        '{"keys":[{"kty":"EC","crv":"P-256","alg":"ES256","use":"sig","kid":"sandbox-face-not-for-production",'
        '"x":"tvhpEEV9j8vXiuPQ29nqLylHo8di5IBFsn0W9p5Re0Q","y":"tC4v3GesJBiTZYQ0BzhN6qmMKOxOb1B1BVwXNTC50cM"}]}'
    )
    variant: Literal["redirect", "sdk"] = "redirect"
    """How browsers get there: to a page of the vendor's, or by its software in an app, which takes a token."""


class BankChannel(CheckService):
    """The banks' own channel, where the person signs in to their bank."""

    secret: str = "sandbox-bank-secret-not-for-production"
    issuer: str = "http://localhost:8009/bank"
    vendor_keys: str = (
        '{"keys":[{"kty":"EC","crv":"P-256","alg":"ES256","use":"sig","kid":"sandbox-bank-not-for-production",'
        '"x":"YHe3ZZ7P7e9em4d5w29yFLKByTmVk-1E5PQukYagLv0","y":"3f4uPewrsdavy7EJmKBiEQGdpE7qL-75Epd7fsIMZFg"}]}'
    )
    least_score: float = Field(default=0, ge=0, le=1)
    """A bank gives none."""


class Registers(Section):
    population: Population = Population()
    enterprise: Enterprise = Enterprise()


class Outbound(Section):
    """The guarded client for addresses that departments registered."""

    allow: tuple[str, ...] = ()
    """Networks (CIDR) or host names that may be reached although private, e.g. the government intranet."""
    timeout: float = 3.0
    max_bytes: int = 64 * 1024
    ca_file: Path | None = None
    """Further trusted certificate authorities, PEM."""
