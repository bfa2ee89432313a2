"""A person asks operators to make sure of them: every page in its order, for its person, within its limits."""

import hashlib
import re
from threading import BoundedSemaphore

import pytest
from click.testing import CliRunner
from structlog.testing import capture_logs

from idp.accounts import closing
from idp.cli import cli, work
from idp.cli.context import Context
from idp.crypto.fields import FieldCipher, FieldUnreadable
from idp.crypto.rings import parse_ring
from idp.proofing.ways import ways_of
from idp.reviews.actions import reseal_reviews
from idp.reviews.rules import DAY
from tests.multipart import KIND, form_with
from tests.provider import Browser, Site, add_document, add_person, keys_of
from tests.reviews.making import (
    MARK,
    NAME,
    NUMBER,
    PERSON,
    SIDES,
    begun,
    events,
    filed,
    jpeg,
    photos,
    png,
    with_photos,
)

OTHER = "13898760002"
OVER = "/identity/review?done=journey_over"


def test_a_review_is_filed_with_a_number_and_a_day_and_can_be_withdrawn(site: Site, signed_in: Browser) -> None:
    assert "/identity/review/person" in signed_in.get("/identity/review").text
    number = filed(site, signed_in)
    page = signed_in.get("/identity/review").text
    assert f"{number[:4]} {number[4:8]} {number[8:]}" in page
    assert site.one("SELECT due_at FROM review") == site.provider.disputes.due_at(
        site.one("SELECT filed_at FROM review")
    )
    assert photos(site) == 3
    assert site.one("SELECT MIN(purge_at) = MAX(purge_at) AND MIN(purge_at) = lapses_at FROM photo, review")
    done = signed_in.submit("/identity/review", {"withdraw": "yes"})
    assert done.headers["Location"] == "/identity/review?done=review_withdrawn"
    assert photos(site) == 0
    assert site.one("SELECT state FROM review WHERE sealed IS NULL") == "withdrawn"
    again = signed_in.submit("/identity/review", {"withdraw": "yes"})
    assert again.headers["Location"] == "/identity/review?done=review_not_waiting"
    assert events(site, "person:review:%") == [
        "person:review:begun",
        "person:review:filed",
        "person:review:withdrawn",
    ]


@pytest.mark.parametrize(
    ("kind", "number", "stored"),
    [
        ("id_number", NUMBER, "resident_id"),
        ("id_number", "810000199408230021", "residence_permit"),
        ("id_number", "911124198108030024", "permanent_residence"),
        ("passport", "E12345678", "passport"),
        ("travel_permit", "H12345678", "hk_macao_permit"),
        ("travel_permit", "12345678", "taiwan_permit"),
    ],
)
def test_documents_of_every_kind_are_taken(
    site: Site, signed_in: Browser, kind: str, number: str, stored: str
) -> None:
    query = begun(signed_in, PERSON | {"kind": kind, "number": number})
    for side in SIDES:
        assert signed_in.upload(f"/identity/review/{side}?{query}", png()).status_code == 303
    assert signed_in.submit(f"/identity/review/send?{query}").status_code == 303
    with site.provider.database.autocommit() as tx:
        (review,) = site.provider.reviews.waiting(tx, limit=5)
    assert review.claim
    assert (review.claim.document.type, review.claim.document.value) == (stored, number)


@pytest.mark.parametrize(
    "wrong", [{"name": ""}, {"name": "1"}, {"number": "110105194912310021"}, {"kind": "licence"}, {"consent": ""}]
)
def test_nothing_begins_without_a_person_and_their_consent(
    site: Site, signed_in: Browser, wrong: dict[str, str]
) -> None:
    assert signed_in.submit("/identity/review/person", PERSON | wrong).status_code == 422
    assert site.one("SELECT COUNT(*) FROM flow") == 0


def test_who_is_known_is_not_asked_who_they_are_and_cannot_be_another(site: Site, signed_in: Browser) -> None:
    add_document(site.provider, site.party(), now=site.now())
    page = signed_in.get("/identity/review/person").text
    assert 'name="number"' not in page
    assert NUMBER not in page
    query = begun(signed_in, PERSON | {"name": "张三", "number": "E12345678", "kind": "passport"})
    for side in SIDES:
        signed_in.upload(f"/identity/review/{side}?{query}", jpeg())
    assert NUMBER not in signed_in.get(f"/identity/review/send?{query}").text
    signed_in.submit(f"/identity/review/send?{query}")
    with site.provider.database.autocommit() as tx:
        (review,) = site.provider.reviews.waiting(tx, limit=5)
    assert review.claim
    assert (review.claim.name.value, review.claim.document.value) == (NAME, NUMBER)


