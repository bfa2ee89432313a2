"""The pretend phone: reads a code's address, shows the text, signs it and sends it to the provider alone."""

import base64
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from asn1crypto import cms, x509
from flask.testing import FlaskClient

from adapters.sandbox import sm2
from adapters.sandbox.app import create_sandbox
from adapters.sandbox.outgoing import Heard
from adapters.sandbox.settings import SandboxSettings

AT = "http://localhost:8000/certificate/qr/abc"
TEXT = "tongban-certificate\nsign-in\nhttp://localhost:8000\nid\nnonce\n1790000120"
MEMBERS = {
    "text": TEXT,
    "answer_url": "http://localhost:8000/certificate/answer/abc",
    "numbers": ["12", "47", "83"],
    "expires_at": 1_790_000_120,
    "purpose": "sign_in",
    "origin": "http://localhost:8000",
}
ASKS, TAKEN = Heard(200, json.dumps(MEMBERS).encode()), Heard(204, b"")


@dataclass
class Provider:
    """What the phone asked, and what it is answered."""

    heard: list[tuple[str, str, bytes]] = field(default_factory=list)
    asks: Heard = ASKS
    takes: Heard | None = TAKEN

    def __call__(self, method: str, url: str, headers: Mapping[str, str], body: bytes) -> Heard:
        assert headers["Accept"] == "application/json"
        self.heard.append((method, url, body))
        if method == "GET":
            return self.asks
        if self.takes is None:
            raise ConnectionRefusedError
        return self.takes


@pytest.fixture
def provider() -> Provider:
    return Provider()


@pytest.fixture
def client(settings: SandboxSettings, provider: Provider, demo_directory: Path) -> FlaskClient:
    return create_sandbox(replace(settings, ca=demo_directory, ask=provider)).test_client()


def filled(client: FlaskClient, **changes: str) -> dict[str, str]:
    page = client.get("/phone-certificate", query_string={"u": AT}).text
    token = re.search(r'name="token" value="([^"]+)"', page)
    assert token
    fields = {"token": token[1], "text": TEXT.replace("\n", "\r\n"), "answer_url": MEMBERS["answer_url"]}
    return fields | {"number": "47", "certificate": "sm2/person", "pin": "111111", "form": "attached"} | changes  # type: ignore[dict-item]


def sent(provider: Provider) -> dict[str, str]:
    method, url, body = provider.heard[-1]
    assert (method, url) == ("POST", MEMBERS["answer_url"])
    found: dict[str, str] = json.loads(body)
    return found


def test_it_shows_what_is_asked_for(client: FlaskClient, provider: Provider) -> None:
    page = client.get("/phone-certificate", query_string={"u": AT}).text
    assert provider.heard == [("GET", AT, b"")]
    assert TEXT in page
    assert re.findall(r'type="radio" name="number" value="(\d+)"', page) == ["12", "47", "83"]
    assert 'value="rsa/enterprise-holder"' in page


def test_it_sends_signed_data_over_the_text_with_the_number(client: FlaskClient, provider: Provider) -> None:
    page = client.post("/phone-certificate", data=filled(client))
    assert "已送回" in page.text
    fields = sent(provider)
    assert fields.keys() == {"number", "signed_data"}
    assert fields["number"] == "47"
    content = cms.ContentInfo.load(base64.b64decode(fields["signed_data"]))["content"]
    signed = content.parse(cms.SignedData)
    assert signed["encap_content_info"]["content"].native == TEXT.encode()


def test_it_sends_a_bare_signature_with_the_certificate(client: FlaskClient, provider: Provider) -> None:
    client.post("/phone-certificate", data=filled(client, form="bare"))
    fields = sent(provider)
    found = x509.Certificate.load(base64.b64decode(fields["certificate"]))
    point = bytes(found["tbs_certificate"]["subject_public_key_info"]["public_key"])
    signature = base64.b64decode(fields["signature"])
    assert sm2.verify(point=point, message=TEXT.encode(), signature=signature)


@pytest.mark.parametrize(("form", "content"), [("detached", None), ("other", TEXT.encode() + b"!")])
def test_it_can_send_it_without_the_text_or_over_another(
    client: FlaskClient, provider: Provider, form: str, content: bytes | None
) -> None:
    client.post("/phone-certificate", data=filled(client, form=form))
    signed = cms.ContentInfo.load(base64.b64decode(sent(provider)["signed_data"]))["content"]
    found = signed.parse(cms.SignedData)
    assert found["encap_content_info"]["content"].native == content


@pytest.mark.parametrize(
    ("changes", "status", "word"),
    [
        ({"pin": "000000"}, 200, "PIN 不对"),
        ({"pin": "222222"}, 200, "已取消"),
        ({"certificate": "dsa/person"}, 400, "请选一张证书"),
        ({"certificate": "sm2/nobody"}, 404, "打不开"),
        ({"token": "guess"}, 403, "已失效"),
        ({"answer_url": "http://elsewhere.example/answer"}, 400, "不是通办的码"),
        ({"answer_url": "http://localhost:8000.elsewhere.example/"}, 400, "不是通办的码"),
        ({"text": ""}, 400, "不是通办的码"),
    ],
)
def test_nothing_is_signed_or_sent_otherwise(
    client: FlaskClient, provider: Provider, changes: dict[str, str], status: int, word: str
) -> None:
    answer = client.post("/phone-certificate", data=filled(client, **changes))
    assert answer.status_code == status
    assert word in answer.text
    assert [method for method, _, _ in provider.heard] == ["GET"]


def test_a_wrong_pin_keeps_the_page_for_another_try(client: FlaskClient) -> None:
    again = client.post("/phone-certificate", data=filled(client, pin="1") | {"numbers": "47"}).text
    assert TEXT in again
    assert 'type="radio" name="number" value="47"' in again


def test_a_refusal_of_the_provider_is_shown(client: FlaskClient, provider: Provider) -> None:
    provider.takes = Heard(403, json.dumps({"code": "qr_wrong_number", "title": "no"}).encode())
    assert "403 qr_wrong_number" in client.post("/phone-certificate", data=filled(client)).text
    provider.takes = Heard(502, b"<html>")
    assert "通办没有接受" in client.post("/phone-certificate", data=filled(client)).text
    provider.takes = None
    assert "没有回应" in client.post("/phone-certificate", data=filled(client)).text


@pytest.mark.parametrize(
    "address",
    ["http://elsewhere.example/x", "http://localhost:8000.elsewhere.example/", "file:///etc/passwd", "x" * 3000],
)
def test_it_fetches_from_the_provider_alone(client: FlaskClient, provider: Provider, address: str) -> None:
    page = client.get("/phone-certificate", query_string={"u": address})
    assert "不是通办的码" in page.text
    assert provider.heard == []


@pytest.mark.parametrize(
    "asks",
    [
        Heard(410, b"{}"),
        Heard(200, b"<html>"),
        Heard(200, b"[]"),
        Heard(200, json.dumps(MEMBERS | {"answer_url": "http://elsewhere.example/"}).encode()),
        Heard(200, json.dumps(MEMBERS | {"text": None}).encode()),
        Heard(200, json.dumps(MEMBERS | {"numbers": "12"}).encode()),
        Heard(200, json.dumps(MEMBERS | {"expires_at": None}).encode()),
    ],
)
def test_what_is_no_code_of_the_provider_is_said_so(client: FlaskClient, provider: Provider, asks: Heard) -> None:
    provider.asks = asks
    assert "不是通办的码" in client.get("/phone-certificate", query_string={"u": AT}).text
