"""The agent of a pretend USB key: its functions, its PIN, and whom it answers."""

import base64

import pytest
from asn1crypto import cms, x509
from flask.testing import FlaskClient

from adapters.sandbox import agent as agent_module
from adapters.sandbox import sm2
from adapters.sandbox.agent import beside, create_agent, main, origin_of
from adapters.sandbox.agent_device import CANCELLED_PIN, HOLDS, PIN, PULLED_PIN, TRIES, Device, Fault
from adapters.sandbox.ca import authorities
from adapters.sandbox.ca_cast import cast
from adapters.sandbox.ca_shelf import Shelf
from adapters.sandbox.register_entries import Entries
from tests.sandbox.certificates import AT, NOW

ORIGIN = "http://localhost:8000"
TEXT = base64.b64encode("请签名\n".encode()).decode()


@pytest.fixture
def device(demo_shelf: Shelf) -> Device:
    return Device(authorities(demo_shelf, cast(Entries()), at=AT), lambda: float(NOW))


@pytest.fixture
def agent(device: Device) -> FlaskClient:
    return create_agent(device, origins=[ORIGIN]).test_client()


def call(agent: FlaskClient, function: str, *params: str) -> tuple[object, int]:
    answer = agent.post("/sof", json={"function": function, "params": params}, headers={"Origin": ORIGIN})
    assert answer.json
    return answer.json["result"], answer.json["error"]


def test_it_lists_and_exports_its_certificates(agent: FlaskClient) -> None:
    found, error = call(agent, "SOF_GetCertList")
    assert isinstance(found, list)
    assert error == 0
    assert [one["id"] for one in found] == [f"{kind}-{key}" for kind, key in HOLDS]
    exported, _ = call(agent, "SOF_ExportUserCert", "sm2-person")
    assert x509.Certificate.load(base64.b64decode(str(exported))).subject.native["common_name"] == "欧阳清岚"


def test_it_signs_after_the_right_pin_and_not_before(agent: FlaskClient, device: Device) -> None:
    assert call(agent, "SOF_SignDataByP7", "sm2-person", TEXT) == (None, Fault.NOT_LOGGED_IN)
    assert call(agent, "SOF_Login", "sm2-person", PIN) == (True, 0)
    signed, _ = call(agent, "SOF_SignDataByP7", "sm2-person", TEXT)
    found = cms.ContentInfo.load(base64.b64decode(str(signed)))["content"].parse(cms.SignedData)
    assert found["encap_content_info"]["content"].native == "请签名\n".encode()
    held = device.signing("sm2-person")
    assert not isinstance(held, Fault)
    bare, _ = call(agent, "SOF_SignData", "sm2-person", TEXT)
    point, signature = held.held.key.public_bits, base64.b64decode(str(bare))
    assert sm2.verify(point=point, message="请签名\n".encode(), signature=signature)
    assert call(agent, "SOF_SignDataByP7", "sm2-enterprise", TEXT) == (None, Fault.NOT_LOGGED_IN)
    assert call(agent, "SOF_Logout", "sm2-person") == (True, 0)
    assert call(agent, "SOF_SignData", "sm2-person", TEXT) == (None, Fault.NOT_LOGGED_IN)


def test_five_wrong_pins_lock_it_until_it_is_plugged_in_anew(agent: FlaskClient, device: Device) -> None:
    for left in range(TRIES - 1, 0, -1):
        assert call(agent, "SOF_Login", "sm2-person", "000000") == (None, Fault.WRONG_PIN)
        assert call(agent, "SOF_GetPinRetryCount", "sm2-person") == (left, 0)
    assert call(agent, "SOF_Login", "sm2-person", "000000") == (None, Fault.LOCKED)
    assert call(agent, "SOF_Login", "sm2-enterprise", PIN) == (None, Fault.LOCKED)
    device.plug(there=True)
    assert call(agent, "SOF_Login", "sm2-person", PIN) == (True, 0)


def test_a_wrong_pin_ends_the_login_and_a_right_one_gives_the_tries_back(agent: FlaskClient) -> None:
    call(agent, "SOF_Login", "sm2-person", PIN)
    call(agent, "SOF_Login", "sm2-person", "000000")
    assert call(agent, "SOF_SignData", "sm2-person", TEXT) == (None, Fault.NOT_LOGGED_IN)
    call(agent, "SOF_Login", "sm2-person", PIN)
    assert call(agent, "SOF_GetPinRetryCount", "sm2-person") == (TRIES, 0)


