"""Who closed their account and proves themselves again in a new one: known again, by the number alone, and once."""

import threading
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import orjson
import pytest

from idp.accounts.documents import Document, IdNumber, Passport, TravelPermit
from idp.accounts.names import PersonName
from idp.app import create_app
from idp.clients.actions import put
from idp.clients.rules import Client
from idp.db import Statement
from idp.proofing.actions import add_evidence
from idp.proofing.ports import Match
from tests.provider import (
    CLIENTS,
    NAME,
    PHONE,
    SECRET,
    Browser,
    Site,
    add_document,
    add_person,
    claims_of,
    keys_of,
    settings_at,
)
from tests.registers import ScriptedRegisters
from tests.selfservice.test_close import AFTER, ask, close, register

WHO, NUMBER = "欧阳清岚", "11010519491231002X"
ANOTHER = ("龚䶮", "530103199509210035")
_EVENTS = Statement[tuple[str, str]](
    "SELECT party_id, detail FROM party_event WHERE kind = 'subject-merged' AND delivered_at IS NULL ORDER BY id"
)
_RECOGNISED = "SELECT COUNT(*) FROM audit_event WHERE event = 'person:account:recognised'"


def events(site: Site) -> list[dict[str, str]]:
    """What waits to be told to departments, as ``party``, ``sector``, ``old_sub``, ``new_sub``."""
    with site.provider.database.autocommit() as tx:
        return [{"party": party} | orjson.loads(detail) for party, detail in tx.all(_EVENTS)]


def prove(browser: Browser, name: str = WHO, number: str = NUMBER) -> None:
    registers: ScriptedRegisters = browser.site.provider.enterprise  # type: ignore[assignment]
    registers.people[name, number] = Match(valid_to=None)
    done = browser.submit("/identity/name", {"name": name, "kind": "id_number", "number": number})
    assert done.headers["Location"] == "/account/profile?done=identity_checked"


def leave(browser: Browser) -> None:
    """Close the account and let the time to think go by."""
    site = browser.site
    assert ask(browser).headers["Location"] == "/account/close?done=account_closing"
    site.later += AFTER
    assert close(site) == 1


def sub(browser: Browser, client_id: str = "app") -> str:
    verifier = {"code_challenge": None, "code_challenge_method": None} if client_id == "post" else {}
    return str(claims_of(browser.tokens(client_id, **verifier)["id_token"])["sub"])


def come_back(site: Site) -> Browser:
    browser = site.browser()
    register(browser)
    return browser


@pytest.fixture
def clients(anywhere: Site) -> Site:
    """The provider over either database, with apps of two sectors and one person."""
    for data in CLIENTS[:2]:
        with anywhere.provider.database.transaction() as tx:
            assert isinstance(put(tx, data, secret=SECRET, now=anywhere.now()), Client)
    add_person(anywhere.provider, PHONE, NAME)
    return anywhere


def test_each_sector_that_knew_the_closed_account_is_to_hear_whom_it_knows_now(clients: Site) -> None:
    site, browser = clients, clients.browser().sign_in()
    prove(browser)
    before = {"one": sub(browser), "two": sub(browser, "post")}
    leave(browser)
    back = come_back(site)
    assert events(site) == [], "who has not proved anything is nobody in particular"
    prove(back)
    told = events(site)
    assert {one["sector"]: one["old_sub"] for one in told} == before
    assert {one["sector"]: one["new_sub"] for one in told} == {"one": sub(back), "two": sub(back, "post")}
    assert {one["party"] for one in told} == {site.party()}
    assert before.keys() == {"one", "two"}
    assert set(before.values()).isdisjoint(one["new_sub"] for one in told)
    assert site.one(_RECOGNISED) == 1
    site.close()


def test_another_number_is_another_person(site: Site, signed_in: Browser) -> None:
    prove(signed_in)
    sub(signed_in)
    leave(signed_in)
    back = come_back(site)
    prove(back, *ANOTHER)
    assert (events(site), site.one(_RECOGNISED)) == ([], 0)


def test_an_account_that_was_never_proved_comes_back_as_nobody(site: Site, signed_in: Browser) -> None:
    sub(signed_in)
    leave(signed_in)
    assert site.one("SELECT COUNT(*) FROM person_anchor") == 0
    prove(come_back(site))
    assert events(site) == []


def test_a_sector_that_did_not_know_the_account_hears_nothing(site: Site, signed_in: Browser) -> None:
    prove(signed_in)
    sub(signed_in)
    leave(signed_in)
    prove(come_back(site))
    assert [one["sector"] for one in events(site)] == ["one"]


