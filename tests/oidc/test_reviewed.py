"""What a hostile reader found once: steps skipped with another cookie, consent swapped, sign-outs that were not."""

import sqlite3
from hashlib import sha256
from urllib.parse import urlencode

import pytest
from joserfc import jwt

from idp.admission.parked import Parking
from idp.cli.maintenance import purge_all
from idp.clients.actions import put
from idp.crypto.signing import fresh_key, rotate
from idp.db import Transaction, current_transaction
from idp.oidc.client_auth import ASSERTION_TYPE
from idp.settings import Settings, unsafe
from idp.signin import loading, sessions
from tests.provider import CLIENTS, KEY, PHONE, Browser, Site, add_person, answered

OTHER_PHONE = "13812340002"


def parked(browser: Browser, client_id: str = "app", **changes: str) -> str:
    """The name of a request that waits for its person."""
    location = browser.ask(client_id, **changes).headers["Location"]
    assert "r=" in location, location
    return location.split("r=")[1].split("&")[0]


def change(site: Site, client_id: str, **values: object) -> None:
    """Register the client anew with other values."""
    data = next(found for found in CLIENTS if found["client_id"] == client_id) | values
    with site.provider.database.transaction() as tx:
        put(tx, data, now=site.now())
    site.provider.registry._clients.expire()


def audited(site: Site, event: str) -> object:
    return site.one("SELECT COUNT(*) FROM audit_event WHERE event = :event", event=event)


def test_a_session_that_was_only_hidden_does_not_answer_prompt_login(signed_in: Browser) -> None:
    cookie = signed_in.client.get_cookie("tb_session")
    assert cookie is not None
    signed_in.get("/signin")
    signed_in.client.delete_cookie("tb_session")
    key = parked(signed_in, prompt="login")
    signed_in.client.set_cookie("tb_session", cookie.value)
    assert signed_in.get(f"/continue?r={key}").headers["Location"].startswith("/signin?")


def test_a_sign_in_for_this_request_answers_prompt_login(signed_in: Browser) -> None:
    key = parked(signed_in, prompt="login")
    answer = signed_in.submit(f"/signin?r={key}", {"identifier": PHONE, "password": "Lantern7Bridge22"})
    assert "code" in answered(signed_in.get(answer.headers["Location"]))


def test_nobody_consents_for_who_signs_in_after_them(site: Site, signed_in: Browser) -> None:
    add_person(site.provider, OTHER_PHONE, None)
    key = parked(signed_in, "asking", prompt="login")
    assert signed_in.submit(f"/consent?r={key}", {"decision": "allow"}).status_code == 303
    signed_in.submit(f"/signin?r={key}", {"identifier": OTHER_PHONE, "password": "Lantern7Bridge22"})
    assert signed_in.get(f"/continue?r={key}").headers["Location"].startswith("/consent?")


def test_a_request_taken_meanwhile_does_not_come_back(site: Site) -> None:
    with site.app.test_request_context():
        parking: Parking = site.app.extensions["tongban_admission"].parking
    browser = site.browser()
    key = parked(browser)
    held = site.provider.store.get("parked", key)
    assert held is not None
    waiting = browser.client.get_cookie("tb_browser")
    assert waiting is not None
    name = sha256(waiting.value.encode()).hexdigest()
    found = parking.take(key, browser=name)
    assert found is not None
    assert parking.keep(key, found, consented=True) is False
    assert parking.peek(key, browser=name) is None


def test_who_declines_what_the_client_demands_goes_back_without_a_code(site: Site, signed_in: Browser) -> None:
    change(site, "app", min_aal=2)
    key = parked(signed_in)
    declined = signed_in.submit("/continue/decline", {"r": key, "what": "strengthen"})
    answer = answered(signed_in.get(declined.headers["Location"]))
    assert answer["error"] == "unmet_authentication_requirements"
    assert audited(site, "client:grant:refused") == 1


def test_a_sign_out_by_cross_site_post_asks_again_by_get_where_the_session_shows(
    site: Site, signed_in: Browser
) -> None:
    tokens = signed_in.tokens()
    answer = site.post("/logout", {"id_token_hint": tokens["id_token"]})  # SameSite=Lax: without cookies
    assert answer.status_code == 303
    assert "tb_session" not in answer.headers.get("Set-Cookie", "")
    signed_in.get(answer.headers["Location"])
    assert not signed_in.signed_in
    assert site.userinfo(tokens["access_token"]).status_code == 401


def test_signed_userinfo_is_no_id_token_hint(site: Site, signed_in: Browser) -> None:
    elsewhere = site.browser().sign_in()
    signed = site.userinfo(elsewhere.tokens("post")["access_token"]).text
    assert signed.count(".") == 2
    answer = signed_in.get("/logout?" + urlencode({"id_token_hint": signed}))
    assert answer.status_code == 200
    assert signed_in.signed_in


