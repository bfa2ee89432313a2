"""Demands: what an app may write, and when an ID token meets it."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.departments.errors import ConfigurationError
from adapters.departments.flask import Person
from adapters.departments.flask_notices import needs
from adapters.departments.levels import NOTHING, Demand, demand


@pytest.mark.parametrize(
    ("level", "claims", "met"),
    [
        ("aal:2", {"aal": 2}, True),
        ("aal:2", {"aal": 3}, True),
        ("aal:2", {"aal": 1, "acr": "urn:tongban:aal:2"}, False),
        ("aal:2", {"acr": "urn:tongban:aal:2"}, False),
        ("aal:2", {"aal": "2"}, False),
        ("aal:1", {"aal": True}, False),
        ("ial:3", {"ial": 2, "aal": 3}, False),
        ("urn:tongban:ial:3:aal:2", {"ial": 3, "aal": 1}, False),
        ("urn:tongban:ial:3:aal:2", {"ial": 4, "aal": 2}, True),
        (("ial:3", "aal:2"), {"ial": 1, "aal": 2}, True),
        ("phr", {"acr": "phr"}, True),
        ("phr", {"acr": "phrh"}, False),
        ("urn:tongban", {"ial": 4, "aal": 3}, False),
    ],
)
def test_levels_are_read_from_ial_and_aal(level: str, claims: dict[str, object], met: bool) -> None:
    assert demand(level).met_by(claims) is met


def test_no_demand_is_met_by_anybody() -> None:
    assert NOTHING.met_by({})


@pytest.mark.parametrize(
    "level", ["", "aal:0", "aal:4", "ial:5", "urn:tongban:aal:2:ial:3", "two words", "级", ("",)]
)
def test_an_impossible_level_is_an_error_at_start(level: str) -> None:
    with pytest.raises(ConfigurationError):
        demand(level)


def test_a_negative_age_is_an_error() -> None:
    with pytest.raises(ConfigurationError):
        demand(max_age=-1)


@settings(deadline=None)
@given(st.integers(1, 4), st.integers(1, 3), st.integers(0, 4), st.integers(0, 3))
def test_a_combined_level_needs_both(ial: int, aal: int, has_ial: int, has_aal: int) -> None:
    asked = demand(f"urn:tongban:ial:{ial}:aal:{aal}")
    assert asked.met_by({"ial": has_ial, "aal": has_aal}) == (has_ial >= ial and has_aal >= aal)


@pytest.mark.parametrize(
    ("asked", "zh", "en"),
    [
        (NOTHING, "", ""),
        (demand("ial:2"), "需要：核验过姓名和证件号码。", "Needed: a checked name and document number."),
        (
            demand("urn:tongban:ial:2:aal:2", max_age=60),
            "需要：核验过姓名和证件号码，并且用两种方式登录，并且刚刚重新登录。",
            "Needed: a checked name and document number, and a sign-in in two ways, and a recent sign-in.",
        ),
        (demand(("ial:4", "aal:3")), "需要：数字证书或窗口认证；或者用通行密钥或证书登录。", None),
        (demand("phr"), "需要：更高的认证等级。", "Needed: a higher level."),
    ],
)
def test_a_demand_has_words(asked: Demand, zh: str, en: str | None) -> None:
    assert needs(asked, "zh") == zh
    assert en is None or needs(asked, "en") == en


@pytest.mark.parametrize(
    ("claims", "name"),
    [
        ({}, None),
        ({"represented_status": "current", "represented": {"name": "某某公司"}}, "某某公司"),
        ({"represented_status": "register_unavailable", "represented": {"name": "某某公司"}}, None),
        ({"represented": {"name": "某某公司"}}, None),
        ({"represented_status": "current"}, None),
        ({"represented_status": ["current"], "represented": {"name": "某某公司"}}, None),
    ],
)
def test_only_a_current_entity_is_acted_for(claims: dict[str, object], name: str | None) -> None:
    person = Person(SimpleNamespace(claims=claims))  # type: ignore[arg-type]
    assert (person.represented or {}).get("name") == name


@pytest.mark.parametrize(
    ("claims", "earlier"),
    [({}, None), ({"legacy_sub": "R-0017"}, "R-0017"), ({"legacy_sub": ""}, None), ({"legacy_sub": 7}, None)],
)
def test_an_earlier_account_is_a_text_or_there_is_none(claims: dict[str, object], earlier: str | None) -> None:
    assert Person(SimpleNamespace(claims=claims)).legacy_sub == earlier  # type: ignore[arg-type]
