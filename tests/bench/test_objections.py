"""When a run may not be published."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bench.figures import Round
from bench.objections import Run, differences, may_differ, objections, uncommitted

EXAMPLE: dict[str, Any] = {
    "issuer": "https://id.example.cn",
    "server": {"port": 8000, "workers": 1},
    "database": {"url": "postgresql+psycopg:///tongban", "pool_timeout": 3.0},
    "secrets": {"audit_key": ""},
    "limits": {"password": {"per_address_failures": 100}},
}


def round_of(**changes: Any) -> Round:
    normal = Round(operations=10, seconds=3.0, cpu=1.0, database=0.1, others=0.0, p50=0.1, p99=0.2)
    return replace(normal, **changes)


def run_of(**changes: Any) -> Run:
    good = Run(
        example=EXAMPLE,
        effective=EXAMPLE,
        operations=["refresh"],
        all_operations=["refresh"],
        peer_version="9.13.3",
        node_version="v24.19.0",
        rounds={("Tongban", "refresh"): [round_of()] * 3, ("oidc-provider", "refresh"): [round_of()] * 3},
        uncommitted=[],
        cores=(0, 1),
    )
    return replace(good, **changes)


def test_a_whole_run_with_the_example_settings_is_published() -> None:
    assert objections(run_of()) == []


def test_addresses_and_secrets_may_differ() -> None:
    effective = EXAMPLE | {
        "issuer": "https://other.example.cn",
        "server": {"port": 1, "workers": 1},
        "database": {"url": "x", "pool_timeout": 3.0},
        "secrets": {"audit_key": "k", "file": "f"},
    }
    assert objections(run_of(effective=effective)) == []


@pytest.mark.parametrize(
    ("section", "value", "name"),
    [
        ("limits", {"password": {"per_address_failures": 0}}, "limits.password.per_address_failures"),
        ("server", {"port": 8000, "workers": 4}, "server.workers"),
        ("database", {"url": "x", "pool_timeout": 9.0}, "database.pool_timeout"),
        ("audit", {"off": True}, "audit.off"),
    ],
)
def test_any_other_setting_that_differs_is_an_objection(section: str, value: object, name: str) -> None:
    assert objections(run_of(effective=EXAMPLE | {section: value})) == [
        f"setting {name} is not that of the production example"
    ]


def test_differences_name_leaves_on_either_side() -> None:
    assert differences({"a": {"b": 1, "c": 2}}, {"a": {"b": 1, "d": None}, "e": [1]}) == ["a.c", "a.d", "e"]


def test_only_listed_names_may_differ() -> None:
    assert may_differ("secrets.field_keys")
    assert not may_differ("secretsfile")
    assert not may_differ("tokens.access")


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"operations": []}, "refresh was not measured"),
        ({"peer_version": "8.0.0"}, "the peer is 8.0.0"),
        ({"node_version": "v20.20.2"}, "Node.js v20.20.2"),
        ({"uncommitted": ["idp/lane.py"]}, "idp/lane.py is not committed"),
        ({"cores": (1, 1)}, "share a core"),
        ({"rounds": {("Tongban", "refresh"): [round_of()] * 2}}, "2 rounds"),
        ({"rounds": {("Tongban", "refresh"): [round_of(seconds=0.5)] * 3}}, "shorter than 1 s"),
        (
            {"rounds": {("Tongban", "refresh"): [round_of(), round_of(others=0.6), round_of(others=0.9)]}},
            "others took 20%",
        ),
    ],
)
def test_a_poor_run_is_not_published(changes: dict[str, Any], expected: str) -> None:
    [only] = objections(run_of(**changes))
    assert expected in only


def test_a_folder_without_history_is_not_published(tmp_path: Path) -> None:
    assert uncommitted(tmp_path) == ["this tree (it is no git checkout)"]
