"""What a list is worth at a moment, when an address is asked again, and what may be said of an issuer."""

import pytest

from idp.issuers.rules import (
    AHEAD,
    MOST_SOURCES,
    SOON,
    Declaration,
    HeldList,
    IssuerRefusal,
    ListFault,
    ListState,
    Source,
    crl_addresses,
    declaration_fault,
    effective_grace,
    held_state,
    next_try,
    source_state,
)

NOW = 1_800_000_000
PROFILES = frozenset({"gmt0015"})
GOOD = Declaration("示例机构", profile="gmt0015", crl_urls=("http://crl.example.cn/a.crl",))


@pytest.mark.parametrize(
    ("ends", "grace", "state"),
    [
        (NOW, 0, ListState.FRESH),
        (NOW - 1, 0, ListState.STALE),
        (NOW - 1, 1, ListState.GRACE),
        (NOW - 2, 1, ListState.STALE),
    ],
)
def test_a_list_counts_until_its_next_update_and_then_for_its_grace(ends: int, grace: int, state: ListState) -> None:
    assert held_state(ends, grace=grace, now=NOW) is state


def source(fault: str | None = None) -> Source:
    return Source("crs_1", "cai_1", "http://crl.example.cn", "crl_1", None, fault, 0, NOW, NOW)


HELD = HeldList("crl_1", "cai_1", "", NOW - 60, NOW + 60, 3, "0" * 64, NOW)


def test_what_was_forged_is_told_before_what_is_held() -> None:
    assert source_state(source(), HELD, grace=0, now=NOW) is ListState.FRESH
    assert source_state(source(ListFault.UNREACHABLE), HELD, grace=0, now=NOW) is ListState.FRESH
    assert source_state(source(ListFault.FORGED), HELD, grace=0, now=NOW) is ListState.FORGED
    assert source_state(source(ListFault.UNREACHABLE), None, grace=0, now=NOW) is ListState.MISSING


def due(**changes: object) -> int:
    said = {"next_update": NOW + 86400, "failures": 0, "refresh": 3600, "jitter": 0.0, "now": NOW}
    return next_try(**said | changes) - NOW  # type: ignore[arg-type]


def test_an_address_is_asked_again_after_the_interval_and_sooner_when_the_list_ends() -> None:
    assert due() == 3600
    assert due(next_update=NOW + AHEAD + 100) == 100
    assert due(next_update=NOW - 5) == SOON
    assert due(next_update=None) == SOON


def test_failures_lengthen_the_pause_up_to_the_interval() -> None:
    assert [due(failures=count) for count in (1, 2, 3, 7, 10_000)] == [60, 120, 240, 3600, 3600]


def test_jitter_takes_off_a_tenth_at_most() -> None:
    assert due(jitter=1.0) == 3240
    assert due(refresh=1, jitter=1.0) == 1


def test_settings_cut_a_grace_that_was_granted_before() -> None:
    assert effective_grace(7200, stale="grace", most=3600) == 3600
    assert effective_grace(7200, stale="grace", most=86400) == 7200
    assert effective_grace(7200, stale="refuse", most=86400) == 0


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({}, None),
        ({"title_zh": ""}, IssuerRefusal.TITLE),
        ({"title_en": "x" * 61}, IssuerRefusal.TITLE),
        ({"title_zh": "a\nb"}, IssuerRefusal.TITLE),
        ({"profile": "another"}, IssuerRefusal.PROFILE),
        ({"grace": 3601}, IssuerRefusal.GRACE),
        ({"grace": -1}, IssuerRefusal.GRACE),
        ({"crl_urls": ("ldap://ldap.example.cn/cn=a",)}, IssuerRefusal.ADDRESS),
        ({"crl_urls": ("http://a.example", "http://a.example")}, IssuerRefusal.ADDRESS),
        ({"crl_urls": tuple(f"http://a.example/{n}" for n in range(MOST_SOURCES + 1))}, IssuerRefusal.ADDRESS),
        ({"ocsp_url": "file:///etc/passwd"}, IssuerRefusal.ADDRESS),
    ],
)
def test_what_is_said_of_an_issuer_is_sound_or_refused(
    changes: dict[str, object], fault: IssuerRefusal | None
) -> None:
    said = {name: getattr(GOOD, name) for name in Declaration.__dataclass_fields__} | changes
    assert declaration_fault(Declaration(**said), profiles=PROFILES, most_grace=3600) is fault


def test_addresses_of_directories_are_left_out() -> None:
    text = "http://a.example/1.crl\r\nLDAP://b.example/cn=x?certificateRevocationList\n https://c.example/2.crl "
    assert crl_addresses(text) == ("http://a.example/1.crl", "https://c.example/2.crl")
