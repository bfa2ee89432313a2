"""Claim legacy_sub: the app that kept the account hears of it, of the right person, and nobody else does."""

from collections.abc import Callable

import orjson
import pytest
from click.testing import Result

from idp.accounts.documents import Passport
from idp.accounts.names import PersonName
from idp.clients.actions import set_state
from idp.clients.rules import ClientState
from idp.db import Statement, Transaction
from idp.proofing.ports import Match
from tests.mapping.conftest import NAME, NUMBER, Taken, looked_at, register, sums, told
from tests.provider import PHONE, Site, add_document, add_person, answered, basic, claims_of
from tests.registers import ScriptedRegisters
from tests.selfservice.test_export import confirmed, export

OURS = ("R-0017", NAME, "resident_id", NUMBER)
_LINKS = Statement[tuple[str, bytes]]("SELECT id, sealed FROM account_link")
NAMED = orjson.dumps({"userinfo": {"legacy_sub": None}, "id_token": {"legacy_sub": None}}).decode()


def test_the_app_hears_which_of_its_accounts_is_this_persons(known: Site, taken: Taken) -> None:
    taken("tax", OURS)
    assert told(known, "tax") == ("R-0017", "R-0017")


def test_no_other_app_hears_it(known: Site, taken: Taken) -> None:
    taken("tax", OURS)
    register(known, "same-sector", sector="tax")
    assert told(known, "social") == told(known, "same-sector") == (None, None)
    taken("social", ("77", *OURS[1:]))
    assert told(known, "social") == ("77", "77")
    assert told(known, "tax") == ("R-0017", "R-0017")


def test_it_is_told_to_who_registered_the_scope_and_asks_for_it(known: Site, taken: Taken) -> None:
    taken("tax", OURS)
    taken("app", OURS)
    named = orjson.dumps({"id_token": {"legacy_sub": None}}).decode()
    assert told(known, "tax", "openid") == (None, None)
    assert told(known, "tax", "openid", claims=named) == ("R-0017", None)
    assert told(known, "app", "openid profile") == (None, None)
    assert told(known, "app", "openid", claims=named) == (None, None)
    refused = answered(known.browser().sign_in().ask("app", scope="openid legacy_sub"))
    assert "legacy_sub" not in refused.get("scope", "")


@pytest.mark.parametrize("asked", [{"scope": "openid legacy_sub"}, {"scope": "openid", "claims": NAMED}])
def test_an_app_that_lost_the_permission_hears_no_more(known: Site, taken: Taken, asked: dict[str, str]) -> None:
    taken("tax", OURS)
    tokens = known.browser().sign_in().tokens("tax", **asked)
    assert known.userinfo(tokens["access_token"]).get_json()["legacy_sub"] == "R-0017"
    register(known, "tax", "phone")
    known.provider.registry.expire()
    assert "legacy_sub" not in known.userinfo(tokens["access_token"]).get_json()
    renewed = known.refresh(tokens["refresh_token"], "tax").get_json()
    assert "legacy_sub" not in claims_of(renewed["id_token"])


def test_the_pairwise_sub_stays_what_it_was(known: Site, taken: Taken) -> None:
    def sub() -> str:
        return known.userinfo(
            known.browser().sign_in().tokens("tax", scope="openid legacy_sub")["access_token"]
        ).json["sub"]

    before = sub()
    taken("tax", OURS)
    assert sub() == before


def test_a_person_whose_identity_is_not_checked_is_nobodys_earlier_user(known: Site, taken: Taken) -> None:
    taken("tax", OURS)
    known.execute("UPDATE evidence SET ended_at = :now", now=known.now())
    assert told(known, "tax") == (None, None)


