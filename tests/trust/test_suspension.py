"""A suspended client is out on every node within a second, and what it held has ended (architecture: life cycle)."""

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import httpx
import pytest

from tests.trust.browser import Browser, Server, Tokens, Wire, code_in, tokens_of
from tests.trust.installation import ALPHA, BETA, MACHINE, App, Installation
from tests.trust.receiver import claims_of

pytestmark = pytest.mark.services
BOUND = 1.0


@dataclass
class Use:
    """One way to use a client, tried again and again on one node: when it last began to succeed."""

    name: str
    app: App
    attempt: Callable[[], bool]
    last: float = 0.0
    tries: int = 0
    error: list[BaseException] = field(default_factory=list)

    def run(self, stopping: threading.Event) -> None:
        while not stopping.is_set():
            began = time.monotonic()
            try:
                worked = self.attempt()
            except Exception as error:  # shown by the test, which a thread cannot fail
                self.error.append(error)
                return
            self.tries += 1
            if worked:
                self.last = began


@pytest.fixture
def reinstated(anywhere: Installation) -> Iterator[None]:
    yield
    for app in (ALPHA, MACHINE):
        state = [row[0] for row in anywhere.rows("SELECT state FROM client WHERE client_id = :id", id=app.client_id)]
        if state == ["suspended"]:
            anywhere.run("client", "state", app.client_id, "live")


def _uses(at: Installation, server: Server, browser: Browser, wire: Wire) -> list[Use]:
    """Every way that must end, on each node; each with tokens of its own, so that none spoils another's."""
    uses = []
    for node in (0, 1):
        family = [tokens_of(server.exchange(ALPHA, browser.authorize(ALPHA))).refresh]
        held = tokens_of(server.exchange(ALPHA, browser.authorize(ALPHA)))
        own = server.client_credentials(MACHINE).json()["access_token"]
        mine = browser.copy()

        def refresh(node: int = node, family: list[str] = family) -> bool:
            answer = server.refresh(ALPHA, family[0], node=node)
            if answer.status_code == 200:
                family[0] = tokens_of(answer).refresh
            return _served(answer)

        def code(node: int = node, mine: Browser = mine) -> bool:
            return "code=" in mine.ask(ALPHA, node=node).headers.get("location", "")

        def exchange(node: int = node, mine: Browser = mine) -> bool:
            answer = mine.ask(ALPHA, node=node)
            if "code=" not in answer.headers.get("location", ""):
                return False
            return _served(server.exchange(ALPHA, code_in(answer), node=node))

        def introspection(node: int = node, token: str = held.access) -> bool:
            return server.is_active(ALPHA, token, node=node)

        def introspection_of_own(node: int = node, token: str = own) -> bool:
            return server.is_active(MACHINE, token, node=node)

        def userinfo(node: int = node, token: str = held.access) -> bool:
            return _served(server.userinfo(token, node=node))

        def own_token(node: int = node) -> bool:
            return _served(server.client_credentials(MACHINE, node=node))

        for app, attempts in (
            (ALPHA, (refresh, code, exchange, introspection, userinfo)),
            (MACHINE, (introspection_of_own, own_token)),
        ):
            uses += [Use(f"{attempt.__name__} on node {node}", app, attempt) for attempt in attempts]
    return uses


def _served(answer: httpx.Response) -> bool:
    assert answer.status_code < 500, answer.text
    return answer.status_code == 200


def _disable(at: Installation, *apps: App) -> dict[str, float]:
    """Suspend by other processes; the moment at which each said it was done."""
    commands = {app.client_id: at.begin("client", "disable", app.client_id) for app in apps}
    said = {}
    for name, command in commands.items():
        with command:
            assert command.stdout is not None
            for line in command.stdout:
                if line == f"{name}: suspended\n":
                    said[name] = time.monotonic()
    assert said.keys() == commands.keys()
    return said


