"""Revocation lists: what is taken, what is refused, and that nothing takes the place of a newer one."""

from concurrent.futures import ThreadPoolExecutor

import orjson
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from idp.db import Database, Statement
from idp.issuers import actions
from idp.issuers.revocation import JudgedList, ListIntake, Taken, judge, purge
from idp.issuers.rules import Issuer, IssuerState, ListFault
from idp.state.versions import read
from tests.issuers.making import DAY, NOW, SM2, House, a_house

MOST = 1 << 20
TRAIL = Statement[tuple[str, str | None, str]](
    "SELECT result, reason, detail FROM audit_event WHERE event LIKE 'issuer:revocation_list:%' ORDER BY seq"
)


@pytest.fixture
def issuer(any_database: Database, house: House) -> Issuer:
    return house.add(any_database)


def judged(data: bytes, issuer: Issuer, most: int = MOST) -> JudgedList | ListFault:
    return judge(data, issuer, sm2=SM2, most=most, now=NOW)


def bring(database: Database, issuer: Issuer, data: bytes) -> Taken | ListFault | None:
    return ListIntake(database, SM2, most=MOST).bring(issuer.id, data, actor="pty_1", now=NOW)


def held(database: Database) -> list[tuple[int, int]]:
    """When each list that is held was made, and how many it names."""
    with database.autocommit() as tx:
        return [(one.this_update - NOW, one.entries) for one in actions.held_lists(tx)]


@pytest.mark.parametrize("form", ["der", "pem"])
def test_a_list_of_the_issuer_is_taken_in_either_form(any_database: Database, house: House, form: str) -> None:
    issuer, der = house.add(any_database), house.issuing.crl(7, revoked=3)
    pem = x509.load_der_x509_crl(der).public_bytes(Encoding.PEM)
    taken = bring(any_database, issuer, der if form == "der" else pem)
    assert isinstance(taken, Taken)
    assert taken.changed
    assert bring(any_database, issuer, der) == Taken(taken.id, changed=False)
    assert held(any_database) == [(-60, 3)]
    with any_database.autocommit() as tx:
        ((result, reason, detail),) = tx.all(TRAIL)
    assert (result, reason) == ("ok", None)
    assert orjson.loads(detail) == {"entries": 3, "list": taken.id, "source": "upload", "this_update": NOW - 60}


def test_the_root_signs_a_list_of_its_own_beside_that_of_the_authority_below(
    any_database: Database, house: House, issuer: Issuer
) -> None:
    for crl in (house.root.crl(revoked=1), house.issuing.crl(revoked=2)):
        assert isinstance(bring(any_database, issuer, crl), Taken)
    assert sorted(held(any_database)) == [(-60, 1), (-60, 2)]


def test_parts_of_a_list_stand_beside_each_other(any_database: Database, house: House, issuer: Issuer) -> None:
    for number, part in enumerate(("http://crl.example.cn/1.crl", "http://crl.example.cn/2.crl"), 1):
        bring(any_database, issuer, house.issuing.crl(part=part, revoked=number))
    assert sorted(held(any_database)) == [(-60, 1), (-60, 2)]


def test_no_list_takes_the_place_of_a_newer_one(any_database: Database, house: House, issuer: Issuer) -> None:
    crl = house.issuing.crl
    bring(any_database, issuer, crl(5, this_update=NOW - 100, revoked=1))
    assert bring(any_database, issuer, crl(6, this_update=NOW - 200)) is ListFault.OLDER
    assert bring(any_database, issuer, crl(4, this_update=NOW - 50)) is ListFault.OLDER
    assert bring(any_database, issuer, crl(None, this_update=NOW - 200)) is ListFault.OLDER
    assert held(any_database) == [(-100, 1)]
    assert isinstance(bring(any_database, issuer, crl(17, this_update=NOW - 50, revoked=2)), Taken)
    assert held(any_database) == [(-50, 2)]
    with any_database.autocommit() as tx:
        assert [reason for _, reason, _ in tx.all(TRAIL)] == [None, *["list_older"] * 3, None]


