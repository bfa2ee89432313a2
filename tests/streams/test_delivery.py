"""Events pushed (RFC 8935) and polled (RFC 8936): what the receiver says, and what follows."""

from dataclasses import replace

import pytest

from idp.cli.maintenance import purge_all
from idp.mandates.rules import Step
from idp.messages.outbound import Answer
from idp.streams.registration import of_client
from idp.streams.rules import Status
from idp.streams.spreading import put_event
from tests.authority.conftest import Asking, problem, send
from tests.entities.conftest import ONE
from tests.streams.conftest import OWN, PUSHED, RECEIVER, Receiver, down, open_stream, poll, says, verified, work


def revoke(asking: Asking) -> None:
    asking.mandates.step(asking.mandate, Step.REVOKE, ONE, asking.mandates.entity)
    work(asking.site)


def freeze(asking: Asking, times: int = 1) -> None:
    for number in range(times):
        step = Step.UNFREEZE if number % 2 else Step.FREEZE
        asking.mandates.step(asking.mandate, step, ONE, asking.mandates.entity)
    work(asking.site)


def left(asking: Asking) -> object:
    return asking.site.one("SELECT COUNT(*) FROM stream_event")


def events_of(asking: Asking, name: str) -> object:
    return asking.site.one("SELECT COUNT(*) FROM audit_event WHERE event = :e", e=f"client:security_event:{name}")


def again(asking: Asking) -> None:
    """The time of the next try has come."""
    asking.site.execute("UPDATE outbox SET not_before = 0 WHERE settled_at IS NULL")
    work(asking.site)


# -- push


def test_8935_2_1_a_token_is_posted_with_the_receivers_own_credential(asking: Asking, receiver: Receiver) -> None:
    open_stream(asking.site, delivery=PUSHED)
    revoke(asking)
    ((url, token, headers),) = receiver.got
    assert url == RECEIVER
    assert headers["Content-Type"] == "application/secevent+jwt"
    assert headers["Authorization"] == "Bearer of-the-receiver"
    assert list(verified(asking.site, token)["events"]) == [f"{OWN}mandate-revoked"]
    assert (left(asking), events_of(asking, "delivered")) == (0, 1)
    assert work(asking.site) == 0


@pytest.mark.parametrize("answer", [down(), Answer(503, {}, b""), Answer(401, {}, b""), says("invalid_key")])
def test_8935_2_3_what_may_pass_is_tried_again_with_the_same_name(
    asking: Asking, receiver: Receiver, answer: Answer
) -> None:
    open_stream(asking.site, delivery=PUSHED)
    receiver.answers = [answer, answer]
    revoke(asking)
    assert left(asking) == 1
    again(asking)
    again(asking)
    assert len({claims["jti"] for claims in receiver.claims()}) == 1
    assert (len(receiver.got), left(asking), events_of(asking, "delivered")) == (3, 0, 1)


@pytest.mark.parametrize("error", ["invalid_request", "invalid_issuer", "invalid_audience", "of my own"])
def test_8935_2_4_what_the_receiver_refuses_is_not_sent_again(asking: Asking, receiver: Receiver, error: str) -> None:
    open_stream(asking.site, delivery=PUSHED)
    receiver.answers = [says(error)]
    revoke(asking)
    again(asking)
    assert len(receiver.got) == 1
    assert events_of(asking, "failed") == 1
    known = "other" if error == "of my own" else error
    assert asking.site.one("SELECT failure FROM stream_event") == f"failed:{known}"


def test_what_is_not_taken_in_three_days_is_given_up(asking: Asking, receiver: Receiver) -> None:
    open_stream(asking.site, delivery=PUSHED)
    receiver.answers = [down()]
    revoke(asking)
    asking.site.execute("UPDATE outbox SET not_before = 0, expires_at = 1 WHERE settled_at IS NULL")
    work(asking.site)
    assert (len(receiver.got), events_of(asking, "failed")) == (1, 1)
    assert asking.site.one("SELECT failure FROM stream_event") == "expired"


def test_a_receiver_that_is_down_holds_up_nobody_else(asking: Asking, receiver: Receiver) -> None:
    site = asking.site
    asking.told("social", "13812340003", asking.mandates.entity, asking.mandate)
    open_stream(site, "tax", delivery=PUSHED)
    open_stream(site, "social")
    receiver.answers = [down()] * 9
    revoke(asking)
    assert len(poll(site, "social")) == 1


def test_paused_events_wait_and_follow_when_it_goes_on(asking: Asking, receiver: Receiver) -> None:
    site = asking.site
    stream = open_stream(site, delivery=PUSHED)
    assert send(site, "/ssf/status", {"stream_id": stream, "status": "paused"}).status_code == 200
    freeze(asking)
    assert (receiver.got, left(asking)) == ([], 1)
    send(site, "/ssf/status", {"stream_id": stream, "status": "enabled"})
    work(site)
    assert (len(receiver.got), left(asking)) == (1, 0)


def test_one_that_is_under_way_when_it_is_paused_waits_as_well(asking: Asking, receiver: Receiver) -> None:
    site = asking.site
    stream = open_stream(site, delivery=PUSHED)
    receiver.answers = [down()]
    freeze(asking)
    send(site, "/ssf/status", {"stream_id": stream, "status": "paused"})
    again(asking)
    assert (len(receiver.got), left(asking)) == (1, 1)
    send(site, "/ssf/status", {"stream_id": stream, "status": "enabled"})
    work(site)
    assert (len(receiver.got), left(asking)) == (2, 0)


