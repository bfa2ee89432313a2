"""Parked requests: answered to their browser, taken once, sealed in the state store, gone without a fault."""

import base64
from collections.abc import Iterator
from pathlib import Path

import pytest

from idp.admission.parked import Parked, Parking
from idp.admission.rules import Demand, Progress
from idp.crypto.fields import FieldCipher
from idp.crypto.rings import parse_ring
from idp.crypto.sealed import SealedValues
from idp.proofing.rules import Level
from idp.state.sql import SqliteStore

HINT = "13812340001"
PARKED = Parked(
    protocol="oidc",
    demand=Demand(
        client_id="app", minimum=Level(1, 2), acr=("urn:tongban:aal:2",), prompts=frozenset({"login"}),
        consent=frozenset({"phone", "email"}),
    ),
    resume={"login_hint": HINT},
    browser="b1",
    label={"zh": "应用"},
    form_target="https://app.example",
    scopes=frozenset({"phone", "openid"}),
    login_hint=HINT,
)  # fmt: skip


def cipher(letter: str) -> FieldCipher:
    return FieldCipher(parse_ring([f"{letter}:{base64.b64encode(letter.encode() * 32).decode()}"], name="test"))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    opened = SqliteStore(tmp_path / "state.db")
    yield opened
    opened.close()


@pytest.fixture
def parking(store: SqliteStore) -> Parking:
    return Parking(store, cipher("f"), ttl=60)


def test_what_is_parked_is_found_as_it_was_and_taken_once(parking: Parking) -> None:
    key = parking.park(PARKED)
    assert parking.peek(key, browser="b1") == PARKED
    assert parking.take(key, browser="b1") == PARKED
    assert parking.take(key, browser="b1") is None
    assert parking.peek(key, browser="b1") is None


def test_another_browser_neither_sees_nor_takes_it(parking: Parking) -> None:
    key = parking.park(PARKED)
    assert parking.peek(key, browser="b2") is None
    assert parking.take(key, browser="b2") is None
    assert parking.peek(key, browser="b1") == PARKED


def test_what_the_person_has_done_is_remembered(parking: Parking) -> None:
    key = parking.park(PARKED)
    parking.keep(key, PARKED, consented=True)
    found = parking.peek(key, browser="b1")
    assert found is not None
    assert found.progress == Progress(consented=True)


@pytest.mark.parametrize("change", ["before", "after"])
def test_what_another_build_parked_in_a_rolling_upgrade_goes_on(
    parking: Parking, store: SqliteStore, change: str
) -> None:
    key = parking.park(PARKED)
    values = SealedValues(store, cipher("f"), namespace="parked", kind="parked.request", ttl=60)
    told = values.take(key)
    assert told is not None
    if change == "before":
        del told["demand"]["face"], told["progress"]["face"], told["check"], told["checked_by"]
    else:
        for part in (told, told["demand"], told["progress"]):
            part["of_the_next_build"] = True
    values.put(key, told)
    assert parking.peek(key, browser="b1") == PARKED


def test_nothing_of_it_is_legible_in_the_store_nor_opens_under_another_key(
    parking: Parking, store: SqliteStore, tmp_path: Path
) -> None:
    parking.park(PARKED)
    store.close()
    files = b"".join(file.read_bytes() for file in tmp_path.iterdir())
    for legible in (HINT, "login_hint", "app.example"):
        assert legible.encode() not in files


def test_a_request_whose_key_has_left_the_ring_is_gone(parking: Parking, store: SqliteStore) -> None:
    key = parking.park(PARKED)
    assert Parking(store, cipher("g"), ttl=60).peek(key, browser="b1") is None
