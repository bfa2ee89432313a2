"""One-time means one time (trust 1): over two processes, both databases, restarts and a lost state store."""

import re
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import pyotp
import pytest

from tests.trust.browser import Browser, Server, Tokens, Wire, tokens_of
from tests.trust.conftest import ROUNDS
from tests.trust.installation import ALPHA, Installation, Person, installation

pytestmark = pytest.mark.services
PARALLEL = 6


@pytest.fixture(scope="module")
def pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(PARALLEL)


def race(pool: ThreadPoolExecutor, attempt: Callable[[int], httpx.Response]) -> list[httpx.Response]:
    """What six attempts at the same moment got; ``attempt`` is told which node to go to."""
    barrier = threading.Barrier(PARALLEL)

    def run(number: int) -> httpx.Response:
        barrier.wait()
        return attempt(number % 2)

    return list(pool.map(run, range(PARALLEL)))


def only_winner(answers: list[httpx.Response], won: int = 200) -> httpx.Response:
    """The one that won; the others were refused cleanly."""
    states = sorted(answer.status_code for answer in answers)
    assert states.count(won) == 1, states
    assert all(400 <= status < 500 for status in states if status != won), states
    return next(answer for answer in answers if answer.status_code == won)


@pytest.fixture
def signed_in(anywhere: Installation, browser: Browser) -> Browser:
    return browser.sign_in(anywhere.person())


def test_of_parallel_exchanges_of_a_code_one_wins_and_the_replay_ends_its_grant(
    signed_in: Browser, server: Server, pool: ThreadPoolExecutor
) -> None:
    for number in range(ROUNDS):
        code = signed_in.authorize(ALPHA, node=number % 2)
        answers = race(pool, lambda node, code=code: server.exchange(ALPHA, code, node=node))
        assert server.living(ALPHA, tokens_of(only_winner(answers))) == []


def test_of_parallel_refreshes_one_wins_and_the_reuse_ends_the_family(
    signed_in: Browser, server: Server, pool: ThreadPoolExecutor
) -> None:
    for number in range(ROUNDS):
        first = tokens_of(server.exchange(ALPHA, signed_in.authorize(ALPHA), node=number % 2))
        answers = race(pool, lambda node, token=first.refresh: server.refresh(ALPHA, token, node=node))
        assert server.living(ALPHA, tokens_of(only_winner(answers))) == []
        assert server.living(ALPHA, first) == []


def test_of_parallel_answers_with_the_right_sms_code_one_signs_in(
    anywhere: Installation, wire: Wire, pool: ThreadPoolExecutor
) -> None:
    for number in range(ROUNDS):
        mobile = anywhere.people[-1 - number % 50].mobile
        before = anywhere.count_messages(mobile, "signin_code")
        browser = Browser(anywhere, wire)
        address = browser.ask_code(mobile, node=number % 2).headers["location"]
        code = browser.await_code(mobile, "signin_code", after=before)
        answers = race(pool, lambda node, b=browser, a=address, c=code: b.copy().submit(a, {"code": c}, node=node))
        winner = only_winner(answers, won=303)
        assert any("tb_session=" in line for line in winner.headers.get_list("set-cookie"))
        assert browser.submit(address, {"code": code}).status_code // 100 == 4


CONFIRM = "/signin/confirm"


def _with_two_factors(at: Installation, wire: Wire, person: Person) -> Browser:
    """A browser that may change how its person signs in."""
    before = at.count_messages(person.mobile, "confirm_code")
    browser = Browser(at, wire).sign_in(person)
    sent = browser.submit(f"{CONFIRM}?by=sms", {"send": "yes"})
    code = browser.await_code(person.mobile, "confirm_code", after=before)
    assert browser.submit(sent.headers["location"], {"code": code}).status_code == 303
    browser.token()
    return browser


def _new_app(owner: Browser) -> str:
    """The seed of an authenticator app that is now the person's, with no code of the next step used."""
    page = owner.submit("/account/methods/totp", {"begin": "yes"}).headers["location"]
    shown = re.search(r'id="secret"[^>]*>([A-Z2-7 ]+)<', owner.get(page).text)
    assert shown
    seed = shown[1].replace(" ", "")
    assert owner.submit(page, {"code": pyotp.TOTP(seed).now()}).headers["location"].endswith("totp_added")
    return seed


def _only_one_confirms(
    pool: ThreadPoolExecutor, rivals: list[Browser], person: Person, way: str, form: dict[str, str]
) -> None:
    """Six sessions of one person answer at once; whoever won signs in anew, to be a rival again."""
    numbers = iter(range(PARALLEL))
    before = [rival.secret for rival in rivals]

    def answer(node: int) -> httpx.Response:
        return rivals[next(numbers)].submit(f"{CONFIRM}?by={way}", form, node=node)

    only_winner(race(pool, answer), won=303)
    for number, rival in enumerate(rivals):
        if rival.secret != before[number]:
            rivals[number] = Browser(rival.at, rival.wire).sign_in(person)
        rivals[number].token()