def test_who_polls_no_longer_and_has_it_pushed_gets_what_waited(asking: Asking, receiver: Receiver) -> None:
    stream = open_stream(asking.site)
    freeze(asking)
    send(asking.site, "/ssf/streams", {"stream_id": stream, "delivery": PUSHED}, method="PATCH")
    work(asking.site)
    assert len(receiver.got) == 1


def test_whoever_changes_how_it_is_delivered_while_an_event_is_written_down_loses_none(
    asking: Asking, receiver: Receiver
) -> None:
    """The event is laid in a stream that was polled, or paused, a moment ago."""
    site = asking.site
    stream = open_stream(site)
    with site.provider.database.autocommit() as tx:
        before = of_client(tx, "tax")
    assert before is not None
    send(site, "/ssf/streams", {"stream_id": stream, "delivery": PUSHED}, method="PATCH")
    for then in (before, replace(before, status=Status.PAUSED)):
        with site.provider.database.transaction() as tx:
            put_event(tx, then, "mandate-revoked", {"events": {}}, now=site.now())
    work(site)
    assert (len(receiver.got), left(asking)) == (2, 0)


# -- poll


def test_8936_2_4_events_come_until_they_are_acknowledged(asking: Asking) -> None:
    site = asking.site
    open_stream(site)
    freeze(asking, 3)
    first = poll(site)
    assert len(first) == 3
    assert poll(site) == first
    one, *others = first
    assert set(poll(site, ack=[one])) == set(others)
    assert set(poll(site, ack=[one])) == set(others)  # once more says nothing new
    assert poll(site, ack=others) == {}
    assert events_of(asking, "delivered") == 3


def test_8936_2_2_as_many_as_are_asked_for(asking: Asking) -> None:
    site = asking.site
    open_stream(site)
    freeze(asking, 3)
    answer = send(site, "/ssf/poll", {"maxEvents": 2, "returnImmediately": True}).get_json()
    assert (len(answer["sets"]), answer["moreAvailable"]) == (2, True)
    answer = send(site, "/ssf/poll", {"maxEvents": 3, "returnImmediately": True}).get_json()
    assert (len(answer["sets"]), answer["moreAvailable"]) == (3, False)
    answer = send(site, "/ssf/poll", {"maxEvents": 0, "ack": list(answer["sets"])}).get_json()
    assert answer == {"sets": {}, "moreAvailable": False}
    assert left(asking) == 0


def test_8936_2_6_what_the_receiver_could_not_take_is_not_offered_again(asking: Asking) -> None:
    site = asking.site
    open_stream(site)
    freeze(asking)
    (jti,) = poll(site)
    assert poll(site, setErrs={jti: {"err": "invalid_key", "description": "张三"}}) == {}
    assert asking.site.one("SELECT failure FROM stream_event") == "invalid_key"
    assert events_of(asking, "failed") == 1
    poll(site, ack=[jti])
    assert (left(asking), events_of(asking, "delivered")) == (1, 0)


def test_another_client_acknowledges_nothing(asking: Asking) -> None:
    site = asking.site
    open_stream(site)
    open_stream(site, "social")
    freeze(asking)
    (jti,) = poll(site)
    poll(site, "social", ack=[jti], setErrs={jti: {"err": "invalid_key"}})
    assert list(poll(site)) == [jti]


def test_8936_2_2_a_poll_waits_for_what_comes(asking: Asking, monkeypatch: pytest.MonkeyPatch) -> None:
    site = asking.site
    open_stream(site)
    pauses: list[float] = []

    def sleep(seconds: float) -> None:
        pauses.append(seconds)
        freeze(asking)

    monkeypatch.setattr("idp.streams.endpoints.time.sleep", sleep)
    assert len(send(site, "/ssf/poll", {}).get_json()["sets"]) == 1
    assert len(pauses) == 1


def test_no_more_polls_wait_than_there_are_places(asking: Asking, monkeypatch: pytest.MonkeyPatch) -> None:
    site = asking.site
    open_stream(site)
    nested: list[object] = []

    def sleep(_seconds: float) -> None:
        nested.append(send(site, "/ssf/poll", {}).get_json())
        freeze(asking)

    monkeypatch.setattr("idp.streams.endpoints.time.sleep", sleep)
    send(site, "/ssf/poll", {})
    assert nested == [{"sets": {}, "moreAvailable": False}]


def test_8936_2_2_what_is_no_poll_is_a_problem(asking: Asking) -> None:
    open_stream(asking.site)
    wrong: tuple[dict[str, object], ...] = (
        {"maxEvents": -1},
        {"maxEvents": "5"},
        {"maxEvents": True},
        {"returnImmediately": 1},
        {"ack": "x"},
        {"ack": [1]},
        {"ack": ["x"] * 101},
        {"setErrs": []},
        {"more": 1},
    )
    for body in wrong:
        assert problem(send(asking.site, "/ssf/poll", body)) == (400, "invalid-request"), body


def test_who_has_no_stream_to_poll_is_told_so(asking: Asking) -> None:
    assert problem(send(asking.site, "/ssf/poll", {})) == (404, "not-found")
    open_stream(asking.site, delivery=PUSHED)
    assert problem(send(asking.site, "/ssf/poll", {})) == (404, "not-found")


def test_what_nobody_fetches_is_thrown_away(asking: Asking) -> None:
    site = asking.site
    open_stream(site)
    freeze(asking)
    policy = site.provider.passwords.policy
    purge_all(site.provider.database, site.provider.settings, policy, now=site.now() + 29 * 86400)
    assert left(asking) == 1
    purge_all(site.provider.database, site.provider.settings, policy, now=site.now() + 31 * 86400)
    assert left(asking) == 0
