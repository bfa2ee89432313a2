"""What may differ between answers about known and unknown identifiers, and whom they ask about."""

import random

import pytest

from bench.chance import exceeds
from bench.load import Answer, WrongAnswer
from bench.questions import ASKED_BY_ONE, QUESTIONS, Pools, address, pools, shape
from bench.timings import Asked, compare, mixed, render, slices
from idp.accounts.documents import IdNumber
from idp.accounts.rules import Mobile, UserName
from idp.web.locale import china_date

COUNT = 30


def answer(*, fresh: str = "t1", journey: str = "0" * 26, typed: str = "13800000001", status: int = 422) -> Answer:
    reference = f"REF-{fresh}"
    head = f"HTTP/1.1 {status} X\r\nX-Request-Id: {reference}\r\nDate: {fresh}\r\nVary: Cookie\r\n"
    head += f"Set-Cookie: __Host-tb_csrf={fresh}; Expires={fresh}; Secure; Path=/\r\nLocation: /x?f=flw_{journey}"
    body = f'<input name="csrf_token" value="{fresh}"><b>{reference}</b> {typed} {typed[:3]}****{typed[-4:]}'
    return Answer(status, head.encode(), body.encode())


def test_what_every_answer_has_anew_and_what_was_typed_is_not_compared() -> None:
    other = answer(fresh="t22", journey="z" * 26, typed="13900000002")
    assert shape(answer(), "13800000001") == shape(other, "13900000002")


@pytest.mark.parametrize(
    "change",
    [
        lambda one: one._replace(status=303),
        lambda one: one._replace(body=one.body + b" "),
        lambda one: one._replace(head=one.head + b"\r\nRetry-After: 5"),
        lambda one: one._replace(head=one.head.replace(b"/x?", b"/y?")),
        lambda one: one._replace(head=one.head.replace(b"Secure; ", b"")),
        lambda one: one._replace(head=one.head.replace(b"tb_csrf", b"tb_session")),
    ],
    ids=["status", "body", "another field", "location", "flags of a cookie", "another cookie"],
)
def test_anything_else_is(change: object) -> None:
    assert callable(change)
    assert shape(change(answer()), "13800000001") != shape(answer(), "13800000001")


def test_an_answer_that_only_one_group_gets_ends_the_run_and_is_shown() -> None:
    common, own = (303, b"", b"same"), (303, b"", b"no such account")
    compare("recovery", {True: {common}, False: {common}})
    with pytest.raises(WrongAnswer, match="no such account"):
        compare("recovery", {True: {common}, False: {common, own}})
    with pytest.raises(WrongAnswer, match="no such account"):
        compare("recovery", {True: {own}, False: {common}})


@pytest.fixture(scope="module")
def drawn() -> Pools:
    return pools(QUESTIONS, COUNT, random.Random(7))


def test_every_identifier_is_asked_about_once(drawn: Pools) -> None:
    every = [one for pool in (drawn.known, drawn.unknown) for some in pool.values() for one in some]
    assert len(set(every)) == len(every) == 2 * COUNT * len(QUESTIONS)
    mobiles = [person["mobile"] for person in drawn.people]
    assert len(set(mobiles)) == len(mobiles)
    assert not set(mobiles) & {one for some in drawn.unknown.values() for one in some}


def test_those_that_are_known_are_somebodys_and_all_are_well_formed(drawn: Pools) -> None:
    held = {value for person in drawn.people for value in (person["mobile"], person.get("user_name"))}
    held |= {person["document"]["number"] for person in drawn.people if "document" in person}
    today = china_date(1_800_000_000)
    for question in QUESTIONS:
        assert set(drawn.known[question.name]) <= held
        assert not set(drawn.unknown[question.name]) & held
        for one in [*drawn.known[question.name], *drawn.unknown[question.name]]:
            parsed = {
                "mobile": Mobile.parse(one),
                "user_name": UserName.parse(one),
                "number": IdNumber.parse(one, today=today),
            }
            assert parsed[question.kind] is not None, one


def test_who_asks_when_signed_in_stays_below_the_limit_of_a_day(drawn: Pools) -> None:
    assert len(drawn.askers) * ASKED_BY_ONE >= 2 * COUNT
    assert ASKED_BY_ONE < 5


def test_addresses_are_different() -> None:
    assert len({address(number) for number in range(70_000)}) == 70_000


def test_known_and_unknown_are_mixed_and_cut_without_loss() -> None:
    identifiers = {True: [f"k{n}" for n in range(200)], False: [f"u{n}" for n in range(200)]}
    order = mixed(identifiers, slice(20, None))
    assert sorted(order) == sorted((kind, one) for kind, some in identifiers.items() for one in some[20:])
    assert 60 < sum(kind for kind, _ in order[:180]) < 120
    assert [one for part in slices(order, 7) for one in part] == order
    assert len(list(slices(order, 7))) == 7


@pytest.mark.parametrize(("later", "within"), [(0.0, "yes"), (1.0, "no")])
def test_the_table_tells_medians_and_whether_the_chance_lies_within_the_bound(later: float, within: str) -> None:
    times = {True: [0.010 + later, 0.020 + later, 0.030 + later], False: [0.010, 0.020, 0.030]}
    text = render([Asked("recovery", times, 0.0)], {"date": "2026-01-02"})
    chance = exceeds(times[True], times[False])
    row = f"| recovery | {20 + later * 1e3:.2f} | 20.00 | **{chance.value:.3f}** |"
    assert row in text
    assert f"| {within} | none |" in text
