"""RFC 9470 from end to end: an API refuses a token, its client steps the person up, and the new token opens it."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import pytest
from werkzeug.test import TestResponse

from adapters.departments.challenge import read_challenge, require_level
from adapters.departments.errors import InvalidToken
from adapters.departments.resource_server import ResourceServer, ResourceSettings
from adapters.departments.transport import Request, Response
from idp.proofing.actions import add_evidence
from idp.proofing.ports import Match
from tests.credentials.authenticator import Authenticator
from tests.provider import ISSUER, Browser, Site, answered, claims_of
from tests.registers import ScriptedRegisters
from tests.signin.factors import add_passkey, by_passkey, prove_two, sent_to


@dataclass
class InProcess:
    """The kit's transport, straight into the provider of the test."""

    site: Site

    def send(self, request: Request) -> Response:
        answer = self.site.http.get(urlsplit(request.url).path)
        return Response(answer.status_code, dict(answer.headers), answer.data)


@pytest.fixture
def api(site: Site) -> ResourceServer:
    """An API of the provider's own default audience."""
    return ResourceServer(ResourceSettings(issuer=ISSUER, audience=ISSUER), InProcess(site))


def test_an_api_challenges_and_a_stepped_up_token_opens_it(
    site: Site, signed_in: Browser, api: ResourceServer
) -> None:
    weak = signed_in.tokens()
    challenge = require_level(api.verify(weak["access_token"], now=site.now()), "ial:2", now=site.now())
    assert challenge is not None
    asked = read_challenge(challenge)
    assert asked is not None
    with site.provider.database.transaction() as tx:
        add_evidence(tx, site.party(), kind="name_number", level=2, source="t", expires_at=None, now=site.now())
    strong = signed_in.tokens(acr_values=" ".join(asked.values))
    assert require_level(api.verify(strong["access_token"], now=site.now()), "ial:2", now=site.now()) is None
    assert api.verify(strong["access_token"], now=site.now())["acr"] == "urn:tongban:ial:2"


def test_one_session_rises_to_a_checked_identity_and_then_to_the_highest_strength(
    site: Site, signed_in: Browser, registers: ScriptedRegisters
) -> None:
    """An app asks for ``ial:2``, then for ``ial:2:aal:3``: each page adds what is missing to the same session."""
    device = Authenticator()
    add_passkey(prove_two(signed_in), device)
    person = site.browser().sign_in()
    session = "SELECT id FROM session WHERE methods = :used AND ended_at IS NULL"
    began = site.one(session, used="pwd")
    registers.people["欧阳清岚", "11010519491231002X"] = Match(valid_to=None)
    proving = sent_to(person.ask(acr_values="urn:tongban:ial:2"))
    assert urlsplit(proving).path == "/identity/name"
    form = {"name": "欧阳清岚", "kind": "id_number", "number": "11010519491231002X"}
    checked = told(site, person.get(sent_to(person.submit(proving, form))))
    assert (checked["acr"], checked["ial"], checked["aal"]) == ("urn:tongban:ial:2", 2, 1)
    confirming = sent_to(person.ask(acr_values="urn:tongban:ial:2:aal:3"))
    assert urlsplit(confirming).path == "/signin/confirm"
    highest = told(site, person.get(sent_to(by_passkey(person, device, confirming))))
    assert (highest["acr"], highest["ial"], highest["aal"]) == ("urn:tongban:ial:2:aal:3", 2, 3)
    assert site.one(session, used="pwd pop") == began


def told(site: Site, entered: TestResponse) -> dict[str, Any]:
    """The ID token of the app that was entered."""
    return claims_of(site.exchange(answered(entered)["code"]).get_json()["id_token"])


def test_an_old_sign_in_is_renewed_by_max_age(site: Site, signed_in: Browser, api: ResourceServer) -> None:
    site.later = 400
    claims = api.verify(signed_in.tokens()["access_token"], now=site.now())
    challenge = require_level(claims, max_age=300, now=site.now())
    assert challenge is not None
    asked = read_challenge(challenge)
    assert asked is not None
    assert signed_in.ask(max_age=str(asked.max_age)).headers["Location"].startswith("/signin")
    again = api.verify(signed_in.sign_in().tokens()["access_token"], now=site.now())
    assert require_level(again, max_age=300, now=site.now()) is None


def test_an_id_token_and_another_apis_token_open_nothing(site: Site, signed_in: Browser, api: ResourceServer) -> None:
    tokens = signed_in.tokens()
    with pytest.raises(InvalidToken, match="type"):
        api.verify(tokens["id_token"], now=site.now())
    other = ResourceServer(ResourceSettings(issuer=ISSUER, audience="https://api.example"), InProcess(site))
    with pytest.raises(InvalidToken, match="audience"):
        other.verify(tokens["access_token"], now=site.now())


def test_introspection_tells_an_api_level_and_time_of_the_sign_in(site: Site, signed_in: Browser) -> None:
    token = signed_in.tokens()["access_token"]
    told = site.call("/introspect", "app", {"token": token}).get_json()
    assert {"acr", "auth_time", "ial", "aal"} <= told.keys()
    assert require_level(told, "aal:2", now=site.now())
    assert require_level(told, "ial:1", 60, now=site.now()) is None
