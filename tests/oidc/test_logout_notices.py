"""The worker's delivery of a logout notice: one signed POST, and what each answer to it means."""

from typing import Any
from urllib.parse import parse_qs

import pytest

from idp.messages.claims import Message
from idp.messages.outbound import Answer, Blocked, NoAnswer
from idp.messages.worker import Failed, Retry, Settled
from idp.oidc.logout import deliver_logout
from tests.provider import ISSUER, Site, claims_of

PAYLOAD = {"client_id": "app", "sub": "pw_1", "sid": "sid-1"}
NOW = 1_800_000_000


class Outbound:
    def __init__(self, answer: Answer | NoAnswer) -> None:
        self.answer = answer
        self.sent: list[tuple[str, bytes]] = []

    def post(self, uri: str, body: bytes, *, headers: Any) -> Answer | NoAnswer:
        assert headers == {"Content-Type": "application/x-www-form-urlencoded"}
        self.sent.append((uri, body))
        return self.answer


def message(attempt: int = 1) -> Message:
    values = dict.fromkeys(Message._fields) | {"id": "msg_1", "kind": "logout", "client_id": "app"}
    known = {name: value for name, value in values.items() if name in Message._fields}
    return Message(**{**known, **({"attempt": attempt} if "attempt" in Message._fields else {})})


def deliver(site: Site, answer: Answer | NoAnswer, **changes: str) -> tuple[Any, Outbound]:
    outbound = Outbound(answer)
    provider = site.provider
    handler = deliver_logout(provider.database, provider.registry, provider.maker, outbound, lambda: NOW)  # type: ignore[arg-type]
    return handler(message(), PAYLOAD | changes), outbound


@pytest.mark.parametrize(
    ("status", "outcome"),
    [(200, Settled), (204, Settled), (400, Failed), (302, Retry), (404, Retry), (500, Retry), (503, Retry)],
)
def test_each_answer_means_what_the_specification_says(site: Site, status: int, outcome: type) -> None:
    found, outbound = deliver(site, Answer(status, {}, b""))
    assert isinstance(found, outcome)
    ((uri, body),) = outbound.sent
    assert uri == "http://localhost:9/bye"
    told = claims_of(parse_qs(body.decode())["logout_token"][0])
    assert (told["iss"], told["aud"], told["sub"], told["sid"]) == (ISSUER, "app", "pw_1", "sid-1")
    assert told["events"] == {"http://schemas.openid.net/event/backchannel-logout": {}}
    assert (told["iat"], told["exp"]) == (NOW, NOW + 120)
    assert "nonce" not in told
    assert told["jti"]


def test_no_answer_is_tried_again(site: Site) -> None:
    found, _ = deliver(site, NoAnswer(next(iter(Blocked))))
    assert isinstance(found, Retry)


@pytest.mark.parametrize("client", ["post", "nobody"])
def test_an_app_without_address_needs_no_notice(site: Site, client: str) -> None:
    found, outbound = deliver(site, Answer(200, {}, b""), client_id=client)
    assert (found, outbound.sent) == (Settled("no-address"), [])
