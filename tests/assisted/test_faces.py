"""The face at the counter: identified by card and face, agreed to by face, with the sandbox's vendor behind it.

Always true: the vendor is reached over HTTP by the real client, and finds what is chosen on its page.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from shutil import copyfile

import httpx
import pytest
from werkzeug.serving import make_server

from adapters.sandbox.app import create_sandbox
from adapters.sandbox.check_prompts import STEPS
from adapters.sandbox.settings import SandboxSettings
from idp.accounts.documents import IdNumber
from idp.app import create_app
from idp.cli.outside import check_vendors
from tests.assisted.counter_walks import CARD, CITIZEN, NUMBER, PENSION, UNIT, Office, accepted, hash_on, state_of
from tests.checks.going import AGREED, away
from tests.checks.test_in_browser import running
from tests.checks.vendor import work
from tests.entities.conftest import PEOPLE, THREE
from tests.mandates.conftest import Mandates, know
from tests.mandates.walking import to
from tests.provider import ISSUER, Browser, Site, settings_at
from tests.registers import ScriptedRegisters
from tests.web.test_in_browser import Quiet

FACED = "/counter/new?way=id_card_face"
TYPED = CARD | {"seen": "document_seen"}
"""What proves less than a card that was read - without the face."""
FAILING = ("fail", "low")


@pytest.fixture(scope="module")
def vendor() -> Iterator[str]:
    """Where the sandbox answers."""
    sandbox = create_sandbox(SandboxSettings(issuer=ISSUER, call=lambda *_: None))
    with running(make_server("localhost", 0, sandbox, threaded=True, request_handler=Quiet)) as server:
        yield f"http://localhost:{server.server_port}"


@pytest.fixture
def mandates(_mandates_template: tuple[Path, str, str], vendor: str, tmp_path: Path) -> Iterator[Mandates]:
    """As everywhere, at a provider with a vendor of face checks."""
    template, entity, agency = _mandates_template
    copyfile(template, tmp_path / "idp.db")
    ways = {"ways": ["name_number", "face"]}
    settings = settings_at(tmp_path, face={"url": f"{vendor}/face/v1", "pages": (vendor,)}, proofing=ways)
    registers = ScriptedRegisters()
    know(registers)
    site = Site(create_app(settings, registers.ports, vendors=check_vendors(settings)))
    yield Mandates(site, entity, agency)
    site.close()


def faced(clerk: Browser, here: str, finding: str = "pass") -> str:
    """From the page ``here`` that orders the check to the vendor, through its prompts; where the way back leads."""
    assert here.startswith("/check/"), here
    url = away(clerk, here, AGREED)
    with httpx.Client(trust_env=False) as citizen:
        steps = [{"do": "did", "step": str(n), "way": "0"} for n in range(1, len(STEPS) + 1)]
        for pressed in ({"do": "begin", "finding": finding}, *steps):
            assert citizen.post(url, data=pressed).status_code == 303
    clerk.get(f"{here}/wait")
    work(clerk.site)
    answer = clerk.get(f"{here}/wait")
    return to(answer) if answer.status_code == 303 else answer.text


def identify(clerk: Browser, finding: str = "pass", card: dict[str, str] = TYPED) -> str:
    """Where the clerk is led once the citizen's face was compared with what was typed of their card."""
    return faced(clerk, to(clerk.get(to(clerk.submit(FACED, {**card, **PENSION})))), finding)


def agree(clerk: Browser, case: str, finding: str = "pass") -> str:
    """The same of who agrees to the text by their face."""
    page = f"{case}/consent?by=face"
    return faced(clerk, to(clerk.submit(page, {"text_hash": hash_on(clerk, page)})), finding)


def row(office: Office) -> str:
    """All there is of the one case."""
    columns = "state, identified, seen, evidence, evidence_id, clerk_mandate_id, version, changed_at"
    joined = " || '|' || ".join(f"COALESCE({one}, '-')" for one in columns.split(", "))
    return str(office.mandates.site.one(f"SELECT {joined} FROM assisted_case"))


def account_of(office: Office, number: str) -> str | None:
    provider = office.mandates.site.provider
    with provider.database.autocommit() as tx:
        return provider.directory.owner(tx, IdNumber(number))


def assisted_mandates(office: Office) -> int:
    return int(office.mandates.site.one("SELECT COUNT(*) FROM mandate WHERE kind = 'assisted'"))


