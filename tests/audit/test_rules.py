import hashlib
import hmac
import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.audit.rules import (
    Checkpoint,
    CheckpointKind,
    Entry,
    Event,
    chain_day,
    checkpoint_mac,
    day_end,
    detail_text,
    entry_mac,
    parse_checkpoint,
    print_checkpoint,
    storable,
)
from tests.audit.conftest import KEY, NOW
from tests.many import for_each

texts = st.text(st.characters(exclude_categories=["Cs"]))
maybe = st.none() | texts
fields = st.tuples(
    texts, st.integers(0, 2**53), st.integers(0, 2**53), texts, *[maybe] * 5, texts, maybe, texts, maybe
)


@for_each(list(Event))
def test_every_event_is_subject_object_action(event: Event) -> None:
    assert re.fullmatch(r"[a-z_]+:[a-z_]+:[a-z_]+", event.value)


@given(fields, st.binary(max_size=32))
def test_the_mac_can_be_computed_with_any_languages_standard_library(row: tuple[Any, ...], prev: bytes) -> None:
    array = json.dumps(["tongban-audit-1", *row, prev.hex()], ensure_ascii=False, separators=(",", ":"))
    assert entry_mac(KEY, row, prev) == hmac.new(KEY, array.replace("\x7f", "\x7f").encode(), hashlib.sha256).digest()


@given(fields, fields)
def test_two_different_records_never_share_their_byte_form(one: tuple[Any, ...], other: tuple[Any, ...]) -> None:
    assert (entry_mac(KEY, one, b"") == entry_mac(KEY, other, b"")) == (one == other)


@given(fields, st.integers(0, 12))
def test_every_field_is_covered(row: tuple[Any, ...], place: int) -> None:
    old = row[place]
    changed = (*row[:place], old + 1 if isinstance(old, int) else (old or "") + "x", *row[place + 1 :])
    assert entry_mac(KEY, changed, b"") != entry_mac(KEY, row, b"")


def test_the_place_of_a_record_and_the_record_before_it_are_covered() -> None:
    row = ("c", 1, NOW, "e", None, None, None, None, None, "ok", None, "-", None)
    macs = {entry_mac(KEY, row, b""), entry_mac(KEY, row, b"p"), entry_mac(KEY, ("d", *row[1:]), b"")}
    assert len(macs) == 3
    assert len(Entry._fields) == len(row) + 2


def test_a_record_is_no_checkpoint() -> None:
    assert checkpoint_mac(KEY, seq=1, at=1, kind="heads", body="", prev=b"") != entry_mac(
        KEY, (1, 1, "heads", ""), b""
    )


@given(st.integers(0, 4_000_000_000))
def test_a_chain_belongs_to_the_utc_day_it_began_in(now: int) -> None:
    assert chain_day(day_end(now) - 1) == chain_day(now)
    assert chain_day(day_end(now)) > chain_day(now)


def test_detail_has_one_form() -> None:
    assert detail_text({"b": 1, "a": "文"}) == detail_text({"a": "文", "b": 1}) == '{"a":"文","b":1}'
    assert detail_text({}) is None


@given(st.text())
def test_any_text_becomes_storable(value: str) -> None:
    stored = storable(value)
    assert stored is not None
    assert "\0" not in stored
    stored.encode()
    assert detail_text({"a": value})


@given(st.integers(1, 2**53), st.integers(0, 2**40), texts, st.binary(), st.binary())
def test_a_checkpoint_survives_its_line(seq: int, at: int, body: str, prev: bytes, mac: bytes) -> None:
    signed = Checkpoint(seq, at, CheckpointKind.HEADS.value, body, prev, mac)
    line = print_checkpoint(signed)
    assert "\n" not in line
    assert parse_checkpoint(line.encode()) == signed


@given(st.binary())
def test_garbage_is_no_checkpoint(line: bytes) -> None:
    assert parse_checkpoint(line) is None


@pytest.mark.parametrize(
    "change",
    [{"seq": "1"}, {"seq": True}, {"at": None}, {"body": {}}, {"kind": 1}, {"mac": "zz"}, {"prev": 1}, {"x": 1}],
)
def test_a_line_of_other_types_is_no_checkpoint(change: dict[str, Any]) -> None:
    fields = json.loads(print_checkpoint(Checkpoint(1, 1, "heads", "{}", b"", b"m"))) | change
    assert parse_checkpoint(json.dumps(fields).encode()) is None
