"""The arithmetic beneath SM2, held against the schoolbook's."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from idp.crypto import sm2_curve as curve
from tests.crypto.sm2_cases import A, B, G, N, P, Point, add, of_generator, times

SCALARS = st.one_of(st.integers(0, 40), st.integers(N - 40, N - 1), st.integers(0, N - 1))


def affine(point: curve.Jacobian) -> Point:
    x, y, z = point
    if z == 0:
        return None
    inverse = pow(z, -1, P)
    return x * inverse**2 % P, y * inverse**3 % P


def test_the_curve_is_that_of_the_standard() -> None:
    """GM/T 0003.5: the generator is on it, and of the order that is said."""
    assert (curve.P, curve.A, curve.B, curve.N, curve.G) == (P, A, B, N, G)
    assert curve.is_on_curve(*G)
    assert not curve.is_on_curve(G[0] + P, G[1])
    assert not curve.is_on_curve(G[0], G[1] + P)
    assert times(N, G) is None


@settings(max_examples=60)
@given(s=SCALARS, t=SCALARS, private=st.one_of(st.integers(1, 40), st.integers(1, N - 1)))
def test_sums_of_multiples_are_the_schoolbooks(s: int, t: int, private: int) -> None:
    point = of_generator(private)
    assert affine(curve.sum_of_multiples(s, t, point)) == add(times(s, G), times(t, point))


@pytest.mark.parametrize(
    ("s", "t", "private"), [(0, 0, 5), (5, N - 1, 5), (3, 1, N - 3), (N - 1, 1, 1), (1, 1, N - 1)]
)
def test_what_cancels_out_is_infinity(s: int, t: int, private: int) -> None:
    total = curve.sum_of_multiples(s, t, of_generator(private))
    assert affine(total) is None
    assert not curve.has_x(total, 0)
    assert not curve.has_x((0, 1, 0), 0)


@pytest.mark.parametrize("scale", [1, 2, P - 1, 2**200 + 1])
def test_a_point_meets_itself_and_its_opposite(scale: int) -> None:
    """Whatever Z it is written with."""
    x, y = of_generator(9)
    point = (x * scale**2 % P, y * scale**3 % P, scale)
    assert affine(curve.add(point, (x, y))) == of_generator(18)
    assert affine(curve.add(point, (x, P - y))) is None
    assert affine(curve.add(curve.INFINITY, (x, y))) == (x, y)
    assert affine(curve.double(curve.INFINITY)) is None


def test_x_is_compared_modulo_the_order() -> None:
    """P is larger than N: an x between them is x - N to who compares."""
    at = next(x for x in range(N, P) if pow(x**3 + A * x + B, (P - 1) // 2, P) == 1)
    y = pow(at**3 + A * at + B, (P + 1) // 4, P)
    assert curve.is_on_curve(at, y)
    for scale in (1, 7):
        point = (at * scale**2 % P, y * scale**3 % P, scale)
        assert curve.has_x(point, at)
        assert curve.has_x(point, at - N)
        assert curve.has_x(point, at + N)
        assert not curve.has_x(point, at + 1)