def test_of_parallel_answers_with_one_code_of_the_app_or_one_recovery_code_one_confirms(
    anywhere: Installation, wire: Wire, pool: ThreadPoolExecutor
) -> None:
    person = anywhere.person()
    rivals = [Browser(anywhere, wire).sign_in(person) for _ in range(PARALLEL)]
    for rival in rivals:
        rival.token()
    owner = _with_two_factors(anywhere, wire, person)
    codes: list[str] = []
    for number in range(ROUNDS):
        if number % 25 == 24:
            owner = _with_two_factors(anywhere, wire, person)
        next_code = pyotp.TOTP(_new_app(owner)).at(int(time.time()) + 30)
        _only_one_confirms(pool, rivals, person, "otp", {"code": next_code})
        if not codes:
            made = owner.submit("/account/methods/codes", {"make": "yes"}).text
            codes = re.findall(r"[0-9A-HJKMNP-TV-Z]{4}(?:-[0-9A-HJKMNP-TV-Z]{4}){3}", made)
        _only_one_confirms(pool, rivals, person, "recovery_code", {"recovery_code": codes.pop()})


def test_of_registrations_of_one_phone_at_the_same_moment_one_opens_the_account(
    anywhere: Installation, wire: Wire, pool: ThreadPoolExecutor
) -> None:
    for number in range(min(ROUNDS, 20)):
        mobile = anywhere.new_mobile()
        rivals = [Browser(anywhere, wire) for _ in range(2)]
        addresses = [_proved(rival, mobile, node=number % 2) for rival in rivals]
        details = {"password": "Cobalt9Orchard47", "agreements": "yes", "agreement_versions": _versions(rivals[0])}
        for rival in rivals:
            rival.token("/register")
        numbers = iter(range(PARALLEL))

        def finish(node: int, r: list[Browser] = rivals, a: list[str] = addresses, n: Iterator[int] = numbers,
                   d: dict[str, str] = details) -> httpx.Response:  # fmt: skip
            which = next(n) % 2
            return r[which].copy().submit(a[which], d, node=node)

        answers = race(pool, finish)
        opened = [answer for answer in answers if "tb_session=" in answer.headers.get("set-cookie", "")]
        assert len(opened) == 1, [answer.status_code for answer in answers]
        assert all(answer.status_code < 500 for answer in answers)
        assert Browser(anywhere, wire).sign_in(Person(mobile, "Cobalt9Orchard47")).secret


def test_of_new_passwords_sent_at_the_same_moment_by_one_recovery_one_is_set(
    anywhere: Installation, wire: Wire, pool: ThreadPoolExecutor
) -> None:
    for number in range(min(ROUNDS, 20)):
        mobile = anywhere.people[-1 - number % 50].mobile
        before = anywhere.count_messages(mobile, "recover_code")
        browser = Browser(anywhere, wire)
        asked = browser.submit("/recover", {"identifier": mobile}, node=number % 2)
        code = browser.await_code(mobile, "recover_code", after=before)
        answers = race(
            pool,
            lambda node, b=browser, a=asked.headers["location"], c=code: b.copy().submit(a, {"code": c}, node=node),
        )
        proved = only_winner(answers, won=303).headers["location"]
        new = iter(range(PARALLEL))
        answers = race(
            pool,
            lambda node, b=browser, a=proved, n=new, r=number: b.copy().submit(
                a, {"new_password": f"Cobalt{r}Orchard{next(n)}"}, node=node
            ),
        )
        assert only_winner(answers, won=303).headers["location"].startswith("/signin")
        works = [
            Browser(anywhere, wire).try_password(mobile, f"Cobalt{number}Orchard{which}").status_code
            for which in range(PARALLEL)
        ]
        assert works.count(303) == 1


def test_of_accounts_that_take_over_one_number_at_the_same_moment_one_gets_it(
    anywhere: Installation, wire: Wire, pool: ThreadPoolExecutor
) -> None:
    for _ in range(min(ROUNDS, 20)):
        wanted = anywhere.new_mobile()
        assert Browser(anywhere, wire).register(wanted, "Cobalt9Orchard47").status_code == 303
        rivals, pages = [], []
        for which in range(2):
            own = anywhere.new_mobile()
            assert Browser(anywhere, wire).register(own, "Cobalt9Orchard47").status_code == 303
            rival = Browser(anywhere, wire)
            assert rival.try_password(own, "Cobalt9Orchard47").status_code == 303
            pages.append(_asked_to_confirm(rival, wanted, node=which))
            rivals.append(rival)
        numbers, before = iter(range(PARALLEL)), anywhere.number("SELECT COUNT(*) FROM party_event")

        def take(
            node: int, r: list[Browser] = rivals, a: list[str] = pages, n: Iterator[int] = numbers
        ) -> httpx.Response:
            which = next(n) % 2
            return r[which].copy().submit(a[which], {"confirm": "yes"}, node=node)

        only_winner(race(pool, take), won=303)
        assert anywhere.number("SELECT COUNT(*) FROM party_event") == before + 1


