"""A higher identity level by the person's bank, over HTTP: it alone is asked, of one claim, by one account, once."""

from pathlib import Path
from shutil import copyfile

import pytest

from idp.accounts.documents import IdNumber
from idp.accounts.names import PersonName
from idp.app import create_app
from idp.checks.rules import LIFETIME, TRIES, CheckKind
from idp.proofing.ports import Match, Unavailable, UnavailableReason
from tests.activation.walking import add_old
from tests.checks.going import away, back, face
from tests.checks.test_identity import CLAIM, NAME, level
from tests.checks.test_pages import events
from tests.checks.vendor import SIGNED, ScriptedVendor, no, work, yes
from tests.provider import Browser, Site, add_document, add_person, answered, claims_of, settings_at
from tests.registers import ScriptedRegisters

PAGE, OVER = "/identity/bank", "/identity/bank?done=check_over"
FLOW = "SELECT id FROM flow WHERE kind = 'bank-proof' ORDER BY created_at DESC, id DESC"


@pytest.fixture
def signed_in(browser: Browser) -> Browser:
    return browser.sign_in()


def known(site: Site, *, valid_to: int | None = None) -> None:
    """The account has been somebody's, by evidence that has run out."""
    with site.provider.database.transaction() as tx:
        told = {"document": IdNumber(CLAIM["number"]), "name": PersonName(NAME), "valid_to": valid_to}
        site.provider.directory.record_document(tx, site.party(), **told, source="test", now=site.now())


def begun(browser: Browser, claim: dict[str, str] | None = None, query: str = "") -> str:
    answer = browser.submit(f"{PAGE}{query}", CLAIM if claim is None else claim)
    assert answer.status_code == 303, answer.text
    return str(answer.headers["Location"])


def confirmed(browser: Browser, bank: ScriptedVendor, claim: dict[str, str] | None = None) -> str:
    """Where the person comes to whom the bank has confirmed."""
    here = begun(browser, claim)
    away(browser, here, {})
    return back(browser, here, bank, yes(None))


def at(browser: Browser, address: str) -> str:
    answer = browser.get(address)
    assert answer.status_code == 303, answer.text
    return str(answer.headers["Location"])


def test_a_person_is_proved_by_their_bank(
    site: Site, signed_in: Browser, bank: ScriptedVendor, vendor: ScriptedVendor, registers: ScriptedRegisters
) -> None:
    assert 'href="/identity/bank"' in signed_in.get("/identity/raise").text
    page = signed_in.get(PAGE).text
    assert "Your bank" in page
    here = begun(signed_in)
    told = signed_in.get(here).text
    for words in ("Your bank", "***岚", "1****************X", "/identity/raise"):
        assert words in told, words
    assert 'name="consent"' not in told, "the text on faces is not the bank's"
    assert bank.opened == [], "nothing is sent before the person agrees"
    assert away(signed_in, here, {}).startswith("https://vendor.example/go/")
    (order,) = bank.opened
    assert (order.name, order.number, order.purpose) == (NAME, CLAIM["number"], "identity")
    where = back(signed_in, here, bank, yes(None))
    assert level(site) == 1
    assert at(signed_in, where) == "/account/profile?done=identity_checked_by_bank_channel"
    assert level(site) == 2
    row = site.one("SELECT kind || source || check_id FROM evidence")
    assert row == f"bank_channelbank-channel{here.removeprefix('/check/')}"
    assert (registers.asked, vendor.opened) == ([], []), "nobody else is asked"
    shown = signed_in.get("/account/identity").text
    assert "Check through online banking" in shown
    assert [event for event in ("person:check:agreed", "person:check:passed") if not events(site, event)] == []
    assert "bank_channel" in str(events(site, "person:evidence:added"))


def test_who_is_known_types_nothing_and_no_other_claim_is_checked(
    site: Site, signed_in: Browser, bank: ScriptedVendor
) -> None:
    known(site)
    assert 'name="number"' not in signed_in.get(PAGE).text
    where = confirmed(signed_in, bank, {"name": "张三", "kind": "passport", "number": "E12345678"})
    assert bank.opened[0].name == NAME
    signed_in.get(where)
    assert level(site) == 2


def test_a_bank_does_not_vouch_for_a_document_that_has_ended(
    site: Site, signed_in: Browser, bank: ScriptedVendor
) -> None:
    known(site, valid_to=site.now() + 60)
    where = confirmed(signed_in, bank, {})
    site.later = 120
    answer = signed_in.get(where)
    assert (answer.status_code, "no longer valid" in answer.text) == (200, True)
    assert 'name="number"' not in answer.text, "who is known is asked nothing"
    before = signed_in.submit(PAGE, {})
    assert before.status_code == 422
    assert len(bank.opened) == 1
    assert level(site) == 1
    reasons = [reason for _result, reason, _detail in events(site, "person:identity:refused")]
    assert reasons == ["document_expired", "document_expired"]


