"""What the benchmark of certificates reports, and that its verifiers are what they say."""

import pytest

from bench import certificates, report
from bench.certificates import (
    BAR,
    GMSSL,
    PURE,
    SECTION,
    VERDICT_BAR,
    VERDICTS,
    Line,
    render,
    signatures,
    verdicts,
)
from bench.load import WrongAnswer
from bench.publishing import PAGE


@pytest.mark.parametrize(("per_second", "said"), [(BAR + 1, "met"), (BAR - 1, "NOT MET")])
def test_the_bar_is_judged_by_the_median(per_second: float, said: str) -> None:
    text = render([Line(PURE, [1.0, 1 / per_second, 1e-9]), Line(GMSSL, [0.001])], {"machine": "this"})
    assert f"pure: {said};" in text
    assert "| SM2 signature, gmssl | **1000** | 1000 | 1000 to 1000 |" in text
    assert text.endswith("- machine: this")


def test_the_page_has_a_place_for_it() -> None:
    assert f"| {PURE} |" in report.insert(PAGE.read_text(), render([Line(PURE, [0.002])], {}), SECTION)


def test_both_verifiers_are_measured() -> None:
    lines = signatures(2, 0.01)
    assert [line.operation for line in lines] == [PURE, GMSSL]
    assert all(len(line.rounds) == 2 and 0 < line.median < 1 for line in lines)


def test_a_verdict_of_each_kind_of_key_is_measured() -> None:
    lines = verdicts(1, 0.01)
    assert {line.operation for line in lines} == set(VERDICTS.values())
    assert all(0 < line.median < 1 for line in lines)


@pytest.mark.parametrize(("seconds", "said"), [(VERDICT_BAR - 0.001, "met"), (VERDICT_BAR + 0.001, "NOT MET")])
def test_the_dearest_verdict_is_judged(seconds: float, said: str) -> None:
    text = render([Line(PURE, [0.001]), *(Line(name, [seconds]) for name in VERDICTS.values())], {})
    assert f"any verdict: {said}" in text


class Nodding:
    def verify(self, **_asked: bytes) -> bool:
        return True


def test_who_nods_at_everything_is_not_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(certificates, "PureSm2", Nodding)
    with pytest.raises(WrongAnswer):
        signatures(1, 0.01)
