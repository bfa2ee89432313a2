"""Tokens that say for whom somebody acts, at an API: the one good kind, and everything else."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.departments.delegation import ISSUED_TYPE, DelegationToken, exchange_form
from adapters.departments.errors import InvalidToken, ProviderUnavailable, TokenFault
from adapters.departments.relying_party import RelyingParty
from adapters.departments.representing import Power
from adapters.departments.resource_server import ResourceServer, ResourceSettings
from adapters.departments.settings import ClientSettings
from adapters.departments.transport import Request, Response

from .fake_provider import HANDLE, ISSUER, START, FakeProvider
from .test_id_token import JUNK

API = "https://api.tax.example/represented"
PROVIDER = FakeProvider()
SERVER = ResourceServer(ResourceSettings(issuer=ISSUER, audience=API), PROVIDER)
FILE = Power(theme="tax.filing", services=("hn-tax-01",), actions=("view", "submit"))
CLAIMS: dict[str, Any] = {
    "iss": ISSUER,
    "aud": API,
    "sub": "pw_company",
    "client_id": "tax",
    "gid": "g",
    "jti": "t1",
    "iat": START,
    "exp": START + 600,
    "act": {
        "sub": "pw_human",
        "capacity": "handler",
        "ial": 3,
        "aal": 2,
        "act": {"sub": "pw_agency", "kind": "legal_entity", "capacity": "intermediary"},
    },
    "authorization_details": [FILE.as_detail() | {"mandate": "mnd_1", "chain": [{"sub": "pw_agency"}]}],
}


def token(*without: str, typ: str | None = "gov-mandate+jwt", **changes: Any) -> str:
    claims = {name: value for name, value in {**CLAIMS, **changes}.items() if name not in without}
    return PROVIDER.sign(claims, **({} if typ is None else {"typ": typ}))


def fault(text: str, *, now: int = START, **more: Any) -> TokenFault:
    with pytest.raises(InvalidToken) as found:
        SERVER.verify_delegation(text, now=now, **more)
    return found.value.reason


@pytest.mark.parametrize("aud", [API, [API]])
def test_a_delegation_says_who_for_whom_through_whom_and_by_what(aud: object) -> None:
    told = SERVER.verify_delegation(token(aud=aud), now=START)
    assert (told.human, told.represented, told.chain, told.client_id) == (
        "pw_human",
        "pw_company",
        ("pw_agency",),
        "tax",
    )
    assert (told.capacity, told.office, told.ial, told.aal) == ("handler", None, 3, 2)
    assert told.allows(FILE)
    assert not told.allows(replace(FILE, actions=("pay",)))
    assert not told.allows(replace(FILE, services=("hn-tax-02",)))


def test_a_clerk_is_told_with_their_office() -> None:
    act = {"sub": "pw_clerk", "capacity": "clerk", "office": "岳麓区政务服务中心 3 号窗口", "ial": 3, "aal": 2}
    told = SERVER.verify_delegation(token(act=act), now=START)
    assert (told.capacity, told.office) == ("clerk", "岳麓区政务服务中心 3 号窗口")


def test_an_amount_is_allowed_up_to_the_limit() -> None:
    limited = [FILE.as_detail() | {"limit": {"amount": "50000.00", "currency": "CNY"}}]
    told = SERVER.verify_delegation(token(authorization_details=limited), now=START)
    assert told.allows(replace(FILE, amount="50000.00"))
    assert not told.allows(replace(FILE, amount="50000.01"))


@pytest.mark.parametrize("typ", [None, "JWT", "at+jwt", "secevent+jwt", "logout+jwt", "gov-mandate"])
def test_no_other_type_of_token_is_a_delegation(typ: str | None) -> None:
    assert fault(token(typ=typ)) is TokenFault.TYPE


def test_rfc_9068_a_verifier_of_access_tokens_refuses_a_delegation() -> None:
    with pytest.raises(InvalidToken) as found:
        SERVER.verify(token(), now=START)
    assert found.value.reason is TokenFault.TYPE


@pytest.mark.parametrize(
    ("without", "changes", "reason"),
    [
        ("", {"iss": "http://elsewhere"}, TokenFault.ISSUER),
        ("", {"aud": "https://other.example"}, TokenFault.AUDIENCE),
        ("", {"aud": [API, "https://other.example"]}, TokenFault.AUDIENCE),
        ("aud", {}, TokenFault.AUDIENCE),
        ("exp", {}, TokenFault.EXPIRED),
        ("", {"exp": START + 601}, TokenFault.EXPIRED),
        ("", {"iat": START - 900, "exp": START - 300}, TokenFault.EXPIRED),
        ("", {"exp": START}, TokenFault.EXPIRED),
        ("", {"iat": START + 300, "exp": START + 800}, TokenFault.ISSUED_AT),
        ("", {"nbf": START + 300}, TokenFault.NOT_YET_VALID),
        ("jti", {}, TokenFault.TOKEN_ID),
        ("client_id", {}, TokenFault.AUTHORIZED_PARTY),
        ("sub", {}, TokenFault.SUBJECT),
        ("act", {}, TokenFault.ACTOR),
        ("", {"act": {}}, TokenFault.ACTOR),
        ("", {"act": "pw_human"}, TokenFault.ACTOR),
        ("", {"act": {"sub": ""}}, TokenFault.ACTOR),
        ("", {"act": {"sub": "pw_company"}}, TokenFault.ACTOR),
        ("", {"act": {"sub": "pw_human", "act": "pw_agency"}}, TokenFault.ACTOR),
        ("", {"scope": "openid"}, TokenFault.POWERS),
        ("authorization_details", {}, TokenFault.POWERS),
        ("", {"authorization_details": []}, TokenFault.POWERS),
        ("", {"authorization_details": {}}, TokenFault.POWERS),
        ("", {"authorization_details": ["all"]}, TokenFault.POWERS),
        ("", {"authorization_details": [{"type": "payment", "theme": "t", "actions": ["pay"]}]}, TokenFault.POWERS),
        ("", {"authorization_details": [{"type": "gov_mandate", "theme": "t", "actions": []}]}, TokenFault.POWERS),
        ("", {"authorization_details": [{"type": "gov_mandate", "actions": ["view"]}]}, TokenFault.POWERS),
        ("", {"cnf": {"x5t#S256": "x"}}, TokenFault.CONFIRMATION),
    ],
)
def test_a_delegation_with_a_fault_is_refused(without: str, changes: dict[str, Any], reason: TokenFault) -> None:
    assert fault(token(without, **changes)) is reason


def test_a_chain_without_end_is_refused() -> None:
    act: dict[str, Any] = {"sub": "pw_0"}
    for number in range(1, 6):
        act = {"sub": f"pw_{number}", "act": act}
    assert fault(token(act=act)) is TokenFault.ACTOR


@settings(deadline=None)
@given(st.sampled_from(["sub", "aud", "act", "authorization_details", "exp", "iat"]), JUNK)
def test_junk_in_a_signed_delegation_never_gives_a_power(name: str, value: Any) -> None:
    try:
        told = SERVER.verify_delegation(token(**{name: value}), now=START)
    except InvalidToken:
        return
    assert told.human != told.represented
    assert told.powers


# The exchange (RFC 8693)


class Exchanging:
    """Answers an exchange with `answer`."""

    def __init__(self, provider: FakeProvider, **changes: Any) -> None:
        self.provider = provider
        self.form: dict[str, str] = {}
        self.answer = {
            "access_token": "t.o.k",
            "issued_token_type": ISSUED_TYPE,
            "token_type": "Bearer",
            "expires_in": 600,
            "authorization_details": [FILE.as_detail()],
            **changes,
        }

    def send(self, request: Request) -> Response:
        if not request.url.endswith("/token"):
            return self.provider.send(request)
        self.form = dict(request.form or {})
        return Response(200, {}, json.dumps(self.answer).encode())


def test_2_1_an_exchange_names_the_acting_the_human_and_one_api(
    settings: ClientSettings, provider: FakeProvider
) -> None:
    wire = Exchanging(provider)
    party = RelyingParty(settings, wire)
    given = party.exchange(HANDLE, API, [FILE], access_token="a.c.c", now=START)
    assert given == DelegationToken("t.o.k", START + 600, [FILE.as_detail()])
    assert json.loads(wire.form.pop("authorization_details")) == [FILE.as_detail()]
    assert wire.form == {
        "grant_type": "urn:ietf:params:oauth:grant-type:token-exchange",
        "subject_token": HANDLE,
        "subject_token_type": "urn:tongban:params:oauth:token-type:mandate",
        "actor_token": "a.c.c",
        "actor_token_type": "urn:ietf:params:oauth:token-type:access_token",
        "resource": API,
    }
    assert "authorization_details" not in exchange_form(HANDLE, API, None, access_token="a.c.c")


@pytest.mark.parametrize(
    "changes",
    [
        {"issued_token_type": "urn:ietf:params:oauth:token-type:access_token"},
        {"token_type": "N_A"},
        {"access_token": None},
        {"access_token": "字"},
        {"expires_in": "600"},
        {"authorization_details": []},
        {"authorization_details": "all"},
        {"authorization_details": None},
    ],
)
def test_an_answer_that_gives_something_else_is_none(
    settings: ClientSettings, provider: FakeProvider, changes: dict[str, Any]
) -> None:
    party = RelyingParty(settings, Exchanging(provider, **changes))
    with pytest.raises(ProviderUnavailable):
        party.exchange(HANDLE, API, access_token="a.c.c", now=START)
