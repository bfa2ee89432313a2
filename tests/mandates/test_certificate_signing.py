"""Mandates signed by certificates: jointly, with SM2 keys, and whatever is no such signature refused."""

import json
import re
from typing import Any
from urllib.parse import urlsplit

import pytest
from click.testing import CliRunner

from idp.cli import cli
from idp.cli.context import Context
from idp.crypto.certificates import PathValidator, read_certificate
from idp.mandates.certified import Certified, certificate_text
from idp.mandates.granting import Denied
from idp.mandates.rules import Kind, Refusal, Side, State
from idp.mandates.scopes import Action, Scope
from idp.signatures.actions import Kept, SignedTexts
from idp.signatures.again import Intact, verify_again
from tests.entities.conftest import CODE, ONE, PEOPLE, THREE, TWO
from tests.mandates.conftest import Mandates, to_person
from tests.mandates.signing_by import OF_ENTITY, OWN, Keys
from tests.mandates.walking import given, person_form, prove, sign, signed_in, text_of, to
from tests.provider import Browser

REFUND = {"service-hn-tax-20": "yes", "action-submit": "yes"}
MANAGES = Scope(frozenset({Action.SUBMIT, Action.MANAGE}), frozenset({"hn-tax-20"}))


@pytest.fixture
def keys(mandates: Mandates) -> Keys:
    return Keys(mandates.site)


@pytest.fixture
def boss(mandates: Mandates, keys: Keys) -> Browser:
    """The representative, with an SM2 certificate of their own."""
    browser = signed_in(mandates, ONE, acts_for=mandates.entity)
    done = keys.sign(browser, OWN, keys.of(ONE))
    assert done.status_code == 303, refusals(mandates)
    return browser


def joint(mandates: Mandates) -> str:
    """Two have to sign; TWO administers refunds, by this mandate."""
    about: dict[str, Any] = {"kind": Kind.ADMINISTRATOR, "scope": MANAGES, "theme": "tax.refund"}
    own = mandates.given(mandates.entity, to_person(TWO), ONE, TWO, **about)
    mandates.site.execute(
        "INSERT INTO entity_signing_rule (entity_id, rule, set_by, set_at) VALUES (:entity, 'any_two', 'x', 1)",
        entity=mandates.entity,
    )
    return own


def by_certificate(browser: Browser, page: str) -> str:
    """Where the page of a text leads for who signs by a certificate."""
    found = re.search(r'href="([^"]+/certificate[^"]*)"', browser.get(page).text)
    assert found, browser.get(page).text
    return found[1].replace("&amp;", "&")


def refusals(mandates: Mandates) -> list[str]:
    told = mandates.site.one(
        "SELECT group_concat(event || ' ' || reason) FROM (SELECT event, reason FROM audit_event"
        " WHERE result = 'refused')"
    )
    return told.split(",") if told else []


def count(mandates: Mandates, table: str) -> int:
    return int(mandates.site.one(f"SELECT COUNT(*) FROM {table}"))


def kept(mandates: Mandates, mandate: str, phone: str) -> Kept:
    key = mandates.site.one(
        "SELECT signature_id FROM mandate_signature WHERE mandate_id = :id AND person_id = :person"
        " AND method = 'certificate'",
        id=mandate,
        person=mandates.party(phone),
    )
    with mandates.site.provider.database.autocommit() as tx:
        found = SignedTexts(mandates.site.provider.cipher).load(tx, key)
    assert isinstance(found, Kept)
    return found


