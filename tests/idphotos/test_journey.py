"""Real name by photos that a machine reads and by the face: every page in its order, and what each leaves behind."""

import io
from datetime import date

import pytest
from PIL import Image

from idp.accounts.documents import IdNumber
from idp.accounts.names import PersonName
from idp.app import create_app
from idp.idphotos.reading import LIFETIME, TRIES
from idp.messages.worker import Failed, Retry, Settled
from idp.proofing.actions import ial
from idp.proofing.photo_port import Read, Unread, Unreadable
from idp.proofing.ports import Match, Mismatch, Unavailable, UnavailableReason, Unusable, UnusableReason
from tests.checks.going import face
from tests.checks.vendor import ScriptedVendor, no, work, yes
from tests.idphotos.going import NAME, NUMBER, PHOTOS, READ, begun, confirmed, read, sent
from tests.provider import Browser, Site, add_document, add_person, answered, settings_at
from tests.registers import ScriptedRegisters
from tests.reviews.making import MARK, events, jpeg, photos

OTHER = "13812340002"
FAULT = {
    Unread.UNREADABLE: "could not be read",
    Unread.GLARE: "There is glare",
    Unread.CUT_OFF: "is cut off",
    Unread.NO_DOCUMENT: "No document was found",
    Unread.COPY: "not of a copy or a screen",
    Unread.SIDES_DIFFER: "not of one document",
}
OVER = f"{PHOTOS}?done=journey_over"


def level(site: Site, phone: str = "13812340001") -> int:
    with site.provider.database.autocommit() as tx:
        return ial(tx, site.party(phone), now=site.now())


def test_a_person_is_proved_by_photos_register_and_face(
    site: Site, signed_in: Browser, vendor: ScriptedVendor, registers: ScriptedRegisters
) -> None:
    query = begun(signed_in)
    sent(signed_in, query)
    waiting = signed_in.get(f"{PHOTOS}/read?{query}")
    assert waiting.headers["Refresh"] == f"2; url={PHOTOS}/read?{query}"
    assert "Refresh" not in signed_in.get(f"{PHOTOS}/read?{query}&pause=1").headers
    assert (photos(site), registers.photos) == (2, [])
    work(site)
    assert signed_in.get(f"{PHOTOS}/read?{query}").headers["Location"] == f"{PHOTOS}/confirm?{query}"
    assert photos(site) == 0, "what has been read is not kept"
    page = signed_in.get(f"{PHOTOS}/confirm?{query}").text
    assert (NAME in page, NUMBER in page, "1****************X" in page, "2040" in page) == (True, False, True, True)
    assert (registers.asked, vendor.opened, level(site)) == ([], [], 1)
    back = face(signed_in, confirmed(signed_in, query), vendor, yes())
    assert level(site) == 1, "photos and register prove nothing without the face"
    done = signed_in.get(back)
    assert done.headers["Location"] == "/account/profile?done=identity_checked_by_photos"
    assert level(site) == 3
    check = site.one("SELECT id FROM outside_check")
    assert (
        site.one("SELECT kind || ' ' || source || ' ' || check_id FROM evidence")
        == f"photos_face photos-face {check}"
    )
    assert events(site, "person:id_photos:%") == ["person:id_photos:begun", "person:id_photos:read"]
    site.later = 1096 * 86400
    assert level(site) == 1


def test_the_reader_is_shown_pixels_alone(site: Site, signed_in: Browser, registers: ScriptedRegisters) -> None:
    read(signed_in)
    (question,) = registers.photos
    for raw in (question.front, question.back):
        assert MARK not in raw
        assert Image.open(io.BytesIO(raw)).format == "JPEG"
    assert question.front != question.back
    assert site.one("SELECT COUNT(*) FROM outbox WHERE kind = 'photos_read'") == 1


