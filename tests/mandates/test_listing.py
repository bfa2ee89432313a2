"""Lists of mandates on either database: newest first, page by page, and nothing unsigned for the agent."""

from typing import Any

from idp.db import Database, Statement
from idp.mandates import listing
from idp.mandates.listing import GROUPS, Place
from idp.mandates.rules import State
from idp.mandates.uses import list_uses

_PARTY = Statement[Any]("INSERT INTO party (id, kind, status, created_at) VALUES (:id, 'person', 'active', 1)")
_ADD = Statement[Any](
    "INSERT INTO mandate (id, kind, principal_id, agent_id, represented_id, addressee_blind, theme, theme_version,"
    " scope, struck, state, valid_from, valid_to, may_delegate, waived, requested_by, created_at, signed_at,"
    " text_hash, sealed, unit) VALUES (:id, 'personal', 'p', :agent, 'p', :blind, 't', 1, '{}', '', :state, 1, 9, 0,"
    " 0, 'p', :at, :signed, '', :sealed, '')"
)
_USE = Statement[Any](
    "INSERT INTO mandate_use (id, mandate_id, person_id, represented_id, client_id, what, used_at)"
    " VALUES (:id, :mandate, 'a', 'p', 'app', 'data name', :at)"
)


def filled(database: Database) -> None:
    with database.transaction() as tx:
        for party in ("p", "a"):
            tx.run(_PARTY, id=party)
        for number, (state, agent, signed) in enumerate(
            [("active", "a", 1), ("requested", "a", None), ("pending_acceptance", None, 1), ("revoked", "a", 1)]
        ):
            told = {"id": f"m{number}", "agent": agent, "blind": b"b", "state": state, "at": 5, "signed": signed}
            tx.run(_ADD, **told, sealed=b"")
        for number in range(3):
            tx.run(_USE, id=f"u{number}", mandate="m0", at=number)


def test_lists_go_on_behind_any_row_and_leave_none_out(any_database: Database) -> None:
    filled(any_database)
    with any_database.autocommit() as tx:
        found = listing.given(tx, "p", most=2)
        found += listing.given(tx, "p", before=found[-1], most=2)
        assert found == [Place(5, f"m{number}") for number in (3, 2, 1, 0)]
        assert listing.given(tx, "p", before=found[-1], most=2) == []
        assert [one.id for one in listing.given(tx, "p", theme="t", group="open", most=9)] == ["m2", "m1"]
        assert listing.given(tx, "p", theme="other", most=9) == []
        assert [one.id for one in listing.held(tx, "a", blind=b"b", most=9)] == ["m3", "m2", "m0"]
        assert [one.id for one in listing.held(tx, "a", blind=b"", group="ended", most=9)] == ["m3"]
        assert [one.used_at for one in list_uses(tx, "m0", most=2)] == [2, 1]


def test_every_state_stands_in_one_group() -> None:
    parts = [group for name, group in GROUPS.items() if name != "all"]
    assert sorted(state for group in parts for state in group) == sorted(State)
