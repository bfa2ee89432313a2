"""Profiles: where an issuer writes whom a certificate is for, and how it says its keys are kept.

Always true: a source is taken apart by fixed steps, never by an expression somebody wrote: no value costs more than
its length.

Clauses: GM/T 0015-2012 5.2.4, GB/T 20518-2018 (extensions of identity); RFC 4519 (attributes of a subject).
"""

import tomllib
from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator

MOST_SOURCES = 16
_Oid = Annotated[str, StringConstraints(pattern=r"^[0-2](\.(0|[1-9][0-9]{0,9})){1,20}$", max_length=100)]
_Mark = Annotated[str, StringConstraints(max_length=32)]
SUBJECT = {
    "CN": "2.5.4.3",
    "serialNumber": "2.5.4.5",
    "O": "2.5.4.10",
    "OU": "2.5.4.11",
    "title": "2.5.4.12",
    "organizationIdentifier": "2.5.4.97",
    "UID": "0.9.2342.19200300.100.1.1",
    "emailAddress": "1.2.840.113549.1.9.1",
}
"""Attributes of a subject that a profile may name, by their usual short names."""


class Kind(StrEnum):
    """Of the number a source holds."""

    PERSON = "person"
    """An identity number of 18 characters."""
    ENTITY = "entity"
    """A unified social credit code; an organisation code alone names nobody."""


class Encoding(StrEnum):
    """How an extension wraps its text."""

    EXPLICIT = "explicit"
    """[0] around a string, the choice GM/T 0015 has for residents."""
    IMPLICIT = "implicit"
    """[0] instead of the string's own tag."""
    STRING = "string"
    OCTETS = "octets"
    """OCTET STRING of text, or of one of the others."""


class KeyProtection(StrEnum):
    """What the issuer says its subscribers' keys are kept by; nobody can see it in a signature."""

    UNKNOWN = "unknown"
    PIN = "pin"
    HARDWARE = "hardware"


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Source(_Section):
    """One place. Of its text, in this order: ``split`` cuts it and ``part`` (from 1, or from -1 backwards) is taken,
    ``skip`` characters are left out, ``prefix`` and ``suffix`` have to be there and are taken off. What is left is
    the number.
    """

    kind: Kind
    extension: _Oid | None = None
    subject: str | None = None
    encodings: tuple[Encoding, ...] = tuple(Encoding)
    split: _Mark = ""
    part: Annotated[int, Field(ge=-16, le=16)] = 1
    skip: Annotated[int, Field(ge=0, le=64)] = 0
    prefix: _Mark = ""
    suffix: _Mark = ""

    @model_validator(mode="after")
    def _one_place(self) -> "Source":
        if (self.extension is None) == (self.subject is None):
            raise ValueError("a source has either extension or subject")
        if self.subject is not None and self.subject not in SUBJECT:
            raise ValueError(f"subject is one of {', '.join(SUBJECT)}")
        if self.part == 0 or (self.part != 1 and not self.split):
            raise ValueError("part counts from 1, or from -1 backwards, and needs split")
        return self


class Profile(_Section):
    """Of one issuer. ``sources``: all are looked at; two that name different people name nobody."""

    name: Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]{0,63}$")]
    key_protection: KeyProtection = KeyProtection.UNKNOWN
    sources: Annotated[tuple[Source, ...], Field(min_length=1, max_length=MOST_SOURCES, alias="source")]


class BadProfile(ValueError):
    """Says in one line of English what is wrong with a profile."""


def parse_profile(text: str) -> Profile:
    """TOML as `config/certificates/example.toml` shows it. Raises `BadProfile`."""
    try:
        return profile_of(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise BadProfile(f"no TOML: {error}") from None


def profile_of(members: Mapping[str, Any]) -> Profile:
    """The same of what the TOML says. Raises `BadProfile`."""
    try:
        return Profile.model_validate(members)
    except ValidationError as error:
        told = (f"{'.'.join(map(str, one['loc'])) or 'profile'}: {one['msg']}" for one in error.errors())
        raise BadProfile("; ".join(told)) from None


GMT_0015 = profile_of(
    {
        "name": "gmt0015",
        "source": [
            {"kind": "person", "extension": "1.2.156.10260.4.1.1"},
            {"kind": "entity", "extension": "1.2.156.10260.4.1.4"},
            {"kind": "entity", "extension": "1.2.156.10260.4.4"},
        ],
    }
)
BUILT_IN: Mapping[str, Profile] = {GMT_0015.name: GMT_0015}
