"""Claims: which scope carries which, what the ``claims`` parameter asks, and what is released.

Always true: a claim leaves only if a scope that carries it is registered for the client and covered by the grant.
"""

from collections.abc import Collection, Container, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from idp.accounts.actions import Person
from idp.clients.capabilities import is_reference

SCOPE_CLAIMS: Mapping[str, tuple[str, ...]] = {
    "profile": (
        "name",
        "family_name",
        "given_name",
        "middle_name",
        "nickname",
        "preferred_username",
        "profile",
        "picture",
        "website",
        "gender",
        "birthdate",
        "zoneinfo",
        "locale",
        "updated_at",
    ),
    "email": ("email", "email_verified"),
    "address": ("address",),
    "phone": ("phone_number", "phone_number_verified"),
    "real_name": ("name", "name_verified"),
    "id_document": ("document_type", "document_number"),
    "represented": ("represented", "represented_status", "mandate"),
    "authority": ("verified_claims",),
    "legal_entity": ("legal_entity",),
    "legacy_sub": ("legacy_sub",),
}
"""OpenID Connect Core 5.4, the two scopes of a person's document, the three of whom the person acts for, and the
app's own earlier account of the person."""
CARRIER = {claim: scope for scope, claims in reversed(list(SCOPE_CLAIMS.items())) for claim in claims}
"""Of two scopes with the same claim the first: ``name`` asked by name is the profile's."""
_CHECKED = 2
"""The identity level from which a document's number is told in full."""
_MAX_REQUESTED = 60
FACE_CHECK = "face_check"
"""The claim of a face check for one matter; carried by no scope but by a capability of the client's."""
_CHECK = "check"


def carriers(names: Collection[str]) -> frozenset[str]:
    """The scopes that carry these claims; names nobody knows have none."""
    return frozenset(CARRIER[name] for name in names if name in CARRIER)


@dataclass(frozen=True, slots=True)
class FaceClaim:
    """``face_check`` asked of the ID token. ``matter``: the app's own name for what it is about."""

    matter: str
    essential: bool


@dataclass(frozen=True, slots=True)
class ClaimsRequest:
    """The ``claims`` parameter (Core 5.5): names asked of userinfo and of the ID token, its acr demand and its face
    check.
    """

    userinfo: frozenset[str] = frozenset()
    id_token: frozenset[str] = frozenset()
    acr: tuple[str, ...] = ()
    acr_essential: bool = False
    sub: str | None = None
    face: FaceClaim | None = None

    def scopes(self) -> frozenset[str]:
        """The scopes that carry what is asked for by name."""
        return carriers(self.userinfo | self.id_token)

    def kept(self, scopes: Container[str], *, check: str | None = None) -> str | None:
        """What a grant remembers of it, as a ``claims`` parameter: names that the client's ``scopes`` carry now.

        A scope it registers for later was not agreed to. Values that came along are not kept. ``check``: the one that
        was passed for this request, to be read by `check_in`.
        """
        members = {"userinfo": self.userinfo, "id_token": self.id_token}
        known = {
            member: dict.fromkeys(sorted(name for name in names if CARRIER.get(name, "") in scopes))
            for member, names in members.items()
        }
        done = {_CHECK: check} if check else {}
        return orjson.dumps(known | done).decode() if done or any(known.values()) else None


NO_CLAIMS = ClaimsRequest()


def parse_claims(text: str) -> ClaimsRequest | None:
    """The request in ``text``, or None when it is not one. Unknown members and claims are ignored (Core 5.5).

    ``face_check`` means nothing without its matter: an object that names none is no request.
    """
    try:
        data = orjson.loads(text)
    except orjson.JSONDecodeError:
        return None
    if not isinstance(data, dict):
        return None
    userinfo, id_token = data.get("userinfo"), data.get("id_token")
    if not _is_request(userinfo) or not _is_request(id_token):
        return None
    id_token = id_token or {}
    acr = id_token.get("acr") or {}
    wanted = [acr["value"]] if "value" in acr else acr.get("values", [])
    sub = (id_token.get("sub") or {}).get("value")
    if not isinstance(wanted, list) or not all(isinstance(v, str) for v in wanted) or not isinstance(sub, str | None):
        return None
    if sub is not None and "\0" in sub:  # JSON can say it, no database can look it up
        return None
    face = id_token.get(FACE_CHECK)
    if face is not None and not is_reference(face.get("matter")):
        return None
    return ClaimsRequest(
        userinfo=frozenset(userinfo or {}),
        id_token=frozenset(id_token),
        acr=tuple(wanted),
        acr_essential=acr.get("essential") is True,
        sub=sub,
        face=None if face is None else FaceClaim(face["matter"], face.get("essential") is True),
    )


def check_in(kept: str | None) -> str | None:
    """The check that a grant remembers (`ClaimsRequest.kept`)."""
    return orjson.loads(kept).get(_CHECK) if kept else None


def _is_request(member: Any) -> bool:
    if member is None:
        return True
    return (
        isinstance(member, dict)
        and len(member) <= _MAX_REQUESTED
        and all(value is None or isinstance(value, dict) for value in member.values())
    )


def release(
    person: Person, *, scopes: Collection[str], named: frozenset[str], granted: frozenset[str], ial: int, now: int
) -> dict[str, Any]:
    """The claims of ``scopes``, and those ``named`` that a ``granted`` scope carries, as far as they are known.

    ``ial``: the identity level the grant was given at.
    """
    names = {claim for scope in scopes for claim in SCOPE_CLAIMS.get(scope, ())}
    names |= {claim for claim in named if CARRIER.get(claim) in granted}
    known = _known(person) | _documented(person, ial=ial, now=now)
    if "real_name" in scopes and person.identity:
        known["name"] = person.identity.name.value
    elif "profile" not in scopes and not ("name" in named and "profile" in granted):
        known.pop("name", None)  # what a profile says is no real name
    return {name: known[name] for name in known if name in names}


def _known(person: Person) -> dict[str, Any]:
    claims = dict(person.profile)
    if person.user_name:
        claims["preferred_username"] = person.user_name.value
    if person.mobile:
        claims |= {"phone_number": person.mobile.e164, "phone_number_verified": True}
    if person.updated_at is not None:
        claims["updated_at"] = person.updated_at
    return claims


def _documented(person: Person, *, ial: int, now: int) -> dict[str, Any]:
    """What the document recorded last says; its number in full only while it is valid and the person was checked."""
    identity = person.identity
    if identity is None:
        return {"name_verified": False}
    valid = identity.valid_to is None or identity.valid_to > now
    number = identity.document.value if valid and ial >= _CHECKED else identity.document.masked
    return {"name_verified": valid, "document_type": identity.document.type.value, "document_number": number}
