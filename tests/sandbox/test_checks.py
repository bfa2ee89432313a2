"""The stand-in vendors of checks without a socket: questions, pages, what is found, and who is told."""

import base64
import hashlib
import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jws
from joserfc.jwk import KeySet
from werkzeug.test import TestResponse

from adapters.sandbox.app import create_sandbox
from adapters.sandbox.check_contract import CheckQuestion, parse_check, parse_result
from adapters.sandbox.check_magic import CHOICES, FINDINGS
from adapters.sandbox.check_prompts import STEPS
from adapters.sandbox.check_results import public_keys
from adapters.sandbox.check_store import LIFETIME, Checks, Conflict
from adapters.sandbox.contract import Refusal, sign
from adapters.sandbox.english import ENGLISH
from adapters.sandbox.settings import BANK_SECRET, FACE_SECRET, POPULATION_SECRET, ROOT, SandboxSettings
from tests.sandbox.conftest import DOCS, Time, signed
from tests.sandbox.test_registers import ask

RETURN = "http://localhost:8000/checks/chk_1/back"
QUESTION = {
    "reference": "chk_1",
    "purpose": "activation",
    "name": "欧阳清岚",
    "document_type": "resident_id",
    "number": "430105199003070011",
    "nonce": "n" * 32,
    "return_url": RETURN,
    "callback_url": "http://localhost:8000/hooks/face",
    "locale": "zh-CN",
    "variant": "redirect",
}
SECRETS = {"face": FACE_SECRET, "bank": BANK_SECRET}
Called = list[tuple[str, dict[str, str], bytes, float]]


@pytest.fixture
def called() -> Called:
    """The callbacks, in place of sending them."""
    return []


@pytest.fixture
def settings(time: Time, called: Called) -> SandboxSettings:
    def call(url: str, make: Callable[[], tuple[Any, bytes]], after: float) -> None:
        headers, body = make()
        called.append((url, dict(headers), body, after))

    return SandboxSettings(clock=lambda: time.now, pause=time.waits.append, call=call)


def opened(client: FlaskClient, time: Time, kind: str = "face", **changes: Any) -> dict[str, Any]:
    answer = ask(client, time, f"/{kind}/v1/transactions", QUESTION | changes, SECRETS[kind])
    assert answer.status_code == 200, answer.text
    return dict(answer.json)


def found(client: FlaskClient, time: Time, check: dict[str, Any], kind: str = "face") -> dict[str, Any]:
    question = {"reference": check["reference"], "transaction": check["transaction"]}
    answer = ask(client, time, f"/{kind}/v1/results", question, SECRETS[kind])
    assert answer.status_code == 200, answer.text
    return dict(answer.json)


def press(client: FlaskClient, check: dict[str, Any], do: str, **form: Any) -> TestResponse:
    return client.post(check["url"], data={"do": do, **form})


def go_through(client: FlaskClient, check: dict[str, Any], **form: Any) -> TestResponse:
    press(client, check, "begin", **form)
    for step in range(1, len(STEPS)):
        press(client, check, "did", step=step, way=0)
    return press(client, check, "did", step=len(STEPS), way=0)


def claims(token: str, kind: str = "face") -> dict[str, Any]:
    keys = KeySet.import_key_set(json.loads(public_keys(kind)))
    return dict(json.loads(jws.deserialize_compact(token, keys).payload))


def test_a_person_goes_through_the_prompts_and_back_with_nothing_in_the_address(
    client: FlaskClient, time: Time
) -> None:
    check = opened(client, time)
    assert found(client, time, check)["status"] == "pending"
    assert STEPS[0][0].text not in client.get(check["url"]).text
    press(client, check, "begin")
    assert STEPS[0][0].text in client.get(check["url"]).text
    back = go_through(client, check)
    assert (back.status_code, back.headers["Location"]) == (303, RETURN)
    said = found(client, time, check)
    assert said["status"] == "done"
    digest = hashlib.sha256(f"欧阳清岚|resident_id|430105199003070011|{'n' * 32}".encode()).digest()
    assert claims(said["result"]) | {"jti": ""} == {
        "iss": "http://localhost:8009/face",
        "aud": "http://localhost:8000",
        "iat": int(time.now),
        "jti": "",
        "reference": "chk_1",
        "transaction": check["transaction"],
        "nonce": "n" * 32,
        "purpose": "activation",
        "subject": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),
        "pass": True,
        "score": 0.97,
        "liveness": ["shake", "nod", "blink"],
        "reason": None,
    }