def test_proving_again_tells_nothing_again(site: Site, signed_in: Browser) -> None:
    prove(signed_in)
    sub(signed_in)
    leave(signed_in)
    prove(come_back(site))
    for _ in range(2):
        add_document(site.provider, site.party(), now=site.now())  # a renewed document: the same number once more
    assert (len(events(site)), site.one(_RECOGNISED)) == (1, 1)


def test_every_account_is_followed_by_the_next(site: Site, signed_in: Browser) -> None:
    browser, subs = signed_in, []
    for _ in range(3):
        prove(browser)
        subs.append(sub(browser))
        leave(browser)
        browser = come_back(site)
    assert [(one["old_sub"], one["new_sub"]) for one in events(site)] == list(pairwise(subs))


def test_the_person_reads_in_their_data_what_they_were_known_by(site: Site, signed_in: Browser) -> None:
    prove(signed_in)
    before = sub(signed_in)
    leave(signed_in)
    back = come_back(site)
    prove(back)
    page = back.sign_in(password="Maple8Window53").submit("/signin/confirm?by=sms", {"send": "yes"})
    back.submit(page.headers["Location"], {"code": site.text_code()})
    told = back.submit("/account/export", {"export": "yes"}).get_json()
    assert told["subjects"] == [{"sector": "one", "sub": sub(back), "replaces": [before]}]
    assert "person:account:recognised" in {entry["event"] for entry in told["activity"]}
    assert "Linked to an account you closed" in back.get("/account/activity").text


def test_the_page_before_closing_says_what_is_kept_for_it(signed_in: Browser) -> None:
    assert "a mark computed from your document number" in signed_in.get("/account/close").text


def test_what_is_kept_is_a_keyed_digest_of_the_number_and_nothing_else(site: Site, signed_in: Browser) -> None:
    prove(signed_in)
    leave(signed_in)
    kept = bytes(site.one("SELECT anchor FROM person_anchor"))
    assert len(kept) == 32
    assert site.one("SELECT COUNT(*) FROM person_anchor") == 1
    blind = site.provider.index.current("id_number", NUMBER)
    assert kept != blind, "it has a key of its own"


@pytest.mark.parametrize(("key", "known"), [("n", True), ("m", False)])
def test_other_index_keys_change_nothing_another_anchor_key_forgets_everybody(
    site: Site, signed_in: Browser, key: str, known: bool
) -> None:
    prove(signed_in)
    sub(signed_in)
    leave(signed_in)
    secrets = {
        "field_keys": [f"f1:{keys_of('f')}"],
        "index_keys": [f"i2:{keys_of('j')}"],
        "audit_key": keys_of("a"),
        "anchor_key": keys_of(key),
        "cookie_key": keys_of("c"),
    }
    later = Site(create_app(settings_at(site.directory, secrets=secrets), ScriptedRegisters().ports), site.later)
    prove(come_back(later))
    assert bool(events(later)) is known
    later.close()


def holds(site: Site, party: str, document: Document) -> None:
    with site.provider.database.transaction() as tx:
        site.provider.directory.record_document(
            tx, party, document=document, name=PersonName(WHO), valid_to=None, source="test", now=site.now()
        )
        add_evidence(tx, party, kind="name_number", level=2, source="test", expires_at=None, now=site.now())


def test_a_passports_number_recognises_nobody(site: Site, signed_in: Browser) -> None:
    """Two countries may give out the same, and each person gets several."""
    holds(site, site.party(), Passport("E12345678"))
    sub(signed_in)
    leave(signed_in)
    come_back(site)
    holds(site, site.party(), Passport("E12345678"))
    assert (events(site), site.one(_RECOGNISED)) == ([], 0)


def test_of_several_who_show_the_number_at_once_one_is_the_person_who_left(clients: Site) -> None:
    site, browser = clients, clients.browser().sign_in()
    prove(browser)
    sub(browser)
    leave(browser)
    parties = [add_person(site.provider, f"139{number:08d}", None) for number in range(4)]
    barrier = threading.Barrier(len(parties))

    def show(party: str) -> None:
        barrier.wait()
        holds(site, party, IdNumber(NUMBER))

    with ThreadPoolExecutor(len(parties)) as pool:
        list(pool.map(show, parties))
    (told,) = events(site)
    assert told["party"] == site.one("SELECT party_id FROM party_identifier WHERE kind = 'id_number'")
    assert site.one(_RECOGNISED) == 1
    site.close()


def test_two_documents_of_one_person_tell_it_once(site: Site, signed_in: Browser) -> None:
    documents = IdNumber(NUMBER), TravelPermit("H12345678")
    for document in documents:
        holds(site, site.party(), document)
    sub(signed_in)
    leave(signed_in)
    come_back(site)
    for document in documents:
        holds(site, site.party(), document)
    assert (len(events(site)), site.one(_RECOGNISED)) == (1, 1)
