"""An entity's certificates: who binds them, who is their holder, and who walks through the door they open."""

from typing import Any

import pytest

from idp.accounts.holds import place_hold
from idp.accounts.rules import Act
from idp.certificates import bindings
from idp.certificates.rules import EndReason
from idp.entities import roles
from idp.entities.rules import RoleState
from idp.issuers.profiles import KeyProtection
from tests.certificates.conftest import CODE, NUMBER, ONE, PEOPLE, SIGN_IN, TWO, answer, bound, protect
from tests.certificates.scripted import Scripted, verified
from tests.certificates.test_binding import refusals
from tests.credentials.authenticator import Authenticator
from tests.entities.conftest import act, entity_of, person, register_client
from tests.provider import PASSWORD, Browser, Site, claims_of
from tests.signin.factors import add_passkey, by_passkey, later, prove_two

LIST, BIND = "/entities/certificates", "/entities/certificates/new"
_NEWEST = "SELECT methods || ' ' || auth_time FROM session ORDER BY created_at DESC, id DESC LIMIT 1"
_PROOF = "party_id = :party AND kind = 'certificate'"


@pytest.fixture
def acting(site: Site, verifier: Scripted, representative: Browser) -> Browser:
    """The representative acts for the entity, just confirmed by two factors."""
    act(representative, entity_of(site))
    return prove_two(representative)


@pytest.fixture
def door(site: Site, acting: Browser) -> Browser:
    """A browser nobody is signed in with; the entity's certificate is bound."""
    assert answer(acting, BIND, "entity").status_code == 303
    return site.browser()


def confirm(site: Site, browser: Browser, page: str) -> Any:
    """The holder has a code sent and gives it."""
    who = site.one("SELECT id FROM entity_role WHERE ended_at IS NULL AND person_id = :party", party=site.party(ONE))
    sent = browser.submit(page, {"who": who}).headers["Location"]
    return browser.submit(sent, {"code": site.text_code()})


def add_colleague(site: Site, phone: str = TWO) -> Browser:
    """A second confirmed person of the entity."""
    found = person(site, phone)
    with site.provider.database.transaction() as tx:
        entity = entity_of(site)
        roles.set_role(
            tx,
            roles.of_entity(tx, entity),
            entity_id=entity,
            person_id=site.party(phone),
            role="person_in_charge",
            state=RoleState.CONFIRMED,
            source="test",
            now=site.now(),
        )
    return found


def test_the_representative_binds_it_and_is_its_holder(site: Site, acting: Browser) -> None:
    done = answer(acting, BIND, "entity")
    assert done.headers["Location"] == f"{LIST}?done=certificate_bound"
    row = site.one("SELECT holder_id FROM certificate_binding WHERE party_id = :entity", entity=entity_of(site))
    assert row == site.party(ONE)
    assert (
        site.one(
            "SELECT level FROM evidence WHERE party_id = :entity AND kind = 'certificate'", entity=entity_of(site)
        )
        == 4
    )
    assert "***岚" in acting.get(LIST).text


def test_the_entitys_proof_is_not_its_humans(site: Site, acting: Browser) -> None:
    answer(acting, BIND, "entity")
    register_client(site)
    token = claims_of(acting.tokens("tax", scope="openid represented")["id_token"])
    assert (token["ial"], token["represented"]["el"]) == (2, 4)
    assert (
        site.one("SELECT COUNT(*) FROM evidence WHERE party_id = :p AND kind = 'certificate'", p=site.party(ONE)) == 0
    )


def test_a_certificate_of_another_entity_or_of_a_person_is_refused(
    site: Site, acting: Browser, verifier: Scripted
) -> None:
    verifier.keys["other"] = verified("e2", entity="92420100MA4K00029K", now=site.now())
    assert answer(acting, BIND, "other").status_code == 422
    assert answer(acting, BIND, "mine").status_code == 422
    assert refusals(site) == ["certificate_other_entity", "certificate_names_no_entity"]
    assert bound(site) == 0


def test_who_does_not_act_for_the_entity_binds_nothing_to_it(
    site: Site, verifier: Scripted, representative: Browser
) -> None:
    assert prove_two(representative).get(BIND).headers["Location"].startswith("/account/acting?done=")
    stranger = prove_two(person(site, TWO))
    assert stranger.submit(BIND, {"challenge": "x", "signed_data": "entity x"}).status_code == 303
    assert verifier.asked == 0


def test_who_has_not_just_given_two_factors_confirms_first(
    site: Site, verifier: Scripted, representative: Browser
) -> None:
    act(representative, entity_of(site))
    assert representative.get(BIND).headers["Location"].startswith("/signin/confirm?again=yes")