def test_nothing_begins_without_consent_and_no_step_is_skipped(site: Site, signed_in: Browser) -> None:
    assert signed_in.submit(PHOTOS, {"consent": ""}).status_code == 422
    assert site.one("SELECT COUNT(*) FROM flow") == 0
    query = begun(signed_in)
    assert signed_in.upload(f"{PHOTOS}/back?{query}", jpeg()).status_code == 400
    for later in ("read", "confirm", "face"):
        assert signed_in.submit(f"{PHOTOS}/{later}?{query}").status_code == 400
        assert signed_in.get(f"{PHOTOS}/{later}?{query}").headers["Location"] == f"{PHOTOS}/front?{query}"
    sent(signed_in, query)
    for other in ("front", "back"):
        assert signed_in.upload(f"{PHOTOS}/{other}?{query}", jpeg()).status_code == 400
    assert signed_in.submit(f"{PHOTOS}/confirm?{query}").status_code == 400
    assert site.one("SELECT COUNT(*) FROM outbox WHERE kind = 'photos_read'") == 1


def test_another_browser_or_account_gets_nothing_of_it(site: Site, signed_in: Browser) -> None:
    query = read(signed_in)
    add_person(site.provider, OTHER, None)
    stranger = site.browser().sign_in(OTHER)
    assert stranger.get(f"{PHOTOS}/confirm?{query}").headers["Location"] == OVER
    signed_in.submit("/signout", {"confirm": "yes"})
    signed_in.sign_in(OTHER)
    answer = signed_in.get(f"{PHOTOS}/confirm?{query}")
    assert (answer.headers["Location"], NAME in answer.text) == (OVER, False)
    assert signed_in.submit(f"{PHOTOS}/confirm?{query}").status_code == 400


@pytest.mark.parametrize("reason", FAULT)
def test_what_cannot_be_read_is_deleted_and_taken_again(
    site: Site, signed_in: Browser, registers: ScriptedRegisters, reason: Unread
) -> None:
    registers.reads = Unreadable(reason)
    query = read(signed_in)
    assert photos(site) == 0
    where = signed_in.get(f"{PHOTOS}/read?{query}").headers["Location"]
    assert where == f"{PHOTOS}/front?{query}"
    assert FAULT[reason] in signed_in.get(where).text
    assert events(site, "person:id_photos:unread") == ["person:id_photos:unread"]
    registers.reads = READ
    sent(signed_in, query)
    work(site)
    assert signed_in.get(f"{PHOTOS}/confirm?{query}").status_code == 200


def test_an_expired_document_is_not_gone_on_with(
    site: Site, signed_in: Browser, registers: ScriptedRegisters
) -> None:
    registers.reads = Read(PersonName(NAME), IdNumber(NUMBER), date(2020, 12, 31))
    query = read(signed_in)
    assert "expired" in signed_in.get(f"{PHOTOS}/front?{query}").text
    assert (photos(site), signed_in.submit(f"{PHOTOS}/confirm?{query}").status_code) == (0, 400)


def test_a_reader_that_is_away_is_asked_again_when_the_person_says_so(
    site: Site, signed_in: Browser, registers: ScriptedRegisters
) -> None:
    registers.reads = Unavailable(UnavailableReason.TIMEOUT)
    query = begun(signed_in)
    sent(signed_in, query)
    outcomes = [work(site)[0] for _ in range(TRIES)]
    assert [type(outcome) for outcome in outcomes] == [Retry] * (TRIES - 1) + [Failed]
    page = signed_in.get(f"{PHOTOS}/read?{query}")
    assert ("Refresh" in page.headers, "not available" in page.text, photos(site)) == (False, True, 2)
    registers.reads = READ
    assert signed_in.submit(f"{PHOTOS}/read?{query}").headers["Location"] == f"{PHOTOS}/read?{query}"
    assert signed_in.submit(f"{PHOTOS}/read?{query}").status_code == 303, "twice asks once"
    assert len(work(site)) == 1
    assert signed_in.get(f"{PHOTOS}/confirm?{query}").status_code == 200


def test_a_question_that_no_worker_came_to_ask_may_be_asked_again(site: Site, signed_in: Browser) -> None:
    query = begun(signed_in)
    sent(signed_in, query)
    assert "Refresh" in signed_in.get(f"{PHOTOS}/read?{query}").headers
    site.execute("DELETE FROM outbox")
    site.later = LIFETIME + 1
    page = signed_in.get(f"{PHOTOS}/read?{query}")
    assert ("Refresh" in page.headers, "not available" in page.text) == (False, True)
    signed_in.submit(f"{PHOTOS}/read?{query}")
    assert "Refresh" in signed_in.get(f"{PHOTOS}/read?{query}").headers
    work(site)
    assert signed_in.get(f"{PHOTOS}/confirm?{query}").status_code == 200


