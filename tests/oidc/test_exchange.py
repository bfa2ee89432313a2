"""Token exchange: a mandate's handle and the agent's token, for a token of one aware API (RFC 8693)."""

import base64
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlsplit

import orjson
import pytest

from adapters.departments.errors import InvalidToken, TokenFault
from adapters.departments.resource_server import ResourceServer, ResourceSettings
from adapters.departments.transport import Request, Response
from idp.app import create_app
from idp.mandates.rules import State, Step
from tests.entities.conftest import act
from tests.oidc.representing import (
    API,
    LIMITED,
    ONE,
    PLAIN,
    SCOPE,
    THREE,
    TWO,
    Acting,
    acting,
    aware,
    details,
    mandates,
    register,
)
from tests.provider import Site, claims_of
from tests.registers import ScriptedRegisters

__all__ = ["acting", "mandates"]
ROUNDS = 12
ISSUED = "urn:tongban:params:oauth:token-type:gov-mandate"


def token_of(answer: Any) -> str:
    assert answer.status_code == 200, answer.text
    return str(answer.get_json()["access_token"])


def header_of(token: str) -> dict[str, Any]:
    part = token.split(".")[0]
    found: dict[str, Any] = orjson.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return found


def test_2_2_1_the_answer_is_a_token_of_one_api_without_scope_or_refresh_token(acting: Acting) -> None:
    mandate = acting.employee(scope=LIMITED)
    tokens = acting.tokens(THREE, mandate)
    answer = acting.exchange(tokens)
    told = answer.get_json()
    assert answer.headers["Cache-Control"] == "no-store"
    assert (told["issued_token_type"], told["token_type"]) == (ISSUED, "Bearer")
    assert told["expires_in"] <= 600
    assert {"refresh_token", "scope", "id_token"}.isdisjoint(told)
    claims, header = claims_of(told["access_token"]), header_of(told["access_token"])
    assert header["typ"] == "gov-mandate+jwt"
    assert (claims["aud"], claims["client_id"]) == (API, "tax")
    assert claims["exp"] - claims["iat"] == told["expires_in"]
    assert "scope" not in claims
    assert claims["authorization_details"] == told["authorization_details"]
    assert told["authorization_details"] == [
        {
            "type": "gov_mandate",
            "theme": "tax.filing",
            "services": ["hn-tax-01"],
            "actions": ["view", "submit"],
            "limit": {"amount": "50000.00", "currency": "CNY"},
            "mandate": mandate,
            "chain": [],
        }
    ]


def test_4_1_sub_is_the_party_acted_for_and_act_the_human_in_the_sector_of_the_api(acting: Acting) -> None:
    _, second = acting.by_agency()
    tokens = acting.tokens(THREE, second)
    own = claims_of(tokens["id_token"])
    claims = claims_of(token_of(acting.exchange(tokens)))
    human, agency = claims["act"]["sub"], claims["act"]["act"]["sub"]
    assert len({claims["sub"], human, agency, own["sub"], own["represented"]["sub"]}) == 5
    assert claims["act"] == {
        "sub": human,
        "capacity": "handler",
        "ial": 3,
        "aal": 1,
        "act": {"sub": agency, "kind": "legal_entity", "capacity": "intermediary"},
    }
    assert claims["authorization_details"][0]["chain"] == [{"sub": agency, "capacity": "intermediary"}]


def test_an_exchange_is_audited_and_is_a_use(acting: Acting) -> None:
    mandate = acting.employee()
    token_of(acting.exchange(acting.tokens(THREE, mandate)))
    assert acting.audited("person:mandate:used") == [(None, "ok")] * 2
    assert acting.site.one(
        "SELECT COUNT(*) FROM audit_event WHERE mandate = :id AND detail LIKE :it", id=mandate, it=f"%{API}%"
    )
    what = acting.site.one("SELECT what FROM mandate_use WHERE what LIKE 'token%' AND mandate_id = :id", id=mandate)
    assert what == "token submit view"
    assert acting.site.one("SELECT service FROM mandate_use WHERE what LIKE 'token%'") == "hn-tax-01"


def test_without_details_it_is_what_the_mandate_holds(acting: Acting) -> None:
    tokens = acting.tokens(THREE, acting.employee())
    told = acting.exchange(tokens, authorization_details=None).get_json()["authorization_details"]
    assert [(one["services"], one["actions"]) for one in told] == [(["hn-tax-01"], ["view", "submit"])]


