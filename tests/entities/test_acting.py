"""Acting for an entity: chosen without a new sign-in, told to who is registered for it, over when the role is."""

from typing import Any
from urllib.parse import urlsplit

import orjson
import pytest

from idp.proofing.ports import EntityStatus, NotFound, Unavailable, UnavailableReason
from tests.entities.conftest import CODE, NAME, ONE, TWO, act, entity_of, entry, person, register_client
from tests.provider import Browser, Site, answered, claims_of
from tests.registers import ScriptedRegisters

DAY = 86400
SCOPE = "openid represented"
EL_2 = "urn:tongban:el:2"
AWAY = Unavailable(UnavailableReason.TIMEOUT)
OVER_IT = [entry(TWO), entry(ONE, status=EntityStatus.CANCELLED), entry(ONE, status=EntityStatus.REVOKED)]


@pytest.fixture
def acting(site: Site, representative: Browser) -> Browser:
    register_client(site)
    assert act(representative, entity_of(site)).status_code == 303
    return representative


def told(site: Site, browser: Browser, client_id: str = "tax", scope: str = SCOPE) -> tuple[Any, Any]:
    """The claims of the ID token, and of userinfo."""
    tokens = browser.tokens(client_id, scope=scope)
    return claims_of(tokens["id_token"]), site.userinfo(tokens["access_token"]).get_json()


def test_an_app_hears_who_signed_in_and_for_whom_they_act(site: Site, acting: Browser) -> None:
    by_token, by_userinfo = told(site, acting)
    for claims in (by_token, by_userinfo):
        assert claims["represented_status"] == "current"
        shown = dict(claims["represented"])
        assert shown.pop("sub").startswith("pw_")
        assert shown == {
            "kind": "legal_entity",
            "name": NAME,
            "identifiers": [{"type": "uscc", "value": CODE}],
            "entity_type": "enterprise",
            "status": "active",
            "el": 2,
        }
    assert by_token["ial"] == 2


def test_sub_is_the_person_whoever_they_act_for(site: Site, acting: Browser) -> None:
    for_entity, _ = told(site, acting)
    act(acting, "self")
    for_self, userinfo = told(site, acting)
    assert for_entity["sub"] == for_self["sub"] != for_entity["represented"]["sub"]
    for claims in (for_self, userinfo):
        assert {"represented", "represented_status"}.isdisjoint(claims)


def test_the_entity_has_another_sub_in_another_sector(site: Site, acting: Browser) -> None:
    register_client(site, "other")
    register_client(site, "sister", sector="of-tax")
    subs = [told(site, acting, client)[0]["represented"]["sub"] for client in ("tax", "other", "sister")]
    assert subs[0] == subs[2] != subs[1]


def test_who_is_not_registered_for_it_or_does_not_ask_hears_nothing(site: Site, acting: Browser) -> None:
    for client_id, scope in (("app", SCOPE), ("tax", "openid profile")):
        by_token, by_userinfo = told(site, acting, client_id, scope)
        assert {"represented", "represented_status"}.isdisjoint(by_token.keys() | by_userinfo.keys())
    assert site.one("SELECT COUNT(*) FROM authorization_grant WHERE acting IS NOT NULL") == 0


def test_switching_needs_no_sign_in_and_is_audited_under_a_new_cookie(site: Site, representative: Browser) -> None:
    before, proofs = site.one("SELECT secret_hash FROM session"), site.one("SELECT proofs FROM session")
    assert act(representative, entity_of(site)).headers["Location"].endswith("done=acting_entity")
    assert site.one("SELECT secret_hash FROM session") != before
    assert site.one("SELECT proofs FROM session") == proofs
    assert site.one("SELECT acting FROM session") == f"{entity_of(site)} legal_representative role"
    act(representative, "self")
    assert site.one("SELECT acting FROM session") is None
    assert site.one("SELECT COUNT(*) FROM audit_event WHERE event = 'person:acting:changed'") == 2


def test_pages_of_the_account_say_for_whom_one_acts(site: Site, representative: Browser) -> None:
    said = 'id="acting-for"'
    assert said not in representative.get("/account").text
    act(representative, entity_of(site))
    page = representative.get("/account").text
    assert said in page
    assert NAME in page


def test_nobody_acts_for_an_entity_they_have_no_role_in(site: Site, representative: Browser) -> None:
    stranger = person(site, TWO)
    assert act(stranger, entity_of(site)).status_code == 422
    assert act(stranger, "pty_unknown").status_code == 422
    assert NAME not in stranger.get("/account/acting").text
    assert site.one("SELECT COUNT(*) FROM session WHERE acting IS NOT NULL") == 0


def test_the_register_is_asked_again_a_day_later(site: Site, acting: Browser, registers: ScriptedRegisters) -> None:
    asked = len(registers.asked)
    told(site, acting)
    assert len(registers.asked) == asked
    site.later = DAY + 10
    acting.sign_in()
    act(acting, entity_of(site))
    assert len(registers.asked) == asked + 1
    assert told(site, acting)[0]["represented_status"] == "current"
    assert len(registers.asked) == asked + 1


@pytest.mark.parametrize("answer", [AWAY, NotFound()])
def test_without_the_registers_word_nobody_is_represented(
    site: Site, acting: Browser, registers: ScriptedRegisters, answer: object
) -> None:
    tokens = acting.tokens("tax", scope="openid represented offline_access")
    make_stale(site)
    registers.entities[CODE] = answer
    by_token, by_userinfo = told(site, acting)
    for claims in (by_token, by_userinfo, site.userinfo(tokens["access_token"]).get_json()):
        assert claims["represented_status"] == "register_unavailable"
        assert "represented" not in claims
    registers.entities[CODE] = entry(ONE)
    assert told(site, acting)[1]["represented_status"] == "current"