@pytest.mark.parametrize("step", [1, 2, 3])
def test_every_prompt_has_equivalents_that_end_without_movement_or_sight(
    client: FlaskClient, time: Time, step: int
) -> None:
    check = opened(client, time)
    press(client, check, "begin")
    for before in range(1, step):
        press(client, check, "did", step=before, way=0)
    shown = []
    for way in range(len(STEPS[0])):
        page = client.get(check["url"]).text
        shown += [prompt.text for prompt in STEPS[step - 1] if prompt.text in page]
        assert 'value="leave"' in page
        press(client, check, "other", step=step, way=way)
    assert shown == [prompt.text for prompt in STEPS[step - 1]]
    assert STEPS[step - 1][0].text in client.get(check["url"]).text  # and round again
    for one in range(step, 4):
        press(client, check, "did", step=one, way=3 if one == step else 0)
    assert "voice" in claims(found(client, time, check)["result"])["liveness"]


def test_an_old_pages_button_skips_nothing(client: FlaskClient, time: Time) -> None:
    check = opened(client, time)
    press(client, check, "did", step=3, way=0)
    press(client, check, "begin")
    for _ in range(3):
        press(client, check, "did", step=1, way=0)
    assert STEPS[1][0].text in client.get(check["url"]).text
    assert press(client, check, "anything").status_code == 400
    assert press(client, check, "did", step="９", way="x").status_code == 400
    assert found(client, time, check)["status"] == "pending"


def test_who_leaves_is_back_at_the_provider_at_once(client: FlaskClient, time: Time, called: Called) -> None:
    check = opened(client, time)
    back = press(client, check, "leave")
    assert (back.status_code, back.headers["Location"]) == (303, RETURN)
    assert found(client, time, check)["status"] == "abandoned"
    assert len(called) == 1
    over = client.get(check["url"])
    assert (over.status_code, RETURN in over.text) == (410, True)
    assert go_through(client, check).headers["Location"] != RETURN
    assert found(client, time, check)["status"] == "abandoned"


def test_a_check_ends_with_its_time(client: FlaskClient, time: Time) -> None:
    check = opened(client, time)
    assert check["expires_at"] == time.now + LIFETIME
    press(client, check, "begin")
    time.now += LIFETIME
    assert client.get(check["url"]).status_code == 410
    go_through(client, check)
    assert found(client, time, check)["status"] == "abandoned"


def test_the_bank_confirms_without_a_score(client: FlaskClient, time: Time) -> None:
    check = opened(client, time, "bank")
    assert "确认是本人" in client.get(check["url"]).text
    assert press(client, check, "did").headers["Location"] == RETURN
    said = claims(found(client, time, check, "bank")["result"], "bank")
    assert (said["iss"], said["score"], said["liveness"]) == ("http://localhost:8009/bank", None, [])
    assert client.get(check["url"].replace("/bank/", "/face/")).status_code == 404


def test_the_page_tells_no_whole_name_or_number_and_keeps_the_language(client: FlaskClient, time: Time) -> None:
    check = opened(client, time, locale="en")
    page = client.get(check["url"]).text
    assert '<html lang="en">' in page
    assert "***岚" in page
    assert "欧阳" not in page
    assert QUESTION["number"] not in page
    assert "lang=en" in press(client, check, "begin").headers["Location"]


def test_a_picture_can_go_nowhere(client: FlaskClient, time: Time) -> None:
    """Scripts may speak to the sandbox alone, whose script sends nothing; forms end here or at the provider."""
    check = opened(client, time)
    press(client, check, "begin")
    policy = client.get(check["url"]).headers["Content-Security-Policy"]
    assert "connect-src 'self'" in policy
    assert "form-action 'self' http://localhost:8000;" in policy
    script = (ROOT / "adapters" / "sandbox" / "static" / "camera.js").read_text("utf-8")
    assert not re.search(r"fetch|XMLHttp|sendBeacon|canvas|MediaRecorder|WebSocket|submit", script)


def test_software_in_an_app_finishes_a_check_by_its_token(client: FlaskClient, time: Time) -> None:
    check = opened(client, time, variant="sdk")
    assert check["url"] is None
    assert client.post("/face/v1/sdk", json={"token": "guess"}).status_code == 404
    assert client.post("/face/v1/sdk", data="[").status_code == 404
    assert client.post("/face/v1/sdk", json={"token": check["sdk_token"]}).json == {"status": "done"}
    assert client.post("/face/v1/sdk", json={"token": check["sdk_token"]}).status_code == 409
    assert found(client, time, check)["status"] == "done"
    assert opened(client, time, reference="chk_2")["sdk_token"] is None


def test_callbacks_come_in_both_forms_and_hold_no_result(client: FlaskClient, time: Time, called: Called) -> None:
    for reference in ("chk_1", "chk_2"):
        go_through(client, opened(client, time, reference=reference))
    (url, first, body, _), (_, second, token, _) = called
    assert url == QUESTION["callback_url"]
    plain = json.loads(body)
    assert plain.keys() == {"id", "reference", "transaction", "event"}
    assert first["Tongban-Signature"] == sign(FACE_SECRET, str(int(time.now)), body)
    assert second == {"Content-Type": "application/jwt"}
    said = claims(token.decode())
    assert said.keys() == {"iss", "aud", "iat", "jti", "reference", "transaction", "event"}
    assert (plain["reference"], said["reference"], said["event"]) == ("chk_1", "chk_2", "judged")


