"""Streams managed by their clients (OpenID Shared Signals Framework 1.0)."""

from typing import Any

import pytest

from idp.mandates.rules import Step
from tests.authority.conftest import Asking, problem, send
from tests.entities.conftest import ONE
from tests.provider import ISSUER, Site
from tests.streams.conftest import OWN, POLL, PUSH, PUSHED, RECEIVER, Receiver, open_stream, poll, work

STREAMS, STATUS, VERIFY = "/ssf/streams", "/ssf/status", "/ssf/verify"


def read(site: Site, stream: str, client_id: str = "tax", path: str = STREAMS) -> Any:
    return send(site, f"{path}?stream_id={stream}", b"", client_id, method="GET")


def test_7_1_the_transmitter_says_where_everything_is(site: Site) -> None:
    found = site.http.get("/.well-known/ssf-configuration").get_json()
    assert (found["issuer"], found["spec_version"]) == (ISSUER, "1_0")
    assert found["delivery_methods_supported"] == [PUSH, POLL]
    assert found["default_subjects"] == "ALL"
    for name, path in (("configuration", STREAMS), ("status", STATUS), ("verification", VERIFY)):
        assert found[f"{name}_endpoint"] == ISSUER + path
    assert found["jwks_uri"] == f"{ISSUER}/jwks"


def test_8_1_1_1_a_stream_is_made_with_everything_and_polled_unless_something_else_is_said(asking: Asking) -> None:
    answer = send(asking.site, STREAMS, {})
    assert answer.status_code == 201
    told = answer.get_json()
    assert told["delivery"] == {"method": POLL, "endpoint_url": f"{ISSUER}/ssf/poll"}
    assert told["events_delivered"] == told["events_supported"] == told["events_requested"]
    assert (told["iss"], told["aud"], told["min_verification_interval"]) == (ISSUER, "tax", 60)
    assert read(asking.site, told["stream_id"]).get_json() == told
    assert send(asking.site, STREAMS, b"", method="GET").get_json() == [told]
    assert send(asking.site, STREAMS, b"", "social", method="GET").get_json() == []


def test_8_1_1_1_a_client_has_one_stream(asking: Asking) -> None:
    open_stream(asking.site)
    assert problem(send(asking.site, STREAMS, {})) == (409, "stream-exists")


def test_8_1_1_1_only_what_is_asked_for_and_known_is_delivered(asking: Asking) -> None:
    wanted = [f"{OWN}mandate-revoked", "https://elsewhere.example/event"]
    answer = send(asking.site, STREAMS, {"events_requested": wanted, "description": "报税"}).get_json()
    assert (answer["events_requested"], answer["events_delivered"]) == (wanted, wanted[:1])
    assert answer["description"] == "报税"
    entity = asking.mandates.entity
    asking.mandates.step(asking.mandate, Step.FREEZE, ONE, entity)
    work(asking.site)
    assert poll(asking.site) == {}
    asking.mandates.step(asking.mandate, Step.REVOKE, ONE, entity)
    work(asking.site)
    assert len(poll(asking.site)) == 1


def test_8_1_1_3_what_is_named_changes_and_the_rest_stays(asking: Asking) -> None:
    site = asking.site
    stream = open_stream(site, delivery=PUSHED, description="one")
    told = read(site, stream).get_json()
    assert told["delivery"] == {"method": PUSH, "endpoint_url": RECEIVER}  # and never the credential
    changed = send(site, STREAMS, told | {"description": "two"}, method="PATCH").get_json()
    assert changed == told | {"description": "two"}
    changed = send(site, STREAMS, {"stream_id": stream, "events_requested": []}, method="PATCH").get_json()
    assert (changed["events_delivered"], changed["delivery"]) == ([], told["delivery"])


def test_8_1_1_4_a_stream_said_anew_is_as_a_new_one(asking: Asking) -> None:
    site = asking.site
    stream = open_stream(site, delivery=PUSHED, description="one", events_requested=[])
    told = send(site, STREAMS, {"stream_id": stream}, method="PUT").get_json()
    assert told["delivery"]["method"] == POLL
    assert told["events_delivered"] == told["events_supported"]
    assert "description" not in told


def test_8_1_1_5_deleting_it_takes_along_what_waits(asking: Asking) -> None:
    site = asking.site
    stream = open_stream(site)
    asking.mandates.step(asking.mandate, Step.REVOKE, ONE, asking.mandates.entity)
    work(site)
    assert send(site, f"{STREAMS}?stream_id={stream}", b"", method="DELETE").status_code == 204
    assert problem(read(site, stream)) == (404, "not-found")
    assert site.one("SELECT COUNT(*) FROM stream_event") == 0
    open_stream(site)
    assert poll(site) == {}


def test_8_1_2_of_a_disabled_stream_nothing_is_kept(asking: Asking) -> None:
    site = asking.site
    stream = open_stream(site)
    asking.mandates.step(asking.mandate, Step.FREEZE, ONE, asking.mandates.entity)
    work(site)
    told = send(site, STATUS, {"stream_id": stream, "status": "disabled", "reason": "moving"}).get_json()
    assert told == {"stream_id": stream, "status": "disabled", "reason": "moving"}
    assert read(site, stream, path=STATUS).get_json() == told
    asking.mandates.step(asking.mandate, Step.UNFREEZE, ONE, asking.mandates.entity)
    work(site)
    send(site, STATUS, {"stream_id": stream, "status": "enabled"})
    assert poll(site) == {}