def test_two_sign_jointly_one_of_them_by_an_sm2_certificate(
    mandates: Mandates, keys: Keys, boss: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    site, own = mandates.site, joint(mandates)
    prove(boss)
    page = by_certificate(boss, text_of(boss, person_form(THREE), theme="tax.refund", scope=REFUND))
    done = to(keys.sign(boss, page, keys.of(ONE)))
    key = done.split("/")[3]
    assert site.one("SELECT state FROM mandate WHERE id = :id", id=key) == State.PENDING_APPROVALS
    second = signed_in(mandates, TWO)
    assert "Certificate signature" in second.get(f"/account/mandates/{key}?by={own}").text
    assert sign(second, f"/account/mandates/{key}/sign?by={own}").status_code == 303
    assert site.one("SELECT state FROM mandate WHERE id = :id", id=key) == State.PENDING_ACCEPTANCE
    found, now = kept(mandates, key, ONE), site.now() + 20 * 365 * 86400
    again = verify_again(found, sm2=site.provider.sm2, paths=PathValidator(site.provider.sm2), now=now)
    assert isinstance(again, Intact)
    assert (again.person, again.text.about, again.text.purpose) == (PEOPLE[ONE][1], f"mandate:{key}", "mandate.grant")
    serial = re.search(r"SM2 · (\w+)", boss.get(f"/account/mandates/{key}").text)
    assert serial
    printed = f"/account/mandates/{key}/print"
    sheet = boss.get(printed).text
    assert serial[1] in sheet
    assert "Issuing CA" in sheet
    assert found.id in sheet
    site.later += 60
    assert boss.get(printed).text == sheet
    told = verified(mandates, key, monkeypatch)
    assert [(one["method"], one["intact"]) for one in told["signatures"]] == [("certificate", True), ("sms", None)]
    site.execute("UPDATE mandate_signature SET text_hash = 'another' WHERE method = 'certificate'")
    of_another = verified(mandates, key, monkeypatch, status=1)["signatures"][0]
    assert (of_another["reason"], of_another["detail"]) == ("evidence_text", "of something else")
    site.execute("UPDATE text_signature SET about = 'mandate:other'")
    assert verified(mandates, key, monkeypatch, status=1)["signatures"][0]["reason"] == "evidence_record"


def verified(mandates: Mandates, mandate: str, monkeypatch: pytest.MonkeyPatch, status: int = 0) -> dict[str, Any]:
    """What ``idp mandate signature verify`` prints."""
    monkeypatch.setattr(Context, "settings", mandates.site.provider.settings)
    monkeypatch.setattr(Context, "app", mandates.site.app)
    monkeypatch.setattr(Context, "now", mandates.site.now())
    answer = CliRunner().invoke(cli, ["mandate", "signature", "verify", mandate])
    assert answer.exit_code == status, answer.output
    found: dict[str, Any] = json.loads(answer.stdout)
    return found


def test_who_signs_with_others_may_do_so_by_a_certificate_of_their_own_and_once(
    mandates: Mandates, keys: Keys, boss: Browser
) -> None:
    own = joint(mandates)
    prove(boss)
    key = given(boss, person_form(THREE), theme="tax.refund", scope=REFUND)
    second = signed_in(mandates, TWO)
    page = f"/account/mandates/{key}/sign?by={own}"
    assert "/certificate" not in second.get(page).text.partition("<main")[2], "they have none"
    direct = f"/account/mandates/{key}/sign/certificate?by={own}"
    assert to(second.get(direct)) == page
    assert keys.sign(second, OWN, keys.of(TWO)).status_code == 303
    signed = keys.fields(second, by_certificate(second, page), keys.of(TWO))
    twice = keys.fields(boss, f"/account/mandates/{key}/sign/certificate", keys.of(ONE))
    again = boss.submit(f"/account/mandates/{key}/sign/certificate", twice)
    assert again.status_code == 422, "they have signed by a code"
    assert count(mandates, "text_signature") == 0
    assert to(second.submit(direct, signed)).startswith(f"/account/mandates/{key}/done")
    evidence = kept(mandates, key, TWO)
    assert evidence.record["person"] == PEOPLE[TWO][1]
    file = second.submit("/account/export", {"export": "yes"}).get_json()
    ids = {one["mandate_id"]: one["signature_id"] for one in file["mandates"]["signatures"]}
    assert ids == {own: None, key: evidence.id}, "what a code confirmed has no kept signature"
    assert [one["id"] for one in file["signatures"]] == [evidence.id]
    assert second.submit(direct, signed).status_code == 404, "there is nothing left to sign"
    assert refusals(mandates)[-1] == "person:mandate:refused mandate_state"


def test_a_text_that_was_signed_is_not_signed_twice(mandates: Mandates, keys: Keys, boss: Browser) -> None:
    joint(mandates)
    prove(boss)
    address = by_certificate(boss, text_of(boss, person_form(THREE), theme="tax.refund", scope=REFUND))
    key = to(keys.sign(boss, address, keys.of(ONE))).split("/")[3]
    page = f"/account/mandates/{key}/sign/certificate"
    again = keys.sign(boss, page, keys.of(ONE))
    assert again.status_code == 422
    assert refusals(mandates) == ["person:mandate:refused mandate_state"]
    assert count(mandates, "text_signature") == 1
    assert count(mandates, f"mandate_signature WHERE mandate_id = '{key}'") == 1


def test_the_registered_holder_signs_by_the_certificate_of_the_entity(
    mandates: Mandates, keys: Keys, boss: Browser
) -> None:
    assert keys.sign(boss, OF_ENTITY, keys.of(entity=True)).status_code == 303
    page = by_certificate(boss, text_of(boss, person_form(THREE)))
    key = to(keys.sign(boss, page, keys.of(entity=True))).split("/")[3]
    found = kept(mandates, key, ONE)
    assert (found.party_id, found.record["entity"]) == (mandates.party(ONE), CODE)
    assert found.content.decode().startswith("tongban-text\n1\nmandate.grant\n")
    signed = mandates.site.one("SELECT text_hash FROM mandate_signature WHERE mandate_id = :id", id=key)
    assert found.content.decode().endswith(f"\nSHA-256: {signed}\n")
    assert count(mandates, "audit_event WHERE event = 'person:text:signed'") == 1


def test_the_agent_accepts_by_a_certificate(mandates: Mandates, keys: Keys) -> None:
    boss, clerk = signed_in(mandates, ONE, acts_for=mandates.entity), signed_in(mandates, THREE)
    key = given(boss, person_form(THREE))
    assert keys.sign(clerk, OWN, keys.of(THREE)).status_code == 303
    page = by_certificate(clerk, f"/account/mandates/{key}/accept")
    assert keys.sign(clerk, page, keys.of(THREE)).status_code == 303
    assert mandates.site.one("SELECT state FROM mandate") == State.ACTIVE
    assert kept(mandates, key, THREE).record["purpose"] == "mandate.accept"


@pytest.mark.parametrize(
    ("whose", "reason", "words"),
    [
        ("another's", "certificate_not_signers", "not one you have bound"),
        ("nobody's", "certificate_not_signers", "not one you have bound"),
        ("another text", "answer_content", "Something else was signed"),
        ("revoked", "certificate_revoked", "revoked"),
    ],
)
def test_what_is_no_signature_of_theirs_over_this_text_gives_nothing(
    mandates: Mandates, keys: Keys, boss: Browser, whose: str, reason: str, words: str
) -> None:
    if whose == "another's":
        assert keys.sign(signed_in(mandates, TWO), OWN, keys.of(TWO)).status_code == 303
    issued = {"another's": keys.of(TWO), "nobody's": keys.of(THREE), "another text": keys.of(ONE)}.get(whose)
    if issued is None:
        issued = keys.of(ONE, revoked=True)
        renew_list(mandates, keys)
    page = by_certificate(boss, text_of(boss, person_form(THREE)))
    text = "tongban-text\n1\nmandate.grant\nhttps://id.example.gov.cn\nmandate:mnd_other\n\n授权\n"
    fields = keys.fields(boss, page, issued, text if whose == "another text" else "")
    answer = boss.submit(page, fields)
    assert answer.status_code == 422
    assert words in answer.text
    assert refusals(mandates) == [f"person:certificate:refused {reason}"]
    assert (count(mandates, "mandate"), count(mandates, "text_signature")) == (0, 0)
    assert keys.sign(boss, page, keys.of(ONE)).status_code == 303, "and who has the right one goes on"


def renew_list(mandates: Mandates, keys: Keys) -> None:
    site = mandates.site
    issuer = site.one("SELECT id FROM certificate_issuer")
    site.later += 60
    site.provider.lists.bring(issuer, keys.authority.revocation_list(now=site.now()), actor=None, now=site.now())
    site.provider.authorities.expire()


def test_a_page_that_was_answered_is_answered_no_more(mandates: Mandates, keys: Keys, boss: Browser) -> None:
    page = by_certificate(boss, text_of(boss, person_form(THREE)))
    fields = dict(keys.fields(boss, page, keys.of(ONE)))
    wrong = boss.submit(page, fields | {"text_hash": "0" * 64})
    assert wrong.status_code == 422, "it says another text than the one signed"
    assert boss.submit(page, fields).status_code == 422
    assert refusals(mandates) == [
        "person:mandate:refused mandate_state",
        "person:certificate:refused certificate_challenge_over",
    ]
    elsewhere = signed_in(mandates, ONE, acts_for=mandates.entity)
    fresh = keys.fields(boss, page, keys.of(ONE))
    assert elsewhere.submit(page, fresh).status_code == 400, "another browser's journey"
    assert (count(mandates, "mandate"), count(mandates, "text_signature")) == (0, 0)


def test_a_certificate_does_not_take_the_place_of_their_own_two_factors(
    mandates: Mandates, keys: Keys, boss: Browser
) -> None:
    page = by_certificate(boss, text_of(boss, person_form(THREE)))
    fields = keys.fields(boss, page, keys.of(ONE))
    mandates.site.later += 1000
    assert to(boss.get(page)).startswith("/signin/confirm?again=yes&why=mandate_prove")
    assert to(boss.submit(page, fields)).startswith("/signin/confirm?again=yes&why=mandate_prove")
    assert count(mandates, "mandate") == 0


def test_a_phone_signs_the_text_and_shows_what_it_is(mandates: Mandates, keys: Keys, boss: Browser) -> None:
    page = by_certificate(boss, text_of(boss, person_form(THREE)))
    fields = dict(keys.fields(boss, page, keys.of(ONE)))
    sent = {name: fields[name] for name in ("challenge", "text_hash", "replaces")} | {"back": page}
    desk = to(boss.submit("/certificate/qr", sent))
    number = re.search(r'class="number" translate="no">(\d\d)<', boss.get(desk).text)
    assert number
    address, phone = desk.partition("/desk")[0], mandates.site.http
    told = phone.get(address, headers={"Accept": "application/json"}).json
    assert told["purpose"] == "text"
    assert told["text"].startswith("tongban-text\n1\nmandate.grant\n")
    signed = keys.signed(keys.of(ONE), told["text"])
    answer = {"number": number[1], "signed_data": signed}
    assert phone.post(urlsplit(told["answer_url"]).path, json=answer).status_code == 204
    hidden = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', boss.get(desk).text))
    hidden.pop("csrf_token")
    assert to(boss.submit(page, hidden)).startswith("/account/mandates/mnd_")
    assert count(mandates, "text_signature") == 1


def test_what_was_signed_for_another_mandate_is_refused_where_it_is_kept(
    mandates: Mandates, keys: Keys, boss: Browser
) -> None:
    """Whatever page is in front of it."""
    site = mandates.site
    read = read_certificate(keys.of(ONE).held.certificate)
    draft, other = (mandates.draft(mandates.entity, to_person(THREE)) for _ in range(2))
    with site.provider.database.autocommit() as tx:
        text = site.provider.granting.text(tx, other)
    assert text is not None
    content = certificate_text(other.id, text.by_language, text.hash, side=Side.PRINCIPAL, origin="http://localhost")
    assert content is not None
    certified: Any = Certified(content, answer=None, verified=read)  # type: ignore[arg-type]
    assert mandates.draw(draft, ONE, method="certificate", certified=certified) == Denied(Refusal.STATE)
    assert (count(mandates, "mandate"), count(mandates, "text_signature")) == (0, 0)
