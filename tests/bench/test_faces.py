"""How waiting people and the vendor that holds them are counted, and when the rest is as quick as without them."""

import itertools
import json
import socket
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest

from bench.faces import HALF, MESSAGE, PAGE, PROMPT, SIGN_IN, TAIL, TOKEN, Round, as_quick, receipts, render, taken
from bench.load import Answer, WrongAnswer
from bench.open_load import Answered, Arrival
from bench.outside import FACE, HELD, LET_GO, SMS, TAKEN, Happened, held, outside, read
from bench.waiting import AWAY, Stay, looks_again, open_on_average


def answer(status: int, *headers: str, body: bytes = b"") -> Answer:
    return Answer(status, "\r\n".join([f"HTTP/1.1 {status} X", *headers]).encode(), body)


def answered(kind: str, status: int | None, request: bytes = b"") -> Answered:
    return Answered(Arrival(0.0, kind, request), None if status is None else answer(status), 0.01, due_at=100.0)


def test_a_message_has_come_when_it_is_taken_outside_and_the_rest_when_it_is_answered() -> None:
    everything = [answered(SIGN_IN, 303), answered(TOKEN, 200), answered(MESSAGE, 303, b"one")]
    found = taken(everything, {b"one": "13900000001"}, {"13900000001": 100.25})
    assert found == {SIGN_IN: [0.01], TOKEN: [0.01], MESSAGE: [0.25]}


@pytest.mark.parametrize(
    ("kind", "status"), [(SIGN_IN, 422), (SIGN_IN, 503), (TOKEN, 429), (MESSAGE, 200), (SIGN_IN, None), (TOKEN, None)]
)
def test_any_other_answer_and_none_ends_the_run(kind: str, status: int | None) -> None:
    with pytest.raises(WrongAnswer, match="no answer" if status is None else "expected"):
        taken([answered(kind, status)], {}, {})


def test_of_several_messages_to_one_number_the_first_counts() -> None:
    happened = [Happened(1.0, HELD), Happened(2.0, TAKEN, "+8613900000001"), Happened(3.0, TAKEN, "+8613900000001")]
    assert receipts(happened) == {"13900000001": 2.0}


def test_only_whole_lines_of_the_log_and_those_of_the_round_are_read() -> None:
    text = f"1.000000 {HELD} \n2.000000 {TAKEN} +8613900000001\n3.000000 {LET_GO} \n4.0000"
    assert read(text, 2.0) == [Happened(2.0, TAKEN, "+8613900000001"), Happened(3.0, LET_GO)]
    assert read("4.0", 0.0) == []


def test_held_connections_are_counted_and_how_many_at_the_same_time() -> None:
    words = [HELD, HELD, LET_GO, TAKEN, HELD, HELD, LET_GO, LET_GO, LET_GO]
    assert held([Happened(float(at), what) for at, what in enumerate(words)]) == (4, 3)
    assert held([]) == (0, 0)


def test_a_waiting_page_looks_again_and_who_is_given_up_is_offered_another_way() -> None:
    assert looks_again(answer(200, "Refresh: 2; url=/check/chk_1/wait")) == (2.0, "/check/chk_1/wait")
    assert looks_again(answer(200, body=b"<h1>" + AWAY)) is None


@pytest.mark.parametrize(
    "other", [answer(200), answer(303, "Location: /"), answer(503, body=AWAY), answer(200, "Refresh: 2")]
)
def test_any_other_page_is_wrong(other: Answer) -> None:
    with pytest.raises(WrongAnswer):
        looks_again(other)


def test_checks_are_open_on_average_within_the_round_alone() -> None:
    stays = [Stay(open=[(0.0, 12.0), (13.0, 99.0)]), Stay(open=[(15.0, 20.0)])]
    assert open_on_average(stays, 10.0, 20.0) == pytest.approx((2.0 + 7.0 + 5.0) / 10.0)


def rounds(**beside: float) -> dict[bool, list[Round]]:
    """Everything takes 0.1 s, but for what is said: ``kind=seconds`` for all, ``kind_tail=seconds`` for a few."""
    times = {kind: [0.1] * 100 for kind in (SIGN_IN, TOKEN, MESSAGE)}
    slow = dict(times)
    for name, seconds in beside.items():
        kind, _, tail = name.partition("_")
        kind = {"signin": SIGN_IN, "token": TOKEN, "message": MESSAGE}[kind]
        slow[kind] = [0.1] * 95 + [seconds] * 5 if tail else [seconds] * 100
    with_people = Round({**slow, PAGE: [0.2]}, 0.0, open=31.5, held=8, at_once=7)
    return {True: [with_people, with_people], False: [Round(times, 0.0)]}


@pytest.mark.parametrize("kind", ["signin", "token"])
@pytest.mark.parametrize(("part", "times"), [("", HALF), ("_tail", TAIL)])
def test_sign_in_and_tokens_have_to_be_as_quick_as_without(kind: str, part: str, times: float) -> None:
    assert as_quick(rounds(**{kind + part: 0.1 * times * 0.99}))
    assert not as_quick(rounds(**{kind + part: 0.1 * times * 1.01}))


def test_messages_have_to_be_prompt() -> None:
    assert as_quick(rounds(message_tail=PROMPT - 0.01))
    assert not as_quick(rounds(message_tail=PROMPT))


def test_the_table_tells_both_side_by_side_and_what_the_vendor_did() -> None:
    text = render(rounds(), {"date": "2026-01-02"})
    assert "| sign-in | 100 | 100.0 | 100.0 | 100.0 | 200 | 100.0 | 100.0 | 100.0 |" in text
    assert "| waiting page | - | - | - | - | 2 | 200.0 | 200.0 | 200.0 |" in text
    assert "31.5 on average" in text
    assert "held 16 connections, up to 7 at the same time" in text
    assert "under 1 s: met" in text
    assert "NOT MET" in render(rounds(token=1.0), {})
    assert "- date: 2026-01-02" in text


def until(what: Callable[[], bool]) -> None:
    for _ in itertools.repeat(None, 1000):
        if what():
            return
        time.sleep(0.01)
    pytest.fail("it never came to be")


def asking(port: int) -> socket.socket:
    """Somebody who asks for a face check."""
    connection = socket.create_connection(("127.0.0.1", port))
    connection.sendall(f"POST {FACE}/transactions HTTP/1.1\r\nContent-Length: 2\r\n\r\n{{}}".encode())
    return connection


def test_outside_takes_messages_while_it_holds_who_asks_for_a_face_check(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with outside(tmp_path, port) as world:
        first, second = asking(port), asking(port)
        with first, second:
            until(lambda: held(world.happened(0.0)) == (2, 2))
            body = json.dumps({"to": "+8613900000001"}).encode()
            with urllib.request.urlopen(f"http://127.0.0.1:{port}{SMS}", data=body, timeout=10) as taken_over:
                assert (taken_over.status, json.load(taken_over)["status"]) == (202, "accepted")
            assert receipts(world.happened(0.0)).keys() == {"13900000001"}
            for connection in (first, second):
                connection.settimeout(0.1)
                with pytest.raises(TimeoutError):
                    connection.recv(1)
        until(lambda: [one.what for one in world.happened(0.0)].count(LET_GO) == 2)
