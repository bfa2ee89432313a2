"""What a person does with their telephone and at a counter, and a department that wants to hear of it.

Always true: as in `tests.trust.life`, what is typed, shown and sent is planted, each step checked.
"""

import json
import re
import sys
import tomllib
from pathlib import Path

import httpx

from adapters.sandbox import processes
from idp.crypto.fields import FieldCipher
from idp.crypto.rings import parse_ring
from tests.reviews.making import jpeg
from tests.trust.browser import SESSION, Browser, basic, problem
from tests.trust.canaries import NAME, NATIONAL
from tests.trust.installation import ROOT, App, Installation
from tests.trust.life import Life

CITIZEN, CITIZEN_DOCUMENT = "瑷琬珺", "119999199001019033"
"""Somebody without an account, whose card a clerk reads."""
NOTE = "Travertine8Godwit"
RECEIVER = App("listener", "listener-secret-of-the-trust-tests-0123456", "", "", "")
AUTHORIZATION = "Bearer Tuff-Whinchat-3390"
_CLIENT = f"""
[[client]]
client_id = "{RECEIVER.client_id}"
name = {{ zh = "{RECEIVER.client_id}" }}
sector = "{RECEIVER.client_id}"
state = "live"
secret = "{RECEIVER.secret}"
grant_types = ["client_credentials"]
scopes = {{ "events.manage" = "none" }}
"""
_PENSION = {"matter-hn-pension-01": "yes"}
_CODE = re.compile(r'id="scan-code"[^>]*>([A-Z]{4}-[A-Z]{4})<')
_NUMBER = re.compile(r'id="scan-number"[^>]*>(\d\d)<')
_HASH = re.compile(r'name="text_hash" value="(\w+)"')


def code_on(at: Installation, page: str) -> str:
    """What the picture of an identity code says, on the telephone that shows it at ``page``."""
    key = page.rsplit("/", 1)[-1]
    keys = tomllib.loads(Path(at.env["TONGBAN_SECRETS__FILE"]).read_text("utf-8"))["field_keys"]
    [(sealed,)] = at.rows("SELECT sealed FROM identity_code WHERE id = :key", key=key)
    text = FieldCipher(parse_ring(keys, name="field_keys")).open(bytes(sealed), context=f"identity_code.sealed:{key}")
    return str(json.loads(text)["code"])


