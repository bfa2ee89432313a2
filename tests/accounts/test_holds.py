"""Holds, events for departments, and identifiers that leave their accounts: on both databases."""

import threading
from concurrent.futures import ThreadPoolExecutor

from hypothesis import given
from hypothesis import strategies as st

from idp.accounts.actions import Active, Holder, Unknown
from idp.accounts.events import add_event, events_of
from idp.accounts.holds import held_until, place_hold, purge_holds
from idp.accounts.rules import Act, Kind, Mobile, PartyEventKind, UserName
from idp.db import Database
from tests.accounts.test_directory import MOBILE, NAME, NOW, directory, person

__all__ = ["person"]
OTHER = Mobile("13812340002")


def holder(database: Database, mobile: Mobile = MOBILE) -> Holder:
    with database.transaction() as tx:
        found = directory().holder(tx, mobile)
    assert found is not None
    return found


def test_a_hold_stands_until_its_end_and_a_later_one_never_shortens_it(any_database: Database, person: str) -> None:
    with any_database.transaction() as tx:
        place_hold(tx, person, Act.CHANGE_PHONE, until=NOW + 100, now=NOW)
        place_hold(tx, person, Act.CHANGE_PHONE, until=NOW + 50, now=NOW + 1)
        assert held_until(tx, person, Act.CHANGE_PHONE, now=NOW + 99) == NOW + 100
        assert held_until(tx, person, Act.CHANGE_PHONE, now=NOW + 100) is None
        assert held_until(tx, person, Act.RESET_PASSWORD, now=NOW) is None
        assert purge_holds(tx, now=NOW + 100) == 0
        assert purge_holds(tx, now=NOW + 101) == 1


def test_events_wait_in_the_order_of_their_time(any_database: Database, person: str) -> None:
    with any_database.transaction() as tx:
        for later in (5, 0):
            add_event(
                tx, person, PartyEventKind.IDENTIFIER_RECYCLED, detail={"identifier": "mobile"}, now=NOW + later
            )
        assert [event.created_at for event in events_of(tx, person)] == [NOW, NOW + 5]


def test_a_number_leaves_its_account_once_and_is_free(any_database: Database, person: str) -> None:
    held = holder(any_database)
    assert held.party_id == person
    with any_database.transaction() as tx:
        assert directory().own(tx, person, Kind.MOBILE) == held
        assert not directory().drop_identifier(tx, held._replace(party_id="pty_other"))
        assert directory().drop_identifier(tx, held)
        assert not directory().drop_identifier(tx, held)
        assert directory().lookup(tx, MOBILE) == Unknown()
        assert directory().lookup(tx, NAME) == Active(person)
        assert directory().add_identifier(tx, person, OTHER, verified=True, now=NOW)


def test_an_account_has_one_phone_and_one_user_name(any_database: Database, person: str) -> None:
    for further in (OTHER, UserName("another_lamp")):
        with any_database.transaction() as tx:
            assert not directory().add_identifier(tx, person, further, verified=True, now=NOW)
            assert directory().lookup(tx, further) == Unknown()


def test_of_many_that_take_one_number_at_once_one_gets_it(any_database: Database, person: str) -> None:
    parties = []
    for number in range(4):
        with any_database.transaction() as tx:
            opened = directory().open_person(tx, mobile=Mobile(f"1370000000{number}"), user_name=None, now=NOW)
        assert isinstance(opened, Active)
        parties.append(opened.party_id)
    held, barrier = holder(any_database), threading.Barrier(4)

    def take(party: str) -> bool:
        barrier.wait()
        with any_database.transaction() as tx:
            own = directory().own(tx, party, Kind.MOBILE)
            assert own is not None
            return (
                directory().drop_identifier(tx, held)
                and directory().drop_identifier(tx, own)
                and directory().add_identifier(tx, party, MOBILE, verified=True, now=NOW)
            )

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(take, parties)) == [False, False, False, True]
    assert holder(any_database).party_id in parties


@given(st.text(max_size=80))
def test_a_stand_in_is_no_number_that_anybody_can_have(text: str) -> None:
    number = directory().stand_in(text)
    assert number == directory().stand_in(text)
    assert Mobile.parse(number.value) is None
    assert Mobile.parse(number.e164) is None
    assert len(number.value) == 11
