"""Mandates over a provider with the demo's themes, an entity, its representative, and two more people."""

from dataclasses import dataclass
from pathlib import Path
from shutil import copyfile
from typing import Any

import pytest
from flask import Flask

from idp.accounts.credit_code import CreditCode
from idp.accounts.documents import IdNumber
from idp.cli.mandates import apply_themes
from idp.crypto.tokens import new_id
from idp.mandates.actions import Draft, Signer
from idp.mandates.addressing import Addressee
from idp.mandates.granting import Denied
from idp.mandates.power import Asked, Chain
from idp.mandates.rules import DAY, WAIT, Kind, State, Step
from idp.mandates.scopes import Action, Scope
from idp.proofing.actions import add_evidence
from tests.entities.conftest import CODE, ONE, PEOPLE, THREE, TWO, entity_of, entry, person
from tests.entities.conftest import FORM as ENTITY
from tests.provider import Site, _begin_anew, browser, kept, registers, shared_app, signed_in, site, site_template
from tests.registers import ScriptedRegisters

__all__ = ["browser", "registers", "shared_app", "signed_in", "site", "site_template"]

AGENCY, AGENCY_NAME = "92420100MA4K00029K", "武汉示例代理记账服务部"
FILING = Scope(frozenset({Action.VIEW, Action.SUBMIT}), frozenset({"hn-tax-01"}))


@dataclass
class Mandates:
    """What a test does with them. People by their phones; ``entity`` is represented by ONE, ``agency`` by TWO."""

    site: Site
    entity: str
    agency: str

    def party(self, phone: str) -> str:
        return self.site.party(phone)

    def draft(self, principal: str, to: Addressee, **changes: Any) -> Draft:
        now = self.site.now()
        wanted: dict[str, Any] = {
            "id": new_id("mnd"),
            "kind": Kind.DELEGATED,
            "principal": principal,
            "addressee": to,
            "theme": "tax.filing",
            "scope": FILING,
            "valid_from": now,
            "valid_to": now + 30 * DAY,
        }
        return Draft(**(wanted | changes))

    def draw(self, draft: Draft, by: str, **signer: Any) -> State | Denied:
        with self.site.provider.database.transaction() as tx:
            text = self.site.provider.granting.text(tx, draft)
            digest = text.hash if text else ""
            return self.site.provider.granting.draw(
                tx, draft, self.signer(by, **signer), text_hash=digest, now=self.site.now()
            )

    def signer(self, phone: str, **changes: Any) -> Signer:
        told: dict[str, Any] = {"person": self.party(phone), "method": "sms", "ial": 3, "aal": 2}
        return Signer(**(told | changes))

    def accept(self, mandate: str, by: str, party: str | None = None, **signer: Any) -> State | Denied:
        digest = self.site.one("SELECT text_hash FROM mandate WHERE id = :id", id=mandate)
        with self.site.provider.database.transaction() as tx:
            return self.site.provider.moving.accept(
                tx,
                mandate,
                self.signer(by, **signer),
                party=party or self.party(by),
                text_hash=digest,
                now=self.site.now(),
            )

    def step(self, mandate: str, step: Step, by: str, party: str, **more: Any) -> State | Denied:
        with self.site.provider.database.transaction() as tx:
            return self.site.provider.moving.step(
                tx, mandate, step, person=self.party(by), party=party, now=self.site.now(), **more
            )

    def may(
        self, by: str, represented: str, action: Action = Action.SUBMIT, service: str = "hn-tax-01"
    ) -> Chain | None:
        with self.site.provider.database.autocommit() as tx:
            return self.site.provider.deciding.may(
                tx,
                agent=self.party(by),
                represented=represented,
                theme="tax.filing",
                asked=Asked(action, service),
                now=self.site.now(),
            )

    def given(
        self, principal: str, to: Addressee, by: str, accepted_by: str, party: str | None = None, **changes: Any
    ) -> str:
        """A mandate in force."""
        draft = self.draft(principal, to, **changes)
        assert self.draw(draft, by) is State.PENDING_ACCEPTANCE
        assert self.accept(draft.id, accepted_by, party) is State.ACTIVE
        self.site.later += WAIT + 1
        return draft.id


def to_person(phone: str) -> Addressee:
    name, number = PEOPLE[phone]
    return Addressee(name, IdNumber(number))


def to_entity(code: str = AGENCY, name: str = AGENCY_NAME) -> Addressee:
    return Addressee(name, CreditCode(code))


def make_template(app: Flask, template: Path, directory: Path) -> tuple[Path, str, str]:
    """A database as `furnish` leaves it; (file, entity, agency)."""
    site = Site(app)
    _begin_anew(site, template)
    entity, agency = furnish(site)
    return Path(copyfile(kept(site), directory / "idp.db")), entity, agency


def furnish(site: Site) -> tuple[str, str]:
    """The themes, the three people and what two of them represent: (entity, agency)."""
    apply_themes(site.provider.database, Path("config/themes/demo.toml"), now=site.now())
    know(site.provider.enterprise)  # type: ignore[arg-type]
    for phone, form in ((ONE, ENTITY), (TWO, ENTITY | {"name": AGENCY_NAME, "uscc": AGENCY}), (THREE, None)):
        found = person(site, phone)
        with site.provider.database.transaction() as tx:
            add_evidence(tx, site.party(phone), kind="face", level=3, source="test", expires_at=None, now=site.now())
        if form is not None:
            answer = found.submit("/entities/new", form)
            assert answer.status_code == 303, answer.text
    with site.provider.database.autocommit() as tx:
        agency = site.provider.entities.find(tx, CreditCode(AGENCY))
        entity = site.provider.entities.find(tx, CreditCode(CODE))
    assert agency is not None
    assert entity is not None
    assert entity_of(site) in (agency, entity)
    return entity, agency


def know(registers: ScriptedRegisters) -> None:
    """The registers know the entity and the agency."""
    registers.entities[CODE] = entry(ONE)
    registers.entities[AGENCY] = entry(TWO, code=AGENCY, name=AGENCY_NAME)


@pytest.fixture
def mandates(_mandates_template: tuple[Path, str, str], site: Site, registers: ScriptedRegisters) -> Mandates:
    template, entity, agency = _mandates_template
    _begin_anew(site, template)
    know(registers)
    return Mandates(site, entity, agency)
