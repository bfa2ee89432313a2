"""The identity code a person shows at a counter: what a counter may ask by it, and where it stands.

Always true: the code says nothing of anybody; what is told of its person is what they confirm on their own phone, to
one client, once.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, NamedTuple

from idp.capabilities.rules import CREDENTIALS, UNKNOWN, Refused
from idp.clients.rules import Client

LIFETIME = 60
"""Seconds for which one code is good; the page that shows it then shows another."""
SHOWING = 600
"""Seconds for which a page goes on showing new ones by itself."""
DECISION = 180
"""Seconds the person has to confirm or decline."""
FETCHING = 300
"""Seconds in which the counter can fetch what was confirmed."""
RELEASABLE = frozenset({"profile", "real_name", "id_document", "phone", "email", "address"})
"""Scopes whose claims may be asked for, as far as the client is registered for them."""
_LONGEST_TOKEN, _LONGEST_TEXT, _MOST_MATTERS = 8192, 60, 5


class CodeState(StrEnum):
    """``shown`` -> ``redeemed`` -> ``confirmed`` -> ``fetched``, or ``declined``."""

    SHOWN = "shown"
    REDEEMED = "redeemed"
    CONFIRMED = "confirmed"
    DECLINED = "declined"
    FETCHED = "fetched"


class IdentityCode(NamedTuple):
    """A row of ``identity_code``. ``session_id``: shows it, and alone may answer; ``expires_at``: of its state."""

    id: str
    party_id: str
    session_id: str
    state: CodeState
    client_id: str | None
    clerk_id: str | None
    permit_id: str | None
    confirmed: str | None
    sealed: bytes | None
    begun_at: int
    expires_at: int

    def waits(self, now: int) -> bool:
        """Whether its person is asked."""
        return self.state is CodeState.REDEEMED and now < self.expires_at


@dataclass(frozen=True, slots=True)
class Redemption:
    """What a counter sends. ``clerk_token``: the clerk's access token, issued to this client."""

    code: str = field(repr=False)
    clerk_token: str = field(repr=False)
    office: str
    matters: tuple[str, ...]
    scopes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Asked:
    """What the person is asked for."""

    office: str
    matters: tuple[str, ...]
    scopes: tuple[str, ...]


def read_redemption(body: Mapping[str, Any], client: Client) -> Redemption | str:
    """What a body says, or the name of the member that is wrong."""
    if not body.keys() <= {"code", "clerk_token", "office", "matters", "scopes", *CREDENTIALS}:
        return UNKNOWN
    for name in ("code", "clerk_token"):
        if not isinstance(body.get(name), str) or not 0 < len(body[name]) <= _LONGEST_TOKEN:
            return name
    matters, scopes = body.get("matters"), body.get("scopes", [])
    if not _is_text(body.get("office")):
        return "office"
    if not isinstance(matters, list) or not 0 < len(matters) <= _MOST_MATTERS or not all(map(_is_text, matters)):
        return "matters"
    allowed = RELEASABLE & client.scopes.keys()
    if not isinstance(scopes, list) or not all(isinstance(one, str) and one in allowed for one in scopes):
        return "scopes"
    return Redemption(body["code"], body["clerk_token"], body["office"], tuple(matters), tuple(dict.fromkeys(scopes)))


def _is_text(text: Any) -> bool:
    return isinstance(text, str) and 0 < len(text) <= _LONGEST_TEXT and text.isprintable() and bool(text.strip())


def fault_of(code: IdentityCode | None, *, clerk_id: str, now: int) -> Refused | None:
    """Why a code cannot be redeemed; nobody redeems their own."""
    if code is None or code.party_id == clerk_id:
        return Refused.CODE
    if code.state is not CodeState.SHOWN:
        return Refused.CODE_USED
    return Refused.CODE_EXPIRED if now >= code.expires_at else None
