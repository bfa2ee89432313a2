import base64
import json
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import pytest
from click.testing import CliRunner, Result

from idp.audit import Event, record
from idp.audit.chains import Writer
from idp.audit.checkpoints import stored_checkpoints
from idp.audit.commands import audit, audit_key
from idp.audit.reading import Place, activity, export_lines
from idp.audit.rules import DAY, Entry, entry_mac
from idp.db import Database
from tests.audit.conftest import KEY, NOW, Execute, write


@dataclass
class Application:
    """What `idp.cli` gives its commands."""

    settings: SimpleNamespace
    opened: Database

    def database(self) -> Database:
        return self.opened


@pytest.fixture
def application(any_database: Database, writer: Writer, tmp_path: Path) -> Application:
    secrets = SimpleNamespace(audit_key=base64.b64encode(KEY).decode())
    audit_settings = SimpleNamespace(checkpoint_file=tmp_path / "checkpoints.jsonl")
    return Application(SimpleNamespace(secrets=secrets, audit=audit_settings), any_database)


def run(application: Application, *arguments: str) -> Result:
    return CliRunner().invoke(audit, arguments, obj=application)


def test_the_export_is_enough_to_verify_a_record_elsewhere(any_database: Database, writer: Writer) -> None:
    write(any_database, 3)
    lines = [json.loads(line) for line in export_lines(any_database)]
    assert [line["seq"] for line in lines] == [0, 1, 2, 3]
    for line in lines:
        fields = tuple(line[name] for name in Entry._fields[:13])
        assert entry_mac(KEY, fields, bytes.fromhex(line["prev"])).hex() == line["mac"]


def test_the_export_keeps_to_its_times(any_database: Database, writer: Writer) -> None:
    for day in range(4):
        write(any_database, 2, now=NOW + day * DAY)
    issued = [json.loads(line)["at"] for line in export_lines(any_database, since=NOW + DAY, until=NOW + 3 * DAY)]
    assert sorted(set(issued)) == [NOW + DAY, NOW + 2 * DAY]
    assert len(list(export_lines(any_database, since=NOW + 3 * DAY + 1))) == 0
    assert len(list(export_lines(any_database, until=NOW))) == 0


def test_activity_is_what_a_person_did_and_what_was_done_to_them(any_database: Database, writer: Writer) -> None:
    with any_database.transaction() as tx:
        record(tx, Event.PASSWORD_REFUSED, subject="pty_1", now=NOW)
        record(tx, Event.PASSWORD_ACCEPTED, actor="pty_1", subject="pty_1", now=NOW + 1)
        record(tx, Event.PASSWORD_ACCEPTED, actor="pty_2", subject="pty_2", now=NOW + 2)
        record(tx, Event.GRANT_ISSUED, actor="pty_1", subject="gid_1", now=NOW + 3)
        told = activity(tx, "pty_1", limit=2)
        assert [entry.at for entry in told] == [NOW + 3, NOW + 1]
        assert [entry.at for entry in activity(tx, "pty_1", before=Place(NOW + 1, "", 0), limit=9)] == [NOW]


def test_verify_ends_with_0_on_a_clean_trail(application: Application) -> None:
    write(application.opened, 2)
    assert run(application, "checkpoint").exit_code == 0
    result = run(application, "verify", "--checkpoint", str(application.settings.audit.checkpoint_file))
    assert (result.exit_code, result.output) == (0, "3 records in 1 chains, 2 checkpoints: clean\n")


def test_verify_ends_with_1_and_names_what_is_wrong(application: Application, tamper: Execute) -> None:
    write(application.opened, 4)
    run(application, "checkpoint")
    tamper("DELETE FROM audit_event WHERE seq IN (1, 2, 4)")
    result = run(application, "verify")
    assert result.exit_code == 1
    assert [line.split()[0] for line in result.output.splitlines()[1:]] == ["missing:", "tail_cut:"]
    report = json.loads(run(application, "verify", "--json").output)
    assert [(f["fault"], f["first"], f["last"]) for f in report["findings"]] == [
        ("missing", 1, 2),
        ("tail_cut", 4, 4),
    ]


def test_checkpoint_prints_and_keeps_what_it_signed(application: Application) -> None:
    write(application.opened, 1)
    line = run(application, "checkpoint").output
    assert application.settings.audit.checkpoint_file.read_text() == line
    assert run(application, "checkpoint").output == ""
    assert len(list(stored_checkpoints(application.opened))) == 1


def test_an_export_prints_json_lines_and_is_itself_recorded(application: Application) -> None:
    write(application.opened, 1)
    result = run(application, "export", "--since", "2026-11-18", "--until", "2026-11-18T23:00:00")
    assert len([json.loads(line) for line in result.output.splitlines()]) == 2
    assert Event.AUDIT_EXPORTED in "\n".join(export_lines(application.opened))


def test_the_key_is_base64(application: Application) -> None:
    assert audit_key(application.settings) == KEY  # type: ignore[arg-type]