def test_a_citizen_is_identified_by_card_and_face_and_agrees_by_their_face(office: Office, clerk: Browser) -> None:
    case = to(clerk.get(identify(clerk))).partition("?")[0]
    assert CITIZEN in clerk.get(case).text
    assert row(office).startswith("identified|id_card_face|document_seen|-")
    site, citizen = office.mandates.site, account_of(office, NUMBER)
    evidence = "FROM evidence WHERE party_id = :party"
    assert site.one(f"SELECT level {evidence}", party=citizen) == 3, "a typed number alone would be 2"
    assert site.one(f"SELECT check_id {evidence}", party=citizen)
    clerk.submit(case, {"step": "accept"})
    assert to(clerk.get(agree(clerk, case))).endswith("done=assisted_authorised")
    assert site.one("SELECT evidence FROM assisted_case") == "face"
    used = site.one("SELECT evidence_id FROM assisted_case")
    assert site.one("SELECT purpose || ' ' || state FROM outside_check WHERE id = :id", id=used) == "assisted passed"
    assert 'name="act"' in clerk.get(case).text
    assert assisted_mandates(office) == 1


def test_the_check_says_to_the_citizen_which_office_asks_and_in_which_matter(office: Office, clerk: Browser) -> None:
    page = clerk.get(to(clerk.get(to(clerk.submit(FACED, {**TYPED, **PENSION}))))).text
    assert UNIT in page
    assert re.search("Confirmation of entitlement|领取资格确认", page)
    assert NUMBER not in page


@pytest.mark.parametrize("finding", FAILING)
def test_a_face_that_is_not_the_cards_opens_no_case_and_no_account(
    office: Office, clerk: Browser, finding: str
) -> None:
    said = identify(clerk, finding)
    again = re.search(r'href="(/counter/new/check[^"]+)"', said)
    assert again, said
    assert office.mandates.site.one("SELECT COUNT(*) FROM assisted_case") == 0
    assert account_of(office, NUMBER) is None
    back = faced(clerk, to(clerk.get(again[1])))
    assert to(clerk.get(back)).partition("?")[0].startswith("/counter/asc_"), "and may be compared once more"


@pytest.mark.parametrize("finding", FAILING)
def test_a_face_that_is_not_the_citizens_leaves_the_case_as_it_was(
    office: Office, clerk: Browser, finding: str
) -> None:
    case = accepted(clerk)
    before = row(office)
    said = agree(clerk, case, finding)
    assert "/consent?by=face" in said, "it may be tried again"
    assert row(office) == before
    page, check = f"{case}/consent?by=face", office.mandates.site.one("SELECT id FROM outside_check")
    assert clerk.get(f"{page}&text={hash_on(clerk, page)}&check={check}").status_code == 200, "brought by hand"
    assert row(office) == before
    assert assisted_mandates(office) == 0
    assert clerk.submit(f"{case}/conclude", {"note": "x"}).status_code == 422
    assert to(clerk.get(agree(clerk, case))).endswith("done=assisted_authorised")


def test_a_face_that_passed_counts_once_for_its_step_its_citizen_and_its_clerk(
    office: Office, clerk: Browser, colleague: Browser
) -> None:
    led = identify(clerk)
    check = led.rpartition("check=")[2]
    assert "/counter/asc_" not in colleague.get(led).headers.get("Location", "")
    case = to(clerk.get(led)).partition("?")[0]
    assert not clerk.get(led).headers.get("Location", "").startswith(case)
    assert office.mandates.site.one("SELECT COUNT(*) FROM assisted_case") == 1
    clerk.submit(case, {"step": "accept"})
    before, page = row(office), f"{case}/consent?by=face"
    assert clerk.get(f"{page}&text={hash_on(clerk, page)}&check={check}").status_code == 200
    assert row(office) == before
    consented = agree(clerk, case)
    another = consented.replace(hash_on(clerk, page), "0" * 64)
    assert clerk.get(another).status_code == 200
    assert colleague.get(consented).status_code == 200
    assert state_of(office) == "accepted", "of another text, or in another's browser, it is none"
    assert to(clerk.get(consented)).endswith("done=assisted_authorised")


def test_the_clerk_is_no_citizen_of_theirs_by_their_own_face(office: Office, clerk: Browser) -> None:
    own = TYPED | dict(zip(("name", "number"), PEOPLE[THREE], strict=True))
    assert clerk.get(identify(clerk, card=own)).status_code == 200
    assert office.mandates.site.one("SELECT COUNT(*) FROM assisted_case") == 0