def test_another_kind_of_list_does_not_open_the_way_for_an_old_one(
    any_database: Database, house: House, issuer: Issuer
) -> None:
    bring(any_database, issuer, house.issuing.crl(5, this_update=NOW - 100, revoked=1))
    bring(any_database, issuer, house.root.crl(1))
    bring(any_database, issuer, house.issuing.crl(1, part="http://crl.example.cn/1.crl"))
    assert bring(any_database, issuer, house.issuing.crl(4, this_update=NOW - 200)) is ListFault.OLDER


def test_a_list_that_has_ended_is_better_than_an_older_one(
    any_database: Database, house: House, issuer: Issuer
) -> None:
    bring(any_database, issuer, house.issuing.crl(1, this_update=NOW - 3 * DAY, next_update=NOW - 2 * DAY))
    late = house.issuing.crl(2, this_update=NOW - 2 * DAY, next_update=NOW - DAY, revoked=1)
    assert isinstance(bring(any_database, issuer, late), Taken)
    assert held(any_database) == [(-2 * DAY, 1)]


def test_what_others_have_signed_is_forged(any_database: Database, house: House, issuer: Issuer) -> None:
    stranger = a_house("Example")  # by the same names
    der = bytearray(house.issuing.crl())
    der[-1] ^= 1
    for crl in (stranger.issuing.crl(), stranger.root.crl(), bytes(der)):
        assert bring(any_database, issuer, crl) is ListFault.FORGED
    other_name = house.root.crl(name=x509.Name.from_rfc4514_string("CN=Nobody"))
    assert bring(any_database, issuer, other_name) is ListFault.FORGED
    assert held(any_database) == []


def test_what_is_no_list_of_ours_is_refused(any_database: Database, house: House, issuer: Issuer) -> None:
    crl = house.issuing.crl
    assert judged(crl(this_update=NOW + 1), issuer) is ListFault.FUTURE
    assert isinstance(judged(crl(this_update=NOW), issuer), JudgedList)
    assert judged(crl(indirect=True), issuer) is ListFault.KIND
    assert judged(crl(), issuer, most=len(crl()) - 10) is ListFault.TOO_LARGE
    for garbage in (b"", b"<html>not found</html>", crl()[:-3], crl() + b"\0\0", house.root.der):
        assert judged(garbage, issuer) is ListFault.MALFORMED


def test_a_list_for_nobody_is_not_stored(database: Database, house: House) -> None:
    assert ListIntake(database, SM2, most=MOST).bring("cai_unknown", house.root.crl(), actor=None, now=NOW) is None


def test_a_list_is_taken_while_its_issuer_is_off(any_database: Database, house: House, issuer: Issuer) -> None:
    with any_database.transaction() as tx:
        actions.switch(tx, issuer.id, IssuerState.OFF, actor=None, now=NOW)
    assert isinstance(bring(any_database, issuer, house.issuing.crl()), Taken)


def test_of_lists_brought_at_once_the_newest_stays(any_database: Database, house: House, issuer: Issuer) -> None:
    lists = [house.issuing.crl(n, this_update=NOW - 100 + n, revoked=n) for n in (3, 1, 6, 2, 5, 4)]
    with ThreadPoolExecutor(6) as pool:
        outcomes = list(pool.map(lambda crl: bring(any_database, issuer, crl), lists))
    assert held(any_database) == [(-94, 6)]
    assert all(isinstance(one, Taken) or one is ListFault.OLDER for one in outcomes)


def test_a_list_nobody_gives_any_more_is_forgotten_long_after_its_end(any_database: Database, house: House) -> None:
    issuer = house.add(any_database, crl_urls=("http://crl.example.cn/a.crl",))
    ended = {"this_update": NOW - 3 * DAY, "next_update": NOW - 2 * DAY}
    for crl in (house.root.crl(**ended), house.issuing.crl(**ended, revoked=1)):
        bring(any_database, issuer, crl)
    with any_database.transaction() as tx:
        given = next(one.id for one in actions.held_lists(tx) if one.entries)
        tx.run(Statement[object]("UPDATE revocation_source SET list_id = :list"), list=given)
        purge(tx, before=NOW - 2 * DAY)
        assert len(actions.held_lists(tx)) == 2
        before = read(tx, actions.VERSION)
        purge(tx, before=NOW - 2 * DAY + 1)
        assert [one.id for one in actions.held_lists(tx)] == [given]
        assert read(tx, actions.VERSION) == before + 1