@pytest.mark.alone
@pytest.mark.usefixtures("reinstated")
def test_a_suspended_client_gets_nothing_from_any_node_a_second_later(
    anywhere: Installation, server: Server, browser: Browser, wire: Wire
) -> None:
    browser.sign_in(anywhere.person())
    uses = _uses(anywhere, server, browser, wire)
    stopping = threading.Event()
    threads = [threading.Thread(target=use.run, args=(stopping,)) for use in uses]
    for thread in threads:
        thread.start()
    time.sleep(1)
    said = _disable(anywhere, ALPHA) | _disable(anywhere, MACHINE)
    time.sleep(BOUND + 1)
    stopping.set()
    for thread in threads:
        thread.join()
    assert [use.error for use in uses if use.error] == []
    worked_before = {use.name for use in uses if use.last > 0}
    assert worked_before == {use.name for use in uses}
    late = {use.name: round(use.last - said[use.app.client_id], 2) for use in uses}
    assert {name: seconds for name, seconds in late.items() if seconds > BOUND} == {}
    assert all(use.tries > 5 for use in uses)


@pytest.mark.usefixtures("reinstated")
def test_its_grants_end_with_notices_and_nothing_comes_back_when_it_is_reinstated(
    anywhere: Installation, server: Server, wire: Wire
) -> None:
    browsers = [Browser(anywhere, wire).sign_in(anywhere.person()) for _ in range(3)]
    held: list[Tokens] = [tokens_of(server.exchange(ALPHA, b.authorize(ALPHA))) for b in browsers]
    others = [tokens_of(server.exchange(BETA, b.authorize(BETA, scope="openid"))) for b in browsers]
    unused = browsers[0].authorize(ALPHA)
    own = server.client_credentials(MACHINE).json()["access_token"]
    _disable(anywhere, ALPHA, MACHINE)
    sids = [str(claims_of(tokens.id)["sid"]) for tokens in held]
    assert anywhere.receiver.wait_for(*sids)
    assert [len(anywhere.receiver.of(sid)) for sid in sids] == [1, 1, 1]
    for tokens in held:
        gid = str(claims_of(tokens.access)["gid"])
        assert anywhere.audited(gid, "client:grant:ended", reason="client-suspended") == 1
    for browser, tokens in zip(browsers, others, strict=True):  # the sessions and other apps go on
        assert browser.is_signed_in(node=1)
        assert server.is_active(BETA, tokens.access)
    anywhere.run("client", "state", ALPHA.client_id, "live")
    anywhere.run("client", "state", MACHINE.client_id, "live")
    time.sleep(BOUND)
    for tokens in held:
        assert server.living(ALPHA, tokens) == []
    assert server.exchange(ALPHA, unused).status_code == 400
    assert server.is_active(MACHINE, own), "its own short tokens name no grant"
    assert tokens_of(server.exchange(ALPHA, browsers[0].authorize(ALPHA)))


@pytest.mark.usefixtures("reinstated")
def test_a_code_given_by_a_node_that_had_not_heard_yet_is_not_good_after_the_return(
    anywhere: Installation, server: Server, browser: Browser
) -> None:
    browser.sign_in(anywhere.person())
    codes: list[str] = []
    stopping = threading.Event()
    threads = [threading.Thread(target=_collect, args=(browser.copy(), n, codes, stopping)) for n in (0, 1)]
    for thread in threads:
        thread.start()
    _disable(anywhere, ALPHA)
    time.sleep(BOUND)
    stopping.set()
    for thread in threads:
        thread.join()
    anywhere.run("client", "state", ALPHA.client_id, "live")
    time.sleep(BOUND)
    assert codes
    answers = [server.exchange(ALPHA, code, node=n % 2).status_code for n, code in enumerate(codes[-100:])]
    assert set(answers) == {400}


def _collect(browser: Browser, node: int, codes: list[str], stopping: threading.Event) -> None:
    while not stopping.is_set():
        answer = browser.ask(ALPHA, node=node)
        if "code=" in answer.headers.get("location", ""):
            codes.append(code_in(answer))
