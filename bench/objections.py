"""What speaks against publishing a run.

Always true: a table is published only for a committed tree, run with the production example as it stands - addresses
and secrets apart - against the pinned peer, in enough and quiet enough rounds.
"""

import fnmatch
import json
import statistics
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.figures import Round

MAY_DIFFER = (
    "issuer",
    "server.host",
    "server.port",
    "server.trusted_proxies",
    "server.metrics_token",
    "database.url",
    "state.url",
    "secrets.*",
    "clients.file",
    "sms.url",
    "sms.secret",
    "audit.checkpoint_file",
    "registers.*.secret",
)
"""Settings that are this installation's addresses, paths and secrets, and have no effect on the work done."""

FEWEST_ROUNDS = 3
SHORTEST = 1.0
FOREIGN = 0.05
"""Share of the server's core that others may take in half of an operation's rounds: what is reported are medians."""
PEER, NODE = "9.13.", "v24."
"""The pinned versions; this peer calls any older Node.js unsupported."""
MEASURED_TREES = ("bench", "config", "idp", "migrations", "requirements")


@dataclass(frozen=True)
class Run:
    """What is judged."""

    example: Mapping[str, Any]
    """Settings tree of config/production.example.toml alone."""
    effective: Mapping[str, Any]
    """Settings tree the measured server started with."""
    operations: Sequence[str]
    all_operations: Sequence[str]
    peer_version: str
    node_version: str
    rounds: Mapping[tuple[str, str], Sequence[Round]]
    """(provider, operation) -> rounds."""
    uncommitted: Sequence[str]
    cores: tuple[int, int]


def objections(run: Run) -> list[str]:
    """Reasons not to publish, in words; empty when there are none."""
    return [
        *foreign(run.example, run.effective),
        *(f"{name} was not measured" for name in run.all_operations if name not in run.operations),
        *of_tree(run.uncommitted),
        *_round_objections(run.rounds),
        *([] if run.peer_version.startswith(PEER) else [f"the peer is {run.peer_version}, not {PEER}x"]),
        *([] if run.node_version.startswith(NODE) else [f"the peer ran on Node.js {run.node_version}, not {NODE}x"]),
        *([] if run.cores[0] != run.cores[1] else ["server and load share a core"]),
    ]


def of_tree(paths: Sequence[str]) -> list[str]:
    """What to say of `uncommitted` files."""
    return [f"{path} is not committed" for path in paths]


def foreign(example: Mapping[str, Any], effective: Mapping[str, Any], *further: str) -> list[str]:
    """What to say of settings that differ and may not; ``further`` names may, too."""
    names = [name for name in differences(example, effective) if not may_differ(name) and name not in further]
    return [f"setting {name} is not that of the production example" for name in names]


def may_differ(name: str) -> bool:
    return any(fnmatch.fnmatchcase(name, pattern) for pattern in MAY_DIFFER)


def differences(one: Mapping[str, Any], other: Mapping[str, Any]) -> list[str]:
    """Dotted names of the leaves that are not equal in both trees."""
    left, right = dict(leaves(one)), dict(leaves(other))
    missing = object()
    return sorted(name for name in left | right if left.get(name, missing) != right.get(name, missing))


def leaves(tree: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in tree.items():
        if isinstance(value, Mapping):
            yield from leaves(value, f"{prefix}{name}.")
        else:
            yield prefix + name, value


def _round_objections(rounds: Mapping[tuple[str, str], Sequence[Round]]) -> Iterator[str]:
    for (provider, operation), several in rounds.items():
        if len(several) < FEWEST_ROUNDS:
            yield f"{operation} at {provider}: {len(several)} rounds, at least {FEWEST_ROUNDS} are needed"
        if any(one.seconds < SHORTEST for one in several):
            yield f"{operation} at {provider}: a round shorter than {SHORTEST:g} s"
        disturbed = statistics.median([one.others / one.seconds for one in several] or [0.0])
        if disturbed > FOREIGN:
            yield f"{operation} at {provider}: others took {disturbed:.0%} of the server's core in half of the rounds"


def uncommitted(root: Path) -> list[str]:
    """Files of the measured trees that differ from the commit."""
    command = ["git", "status", "--porcelain", "--", *MEASURED_TREES]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        return ["this tree (it is no git checkout)"]
    return [line[3:] for line in done.stdout.splitlines()]


def settings_tree(root: Path, python: str, environment: Mapping[str, str]) -> dict[str, Any]:
    """The settings the provider reads under ``environment``. Raises ``CalledProcessError`` when it refuses them."""
    program = "from idp.settings import load_settings; print(load_settings().model_dump_json())"
    command = [python, "-c", program]
    done = subprocess.run(command, cwd=root, env=dict(environment), capture_output=True, text=True, check=True)
    tree: dict[str, Any] = json.loads(done.stdout)
    return tree
