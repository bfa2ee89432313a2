"""Sign-in by an entity's password: it opens the door; who walks through is named by their own phone."""

from functools import partial
from typing import Any

import pytest

from idp.accounts.holds import place_hold
from idp.accounts.rules import Act, Kind
from idp.db import Transaction
from idp.entities import doors
from idp.entities.roles import leave_all
from idp.signin.phones import release
from tests.entities.conftest import CODE, FORM, ONE, TWO, act, entity_of, entry, person, prove, register_client
from tests.provider import PASSWORD, Browser, Site, claims_of
from tests.registers import ScriptedRegisters
from tests.statements import noted

SECRET = "Juniper4Anchor86"


@pytest.fixture
def door(site: Site, representative: Browser) -> Browser:
    """A browser nobody is signed in with; the entity has a password."""
    set_password(site, representative)
    return site.browser()


def set_password(site: Site, browser: Browser, secret: str = SECRET) -> None:
    answer = browser.submit("/entities/password", {"entity": entity_of(site), "new_password": secret})
    assert (answer.status_code, answer.headers["Location"]) == (303, "/account/acting?done=entity_password_set")


def give(browser: Browser, identifier: str = CODE, secret: str = SECRET, address: str = "/signin") -> Any:
    return browser.submit(address, {"identifier": identifier, "password": secret})


def role_of(site: Site, phone: str) -> str:
    return str(site.one("SELECT id FROM entity_role WHERE person_id = :person", person=site.party(phone)))


def code_page(site: Site, browser: Browser, phone: str = ONE, address: str = "/signin") -> str:
    page = give(browser, address=address).headers["Location"]
    assert page.startswith("/signin/entity?f=")
    return str(browser.submit(page, {"who": role_of(site, phone)}).headers["Location"])


def walk(site: Site, browser: Browser, address: str = "/signin") -> Any:
    return browser.submit(code_page(site, browser, address=address), {"code": site.text_code()})


def test_the_password_alone_is_no_session(site: Site, door: Browser) -> None:
    page = give(door).headers["Location"]
    assert not door.signed_in
    assert door.get(page).status_code == 200
    assert not door.signed_in


def test_the_people_of_the_entity_are_shown_masked_and_without_their_phones(site: Site, door: Browser) -> None:
    text = door.get(give(door).headers["Location"]).text
    assert "***岚" in text
    assert "欧阳" not in text
    assert ONE[:3] + "*" not in text
    assert ONE not in text


def test_who_gives_the_chosen_persons_code_is_that_person_acting_for_the_entity(site: Site, door: Browser) -> None:
    register_client(site)
    answer = walk(site, door)
    assert answer.headers["Location"] == "/account/acting?done=acting_entity"
    assert [message["to"] for message in site.outbox("sms")][-1] == f"+86{ONE}"
    token = claims_of(door.tokens("tax", scope="openid represented")["id_token"])
    assert token["represented_status"] == "current"
    assert (token["ial"], token["aal"], token["amr"]) == (2, 1, ["sms"])
    own = claims_of(site.browser().sign_in(ONE).tokens("tax", scope="openid represented")["id_token"])
    assert token["sub"] == own["sub"] != token["represented"]["sub"]
    grant = site.one("SELECT acting FROM authorization_grant WHERE acting IS NOT NULL")
    assert grant.endswith(" entity_password")
    assert site.one("SELECT detail FROM audit_event WHERE event = 'person:acting:changed'") == (
        '{"via":"entity_password"}'
    )


def test_an_app_that_waits_gets_its_answer(site: Site, door: Browser) -> None:
    register_client(site)
    page = door.ask("tax", scope="openid represented").headers["Location"]
    back = walk(site, door, page).headers["Location"]
    assert back.startswith("/continue?r=")
    assert "code=" in door.get(back).headers["Location"]


