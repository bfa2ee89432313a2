"""Signing in by face, and setting a new password by it: known and unknown alike until the face has passed."""

from collections.abc import Iterator
from pathlib import Path
from shutil import copyfile, copytree

import pytest
from werkzeug.test import TestResponse

from idp.accounts.documents import DocumentType, stored_document
from idp.accounts.names import PersonName
from idp.app import create_app
from idp.proofing.actions import add_evidence
from tests.checks.going import face
from tests.checks.test_pages import ordered
from tests.checks.vendor import ScriptedVendor, no, work, yes
from tests.provider import PASSWORD, PHONE, Browser, Site, add_document, claims_of, settings_at
from tests.registers import ScriptedRegisters

CLAIM = {"name": "欧阳清岚", "kind": "id_number", "number": "11010519491231002X"}
NOBODY = {"name": "欧阳清风", "kind": "id_number", "number": "110105199003070076"}
NEW = "Meadow4Copper77"


@pytest.fixture
def site(site_template: Path, tmp_path: Path, vendor: ScriptedVendor) -> Iterator[Site]:
    copyfile(site_template, tmp_path / "idp.db")
    settings = settings_at(tmp_path, signin={"faces": True})
    made = Site(create_app(settings, ScriptedRegisters().ports, vendors=vendor.ports))
    yield made
    made.close()


def checked(site: Site, *, level: int = 3) -> str:
    """The account of `PHONE` is that of `CLAIM`, by their face."""
    party = site.party()
    add_document(site.provider, party, now=site.now())
    if level == 3:
        with site.provider.database.transaction() as tx:
            add_evidence(tx, party, kind="face", level=3, source="face-check", expires_at=None, now=site.now())
    return party


def begun(browser: Browser, at: str, claim: dict[str, str] = CLAIM) -> str:
    answer = browser.submit(at, claim)
    assert answer.status_code == 303, answer.text
    return str(answer.headers["Location"])


def came_back(browser: Browser, vendor: ScriptedVendor, at: str, claim: dict[str, str] = CLAIM) -> TestResponse:
    return browser.get(face(browser, begun(browser, at, claim), vendor, yes()))


def test_who_was_proved_by_face_signs_in_by_it(site: Site, browser: Browser, vendor: ScriptedVendor) -> None:
    checked(site)
    assert 'href="/signin/face"' in browser.get("/signin").text
    assert came_back(browser, vendor, "/signin/face").headers["Location"] == "/account"
    assert browser.signed_in
    told = claims_of(browser.tokens(acr_values="urn:tongban:ial:3")["id_token"])
    assert (told["amr"], told["aal"], told["ial"]) == (["face"], 1, 3)


def test_a_face_and_a_password_are_two_factors(site: Site, browser: Browser, vendor: ScriptedVendor) -> None:
    checked(site)
    browser.sign_in()
    came_back(browser, vendor, "/signin/face")
    assert claims_of(browser.tokens()["id_token"])["aal"] == 2


@pytest.mark.parametrize("why", ["unknown", "not by face", "ended", "suspended", "another name"])
def test_everybody_else_reads_one_and_the_same_page(
    site: Site, browser: Browser, vendor: ScriptedVendor, why: str
) -> None:
    checked(site, level=2 if why == "not by face" else 3)
    changes = {
        "ended": "UPDATE evidence SET ended_at = 1",
        "suspended": "UPDATE party SET status = 'suspended'",
    }
    if why in changes:
        site.execute(changes[why])
    claim = NOBODY if why == "unknown" else CLAIM | ({"name": "张三"} if why == "another name" else {})
    page = came_back(browser, vendor, "/signin/face", claim)
    assert (page.status_code, "no account that can be opened" in page.text) == (403, True)
    assert "138" not in page.text
    assert not browser.signed_in


