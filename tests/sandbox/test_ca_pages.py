"""The demo CAs' counter over HTTP: downloads, lists, answers about single certificates, and the switch."""

import base64
import re
from dataclasses import replace
from pathlib import Path

import pytest
from asn1crypto import core, crl, ocsp, pem, x509
from flask.testing import FlaskClient

from adapters.sandbox import sm2
from adapters.sandbox.app import create_sandbox
from adapters.sandbox.ca_cast import SCENES
from adapters.sandbox.english import ENGLISH
from adapters.sandbox.settings import SandboxSettings
from tests.sandbox.conftest import DOCS, Time


@pytest.fixture
def client(settings: SandboxSettings, demo_directory: Path) -> FlaskClient:
    return create_sandbox(replace(settings, ca=demo_directory)).test_client()


def token(client: FlaskClient) -> str:
    found = re.search(r'name="token" value="([^"]+)"', client.get("/ca").text)
    assert found
    return found[1]


def certificate(client: FlaskClient, path: str) -> x509.Certificate:
    _, _, data = pem.unarmor(client.get(path).data)
    return x509.Certificate.load(data)


def revoked(client: FlaskClient, path: str = "/ca/sm2.crl") -> set[int]:
    found = crl.CertificateList.load(client.get(path).data)["tbs_cert_list"]["revoked_certificates"]
    return {one["user_certificate"].native for one in found} if found.native else set()


def test_every_certificate_of_the_page_can_be_opened_and_downloaded(client: FlaskClient) -> None:
    page = client.get("/ca").text
    addresses = re.findall(r'href="(/ca/p256/[a-z0-9-]+)"', page)
    assert (
        len(addresses) == len(SCENES) - 1 + 20 - 1 + 2 * 16
    )  # the empty user id is SM2's; one person has a passport
    for address in addresses[:3]:
        shown = client.get(address).text
        assert f"{certificate(client, address + '.pem').serial_number:x}" in shown
        p12 = client.get(f"{address}.p12")
        assert p12.mimetype == "application/x-pkcs12"
        assert "attachment" in p12.headers["Content-Disposition"]


def test_everybody_in_the_registers_can_have_a_certificate(client: FlaskClient) -> None:
    page = client.get("/ca").text
    row = next(part for part in page.split("<tr") if "武汉龚䶮早点店（龚䶮）" in part)
    address = re.search(r'href="(/ca/sm2/[a-z0-9-]+)"', row)
    assert address
    named = {one["extn_id"].dotted: one["extn_value"].contents for one in _extensions(client, address[1] + ".pem")}
    assert named["1.2.156.10260.4.1.1"].endswith(b"420199199211030020")
    assert named["1.2.156.10260.4.4"].endswith(b"92420100MA4K00029K")


def _extensions(client: FlaskClient, path: str) -> x509.Extensions:
    return certificate(client, path)["tbs_certificate"]["extensions"]


@pytest.mark.parametrize(
    "path", ["/ca/sm2/nobody", "/ca/rsa/empty-user-id", "/ca/dsa/person", "/ca/sm2/..%2froot.p12"]
)
def test_other_certificates_there_are_none(client: FlaskClient, path: str) -> None:
    assert client.get(path).status_code == 404


def test_no_number_stands_in_an_address(client: FlaskClient) -> None:
    assert not re.search(r'href="[^"]*\d{17}', client.get("/ca").text)


def test_the_lists_are_fresh_on_every_fetch(client: FlaskClient, time: Time) -> None:
    first = crl.CertificateList.load(client.get("/ca/sm2.crl").data)
    time.now += 60
    second = crl.CertificateList.load(client.get("/ca/sm2.crl").data)
    assert second.crl_number_value.native == first.crl_number_value.native + 60
    assert client.get("/ca/sm2-fresh.crl").mimetype == "application/pkix-crl"
    assert revoked(client, "/ca/sm2-root.crl") == revoked(client, "/ca/sm2-earlier.crl") == set()


def test_the_certificates_name_the_lists(client: FlaskClient) -> None:
    found = certificate(client, "/ca/sm2/person.pem")
    assert found.crl_distribution_points[0].url == "http://localhost:8009/ca/sm2.crl"
    assert found.ocsp_urls == ["http://localhost:8009/ca/sm2/ocsp"]
    issuing = certificate(client, "/ca/sm2-issuing.pem")
    assert issuing.crl_distribution_points[0].url == "http://localhost:8009/ca/sm2-root.crl"
    assert not certificate(client, "/ca/sm2-root.pem").crl_distribution_points


