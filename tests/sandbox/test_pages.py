"""What people see of the sandbox, without a script, in both languages."""

import re
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from adapters.sandbox import app as sandbox
from adapters.sandbox.ca_cast import SCENES
from adapters.sandbox.card_magic import CARD_MAGIC
from adapters.sandbox.check_magic import FINDINGS
from adapters.sandbox.check_prompts import PURPOSES, STEPS
from adapters.sandbox.english import ENGLISH
from adapters.sandbox.magic import MAGIC
from adapters.sandbox.phone import FORMS, Wrong
from adapters.sandbox.photo_magic import PHOTO_MAGIC
from adapters.sandbox.register_entries import load_entries
from adapters.sandbox.register_magic import ENTITY_MAGIC, PERSON_MAGIC
from adapters.sandbox.settings import SandboxSettings
from tests.sandbox.conftest import Send, Time

TEMPLATES = Path(sandbox.__file__).parent / "templates"
PAGES = (
    "/",
    "/inbox",
    "/inbox?to=abc",
    "/inbox?watch",
    "/numbers",
    "/registers",
    "/face/check/none",
    "/nothing",
    "/ca",
    "/ca/sm2/person",
    "/phone-certificate",
    "/phone-certificate?u=x",
)
HAN = re.compile(r"[\u3400-\u9fff\U00020000-\U0003ffff]+")


def token(client: FlaskClient) -> str:
    found = re.search(r'name="token" value="([^"]+)"', client.get("/inbox").text)
    assert found
    return found[1]


@pytest.mark.parametrize("path", PAGES)
def test_every_page_is_hardened_and_loads_nothing_from_elsewhere(client: FlaskClient, path: str) -> None:
    answer = client.get(path)
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Cache-Control"] == "no-store"
    assert "Set-Cookie" not in answer.headers
    assert "<script" not in answer.text
    assert " style=" not in answer.text
    assert not re.search(r'(src|<link[^>]*href)="(?!/static/)', answer.text)


@pytest.mark.parametrize("path", PAGES)
def test_the_english_pages_have_no_chinese_left(client: FlaskClient, send: Send, path: str) -> None:
    send(to="+8613800009007", text="Your code is 482913", locale="en")
    send(to="+8613800001001", text="Your code is 482913", locale="en")
    text = client.get(path + ("&" if "?" in path else "?") + "lang=en").text
    assert '<html lang="en">' in text
    left = set(HAN.findall(text.replace(">中文<", "><")))
    names = {"欧阳清岚", "周𪚥文", "𪚥", "龚䶮", "䶮", "古丽娜", "阿依丁", "陈桂英", "李一", "沈新禾", "王晓川"}
    known = load_entries(SandboxSettings().entries)
    known_names = {name for one in (*known.people, *known.enterprises) for name in HAN.findall(one.name)}
    assert left <= names | known_names


def test_the_catalogue_is_complete_and_has_no_leftovers() -> None:
    sources = "".join(path.read_text() for path in TEMPLATES.glob("*.html"))
    used = {first or second for first, second in re.findall(r"""_\((?:"([^"]+)"|'([^']+)')\)""", sources)}
    used |= {text for magic in MAGIC for text in (magic.vendor, magic.then)}
    used |= {
        text
        for magic in (*PERSON_MAGIC, *ENTITY_MAGIC, *CARD_MAGIC, *PHOTO_MAGIC)
        for text in (magic.register, magic.then)
    }
    used |= {text for one in FINDINGS for text in (one.vendor, one.then)}
    used |= {text for scene in SCENES for text in (scene.what, scene.then)} | set(FORMS.values()) | set(Wrong)
    used |= {prompt.text for step in STEPS for prompt in step} | set(PURPOSES.values())
    assert used == ENGLISH.keys()
    bare = re.sub(r"""_\(("[^"]+"|'[^']+')\)|\{#.*?#\}""", "", sources)
    assert set(HAN.findall(bare)) == {"中文"}


def test_the_language_is_kept_by_links_and_switched_by_one(client: FlaskClient) -> None:
    english = client.get("/inbox?to=13800001001&lang=en").text
    assert 'href="/numbers?lang=en"' in english
    assert 'href="/inbox?to=13800001001"' in english
    assert 'href="/inbox?to=13800001001&amp;lang=en"' in client.get("/inbox?to=13800001001").text


def test_the_start_page_shows_journeys_people_and_where_to_go(client: FlaskClient) -> None:
    text = client.get("/").text
    for address in ("http://localhost:8000/register", "http://tax.localhost:8101/", "http://social.localhost:8102/"):
        assert f'href="{address}"' in text
    for shown in ("周𪚥文", "龚䶮", "古丽娜·阿依丁", "13800001001", "Lantern7Bridge22", "qinglan_oy"):
        assert shown in text


