"""An entity's two signers, each in a browser of their own: one signs the mandate by an SM2 certificate file, the
other by a code to the phone; then it can be printed, and the signature verified again.

Always true: every page of the signature is looked at with axe, and no console tells of a fault.
"""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from adapters.sandbox.ca_keys import Kind
from idp.cli.mandates import apply_themes
from idp.crypto.certificates import PathValidator
from idp.mandates import rules as mandate_rules
from idp.mandates.scopes import Action, Scope
from idp.proofing.actions import add_evidence
from idp.signatures.actions import Kept
from idp.signatures.again import Intact, verify_again
from tests.certificates.served import Served, served
from tests.certificates.test_in_browser import Visitor, visitor
from tests.entities.conftest import ONE, PEOPLE, THREE, TWO, entity_of, person
from tests.mandates.conftest import Mandates, to_person
from tests.provider import PASSWORD, site_template

__all__ = ["site_template"]
pytestmark = pytest.mark.browser
MANAGES = Scope(frozenset({Action.SUBMIT, Action.MANAGE}), frozenset({"hn-tax-20"}))


@pytest.fixture(scope="module")
def mandates(site_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Mandates, Served]]:
    """TWO administers the refunds of the entity that ONE represents, and two have to sign."""
    with served(site_template, tmp_path_factory.mktemp("joint")) as world:
        site = world.site
        apply_themes(site.provider.database, Path("config/themes/demo.toml"), now=site.now())
        for phone in (TWO, THREE):
            person(site, phone)
        for phone in (ONE, TWO, THREE):
            with site.provider.database.transaction() as tx:
                add_evidence(
                    tx, site.party(phone), kind="face", level=3, source="test", expires_at=None, now=site.now()
                )
        made = Mandates(site, entity_of(site), "")
        draft = made.draft(
            made.entity,
            to_person(TWO),
            kind=mandate_rules.Kind.ADMINISTRATOR,
            scope=MANAGES,
            theme="tax.refund",
            waived=True,
        )
        made.draw(draft, ONE)
        assert made.accept(draft.id, TWO) is mandate_rules.State.ACTIVE
        site.execute(
            "INSERT INTO entity_signing_rule (entity_id, rule, set_by, set_at) VALUES (:id, 'any_two', 'x', 1)",
            id=made.entity,
        )
        yield made, world


def send(one: Visitor, choose: str = "", **fields: str) -> None:
    """Answer the question of the page. ``choose``: what is ticked, by selectors with semicolons between them."""
    for selector in filter(None, choose.split("; ")):
        one.page.locator(selector).check()
    for name, value in fields.items():
        one.page.locator(f"input[name={name}]").fill(value)
    with one.page.expect_navigation():
        one.page.locator("main form button:not([name])").first.click()


def give(one: Visitor) -> None:
    """Every question of the wizard, up to the text."""
    name, number = PEOPLE[THREE]
    one.go("/account/mandates/new")
    send(one, "input[name=choice][value=employee]")
    send(one, name=name, number=number)
    send(one, "input[name=theme][value='tax.refund']")
    send(one, "input[name='service-hn-tax-20']; input[name='action-submit']")
    send(one, "input[name=term][value=month]")
    send(one)


def test_two_sign_jointly_one_of_them_by_the_sm2_certificate_file_of_the_sandbox(
    mandates: tuple[Mandates, Served], chromium: Browser
) -> None:
    made, world = mandates
    with visitor(world, chromium) as boss:
        boss.sign_in("/account/certificates/new")
        boss.confirm("/account/certificates/new")
        boss.sign(Kind.SM2, "person")
        expect(boss.page).to_have_url(re.compile("done=certificate_bound"))
        boss.go("/account/acting")
        send(boss, f"input[name=act][value='{made.entity}']")
        give(boss)
        boss.look()
        boss.page.locator("a[href*='/account/mandates/new/certificate']").click()
        expect(boss.page.get_by_role("heading", level=1)).to_have_text("用数字证书签署")
        boss.look()
        boss.sign(Kind.SM2, "person")
        expect(boss.page).to_have_url(re.compile("/account/mandates/mnd_[^/]+/done"))
        key = boss.page.url.split("/")[-2]
        boss.go(f"/account/mandates/{key}")
        expect(boss.page.locator("main")).to_contain_text("数字证书签名")
        expect(boss.page.locator("main")).to_contain_text("SM2 · ")
        boss.look()
        assert made.site.one("SELECT state FROM mandate WHERE id = :id", id=key) == "pending_approvals"
        second_signs(made, world, chromium, key)
        assert made.site.one("SELECT state FROM mandate WHERE id = :id", id=key) == "pending_acceptance"
        boss.go(f"/account/mandates/{key}/print")
        expect(boss.page.locator("main")).to_contain_text("SM2 · ")
        boss.look()
    assert isinstance(again(made, key), Intact)


def second_signs(made: Mandates, world: Served, chromium: Browser, key: str) -> None:
    """By a code to their phone and their password."""
    own = made.site.one("SELECT id FROM mandate WHERE kind = 'administrator'")
    page = f"/account/mandates/{key}/sign?by={own}"
    with visitor(world, chromium) as one:
        one.go(f"/signin/code?next={page.replace('?', '%3F')}")
        send(one, identifier=TWO)
        send(one, code=made.site.text_code())
        expect(one.page.locator("main")).to_contain_text("已签署的人")
        send(one)
        send(one, password=PASSWORD)
        one.page.wait_for_url(f"{world.issuer}{page}")
        send(one)
        expect(one.page).to_have_url(re.compile(f"/account/mandates/{key}/done"))


def again(made: Mandates, key: str) -> object:
    """What is found of the certificate's signature in twenty years."""
    site = made.site
    signature = site.one(
        "SELECT signature_id FROM mandate_signature WHERE mandate_id = :id AND method = 'certificate'", id=key
    )
    with site.provider.database.autocommit() as tx:
        kept = site.provider.granting.signed_texts.load(tx, signature)
    assert isinstance(kept, Kept)
    later, sm2 = site.now() + 20 * 365 * 86400, site.provider.sm2
    return verify_again(kept, sm2=sm2, paths=PathValidator(sm2), now=later)
