"""The counter and the citizen's side over HTTP: from the card on the desk to the notice of conclusion."""

import re

from tests.assisted.counter_walks import (
    CARD,
    CITIZEN,
    NUMBER,
    PENSION,
    UNIT,
    Office,
    accepted,
    bring,
    hash_on,
    opened,
    papers,
    state_of,
    witnessed,
)
from tests.entities.conftest import ONE, PEOPLE, THREE, TWO
from tests.mandates.walking import signed_in, to
from tests.provider import Browser


def test_a_citizen_without_account_or_phone_is_helped_from_the_card_to_the_conclusion(
    office: Office, clerk: Browser, colleague: Browser
) -> None:
    case = opened(clerk)
    shown = clerk.get(case).text
    assert CITIZEN in shown
    assert NUMBER not in shown, "a number is never shown in full"
    assert "/consent" not in shown, "first it is accepted"
    assert to(clerk.submit(case, {"step": "accept"})).endswith("done=assisted_accepted")
    assert 'name="act"' not in clerk.get(case).text, "nothing is done before the citizen agrees"
    assert clerk.submit(f"{case}/conclude", {"note": "办好了"}).status_code == 422
    witnessed(clerk, colleague, case)
    act = re.search(r'name="act" value="(mnd_[^"]+)"', clerk.get(case).text)
    assert act
    assert to(clerk.submit("/account/acting", {"act": act[1]})).endswith("done=acting_mandate")
    assert CITIZEN in clerk.get("/account/acting").text
    back = office.mandates.site.one("SELECT clerk_mandate_id FROM assisted_case")
    assert to(clerk.submit("/counter/office", {"act": back})) == "/counter"
    assert to(clerk.submit(f"{case}/conclude", {"note": "资格已确认"})).endswith("done=assisted_concluded")
    assert state_of(office) == "concluded"
    assert len(papers(clerk, case)) == 3, "acceptance, authority, conclusion"
    assert clerk.submit("/account/acting", {"act": act[1]}).status_code == 422, "the power ended with the case"


def test_a_paper_is_the_same_bytes_however_often_whoever_and_in_whatever_language_prints_it(
    office: Office, clerk: Browser, colleague: Browser
) -> None:
    case = accepted(clerk)
    (slip,) = papers(clerk, case)
    first = clerk.get(slip).data
    assert b"<svg" in first
    assert b"csrf" not in first
    office.mandates.site.later += 600
    assert clerk.get(slip).data == first
    clerk.get("/preferences?lang=zh&size=xlarge&contrast=high")
    assert clerk.get(slip).data == first
    assert colleague.get(slip).data == first


def test_whoever_holds_a_paper_reads_how_the_case_stands_and_no_name(office: Office, clerk: Browser) -> None:
    case = accepted(clerk)
    (slip,) = papers(clerk, case)
    paper = clerk.get(slip).text
    number = re.search(r'<p class="number">([^<]+)</p>', paper)
    digest = re.search(r"<b>([0-9a-f]{16})</b>", paper)
    assert number and digest  # noqa: PT018 - both stand on it
    stranger = office.mandates.site.browser()
    page = stranger.get(f"/assisted/check?n={number[1]}&h={digest[1]}").text
    assert 'id="found"' in page
    assert CITIZEN not in page
    assert PEOPLE[THREE][0] not in page
    for pair in (f"n={number[1]}&h={'0' * 16}", f"n=x&h={digest[1]}", f"n={number[1]}&h={digest[1][:15]}"):
        assert 'id="not-found"' in stranger.get(f"/assisted/check?{pair}").text
    assert "not-found" not in stranger.get("/assisted/check").text
    assert 'id="n-error"' in stranger.get(f"/assisted/check?n=&h={digest[1]}").text


def test_another_clerk_of_the_office_goes_on_and_the_former_ones_power_ends(
    office: Office, clerk: Browser, colleague: Browser
) -> None:
    case = accepted(clerk)
    witnessed(clerk, colleague, case)
    former = office.mandates.site.one("SELECT id FROM mandate WHERE kind = 'assisted'")
    assert 'name="act"' not in colleague.get(case).text, "it is not theirs yet"
    assert to(colleague.submit(case, {"step": "resume"})).endswith("done=assisted_resumed")
    assert 'name="act"' in colleague.get(case).text
    assert 'name="act"' not in clerk.get(case).text
    assert office.mandates.site.one("SELECT state FROM mandate WHERE id = :id", id=former) != "active"