def test_who_was_verified_as_another_meanwhile_files_no_review(site: Site, signed_in: Browser) -> None:
    query = begun(signed_in, PERSON | {"number": "E12345678", "kind": "passport"})
    for side in SIDES:
        signed_in.upload(f"/identity/review/{side}?{query}", jpeg())
    add_document(site.provider, site.party(), now=site.now())
    assert signed_in.submit(f"/identity/review/send?{query}").status_code == 422
    assert site.one("SELECT COUNT(*) FROM review") == 0


def test_no_step_is_skipped_and_none_is_open_after_the_end(site: Site, signed_in: Browser) -> None:
    query = begun(signed_in)
    for later in ("back", "holding"):
        assert signed_in.upload(f"/identity/review/{later}?{query}", jpeg()).status_code == 400
        assert signed_in.get(f"/identity/review/{later}?{query}").headers["Location"].endswith(f"front?{query}")
    assert signed_in.submit(f"/identity/review/send?{query}").status_code == 400
    assert photos(site) == 0
    filed(site, signed_in)
    old = f"f={site.one('SELECT journey FROM review')}"
    for side in SIDES:
        assert signed_in.upload(f"/identity/review/{side}?{old}", jpeg()).status_code == 400
        assert signed_in.get(f"/identity/review/photo/{side}?{old}").status_code == 404
    assert signed_in.submit(f"/identity/review/send?{old}").status_code == 400
    assert site.one("SELECT COUNT(*) FROM review") == 1


def test_a_photo_may_be_taken_again_until_it_is_sent(site: Site, signed_in: Browser) -> None:
    query = with_photos(signed_in)
    before = signed_in.get(f"/identity/review/photo/front?{query}").data
    answer = signed_in.upload(f"/identity/review/front?{query}", jpeg(colour="olive"))
    assert answer.headers["Location"] == f"/identity/review/send?{query}", "the others are still there"
    assert signed_in.get(f"/identity/review/photo/front?{query}").data != before
    assert photos(site) == 3


def test_a_photo_is_shown_to_its_sender_alone_as_a_picture_and_nothing_else(site: Site, signed_in: Browser) -> None:
    query = with_photos(signed_in)
    address = f"/identity/review/photo/holding?{query}"
    shown = signed_in.get(address)
    assert shown.headers["Content-Type"] == "image/jpeg"
    assert shown.headers["Cache-Control"] == "no-store"
    assert shown.headers["X-Content-Type-Options"] == "nosniff"
    assert shown.headers["Content-Security-Policy"] == "default-src 'none'; frame-ancestors 'none'; sandbox"
    assert shown.headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert MARK not in shown.data
    add_person(site.provider, OTHER, None)
    assert site.browser().sign_in().get(address).status_code == 404, "the same person in another browser"
    signed_in.submit("/signout", {"tx": "1"})
    signed_in.sign_in(OTHER)
    assert signed_in.get(address).status_code == 404, "another person in the same browser"
    assert signed_in.upload(f"/identity/review/front?{query}", jpeg()).status_code == 400
    assert signed_in.submit(f"/identity/review/send?{query}").status_code == 400
    assert site.one("SELECT COUNT(*) FROM review") == 0


def test_who_is_not_signed_in_is_sent_to_sign_in(browser: Browser) -> None:
    for page in ("", "/person", "/front?f=x", "/send?f=x", "/photo/front?f=x"):
        assert browser.get(f"/identity/review{page}").headers["Location"].startswith("/signin")
    assert browser.upload("/identity/review/front?f=x", jpeg()).headers["Location"].startswith("/signin")


@pytest.mark.parametrize(
    ("photo", "said"),
    [
        ([], "Choose or take a photo"),
        ([b""], "Choose or take a photo"),
        ([b"<svg xmlns='http://www.w3.org/2000/svg'><script/></svg>"], "no usable photo"),
        ([b"GIF89a" + jpeg()], "no usable photo"),
        ([b"<!doctype html>" + jpeg()], "no usable photo"),
        ([jpeg() + b"\0" * (8 * 1024 * 1024)], "too large"),
        ([jpeg((300, 200))], "too small"),
    ],
)
def test_a_file_that_is_no_photo_is_refused_and_recorded(
    site: Site, signed_in: Browser, photo: list[bytes], said: str
) -> None:
    query = begun(signed_in)
    answer = signed_in.upload(f"/identity/review/front?{query}", *photo)
    assert answer.status_code == 422
    assert said in answer.text
    assert photos(site) == 0
    assert events(site, "person:photo:%") == ["person:photo:refused"]
    assert signed_in.upload(f"/identity/review/front?{query}", jpeg()).status_code == 303, "the step is still open"


