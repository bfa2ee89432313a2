"""SM2 of the stand-in CA against the standard's example, and against what is no signature."""

import pytest

from adapters.sandbox import der, sm2

SECRET = 0x3945208F7B2144B13F36E38AC6D39F95889393692860B51A42FB81EF4DF7C5B8
POINT = bytes.fromhex(
    "0409f9df311e5421a150dd7d161e4bc5c672179fad1833fc076bb08ff356f35020"
    "ccea490ce26775a52dc6ea718cc1aa600aed05fbf35e084a6632f6072da9ad13"
)
R = 0xF5A03B0648D2C4630EEAC513E1BB81A15944DA3827D5B74143AC7EACEEE720B3
S = 0xB1B6AA29DF212FD8763182BC0D421CA1BB9038FD1F7F42D4840B69C485BBC1AA
MESSAGE = b"message digest"


def written(r: int, s: int) -> bytes:
    return der.sequence(der.integer(r), der.integer(s))


def test_the_example_of_gmt_0003_5_holds() -> None:
    assert sm2.public_point(SECRET) == POINT
    assert sm2.verify(point=POINT, message=MESSAGE, signature=written(R, S))


def test_what_was_signed_verifies_under_the_same_user_id_alone() -> None:
    for user_id in (sm2.USER_ID, b""):
        signature = sm2.sign(secret=SECRET, message=MESSAGE, user_id=user_id)
        assert sm2.verify(point=POINT, message=MESSAGE, signature=signature, user_id=user_id)
        other = b"" if user_id else sm2.USER_ID
        assert not sm2.verify(point=POINT, message=MESSAGE, signature=signature, user_id=other)


@pytest.mark.parametrize(
    "signature",
    [
        written(S, R),
        written(0, S),
        written(R, sm2.N),
        written(R + sm2.N, S),
        written(R, sm2.N - R),
        written(R, S) + b"\0",
        written(R, S)[:-1],
        b"\x30\x81" + written(R, S)[1:],
        b"",
        b"\x30\x00",
    ],
)
def test_what_is_no_signature_does_not_verify(signature: bytes) -> None:
    assert not sm2.verify(point=POINT, message=MESSAGE, signature=signature)


@pytest.mark.parametrize("point", [POINT[:-1] + b"\x00", b"\x02" + POINT[1:], POINT[:-1], b"\x04" + b"\xff" * 64])
def test_a_point_that_is_none_verifies_nothing(point: bytes) -> None:
    assert not sm2.verify(point=point, message=MESSAGE, signature=written(R, S))


def test_another_message_does_not_verify() -> None:
    assert not sm2.verify(point=POINT, message=MESSAGE + b"!", signature=written(R, S))