def test_name_and_number_alone_open_nobodys_earlier_account(
    site: Site, taken: Taken, registers: ScriptedRegisters, run: Callable[..., Result]
) -> None:
    """A stranger with a phone of their own may know both; the register says yes to them, too."""
    register(site, "tax")
    taken("tax", OURS)
    stranger = site.browser().sign_in()
    registers.people[NAME, NUMBER] = Match(valid_to=None)
    claimed = {"name": NAME, "kind": "id_number", "number": NUMBER}
    assert stranger.submit("/identity/name", claimed).headers["Location"].endswith("done=identity_checked")
    assert told(site, "tax") == (None, None)
    assert told(site, "tax", "openid", claims=NAMED) == (None, None)
    assert "The account this app kept" not in stranger.get("/account/apps").text
    assert export(confirmed(stranger)).get_json()["earlier_accounts"] == []
    assert sums(run("report", "tax", "--json"))["waiting"] == 1
    looked_at(site)
    assert told(site, "tax") == ("R-0017", "R-0017")
    assert "The account this app kept" in stranger.get("/account/apps").text
    assert sums(run("report", "tax", "--json"))["linked"] == 1


def test_a_link_waits_for_its_person(site: Site, taken: Taken) -> None:
    register(site, "tax")
    assert taken("tax", OURS)["waiting"] == 1
    assert told(site, "tax") == (None, None)
    add_document(site.provider, site.party(), now=site.now())
    looked_at(site)
    assert told(site, "tax") == ("R-0017", "R-0017")


def test_the_number_alone_does_not_do_when_the_name_is_another(known: Site, taken: Taken) -> None:
    assert taken("tax", ("R-0017", "王芳", "", NUMBER))["said"] == [(2, "name_differs")]
    assert told(known, "tax") == (None, None)
    assert taken("tax", OURS)["changed"] == 1
    assert told(known, "tax") == ("R-0017", "R-0017")


def test_any_of_ones_documents_will_do(known: Site, taken: Taken) -> None:
    with_passport(known)
    taken("tax", OURS)
    taken("social", ("9", "Ouyang Qinglan", "passport", "E12345678"))
    assert told(known, "tax") == ("R-0017", "R-0017")
    assert told(known, "social") == ("9", "9")


def test_two_accounts_of_one_person_are_told_by_neither(known: Site, taken: Taken) -> None:
    report = taken("tax", OURS, ("R-0018", *OURS[1:]))
    several = "two_local_ids_for_one_person"
    assert sorted(report["said"]) == [(2, several), (3, several)]
    assert told(known, "tax") == (None, None)


def test_two_people_of_one_account_are_told_to_neither(known: Site, taken: Taken) -> None:
    report = taken("tax", OURS, ("R-0017", "王芳", "passport", "E7654321"))
    shared = "two_people_for_one_local_id"
    assert sorted(report["said"]) == [(2, shared), (3, shared)]
    assert told(known, "tax") == (None, None)


def with_passport(site: Site, number: str = "E12345678", party: str | None = None) -> None:
    with site.provider.database.transaction() as tx:
        site.provider.directory.record_document(
            tx,
            party or site.party(),
            document=Passport(number),
            name=PersonName("OUYANG QINGLAN"),
            valid_to=None,
            source="test",
            now=site.now() + 1,
        )


PASSPORT = ("OUYANG QINGLAN", "passport", "E12345678")


def test_two_documents_of_one_person_are_one_person(known: Site, taken: Taken) -> None:
    with_passport(known)
    report = taken("tax", OURS, ("R-0017", *PASSPORT))
    assert (report["linked"], report["said"]) == (2, [])
    assert told(known, "tax") == ("R-0017", "R-0017")


def test_two_accounts_of_one_person_by_two_documents_are_told_by_neither(known: Site, taken: Taken) -> None:
    with_passport(known)
    several = "two_local_ids_for_one_person"
    assert sorted(taken("tax", OURS, ("R-0018", *PASSPORT))["said"]) == [(2, several), (3, several)]
    assert told(known, "tax") == (None, None)


def test_a_suspended_app_hears_nothing(known: Site, taken: Taken) -> None:
    taken("tax", OURS)
    tokens = known.browser().sign_in().tokens("tax", scope="openid legacy_sub")
    with known.provider.database.transaction() as tx:
        set_state(tx, "tax", ClientState.SUSPENDED, now=known.now())
    known.provider.registry.expire()
    assert known.userinfo(tokens["access_token"]).status_code == 401
    assert known.browser().sign_in().ask("tax", scope="openid legacy_sub").status_code == 400


