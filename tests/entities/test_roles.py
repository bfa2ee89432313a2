"""Registering, acting and losing a role on both databases, and the entity's name under a new key."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from idp.accounts.actions import Active, Identity
from idp.accounts.credit_code import CreditCode
from idp.accounts.documents import IdNumber
from idp.accounts.names import PersonName
from idp.accounts.rotation import rotate_accounts
from idp.accounts.rules import Mobile
from idp.audit import chains as chains_module
from idp.audit import init_audit
from idp.crypto.fields import BlindIndex, FieldCipher
from idp.crypto.rings import parse_ring
from idp.crypto.tokens import random_token
from idp.db import Database, Statement
from idp.entities import roles
from idp.entities.actions import Entities
from idp.entities.asking import CountedQuestions, Registered
from idp.entities.rechecking import Rechecking
from idp.entities.registering import Registering, Told
from idp.entities.rules import Acting, RoleState, Via
from idp.grants import actions as grants
from idp.messages.outbox import init_outbox
from idp.proofing.actions import add_evidence
from idp.proofing.ports import EntityType
from idp.signin import sessions
from idp.signin.rules import Method, Session, SessionEnd
from tests.accounts.test_directory import directory
from tests.accounts.test_waiting import accounts as waiting_accounts
from tests.entities.conftest import CODE, NAME, ONE, PEOPLE, TWO, entry
from tests.grants.making import CIPHER, NOW, bound, grant
from tests.provider import keys_of
from tests.registers import ScriptedRegisters

DAY = 86400
TOLD = Told(EntityType.ENTERPRISE, NAME, CreditCode(CODE))


@pytest.fixture(autouse=True)
def _written() -> Iterator[None]:
    init_audit(b"an audit key of thirty-two bytes", "node-1")
    init_outbox(CIPHER)
    yield
    chains_module._writer = None


@dataclass
class World:
    """A database, a register, and what works with them."""

    database: Database
    register: ScriptedRegisters
    entities: Entities
    registering: Registering
    rechecking: Rechecking

    def person(self, phone: str) -> str:
        with self.database.transaction() as tx:
            opened = directory().open_person(tx, mobile=Mobile(phone), user_name=None, now=NOW)
            assert isinstance(opened, Active)
            party, (name, number) = opened.party_id, PEOPLE[phone]
            found = directory().record_document(
                tx,
                party,
                document=IdNumber(number),
                name=PersonName(name),
                valid_to=None,
                source="t",
                now=NOW,
            )
            assert isinstance(found, Identity)
            add_evidence(tx, party, kind="k", level=2, source="t", expires_at=None, now=NOW)
        return party

    def registered(self, party: str) -> Registered:
        found = self.registering.register(party, TOLD, now=NOW)
        assert isinstance(found, Registered), found
        return found

    def session(self, party: str, entity: str, via: Via = Via.ROLE) -> Session:
        with self.database.transaction() as tx:
            begun, _ = sessions.start(tx, party_id=party, method=Method.SMS, agent="F", absolute=DAY, now=NOW)
            text = Acting(entity, "legal_representative", via).text
            changed, _ = sessions.act_for(tx, begun, text, via=via, now=NOW)
        return changed

    def give(self, party: str, session: Session, client: str) -> str:
        made = grant(party, session, client)._replace(acting=session.acting)
        with self.database.transaction() as tx:
            grants.issue(tx, made, bound(random_token()))
        return made.gid

    def one(self, sql: str) -> object:
        with self.database.autocommit() as tx:
            row = tx.one(Statement(sql, lambda *columns: columns))
        return row[0] if row else None


@pytest.fixture
def world(any_database: Database) -> World:
    register = ScriptedRegisters()
    register.entities[CODE] = entry(ONE)
    entities = Entities(directory(), CIPHER, recheck=DAY)
    questions = CountedQuestions(any_database, register, daily=5)
    registering = Registering(any_database, entities, waiting_accounts(), questions, least=2)
    return World(any_database, register, entities, registering, Rechecking(any_database, entities, register))


def test_a_lost_role_ends_what_rested_on_it_and_nothing_else(world: World) -> None:
    party = world.person(ONE)
    entity = world.registered(party).entity
    acting = world.session(party, entity)
    own = acting._replace(acting=None)
    for_entity, for_self = world.give(party, acting, "tax"), world.give(party, own, "social")
    world.register.entities[CODE] = entry(TWO)
    world.rechecking.run_due(NOW + DAY)
    with world.database.autocommit() as tx:
        found = sessions.by_id(tx, acting.id)
        assert found is not None
        assert (found.acting, found.ended_at) == (None, None)
        ended = grants.find(tx, for_entity)
        kept = grants.find(tx, for_self)
        assert ended is not None
        assert kept is not None
        assert (ended.live, kept.live) == (False, True)
        assert roles.ties_of(tx, party, now=NOW) == []
    assert world.one("SELECT COUNT(*) FROM outbox WHERE kind = 'logout'") == 1
    assert world.one("SELECT COUNT(*) FROM evidence WHERE kind = 'representative' AND ended_at IS NULL") == 0


def test_the_next_representative_takes_over(world: World) -> None:
    first, second = world.person(ONE), world.person(TWO)
    entity = world.registered(first).entity
    world.register.entities[CODE] = entry(TWO)
    assert world.registered(second) == Registered(entity, RoleState.CONTESTED)
    world.rechecking.run_due(NOW + 1)
    with world.database.autocommit() as tx:
        tie = roles.tie_to(tx, second, entity, now=NOW + 1)
        assert tie is not None
        assert (tie.state, tie.level, tie.checked_at) == ("confirmed", 2, NOW)
        assert roles.tie_to(tx, first, entity, now=NOW + 1) is None


def test_who_came_in_by_the_entitys_door_can_be_shut_out(world: World) -> None:
    party = world.person(ONE)
    entity = world.registered(party).entity
    by_role, by_door = world.session(party, entity), world.session(party, entity, Via.ENTITY_PASSWORD)
    with world.database.transaction() as tx:
        sessions.end_entered_by(tx, party, by_door.acting or "", SessionEnd.PASSWORD_CHANGED, now=NOW)
        ends = [found.ended_at for one in (by_role, by_door) if (found := sessions.by_id(tx, one.id))]
    assert ends == [None, NOW]


def test_the_name_comes_under_a_new_key(world: World) -> None:
    entity = world.registered(world.person(ONE)).entity
    fields, index = (parse_ring([f"{k}:{keys_of(k)}" for k in keys], name="t") for keys in (("g", "f"), ("i",)))
    rotate_accounts(world.database, FieldCipher(fields), BlindIndex(index), progress=lambda _: None)
    alone = FieldCipher(parse_ring([f"g:{keys_of('g')}"], name="t"))
    sealed = world.one("SELECT sealed FROM legal_entity")
    assert isinstance(sealed, bytes | memoryview)
    assert alone.open(bytes(sealed), context=f"legal_entity.sealed:{entity}") == NAME