def test_a_wrong_code_lets_nobody_in_and_a_right_one_once(site: Site, door: Browser) -> None:
    page = code_page(site, door)
    code = site.text_code()
    wrong = "000000" if code != "000000" else "000001"
    assert door.submit(page, {"code": wrong}).status_code == 422
    assert not door.signed_in
    assert door.submit(page, {"code": code}).status_code == 303
    other = door.submit(page, {"code": code})
    assert other.status_code == 400


def test_the_door_is_open_in_this_browser_only(site: Site, door: Browser) -> None:
    page = give(door).headers["Location"]
    choose = {"who": role_of(site, ONE)}
    assert site.browser().submit(page, choose).status_code == 400
    assert site.browser().get(page).headers["Location"] == "/signin"


def test_nobody_but_the_entitys_confirmed_people_walks_through(
    site: Site, door: Browser, registers: ScriptedRegisters
) -> None:
    registers.entities[CODE] = entry(ONE, TWO)
    person(site, TWO).submit("/entities/new", FORM)
    page = give(door).headers["Location"]
    sent = len(site.outbox("sms"))
    for who in (role_of(site, TWO), "rol_unknown", site.party(TWO), ""):
        assert door.submit(page, {"who": who}).status_code == 422
    assert len(site.outbox("sms")) == sent


def test_a_role_lost_on_the_way_closes_the_door(site: Site, door: Browser, registers: ScriptedRegisters) -> None:
    page = code_page(site, door)
    code = site.text_code()
    registers.entities[CODE] = entry(TWO)
    site.provider.rechecking.run_due(site.now() + 86400)
    assert door.submit(page, {"code": code}).status_code == 422
    assert not door.signed_in


