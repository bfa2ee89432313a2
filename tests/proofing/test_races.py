"""What waits of a person, over both databases: it joins one account, once, whoever else claims it at the moment."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from idp.accounts.actions import Active
from idp.accounts.rules import Mobile
from idp.accounts.waiting import WaitingAccounts
from idp.audit import chains as chains_module
from idp.audit import init_audit
from idp.db import Database, Statement
from idp.messages.outbox import init_outbox
from idp.proofing.joining import Joining
from tests.accounts.test_directory import directory
from tests.accounts.test_waiting import ADD_BATCH, DOCUMENT, NOW, PERSON, add, keys
from tests.grants.making import CIPHER

_HELD = Statement[tuple[str, str]]("SELECT state, party_id FROM legacy_account ORDER BY id")
_JOINED = Statement("SELECT subject FROM audit_event WHERE event = 'person:account:joined'", str)
_TOLD = Statement("SELECT COUNT(*) FROM outbox WHERE kind = 'sms'", int)


@pytest.fixture(autouse=True)
def _written() -> Iterator[None]:
    init_audit(b"an audit key of thirty-two bytes", "node-1")
    init_outbox(CIPHER)
    yield
    chains_module._writer = None


@pytest.mark.parametrize("rivals", [1, 2])
def test_an_old_account_joins_one_account_once(any_database: Database, rivals: int) -> None:
    people = directory()
    joining = Joining(people, WaitingAccounts(*keys("f", "i")))
    parties = []
    with any_database.transaction() as tx:
        tx.run(ADD_BATCH, digest=b"d")
        for key in ("leg_1", "leg_2"):
            add(tx, key, PERSON)
        for n in range(rivals):
            opened = people.open_person(tx, mobile=Mobile(f"1381234010{n}"), user_name=None, now=NOW)
            assert isinstance(opened, Active)
            parties.append(opened.party_id)
    barrier = Barrier(4)

    def join(n: int) -> None:
        barrier.wait()
        with any_database.transaction() as tx:
            assert PERSON.name
            joining.join(tx, parties[n % rivals], PERSON.name, DOCUMENT, now=NOW)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(join, range(4)))
    with any_database.autocommit() as tx:
        held, joined, told = tx.all(_HELD), tx.all(_JOINED), tx.one(_TOLD)
    assert [state for state, _ in held] == ["merged", "merged"]
    assert {party for _, party in held} == set(joined)
    assert (len(joined), told) == (1, 1)
