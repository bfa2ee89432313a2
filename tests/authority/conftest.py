"""Mandates as in `tests.mandates`, and two clients of two sectors that ask about them."""

from dataclasses import dataclass
from typing import Any

import orjson
import pytest
from werkzeug.test import TestResponse

from idp.clients.actions import put
from idp.clients.rules import Client
from idp.entities.rules import Acting, Via
from idp.mandates.handles import handle_of
from tests.entities.conftest import ONE, THREE
from tests.mandates.conftest import Mandates, mandates, to_person
from tests.provider import SECRET, Site, basic, browser, registers, shared_app, signed_in, site, site_template

__all__ = ["browser", "mandates", "registers", "shared_app", "signed_in", "site", "site_template"]

SCOPES = {"authority.check": "none", "events.manage": "none"}


def add_client(site: Site, client_id: str, sector: str, **changes: Any) -> None:
    data = {
        "client_id": client_id,
        "name": client_id,
        "sector": sector,
        "state": "live",
        "grant_types": ["client_credentials"],
        "scopes": SCOPES,
        "id_token_alg": "ES256",
    }
    with site.provider.database.transaction() as tx:
        assert isinstance(put(tx, data | changes, secret=SECRET, now=site.now()), Client)
    site.provider.registry.expire()


@dataclass
class Asking:
    """THREE acts for the entity by ``mandate``; client ``tax`` was told so, ``social`` was not."""

    mandates: Mandates
    mandate: str
    sub: str
    handle: str

    @property
    def site(self) -> Site:
        return self.mandates.site

    def told(self, client_id: str, phone: str, party: str, mandate: str | None) -> tuple[str, str]:
        """The names under which a client is told of a person and their acting."""
        person, provider = self.site.party(phone), self.site.provider
        acting = Acting(party, "handler", Via.MANDATE if mandate else Via.ROLE, mandate)
        client = provider.registry.get(client_id)
        assert client is not None
        with provider.database.transaction() as tx:
            sub = provider.directory.subjects.of(tx, sector=client.sector, party_id=person)
            return sub, handle_of(tx, client_id, person, acting, now=self.site.now())

    def question(self, **changes: Any) -> dict[str, Any]:
        """``sub``, ``handle``, ``action``, ``kind``, ``id`` and members of ``properties`` may be others."""
        given = {"sub": self.sub, "handle": self.handle, "action": "submit", "kind": "service", "id": "hn-tax-01"}
        told = given | {name: changes.pop(name) for name in tuple(changes) if name in given}
        properties = {"represented": told["handle"]} | changes
        return {
            "subject": {"type": "person", "id": told["sub"]},
            "action": {"name": told["action"]},
            "resource": {"type": told["kind"], "id": told["id"], "properties": properties},
        }

    def ask(self, client_id: str = "tax", **changes: Any) -> bool:
        answer = send(self.site, "/access/v1/evaluation", self.question(**changes), client_id)
        assert answer.status_code == 200, answer.text
        decision = answer.get_json()["decision"]
        assert isinstance(decision, bool)
        return decision


def send(
    site: Site, path: str, body: Any, client_id: str | None = "tax", method: str = "POST", **headers: str
) -> TestResponse:
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    if client_id and "Authorization" not in sent:
        sent["Authorization"] = basic(client_id)
    data = body if isinstance(body, bytes) else orjson.dumps(body)
    return site.http.open(path, method=method, data=data, content_type="application/json", headers=sent)


def problem(answer: TestResponse) -> tuple[int, str]:
    assert answer.content_type == "application/problem+json", answer.text
    return answer.status_code, orjson.loads(answer.data)["type"].rpartition(":")[2]


@pytest.fixture
def asking(mandates: Mandates) -> Asking:
    add_client(mandates.site, "tax", "tax-office")
    add_client(mandates.site, "social", "social-office")
    mandate = mandates.given(mandates.entity, to_person(THREE), ONE, THREE)
    made = Asking(mandates, mandate, "", "")
    made.sub, made.handle = made.told("tax", THREE, mandates.entity, mandate)
    return made
