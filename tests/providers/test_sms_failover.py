"""Two SMS providers: who gets a message when, and that neither is waited for once it is known to be away."""

from dataclasses import replace

import pytest

from adapters.providers.sms_failover import FailoverGateway, Line
from idp.cli.outside import sms_gateway
from idp.messages.rules import (
    RefusalReason,
    Refused,
    Sent,
    SmsGateway,
    SmsMessage,
    Unavailable,
    UnavailableReason,
)
from idp.settings import Sms, SmsFallback
from tests.providers.conftest import SECRET, RunningSandbox, message

AWAY = Unavailable(UnavailableReason.TIMEOUT)


class Scripted:
    """A provider that answers what it is told to, and remembers what it was given."""

    def __init__(self, answer: Sent | Refused | Unavailable) -> None:
        self.answer = answer
        self.seen: list[str] = []

    def send(self, sent: SmsMessage) -> Sent | Refused | Unavailable:
        self.seen.append(sent.message_id)
        return self.answer


class Two:
    """Both providers behind one gateway, and their clock."""

    def __init__(self, first: Sent | Refused | Unavailable, second: Sent | Refused | Unavailable) -> None:
        self.now = 0.0
        self.first, self.second = Scripted(first), Scripted(second)
        lines = [Line(each, failures=3, pause=30, clock=lambda: self.now) for each in (self.first, self.second)]
        self.gateway: SmsGateway = FailoverGateway(*lines, tries=2, clock=lambda: self.now)

    def send(self, attempt: int = 1, message_id: str = "msg_1") -> Sent | Refused | Unavailable:
        return self.gateway.send(replace(message(message_id=message_id), attempt=attempt))

    @property
    def seen(self) -> tuple[int, int]:
        return len(self.first.seen), len(self.second.seen)


def test_while_the_first_takes_messages_the_second_hears_nothing() -> None:
    two = Two(Sent("p1"), Sent("p2"))
    assert [two.send(message_id=f"msg_{n}") for n in range(5)] == [Sent("p1")] * 5
    assert two.seen == (5, 0)


def test_after_its_tries_a_message_goes_to_the_second_under_the_same_id() -> None:
    two = Two(AWAY, Sent("p2"))
    assert [two.send(attempt) for attempt in (1, 2, 3)] == [AWAY, AWAY, Sent("p2")]
    assert two.second.seen == ["msg_1"]


def test_when_both_fail_they_take_turns() -> None:
    two = Two(AWAY, AWAY)
    order = []
    for attempt in range(1, 6):
        before = two.seen
        two.send(attempt)
        order.append(1 if two.seen[0] > before[0] else 2)
    assert order == [1, 1, 2, 1, 2]


def test_a_first_that_failed_too_often_is_left_alone_and_tried_again_after_its_pause() -> None:
    two = Two(AWAY, Sent("p2"))
    for number in range(3):
        assert two.send(message_id=f"msg_{number}") == AWAY
    assert [two.send(message_id=f"msg_{number}") for number in range(3, 8)] == [Sent("p2")] * 5
    assert two.seen == (3, 5)
    two.now, two.first.answer = 31.0, Sent("p1")
    assert two.send(message_id="msg_9") == Sent("p1")
    assert two.send(message_id="msg_10") == Sent("p1")


def test_with_both_left_alone_nobody_is_asked_and_the_time_is_told() -> None:
    two = Two(AWAY, AWAY)
    for attempt in (1, 1, 1):
        two.send(attempt)
    two.now = 5.0
    for attempt in (3, 3, 3):
        two.send(attempt)
    two.now = 10.0
    assert two.send() == Unavailable(UnavailableReason.CIRCUIT_OPEN, 20)
    assert two.seen == (3, 3)


@pytest.mark.parametrize("reason", list(RefusalReason))
def test_a_refusal_is_final_and_not_taken_to_the_other(reason: RefusalReason) -> None:
    two = Two(Refused(reason), Sent("p2"))
    assert [two.send(message_id=f"msg_{n}") for n in range(5)] == [Refused(reason)] * 5
    assert two.seen == (5, 0)


