"""The step-up challenge of RFC 9470: what is written, what is read, and when it is due."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.departments.challenge import read_challenge, require_level, step_up_challenge
from adapters.departments.errors import ConfigurationError
from adapters.departments.levels import Demand, demand

from .fake_provider import START

INSUFFICIENT = 'error="insufficient_user_authentication"'
PERSON = {"acr": "urn:tongban:ial:2:aal:1", "ial": 2, "aal": 1, "auth_time": START - 300}


def test_the_challenge_is_written_as_the_rfc_shows_it() -> None:
    assert step_up_challenge(demand(("ial:2", "urn:tongban:ial:2:aal:2"), max_age=300)) == (
        'Bearer error="insufficient_user_authentication", error_description="A stronger or newer sign-in is needed",'
        ' acr_values="urn:tongban:ial:2 urn:tongban:ial:2:aal:2", max_age="300"'
    )
    assert "max_age" not in step_up_challenge(demand("aal:2"))
    assert "acr_values" not in step_up_challenge(demand(max_age=0))
    assert 'max_age="0"' in step_up_challenge(demand(max_age=0))


def test_quotes_and_backslashes_in_a_value_are_escaped() -> None:
    asked = demand(('a"b', "c\\d"))
    assert r'acr_values="a\"b c\\d"' in step_up_challenge(asked)
    assert read_challenge(step_up_challenge(asked)) == asked


values = st.text(alphabet=st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=1, max_size=12)
foreign = values.filter(lambda text: not text.startswith(("ial:", "aal:", "urn:tongban:")))


@settings(deadline=None)
@given(st.lists(foreign, max_size=4), st.none() | st.integers(0, 9_999_999_999))
def test_what_is_written_is_read_back(wanted: list[str], max_age: int | None) -> None:
    asked = Demand(tuple(wanted), max_age=max_age)
    assert read_challenge(step_up_challenge(asked)) == (asked if wanted or max_age is not None else None)


@pytest.mark.parametrize(
    ("header", "asked"),
    [
        (f"Bearer {INSUFFICIENT}, max_age=5", demand(max_age=5)),
        (f"bearer {INSUFFICIENT} , ACR_Values = phr", demand("phr")),
        (f'Bearer realm="a, b", {INSUFFICIENT}, acr_values="ial:2  ial:3"', None),
        (f'Bearer acr_values="ial:2 aal:3", {INSUFFICIENT}', demand(("ial:2", "aal:3"))),
        (f'Basic realm="x", Bearer {INSUFFICIENT}, max_age="60"', demand(max_age=60)),
        (f'Negotiate a87421000492aa8==, Bearer {INSUFFICIENT}, max_age="60"', demand(max_age=60)),
        (f'Bearer {INSUFFICIENT}, max_age="60", DPoP algs="ES256", error="other"', demand(max_age=60)),
        (f'Bearer error="invalid_token", Bearer {INSUFFICIENT}, max_age="60"', demand(max_age=60)),
        ("Bearer", None),
        ('Bearer error="invalid_token", max_age="60"', None),
        (f"Bearer {INSUFFICIENT}", None),
        (f'DPoP {INSUFFICIENT}, max_age="60"', None),
        (f'Bearer {INSUFFICIENT}, max_age="-1"', None),
        (f'Bearer {INSUFFICIENT}, max_age="soon"', None),
        (f'Bearer {INSUFFICIENT}, max_age="٣"', None),
        (f'Bearer {INSUFFICIENT}, max_age="1", max_age="2"', None),
        (f'Bearer {INSUFFICIENT}, acr_values="urn:tongban:ial:9"', None),
        (f'Bearer {INSUFFICIENT}, acr_values="open', None),
        (f"{INSUFFICIENT}, max_age=5", None),
        ("", None),
    ],
)
def test_a_header_is_read_by_the_grammar_of_http(header: str, asked: Demand | None) -> None:
    assert read_challenge(header) == asked


@settings(deadline=None)
@given(st.text(alphabet='Bearer ="\\,\tx1-', max_size=60) | st.text(max_size=60))
def test_no_header_breaks_the_reader(header: str) -> None:
    assert read_challenge(header) is None
    read_challenge(f'Bearer {INSUFFICIENT}, max_age="1", {header}')


def test_a_header_without_end_is_not_read() -> None:
    assert read_challenge(f'Bearer {INSUFFICIENT}, max_age="1", x="{"a" * 9000}"') is None


@pytest.mark.parametrize(
    ("level", "max_age", "met"),
    [
        ((), None, True),
        ("ial:2", None, True),
        ("ial:3", None, False),
        ("aal:2", None, False),
        (("aal:2", "ial:1"), None, True),
        ("urn:tongban:ial:2:aal:2", None, False),
        ((), 300, True),
        ((), 240, True),
        ((), 239, False),
        ("ial:2", 300, True),
        ("ial:2", 60, False),
        ("ial:3", 300, False),
    ],
)
def test_levels_and_age_of_a_token_are_judged_together(
    level: str | tuple[str, ...], max_age: int | None, met: bool
) -> None:
    challenge = require_level(PERSON, level, max_age, now=START)
    assert (challenge is None) is met
    assert challenge is None or read_challenge(challenge) == demand(level, max_age=max_age)


@pytest.mark.parametrize("auth_time", [None, True, str(START), []])
def test_a_token_that_does_not_say_when_is_never_fresh(auth_time: object) -> None:
    assert require_level(PERSON | {"auth_time": auth_time}, max_age=9_000_000_000, now=START)


def test_acr_alone_opens_nothing_and_a_clients_own_token_is_nobody() -> None:
    assert require_level({"acr": "urn:tongban:ial:4:aal:3"}, "ial:2", now=START)
    assert require_level({"sub": "machine", "client_id": "machine"}, max_age=60, now=START)


def test_an_api_that_demands_an_impossible_level_learns_so_at_once() -> None:
    with pytest.raises(ConfigurationError):
        require_level(PERSON, "ial:7", now=START)
