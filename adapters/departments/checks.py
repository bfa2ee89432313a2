"""Owns the verification of answers to checks (name check, face check); what it returns is for this very matter.

Pure but for the key look-up and the memory of answers used, both passed in.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable
from dataclasses import dataclass

from adapters.departments import jws
from adapters.departments.errors import InvalidToken, TokenFault
from adapters.departments.settings import ClientSettings

_TYPES: frozenset[str | None] = frozenset({"check-result+jwt"})
_RESULTS = frozenset({"passed", "not_passed", "declined", "expired"})
UseOnce = Callable[[str, int], bool]
"""Told an answer's id and until when to remember it (Unix seconds): True the first time, over all processes of the
app.
"""


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
