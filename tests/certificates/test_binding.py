"""A person binds certificates: whose they may be, who may not, and what they prove."""

import pytest

from idp.accounts.holds import place_hold
from idp.accounts.rules import Act
from idp.certificates.bindings import count_by_issuer, erase
from idp.crypto.certificates import Reason, Refused
from idp.db import Statement
from idp.proofing.actions import add_evidence, ial
from idp.web.reasons import known_reason
from tests.certificates.conftest import (
    BIND,
    NUMBER,
    ONE,
    PEOPLE,
    TWO,
    answer,
    bound,
    challenge,
    send,
)
from tests.certificates.scripted import Scripted, sign, verified
from tests.entities.conftest import person, prove
from tests.provider import Browser, Site, add_person
from tests.signin.factors import prove_two


@pytest.fixture
def owner(site: Site, verifier: Scripted) -> Browser:
    """The person of the account, known by a document, just confirmed by two factors."""
    return prove_two(person(site, ONE))


def refusals(site: Site) -> list[str]:
    with site.provider.database.autocommit() as tx:
        sql = "SELECT reason FROM audit_event WHERE event = 'person:certificate:refused' ORDER BY at, seq"
        return list(tx.all(Statement(sql, str)))


def levels(site: Site, phone: str = ONE) -> int:
    with site.provider.database.autocommit() as tx:
        return ial(tx, site.party(phone), now=site.now())


def test_the_owner_binds_a_certificate_which_proves_who_they_are_as_long_as_it_lasts(
    site: Site, owner: Browser
) -> None:
    assert levels(site) == 2
    done = answer(owner, BIND)
    assert done.headers["Location"] == "/account/certificates?done=certificate_bound"
    assert levels(site) == 4
    row = site.one("SELECT expires_at FROM evidence WHERE kind = 'certificate' AND source = 'iss_demo'")
    assert row == site.one("SELECT not_after FROM certificate_binding") + 1
    page = owner.get("/account/certificates").text
    assert "SM2" in page
    assert "a1" in page
    assert site.outbox("sms")[-1]["template"] == "certificate_bound"
    assert "欧阳" not in site.one("SELECT detail FROM audit_event WHERE event = 'person:certificate:bound'")


def test_who_has_not_just_proved_themselves_by_two_factors_confirms_first(site: Site, verifier: Scripted) -> None:
    once = person(site, ONE)
    assert once.get(BIND).headers["Location"].startswith("/signin/confirm?again=yes")
    assert (
        once.submit(BIND, {"challenge": "x", "signed_data": "mine x"}).headers["Location"].startswith("/signin/conf")
    )
    assert verifier.asked == 0


def test_a_certificate_of_another_person_is_refused(site: Site, owner: Browser) -> None:
    assert answer(owner, BIND, "another").status_code == 422
    assert refusals(site) == ["certificate_other_person"]
    assert bound(site) == 0


def test_a_certificate_of_an_entity_is_no_persons(site: Site, owner: Browser) -> None:
    assert answer(owner, BIND, "entity").status_code == 422
    assert refusals(site) == ["certificate_names_no_person"]


def test_an_account_that_is_nobodys_becomes_the_persons_whom_the_certificate_names(
    site: Site, verifier: Scripted, signed_in: Browser
) -> None:
    assert levels(site) == 1
    assert answer(prove_two(signed_in), BIND).status_code == 303
    assert levels(site) == 4
    with site.provider.database.autocommit() as tx:
        known = site.provider.directory.person(tx, site.party(ONE)).identity
    assert known is not None
    assert (known.name.value, known.document.value) == ("欧阳清岚", NUMBER)


def test_a_document_of_another_account_is_taken_from_nobody(
    site: Site, verifier: Scripted, signed_in: Browser
) -> None:
    add_person(site.provider, TWO, None)
    prove(site, TWO)
    assert answer(prove_two(signed_in), BIND, "another").status_code == 422
    assert refusals(site) == ["certificate_document_taken"]
    assert (bound(site), levels(site)) == (0, 1)


def test_a_certificate_whose_name_is_no_name_makes_an_account_nobodys(
    site: Site, verifier: Scripted, signed_in: Browser
) -> None:
    verifier.keys["odd"] = verified("a9", person=NUMBER, name="CN@17", now=site.now())
    assert answer(prove_two(signed_in), BIND, "odd").status_code == 422
    assert refusals(site) == ["certificate_no_name"]


def test_a_certificate_bound_elsewhere_is_refused_without_saying_whose_it_is(
    site: Site, owner: Browser, verifier: Scripted
) -> None:
    assert answer(owner, BIND).status_code == 303
    other = prove_two(person(site, TWO))
    verifier.keys["same"] = verified("a1", person=PEOPLE[TWO][1], now=site.now())  # a CA that gives numbers out twice
    refused = answer(other, BIND, "same")
    assert refused.status_code == 422
    assert "欧阳" not in refused.text
    assert "***岚" not in refused.text
    assert refusals(site) == ["certificate_bound_elsewhere"]
    assert bound(site) == 1


def test_binding_the_same_certificate_again_changes_nothing(site: Site, owner: Browser) -> None:
    assert answer(owner, BIND).status_code == 303
    assert answer(owner, BIND).status_code == 303
    assert bound(site) == 1
    assert site.one("SELECT COUNT(*) FROM evidence WHERE kind = 'certificate'") == 1


def test_an_account_that_is_held_binds_nothing(site: Site, owner: Browser) -> None:
    with site.provider.database.transaction() as tx:
        place_hold(tx, site.party(ONE), Act.REPRESENT, until=site.now() + 3600, now=site.now())
    assert answer(owner, BIND).status_code == 422
    assert refusals(site) == ["certificate_held"]


