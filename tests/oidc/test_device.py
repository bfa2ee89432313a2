"""The device authorization grant, clause by clause (RFC 8628), and what is ours about it: number, place, session."""

import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from idp.app import create_app
from idp.clients.rules import DEVICE_CODE
from idp.proofing.actions import add_evidence
from tests.oidc.devices import Kiosk, ask, choices, confirm, pick, register, scan
from tests.provider import ISSUER, PHONE, Browser, Site, add_person, claims_of, settings_at
from tests.registers import ScriptedRegisters

OTHER = "13812340002"


@pytest.fixture
def kiosk(site: Site) -> Kiosk:
    register(site)
    return ask(site)


def test_a_device_is_given_codes_an_address_and_a_number_to_show(kiosk: Kiosk) -> None:
    told = kiosk.told
    assert re.fullmatch(r"[A-Za-z0-9_-]{43}", told["device_code"])
    assert re.fullmatch(r"[BCDFGHJKLMNPQRSTVWXZ]{4}-[BCDFGHJKLMNPQRSTVWXZ]{4}", kiosk.code)
    assert told["verification_uri"] == f"{ISSUER}/device"
    assert told["verification_uri_complete"] == f"{ISSUER}/device?user_code={kiosk.code}"
    assert (told["expires_in"], told["interval"]) == (300, 5)
    assert re.fullmatch(r"[1-9][0-9]", kiosk.number)


def test_no_code_stands_anywhere_as_it_is(site: Site, kiosk: Kiosk) -> None:
    stored = b"".join(path.read_bytes() for path in site.directory.glob("idp.db*"))
    for secret in (kiosk.told["device_code"], kiosk.code, kiosk.code.replace("-", "")):
        assert secret.encode() not in stored


@pytest.mark.parametrize(
    ("client_id", "form", "error"),
    [
        ("app", {}, "unauthorized_client"),
        ("kiosk", {"scope": "nothing"}, "invalid_scope"),
        ("kiosk", {"scope": ""}, "invalid_scope"),
        ("kiosk", {"scope": "openid", "acr_values": "x" * 1025}, "invalid_request"),
    ],
)
def test_a_code_is_refused_by_the_rules_of_authorization(
    site: Site, client_id: str, form: dict[str, str], error: str
) -> None:
    register(site)
    answer = site.call("/device_authorization", client_id, {"scope": "openid"} | form)
    assert (answer.status_code, answer.get_json()["error"]) == (400, error)


def test_a_device_authenticates_as_at_the_token_endpoint(site: Site) -> None:
    register(site)
    answer = site.post("/device_authorization", {"client_id": "kiosk", "scope": "openid"})
    assert (answer.status_code, answer.get_json()["error"]) == (401, "invalid_client")


def test_who_confirms_gives_the_device_tokens_of_a_session_of_its_own(
    site: Site, kiosk: Kiosk, signed_in: Browser
) -> None:
    assert kiosk.error() == "authorization_pending"
    done = confirm(signed_in, kiosk)
    assert done.headers["Location"].endswith("/device/done"), done.text
    answer = kiosk.poll()
    assert answer.status_code == 200, answer.text
    told = answer.get_json()
    assert "refresh_token" not in told
    claims = claims_of(told["id_token"])
    phone = claims_of(signed_in.tokens()["id_token"])
    assert (claims["amr"], claims["aal"], claims["auth_time"]) == (["pwd"], 1, phone["auth_time"])
    assert claims["sub"] != phone["sub"]
    assert claims["acr"] == "urn:tongban:ial:1:aal:1"
    assert site.userinfo(told["access_token"]).get_json()["sub"] == claims["sub"]
    assert site.one("SELECT COUNT(*) FROM session WHERE ended_at IS NULL") == 2
    listed = signed_in.get("/account/sessions").text
    assert "医保自助机" in listed
    assert site.one("SELECT result FROM audit_event WHERE event = 'person:scan:confirmed'") == "ok"


