"""The providers the checks run against: this one, and npm oidc-provider as the peer that is certified.

Always true: a target runs on loopback ports of its own with data of its own, and is gone when its context ends.
"""

import contextlib
import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import httpx

from tests.conformance.agent import Person
from tests.conformance.installation import BACKCHANNEL, Installation, static_clients
from tests.conformance.receiver import Receiver
from tests.conformance.wire import HttpWire, get

ROOT = Path(__file__).resolve().parents[2]
START_TIMEOUT = 30.0


class Target(Protocol):
    """Something that can be started as an ``Installation`` in a scratch directory."""

    name: str

    def start(self, receiver: Receiver, scratch: Path) -> AbstractContextManager[Installation]: ...


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def running(command: list[str], env: dict[str, str], log: Path, ready: Callable[[], bool]) -> Iterator[None]:
    """Run ``command`` until the context ends; raises ``RuntimeError`` with its log if it does not get ready."""
    with log.open("wb") as sink:
        process = subprocess.Popen(
            command, cwd=ROOT, env=os.environ | env, stdin=subprocess.PIPE, stdout=sink, stderr=sink
        )
        try:
            _await(process, ready, log)
            yield
        finally:
            if process.stdin:
                process.stdin.close()
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _await(process: "subprocess.Popen[bytes]", ready: Callable[[], bool], log: Path) -> None:
    end = time.monotonic() + START_TIMEOUT
    while not ready():
        if process.poll() is not None or time.monotonic() > end:
            said = log.read_text("utf-8", "replace")[-2000:]
            raise RuntimeError(f"the target did not start (exit {process.poll()}):\n{said}")
        time.sleep(0.05)


def discovers(issuer: str) -> Callable[[], bool]:
    """Whether ``issuer`` answers with its metadata yet."""

    def ready() -> bool:
        with contextlib.suppress(httpx.TransportError), contextlib.closing(HttpWire()) as wire:
            return wire.send(get(f"{issuer}/.well-known/openid-configuration")).status_code == 200
        return False

    return ready


PERSON = Person(
    identifier="conformance",
    password="correct horse battery staple 7",
    claims={
        "name": "王小明",
        "given_name": "小明",
        "family_name": "王",
        "middle_name": "Ming",
        "nickname": "小王",
        "preferred_username": "conformance",
        "profile": "https://example.com/xiaoming",
        "picture": "https://example.com/xiaoming.png",
        "website": "https://example.com",
        "gender": "male",
        "birthdate": "1990-03-07",
        "zoneinfo": "Asia/Shanghai",
        "locale": "zh-CN",
        "updated_at": 1_700_000_000,
        "email": "xiaoming@example.com",
        "email_verified": True,
        "address": {"formatted": "长沙市韶山北路1号", "locality": "长沙市", "region": "湖南省", "country": "中国"},
        "phone_number": "+8613800138000",
        "phone_number_verified": True,
    },
)


@dataclass
class Peer:
    """npm oidc-provider behind ``tests/node/peer-conformance.mjs``."""

    name: str = "peer"
    names: tuple[str, str, str] = ("conformance-1", "conformance-2", "conformance-post")
    secrets: tuple[str, str, str] = field(
        default=("first-secret-" + "a" * 30, "second-secret-" + "b" * 30, "post-secret-" + "c" * 30)
    )

    @contextmanager
    def start(self, receiver: Receiver, scratch: Path) -> Iterator[Installation]:
        port = free_port()
        issuer = f"http://localhost:{port}"
        clients = static_clients(self.names, self.secrets, receiver.base)
        settings = {
            "issuer": issuer,
            "port": port,
            "clients": [self._metadata(client, receiver) for client in clients],
            "person": {
                "identifier": PERSON.identifier,
                "password": PERSON.password,
                "claims": PERSON.claims,
            },
        }
        written = scratch / "peer.json"
        written.write_text(json.dumps(settings), "utf-8")
        command = ["node", str(ROOT / "tests/node/peer-conformance.mjs"), str(written)]
        first, second, by_post = clients
        with running(command, {}, scratch / "peer.log", discovers(issuer)), ExitStack() as closing:
            wire = HttpWire()
            closing.callback(wire.close)
            yield Installation(self.name, issuer, PERSON, first, second, by_post, receiver, wire)

    @staticmethod
    def _metadata(client: Any, receiver: Receiver) -> dict[str, Any]:
        return {
            "client_id": client.client_id,
            "client_secret": client.secret,
            "token_endpoint_auth_method": client.method,
            "redirect_uris": [client.redirect_uri],
            "post_logout_redirect_uris": [client.post_logout_redirect_uri],
            "backchannel_logout_uri": receiver.base + BACKCHANNEL,
            "backchannel_logout_session_required": True,
            "grant_types": ["authorization_code", "refresh_token"],
            "response_types": ["code"],
        }


TARGETS: dict[str, Target] = {"peer": Peer()}
