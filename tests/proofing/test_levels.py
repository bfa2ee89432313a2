"""Levels: the acr grammar, what meets what, and evidence that ends."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.audit import chains as chains_module
from idp.audit import init_audit
from idp.db import Database, Statement
from idp.proofing.actions import add_evidence, ial
from idp.proofing.rules import Evidence, Level, acr_values_supported, identity_level, parse_acr

NOW = 1_800_000_000
ials, aals, els = st.integers(1, 4), st.integers(1, 3), st.integers(1, 4)
levels = st.builds(Level, ials, aals)


@pytest.fixture
def written() -> Iterator[None]:
    """An audit writer: evidence leaves its record."""
    init_audit(b"an audit key of thirty-two bytes", "node-1")
    yield
    chains_module._writer = None


@given(levels)
def test_a_true_level_is_written_so_that_it_is_read_back(level):
    assert parse_acr(level.acr) == level


@given(ials, aals)
def test_each_half_can_be_asked_for_alone(i, a):
    assert parse_acr(f"urn:tongban:ial:{i}") == Level(i, 0)
    assert parse_acr(f"urn:tongban:aal:{a}") == Level(0, a)


@given(els, levels)
def test_an_entitys_level_is_asked_for_alone_and_met_by_the_entity_only(el, person):
    assert parse_acr(f"urn:tongban:el:{el}") == Level(0, 0, el)
    assert not person.meets(Level(0, 0, el))
    assert replace(person, el=el).meets(Level(0, 0, el))
    assert replace(person, el=el).acr == person.acr


@given(levels, levels)
def test_a_demand_is_met_by_the_truth_at_or_above_it_in_both_halves(truth, demanded):
    assert truth.meets(demanded) == (truth.ial >= demanded.ial and truth.aal >= demanded.aal)


@given(st.text(max_size=40) | st.from_regex(r"urn:tongban[a-z0-9:]{0,20}", fullmatch=True))
def test_every_other_text_is_ignored(text):
    assert (parse_acr(text) is not None) == (text in acr_values_supported())


@pytest.mark.parametrize(
    "text",
    [
        "urn:tongban",
        "urn:tongban:",
        "urn:tongban:ial:0",
        "urn:tongban:ial:5",
        "urn:tongban:aal:4",
        "urn:tongban:el:0",
        "urn:tongban:el:5",
        "urn:tongban:ial:2:el:2",
        "urn:tongban:el:2:aal:1",
        "urn:tongban:aal:1:ial:1",
        "urn:tongban:ial:1:aal:1 ",
        "URN:tongban:ial:1",
        "urn:tongban:ial:１",
        "urn:tongban:ial:1\n",
    ],
)
def test_near_misses_are_no_levels(text):
    assert parse_acr(text) is None


def test_every_supported_value_is_announced_once():
    values = acr_values_supported()
    assert len(values) == len(set(values)) == 4 + 3 + 12 + 4
    assert all(parse_acr(value) for value in values)


@given(st.lists(st.builds(Evidence, ials, st.none() | st.integers(NOW - 9, NOW + 9))))
def test_the_level_is_the_highest_of_what_is_valid_now(evidence):
    valid = [e.level for e in evidence if e.expires_at is None or e.expires_at > NOW]
    assert identity_level(evidence, now=NOW) == max(valid, default=1)


@pytest.mark.usefixtures("written")
def test_evidence_carries_until_its_end_and_not_a_second_longer(any_database: Database) -> None:
    party = Statement("INSERT INTO party (id, kind, status, created_at) VALUES ('pty_1', 'person', 'active', 1)", int)
    with any_database.transaction() as tx:
        tx.run(party)
        assert ial(tx, "pty_1", now=NOW) == 1
        add_evidence(tx, "pty_1", kind="counter", level=4, source="hall", expires_at=NOW + 10, now=NOW)
        add_evidence(tx, "pty_1", kind="register", level=2, source="population", expires_at=None, now=NOW)
        assert [ial(tx, "pty_1", now=NOW + after) for after in (0, 9, 10, 11)] == [4, 4, 2, 2]
        tx.run(Statement("UPDATE evidence SET ended_at = 5 WHERE level = 2", int))
        assert ial(tx, "pty_1", now=NOW + 11) == 1
