"""Somebody whose account was moved from an older platform gets in by a face check, and a department asks about them.

Always true: as in `tests.trust.life`, what they, their files and the department name is planted, each step checked.
"""

import html
import re
import time
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import httpx

from idp.accounts.documents import check_character
from tests.trust.browser import Browser, Server, Wire, basic, problem, tokens_of
from tests.trust.canaries import Canaries
from tests.trust.installation import ALPHA, Installation, wait_until
from tests.trust.receiver import claims_of

NAME, PHONE = "琰琤暮", "18070941563"
DOCUMENT, OTHERS = (f"{most}{check_character(most)}" for most in ("11999919910203107", "11999919910203115"))
OLD_ID, OTHERS_OLD_ID, LOCAL_ID = "Old-Marlin-4471", "Old-Curlew-9318", "Local-Dunlin-2206"
PASSWORD = "Agate5Sandpiper&Loom"
MATTER, NONCE = "Matter-Siskin-6649", "nonce-Whimbrel-51"


class Moved:
    """One person with an old account, and the record of another who never comes."""

    def __init__(self, at: Installation, wire: Wire, canaries: Canaries) -> None:
        self.at, self.wire, self.canaries = at, wire, canaries
        self.browser, self.server = Browser(at, wire), Server(at, wire)
        for name, text in (
            *(("document of an old account", number) for number in (DOCUMENT, DOCUMENT.lower(), OTHERS)),
            *(("number of an old account", old) for old in (OLD_ID, OTHERS_OLD_ID)),
            ("name of an old account", NAME),
            ("phone of an old account", PHONE),
            ("password of who was moved", PASSWORD),
            ("a department's own user", LOCAL_ID),
            ("matter of a department", MATTER),
            ("nonce of a department", NONCE),
        ):
            canaries.plant(name, text)

    def live(self) -> None:
        self.be_imported()
        self.activate(self.pass_the_face_check())
        self.be_asked_about()

    def be_imported(self) -> None:
        """Two old accounts, and whom a department has always known as somebody; the files are taken away."""
        old, links = self.at.directory / "old.csv", self.at.directory / "links.csv"
        old.write_text(
            "platform,old_id,name,document_number,phone\n"
            f"old-portal,{OLD_ID},{NAME},{DOCUMENT},{PHONE}\nold-portal,{OTHERS_OLD_ID},{NAME},{OTHERS},\n",
            "utf-8",
        )
        links.write_text(f"local_id,name,document_number\n{LOCAL_ID},{NAME},{DOCUMENT}\n", "utf-8")
        self._take_in(old, "legacy", "import")
        self._take_in(links, "client", "links", "import", ALPHA.client_id)
        assert self.at.number("SELECT COUNT(*) FROM legacy_account WHERE state = 'imported'") == 2

    def _take_in(self, file: Path, *command: str) -> None:
        self.at.run(*command, str(file))
        file.unlink()

    def pass_the_face_check(self) -> str:
        """At the stand-in vendor's pages; where what was found is shown."""
        browser = self.browser
        begun = browser.submit("/activate", {"name": NAME, "kind": "id_number", "number": DOCUMENT})
        check = urlsplit(begun.headers["location"]).path
        text = re.search(r'name="consent"[^>]*value="([^"]+)"', browser.get(check).text)
        assert text
        agreed = browser.submit(check, {"consent": text[1]})
        assert agreed.status_code == 303, problem(agreed)
        self._at_the_vendor(self._led_from(f"{check}/wait"))
        return self._led_from(f"{check}/wait")

    def _led_from(self, page: str) -> str:
        """Where a page that waits leads, once it does."""
        led: list[str] = []

        def leads() -> bool:
            led[:] = [self.browser.get(page).headers.get("location", "")]
            return bool(led[0])

        assert wait_until(leads, seconds=20)
        return led[0]

    def _at_the_vendor(self, address: str) -> None:
        """Through its prompts; it learns no cookie of ours."""
        for answer in ("begin", "did", "did", "did"):
            fields = re.findall(r'name="(step|way)" value="(\d+)"', self._plain("GET", address).text)
            sent = self._plain("POST", address, dict(fields) | {"do": answer})
            assert sent.status_code == 303, (answer, sent.status_code)
            address = urljoin(address, sent.headers["location"])
        assert "/check/" in address

    def _plain(self, method: str, address: str, form: dict[str, str] | None = None) -> httpx.Response:
        return self.wire.send(httpx.Request(method, address, data=form))

    def activate(self, found: str) -> None:
        browser = self.browser
        page = browser.get(found)
        page = browser.get(page.headers["location"]) if page.status_code == 303 else page
        assert OLD_ID in page.text or "old-portal" in page.text, problem(page)
        records = re.search(r'name="records" value="([^"]+)"', page.text)
        assert records
        choice = browser.submit(str(page.request.url), {"records": html.unescape(records[1])}).headers["location"]
        asked = browser.submit(choice, {"which": "0"}).headers["location"]
        code = self.canaries.plant_code(browser.await_code(PHONE, "activate_code"))
        details = browser.submit(asked, {"code": code}).headers["location"]
        versions = re.search(r'name="agreement_versions" value="([^"]+)"', browser.get(details).text)
        assert versions
        form = {"password": PASSWORD, "agreements": "yes", "agreement_versions": versions[1]}
        done = browser.submit(details, form)
        assert urlsplit(done.headers.get("location", "")).path == "/activate/done", problem(done)
        self.canaries.plant("cookie of who was moved", str(browser.secret))

    def be_asked_about(self) -> None:
        """The department gets its own user back, and asks for a check that waits for the person to the end."""
        code = self.browser.authorize(ALPHA, scope="openid legacy_sub")
        tokens = tokens_of(self.server.exchange(ALPHA, code))
        assert LOCAL_ID in claims_of(tokens.id).values()
        told = (
            "--purpose",
            "低保资格复核",
            "--purpose-en",
            "Review",
            "--law",
            "《社会救助暂行办法》",
            "--daily",
            "9",
        )
        self.at.run("client", "capability", "apply", ALPHA.client_id, "name_check", *told)
        self.at.change("UPDATE capability_permit SET state = 'granted', decided_at = :now", now=int(time.time()))
        self.at.change("UPDATE registry_version SET version = version + 1")
        body = {"access_token": tokens.access, "matter": MATTER, "nonce": NONCE}
        headers = {"Authorization": basic(ALPHA)}
        asked: list[int] = []

        def taken() -> bool:
            url = f"{self.at.url}/capabilities/v1/name-checks"
            asked[:] = [self.wire.send(httpx.Request("POST", url, json=body, headers=headers)).status_code]
            return asked[0] == 201

        assert wait_until(taken, seconds=20), asked  # nodes learn of a permit after a moment
