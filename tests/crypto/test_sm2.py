"""SM2 signatures before every verifier we have: ours, GmSSL's, and the server's by way of its stand-in."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.sandbox import sm2 as sandbox
from idp.crypto.sm2 import (
    USER_ID,
    GmsslSm2,
    PureSm2,
    Sm2Verifier,
    WellFormed,
    read_signature,
    well_formed,
    write_signature,
)
from tests.crypto.sm2_cases import (
    SPOILT,
    WELL_FORMED,
    A,
    B,
    Case,
    G,
    N,
    P,
    encoded,
    good,
    of_generator,
    openssl_vectors,
    signature,
    signed,
)
from tests.many import for_each
from tests.providers.conftest import running_sandbox

FAMILIES = ("pure", "gmssl", "server", "stand-in")
EXAMPLES = {"pure": 150, "gmssl": 150, "server": 40, "stand-in": 40}


class StandIn:
    """What the stand-in says by itself, without the checks that our client makes before it asks."""

    def verify(self, *, point: bytes, message: bytes, signature: bytes, user_id: bytes = USER_ID) -> bool:
        return sandbox.verify(point=point, message=message, signature=signature, user_id=user_id)


@pytest.fixture(scope="module")
def verifiers() -> Iterator[dict[str, Sm2Verifier]]:
    with running_sandbox() as running:
        yield dict(zip(FAMILIES, (PureSm2(), GmsslSm2(), running.sm2(), StandIn()), strict=True))


@pytest.fixture(params=FAMILIES, scope="module")
def verifier(request: pytest.FixtureRequest, verifiers: dict[str, Sm2Verifier]) -> Sm2Verifier:
    return verifiers[request.param]


STANDARD = Case(
    encoded(of_generator(0x3945208F7B2144B13F36E38AC6D39F95889393692860B51A42FB81EF4DF7C5B8)),
    b"message digest",
    signature(
        0xF5A03B0648D2C4630EEAC513E1BB81A15944DA3827D5B74143AC7EACEEE720B3,
        0xB1B6AA29DF212FD8763182BC0D421CA1BB9038FD1F7F42D4840B69C485BBC1AA,
    ),
)


def test_the_key_of_the_standards_example_is_on_the_curve() -> None:
    """GM/T 0003.5, appendix A."""
    assert STANDARD.point.hex().upper() == (
        "0409F9DF311E5421A150DD7D161E4BC5C672179FAD1833FC076BB08FF356F35020"
        "CCEA490CE26775A52DC6EA718CC1AA600AED05FBF35E084A6632F6072DA9AD13"
    )


def test_the_signature_of_the_standards_example_holds(verifier: Sm2Verifier) -> None:
    """GM/T 0003.5, appendix A."""
    assert STANDARD.holds(verifier)
    assert verifier.verify(point=STANDARD.point, message=STANDARD.message, signature=STANDARD.signature)


@pytest.mark.parametrize(("case", "valid"), [pytest.param(*rest, id=name) for name, *rest in openssl_vectors()])
def test_openssl_is_understood(verifier: Sm2Verifier, case: Case, valid: bool) -> None:
    assert case.holds(verifier) is valid


@pytest.mark.parametrize("number", range(10))
def test_what_was_signed_by_the_book_holds(verifier: Sm2Verifier, number: int) -> None:
    """GB/T 32918.2 6.1, with short and long identities and none."""
    assert good(number).holds(verifier)


@for_each(SPOILT)
def test_a_spoilt_signature_does_not_hold(spoil: str, verifier: Sm2Verifier) -> None:
    assert not SPOILT[spoil](STANDARD).holds(verifier)


@for_each(SPOILT)
def test_what_no_signer_makes_is_refused_before_anything_is_computed(
    spoil: str, capfd: pytest.CaptureFixture[str]
) -> None:
    """GmSSL would write its own lines about it, and other servers let some of it pass."""
    case = SPOILT[spoil](STANDARD)
    asked = well_formed(case.point, case.signature, case.user_id) is not None
    assert asked is (spoil in WELL_FORMED)
    assert not case.holds(GmsslSm2())
    assert bool(capfd.readouterr().err) is asked


def test_signatures_are_not_held_against_the_empty_identity_unless_it_is_named(verifier: Sm2Verifier) -> None:
    """GM/T 0009 7: the identity is 1234567812345678 where nothing else was agreed."""
    case = signed(7, b"tongban", b"")
    assert not replace(case, user_id=USER_ID).holds(verifier)
    assert case.holds(verifier)


@pytest.mark.parametrize("private", [1, 2, 3, N - 2])
def test_keys_that_meet_the_generator_are_keys(verifier: Sm2Verifier, private: int) -> None:
    """Their sums double a point, or meet its opposite."""
    case = signed(private, b"tongban")
    assert case.holds(verifier)
    assert not replace(case, message=b"tongbam").holds(verifier)


@pytest.mark.parametrize("s", [1, 5, N // 3, N - 1])
def test_numbers_whose_sum_is_infinity_do_not_hold(verifier: Sm2Verifier, s: int) -> None:
    """s G + (r + s) G = 0 when r = -2 s: no x to compare (GB/T 32918.2 7.1, step 6)."""
    assert not Case(encoded(G), b"tongban", signature(-2 * s % N, s)).holds(verifier)


@pytest.mark.parametrize("family", FAMILIES)
def test_no_bit_may_be_another(family: str, verifiers: dict[str, Sm2Verifier]) -> None:
    @settings(max_examples=EXAMPLES[family])
    @given(
        number=st.integers(0, 19),
        part=st.sampled_from(["point", "message", "signature", "user_id"]),
        at=st.integers(0, 2**16),
    )
    def flipped(number: int, part: str, at: int) -> None:
        case = good(number)
        data = bytearray(getattr(case, part))
        if data:
            data[at // 8 % len(data)] ^= 1 << at % 8
            assert not replace(case, **{part: bytes(data)}).holds(verifiers[family])

    flipped()


@pytest.mark.parametrize("family", FAMILIES)
def test_no_bytes_may_be_added_left_out_or_replaced(family: str, verifiers: dict[str, Sm2Verifier]) -> None:
    @settings(max_examples=EXAMPLES[family])
    @given(
        number=st.integers(0, 19),
        part=st.sampled_from(["point", "signature"]),
        start=st.integers(0, 73),
        gone=st.integers(0, 4),
        come=st.binary(max_size=4),
    )
    def cut(number: int, part: str, start: int, gone: int, come: bytes) -> None:
        case = good(number)
        data: bytes = getattr(case, part)
        changed = data[:start] + come + data[start + gone :]
        assert replace(case, **{part: changed}).holds(verifiers[family]) is (changed == data)

    cut()


@pytest.mark.parametrize("family", FAMILIES)
def test_no_bytes_whatever_are_an_error(family: str, verifiers: dict[str, Sm2Verifier]) -> None:
    @settings(max_examples=EXAMPLES[family])
    @given(
        point=st.one_of(st.just(STANDARD.point), st.binary(max_size=80)),
        signature=st.one_of(
            st.binary(max_size=90),
            st.builds(signature, st.integers(-(2**260), 2**260), st.integers(-(2**260), 2**260)),
            st.builds(signature, st.integers(1, N - 1), st.integers(1, N - 1)),
        ),
        user_id=st.binary(max_size=40),
    )
    def anything(point: bytes, signature: bytes, user_id: bytes) -> None:
        assert Case(point, b"tongban", signature, user_id).holds(verifiers[family]) is False

    anything()


def test_a_coordinate_is_smaller_than_the_field() -> None:
    """SEC 1 2.3.6: x + p would be another encoding of the same point, if it were let pass."""
    x = next(x for x in range(100) if pow(right_side(x), (P - 1) // 2, P) == 1)
    y = pow(right_side(x), (P + 1) // 4, P)
    assert well_formed(encoded((x, y)), signature(1, 1), USER_ID) == WellFormed((x, y), 1, 1)
    assert well_formed(encoded((x + P, y)), signature(1, 1), USER_ID) is None


def right_side(x: int) -> int:
    return (x**3 + A * x + B) % P


@given(r=st.integers(0, 2**256 - 1), s=st.integers(0, 2**256 - 1))
def test_writing_and_reading_are_one_anothers_opposite(r: int, s: int) -> None:
    assert write_signature(r, s) == signature(r, s)
    assert read_signature(signature(r, s)) == (r, s)


@given(st.binary(min_size=6, max_size=80))
def test_only_what_would_be_written_is_read(data: bytes) -> None:
    read = read_signature(data)
    assert read is None or signature(*read) == data
