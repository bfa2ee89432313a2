"""The client of face-check vendors and banks: what is signed for this order counts, and nothing nearly like it."""

import base64
import hashlib
import json
import re
import socket
import time
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jws
from joserfc.jwk import ECKey, OctKey, RSAKey

from adapters.providers.check import HttpCheckVendor, Pinned, subject
from adapters.providers.http import signature
from adapters.providers.register import Patience, encode
from idp.accounts.documents import DocumentType
from idp.checks.ports import CheckOrder, Heard, Judged, Opened, Pending
from idp.checks.rules import CheckPurpose, Refusal, Variant
from idp.proofing.ports import Unavailable, UnavailableReason
from tests.providers.conftest import IMPATIENT, answering
from tests.providers.test_sms_client import read_request

SECRET = "a-face-key-of-the-provider-tests-0123456789"
KEY = ECKey.generate_key("P-256", {"kid": "v1", "alg": "ES256"})
OTHER = ECKey.generate_key("P-256", {"kid": "v1", "alg": "ES256"})
RSA = RSAKey.generate_key(2048, {"kid": "v2", "alg": "RS256"})
PUBLIC = json.dumps({"keys": [key.as_dict(private=False) for key in (KEY, RSA)]})
PINNED = Pinned(
    "face",
    "https://vendor.example",
    "https://idp.example",
    PUBLIC,
    ("https://pages.example", "http://localhost:8009"),
    0.8,
)
ORDER = CheckOrder(
    reference="chk_1",
    purpose=CheckPurpose.ACTIVATION,
    name="欧阳清岚",
    document_type=DocumentType.RESIDENT_ID,
    number="430105199003070011",
    nonce="n" * 32,
    return_url="https://idp.example/checks/chk_1/back",
    locale="zh-CN",
    variant=Variant.REDIRECT,
)
NOW = 1_790_000_000
GOOD: dict[str, Any] = {
    "iss": "https://vendor.example",
    "aud": "https://idp.example",
    "iat": NOW,
    "jti": "r1",
    "reference": "chk_1",
    "transaction": "t1",
    "nonce": ORDER.nonce,
    "purpose": "activation",
    "subject": subject(ORDER),
    "pass": True,
    "score": 0.97,
    "liveness": ["shake"],
    "reason": None,
}
CALLBACK: dict[str, Any] = {
    "iss": "https://vendor.example",
    "aud": "https://idp.example",
    "iat": NOW,
    "jti": "c1",
    "reference": "chk_1",
    "transaction": "t1",
    "event": "judged",
}
MALFORMED = Unavailable(UnavailableReason.MALFORMED_ANSWER)
UNSIGNED = Unavailable(UnavailableReason.ANSWER_UNSIGNED)
SWAPPED = Unavailable(UnavailableReason.ANSWER_SWAPPED)


def vendor(url: str = "http://127.0.0.1:1", pinned: Pinned = PINNED, **patience: float) -> HttpCheckVendor:
    limits = Patience(**{"breaker_failures": 1000, **patience})  # type: ignore[arg-type]
    return HttpCheckVendor(
        url,
        SECRET,
        pinned,
        callback_url="https://idp.example/hooks/face",
        patience=limits,
        clock=time.time if url != "http://127.0.0.1:1" else lambda: float(NOW),
    )


def token(claims: dict[str, Any] | str, *, key: Any = KEY, **header: Any) -> str:
    head = {"alg": key.alg, "kid": key.kid, "typ": "face-result+jwt"} | header
    text = claims if isinstance(claims, str) else json.dumps(claims)
    return jws.serialize_compact(head, text.encode(), key, algorithms=[head["alg"]], registry=_ANY)


_ANY = jws.JWSRegistry(algorithms=["ES256", "RS256", "HS256"], strict_check_header=False)


def judged(result: str, pinned: Pinned = PINNED) -> object:
    """What the client makes of a signed answer that holds ``result``; None is no answer of the contract."""
    return vendor(pinned=pinned)._fetched(ORDER, "t1", {"status": "done", "result": result})


