"""An empty sandbox with a clock of its own, and requests signed as docs/providers.md says.

Always true: no test here opens a socket or waits.
"""

import hashlib
import hmac
import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from adapters.sandbox.app import create_sandbox
from adapters.sandbox.ca_shelf import Shelf
from adapters.sandbox.settings import ROOT, SandboxSettings

DOCS = (ROOT / "docs" / "providers.md").read_text(encoding="utf-8")
SECRET = "a-key-of-the-sandbox-tests-0123456789"
ENDPOINT = "/sms/v1/messages"


@dataclass
class Time:
    """A clock that stands still until told, and notes every wait instead of waiting."""

    now: float = 1_790_000_000
    waits: list[float] = field(default_factory=list)


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def settings(time: Time) -> SandboxSettings:
    return SandboxSettings(secret=SECRET, clock=lambda: time.now, pause=time.waits.append)


@pytest.fixture
def client(settings: SandboxSettings) -> FlaskClient:
    return create_sandbox(settings).test_client()


def fields(**changes: Any) -> dict[str, Any]:
    """A good request, with ``changes``."""
    return {
        "message_id": "msg_1",
        "to": "+8613800001001",
        "template": "signin_code",
        "params": {"code": "482913", "minutes": "5"},
        "text": "【通办】登录验证码 482913，5 分钟内有效。",
        "locale": "zh-CN",
    } | changes


def signed(body: bytes, timestamp: int | str, key: str = "msg_1", secret: str = SECRET) -> dict[str, str]:
    """The headers that go with ``body``."""
    mac = hmac.new(secret.encode(), f"{timestamp}.".encode() + body, hashlib.sha256)
    return {
        "Content-Type": "application/json",
        "Tongban-Timestamp": str(timestamp),
        "Tongban-Signature": f"v1={mac.hexdigest()}",
        "Idempotency-Key": key,
    }


@pytest.fixture(scope="session")
def demo_directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the demo CAs of all tests are kept: RSA keys take their time."""
    return tmp_path_factory.mktemp("demo-ca")


@pytest.fixture(scope="session")
def demo_shelf(demo_directory: Path) -> Shelf:
    return Shelf(demo_directory)


Send = Callable[..., TestResponse]


@pytest.fixture
def send(client: FlaskClient, time: Time) -> Send:
    """Sends a signed request: ``fields`` with changes, or a raw ``body``."""

    def sender(body: bytes | None = None, **changes: Any) -> TestResponse:
        message = fields(**changes)
        content = json.dumps(message).encode() if body is None else body
        return client.post(ENDPOINT, data=content, headers=signed(content, int(time.now), str(message["message_id"])))

    return sender


def documented_example() -> tuple[bytes, str, str]:
    """Body, timestamp and signature of the worked example in the documentation."""
    body, timestamp, signature = (
        re.search(pattern, DOCS, re.MULTILINE)
        for pattern in (r'^(\{"locale".*\})$', r"timestamp `(\d+)`", r"^(v1=[0-9a-f]{64})$")
    )
    assert body
    assert timestamp
    assert signature
    return body[1].encode(), timestamp[1], signature[1]
