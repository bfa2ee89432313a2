"""Words of OpenAPI 3.1 documents: bodies, answers, problems.

Always true: what any endpoint of the lane may answer in times of need stands in every description.
"""

from collections.abc import Mapping
from typing import Any

JSON, PROBLEM = "application/json", "application/problem+json"
TEXT: dict[str, Any] = {"type": "string"}


def ref(schema: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{schema}"}


def obj(properties: dict[str, Any], *required: str) -> dict[str, Any]:
    """An object that holds nothing else."""
    return {"type": "object", "properties": properties, "required": list(required), "additionalProperties": False}


def body(schema: str) -> dict[str, Any]:
    return {"required": True, "content": {JSON: {"schema": ref(schema)}}}


def answer(about: str, *schemas: str) -> dict[str, Any]:
    schema = ref(schemas[0]) if len(schemas) == 1 else {"oneOf": [ref(one) for one in schemas]}
    return {"description": about, "content": {JSON: {"schema": schema}}}


def problems(names: Mapping[int, tuple[str, ...]], *, takes_body: bool) -> dict[str, Any]:
    """By status, what may be refused."""
    found = dict(names) | {405: ("invalid-request",), 503: ("temporarily-unavailable",)}
    if takes_body:
        found |= {413: ("invalid-request",), 415: ("invalid-request",)}
    described: dict[str, Any] = {
        str(status): {"description": ", ".join(kinds), "content": {PROBLEM: {"schema": ref("Problem")}}}
        for status, kinds in sorted(found.items())
    }
    for status in {"429", "503"} & described.keys():
        described[status]["headers"] = {"Retry-After": {"schema": {"type": "integer"}, "description": "seconds"}}
    return described
