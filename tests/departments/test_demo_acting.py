"""The tax app's API: it passes the kit's self-test, and files what a token holds, for whom the token names."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from flask.testing import FlaskClient

from adapters.departments.demo.acting import _CAPACITY, _THROUGH_AGENCY
from adapters.departments.demo.app import create_app
from adapters.departments.demo.represented import FAMILY_PENSION, MATTERS, REFUND_CLAIM, VAT_RETURN, statement_of
from adapters.departments.demo.texts import ENGLISH
from adapters.departments.errors import ProviderUnavailable
from adapters.departments.selftest import run
from adapters.departments.selftest_cases import Issuer, cases, good_claims
from adapters.departments.transport import Request, Response

from .fake_provider import START, Clock
from .test_demo import settings_for

PATH = "/represented/filings"
AUDIENCE = "http://tax.localhost:8101/represented"


class Wire:
    """To the issuer of the test, and to the app."""

    def __init__(self, issuer: Issuer) -> None:
        self.issuer = issuer
        self.away = False
        app = create_app(settings_for("tax"), transport=self, clock=Clock())
        self.api: FlaskClient = app.test_client(use_cookies=False)

    def send(self, request: Request) -> Response:
        path = urlsplit(request.url).path
        if path == PATH:
            answer = self.api.get(path, headers=dict(request.headers))
            return Response(answer.status_code, {}, answer.data)
        if self.away:
            raise ProviderUnavailable("no answer")
        document = self.issuer.documents.get(path)
        return Response(200 if document else 404, {}, json.dumps(document or {}).encode())

    def token(self, **changes: Any) -> str:
        matter = VAT_RETURN.power("view", "submit")
        return self.issuer.sign(good_claims(self.issuer.address, AUDIENCE, matter=matter, now=START) | changes)

    def file(self, token: str | None, amount: object = "120.00") -> Any:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return self.api.post(PATH, json={"amount": amount}, headers=headers)


@pytest.fixture
def wire() -> Wire:
    return Wire(Issuer("http://127.0.0.1:8000"))


def limited(amount: str, *actions: str) -> list[dict[str, Any]]:
    return [VAT_RETURN.power(*(actions or ("submit",)), amount=amount).as_detail()]


def test_it_passes_the_self_test_by_which_it_is_registered_as_aware(wire: Wire) -> None:
    tried = cases(wire.issuer, AUDIENCE, matter=VAT_RETURN.power("view"), now=START)
    report = run(wire, f"http://127.0.0.1:8101{PATH}", audience=AUDIENCE, tried=tried, now=START)
    assert report.passed, report.text
    assert len(report.outcomes) > 15


def test_what_is_filed_is_the_partys_and_names_all_three(wire: Wire) -> None:
    filed = wire.file(wire.token())
    assert filed.status_code == 201
    listed = wire.api.get(PATH, headers={"Authorization": f"Bearer {wire.token()}"}).json["filings"]
    assert listed == [filed.json]
    named = {name: filed.json[name] for name in ("represented", "human", "agency", "mandate", "amount")}
    assert named == {
        "represented": "pw_selftest_company",
        "human": "pw_selftest_employee",
        "agency": "pw_selftest_agency",
        "mandate": "mnd_selftest",
        "amount": "120.00",
    }
    other = wire.api.get(PATH, headers={"Authorization": f"Bearer {wire.token(sub='pw_another')}"})
    assert other.json == {"filings": []}


def test_of_staff_and_clerks_the_record_says_where_they_work(wire: Wire) -> None:
    clerk = {"sub": "pw_clerk", "capacity": "clerk", "office": "示例服务局 3 号窗口", "ial": 3, "aal": 2}
    filed = wire.file(wire.token(act=clerk)).json
    assert (filed["human"], filed["office"]) == ("pw_clerk", clerk["office"])
    assert wire.file(wire.token()).json["office"] is None


@pytest.mark.parametrize(
    ("held", "status"),
    [
        (limited("119.99"), 403),
        (limited("120.00"), 201),
        (limited("9999.00", "view", "draft"), 403),
        ([FAMILY_PENSION.power("submit").as_detail()], 403),
        ([VAT_RETURN.power("submit").as_detail() | {"services": ["hn-tax-02"]}], 403),
    ],
)
def test_only_what_the_token_holds_is_filed(wire: Wire, held: list[dict[str, Any]], status: int) -> None:
    assert wire.file(wire.token(authorization_details=held)).status_code == status


@pytest.mark.parametrize("amount", ["120", "1e3", "-1.00", "120.000", "", 120, None])
def test_an_amount_that_is_none_files_nothing(wire: Wire, amount: object) -> None:
    assert wire.file(wire.token(), amount).status_code == 400


def test_a_token_that_is_none_is_challenged_and_a_provider_that_is_away_is_not_the_callers_fault(wire: Wire) -> None:
    assert wire.file(None).headers["WWW-Authenticate"] == "Bearer"
    assert wire.file("x").headers["WWW-Authenticate"] == 'Bearer error="invalid_token"'
    wire.away = True
    assert wire.file(wire.token()).status_code == 503


@pytest.mark.parametrize(
    ("told", "shown"),
    [
        ({"identifiers": [{"type": "uscc", "value": "91430199MA99000958"}]}, "91430199MA99000958"),
        ({"identifiers": []}, ""),
        ({}, ""),
    ],
)
def test_a_return_has_figures_also_for_a_party_of_whom_little_is_told(told: dict[str, Any], shown: str) -> None:
    statement = statement_of(VAT_RETURN, told)
    assert statement.figures[0].value == shown
    assert statement.amount is not None
    assert float(statement.amount) > 0
    assert statement_of(REFUND_CLAIM, told).amount not in (None, statement.amount)
    assert statement_of(FAMILY_PENSION, {}).amount is None


def test_every_word_of_the_matters_and_the_banner_has_english() -> None:
    for matter in (one for matters in MATTERS.values() for one in matters):
        texts = {matter.title, matter.need, matter.intro, matter.button, matter.done, matter.records}
        assert texts <= ENGLISH.keys()
        party = {"name": "x", "birthdate": "1949"}
        assert {figure.label for figure in statement_of(matter, party).figures} <= ENGLISH.keys()
    assert {*_CAPACITY.values(), _THROUGH_AGENCY, "受托办理"} <= ENGLISH.keys()


def test_every_link_of_the_guide_leads_somewhere() -> None:
    docs = Path(__file__).parents[2] / "docs"
    guide = (docs / "representing.md").read_text("utf-8")
    headings = re.findall(r"^## (.*)$", guide, re.MULTILINE)
    anchors = {re.sub(r"[^\w\- ]", "", heading).lower().replace(" ", "-") for heading in headings}
    assert set(re.findall(r"\]\(#([^)]+)\)", guide)) == anchors
    files = {name.partition("#")[0] for name in re.findall(r"\]\(([^#)][^)]*)\)", guide)}
    assert files
    assert all((docs / name).is_file() for name in files if not name.startswith("http"))
