"""The enterprise register's client (docs/providers.md): what is this entity, and does this person represent it?

Always true: a record is that of the asked USCC, and a comparison that was asked for is answered by true or false.
"""

import re
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import cast

from adapters.providers.register import Fields, Patience, RegisterLine, exactly
from idp.proofing.ports import (
    REPRESENTING,
    EnterpriseQuestion,
    EnterpriseRecord,
    EntityStatus,
    EntityType,
    NotFound,
    RegisterRole,
    Unavailable,
    Unusable,
)

_RECORD = (
    "found",
    "name",
    "uscc",
    "entity_type",
    "status",
    "name_matches",
    "representative_matches",
    "roles",
    "version",
    "as_of",
)
_NAME = re.compile(r"[^\x00-\x1f\x7f-\x9f\ud800-\udfff]{1,200}")
_VERSION = re.compile(r"[!-~]{1,64}")
_LATEST = 2**40
"""Seconds; no honest time of an entry is later."""


class HttpEnterpriseRegister:
    """Fills ``idp.proofing.ports.EnterpriseRegister``. Safe for several threads."""

    def __init__(
        self,
        url: str,
        secret: str,
        *,
        patience: Patience | None = None,
        ca_file: Path | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Raises ``ValueError`` for an unusable ``url``, ``OSError`` for an unreadable ``ca_file``."""
        self._line = RegisterLine(url, secret, patience=patience or Patience(), ca_file=ca_file, clock=clock)

    def find(self, question: EnterpriseQuestion) -> EnterpriseRecord | NotFound | Unusable | Unavailable:
        return self._line.ask(_fields(question), partial(_read, question))


def _fields(question: EnterpriseQuestion) -> dict[str, object]:
    person = None
    if question.asks_person:
        person = {
            "name": question.representative_name,
            "document_type": str(question.representative_document_type),
            "number": question.representative_number,
        }
    return {
        "reference": question.reference,
        "uscc": question.uscc,
        "name": question.name,
        "representative": person,
    }


def _read(question: EnterpriseQuestion, answer: Fields) -> EnterpriseRecord | NotFound | None:
    if answer.get("found") is False:
        return NotFound() if exactly(answer, "found") else None
    if answer.get("found") is not True or not exactly(answer, *_RECORD):
        return None
    roles = _roles(answer["roles"])
    if roles is None or not _fits(question, answer, roles):
        return None
    return EnterpriseRecord(
        name=str(answer["name"]),
        uscc=question.uscc,
        entity_type=EntityType(str(answer["entity_type"])),
        status=EntityStatus(str(answer["status"])),
        name_matches=cast("bool | None", answer["name_matches"]),
        representative_matches=cast("bool | None", answer["representative_matches"]),
        roles=roles,
        version=str(answer["version"]),
        as_of=cast("int", answer["as_of"]),
    )


def _fits(question: EnterpriseQuestion, answer: Fields, roles: frozenset[RegisterRole]) -> bool:
    """Is every field in its form, the comparisons those asked for, and the roles in agreement with them?"""
    as_of, matches = answer["as_of"], answer["representative_matches"]
    return (
        answer["uscc"] == question.uscc
        and _like(_NAME, answer["name"])
        and _like(_VERSION, answer["version"])
        and answer["entity_type"] in tuple(EntityType)
        and answer["status"] in tuple(EntityStatus)
        and _compared(answer["name_matches"], asked=question.name is not None)
        and _compared(matches, asked=question.asks_person)
        and (matches is True) == bool(roles & REPRESENTING)
        and (question.asks_person or not roles)
        and type(as_of) is int
        and 0 <= as_of < _LATEST
    )


def _like(pattern: re.Pattern[str], value: object) -> bool:
    return isinstance(value, str) and pattern.fullmatch(value) is not None


def _compared(value: object, *, asked: bool) -> bool:
    return isinstance(value, bool) if asked else value is None


def _roles(value: object) -> frozenset[RegisterRole] | None:
    if not isinstance(value, list) or not all(
        isinstance(role, str) and role in tuple(RegisterRole) for role in value
    ):
        return None
    return frozenset(RegisterRole(role) for role in value)
