"""People and apps who use an installation while parts of it are killed, and who remember what they were told.

Always true: only what an answer has confirmed is remembered. Whoever gets no answer forgets that browser and its
tokens, as nobody can tell what became of the request, and begins anew.
"""

import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import httpx

from tests.trust.browser import Browser, Server, Tokens, Wire, code_in, tokens_of
from tests.trust.installation import ALPHA, BETA, GAMMA, MACHINE, App, Installation, Person
from tests.trust.receiver import claims_of


class Unanswered(Exception):
    """The node was killed, or is not up yet, or said 503: what was asked may or may not have been done."""


class LoadWire(Wire):
    """Connections that tell an answer from none, and note every answer that must never be."""

    def __init__(self, ledger: "Ledger") -> None:
        super().__init__(timeout=10)
        self._ledger = ledger

    def send(self, request: httpx.Request) -> httpx.Response:
        try:
            answer = super().send(request)
        except httpx.TransportError as error:
            raise Unanswered(type(error).__name__) from error
        self._ledger.count(answer.status_code)
        if answer.status_code == 503:
            raise Unanswered("503")
        if answer.status_code >= 500:
            self._ledger.wrong(f"{request.method} {request.url.path}: {answer.status_code} {answer.text[:300]}")
        return answer


@dataclass(frozen=True, slots=True)
class SignedOut:
    """A sign-out that was confirmed: the session's secret, what each app entered in it was given."""

    secret: str
    apps: tuple[tuple[App, Tokens], ...]


@dataclass
class Ledger:
    """What was confirmed, for the comparison afterwards. Secrets, codes and tokens as the clients know them."""

    registered: list[tuple[str, Person]] = field(default_factory=list)
    """Session secret after the registration, and the person."""
    signed_in: list[str] = field(default_factory=list)
    granted: list[str] = field(default_factory=list)
    exchanged: list[tuple[str, Tokens]] = field(default_factory=list)
    refreshed: dict[str, tuple[str, str]] = field(default_factory=dict)
    """Whose it is and the last confirmed refresh token, of each family in use, by its first part."""
    consented: list[tuple[str, App]] = field(default_factory=list)
    changed: list[tuple[str, Person]] = field(default_factory=list)
    """Session secret after the change, and the person (a password nobody knows any more is empty)."""
    signed_out: list[SignedOut] = field(default_factory=list)
    replaced: set[str] = field(default_factory=set)
    """Secrets of sessions that were asked for a new one: whether they got it is not always known."""
    faults: list[str] = field(default_factory=list)
    statuses: dict[int, int] = field(default_factory=dict)
    free: list[Person] = field(default_factory=list)
    """People with an account who are nowhere signed in that anybody knew of, and whose password is known."""
    unanswered: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def wrong(self, what: str) -> None:
        with self._lock:
            self.faults.append(what)

    def count(self, status: int) -> None:
        with self._lock:
            self.statuses[status] = self.statuses.get(status, 0) + 1

    def forget_tokens_of(self, mobile: str) -> None:
        """A password change ends what the person's other sessions gave out."""
        for handle, (owner, _) in list(self.refreshed.items()):
            if owner == mobile:
                self.refreshed.pop(handle, None)

    def expect(self, true: bool, what: str) -> None:
        """Note a wrong answer and give the browser up."""
        if not true:
            self.wrong(what)
            raise Unanswered(what)