def test_an_account_that_is_held_speaks_for_no_entity(site: Site, acting: Browser, verifier: Scripted) -> None:
    with site.provider.database.transaction() as tx:
        place_hold(tx, site.party(ONE), Act.REPRESENT, until=site.now() + 3600, now=site.now())
    assert acting.get(BIND).headers["Location"] == "/account/acting?done=entity_held"


def test_the_person_named_in_it_is_its_holder_if_the_entity_knows_them(
    site: Site, acting: Browser, verifier: Scripted
) -> None:
    add_colleague(site)
    verifier.keys["named"] = verified("e3", entity=CODE, person=PEOPLE[TWO][1], now=site.now())
    assert answer(acting, BIND, "named").status_code == 303
    assert site.one("SELECT holder_id FROM certificate_binding") == site.party(TWO)


def test_the_binder_chooses_the_holder_of_one_that_names_nobody(
    site: Site, acting: Browser, verifier: Scripted
) -> None:
    add_colleague(site)
    theirs = site.one("SELECT id FROM entity_role WHERE person_id = :party", party=site.party(TWO))
    assert answer(acting, BIND, "entity", holder=theirs).status_code == 303
    assert site.one("SELECT holder_id FROM certificate_binding") == site.party(TWO)
    assert answer(acting, BIND, "entity", holder="nobody's").status_code == 303
    assert (site.one("SELECT holder_id FROM certificate_binding"), bound(site)) == (site.party(ONE), 1)


def test_it_opens_the_door_and_its_holder_walks_through_by_their_own_code(site: Site, door: Browser) -> None:
    register_client(site)
    page = answer(door, SIGN_IN, "entity").headers["Location"]
    assert page.startswith("/signin/entity?f=")
    assert not door.signed_in
    assert confirm(site, door, page).headers["Location"] == "/account/acting?done=acting_entity"
    token = claims_of(door.tokens("tax", scope="openid represented")["id_token"])
    assert (token["ial"], token["aal"], token["amr"]) == (2, 1, ["sms"])
    assert token["represented_status"] == "current"
    grant = site.one("SELECT acting FROM authorization_grant WHERE acting IS NOT NULL")
    assert grant.endswith(" entity_certificate")


def test_nobody_but_the_holder_walks_through(site: Site, door: Browser) -> None:
    add_colleague(site)
    page = answer(door, SIGN_IN, "entity").headers["Location"]
    theirs = site.one("SELECT id FROM entity_role WHERE person_id = :party", party=site.party(TWO))
    assert door.submit(page, {"who": theirs}).status_code == 422
    assert not door.signed_in


def test_one_that_names_its_holder_signs_them_in_and_makes_them_no_stronger(
    site: Site, acting: Browser, verifier: Scripted
) -> None:
    register_client(site)
    verifier.keys["named"] = verified("e4", entity=CODE, person=NUMBER, now=site.now())
    protect(verifier, KeyProtection.HARDWARE)
    assert answer(acting, BIND, "named").status_code == 303
    entered = site.browser()
    assert answer(entered, SIGN_IN, "named").headers["Location"] == "/account/acting?done=acting_entity"
    token = claims_of(entered.tokens("tax", scope="openid represented")["id_token"])
    assert (token["ial"], token["aal"], token["amr"]) == (2, 1, ["pop"])


def test_who_is_in_already_acts_for_the_entity_and_is_neither_stronger_nor_newer(
    site: Site, acting: Browser, verifier: Scripted
) -> None:
    verifier.keys["named"] = verified("e4", entity=CODE, person=NUMBER, now=site.now())
    assert answer(acting, BIND, "named").status_code == 303
    inside = site.browser().sign_in(ONE)
    later(inside, 60)
    before = site.one(_NEWEST)
    assert answer(inside, SIGN_IN, "named").headers["Location"] == "/account/acting?done=acting_entity"
    assert site.one(_NEWEST) == before
    assert site.one("SELECT acting FROM session ORDER BY created_at DESC, id DESC LIMIT 1").endswith("certificate")


def test_it_confirms_nobody_not_even_whom_it_names(site: Site, acting: Browser, verifier: Scripted) -> None:
    verifier.keys["named"] = verified("e4", entity=CODE, person=NUMBER, now=site.now())
    assert answer(acting, BIND, "named").status_code == 303
    assert answer(acting, "/signin/confirm/certificate", "named").status_code == 422
    assert refusals(site) == ["certificate_not_bound"]


def test_who_came_in_by_it_alone_changes_no_way_to_sign_in(site: Site, acting: Browser, verifier: Scripted) -> None:
    verifier.keys["named"] = verified("e4", entity=CODE, person=NUMBER, now=site.now())
    assert answer(acting, BIND, "named").status_code == 303
    entered = site.browser()
    answer(entered, SIGN_IN, "named")
    assert entered.get("/account/methods/passkey").headers["Location"].startswith("/signin/confirm?again=yes")


