"""`idp audit verify` over a whole installation's trail: clean as it was lived, and naming every kind of tampering."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.trust.browser import Browser, Server, Wire, tokens_of
from tests.trust.installation import ALPHA, Installation, installation, wait_until

pytestmark = pytest.mark.services
Finding = tuple[str, str, int, int]


class Lived:
    """An installation with a history, and what its checkpoints outside the database say."""

    def __init__(self, at: Installation, kept: Path) -> None:
        self.at = at
        self.kept = kept
        heads = "SELECT chain, MAX(seq) FROM audit_event GROUP BY chain ORDER BY 2 DESC"
        self.chain, self.head = at.rows(heads)[0]

    def verify(self, *arguments: str) -> list[Finding]:
        """What the command finds; it must end with the status that says so."""
        with self.at.begin("audit", "verify", "--json", *arguments) as command:
            printed, _ = command.communicate()
        report = json.loads(printed.splitlines()[-1])
        found = [(f["fault"], f["chain"], f["first"], f["last"]) for f in report["findings"]]
        assert command.returncode == bool(found)
        assert report["records"] > 0
        return found

    def records(self) -> list[Any]:
        return self.at.rows("SELECT * FROM audit_event WHERE chain = :chain ORDER BY seq", chain=self.chain)

    def restore(self, table: str, rows: list[Any], where: str, **values: Any) -> None:
        """Put ``rows`` in place of whatever now stands there."""
        self.at.change(f"DELETE FROM {table} WHERE {where}", **values)
        for row in rows:
            columns = row._mapping
            names = ", ".join(f":{name}" for name in columns)
            self.at.change(f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({names})", **columns)


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def lived(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, wire: Wire) -> Iterator[Lived]:
    directory = tmp_path_factory.mktemp("trail")
    kept = directory / "checkpoints.jsonl"
    settings = {"TONGBAN_AUDIT__CHECKPOINT_INTERVAL": "1", "TONGBAN_AUDIT__CHECKPOINT_FILE": str(kept)}
    with installation(request.param, directory, settings=settings, people=12) as made:
        _live(made, wire)
        made.stop()  # nobody signs a checkpoint over what a test alters and restores
        made.run("audit", "checkpoint")  # over what the processes wrote in stopping
        yield Lived(made, kept)
        assert made.faults() == []


def _live(at: Installation, wire: Wire) -> None:
    """Registrations, sign-ins, apps, sign-outs, refusals; then a checkpoint over all of it."""
    server = Server(at, wire)
    for number in range(4):
        browser = Browser(at, wire)
        assert browser.register(at.new_mobile(), "Cobalt9Orchard47", node=number % 2).status_code == 303
        tokens = tokens_of(server.exchange(ALPHA, browser.authorize(ALPHA, node=number % 2)))
        server.userinfo(tokens.access)
        Browser(at, wire).try_password(at.person().mobile, "Not-The-Password-1")
        browser.sign_out(node=number % 2)
    at.run("client", "disable", ALPHA.client_id)
    assert wait_until(lambda: _covered(at), seconds=15, pause=0.2)


def _covered(at: Installation) -> bool:
    """Whether the last checkpoint names every chain's head, and stands in the file as well."""
    heads = {row.chain: row.head for row in at.rows("SELECT chain, MAX(seq) AS head FROM audit_event GROUP BY chain")}
    last = at.rows("SELECT body FROM audit_checkpoint WHERE kind = 'heads' ORDER BY seq DESC LIMIT 1")
    seen = json.loads(last[0][0])["heads"] if last else {}
    file = Path(at.env["TONGBAN_AUDIT__CHECKPOINT_FILE"])
    written = file.read_text().count("\n") if file.exists() else 0
    count = at.number("SELECT COUNT(*) FROM audit_checkpoint")
    return written == count and {chain: seq for chain, (seq, _) in seen.items()} == heads


def test_a_trail_as_it_was_lived_is_clean(lived: Lived) -> None:
    assert lived.verify() == []
    assert lived.verify("--checkpoint", str(lived.kept)) == []


def _alter(lived: Lived) -> Finding:
    lived.at.change("UPDATE audit_event SET result = 'none' WHERE chain = :c AND seq = 3", c=lived.chain)
    return ("altered", lived.chain, 3, 3)


def _backdate(lived: Lived) -> Finding:
    lived.at.change("UPDATE audit_event SET at = at - 60 WHERE chain = :c AND seq = :s", c=lived.chain, s=lived.head)
    return ("altered", lived.chain, lived.head, lived.head)