def test_a_first_that_wants_less_is_there_and_is_waited_for_when_it_is_not_long() -> None:
    two = Two(Unavailable(UnavailableReason.THROTTLED, 2), Sent("p2"))
    for number in range(9):
        assert two.send(message_id=f"msg_{number}") == two.first.answer
    assert two.seen == (9, 0)


@pytest.mark.parametrize("reason", [UnavailableReason.THROTTLED, UnavailableReason.PROVIDER_ERROR])
def test_a_code_does_not_wait_ten_minutes_when_there_is_another_provider(reason: UnavailableReason) -> None:
    two = Two(Unavailable(reason, 600), Sent("p2"))
    assert two.send() == Sent("p2")
    assert (two.first.seen, two.second.seen) == (["msg_1"], ["msg_1"])
    two.second.answer = AWAY
    assert two.send(message_id="msg_2") == AWAY


def test_a_first_that_took_its_time_to_say_so_leaves_none_for_the_second() -> None:
    two = Two(Unavailable(UnavailableReason.THROTTLED, 600), Sent("p2"))
    slow = two.first.send

    def send(sent: SmsMessage) -> Sent | Refused | Unavailable:
        two.now += 4
        return slow(sent)

    two.first.send = send  # type: ignore[method-assign]
    assert two.send() == two.first.answer
    assert two.seen == (1, 0)


def test_with_one_left_alone_the_word_of_the_other_counts() -> None:
    two = Two(Unavailable(UnavailableReason.THROTTLED, 600), AWAY)
    for _ in range(3):
        two.send()
    assert two.send() == two.first.answer, "the second is left alone by now"


def test_a_gateway_that_breaks_its_word_does_not_keep_the_breaker_half_open() -> None:
    two = Two(AWAY, AWAY)
    two.first.send = lambda _message: 1 / 0  # type: ignore[assignment, method-assign]
    for _ in range(3):
        with pytest.raises(ZeroDivisionError):
            two.send()
    assert two.send() == AWAY
    assert two.seen == (0, 1)


# Two vendors, by the settings


def gateway(first: str, second: RunningSandbox, **changes: int) -> SmsGateway:
    fallback = SmsFallback(url=f"{second.url}/sms/v1/messages", secret=SECRET, **changes)
    return sms_gateway(Sms(url=f"{first}/sms/v1/messages", secret=SECRET, timeout=0.9, fallback=fallback))


def kinds(gateway: SmsGateway, to: str, tries: int) -> list[str]:
    sent = message(to=to)
    return [type(gateway.send(replace(sent, attempt=attempt))).__name__ for attempt in range(1, tries + 1)]


def test_the_second_vendor_delivers_while_the_first_is_down(second_sandbox: RunningSandbox) -> None:
    phone = "+8613800001001"
    made = gateway("http://127.0.0.1:9", second_sandbox)
    assert kinds(made, phone, 3) == ["Unavailable", "Unavailable", "Sent"]
    assert second_sandbox.messages(phone) == ["msg_1"]


def test_a_vendor_that_recovers_delivers_what_the_other_could_not(
    sandbox: RunningSandbox, second_sandbox: RunningSandbox
) -> None:
    """Each fails a message to this number twice: after two tries here and one there the first has recovered."""
    phone = "+8613800009004"
    assert kinds(gateway(sandbox.url, second_sandbox), phone, 4) == ["Unavailable"] * 3 + ["Sent"]
    assert (sandbox.messages(phone), second_sandbox.messages(phone)) == (["msg_1"], [])


def test_each_vendor_delivers_a_message_once_however_often_it_is_offered(
    sandbox: RunningSandbox, second_sandbox: RunningSandbox
) -> None:
    """Both take it and lose their answer: nobody can know, so the person may get the text from each, once."""
    phone = "+8613800009018"
    made = gateway(sandbox.url, second_sandbox, after=1)
    assert kinds(made, phone, 4) == ["Unavailable", "Unavailable", "Sent", "Sent"]
    assert (sandbox.messages(phone), second_sandbox.messages(phone)) == (["msg_1"], ["msg_1"])


def test_without_a_second_vendor_there_is_one_gateway() -> None:
    assert type(sms_gateway(Sms())).__name__ == "HttpSmsGateway"