def test_a_hint_outlives_the_retirement_of_its_key_as_long_as_its_session_may(site: Site, signed_in: Browser) -> None:
    hint = signed_in.tokens()["id_token"]
    provider = site.provider
    with provider.database.transaction() as tx:
        rotate(tx, provider.cipher, fresh_key("ES256"), now=site.now())
    later = site.now() + provider.settings.tokens.id_token + 60
    purge_all(provider.database, provider.settings, provider.passwords.policy, now=later)
    provider.keys.expire()
    target = "http://app.localhost:9/out"
    query = urlencode({"id_token_hint": hint, "post_logout_redirect_uri": target})
    assert signed_in.get(f"/logout?{query}").headers["Location"] == target


@pytest.mark.parametrize("audience", [[{}], [["x"]], {}, [1], 5, None])
def test_an_assertion_for_an_unreadable_audience_is_refused(site: Site, audience: object) -> None:
    claims = {"iss": "signed", "sub": "signed", "aud": audience, "exp": site.now() + 60, "jti": "one"}
    assertion = jwt.encode({"alg": "ES256", "kid": "of-signed"}, claims, KEY)
    form = {"token": "x", "client_assertion": assertion, "client_assertion_type": ASSERTION_TYPE}
    assert site.post("/introspect", form).status_code == 401


def test_a_database_that_stays_locked_is_a_503(site: Site, signed_in: Browser) -> None:
    holder = sqlite3.connect(site.directory / "idp.db", isolation_level=None)
    with site.provider.database.engine.connect() as connection:
        connection.connection.driver_connection.execute("PRAGMA busy_timeout=10")  # type: ignore[union-attr]
    holder.execute("BEGIN IMMEDIATE")
    answer = signed_in.get("/account")
    holder.close()
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")


def test_signing_in_again_writes_in_the_transaction_that_is_committed(
    site: Site, signed_in: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    strengthen, seen = sessions.strengthen, []

    def looked_at(tx: Transaction, *args: object, **named: object) -> object:
        seen.append(tx is current_transaction())
        return strengthen(tx, *args, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(loading.sessions, "strengthen", looked_at)
    site.later = 120  # the session's activity is to be noted first, and that commits
    signed_in.sign_in()
    assert seen == [True]


def test_a_scope_taken_from_the_registration_is_not_released_any_more(site: Site, signed_in: Browser) -> None:
    token = signed_in.tokens()["access_token"]
    assert "phone_number" in site.userinfo(token).get_json()
    change(site, "app", scopes={"profile": "none"})
    assert "phone_number" not in site.userinfo(token).get_json()


def test_production_refuses_codes_that_bear_guessing() -> None:
    limits = {"sms": {"code_wrong_answers": 50}}
    faults = unsafe(Settings(environment="production", limits=limits))  # type: ignore[arg-type]
    assert any("wrong answers" in fault for fault in faults)


def test_a_changed_password_ends_offline_grants_whose_session_is_long_over(site: Site, signed_in: Browser) -> None:
    change(site, "app", scopes={"profile": "none", "offline_access": "none"})
    refresh = signed_in.tokens(scope="openid offline_access")["refresh_token"]
    site.later = site.provider.settings.session.idle + 60
    here = site.browser().sign_in()
    assert not signed_in.signed_in
    kept = site.refresh(refresh).get_json()["refresh_token"]
    form = {"current_password": "Lantern7Bridge22", "new_password": "Orchard4Window81"}
    assert here.submit("/account/password", form).status_code == 303
    assert site.refresh(kept).status_code == 400


def test_a_release_in_a_refreshed_id_token_is_recorded_when_it_happens(site: Site, signed_in: Browser) -> None:
    tokens = signed_in.tokens(claims='{"id_token":{"name":null}}')
    site.later = 600
    assert site.refresh(tokens["refresh_token"]).status_code == 200
    last = site.one("SELECT MAX(at) FROM audit_event WHERE event = 'client:personal_data:released'")
    assert last >= site.now() - 60


def test_an_answer_to_a_confirmation_code_that_is_gone_orders_no_other(site: Site, signed_in: Browser) -> None:
    before = len(site.outbox("sms"))
    assert signed_in.submit("/signin/confirm?c=smc_gone", {"code": "123456"}).status_code == 422
    assert len(site.outbox("sms")) == before
    assert signed_in.submit("/signin/confirm", {"send": "yes"}).status_code == 303
    assert len(site.outbox("sms")) == before + 1
