"""When a message is tried again, and how every text reads."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.messages.rules import MAX_AGE, Kind, backoff, expires_at, next_try
from idp.messages.templates import PARAMS, SIGN, TEMPLATES, TemplateError, compose, render
from tests.many import for_each

LONGEST = {"code": "12345678", "minutes": "15", "time": "12-31 23:59", "tail": "1001", "date": "2027-12-31"}
LONGEST |= {"reference": "123456789012", "stop": "12345678"}
LISTS = {"office": "岳麓区政务服务中心 3 号窗口", "matters": "增值税申报、养老待遇资格认证"}
"""What names a counter and what it handles is as long as it is."""
LONGEST |= LISTS


def test_tries_are_spaced_1_2_5_15_60_300_then_every_900_seconds() -> None:
    assert [backoff(attempt) for attempt in range(1, 10)] == [1, 2, 5, 15, 60, 300, 900, 900, 900]
    with pytest.raises(ValueError, match="counted from 1"):
        backoff(0)


def test_a_row_lives_as_long_as_it_says_and_at_most_a_day() -> None:
    assert expires_at(Kind.SMS, created_at=1000) == 1000 + 86400
    assert expires_at(Kind.SMS, created_at=1000, lifetime=300) == 1300
    assert expires_at(Kind.SMS, created_at=1000, lifetime=10**9) == 1000 + 86400
    assert expires_at(Kind.NONE, created_at=1000, lifetime=300) == 1000
    assert MAX_AGE.keys() == set(Kind)


def test_the_providers_wish_is_honoured_when_it_is_later_than_ours() -> None:
    assert next_try(attempt=1, now=100, expires_at=1000) == 101
    assert next_try(attempt=1, now=100, expires_at=1000, retry_after=30) == 130
    assert next_try(attempt=5, now=100, expires_at=1000, retry_after=30) == 160


def test_a_try_that_would_come_too_late_is_not_made() -> None:
    assert next_try(attempt=6, now=100, expires_at=400) == 400
    assert next_try(attempt=6, now=101, expires_at=400) is None
    assert next_try(attempt=1, now=100, expires_at=400, retry_after=600) is None


@given(
    attempt=st.integers(1, 1000), now=st.integers(0, 2**33), left=st.integers(-10, 10**6), wish=st.integers(0, 3600)
)
def test_the_next_try_lies_ahead_and_before_the_end(attempt: int, now: int, left: int, wish: int) -> None:
    due = next_try(attempt=attempt, now=now, expires_at=now + left, retry_after=wish)
    assert due is None or now < due <= now + left


def test_a_code_outlives_three_failed_tries() -> None:
    assert sum(backoff(attempt) for attempt in (1, 2, 3)) < TEMPLATES["signin_code"].lifetime


@pytest.mark.parametrize("locale", ["zh-CN", "en"])
@for_each(TEMPLATES)
def test_every_text_starts_with_the_sign_and_holds_no_link(name: str, locale: str) -> None:
    template = TEMPLATES[name]
    text = render(name, locale=locale, params={param: LONGEST[param] for param in template.params})
    assert text.startswith(SIGN)
    assert text.count("【") == 1
    assert not any(mark in text for mark in ("http", "www.", "/", "{", "}"))
    for param in template.params:
        assert LONGEST[param] in text


@for_each(TEMPLATES)
def test_every_chinese_text_fits_one_message_of_70(name: str) -> None:
    template = TEMPLATES[name]
    text = render(name, locale="zh-CN", params={param: LONGEST[param] for param in template.params})
    own = len(text.encode("utf-16-le")) // 2 - sum(len(LISTS[param]) for param in template.params & LISTS.keys())
    assert own <= 70


@for_each(TEMPLATES)
def test_the_declared_parameters_are_the_used_ones(name: str) -> None:
    template = TEMPLATES[name]
    for text in (template.zh, template.en):
        assert {field for _, field, _, _ in string.Formatter().parse(text) if field is not None} == template.params
    assert template.params <= PARAMS.keys() == LONGEST.keys()
    assert template.name == name


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"code": "123456"},
        {"code": "123456", "minutes": "5", "name": "x"},
        {"code": "12345６", "minutes": "5"},
        {"code": "123456\n", "minutes": "5"},
        {"code": "{minutes}", "minutes": "5"},
        {"code": "123456", "minutes": "0"},
    ],
)
def test_missing_unknown_and_misshapen_parameters_are_refused(params: dict[str, str]) -> None:
    with pytest.raises(TemplateError) as refusal:
        render("signin_code", locale="zh-CN", params=params)
    assert "123456" not in str(refusal.value)


def test_an_unknown_template_is_refused() -> None:
    with pytest.raises(TemplateError, match="no template"):
        render("nothing", locale="zh-CN", params={})


@pytest.mark.parametrize(
    ("locale", "tag"), [("zh", "zh-CN"), ("zh-CN", "zh-CN"), ("en", "en"), ("en-GB", "en"), ("fr", "zh-CN")]
)
def test_a_composed_message_speaks_the_persons_language_or_chinese(locale: str, tag: str) -> None:
    message = compose(
        message_id="msg_1", to="+8613800001001", template="phone_bound", params={"time": "09-21 22:13"}, locale=locale
    )
    assert message.locale == tag
    assert ("This number" in message.text) == (tag == "en")
    assert "1001" not in repr(message)
