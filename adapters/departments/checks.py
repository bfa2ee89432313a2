"""Owns what is said about checks (name check, face check) and the verification of their answers; what it returns is
for this very matter.

Pure but for the key look-up and the memory of answers used, both passed in.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from adapters.departments import jws
from adapters.departments.errors import (
    ConfigurationError,
    InvalidToken,
    ProviderRefused,
    ProviderUnavailable,
    TokenFault,
)
from adapters.departments.settings import ClientSettings
from adapters.departments.transport import Response

_TYPES: frozenset[str | None] = frozenset({"check-result+jwt"})
_PATHS = {"name_check": "name-checks", "face_check": "face-checks"}
_RESULTS = frozenset({"passed", "not_passed", "declined", "expired"})
UseOnce = Callable[[str, int], bool]
"""Told an answer's id and until when to remember it (Unix seconds): True the first time, over all processes of the
app.
"""


@dataclass(frozen=True, slots=True)
class StartedCheck:
    """A check that waits for the person at `person_url`, until `expires_at` (Unix seconds)."""

    id: str
    person_url: str
    expires_at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """What the app asked, and of whom. `check`: `name_check` or `face_check`; `subject`: the person's `sub`."""

    check: str
    matter: str
    subject: str
    nonce: str
    purpose: str
    """As it was granted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckResult:
    """A verified answer. `result`: `passed`, `not_passed`, `declined` or `expired`; `time`: Unix seconds."""

    id: str
    result: str
    purpose: str
    time: int

    @property
    def passed(self) -> bool:
        return self.result == "passed"


def verify_check_result(
    token: str,
    *,
    settings: ClientSettings,
    find_key: jws.FindKey,
    expected: Expected,
    use_once: UseOnce,
    now: int,
) -> CheckResult:
    """The answer in `token`, if it answers what was `expected` and was not used before. Raises `InvalidToken`."""
    claims = jws.verified_claims(token, find_key=find_key, algorithm=settings.id_token_algorithm, types=_TYPES)
    jws.check_addressee(claims, issuer=settings.issuer, client_id=settings.client_id)
    _, ends = jws.check_times(claims, now=now, leeway=settings.leeway)
    for name, value, fault in (
        ("check", expected.check, TokenFault.PURPOSE),
        ("matter", expected.matter, TokenFault.MATTER),
        ("sub", expected.subject, TokenFault.SUBJECT),
        ("nonce", expected.nonce, TokenFault.NONCE),
        ("purpose", expected.purpose, TokenFault.PURPOSE),
    ):
        sent = jws.text(claims, name, fault)
        if not hmac.compare_digest(sent.encode("utf-8", "replace"), value.encode()):
            raise InvalidToken(fault)
    result = jws.text(claims, "result", TokenFault.MALFORMED)
    if result not in _RESULTS:
        raise InvalidToken(TokenFault.MALFORMED)
    found = CheckResult(
        id=jws.text(claims, "jti", TokenFault.TOKEN_ID),
        result=result,
        purpose=jws.text(claims, "purpose", TokenFault.PURPOSE),
        time=jws.seconds(claims, "time", TokenFault.ISSUED_AT),
    )
    good_until = ends + settings.leeway + 1  # as long as it would be taken again
    if not use_once(found.id, good_until):  # last, so that nothing but a good answer is remembered
        raise InvalidToken(TokenFault.REPLAYED)
    return found


def check_address_of(settings: ClientSettings, check: str, *, origin: str) -> str:
    """Where a kind of check is asked for: at ``origin``, for who has a certificate to show, else at the issuer.

    Raises `ConfigurationError` for a kind that does not exist.
    """
    if check not in _PATHS:
        raise ConfigurationError(f"no such check: {check}")
    base = origin if settings.certificate_file else settings.issuer.rstrip("/")
    return f"{base}/capabilities/v1/{_PATHS[check]}"


def read_started(told: dict[str, Any], settings: ClientSettings) -> StartedCheck:
    """What the provider says of a check it has begun; it sends people to pages of its own, or it is not believed."""
    key, url, ends = (told.get(name) for name in ("id", "person_url", "expires_at"))
    if not isinstance(key, str) or not isinstance(url, str) or type(ends) is not int:
        raise ProviderUnavailable("the answer to a check that was asked for cannot be read")
    if not url.startswith(f"{settings.issuer.rstrip('/')}/"):
        raise ProviderUnavailable("the person is to be sent to another site")
    return StartedCheck(key, url, ends)


def read_answer(told: dict[str, Any]) -> str | None:
    """The signed answer, None while there is none."""
    if told.get("state") == "waiting":
        return None
    result = told.get("result")
    if not isinstance(result, str):
        raise ProviderUnavailable("the answer to a check cannot be read")
    return result


def check_refusal(response: Response) -> ProviderRefused | ProviderUnavailable:
    """A problem of the 4xx (RFC 9457) is a decision, named by the last part of its type; all else says nothing."""
    if not 400 <= response.status < 500:
        return ProviderUnavailable(f"the check was answered {response.status}")
    problem = response.json_object().get("type")
    if not isinstance(problem, str):
        return ProviderUnavailable(f"the check was answered {response.status} without a problem")
    return ProviderRefused(problem.rpartition(":")[2][:60], status=response.status)
