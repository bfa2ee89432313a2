"""The provider behind its front, the four parties, and a person who is known to the provider."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.foreign.front import front
from tests.foreign.parties import STARTS, Party, entered_by_others, parties
from tests.journeys.conftest import chromium  # noqa: F401 - a fixture
from tests.ports import free_ports
from tests.trust.installation import Installation, Person, installation

NAME = "古丽娜·𪚥䶮"


@dataclass(frozen=True)
class Foreign:
    """Everything that runs; ``log``: the front's access log."""

    issuer: str
    provider: Installation
    parties: dict[str, Party]
    log: Path


@pytest.fixture(scope="module")
def foreign(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Foreign]:
    """PostgreSQL, Redis, two nodes, a worker, nginx, and the four parties."""
    directory = tmp_path_factory.mktemp("foreign")
    port, *theirs = free_ports(5)
    issuer = f"http://localhost:{port}"
    known = parties(theirs)
    with ExitStack() as stack:
        made = stack.enter_context(
            installation("postgresql", directory, settings={"TONGBAN_ISSUER": issuer}, people=1)
        )
        clients = directory / "foreign.toml"
        clients.write_text("\n".join(party.toml() for party in known.values() if not party.public), "utf-8")
        made.run("client", "apply", str(clients))
        made.run(*known["oidc-client-ts"].command())
        nodes = [f"127.0.0.1:{node.port}" for node in made.nodes]
        log = stack.enter_context(front(stack.enter_context(entered_by_others()), port, nodes))
        for name, party in known.items():
            stack.enter_context(STARTS[name](party, issuer, directory))
        yield Foreign(issuer, made, known, log)
        assert made.faults() == []


@pytest.fixture(scope="module")
def person(foreign: Foreign, tmp_path_factory: pytest.TempPathFactory) -> Person:
    """Somebody with a name that not every program bears."""
    someone = Person("13600000001", "Lantern7Bridge22")
    file = tmp_path_factory.mktemp("person") / "people.toml"
    file.write_text(f'[[person]]\nname = "{NAME}"\nmobile = "{someone.mobile}"\npassword = "{someone.password}"\n')
    foreign.provider.run("people", "add", str(file))
    return someone