@pytest.mark.parametrize("at", ["/signin/face", "/recover/face"])
def test_known_and_unknown_are_asked_alike_and_no_account_is_looked_at(
    site: Site, browser: Browser, vendor: ScriptedVendor, at: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    checked(site)
    looked: list[object] = []
    for name in ("lookup", "owner", "holder", "is_held", "person"):
        monkeypatch.setattr(f"idp.accounts.actions.Directory.{name}", lambda *_: looked.append(1))
    pages = []
    for claim in (CLAIM, NOBODY):
        here = begun(browser, at, claim)
        text = browser.get(here).text
        pages.append(text.partition("<main")[2].partition("</main>")[0].partition("<form")[0].replace("*岚", "*风"))
        assert face(browser, here, vendor, no()) == "200"
    assert looked == []
    assert [page.replace("1****************X", "1****************6") for page in pages] == [pages[1], pages[1]]


def test_a_result_opens_nothing_twice_nor_elsewhere_nor_for_another_purpose(
    site: Site, browser: Browser, vendor: ScriptedVendor
) -> None:
    checked(site)
    for at, other in (("/signin/face", "/recover/face"), ("/recover/face", "/signin/face")):
        back = face(browser, begun(browser, at), vendor, yes())
        stranger = site.browser()
        stranger.get("/signin")
        assert stranger.get(back).headers["Location"] == f"{at}?done=check_over"
        moved = back.replace(at, other)
        assert browser.get(moved).headers["Location"] == f"{other}?done=check_over"
        assert browser.get(back).status_code == 303
        again = site.browser()
        again.client.set_cookie("tb_browser", browser.client.get_cookie("tb_browser").value)  # type: ignore[union-attr]
        assert again.get(back).headers["Location"] == f"{at}?done=check_over"
        assert not again.signed_in
        assert not stranger.signed_in


def test_yunnan_signs_in_by_face_who_was_proved_by_it(site: Site, vendor: ScriptedVendor) -> None:
    checked(site)
    made = Site(
        create_app(settings_at(site.directory, province="yunnan"), ScriptedRegisters().ports, vendors=vendor.ports)
    )
    browser = made.browser()
    assert 'href="/signin/face"' in browser.get("/signin").text
    assert came_back(browser, vendor, "/signin/face").headers["Location"] == "/account"
    assert browser.signed_in
    made.close()


def test_where_it_is_off_there_is_no_such_page(site_template: Path, tmp_path: Path, vendor: ScriptedVendor) -> None:
    (tmp_path / "off").mkdir()
    copyfile(site_template, tmp_path / "off" / "idp.db")
    made = Site(create_app(settings_at(tmp_path / "off"), ScriptedRegisters().ports, vendors=vendor.ports))
    assert made.browser().get("/signin/face").status_code == 404
    assert "/signin/face" not in made.browser().get("/signin").text
    made.close()


def test_where_no_consent_is_in_force_no_face_is_checked(
    site_template: Path, tmp_path: Path, vendor: ScriptedVendor
) -> None:
    (tmp_path / "off").mkdir()
    copyfile(site_template, tmp_path / "off" / "idp.db")
    texts = copytree("config/agreements", tmp_path / "texts")
    for text in (texts / "face").iterdir():
        text.rename(text.with_name(text.name.replace("2026", "2126")))
    pages = {"default_locale": "en", "agreements": texts}
    settings = settings_at(tmp_path / "off", signin={"faces": True}, pages=pages)
    made = Site(create_app(settings, ScriptedRegisters().ports, vendors=vendor.ports))
    browser = made.browser()
    assert "/recover/face" not in browser.get("/recover").text
    assert [browser.get(path).status_code for path in ("/signin/face", "/recover/face")] == [404, 404]
    here = ordered(browser)
    assert browser.submit(here).status_code == 422
    work(made)
    assert vendor.opened == []
    made.close()


def test_any_document_of_the_person_opens_their_account(site: Site, browser: Browser, vendor: ScriptedVendor) -> None:
    party, passport = checked(site), stored_document(DocumentType.PASSPORT, "E12345678")
    with site.provider.database.transaction() as tx:
        site.provider.directory.record_document(
            tx,
            party,
            document=passport,
            name=PersonName(CLAIM["name"]),
            valid_to=None,
            source="t",
            now=site.now() + 1,
        )
    came_back(browser, vendor, "/signin/face")
    assert browser.signed_in


def test_a_face_and_the_phone_on_file_set_a_new_password(
    site: Site, browser: Browser, vendor: ScriptedVendor
) -> None:
    checked(site, level=2)
    old = site.browser().sign_in()
    assert 'href="/recover/face"' in browser.get("/recover").text
    sent = came_back(browser, vendor, "/recover/face")
    code_page = sent.headers["Location"]
    assert code_page.startswith("/recover/face/code?f=")
    assert "138****0001" in browser.get(code_page).text
    password_page = code_page.replace("/code", "/password")
    assert browser.submit(password_page, {"new_password": NEW}).status_code == 400, "the face alone sets nothing"
    assert browser.submit(code_page, {"code": "000000"}).status_code == 422
    done = browser.submit(code_page, {"code": site.text_code()})
    assert done.headers["Location"] == password_page
    assert browser.submit(password_page, {"new_password": NEW}).headers["Location"] == "/signin?done=password_reset"
    assert browser.submit(password_page, {"new_password": PASSWORD}).status_code == 400
    assert not old.signed_in
    assert browser.sign_in(PHONE, NEW).signed_in


def test_a_face_beside_the_code_opens_what_a_code_alone_does_not(
    site: Site, browser: Browser, vendor: ScriptedVendor
) -> None:
    checked(site)
    site.later = 91 * 86400
    alone = site.browser()
    asked = alone.submit("/recover", {"identifier": PHONE}).headers["Location"]
    assert alone.submit(asked, {"code": site.text_code()}).status_code == 403
    code_page = came_back(browser, vendor, "/recover/face").headers["Location"]
    answer = browser.submit(code_page, {"code": site.text_code()})
    assert answer.headers["Location"].startswith("/recover/face/password")


def test_a_face_without_account_recovers_nothing(site: Site, browser: Browser, vendor: ScriptedVendor) -> None:
    checked(site)
    before = len(site.outbox("sms"))
    page = came_back(browser, vendor, "/recover/face", NOBODY)
    assert (page.status_code, "no account that can be opened" in page.text) == (403, True)
    assert len(site.outbox("sms")) == before


def test_where_no_message_may_go_out_now_the_page_offers_another(
    site_template: Path, tmp_path: Path, vendor: ScriptedVendor
) -> None:
    (tmp_path / "slow").mkdir()
    copyfile(site_template, tmp_path / "slow" / "idp.db")
    limits = {"sms": {"per_number_interval": 60, "per_address_hourly": 0}, "captcha": {"before_sms": False}}
    made = Site(
        create_app(settings_at(tmp_path / "slow", limits=limits), ScriptedRegisters().ports, vendors=vendor.ports)
    )
    checked(made)
    browser = made.browser()
    browser.submit("/recover", {"identifier": PHONE})
    code_page = came_back(browser, vendor, "/recover/face").headers["Location"]
    assert code_page.endswith("&done=sms_too_soon")
    assert browser.submit(code_page, {"code": made.text_code()}).status_code == 422, "a code of another journey"
    made.later = 61
    assert "done=code_sent" in browser.submit(code_page, {"resend": "yes"}).headers["Location"]
    key = code_page.partition("&")[0]
    assert browser.submit(key, {"code": made.text_code()}).headers["Location"].startswith("/recover/face/password")
    made.close()