def test_a_case_is_interrupted_with_its_reason_and_taken_up_again(
    office: Office, clerk: Browser, colleague: Browser
) -> None:
    case = accepted(clerk)
    witnessed(clerk, colleague, case)
    assert clerk.submit(f"{case}/suspend", {"note": ""}).status_code == 422
    assert to(clerk.submit(f"{case}/suspend", {"note": "缺少照片"})).endswith("done=assisted_suspended")
    assert state_of(office) == "suspended"
    assert any("缺少照片" in clerk.get(paper).text for paper in papers(clerk, case))
    assert to(colleague.submit(case, {"step": "resume"})).endswith("done=assisted_resumed")
    assert state_of(office) == "authorised"


def test_another_office_finds_no_such_case_and_that_it_looked_is_on_record(office: Office, clerk: Browser) -> None:
    case = accepted(clerk)
    (slip,) = papers(clerk, case)
    elsewhere = office.clerk(TWO, office.post(TWO, by=ONE, unit="另一个窗口"))
    before = office.mandates.site.one("SELECT COUNT(*) FROM audit_event WHERE result = 'refused'")
    for page in (case, f"{case}/conclude", f"{case}/consent?by=paper", f"{case}/authority", slip):
        assert elsewhere.get(page).status_code == 404, page
    for page, form in ((case, {"step": "accept"}), (f"{case}/withdraw", {"note": "x"})):
        assert elsewhere.submit(page, form).status_code == 404
    assert case not in elsewhere.get("/counter?state=all").text
    after = office.mandates.site.one("SELECT COUNT(*) FROM audit_event WHERE result = 'refused'")
    assert after - before == 7
    assert case in clerk.get("/counter?state=all").text


def test_who_is_no_clerk_now_is_led_to_their_offices_and_has_done_nothing(office: Office, clerk: Browser) -> None:
    case = accepted(clerk)
    somebody = signed_in(office.mandates, ONE)
    assert to(somebody.get(case)).startswith("/counter/office")
    assert somebody.submit(f"{case}/withdraw", {"note": "x"}).status_code == 400
    page = somebody.get("/counter/office").text
    assert 'name="act"' not in page
    assert state_of(office) == "accepted"
    stranger = office.mandates.site.browser()
    assert to(stranger.get("/counter")).startswith("/signin")
    assert to(clerk.submit("/account/acting", {"act": "self"})).startswith("/account/acting")
    assert to(clerk.get("/counter")).startswith("/counter/office")
    assert UNIT in clerk.get("/counter/office").text


def test_what_is_wrong_with_the_form_is_said_at_its_fields(clerk: Browser) -> None:
    answer = clerk.submit("/counter/new", {**CARD, "name": "1", "number": "1", "long_term": "", "phone": "12"})
    assert answer.status_code == 422
    for name in ("name", "number", "valid_to", "phone", "matters"):
        assert f'id="{name}-error"' in answer.text, name
    unread = clerk.submit("/counter/new", {**CARD, **PENSION, "seen": "heard"})
    assert 'id="seen-error"' in unread.text
    assert 'id="code-error"' in clerk.submit("/counter/new?way=identity_code", PENSION).text
    assert (
        clerk.submit("/counter/new", {**CARD, **PENSION, "long_term": "", "valid_to": "2019-01-01"}).status_code
        == 422
    )


def test_a_file_that_is_no_picture_is_no_consent(office: Office, clerk: Browser) -> None:
    case = accepted(clerk)
    assert bring(clerk, case, b"signed, honestly").status_code == 422
    assert bring(clerk, case, b"").status_code == 422
    assert state_of(office) == "accepted"


def test_who_brought_the_paper_is_no_witness_to_it(office: Office, clerk: Browser) -> None:
    case = accepted(clerk)
    assert to(bring(clerk, case)).endswith("done=assisted_paper_kept")
    page = f"{case}/consent?by=witness"
    assert clerk.submit(page, {"text_hash": hash_on(clerk, page)}).status_code == 422
    assert state_of(office) == "accepted"


def test_the_authority_to_be_signed_by_hand_has_the_text_and_a_place_for_the_name(clerk: Browser) -> None:
    case = accepted(clerk)
    sheet = clerk.get(f"{case}/authority").text
    assert hash_on(clerk, f"{case}/consent?by=paper") in sheet.replace("<b>", "").replace("</b>", "")
    assert "签名" in sheet
    assert "<svg" not in sheet, "it can be checked once it counts"
