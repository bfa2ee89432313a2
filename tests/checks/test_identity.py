"""A higher identity level by face, over HTTP: the register and the face, of one claim, by one account, once."""

import pytest

from idp.proofing.actions import ial
from idp.proofing.ports import Match, Mismatch
from tests.checks.going import face
from tests.checks.vendor import ScriptedVendor, no, yes
from tests.provider import Browser, Site, add_document, add_person, answered
from tests.registers import ScriptedRegisters

NAME, NUMBER = "欧阳清岚", "11010519491231002X"
CLAIM = {"name": NAME, "kind": "id_number", "number": NUMBER}
YES = Match(valid_to=None)


@pytest.fixture
def signed_in(browser: Browser, registers: ScriptedRegisters) -> Browser:
    registers.people[NAME, NUMBER] = YES
    return browser.sign_in()


def level(site: Site, phone: str = "13812340001") -> int:
    with site.provider.database.autocommit() as tx:
        return ial(tx, site.party(phone), now=site.now())


def begun(browser: Browser, claim: dict[str, str] | None = None, query: str = "") -> str:
    answer = browser.submit(f"/identity/face{query}", CLAIM if claim is None else claim)
    assert answer.status_code == 303, answer.text
    return str(answer.headers["Location"])


def test_a_person_is_proved_by_register_and_face(
    site: Site, signed_in: Browser, vendor: ScriptedVendor, registers: ScriptedRegisters
) -> None:
    here = begun(signed_in)
    assert level(site) == 1, "the register alone proves nothing here"
    back = face(signed_in, here, vendor, yes())
    assert level(site) == 1
    done = signed_in.get(back)
    assert done.headers["Location"] == "/account/profile?done=identity_checked_by_face"
    assert level(site) == 3
    check = here.removeprefix("/check/")
    row = site.one("SELECT kind || source || check_id FROM evidence")
    assert row == f"faceface-check{check}"
    assert site.one("SELECT score FROM outside_check WHERE id = :id", id=check) == 970
    site.later = 1096 * 86400
    assert level(site) == 1


def test_who_is_known_types_nothing_and_no_other_claim_is_checked(
    site: Site, signed_in: Browser, vendor: ScriptedVendor
) -> None:
    add_document(site.provider, site.party(), now=site.now())
    page = signed_in.get("/identity/face").text
    assert 'name="number"' not in page
    back = face(
        signed_in, begun(signed_in, {"name": "张三", "kind": "passport", "number": "E12345678"}), vendor, yes()
    )
    assert vendor.opened[0].name == NAME
    signed_in.get(back)
    assert level(site) == 3


def test_whom_the_register_does_not_confirm_no_vendor_sees(
    site: Site, signed_in: Browser, vendor: ScriptedVendor, registers: ScriptedRegisters
) -> None:
    registers.people[NAME, NUMBER] = Mismatch()
    answer = signed_in.submit("/identity/face", CLAIM)
    assert answer.status_code == 422
    assert site.one("SELECT COUNT(*) FROM outside_check") == 0
    assert level(site) == 1


def test_a_face_that_is_not_theirs_proves_nothing(site: Site, signed_in: Browser, vendor: ScriptedVendor) -> None:
    here = begun(signed_in)
    assert face(signed_in, here, vendor, no()) == "200"
    answer = signed_in.get("/identity/face?f=flw_1&check=" + here.removeprefix("/check/"))
    assert answer.headers["Location"] == "/identity/face?done=check_over"
    assert level(site) == 1


def test_a_result_is_used_once_and_for_its_own_claim(site: Site, signed_in: Browser, vendor: ScriptedVendor) -> None:
    mine = face(signed_in, begun(signed_in), vendor, yes())
    other = face(signed_in, begun(signed_in), vendor, no())
    assert other == "200"
    flow = site.one("SELECT id FROM flow ORDER BY created_at DESC, id DESC")
    signed_in.get(mine)
    assert level(site) == 3
    site.execute("UPDATE evidence SET ended_at = 1")
    assert "check_over" in signed_in.get(mine).headers["Location"]
    swapped = f"/identity/face?f={flow}&{mine.partition('&')[2]}"
    assert "check_over" in signed_in.get(swapped).headers["Location"]
    assert level(site) == 1


