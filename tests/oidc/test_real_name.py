"""Scopes real_name and id_document: what a document showed, to whom it was registered for, and never by mistake."""

from typing import Any

import orjson
import pytest

from idp.accounts.actions import Identity
from idp.accounts.documents import IdNumber
from idp.accounts.names import PersonName
from idp.clients.actions import put
from idp.clients.rules import Client, Faulty
from idp.proofing.actions import add_evidence
from tests.provider import CLIENTS, SECRET, Site

ID, HOLDER = IdNumber("430105199003070011"), PersonName("周𪚥文")
PROFILE = "欧阳清岚"


def register(site: Site, client_id: str, *scopes: str) -> None:
    data = dict(CLIENTS[0]) | {"client_id": client_id, "scopes": dict.fromkeys(scopes, "statutory")}
    with site.provider.database.transaction() as tx:
        assert isinstance(put(tx, data, secret=SECRET, now=site.now()), Client)


def document(site: Site, *, ial: int | None, valid_for: int | None = None) -> None:
    """The document of the person, and evidence of ``ial``."""
    until = None if valid_for is None else site.now() + valid_for
    with site.provider.database.transaction() as tx:
        recorded = site.provider.directory.record_document(
            tx, site.party(), document=ID, name=HOLDER, valid_to=until, source="test", now=site.now()
        )
        assert isinstance(recorded, Identity)
        if ial:
            add_evidence(tx, site.party(), kind="test", level=ial, source="test", expires_at=None, now=site.now())


def told(site: Site, client_id: str, scope: str, **changes: str) -> dict[str, Any]:
    browser = site.browser().sign_in()
    tokens = browser.tokens(client_id, scope=scope, **changes)
    claims: dict[str, Any] = site.userinfo(tokens["access_token"]).get_json()
    claims.pop("sub")
    return claims


def test_the_verified_name_comes_with_its_verification_and_without_the_number(site: Site) -> None:
    register(site, "tax", "real_name")
    document(site, ial=2)
    assert told(site, "tax", "openid real_name") == {"name": HOLDER.value, "name_verified": True}


def test_without_a_document_there_is_no_real_name(site: Site) -> None:
    register(site, "tax", "real_name", "id_document")
    assert told(site, "tax", "openid real_name id_document") == {"name_verified": False}


def test_the_profiles_name_is_never_told_as_a_real_one(site: Site) -> None:
    register(site, "tax", "real_name")
    register(site, "both", "real_name", "profile")
    asked = orjson.dumps({"userinfo": {"name": None}}).decode()
    assert told(site, "tax", "openid real_name", claims=asked) == {"name_verified": False}
    claims = told(site, "both", "openid real_name profile")
    assert (claims["name"], claims["name_verified"]) == (PROFILE, False)
    document(site, ial=2)
    claims = told(site, "both", "openid real_name profile")
    assert (claims["name"], claims["name_verified"]) == (HOLDER.value, True)


def test_the_profile_alone_tells_nothing_of_the_document(site: Site) -> None:
    document(site, ial=3)
    claims = told(site, "app", "openid profile phone")
    assert claims["name"] == PROFILE
    assert {"name_verified", "document_type", "document_number"}.isdisjoint(claims)


@pytest.mark.parametrize(
    ("ial", "valid_for", "number"),
    [(2, None, ID.value), (3, 9999, ID.value), (None, None, ID.masked), (3, -1, ID.masked)],
)
def test_the_number_is_whole_only_for_who_was_checked_by_a_document_still_valid(
    site: Site, ial: int | None, valid_for: int | None, number: str
) -> None:
    register(site, "tax", "id_document")
    document(site, ial=ial, valid_for=valid_for)
    claims = told(site, "tax", "openid id_document")
    assert claims == {"document_type": "resident_id", "document_number": number}


def test_an_expired_document_verifies_no_name(site: Site) -> None:
    register(site, "tax", "real_name")
    document(site, ial=2, valid_for=-1)
    assert told(site, "tax", "openid real_name") == {"name": HOLDER.value, "name_verified": False}


def test_who_is_not_registered_for_it_gets_no_number(site: Site) -> None:
    register(site, "tax", "real_name")
    document(site, ial=3)
    asked = orjson.dumps({"userinfo": {"document_number": None}}).decode()
    claims = told(site, "tax", "openid real_name id_document", claims=asked)
    assert "document_number" not in claims


def test_what_is_released_is_recorded_by_the_names_of_the_claims(site: Site) -> None:
    register(site, "tax", "id_document")
    document(site, ial=3)
    told(site, "tax", "openid id_document")
    detail = site.one("SELECT detail FROM audit_event WHERE event = 'client:personal_data:released'")
    assert "document_number" in detail
    assert ID.value not in detail


def test_the_number_needs_a_basis(site: Site) -> None:
    data = dict(CLIENTS[0]) | {"client_id": "tax", "scopes": {"id_document": "none"}}
    with site.provider.database.transaction() as tx:
        assert isinstance(put(tx, data, secret=SECRET, now=site.now()), Faulty)