def test_whom_the_bank_does_not_know_as_the_claim_is_told_calmly(
    site: Site, signed_in: Browser, bank: ScriptedVendor
) -> None:
    here = begun(signed_in)
    away(signed_in, here, {})
    assert back(signed_in, here, bank, no()) == "200"
    page = signed_in.get(f"{here}/wait").text
    assert "The bank could not confirm that it is you" in page
    assert "good light" not in page
    assert 'href="/identity/raise"' in page
    flow = site.one(FLOW)
    assert at(signed_in, f"{PAGE}?f={flow}&check={here.removeprefix('/check/')}") == OVER
    assert level(site) == 1
    assert events(site, "person:check:refused")[0][1] == "check_not_passed"


def test_a_result_is_used_once_and_for_its_own_claim(site: Site, signed_in: Browser, bank: ScriptedVendor) -> None:
    first = confirmed(signed_in, bank)
    begun(signed_in)
    other = site.one(FLOW)
    assert other not in first
    assert at(signed_in, f"{PAGE}?f={other}&{first.partition('&')[2]}") == OVER
    assert level(site) == 1
    signed_in.get(first)
    assert level(site) == 2
    site.execute("UPDATE evidence SET ended_at = 1")
    assert at(signed_in, first) == OVER
    assert level(site) == 1
    assert [reason for _result, reason, _detail in events(site, "person:check:refused")] == ["check_over"]


def test_a_face_serves_no_bank_and_a_bank_no_face(
    site: Site, signed_in: Browser, bank: ScriptedVendor, vendor: ScriptedVendor, registers: ScriptedRegisters
) -> None:
    known(site)
    by_bank = confirmed(signed_in, bank, {})
    assert at(signed_in, by_bank.replace(PAGE, "/identity/face")) == "/identity/face?done=check_over"
    registers.people[NAME, CLAIM["number"]] = Match(valid_to=None)
    answer = signed_in.submit("/identity/face", {})
    by_face = face(signed_in, answer.headers["Location"], vendor, yes())
    assert at(signed_in, by_face.replace("/identity/face", PAGE)) == OVER
    mixed = f"{by_bank.partition('check=')[0]}check={by_face.partition('check=')[2]}"
    assert at(signed_in, mixed) == OVER
    assert level(site) == 1
    signed_in.get(by_bank)
    assert level(site) == 2


def test_no_step_is_skipped(site: Site, signed_in: Browser, bank: ScriptedVendor) -> None:
    here = begun(signed_in)
    flow, key = site.one(FLOW), here.removeprefix("/check/")
    home = f"{PAGE}?f={flow}&check={key}"
    for step in (lambda: None, lambda: signed_in.submit(here, {}), lambda: work(site)):
        step()
        assert at(signed_in, home) == OVER
    assert signed_in.get(f"{here}/wait").status_code == 303
    assert at(signed_in, home) == OVER
    assert level(site) == 1
    signed_in.get(back(signed_in, here, bank, yes(None)))
    assert level(site) == 2, "and what was tried in between spoils nothing"


def test_another_account_in_the_same_browser_gets_nothing_of_it(
    site: Site, signed_in: Browser, bank: ScriptedVendor
) -> None:
    where = confirmed(signed_in, bank)
    add_person(site.provider, "13812340002", None)
    signed_in.submit("/signout", {"confirm": "yes"})
    signed_in.sign_in("13812340002")
    assert at(signed_in, where) == OVER
    assert level(site) == level(site, "13812340002") == 1


def test_another_browser_of_the_same_account_gets_nothing_of_it(
    site: Site, signed_in: Browser, bank: ScriptedVendor
) -> None:
    where = confirmed(signed_in, bank)
    other = site.browser().sign_in()
    assert at(other, where) == OVER
    assert level(site) == 1


def test_too_late_it_counts_no_more(site: Site, signed_in: Browser, bank: ScriptedVendor) -> None:
    where = confirmed(signed_in, bank)
    site.later = LIFETIME + 1
    assert at(signed_in, where) == OVER
    assert level(site) == 1


def test_another_account_of_the_person_and_one_that_waits_read_the_same(
    site: Site, signed_in: Browser, bank: ScriptedVendor
) -> None:
    """Nobody but a face is told which of them there is."""
    other = add_person(site.provider, "13812340002", None)
    add_document(site.provider, other, now=site.now())
    taken = signed_in.get(confirmed(signed_in, bank))
    add_old(site)
    waits = signed_in.get(
        confirmed(signed_in, bank, {"name": "王小明", "kind": "id_number", "number": "440524198001010013"})
    )
    told = [answer.text.partition("<main")[2].partition("<form")[0] for answer in (taken, waits)]
    assert told[0] == told[1]
    assert "does not suffice" in told[0]
    assert "service counter" in told[0]
    assert level(site) == 1
    assert len(events(site, "person:identity:refused")) == 2
    assert '"answer":"passed"' in str(events(site, "person:identity:refused"))