def test_a_phone_that_leaves_its_person_while_they_are_waited_for_opens_nothing(
    site: Site, door: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As an approved recovery or another account does that holds the account first."""
    whole, page = doors.hold, code_page(site, door)

    def second(tx: Transaction, party_id: str) -> bool:
        held = site.provider.directory.own(tx, party_id, Kind.MOBILE)
        assert held
        assert release(tx, site.provider.directory, held, now=site.now())
        asked.append(party_id)
        return whole(tx, party_id)

    asked: list[str] = []
    monkeypatch.setattr(doors, "hold", second)
    before = site.one("SELECT COUNT(*) FROM session")
    assert door.submit(page, {"code": site.text_code()}).status_code == 400
    assert len(asked) == 1
    assert not door.signed_in
    assert site.one("SELECT COUNT(*) FROM session") == before


def test_a_new_password_closes_the_door_and_ends_who_came_in_by_the_old(
    site: Site, door: Browser, representative: Browser
) -> None:
    inside = site.browser()
    walk(site, inside)
    page = code_page(site, door)
    code = site.text_code()
    set_password(site, representative, "Copper8Kettle64")
    assert not inside.signed_in
    assert door.submit(page, {"code": code}).status_code == 400
    assert give(door).status_code == 422
    assert representative.signed_in


@pytest.fixture
def statements(door: Browser, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The texts of all statements from here on."""
    return noted(monkeypatch)


def test_unknown_code_and_wrong_password_are_one_answer_by_the_same_statements(
    site: Site, door: Browser, statements: list[str]
) -> None:
    ran, pages = [], []
    for identifier in (CODE, "92420100MA4K00029K"):
        statements.clear()
        answer = give(door, identifier, "Not-the-right-1")
        ran.append(list(statements))
        pages.append((answer.status_code, answer.text.partition("error-summary")[2].partition("</div>")[0]))
    assert ran[0] == ran[1]
    assert pages[0] == pages[1]


def test_a_locked_password_is_told_to_the_representative_and_a_new_one_lifts_the_lock(
    site: Site, door: Browser, representative: Browser
) -> None:
    for _ in range(10):
        give(door, secret="Not-the-right-1")
    told = [message for message in site.outbox("sms") if message["template"] == "entity_password_locked"]
    assert [message["to"] for message in told] == [f"+86{ONE}"]
    assert give(door).status_code == 422
    assert site.browser().sign_in(ONE).signed_in
    set_password(site, representative)
    assert give(door).status_code == 303


def test_an_entity_without_a_password_is_like_an_unknown_one(site: Site, representative: Browser) -> None:
    assert give(site.browser(), CODE, PASSWORD).status_code == 422


def test_an_installation_may_do_without(site: Site, door: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(site.app.extensions, "tongban_entity_door")
    assert give(door).status_code == 422


@pytest.mark.parametrize("secret", ["", "short", "password", CODE, "ChangshaYueluShili-Keji", "Lamp91430100Moss"])
def test_a_poor_password_is_refused(site: Site, representative: Browser, secret: str) -> None:
    form = {"entity": entity_of(site), "new_password": secret}
    assert representative.submit("/entities/password", form).status_code == 422
    assert site.one("SELECT COUNT(*) FROM password") == 1


def test_nobody_else_sets_the_entitys_password(site: Site, representative: Browser) -> None:
    stranger = person(site, TWO)
    form = {"entity": entity_of(site), "new_password": SECRET}
    assert stranger.submit("/entities/password", form).headers["Location"] == "/account/acting"
    assert site.one("SELECT COUNT(*) FROM password WHERE party_id = :e", e=entity_of(site)) == 0


def test_a_claimant_sets_no_password(site: Site, signed_in: Browser, registers: ScriptedRegisters) -> None:
    from tests.entities.test_claiming import CLAIM

    registers.entities[CODE] = entry(ONE)
    assert signed_in.submit("/entities/claim", CLAIM).status_code == 303
    prove(site, ONE)
    form = {"entity": entity_of(site), "new_password": SECRET}
    assert signed_in.submit("/entities/password", form).headers["Location"] == "/account/acting"


def test_an_older_sign_in_sets_no_password(site: Site, representative: Browser) -> None:
    site.later = 301
    form = {"entity": entity_of(site), "new_password": SECRET}
    assert representative.submit("/entities/password", form).headers["Location"].startswith("/signin?")


def test_a_registered_entity_is_offered_a_password_that_can_be_skipped(
    site: Site, registers: ScriptedRegisters
) -> None:
    registers.entities[CODE] = entry(ONE)
    browser = person(site, ONE)
    page = browser.submit("/entities/new", FORM).headers["Location"]
    assert page == "/entities/password?done=entity_registered"
    assert 'href="/account/acting"' in browser.get(page).text
    assert act(browser, entity_of(site)).status_code == 303


def test_a_phone_that_may_be_somebody_elses_does_not_walk_through(site: Site, door: Browser) -> None:
    site.later = 91 * 86400
    answer = walk(site, door)
    assert (answer.status_code, door.signed_in) == (403, False)


def test_nobody_recovers_an_entity_like_a_person(site: Site, door: Browser) -> None:
    known, unknown = (
        site.browser().submit("/recover", {"identifier": code}) for code in (CODE, "92420100MA4K00029K")
    )
    assert known.status_code == unknown.status_code == 303
    assert [message for message in site.outbox("sms") if message["template"] == "recover_code"] == []


def test_who_closes_their_account_represents_nobody_any_more(site: Site, door: Browser) -> None:
    walk(site, door)
    with site.provider.database.transaction() as tx:
        leave_all(tx, site.party(ONE), directory=site.provider.directory, now=site.now())
    assert site.one("SELECT COUNT(*) FROM entity_role WHERE ended_at IS NULL") == 0
    assert site.one("SELECT COUNT(*) FROM session WHERE acting LIKE :entity", entity=f"{entity_of(site)}%") == 0
    assert any(part.func is leave_all for part in site.provider.closings.erasers if isinstance(part, partial))


def test_a_person_whose_account_was_just_recovered_does_not_walk_through(site: Site, door: Browser) -> None:
    with site.provider.database.transaction() as tx:
        place_hold(tx, site.party(ONE), Act.REPRESENT, until=site.now() + 60, now=site.now())
    assert walk(site, door).status_code == 403
    assert not door.signed_in
    site.later = 61
    assert walk(site, door).status_code == 303
