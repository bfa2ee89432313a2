"""What a department does: being granted a capability, asking for a check, fetching and reading its answer."""

from typing import Any

import orjson
from werkzeug.test import TestResponse

from idp.clients import permits
from idp.clients.capabilities import Capability, Terms, read_terms
from tests.provider import Browser, Site, basic, claims_of

NONCE = "n-0S6_WzA2Mj.fresh"
MATTER = "DB-2026-000417"
CHECKS = "/capabilities/v1/name-checks"
FACES = "/capabilities/v1/face-checks"
AGREED = {"consent": "2026-11-01"}
"""To the face check's own terms."""


def grant(site: Site, client_id: str, capability: str, *, daily: int = 100) -> str:
    """As two operators do; the permit's id."""
    terms = read_terms(
        {"capability": capability, "purpose": {"zh": "低保资格复核"}, "law": "《社会救助暂行办法》", "daily": daily}
    )
    assert isinstance(terms, Terms)
    client = site.provider.registry.get(client_id)
    assert client is not None
    with site.provider.database.transaction() as tx:
        key = permits.apply(tx, client, terms, actor=None, now=site.now())
        permit = permits.find(tx, key)
        assert permit is not None
        assert permits.grant(tx, permit, actor="pty_1", now=site.now())
    site.provider.registry.expire()
    return key


def withdraw(site: Site, client_id: str, capability: str) -> None:
    with site.provider.database.transaction() as tx:
        assert permits.withdraw(tx, client_id, Capability(capability), actor=None, now=site.now())
    site.provider.registry.expire()


def send(site: Site, path: str, body: Any, client_id: str | None = "app") -> TestResponse:
    headers = {"Authorization": basic(client_id)} if client_id else {}
    data = body if isinstance(body, bytes) else orjson.dumps(body)
    return site.http.post(path, data=data, content_type="application/json", headers=headers)


def ask(site: Site, browser: Browser, client_id: str = "app", *, path: str = CHECKS, **changes: Any) -> TestResponse:
    """Ask for a name check, or that of ``path``, of ``browser``'s person; a member that is None is left out."""
    body = {"access_token": None, "matter": MATTER, "nonce": NONCE} | changes
    if body["access_token"] is None and "access_token" not in changes:
        body["access_token"] = browser.tokens(client_id)["access_token"]
    return send(site, path, {name: value for name, value in body.items() if value is not None}, client_id)


def asked(site: Site, browser: Browser, **changes: Any) -> str:
    """The id of a check that waits for the person."""
    answer = ask(site, browser, **changes)
    assert answer.status_code == 201, answer.text
    found: str = answer.get_json()["id"]
    return found


def fetch(site: Site, key: str, client_id: str = "app", *, path: str = CHECKS) -> TestResponse:
    return site.http.get(f"{path}/{key}", headers={"Authorization": basic(client_id)})


def answer_of(site: Site, key: str, *, path: str = CHECKS) -> dict[str, Any]:
    """The claims of the signed answer."""
    told = fetch(site, key, path=path)
    assert told.status_code == 200, told.text
    return claims_of(told.get_json()["result"])


def problem(response: TestResponse) -> tuple[int, str]:
    assert response.content_type == "application/problem+json", response.text
    told = orjson.loads(response.data)
    assert told["status"] == response.status_code
    return response.status_code, told["type"].rpartition(":")[2]