def test_who_became_somebody_else_meanwhile_is_not_changed(
    site: Site, signed_in: Browser, bank: ScriptedVendor
) -> None:
    other = {"name": "王小明", "kind": "id_number", "number": "440524198001010013"}
    where = confirmed(signed_in, bank, other)
    known(site)
    assert "does not suffice" in signed_in.get(where).text
    with site.provider.database.autocommit() as tx:
        found = site.provider.directory.person(tx, site.party()).identity
    assert found is not None
    assert found.name == PersonName(NAME)
    assert level(site) == 1


def test_a_bank_that_is_away_costs_nothing_and_leaves_other_ways(
    site: Site, signed_in: Browser, bank: ScriptedVendor
) -> None:
    bank.opens = Unavailable(UnavailableReason.TIMEOUT)
    here = begun(signed_in)
    signed_in.submit(here, {})
    for _ in range(TRIES):
        work(site)
    page = signed_in.get(f"{here}/wait").text
    assert "not counted" in page
    assert 'href="/identity/raise"' in page
    assert site.one("SELECT failures || pending FROM attempt WHERE kind = 'bank_channel'") == "[][]"
    assert "/identity/bank" in signed_in.get("/identity/raise").text
    assert [reason for _result, reason, _detail in events(site, "person:check:refused")] == ["check_vendor_away"]


def test_so_many_a_day_and_then_the_other_ways(site: Site, signed_in: Browser, bank: ScriptedVendor) -> None:
    for _ in range(5):
        here = begun(signed_in)
        away(signed_in, here, {})
        back(signed_in, here, bank, no())
    sixth = signed_in.submit(begun(signed_in), {})
    assert sixth.status_code == 422
    assert 'href="/identity/raise"' in sixth.text
    assert len(bank.opened) == 5
    ladder = signed_in.get("/identity/raise").text
    assert 'href="/identity/bank"' not in ladder
    assert 'href="/identity/face"' in ladder
    site.later = 86401
    assert 'href="/identity/bank"' in site.browser().sign_in().get("/identity/raise").text


def test_the_banks_callback_has_the_result_fetched_and_a_face_vendors_does_not(
    site: Site, signed_in: Browser, bank: ScriptedVendor
) -> None:
    here = begun(signed_in)
    away(signed_in, here, {})
    reference = here.removeprefix("/check/")
    body = {"id": "1", "reference": reference, "transaction": f"t-{reference}"}
    signed = {"Tongban-Signature": SIGNED}
    assert site.http.post("/hooks/face", json=body, headers=signed).status_code == 404
    bank.finds = yes(None)
    assert site.http.post("/hooks/bank", json=body, headers=signed).status_code == 202
    assert site.http.post("/hooks/bank", json=body, headers=signed).status_code == 409
    work(site)
    signed_in.get(at(signed_in, f"{here}/wait"))
    assert level(site) == 2


def test_an_app_that_asks_for_the_level_gets_its_person_back(
    site: Site, signed_in: Browser, bank: ScriptedVendor
) -> None:
    where = signed_in.ask(acr_values="urn:tongban:ial:2").headers["Location"]
    assert where.startswith("/identity/raise?r=")
    query = "?" + where.partition("?")[2]
    assert "应用" in signed_in.get(PAGE + query).text
    here = begun(signed_in, None, query)
    away(signed_in, here, {})
    resumed = signed_in.get(at(signed_in, back(signed_in, here, bank, yes(None))))
    token = claims_of(site.exchange(answered(resumed)["code"]).get_json()["id_token"])
    assert token["ial"] == 2


@pytest.mark.parametrize("case", ["no vendor", "not named"])
def test_without_a_vendor_or_its_name_there_is_no_such_way(site_template: Path, tmp_path: Path, case: str) -> None:
    copyfile(site_template, tmp_path / "idp.db")
    ways = ["name_number", "face"] + ["bank_channel"] * (case == "no vendor")
    vendors = {} if case == "no vendor" else ScriptedVendor(kind=CheckKind.BANK).ports
    settings = settings_at(tmp_path, proofing={"ways": ways})
    site = Site(create_app(settings, ScriptedRegisters().ports, vendors=vendors))
    browser = site.browser().sign_in()
    assert PAGE not in browser.get("/identity/raise").text
    assert at(browser, PAGE) == "/identity/raise"
    assert at(browser, f"{PAGE}?f=flw_1&check=chk_1") == "/identity/raise"
    assert browser.submit(PAGE, CLAIM).headers["Location"] == "/identity/raise"
    assert site.one("SELECT COUNT(*) FROM outside_check") == 0
    site.close()
