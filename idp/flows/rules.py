"""Journeys of several steps as a table: what each step needs, what it leaves, and what going back to it undoes.

Always true: a step is open only when everything before it has left its facts.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

Facts = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class StepRule:
    """A step is done when all it ``gives`` is there."""

    name: str
    gives: tuple[str, ...]


class FlowKind(StrEnum):
    REGISTRATION = "registration"
    REGISTRATION_BY_NAME = "registration-by-name"
    RECOVERY = "recovery"
    RECOVERY_REQUEST = "recovery-request"
    """For who has nothing left: operators decide on what is asked for here."""
    RECOVERY_APPROVED = "recovery-approved"
    PHONE_CHANGE = "phone-change"
    RECOVERY_BY_FACE = "recovery-by-face"
    """For who knows neither password nor user name: the face, and a code to the phone on file."""
    FACE_SIGN_IN = "face-sign-in"
    FACE_PROOF = "face-proof"
    """From a claim that the register has confirmed to the face of its person."""
    BANK_PROOF = "bank-proof"
    """From a claim to the bank that knows its person."""
    ENTITY_CLAIM = "entity_claim"
    """A legal entity claimed from outside; the account in the middle of it is a registration of its own."""
    REVIEW = "review"
    """Photos for operators, who make sure of somebody by them."""
    ACTIVATION = "activation"
    """From an account of an older platform to one here."""
    PHOTOS = "photos"
    """Photos for a machine that reads them, and the face of who stands on them."""
    ENTITY_SIGN_IN = "entity_sign_in"
    """From an entity's password to the person who walks through that door."""
    MANDATE = "mandate"
    """A mandate put together question by question, up to the text that is signed."""
    MANDATE_REQUEST = "mandate_request"
    """The same by who would act, up to the text that is sent to the one to be represented."""
    MANDATE_BULK = "mandate_bulk"
    """Many mandates from one file, read and checked before all of them are signed."""
    ASSISTED = "assisted"
    """From what a clerk has typed of a citizen to the case, while their face or their phone is asked."""


FLOWS: Mapping[FlowKind, Sequence[StepRule]] = {
    FlowKind.REGISTRATION: (
        StepRule("phone", gives=("mobile", "challenge")),
        StepRule("code", gives=("proved",)),
        StepRule("details", gives=("party_id",)),
    ),
    # The register is asked only for who has shown control of a phone: each question costs a text message.
    FlowKind.REGISTRATION_BY_NAME: (
        StepRule("identity", gives=("name", "document")),
        StepRule("phone", gives=("mobile", "challenge")),
        StepRule("code", gives=("proved",)),
        StepRule("check", gives=("confirmed",)),
        StepRule("details", gives=("party_id",)),
    ),
    FlowKind.RECOVERY: (
        StepRule("identifier", gives=("party_id", "mobile", "challenge")),
        StepRule("code", gives=("proved",)),
        StepRule("password", gives=("reset",)),
    ),
    FlowKind.RECOVERY_REQUEST: (
        StepRule("person", gives=("name", "document")),
        StepRule("phone", gives=("mobile", "challenge")),
        StepRule("code", gives=("proved",)),
        StepRule("way", gives=("request",)),
    ),
    FlowKind.RECOVERY_APPROVED: (
        StepRule("approved", gives=("request", "party_id", "mobile", "challenge")),
        StepRule("code", gives=("proved",)),
        StepRule("password", gives=("reset",)),
    ),
    # Nothing is asked about the person before the face has passed: the pages are the same for everybody (trust 3).
    FlowKind.ACTIVATION: (
        StepRule("person", gives=("name", "document")),
        StepRule("face", gives=("passed",)),
        StepRule("found", gives=("records",)),
        StepRule("phone", gives=("mobile", "challenge", "on_file")),
        StepRule("code", gives=("proved",)),
        StepRule("details", gives=("party_id",)),
    ),
    FlowKind.PHONE_CHANGE: (
        StepRule("number", gives=("party_id", "mobile", "challenge")),
        StepRule("code", gives=("proved",)),
        StepRule("confirm", gives=("changed",)),
    ),
    FlowKind.RECOVERY_BY_FACE: (
        StepRule("person", gives=("name", "document")),
        StepRule("face", gives=("party_id", "mobile", "challenge")),
        StepRule("code", gives=("proved",)),
        StepRule("password", gives=("reset",)),
    ),
    FlowKind.FACE_SIGN_IN: (
        StepRule("person", gives=("name", "document")),
        StepRule("face", gives=("found",)),
    ),
    FlowKind.FACE_PROOF: (
        StepRule("person", gives=("party_id", "name", "document")),
        StepRule("face", gives=("proved",)),
    ),
    FlowKind.BANK_PROOF: (
        StepRule("person", gives=("party_id", "name", "document")),
        StepRule("bank", gives=("proved",)),
    ),
    FlowKind.PHOTOS: (
        StepRule("front", gives=("front",)),
        StepRule("back", gives=("back",)),
        StepRule("read", gives=("name", "document", "ends")),
        StepRule("confirm", gives=("confirmed",)),
        StepRule("face", gives=("proved",)),
    ),
    FlowKind.ENTITY_CLAIM: (
        StepRule("entity", gives=("claim",)),
        StepRule("send", gives=("sent",)),
    ),
    FlowKind.REVIEW: (
        StepRule("person", gives=("party_id", "name", "document")),
        StepRule("front", gives=("front",)),
        StepRule("back", gives=("back",)),
        StepRule("holding", gives=("holding",)),
        StepRule("send", gives=("review",)),
    ),
    FlowKind.ENTITY_SIGN_IN: (
        StepRule("person", gives=("role", "challenge")),
        StepRule("code", gives=("signed_in",)),
    ),
    FlowKind.MANDATE: (
        StepRule("kind", gives=("party_id", "principal", "mandate", "choice")),
        StepRule("who", gives=("addressee", "post")),
        StepRule("theme", gives=("theme", "version")),
        StepRule("scope", gives=("scope",)),
        StepRule("dates", gives=("from", "to")),
        StepRule("options", gives=("struck", "may_delegate", "waived")),
        StepRule("text", gives=("given",)),
    ),
    FlowKind.MANDATE_REQUEST: (
        StepRule("who", gives=("party_id", "agent", "mandate", "principal", "choice")),
        StepRule("theme", gives=("theme", "version")),
        StepRule("scope", gives=("scope",)),
        StepRule("dates", gives=("from", "to")),
        StepRule("text", gives=("sent",)),
    ),
    FlowKind.MANDATE_BULK: (
        StepRule("file", gives=("party_id", "principal", "lines")),
        StepRule("confirm", gives=("given",)),
    ),
    FlowKind.ASSISTED: (
        StepRule("citizen", gives=("party_id", "office", "matters")),
        StepRule("check", gives=("case",)),
    ),
}


def step_names(kind: FlowKind) -> tuple[str, ...]:
    """The steps in their order."""
    return tuple(rule.name for rule in FLOWS[kind])


def open_step(kind: FlowKind, facts: Facts) -> str | None:
    """The first step that is not done; None when the journey is over."""
    return next((rule.name for rule in FLOWS[kind] if not all(name in facts for name in rule.gives)), None)


def undone(kind: FlowKind, step: str, facts: Facts) -> dict[str, Any]:
    """``facts`` without those of ``step`` and of everything after it."""
    rules = FLOWS[kind]
    start = next(i for i, rule in enumerate(rules) if rule.name == step)
    gone = {name for rule in rules[start:] for name in rule.gives}
    return {name: value for name, value in facts.items() if name not in gone}
