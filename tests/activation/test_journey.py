"""Activation over HTTP, from who one is to a session: every end of it, and nothing for anybody else."""

import json
import re
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from idp.accounts.documents import IdNumber, Passport
from idp.accounts.holds import held_until
from idp.accounts.names import PersonName
from idp.accounts.old_accounts import Representative
from idp.accounts.rules import Act, Mobile, OldFlag
from idp.accounts.waiting import erase, forget
from idp.activation import reports
from idp.channels import actions as channels
from idp.channels.rules import Channel, Step
from idp.proofing.ports import EnterpriseRecord, EntityStatus, EntityType, Match, RegisterRole
from tests.activation.walking import (
    CODE,
    ENTITY,
    NAME,
    NEW_PHONE,
    NUMBER,
    OLD_PHONE,
    PERSON,
    STRANGER,
    WHO,
    Walker,
    add_old,
    finish,
    location,
    path_of,
    states,
    templates,
)
from tests.provider import NAME as USER_NAME
from tests.provider import PASSWORD, PHONE, Browser, Site, add_document, add_person, answered, claims_of
from tests.registers import ScriptedRegisters

HOLD = 72 * 3600
REGISTERED = EnterpriseRecord(
    name="长沙某某公司",
    uscc=CODE,
    entity_type=EntityType.ENTERPRISE,
    status=EntityStatus.ACTIVE,
    name_matches=True,
    representative_matches=True,
    roles=frozenset({RegisterRole.LEGAL_REPRESENTATIVE}),
    version="1",
    as_of=1_767_225_600,
)


@pytest.fixture
def walker(browser: Browser) -> Walker:
    return Walker(browser)


def level(site: Site, party: str) -> int:
    return int(site.one("SELECT MAX(level) FROM evidence WHERE party_id = :p AND ended_at IS NULL", p=party))


def accounts(site: Site) -> int:
    return int(site.one("SELECT COUNT(*) FROM party"))


def audited(site: Site, event: str) -> int:
    return int(site.one("SELECT COUNT(*) FROM audit_event WHERE event = :event", event=event))


def held(site: Site, party: str) -> list[Act]:
    with site.provider.database.autocommit() as tx:
        return [act for act in Act if held_until(tx, party, act, now=site.now()) is not None]


# -- the ends


def test_face_and_a_code_to_the_phone_on_file_are_complete(site: Site, walker: Walker) -> None:
    add_old(site)
    page = walker.shown()
    assert "old-portal" in page
    assert "Hunan" in page
    assert "430100" not in page
    assert "137****1111" in page
    assert OLD_PHONE not in page
    assert NUMBER not in page
    assert states(site) == {"leg_1": "face_passed"}
    walker.confirm().choose_phone().prove()
    assert states(site) == {"leg_1": "phone_bound"}
    assert path_of(location(walker.details())) == "/activate/done"
    assert walker.browser.signed_in
    assert walker.browser.get("/activate/done").status_code == 200
    party = site.party(OLD_PHONE)
    assert level(site, party) == 3
    assert held(site, party) == []
    assert states(site) == {"leg_1": "active"}
    assert site.one("SELECT party_id FROM legacy_account") == party
    for known in (OLD_PHONE, NUMBER):
        site.browser().sign_in(known)
    assert templates(site, OLD_PHONE) == ["activate_code", "account_activated"]
    assert audited(site, "person:account:activated") == 1
    assert audited(site, "person:agreement:accepted") == 1


def test_the_department_app_gets_its_person_back_at_the_level_of_the_face(site: Site, walker: Walker) -> None:
    add_old(site)
    key = parse_qs(urlsplit(location(walker.browser.ask(acr_values="urn:tongban:ial:3"))).query)["r"][0]
    assert f"/activate?r={key}" in walker.browser.get(f"/signin?r={key}").text
    walker.to_details(at=f"/activate?r={key}")
    done = location(walker.details())
    assert f"r={key}" in done
    onward = re.search(r'class="button" href="([^"]*)"', walker.browser.get(done).text)
    assert onward
    claims = claims_of(site.exchange(answered(walker.browser.get(onward[1]))["code"]).get_json()["id_token"])
    assert claims["acr"] == "urn:tongban:ial:3"
    assert claims["amr"] == ["sms"]


