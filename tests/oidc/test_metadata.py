"""The metadata tells the truth: everything announced is served, and nothing that is not."""

from urllib.parse import urlsplit

import orjson
import pytest

from idp.oidc.metadata import KeyDocument, discovery
from idp.oidc.request import PROMPTS
from idp.web.locale import LOCALES
from tests.provider import CALLBACK, ISSUER, Browser, Site, answered, claims_of

TOLD = discovery(ISSUER)


def test_both_documents_are_the_same(site: Site) -> None:
    documents = [
        site.http.get(f"/.well-known/{name}") for name in ("openid-configuration", "oauth-authorization-server")
    ]
    assert documents[0].get_json() == documents[1].get_json() == TOLD


@pytest.mark.parametrize("name", [name for name in TOLD if name.endswith("_endpoint") or name == "jwks_uri"])
def test_every_address_is_served(site: Site, name: str) -> None:
    assert TOLD[name].startswith(ISSUER)
    answer = site.browser().get(urlsplit(TOLD[name]).path)
    assert answer.status_code not in (404, 500)


def test_the_keys_are_public_and_of_the_announced_algorithms(site: Site) -> None:
    keys = site.http.get("/jwks").get_json()["keys"]
    assert {key["alg"] for key in keys} == set(TOLD["id_token_signing_alg_values_supported"])
    assert len({key["kid"] for key in keys}) == len(keys)
    assert all(key["use"] == "sig" and "d" not in key for key in keys)


@pytest.mark.parametrize("prompt", sorted(PROMPTS))
def test_every_prompt_is_understood(signed_in: Browser, prompt: str) -> None:
    assert set(TOLD["prompt_values_supported"]) == PROMPTS
    answer = signed_in.ask(prompt=prompt)
    assert answer.status_code == 303
    assert "invalid_request" not in answer.headers["Location"]


@pytest.mark.parametrize("mode", TOLD["response_modes_supported"])
def test_every_response_mode_answers_with_issuer_and_state(signed_in: Browser, mode: str) -> None:
    answer = signed_in.ask(response_mode=mode)
    if mode == "query":
        told = answered(answer)
        assert (told["iss"], told["state"]) == (ISSUER, "st")
        return
    assert answer.status_code == 200
    assert f'action="{CALLBACK}"' in answer.text
    for name in ("code", "iss", "state"):
        assert f'name="{name}"' in answer.text
    assert "form-action" in answer.headers["Content-Security-Policy"]
    assert "http://app.localhost:9" in answer.headers["Content-Security-Policy"]


@pytest.mark.parametrize("value", TOLD["acr_values_supported"])
def test_every_level_is_told_when_it_is_true(signed_in: Browser, value: str) -> None:
    answer = signed_in.ask(acr_values=value, prompt="none")
    true = value in ("urn:tongban:ial:1", "urn:tongban:aal:1", "urn:tongban:ial:1:aal:1")
    told = answered(answer)
    attainable = {"urn:tongban:aal:2", "urn:tongban:ial:1:aal:2", "urn:tongban:ial:2"}
    if value in attainable | {f"urn:tongban:ial:2:aal:{aal}" for aal in (1, 2)}:
        assert told["error"] == "interaction_required"
        return
    tokens = signed_in.site.exchange(told["code"]).get_json()
    assert claims_of(tokens["id_token"])["acr"] == (value if true else "urn:tongban:ial:1:aal:1")


@pytest.mark.parametrize("display", TOLD["display_values_supported"])
def test_every_display_shows_the_page(browser: Browser, display: str) -> None:
    assert browser.ask(display=display).headers["Location"].startswith("/signin")


def test_every_locale_has_its_pages() -> None:
    assert sorted(TOLD["ui_locales_supported"]) == sorted(locale.replace("_", "-") for locale in LOCALES.values())


@pytest.mark.parametrize("name", ["request", "request_uri"])
def test_what_is_not_supported_is_refused(signed_in: Browser, name: str) -> None:
    assert TOLD[f"{name}_parameter_supported"] is False
    told = answered(signed_in.ask(**{name: "x"}))
    assert (told["error"], told["iss"]) == (f"{name}_not_supported", ISSUER)


def test_every_grant_type_is_known_and_no_other(site: Site) -> None:
    for grant in TOLD["grant_types_supported"]:
        answer = site.token("machine", {"grant_type": grant, "code": "x", "refresh_token": "x"})
        assert answer.get_json().get("error") != "unsupported_grant_type"
    for grant in ("password", "implicit", "urn:ietf:params:oauth:grant-type:jwt-bearer"):
        assert site.token("machine", {"grant_type": grant}).get_json()["error"] == "unsupported_grant_type"


def test_every_claim_of_a_registered_scope_comes_when_it_is_known(site: Site, signed_in: Browser) -> None:
    told = site.userinfo(signed_in.tokens()["access_token"]).get_json()
    assert set(told) <= set(TOLD["claims_supported"])
    identity = claims_of(signed_in.tokens()["id_token"])
    assert set(identity) - {"jti", "at_hash"} <= set(TOLD["claims_supported"])


def test_the_key_document_is_made_anew_when_the_ring_changes() -> None:
    document, first, second = KeyDocument(), b'{"keys":[1]}', b'{"keys":[2]}'
    held = document.answer(first, "")
    etag = dict(held.headers)["ETag"]
    assert document.answer(first, etag).status == 304
    changed = document.answer(second, etag)
    assert (changed.status, changed.body) == (200, second)
    assert orjson.loads(changed.body)
