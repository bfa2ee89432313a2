"""Language, type size and contrast: where they come from and how links switch them."""

from urllib.parse import parse_qs, urlsplit

import pytest
from flask.testing import FlaskClient

from idp.web.locale import local_path, match_language
from tests.web.conftest import build


def language(page: str) -> str:
    return page.split('<html lang="')[1].split('"')[0]


@pytest.mark.parametrize(
    ("query", "cookie", "header", "tag"),
    [
        ("", "", "", "zh-CN"),
        ("", "", "fr, en-GB;q=0.8, zh;q=0.5", "en"),
        ("", "", "fr", "zh-CN"),
        ("", "", "en;q=0, zh", "zh-CN"),
        ("", "zh.normal.normal", "en", "zh-CN"),
        ("", "en.large.high", "zh", "en"),
        ("", "en", "zh", "zh-CN"),
        ("?ui_locales=en-US+zh-CN", "", "zh", "en"),
        ("?ui_locales=fr+zh-Hans-CN+en", "en.normal.normal", "en", "zh-CN"),
        ("?ui_locales=fr", "en.normal.normal", "zh", "en"),
        ("?lang=zh&ui_locales=en", "en.normal.normal", "en", "zh-CN"),
        ("?ui_locales=english", "", "", "zh-CN"),
    ],
)
def test_language_comes_from_the_first_source_that_knows_one(
    client: FlaskClient, query: str, cookie: str, header: str, tag: str
) -> None:
    if cookie:
        client.set_cookie("tb_prefs", cookie)
    page = client.get("/signin" + query, headers={"Accept-Language": header}).text
    assert language(page) == tag


def test_default_language_is_a_setting() -> None:
    assert language(build(default_language="en").test_client().get("/signin").text) == "en"


def test_ui_locales_of_an_app_hold_for_the_pages_that_follow(client: FlaskClient) -> None:
    client.get("/authorize?ui_locales=en")  # a view that shows nothing does not ask for the language
    client.get("/signin?ui_locales=en")
    assert language(client.get("/signin").text) == "en"
    client.get("/preferences?lang=zh")
    assert language(client.get("/signin").text) == "zh-CN"


def test_preference_link_remembers_and_comes_back(client: FlaskClient) -> None:
    answer = client.get("/preferences?lang=en&size=xlarge&contrast=high&return=/signin%3Fr%3D1%26x%3D2")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/signin?r=1&x=2")
    page = client.get("/signin").text
    assert '<html lang="en" data-size="xlarge" data-contrast="high">' in page
    client.get("/preferences?contrast=normal")
    assert 'lang="en" data-size="xlarge" data-contrast="normal"' in client.get("/signin").text


def test_unknown_values_change_nothing(client: FlaskClient) -> None:
    client.get("/preferences?lang=fr&size=huge&contrast=%22%3E")
    assert '<html lang="zh-CN" data-size="normal" data-contrast="normal">' in client.get("/signin").text


def test_pages_offer_links_that_return_to_themselves(client: FlaskClient) -> None:
    page = client.get("/signin?r=a%26b").text.replace("&amp;", "&")
    links = [part.split('"')[0] for part in page.split('href="') if part.startswith("/preferences?")]
    assert len(links) == 5
    for link in links:
        assert parse_qs(urlsplit(link).query)["return"] == ["/signin?r=a%26b"]


@pytest.mark.parametrize(
    "address",
    [
        "https://evil.example/", "//evil.example", "/\\evil.example", "\\\\evil.example", "///evil", "/a\nb", "/\tb",
        "a", "javascript:alert(1)", "/" + "a" * 2001, "", None, "/a b", "/é", "http:/a", "/\x00",
    ],
)  # fmt: skip
def test_only_paths_of_this_site_are_returned_to(client: FlaskClient, address: str | None) -> None:
    assert local_path(address) is None
    if address and "\x00" not in address:
        assert client.get("/preferences", query_string={"return": address}).headers["Location"] == "/"


@pytest.mark.parametrize("address", ["/", "/signin", "/signin?next=https://evil.example", "/a//b?c=//d"])
def test_paths_of_this_site_are(address: str) -> None:
    assert local_path(address) == address


def test_language_tags_are_matched_by_their_primary_language() -> None:
    assert [match_language(tag) for tag in ("zh-TW", "EN_us", "enx", "", None, "de en")] == [
        "zh",
        "en",
        None,
        None,
        None,
        "en",
    ]