def test_an_activation_by_a_poster_counts_for_its_channel(site: Site, walker: Walker) -> None:
    add_old(site)
    county = Channel("cs-430121", "county", "长沙县", "", "430121", active=True)
    with site.provider.database.transaction() as tx:
        channels.add(tx, county, now=site.now())
    walker.browser.get(f"/c/{county.code}")
    walker.to_details()
    walker.details(password="short1")
    with site.provider.database.autocommit() as tx:
        assert channels.sums(tx) == {}, "looking is no activation"
    walker.details()
    with site.provider.database.autocommit() as tx:
        assert channels.sums(tx) == {county.code: {Step.ACTIVATED: 1}}
    told = site.one("SELECT detail FROM audit_event WHERE event = 'person:account:activated'")
    assert json.loads(str(told))["channel"] == county.code


def test_with_a_new_phone_it_is_level_two_and_what_could_harm_waits(site: Site, walker: Walker) -> None:
    add_old(site)
    walker.to_details("new", NEW_PHONE)
    done = location(walker.details())
    assert "cannot" in walker.browser.get(done).text
    party = site.party(NEW_PHONE)
    assert level(site, party) == 2
    assert held(site, party) == [Act.CHANGE_PHONE, Act.RESET_PASSWORD, Act.CHANGE_METHODS, Act.REPRESENT]
    assert templates(site, OLD_PHONE) == ["activation_notice"]
    assert templates(site, NEW_PHONE) == ["activate_code", "account_activated"]
    site.later += HOLD
    assert held(site, party) == []


def test_who_has_the_old_phone_stops_an_activation_with_a_new_one(site: Site, walker: Walker) -> None:
    add_old(site)
    add_old(site, "leg_2", ENTITY)
    walker.to_details("new", NEW_PHONE)
    walker.details()
    party = site.party(NEW_PHONE)
    told = next(one for one in site.outbox("sms") if one["template"] == "activation_notice")
    assert told["params"]["tail"] == NEW_PHONE[-4:]
    stop = {"phone": OLD_PHONE, "code": told["params"]["stop"]}
    assert site.browser().submit("/recover/stop", stop | {"phone": NEW_PHONE}).status_code == 422
    assert site.browser().submit("/recover/stop", stop).status_code == 303
    assert not walker.browser.signed_in
    assert site.one("SELECT status FROM party WHERE id = :p", p=party) == "suspended"
    assert site.browser().submit("/recover/stop", stop).status_code == 422
    assert "suspended" in Walker(site.browser()).shown(), "whoever passed the check so has no second try at it"
    assert states(site) == {"leg_1": "rejected", "leg_2": "imported"}
    assert site.one("SELECT COUNT(*) FROM legacy_account WHERE party_id IS NOT NULL") == 0
    assert audited(site, "person:activation:rejected") == 1
    with site.provider.database.autocommit() as tx:
        found = reports.funnel(tx, "leb_1")
    assert (found["imported"], found["waiting"], found["rejected"]) == (2, 1, 1)
    assert accounts(site) == 2


