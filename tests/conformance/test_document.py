"""docs/conformance.md tells what is tested and how the real suite is run."""

import json
import re
import tomllib

import pytest

from idp.clients.rules import Client, parse
from idp.settings import load_settings
from tests.conformance.document import DOCUMENT, rendered
from tests.conformance.targets import CLIENTS_FILE, CONFIG_FILE, PERSON, SUITE_ADDRESS


@pytest.fixture(scope="module")
def text() -> str:
    return DOCUMENT.read_text("utf-8")


def test_the_tables_are_those_of_the_code(text: str) -> None:
    assert text == rendered(text), "run python -m tests.conformance.document"


def test_the_configuration_of_the_suite_fits_the_clients_and_the_person(text: str) -> None:
    (block,) = re.findall(r"```json\n(.*?)```", text, re.S)
    suite = json.loads(block)
    clients = {one["client_id"]: one for one in tomllib.loads(CLIENTS_FILE.read_text("utf-8"))["client"]}
    for key in ("client", "client2", "client_secret_post"):
        assert suite[key]["client_secret"] == clients[suite[key]["client_id"]]["secret"]
    typed = [command for entry in suite["browser"] for task in entry["tasks"] for command in task.get("commands", [])]
    assert ["text", "name", "identifier", PERSON.identifier] in typed
    assert ["text", "name", "password", PERSON.password] in typed
    assert suite["alias"] == SUITE_ADDRESS.rsplit("/", 1)[1]


def test_the_clients_of_the_plans_are_acceptable_and_served() -> None:
    for declared in tomllib.loads(CLIENTS_FILE.read_text("utf-8"))["client"]:
        client = parse({name: value for name, value in declared.items() if name != "secret"})
        assert isinstance(client, Client), client
        assert client.served
        assert client.pkce == "optional"
        assert client.id_token_alg == "RS256"


def test_the_settings_take_their_issuer_from_the_environment_and_bear_many_sign_ins(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TONGBAN_ISSUER", "https://op.example")
    settings = load_settings(CONFIG_FILE)
    assert settings.issuer == "https://op.example"
    assert settings.limits.password.per_address_failures == 0
    assert (settings.limits.captcha.before_sms, settings.limits.captcha.after_failures) == (False, 0)
    assert "127.0.0.0/8" in settings.outbound.allow
