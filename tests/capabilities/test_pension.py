"""The demo's pension confirmation against the provider: by the endpoint and by the claim, and what is refused."""

import tomllib
from collections.abc import Iterator
from pathlib import Path
from shutil import copyfile
from typing import Any
from urllib.parse import urlencode, urlsplit

import orjson
import pytest
from flask.testing import FlaskClient

from adapters.departments.demo.app import DemoSettings, create_app
from adapters.departments.demo.departments import SOCIAL
from adapters.departments.demo.pension import Book
from adapters.departments.settings import ClientSettings
from adapters.departments.transport import Request, Response
from idp.app import create_app as create_provider
from idp.cli.context import Context
from idp.cli.demo import CLIENTS, grant_face_checks
from idp.clients.capabilities import Capability
from idp.console.rules import Assignment, Role
from tests.capabilities.asking import withdraw
from tests.capabilities.test_face_claim import checked
from tests.checks.vendor import ScriptedVendor, no, yes
from tests.provider import ISSUER, Browser, Site, add_document, settings_at
from tests.registers import ScriptedRegisters
from tests.signin.factors import sent_to

HOME = "http://social.localhost:8102"
PAGE = "/pension-confirmation"
SECRETS = {one["client_id"]: one["secret"] for one in tomllib.loads(CLIENTS.read_text("utf-8"))["client"]}


class InProcess:
    """The kit's transport, straight into the provider of the test; what was sent and answered is kept."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.answers: list[tuple[Request, dict[str, Any]]] = []

    def send(self, request: Request) -> Response:
        path, headers = urlsplit(request.url).path, dict(request.headers)
        if request.document is not None:
            body, kind = orjson.dumps(dict(request.document)), "application/json"
        elif request.form is not None:
            body, kind = urlencode(request.form).encode(), "application/x-www-form-urlencoded"
        else:
            answer = self.site.http.get(path, headers=headers)
            return Response(answer.status_code, {}, answer.data)
        answer = self.site.http.post(path, data=body, content_type=kind, headers=headers)
        self.answers.append((request, orjson.loads(answer.data)))
        return Response(answer.status_code, {}, answer.data)


@pytest.fixture
def vendor() -> ScriptedVendor:
    return ScriptedVendor(finds=yes())


@pytest.fixture
def site(site_template: Path, tmp_path: Path, vendor: ScriptedVendor) -> Iterator[Site]:
    copyfile(site_template, tmp_path / "idp.db")
    made = Site(create_provider(settings_at(tmp_path), ScriptedRegisters().ports, vendors=vendor.ports))
    provider = made.provider
    with provider.database.transaction() as tx:
        held = frozenset({Assignment(Role.PLATFORM)})
        provider.operators.add(tx, name="xiao.lin", roles=held, actor=None, now=made.now())
    context = Context(None)
    context.app = made.app
    grant_face_checks(context)
    grant_face_checks(context)
    provider.registry.expire()
    add_document(provider, made.party(), now=made.now())
    yield made
    made.close()


@pytest.fixture
def wire(site: Site) -> InProcess:
    return InProcess(site)


class Pensioner:
    """A browser that has a jar at the app and one at the provider."""

    def __init__(self, site: Site, wire: InProcess) -> None:
        client = ClientSettings(
            issuer=ISSUER,
            client_id="social-demo",
            client_secret=SECRETS["social-demo"],
            redirect_uri=f"{HOME}/oidc/callback",
            scope="openid profile real_name",
        )
        settings = DemoSettings(
            department=SOCIAL, client=client, base_url=HOME, other_url="http://tax.localhost:8101"
        )
        self.app: FlaskClient = create_app(settings, transport=wire, clock=site.now).test_client()
        self.provider: Browser = site.browser().sign_in()
        self.arrive(self.at(PAGE))

    def at(self, path: str) -> str:
        """Where the app sends from ``path``; empty when it shows a page."""
        answer = self.app.get(path, base_url=HOME)
        return answer.headers.get("Location", "")

    def begin(self, way: str) -> str:
        answer = self.app.post(PAGE, data={"way": way}, base_url=HOME, headers={"Origin": HOME})
        assert answer.status_code == 303, answer.text
        return answer.headers["Location"].removeprefix(ISSUER)

    def arrive(self, address: str) -> None:
        """Follow the provider's answers from ``address`` back into the app."""
        path = address.removeprefix(ISSUER)
        for _ in range(6):
            if path.startswith(HOME):
                break
            path = sent_to(self.provider.get(path))
        answer = self.app.get(path.removeprefix(HOME), base_url=HOME)
        while "Location" in answer.headers:
            answer = self.app.get(answer.headers["Location"].removeprefix(HOME), base_url=HOME)
        self.shown = answer.text

    @property
    def confirmed(self) -> bool:
        return 'id="confirmed"' in self.app.get(PAGE, base_url=HOME).text


