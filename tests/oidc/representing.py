"""An app that hears for whom people act, two APIs, and people who act by offices and mandates."""

from dataclasses import dataclass
from typing import Any

import orjson
import pytest

from idp.clients.actions import put
from idp.clients.resources import add_resource, set_aware
from idp.clients.rules import TOKEN_EXCHANGE, Client
from idp.db import Statement
from idp.mandates.rules import Kind
from idp.mandates.scopes import Action, Limit, Scope
from tests.entities.conftest import ONE, THREE, TWO, act, register_client
from tests.mandates.conftest import FILING, Mandates, mandates, to_entity, to_person
from tests.provider import SECRET, Browser, Site, claims_of

__all__ = ["FILING", "ONE", "THREE", "TWO", "Kind", "mandates", "to_entity", "to_person"]

API, PLAIN = "https://api.tax.example/represented", "https://api.tax.example/plain"
SCOPE = "openid represented"
GRANTS = ["authorization_code", "refresh_token", TOKEN_EXCHANGE]
PENSION = Scope(frozenset({Action.VIEW, Action.SUBMIT}), frozenset({"hn-pension-01"}))
LIMITED = Scope(FILING.actions, FILING.services, Limit(5_000_000))


def details(**changes: Any) -> str:
    """``authorization_details`` about the tax return."""
    asked = {"type": "gov_mandate", "theme": "tax.filing", "services": ["hn-tax-01"], "actions": ["view", "submit"]}
    return orjson.dumps([{name: value for name, value in (asked | changes).items() if value is not None}]).decode()


@dataclass
class Acting:
    """``mandates`` with the client ``tax``, the API's own client ``api``, and what a test does with them."""

    mandates: Mandates

    @property
    def site(self) -> Site:
        return self.mandates.site

    def browser(self, phone: str) -> Browser:
        return self.site.browser().sign_in(phone)

    def employee(self, **changes: Any) -> str:
        """THREE may file for the entity."""
        return self.mandates.given(self.mandates.entity, to_person(THREE), ONE, THREE, **changes)

    def by_agency(self) -> tuple[str, str]:
        """TWO's agency may file for the entity, and THREE for the agency."""
        m = self.mandates
        first = m.given(m.entity, to_entity(), ONE, TWO, m.agency, may_delegate=True)
        until = m.site.now() + 86400
        return first, m.given(m.agency, to_person(THREE), TWO, THREE, parent=first, valid_to=until)

    def acting(self, phone: str, choice: str) -> Browser:
        browser = self.browser(phone)
        answer = act(browser, choice)
        assert answer.status_code == 303, answer.text
        return browser

    def tokens(self, phone: str, choice: str, **changes: Any) -> dict[str, Any]:
        return self.acting(phone, choice).tokens("tax", **{"scope": SCOPE} | changes)

    def handle(self, tokens: dict[str, Any]) -> str:
        return str(claims_of(tokens["id_token"])["mandate"]["handle"])

    def exchange(self, tokens: dict[str, Any], handle: str | None = None, /, **changes: str | None) -> Any:
        form: dict[str, str | None] = {
            "grant_type": TOKEN_EXCHANGE,
            "subject_token": handle or self.handle(tokens),
            "subject_token_type": "urn:tongban:params:oauth:token-type:mandate",
            "actor_token": tokens["access_token"],
            "actor_token_type": "urn:ietf:params:oauth:token-type:access_token",
            "resource": API,
            "authorization_details": details(),
        }
        client = changes.pop("client", None) or "tax"
        sent = {name: value for name, value in (form | changes).items() if value is not None}
        return self.site.token(client, sent)

    def introspect(self, token: str, client: str = "api") -> Any:
        return self.site.call("/introspect", client, {"token": token}).get_json()

    def audited(self, event: str) -> list[tuple[Any, ...]]:
        """(reason, result) of each record."""
        with self.site.provider.database.autocommit() as tx:
            asked = Statement[tuple[Any, ...]]("SELECT reason, result FROM audit_event WHERE event = :event")
            return tx.all(asked, event=event)


def register(site: Site, client_id: str, **changes: Any) -> None:
    scopes = {"represented": "statutory", "profile": "statutory", "phone": "statutory", "authority": "statutory"}
    wanted = {
        "scopes": scopes | {"legal_entity": "statutory"},
        "grant_types": GRANTS,
        "resources": [API, PLAIN],
        "authorization_details_types": ["gov_mandate"],
    }
    register_client(site, client_id, **wanted | changes)
    site.provider.registry.expire()


@pytest.fixture
def acting(mandates: Mandates) -> Acting:
    admit(mandates.site)
    return Acting(mandates)


def admit(site: Site) -> None:
    """The clients, and the APIs, of which one is aware."""
    register(site, "tax")
    machine = {"client_id": "api", "name": "接口", "sector": "of-api", "state": "live"}
    with site.provider.database.transaction() as tx:
        own = {"grant_types": ["client_credentials"], "scopes": {"figures.read": "none"}}
        assert isinstance(put(tx, machine | own, secret=SECRET, now=site.now()), Client)
        for identifier in (API, PLAIN):
            assert add_resource(tx, identifier, client_id="api", title="税务接口", now=site.now()) is None
    aware(site)
    site.provider.registry.expire()


def aware(site: Site, how: str | None = "self-test of the kit") -> None:
    site.provider.resources.expire()
    server = site.provider.resources.get(API)
    assert server is not None
    with site.provider.database.transaction() as tx:
        set_aware(tx, server, how=how, now=site.now())
    site.provider.resources.expire()