def test_ending_the_devices_session_in_my_account_ends_its_tokens(
    site: Site, kiosk: Kiosk, signed_in: Browser
) -> None:
    confirm(signed_in, kiosk)
    token = kiosk.poll().get_json()["access_token"]
    key = site.one("SELECT id FROM session WHERE idle IS NOT NULL")
    assert signed_in.submit("/account/sessions", {"end": key}).status_code in (200, 303)
    assert site.userinfo(token).status_code == 401
    assert signed_in.signed_in


def test_a_device_that_idles_for_a_quarter_of_an_hour_is_signed_out(
    site: Site, kiosk: Kiosk, signed_in: Browser
) -> None:
    site.provider.registry.expire()
    confirm(signed_in, kiosk)
    token = kiosk.poll().get_json()["access_token"]
    site.execute("UPDATE session SET last_seen_at = last_seen_at - 840 WHERE idle IS NOT NULL")
    assert site.userinfo(token).status_code == 200  # and this was activity
    site.execute("UPDATE session SET last_seen_at = last_seen_at - 901 WHERE idle IS NOT NULL")
    assert site.userinfo(token).status_code == 401
    assert signed_in.signed_in


def test_a_device_gets_a_refresh_token_only_if_it_is_registered_for_one(site: Site, signed_in: Browser) -> None:
    register(site, device_refresh=True, grant_types=[DEVICE_CODE, "refresh_token"])
    device = ask(site)
    confirm(signed_in, device)
    token = device.poll().get_json()["refresh_token"]
    renewed = site.refresh(token, "kiosk")
    assert renewed.status_code == 200
    site.execute("UPDATE session SET last_seen_at = last_seen_at - 901 WHERE idle IS NOT NULL")
    assert site.refresh(renewed.get_json()["refresh_token"], "kiosk").get_json()["error"] == "invalid_grant"


def test_a_device_that_asks_too_soon_is_told_to_ask_less_often_for_good(site: Site, kiosk: Kiosk) -> None:
    assert kiosk.error() == "authorization_pending"
    assert kiosk.error() == "slow_down"
    site.later += 6
    assert kiosk.error() == "slow_down"  # it was told ten seconds by now, and is told fifteen
    site.later += 15
    assert kiosk.error() == "authorization_pending"
    site.later += 6
    assert kiosk.error() == "slow_down"


def test_a_device_code_is_good_for_five_minutes(site: Site, kiosk: Kiosk, signed_in: Browser) -> None:
    page = scan(signed_in, kiosk.code)
    site.later += 300
    assert kiosk.error() == "expired_token"
    assert pick(signed_in, page, kiosk.number).status_code == 410
    assert signed_in.submit("/device", {"user_code": kiosk.code}).status_code == 422


def test_who_denies_leaves_the_device_without_tokens(site: Site, kiosk: Kiosk, signed_in: Browser) -> None:
    page = scan(signed_in, kiosk.code)
    done = signed_in.submit(page, {"deny": "yes"})
    assert "what=denied" in done.headers["Location"]
    assert kiosk.error() == "access_denied"
    assert pick(signed_in, page, kiosk.number).status_code == 410
    assert site.one("SELECT reason FROM audit_event WHERE event = 'person:scan:refused'") == "scan_denied"


def test_a_wrong_number_ends_it_and_is_audited(site: Site, kiosk: Kiosk, signed_in: Browser) -> None:
    page = scan(signed_in, kiosk.code)
    offered = choices(signed_in, page)
    assert len(set(offered)) == 3
    assert kiosk.number in offered
    wrong = next(one for one in offered if one != kiosk.number)
    answer = pick(signed_in, page, wrong)
    assert answer.status_code == 410
    assert "not the one" in answer.text
    assert kiosk.error() == "access_denied"
    assert pick(signed_in, page, kiosk.number).status_code == 410
    assert site.one("SELECT reason FROM audit_event WHERE event = 'person:scan:refused'") == "scan_wrong_number"
    assert site.one("SELECT COUNT(*) FROM authorization_grant WHERE client_id = 'kiosk'") == 0