def test_what_was_rejected_is_kept_for_whoever_is_seen_by_people(site: Site, walker: Walker) -> None:
    add_old(site)
    walker.to_details("new", NEW_PHONE)
    walker.details()
    told = next(one for one in site.outbox("sms") if one["template"] == "activation_notice")
    site.browser().submit("/recover/stop", {"phone": OLD_PHONE, "code": told["params"]["stop"]})
    stopped = site.one("SELECT id FROM party WHERE status = 'suspended'")
    with site.provider.database.transaction() as tx:
        forget(tx, before=site.now() + 1)
        erase(tx, str(stopped), now=site.now())
    site.execute("DELETE FROM party_identifier WHERE party_id = :p", p=stopped)
    page = Walker(site.browser()).shown()
    assert 'href="/register"' in page
    assert "records" not in page, "a face is not enough any more"
    party = add_person(site.provider, "13700004444", None)
    joining, name, document = site.provider.joining, PERSON.name, PERSON.document
    assert name
    assert document
    proof: dict[str, Any] = {"name": name, "document": document, "source": "test", "expires_at": None}
    for kind, people, state in (("face", False, "rejected"), ("counter", True, "merged")):
        with site.provider.database.transaction() as tx:
            joining.prove(tx, party, **proof, kind=kind, by_people=people, now=site.now())
        assert states(site) == {"leg_1": state}
    assert site.one("SELECT party_id FROM legacy_account") == party


def test_a_stop_gives_back_only_what_the_stopped_activation_has_brought_in(site: Site, walker: Walker) -> None:
    add_old(site)
    walker.to_details("new", NEW_PHONE)
    walker.details()
    party = site.party(NEW_PHONE)
    site.execute("UPDATE legacy_account SET state_at = state_at - 1")
    told = next(one for one in site.outbox("sms") if one["template"] == "activation_notice")
    stop = {"phone": OLD_PHONE, "code": told["params"]["stop"]}
    assert site.browser().submit("/recover/stop", stop).status_code == 303
    assert (states(site), site.one("SELECT party_id FROM legacy_account")) == ({"leg_1": "active"}, party)


def test_the_stop_is_good_as_long_as_the_account_is_held(site: Site, walker: Walker) -> None:
    add_old(site)
    walker.to_details("new", NEW_PHONE)
    walker.details()
    told = next(one for one in site.outbox("sms") if one["template"] == "activation_notice")
    site.later += HOLD + 1
    late = site.browser().submit("/recover/stop", {"phone": OLD_PHONE, "code": told["params"]["stop"]})
    assert late.status_code == 422


def test_without_a_phone_on_file_a_new_one_is_asked_for(site: Site, walker: Walker) -> None:
    add_old(site, told=replace(PERSON, mobile=None))
    walker.shown()
    walker.confirm()
    assert 'value="new"' in walker.browser.get(walker.at).text
    assert walker.browser.submit(walker.at, {"which": "0"}).status_code == 422
    walker.choose_phone("new", NEW_PHONE).prove()
    walker.details()
    assert level(site, site.party(NEW_PHONE)) == 2


def test_typing_the_phone_on_file_is_choosing_it(site: Site, walker: Walker) -> None:
    add_old(site)
    walker.to_details("new", f"+86 {OLD_PHONE}")
    walker.details()
    assert level(site, site.party(OLD_PHONE)) == 3


def test_a_phone_on_file_that_somebody_else_has_by_now_is_not_named(site: Site, walker: Walker) -> None:
    add_person(site.provider, OLD_PHONE, None)
    add_old(site)
    walker.shown()
    walker.confirm()
    assert "1111" not in walker.browser.get(walker.at).text
    assert walker.browser.submit(walker.at, {"which": "0"}).status_code == 422
    walker.choose_phone("new", NEW_PHONE).prove()
    walker.details()
    assert templates(site, OLD_PHONE) == []  # its new holder has nothing to stop


def test_who_proves_a_phone_that_is_in_use_is_told_and_chooses_another(site: Site, walker: Walker) -> None:
    add_old(site)
    walker.shown()
    walker.confirm().choose_phone("new", PHONE).prove()
    assert path_of(walker.at) == "/activate/phone"
    assert "done=activation_phone_taken" in walker.at
    walker.choose_phone().prove()
    assert path_of(location(walker.details())) == "/activate/done"