def _asked_to_confirm(browser: Browser, mobile: str, *, node: int) -> str:
    """The last page of a change to a number that another account has, whose code was right."""
    browser.token("/account/phone", node=node)
    before = browser.at.count_messages(mobile, "bind_code")
    asked = browser.submit("/account/phone", {"phone": mobile}, node=node)
    code = browser.await_code(mobile, "bind_code", after=before)
    address = str(browser.submit(asked.headers["location"], {"code": code}, node=node).headers["location"])
    assert address.startswith("/account/phone/confirm")
    return address


ENTITY = {"type": "enterprise", "name": "沙箱示例有限公司", "uscc": "91119999MA9900001Y"}
"""Whoever asks is the representative of this one."""
ALWAYS_MATCH = ("119999199001019009", "11999919900101905X")


def test_of_registrations_of_one_entity_at_the_same_moment_one_stands(
    anywhere: Installation, wire: Wire, pool: ThreadPoolExecutor
) -> None:
    rivals = [Browser(anywhere, wire).sign_in(anywhere.person()) for _ in ALWAYS_MATCH]
    for rival, number in zip(rivals, ALWAYS_MATCH, strict=True):
        proof = {"name": "沙箱", "kind": "id_number", "number": number}
        assert rival.submit("/identity/name", proof).status_code == 303
    numbers = iter(range(PARALLEL))

    def register(node: int) -> httpx.Response:
        return rivals[next(numbers) % 2].copy().submit("/entities/new", ENTITY, node=node)

    answers = race(pool, register)
    assert {answer.status_code for answer in answers} == {303}, [answer.text for answer in answers]
    assert anywhere.number("SELECT COUNT(*) FROM legal_entity") == 1
    assert anywhere.number("SELECT COUNT(*) FROM party WHERE kind = 'entity'") == 1
    assert anywhere.number("SELECT COUNT(*) FROM entity_role") == len(rivals)
    assert anywhere.number("SELECT COUNT(*) FROM audit_event WHERE event = 'entity:role:contested'") == 1


def _proved(browser: Browser, mobile: str, *, node: int) -> str:
    """The address of the last step of a registration whose phone is proved."""
    before = browser.at.count_messages(mobile, "register_code")
    asked = browser.submit("/register", {"phone": mobile}, node=node)
    code = browser.await_code(mobile, "register_code", after=before)
    return str(browser.submit(asked.headers["location"], {"code": code}, node=node).headers["location"])


def _versions(browser: Browser) -> str:
    """What the page of the last step says is agreed to; the same for everybody on one day."""
    days = [row[0] for row in browser.at.rows("SELECT DISTINCT version FROM agreement_acceptance")]
    assert len(days) == 1
    return f"user:{days[0]} privacy:{days[0]}"


@pytest.mark.parametrize("storage", ["sqlite", "postgresql"])
def test_nothing_used_or_ended_comes_back_by_a_restart_or_a_lost_state_store(
    storage: str, wire: Wire, tmp_path_factory: pytest.TempPathFactory
) -> None:
    with installation(storage, tmp_path_factory.mktemp("restart"), people=8) as made:  # type: ignore[arg-type]
        server = Server(made, wire)
        dead = _used_up(made, wire, server)
        _all_dead(server, *dead)
        made.restart_nodes()
        _all_dead(server, *dead)
        made.forget_state()
        _all_dead(server, *dead)
        if made.redis:
            made.redis.stop()
            made.redis.start()
        made.restart_nodes()
        _all_dead(server, *dead)
        assert made.faults() == []


def _used_up(made: Installation, wire: Wire, server: Server) -> tuple[list[str], list[Tokens], list[Browser]]:
    """Codes and tokens that are over for every reason there is, and browsers whose session is."""
    browser = Browser(made, wire).sign_in(made.person())
    codes = [browser.authorize(ALPHA) for _ in range(3)]
    replayed = tokens_of(server.exchange(ALPHA, codes[0]))
    assert server.exchange(ALPHA, codes[0], node=1).status_code == 400
    first = tokens_of(server.exchange(ALPHA, codes[1]))
    second = tokens_of(server.refresh(ALPHA, first.refresh))
    assert server.refresh(ALPHA, first.refresh, node=1).status_code == 400
    signed_out = tokens_of(server.exchange(ALPHA, codes[2]))
    unused = browser.authorize(ALPHA)
    gone = browser.copy()
    assert browser.sign_out().status_code == 303
    return [*codes, unused], [replayed, first, second, signed_out], [gone]


def _all_dead(server: Server, codes: list[str], tokens: list[Tokens], browsers: list[Browser]) -> None:
    for code in codes:
        for node in (0, 1):
            assert server.exchange(ALPHA, code, node=node).status_code == 400
    for held in tokens:
        assert server.living(ALPHA, held) == []
    for browser in browsers:
        assert not any(browser.copy().is_signed_in(node=node) for node in (0, 1))
