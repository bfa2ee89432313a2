"""Two processes on one mandate at the same moment, on both databases: one wins, and what ended is no power."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from idp.audit import chains as chains_module
from idp.db import Database, Statement
from idp.mandates.rules import State
from tests.mandates.world import World, world
from tests.trust.conftest import ROUNDS

pytestmark = pytest.mark.processes
ENDED = frozenset({State.REVOKED, State.RENOUNCED, State.INVALIDATED, State.SUPERSEDED})
_STATES = Statement[tuple[str, str]]("SELECT id, state FROM mandate WHERE principal_id = :principal")
_STEPS = Statement("SELECT step FROM mandate_event WHERE mandate_id = :mandate ORDER BY seq", str)


class Racer:
    """A process as `tests.mandates.racer` has it."""

    def __init__(self, url: str, node: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.mandates.racer", url, node],
            env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
            text=True,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )

    def ready(self) -> None:
        assert self._line() == "ready"

    def do(self, *words: str) -> str:
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(words) + "\n")
        self.process.stdin.flush()
        said = self._line()
        assert not said.startswith("fault"), said
        return said

    def _line(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()


@pytest.fixture
def here(any_database: Database) -> Iterator[World]:
    yield world(any_database)
    chains_module._writer = None


@pytest.fixture
def nodes(here: World, any_database_url: str) -> Iterator[list[Racer]]:
    made = [Racer(any_database_url, f"racer-{n}") for n in range(2)]
    for one in made:
        one.ready()
    yield made
    for one in made:
        one.process.communicate(timeout=10)


def at_once(nodes: list[Racer], *told: tuple[str, ...]) -> list[str]:
    with ThreadPoolExecutor(len(told)) as pool:
        return list(pool.map(lambda pair: pair[0].do(*pair[1]), zip(nodes, told, strict=True)))


def test_after_a_revocation_was_answered_no_node_finds_any_power_whatever_met_it(
    here: World, nodes: list[Racer]
) -> None:
    principal, agent = here.person(1), here.person(2)
    for number in range(ROUNDS):
        mandate, digest = here.drawn(principal, 2)
        rival = ("accept", mandate, agent, digest)
        if number % 3:
            assert here.accept(mandate, agent, digest) is State.ACTIVE
            assert all(node.do("may", agent, principal) == "True" for node in nodes)
            rival = ("freeze", mandate, principal) if number % 3 == 1 else ("close", agent)
        first, second = nodes if number % 2 else nodes[::-1]
        said, _ = at_once([first, second], ("revoke", mandate, principal), rival)
        assert [node.do("may", agent, principal) for node in nodes] == ["False", "False"]
        with here.database.autocommit() as tx:
            steps = tx.all(_STEPS, mandate=mandate)
            states = dict(tx.all(_STATES, principal=principal))
        assert states[mandate] in ENDED, (said, steps)
        assert sum(step in ("revoke", "invalidate") for step in steps) == 1


def test_a_mandate_is_accepted_once_and_of_two_alike_one_is_in_force(here: World, nodes: list[Racer]) -> None:
    principal, agent = here.person(1), here.person(2)
    for number in range(ROUNDS):
        drawn = [here.drawn(principal, 2)]
        twice = number % 2 == 0
        drawn.append(drawn[0] if twice else here.drawn(principal, 2, replaces=drawn[0][0]))
        said = at_once(nodes, *[("accept", mandate, agent, digest) for mandate, digest in drawn])
        assert sorted(said) == (["active", "mandate_state"] if twice else ["active", "active"])
        with here.database.autocommit() as tx:
            states = dict(tx.all(_STATES, principal=principal))
            accepted = sum(tx.all(_STEPS, mandate=mandate).count("accept") for mandate, _ in set(drawn))
        states = {mandate: states[mandate] for mandate, _ in drawn}
        assert sorted(states.values()) == ([State.ACTIVE] if twice else [State.ACTIVE, State.SUPERSEDED])
        assert accepted == len(states)
        assert all(node.do("may", agent, principal) == "True" for node in nodes)
        for mandate in states:
            nodes[0].do("revoke", mandate, principal)
        assert nodes[1].do("may", agent, principal) == "False"


def test_accounts_that_close_and_mandates_between_them_never_wait_for_each_other(
    here: World, nodes: list[Racer]
) -> None:
    """Each gave the other one: whoever closes holds their own account, whoever revokes holds it as well."""
    one, other = here.person(1), here.person(2)
    for number in range(ROUNDS):
        to_other, to_one = here.drawn(one, 2), here.drawn(other, 1)
        assert here.accept(to_other[0], other, to_other[1]) is State.ACTIVE
        rivals = [
            (("close", one), ("accept", to_one[0], one, to_one[1])),
            (("close", one), ("revoke", to_other[0], one)),
            (("close", one), ("close", other)),
        ]
        at_once(nodes, *rivals[number % 3])
        nodes[0].do("close", one)
        assert nodes[1].do("may", other, one) == "False"
        assert nodes[1].do("may", one, other) == "False"