def test_a_number_of_an_idle_account_leaves_it(site: Site, walker: Walker) -> None:
    add_old(site)
    site.later += 91 * 86400
    walker.shown()
    walker.confirm().choose_phone("new", PHONE).prove()
    walker.details()
    assert level(site, site.party(PHONE)) == 2
    assert site.one("SELECT kind FROM party_event") == "identifier-recycled"


def test_several_accounts_of_one_person_become_one(site: Site, walker: Walker) -> None:
    add_old(site, "leg_1")
    add_old(site, "leg_2", replace(PERSON, mobile=Mobile("13700003333")), at=2, platform="city-app")
    page = walker.shown()
    assert "old-portal" in page
    assert "city-app" in page
    walker.confirm().choose_phone("1").prove()  # the newest is offered first; this is the older one's
    walker.details()
    assert states(site) == {"leg_1": "active", "leg_2": "merged"}
    assert site.one("SELECT merged_into FROM legacy_account WHERE id = 'leg_2'") == "leg_1"
    assert site.one("SELECT COUNT(DISTINCT party_id) FROM legacy_account") == 1
    assert templates(site, "13700003333") == ["account_activated"]


def test_what_is_confirmed_is_what_was_shown(site: Site, walker: Walker) -> None:
    add_old(site)
    walker.shown()
    assert walker.browser.submit(walker.at, {"records": "leg_2"}).status_code == 422
    add_old(site, "leg_2", platform="city-app")
    changed = walker.browser.submit(walker.at, {"records": "leg_1"})
    assert changed.status_code == 422
    assert "city-app" in changed.text


def test_who_has_an_account_is_told_so_and_what_waited_goes_to_it(site: Site, walker: Walker) -> None:
    add_old(site)
    walker.to_details()
    walker.details()
    party = site.party(OLD_PHONE)
    add_old(site, "leg_2", platform="city-app")
    again = Walker(site.browser())
    page = again.shown()
    assert "137****1111" in page
    assert again.browser.submit(again.at, {"records": "leg_2"}).status_code == 400
    assert states(site) == {"leg_1": "active", "leg_2": "merged"}
    assert site.one("SELECT party_id FROM legacy_account WHERE id = 'leg_2'") == party
    assert not again.browser.signed_in
    assert audited(site, "person:account:joined") == 1


def test_a_suspended_account_is_not_walked_around(site: Site, walker: Walker) -> None:
    add_old(site)
    walker.to_details()
    walker.details()
    site.execute("UPDATE party SET status = 'suspended' WHERE id = :p", p=site.party(OLD_PHONE))
    add_old(site, "leg_2", platform="city-app")
    again = Walker(site.browser())
    assert "suspended" in again.shown()
    assert states(site)["leg_2"] == "imported"


def test_who_is_unknown_is_led_to_register(site: Site, walker: Walker) -> None:
    page = walker.shown()
    assert 'href="/register"' in page
    assert walker.browser.submit(walker.at, {"records": "leg_1"}).status_code == 400
    assert accounts(site) == 1


@pytest.mark.parametrize("flag", OldFlag)
def test_what_the_older_platform_called_closed_or_deceased_is_not_activated(
    site: Site, walker: Walker, flag: OldFlag
) -> None:
    add_old(site, flag=flag)
    assert 'href="/register"' in walker.shown()
    assert states(site) == {"leg_1": "imported"}


def test_a_passport_number_alone_says_not_whose_an_account_is(site: Site, walker: Walker) -> None:
    add_old(site, told=replace(PERSON, document=Passport("E12345678"), name=PersonName("ANNE O'NEIL")))
    another = {"name": "Juan Perez", "kind": "passport", "number": "E12345678"}
    assert 'href="/register"' in walker.shown(another)
    hers = Walker(site.browser())
    assert "old-portal" in hers.shown(another | {"name": "Anne O'Neil"})


