"""Owns the step-up challenge of an API (RFC 9470 section 3): how it says that a sign-in is too weak or old.

Pure. What `step_up_challenge` writes, `read_challenge` reads back as the same demand.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from adapters.departments.errors import ConfigurationError
from adapters.departments.levels import Demand, demand

ERROR = "insufficient_user_authentication"
NO_TOKEN = "Bearer"  # noqa: S105 - a challenge
"""The `WWW-Authenticate` of an answer to a request without a token (RFC 6750 section 3)."""
INVALID_TOKEN = 'Bearer error="invalid_token"'  # noqa: S105 - a challenge
"""The `WWW-Authenticate` of an answer to a token that does not verify (RFC 6750 section 3.1)."""
_LONGEST = 8 * 1024
_TOKEN = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"  # noqa: S105 - RFC 9110 5.6.2
_PARAMETER = re.compile(rf'(?P<name>{_TOKEN})[ \t]*=[ \t]*(?:(?P<word>{_TOKEN})|"(?P<quoted>(?:[^"\\]|\\.)*)")')
_SCHEME = re.compile(rf"(?P<scheme>{_TOKEN})(?P<token68>[ \t]+[0-9A-Za-z._~+/-]+=*(?=[ \t]*(?:,|$)))?(?=[ \t,]|$)")
_GAP = re.compile(r"[ \t,]*")


def step_up_challenge(asked: Demand) -> str:
    """The value of `WWW-Authenticate` that asks for another sign-in; the status beside it is 401."""
    parts = [f'Bearer error="{ERROR}"', 'error_description="A stronger or newer sign-in is needed"']
    if asked.values:
        parts.append(f"acr_values={_quoted(' '.join(asked.values))}")
    if asked.max_age is not None:
        parts.append(f'max_age="{asked.max_age}"')
    return ", ".join(parts)


def read_challenge(header: str) -> Demand | None:
    """What an API's `WWW-Authenticate` asks for, to be handed to a new sign-in; None if it asks for no step-up.

    Reads a header with several challenges; one that is malformed, or asks for nothing, is none.
    """
    if len(header) > _LONGEST:
        return None
    for scheme, parameters in _challenges(header):
        if scheme == "bearer" and parameters.get("error") == ERROR:
            return _demand(parameters)
    return None


def require_level(
    claims: Mapping[str, Any],
    level: str | tuple[str, ...] = (),
    max_age: int | None = None,
    *,
    now: int,
    leeway: int = 60,
) -> str | None:
    """None if the sign-in behind a verified access token is strong and new enough, else the challenge to answer with.

    level, max_age: as for `flask.login_required`. now: Unix seconds; leeway: seconds our clocks may differ.
    """
    asked = demand(level, max_age=max_age)
    return None if asked.satisfied_by(claims, now=now, leeway=leeway) else step_up_challenge(asked)


def _demand(parameters: Mapping[str, str]) -> Demand | None:
    age = parameters.get("max_age")
    if age is not None and (not age.isascii() or not age.isdecimal() or len(age) > 10):
        return None
    values = tuple(parameters.get("acr_values", "").split(" ")) if parameters.get("acr_values") else ()
    if not values and age is None:
        return None
    try:
        return demand(values, max_age=None if age is None else int(age))
    except ConfigurationError:
        return None


def _challenges(header: str) -> Iterator[tuple[str, dict[str, str]]]:
    """Scheme in lower case, and its parameters by name in lower case; ends at the first thing that is neither."""
    found: list[tuple[str, dict[str, str]]] = []
    at = _skipped(header, 0)
    while at < len(header):
        if (parameter := _PARAMETER.match(header, at)) and found:
            name = parameter["name"].lower()
            if name in found[-1][1]:  # a repeated one makes the challenge ambiguous (RFC 9110 11.2)
                return
            word, quoted = parameter["word"], parameter["quoted"]
            found[-1][1][name] = word if word is not None else re.sub(r"\\(.)", r"\1", quoted)
            at = parameter.end()
        elif scheme := _SCHEME.match(header, at):
            found.append((scheme["scheme"].lower(), {}))
            at = scheme.end()
        else:
            return
        at = _skipped(header, at)
    yield from found


def _skipped(header: str, at: int) -> int:
    gap = _GAP.match(header, at)
    return gap.end() if gap else at


def _quoted(text: str) -> str:
    """A quoted-string (RFC 9110 5.6.4)."""
    return '"' + re.sub(r'(["\\])', r"\\\1", text) + '"'
