"""Tokens: what is issued, what each endpoint makes of them, and how they end."""

from typing import Any

import orjson
import pytest

from idp.clients.actions import put, set_state
from idp.clients.rules import ClientState
from idp.db import DatabaseUnavailable, Statement, Transaction
from idp.db.sqlite import SqliteWire
from idp.grants import actions
from idp.oidc import live
from tests.provider import CALLBACK, CLIENTS, ISSUER, VERIFIER, Browser, Site, basic, claims_of

NO_PKCE: dict[str, str | None] = {"code_challenge": None, "code_challenge_method": None}


def active(site: Site, token: str, caller: str = "app") -> bool:
    answer = site.call("/introspect", caller, {"token": token})
    assert answer.status_code == 200
    return bool(answer.get_json()["active"])


def error(answer) -> tuple[int, str]:
    return answer.status_code, answer.get_json()["error"]


# -- the token endpoint


def test_a_code_gives_a_jwt_access_token_an_id_token_and_a_refresh_token(site: Site, signed_in: Browser) -> None:
    answer = site.exchange(signed_in.authorize(nonce="n1"))
    assert answer.headers["Cache-Control"] == "no-store"
    tokens = answer.get_json()
    assert (tokens["token_type"], tokens["scope"], tokens["expires_in"]) == ("Bearer", "openid profile phone", 600)
    access, identity = claims_of(tokens["access_token"]), claims_of(tokens["id_token"])
    assert {"iss", "sub", "aud", "exp", "iat", "jti", "gid", "client_id", "scope", "auth_time", "acr"} <= set(access)
    assert (access["iss"], access["aud"], access["client_id"]) == (ISSUER, ISSUER, "app")
    assert (identity["aud"], identity["nonce"], identity["sub"]) == ("app", "n1", access["sub"])
    assert (identity["acr"], identity["amr"]) == ("urn:tongban:ial:1:aal:1", ["pwd"])
    assert {"sid", "auth_time", "at_hash", "ial", "aal"} <= set(identity)
    assert {"name", "phone_number", "email"}.isdisjoint(identity)


def test_claims_asked_of_the_id_token_by_name_stand_there(site: Site, signed_in: Browser) -> None:
    asked = orjson.dumps({"id_token": {"name": None, "email": None}}).decode()
    tokens = signed_in.tokens(claims=asked)
    assert claims_of(tokens["id_token"])["name"] == "欧阳清岚"
    assert "email" not in claims_of(tokens["id_token"])


BAD_EXCHANGES = [
    ({"grant_type": ""}, "invalid_request"),
    ({"grant_type": "password"}, "unsupported_grant_type"),
    ({"grant_type": "client_credentials"}, "unauthorized_client"),
    ({"code": ""}, "invalid_request"),
    ({"code": "x"}, "invalid_grant"),
    ({"redirect_uri": ""}, "invalid_grant"),
    ({"redirect_uri": CALLBACK + "/"}, "invalid_grant"),
    ({"code_verifier": ""}, "invalid_grant"),
    ({"code_verifier": VERIFIER + "x"}, "invalid_grant"),
    ({"code_verifier": "short"}, "invalid_grant"),
    ({"code_verifier": "x" * 129}, "invalid_grant"),
]


@pytest.mark.parametrize(("changes", "wrong"), BAD_EXCHANGES, ids=str)
def test_a_wrong_exchange_is_refused_and_the_code_stays_good(
    site: Site, signed_in: Browser, changes: dict[str, str], wrong: str
) -> None:
    code = signed_in.authorize()
    assert error(site.exchange(code, **changes)) == (400, wrong)
    assert site.exchange(code).status_code == 200


def test_a_verifier_without_a_challenge_is_refused(site: Site, signed_in: Browser) -> None:
    code = signed_in.authorize("post", **NO_PKCE)
    assert error(site.exchange(code, "post")) == (400, "invalid_grant")
    assert site.exchange(code, "post", code_verifier="").status_code == 200


def test_another_clients_code_is_no_code_and_stays_good(site: Site, signed_in: Browser) -> None:
    code = signed_in.authorize()
    assert error(site.exchange(code, "asking")) == (400, "invalid_grant")
    assert site.exchange(code).status_code == 200
    assert error(site.exchange(code, "asking")) == (400, "invalid_grant")