def test_a_changed_name_keeps_nobody_from_their_account(site: Site, walker: Walker) -> None:
    add_old(site, told=replace(PERSON, name=PersonName("王小明明")))
    walker.to_details()
    walker.details()
    party = site.party(OLD_PHONE)
    with site.provider.database.autocommit() as tx:
        identity = site.provider.directory.person(tx, party).identity
    assert identity is not None
    assert identity.name.value == NAME


def test_an_entitys_account_waits_for_its_representative_without_power(site: Site, walker: Walker) -> None:
    add_old(site)
    add_old(site, "leg_2", ENTITY)
    walker.to_details()
    walker.details()
    party = site.party(OLD_PHONE)
    assert states(site) == {"leg_1": "active", "leg_2": "claimed"}
    assert site.one("SELECT party_id FROM legacy_account WHERE id = 'leg_2'") == party
    assert site.one("SELECT COUNT(*) FROM entity_role") == 0
    page = walker.browser.get("/account/acting").text
    assert "长沙某某公司" in page
    assert CODE in page
    link = re.search(r'href="(/entities/new\?old=leg_2)"', page)
    assert link
    assert CODE in walker.browser.get(link[1]).text
    assert CODE not in site.browser().sign_in().get("/account/acting").text
    assert CODE not in site.browser().sign_in().get(link[1]).text


def test_the_link_ends_when_the_representative_registers_the_entity(
    site: Site, walker: Walker, registers: ScriptedRegisters
) -> None:
    add_old(site)
    add_old(site, "leg_2", ENTITY)
    walker.to_details()
    walker.details()
    told = {"type": "enterprise", "name": "长沙某某公司", "uscc": CODE}
    assert walker.browser.submit("/entities/new", told).status_code == 422
    assert states(site)["leg_2"] == "claimed"
    registers.entities[CODE] = REGISTERED
    assert walker.browser.submit("/entities/new", told).status_code == 303
    assert states(site)["leg_2"] == "active"
    assert site.one("SELECT p.kind FROM legacy_account l JOIN party p ON p.id = l.party_id WHERE l.id = 'leg_2'") == (
        "entity"
    )
    assert "old=leg_2" not in walker.browser.get("/account/acting").text


def test_a_held_account_confirms_no_entity(site: Site, walker: Walker, registers: ScriptedRegisters) -> None:
    add_old(site)
    add_old(site, "leg_2", ENTITY)
    walker.to_details("new", NEW_PHONE)
    walker.details()
    registers.entities[CODE] = REGISTERED
    told = {"type": "enterprise", "name": "长沙某某公司", "uscc": CODE}
    assert "done=entity_held" in location(walker.browser.submit("/entities/new", told))
    assert states(site)["leg_2"] == "claimed"


# -- what an account there is has to show


def test_an_account_that_only_knows_name_and_number_gets_nothing_of_the_persons(site: Site, walker: Walker) -> None:
    add_document(site.provider, site.party(), now=site.now())
    known = replace(PERSON, name=PersonName("欧阳清岚"), document=IdNumber("11010519491231002X"))
    add_old(site, told=known)
    add_old(site, "leg_2", replace(ENTITY, representative=Representative(known.name, known.document)))
    page = walker.shown({"name": "欧阳清岚", "kind": "id_number", "number": "11010519491231002X"})
    assert PHONE[-4:] not in page
    assert "service counter" in page
    assert states(site) == {"leg_1": "imported", "leg_2": "imported"}
    assert site.one("SELECT COUNT(*) FROM legacy_account WHERE party_id IS NOT NULL") == 0
    assert audited(site, "person:account:joined") == 0