def test_8_1_2_of_a_paused_stream_everything_is(asking: Asking) -> None:
    site = asking.site
    stream = open_stream(site)
    send(site, STATUS, {"stream_id": stream, "status": "paused"})
    asking.mandates.step(asking.mandate, Step.REVOKE, ONE, asking.mandates.entity)
    work(site)
    assert poll(site) == {}
    send(site, STATUS, {"stream_id": stream, "status": "enabled"})
    assert len(poll(site)) == 1


def test_8_1_4_2_a_verification_comes_with_the_state_once_a_minute(asking: Asking, receiver: Receiver) -> None:
    site = asking.site
    stream = open_stream(site, delivery=PUSHED, events_requested=[])
    assert send(site, VERIFY, {"stream_id": stream, "state": "c3R"}).status_code == 204
    work(site)
    (claims,) = receiver.claims()
    assert claims["events"] == {"https://schemas.openid.net/secevent/ssf/event-type/verification": {"state": "c3R"}}
    assert claims["sub_id"] == {"format": "opaque", "id": stream}
    early = send(site, VERIFY, {"stream_id": stream})
    assert problem(early) == (429, "too-many-requests")
    assert early.headers["Retry-After"] == "60"
    site.later += 60
    assert send(site, VERIFY, {"stream_id": stream}).status_code == 204


def test_a_foreign_stream_is_none(asking: Asking) -> None:
    site = asking.site
    stream = open_stream(site)
    for own in (False, True):  # whether or not the other has one of its own
        if own:
            open_stream(site, "social")
        for path, method in (
            (f"{STREAMS}?stream_id={stream}", "GET"),
            (f"{STREAMS}?stream_id={stream}", "DELETE"),
            (f"{STATUS}?stream_id={stream}", "GET"),
        ):
            assert problem(send(site, path, b"", "social", method=method)) == (404, "not-found")
        for path, method, more in (
            (STREAMS, "PATCH", {}),
            (STREAMS, "PUT", {}),
            (STATUS, "POST", {"status": "disabled"}),
            (VERIFY, "POST", {}),
        ):
            answer = send(site, path, {"stream_id": stream} | more, "social", method=method)
            assert problem(answer) == (404, "not-found")
    assert read(site, stream).status_code == 200


@pytest.mark.parametrize(
    "body",
    [
        {"delivery": "push"},
        {"delivery": {"method": "urn:ietf:rfc:0000"}},
        {"delivery": {"method": PUSH}},
        {"delivery": {"method": PUSH, "endpoint_url": "http://tax.example/x"}},
        {"delivery": {"method": PUSH, "endpoint_url": "https://user@tax.example/x"}},
        {"delivery": {"method": PUSH, "endpoint_url": "ftp://tax.example/x"}},
        {"delivery": {"method": PUSH, "endpoint_url": "https://税.example/x"}},
        {"delivery": PUSHED | {"authorization_header": "a\r\nX: b"}},
        {"delivery": PUSHED | {"authorization_header": 7}},
        {"events_requested": "all"},
        {"events_requested": ["a b"]},
        {"events_requested": ["x"] * 51},
        {"description": "x" * 201},
        {"subjects": []},
        {"status": "enabled"},
    ],
)
def test_8_1_1_1_what_is_no_configuration_is_a_problem(asking: Asking, body: dict[str, Any]) -> None:
    assert problem(send(asking.site, STREAMS, body)) == (400, "invalid-request")
    assert asking.site.one("SELECT COUNT(*) FROM event_stream") == 0


def test_what_names_no_stream_or_no_status_is_a_problem(asking: Asking) -> None:
    site = asking.site
    stream = open_stream(site)
    for path, method, body in (
        (STREAMS, "PATCH", {}),
        (STREAMS, "DELETE", b""),
        (STATUS, "GET", b""),
        (STATUS, "POST", {"stream_id": stream, "status": "gone"}),
        (STATUS, "POST", {"stream_id": stream, "status": "paused", "reason": 7}),
        (VERIFY, "POST", {"stream_id": stream, "state": 7}),
        (VERIFY, "POST", {"stream_id": stream, "more": 7}),
        (f"{STREAMS}?stream_id=%ff", "GET", b""),
        (f"{STREAMS}?stream_id=a&stream_id=b", "GET", b""),
    ):
        assert problem(send(site, path, body, method=method)) == (400, "invalid-request")


@pytest.mark.parametrize(
    ("path", "method"), [(STREAMS, "POST"), (STREAMS, "GET"), (STATUS, "POST"), ("/ssf/poll", "POST")]
)
def test_7_who_may_not_manage_events_is_refused(asking: Asking, path: str, method: str) -> None:
    site, body = asking.site, {} if method == "POST" else b""
    assert problem(send(site, path, body, None, method=method)) == (401, "client-authentication")
    assert problem(send(site, path, body, "machine", method=method)) == (403, "insufficient-scope")
    answer = site.token("tax", {"grant_type": "client_credentials", "scope": "authority.check"}).get_json()
    bearer = f"Bearer {answer['access_token']}"
    assert problem(send(site, path, body, method=method, Authorization=bearer)) == (403, "insufficient-scope")


def test_the_credential_of_a_receiver_is_not_legible(asking: Asking) -> None:
    open_stream(asking.site, delivery=PUSHED)
    found = asking.site.one("SELECT credential FROM event_stream")
    assert b"of-the-receiver" not in bytes(found)