def test_name_and_type_of_a_file_count_for_nothing(signed_in: Browser) -> None:
    query = begun(signed_in)
    assert signed_in.upload(f"/identity/review/front?{query}", jpeg(), filename="a.svg").status_code == 303
    assert signed_in.upload(f"/identity/review/back?{query}", b"<svg/>", filename="a.jpg").status_code == 422


def test_files_of_a_day_are_counted_whatever_comes_of_them(site: Site, signed_in: Browser) -> None:
    query = begun(signed_in)
    for _ in range(site.provider.settings.reviews.photos_daily):
        signed_in.upload(f"/identity/review/front?{query}", b"x")
    refused = signed_in.upload(f"/identity/review/front?{query}", jpeg())
    assert refused.status_code == 422
    assert "No more photos can be sent today" in refused.text
    assert photos(site) == 0


def test_a_file_nobody_had_time_for_costs_no_try(
    site: Site, signed_in: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    query, places = begun(signed_in), BoundedSemaphore(1)
    monkeypatch.setattr("idp.reviews.photos._places", places)
    with places:
        busy = signed_in.upload(f"/identity/review/front?{query}", jpeg())
        assert busy.status_code == 503
        assert busy.headers["Retry-After"]
    tries = "SELECT failures || pending FROM attempt WHERE kind = 'photo'"
    assert site.one(tries) == "[][]"
    assert signed_in.upload(f"/identity/review/front?{query}", jpeg()).status_code == 303
    assert site.one(tries) != "[][]"


def test_a_part_of_a_form_without_a_name_is_no_form_of_ours(site: Site, signed_in: Browser) -> None:
    query = begun(signed_in)
    body = form_with({}, ("photo", "a.jpg", jpeg())).replace(b'; name="photo"; filename="a.jpg"', b"")
    answer = signed_in.client.post(f"/identity/review/front?{query}", data=body, content_type=KIND)
    assert answer.status_code == 400


def test_what_is_refused_leaves_a_record(site: Site, signed_in: Browser) -> None:
    query = with_photos(signed_in)
    site.execute("DELETE FROM photo")
    assert signed_in.submit(f"/identity/review/send?{query}").status_code == 422
    filed(site, signed_in)
    assert signed_in.submit("/identity/review/person", PERSON).status_code == 422
    reasons = site.one("SELECT GROUP_CONCAT(reason) FROM audit_event WHERE event = 'person:review:refused'")
    assert reasons == "review_photos_gone,review_open"


def test_what_is_overdue_is_said_by_metrics_log_and_doctor(
    site: Site, signed_in: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Context, "settings", site.provider.settings)
    monkeypatch.setattr(Context, "app", site.app)
    monkeypatch.setattr("idp.cli.maintenance.is_current", lambda _: True)
    filed(site, signed_in)
    assert "idp_reviews_overdue 0.0" in site.http.get("/metrics").text
    site.execute("UPDATE review SET due_at = 1")
    assert "idp_reviews_overdue 1.0" in site.http.get("/metrics").text
    with capture_logs() as logs:
        work._look_at_waiting(site.provider, site.now())
    assert ("reviews_overdue", "error") in [(log["event"], log["log_level"]) for log in logs]
    sick = CliRunner().invoke(cli, ["doctor"])
    assert sick.exit_code == 1
    assert "wrong: reviews: 1 wait although their day has passed" in sick.output


def test_one_waits_at_a_time(site: Site, signed_in: Browser) -> None:
    first = with_photos(signed_in)
    number = filed(site, signed_in)
    assert photos(site) == 3, "those of the journey that was begun first are gone"
    assert signed_in.submit(f"/identity/review/send?{first}").status_code == 422
    refused = signed_in.submit("/identity/review/person", PERSON)
    assert refused.status_code == 422
    assert "already under way" in refused.text
    assert site.one("SELECT id FROM review") == number


def test_the_reviews_of_a_day_are_counted(site: Site, signed_in: Browser) -> None:
    for _ in range(site.provider.settings.reviews.daily):
        filed(site, signed_in)
        signed_in.submit("/identity/review", {"withdraw": "yes"})
    refused = signed_in.submit("/identity/review/person", PERSON)
    assert refused.status_code == 422
    assert "No more reviews can be asked for today" in refused.text
    site.execute("UPDATE review SET filed_at = filed_at - :day, decided_at = decided_at - :day", day=DAY)
    filed(site, signed_in)


def test_photos_nobody_filed_are_gone_with_their_time(site: Site, signed_in: Browser) -> None:
    query = with_photos(signed_in)
    site.execute("UPDATE photo SET purge_at = :now", now=site.now())
    assert signed_in.get(f"/identity/review/photo/front?{query}").status_code == 404
    refused = signed_in.submit(f"/identity/review/send?{query}")
    assert refused.status_code == 422
    assert "are gone" in refused.text
    assert photos(site) == 3
    site.provider.reviews.run_due(site.provider.database, now=site.now())
    assert photos(site) == 0


def test_what_nobody_decides_lapses_and_its_person_is_told(site: Site, signed_in: Browser) -> None:
    filed(site, signed_in)
    end = site.one("SELECT lapses_at FROM review")
    site.provider.reviews.run_due(site.provider.database, now=end - 1)
    assert photos(site) == 3
    for _ in range(2):
        site.provider.reviews.run_due(site.provider.database, now=end)
    assert photos(site) == 0
    assert site.one("SELECT state FROM review WHERE sealed IS NULL") == "lapsed"
    assert [m["template"] for m in site.outbox("sms")] == ["review_lapsed"]
    assert events(site, "person:review:lapsed") == ["person:review:lapsed"]


def test_an_account_that_closes_takes_its_photos_along(site: Site, signed_in: Browser) -> None:
    party = site.party()
    filed(site, signed_in)
    with site.provider.database.transaction() as tx:
        closing.ask(tx, party, closes_at=site.now(), locale="zh", now=site.now())
        assert site.provider.closings.close(tx, party, now=site.now())
    assert photos(site) == 0
    assert site.one("SELECT state FROM review WHERE sealed IS NULL") == "withdrawn"


def test_photos_and_claims_are_sealed_each_for_its_own_row_and_come_under_a_new_key(
    site: Site, signed_in: Browser
) -> None:
    query = with_photos(signed_in)
    shown = signed_in.get(f"/identity/review/photo/front?{query}").data
    filed(site, signed_in)
    raw = b"".join(file.read_bytes() for file in site.directory.glob("*.db*"))
    for secret in (MARK, NAME.encode(), NUMBER.encode(), shown[200:260]):
        assert secret not in raw
    cipher = FieldCipher(parse_ring([f"g1:{keys_of('g')}", f"f1:{keys_of('f')}"], name="test"))
    assert reseal_reviews(site.provider.database, cipher) == 4
    assert reseal_reviews(site.provider.database, cipher) == 0
    sql = "SELECT sealed FROM photo WHERE side = 'front'"
    journey = site.one("SELECT journey FROM photo")
    clear = cipher.open_bytes(site.one(sql), context=f"photo.sealed:{journey}.front")
    assert hashlib.sha256(clear).hexdigest() == site.one("SELECT digest FROM photo WHERE side = 'front'")
    with pytest.raises(FieldUnreadable):
        cipher.open_bytes(site.one(sql), context=f"photo.sealed:{journey}.back")


def test_nothing_of_it_stands_in_the_trail_or_in_the_file_of_ones_data(site: Site, signed_in: Browser) -> None:
    number = filed(site, signed_in)
    told = str(site.one("SELECT GROUP_CONCAT(detail) FROM audit_event"))
    assert NUMBER not in told
    assert NAME not in told
    with site.provider.database.autocommit() as tx:
        name, (one,) = site.provider.reviews.export(tx, site.party())
    assert (name, one["id"], one["state"]) == ("reviews", number, "filed")
    assert set(one) == {"id", "state", "filed_at", "due_at", "decided_at", "cause"}


def test_the_pages_keep_the_app_that_waits(signed_in: Browser) -> None:
    parked = signed_in.ask(claims='{"id_token":{"acr":{"essential":true,"value":"urn:tongban:ial:2"}}}')
    key = re.search(r"[?&]r=([^&]+)", parked.headers["Location"])
    assert key
    assert f'href="/identity/review/person?r={key[1]}"' in signed_in.get(f"/identity/review?r={key[1]}").text
    answer = signed_in.submit(f"/identity/review/person?r={key[1]}", PERSON)
    assert answer.headers["Location"].endswith(f"&r={key[1]}")
    taken = signed_in.upload(answer.headers["Location"], jpeg())
    assert taken.headers["Location"].endswith(f"&r={key[1]}")


def test_it_is_one_of_the_ways_where_the_installation_says_so(
    site: Site, signed_in: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert 'href="/identity/review"' in signed_in.get("/identity/raise").text
    monkeypatch.setattr(ways_of(site.app), "order", ("name_number",))
    assert "/identity/review" not in signed_in.get("/identity/raise").text
    assert signed_in.get("/identity/review/person").headers["Location"] == "/identity/raise"
    assert signed_in.submit("/identity/review/person", PERSON).headers["Location"] == "/identity/raise"
    assert site.one("SELECT COUNT(*) FROM flow") == 0