def test_an_account_of_another_with_the_same_passport_number_is_not_theirs(site: Site, walker: Walker) -> None:
    add_old(site, told=replace(PERSON, document=Passport("E12345678"), name=PersonName("ANNE O'NEIL")))
    hers = {"name": "Anne O'Neil", "kind": "passport", "number": "E12345678"}
    walker.shown(hers)
    walker.confirm().choose_phone().prove()
    walker.details()
    assert level(site, site.party(OLD_PHONE)) == 3
    add_old(site, "leg_2", replace(PERSON, document=Passport("E12345678"), name=PersonName("JUAN PEREZ")))
    his = Walker(site.browser())
    page = his.shown(hers | {"name": "Juan Perez"})
    assert OLD_PHONE[-4:] not in page
    assert states(site)["leg_2"] == "imported"


def test_an_entity_of_a_passport_goes_to_the_name_it_was_told_with(site: Site, walker: Walker) -> None:
    passport = Passport("E12345678")
    add_old(site, told=replace(PERSON, document=passport, name=PersonName("ANNE O'NEIL")))
    add_old(site, "leg_2", replace(ENTITY, representative=Representative(PersonName("JUAN PEREZ"), passport)))
    walker.shown({"name": "Anne O'Neil", "kind": "passport", "number": "E12345678"})
    walker.confirm().choose_phone().prove()
    walker.details()
    assert states(site) == {"leg_1": "active", "leg_2": "imported"}


def test_what_a_face_proved_at_activation_ends(site: Site, walker: Walker) -> None:
    add_old(site)
    walker.to_details()
    walker.details()
    valid = site.provider.settings.proofing.face_valid * 86400
    assert abs(int(site.one("SELECT expires_at FROM evidence")) - site.now() - valid) < 60


def test_a_second_face_gives_no_more_while_the_new_phone_is_held(
    site: Site, walker: Walker, registers: ScriptedRegisters
) -> None:
    add_old(site)
    walker.to_details("new", NEW_PHONE)
    walker.details()
    registers.people[NAME, NUMBER] = Match(valid_to=None)
    refused = walker.browser.submit("/identity/face", {})
    assert refused.status_code == 422
    assert "new phone number" in refused.text
    site.later += HOLD + 1
    assert path_of(location(site.browser().sign_in(NEW_PHONE).submit("/identity/face", {}))).startswith("/check/")


def test_who_comes_back_later_shows_the_face_again(site: Site, walker: Walker) -> None:
    add_old(site)
    walker.shown()
    site.later += 660
    assert path_of(location(walker.browser.submit("/activate", WHO))).startswith("/check/")


def test_who_finds_somebody_elses_activation_ends_it(site: Site, walker: Walker) -> None:
    add_old(site)
    walker.shown()
    end = re.search(r'action="(/activate/end[^"]*)"', walker.browser.get(walker.at).text)
    assert end
    assert path_of(location(walker.browser.submit(end[1], {"end": "yes"}))) == "/activate"
    assert path_of(location(walker.browser.get(walker.at))) == "/activate"


def test_a_number_of_a_suspended_account_is_refused_when_it_is_proved(site: Site, walker: Walker) -> None:
    add_old(site)
    site.execute("UPDATE party SET status = 'suspended' WHERE id = :p", p=site.party())
    walker.shown()
    walker.confirm().choose_phone("new", PHONE).prove()
    assert path_of(walker.at) == "/activate/phone"
    assert "done=activation_phone_taken" in walker.at


def test_a_number_taken_at_the_last_moment_leads_back_to_the_phone(site: Site, walker: Walker) -> None:
    add_old(site)
    walker.to_details()
    add_person(site.provider, OLD_PHONE, None)
    lost = walker.details()
    assert lost.status_code == 409
    back = re.search(r'href="(/activate/phone[^"]*)"', lost.text)
    assert back
    walker.at = back[1]
    walker.choose_phone("new", NEW_PHONE).prove()
    assert path_of(location(walker.details())) == "/activate/done"