def test_a_device_code_is_redeemed_once_and_its_replay_ends_what_grew_from_it(
    site: Site, kiosk: Kiosk, signed_in: Browser
) -> None:
    confirm(signed_in, kiosk)
    token = kiosk.poll().get_json()["access_token"]
    assert kiosk.error() == "invalid_grant"
    assert site.userinfo(token).status_code == 401


def test_of_parallel_polls_of_a_confirmed_code_one_wins(site: Site, kiosk: Kiosk, signed_in: Browser) -> None:
    confirm(signed_in, kiosk)
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: kiosk.poll().status_code, range(4)))
    assert sorted(answers) == [200, 400, 400, 400]


def test_another_clients_device_code_is_none(site: Site, kiosk: Kiosk, signed_in: Browser) -> None:
    register(site, client_id="other_kiosk")
    confirm(signed_in, kiosk)
    assert kiosk.error("other_kiosk") == "invalid_grant"
    assert kiosk.error("app") == "unauthorized_client"
    assert kiosk.poll(device_code="").get_json()["error"] == "invalid_request"
    assert kiosk.poll(device_code="x" * 43).get_json()["error"] == "invalid_grant"
    assert kiosk.poll().status_code == 200


def test_a_device_code_is_no_authorization_code(site: Site, signed_in: Browser) -> None:
    both = {"grant_types": [DEVICE_CODE, "authorization_code"], "redirect_uris": ["http://app.localhost:9/cb"]}
    register(site, **both, pkce="optional")
    device = ask(site)
    confirm(signed_in, device)
    for address in ("device", "http://app.localhost:9/cb"):
        form = {"grant_type": "authorization_code", "code": device.told["device_code"], "redirect_uri": address}
        answer = site.token("kiosk", form)
        assert answer.get_json()["error"] == "invalid_grant"
    assert device.poll().status_code == 200


def test_the_code_is_read_in_any_case_and_with_anything_between(kiosk: Kiosk, signed_in: Browser) -> None:
    typed = " ".join(kiosk.code.replace("-", "").lower())
    assert scan(signed_in, typed).startswith("/device/scn_")


def test_the_code_in_the_address_is_shown_to_be_compared_and_taken_by_a_form_only(
    site: Site, kiosk: Kiosk, signed_in: Browser
) -> None:
    page = signed_in.get(f"/device?user_code={kiosk.code}")
    assert f'value="{kiosk.code}"' in page.text
    assert site.one("SELECT state FROM scan") == "waiting"


def test_who_is_not_signed_in_signs_in_first_and_comes_back(kiosk: Kiosk, browser: Browser) -> None:
    answer = browser.get(f"/device?user_code={kiosk.code}")
    target = urlsplit(answer.headers["Location"])
    assert target.path == "/signin"
    assert parse_qs(target.query)["next"] == [f"/device?user_code={kiosk.code}"]


def test_who_tries_codes_is_locked_out_while_others_are_not(site: Site, kiosk: Kiosk, signed_in: Browser) -> None:
    for _ in range(8):
        assert signed_in.submit("/device", {"user_code": "BBBB-BBBB"}).status_code == 422
    refused = signed_in.submit("/device", {"user_code": kiosk.code})
    assert refused.status_code == 422
    assert "too often" in refused.text
    add_person(site.provider, OTHER, "other_lamp")
    assert scan(site.browser().sign_in(OTHER), kiosk.code)


def test_the_phone_is_told_app_department_place_and_time(site: Site, kiosk: Kiosk, signed_in: Browser) -> None:
    page = signed_in.get(scan(signed_in, kiosk.code)).text
    for words in ("Health insurance kiosk", "Provincial healthcare security", "Hunan"):
        assert words in page
    assert "<time" in page


def test_the_first_who_scans_is_the_only_one_who_answers(site: Site, kiosk: Kiosk, signed_in: Browser) -> None:
    page = scan(signed_in, kiosk.code)
    add_person(site.provider, OTHER, "other_lamp")
    other = site.browser().sign_in(OTHER)
    assert other.submit("/device", {"user_code": kiosk.code}).status_code == 422
    assert other.get(page).status_code == 410
    assert pick(other, page, kiosk.number).status_code == 410
    assert site.browser().sign_in(PHONE).get(page).status_code == 410  # another session of the same person
    assert pick(signed_in, page, kiosk.number).status_code == 303