def test_a_representative_exchanges_by_their_office_and_says_what_for(acting: Acting) -> None:
    tokens = acting.tokens(ONE, acting.mandates.entity)
    claims = claims_of(token_of(acting.exchange(tokens)))
    assert claims["act"]["capacity"] == "representative"
    assert "mandate" not in claims["authorization_details"][0]
    refused = acting.exchange(tokens, authorization_details=None)
    assert refused.get_json()["error"] == "invalid_authorization_details"


def test_the_audience_may_be_named_either_way(acting: Acting) -> None:
    tokens = acting.tokens(THREE, acting.employee())
    assert claims_of(token_of(acting.exchange(tokens, resource=None, audience=API)))["aud"] == API


WRONG: list[tuple[dict[str, str | None], str]] = [
    ({"subject_token_type": "urn:ietf:params:oauth:token-type:access_token"}, "invalid_request"),
    ({"subject_token_type": None}, "invalid_request"),
    ({"actor_token": None}, "invalid_request"),
    ({"actor_token_type": None}, "invalid_request"),
    ({"actor_token": "a.b.c"}, "invalid_request"),
    ({"subject_token": "rep_" + "0" * 26}, "invalid_request"),
    ({"subject_token": "mnd_anything"}, "invalid_request"),
    ({"requested_token_type": "urn:ietf:params:oauth:token-type:refresh_token"}, "invalid_request"),
    ({"scope": "openid"}, "invalid_scope"),
    ({"resource": None}, "invalid_target"),
    ({"resource": PLAIN}, "invalid_target"),
    ({"resource": f"{API} {API}"}, "invalid_target"),
    ({"audience": API}, "invalid_target"),
    ({"resource": "https://elsewhere.example"}, "invalid_target"),
    ({"authorization_details": details(actions=["pay"])}, "invalid_authorization_details"),
    ({"authorization_details": details(services=["hn-tax-02"])}, "invalid_authorization_details"),
    ({"authorization_details": details(theme="tax.refund", services=None)}, "invalid_authorization_details"),
    ({"authorization_details": details(limit={"amount": "50000.01"})}, "invalid_authorization_details"),
    ({"authorization_details": "[]"}, "invalid_authorization_details"),
]


def test_2_2_2_what_is_wrong_is_refused_and_audited(acting: Acting) -> None:
    tokens = acting.tokens(THREE, acting.employee(scope=LIMITED))
    for changes, error in WRONG:
        answer = acting.exchange(tokens, acting.handle(tokens), **changes)
        assert (answer.status_code, answer.get_json()["error"]) == (400, error), changes
    audited = acting.audited("client:token:exchanged")
    assert [result for _, result in audited] == ["refused"] * len(WRONG)
    assert {reason for reason, _ in audited} == {
        f"exchange_{why}" for why in ("request", "actor", "subject", "target", "beyond", "details")
    }


def test_another_apps_handle_and_another_apps_token_give_nothing(acting: Acting) -> None:
    register(acting.site, "sister", sector="of-tax")
    browser = acting.acting(THREE, acting.employee())
    own, others = (browser.tokens(client, scope=SCOPE) for client in ("tax", "sister"))
    mixed = [
        acting.exchange(own, acting.handle(others)),
        acting.exchange(own | {"access_token": others["access_token"]}, acting.handle(own)),
        acting.exchange(own, acting.handle(own), client="sister"),
    ]
    assert [answer.get_json()["error"] for answer in mixed] == ["invalid_request"] * 3
    assert [reason for reason, _ in acting.audited("client:token:exchanged")] == [
        "exchange_subject",
        "exchange_actor",
        "exchange_actor",
    ]


def test_another_persons_token_gives_nothing_whatever_they_act_by(acting: Acting) -> None:
    first, second = acting.by_agency()
    agent, employee = acting.tokens(TWO, first), acting.tokens(THREE, second)
    for tokens, handle in ((agent, acting.handle(employee)), (employee, acting.handle(agent))):
        assert acting.exchange(tokens, handle).get_json()["error"] == "invalid_request"
    unknown = acting.exchange(agent, "rep_" + "0" * 26)
    assert unknown.get_json() == acting.exchange(agent, acting.handle(employee)).get_json()  # nothing is to be probed


def test_a_token_given_for_acting_otherwise_gives_nothing(acting: Acting) -> None:
    browser = acting.acting(THREE, acting.employee())
    handle = acting.handle(browser.tokens("tax", scope=SCOPE))
    act(browser, "self")
    assert acting.exchange(browser.tokens("tax", scope=SCOPE), handle).status_code == 400
    assert acting.audited("client:token:exchanged")[-1][0] == "exchange_other_acting"