def _delete(lived: Lived) -> Finding:
    lived.at.change("DELETE FROM audit_event WHERE chain = :c AND seq IN (2, 3)", c=lived.chain)
    return ("missing", lived.chain, 2, 3)


def _behead(lived: Lived) -> Finding:
    lived.at.change("DELETE FROM audit_event WHERE chain = :c AND seq < 2", c=lived.chain)
    return ("missing", lived.chain, 0, 1)


def _cut(lived: Lived) -> Finding:
    lived.at.change("DELETE FROM audit_event WHERE chain = :c AND seq > :s", c=lived.chain, s=lived.head - 2)
    return ("tail_cut", lived.chain, lived.head - 1, lived.head)


def _vanish(lived: Lived) -> Finding:
    lived.at.change("DELETE FROM audit_event WHERE chain = :c", c=lived.chain)
    return ("vanished", lived.chain, 0, lived.head)


TAMPERINGS: list[Callable[[Lived], Finding]] = [_alter, _backdate, _delete, _behead, _cut, _vanish]


@pytest.mark.parametrize("tamper", TAMPERINGS)
def test_tampering_is_named(lived: Lived, tamper: Callable[[Lived], Finding]) -> None:
    before = lived.records()
    try:
        expected = tamper(lived)
        assert lived.verify() == [expected]
    finally:
        lived.restore("audit_event", before, "chain = :chain", chain=lived.chain)


def test_records_in_another_order_are_named(lived: Lived) -> None:
    before = lived.records()
    try:
        for old, new in ((2, -1), (4, 2), (-1, 4)):
            lived.at.change(
                "UPDATE audit_event SET seq = :new WHERE chain = :c AND seq = :old", c=lived.chain, new=new, old=old
            )
        found = {(fault, first) for fault, chain, first, _ in lived.verify() if chain == lived.chain}
        assert {("reordered", 2), ("reordered", 4)} <= found
    finally:
        lived.restore("audit_event", before, "chain = :chain", chain=lived.chain)


def test_a_record_from_another_chain_is_named(lived: Lived) -> None:
    before = lived.records()
    other = lived.at.rows("SELECT chain FROM audit_event WHERE chain <> :c AND seq = 1 LIMIT 1", c=lived.chain)[0][0]
    columns = "at, event, actor, subject, client, session, result, reason, request_id, detail, prev, mac"
    genuine = f"SELECT {columns} FROM audit_event WHERE chain = :c AND seq = 1"
    strange = lived.at.rows(genuine, c=other)[0]._mapping
    try:
        put = ", ".join(f"{name} = :{name}" for name in strange)
        lived.at.change(f"UPDATE audit_event SET {put} WHERE chain = :c AND seq = 2", **strange, c=lived.chain)
        assert lived.verify() == [("altered", lived.chain, 2, 2)]
    finally:
        lived.restore("audit_event", before, "chain = :chain", chain=lived.chain)


def test_an_older_state_of_the_database_is_told_by_the_file_kept_elsewhere(lived: Lived) -> None:
    """Whoever can write the database can take records and the checkpoints over them away together."""
    records = lived.records()
    checkpoints = lived.at.rows("SELECT * FROM audit_checkpoint ORDER BY seq")
    try:
        _cut(lived)
        lived.at.change("DELETE FROM audit_checkpoint WHERE seq > 1")
        assert not [finding for finding in lived.verify() if finding[1] == lived.chain and lived.head == finding[3]]
        found = lived.verify("--checkpoint", str(lived.kept))
        assert ("tail_cut", lived.chain, lived.head - 1, lived.head) in found
        assert any(fault == "checkpoint_missing" for fault, *_ in found)
    finally:
        lived.restore("audit_event", records, "chain = :chain", chain=lived.chain)
        lived.restore("audit_checkpoint", checkpoints, "seq > 0")
    assert lived.verify("--checkpoint", str(lived.kept)) == []


def test_a_checkpoint_that_was_altered_is_named(lived: Lived) -> None:
    checkpoints = lived.at.rows("SELECT * FROM audit_checkpoint ORDER BY seq")
    last = checkpoints[-1].seq
    try:
        lived.at.change("UPDATE audit_checkpoint SET at = at + 1 WHERE seq = :last", last=last)
        assert lived.verify() == [("checkpoint_altered", "checkpoints", last, last)]
    finally:
        lived.restore("audit_checkpoint", checkpoints, "seq > 0")