def test_a_result_for_this_order_passes_and_keeps_what_evidence_needs() -> None:
    result = token(GOOD)
    digest = hashlib.sha256(result.encode()).hexdigest()
    assert judged(result) == Judged(passed=True, reason=None, score=970, digest=digest, judged_at=NOW)
    assert isinstance(judged(token(GOOD, key=RSA)), Judged)


def test_the_subject_is_the_documented_digest() -> None:
    text = f"欧阳清岚|resident_id|430105199003070011|{ORDER.nonce}".encode()
    assert subject(ORDER) == base64.urlsafe_b64encode(hashlib.sha256(text).digest()).rstrip(b"=").decode()


@pytest.mark.parametrize(
    "changes", [{"pass": False, "reason": "not_alive"}, {"score": 0.79}, {"score": 0}, {"score": None}], ids=str
)
def test_what_is_no_clear_yes_has_not_passed(changes: dict[str, Any]) -> None:
    found = judged(token(GOOD | changes))
    assert isinstance(found, Judged)
    assert (found.passed, found.reason) == (False, Refusal.NOT_PASSED)


def test_a_result_without_a_score_passes_only_where_none_is_asked_for() -> None:
    found = judged(token(GOOD | {"score": None}), replace(PINNED, least_score=0))
    assert isinstance(found, Judged)
    assert (found.passed, found.score) == (True, None)


@pytest.mark.parametrize(
    "changes",
    [
        {"pass": "true"},
        {"pass": "false"},
        {"pass": 1},
        {"pass": None},
        {"score": "0.97"},
        {"score": True},
        {"score": 1.01},
        {"score": 10**400},
        {"score": -0.1},
        {"score": [0.97]},
        {"liveness": "shake"},
        {"liveness": [1]},
        {"reason": 1},
        {"iat": str(NOW)},
        {"iat": NOW + 0.5},
        {"iat": True},
        {"jti": ""},
        {"image": "…"},
    ],
    ids=str,
)
def test_what_differs_from_the_contract_by_a_letter_is_no_result(changes: dict[str, Any]) -> None:
    assert judged(token(GOOD | changes)) is None


@pytest.mark.parametrize("name", GOOD)
def test_a_result_lacks_no_claim(name: str) -> None:
    assert judged(token({claim: value for claim, value in GOOD.items() if claim != name})) is None


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"score": 0.97', '"score": NaN'),
        ('"score": 0.97', '"score": Infinity'),
        ('"score": 0.97', '"score": 1e999'),
        ('"pass": true', '"pass": false, "pass": true'),
        ("{", "[{"),
        ("}", "}{}"),
    ],
)
def test_only_strict_json_is_read(old: str, new: str) -> None:
    text = json.dumps(GOOD)
    assert judged(token(text)) is not None
    assert judged(token(text.replace(old, new))) is None


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "https://other.example"},
        {"aud": "https://other.example"},
        {"aud": ["https://idp.example"]},
        {"reference": "chk_2"},
        {"transaction": "t2"},
        {"nonce": "m" * 32},
        {"purpose": "sign_in"},
        {"subject": subject(replace(ORDER, number="430105199003070012"))},
        {"subject": subject(replace(ORDER, name="欧阳清风"))},
    ],
    ids=str,
)
def test_a_result_for_anything_else_is_none_for_this(changes: dict[str, Any]) -> None:
    assert judged(token(GOOD | changes)) == SWAPPED


@pytest.mark.parametrize(
    ("made", "stale"),
    [
        (-600, False),
        (-601, True),
        (60, False),
        (61, True),
        (-3600, True),
        pytest.param(10**400, True, id="400 digits"),
    ],
)
def test_a_result_is_fresh(made: int, stale: bool) -> None:
    found = judged(token(GOOD | {"iat": NOW + made}))
    assert (found == Unavailable(UnavailableReason.ANSWER_STALE)) is stale