def test_a_late_result_is_late_and_twice_is_two_results(client: FlaskClient, time: Time, called: Called) -> None:
    check = opened(client, time)
    go_through(client, check, finding="late")
    assert called[0][3] == 20
    time.now += 19
    assert found(client, time, check)["status"] == "pending"
    time.now += 1
    assert claims(found(client, time, check)["result"])["iat"] == time.now
    twice = opened(client, time, reference="chk_2")
    go_through(client, twice, finding="twice")
    results = [claims(found(client, time, twice)["result"])["pass"] for _ in range(2)]
    assert results == [True, False]
    assert len({body for _, _, body, _ in called[1:]}) <= 2
    assert len(called) == 3


def test_the_same_question_again_opens_nothing_new(client: FlaskClient, time: Time) -> None:
    check = opened(client, time)
    assert opened(client, time)["url"] == check["url"]
    answer = ask(client, time, "/face/v1/transactions", QUESTION | {"nonce": "m" * 32}, FACE_SECRET)
    assert (answer.status_code, answer.json["error"]) == (409, "reference_conflict")
    bank = opened(client, time, "bank")
    assert bank["transaction"] != check["transaction"]


@pytest.mark.parametrize(
    "changes",
    [
        {"purpose": "anything"},
        {"variant": "app"},
        {"nonce": "short"},
        {"document_type": "id"},
        {"number": "x"},
        {"return_url": "http://localhost:8000.evil.example/"},
        {"return_url": "javascript:alert(1)"},
        {"callback_url": "http://elsewhere.example/hooks/face"},
        {"more": 1},
    ],
    ids=str,
)
def test_a_question_that_is_not_the_contracts_is_refused(
    client: FlaskClient, time: Time, changes: dict[str, Any]
) -> None:
    answer = ask(client, time, "/face/v1/transactions", QUESTION | changes, FACE_SECRET)
    assert (answer.status_code, answer.json["error"]) == (400, "invalid_request")


def test_each_vendor_has_a_key_of_its_own(client: FlaskClient, time: Time) -> None:
    for kind, other in (("face", BANK_SECRET), ("bank", FACE_SECRET)):
        for what in ("transactions", "results"):
            assert ask(client, time, f"/{kind}/v1/{what}", QUESTION, other).json["error"] == "bad_signature"
    check = opened(client, time)
    question = {"reference": "chk_1", "transaction": check["transaction"]}
    assert ask(client, time, "/bank/v1/results", question, BANK_SECRET).status_code == 422
    assert client.post("/car/v1/results").status_code == 404


@given(body=st.binary(max_size=60))
def test_garbage_is_a_refusal(body: bytes) -> None:
    assert isinstance(parse_check(body, key="k", issuer="http://localhost:8000"), Refusal)
    assert isinstance(parse_result(body, key="k"), Refusal)


def test_memory_is_bounded_and_the_oldest_go_first() -> None:
    known = Checks(most=2)
    question = {name: value for name, value in QUESTION.items() if name != "reference"}
    three = [known.open("face", CheckQuestion(f"chk_{n}", **question, digest="d"), now=0) for n in range(3)]
    pages = [one.page for one in three if not isinstance(one, Conflict)]
    assert [known.by_page("face", page) is not None for page in pages] == [False, True, True]


def test_numbers_are_documented_and_the_register_knows_them(client: FlaskClient, time: Time) -> None:
    page = client.get("/numbers").text
    rows = re.findall(r"^\| `(119999199001019[4-9]\w\w)` \| (.+) \| (.+) \|$", DOCS, re.MULTILINE)
    assert rows == [(one.number, ENGLISH[one.vendor], ENGLISH[one.then]) for one in FINDINGS]
    for one in FINDINGS:
        assert one.number in page
        person = {
            "reference": f"chk_{one.key}",
            "name": "任何人",
            "document_type": "resident_id",
            "number": one.number,
        }
        assert ask(client, time, "/population/v1/checks", person, POPULATION_SECRET).json["match"] is True
    assert len({one.number for one in FINDINGS}) == len(FINDINGS)


def test_every_choice_is_on_the_page_and_a_magic_number_has_chosen(client: FlaskClient, time: Time) -> None:
    magic = next(one for one in FINDINGS if one.key == "fail")
    page = client.get(opened(client, time, number=magic.number)["url"]).text
    for choice in CHOICES:
        assert f'<option value="{choice.key}"' in page
    assert '<option value="fail" selected>' in page


def test_a_sandbox_of_other_keys_takes_them_from_the_providers_variables() -> None:
    app = create_sandbox(SandboxSettings(face_secret="another-face-secret-of-more-than-32-characters"))
    body = json.dumps(QUESTION).encode()
    answer = app.test_client().post(
        "/face/v1/transactions", data=body, headers=signed(body, 1_790_000_000, key="chk_1", secret=FACE_SECRET)
    )
    assert answer.json["error"] == "bad_signature"
