"""Redis lost or away, PostgreSQL restarted or killed: what stands goes on, what cannot be done says so (trust 16)."""

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest

from tests.trust.browser import Browser, Server, Tokens, Wire, code_in, tokens_of
from tests.trust.installation import ALPHA, BETA, GAMMA, MACHINE, Installation, installation, wait_until
from tests.trust.receiver import claims_of, header_of

pytestmark = pytest.mark.services
QUICKLY = 2.0
"""Seconds: the time-out of Redis is one, and the machine of a test is busy."""
HEALED = 10.0
REAL = {"TONGBAN_LIMITS__PASSWORD__PER_ADDRESS_FAILURES": "100", "TONGBAN_LIMITS__SMS__PER_ADDRESS_HOURLY": "30"}


@pytest.fixture(scope="module")
def at(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    with installation("postgresql", tmp_path_factory.mktemp("outages"), settings=REAL, people=60) as made:
        yield made
        assert made.faults() == []


@pytest.fixture
def server(at: Installation, wire: Wire) -> Server:
    return Server(at, wire)


@pytest.fixture
def browser(at: Installation, wire: Wire) -> Browser:
    return Browser(at, wire).sign_in(at.person())


@dataclass
class Held:
    """What somebody holds when the trouble begins: a session, tokens, a code, a parked request, an SMS code."""

    browser: Browser
    tokens: Tokens
    code: str
    parked: Browser
    parked_at: str
    texting: Browser
    texting_at: str
    sms_code: str
    mobile: str


def _held(at: Installation, wire: Wire, server: Server) -> Held:
    person = at.person()
    browser = Browser(at, wire).sign_in(person)
    tokens = tokens_of(server.exchange(ALPHA, browser.authorize(ALPHA)))
    code = browser.authorize(BETA, scope="openid")
    parked = Browser(at, wire)
    parked_at = parked.ask(ALPHA).headers["location"]
    parked.token(parked_at)
    texting, mobile = Browser(at, wire), at.person().mobile
    texting_at = texting.ask_code(mobile).headers["location"]
    sms_code = texting.await_code(mobile, "signin_code")
    texting.token(texting_at)
    return Held(browser, tokens, code, parked, parked_at, texting, texting_at, sms_code, mobile)


def _goes_on(server: Server, held: Held) -> dict[str, Callable[[int], httpx.Response]]:
    """What rests on the database alone, by node; each answers 200."""

    def refresh(node: int) -> httpx.Response:
        answer = server.refresh(ALPHA, held.tokens.refresh, node=node)
        if answer.status_code == 200:
            held.tokens = tokens_of(answer)
        return answer

    def enter(node: int) -> httpx.Response:
        answer = held.browser.ask(BETA, node=node, scope="openid")
        return server.exchange(BETA, code_in(answer), node=node) if answer.status_code == 303 else answer

    url = [node.url for node in server.at.nodes]
    return {
        "entering an app": enter,
        "client_credentials": lambda node: server.client_credentials(MACHINE, node=node),
        "introspection": lambda node: server.introspect(ALPHA, held.tokens.access, node=node),
        "userinfo": lambda node: server.userinfo(held.tokens.access, node=node),
        "refresh": refresh,
        "revocation of nothing": lambda node: server.call("/revoke", ALPHA, {"token": "none"}, node=node),
        "keys": lambda node: server.wire.get(url[node] + "/jwks"),
        "discovery": lambda node: server.wire.get(url[node] + "/.well-known/openid-configuration"),
        "my account": lambda node: held.browser.get("/account", node=node),
        "health": lambda node: server.wire.get(url[node] + "/healthz"),
    }


def _timed(call: Callable[[], httpx.Response]) -> tuple[httpx.Response, float]:
    began = time.monotonic()
    answer = call()
    return answer, time.monotonic() - began


def _is_declared(answer: httpx.Response) -> bool:
    """A 503 as it is meant: when to come back, and for machines what it is."""
    if answer.status_code != 503 or not answer.headers.get("retry-after", "").isdigit():
        return False
    machine = answer.headers["content-type"].startswith("application/json")
    return not machine or answer.json()["error"] == "temporarily_unavailable"


def test_a_lost_state_store_ends_what_waited_there_and_nothing_else(
    at: Installation, wire: Wire, server: Server
) -> None:
    held = _held(at, wire, server)
    revoked = tokens_of(server.exchange(ALPHA, held.browser.authorize(ALPHA)))
    server.call("/revoke", ALPHA, {"token": revoked.refresh})
    token = tokens_of(server.exchange(ALPHA, held.browser.authorize(ALPHA)))
    server.call("/revoke", ALPHA, {"token": token.access})
    at.forget_state()
    for name, call in _goes_on(server, held).items():
        assert call(1).status_code == 200, name
    assert server.living(ALPHA, revoked) == []
    assert not server.is_active(ALPHA, token.access, node=1)
    assert server.exchange(BETA, held.code, node=1).status_code == 200
    assert server.exchange(BETA, held.code, node=1).json()["error"] == "invalid_grant"
    _parked_request_restarts(held)
    late = held.texting.submit(held.texting_at, {"code": held.sms_code}, node=1)
    assert (late.status_code, "tb_session" in late.headers.get("set-cookie", "")) == (400, False)
    assert held.texting.sign_in_by_code(held.mobile).status_code == 303


def _parked_request_restarts(held: Held) -> None:
    """Who was on the way to an app signs in, and is then told to begin again there."""
    person = {"identifier": held.mobile, "password": "wrong"}
    assert held.parked.submit(held.parked_at, person, node=1).status_code == 422
    key = held.parked_at.partition("?")[2]
    for path in ("/continue", "/consent"):
        page = held.browser.get(f"{path}?{key}", node=1)
        assert (page.status_code, "location" in page.headers) == (400, False), path
    held.browser.token("/account/password")
    declined = held.browser.submit(f"/continue/decline?{key}", {})
    assert (declined.status_code, "location" in declined.headers) == (400, False)


def test_a_consent_page_left_open_over_a_loss_restarts(at: Installation, browser: Browser) -> None:
    page = browser.ask(GAMMA, scope="openid profile").headers["location"]
    browser.token(page)
    at.forget_state()
    late = browser.submit(page, {"decision": "allow"}, node=1)
    assert (late.status_code, "location" in late.headers) == (400, False)
    assert browser.ask(GAMMA, scope="openid profile").headers["location"].startswith("/consent"), "nothing was given"


def test_locks_and_suspensions_outlive_a_lost_state_store(at: Installation, wire: Wire, server: Server) -> None:
    person = at.person()
    for _ in range(10):
        Browser(at, wire).try_password(person.mobile, "Not-The-Password-1")
    at.run("client", "disable", MACHINE.client_id)
    try:
        at.forget_state()
        time.sleep(1)
        locked = Browser(at, wire).try_password(person.mobile, person.password, node=1)
        assert (locked.status_code, "too many wrong passwords" in locked.text) == (422, True)
        assert server.client_credentials(MACHINE, node=1).status_code == 401
    finally:
        at.run("client", "state", MACHINE.client_id, "live")
        time.sleep(1)


@pytest.mark.parametrize("how", ["down", "silent"])
def test_without_redis_what_needs_it_is_refused_quickly_and_the_rest_goes_on(
    at: Installation, wire: Wire, server: Server, how: str
) -> None:
    held = _held(at, wire, server)
    leaving = Browser(at, wire).sign_in(at.person())
    gone = tokens_of(server.exchange(ALPHA, leaving.authorize(ALPHA)))
    leaving.token("/signout")
    with _redis_away(at, how):
        for node in (0, 1):
            server.wire.get(at.nodes[node].url + "/readyz")  # the one that has to find out
            _rest_goes_on(server, held, node)
            for name, answer, took in _refused(server, held, node):
                assert (name, _is_declared(answer)) == (name, True), f"{answer.status_code} {answer.text[:300]}"
                assert took < QUICKLY, name
        answer, took = _timed(lambda: leaving.sign_out(node=1))
        assert (answer.status_code, took < QUICKLY + 1.5) == (303, True)
        assert server.living(ALPHA, gone) == []
        assert at.receiver.wait_for(str(claims_of(gone.id)["sid"]), seconds=3)
        assert leaving.get(answer.headers["location"]).status_code == 200
    assert wait_until(lambda: all(node.answers() for node in at.nodes), seconds=HEALED)
    assert tokens_of(server.exchange(BETA, held.browser.authorize(BETA, scope="openid")))
    Browser(at, wire).sign_in(at.person())


def _rest_goes_on(server: Server, held: Held, node: int) -> None:
    for name, call in _goes_on(server, held).items():
        answer, took = _timed(lambda call=call: call(node))
        assert (name, answer.status_code) == (name, 200)
        assert took < QUICKLY, name


def _refused(server: Server, held: Held, node: int) -> list[tuple[str, httpx.Response, float]]:
    attempts: dict[str, Callable[[], httpx.Response]] = {
        "readiness": lambda: server.wire.get(server.at.nodes[node].url + "/readyz"),
        "a request to park": lambda: Browser(server.at, server.wire).ask(ALPHA, node=node),
        "a parked request": lambda: held.parked.get(held.parked_at, node=node),
        "asking for a text message": lambda: held.parked.submit(
            "/signin/code", {"identifier": held.mobile}, node=node
        ),
        "answering one": lambda: held.texting.submit(held.texting_at, {"code": held.sms_code}, node=node),
    }
    return [(name, *_timed(attempt)) for name, attempt in attempts.items()]


class _redis_away:
    """Redis stopped, or there but silent."""

    def __init__(self, at: Installation, how: str) -> None:
        assert at.redis is not None
        self.redis, self.how = at.redis, how

    def __enter__(self) -> None:
        if self.how == "down":
            self.redis.kill()
            return
        assert self.redis._child is not None
        os.kill(self.redis._child.process.pid, signal.SIGSTOP)

    def __exit__(self, *_: object) -> None:
        if self.how == "down":
            self.redis.start()
            return
        assert self.redis._child is not None
        os.kill(self.redis._child.process.pid, signal.SIGCONT)


@dataclass
class Watch:
    """One thing asked of a node again and again over a trouble."""

    name: str
    call: Callable[[], httpx.Response]
    answers: list[tuple[float, float, httpx.Response]] = field(default_factory=list)
    """When it began, how long it took, what came."""
    broken: list[str] = field(default_factory=list)

    def run(self, stopping: threading.Event) -> None:
        while not stopping.is_set():
            began = time.monotonic()
            try:
                answer = self.call()
                self.answers.append((began, time.monotonic() - began, answer))
            except httpx.TransportError as error:
                self.broken.append(type(error).__name__)
            time.sleep(0.05)


@pytest.mark.parametrize("how", ["restarted", "killed"])
def test_after_postgresql_was_away_everything_works_again_without_a_restart_of_ours(
    at: Installation, wire: Wire, server: Server, how: str
) -> None:
    assert at.postgres is not None
    held = [_held(at, wire, server) for _ in at.nodes]
    watches = [
        Watch(f"{name} on node {node}", lambda call=call, node=node: call(node))
        for node, one in enumerate(held)
        for name, call in _goes_on(server, one).items()
        if name != "refresh"  # refused in the middle it may have rotated
    ]
    stopping = threading.Event()
    threads = [threading.Thread(target=watch.run, args=(stopping,)) for watch in watches]
    for thread in threads:
        thread.start()
    time.sleep(0.5)
    (at.postgres.stop if how == "restarted" else at.postgres.kill)()
    time.sleep(1.5)
    at.postgres.start()
    back = time.monotonic()
    time.sleep(HEALED + 1)
    stopping.set()
    for thread in threads:
        thread.join()
    for watch in watches:
        _healed(watch, back)
    _whole_journey(at, wire, server)


def _healed(watch: Watch, back: float) -> None:
    assert watch.broken == [], watch.name
    wrong = [answer for _, _, answer in watch.answers if answer.status_code != 200 and not _is_declared(answer)]
    assert wrong == [], f"{watch.name}: {wrong[0].text[:500]}"
    late = [round(began - back, 1) for began, _, answer in watch.answers
            if answer.status_code != 200 and began > back + HEALED]  # fmt: skip
    assert late == [], watch.name
    assert watch.answers[-1][2].status_code == 200, watch.name
    assert max(took for _, took, _ in watch.answers) < 8, watch.name


def _whole_journey(at: Installation, wire: Wire, server: Server) -> None:
    """Each node serves everybody at once again, and the worker sends and hears."""
    for node in (0, 1):
        browsers = [Browser(at, wire).sign_in(at.person(), node=node) for _ in range(3)]
        held = [tokens_of(server.exchange(ALPHA, b.authorize(ALPHA, node=node), node=node)) for b in browsers]
        for browser, tokens in zip(browsers, held, strict=True):
            began = time.monotonic()
            assert browser.sign_out(node=node).status_code == 303
            assert at.receiver.wait_for(str(claims_of(tokens.id)["sid"]), seconds=2)
            assert time.monotonic() - began < 3, "the worker is woken, it does not find out by itself"
    mobile = at.new_mobile()
    assert Browser(at, wire).register(mobile, "Cobalt9Orchard47").status_code == 303


@pytest.mark.parametrize("which", ["the parent", "the child"])
def test_of_a_killed_server_no_process_stays_behind(embedded: Installation, which: str) -> None:
    """Whoever supervises the node sees its end, and may start it again at the same address."""
    node = embedded.nodes[1]
    assert node.child is not None
    parent = node.child.process.pid
    child = int(Path(f"/proc/{parent}/task/{parent}/children").read_text().split()[0])
    os.kill(parent if which == "the parent" else child, signal.SIGKILL)
    try:
        assert wait_until(lambda: not Path(f"/proc/{child}/exe").exists(), seconds=15)
        node.child.process.wait(15)
        assert node.child.process.returncode != 0
        assert not node.answers("/healthz")
    finally:
        node.restart()


def test_a_node_that_is_stopped_finishes_what_it_has_begun(at: Installation, wire: Wire, browser: Browser) -> None:
    """A rolling restart behind a balancer fails nobody."""
    held = Server(at, wire)
    tokens = tokens_of(held.exchange(ALPHA, browser.authorize(ALPHA)))
    browser.token("/signout")
    at.receiver.delay[ALPHA.notices] = 1.2
    answers: list[httpx.Response] = []
    leaving = threading.Thread(target=lambda: answers.append(browser.sign_out(node=1)))
    try:
        leaving.start()
        assert at.receiver.wait_for(str(claims_of(tokens.id)["sid"]))
        at.nodes[1].stop()
        leaving.join()
        assert [answer.status_code for answer in answers] == [303]
    finally:
        at.receiver.delay.clear()
        at.nodes[1].start()
        at.nodes[1].await_ready()


def test_signing_keys_change_under_load_without_a_refusal(at: Installation, server: Server, browser: Browser) -> None:
    held = [tokens_of(server.exchange(ALPHA, browser.authorize(ALPHA))) for _ in at.nodes]
    stopping = threading.Event()
    refused: list[httpx.Response] = []

    def go_on(node: int) -> None:
        while not stopping.is_set():
            read = server.userinfo(held[node].access, node=node)
            fresh = server.refresh(ALPHA, held[node].refresh, node=1 - node)
            refused.extend(answer for answer in (read, fresh) if answer.status_code != 200)
            held[node] = tokens_of(fresh)

    threads = [threading.Thread(target=go_on, args=(node,)) for node in (0, 1)]
    for thread in threads:
        thread.start()
    old = header_of(held[0].access)["kid"]
    at.run("keys", "rotate")
    time.sleep(1.5)
    stopping.set()
    for thread in threads:
        thread.join()
    assert refused == []
    kids = {key["kid"] for key in server.wire.get(at.url + "/jwks").json()["keys"]}
    new = header_of(held[0].access)["kid"]
    assert old != new
    assert {old, new} <= kids