def forged() -> dict[str, str]:
    head = {"kid": "v1", "typ": "face-result+jwt"}
    good = token(GOOD)
    first, payload, signed = good.split(".")

    def unsigned(alg: str) -> str:
        return (
            base64.urlsafe_b64encode(json.dumps(head | {"alg": alg}).encode()).rstrip(b"=").decode() + "." + payload
        )

    hmac_by_public = OctKey.import_key(json.dumps(KEY.as_dict(private=False)), {"kid": "v1", "alg": "HS256"})
    return {
        "another key": token(GOOD, key=OTHER),
        "an unknown kid": token(GOOD, kid="v9"),
        "the kid of another key": token(GOOD, kid="v2"),
        "alg none": unsigned("none") + ".",
        "alg none with a signature": unsigned("none") + "." + signed,
        "HMAC by the public key": token(GOOD, key=hmac_by_public),
        "the type of a callback": token(GOOD, typ="face-callback+jwt"),
        "the type of a bank": token(GOOD, typ="bank-result+jwt"),
        "a critical header": token(GOOD, crit=["kid"]),
        "a key of its own": token(GOOD, jwk=OTHER.as_dict(private=False)),
        "no signature": first + "." + payload,
        "cut": good[:-10],
        "another spelling": good + "=",
        "a blank": " " + good,
        "too long": token(GOOD | {"reason": "x" * 9000}),
        "nothing": "",
        "another payload": token(GOOD | {"pass": False}).rpartition(".")[0] + "." + signed,
    }


@pytest.mark.parametrize("how", forged())
def test_a_forged_result_says_nothing(how: str) -> None:
    assert judged(forged()[how]) == UNSIGNED


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


@given(change=st.dictionaries(st.sampled_from(sorted(GOOD)), json_values, min_size=1))
def test_no_signed_value_makes_the_client_fail_or_believe_more(change: dict[str, Any]) -> None:
    claims = GOOD | change
    found = judged(token(claims))
    if isinstance(found, Judged) and found.passed:
        assert claims["pass"] is True
        assert 0.8 <= claims["score"] <= 1
        assert all(
            claims[name] == GOOD[name] for name in ("iss", "aud", "nonce", "purpose", "subject", "transaction")
        )


@given(answer=json_values | st.fixed_dictionaries({"status": json_values, "result": json_values}))
def test_no_answer_at_all_passes_without_a_signed_result(answer: object) -> None:
    found = vendor()._fetched(ORDER, "t1", answer if isinstance(answer, dict) else {})
    assert not (isinstance(found, Judged) and found.passed)


@given(text=st.text(max_size=40), body=st.binary(max_size=40))
def test_no_text_makes_the_client_fail(text: str, body: bytes) -> None:
    assert judged(text) == UNSIGNED
    assert vendor().hear({"content-type": text}, body, now=NOW) is None
    assert vendor().hear({"content-type": "application/jwt"}, body, now=NOW) is None


def test_what_waits_and_what_was_left_is_understood() -> None:
    assert vendor()._fetched(ORDER, "t1", {"status": "pending"}) == Pending()
    gone = vendor()._fetched(ORDER, "t1", {"status": "abandoned"})
    assert gone == Judged(passed=False, reason=Refusal.ABANDONED, score=None, digest="", judged_at=NOW)
    assert vendor()._fetched(ORDER, "t1", {"status": "pending", "result": "x"}) is None
    assert vendor()._fetched(ORDER, "t1", {"status": "done"}) is None


# -- opening

OPENED: dict[str, Any] = {
    "transaction": "t1",
    "url": "https://pages.example/check/1",
    "sdk_token": None,
    "expires_at": NOW + 600,
}


def opened(variant: Variant = Variant.REDIRECT, **changes: Any) -> object:
    return vendor()._opened(variant, OPENED | changes)


def test_a_vendor_sends_people_to_its_own_pages_or_gives_a_token() -> None:
    assert opened() == Opened("t1", "https://pages.example/check/1", None)
    assert opened(url="http://localhost:8009/f?a=b#c") == Opened("t1", "http://localhost:8009/f?a=b#c", None)
    assert opened(Variant.SDK, url=None, sdk_token="tok") == Opened("t1", None, "tok")


