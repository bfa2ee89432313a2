"""A challenge is one browser's, for one answer and a while, over every form of the state store."""

import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from idp.captcha.challenges import Challenges
from idp.captcha.rules import DIGITS, LENGTH, RENDERINGS
from idp.crypto.fields import FieldCipher
from idp.crypto.rings import parse_ring
from idp.db import Database
from idp.state.opening import open_store
from idp.state.store import Store
from tests.provider import keys_of

MINE, THEIRS = b"m" * 32, b"t" * 32


def cipher(letter: str) -> FieldCipher:
    return FieldCipher(parse_ring([f"{letter}:{keys_of(letter)}"], name="test"))


@pytest.fixture
def store(any_database: Database, tmp_path: Path) -> Iterator[Store]:
    sqlite = any_database.engine.dialect.name == "sqlite"
    opened = open_store(f"sqlite:///{tmp_path / 'state.db'}" if sqlite else "database", any_database, 1.0)
    yield opened
    opened.close()


@pytest.fixture
def challenges(store: Store) -> Challenges:
    return Challenges(store, cipher("f"), lifetime=300)


def digits_of(challenges: Challenges, key: str) -> str:
    found = challenges.find(key, browser=MINE)
    assert found is not None
    return found.digits


def test_digits_are_drawn_anew_for_every_challenge(challenges: Challenges) -> None:
    drawn = [digits_of(challenges, challenges.begin(browser=MINE)) for _ in range(50)]
    assert all(len(digits) == LENGTH and set(digits) <= set(DIGITS) for digits in drawn)
    assert len(set(drawn)) > 40
    assert "1" not in "".join(drawn)


@pytest.mark.parametrize("right", [True, False])
def test_an_answer_right_or_wrong_is_the_last(challenges: Challenges, right: bool) -> None:
    key = challenges.begin(browser=MINE)
    digits = digits_of(challenges, key)
    assert challenges.answer(key, digits if right else digits[:-1], browser=MINE) is right
    assert challenges.find(key, browser=MINE) is None
    assert not challenges.answer(key, digits, browser=MINE)


def test_of_answers_at_once_one_is_right(challenges: Challenges) -> None:
    for _ in range(10):
        key = challenges.begin(browser=MINE)
        digits = digits_of(challenges, key)
        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(lambda _n, k=key, d=digits: challenges.answer(k, d, browser=MINE), range(8)))
        assert Counter(answers) == {True: 1, False: 7}


def test_another_browser_can_neither_see_nor_use_it(challenges: Challenges) -> None:
    key = challenges.begin(browser=MINE)
    digits = digits_of(challenges, key)
    assert challenges.find(key, browser=THEIRS) is None
    assert not challenges.answer(key, digits, browser=THEIRS)
    assert challenges.answer(key, digits, browser=MINE)


@pytest.mark.parametrize("key", ["", "cap_nobody", "\x00", "雪" * 60])
def test_what_nobody_began_is_wrong(challenges: Challenges, key: str) -> None:
    assert challenges.find(key, browser=MINE) is None
    assert not challenges.answer(key, "", browser=MINE)


def test_its_time_ends(store: Store) -> None:
    challenges = Challenges(store, cipher("f"), lifetime=1)
    key = challenges.begin(browser=MINE)
    digits = digits_of(challenges, key)
    time.sleep(2.1)
    assert not challenges.answer(key, digits, browser=MINE)


def test_it_is_rendered_a_dozen_times(challenges: Challenges) -> None:
    key = challenges.begin(browser=MINE)
    assert [challenges.may_render(key) for _ in range(RENDERINGS + 3)] == [True] * RENDERINGS + [False] * 3


def test_the_store_does_not_hold_the_digits_in_clear(challenges: Challenges, store: Store) -> None:
    key = challenges.begin(browser=MINE)
    digits = digits_of(challenges, key)
    held = store.get("captcha", key)
    assert held is not None
    assert digits not in str(held)
    assert digits not in repr(challenges.find(key, browser=MINE))


def test_under_a_key_that_left_the_ring_it_is_gone(challenges: Challenges, store: Store) -> None:
    key = challenges.begin(browser=MINE)
    later = Challenges(store, cipher("g"), lifetime=300)
    assert later.find(key, browser=MINE) is None
    assert not later.answer(key, digits_of(challenges, key), browser=MINE)
