"""What a decision reads, on both databases: everything a chain can be made of, and nobody who is there no more."""

from collections.abc import Iterator

import pytest

from idp.accounts.credit_code import CreditCode
from idp.audit import chains as chains_module
from idp.db import Database, Statement
from idp.mandates import reading
from idp.mandates.addressing import Addressee
from idp.mandates.rules import Kind, State, Step
from idp.mandates.scopes import Action, Scope
from tests.grants.making import NOW
from tests.mandates.world import DAY, World, world

ENTITY, AGENCY = "91430100MA0000007Q", "92420100MA4K00029K"
FILING = Scope(frozenset({Action.VIEW, Action.SUBMIT}), frozenset({"hn-tax-01"}))


@pytest.fixture
def here(any_database: Database) -> Iterator[World]:
    yield world(any_database)
    chains_module._writer = None


class Chain:
    """An entity's mandate for an agency, and the agency's for its employee."""

    def __init__(self, here: World) -> None:
        self.here = here
        self.owner, self.head, self.clerk = (here.person(number) for number in (1, 2, 3))
        self.entity, self.agency = here.entity(ENTITY, self.owner), here.entity(AGENCY, self.head)
        filing = {"kind": Kind.DELEGATED, "theme": "tax.filing", "scope": FILING}
        agency = Addressee("示例029K", CreditCode(AGENCY))
        self.first, digest = here.drawn(self.entity, 0, self.owner, addressee=agency, may_delegate=True, **filing)
        assert here.accept(self.first, self.head, digest, self.agency) is State.ACTIVE
        self.second, digest = here.drawn(self.agency, 3, self.head, parent=self.first, valid_to=NOW + DAY, **filing)
        assert here.accept(self.second, self.clerk, digest) is State.ACTIVE

    def between(self, agent: str) -> list[str]:
        with self.here.database.autocommit() as tx:
            found = reading.between(tx, agent=agent, represented=self.entity, theme="tax.filing")
        return sorted(one.id for one in found)

    def may(self, agent: str) -> bool:
        return self.here.may(agent, self.entity, "tax.filing", "hn-tax-01")

    def change(self, sql: str, **values: str) -> None:
        with self.here.database.transaction() as tx:
            tx.run(Statement(sql), **values)


@pytest.fixture
def chain(here: World) -> Chain:
    return Chain(here)


def test_each_agent_finds_the_links_that_lead_to_them(chain: Chain) -> None:
    assert chain.between(chain.clerk) == sorted([chain.first, chain.second])
    assert chain.between(chain.head) == [chain.first]
    assert chain.between(chain.owner) == []
    assert [chain.may(one) for one in (chain.clerk, chain.head, chain.owner)] == [True, True, True]


def test_an_agency_that_is_no_more_is_no_link(chain: Chain) -> None:
    chain.change("UPDATE legal_entity SET status = 'revoked' WHERE party_id = :agency", agency=chain.agency)
    assert chain.between(chain.clerk) == [chain.second]
    assert [chain.may(one) for one in (chain.clerk, chain.head, chain.owner)] == [False, False, True]


@pytest.mark.parametrize("status", ["suspended", "closed"])
def test_a_person_whose_account_is_not_open_acts_for_nobody(chain: Chain, status: str) -> None:
    chain.change("UPDATE party SET status = :status WHERE id = :clerk", status=status, clerk=chain.clerk)
    assert [chain.may(one) for one in (chain.clerk, chain.head)] == [False, True]


def test_nobody_acts_for_an_entity_that_is_no_more(chain: Chain) -> None:
    chain.change("UPDATE legal_entity SET status = 'cancelled' WHERE party_id = :entity", entity=chain.entity)
    assert [chain.may(one) for one in (chain.clerk, chain.head, chain.owner)] == [False, False, False]


def test_a_frozen_first_link_lends_nothing_to_the_second(chain: Chain) -> None:
    assert chain.here.step(chain.first, Step.FREEZE, chain.owner, chain.entity) is State.SUSPENDED
    assert [chain.may(one) for one in (chain.clerk, chain.head)] == [False, False]
    assert chain.here.step(chain.first, Step.UNFREEZE, chain.owner, chain.entity) is State.ACTIVE
    assert [chain.may(one) for one in (chain.clerk, chain.head)] == [True, True]


def test_a_decision_is_one_round_trip(chain: Chain) -> None:
    if chain.here.database.engine.dialect.name != "postgresql":
        pytest.skip("SQLite has none")
    from idp.db.postgresql import PostgresWire

    chain.may(chain.clerk)  # themes are held, statements prepared
    trips: list[int] = []
    made = PostgresWire._round_trip

    def counted(self: PostgresWire, last: bytes | None = None) -> None:
        trips.append(len(self._waiting))
        made(self, last)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(PostgresWire, "_round_trip", counted)
        assert chain.may(chain.clerk)
    assert len(trips) == 1