class Helped:
    """The person of a life, two clerks of an office, and somebody who has no account."""

    def __init__(self, life: Life) -> None:
        self.life, self.at, self.canaries = life, life.at, life.canaries
        for name, text in (
            ("name of who is helped", CITIZEN),
            ("document of who is helped", CITIZEN_DOCUMENT),
            ("note of a clerk", NOTE),
            ("secret of a receiver", RECEIVER.secret),
            ("authorization at a receiver", AUTHORIZATION),
        ):
            self.canaries.plant(name, text)

    def live(self) -> None:
        self.sign_a_screen_in()
        self.listen()
        self.clerk, self.colleague = self._clerks()
        self.be_helped_by_telephone()
        self.be_helped_by_card()

    def sign_a_screen_in(self) -> None:
        """A desktop shows a code, and the telephone that reads it confirms its number."""
        screen, phone = Browser(self.at, self.life.wire), self.life.browser
        page = screen.submit("/signin/scan", {}).headers["location"]
        shown = screen.get(page, node=1).text
        code, number = _CODE.search(shown), _NUMBER.search(shown)
        assert code
        assert number
        for spelling in (code[1], code[1].replace("-", "")):
            self.canaries.plant("code on a screen", spelling)
        asked = phone.submit("/device", {"user_code": code[1].lower()})
        assert asked.status_code == 303, problem(asked)
        picked = phone.submit(asked.headers["location"], {"number": number[1]}, node=1)
        assert picked.status_code == 303, problem(picked)
        assert screen.get(page).status_code == 303
        self.canaries.plant("cookie tb_session", screen.cookies[SESSION])
        self.life.look()

    def listen(self) -> None:
        """A department's stream of events, and how its receiver knows whose they are; none is asked for."""
        file = self.at.directory / "listener.toml"
        file.write_text(_CLIENT, "utf-8")
        self.at.run("client", "apply", str(file))
        file.unlink()
        delivery = {"method": "urn:ietf:rfc:8935", "endpoint_url": "https://listener.example/events"}
        body = {"delivery": delivery | {"authorization_header": AUTHORIZATION}, "events_requested": []}
        headers = {"Authorization": basic(RECEIVER)}
        request = httpx.Request("POST", f"{self.at.nodes[1].url}/ssf/streams", json=body, headers=headers)
        answer = self.life.wire.send(request)
        assert answer.status_code == 201, answer.text

    def _clerks(self) -> list[Browser]:
        told = processes.run([sys.executable, "-m", "tests.trust.counters", "0"], env=self.at.env, cwd=ROOT)
        found = []
        for cookie in json.loads(told.splitlines()[-1])["clerks"][:2]:
            browser = Browser(self.at, self.life.wire)
            browser.cookies[SESSION] = self.canaries.plant("cookie of a clerk", cookie)
            browser.token("/counter/new")
            found.append(browser)
        return found

    def be_helped_by_telephone(self) -> None:
        """Known by an identity code, agreed by a text message, interrupted, and objected to."""
        citizen, clerk = self.life.browser, self.clerk
        page = citizen.submit("/account/identity-code", {}).headers["location"]
        code = self.canaries.plant("identity code", code_on(self.at, page))
        waits = clerk.submit("/counter/new?way=identity_code", {"code": code, **_PENSION}, node=1)
        assert waits.status_code == 303, problem(waits)
        assert citizen.submit(page, {"decision": "confirm"}).status_code < 400
        case = self._accepted(clerk.submit(waits.headers["location"], {}))
        assert NAME in clerk.get(case).text
        consent = f"{case}/consent?by=sms"
        agreed = self._hash(consent)
        assert clerk.submit(consent, {"phone": NATIONAL, "text_hash": agreed}).status_code == 303
        told = {"code": self.life.code("assisted_code"), "text_hash": agreed}
        done = clerk.submit(consent, told, node=1)
        assert done.status_code == 303, problem(done)
        begun = self.at.await_message(NATIONAL, "assisted_begun")["params"]
        self.canaries.plant("reference of an objection", begun["reference"])
        self.canaries.plant_code(begun["code"])
        assert clerk.submit(f"{case}/suspend", {"note": NOTE}).status_code == 303
        stranger = Browser(self.at, self.life.wire)
        objected = stranger.submit("/assisted/object", {"number": begun["reference"], "code": begun["code"]})
        assert objected.status_code == 200, problem(objected)
        self.life.look()

    def be_helped_by_card(self) -> None:
        """Typed by a clerk, signed on paper, witnessed by another, and concluded."""
        clerk = self.clerk
        card = {"seen": "chip_read", "name": CITIZEN, "number": CITIZEN_DOCUMENT, "long_term": "yes"}
        case = self._accepted(clerk.submit("/counter/new?way=id_card", {**card, "phone": "", **_PENSION}))
        paper, witness = f"{case}/consent?by=paper", f"{case}/consent?by=witness"
        agreed = self._hash(paper)
        kept = clerk.upload(paper, jpeg(), text_hash=agreed)
        assert kept.headers.get("location", "").endswith("done=assisted_paper_kept"), problem(kept)
        seen = self.colleague.submit(witness, {"text_hash": agreed}, node=1)
        assert seen.status_code == 303, problem(seen)
        assert clerk.submit(f"{case}/conclude", {"note": NOTE}).status_code == 303
        self.life.look()

    def _accepted(self, opened: httpx.Response) -> str:
        assert opened.status_code == 303, problem(opened)
        case = opened.headers["location"].partition("?")[0]
        assert self.clerk.submit(case, {"step": "accept"}).status_code == 303
        return case

    def _hash(self, page: str) -> str:
        found = _HASH.search(self.clerk.get(page).text)
        assert found
        return found[1]
