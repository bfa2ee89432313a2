"""Scope legal_entity: what the register says of the entity acted for, for who registered it, while it counts."""

from typing import Any

import pytest

from idp.oidc.metadata import discovery
from idp.proofing.ports import Unavailable, UnavailableReason
from tests.entities.conftest import CODE, NAME, TWO, act, entity_of, entry, register_client
from tests.entities.test_acting import make_stale, told
from tests.provider import ISSUER, Browser, Site, answered, claims_of
from tests.registers import ScriptedRegisters

SCOPE = "openid legal_entity"
ACTING = {"legal_entity", "represented", "represented_status"}
PARTICULARS = {"name": NAME, "uscc": CODE, "entity_type": "enterprise", "status": "active", "el": 2}


@pytest.fixture
def acting(site: Site, representative: Browser) -> Browser:
    register_client(site, scopes={"legal_entity": "none"})
    act(representative, entity_of(site))
    return representative


def acted(claims: dict[str, Any]) -> dict[str, Any]:
    return {name: claims[name] for name in ACTING if name in claims}


def test_an_app_hears_the_entitys_particulars_at_userinfo_and_nothing_else_of_the_acting(
    site: Site, acting: Browser
) -> None:
    by_token, by_userinfo = told(site, acting, scope=SCOPE)
    assert acted(by_userinfo) == {"legal_entity": PARTICULARS}
    assert acted(by_token) == {}
    act(acting, "self")
    for_self, userinfo = told(site, acting, scope=SCOPE)
    assert acted(for_self) == acted(userinfo) == {}
    assert by_userinfo["sub"] == for_self["sub"]


@pytest.mark.parametrize(
    ("scopes", "heard"),
    [
        (("represented",), {"represented", "represented_status"}),
        (("legal_entity",), {"legal_entity"}),
        (("represented", "legal_entity"), ACTING),
        (("profile",), set()),
    ],
)
def test_either_permission_gives_what_it_names_and_no_more(
    site: Site, acting: Browser, scopes: tuple[str, ...], heard: set[str]
) -> None:
    register_client(site, "other", scopes=dict.fromkeys(scopes, "none"))
    by_token, by_userinfo = told(site, acting, "other", "openid profile represented legal_entity")
    assert acted(by_userinfo).keys() == heard
    assert acted(by_token).keys() == heard - {"legal_entity"}


def test_asking_by_name_is_no_permission(site: Site, acting: Browser) -> None:
    register_client(site, "other", scopes={"represented": "none"})
    asked = '{"userinfo":{"legal_entity":null},"id_token":{"legal_entity":null}}'
    tokens = acting.tokens("other", scope="openid represented", claims=asked)
    for claims in (claims_of(tokens["id_token"]), site.userinfo(tokens["access_token"]).get_json()):
        assert acted(claims).keys() == {"represented", "represented_status"}


def test_who_does_not_ask_hears_nothing(site: Site, acting: Browser) -> None:
    assert acted(told(site, acting, scope="openid")[1]) == {}
    assert site.one("SELECT COUNT(*) FROM authorization_grant WHERE acting IS NOT NULL") == 0


def test_without_a_current_role_there_are_no_particulars(
    site: Site, acting: Browser, registers: ScriptedRegisters
) -> None:
    tokens = acting.tokens("tax", scope=SCOPE)
    make_stale(site)
    registers.entities[CODE] = Unavailable(UnavailableReason.TIMEOUT)
    assert acted(site.userinfo(tokens["access_token"]).get_json()) == {}
    registers.entities[CODE] = entry(TWO)
    assert acted(site.userinfo(tokens["access_token"]).get_json()) == {}
    assert site.userinfo(tokens["access_token"]).status_code == 401, "a role that is lost ends what was given by it"


@pytest.mark.parametrize("where", ["id_token", "userinfo"])
def test_particulars_asked_by_name_go_where_they_were_asked_for(site: Site, acting: Browser, where: str) -> None:
    tokens = acting.tokens("tax", scope="openid", claims=f'{{"{where}":{{"legal_entity":null}}}}')
    heard = {
        "id_token": acted(claims_of(tokens["id_token"])),
        "userinfo": acted(site.userinfo(tokens["access_token"]).get_json()),
    }
    assert heard.pop(where) == {"legal_entity": PARTICULARS}
    assert heard.popitem()[1] == {}


def test_its_release_is_audited_with_its_name(site: Site, acting: Browser) -> None:
    told(site, acting, scope=SCOPE)
    detail = site.one(
        "SELECT detail FROM audit_event WHERE event = 'client:personal_data:released' AND subject = :entity",
        entity=entity_of(site),
    )
    assert '"claims":"legal_entity"' in detail


def test_the_person_is_asked_in_words_before_it_is_told(site: Site, acting: Browser) -> None:
    register_client(site, "asking-it", scopes={"legal_entity": "consent"})
    page = acting.ask("asking-it", scope=SCOPE).headers["Location"]
    assert "Particulars of the entity" in acting.get(page).text
    refused = answered(acting.ask("asking-it", scope=SCOPE, prompt="none"))
    assert refused["error"] == "consent_required"


def test_it_asks_for_an_entitys_level_like_the_other_scope(site: Site, representative: Browser) -> None:
    register_client(site, scopes={"legal_entity": "none"})
    asked = representative.ask("tax", scope=SCOPE, acr_values="urn:tongban:el:2")
    assert asked.headers["Location"].startswith("/account/acting?r=")


def test_metadata_lists_scope_and_claim() -> None:
    metadata = discovery(ISSUER)
    assert "legal_entity" in metadata["scopes_supported"]
    assert "legal_entity" in metadata["claims_supported"]
