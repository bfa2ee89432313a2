"""The stand-in registers: `POST /population/v1/checks` and `POST /enterprise/v1/lookups` (docs/providers.md).

Always true: a question is answered from config/demo/registers.toml or as its magic number says, and a reference
stands for one question only.
"""

import json
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import replace
from threading import Lock
from typing import Protocol, TypeVar

from flask import Blueprint, Response, current_app, request

from adapters.sandbox.check_magic import finding_of
from adapters.sandbox.contract import Refusal, sign
from adapters.sandbox.register_contract import (
    EntityQuestion,
    PersonQuestion,
    parse_entity,
    parse_person,
)
from adapters.sandbox.register_entries import Entries, check, look_up, record
from adapters.sandbox.register_magic import ENTITY, GOOD, PERSON, Fault, RegisterMagic, Step, magic_of
from adapters.sandbox.signed import HangUp, refuse, settings, signed_body

PERSON_ENDPOINT = "/population/v1/checks"
ENTITY_ENDPOINT = "/enterprise/v1/lookups"
registers = Blueprint("registers", __name__)
_HOUR = 3600


class Question(Protocol):
    """What any question has: whose it is, and the SHA-256 of its body in hexadecimal."""

    @property
    def reference(self) -> str: ...

    @property
    def digest(self) -> str: ...


Q = TypeVar("Q", bound=Question)


class RegisterMemory:
    """Which references came with which question, and how often a number was asked about. Safe for several threads."""

    def __init__(self, *, most: int) -> None:
        self._lock = Lock()
        self._most = most
        self._digests: OrderedDict[tuple[str, str], str] = OrderedDict()
        self._counts: OrderedDict[tuple[str, str], int] = OrderedDict()

    def is_one_question(self, register: str, reference: str, digest: str) -> bool:
        """Is ``reference`` new to this register, or known with this very question?"""
        key = (register, reference)
        with self._lock:
            if len(self._digests) >= self._most and key not in self._digests:
                self._digests.popitem(last=False)
            return self._digests.setdefault(key, digest) == digest

    def times_before(self, number: str, claim: str) -> int:
        """How often ``number`` was asked about with this ``claim`` before; counts this time."""
        with self._lock:
            before = self._counts.pop((number, claim), 0)
            if len(self._counts) >= self._most:
                self._counts.popitem(last=False)
            self._counts[number, claim] = before + 1
            return before


def entries() -> Entries:
    """What this app's registers know."""
    found: Entries = current_app.extensions["sandbox_entries"]
    return found


def _memory() -> RegisterMemory:
    found: RegisterMemory = current_app.extensions["sandbox_register_memory"]
    return found


@registers.post(PERSON_ENDPOINT)
def answer_about_person() -> Response:
    return serve(settings().population_secret, parse_person, _about_person)


@registers.post(ENTITY_ENDPOINT)
def answer_about_entity() -> Response:
    return serve(settings().enterprise_secret, parse_entity, _about_entity)


def serve(
    secret: str,
    parse: Callable[..., Q | Refusal],
    answer: Callable[[Q], tuple[Step, Mapping[str, object]]],
) -> Response:
    """What every register, and the banks, do with a question: check it, remember it, answer it or fail."""
    body = signed_body(secret, settings().clock())
    question = body if isinstance(body, Refusal) else parse(body, key=request.headers.get("Idempotency-Key", ""))
    if isinstance(question, Refusal):
        return refuse(question)
    if not _memory().is_one_question(request.path, question.reference, question.digest):
        return refuse(Refusal(409, "reference_conflict", "this reference came before with another question"))
    step, fields = answer(question)
    settings().pause(step.wait)
    return leave(step, {"reference": question.reference, "question": question.digest, **fields}, secret)


def _about_person(question: PersonQuestion) -> tuple[Step, Mapping[str, object]]:
    person = question.person
    step = step_of(magic_of(person.number), person.name) if person.document_type == "resident_id" else None
    if finding_of(person.number):  # whoever tries what a vendor of checks finds has to be somebody
        step = GOOD
    return (step, said(step, PERSON)) if step else (GOOD, check(entries(), question))


def _about_entity(question: EntityQuestion) -> tuple[Step, Mapping[str, object]]:
    person = question.representative
    step = step_of(magic_of(question.uscc), f"{person.document_type} {person.number}" if person else "")
    if step is None:
        return GOOD, look_up(entries(), question)
    entity = replace(ENTITY, uscc=question.uscc, name=question.name or ENTITY.name)
    known = record(entity, question, ["legal_representative"] if person else [])
    says = {name: value for name, value in step.says.items() if known[name]}  # nothing about what was not asked
    return step, said(replace(step, says=says), known)


def step_of(magic: RegisterMagic | None, claim: str) -> Step | None:
    """What this question meets when its number is a magic one; counted per number and ``claim``."""
    if magic is None:
        return None
    return magic.steps[min(_memory().times_before(magic.number, claim), len(magic.steps) - 1)]


def said(step: Step, good: Mapping[str, object]) -> Mapping[str, object]:
    return step.says if "found" in step.says else {**good, **step.says}


def leave(step: Step, fields: dict[str, object], secret: str) -> Response:
    """The answer of ``fields`` as ``step`` lets it leave, signed with ``secret``."""
    match step.fault:
        case Fault.HANG_UP:
            return Response(HangUp())
        case Fault.WEB_PAGE:
            return Response("<!doctype html><title>Proxy</title>", step.status, mimetype="text/html")
        case Fault.REDIRECT:
            return Response(status=step.status, headers={"Location": "/elsewhere"})
    if step.status != 200:
        response = refuse(Refusal(step.status, step.error, "a magic number asked for this (docs/providers.md)"))
        if step.retry_after:
            response.headers["Retry-After"] = str(step.retry_after)
        return response
    return _signed(step.fault, fields, secret)


def _signed(fault: Fault, fields: dict[str, object], secret: str) -> Response:
    match fault:
        case Fault.OTHER_REFERENCE:
            fields["reference"] = "another"
        case Fault.OTHER_QUESTION:
            fields["question"] = "0" * 64
    body = json.dumps(fields, ensure_ascii=False).encode()
    if fault is Fault.CUT_SHORT:
        body = body[: len(body) // 2]
    if fault is Fault.OVERSIZED:
        body += b" " * 70_000
    response = Response(body, mimetype="application/json")
    if fault is not Fault.UNSIGNED:
        timestamp = int(settings().clock()) - (_HOUR if fault is Fault.STALE else 0)
        key = secret[::-1] if fault is Fault.OTHER_KEY else secret
        response.headers["Tongban-Timestamp"] = str(timestamp)
        response.headers["Tongban-Signature"] = sign(key, str(timestamp), body)
    return response