def test_a_replayed_code_ends_everything_that_grew_from_it(site: Site, signed_in: Browser) -> None:
    code = signed_in.authorize()
    tokens = site.exchange(code).get_json()
    assert error(site.exchange(code)) == (400, "invalid_grant")
    assert site.userinfo(tokens["access_token"]).status_code == 401
    assert not active(site, tokens["access_token"])
    assert error(site.refresh(tokens["refresh_token"])) == (400, "invalid_grant")


def test_a_replay_with_another_verifier_ends_everything_as_well(site: Site, signed_in: Browser) -> None:
    code = signed_in.authorize()
    tokens = site.exchange(code).get_json()
    assert error(site.exchange(code, code_verifier="w" * 43)) == (400, "invalid_grant")
    assert site.userinfo(tokens["access_token"]).status_code == 401


def test_a_code_is_good_for_a_minute(site: Site, signed_in: Browser) -> None:
    fresh, stale = signed_in.authorize(), signed_in.authorize()
    site.later = 59
    assert site.exchange(fresh).status_code == 200
    site.later = 60
    assert error(site.exchange(stale)) == (400, "invalid_grant")


def test_refreshing_rotates_and_keeps_what_was_true(site: Site, signed_in: Browser) -> None:
    first = signed_in.tokens()
    site.later = 30
    second = site.refresh(first["refresh_token"]).get_json()
    assert second["refresh_token"] != first["refresh_token"]
    for name in ("sub", "sid", "auth_time", "acr", "aud"):
        assert claims_of(second["id_token"])[name] == claims_of(first["id_token"])[name]
    assert "nonce" not in claims_of(second["id_token"])


def test_a_reused_refresh_token_ends_its_family(site: Site, signed_in: Browser) -> None:
    first = signed_in.tokens()
    second = site.refresh(first["refresh_token"]).get_json()
    assert error(site.refresh(first["refresh_token"])) == (400, "invalid_grant")
    assert error(site.refresh(second["refresh_token"])) == (400, "invalid_grant")
    assert site.userinfo(second["access_token"]).status_code == 401


def test_refreshing_may_narrow_the_scope_of_one_answer_but_not_widen_it(site: Site, signed_in: Browser) -> None:
    first = signed_in.tokens()
    assert error(site.refresh(first["refresh_token"], scope="openid email")) == (400, "invalid_scope")
    narrow = site.refresh(first["refresh_token"], scope="openid").get_json()
    assert narrow["scope"] == "openid"
    assert set(site.userinfo(narrow["access_token"]).get_json()) == {"sub"}
    assert site.refresh(narrow["refresh_token"]).get_json()["scope"] == "openid profile phone"


