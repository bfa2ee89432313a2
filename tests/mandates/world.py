"""Mandates over one database without the rest of the provider: for both databases, and for processes that start soon.

Always true: people are known by documents at level 3, and entities by rows that a register's answer would have left.
"""

import base64
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from idp.accounts.actions import Active, Directory, Identity
from idp.accounts.anchors import Anchors
from idp.accounts.credit_code import CreditCode
from idp.accounts.documents import IdNumber, check_character
from idp.accounts.names import PersonName
from idp.accounts.rules import Mobile
from idp.audit import init_audit
from idp.crypto.fields import BlindIndex
from idp.crypto.rings import parse_ring
from idp.crypto.tokens import new_id
from idp.db import Database, Statement
from idp.entities.actions import Entities
from idp.mandates.actions import Granting
from idp.mandates.addressing import Addressee, Addresses
from idp.mandates.deciding import Deciding
from idp.mandates.drafts import Draft, Signer
from idp.mandates.granting import Denied
from idp.mandates.leaving import Leaving
from idp.mandates.moving import Moving
from idp.mandates.power import Asked
from idp.mandates.registry import Themes, import_themes
from idp.mandates.rules import Kind, State, Step, Terms
from idp.mandates.scopes import Action, Scope
from idp.messages.outbox import init_outbox
from idp.proofing.actions import add_evidence
from tests.grants.making import CIPHER, NOW

DAY = 86400
NAME = "龚䶮"
PENSION = Scope(frozenset({Action.VIEW, Action.SUBMIT}), frozenset({"hn-pension-01"}))
_ADD_ENTITY = Statement[Any](
    "INSERT INTO legal_entity (party_id, sealed, type, status, version, as_of, checked_at, created_at)"
    " VALUES (:entity, :sealed, 'enterprise', 'active', '1', :now, :now, :now)"
)
_ADD_ROLE = Statement[Any](
    "INSERT INTO entity_role (id, entity_id, person_id, role, state, source, since, checked_at, claimed_until)"
    " VALUES (:id, :entity, :person, 'legal_representative', 'confirmed', 'test', :now, :now, 0)"
)


@dataclass
class World:
    database: Database
    people: Directory
    granting: Granting
    moving: Moving
    deciding: Deciding
    leaving: Leaving

    def person(self, number: int) -> str:
        """Somebody; their phone and document are made of ``number``, at most four digits."""
        with self.database.transaction() as tx:
            opened = self.people.open_person(tx, mobile=Mobile(f"1381234{number:04}"), user_name=None, now=NOW)
            assert isinstance(opened, Active)
            party = opened.party_id
            found = self.people.record_document(
                tx,
                party,
                document=document(number),
                name=PersonName(NAME),
                valid_to=None,
                source="t",
                now=NOW,
            )
            assert isinstance(found, Identity)
            add_evidence(tx, party, kind="face", level=3, source="t", expires_at=None, now=NOW)
        return party

    def entity(self, code: str, representative: str) -> str:
        with self.database.transaction() as tx:
            opened = self.people.open_entity(tx, CreditCode(code), now=NOW)
            assert isinstance(opened, Active)
            entity = opened.party_id
            sealed = CIPHER.seal(f"示例{code[-4:]}", context=f"legal_entity.sealed:{entity}")
            tx.run(_ADD_ENTITY, entity=entity, sealed=sealed, now=NOW)
            tx.run(_ADD_ROLE, id=new_id("rol"), entity=entity, person=representative, now=NOW)
            add_evidence(tx, entity, kind="representative", level=2, source="t", expires_at=None, now=NOW)
        return entity

    def drawn(self, principal: str, agent: int, by: str | None = None, **changes: Any) -> tuple[str, str]:
        """A mandate that waits for the person of number ``agent``; its id and the hash of its text."""
        wanted: dict[str, Any] = {
            "id": new_id("mnd"),
            "kind": Kind.PERSONAL,
            "principal": principal,
            "addressee": Addressee(NAME, document(agent)),
            "theme": "social.pension",
            "scope": PENSION,
            "valid_from": NOW,
            "valid_to": NOW + 30 * DAY,
            "waived": True,
        }
        draft = Draft(**(wanted | changes))
        with self.database.transaction() as tx:
            text = self.granting.text(tx, draft)
            assert text is not None
            drawn = self.granting.draw(tx, draft, signer(by or principal), text_hash=text.hash, now=NOW)
        assert drawn is State.PENDING_ACCEPTANCE, drawn
        return draft.id, text.hash

    def accept(self, mandate: str, agent: str, digest: str, party: str | None = None) -> State | Denied:
        with self.database.transaction() as tx:
            return self.moving.accept(tx, mandate, signer(agent), party=party or agent, text_hash=digest, now=NOW)

    def step(self, mandate: str, step: Step, person: str, party: str | None = None) -> State | Denied:
        with self.database.transaction() as tx:
            return self.moving.step(tx, mandate, step, person=person, party=party or person, now=NOW)

    def may(
        self, agent: str, represented: str, theme: str = "social.pension", service: str = "hn-pension-01"
    ) -> bool:
        with self.database.autocommit() as tx:
            found = self.deciding.may(
                tx,
                agent=agent,
                represented=represented,
                theme=theme,
                asked=Asked(Action.SUBMIT, service),
                now=NOW,
            )
        return found is not None


def signer(person: str) -> Signer:
    return Signer(person=person, method="sms", ial=3, aal=2)


def document(number: int) -> IdNumber:
    seventeen = f"1101051949123{number:04}"
    return IdNumber(f"{seventeen}{check_character(seventeen)}")


def world(database: Database, *, node: str = "node-1", themes: bool = True) -> World:
    """Opens what is written as ``node``. ``themes``: import the demo's."""
    init_audit(b"an audit key of thirty-two bytes", node)
    init_outbox(CIPHER)
    if themes:
        tables = tomllib.loads(Path("config/themes/demo.toml").read_text())["theme"]
        with database.transaction() as tx:
            assert isinstance(import_themes(tx, tables, now=NOW), int)
    index = BlindIndex(parse_ring(["i:" + base64.b64encode(b"i" * 32).decode()], name="test"))
    people = Directory(CIPHER, index, Anchors(b"an anchor key of thirty-two bytes"))
    known = Themes(database)
    granting = Granting(
        CIPHER, Addresses(people, Entities(people, CIPHER, recheck=DAY)), known, recheck=DAY, terms=Terms()
    )
    moving = Moving(granting)
    return World(database, people, granting, moving, Deciding(known, recheck=DAY), Leaving(CIPHER, moving))