@pytest.mark.parametrize(
    "url",
    [
        "https://elsewhere.example/check",
        "https://pages.example",
        "https://pages.example.evil.example/",
        "https://pages.example@evil.example/",
        "https://pages.example:444/",
        "https://pages.example\\@evil.example/",
        "https://pages.example/\\evil",
        "https://pages.example/ x",
        "https://pages.example/\r\nX: y",
        "http://pages.example/",
        "HTTPS://PAGES.EXAMPLE/",
        "//pages.example/",
        "javascript:alert(1)//https://pages.example/",
        "https://pages.example/" + "x" * 2048,
        "",
        7,
        ["https://pages.example/"],
    ],
)
def test_nobody_is_sent_anywhere_else(url: object) -> None:
    assert opened(url=url) is None


@pytest.mark.parametrize(
    "changes",
    [
        {"url": None},
        {"url": None, "sdk_token": "tok"},
        {"sdk_token": "tok"},
        {"transaction": ""},
        {"transaction": "a b"},
        {"transaction": 1},
        {"expires_at": NOW},
        {"expires_at": str(NOW + 600)},
        {"expires_at": True},
        {"more": 1},
    ],
    ids=str,
)
def test_an_opening_is_of_the_variant_and_the_form_asked_for(changes: dict[str, Any]) -> None:
    assert opened(**changes) is None


def test_software_gets_a_token_and_no_address() -> None:
    assert opened(Variant.SDK) is None
    assert opened(Variant.SDK, sdk_token="tok") is None
    assert opened(Variant.SDK, url=None, sdk_token="a b") is None


# -- callbacks


def heard(body: dict[str, Any], *, at: int = NOW, secret: str = SECRET) -> object:
    content = json.dumps(body).encode()
    headers = {
        "content-type": "application/json",
        "tongban-timestamp": str(at),
        "tongban-signature": signature(secret, at, content),
    }
    return vendor().hear(headers, content, now=NOW)


def heard_jws(claims: dict[str, Any], **header: Any) -> object:
    body = token(claims, **{"typ": "face-callback+jwt", **header}).encode()
    return vendor().hear({"content-type": "Application/JWT; charset=us-ascii"}, body, now=NOW)


PLAIN = {"id": "c1", "reference": "chk_1", "transaction": "t1", "event": "judged"}


def test_a_callback_is_heard_in_both_forms() -> None:
    assert heard(PLAIN) == Heard("c1", "chk_1", "t1")
    assert heard_jws(CALLBACK) == Heard("c1", "chk_1", "t1")


def test_a_callback_that_is_not_signed_or_not_fresh_is_not_heard() -> None:
    content = json.dumps(PLAIN).encode()
    assert vendor().hear({}, content, now=NOW) is None
    assert heard(PLAIN, secret="another-secret-of-more-than-32-characters") is None
    assert heard(PLAIN, at=NOW - 301) is None
    assert heard(PLAIN, at=NOW + 301) is None
    assert heard_jws(CALLBACK, key=OTHER) is None
    assert heard_jws(CALLBACK, typ="face-result+jwt") is None
    assert heard_jws(CALLBACK | {"iat": NOW - 301}) is None
    assert heard_jws(CALLBACK | {"iat": NOW + 301}) is None
    assert heard_jws(CALLBACK | {"iat": 10**400}) is None
    assert heard_jws(CALLBACK | {"aud": "https://other.example"}) is None
    assert heard_jws(CALLBACK | {"iss": "https://other.example"}) is None


@pytest.mark.parametrize(
    "changes", [{"event": "passed"}, {"reference": "a b"}, {"transaction": ""}, {"result": "…"}, {"reference": None}]
)
def test_a_callback_says_no_more_than_that_there_is_a_result(changes: dict[str, Any]) -> None:
    assert heard(PLAIN | changes) is None
    assert heard_jws(CALLBACK | changes) is None


def test_a_callback_has_a_name() -> None:
    assert heard(PLAIN | {"id": ""}) is None
    assert heard(PLAIN | {"id": 1}) is None
    assert heard_jws(CALLBACK | {"jti": ""}) is None


# -- over HTTP