def test_a_refresh_whose_activity_cannot_be_noted_is_answered(
    site: Site, signed_in: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its token is used up: whoever was told to try again would replay it, and lose the family."""
    token, run = signed_in.tokens()["refresh_token"], SqliteWire.execute
    site.later = 120

    def away(wire: SqliteWire, statement: Statement[Any], parameters: dict[str, Any]) -> Any:
        if statement.sql.startswith("UPDATE session"):
            raise DatabaseUnavailable("gone")
        return run(wire, statement, parameters)

    monkeypatch.setattr(SqliteWire, "execute", away)
    assert site.refresh(token).status_code == 200


def test_a_refresh_asks_the_database_once(site: Site, signed_in: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    token, execute, asked = signed_in.tokens()["refresh_token"], Transaction._execute, list[str]()

    def counting(tx: Transaction, statement: Statement[Any], parameters: dict[str, Any]) -> Any:
        asked.append(statement.sql)
        return execute(tx, statement, parameters)

    monkeypatch.setattr(Transaction, "_execute", counting)
    assert site.refresh(token).status_code == 200
    assert [sql.partition(" ")[0] for sql in asked] == ["UPDATE"]


@pytest.mark.parametrize("token", ["", "x", "x.y", "a" * 43 + "." + "b" * 43, "a" * 43 + "." + "b" * 44])
def test_what_is_no_refresh_token_is_refused(site: Site, token: str) -> None:
    assert error(site.refresh(token)) == (400, "invalid_request" if not token else "invalid_grant")


def test_another_clients_refresh_token_is_none_and_stays_good(site: Site, signed_in: Browser) -> None:
    first = signed_in.tokens()
    assert error(site.refresh(first["refresh_token"], "asking")) == (400, "invalid_grant")
    assert site.refresh(first["refresh_token"]).status_code == 200


def test_a_session_that_ended_takes_its_refresh_tokens_along(site: Site, signed_in: Browser) -> None:
    first = signed_in.tokens()
    signed_in.submit("/signout", {"confirm": "yes"})
    assert error(site.refresh(first["refresh_token"])) == (400, "invalid_grant")
    assert site.userinfo(first["access_token"]).status_code == 401


def test_a_session_that_idled_away_takes_its_refresh_tokens_along(site: Site, signed_in: Browser) -> None:
    first = signed_in.tokens()
    site.later = 3600
    assert error(site.refresh(first["refresh_token"])) == (400, "invalid_grant")


def test_a_refresh_keeps_the_session_awake(site: Site, signed_in: Browser) -> None:
    first = signed_in.tokens()
    site.later = 3000
    second = site.refresh(first["refresh_token"]).get_json()
    site.later = 6000
    assert site.refresh(second["refresh_token"]).status_code == 200
    assert signed_in.signed_in


def test_client_credentials_give_the_clients_own_scopes_and_no_persons(site: Site) -> None:
    form = {"grant_type": "client_credentials"}
    answer = site.token("machine", form).get_json()
    assert answer["scope"] == "figures.read figures.write"
    assert "refresh_token" not in answer
    assert claims_of(answer["access_token"])["sub"] == "machine"
    assert site.token("machine", form | {"scope": "figures.read"}).get_json()["scope"] == "figures.read"
    for scope in ("profile", "openid", "nonsense", "figures.read nonsense"):
        assert error(site.token("machine", form | {"scope": scope})) == (400, "invalid_scope")
    assert site.userinfo(answer["access_token"]).status_code == 401


def test_a_parameter_sent_twice_is_no_request(site: Site) -> None:
    answer = site.http.post(
        "/token",
        data=b"grant_type=client_credentials&scope=a&scope=b",
        content_type="application/x-www-form-urlencoded",
        headers={"Authorization": basic("machine")},
    )
    assert error(answer) == (400, "invalid_request")


# -- opaque tokens


def test_an_opaque_token_is_honoured_until_its_end(site: Site, signed_in: Browser) -> None:
    tokens = signed_in.tokens("post", **NO_PKCE)
    token = tokens["access_token"]
    assert "." not in token
    assert site.userinfo(token).status_code == 200
    assert active(site, token, "post")
    assert not active(site, token)
    site.later = 600
    assert site.userinfo(token).status_code == 401


def test_an_opaque_token_dies_with_its_grant_and_its_client(site: Site, signed_in: Browser) -> None:
    token = signed_in.tokens("post", **NO_PKCE)["access_token"]
    other = signed_in.tokens("post", **NO_PKCE)["access_token"]
    site.call("/revoke", "post", {"token": token})
    assert site.userinfo(token).status_code == 401
    with site.provider.database.transaction() as tx:
        set_state(tx, "post", ClientState.SUSPENDED, now=site.now())
    site.provider.registry._clients.expire()
    assert site.userinfo(other).status_code == 401


# -- introspection


def test_introspection_tells_its_own_client_everything(site: Site, signed_in: Browser) -> None:
    tokens = signed_in.tokens()
    told = site.call("/introspect", "app", {"token": tokens["access_token"]}).get_json()
    access = claims_of(tokens["access_token"])
    for name in ("iss", "sub", "client_id", "scope", "aud", "iat", "exp", "jti", "gid", "acr", "auth_time"):
        assert told[name] == access[name]
    refresh = site.call("/introspect", "app", {"token": tokens["refresh_token"]}).get_json()
    assert (refresh["active"], refresh["token_type"], refresh["sub"]) == (True, "refresh_token", access["sub"])
    machine = site.token("machine", {"grant_type": "client_credentials"}).get_json()["access_token"]
    assert site.call("/introspect", "machine", {"token": machine}).get_json()["sub"] == "machine"


def test_introspection_tells_others_nothing(site: Site, signed_in: Browser) -> None:
    tokens = signed_in.tokens()
    site.refresh(tokens["refresh_token"])
    for token in (tokens["access_token"], tokens["refresh_token"], tokens["id_token"], "x", "x.y.z", "税"):
        if token.isascii():
            answer = site.call("/introspect", "post", {"token": token})
            assert answer.get_json() == {"active": False}


def test_an_earlier_refresh_token_is_inactive_and_asking_ends_nothing(site: Site, signed_in: Browser) -> None:
    first = signed_in.tokens()
    second = site.refresh(first["refresh_token"]).get_json()
    assert not active(site, first["refresh_token"])
    assert active(site, second["refresh_token"])


def test_an_expired_access_token_is_inactive(site: Site, signed_in: Browser) -> None:
    token = signed_in.tokens()["access_token"]
    site.later = 600
    assert not active(site, token)


@pytest.mark.parametrize("path", ["/introspect", "/revoke"])
def test_a_request_without_token_is_none(site: Site, path: str) -> None:
    assert error(site.call(path, "app", {})) == (400, "invalid_request")


# -- revocation


def test_revoking_a_refresh_token_ends_the_grant_and_tells_the_app(site: Site, signed_in: Browser) -> None:
    tokens = signed_in.tokens()
    answer = site.call("/revoke", "app", {"token": tokens["refresh_token"], "token_type_hint": "access_token"})
    assert (answer.status_code, answer.data) == (200, b"")
    assert not active(site, tokens["access_token"])
    assert error(site.refresh(tokens["refresh_token"])) == (400, "invalid_grant")


def test_revoking_an_access_token_ends_it_alone(site: Site, signed_in: Browser) -> None:
    tokens = signed_in.tokens()
    site.call("/revoke", "app", {"token": tokens["access_token"]})
    assert not active(site, tokens["access_token"])
    assert site.refresh(tokens["refresh_token"]).status_code == 200


def test_what_is_unknown_or_anothers_is_answered_alike_and_left_alone(site: Site, signed_in: Browser) -> None:
    tokens = signed_in.tokens()
    opaque = signed_in.tokens("post", **NO_PKCE)
    for token in ("x", "x.y.z", tokens["access_token"], tokens["refresh_token"], opaque["access_token"]):
        answer = site.call("/revoke", "asking", {"token": token})
        assert (answer.status_code, answer.data) == (200, b"")
    assert active(site, tokens["access_token"])
    assert active(site, tokens["refresh_token"])
    assert active(site, opaque["access_token"], "post")
    machine = site.token("machine", {"grant_type": "client_credentials"}).get_json()["access_token"]
    site.call("/revoke", "machine", {"token": machine})
    assert not active(site, machine, "machine")


# -- userinfo


def test_userinfo_takes_the_token_by_header_or_body_and_get_or_post(site: Site, signed_in: Browser) -> None:
    token = signed_in.tokens()["access_token"]
    header = {"Authorization": f"bearer {token}"}
    answers = [
        site.http.get("/userinfo", headers=header),
        site.http.post("/userinfo", headers=header),
        site.http.post("/userinfo", data={"access_token": token}),
    ]
    assert [answer.status_code for answer in answers] == [200] * 3
    assert answers[0].get_json() == answers[1].get_json() == answers[2].get_json()
    told = answers[0].get_json()
    assert (told["name"], told["phone_number"]) == ("欧阳清岚", "+8613812340001")
    assert told["sub"] == claims_of(token)["sub"]
    assert "email" not in told


def test_userinfo_is_signed_for_who_registered_so(site: Site, signed_in: Browser) -> None:
    answer = site.userinfo(signed_in.tokens("post", **NO_PKCE)["access_token"])
    assert answer.content_type == "application/jwt"
    told = claims_of(answer.text)
    assert (told["iss"], told["aud"]) == (ISSUER, "post")
    assert told["name"] == "欧阳清岚"


def test_userinfo_refuses_by_the_rules_of_bearer_tokens(site: Site, signed_in: Browser) -> None:
    tokens = signed_in.tokens()
    token = tokens["access_token"]
    plain = site.http.get("/userinfo")
    assert (plain.status_code, plain.headers["WWW-Authenticate"], plain.data) == (401, 'Bearer realm="userinfo"', b"")
    for header in ("Bearer", "Bearer  ", basic("app"), token):
        assert site.http.get("/userinfo", headers={"Authorization": header}).status_code == 401
    in_query = site.http.get(f"/userinfo?access_token={token}")
    twice = site.http.post("/userinfo", data={"access_token": token}, headers={"Authorization": f"Bearer {token}"})
    for answer in (in_query, twice):
        assert error(answer) == (400, "invalid_request")
        assert 'error="invalid_request"' in answer.headers["WWW-Authenticate"]
    for wrong in ("x", "x.y.z", token[:-2], tokens["id_token"], tokens["refresh_token"]):
        answer = site.userinfo(wrong)
        assert error(answer) == (401, "invalid_token")
        assert 'error="invalid_token"' in answer.headers["WWW-Authenticate"]


def test_userinfo_needs_scope_openid(site: Site, signed_in: Browser) -> None:
    tokens = signed_in.tokens(scope="profile")
    assert "id_token" not in tokens
    answer = site.userinfo(tokens["access_token"])
    assert error(answer) == (403, "insufficient_scope")


def test_a_suspended_client_gets_nothing_any_more(site: Site, signed_in: Browser) -> None:
    tokens = signed_in.tokens()
    with site.provider.database.transaction() as tx:
        set_state(tx, "app", ClientState.SUSPENDED, now=site.now())
    site.provider.registry._clients.expire()
    assert site.userinfo(tokens["access_token"]).status_code == 401
    assert site.refresh(tokens["refresh_token"]).status_code == 401
    assert signed_in.ask().status_code == 400
    assert any(message.get("client_id") == "app" for message in site.outbox("logout"))


# -- limits of a refresh token


def test_a_refresh_token_that_rested_too_long_or_grew_too_old_is_refused(site: Site, signed_in: Browser) -> None:
    register(site, "app", scopes={"profile": "none", "offline_access": "none"})
    rested = signed_in.tokens(scope="openid offline_access")["refresh_token"]
    site.later = 14 * 86400 + 1
    assert not active(site, rested)
    assert error(site.refresh(rested)) == (400, "invalid_grant")
    site.later = 0
    used = signed_in.tokens(scope="openid offline_access")["refresh_token"]
    for day in range(10, 90, 10):
        site.later = day * 86400
        used = site.refresh(used).get_json()["refresh_token"]
    assert active(site, used)
    site.later = 90 * 86400 + 5
    assert not active(site, used)
    assert error(site.refresh(used)) == (400, "invalid_grant")


def test_a_caller_of_the_same_audience_learns_the_subject_of_its_own_sector(site: Site, signed_in: Browser) -> None:
    for client in ("app", "machine"):
        register(site, client, audience="https://api.example")
    token = signed_in.tokens()["access_token"]
    assert claims_of(token)["aud"] == "https://api.example"
    told = site.call("/introspect", "machine", {"token": token}).get_json()
    assert told["active"]
    assert told["sub"].startswith("pw_")
    assert told["sub"] != claims_of(token)["sub"]


def test_who_loses_the_race_for_a_code_has_replayed_it(
    site: Site, signed_in: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = signed_in.authorize()
    claim = actions.redeem_code

    def beaten(*args: Any, **named: Any) -> None:
        claim(*args, **named)

    monkeypatch.setattr(actions, "redeem_code", beaten)
    assert error(site.exchange(code)) == (400, "invalid_grant")
    assert site.one("SELECT revoke_reason FROM authorization_grant") == "code-replayed"


def test_who_loses_the_race_for_a_refresh_token_has_replayed_it(
    site: Site, signed_in: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = signed_in.tokens()["refresh_token"]
    claim = live.rotate

    def beaten(*args: Any, **named: Any) -> None:
        claim(*args, **named)

    monkeypatch.setattr(live, "rotate", beaten)
    assert error(site.refresh(token)) == (400, "invalid_grant")
    assert site.one("SELECT revoke_reason FROM authorization_grant") == "refresh-replayed"


def register(site: Site, client_id: str, **changes: Any) -> None:
    data = next(client for client in CLIENTS if client["client_id"] == client_id)
    with site.provider.database.transaction() as tx:
        put(tx, data | changes, now=site.now())
    site.provider.registry._clients.expire()
