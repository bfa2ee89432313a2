"""What is used once at a counter, used at the same moment on two nodes and both databases: one wins (trust 1)."""

import json
import sys
from collections.abc import Callable
from functools import partial

import httpx
import pytest

from adapters.sandbox import processes
from tests.trust.browser import SESSION, Browser, Wire, problem
from tests.trust.conftest import ROUNDS
from tests.trust.counters import Prepared, Waiting
from tests.trust.helped import code_on
from tests.trust.installation import ROOT, Installation
from tests.trust.racing import at_once

pytestmark = [pytest.mark.services, pytest.mark.processes]
_PREPARED: dict[str, Prepared] = {}
_BOX = {"matter-hn-pension-01": "yes"}


@pytest.fixture
def prepared(anywhere: Installation) -> Prepared:
    """Once for each installation."""
    if anywhere.storage not in _PREPARED:
        command = [sys.executable, "-m", "tests.trust.counters", str(ROUNDS + 1)]
        told = json.loads(processes.run(command, env=anywhere.env, cwd=ROOT).splitlines()[-1])
        cases = {way: [Waiting(**one) for one in found] for way, found in told.items() if way != "clerks"}
        _PREPARED[anywhere.storage] = Prepared(told["clerks"], **cases)
    return _PREPARED[anywhere.storage]


@pytest.fixture
def signed_in(anywhere: Installation, wire: Wire) -> Callable[[str, str], Browser]:
    """A browser with this cookie, and the token of its forms from this page."""

    def entered(cookie: str, page: str) -> Browser:
        browser = Browser(anywhere, wire)
        browser.cookies[SESSION] = cookie
        browser.token(page)
        return browser

    return entered


@pytest.fixture
def clerks(prepared: Prepared, signed_in: Callable[[str, str], Browser]) -> list[Browser]:
    return [signed_in(cookie, "/counter/new") for cookie in prepared.clerks]


def won(answers: list[httpx.Response]) -> int:
    """Which one; every other is told so by a 4xx."""
    winners = [number for number, answer in enumerate(answers) if answer.status_code == 303]
    assert len(winners) == 1, [(answer.status_code, problem(answer)) for answer in answers]
    losers = [answer for number, answer in enumerate(answers) if number not in winners]
    assert all(400 <= answer.status_code < 500 for answer in losers), [answer.status_code for answer in losers]
    return winners[0]


def steps(at: Installation, case: str) -> list[str]:
    rows = at.rows("SELECT step FROM assisted_event WHERE case_id = :case ORDER BY seq", case=case)
    return [step for (step,) in rows]


def in_force(at: Installation, case: str) -> int:
    sql = "SELECT COUNT(*) FROM assisted_mandate a JOIN mandate m ON m.id = a.mandate_id WHERE a.case_id = :case"
    return at.number(f"{sql} AND m.state = 'active'", case=case)


def refusals(at: Installation, case: str) -> int:
    sql = "SELECT COUNT(*) FROM audit_event WHERE event = 'person:assisted_case:refused' AND detail LIKE :case"
    return at.number(sql, case=f"%{case}%")


def papers(at: Installation, case: str) -> int:
    sql = "SELECT COUNT(*) FROM assisted_paper WHERE case_id = :case AND kind = 'authority'"
    return at.number(sql, case=case)


