"""docs/checks.openapi.json against what is asked and answered, and the worked example of docs/providers.md."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from flask.testing import FlaskClient

from adapters.sandbox.app import create_sandbox
from adapters.sandbox.check_contract import CheckQuestion, parse_check
from adapters.sandbox.contract import check_signature
from adapters.sandbox.settings import FACE_SECRET, ROOT, SandboxSettings
from tests.sandbox.conftest import DOCS, Time
from tests.sandbox.test_checks import QUESTION, claims, found, go_through, opened
from tests.sandbox.test_registers import ask

OPENAPI = json.loads((ROOT / "docs" / "checks.openapi.json").read_text("utf-8"))
SCHEMAS = OPENAPI["components"]["schemas"]
SECTION = DOCS[DOCS.index("## Checks made elsewhere") : DOCS.index("## Sandbox")]
_TYPES = {"object": dict, "string": str, "boolean": bool, "array": list, "null": type(None), "integer": int}


def faults(value: Any, schema: dict[str, Any], at: str = "") -> Iterator[str]:
    """Where ``value`` is not as ``schema`` says, in the words of JSON Schema that the document uses."""
    if "$ref" in schema:
        schema = SCHEMAS[schema["$ref"].rpartition("/")[2]]
    types = schema.get("type", [])
    if types and not any(_is(value, name) for name in ([types] if isinstance(types, str) else types)):
        yield f"{at} is no {types}"
        return
    if "oneOf" in schema and sum(not list(faults(value, one)) for one in schema["oneOf"]) != 1:
        yield f"{at} is not one of them"
    if value != schema.get("const", value) or value not in schema.get("enum", [value]):
        yield f"{at} is another word"
    if isinstance(value, str):
        if not re.search(schema.get("pattern", ""), value):
            yield f"{at} is not like {schema['pattern']}"
        if not schema.get("minLength", 0) <= len(value) <= schema.get("maxLength", len(value)):
            yield f"{at} is not as long"
    if isinstance(value, dict) and "properties" in schema:
        if schema["additionalProperties"] is False and value.keys() != set(schema["required"]):
            yield f"{at} holds {sorted(value.keys() ^ set(schema['required']))}"
        for name in value.keys() & schema["properties"].keys():
            yield from faults(value[name], schema["properties"][name], f"{at}/{name}")


def _is(value: Any, name: str) -> bool:
    if name == "number":
        return isinstance(value, int | float) and not isinstance(value, bool)
    return isinstance(value, _TYPES[name]) and not (name == "integer" and isinstance(value, bool))


def fits(name: str, value: Any) -> bool:
    return list(faults(value, SCHEMAS[name])) == []


@pytest.fixture
def sent() -> list[tuple[dict[str, str], bytes]]:
    return []


@pytest.fixture
def client(time: Time, sent: list[tuple[dict[str, str], bytes]]) -> FlaskClient:
    def call(_url: str, make: Any, _after: float) -> None:
        sent.append(make())

    return create_sandbox(SandboxSettings(clock=lambda: time.now, pause=time.waits.append, call=call)).test_client()


def references(part: Any) -> Iterator[str]:
    if isinstance(part, dict):
        yield from ([part["$ref"]] if "$ref" in part else [])
        for inner in part.values():
            yield from references(inner)
    elif isinstance(part, list):
        for inner in part:
            yield from references(inner)


def test_the_document_is_whole() -> None:
    assert OPENAPI["openapi"].startswith("3.1.")
    for reference in references(OPENAPI):
        found_at: Any = OPENAPI
        for name in reference.removeprefix("#/").split("/"):
            found_at = found_at[name]
    for path in OPENAPI["paths"].values():
        assert {"200", "400", "401", "409", "429", "503"} <= path["post"]["responses"].keys()


@pytest.mark.parametrize("variant", ["redirect", "sdk"])
@pytest.mark.parametrize("kind", ["face", "bank"])
def test_the_sandbox_answers_as_the_document_says(client: FlaskClient, time: Time, kind: str, variant: str) -> None:
    assert fits("CheckQuestion", QUESTION | {"variant": variant})
    check = opened(client, time, kind, variant=variant)
    assert fits("CheckAnswer", check)
    assert (check["url"] is None) is (variant == "sdk")
    assert fits("Waiting", found(client, time, check, kind))


def test_results_and_callbacks_are_as_the_document_says(
    client: FlaskClient, time: Time, sent: list[tuple[dict[str, str], bytes]]
) -> None:
    for reference in ("chk_1", "chk_2"):
        check = opened(client, time, reference=reference)
        go_through(client, check)
        said = found(client, time, check)
        assert fits("Done", said)
        assert fits("ResultClaims", claims(said["result"]))
    assert fits("Callback", json.loads(sent[0][1]))
    assert fits("CallbackClaims", claims(sent[1][1].decode()))
    assert fits("Error", ask(client, time, "/face/v1/results", {}, FACE_SECRET).json)


@pytest.mark.parametrize(
    "changes",
    [{"more": 1}, {"purpose": "any"}, {"number": 7}, {"nonce": "short"}, {"name": ""}, {"variant": None}],
    ids=str,
)
def test_the_document_refuses_what_the_sandbox_refuses(changes: dict[str, Any]) -> None:
    assert not fits("CheckQuestion", QUESTION | changes)


def test_the_worked_example_is_signed_and_its_result_is_the_sandboxes() -> None:
    body = re.search(r'^(\{"callback_url".*\})$', SECTION, re.MULTILINE)
    header = re.search(r"^v1=[0-9a-f]{64}$", SECTION, re.MULTILINE)
    assert body
    assert header
    content = body[1].encode()
    assert f"({len(content)} bytes)" in SECTION
    refused = check_signature(
        secret=FACE_SECRET,
        timestamp="1790000000",
        signature=header[0],
        body=content,
        now=1_790_000_000,
        window=300,
    )
    assert refused is None
    question = parse_check(content, key=json.loads(content)["reference"], issuer="http://localhost:8000")
    assert isinstance(question, CheckQuestion)
    assert f"\n{question.subject}\n" in SECTION
    result = re.search(r"^(eyJ[\w.-]+)$", SECTION, re.MULTILINE)
    assert result
    said = claims(result[1])
    assert fits("ResultClaims", said)
    assert (said["reference"], said["nonce"], said["subject"]) == (
        question.reference,
        question.nonce,
        question.subject,
    )