@pytest.fixture
def pensioner(site: Site, wire: InProcess) -> Pensioner:
    return Pensioner(site, wire)


def test_a_pension_is_confirmed_by_a_fresh_face_check(pensioner: Pensioner, vendor: ScriptedVendor) -> None:
    assert not pensioner.confirmed
    page = pensioner.begin("check")
    assert "Confirmation of a pension" in pensioner.provider.get(page).text
    back = checked(pensioner.provider, page)
    pensioner.arrive(back)
    assert pensioner.confirmed
    assert len(vendor.opened) == 1


def test_a_pension_is_confirmed_together_with_a_sign_in(pensioner: Pensioner, vendor: ScriptedVendor) -> None:
    step = sent_to(pensioner.provider.get(pensioner.begin("signin")))
    page = sent_to(pensioner.provider.get(step))
    pensioner.arrive(checked(pensioner.provider, page))
    assert pensioner.confirmed
    assert len(vendor.opened) == 1


@pytest.mark.parametrize("way", ["check", "signin"])
def test_somebody_elses_face_confirms_nothing(pensioner: Pensioner, vendor: ScriptedVendor, way: str) -> None:
    vendor.finds = no()
    page = pensioner.begin(way)
    if way == "signin":
        page = sent_to(pensioner.provider.get(sent_to(pensioner.provider.get(page))))
    pensioner.arrive(checked(pensioner.provider, page))
    assert not pensioner.confirmed


def test_an_answer_to_another_matter_confirms_nothing(pensioner: Pensioner, wire: InProcess) -> None:
    first = pensioner.begin("check")
    back = checked(pensioner.provider, first)
    pensioner.provider.get(back)
    pensioner.begin("check")
    pensioner.arrive(f"{HOME}{PAGE}?check={first.removeprefix('/matters/')}")
    assert not pensioner.confirmed


def test_an_answer_confirms_once_and_for_its_own_person(site: Site, pensioner: Pensioner, wire: InProcess) -> None:
    page = pensioner.begin("check")
    back = checked(pensioner.provider, page)
    onward = sent_to(pensioner.provider.get(back))
    other = Pensioner(site, wire)
    other.arrive(onward)
    assert not other.confirmed, "this session has asked for nothing"
    pensioner.arrive(onward)
    assert pensioner.confirmed
    pensioner.arrive(onward)
    assert 'id="outcome"' in pensioner.shown


def test_a_claim_confirms_the_matter_its_person_signed_in_for_and_once() -> None:
    book = Book(signing={"YL-1": "sub-1", "YL-2": "sub-2"})
    told = {"matter": "YL-1", "result": "passed", "time": 1, "jti": "cck_1"}
    assert not book.take_claim("sub-1", told | {"matter": "YL-2"}), "another person's matter"
    assert not book.take_claim("sub-1", told | {"matter": "YL-3"}), "nobody's"
    assert [book.take_claim("sub-1", told) for _ in range(2)] == [True, False]


@pytest.mark.parametrize("way", ["check", "signin"])
def test_the_withdrawal_of_the_capability_stops_it(site: Site, pensioner: Pensioner, way: str) -> None:
    withdraw(site, "social-demo", "face_check")
    answer = pensioner.app.post(PAGE, data={"way": way}, base_url=HOME, headers={"Origin": HOME})
    if way == "signin":
        pensioner.arrive(answer.headers["Location"])
    else:
        assert answer.status_code >= 400
    assert not pensioner.confirmed


def test_the_demo_grants_it_once_on_the_record(site: Site) -> None:
    client = site.provider.registry.get("social-demo")
    assert client is not None
    assert client.capabilities[Capability.FACE_CHECK].terms.purpose["zh"] == "养老金资格认证"
    assert site.one("SELECT COUNT(*) FROM capability_permit WHERE client_id = 'social-demo'") == 1
