"""A department's question about the signed-in person: what it may say, where it stands, and what its answer says.

Always true: an answer is for one client, one person, one matter and one purpose, and ends.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, NamedTuple

from idp.clients.capabilities import Capability, is_reference
from idp.clients.rules import Client

RESULT = "check-result+jwt"
"""``typ`` of an answer."""
LIFETIME = 600
"""Seconds the person has to decide and be checked."""
RESULT_LIFETIME = 600
"""Seconds for which an answer can be fetched and is good."""
_NONCE = re.compile(r"[A-Za-z0-9._~-]{16,128}")
_LONGEST_TOKEN = 8192
UNKNOWN = ""
"""In place of the name of a member that is wrong: there is one we do not know."""
CREDENTIALS = ("client_id", "client_secret", "client_assertion", "client_assertion_type")
"""How a client names itself in a body, as at the token endpoint."""
CHECKS = (Capability.NAME_CHECK, Capability.FACE_CHECK)
"""The capabilities that are questions about the signed-in person."""


class CheckState(StrEnum):
    """``waiting`` -> ``agreed`` -> ``done``; back to ``waiting`` when nobody could be asked.

    Who has gone to be checked elsewhere, and is back without a result, may still decline or begin anew.
    """

    WAITING = "waiting"
    AGREED = "agreed"
    DONE = "done"


class CheckResult(StrEnum):
    PASSED = "passed"
    NOT_PASSED = "not_passed"
    DECLINED = "declined"
    EXPIRED = "expired"
    """The person did not decide, or was not done, in time."""


class Refused(StrEnum):
    """Why a request of a department was refused, as the last part of a problem's type; with its status."""

    INVALID_REQUEST = "invalid-request"
    CLIENT_AUTHENTICATION = "client-authentication"
    NOT_GRANTED = "capability-not-granted"
    INVALID_TOKEN = "invalid-access-token"  # noqa: S105 - a problem's name
    NOT_VERIFIED = "person-not-verified"
    QUOTA_USED_UP = "quota-used-up"
    ASKED_TOO_OFTEN = "person-asked-too-often"
    NOT_FOUND = "not-found"
    CLERK = "clerk-not-entitled"
    NUMBER = "number-not-good"
    TOO_MANY = "too-many-wrong-numbers"
    REFERENCE = "reference-used"
    DOCUMENT_EXPIRED = "document-expired"
    CONFLICT = "identity-conflict"
    """The account is somebody's by another document or name, or the document is another account's."""
    CODE = "identity-code-not-good"
    CODE_USED = "identity-code-used"
    CODE_EXPIRED = "identity-code-expired"
    CODE_DECLINED = "declined-by-person"
    CODE_UNANSWERED = "not-answered-in-time"
    CODE_FETCHED = "already-fetched"

    @property
    def status(self) -> int:
        return _STATUS[self]


_STATUS = {
    Refused.INVALID_REQUEST: 400,
    Refused.CLIENT_AUTHENTICATION: 401,
    Refused.NOT_GRANTED: 403,
    Refused.INVALID_TOKEN: 403,
    Refused.NOT_VERIFIED: 409,
    Refused.QUOTA_USED_UP: 429,
    Refused.ASKED_TOO_OFTEN: 429,
    Refused.NOT_FOUND: 404,
    Refused.CLERK: 403,
    Refused.NUMBER: 409,
    Refused.TOO_MANY: 429,
    Refused.REFERENCE: 409,
    Refused.DOCUMENT_EXPIRED: 409,
    Refused.CONFLICT: 409,
    Refused.CODE: 409,
    Refused.CODE_USED: 409,
    Refused.CODE_EXPIRED: 410,
    Refused.CODE_DECLINED: 403,
    Refused.CODE_UNANSWERED: 410,
    Refused.CODE_FETCHED: 410,
}


@dataclass(frozen=True, slots=True)
class Wait:
    """A limit was reached. ``seconds``: until it may be tried again."""

    reason: Refused
    seconds: int


@dataclass(frozen=True, slots=True)
class Question:
    """What a department sends. ``matter``: its own name for what it is about; ``return_uri``: on its site."""

    access_token: str = field(repr=False)
    matter: str
    nonce: str
    return_uri: str | None


class Check(NamedTuple):
    """A row of ``department_check`` with its sealed part open. ``sub``: as the client knows the person."""

    id: str
    client_id: str
    capability: Capability
    permit_id: str
    party_id: str
    sub: str
    matter: str
    nonce: str
    return_uri: str | None
    request: str | None
    """The app's parked request that waits for it, where it was asked together with the sign-in."""
    outside: str | None
    state: CheckState
    result: CheckResult | None
    created_at: int
    expires_at: int
    judged_at: int | None

    def fetchable(self, now: int) -> bool:
        return self.judged_at is None or now < self.judged_at + RESULT_LIFETIME

    @property
    def open(self) -> bool:
        """Whether the person may still decide."""
        return self.state is CheckState.WAITING or (self.state is CheckState.AGREED and self.outside is not None)

    def overdue(self, now: int) -> bool:
        return self.state is not CheckState.DONE and now >= self.expires_at


def stands(check: Check, client: Client) -> bool:
    """Whether it was asked by what is in force: a capability that is granted anew brings no old check back."""
    permit = client.capabilities.get(check.capability)
    return client.served and permit is not None and permit.id == check.permit_id


def read_question(body: Mapping[str, Any], client: Client) -> Question | str:
    """The question in a body, or the name of the member that is wrong."""
    known = {"access_token", "matter", "nonce", "return_uri", *CREDENTIALS}
    if not body.keys() <= known:
        return UNKNOWN
    token, matter, nonce = (body.get(name) for name in ("access_token", "matter", "nonce"))
    if not isinstance(token, str) or not 0 < len(token) <= _LONGEST_TOKEN:
        return "access_token"
    if not is_reference(matter):
        return "matter"
    if not isinstance(nonce, str) or not _NONCE.fullmatch(nonce):
        return "nonce"
    uri = body.get("return_uri")
    if uri is not None and not (isinstance(uri, str) and is_home_of(client, uri)):
        return "return_uri"
    return Question(token, str(matter), nonce, uri)


def wrong_member(name: str) -> str:
    """What to tell a program; nothing of what it sent."""
    return f"{name} is missing or malformed" if name else "there is a member that is not known here"


def is_home_of(client: Client, uri: str) -> bool:
    """Whether ``uri`` lies on the origin of one of the client's registered redirect URIs."""
    plain = uri.isascii() and len(uri) <= 512 and not any(c <= " " or c in '"<>\\^`{|}\x7f#' for c in uri)
    return plain and any(uri.startswith(f"{origin_of(one)}/") for one in client.redirect_uris)


def origin_of(uri: str) -> str:
    scheme, _, rest = uri.partition("://")
    return f"{scheme}://{rest.partition('/')[0].partition('?')[0]}"


def answer_claims(check: Check, *, issuer: str, purpose: str) -> dict[str, Any]:
    """What is signed for the client: the same however often it is fetched."""
    if check.judged_at is None or check.result is None:
        raise ValueError("there is no answer yet")
    return {
        "iss": issuer,
        "aud": check.client_id,
        "sub": check.sub,
        "iat": check.judged_at,
        "exp": check.judged_at + RESULT_LIFETIME,
        "jti": check.id,
        "check": check.capability.value,
        "matter": check.matter,
        "purpose": purpose,
        "nonce": check.nonce,
        "time": check.judged_at,
        "result": check.result.value,
    }
