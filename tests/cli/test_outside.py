"""The registers as the commands wire them: from the settings to the sandbox and back."""

import sys
import threading
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from pydantic import ValidationError
from werkzeug.serving import make_server

from adapters.providers.sm2 import HttpSm2Verifier
from adapters.sandbox.app import create_sandbox
from idp.checks.ports import Opened
from idp.cli.outside import bank_channel, face_vendor, registers, sm2_verifier
from idp.crypto.sm2 import GmsslSm2, PureSm2
from idp.proofing.ports import (
    BankCardQuestion,
    EnterpriseQuestion,
    EnterpriseRecord,
    Match,
    NameNumberQuestion,
    Unavailable,
    UnavailableReason,
)
from idp.settings import Settings, unsafe
from tests.crypto.sm2_cases import good
from tests.provider import settings_at
from tests.providers.test_checks_magic_numbers import ORDER

PERSON = NameNumberQuestion("欧阳清岚", "resident_id", "430105199003070011", "chk_1")


@pytest.fixture
def port() -> Iterator[int]:
    """Where a sandbox with its own keys listens."""
    server = make_server("127.0.0.1", 0, create_sandbox(), threaded=True)
    thread = threading.Thread(target=lambda: server.serve_forever(poll_interval=0.01))
    thread.start()
    yield server.port
    server.shutdown()
    thread.join()


def test_without_further_settings_the_keys_are_the_sandboxes(tmp_path: Path, port: int) -> None:
    addresses = {
        "population": {"url": f"http://localhost:{port}/population/v1/checks"},
        "enterprise": {"url": f"http://localhost:{port}/enterprise/v1/lookups"},
    }
    both = registers(settings_at(tmp_path, registers=addresses))
    assert both.population.check(PERSON) == Match(date(2040, 5, 31))
    record = both.enterprise.find(EnterpriseQuestion("91430100MA0000007Q", None, PERSON.name, PERSON.number, "chk_1"))
    assert isinstance(record, EnterpriseRecord)
    assert record.representative_matches


def test_the_banks_are_asked_where_there_is_a_switch(tmp_path: Path, port: int) -> None:
    assert registers(settings_at(tmp_path)).bank_cards is None
    banks = registers(
        settings_at(tmp_path, bank_card={"url": f"http://localhost:{port}/bank-cards/v1/checks"})
    ).bank_cards
    assert banks is not None
    number = PERSON.number
    card = BankCardQuestion(PERSON.name, PERSON.document_type, number, "6299990001000016", "+8613800001001", "chk_1")
    assert banks.verify(card) == Match(None)


def test_patience_is_that_of_the_settings(tmp_path: Path) -> None:
    away = {"url": "http://127.0.0.1:1/", "breaker_failures": 1, "breaker_pause": 60}
    both = registers(settings_at(tmp_path, registers={"population": away}))
    assert both.population.check(PERSON) == Unavailable(UnavailableReason.UNREACHABLE)
    assert both.population.check(PERSON) == Unavailable(UnavailableReason.CIRCUIT_OPEN, 60)


def test_checks_are_offered_where_a_vendor_is_named_and_reach_the_sandbox(tmp_path: Path, port: int) -> None:
    for wired, section, kind in ((face_vendor, "face", "face"), (bank_channel, "bank_channel", "bank")):
        assert wired(settings_at(tmp_path)) is None
        here = {"url": f"http://localhost:{port}/{kind}/v1", "pages": [f"http://localhost:{port}"]}
        settings = settings_at(tmp_path, issuer="http://localhost:8000", **{section: here})
        vendor = wired(settings)
        assert vendor is not None
        opened = vendor.open(ORDER)
        assert isinstance(opened, Opened)
        assert opened.url
        assert opened.url.startswith(f"http://localhost:{port}/{kind}/check/")