@pytest.mark.parametrize(("pin", "fault"), [(CANCELLED_PIN, Fault.CANCELLED), (PULLED_PIN, Fault.NO_DEVICE)])
def test_magic_pins_cancel_and_pull_out_and_cost_no_try(agent: FlaskClient, pin: str, fault: Fault) -> None:
    assert call(agent, "SOF_Login", "sm2-person", pin) == (None, fault)
    assert call(agent, "SOF_GetPinRetryCount", "sm2-person") == (TRIES, 0)


def test_without_the_device_there_is_nothing(agent: FlaskClient, device: Device) -> None:
    call(agent, "SOF_Login", "sm2-person", PIN)
    device.plug(there=False)
    for asked in (
        ("SOF_GetCertList",),
        ("SOF_ExportUserCert", "sm2-person"),
        ("SOF_SignData", "sm2-person", TEXT),
        ("SOF_Login", "sm2-person", PIN),
    ):
        assert call(agent, *asked) == (None, Fault.NO_DEVICE)
    device.plug(there=True)
    assert call(agent, "SOF_SignData", "sm2-person", TEXT) == (None, Fault.NOT_LOGGED_IN)


@pytest.mark.parametrize(
    ("asked", "fault"),
    [
        (("SOF_ExportUserCert", "sm2-nobody"), Fault.NO_CERTIFICATE),
        (("SOF_SignDataByP7", "sm2-person"), Fault.BAD_REQUEST),
        (("SOF_SignDataByP7", "sm2-person", "not base64"), Fault.BAD_REQUEST),
        (("SOF_Unknown",), Fault.BAD_REQUEST),
    ],
)
def test_what_makes_no_sense_is_refused(agent: FlaskClient, asked: tuple[str, ...], fault: Fault) -> None:
    assert call(agent, *asked) == (None, fault)


@pytest.mark.parametrize("body", [b"[]", b"{}", b'{"function":{}}', b'{"function":"SOF_Logout","params":[1]}', b"x"])
def test_a_body_out_of_form_is_a_bad_request(agent: FlaskClient, body: bytes) -> None:
    answer = agent.post("/sof", data=body, content_type="application/json")
    assert (answer.status_code, answer.json["error"] if answer.json else None) == (400, Fault.BAD_REQUEST)


def test_what_a_page_could_send_without_a_preflight_is_not_read(agent: FlaskClient) -> None:
    body = b'{"function":"SOF_GetCertList","params":[]}'
    assert agent.post("/sof", data=body, content_type="text/plain").status_code == 400


def test_pages_of_the_provider_alone_may_ask(agent: FlaskClient) -> None:
    asked = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Private-Network": "true"}
    own = agent.options("/sof", headers={"Origin": ORIGIN, **asked})
    assert own.headers["Access-Control-Allow-Origin"] == ORIGIN
    assert own.headers["Access-Control-Allow-Headers"] == "Content-Type"
    assert own.headers["Access-Control-Allow-Private-Network"] == "true"
    for other in ("http://elsewhere.example", "null", "http://localhost:8001"):
        answer = agent.options("/sof", headers={"Origin": other, **asked})
        assert not [name for name, _ in answer.headers if name.startswith("Access-Control")]
        sent = agent.post("/sof", json={"function": "SOF_GetVersion", "params": []}, headers={"Origin": other})
        assert sent.status_code == 403


def test_another_host_name_is_not_answered(agent: FlaskClient) -> None:
    answer = agent.post("/sof", json={"function": "SOF_GetVersion"}, headers={"Host": "elsewhere.example"})
    assert answer.status_code == 400
    assert call(agent, "SOF_GetVersion") == (agent_module.VERSION, 0)


def test_it_never_runs_in_production(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TONGBAN_ENVIRONMENT", "production")
    assert main([]) == 2


def test_a_taken_port_leaves_the_sandbox_running(device: Device, capsys: pytest.CaptureFixture[str]) -> None:
    told = beside(device, origins=[ORIGIN], port=0)
    port = int(told.rpartition(":")[2].removesuffix("/sof"))
    assert beside(device, origins=[ORIGIN], port=port) == f"no agent: port {port} is taken"


def test_an_origin_is_an_address_without_its_path() -> None:
    assert origin_of("https://id.example.gov.cn/sso") == "https://id.example.gov.cn"