def test_the_switch_needs_the_token_of_this_process(client: FlaskClient) -> None:
    serial = certificate(client, "/ca/sm2/person-renewed.pem").serial_number
    at = "/ca/sm2/person-renewed/revocation"
    assert client.post(at, data={"do": "revoke", "token": "guess"}).status_code == 403
    assert serial not in revoked(client)
    answer = client.post(f"{at}?lang=en", data={"do": "revoke", "token": token(client)})
    assert (answer.status_code, answer.headers["Location"]) == (303, "/ca/sm2/person-renewed?lang=en")
    assert serial in revoked(client)
    assert "撤回吊销" in client.get("/ca/sm2/person-renewed").text
    client.post(at, data={"do": "restore", "token": token(client)})
    assert serial not in revoked(client)


def test_programs_switch_too(client: FlaskClient) -> None:
    serial, at = certificate(client, "/ca/sm2/enterprise.pem").serial_number, "/ca/sm2/enterprise/revocation"
    assert client.put(at).json == {"revoked": True}
    assert serial in revoked(client)
    assert client.delete(at).json == {"revoked": False}
    assert serial not in revoked(client)
    assert client.delete("/ca/sm2/revoked/revocation").json == {"revoked": True}


def question(client: FlaskClient, *paths: str, nonce: bytes | None = None) -> bytes:
    issuer = certificate(client, "/ca/sm2-issuing.pem")
    asked = [
        {
            "req_cert": {
                "hash_algorithm": {"algorithm": "sha1"},
                "issuer_name_hash": issuer.subject.sha1,
                "issuer_key_hash": issuer.public_key.sha1,
                "serial_number": certificate(client, path).serial_number,
            }
        }
        for path in paths
    ]
    extensions = [{"extn_id": "nonce", "extn_value": core.OctetString(nonce)}] if nonce else None
    made = {"request_list": asked, **({"request_extensions": extensions} if extensions else {})}
    return bytes(ocsp.OCSPRequest({"tbs_request": made}).dump())


def test_single_certificates_are_answered_for_by_the_responder(client: FlaskClient) -> None:
    asked = question(client, "/ca/sm2/person.pem", "/ca/sm2/revoked.pem", nonce=b"sixteen bytes or")
    answer = client.post("/ca/sm2/ocsp", data=asked)
    assert answer.mimetype == "application/ocsp-response"
    found = ocsp.OCSPResponse.load(answer.data)
    basic, data = found.basic_ocsp_response, found.response_data
    assert [one["cert_status"].name for one in data["responses"]] == ["good", "revoked"]
    assert found.nonce_value.native == b"sixteen bytes or"
    responder = basic["certs"][0]
    assert responder.extended_key_usage_value.native == ["ocsp_signing"]
    assert responder.ocsp_no_check_value is not None
    point = bytes(responder["tbs_certificate"]["subject_public_key_info"]["public_key"])
    assert sm2.verify(point=point, message=data.dump(), signature=basic["signature"].native)


def test_a_question_may_stand_in_the_address_and_nonsense_is_malformed(client: FlaskClient) -> None:
    asked = base64.b64encode(question(client, "/ca/sm2/person.pem")).decode()
    good, bad = client.get(f"/ca/sm2/ocsp/{asked}"), client.get("/ca/sm2/ocsp/!")
    assert ocsp.OCSPResponse.load(good.data)["response_status"].native == "successful"
    for answer in (bad, client.post("/ca/sm2/ocsp", data=b"\x30\x03\x02\x01\x01"), client.post("/ca/sm2/ocsp")):
        assert ocsp.OCSPResponse.load(answer.data)["response_status"].native == "malformed_request"


def test_the_issuers_are_told_as_json(client: FlaskClient) -> None:
    told = client.get("/ca/issuers.json").json
    assert told
    assert [one["kind"] for one in told["issuers"]] == ["sm2", "rsa", "p256"]
    assert told["issuers"][0]["anchors"] == [client.get("/ca/sm2-root.pem").text]
    assert told["issuers"][0]["intermediates"] == [client.get("/ca/sm2-issuing.pem").text]


def test_the_key_is_pulled_out_and_plugged_in(client: FlaskClient) -> None:
    assert client.post("/ca/device", data={"do": "pull"}).status_code == 403
    client.post("/ca/device", data={"do": "pull", "token": token(client)})
    assert "现在没有插着" in client.get("/ca").text
    client.post("/ca/device", data={"do": "plug", "token": token(client)})
    assert "还可以输错 5 次" in client.get("/ca").text


def test_the_documented_cases_are_the_table() -> None:
    documented = re.findall(
        r"^\| `([a-z-]+)` \| (.+) \| (.+) \|$", DOCS.split("### Demo certificates")[1], re.MULTILINE
    )
    expected = [(scene.key, ENGLISH[scene.what], ENGLISH[scene.then]) for scene in SCENES]
    assert documented[: len(expected)] == expected