def test_a_result_serves_no_other_journey_of_the_same_claim(
    site: Site, signed_in: Browser, vendor: ScriptedVendor
) -> None:
    mine = face(signed_in, begun(signed_in), vendor, yes())
    begun(signed_in)
    flow = site.one("SELECT id FROM flow ORDER BY created_at DESC, id DESC")
    assert flow not in mine
    assert "check_over" in signed_in.get(f"/identity/face?f={flow}&{mine.partition('&')[2]}").headers["Location"]
    assert level(site) == 1
    assert site.one("SELECT COUNT(*) FROM audit_event WHERE reason = 'check_over'") == 1
    signed_in.get(mine)
    assert level(site) == 3


def test_another_account_in_the_same_browser_gets_nothing_of_it(
    site: Site, signed_in: Browser, vendor: ScriptedVendor
) -> None:
    back = face(signed_in, begun(signed_in), vendor, yes())
    add_person(site.provider, "13812340002", None)
    signed_in.submit("/signout", {"confirm": "yes"})
    signed_in.sign_in("13812340002")
    assert "check_over" in signed_in.get(back).headers["Location"]
    assert level(site) == level(site, "13812340002") == 1


def test_a_document_of_another_account_is_told_to_its_person_alone(
    site: Site, signed_in: Browser, vendor: ScriptedVendor
) -> None:
    other = add_person(site.provider, "13812340002", None)
    add_document(site.provider, other, now=site.now())
    here = begun(signed_in)
    assert "another account" not in signed_in.get(here).text
    page = signed_in.get(face(signed_in, here, vendor, yes()))
    assert (page.status_code, "another account of yours" in page.text) == (200, True)
    assert level(site) == 1


def test_an_app_that_asks_for_a_face_gets_its_person_back_with_it(
    site: Site, signed_in: Browser, vendor: ScriptedVendor
) -> None:
    add_document(site.provider, site.party(), now=site.now())
    where = signed_in.ask(acr_values="urn:tongban:ial:3").headers["Location"]
    assert where.startswith("/identity/face?r=")
    assert "应用" in signed_in.get(where).text
    here = begun(signed_in, {}, "?" + where.partition("?")[2])
    back = face(signed_in, here, vendor, yes())
    resumed = signed_in.get(signed_in.get(back).headers["Location"])
    assert "code" in answered(resumed)


def test_the_registers_yes_costs_a_try_until_the_face_has_passed_and_is_recorded(
    site: Site, signed_in: Browser, vendor: ScriptedVendor, registers: ScriptedRegisters
) -> None:
    for _ in range(4):
        begun(signed_in)
    proved = face(signed_in, begun(signed_in), vendor, yes())
    registers.people["周某", "110105199003070076"] = YES
    other = CLAIM | {"name": "周某", "number": "110105199003070076"}
    assert signed_in.submit("/identity/face", other).status_code == 422, "nobody asks on and on about others"
    confirmed = "SELECT COUNT(*) FROM audit_event WHERE event = 'person:identity:confirmed'"
    assert site.one(confirmed) == 5
    refused = "SELECT COUNT(*) FROM audit_event WHERE reason = 'identity_tries_used_up'"
    assert site.one(refused) == 1
    counted = "SELECT COUNT(*) FROM attempt WHERE kind = 'name_check' AND pending || failures <> '[][]'"
    assert site.one(counted) == 1, "on who asks; a yes locks nobody's document"
    signed_in.get(proved)
    assert level(site) == 3


def test_about_oneself_one_may_ask(site: Site, signed_in: Browser) -> None:
    add_document(site.provider, site.party(), now=site.now())
    for _ in range(6):
        begun(signed_in, {})


def test_a_try_comes_back_when_the_face_has_passed(site: Site, signed_in: Browser, vendor: ScriptedVendor) -> None:
    signed_in.get(face(signed_in, begun(signed_in), vendor, yes()))
    assert site.one("SELECT failures || pending FROM attempt WHERE kind = 'name_check'") == "[][]"


def test_a_face_that_proves_nothing_after_all_is_recorded(
    site: Site, signed_in: Browser, vendor: ScriptedVendor
) -> None:
    other = add_person(site.provider, "13812340002", None)
    add_document(site.provider, other, now=site.now())
    signed_in.get(face(signed_in, begun(signed_in), vendor, yes()))
    refused = "SELECT detail FROM audit_event WHERE event = 'person:identity:refused'"
    assert '"answer":"passed"' in site.one(refused)