def make_stale(site: Site) -> None:
    """As a day later, within one session."""
    run(site, f"UPDATE entity_role SET checked_at = checked_at - {DAY + 10}")


def run(site: Site, sql: str) -> None:
    from idp.db import Statement

    with site.provider.database.transaction() as tx:
        tx.run(Statement[Any](sql))


@pytest.mark.parametrize("answer", OVER_IT, ids=["another", "cancelled", "revoked"])
def test_a_role_that_is_lost_ends_acting_grants_and_not_the_session(
    site: Site, acting: Browser, registers: ScriptedRegisters, answer: object
) -> None:
    for_entity = acting.tokens("tax", scope=SCOPE)
    act(acting, "self")
    for_self = acting.tokens("tax", scope=SCOPE)
    act(acting, entity_of(site))
    make_stale(site)
    registers.entities[CODE] = answer
    notices = len(site.outbox("logout"))
    by_token, _ = told(site, acting)
    assert "represented" not in by_token
    assert acting.signed_in
    assert site.one("SELECT acting FROM session") is None
    assert site.userinfo(for_entity["access_token"]).status_code == 401
    assert site.refresh(for_entity["refresh_token"], "tax").status_code == 400
    assert site.userinfo(for_self["access_token"]).status_code == 200
    assert len(site.outbox("logout")) == notices + 1
    assert site.one("SELECT state FROM entity_role") == "ended"
    assert site.one("SELECT COUNT(*) FROM evidence WHERE party_id = :e AND ended_at IS NULL", e=entity_of(site)) == 0


@pytest.mark.parametrize("status", [EntityStatus.SUSPENDED, EntityStatus.MOVED])
def test_an_entity_at_rest_keeps_its_people_and_lends_no_power(
    site: Site, acting: Browser, registers: ScriptedRegisters, status: EntityStatus
) -> None:
    make_stale(site)
    registers.entities[CODE] = entry(ONE, status=status)
    by_token, _ = told(site, acting)
    assert (by_token["represented_status"], "represented" in by_token) == ("not_allowed", False)
    assert site.one("SELECT state FROM entity_role") == "confirmed"


def test_userinfo_finds_out_by_itself(site: Site, acting: Browser, registers: ScriptedRegisters) -> None:
    tokens = acting.tokens("tax", scope=SCOPE)
    make_stale(site)
    registers.entities[CODE] = entry(TWO)
    claims = site.userinfo(tokens["access_token"]).get_json()
    assert claims["represented_status"] == "expired_in_session"
    assert "represented" not in claims
    assert site.userinfo(tokens["access_token"]).status_code == 401


def test_the_representatives_document_ends_the_entitys_level(site: Site, registers: ScriptedRegisters) -> None:
    from tests.entities.conftest import FORM, prove

    register_client(site)
    registers.entities[CODE] = entry(ONE)
    browser = person(site, ONE)
    prove(site, ONE, until=site.now() + 100)
    assert browser.submit("/entities/new", FORM).status_code == 303
    act(browser, entity_of(site))
    assert told(site, browser)[0]["represented"]["el"] == 2
    site.later = 200
    assert told(site, browser)[0]["represented_status"] == "approval_pending"


def test_a_level_of_the_entity_leads_to_the_choice_and_back(site: Site, representative: Browser) -> None:
    register_client(site)
    asked = representative.ask("tax", scope=SCOPE, acr_values=EL_2)
    page = asked.headers["Location"]
    assert page.startswith("/account/acting?r=")
    assert "应用" in representative.get(page).text
    assert entity_of(site) not in urlsplit(page).query
    back = act(representative, entity_of(site), page).headers["Location"]
    code = answered(representative.get(back))["code"]
    token = claims_of(site.exchange(code, "tax").get_json()["id_token"])
    assert (token["acr"], token["represented"]["el"]) == (EL_2, 2)


def test_silence_is_told_that_somebody_has_to_be_chosen(site: Site, representative: Browser) -> None:
    register_client(site)
    asked = representative.ask("tax", scope=SCOPE, acr_values=EL_2, prompt="none")
    assert answered(asked)["error"] == "account_selection_required"


def test_who_declines_returns_with_the_level_unmet(site: Site, representative: Browser) -> None:
    register_client(site)
    page = representative.ask("tax", scope=SCOPE, acr_values=EL_2).headers["Location"]
    assert representative.submit(page, {"decline": "yes"}).status_code == 307


@pytest.mark.parametrize("client_id", ["app", "tax"])
def test_an_essential_level_nobody_here_can_reach_gets_no_code(
    site: Site, representative: Browser, client_id: str
) -> None:
    register_client(site)
    value = "urn:tongban:el:3" if client_id == "tax" else EL_2
    claims = orjson.dumps({"id_token": {"acr": {"essential": True, "values": [value]}}}).decode()
    asked = representative.ask(client_id, scope=SCOPE, claims=claims)
    assert answered(asked)["error"] == "unmet_authentication_requirements"


def test_a_level_of_the_entity_is_no_level_of_the_person(site: Site, acting: Browser) -> None:
    assert acting.ask("tax", scope=SCOPE, acr_values="urn:tongban:aal:2").headers["Location"].startswith("/signin/")
    assert claims_of(acting.tokens("tax", scope=SCOPE, acr_values=EL_2)["id_token"])["aal"] == 1
