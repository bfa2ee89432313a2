"""The real client, a running sandbox, and servers that misbehave below HTTP - all on loopback.

Always true: waits are scaled down, so that no test takes the seconds it is about.
"""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Literal

import pytest
from werkzeug.serving import make_server

from adapters.providers.bank_card import HttpBankCards
from adapters.providers.captcha import HttpCaptchaProvider
from adapters.providers.check import HttpCheckVendor, Pinned
from adapters.providers.enterprise import HttpEnterpriseRegister
from adapters.providers.photos import HttpPhotoReader
from adapters.providers.population import HttpPopulationRegister
from adapters.providers.register import Patience
from adapters.providers.sm2 import HttpSm2Verifier
from adapters.providers.sms import HttpSmsGateway
from adapters.sandbox.app import create_sandbox
from adapters.sandbox.captcha import CAPTCHA_ENDPOINT, Challenges
from adapters.sandbox.cards import CARD_ENDPOINT
from adapters.sandbox.check_callbacks import Make
from adapters.sandbox.check_results import ISSUERS, public_keys
from adapters.sandbox.photos import PHOTO_ENDPOINT
from adapters.sandbox.registers import ENTITY_ENDPOINT, PERSON_ENDPOINT
from adapters.sandbox.settings import SandboxSettings
from adapters.sandbox.sm2_server import SM2_ENDPOINT
from adapters.sandbox.sms import ENDPOINT
from adapters.sandbox.store import Inbox
from idp.messages.rules import SmsMessage
from idp.messages.templates import compose

SECRET = "a-key-of-the-provider-tests-0123456789"
POPULATION_SECRET = "a-population-key-of-the-tests-0123456789"
ENTERPRISE_SECRET = "an-enterprise-key-of-the-tests-0123456789"
BANK_CARD_SECRET = "a-bank-card-key-of-the-tests-0123456789a"
PHOTOS_SECRET = "a-photos-key-of-the-tests-0123456789abcd"
CAPTCHA_SECRET = "a-captcha-key-of-the-tests-0123456789abc"
SM2_SECRET = "an-sm2-key-of-the-provider-tests-012345678"
FACE_SECRET = "a-face-and-bank-key-of-the-tests-0123456"
SCALE = 0.03
"""Real seconds per second a magic number waits: one that hangs does so for 0.9 s."""
IMPATIENT = 0.3
"""Time-out of the clients that are to give up; the others have the real one, however busy the machine is."""


