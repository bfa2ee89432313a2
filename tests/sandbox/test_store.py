"""The vendor's memory: bounded, ordered, and one winner whatever the threads do."""

from concurrent.futures import ThreadPoolExecutor

from adapters.sandbox.contract import SmsRequest
from adapters.sandbox.magic import DELIVER, Step
from adapters.sandbox.store import Conflict, Inbox, Receipt


def request(key: str, *, to: str = "+8613800001001", digest: bytes = b"1") -> SmsRequest:
    return SmsRequest(key, to, "signin_code", {"code": "1"}, "text", "zh-CN", digest)


def ids(inbox: Inbox, now: float = 100, to: str | None = None) -> list[str]:
    return [message.message_id for message in inbox.messages(now=now, to=to)]


def test_messages_are_newest_first_even_within_one_second() -> None:
    inbox = Inbox(max_messages=10, max_requests=10)
    for key in "abc":
        inbox.receive(request(key), (DELIVER,), now=1)
    inbox.receive(request("late"), (Step(late=20),), now=1)
    inbox.receive(request("d"), (DELIVER,), now=5)
    assert ids(inbox, now=20) == ["d", "c", "b", "a"]
    assert ids(inbox, now=21) == ["late", "d", "c", "b", "a"]


def test_the_oldest_messages_go_first_when_it_is_full() -> None:
    inbox = Inbox(max_messages=2, max_requests=10)
    for key in "abc":
        inbox.receive(request(key), (DELIVER,), now=1)
    assert ids(inbox) == ["c", "b"]


def test_the_oldest_keys_are_forgotten_when_it_is_full() -> None:
    inbox = Inbox(max_messages=10, max_requests=2)
    for key in "abca":
        inbox.receive(request(key), (DELIVER,), now=1)
    assert ids(inbox) == ["a", "c", "b", "a"]


def test_clearing_one_number_leaves_the_others_and_the_keys() -> None:
    inbox = Inbox(max_messages=10, max_requests=10)
    inbox.receive(request("a"), (DELIVER,), now=1)
    inbox.receive(request("b", to="+8613800001002"), (DELIVER,), now=1)
    inbox.receive(request("c"), (Step(late=1000),), now=1)
    assert inbox.clear(to="+8613800001001") == 2
    assert ids(inbox, now=2000) == ["b"]
    inbox.receive(request("a"), (DELIVER,), now=2)
    assert inbox.clear() == 1
    assert ids(inbox, now=2000) == []


def test_a_step_with_retry_after_is_met_again_by_who_comes_too_early() -> None:
    inbox = Inbox(max_messages=10, max_requests=10)
    throttled = Step(429, "throttled", taken=False, copies=0, retry_after=2)
    steps = (throttled, DELIVER)
    for now in (1.0, 1.5, 2.9):
        assert inbox.receive(request("a"), steps, now=now) == Receipt(throttled, "")
    taken = inbox.receive(request("a"), steps, now=3.0)
    assert isinstance(taken, Receipt)
    assert taken.step == DELIVER
    assert ids(inbox) == ["a"]


def test_parallel_repetitions_of_one_message_deliver_it_once() -> None:
    inbox = Inbox(max_messages=1000, max_requests=1000)
    with ThreadPoolExecutor(8) as pool:
        for round_ in range(50):
            one = request(f"m{round_}")
            answers = list(pool.map(lambda _, one=one: inbox.receive(one, (DELIVER,), now=1), range(8)))
            assert len(set(answers)) == 1
    assert len(ids(inbox)) == 50


def test_parallel_different_bodies_of_one_key_have_one_winner() -> None:
    inbox = Inbox(max_messages=1000, max_requests=1000)
    with ThreadPoolExecutor(8) as pool:
        bodies = [request("m", digest=bytes([n])) for n in range(8)]
        answers = list(pool.map(lambda one: inbox.receive(one, (DELIVER,), now=1), bodies))
    assert sum(isinstance(answer, Receipt) for answer in answers) == 1
    assert sum(isinstance(answer, Conflict) for answer in answers) == 7
