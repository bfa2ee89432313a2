"""What a flood may cause, and how it is told."""

import pytest

from bench.flood import BAR, JWKS, SIGN_IN, TOKEN, Seen, checked, render, summary
from bench.load import Answer, WrongAnswer
from bench.open_load import Answered, Arrival


def answered(kind: str, status: int | None, *headers: str, seconds: float = 0.01) -> Answered:
    head = "\r\n".join([f"HTTP/1.1 {status} X", *headers]).encode()
    answer = None if status is None else Answer(status, head, b"")
    return Answered(Arrival(0.0, kind, b""), answer, seconds, due_at=0.0)


@pytest.mark.parametrize(("kind", "status"), [(SIGN_IN, 303), (SIGN_IN, 422), (JWKS, 200), (TOKEN, 200)])
def test_what_serves_is_served(kind: str, status: int) -> None:
    assert checked(answered(kind, status)) == status


@pytest.mark.parametrize("kind", [SIGN_IN, JWKS, TOKEN])
@pytest.mark.parametrize("status", [429, 503])
def test_a_refusal_says_when_to_come_again(kind: str, status: int) -> None:
    assert checked(answered(kind, status, "Retry-After: 5")) == status
    for headers in ([], ["Retry-After: soon"]):
        with pytest.raises(WrongAnswer, match="when to come again"):
            checked(answered(kind, status, *headers))


@pytest.mark.parametrize(
    ("kind", "status"), [(SIGN_IN, 500), (SIGN_IN, 502), (SIGN_IN, 200), (SIGN_IN, 400), (TOKEN, 400), (JWKS, 304)]
)
def test_any_other_answer_ends_the_run(kind: str, status: int) -> None:
    with pytest.raises(WrongAnswer, match="expected"):
        checked(answered(kind, status, "Retry-After: 5"))


def test_no_answer_ends_the_run() -> None:
    with pytest.raises(WrongAnswer, match="no answer"):
        checked(answered(JWKS, None))


def test_requests_are_counted_by_kind_and_by_what_became_of_them() -> None:
    refusals = [answered(SIGN_IN, status, "Retry-After: 5", seconds=0.002) for status in (429, 503, 503)]
    found = summary([answered(SIGN_IN, 303, seconds=0.5), *refusals, answered(TOKEN, 200)])
    assert found[SIGN_IN] == Seen(4, 1, {429: 1, 503: 2}, [0.002, 0.002, 0.002, 0.5])
    assert found[TOKEN] == Seen(1, 1, {}, [0.01])


def seen(longest: float = 0.02) -> Seen:
    return Seen(4, 1, {503: 3}, [0.001, 0.002, 0.003, longest])


def phase(longest: float = 0.02) -> dict[str, Seen]:
    return {SIGN_IN: seen(), JWKS: seen(), TOKEN: seen(longest)}


def test_the_table_tells_each_kind_in_the_flood_and_without_it() -> None:
    text = render(phase(), phase(), {"date": "2026-01-02"})
    assert "| sign-in | 4 | 1 | 0 | 3 | 2.0 | 20.0 | 20.0 |" in text
    assert "| token without the flood | 4 |" in text
    assert "- date: 2026-01-02" in text


@pytest.mark.parametrize(("longest", "verdict"), [(BAR - 0.01, "1 s: met"), (BAR, "NOT MET")])
def test_the_bar_is_p99_of_what_departments_ask(longest: float, verdict: str) -> None:
    assert verdict in render(phase(), phase(longest), {})