def test_a_refused_question_is_no_answer(site: Site, signed_in: Browser, registers: ScriptedRegisters) -> None:
    registers.reads = Unusable(UnusableReason.NOT_ENTITLED)
    query = read(signed_in)
    assert "not available" in signed_in.get(f"{PHOTOS}/read?{query}").text


def test_photos_are_gone_with_their_time_and_nobody_is_asked(
    site: Site, signed_in: Browser, registers: ScriptedRegisters
) -> None:
    query = begun(signed_in)
    sent(signed_in, query)
    second = begun(signed_in)  # one set of photos is enough for anybody
    assert photos(site) == 0
    work(site)
    assert registers.photos == []
    assert "newer ones" in signed_in.get(f"{PHOTOS}/front?{query}").text
    sent(signed_in, second)
    site.later = site.provider.settings.session.flow + 1
    site.provider.reviews.run_due(site.provider.database, now=site.now())
    assert photos(site) == 0


def test_who_says_that_it_is_wrong_begins_anew(site: Site, signed_in: Browser) -> None:
    query = read(signed_in)
    answer = signed_in.submit(f"{PHOTOS}/confirm?{query}", {"wrong": "yes"})
    assert answer.headers["Location"] == f"{PHOTOS}/front?{query}"
    assert signed_in.submit(f"{PHOTOS}/confirm?{query}").status_code == 400


def test_whom_the_register_does_not_confirm_no_vendor_sees(
    site: Site, signed_in: Browser, registers: ScriptedRegisters
) -> None:
    query = read(signed_in)
    registers.people[NAME, NUMBER] = Unavailable(UnavailableReason.TIMEOUT)
    assert signed_in.submit(f"{PHOTOS}/confirm?{query}").status_code == 422
    registers.people[NAME, NUMBER] = Mismatch()
    assert signed_in.submit(f"{PHOTOS}/confirm?{query}").status_code == 422
    assert site.one("SELECT COUNT(*) FROM outside_check") == 0


def test_an_account_that_is_somebody_elses_is_refused(
    site: Site, signed_in: Browser, registers: ScriptedRegisters
) -> None:
    add_document(site.provider, site.party(), now=site.now())
    registers.reads = Read(PersonName("张三"), IdNumber("430105199003070011"), None)
    registers.people["张三", "430105199003070011"] = Match(None)
    query = read(signed_in)
    assert signed_in.submit(f"{PHOTOS}/confirm?{query}").status_code == 422
    assert (registers.asked, site.one("SELECT COUNT(*) FROM outside_check")) == ([], 0)


def test_a_document_of_another_account_is_told_after_the_face_alone(
    site: Site, signed_in: Browser, vendor: ScriptedVendor
) -> None:
    add_document(site.provider, add_person(site.provider, OTHER, None), now=site.now())
    here = confirmed(signed_in, read(signed_in))
    assert "another account" not in signed_in.get(here).text
    page = signed_in.get(face(signed_in, here, vendor, yes()))
    assert "another account of yours" in page.text
    assert level(site) == 1


def test_a_face_that_is_not_theirs_proves_nothing_and_may_be_tried_again(
    site: Site, signed_in: Browser, vendor: ScriptedVendor
) -> None:
    query = read(signed_in)
    first = confirmed(signed_in, query)
    assert face(signed_in, first, vendor, no()) == "200"
    check = first.removeprefix("/check/")
    again = signed_in.get(f"{PHOTOS}/face?{query}&check={check}")
    assert (again.status_code, level(site)) == (200, 1)
    here = signed_in.submit(f"{PHOTOS}/face?{query}").headers["Location"]
    back = face(signed_in, here, vendor, yes())
    assert signed_in.get(back).headers["Location"].endswith("identity_checked_by_photos")
    assert level(site) == 3


