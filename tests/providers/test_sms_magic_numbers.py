"""Every magic number, through the real client, against the running sandbox."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from adapters.sandbox.magic import MAGIC
from idp.messages.rules import RefusalReason, Refused, Sent, SmsMessage, Unavailable, UnavailableReason
from tests.providers.conftest import IMPATIENT, RunningSandbox, message

LATE = Unavailable(UnavailableReason.TIMEOUT)
DOWN = Unavailable(UnavailableReason.PROVIDER_ERROR)

# For each number: seconds before each try and what it comes to (`Sent`: any); then the messages on the phone.
EXPECTED: dict[str, tuple[list[tuple[float, object]], int]] = {
    "13800009001": ([(0, Refused(RefusalReason.INVALID_NUMBER))], 0),
    "13800009002": ([(0, Refused(RefusalReason.OPTED_OUT))], 0),
    "13800009003": (
        [
            (0, Unavailable(UnavailableReason.THROTTLED, 2)),
            (1, Unavailable(UnavailableReason.THROTTLED, 2)),
            (2, Sent),
        ],
        1,
    ),
    "13800009004": ([(0, DOWN), (1, DOWN), (2, Sent)], 1),
    "13800009005": ([(0, DOWN), (1, DOWN), (2, DOWN), (5, DOWN)], 0),
    "13800009006": ([(0, LATE), (1, LATE)], 0),
    "13800009007": ([(0, Sent), (0, Sent)], 0),
    "13800009008": ([(0, Sent), (0, Sent)], 0),
    "13800009009": ([(0, Unavailable(UnavailableReason.MALFORMED_ANSWER))] * 2, 0),
    "13800009010": ([(0, Sent), (0, Sent)], 2),
    "13800009011": ([(0, Sent)], 1),
    "13800009012": ([(0, Unavailable(UnavailableReason.UNREACHABLE))] * 2, 0),
    "13800009013": ([(0, Refused(RefusalReason.CONTENT_REFUSED))], 0),
    "13800009014": ([(0, Refused(RefusalReason.BAD_SIGNATURE))], 0),
    "13800009015": ([(0, Unavailable(UnavailableReason.THROTTLED, 600))] * 2, 0),
    "13800009016": ([(0, Unavailable(UnavailableReason.PROVIDER_ERROR, 1)), (1, Sent)], 1),
    "13800009017": ([(0, LATE), (1, Sent), (0, Sent)], 1),
    "13800009018": ([(0, Unavailable(UnavailableReason.UNREACHABLE)), (1, Sent), (0, Sent)], 1),
    "13800009019": ([(0, Unavailable(UnavailableReason.UNEXPECTED_STATUS))] * 2, 0),
    "13800009020": ([(0, Unavailable(UnavailableReason.ANSWER_TOO_LARGE))] * 2, 0),
    "13800009021": ([(0, Unavailable(UnavailableReason.REDIRECTED))] * 2, 0),
}


def test_every_magic_number_is_expected_here() -> None:
    assert [magic.number for magic in MAGIC] == list(EXPECTED)


@pytest.mark.parametrize("number", EXPECTED)
def test_a_magic_number_fails_as_its_row_says(sandbox: RunningSandbox, number: str) -> None:
    tries, arrived = EXPECTED[number]
    names = set()
    for seconds, expected in tries:
        sandbox.ahead += seconds
        patience = IMPATIENT if expected == LATE else 3.0
        result = sandbox.gateway(timeout=patience).send(message("+86" + number))
        if expected is Sent:
            assert isinstance(result, Sent)
            names.add(result.provider_id)
        else:
            assert result == expected
    assert len(names) <= 1
    assert sandbox.messages("+86" + number) == ["msg_1"] * arrived


def test_a_late_message_reaches_the_phone_after_20_seconds(sandbox: RunningSandbox) -> None:
    sandbox.gateway().send(message("+8613800009007"))
    sandbox.ahead = 19
    assert sandbox.messages("+8613800009007") == []
    sandbox.ahead = 20.1
    assert sandbox.messages("+8613800009007") == ["msg_1"]


def test_an_ordinary_number_gets_its_message_once_however_often_it_is_sent(sandbox: RunningSandbox) -> None:
    gateway = sandbox.gateway()
    results = {gateway.send(message()) for _ in range(3)}
    assert len(results) == 1
    assert isinstance(results.pop(), Sent)
    assert sandbox.messages("+8613800001001") == ["msg_1"]


def test_parallel_tries_of_one_message_deliver_it_once(sandbox: RunningSandbox) -> None:
    gateway = sandbox.gateway()
    with ThreadPoolExecutor(6) as pool:
        results = set(pool.map(gateway.send, [message()] * 6))
    assert len(results) == 1
    assert sandbox.messages("+8613800001001") == ["msg_1"]


def test_a_wrong_key_is_refused_for_good(sandbox: RunningSandbox) -> None:
    assert sandbox.gateway(secret="x" * 37).send(message()) == Refused(RefusalReason.BAD_SIGNATURE)


def test_a_wrong_clock_is_refused_for_good(sandbox: RunningSandbox) -> None:
    for ahead in (-302, 302):
        result = sandbox.gateway(clock=lambda ahead=ahead: sandbox.now() + ahead).send(message())
        assert result == Refused(RefusalReason.STALE_TIMESTAMP)


def test_clocks_five_minutes_apart_are_no_reason_to_refuse(sandbox: RunningSandbox) -> None:
    assert isinstance(sandbox.gateway(clock=lambda: sandbox.now() - 298).send(message()), Sent)


def test_a_message_under_a_known_id_with_another_text_is_refused(sandbox: RunningSandbox) -> None:
    gateway = sandbox.gateway()
    gateway.send(message())
    other = message(to="+8613800001002")
    assert isinstance(other, SmsMessage)
    assert gateway.send(other) == Refused(RefusalReason.IDEMPOTENCY_CONFLICT)
    assert sandbox.messages("+8613800001002") == []
