"""Reviews over both databases: of an approval and a withdrawal at the same moment one counts, with all it does."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from idp.accounts.actions import Active
from idp.accounts.documents import IdNumber
from idp.accounts.names import PersonName
from idp.accounts.parties import hold
from idp.accounts.rules import Mobile
from idp.audit import chains as chains_module
from idp.audit import init_audit
from idp.crypto.tokens import new_id
from idp.db import Database, Statement
from idp.messages.outbox import init_outbox
from idp.proofing.actions import proofs_of
from idp.reviews.actions import Reviews
from idp.reviews.rules import Claim, Deciders, Policy, Review, Side
from tests.accounts.test_directory import directory
from tests.console.test_storage import CIPHER, disputes, joining

NOW, DAY = 1_800_000_000, 86400
DOCUMENTS = ("11010519491231002X", "110105199003070076", "430105199003070011")
BY = Deciders("opr_1", "rsn_1")
_STATE = Statement("SELECT state FROM review WHERE id = :id", str)


@pytest.fixture(autouse=True)
def _written() -> Iterator[None]:
    init_audit(b"an audit key of thirty-two bytes", "node-1")
    init_outbox(CIPHER)
    yield
    chains_module._writer = None


@pytest.mark.parametrize("approvals", [1, 2])
def test_a_review_is_approved_or_withdrawn(any_database: Database, approvals: int) -> None:
    people = directory()
    policy = Policy(daily=3, photos=20, keep=DAY, valid=DAY)
    reviews = Reviews(CIPHER, joining(people), disputes(people), policy)
    for n, number in enumerate(DOCUMENTS):
        mobile, claim, journey = (
            Mobile(f"1381234000{n}"),
            Claim(PersonName("欧阳清岚"), IdNumber(number)),
            new_id("flw"),
        )
        with any_database.transaction() as tx:
            opened = people.open_person(tx, mobile=mobile, user_name=None, now=NOW)
            assert isinstance(opened, Active)
            party = opened.party_id
            for side in Side:
                reviews.photos.put(tx, party, journey, side, side.encode(), until=NOW + DAY, now=NOW)
            filed = reviews.file(tx, party, claim, journey, locale="zh", now=NOW)
            assert isinstance(filed, Review)
        barrier = Barrier(approvals + 1)

        def approve(party: str = party, key: str = filed.id, barrier: Barrier = barrier) -> str | None:
            barrier.wait()
            with any_database.transaction() as tx:
                hold(tx, party)
                return "approved" if reviews.approve(tx, key, valid_to=None, by=BY, now=NOW) else None

        def withdraw(party: str = party, barrier: Barrier = barrier) -> str | None:
            barrier.wait()
            with any_database.transaction() as tx:
                return "withdrawn" if reviews.withdraw(tx, party, now=NOW) else None

        with ThreadPoolExecutor(approvals + 1) as pool:
            running = [pool.submit(one) for one in (*[approve] * approvals, withdraw)]
            won = [state for one in running if (state := one.result())]
        with any_database.autocommit() as tx:
            assert [tx.one(_STATE, id=filed.id)] == won
            known = people.person(tx, party).identity is not None
            assert (known, len(proofs_of(tx, party))) == ((True, 1) if won == ["approved"] else (False, 0))
