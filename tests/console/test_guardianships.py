"""Guardianships in the console: proposed with ward, guardian and paper, in force when a second operator agrees."""

from pathlib import Path
from urllib.parse import urlsplit

import pytest

from idp.accounts.documents import IdNumber
from idp.accounts.names import PersonName
from idp.cli.mandates import apply_themes
from idp.console.rules import Role
from idp.proofing.actions import add_evidence
from tests.console.staff import WHY, Staff, on_duty
from tests.provider import Site, add_person

CHILD, CHILD_NUMBER = "13812340017", "430105201503070018"
MOTHER, MOTHER_NUMBER = "13812340018", "420199199211030020"
FORM = {
    "number": MOTHER_NUMBER,
    "a-view": "yes",
    "a-submit": "yes",
    "s-hn-pension-01": "yes",
    "last_day": "",
    "paper": "（2026）湘0102民特12号",
} | WHY


def known(site: Site, phone: str, name: str, number: str) -> str:
    party = add_person(site.provider, phone, None)
    with site.provider.database.transaction() as tx:
        document, who = IdNumber(number), PersonName(name)
        site.provider.directory.record_document(
            tx, party, document=document, name=who, valid_to=None, source="test", now=site.now()
        )
        add_evidence(tx, party, kind="face", level=3, source="test", expires_at=None, now=site.now())
    return party


@pytest.fixture
def at(site: Site) -> str:
    """The address of the child's guardianships."""
    apply_themes(site.provider.database, Path("config/themes/demo.toml"), now=site.now())
    known(site, MOTHER, "龚䶮", MOTHER_NUMBER)
    return f"/console/people/{known(site, CHILD, '龚小䶮', CHILD_NUMBER)}/guardianships"


@pytest.fixture
def clerk(site: Site) -> Staff:
    return on_duty(site, "li.na", Role.REVIEW)


def propose(clerk: Staff, address: str, form: dict[str, str]) -> str:
    answer = clerk.submit(address, form)
    assert answer.status_code == 303, answer.text
    return urlsplit(answer.headers["Location"]).path


def test_two_operators_record_a_guardianship_and_end_it(site: Site, clerk: Staff, at: str) -> None:
    second = on_duty(site, "zhao.min", Role.REVIEW)
    clerk.look_at(CHILD)
    page = clerk.get(at).text
    assert "social.pension" in page
    assert "tax.refund" not in page  # of entities alone
    proposal = propose(clerk, f"{at}/social.pension", FORM)
    assert site.one("SELECT COUNT(*) FROM mandate") == 0
    shown = second.get(proposal).text
    for said in ("4****************8", "4****************0", "hn-pension-01: view, submit", FORM["paper"]):
        assert said in shown
    assert CHILD_NUMBER not in shown
    assert clerk.approve(proposal).status_code != 303  # not their own
    assert second.approve(proposal).status_code == 303
    mandate = site.one("SELECT id FROM mandate WHERE kind = 'statutory' AND state = 'active'")
    assert site.one("SELECT requested_by FROM mandate") == second.party
    assert f"/end/{mandate}" in clerk.get(at).text
    ending = propose(clerk, f"{at}/end/{mandate}", WHY)
    assert second.approve(ending).status_code == 303
    assert site.one("SELECT end_reason FROM mandate") == "guardianship-ended"
    assert f"/end/{mandate}" not in clerk.get(at).text


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"number": "110105199003070013"}, "Nobody has this identifier"),
        ({"number": CHILD_NUMBER}, "give yourself"),
        ({"last_day": "soon"}, "2026-11-01"),
        ({"last_day": "2020-01-01"}, "dates"),
        ({"a-view": "", "a-submit": ""}, "at least one"),
        ({"paper": ""}, "paper"),
        ({"ticket": ""}, "case"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_proposed(
    site: Site, clerk: Staff, at: str, change: dict[str, str], said: str
) -> None:
    clerk.look_at(CHILD)
    answer = clerk.submit(f"{at}/social.pension", FORM | change)
    assert answer.status_code == 422
    assert said in answer.text
    assert site.one("SELECT COUNT(*) FROM proposal") == 0


def test_it_takes_the_role_and_a_reason_for_looking_at_the_ward(site: Site, clerk: Staff, at: str) -> None:
    for address in (at, f"{at}/social.pension", f"{at}/end/mnd_none"):
        assert clerk.get(address).headers["Location"].startswith("/console/people")
        assert clerk.submit(address, FORM).status_code == 303
    assert on_duty(site, "chen.jie", Role.PLATFORM).get(at).status_code == 403
    clerk.look_at(CHILD)
    assert clerk.get(f"{at}/tax.refund").status_code == 404
    assert clerk.get(f"{at}/end/mnd_none").status_code == 404


def test_what_has_changed_meanwhile_ends_void(site: Site, clerk: Staff, at: str) -> None:
    second = on_duty(site, "zhao.min", Role.REVIEW)
    clerk.look_at(CHILD)
    proposal = propose(clerk, f"{at}/social.pension", FORM)
    site.execute("UPDATE evidence SET ended_at = 1 WHERE party_id = :party", party=site.party(MOTHER))
    assert second.approve(proposal).status_code == 422
    assert site.one("SELECT state FROM proposal") == "void"
    assert site.one("SELECT COUNT(*) FROM mandate") == 0
