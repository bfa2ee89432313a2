"""A face check together with a sign-in, from an app and back, in Chromium, with the stand-in vendor's own pages."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Browser, expect

from tests.activation.test_in_browser import chromium, number, opened, phone, send
from tests.provider import claims_of
from tests.trust.browser import CHALLENGE, Server, Wire, tokens_of
from tests.trust.installation import ALPHA, Installation, installation

__all__ = ["chromium"]
pytestmark = [pytest.mark.browser, pytest.mark.services]
PASSWORD, MATTER = "Velvet3Anchor44", "YL-2026-000417"
PENSIONER = f"""
[[person]]
mobile = "{phone(51)}"
password = "{PASSWORD}"
name = "王小明"
document = {{ type = "resident_id", number = "{number(51)}" }}
ial = 2
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    directory: Path = tmp_path_factory.mktemp("matter")
    with installation("sqlite", directory, people=1) as made:
        people = directory / "pensioner.toml"
        people.write_text(PENSIONER, "utf-8")
        made.run("people", "add", str(people))
        terms = ("--purpose", "养老金资格认证", "--law", "《社会保险法》", "--daily", "9")
        made.run("client", "capability", "apply", ALPHA.client_id, "face_check", *terms)
        made.change("UPDATE capability_permit SET state = 'granted', decided_at = 1")  # as two operators do
        made.restart_nodes()
        yield made
        assert made.faults() == []


@pytest.mark.parametrize(("lang", "script"), [("zh", False), ("en", True)])
def test_an_app_gets_its_person_back_with_their_face_checked(
    site: Installation, chromium: Browser, lang: str, script: bool
) -> None:
    context, page = opened(chromium, lang, script)
    query = {
        "response_type": "code",
        "client_id": ALPHA.client_id,
        "redirect_uri": ALPHA.redirect_uri,
        "scope": "openid",
        "state": "s",
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
        "claims": json.dumps({"id_token": {"face_check": {"essential": True, "matter": MATTER}}}),
    }
    page.goto(f"{site.issuer}/authorize?{urlencode(query)}")
    page.locator("input[name=identifier]").fill(phone(51))
    page.locator("input[name=password]").fill(PASSWORD)
    send(page)
    page.wait_for_url(re.compile("/matters/cck_"), timeout=20_000)
    expect(page.locator("main")).to_contain_text(MATTER)
    expect(page.locator("main")).to_contain_text("养老金资格认证")
    page.locator("button[value=agree]").click()
    page.locator("main input[type=checkbox]").check()
    send(page)
    page.wait_for_url(re.compile("/face/check/"), timeout=20_000)
    page.locator("button[value=begin]").click()
    for _ in range(3):
        page.locator("button[value=did]").click()
    expect(page.locator("body")).to_have_text("back in the app", timeout=20_000)
    code = re.search(r"code=([^&]+)", page.url)
    assert code
    wire = Wire()
    told = claims_of(tokens_of(Server(site, wire).exchange(ALPHA, code[1])).id)["face_check"]
    wire.close()
    assert (told["matter"], told["result"]) == (MATTER, "passed")
    context.close()