def test_the_persons_certificate_completes_an_activation_by_face_and_new_phone(
    site: Site, verifier: Scripted
) -> None:
    half = person(site, ONE)
    now, party = site.now(), site.party(ONE)
    with site.provider.database.transaction() as tx:
        for act in (Act.REPRESENT, Act.CHANGE_METHODS, Act.RESET_PASSWORD):
            place_hold(tx, party, act, until=now + 3600, now=now)
        add_evidence(tx, party, kind="face", level=2, source="face-check", expires_at=None, now=now)
    prove_two(half)
    assert answer(half, BIND).status_code == 303
    assert site.one("SELECT COUNT(*) FROM party_hold") == 0
    assert site.one("SELECT level FROM evidence WHERE kind = 'face' AND ended_at IS NULL") == 3
    assert levels(site) == 4


def test_anothers_certificate_completes_nothing(site: Site, verifier: Scripted) -> None:
    half = person(site, ONE)
    now, party = site.now(), site.party(ONE)
    with site.provider.database.transaction() as tx:
        place_hold(tx, party, Act.REPRESENT, until=now + 3600, now=now)
        add_evidence(tx, party, kind="face", level=2, source="face-check", expires_at=None, now=now)
    assert answer(prove_two(half), BIND, "another").status_code == 422
    assert site.one("SELECT COUNT(*) FROM party_hold") == 1
    assert levels(site) == 2


def test_a_renewed_certificate_takes_the_place_of_the_one_before(
    site: Site, owner: Browser, verifier: Scripted
) -> None:
    assert answer(owner, BIND).status_code == 303
    before = site.one("SELECT id FROM certificate_binding")
    verifier.keys["renewed"] = verified("a3", person=NUMBER, now=site.now(), days=900)
    done = answer(owner, f"{BIND}?renew={before}", "renewed")
    assert done.headers["Location"] == "/account/certificates?done=certificate_renewed"
    assert site.one("SELECT serial FROM certificate_binding WHERE ended_at IS NULL") == "a3"
    assert site.one("SELECT end_reason FROM certificate_binding WHERE id = :id", id=before) == "renewed"
    live = "SELECT COUNT(*) FROM evidence WHERE kind = 'certificate' AND ended_at IS NULL"
    assert site.one(live) == 1


def test_nothing_of_somebody_else_is_renewed(site: Site, owner: Browser, verifier: Scripted) -> None:
    assert answer(prove_two(person(site, TWO)), BIND, "another").status_code == 303
    theirs = site.one("SELECT id FROM certificate_binding")
    assert owner.get(f"{BIND}?renew={theirs}").headers["Location"] == "/account/certificates"


def test_several_certificates_prove_each_for_itself(site: Site, owner: Browser, verifier: Scripted) -> None:
    verifier.keys["second"] = verified("b2", person=NUMBER, now=site.now(), issuer="iss_other")
    assert answer(owner, BIND).status_code == 303
    assert answer(owner, BIND, "second").status_code == 303
    with site.provider.database.autocommit() as tx:
        assert count_by_issuer(tx) == {"iss_demo": 1, "iss_other": 1}
    first = site.one("SELECT id FROM certificate_binding WHERE serial = 'a1'")
    done = owner.submit("/account/certificates", {"unbind": first})
    assert done.headers["Location"].endswith("done=certificate_unbound")
    assert (bound(site), levels(site)) == (1, 4)
    second = site.one("SELECT id FROM certificate_binding WHERE serial = 'b2'")
    owner.submit("/account/certificates", {"unbind": second})
    assert (bound(site), levels(site)) == (0, 2)
    assert owner.signed_in


def test_a_certificate_that_is_the_last_way_in_stays(site: Site, owner: Browser) -> None:
    answer(owner, BIND)
    party = site.party(ONE)
    with site.provider.database.transaction() as tx:
        for rows in ("password WHERE", "party_identifier WHERE kind = 'mobile' AND"):
            tx.run(Statement[int](f"DELETE FROM {rows} party_id = :party", int), party=party)
    one = site.one("SELECT id FROM certificate_binding")
    assert owner.submit("/account/certificates", {"unbind": one}).status_code == 422
    assert bound(site) == 1


@pytest.mark.parametrize("reason", list(Reason))
def test_each_reason_has_a_sentence_of_its_own_and_is_recorded(
    site: Site, owner: Browser, verifier: Scripted, reason: Reason
) -> None:
    verifier.keys["mine"] = Refused(reason, "as scripted")
    assert answer(owner, BIND).status_code == 422
    assert known_reason(reason)
    assert refusals(site) == [reason]
    assert bound(site) == 0


def test_the_account_closes_and_nothing_is_bound_to_it(site: Site, owner: Browser) -> None:
    answer(owner, BIND)
    with site.provider.database.transaction() as tx:
        erase(tx, site.party(ONE), now=site.now())
    assert bound(site) == 0
    assert site.one("SELECT sealed FROM certificate_binding") is None
    assert levels(site) == 2


def test_a_long_answer_is_read_and_a_longer_one_is_not(site: Site, owner: Browser, verifier: Scripted) -> None:
    key, text = challenge(owner, BIND)
    assert send(owner, BIND, key, sign("mine", text) + "A" * 40_000).status_code == 303
    assert send(owner, BIND, key, "A" * 70_000).status_code == 413
    assert owner.submit("/account/phone", {"phone": "1" * 9_000}).status_code == 413
