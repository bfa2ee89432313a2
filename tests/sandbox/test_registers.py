"""The stand-in registers without a socket: which questions they take, what they know, what is documented."""

import hashlib
import hmac
import json
import re
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.test import TestResponse

from adapters.sandbox.app import create_sandbox, main
from adapters.sandbox.contract import Refusal, check_signature
from adapters.sandbox.english import ENGLISH
from adapters.sandbox.people import load_people
from adapters.sandbox.register_contract import parse_entity, parse_person
from adapters.sandbox.register_entries import Entries, EntriesError, load_entries
from adapters.sandbox.register_magic import ENTITY_MAGIC, PERSON_MAGIC, credit_code, resident_number
from adapters.sandbox.registers import RegisterMemory
from adapters.sandbox.settings import ENTERPRISE_SECRET, POPULATION_SECRET, SandboxSettings, secrets_from
from tests.sandbox.conftest import DOCS, Time, signed

PERSON = {"reference": "chk_1", "name": "欧阳清岚", "document_type": "resident_id", "number": "430105199003070011"}
CLAIMED = {name: PERSON[name] for name in ("name", "document_type", "number")}
ENTITY: dict[str, Any] = {
    "reference": "chk_1",
    "uscc": "91430100MA0000007Q",
    "name": "长沙岳麓示例科技有限公司",
    "representative": CLAIMED,
}
KNOWN = load_entries(SandboxSettings().entries)


def documented_question() -> tuple[bytes, str, str]:
    """Body, timestamp and signature of the population register's worked example."""
    section = DOCS[DOCS.index("## Population register") : DOCS.index("## Enterprise register")]
    body = re.search(r"^(\{\"document_type\".*\})$", section, re.MULTILINE)
    assert body
    timestamps, signatures = re.findall(r"`(\d{10})`", section), re.findall(r"^v1=[0-9a-f]{64}$", section, re.M)
    return body[1].encode(), timestamps[0], signatures[0]


def ask(client: FlaskClient, time: Time, path: str, fields: dict[str, Any], secret: str) -> TestResponse:
    body = json.dumps(fields).encode()
    headers = signed(body, int(time.now), key=str(fields.get("reference")), secret=secret)
    return client.post(path, data=body, headers=headers)


def test_the_documented_question_and_answer_are_the_sandboxes(client: FlaskClient, time: Time) -> None:
    body, timestamp, signature = documented_question()
    assert (
        check_signature(
            secret=POPULATION_SECRET,
            timestamp=timestamp,
            signature=signature,
            body=body,
            now=1_790_000_001,
            window=300,
        )
        is None
    )
    time.now = 1_790_000_001
    headers = signed(body, timestamp, key="chk_01JD4Z8Q5V7K2M9X3T6B0R1WCE", secret=POPULATION_SECRET)
    assert headers["Tongban-Signature"] == signature
    answer = client.post("/population/v1/checks", data=body, headers=headers)
    section = DOCS[DOCS.index("## Population register") :]
    shown = re.search(r'^(\{"reference".*\})$', section, re.MULTILINE)
    assert shown
    assert answer.json == json.loads(shown[1])
    mac = hmac.new(POPULATION_SECRET.encode(), b"1790000001." + shown[1].encode(), hashlib.sha256)
    assert f"v1={mac.hexdigest()}" in section


def test_answers_are_signed_and_name_their_question(client: FlaskClient, time: Time) -> None:
    for path, fields, secret in (
        ("/population/v1/checks", PERSON, POPULATION_SECRET),
        ("/enterprise/v1/lookups", ENTITY, ENTERPRISE_SECRET),
    ):
        answer = ask(client, time, path, fields, secret)
        assert answer.status_code == 200
        assert answer.json["reference"] == "chk_1"
        assert answer.json["question"] == hashlib.sha256(json.dumps(fields).encode()).hexdigest()
        timestamp = answer.headers["Tongban-Timestamp"]
        mac = hmac.new(secret.encode(), timestamp.encode() + b"." + answer.data, hashlib.sha256)
        assert answer.headers["Tongban-Signature"] == f"v1={mac.hexdigest()}"
        assert int(timestamp) == time.now