def test_confirming_twice_gives_once(site: Site, kiosk: Kiosk, signed_in: Browser) -> None:
    page = scan(signed_in, kiosk.code)
    assert pick(signed_in, page, kiosk.number).status_code == 303
    assert pick(signed_in, page, kiosk.number).status_code == 410
    assert site.one("SELECT COUNT(*) FROM authorization_grant WHERE client_id = 'kiosk'") == 1


def test_what_needs_consent_is_asked_for_after_the_number_and_before_anything_is_given(
    site: Site, signed_in: Browser
) -> None:
    register(site)
    device = ask(site, scope="openid phone")
    asked = confirm(signed_in, device)
    assert urlsplit(asked.headers["Location"]).path == "/consent"
    site.later += 5
    assert device.error() == "authorization_pending"
    key = parse_qs(urlsplit(asked.headers["Location"]).query)["r"][0]
    resumed = signed_in.submit("/consent", {"decision": "allow", "r": key})
    done = signed_in.get(resumed.headers["Location"])
    assert done.headers["Location"].endswith("/device/done")
    answer = device.poll().get_json()
    assert answer["scope"] == "openid phone"
    assert site.userinfo(answer["access_token"]).get_json()["phone_number"] == f"+86{PHONE}"


def test_who_declines_the_consent_denies_the_device(site: Site, signed_in: Browser) -> None:
    register(site)
    device = ask(site, scope="openid phone")
    asked = confirm(signed_in, device)
    key = parse_qs(urlsplit(asked.headers["Location"]).query)["r"][0]
    signed_in.submit("/consent", {"decision": "deny", "r": key})
    assert device.error() == "access_denied"


def test_who_does_not_reach_the_clients_minimum_is_sent_to_what_is_missing(site: Site, signed_in: Browser) -> None:
    register(site, min_ial=2)
    device = ask(site)
    asked = confirm(signed_in, device)
    assert urlsplit(asked.headers["Location"]).path.startswith("/identity")
    with site.provider.database.transaction() as tx:
        add_evidence(tx, site.party(), kind="name_number", level=2, source="test", expires_at=None, now=site.now())
    key = parse_qs(urlsplit(asked.headers["Location"]).query)["r"][0]
    assert signed_in.get(f"/continue?r={key}").headers["Location"].endswith("/device/done")
    assert claims_of(device.poll().get_json()["id_token"])["ial"] == 2


def test_a_device_that_shows_no_number_has_its_code_typed(site: Site, signed_in: Browser) -> None:
    register(site, device_number=False)
    device = ask(site)
    assert device.told.keys().isdisjoint({"tongban_number", "verification_uri_complete"})
    page = scan(signed_in, device.code)
    assert choices(signed_in, page) == []
    assert pick(signed_in, page, "").status_code == 303
    assert device.poll().status_code == 200


def test_a_session_that_has_ended_meanwhile_confirms_nothing(site: Site, kiosk: Kiosk, signed_in: Browser) -> None:
    page = scan(signed_in, kiosk.code)
    site.execute("UPDATE session SET ended_at = 1")
    assert "/signin" in pick(signed_in, page, kiosk.number).headers["Location"]
    assert kiosk.error() == "authorization_pending"


def test_a_device_asks_on_another_node(site: Site, kiosk: Kiosk, signed_in: Browser, tmp_path: Path) -> None:
    settings = settings_at(site.directory)
    elsewhere = Site(create_app(settings, ScriptedRegisters().ports))
    try:
        assert kiosk.error() == "authorization_pending"
        assert kiosk.error(site=elsewhere) == "slow_down"
        confirm(signed_in, kiosk)
        answer = kiosk.poll(site=elsewhere)
        assert answer.status_code == 200, answer.text
        assert site.userinfo(answer.get_json()["access_token"]).status_code == 200
        assert kiosk.error() == "invalid_grant"
    finally:
        elsewhere.close()
