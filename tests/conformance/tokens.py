"""Signed tokens as a careful relying party verifies them.

Always true: claims are returned only after the signature held under the key that the header's ``kid`` names.
"""

import base64
import hashlib
import json
import re
from dataclasses import dataclass
from typing import Any

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from tests.conformance.expect import Nonconformance, expect

SKEW = 300
"""Seconds two clocks may be apart."""
BASE64URL = re.compile(r"[A-Za-z0-9_-]+")
PRIVATE_PARTS = frozenset({"d", "p", "q", "dp", "dq", "qi", "k", "oth"})
NOT_IN_ID_TOKENS = frozenset(
    {
        "name", "given_name", "family_name", "middle_name", "nickname", "preferred_username", "profile", "picture",
        "website", "gender", "birthdate", "zoneinfo", "locale", "updated_at", "email", "email_verified", "address",
        "phone_number", "phone_number_verified",
    }
)  # fmt: skip
"""Claims that userinfo carries when an access token was issued (OpenID Connect Core 5.4)."""


@dataclass(frozen=True)
class Token:
    header: dict[str, Any]
    claims: dict[str, Any]


def header_of(compact: str, clause: str) -> dict[str, Any]:
    try:
        found = json.loads(_decoded(compact.split(".")[0]))
    except ValueError as problem:
        raise Nonconformance(clause, f"the token is no JWT: {compact[:40]!r}") from problem
    expect(isinstance(found, dict), clause, "the token's header is no object")
    return dict(found)


def check_keys(document: object) -> list[dict[str, Any]]:
    """The keys of a JWKS document that may be published (RFC 7517 4, 5; RFC 7518 6.2, 6.3)."""
    keys = document.get("keys") if isinstance(document, dict) else None
    if not isinstance(keys, list) or not keys:
        raise Nonconformance("RFC 7517 5", "jwks_uri serves no keys")
    for key in keys:
        secret = PRIVATE_PARTS & set(key)
        expect(not secret, "RFC 7518 6.3.2", f"the JWKS publishes private key material: {sorted(secret)}")
        expect(key.get("kid"), "OpenID Connect Core 10.1", "a key of the JWKS has no kid")
        numbers = [key[name] for name in ("n", "e", "x", "y") if name in key]
        sound = all(isinstance(number, str) and BASE64URL.fullmatch(number) for number in numbers)
        expect(numbers and sound, "RFC 7518 6", "a key of the JWKS is not in base64url without padding")
        if key.get("kty") == "RSA":
            expect(len(_decoded(key["n"])) >= 256, "RFC 7518 3.3", "an RSA key is shorter than 2048 bits")
    names = [key["kid"] for key in keys]
    expect(len(set(names)) == len(names), "RFC 7517 4.5", f"keys of the JWKS share a kid: {sorted(names)}")
    return keys


def verify(compact: str, keys: list[dict[str, Any]], *, algorithm: str, clause: str) -> Token:
    """Header and claims of a token signed with ``algorithm`` by the key its ``kid`` names."""
    header = header_of(compact, clause)
    expect(header.get("kid"), "OpenID Connect Core 10.1", "the token's header names no kid")
    known = {key["kid"]: key for key in keys}
    expect(header["kid"] in known, "OpenID Connect Core 10.1", "the token's kid is not in the JWKS")
    expect(header.get("alg") == algorithm, clause, f"the token is signed with {header.get('alg')}, not {algorithm}")
    try:
        key_set = KeySet.import_key_set({"keys": [known[header["kid"]]]})
        opened = jws.deserialize_compact(compact.encode("ascii"), key_set, algorithms=[algorithm])
        claims = json.loads(opened.payload)
    except (JoseError, ValueError) as problem:
        raise Nonconformance(clause, f"the token's signature does not hold: {problem}") from problem
    return Token(header, claims)