def test_a_holder_who_is_held_is_led_elsewhere(site: Site, acting: Browser, verifier: Scripted) -> None:
    verifier.keys["named"] = verified("e4", entity=CODE, person=NUMBER, now=site.now())
    assert answer(acting, BIND, "named").status_code == 303
    with site.provider.database.transaction() as tx:
        place_hold(tx, site.party(ONE), Act.REPRESENT, until=site.now() + 3600, now=site.now())
    entered = site.browser()
    assert answer(entered, SIGN_IN, "named").status_code == 403
    assert not entered.signed_in


def test_a_holder_who_is_nothing_to_the_entity_any_more_opens_nothing(site: Site, door: Browser) -> None:
    with site.provider.database.transaction() as tx:
        (own,) = roles.of_entity(tx, entity_of(site))
        roles.end_role(tx, site.provider.directory, own, reason="register", now=site.now())
    assert answer(door, SIGN_IN, "entity").status_code == 422
    assert refusals(site) == ["certificate_holder_gone"]


def test_the_door_is_shut_when_the_certificate_ends_meanwhile(site: Site, door: Browser) -> None:
    page = answer(door, SIGN_IN, "entity").headers["Location"]
    who = site.one("SELECT id FROM entity_role")
    code_page = door.submit(page, {"who": who}).headers["Location"]
    with site.provider.database.transaction() as tx:
        bindings.end(tx, site.one("SELECT id FROM certificate_binding"), EndReason.REVOKED, now=site.now())
    assert door.submit(code_page, {"code": site.text_code()}).status_code == 400
    assert not door.signed_in


def test_unbinding_it_ends_who_came_in_by_it_and_its_proof(site: Site, acting: Browser) -> None:
    answer(acting, BIND, "entity")
    entered = site.browser()
    confirm(site, entered, answer(entered, SIGN_IN, "entity").headers["Location"])
    assert entered.signed_in
    one = site.one("SELECT id FROM certificate_binding")
    assert acting.submit(LIST, {"unbind": one}).headers["Location"].endswith("done=certificate_unbound")
    assert not entered.signed_in
    assert acting.signed_in
    live = "SELECT COUNT(*) FROM evidence WHERE kind = 'certificate' AND ended_at IS NULL"
    assert site.one(live) == 0


def test_an_entity_that_is_not_here_has_no_door(site: Site, browser: Browser, verifier: Scripted) -> None:
    assert answer(browser, SIGN_IN, "entity").status_code == 422
    assert refusals(site) == ["certificate_not_bound"]


def test_the_page_of_acting_offers_certificates_and_asks_for_none(
    site: Site, representative: Browser, verifier: Scripted
) -> None:
    assert f'href="{LIST}"' in representative.get("/account/acting").text
    assert act(representative, entity_of(site)).headers["Location"] == "/account/acting?done=acting_entity"


def test_the_holder_walks_through_by_their_own_passkey(site: Site, acting: Browser) -> None:
    device = Authenticator()
    add_passkey(acting, device)
    assert answer(acting, BIND, "entity").status_code == 303
    entered = site.browser()
    walked = by_passkey(entered, device, passkey_page(entered))
    assert walked.headers["Location"] == "/account/acting?done=acting_entity"
    register_client(site)
    token = claims_of(entered.tokens("tax", scope="openid represented")["id_token"])
    assert (token["aal"], token["amr"]) == (3, ["pop", "user", "mfa"])


def test_nobody_elses_passkey_opens_the_entitys_door(site: Site, door: Browser) -> None:
    other, device = prove_two(add_colleague(site)), Authenticator()
    add_passkey(other, device)
    assert by_passkey(door, device, passkey_page(door)).status_code == 422
    assert not door.signed_in
    assert door.submit("/signin/entity/passkey?f=none", {"key": "x", "credential": "x"}).status_code == 400


def passkey_page(browser: Browser) -> str:
    """Behind the door that the entity's certificate has opened."""
    page = answer(browser, SIGN_IN, "entity").headers["Location"]
    return str(page).replace("/signin/entity?", "/signin/entity/passkey?")


def test_who_came_in_by_it_alone_gives_two_factors_of_their_own_one_after_the_other(
    site: Site, acting: Browser, verifier: Scripted
) -> None:
    verifier.keys["named"] = verified("e4", entity=CODE, person=NUMBER, now=site.now())
    assert answer(acting, BIND, "named").status_code == 303
    entered = site.browser()
    answer(entered, SIGN_IN, "named")
    page = "/signin/confirm?again=yes&next=/account/methods/passkey"
    assert entered.submit(f"{page}&by=pwd", {"password": PASSWORD}).status_code == 303
    assert entered.get("/account/methods/passkey").headers["Location"].startswith("/signin/confirm?again=yes")
    prove_two(entered)
    assert entered.get("/account/methods/passkey").status_code == 200