@pytest.mark.parametrize("how", ["revoked", "expired", "signed out", "the clients own"])
def test_a_token_not_in_force_gives_nothing(acting: Acting, how: str) -> None:
    browser = acting.acting(THREE, acting.employee())
    tokens = browser.tokens("tax", scope=SCOPE)
    if how == "revoked":
        acting.site.call("/revoke", "tax", {"token": tokens["access_token"]})
    elif how == "expired":
        acting.site.later += 601
    elif how == "signed out":
        acting.site.execute("UPDATE session SET ended_at = 1")
    else:
        form = {"grant_type": "client_credentials"}
        tokens["access_token"] = acting.site.token("machine", form).get_json()["access_token"]
    assert acting.exchange(tokens).get_json()["error"] == "invalid_request"
    assert acting.audited("client:token:exchanged")[-1][0] == "exchange_actor"


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ("UPDATE mandate SET state = 'suspended'", "not_allowed"),
        ("UPDATE mandate SET state = 'superseded'", "expired_in_session"),
        ("UPDATE mandate SET state = 'pending_acceptance'", "approval_pending"),
        ("UPDATE mandate SET valid_to = 1", "expired_in_session"),
        ("UPDATE mandate SET in_force_at = in_force_at + 9999", "not_allowed"),
        ('UPDATE mandate SET scope = \'{"actions":[],"services":[]}\'', "not_allowed"),
        ("UPDATE evidence SET ended_at = 1 WHERE kind <> 'representative'", "not_allowed"),
        ("UPDATE legal_entity SET status = 'revoked'", "not_allowed"),
        ("UPDATE party SET status = 'suspended' WHERE kind = 'entity'", "not_allowed"),
    ],
)
def test_what_has_lost_its_power_gives_no_token_and_what_it_gave_is_dead(
    acting: Acting, change: str, status: str
) -> None:
    tokens = acting.tokens(THREE, acting.employee())
    given = token_of(acting.exchange(tokens))
    assert acting.introspect(given)["active"] is True
    acting.site.execute(change)
    answer = acting.exchange(tokens)
    assert (answer.get_json()["error"], answer.get_json()["represented_status"]) == ("invalid_request", status)
    assert acting.audited("client:token:exchanged")[-1] == (f"exchange_status:{status}", "refused")
    assert acting.introspect(given) == {"active": False}


def test_a_level_at_the_sign_in_that_is_too_low_gives_no_token(acting: Acting) -> None:
    tokens = acting.tokens(THREE, acting.employee())
    acting.site.execute("UPDATE authorization_grant SET ial = 1")
    assert acting.exchange(tokens).status_code == 400
    assert acting.audited("client:token:exchanged")[-1][0] == "exchange_level"


def test_an_api_that_has_not_shown_that_it_is_aware_gets_no_token(acting: Acting) -> None:
    tokens = acting.tokens(THREE, acting.employee())
    given = token_of(acting.exchange(tokens))
    aware(acting.site, None)
    assert acting.exchange(tokens).get_json()["error"] == "invalid_target"
    assert acting.introspect(given) == {"active": False}


def test_a_client_exchanges_only_if_it_is_registered_for_it(acting: Acting) -> None:
    register(acting.site, "other", grant_types=["authorization_code"])
    browser = acting.acting(THREE, acting.employee())
    tokens = browser.tokens("other", scope=SCOPE)
    answer = acting.exchange(tokens, client="other")
    assert answer.get_json()["error"] == "unauthorized_client"


def test_7662_the_api_and_the_app_hear_who_acts_for_whom_each_in_its_own_sector(acting: Acting) -> None:
    _, second = acting.by_agency()
    tokens = acting.tokens(THREE, second)
    given = token_of(acting.exchange(tokens))
    claims, own = claims_of(given), claims_of(tokens["id_token"])
    by_api, by_app = acting.introspect(given), acting.introspect(given, "tax")
    assert {name: by_api[name] for name in ("sub", "act", "authorization_details", "aud", "exp")} == {
        name: claims[name] for name in ("sub", "act", "authorization_details", "aud", "exp")
    }
    assert (by_app["sub"], by_app["act"]["sub"]) == (own["represented"]["sub"], own["sub"])
    assert acting.introspect(given, "machine") == {"active": False}


