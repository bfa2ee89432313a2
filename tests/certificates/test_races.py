"""One certificate, several accounts at the same moment: one owner."""

import threading
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

from idp.certificates.bindings import Binding, add, owner_of
from idp.db import Database, Statement, Transaction
from tests.certificates.scripted import verified

NOW, ROUNDS = 1_800_000_000, 12
_PARTY = Statement[Any]("INSERT INTO party (id, kind, status, created_at) VALUES (:id, 'person', 'active', 1)")
_END = Statement[Any]("UPDATE certificate_binding SET ended_at = 1")
FOUND = verified("c1", person="430105199003070011", now=NOW)


def binding(key: str, party: str) -> Binding:
    found = FOUND.certificate
    return Binding(
        id=key,
        party_id=party,
        issuer_id=FOUND.issuer,
        issuer_name=found.issuer,
        serial=found.serial,
        key_hash=found.key_hash,
        fingerprint=found.fingerprint,
        algorithm=found.algorithm,
        sealed=None,
        certificate=None,
        not_before=found.not_before,
        not_after=found.not_after,
        holder_id=None,
        bound_by=party,
        bound_at=NOW,
        last_used_at=None,
    )


def at_once(*attempts: partial[bool]) -> list[bool]:
    barrier = threading.Barrier(len(attempts))

    def run(attempt: partial[bool]) -> bool:
        barrier.wait()
        return attempt()

    with ThreadPoolExecutor(len(attempts)) as pool:
        return list(pool.map(run, attempts))


def bind(database: Database, key: str, party: str) -> bool:
    with database.transaction() as tx:
        return add(tx, binding(key, party))


def test_of_accounts_that_bind_one_certificate_at_once_one_has_it(any_database: Database) -> None:
    parties = [f"pty_{number}" for number in range(4)]
    with any_database.transaction() as tx:
        for party in parties:
            tx.run(_PARTY, id=party)
    for number in range(ROUNDS):
        won = at_once(*[partial(bind, any_database, f"crt_{number}_{party}", party) for party in parties])
        assert sorted(won) == [False, False, False, True]
        with any_database.transaction() as tx:
            _is(tx, parties[won.index(True)])
            tx.run(_END)


def _is(tx: Transaction, party: str) -> None:
    owner = owner_of(tx, FOUND.certificate)
    assert owner is not None
    assert owner.party_id == party
