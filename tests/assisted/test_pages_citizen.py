"""The citizen's side over HTTP: agreeing by a code or on their own phone, seeing what was done, and objecting."""

import re

import pytest

from tests.assisted.counter_walks import CARD, PENSION, UNIT, Office, accepted, hash_on, state_of
from tests.entities.conftest import ONE, PEOPLE, TWO
from tests.mandates.walking import signed_in, to
from tests.provider import Browser

AT_HOME = CARD | {"name": PEOPLE[TWO][0], "number": PEOPLE[TWO][1]}
"""Somebody with an account and a phone."""


def by_sms(office: Office, clerk: Browser, case: str) -> None:
    page = f"{case}/consent?by=sms"
    assert to(clerk.submit(page, {"phone": "", "text_hash": hash_on(clerk, page)})) == page
    (message,) = [one for one in office.mandates.site.outbox() if one.get("template") == "assisted_code"]
    assert UNIT in message["params"]["office"]
    assert "领取资格确认" in message["params"]["matters"]
    wrong = {"code": "0" * 6 if message["params"]["code"] != "0" * 6 else "1" * 6, "text_hash": hash_on(clerk, page)}
    assert 'id="code-error"' in clerk.submit(page, wrong).text
    told = wrong | {"code": message["params"]["code"]}
    assert to(clerk.submit(page, told)).endswith("done=assisted_authorised")


def begun(office: Office) -> dict[str, str]:
    """What the message of a beginning says."""
    (message,) = [one for one in office.mandates.site.outbox() if one.get("template") == "assisted_begun"]
    return dict(message["params"])


@pytest.fixture
def case(office: Office, clerk: Browser) -> str:
    return accepted(clerk, card=AT_HOME)


def test_a_citizen_with_a_phone_tells_the_clerk_the_code_of_the_message_that_names_office_and_matters(
    office: Office, clerk: Browser, case: str
) -> None:
    by_sms(office, clerk, case)
    assert state_of(office) == "authorised"
    assert 'name="act"' in clerk.get(case).text


def test_a_text_other_than_the_one_that_was_read_is_not_agreed_to(office: Office, clerk: Browser, case: str) -> None:
    answer = clerk.submit(f"{case}/consent?by=sms", {"phone": "", "text_hash": "0" * 64})
    assert answer.status_code == 422
    assert state_of(office) == "accepted"


def test_a_citizen_objects_by_the_message_without_signing_in_and_all_stops_at_once(
    office: Office, clerk: Browser, case: str
) -> None:
    by_sms(office, clerk, case)
    told = begun(office)
    stranger = office.mandates.site.browser()
    assert 'name="number"' in stranger.get("/assisted/object").text
    wrong = stranger.submit("/assisted/object", {"number": told["reference"], "code": "x"})
    assert wrong.status_code == 422
    assert state_of(office) == "authorised"
    spaced = {"number": f" {told['reference'][:4]} {told['reference'][4:]}", "code": told["code"]}
    answer = stranger.submit("/assisted/object", spaced)
    assert answer.status_code == 200
    assert "Frozen" in answer.text
    assert state_of(office) == "objected"
    assert office.mandates.site.one("SELECT COUNT(*) FROM mandate WHERE kind = 'assisted' AND state = 'active'") == 0
    page = clerk.get(case).text
    assert 'name="act"' not in page
    assert "/conclude" not in page
    assert clerk.submit(f"{case}/conclude", {"note": "x"}).status_code == 422
    assert stranger.submit("/assisted/object", spaced).status_code == 200, "who objects twice is told the same"
    assert state_of(office) == "objected"


def test_a_citizen_sees_in_their_account_what_was_done_and_objects_there(
    office: Office, clerk: Browser, case: str
) -> None:
    by_sms(office, clerk, case)
    citizen = signed_in(office.mandates, TWO)
    shown = re.search(r'href="(/account/assisted/asc_[^"]+)"', citizen.get("/account/assisted").text)
    assert shown
    page = citizen.get(shown[1])
    assert UNIT in page.text
    assert "Text message" in page.text or "text message" in page.text
    paper = re.search(r'href="([^"]+/papers/[^"]+)"', page.text)
    assert paper
    own, theirs = citizen.get(paper[1]), clerk.get(paper[1].replace("/account/assisted", "/counter"))
    assert own.data == theirs.data
    stranger = signed_in(office.mandates, ONE)
    assert stranger.get(shown[1]).status_code == 404
    assert stranger.get(paper[1]).status_code == 404
    assert stranger.submit(shown[1], {"object": "yes"}).status_code == 404
    assert to(citizen.submit(shown[1], {"object": "yes"})).endswith("done=assisted_objected")
    assert state_of(office) == "objected"
    assert 'name="object"' not in citizen.get(shown[1]).text


def test_a_citizen_is_known_and_agrees_by_the_identity_code_on_their_phone(office: Office, clerk: Browser) -> None:
    citizen = signed_in(office.mandates, TWO)

    def show() -> tuple[str, str]:
        page = to(citizen.submit("/account/identity-code"))
        provider = office.mandates.site.provider
        from idp.capabilities import identity_codes

        with provider.database.autocommit() as tx:
            code = identity_codes.find(tx, page.rsplit("/", 1)[-1])
        assert code is not None
        held = provider.cipher.open(code.sealed or b"", context=f"identity_code.sealed:{code.id}")
        return page, re.findall(r'"code":"([^"]+)"', held)[0]

    page, code = show()
    waits = to(clerk.submit("/counter/new?way=identity_code", {"code": code, **PENSION}))
    assert clerk.submit(waits).status_code == 200, "not before they have answered"
    assert UNIT in citizen.get(page).text
    citizen.submit(page, {"decision": "confirm"})
    case = to(clerk.submit(waits)).partition("?")[0]
    assert PEOPLE[TWO][0] in clerk.get(case).text
    clerk.submit(case, {"step": "accept"})
    page, code = show()
    consent = f"{case}/consent?by=identity_code"
    waits = to(clerk.submit(consent, {"code": code, "text_hash": hash_on(clerk, consent)}))
    citizen.submit(page, {"decision": "confirm"})
    assert to(clerk.submit(waits)).endswith("done=assisted_authorised")
    assert state_of(office) == "authorised"


def test_a_code_that_was_declined_opens_nothing(office: Office, clerk: Browser) -> None:
    assert clerk.submit("/counter/new?way=identity_code", {"code": "nobody's", **PENSION}).status_code == 422
    assert office.mandates.site.one("SELECT COUNT(*) FROM assisted_case") == 0


def test_where_nobody_compares_faces_neither_identity_nor_consent_is_taken_for_one_that_was_compared(
    office: Office, clerk: Browser, case: str
) -> None:
    assert "id_card_face" not in clerk.get("/counter/new").text
    assert clerk.submit("/counter/new?way=id_card_face", {**CARD, **PENSION}).status_code == 404
    assert clerk.submit(f"{case}/consent?by=face", {"text_hash": "0" * 64}).status_code == 404
    assert office.mandates.site.one("SELECT COUNT(*) FROM assisted_case") == 1
