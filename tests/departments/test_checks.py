"""Answers to checks: one for another matter, person, client, purpose or time, or used before, is refused."""

from __future__ import annotations

from typing import Any

import pytest
from joserfc.jwk import Key

from adapters.departments.checks import CheckResult, Expected, verify_check_result
from adapters.departments.errors import InvalidToken, TokenFault

from .fake_provider import CLIENT_ID, ISSUER, START, FakeProvider
from .test_id_token import SETTINGS

PROVIDER = FakeProvider()
ASKED = Expected(check="face_check", matter="YL-1", subject="pw_person", nonce="n" * 16, purpose="养老金资格认证")
CLAIMS: dict[str, Any] = {
    "iss": ISSUER, "aud": CLIENT_ID, "sub": "pw_person", "iat": START, "exp": START + 600, "jti": "cck_1",
    "check": "face_check", "matter": "YL-1", "purpose": "养老金资格认证", "nonce": "n" * 16, "time": START,
    "result": "passed",
}  # fmt: skip


def verify(token: str, *, expected: Expected = ASKED, used: set[str] | None = None, now: int = START) -> CheckResult:
    known = used if used is not None else set()

    def find_key(_kid: str | None) -> Key:
        return PROVIDER.key

    def use_once(key: str, _ends: int) -> bool:
        first = key not in known
        known.add(key)
        return first

    return verify_check_result(
        token, settings=SETTINGS, find_key=find_key, expected=expected, use_once=use_once, now=now
    )


def signed(typ: str = "check-result+jwt", **changes: Any) -> str:
    claims = {name: value for name, value in (CLAIMS | changes).items() if value is not None}
    return PROVIDER.sign(claims, typ=typ)


def test_a_true_answer_says_what_came_of_it_and_when() -> None:
    found = verify(signed())
    assert (found.passed, found.id, found.time, found.purpose) == (True, "cck_1", START, "养老金资格认证")
    assert not verify(signed(result="not_passed")).passed


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"matter": "YL-2"}, TokenFault.MATTER),
        ({"sub": "pw_other"}, TokenFault.SUBJECT),
        ({"aud": "tax"}, TokenFault.AUDIENCE),
        ({"iss": "https://other.example"}, TokenFault.ISSUER),
        ({"nonce": "m" * 16}, TokenFault.NONCE),
        ({"check": "name_check"}, TokenFault.PURPOSE),
        ({"purpose": "另一用途"}, TokenFault.PURPOSE),
        ({"exp": START - 600}, TokenFault.EXPIRED),
        ({"iat": START + 600}, TokenFault.ISSUED_AT),
        ({"result": "true"}, TokenFault.MALFORMED),
        ({"result": True}, TokenFault.MALFORMED),
        ({"jti": None}, TokenFault.TOKEN_ID),
        ({"matter": None}, TokenFault.MATTER),
        ({"typ": "JWT"}, TokenFault.TYPE),
        ({"typ": "logout+jwt"}, TokenFault.TYPE),
    ],
)
def test_an_answer_for_anything_else_is_refused(changes: dict[str, Any], fault: TokenFault) -> None:
    used: set[str] = set()
    with pytest.raises(InvalidToken) as refused:
        verify(signed(**changes), used=used)
    assert refused.value.reason is fault
    assert used == set()


def test_an_answer_is_remembered_for_as_long_as_it_would_be_taken_again() -> None:
    remembered: dict[str, int] = {}

    def use_once(key: str, until: int) -> bool:
        return remembered.setdefault(key, until) == until

    last = START + 600 + SETTINGS.leeway - 1
    for now in (START, last):
        verify_check_result(
            signed(), settings=SETTINGS, find_key=lambda _: PROVIDER.key, expected=ASKED, use_once=use_once, now=now
        )
    assert remembered["cck_1"] > last


def test_an_answer_is_used_once() -> None:
    used: set[str] = set()
    assert verify(signed(), used=used).passed
    with pytest.raises(InvalidToken) as refused:
        verify(signed(), used=used)
    assert refused.value.reason is TokenFault.REPLAYED