def test_what_went_at_the_last_moment_leads_back_to_what_there_is(site: Site, walker: Walker) -> None:
    add_old(site)
    add_old(site, "leg_2", platform="city-app")
    walker.to_details()
    site.execute("UPDATE legacy_account SET flag = 'closed' WHERE id = 'leg_2'")
    lost = walker.details()
    assert lost.status_code == 409
    back = re.search(r'href="(/activate/found[^"]*)"', lost.text)
    assert back
    walker.at = back[1]
    walker.confirm().choose_phone().prove()
    assert path_of(location(walker.details())) == "/activate/done"


def test_an_entity_waits_on_when_who_was_to_confirm_it_closes_their_account(site: Site, walker: Walker) -> None:
    add_old(site)
    add_old(site, "leg_2", ENTITY)
    walker.to_details()
    walker.details()
    with site.provider.database.transaction() as tx:
        erase(tx, site.party(OLD_PHONE), now=site.now())
    assert states(site) == {"leg_1": "active", "leg_2": "imported"}
    row = "SELECT party_id IS NULL AND sealed IS NOT NULL FROM legacy_account WHERE id = 'leg_2'"
    assert site.one(row) == 1


# -- face not passed, given up, begun anew


def test_a_face_that_was_not_passed_opens_nothing_and_other_ways_stand_there(site: Site, walker: Walker) -> None:
    add_old(site)
    outcome = walker.browser.get(walker.begin().judged(passed=False)).text
    assert "/activate/elsewhere" in outcome
    assert walker.browser.get("/activate/elsewhere").status_code == 200
    back = re.search(r'href="(/activate/face[^"]*)"', outcome)
    assert back
    page = walker.browser.get(back[1])
    assert page.status_code == 200
    assert "/activate/elsewhere" in page.text
    assert states(site) == {"leg_1": "imported"}
    walker.check = path_of(location(walker.browser.submit(back[1], {}))).removeprefix("/check/")
    assert path_of(location(walker.browser.get(walker.judged()))) == "/activate/found"


def test_who_went_away_goes_on_in_the_same_browser_and_begins_anew_in_another(site: Site, walker: Walker) -> None:
    add_old(site)
    walker.shown()
    walker.confirm().choose_phone().prove()
    assert location(walker.browser.submit("/activate", WHO)).startswith("/activate/details?f=")
    assert path_of(location(walker.browser.submit("/activate", STRANGER))).startswith("/check/")
    other = Walker(site.browser())
    assert path_of(location(other.browser.submit("/activate", WHO))).startswith("/check/")
    other.to_details("new", NEW_PHONE)
    assert path_of(location(other.details())) == "/activate/done"
    late = finish(walker.browser, walker.at, password="Velvet3Anchor44")
    assert late.status_code == 409
    assert not walker.browser.signed_in
    assert accounts(site) == 2
    site.browser().sign_in(NUMBER)


def test_a_journey_ends_with_its_time(site: Site, walker: Walker) -> None:
    add_old(site)
    walker.to_details()
    site.later += site.provider.settings.session.flow
    assert walker.details().status_code == 400
    assert path_of(location(walker.browser.submit("/activate", WHO))).startswith("/check/")
    assert accounts(site) == 1


# -- details


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("password", "short1"),
        ("password", f"x{OLD_PHONE}x"),
        ("password", f"x{NUMBER}x"),
        ("password", "WangXiaoming-8"),
        ("user_name", "1x"),
        ("user_name", USER_NAME),
        ("agreements", ""),
        ("agreement_versions", "user:1999-01-01"),
    ],
)
def test_details_that_do_not_do_leave_the_step_open(site: Site, walker: Walker, field: str, value: str) -> None:
    add_old(site)
    walker.to_details()
    assert walker.details(**{field: value}).status_code == 422
    assert accounts(site) == 1
    assert states(site) == {"leg_1": "phone_bound"}
    assert path_of(location(walker.details(user_name="new_lamp"))) == "/activate/done"
    site.browser().sign_in("new_lamp", PASSWORD)
