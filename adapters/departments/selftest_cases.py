"""Owns the tokens of the self-test, and the issuer that stands in for the provider while it runs.

Always true: of all cases one is good, and each of the others is wrong in one way alone.
"""

from __future__ import annotations

import json
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from joserfc import jwt
from joserfc.jwk import ECKey

from adapters.departments.delegation import TYP
from adapters.departments.representing import Power

_ELSEWHERE = "https://another-api.example/represented"


@dataclass(frozen=True, slots=True)
class Case:
    """A token and what it is an instance of. `good`: it has to be taken; of all others none may be."""

    name: str
    token: str | None = field(repr=False)
    good: bool = False


class Issuer:
    """Stands in for the provider: its address, a key that nobody keeps, and the documents of both."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.key = ECKey.generate_key(
            "P-256", {"kid": f"selftest-{secrets.token_hex(6)}", "use": "sig", "alg": "ES256"}
        )

    @property
    def documents(self) -> dict[str, dict[str, Any]]:
        """By path."""
        described = {
            "issuer": self.address,
            "authorization_endpoint": f"{self.address}/authorize",
            "token_endpoint": f"{self.address}/token",
            "jwks_uri": f"{self.address}/jwks",
            "response_types_supported": ["code"],
            "subject_types_supported": ["pairwise"],
            "code_challenge_methods_supported": ["S256"],
            "id_token_signing_alg_values_supported": ["ES256"],
        }
        names = ("/.well-known/openid-configuration", "/.well-known/oauth-authorization-server")
        return {"/jwks": {"keys": [self.key.as_dict(private=False)]}, **dict.fromkeys(names, described)}

    def sign(self, claims: dict[str, Any], *, key: ECKey | None = None, typ: str | None = TYP) -> str:
        """A token; `typ` None leaves the header out."""
        header = {"alg": "ES256", "kid": self.key.kid} | ({"typ": typ} if typ is not None else {})
        return jwt.encode(header, claims, key or self.key, algorithms=["ES256"])


def good_claims(issuer: str, audience: str, *, matter: Power, now: int) -> dict[str, Any]:
    """What the provider would say of an employee who acts for a company through an agency."""
    agency = "pw_selftest_agency"
    power = {
        **matter.as_detail(),
        "mandate": "mnd_selftest",
        "chain": [{"sub": agency, "capacity": "intermediary"}],
    }
    return {
        "iss": issuer,
        "aud": audience,
        "sub": "pw_selftest_company",
        "client_id": "selftest",
        "gid": "selftest",
        "jti": secrets.token_hex(8),
        "iat": now,
        "exp": now + 600,
        "act": {
            "sub": "pw_selftest_employee",
            "capacity": "handler",
            "ial": 3,
            "aal": 2,
            "act": {"sub": agency, "kind": "legal_entity", "capacity": "intermediary"},
        },
        "authorization_details": [power],
    }


def cases(issuer: Issuer, audience: str, *, matter: Power, now: int) -> list[Case]:
    """Every token the API is called with, the good one first."""
    good = good_claims(issuer.address, audience, matter=matter, now=now)
    human = {name: value for name, value in good.items() if name not in ("act", "authorization_details")}
    human |= {"sub": "pw_selftest_employee", "scope": "openid"}
    signed = issuer.sign(good)
    return [
        Case("a token that says who acts for whom", signed, good=True),
        Case("no token", None),
        Case("the human's own access token (at+jwt)", issuer.sign(human, typ="at+jwt")),
        Case("a delegation under the type of an access token", issuer.sign(good, typ="at+jwt")),
        Case("a delegation without a type", issuer.sign(good, typ=None)),
        Case("a delegation under type JWT", issuer.sign(good, typ="JWT")),
        *_altered(issuer, good, now),
        Case("signed by somebody else's key", issuer.sign(good, key=ECKey.generate_key("P-256"))),
        Case("not signed (alg none)", _unsigned(good)),
        Case("altered after it was signed", _altered_payload(signed)),
    ]


def _altered(issuer: Issuer, good: dict[str, Any], now: int) -> Iterator[Case]:
    def case(name: str, *without: str, **changes: Any) -> Case:
        claims = {member: value for member, value in {**good, **changes}.items() if member not in without}
        return Case(name, issuer.sign(claims))

    yield case("for another API", aud=_ELSEWHERE)
    yield case("for two APIs", aud=[good["aud"], _ELSEWHERE])
    yield case("without an audience", "aud")
    yield case("of another issuer", iss="https://somebody-else.example")
    yield case("expired", iat=now - 4200, exp=now - 3600)
    yield case("without an end", "exp")
    yield case("good for an hour", exp=now + 3600)
    yield case("without the human (no act)", "act")
    yield case("with a human who has no name (act without sub)", act={"capacity": "handler"})
    yield case("without powers", "authorization_details")
    yield case("with an empty list of powers", authorization_details=[])
    yield case("with powers of another type", authorization_details=[{"type": "payment", "actions": ["pay"]}])
    yield case("with a generic scope in place of powers", "authorization_details", scope="represented write")
    yield case("with a generic scope beside its powers", scope="represented write")


def _unsigned(claims: dict[str, Any]) -> str:
    parts = (json.dumps({"alg": "none", "typ": TYP}), json.dumps(claims))
    return ".".join([*(_base64(part.encode()) for part in parts), ""])


def _altered_payload(token: str) -> str:
    header, payload, signature = token.split(".")
    claims = json.loads(_unbase64(payload)) | {"sub": "pw_selftest_another"}
    return ".".join((header, _base64(json.dumps(claims).encode()), signature))


def _base64(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def _unbase64(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))
