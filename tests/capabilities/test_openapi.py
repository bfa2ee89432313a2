"""The description of the endpoints: every path of the lane, every reference, every refusal their source names."""

import inspect
import re
from collections.abc import Callable
from typing import Any

import pytest

from idp.capabilities import checks
from idp.capabilities.counter import Counter
from idp.capabilities.counter_endpoint import PATH, CounterEndpoint
from idp.capabilities.endpoints import CheckEndpoints, Gate
from idp.capabilities.identity_code_endpoint import FETCH, REDEEM, IdentityCodeEndpoint
from idp.capabilities.identity_code_rules import fault_of
from idp.capabilities.identity_codes import IdentityCodes
from idp.capabilities.openapi import openapi
from idp.capabilities.rules import Refused
from tests.capabilities.asking import CHECKS, asked, fetch, send
from tests.provider import ISSUER, Browser, Site

METHODS = ("get", "post", "put", "patch", "delete")


def test_it_describes_every_json_path_and_method_of_the_lane(site: Site) -> None:
    table = site.app.wsgi_app._table  # type: ignore[attr-defined]
    served = {
        (path + "{id}" if path.endswith("/") else path, method.lower())
        for path, endpoint in table.items()
        if endpoint.json
        for method in endpoint.methods
    }
    document = site.http.get("/openapi.json").get_json()
    described = {(path, method) for path, item in document["paths"].items() for method in item if method in METHODS}
    assert described == served
    assert document["openapi"].startswith("3.1.")


def test_every_reference_leads_somewhere_and_every_name_stands_once() -> None:
    document = openapi(ISSUER)
    names: list[str] = []

    def walk(node: Any) -> None:
        if isinstance(node, dict):
            if "$ref" in node:
                assert node["$ref"].removeprefix("#/components/schemas/") in document["components"]["schemas"]
            names.extend([node["operationId"]] if "operationId" in node else [])
        for below in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
            walk(below)

    walk(document)
    assert len(names) == len(set(names)) > 0


def test_answers_are_as_described(site: Site, known: Browser) -> None:
    document = openapi(ISSUER)
    start, fetched = document["paths"][CHECKS]["post"], document["paths"][f"{CHECKS}/{{id}}"]["get"]
    waiting = document["components"]["schemas"]["Waiting"]
    key = asked(site, known)
    assert set(fetch(site, key).get_json()) == set(waiting["properties"]) == set(waiting["required"])
    for answer, described in (
        (send(site, CHECKS, {}), start),
        (send(site, CHECKS, {}, None), start),
        (send(site, CHECKS, b'"' + b"x" * 70_000), start),
        (site.http.post(CHECKS, data="a=1"), start),
        (fetch(site, "cck_none"), fetched),
        (fetch(site, key, "asking"), fetched),
    ):
        assert answer.status_code >= 400
        assert str(answer.status_code) in described["responses"]
        assert answer.content_type in described["responses"][str(answer.status_code)]["content"]


@pytest.mark.parametrize(
    ("path", "method", "sources"),
    [
        (CHECKS, "post", (CheckEndpoints._start, checks._pay)),
        (f"{CHECKS}/{{id}}", "post", (CheckEndpoints._fetch,)),
        (PATH, "post", (CounterEndpoint._record, Counter.record, Counter._record)),
        (REDEEM, "post", (IdentityCodeEndpoint._redeem, IdentityCodes.redeem, fault_of)),
        (f"{FETCH}{{id}}", "post", (IdentityCodeEndpoint._fetch, IdentityCodes.fetch)),
    ],
)
def test_every_refusal_that_is_coded_is_described(path: str, method: str, sources: tuple[Callable[..., Any]]) -> None:
    coded = {
        Refused[name]
        for source in (Gate.caller, *sources)
        for name in re.findall(r"Refused\.([A-Z_]+)", inspect.getsource(source))
    }
    answers = openapi(ISSUER)["paths"][path][method]["responses"]
    described = {
        Refused(name)
        for answer in answers.values()
        for name in answer["description"].split(", ")
        if name in tuple(Refused)
    }
    assert coded == described
    assert all(why in answers[str(why.status)]["description"].split(", ") for why in coded)


def test_a_method_that_is_not_taken_is_described(site: Site) -> None:
    answers = openapi(ISSUER)["paths"][CHECKS]["post"]["responses"]
    refused = site.http.put(CHECKS)
    assert str(refused.status_code) in answers
    assert refused.content_type in answers["405"]["content"]