def test_a_result_is_used_once_and_no_other_claims(
    site: Site, signed_in: Browser, vendor: ScriptedVendor, registers: ScriptedRegisters
) -> None:
    registers.people["张三", "430105199003070011"] = Match(None)
    back = face(signed_in, confirmed(signed_in, read(signed_in)), vendor, yes())
    registers.reads = Read(PersonName("张三"), IdNumber("430105199003070011"), None)
    other = read(signed_in)
    confirmed(signed_in, other)
    check = back.rpartition("check=")[2]
    assert signed_in.get(f"{PHOTOS}/face?{other}&check={check}").status_code == 200
    assert level(site) == 1
    signed_in.get(back)
    assert level(site) == 3
    site.execute("UPDATE evidence SET ended_at = 1")
    assert signed_in.get(back).headers["Location"] == OVER
    assert level(site) == 1


def test_the_document_ends_the_proof_by_whichever_is_earlier(
    site: Site, signed_in: Browser, vendor: ScriptedVendor, registers: ScriptedRegisters
) -> None:
    registers.people[NAME, NUMBER] = Match(date(2039, 1, 1))
    registers.reads = Read(PersonName(NAME), IdNumber(NUMBER), date(2027, 1, 1))
    signed_in.get(face(signed_in, confirmed(signed_in, read(signed_in)), vendor, yes()))
    assert site.one("SELECT expires_at FROM evidence") == 1798819200  # the end of 2027-01-01 in China


def test_an_answer_to_an_earlier_question_changes_nothing(
    site: Site, signed_in: Browser, registers: ScriptedRegisters
) -> None:
    query = begun(signed_in)
    sent(signed_in, query)

    def late(_: object) -> Read:
        site.execute("UPDATE flow SET version = version + 1")
        return READ

    registers.reads = late
    work(site)
    assert (photos(site), signed_in.get(f"{PHOTOS}/read?{query}").status_code) == (2, 200)


def test_files_of_a_day_are_counted_with_those_of_reviews(site: Site, signed_in: Browser) -> None:
    query = begun(signed_in)
    for _ in range(40):
        assert signed_in.upload(f"{PHOTOS}/front?{query}", b"no photo").status_code == 422
    answer = signed_in.upload(f"{PHOTOS}/front?{query}", jpeg())
    assert (answer.status_code, photos(site)) == (422, 0)


def test_an_app_that_asks_for_a_face_gets_its_person_back_with_it(
    site: Site, signed_in: Browser, vendor: ScriptedVendor
) -> None:
    where = signed_in.ask(acr_values="urn:tongban:ial:3").headers["Location"]
    asked = "?" + where.partition("?")[2]
    here = confirmed(signed_in, read(signed_in, asked))
    resumed = signed_in.get(signed_in.get(face(signed_in, here, vendor, yes())).headers["Location"])
    assert "code" in answered(resumed)


def test_without_reader_or_vendor_the_way_is_not_there(
    site: Site, vendor: ScriptedVendor, registers: ScriptedRegisters
) -> None:
    settings = settings_at(site.directory, proofing={"ways": ["photos_face"]})
    for ports, vendors in ((ScriptedRegisters().ports, vendor.ports), (registers.ports, {})):
        made = Site(create_app(settings, ports, vendors=vendors))
        assert made.browser().sign_in().get(PHOTOS).status_code == 404
        made.close()


def test_yunnan_offers_photos_and_face(site: Site, vendor: ScriptedVendor, registers: ScriptedRegisters) -> None:
    settings = settings_at(site.directory, province="yunnan")
    made = Site(create_app(settings, registers.ports, vendors=vendor.ports))
    browser = made.browser().sign_in()
    assert f'href="{PHOTOS}"' in browser.get("/identity/raise").text
    assert browser.get(PHOTOS).status_code == 200
    made.close()


def test_a_message_that_comes_twice_is_heard_once(
    site: Site, signed_in: Browser, registers: ScriptedRegisters
) -> None:
    query = read(signed_in)
    site.execute("UPDATE outbox SET settled_at = NULL WHERE kind = 'photos_read'")
    assert work(site) == [Settled("over")]
    assert signed_in.get(f"{PHOTOS}/confirm?{query}").status_code == 200
    signed_in.submit(f"{PHOTOS}/confirm?{query}", {"wrong": "yes"})
    sent(signed_in, query)
    site.execute("UPDATE outbox SET settled_at = CASE WHEN settled_at IS NULL THEN 1 END WHERE kind = 'photos_read'")
    assert work(site) == [Settled("over")], "it speaks of photos that are gone"
    assert (len(registers.photos), photos(site)) == (1, 2)
