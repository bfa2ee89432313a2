"""For whom somebody acts: what an app may demand, and what meets it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.departments.errors import ConfigurationError
from adapters.departments.levels import demand
from adapters.departments.representing import (
    ANYBODY,
    STATUSES,
    ActingDemand,
    Power,
    acting_demand,
    acting_of,
    as_human,
    is_handle,
    kept,
)

from .fake_provider import HANDLE, acting_claims
from .test_id_token import JUNK

FILE = Power(theme="tax.filing", services=("hn-tax-01",), actions=("view", "submit"), amount="100.00")
HELD: dict[str, Any] = {
    "type": "gov_mandate",
    "theme": "tax.filing",
    "services": ["hn-tax-01"],
    "actions": ["view", "submit", "draft"],
}
CURRENT = acting_of(acting_claims(), held=[HELD])
ONESELF, CHOSEN = acting_of({}), acting_of({}, asked="select")
OVER = acting_of({"represented_status": "expired_in_session"}, asked="required")


@pytest.mark.parametrize(
    ("represent", "met"),
    [
        (None, [CURRENT, ONESELF, CHOSEN, OVER]),
        ("self", [ONESELF, CHOSEN]),
        ("select", [CURRENT, CHOSEN]),
        ("required", [CURRENT]),
        (HANDLE, [CURRENT]),
        ("rep_another000000", []),
        (FILE, [CURRENT]),
        ([FILE, Power(services=("hn-tax-01",), actions=("draft",))], [CURRENT]),
        ([FILE, Power(services=("hn-tax-02",), actions=("draft",))], []),
    ],
)
def test_each_demand_is_met_by_what_it_says_and_nothing_else(represent: Any, met: list[Any]) -> None:
    asked = acting_demand(represent)
    assert [one for one in (CURRENT, ONESELF, CHOSEN, OVER) if asked.met_by(one)] == met


@pytest.mark.parametrize(
    "changes",
    [
        {"type": "payment"},
        {"theme": "tax.refund"},
        {"services": []},
        {"services": "hn-tax-01"},
        {"actions": ["view"]},
        {"actions": None},
        {"limit": {"amount": "99.99", "currency": "CNY"}},
        {"limit": {"amount": "1000.00", "currency": "USD"}},
        {"limit": {"amount": "much", "currency": "CNY"}},
        {"limit": {"currency": "CNY"}},
        {"limit": "1000.00"},
    ],
)
def test_less_than_the_power_is_not_the_power(changes: dict[str, Any]) -> None:
    assert FILE.within([HELD])
    assert FILE.within([HELD | {"limit": {"amount": "100.00", "currency": "CNY"}}])
    assert not FILE.within([HELD | changes])
    assert not FILE.within([])


def test_several_grants_do_not_add_up_to_an_act_on_one_service() -> None:
    both = Power(services=("a", "b"), actions=("view", "submit"))
    one, other = HELD | {"services": ["a"]}, HELD | {"services": ["b"]}
    assert both.within([one, other])
    assert not both.within([one, other | {"actions": ["view"]}, other | {"actions": ["submit"]}])


@settings(deadline=None)
@given(st.fixed_dictionaries({}, optional=dict.fromkeys(("represented_status", "represented", "mandate"), JUNK)))
def test_claims_that_say_something_else_are_acting_for_nobody(claims: dict[str, Any]) -> None:
    found = acting_of(claims)
    assert not acting_demand(HANDLE).met_by(found)
    assert not acting_demand(FILE).met_by(found)
    assert found.status in (None, "current", *STATUSES)


def test_a_party_without_a_status_has_no_power() -> None:
    claims = {name: value for name, value in acting_claims().items() if name != "represented_status"}
    assert acting_of(claims).powerless


@pytest.mark.parametrize(
    "wrong", ["", "everybody", "rep_", "pty_0123456789", "rep_a b c d e f g", [FILE] * 9, ["select"], 7]
)
def test_what_is_no_demand_is_an_error_at_start(wrong: Any) -> None:
    with pytest.raises((ConfigurationError, TypeError)):
        acting_demand(wrong)


@pytest.mark.parametrize(
    "wrong",
    [
        {"actions": ()},
        {"actions": ("view",)},
        {"actions": ("view", ""), "theme": "t"},
        {"actions": "view", "theme": "t"},
        {"actions": ("view",), "theme": "t", "amount": "-1"},
        {"actions": ("view",), "theme": "t", "amount": "1e9"},
    ],
)
def test_a_power_that_asks_for_nothing_is_an_error_at_start(wrong: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError):
        Power(**wrong)


def test_oneself_with_powers_of_somebody_else_is_an_error() -> None:
    with pytest.raises(ConfigurationError):
        acting_demand("self", [FILE])


def test_a_demand_carries_for_whom_beside_the_level() -> None:
    assert demand("aal:2").acting == ANYBODY
    assert demand("aal:2", represent=FILE).acting == ActingDemand(None, (FILE,))
    assert demand(represent="required").acting.details == []


def test_authorization_details_are_those_of_rfc_9396() -> None:
    assert acting_demand(FILE).details == [
        {
            "type": "gov_mandate",
            "actions": ["view", "submit"],
            "theme": "tax.filing",
            "services": ["hn-tax-01"],
            "limit": {"amount": "100.00", "currency": "CNY"},
        }
    ]


def test_another_sign_in_keeps_for_whom_the_person_acts() -> None:
    assert kept(CURRENT) == HANDLE
    assert kept(acting_of({}, asked="self")) == kept(CHOSEN) == "self"
    assert (kept(ONESELF), kept(OVER)) == (None, None)


def test_what_is_left_once_acting_has_ended_is_the_human() -> None:
    claims = {"sub": "pw_person", "ial": 3, "verified_claims": {}, "legal_entity": {}, **acting_claims()}
    left = as_human(claims, status="expired_in_session")
    assert left == {"sub": "pw_person", "ial": 3, "represented_status": "expired_in_session"}
    assert acting_of(left).handle is None


def test_handles_have_a_form() -> None:
    assert is_handle(HANDLE)
    assert not any(is_handle(other) for other in (None, 7, "self", "rep_", f"{HANDLE} ", f"{HANDLE}\n"))
