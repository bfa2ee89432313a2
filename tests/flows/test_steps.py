"""The table of steps, and journeys at rest: moved by one, sealed anew, thrown away."""

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.crypto.fields import FieldCipher
from idp.crypto.rings import parse_ring
from idp.db import Database
from idp.flows.actions import Journeys, purge, reseal_flows
from idp.flows.rules import FLOWS, FlowKind, open_step, undone
from tests.provider import keys_of

KIND = FlowKind.REGISTRATION
NOW, LIFE = 1_800_000_000, 1800
NAMES = sorted({name for rules in FLOWS.values() for rule in rules for name in rule.gives})
facts_held = st.dictionaries(st.sampled_from([*NAMES, "other"]), st.just(True))
kinds = st.sampled_from(FlowKind)


def cipher(*letters: str) -> FieldCipher:
    return FieldCipher(parse_ring([f"{letter}:{keys_of(letter)}" for letter in letters], name="test"))


@given(kinds, facts_held)
def test_a_step_is_open_only_when_all_before_it_are_done_and_it_is_not(
    kind: FlowKind, facts: Mapping[str, Any]
) -> None:
    step = open_step(kind, facts)
    names = [rule.name for rule in FLOWS[kind]]
    done = [all(name in facts for name in rule.gives) for rule in FLOWS[kind]]
    if step is None:
        assert all(done)
    else:
        assert all(done[: names.index(step)])
        assert not done[names.index(step)]


@given(kinds, facts_held, st.data())
def test_going_back_to_a_step_undoes_it_and_all_after_it(
    kind: FlowKind, facts: Mapping[str, Any], data: st.DataObject
) -> None:
    names = [rule.name for rule in FLOWS[kind]]
    step = data.draw(st.sampled_from(names))
    left = undone(kind, step, facts)
    reached = open_step(kind, left)
    assert reached is not None
    assert names.index(reached) <= names.index(step)
    assert ("other" in left) == ("other" in facts)


def test_a_journey_of_one_kind_is_none_of_another(any_database: Database, journeys: Journeys) -> None:
    with any_database.transaction() as tx:
        begun = journeys.begin(tx, KIND, {}, browser=b"b", now=NOW)
        for other in set(FlowKind) - {KIND}:
            assert journeys.read(tx, other, begun.id, browser=b"b", now=NOW) is None


@pytest.fixture
def journeys() -> Journeys:
    return Journeys(cipher("f"), lifetime=LIFE)


def test_of_two_moves_from_one_state_one_wins(any_database: Database, journeys: Journeys) -> None:
    with any_database.transaction() as tx:
        begun = journeys.begin(tx, KIND, {"mobile": "13812340001"}, browser=b"b", now=NOW)
    with any_database.transaction() as tx:
        assert [journeys.move(tx, begun, {"proved": n}) for n in (1, 2)] == [True, False]
        found = journeys.read(tx, KIND, begun.id, browser=b"b", now=NOW)
        assert found is not None
        assert (found.facts, found.version) == ({"proved": 1}, 2)
        assert "13812340001" not in repr(begun)


def test_a_journey_is_its_browsers_until_its_end_or_time(any_database: Database, journeys: Journeys) -> None:
    with any_database.transaction() as tx:
        begun = journeys.begin(tx, KIND, {}, browser=b"b", now=NOW)
        assert journeys.read(tx, KIND, begun.id, browser=b"c", now=NOW) is None
        assert journeys.read(tx, KIND, begun.id, browser=b"b", now=NOW + LIFE) is None
        assert journeys.read(tx, KIND, begun.id, browser=b"b", now=NOW + LIFE - 1) == begun
        assert journeys.move(tx, begun, {}, ended_at=NOW)
        assert journeys.read(tx, KIND, begun.id, browser=b"b", now=NOW) is None


def test_journeys_under_way_come_under_a_new_key(any_database: Database, journeys: Journeys) -> None:
    with any_database.transaction() as tx:
        begun = journeys.begin(tx, KIND, {"mobile": "13812340001"}, browser=b"b", now=NOW)
    assert reseal_flows(any_database, cipher("g", "f")) == 1
    assert reseal_flows(any_database, cipher("g", "f")) == 0
    with any_database.transaction() as tx:
        assert Journeys(cipher("g"), lifetime=LIFE).read(tx, KIND, begun.id, browser=b"b", now=NOW) == begun


def test_what_expired_long_ago_is_thrown_away(any_database: Database, journeys: Journeys) -> None:
    with any_database.transaction() as tx:
        journeys.begin(tx, KIND, {}, browser=b"b", now=NOW)
        assert purge(tx, before=NOW + LIFE) == 0
        assert purge(tx, before=NOW + LIFE + 1) == 1