class Citizen:
    """One thread's worth of people, one after the other: each comes, does some things, and leaves or is cut off."""

    def __init__(self, at: Installation, ledger: Ledger, seed: int) -> None:
        self._at = at
        self._ledger = ledger
        self._random = random.Random(seed)
        self._wire = LoadWire(ledger)
        self._server = Server(at, self._wire)
        self._node = seed % 2
        self._mobile = ""

    def run(self, stopping: threading.Event) -> None:
        while not stopping.is_set():
            try:
                self._visit()
            except Unanswered:
                self._ledger.unanswered += 1
                self._node = 1 - self._node
                time.sleep(0.1)
            except Exception as error:  # a test cannot fail from a thread
                self._ledger.wrong(f"{type(error).__name__}: {error}"[:500])
            time.sleep(self._random.uniform(0, 0.1))
        self._wire.close()

    def _visit(self) -> None:
        browser = Browser(self._at, self._wire)
        if self._random.random() < 0.2:
            self._stay(browser, self._register(browser))
            return
        person = self._ledger.free.pop(self._random.randrange(len(self._ledger.free)))
        try:
            self._sign_in(browser, person)
            self._stay(browser, person)
        finally:
            if person.password:
                self._ledger.free.append(person)

    def _stay(self, browser: Browser, person: Person) -> None:
        held: list[tuple[App, Tokens]] = []
        self._mobile = person.mobile
        for _ in range(self._random.randrange(1, 5)):
            act = self._random.choice([self._enter, self._enter, self._enter_with_consent, self._use, self._use])
            act(browser, held)
        if self._random.random() < 0.15:
            self._change_password(browser, person)
        if self._random.random() < 0.7:
            self._sign_out(browser, held)

    def _either(self) -> int:
        """Mostly the node one came to, as behind a balancer."""
        return self._node if self._random.random() < 0.95 else 1 - self._node

    # -- coming

    def _sign_in(self, browser: Browser, person: Person) -> None:
        answer = browser.try_password(person.mobile, person.password, node=self._node)
        self._ledger.expect(answer.status_code == 303, f"sign-in: {answer.status_code} {answer.text[-800:]}")
        self._ledger.signed_in.append(browser.secret or "")

    def _register(self, browser: Browser) -> Person:
        person = Person(self._at.new_mobile(), "Cobalt9Orchard47")
        try:
            answer = browser.register(person.mobile, person.password, node=self._node)
        except AssertionError as error:  # no text message yet: the worker is being killed as well
            raise Unanswered(str(error)) from error
        self._ledger.expect(answer.status_code == 303, f"registration: {answer.status_code}")
        self._ledger.expect(browser.secret is not None, f"registration led to {answer.headers['location']}")
        self._ledger.registered.append((browser.secret or "", person))
        return person

    # -- apps

    def _enter(self, browser: Browser, held: list[tuple[App, Tokens]]) -> None:
        app = self._random.choice([ALPHA, BETA])
        self._granted(app, browser.ask(app, node=self._either(), scope="openid"), held)

    def _enter_with_consent(self, browser: Browser, held: list[tuple[App, Tokens]]) -> None:
        node = self._either()
        answer = browser.ask(GAMMA, node=node, scope="openid profile")
        if answer.headers.get("location", "").startswith("/consent"):
            address = answer.headers["location"]
            answer = browser.submit(address, {"decision": "allow"}, node=node)
            self._ledger.expect(answer.status_code == 303, f"consent: {answer.status_code}")
            self._ledger.consented.append((browser.secret or "", GAMMA))
            answer = browser.get(answer.headers["location"], node=node)
        self._granted(GAMMA, answer, held)

    def _granted(self, app: App, answer: httpx.Response, held: list[tuple[App, Tokens]]) -> None:
        location = answer.headers.get("location", "")
        self._ledger.expect("code=" in location, f"code: {answer.status_code} {location}")
        code = code_in(answer)
        self._ledger.granted.append(code)
        exchanged = self._server.exchange(app, code, node=self._either())
        self._ledger.expect(exchanged.status_code == 200, f"exchange: {exchanged.status_code} {exchanged.text}")
        tokens = tokens_of(exchanged)
        self._ledger.exchanged.append((code, tokens))
        self._ledger.refreshed[_handle(tokens)] = self._mobile, tokens.refresh
        held.append((app, tokens))

    def _use(self, browser: Browser, held: list[tuple[App, Tokens]]) -> None:
        """Refresh, read, look at the account; a grant that was confirmed must work."""
        self._server.client_credentials(MACHINE, node=self._either())
        if not held:
            return
        place = self._random.randrange(len(held))
        app, tokens = held[place]
        self._ledger.refreshed.pop(_handle(tokens), None)  # without an answer nobody knows which one is good
        answer = self._server.refresh(app, tokens.refresh, node=self._either())
        self._ledger.expect(answer.status_code == 200, f"refresh: {answer.status_code} {answer.text}")
        fresh = tokens_of(answer)
        self._ledger.refreshed[_handle(fresh)] = self._mobile, fresh.refresh
        held[place] = (app, Tokens(fresh.access, fresh.refresh, tokens.id))
        read = self._server.userinfo(fresh.access, node=self._either())
        self._ledger.expect(read.status_code == 200, f"userinfo: {read.status_code}")
        self._ledger.expect(browser.is_signed_in(node=self._either()), "the session is gone")

    # -- account

    def _change_password(self, browser: Browser, person: Person) -> None:
        fresh = Person(person.mobile, f"Willow5Harbour{self._random.randrange(10**6)}")
        self._ledger.replaced.add(browser.secret or "")
        self._ledger.forget_tokens_of(person.mobile)
        before, person.password = Person(person.mobile, person.password), ""  # without an answer nobody knows it
        answer = browser.change_password(before, fresh.password, node=self._either())
        self._ledger.expect(answer.status_code == 303, f"password: {answer.status_code}")
        person.password = fresh.password
        self._ledger.changed.append((browser.secret or "", person))

    def _sign_out(self, browser: Browser, held: list[tuple[App, Tokens]]) -> None:
        secret = browser.secret or ""
        for _, tokens in held:
            self._ledger.refreshed.pop(_handle(tokens), None)
        if held and self._random.random() < 0.5:
            app, tokens = held[0]
            answer = browser.sign_out_from(app, tokens.id, node=self._either())
        else:
            answer = browser.sign_out(node=self._either())
        self._ledger.expect(answer.status_code == 303, f"sign-out: {answer.status_code}")
        self._ledger.expect(browser.secret is None, "the cookie stays after a sign-out")
        self._ledger.signed_out.append(SignedOut(secret, tuple(held)))


def _handle(tokens: Tokens) -> str:
    return tokens.refresh.partition(".")[0]


def sid(tokens: Tokens) -> str:
    return str(claims_of(tokens.id)["sid"])


def under_load(at: Installation, ledger: Ledger, trouble: Callable[[], None], *, threads: int, seed: int) -> None:
    """Let ``threads`` people at a time use the installation for as long as ``trouble`` lasts."""
    stopping = threading.Event()
    ledger.free = list(at.people)
    crowd = [
        threading.Thread(target=Citizen(at, ledger, seed + number).run, args=(stopping,)) for number in range(threads)
    ]
    for thread in crowd:
        thread.start()
    try:
        trouble()
    finally:
        stopping.set()
        for thread in crowd:
            thread.join()
