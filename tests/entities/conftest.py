"""Entities over HTTP: a provider whose registers say what the test tells them."""

from collections.abc import Mapping
from typing import Any

import pytest

from idp.accounts.actions import Identity
from idp.accounts.documents import IdNumber
from idp.accounts.names import PersonName
from idp.clients.actions import put
from idp.clients.rules import Client
from idp.proofing.actions import add_evidence
from idp.proofing.ports import EnterpriseQuestion, EnterpriseRecord, EntityStatus, EntityType, RegisterRole
from tests.provider import (
    CLIENTS,
    SECRET,
    Browser,
    Site,
    add_person,
    browser,
    registers,
    shared_app,
    signed_in,
    site,
    site_template,
)
from tests.registers import ScriptedRegisters

__all__ = ["browser", "registers", "shared_app", "signed_in", "site", "site_template"]

CODE, NAME = "91430100MA0000007Q", "长沙岳麓示例科技有限公司"
PEOPLE = {
    "13812340001": ("欧阳清岚", "430105199003070011"),
    "13812340002": ("周𪚥文", "430199198504120019"),
    "13812340003": ("龚䶮", "420199199211030020"),
}
ONE, TWO, THREE = PEOPLE
FORM = {"type": "enterprise", "name": NAME, "uscc": CODE}


def prove(site: Site, phone: str, *, until: int | None = None) -> None:
    """Name and number of the account's person, as the check against the population register leaves them."""
    name, number = PEOPLE[phone]
    with site.provider.database.transaction() as tx:
        recorded = site.provider.directory.record_document(
            tx,
            site.party(phone),
            document=IdNumber(number),
            name=PersonName(name),
            valid_to=until,
            source="test",
            now=site.now(),
        )
        assert isinstance(recorded, Identity)
        add_evidence(
            tx, site.party(phone), kind="name_number", level=2, source="test", expires_at=until, now=site.now()
        )


def entry(
    *phones: str,
    status: EntityStatus = EntityStatus.ACTIVE,
    role: RegisterRole = RegisterRole.LEGAL_REPRESENTATIVE,
    code: str = CODE,
    name: str = NAME,
    kind: EntityType = EntityType.ENTERPRISE,
) -> Any:
    """What a register says of the entity whose representatives are the people of ``phones``."""
    numbers = {PEOPLE[phone] for phone in phones}

    def answer(question: EnterpriseQuestion) -> EnterpriseRecord:
        named = (question.representative_name, question.representative_number) in numbers
        return EnterpriseRecord(
            name=name,
            uscc=code,
            entity_type=kind,
            status=status,
            name_matches=None if question.name is None else question.name == name,
            representative_matches=named if question.asks_person else None,
            roles=frozenset({role}) if named else frozenset(),
            version="1",
            as_of=1_767_225_600,
        )

    return answer


def register_client(site: Site, client_id: str = "tax", **changes: Any) -> None:
    data: Mapping[str, Any] = (
        dict(CLIENTS[0])
        | {
            "client_id": client_id,
            "sector": f"of-{client_id}",
            "scopes": {"profile": "statutory", "represented": "statutory"},
        }
        | changes
    )
    with site.provider.database.transaction() as tx:
        assert isinstance(put(tx, data, secret=SECRET, now=site.now()), Client)


def person(site: Site, phone: str) -> Browser:
    """A proved person, signed in in a browser of their own."""
    if phone != ONE:
        add_person(site.provider, phone, None)
    prove(site, phone)
    return site.browser().sign_in(phone)


@pytest.fixture
def representative(site: Site, registers: ScriptedRegisters) -> Browser:
    """The person the register names, with the entity registered."""
    registers.entities[CODE] = entry(ONE)
    found = person(site, ONE)
    answer = found.submit("/entities/new", FORM)
    assert answer.status_code == 303, answer.text
    return found


def entity_of(site: Site) -> str:
    return str(site.one("SELECT party_id FROM legal_entity"))


def act(browser: Browser, choice: str, address: str = "/account/acting") -> Any:
    return browser.submit(address, {"act": choice})