def test_the_question_is_exactly_the_contracts_and_the_answer_is_signed() -> None:
    asked: list[bytes] = []

    def converse(connection: socket.socket) -> None:
        head, _, body = read_request(connection).partition(b"\r\n\r\n")
        asked.extend((head, body))
        echo = {"reference": "chk_1", "question": hashlib.sha256(body).hexdigest()}
        content = json.dumps(echo | OPENED | {"expires_at": int(time.time()) + 600}).encode()
        now = int(time.time())
        signed = f"Tongban-Timestamp: {now}\r\nTongban-Signature: {signature(SECRET, now, content)}"
        connection.sendall(f"HTTP/1.1 200 OK\r\n{signed}\r\n\r\n".encode() + content)

    with answering(converse) as url:
        assert vendor(url).open(ORDER) == Opened("t1", "https://pages.example/check/1", None)
    assert asked[0].startswith(b"POST /sms/transactions ")
    assert json.loads(asked[1]) == {
        "reference": "chk_1",
        "purpose": "activation",
        "name": "欧阳清岚",
        "document_type": "resident_id",
        "number": "430105199003070011",
        "nonce": ORDER.nonce,
        "return_url": ORDER.return_url,
        "callback_url": "https://idp.example/hooks/face",
        "locale": "zh-CN",
        "variant": "redirect",
    }
    assert asked[1] == encode(json.loads(asked[1]))


def test_a_vendor_that_holds_the_line_is_let_go_and_then_left_alone() -> None:
    def silent(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.recv(1)

    with answering(silent) as url:
        client = vendor(url, timeout=IMPATIENT, breaker_failures=1, breaker_pause=60)
        assert client.fetch(ORDER, "t1") == Unavailable(UnavailableReason.TIMEOUT)
        assert client.fetch(ORDER, "t1") == Unavailable(UnavailableReason.CIRCUIT_OPEN, 60)


def test_forged_results_count_against_the_vendor() -> None:
    def converse(connection: socket.socket) -> None:
        _, _, body = read_request(connection).partition(b"\r\n\r\n")
        echo = {"reference": "chk_1", "question": hashlib.sha256(body).hexdigest()}
        content = json.dumps(echo | {"status": "done", "result": token(GOOD, key=OTHER)}).encode()
        now = int(time.time())
        signed = f"Tongban-Timestamp: {now}\r\nTongban-Signature: {signature(SECRET, now, content)}"
        connection.sendall(f"HTTP/1.1 200 OK\r\n{signed}\r\n\r\n".encode() + content)

    with answering(converse) as url:
        client = vendor(url, breaker_failures=1, breaker_pause=60)
        assert client.fetch(ORDER, "t1") == UNSIGNED
        assert client.fetch(ORDER, "t1") == Unavailable(UnavailableReason.CIRCUIT_OPEN, 60)


# -- configuration


@pytest.mark.parametrize(
    "keys",
    [
        "",
        "{}",
        '{"keys":[]}',
        json.dumps({"keys": [KEY.as_dict(private=True)]}),
        json.dumps({"keys": [OctKey.generate_key(256, {"kid": "v1", "alg": "HS256"}).as_dict()]}),
        json.dumps({"keys": [{**KEY.as_dict(private=False), "alg": "HS256"}]}),
        json.dumps({"keys": [KEY.as_dict(private=False), OTHER.as_dict(private=False)]}),
    ],
)
def test_keys_that_pin_nothing_stop_the_start(keys: str) -> None:
    with pytest.raises(ValueError, match="keys"):
        vendor(pinned=replace(PINNED, keys=keys))


@pytest.mark.parametrize(
    "page", ["http://pages.example", "https://pages.example/", "https://u@pages.example", "pages.example", "https://"]
)
def test_pages_are_https_origins(page: str) -> None:
    with pytest.raises(ValueError, match="pages"):
        vendor(pinned=replace(PINNED, pages=(page,)))


def test_no_repr_tells_a_secret_or_a_person() -> None:
    shown = f"{vendor()!r} {PINNED!r} {ORDER!r} {opened()!r}"
    assert not re.search("欧阳|430105|a-face-key|/check/1", shown)