def test_7009_such_a_token_can_be_taken_back(acting: Acting) -> None:
    tokens = acting.tokens(THREE, acting.employee())
    given = token_of(acting.exchange(tokens))
    acting.site.call("/revoke", "tax", {"token": given})
    assert acting.introspect(given) == {"active": False}


def test_such_a_token_opens_neither_userinfo_nor_another_exchange(acting: Acting) -> None:
    tokens = acting.tokens(THREE, acting.employee())
    given = token_of(acting.exchange(tokens))
    assert acting.site.userinfo(given).status_code == 401
    assert acting.exchange(tokens | {"access_token": given}).get_json()["error"] == "invalid_request"


class Local:
    """The kit's transport, to the provider of the test."""

    def __init__(self, site: Site) -> None:
        self._site = site

    def send(self, request: Request) -> Response:
        answer = self._site.http.get(urlsplit(request.url).path)
        return Response(answer.status_code, {name.lower(): value for name, value in answer.headers}, answer.data)


def test_a_plain_verifier_of_rfc_9068_refuses_it_and_takes_only_tokens_of_the_human(acting: Acting) -> None:
    browser = acting.acting(THREE, acting.employee())
    tokens = browser.tokens("tax", scope=SCOPE)
    given = token_of(acting.exchange(tokens))
    issuer, now = acting.site.provider.settings.issuer, acting.site.now()
    for audience, token, taken in ((API, given, False), (issuer, tokens["access_token"], True)):
        server = ResourceServer(ResourceSettings(issuer=issuer, audience=audience), Local(acting.site))
        if taken:
            assert server.verify(token, now=now)["sub"] == claims_of(tokens["id_token"])["sub"]
            continue
        with pytest.raises(InvalidToken) as refused:
            server.verify(token, now=now)
        assert refused.value.reason is TokenFault.TYPE


@pytest.fixture
def elsewhere(acting: Acting) -> Iterator[Acting]:
    """The same over another process's provider: one database, caches of its own."""
    other = Site(create_app(acting.site.provider.settings, ScriptedRegisters().ports), acting.site.later)
    yield Acting(type(acting.mandates)(other, acting.mandates.entity, acting.mandates.agency))
    other.close()


def test_what_is_taken_back_while_it_is_exchanged_gives_nothing_that_counts_afterwards(
    acting: Acting, elsewhere: Acting
) -> None:
    browser = acting.browser(THREE)
    for _ in range(ROUNDS):
        mandate = acting.employee()
        elsewhere.site.later = acting.site.later
        act(browser, mandate)
        tokens = browser.tokens("tax", scope=SCOPE)
        handle = acting.handle(tokens)
        given: list[str] = []

        def exchange_on(tokens: Any = tokens, handle: str = handle, given: list[str] = given) -> None:
            while (answer := elsewhere.exchange(tokens, handle)).status_code == 200:
                given.append(answer.get_json()["access_token"])

        with ThreadPoolExecutor(1) as pool:
            running = pool.submit(exchange_on)
            while not given and not running.done():
                time.sleep(0.001)
            assert acting.mandates.step(mandate, Step.REVOKE, ONE, acting.mandates.entity) is State.REVOKED
            assert elsewhere.exchange(tokens, handle).status_code == 400
            running.result(timeout=30)
        assert given
        assert [elsewhere.introspect(token) for token in given[-5:]] == [{"active": False}] * len(given[-5:])


def test_taken_back_on_one_node_it_is_over_on_the_other_at_the_next_request(
    acting: Acting, elsewhere: Acting
) -> None:
    mandate = acting.employee()
    tokens = acting.tokens(THREE, mandate)
    there, handle = elsewhere, acting.handle(tokens)
    there.site.later = acting.site.later
    given = token_of(there.exchange(tokens, handle))
    assert there.introspect(given)["active"] is True
    assert there.site.userinfo(tokens["access_token"]).get_json()["represented_status"] == "current"
    acting.mandates.step(mandate, Step.FREEZE, ONE, acting.mandates.entity)
    assert there.introspect(given) == {"active": False}
    assert there.exchange(tokens, handle).status_code == 400
    assert there.site.refresh(tokens["refresh_token"], "tax").status_code == 400


def test_metadata_names_the_grant_type(acting: Acting) -> None:
    metadata = acting.site.http.get("/.well-known/openid-configuration").get_json()
    assert "urn:ietf:params:oauth:grant-type:token-exchange" in metadata["grant_types_supported"]