@pytest.mark.parametrize(
    ("chosen", "kind"), [({}, PureSm2), ({"sm2": "pure"}, PureSm2), ({"sm2": "gmssl"}, GmsslSm2)]
)
def test_sm2_is_verified_by_whom_the_settings_name(tmp_path: Path, chosen: dict[str, str], kind: type) -> None:
    verifier = sm2_verifier(settings_at(tmp_path, certificates=chosen))
    assert type(verifier) is kind
    assert good(0).holds(verifier)


def test_a_verification_server_reaches_the_sandbox(tmp_path: Path, port: int) -> None:
    server = {"url": f"http://localhost:{port}/sm2/v1/verifications"}
    verifier = sm2_verifier(settings_at(tmp_path, certificates={"sm2": "server", "sm2_server": server}))
    assert isinstance(verifier, HttpSm2Verifier)
    assert good(0).holds(verifier)


def test_a_verification_server_has_an_address(tmp_path: Path) -> None:
    with pytest.raises(ValidationError, match=r"sm2_server\.url"):
        settings_at(tmp_path, certificates={"sm2": "server"})


def test_a_library_that_is_not_installed_is_missed_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "gmssl_pyx", None)
    with pytest.raises(ImportError):
        sm2_verifier(settings_at(tmp_path, certificates={"sm2": "gmssl"}))


def test_production_refuses_the_sandbox_as_a_verification_server() -> None:
    server = {"url": "http://localhost:8009/sm2/v1/verifications"}
    chosen = {"sm2": "server", "sm2_server": server}
    faults = unsafe(Settings(environment="production", certificates=chosen))  # type: ignore[arg-type]
    named = {fault.partition(":")[0] for fault in faults if fault.startswith("certificates.")}
    assert named == {"certificates.sm2_server.url", "certificates.sm2_server.secret"}
    assert not [fault for fault in unsafe(Settings(environment="production")) if fault.startswith("certificates.")]


VENDOR = {"url": "https://face.example/v1"}


@pytest.mark.parametrize(
    ("chosen", "said"),
    [
        ({"face": VENDOR, "entities": {"representative_ial": 2}}, "entities.representative_ial"),
        ({"face": VENDOR, "province": "hubei"}, "proofing.ways"),
        ({"face": VENDOR, "province": "hubei", "proofing": {"ways": ["name_number", "face"]}}, None),
        ({"face": VENDOR, "province": "hunan"}, None),
        ({"face": VENDOR, "entities": {"representative_ial": 4}}, None),
        ({"province": "hubei"}, None),
        ({"entities": {"representative_ial": 2}}, None),
    ],
)
def test_where_faces_are_checked_production_wants_the_face_of_a_representative(
    chosen: dict[str, object], said: str | None
) -> None:
    faults = unsafe(Settings(environment="production", **chosen))  # type: ignore[arg-type]
    found = [fault.partition(":")[0] for fault in faults if fault.startswith(("entities.", "proofing."))]
    assert found == ([said] if said else [])
    assert unsafe(Settings(**chosen)) == []  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("chosen", "level"),
    [({}, 2), ({"face": VENDOR}, 3), ({"face": VENDOR, "entities": {"representative_ial": 2}}, 2)],
)
def test_a_representative_is_known_by_their_face_where_somebody_checks_faces(
    chosen: dict[str, object], level: int
) -> None:
    assert Settings(**chosen).representative_ial == level  # type: ignore[arg-type]


def test_production_refuses_what_the_sandbox_shares_with_everybody() -> None:
    for section in ("face", "bank_channel"):
        on = Settings(environment="production", **{section: {"url": "http://localhost:8009/face/v1"}})  # type: ignore[arg-type]
        faults = [fault for fault in unsafe(on) if fault.startswith(f"{section}.")]
        named = {fault.partition(":")[0].partition(".")[2] for fault in faults}
        assert named == {"url", "secret", "vendor_keys", "issuer", "pages"}
        off = unsafe(Settings(environment="production"))
        assert not [fault for fault in off if fault.startswith(f"{section}.")]