@pytest.mark.parametrize(
    "written", ["13800001002", "+8613800001002", "138 0000 1002", "86-138-0000-1002", "１３８００００１００２"]
)
def test_the_inbox_is_filtered_by_a_number_however_it_is_typed(client: FlaskClient, send: Send, written: str) -> None:
    send(message_id="a", to="+8613800001001", params={"code": "111111"})
    send(message_id="b", to="+8613800001002", params={"code": "222222"})
    page = client.get("/inbox", query_string={"to": written}).text
    assert "222222" in page
    assert "111111" not in page
    found = client.get("/sms.json", query_string={"to": written}).json["messages"]
    assert [message["message_id"] for message in found] == ["b"]


def test_a_plus_sign_in_a_query_may_be_left_bare(client: FlaskClient, send: Send) -> None:
    send()
    assert len(client.get("/sms.json?to=+8613800001001").json["messages"]) == 1


def test_what_is_no_number_is_said_so_and_finds_nothing(client: FlaskClient, send: Send) -> None:
    send()
    page = client.get("/inbox?to=abc").text
    assert 'aria-invalid="true"' in page
    assert "482913" not in page
    assert client.get("/sms.json?to=abc").status_code == 400


def test_the_newest_message_comes_first_and_the_limit_holds(client: FlaskClient, send: Send, time: Time) -> None:
    for key in ("a", "b", "c"):
        send(message_id=key)
        time.now += 1
    newest = client.get("/sms.json?limit=1").json["messages"]
    assert [message["message_id"] for message in newest] == ["c"]
    for limit in ("0", "-1", "x", "10000", ""):
        assert client.get("/sms.json", query_string={"limit": limit}).status_code == 400


def test_a_message_cannot_write_markup_into_the_page(client: FlaskClient, send: Send) -> None:
    send(text="<b>x</b>&", params={"code": "<i>1</i>"}, locale="en")
    page = client.get("/inbox").text
    assert "&lt;b&gt;x&lt;/b&gt;&amp;" in page
    assert "&lt;i&gt;1&lt;/i&gt;" in page


def test_the_inbox_refreshes_itself_only_when_asked_and_can_be_stopped(client: FlaskClient) -> None:
    assert "Refresh" not in client.get("/inbox").headers
    watching = client.get("/inbox?watch&to=13800001001")
    assert watching.headers["Refresh"] == "5"
    assert 'href="/inbox?to=13800001001">停止自动刷新' in watching.text


def test_a_late_message_shows_when_its_time_has_come(client: FlaskClient, send: Send, time: Time) -> None:
    assert send(to="+8613800009007").status_code == 202
    time.now += 19
    assert client.get("/sms.json").json["messages"] == []
    time.now += 1
    assert len(client.get("/sms.json").json["messages"]) == 1


def test_clearing_needs_the_token_of_this_process(client: FlaskClient, send: Send) -> None:
    send()
    for wrong in ({}, {"token": ""}, {"token": "guess"}, {"token": "é"}):
        assert client.post("/inbox/clear", data=wrong).status_code == 403
    assert len(client.get("/sms.json").json["messages"]) == 1
    answer = client.post("/inbox/clear?lang=en", data={"token": token(client), "to": ""})
    assert (answer.status_code, answer.headers["Location"]) == (303, "/inbox?lang=en")
    assert client.get("/sms.json").json["messages"] == []


def test_clearing_one_number_leaves_the_others(client: FlaskClient, send: Send) -> None:
    send(message_id="a", to="+8613800001001")
    send(message_id="b", to="+8613800001002")
    client.post("/inbox/clear", data={"token": token(client), "to": "13800001001"})
    assert client.delete("/sms.json?to=13800001001").json == {"deleted": 0}
    assert client.delete("/sms.json").json == {"deleted": 1}


def test_no_other_origin_may_read_or_delete(client: FlaskClient) -> None:
    preflight = client.options(
        "/sms.json", headers={"Origin": "http://elsewhere.example", "Access-Control-Request-Method": "DELETE"}
    )
    assert not [name for name in preflight.headers.keys() if name.startswith("Access-Control")]  # noqa: SIM118


@pytest.mark.parametrize("host", ["elsewhere.example", "localhost.elsewhere.example", "10.0.0.1", "a b"])
@pytest.mark.parametrize("path", ["/", "/sms.json", "/sms/v1/messages", "/nothing"])
def test_a_name_that_was_made_to_point_here_is_not_served(client: FlaskClient, host: str, path: str) -> None:
    answer = client.get(path, headers={"Host": host})
    assert answer.status_code == 400
    assert "sms.json" not in answer.text


def test_unknown_pages_and_methods_say_so_in_the_readers_form(client: FlaskClient) -> None:
    assert "HTTP 404" in client.get("/nothing").text
    assert client.post("/inbox").status_code == 405
    assert client.post("/inbox").headers["Allow"] == "GET, HEAD, OPTIONS"
    assert client.put("/sms.json").json["error"] == "invalid_request"


def test_it_says_that_it_lives(client: FlaskClient) -> None:
    assert client.get("/healthz").json == {"status": "ok"}