def test_a_release_is_in_the_trail_by_its_name_alone(known: Site, taken: Taken) -> None:
    taken("tax", OURS)
    told(known, "tax")
    detail = known.one(
        "SELECT detail FROM audit_event WHERE event = 'client:personal_data:released' AND client = 'tax'"
    )
    assert orjson.loads(detail) == {"claims": "legacy_sub"}
    assert known.one("SELECT COUNT(*) FROM audit_event WHERE detail LIKE '%R-0017%'") == 0


def test_who_does_not_ask_for_it_pays_no_question(known: Site, taken: Taken, monkeypatch: pytest.MonkeyPatch) -> None:
    taken("app", OURS)
    asked: list[str] = []
    for name in ("one", "all", "ask"):
        was = getattr(Transaction, name)

        def seen(tx: Transaction, statement: Statement, /, *, was=was, **values: object) -> object:
            asked.append(statement.sql)
            return was(tx, statement, **values)

        monkeypatch.setattr(Transaction, name, seen)
    told(known, "app", "openid profile phone")
    assert asked
    assert [sql for sql in asked if "account_link" in sql] == []
    told(known, "tax")
    assert [sql for sql in asked if "account_link" in sql]


def test_the_person_sees_that_the_app_knows_the_earlier_account(known: Site, taken: Taken) -> None:
    taken("tax", OURS)
    browser = known.browser().sign_in()
    for client_id in ("tax", "social"):
        browser.tokens(client_id, scope="openid legacy_sub")
    shown = browser.get("/account/apps").text
    assert shown.count("The account this app kept for you before is linked to this one.") == 1


def test_the_file_of_ones_data_has_the_links(known: Site, taken: Taken) -> None:
    taken("tax", OURS)
    exported = export(confirmed(known.browser().sign_in()))
    assert [(one["client_id"], one["local_id"]) for one in exported.get_json()["earlier_accounts"]] == [
        ("tax", "R-0017")
    ]


def test_closing_the_account_ends_its_links_and_what_contradicted_them(known: Site, taken: Taken) -> None:
    other = add_person(known.provider, "13812340002", None)
    taken("tax", OURS, ("R-0017", "王芳", "passport", "E7654321"), ("R-0019", "李雷", "passport", "E7654322"))
    taken("social", ("77", *OURS[1:]))
    assert other
    browser = known.browser().sign_in()
    asked = browser.submit("/account/close/ask", {"why": "unused", "understood": "yes"})
    assert asked.status_code == 303, asked.text
    known.later = known.provider.settings.account.cooling_off + 1
    with known.provider.database.transaction() as tx:
        assert known.provider.closings.close(tx, known.party(PHONE), now=known.now())
    assert known.one("SELECT COUNT(*) FROM account_link") == 1
    assert known.one("SELECT client_id FROM account_link") == "tax"


def test_closing_the_account_ends_the_links_of_documents_it_had_before(known: Site, taken: Taken) -> None:
    party, other = known.party(PHONE), add_person(known.provider, "13812340002", None)
    with_passport(known, "E12345678")
    with_passport(known, "E22345678")
    with_passport(known, "E32345678")
    with_passport(known, "E12345678", other)
    taken(
        "tax", *((number, "OUYANG QINGLAN", "passport", number) for number in ("E12345678", "E22345678", "E32345678"))
    )
    with known.provider.database.transaction() as tx:
        known.provider.links.erase(tx, party, now=known.now())
    with known.provider.database.autocommit() as tx:
        assert [known.provider.links.open(*row).local_id for row in tx.all(_LINKS)] == ["E12345678"], "another's now"


def test_machines_hear_nothing_of_it(known: Site, taken: Taken) -> None:
    taken("tax", OURS)
    tokens = known.browser().sign_in().tokens("tax", scope="openid legacy_sub")
    answer = known.post("/introspect", {"token": tokens["access_token"]}, Authorization=basic("tax"))
    assert answer.get_json()["active"]
    assert "legacy_sub" not in answer.get_json()