def check_id_token(
    claims: dict[str, Any], *, issuer: str, client_id: str, nonce: str | None, access_token: str, now: float
) -> None:
    """OpenID Connect Core 2, 3.1.3.7 and 5.4 for the code flow; ``now`` in Unix seconds."""
    rule = "OpenID Connect Core 3.1.3.7"
    _check_parties(claims, issuer, client_id, rule)
    expect(_whole(claims.get("exp")), rule, "the ID token has no exp")
    expect(claims["exp"] > now - SKEW, rule, "the ID token is expired")
    expect(_whole(claims.get("iat")), rule, "the ID token has no iat")
    expect(abs(claims["iat"] - now) < SKEW, rule, "the ID token's iat is not now")
    expect(claims.get("nonce") == nonce, "OpenID Connect Core 2", "the ID token's nonce is not the request's")
    if "at_hash" in claims:
        told = claims["at_hash"] == _half_hash(access_token)
        expect(told, "OpenID Connect Core 3.1.3.6", "at_hash is not of this access token")
    if "auth_time" in claims:
        expect(_whole(claims["auth_time"]), "OpenID Connect Core 2", "auth_time is no number")


def _check_parties(claims: dict[str, Any], issuer: str, client_id: str, rule: str) -> None:
    expect(claims.get("iss") == issuer, rule, f"the ID token's iss is {claims.get('iss')!r}, not the issuer")
    audience = claims.get("aud")
    named = audience if isinstance(audience, list) else [audience]
    expect(client_id in named, rule, "the ID token's aud does not name the client")
    expect(len(named) == 1 or claims.get("azp") == client_id, rule, "several audiences and no azp for this client")
    subject = claims.get("sub")
    expect(isinstance(subject, str) and subject, "OpenID Connect Core 2", "the ID token has no sub")
    short = isinstance(subject, str) and len(subject) <= 255 and subject.isascii()
    expect(short, "OpenID Connect Core 2", "sub is longer than 255 ASCII characters")


def check_lean(claims: dict[str, Any], asked: frozenset[str] = frozenset()) -> None:
    """An ID token beside an access token carries no userinfo claims unless ``claims`` asked for them (Core 5.4)."""
    extra = (NOT_IN_ID_TOKENS & set(claims)) - asked
    expect(not extra, "OpenID Connect Core 5.4", f"the ID token carries userinfo claims: {sorted(extra)}")


STRINGS = (
    "sub", "name", "given_name", "family_name", "middle_name", "nickname", "preferred_username", "profile", "picture",
    "website", "email", "gender", "birthdate", "zoneinfo", "locale", "phone_number",
)  # fmt: skip
ADDRESS = frozenset({"formatted", "street_address", "locality", "region", "postal_code", "country"})


def check_standard_claims(claims: dict[str, Any]) -> None:
    """Types and formats of the standard claims (OpenID Connect Core 5.1); nothing may be null (5.3.2)."""
    rule = "OpenID Connect Core 5.1"
    expect(None not in claims.values(), "OpenID Connect Core 5.3.2", "a claim is null instead of left out")
    for name in STRINGS:
        expect(isinstance(claims.get(name, ""), str), rule, f"{name} is no string")
    for name in ("email_verified", "phone_number_verified"):
        expect(isinstance(claims.get(name, True), bool), rule, f"{name} is no boolean")
    updated = claims.get("updated_at", 0)
    expect(isinstance(updated, int | float) and not isinstance(updated, bool), rule, "updated_at is no number")
    born = claims.get("birthdate", "0000-01-01")
    expect(re.fullmatch(r"\d{4}(-\d{2}-\d{2})?", str(born)), rule, f"birthdate is not YYYY-MM-DD: {born!r}")
    phone = str(claims.get("phone_number", "+8613800138000"))
    expect(re.fullmatch(r"\+\d{6,15}(;ext=\d+)?", phone.replace(" ", "").replace("-", "")), rule, "no E.164 phone")
    _check_address(claims.get("address", {}), rule)


def _check_address(address: object, rule: str) -> None:
    if not isinstance(address, dict):
        raise Nonconformance(rule, "address is no object")
    for name, value in address.items():
        expect(name not in ADDRESS or isinstance(value, str), rule, f"address.{name} is no string")


def _half_hash(access_token: str) -> str:
    half = hashlib.sha256(access_token.encode("ascii")).digest()[:16]
    return base64.urlsafe_b64encode(half).rstrip(b"=").decode("ascii")


def _decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