def test_each_register_has_its_own_key(client: FlaskClient, time: Time) -> None:
    refused = ask(client, time, "/population/v1/checks", PERSON, ENTERPRISE_SECRET)
    assert (refused.status_code, refused.json["error"]) == (401, "bad_signature")
    assert "Tongban-Signature" not in refused.headers
    assert ask(client, time, "/enterprise/v1/lookups", ENTITY, POPULATION_SECRET).status_code == 401


def test_a_question_that_is_not_json_by_type_is_refused(client: FlaskClient, time: Time) -> None:
    body = json.dumps(PERSON).encode()
    headers = signed(body, int(time.now), key="chk_1", secret=POPULATION_SECRET) | {"Content-Type": "text/plain"}
    assert client.post("/population/v1/checks", data=body, headers=headers).status_code == 415
    assert client.get("/population/v1/checks").json["error"] == "invalid_request"


@pytest.mark.parametrize(
    "change",
    [
        {"reference": "a b"},
        {"reference": 1},
        {"name": ""},
        {"name": "x" * 101},
        {"name": None},
        {"document_type": "licence"},
        {"document_type": []},
        {"number": "43010519900307001x"},
        {"number": 430105199003070011},
        {"purpose": "x"},
    ],
)
def test_a_question_about_a_person_out_of_form_is_refused(
    client: FlaskClient, time: Time, change: dict[str, Any]
) -> None:
    refused = ask(client, time, "/population/v1/checks", PERSON | change, POPULATION_SECRET)
    assert (refused.status_code, refused.json["error"]) == (400, "invalid_request")


@pytest.mark.parametrize(
    "change",
    [
        {"uscc": "91430100MA0000007"},
        {"uscc": "91430100MA000000IO"},
        {"name": ""},
        {"name": 1},
        {"representative": "欧阳清岚"},
        {"representative": {}},
        {"representative": CLAIMED | {"role": "x"}},
        {"representative": CLAIMED | {"number": None}},
    ],
)
def test_a_question_about_an_entity_out_of_form_is_refused(
    client: FlaskClient, time: Time, change: dict[str, Any]
) -> None:
    refused = ask(client, time, "/enterprise/v1/lookups", ENTITY | change, ENTERPRISE_SECRET)
    assert (refused.status_code, refused.json["error"]) == (400, "invalid_request")


def test_the_idempotency_key_is_the_reference() -> None:
    assert isinstance(parse_person(json.dumps(PERSON).encode(), key="chk_2"), Refusal)
    assert isinstance(parse_entity(json.dumps(ENTITY).encode(), key=""), Refusal)


@given(st.binary(max_size=200))
def test_no_body_makes_the_parsers_fail(body: bytes) -> None:
    assert isinstance(parse_person(body, key="chk_1"), Refusal)
    assert isinstance(parse_entity(body, key="chk_1"), Refusal)


def test_the_memory_is_bounded_and_forgets_the_oldest() -> None:
    memory = RegisterMemory(most=2)
    assert [memory.is_one_question("p", reference, "d") for reference in "abc"] == [True] * 3
    assert memory.is_one_question("p", "a", "another")
    assert not memory.is_one_question("p", "c", "another")
    assert memory.is_one_question("e", "c", "another")
    assert [memory.times_before("n", claim) for claim in ("x", "x", "y", "z", "x")] == [0, 1, 0, 0, 0]


# -- numbers


def checked_resident(number: str) -> bool:
    """GB 11643, by its own words: the weighted sum is 1 modulo 11."""
    values = [10 if letter == "X" else int(letter) for letter in number]
    return len(number) == 18 and sum(value * 2**place for place, value in enumerate(reversed(values))) % 11 == 1


def checked_code(code: str) -> bool:
    """GB 32100 over all 18, GB 11714 over the nine inside."""
    alphabet, inner = "0123456789ABCDEFGHJKLMNPQRTUWXY", code[8:17]
    weighted = sum(int(letter, 36) * weight for letter, weight in zip(inner, (3, 7, 9, 10, 5, 8, 4, 2), strict=False))
    check = 10 if inner[8] == "X" else int(inner[8])
    outer = sum(alphabet.index(letter) * 3**place for place, letter in enumerate(code[:17])) + alphabet.index(
        code[17]
    )
    return len(code) == 18 and (weighted + check) % 11 == 0 and outer % 31 == 0


def test_the_check_digits_of_every_magic_number_hold() -> None:
    assert all(checked_resident(magic.number) for magic in PERSON_MAGIC)
    assert all(checked_code(magic.number) for magic in ENTITY_MAGIC)
    for order in range(100):
        assert checked_resident(resident_number(order))
        assert checked_code(credit_code(order))