@dataclass
class RunningSandbox:
    """A served sandbox; ``ahead`` moves its clock."""

    url: str = ""
    ahead: float = 0
    inbox: Inbox = field(default_factory=lambda: Inbox(max_messages=100, max_requests=100))
    challenges: Challenges = field(default_factory=lambda: Challenges(most=100))
    callbacks: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    """Headers (lower case) and bodies that the vendors of checks would have sent."""

    def now(self) -> float:
        return time.time() + self.ahead

    def gateway(
        self, *, secret: str = SECRET, timeout: float = 3.0, clock: Callable[[], float] | None = None
    ) -> HttpSmsGateway:
        return HttpSmsGateway(url=self.url + ENDPOINT, secret=secret, timeout=timeout, clock=clock or self.now)

    def population(
        self, *, secret: str = POPULATION_SECRET, clock: Callable[[], float] | None = None, **patience: float
    ) -> HttpPopulationRegister:
        """Of a patience that no breaker of a test opens in unless it says so."""
        limits = Patience(**{"breaker_failures": 1000, **patience})  # type: ignore[arg-type]
        return HttpPopulationRegister(self.url + PERSON_ENDPOINT, secret, patience=limits, clock=clock or self.now)

    def enterprise(self, *, secret: str = ENTERPRISE_SECRET, **patience: float) -> HttpEnterpriseRegister:
        limits = Patience(**{"breaker_failures": 1000, **patience})  # type: ignore[arg-type]
        return HttpEnterpriseRegister(self.url + ENTITY_ENDPOINT, secret, patience=limits, clock=self.now)

    def banks(self, *, secret: str = BANK_CARD_SECRET, **patience: float) -> HttpBankCards:
        limits = Patience(**{"breaker_failures": 1000, **patience})  # type: ignore[arg-type]
        return HttpBankCards(self.url + CARD_ENDPOINT, secret, patience=limits, clock=self.now)

    def photos(self, *, secret: str = PHOTOS_SECRET, **patience: float) -> HttpPhotoReader:
        limits = Patience(**{"breaker_failures": 1000, **patience})  # type: ignore[arg-type]
        return HttpPhotoReader(self.url + PHOTO_ENDPOINT, secret, patience=limits, clock=self.now)

    def captcha(
        self, *, secret: str = CAPTCHA_SECRET, clock: Callable[[], float] | None = None, **patience: float
    ) -> HttpCaptchaProvider:
        limits = Patience(**{"breaker_failures": 1000, **patience})  # type: ignore[arg-type]
        return HttpCaptchaProvider(self.url + CAPTCHA_ENDPOINT, secret, patience=limits, clock=clock or self.now)

    def sm2(
        self, *, secret: str = SM2_SECRET, clock: Callable[[], float] | None = None, **patience: float
    ) -> HttpSm2Verifier:
        limits = Patience(**{"breaker_failures": 1000, **patience})  # type: ignore[arg-type]
        return HttpSm2Verifier(self.url + SM2_ENDPOINT, secret, patience=limits, clock=clock or self.now)

    def check_vendor(
        self, kind: Literal["face", "bank"], *, secret: str = FACE_SECRET, **patience: float
    ) -> HttpCheckVendor:
        limits = Patience(**{"breaker_failures": 1000, **patience})  # type: ignore[arg-type]
        least = 0.8 if kind == "face" else 0
        pinned = Pinned(kind, ISSUERS[kind], "http://localhost:8000", public_keys(kind), (self.url,), least)
        return HttpCheckVendor(
            f"{self.url}/{kind}/v1",
            secret,
            pinned,
            callback_url=f"http://localhost:8000/hooks/{kind}",
            patience=limits,
            clock=self.now,
        )

    def messages(self, to: str) -> list[str]:
        return [message.message_id for message in self.inbox.messages(now=self.now(), to=to)]


@pytest.fixture
def sandbox() -> Iterator[RunningSandbox]:
    with running_sandbox() as running:
        yield running


@pytest.fixture
def second_sandbox() -> Iterator[RunningSandbox]:
    """Another vendor, with an inbox and a memory of its own."""
    with running_sandbox() as running:
        yield running


@contextmanager
def running_sandbox() -> Iterator[RunningSandbox]:
    running = RunningSandbox()

    def call(_url: str, make: Make, _after: float) -> None:
        headers, body = make()
        running.callbacks.append(({name.lower(): value for name, value in headers.items()}, body))

    app = create_sandbox(
        SandboxSettings(
            secret=SECRET,
            population_secret=POPULATION_SECRET,
            enterprise_secret=ENTERPRISE_SECRET,
            bank_card_secret=BANK_CARD_SECRET,
            captcha_secret=CAPTCHA_SECRET,
            sm2_secret=SM2_SECRET,
            face_secret=FACE_SECRET,
            bank_secret=FACE_SECRET,
            photos_secret=PHOTOS_SECRET,
            clock=running.now,
            pause=lambda seconds: time.sleep(seconds * SCALE),
            call=call,
        )
    )
    app.extensions["sandbox_inbox"] = running.inbox
    running.challenges = app.extensions["sandbox_captcha"]
    server = make_server("127.0.0.1", 0, app, threaded=True)
    running.url = f"http://127.0.0.1:{server.port}"
    thread = threading.Thread(target=lambda: server.serve_forever(poll_interval=0.01))
    thread.start()
    yield running
    server.shutdown()
    thread.join()


def message(to: str = "+8613800001001", message_id: str = "msg_1") -> SmsMessage:
    return compose(
        message_id=message_id,
        to=to,
        template="signin_code",
        params={"code": "482913", "minutes": "5"},
        locale="zh-CN",
    )


@contextmanager
def answering(conversation: Callable[[socket.socket], None], *, times: int = 1) -> Iterator[str]:
    """A server that holds one ``conversation`` per connection, on ``times`` connections; its address."""
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(5)

    def serve() -> None:
        for _ in range(times):
            hold(listener.accept()[0])

    def hold(connection: socket.socket) -> None:
        with connection:
            connection.settimeout(5)
            try:
                conversation(connection)
            except OSError:  # the client was right to hang up
                return

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/sms"
    finally:
        thread.join()
        listener.close()
