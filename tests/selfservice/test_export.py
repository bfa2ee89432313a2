"""The file of one's data: all of it, in clear, for its person alone, seldom."""

import orjson
import pytest

from tests.provider import NAME, PASSWORD, PHONE, Browser, Site, add_document, add_person

OTHER = "13898760002"


@pytest.fixture
def lived(site: Site, signed_in: Browser) -> Browser:
    """Somebody with an app, evidence and a dispute, beside whom another lives."""
    add_person(site.provider, OTHER, "other_lamp")
    site.browser().sign_in(OTHER).tokens()
    signed_in.tokens()
    add_document(site.provider, site.party(), now=site.now())
    signed_in.submit("/account/disputes/new", {"item": "level", "text": "应当更高"})
    return signed_in


def confirmed(browser: Browser) -> Browser:
    """By the second factor, too."""
    page = browser.submit("/signin/confirm?by=sms", {"send": "yes"}).headers["Location"]
    assert browser.submit(page, {"code": browser.site.text_code()}).status_code == 303
    return browser


def export(browser: Browser):
    return browser.submit("/account/export", {"export": "yes"})


def test_the_file_holds_everything_about_the_person(site: Site, lived: Browser) -> None:
    assert export(lived).headers["Location"].startswith("/signin/confirm"), "a password alone takes nothing away"
    answer = export(confirmed(lived))
    assert answer.status_code == 200
    assert answer.headers["Content-Disposition"].startswith('attachment; filename="tongban-')
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.mimetype == "application/json"
    told = orjson.loads(answer.data)
    assert (told["format"], told["format_version"]) == ("tongban-account", 1)
    assert {(one["kind"], one["value"]) for one in told["identifiers"]} == {
        ("mobile", PHONE),
        ("user_name", NAME),
        ("id_number", "11010519491231002X"),
    }
    assert [(one["type"], one["number"], one["name"]) for one in told["documents"]] == [
        ("resident_id", "11010519491231002X", "欧阳清岚")
    ]
    assert told["profile"]["claims"]["name"] == "欧阳清岚"
    assert [proof["level"] for proof in told["evidence"]] == [2]
    assert {row["document"] for row in told["agreements"]} == {"user", "privacy"}
    assert [(s["methods"], s["ended_at"]) for s in told["sessions"]] == [(["pwd", "sms"], None)]
    assert [(app["client_id"], len(app["grants"])) for app in told["apps"]] == [("app", 1)]
    assert [subject["sector"] for subject in told["subjects"]] == ["one"]
    assert [dispute["text"] for dispute in told["disputes"]] == ["应当更高"]
    assert "person:session:begun" in {entry["event"] for entry in told["activity"]}
    assert told["account"]["created_at"].endswith("Z")
    assert site.one("SELECT COUNT(*) FROM audit_event WHERE event = 'person:data:exported'") == 1


def test_nothing_secret_and_nothing_of_others_is_in_it(site: Site, lived: Browser) -> None:
    text = export(confirmed(lived)).text
    assert PHONE in text
    for secret in (PASSWORD, "argon2", OTHER, "other_lamp", site.party(OTHER), "mac", "prev", "sealed", "blind"):
        assert secret not in text, secret
    assert site.one("SELECT hash FROM password WHERE party_id = :p", p=site.party()) not in text
    for column in ("secret_hash", "sid_salt"):
        held = site.one(f"SELECT {column} FROM session WHERE party_id = :p", p=site.party())
        assert (held if isinstance(held, str) else held.hex()) not in text


def test_it_is_given_once_in_an_hour_to_each_person(site: Site, lived: Browser) -> None:
    assert export(confirmed(lived)).status_code == 200
    refused = export(lived)
    assert refused.status_code == 429
    assert "once in an hour" in refused.text
    assert export(confirmed(site.browser().sign_in(OTHER))).status_code == 200


def test_an_older_sign_in_is_confirmed_by_a_code_first(site: Site, lived: Browser) -> None:
    site.later = 301
    asked = export(lived)
    assert asked.headers["Location"] == "/account/confirm?next=/account/export"
    page = asked.headers["Location"]
    assert PHONE not in lived.get(page).text
    entering = lived.submit(page, {"send": "yes"}).headers["Location"]
    assert "next=/account/export" in entering
    code = site.text_code()
    wrong = "000000" if code != "000000" else "111111"
    assert lived.submit(entering, {"code": wrong}).status_code == 422
    assert export(lived).status_code == 303
    again = lived.submit(entering, {"resend": "yes"}).headers["Location"]
    assert lived.submit(again, {"code": code}).status_code == 422 or code == site.text_code()
    done = lived.submit(again, {"code": site.text_code()})
    assert done.headers["Location"] == "/account/export"
    assert export(lived).status_code == 200


def test_a_code_in_another_browser_or_for_another_account_confirms_nothing(site: Site, lived: Browser) -> None:
    other = site.browser().sign_in(OTHER)
    site.later = 301
    entering = lived.submit("/account/confirm", {"send": "yes"}).headers["Location"]
    code = site.text_code()
    assert other.submit(entering, {"code": code}).status_code == 422
    assert export(other).status_code == 303
    assert lived.submit("/account/confirm?c=nothing", {"code": code}).status_code == 422


def test_going_on_from_the_code_never_leaves_this_site(site: Site, lived: Browser) -> None:
    entering = lived.submit("/account/confirm?next=//evil.example/", {"send": "yes"}).headers["Location"]
    assert lived.submit(entering, {"code": site.text_code()}).headers["Location"] == "/account"