def test_the_check_digits_of_whoever_is_known_hold() -> None:
    for person in KNOWN.people:
        assert person.document_type == "passport" or checked_resident(person.number)
    assert all(checked_code(entity.uscc) for entity in KNOWN.enterprises)
    numbers = {(person.document_type, person.number) for person in KNOWN.people}
    assert len(numbers) == len(KNOWN.people)
    assert not {number for _, number in numbers} & {magic.number for magic in PERSON_MAGIC}
    for entity in KNOWN.enterprises:
        assert {(document_type, number) for _, document_type, number, _ in entity.people} <= numbers


def test_the_demo_people_and_every_kind_are_known() -> None:
    assert {person.name for person in load_people(SandboxSettings().people)} <= {one.name for one in KNOWN.people}
    assert {one.document_type for one in KNOWN.people} >= {"resident_id", "passport", "permanent_residence"}
    assert any(one.status == "deceased" for one in KNOWN.people)
    assert {one.status for one in KNOWN.enterprises} == {"active", "cancelled", "revoked", "moved"}
    assert len({one.entity_type for one in KNOWN.enterprises}) == 9
    for one in (*KNOWN.people, *KNOWN.enterprises):
        assert one.zh
        assert one.en


# -- files and documentation


def test_a_missing_file_of_entries_leaves_everybody_unknown(tmp_path: Path, time: Time) -> None:
    app = create_sandbox(SandboxSettings(entries=tmp_path / "none.toml", clock=lambda: time.now))
    answer = ask(app.test_client(), time, "/population/v1/checks", PERSON, POPULATION_SECRET)
    assert answer.json["found"] is False
    assert app.extensions["sandbox_entries"] == Entries()


@pytest.mark.parametrize(
    "text",
    ["person = 1 2", "[[person]]\nx = 1", b"\xff", "person = 1", "[[enterprise]]\npeople = [['a']]", "[[person]]"],
)
def test_files_of_entries_out_of_form_are_refused_with_a_reason(tmp_path: Path, text: str | bytes) -> None:
    broken = tmp_path / "registers.toml"
    broken.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(EntriesError, match=r"registers\.toml"):
        load_entries(broken)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('status = "alive"', 'status = "Alive"'),
        ('document_type = "passport"', 'document_type = "visa"'),
        ('valid_to = "2040-05-31"', 'valid_to = "soon"'),
        ('status = "revoked"', 'status = "gone"'),
        ('"sole_trader"]', '"owner"]'),
    ],
)
def test_an_entry_with_a_wrong_word_stops_the_start(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], old: str, new: str
) -> None:
    text = SandboxSettings().entries.read_text(encoding="utf-8")
    assert old in text
    broken = tmp_path / "registers.toml"
    broken.write_text(text.replace(old, new, 1), encoding="utf-8")
    assert main(["--registers", str(broken), "--port", "0"]) == 2
    assert "registers.toml" in capsys.readouterr().err


def test_the_keys_come_from_the_providers_variables() -> None:
    assert secrets_from({}) == {}
    assert secrets_from({"TONGBAN_SMS__SECRET": "", "TONGBAN_REGISTERS__POPULATION__SECRET": "p"}) == {
        "population_secret": "p"
    }


@pytest.mark.parametrize(
    ("pattern", "magics"), [(r"119999199001019[0-3]\w\w", PERSON_MAGIC), (r"91119999\w{10}", ENTITY_MAGIC)]
)
def test_the_documented_magic_numbers_are_the_tables(pattern: str, magics: Any) -> None:
    documented = re.findall(rf"^\| `({pattern})` \| (.+) \| (.+) \|$", DOCS, re.MULTILINE)
    assert documented == [(magic.number, ENGLISH[magic.register], ENGLISH[magic.then]) for magic in magics]
    assert len({magic.number for magic in magics}) == len(magics)


def test_the_registers_are_listed_for_people(client: FlaskClient) -> None:
    page = client.get("/registers").text
    for shown in ("周𪚥文", "430199198504120019", "阿卜杜·热合曼", "91430100MA0000007Q", "王晓川"):
        assert shown in page
    numbers = client.get("/numbers").text
    for magic in (*PERSON_MAGIC, *ENTITY_MAGIC):
        assert magic.number in numbers