def test_the_code_of_a_text_message_agrees_once(
    anywhere: Installation, prepared: Prepared, clerks: list[Browser]
) -> None:
    """The clerk who asked, twice, and a colleague to whom the citizen told it as well."""
    for number, one in enumerate(prepared.sms):
        page, told = f"/counter/{one.case}/consent?by=sms", {"code": one.code, "text_hash": one.agreed}
        here = number % 2
        answers = at_once(
            partial(clerks[0].submit, page, told, node=here),
            partial(clerks[0].copy().submit, page, told, node=1 - here),
            partial(clerks[1].submit, page, told, node=number // 2 % 2),
        )
        winner = won(answers)
        assert steps(anywhere, one.case) == ["open", "accept", "authorise"]
        assert (in_force(anywhere, one.case), papers(anywhere, one.case)) == (1, 1)
        assert refusals(anywhere, one.case) == 2
        assert anywhere.number("SELECT COUNT(*) FROM assisted_code WHERE case_id = :case", case=one.case) == 0
        again = clerks[winner // 2].submit(page, told, node=here)
        assert again.status_code == 422
        assert steps(anywhere, one.case) == ["open", "accept", "authorise"]


def test_of_two_witnesses_one_has_seen_it_and_never_who_brought_the_paper(
    anywhere: Installation, prepared: Prepared, clerks: list[Browser]
) -> None:
    for number, one in enumerate(prepared.paper):
        page, told, here = f"/counter/{one.case}/consent?by=witness", {"text_hash": one.agreed}, number % 2
        answers = at_once(
            partial(clerks[0].submit, page, told, node=1 - here),
            partial(clerks[1].submit, page, told, node=here),
            partial(clerks[2].submit, page, told, node=1 - here),
        )
        winner = won(answers)
        assert winner in (1, 2), "who brought it has not seen it signed"
        assert steps(anywhere, one.case) == ["open", "accept", "paper", "witness", "authorise"]
        [(actor,)] = anywhere.rows(
            "SELECT actor_id FROM assisted_event WHERE case_id = :case AND step = 'witness'", case=one.case
        )
        [(handler,)] = anywhere.rows("SELECT clerk_id FROM assisted_case WHERE id = :case", case=one.case)
        assert actor != handler
        assert (in_force(anywhere, one.case), papers(anywhere, one.case)) == (1, 1)
        assert refusals(anywhere, one.case) == 2


def test_what_a_citizen_confirms_on_their_telephone_is_taken_once(
    anywhere: Installation,
    prepared: Prepared,
    clerks: list[Browser],
    signed_in: Callable[[str, str], Browser],
) -> None:
    """Two clerks scan the code at once, and one has it; what was confirmed to that one then agrees to the case that
    waits, or opens a new one, whichever comes first.
    """
    for number, one in enumerate(prepared.identity):
        here, citizen = number % 2, signed_in(one.cookie, "/account/identity-code")
        page = citizen.submit("/account/identity-code", {}, node=here).headers["location"]
        sent = {"code": code_on(anywhere, page), **_BOX}
        new = "/counter/new?way=identity_code"
        scanned = at_once(
            partial(clerks[0].submit, new, sent, node=here), partial(clerks[1].submit, new, sent, node=1 - here)
        )
        clerk, waits = clerks[won(scanned)], scanned[won(scanned)].headers["location"]
        assert citizen.submit(page, {"decision": "confirm"}, node=here).status_code < 400
        key = page.rsplit("/", 1)[-1]
        consent = f"/counter/{one.case}/consent/{key}?text={one.agreed}"
        before = anywhere.number("SELECT COUNT(*) FROM assisted_case")
        answers = at_once(
            partial(clerk.submit, waits, {}, node=here),
            partial(clerk.copy().submit, consent, {}, node=1 - here),
            partial(clerk.copy().submit, waits, {}, node=1 - here),
            partial(clerk.copy().submit, consent, {}, node=here),
        )
        winner = won(answers)
        opened = anywhere.number("SELECT COUNT(*) FROM assisted_case") - before
        agreed = steps(anywhere, one.case).count("authorise")
        assert (opened, agreed) == ((0, 1) if winner in (1, 3) else (1, 0))
        assert in_force(anywhere, one.case) == agreed


def test_an_objection_by_message_is_one_whoever_sends_it_how_often_and_whatever_it_meets(
    anywhere: Installation, prepared: Prepared, clerks: list[Browser], wire: Wire
) -> None:
    """Sent twice it is answered as once; the clerk who goes on at that moment does so before it, or is refused."""
    stranger = Browser(anywhere, wire)
    stranger.token("/assisted/object")
    for number, one in enumerate(prepared.objection[:ROUNDS]):
        told, here = {"number": one.reference, "code": one.code}, number % 2
        step = ("conclude", "suspend")[number // 2 % 2]
        first, second, went_on = at_once(
            partial(stranger.submit, "/assisted/object", told, node=here),
            partial(stranger.copy().submit, "/assisted/object", told, node=1 - here),
            partial(clerks[0].submit, f"/counter/{one.case}/{step}", {"note": "办好了"}, node=here),
        )
        assert (first.status_code, second.status_code) == (200, 200)
        history = steps(anywhere, one.case)
        assert history.count("object") == 1
        assert (went_on.status_code == 303) == (step in history), history
        assert went_on.status_code in (303, 422)
        assert in_force(anywhere, one.case) == 0
        assert anywhere.rows("SELECT state FROM assisted_case WHERE id = :case", case=one.case) == [("objected",)]


def test_of_many_guesses_at_once_five_are_looked_at(anywhere: Installation, prepared: Prepared, wire: Wire) -> None:
    """Of the code by which a citizen objects: whoever has the reference finds it no sooner by asking everywhere."""
    one, stranger = prepared.objection[ROUNDS], Browser(anywhere, wire)
    stranger.token("/assisted/object")
    wrong = {"number": one.reference, "code": f"{(int(one.code) + 1) % 10**6:06}"}
    guesses = [partial(stranger.copy().submit, "/assisted/object", wrong, node=n % 2) for n in range(10)]
    assert {answer.status_code for answer in at_once(*guesses)} == {422}
    assert refusals(anywhere, one.case) >= 5
    right = {"number": one.reference, "code": one.code}
    assert stranger.submit("/assisted/object", right).status_code == 422, "it was guessed at too often"
