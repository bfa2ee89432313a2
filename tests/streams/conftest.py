"""A receiver's side of event streams, and a worker that works when a test says so."""

from dataclasses import dataclass, field
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import KeySet
from joserfc.jws import JWSRegistry

from idp.cli.work import make_worker
from idp.messages.claims import claim
from idp.messages.outbound import Answer, Blocked, NoAnswer
from idp.messages.rules import Kind
from idp.messages.worker import Worker
from tests.authority.conftest import (
    Asking,
    asking,
    browser,
    mandates,
    registers,
    send,
    shared_app,
    signed_in,
    site,
    site_template,
)
from tests.provider import Site

__all__ = ["asking", "browser", "mandates", "registers", "shared_app", "signed_in", "site", "site_template"]

POLL, PUSH = "urn:ietf:rfc:8936", "urn:ietf:rfc:8935"
OWN, RISC = "urn:tongban:event:", "https://schemas.openid.net/secevent/risc/event-type/"
RECEIVER = "https://tax.example/events"
PUSHED: dict[str, Any] = {"method": PUSH, "endpoint_url": RECEIVER, "authorization_header": "Bearer of-the-receiver"}


@dataclass
class Receiver:
    """What is pushed lands here. ``answers``: what it says, in turn, then 202."""

    site: Site
    answers: list[Answer | NoAnswer] = field(default_factory=list)
    got: list[tuple[str, str, dict[str, str]]] = field(default_factory=list)

    def post(self, url: str, body: bytes, *, headers: dict[str, str]) -> Answer | NoAnswer:
        self.got.append((url, body.decode(), dict(headers)))
        return self.answers.pop(0) if self.answers else Answer(202, {}, b"")

    def claims(self) -> list[dict[str, Any]]:
        return [verified(self.site, token) for _, token, _ in self.got]


def down() -> NoAnswer:
    return NoAnswer(Blocked.CONNECTION_FAILED)


def says(error: str) -> Answer:
    return Answer(400, {}, b'{"err":"%s","description":"x"}' % error.encode())


def verified(site: Site, token: str) -> dict[str, Any]:
    """The claims of a token as a receiver reads it: by the keys that are published."""
    keys = KeySet.import_key_set(site.http.get("/jwks").get_json())
    found = jwt.decode(token, keys, algorithms=["ES256"], registry=JWSRegistry(strict_check_header=False))
    assert found.header["typ"] == "secevent+jwt"
    return dict(found.claims)


def work(site: Site, worker: Worker | None = None) -> int:
    """Do what stands in the outbox for departments, until there is no more of it that is due; how much it was."""
    worker, done = worker or make_worker(site.app), 0
    kinds = [Kind.PARTY_EVENT.value, Kind.SECURITY_EVENT.value]
    while True:
        with site.provider.database.autocommit() as tx:
            now = worker._clock(tx)
            messages = claim(
                tx, worker=worker.name, kinds=kinds, busy=[], failing=[], share=50, limit=50, lease=15, now=now
            )
        for message in messages:
            worker._deliver(message, now)
        done += len(messages)
        if not messages:
            return done


def open_stream(site: Site, client_id: str = "tax", **body: Any) -> str:
    answer = send(site, "/ssf/streams", body, client_id)
    assert answer.status_code == 201, answer.text
    return str(answer.get_json()["stream_id"])


def poll(site: Site, client_id: str = "tax", **body: Any) -> dict[str, dict[str, Any]]:
    """What waits, by its name; a request that does not wait for more."""
    answer = send(site, "/ssf/poll", {"returnImmediately": True} | body, client_id)
    assert answer.status_code == 200, answer.text
    return {jti: verified(site, token) for jti, token in answer.get_json()["sets"].items()}


@pytest.fixture
def receiver(site: Site, monkeypatch: pytest.MonkeyPatch) -> Receiver:
    made = Receiver(site)
    monkeypatch.setattr(site.provider.outbound, "post", made.post)
    return made


__all__ += ["Asking", "receiver"]
