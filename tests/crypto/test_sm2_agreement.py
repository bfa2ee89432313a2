"""Verifiers that share no arithmetic say the same of random signatures, good and spoilt."""

import random

import pytest

from adapters.sandbox import sm2 as sandbox
from idp.crypto.sm2 import GmsslSm2, PureSm2
from tests.crypto.sm2_cases import SPOILT, good


@pytest.mark.parametrize(
    ("cases", "bases"), [(100, 20), pytest.param(10_000, 500, marks=pytest.mark.exhaustive)], ids=["some", "many"]
)
def test_verifiers_agree(cases: int, bases: int) -> None:
    """The slow one of the sandbox is asked about a hundred of them."""
    draw, pure, gmssl = random.Random(32918), PureSm2(), GmsslSm2()
    seen = {True: 0, False: 0}
    for number in range(cases):
        case, spoil = good(draw.randrange(bases)), draw.choice([None, *SPOILT]) if draw.random() < 0.6 else None
        if spoil:
            case = SPOILT[spoil](case)
        said = [case.holds(pure), case.holds(gmssl)]
        if number % (cases // 100) == 0:
            said.append(
                sandbox.verify(point=case.point, message=case.message, signature=case.signature, user_id=case.user_id)
            )
        assert set(said) == {spoil is None}, (spoil, case)
        seen[spoil is None] += 1
    assert min(seen.values()) > cases // 4
