"""Grants as /authorize makes them, for tests below it."""

import base64

from idp.crypto.fields import FieldCipher
from idp.crypto.rings import parse_ring
from idp.crypto.tokens import new_id
from idp.grants.rules import Code, Grant
from idp.signin.rules import Session
from idp.signin.sessions import client_sid

NOW = 1_800_000_000
CALLBACK = "https://tax.example/cb"
CIPHER = FieldCipher(parse_ring(["f:" + base64.b64encode(b"f" * 32).decode()], name="test"))


def grant(party: str, session: Session, client: str = "tax", *, offline: bool = False, now: int = NOW) -> Grant:
    return Grant(
        gid=new_id("gnt"),
        client_id=client,
        party_id=party,
        session_id=session.id,
        sub=f"pw_{client}",
        sid=client_sid(session, client),
        scope="openid phone",
        claims=None,
        acr="urn:tongban:ial:1:aal:1",
        amr="pwd",
        ial=1,
        aal=1,
        auth_time=now,
        offline=offline,
        refresh_secret=None,
        refresh_used_at=None,
        created_at=now,
        revoked_at=None,
    )


def bound(text: str) -> Code:
    """A code of a minute, without challenge."""
    return Code(text, CALLBACK, None, "n", NOW + 60)
