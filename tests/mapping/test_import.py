"""Taking in a department's file: what becomes of each line, again, on after a kill, and under rotating keys."""

import itertools
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from idp.accounts.actions import Directory
from idp.accounts.anchors import Anchors
from idp.accounts.rotation import rotate_accounts
from idp.audit import init_audit
from idp.clients.actions import put
from idp.crypto.fields import BlindIndex, FieldCipher
from idp.crypto.rings import parse_ring
from idp.db import Database, Statement
from idp.mapping import importing
from idp.mapping.actions import Links
from idp.mapping.files import Row
from tests.mapping.conftest import COLUMNS, NAME, NUMBER, Taken, register, sums, table, told
from tests.provider import CLIENTS, SECRET, Site, add_person, keys_of

OURS = ("R-0017", NAME, "resident_id", NUMBER)
LI = ("R-0018", "李雷", "passport", "E7654322")
WANG = ("R-0019", "王芳", "", "430105199003070011")
_ROWS = Statement[tuple[str, ...]](
    "SELECT id, client_id, seq, line, sealed, local, blind FROM account_link ORDER BY id"
)
_LINKS = Statement("SELECT COUNT(*) FROM account_link", int)
_LINK = Statement[Any](
    "INSERT INTO account_link (id, client_id, local, kind, blind, sealed, seq, line, created_at)"
    " VALUES ('lnk_1', 'tax', 'a', 'passport', 'b', 'c', 1, 1, 1)"
)


def rows(database: Database) -> list[tuple[object, ...]]:
    with database.autocommit() as tx:
        return list(tx.all(_ROWS))


def test_every_line_is_taken_or_named_with_its_reason_and_never_its_words(
    known: Site, taken: Taken, run: Callable[..., Result], tmp_path: Path
) -> None:
    bad = [
        ("", NAME, "", NUMBER),
        ("r" * 256, NAME, "", NUMBER),
        ("R-1", "张三3", "", NUMBER),
        ("R-2", "张三", "driving_licence", "430105199003070011"),
        ("R-3", "张三", "", "430105199003070012"),
        ("R-4", "张三", "residence_permit", "430105199003070011"),
        ("R-5", "张三", "passport"),
    ]
    report = taken("tax", OURS, LI, WANG, *bad, OURS)
    assert report["said"] == [
        (5, "local_id_invalid"),
        (6, "local_id_invalid"),
        (7, "name_invalid"),
        (8, "document_type_unknown"),
        (9, "document_number_invalid"),
        (10, "document_number_invalid"),
        (11, "unreadable"),
        (12, "repeated"),
    ]
    assert report["read"] == 11 == report["added"] + len(report["said"])
    assert (report["linked"], report["waiting"]) == (1, 2)
    plain = run("import", "tax", str(tmp_path / "users.csv"))
    assert plain.exit_code == 0
    for word in (NUMBER, NAME, "R-0017", "张三", "4301051990"):
        assert word not in plain.output
    detail = known.one("SELECT detail FROM audit_event WHERE event = 'operator:links:imported' AND client = 'tax'")
    assert json.loads(detail) == {"import": 1, "read": 11, "added": 3, "changed": 0, "ended": 0, "refused": 8}


def test_json_lines_say_the_same(known: Site, run: Callable[..., Result], tmp_path: Path) -> None:
    file = tmp_path / "users.jsonl"
    lines = [json.dumps(dict(zip(COLUMNS, OURS, strict=True)), ensure_ascii=False), "", "{", "[1]", '{"local_id": 7}']
    file.write_text("\n".join(lines), "utf-8")
    report = sums(run("import", "tax", str(file), "--json"))
    assert report["said"] == [(3, "unreadable"), (4, "unreadable"), (5, "unreadable")]
    assert told(known, "tax") == ("R-0017", "R-0017")


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        ("users.txt", b"local_id", "ends in"),
        ("users.csv", b"", "lacks the column"),
        ("users.csv", "编号,姓名\n".encode(), "lacks the column"),
        ("users.csv", b"\xff\xfe\x00", "UTF-16"),
        ("users.csv", "local_id,name,document_number,姓\n".encode("gb18030"), "is encoding"),
        ("users.csv", b"x" * 70_000, "is too_long"),
        ("users.csv", b"local_id,name,document_number,name\n", "name stands there twice"),
    ],
)
def test_what_is_no_table_begins_nothing(
    known: Site, run: Callable[..., Result], tmp_path: Path, name: str, content: bytes, why: str
) -> None:
    (tmp_path / name).write_bytes(content)
    answer = run("import", "tax", str(tmp_path / name))
    assert (answer.exit_code, why in answer.output) == (1, True)
    assert known.one("SELECT COUNT(*) FROM link_import") == 0


def test_foreign_bytes_open_quotes_and_endless_lines_cost_their_own_line(
    known: Site, run: Callable[..., Result], tmp_path: Path
) -> None:
    good = ",".join(OURS).encode()
    lines = [
        b"\xef\xbb\xbf" + ",".join(COLUMNS).encode(),
        "R-1,张三,,430105199003070011".encode("gb18030"),
        b'"R-2,x,,',
        b"R-3," + b"x" * 200_000,
        b"R-\x00,x,,1",
        good,
    ]
    file = tmp_path / "users.csv"
    file.write_bytes(b"\r\n".join(lines))
    report = sums(run("import", "tax", str(file), "--json"))
    assert [line for line, _ in report["said"]] == [2, 3, 4, 5]
    assert report["added"] == 1
    assert told(known, "tax") == ("R-0017", "R-0017")


def test_the_same_file_again_changes_nothing(known: Site, taken: Taken) -> None:
    taken("tax", OURS, LI, ("R-0017", *LI[1:]))
    before = rows(known.provider.database)
    report = taken("tax", OURS, LI, ("R-0017", *LI[1:]))
    assert rows(known.provider.database) == before
    assert (report["added"], report["changed"], report["ended"], report["unchanged"]) == (0, 0, 0, 3)
    assert known.one("SELECT COUNT(*) FROM link_import") == 1


def test_a_later_file_replaces_what_earlier_ones_said_of_a_local_id(known: Site, taken: Taken) -> None:
    taken("tax", ("R-0017", *WANG[1:]), LI)
    assert told(known, "tax") == (None, None)
    report = taken("tax", OURS)
    assert (report["added"], report["ended"]) == (1, 1)
    assert told(known, "tax") == ("R-0017", "R-0017")
    assert known.one("SELECT COUNT(*) FROM account_link") == 2, "what the later file does not name stays"


def test_a_later_file_decides_a_contradiction(known: Site, taken: Taken) -> None:
    taken("tax", OURS, ("R-0017", *WANG[1:]))
    assert told(known, "tax") == (None, None)
    assert taken("tax", OURS)["linked"] == 1
    assert told(known, "tax") == ("R-0017", "R-0017")


def test_an_earlier_file_is_not_overruled_about_a_person_by_another_local_id(
    known: Site, taken: Taken, run: Callable[..., Result]
) -> None:
    taken("tax", OURS)
    assert taken("tax", ("R-0099", *OURS[1:]))["said"] == [(2, "two_local_ids_for_one_person")]
    assert told(known, "tax") == (None, None)
    report = sums(run("report", "tax", "--json"))
    assert report["two_local_ids_for_one_person"] == 2
    assert taken("tax", ("R-0099", *OURS[1:]), options=("--whole",))["ended"] == 1
    assert told(known, "tax") == ("R-0099", "R-0099")


def test_the_whole_list_ends_what_it_does_not_name(known: Site, taken: Taken) -> None:
    taken("tax", OURS, LI)
    taken("social", OURS)
    assert taken("tax", LI, WANG, options=("--whole",))["ended"] == 1
    assert told(known, "tax") == (None, None)
    assert told(known, "social") == ("R-0017", "R-0017")


def test_a_dry_run_says_it_and_leaves_nothing(known: Site, taken: Taken, run: Callable[..., Result]) -> None:
    taken("tax", LI)
    before = rows(known.provider.database)
    report = taken("tax", OURS, ("R-0018", *OURS[1:]), ("", *OURS[1:]), options=("--dry-run",))
    assert report["said"][0] == (4, "local_id_invalid")
    assert (report["added"], report["ended"], report["two_local_ids_for_one_person"]) == (2, 1, 2)
    assert rows(known.provider.database) == before
    assert known.one("SELECT COUNT(*) FROM audit_event WHERE event = 'operator:links:imported'") == 1


@pytest.fixture
def interrupted(run: Callable[..., Result], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Take in one file until ``lines`` of it were read."""

    def take(client_id: str, *content: tuple[str, ...], lines: int) -> None:
        file = tmp_path / "users.csv"
        file.write_text(table(*content), "utf-8")

        def some(rows: Iterator[Row]) -> Iterator[list[Row]]:
            yield list(itertools.islice(rows, lines))
            raise KeyboardInterrupt

        with monkeypatch.context() as patched:
            patched.setattr(importing, "_batches", some)
            assert run("import", client_id, str(file)).exit_code == 1

    return take


def test_nothing_of_a_file_is_told_before_its_last_line_was_read(
    known: Site, taken: Taken, run: Callable[..., Result], interrupted: Callable[..., None]
) -> None:
    lines = (OURS, ("R-0017", *WANG[1:]))
    interrupted("tax", *lines, lines=1)
    assert told(known, "tax") == (None, None)
    report = sums(run("report", "tax", "--json"))
    assert (report["import_unfinished"], report["linked"], report["said"]) == (1, 0, [])
    assert taken("tax", *lines)["two_people_for_one_local_id"] == 2
    assert told(known, "tax") == (None, None)


def test_nothing_of_a_file_that_is_taken_in_again_is_told_before_its_last_line_was_read(
    known: Site, taken: Taken, interrupted: Callable[..., None]
) -> None:
    lines = (OURS, ("R-0017", *WANG[1:]))
    taken("tax", *lines)
    known.execute("DELETE FROM account_link")
    interrupted("tax", *lines, lines=1)
    assert told(known, "tax") == (None, None)


def test_what_a_file_says_that_is_being_read_contradicts_what_was_told(
    known: Site, taken: Taken, interrupted: Callable[..., None]
) -> None:
    taken("tax", OURS)
    interrupted("tax", ("R-0017", *WANG[1:]), LI, lines=1)
    assert told(known, "tax") == (None, None)
    taken("tax", OURS, LI)
    assert told(known, "tax") == ("R-0017", "R-0017")


def test_an_import_that_another_has_overtaken_goes_no_further(
    known: Site, run: Callable[..., Result], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    older, newer = tmp_path / "older.csv", tmp_path / "newer.csv"
    older.write_text(table(LI, OURS), "utf-8")
    newer.write_text(table(WANG), "utf-8")
    batches = importing._batches

    def overtaken(rows: Iterator[Row]) -> Iterator[list[Row]]:
        yield list(itertools.islice(rows, 1))
        monkeypatch.setattr(importing, "_batches", batches)
        assert run("import", "tax", str(newer), "--whole").exit_code == 0
        yield from batches(rows)

    monkeypatch.setattr(importing, "_batches", overtaken)
    stopped = run("import", "tax", str(older), "--whole")
    assert (stopped.exit_code, "another import for tax has begun" in stopped.output) == (1, True)
    assert sums(run("report", "tax", "--json"))["waiting"] == 1, "of the newer file, and nothing else"
    assert told(known, "tax") == (None, None)


def test_an_import_begins_when_no_older_one_is_writing_any_more(any_database: Database) -> None:
    """What an older one writes at that moment would be missed by who deletes what was not named."""
    init_audit(b"a" * 32, node="test")
    with any_database.transaction() as tx:
        put(tx, dict(CLIENTS[0]) | {"client_id": "tax"}, secret=SECRET, now=1)
    with any_database.transaction() as tx:
        seq = importing._begun(tx, "tax", ("one",), now=1)

    def begin() -> tuple[int | None, int | None]:
        with any_database.transaction() as newer:
            return importing._begun(newer, "tax", ("two",), now=2), newer.one(_LINKS)

    with ThreadPoolExecutor(1) as pool:
        with any_database.transaction() as tx:
            assert importing._is_newest(tx, "tax", seq)
            begun = pool.submit(begin)
            time.sleep(0.3)
            tx.run(_LINK)
        assert begun.result() == (2, 1)
    with any_database.transaction() as tx:
        assert not importing._is_newest(tx, "tax", seq)


@pytest.mark.parametrize(
    "lines",
    [(), (("", *OURS[1:]),), (OURS, *((f"R-{n}", "", "", "") for n in range(3)))],
    ids=["empty", "all wrong", "many wrong"],
)
def test_a_list_that_is_hardly_whole_ends_nothing(
    known: Site,
    taken: Taken,
    run: Callable[..., Result],
    tmp_path: Path,
    lines: tuple[tuple[str, ...], ...],
) -> None:
    taken("tax", OURS, LI)
    before = rows(known.provider.database)
    (tmp_path / "bad.csv").write_text(table(*lines), "utf-8")
    for options in ((), ("--dry-run",)):
        refused = run("import", "tax", str(tmp_path / "bad.csv"), "--whole", *options)
        assert (refused.exit_code, "--force" in refused.output) == (1, True)
    assert rows(known.provider.database) == before
    assert told(known, "tax") == ("R-0017", "R-0017")
    assert run("import", "tax", str(tmp_path / "bad.csv"), "--whole", "--force").exit_code == 0
    assert len(rows(known.provider.database)) == sum(line == OURS for line in lines)


def test_an_unknown_client_has_no_links(known: Site, run: Callable[..., Result], tmp_path: Path) -> None:
    (tmp_path / "users.csv").write_text(table(OURS), "utf-8")
    assert "no client nobody" in run("import", "nobody", str(tmp_path / "users.csv")).output
    assert run("report", "nobody").exit_code == 1


_KILLED = """
import os, signal, sys
import idp.mapping.importing as importing
from idp.cli import cli
importing._BATCH = 10
left, take = int(sys.argv[1]), importing.Importing._take
def counted(self, *words, **named):
    global left
    left -= 1
    if left < 0:
        os.kill(os.getpid(), signal.SIGKILL)
    return take(self, *words, **named)
importing.Importing._take = counted
cli(["client", "links", "import", "tax", sys.argv[2], "--json"], standalone_mode=False)
"""


@pytest.mark.processes
def test_an_import_that_was_killed_is_taken_up_by_the_next_and_tells_nothing_half(
    any_database_url: str, any_database: Database, tmp_path: Path
) -> None:
    init_audit(b"a" * 32, node="test")
    with any_database.transaction() as tx:
        put(tx, dict(CLIENTS[0]) | {"client_id": "tax"}, secret=SECRET, now=1)
    environment = os.environ | {
        "TONGBAN_DATABASE__URL": any_database_url,
        "TONGBAN_STATE__URL": f"sqlite:///{tmp_path / 'state.db'}",
        "TONGBAN_SECRETS__FIELD_KEYS": json.dumps([f"f1:{keys_of('f')}"]),
        "TONGBAN_SECRETS__INDEX_KEYS": json.dumps([f"i1:{keys_of('i')}"]),
        "TONGBAN_SECRETS__AUDIT_KEY": keys_of("a"),
        "TONGBAN_SECRETS__ANCHOR_KEY": keys_of("n"),
        "TONGBAN_SECRETS__COOKIE_KEY": keys_of("c"),
    }

    def run(content: str, batches: int) -> subprocess.CompletedProcess[str]:
        file = tmp_path / "users.csv"
        file.write_text(content, "utf-8")
        words = [sys.executable, "-c", _KILLED, str(batches), str(file)]
        return subprocess.run(words, env=environment, capture_output=True, text=True, check=False)

    first = table(*((f"R-{n}", "李雷", "passport", f"E{n:07}") for n in range(35)))
    corrected = table(*((f"R-{n}", "李雷", "passport", f"F{n:07}") for n in range(35)))
    assert run(first, 99).returncode == 0
    assert run(corrected, 2).returncode == -signal.SIGKILL
    assert len(rows(any_database)) == 55, "nothing of the first file is gone before the second was read"
    assert run(corrected, 3).returncode == -signal.SIGKILL
    done = run(corrected, 99)
    assert done.returncode == 0, done.stderr
    last = json.loads(done.stdout.splitlines()[-1])
    assert (last["read"], last["unchanged"], last["added"], last["ended"]) == (35, 30, 5, 35)
    assert (last["waiting"], len(rows(any_database))) == (35, 35)


def keys(fields: tuple[str, ...], index: tuple[str, ...]) -> tuple[FieldCipher, BlindIndex, Links]:
    rings = [parse_ring([f"{name}1:{keys_of(name)}" for name in names], name="test") for names in (fields, index)]
    cipher, blinds = FieldCipher(rings[0]), BlindIndex(rings[1])
    return cipher, blinds, Links(cipher, blinds, Directory(cipher, blinds, Anchors(b"n" * 32)))


def test_links_survive_a_rotation_and_are_told_in_the_middle_of_it(known: Site, taken: Taken) -> None:
    taken("tax", OURS, LI)
    taken("social", OURS, ("R-0017", *WANG[1:]))
    database, party = known.provider.database, known.party()

    def heard(fields: tuple[str, ...], index: tuple[str, ...]) -> dict[str, str]:
        with database.autocommit() as tx:
            return {link.client_id: link.local_id for link in keys(fields, index)[2].of_person(tx, party)}

    both = (("g", "f"), ("j", "i"))
    assert heard(*both) == {"tax": "R-0017"}
    cipher, blinds, links = keys(*both)
    assert links.rotate(database) == 4
    assert heard(*both) == {"tax": "R-0017"}, "the accounts are indexed under the old key yet"
    known.execute(
        "UPDATE account_link SET local = :local WHERE client_id = 'social' AND kind = 'id_number' AND line = 3",
        local=keys(("f",), ("i",))[2].locals_of("social", "R-0017")[0],
    )
    assert heard(*both) == {"tax": "R-0017"}, "a contradiction counts under whichever key it is found"
    assert links.rotate(database) == 1
    rotate_accounts(database, cipher, blinds, progress=lambda _: None)
    assert heard(("g",), ("j",)) == {"tax": "R-0017"}
    assert links.rotate(database) == 0


def test_a_line_taken_in_under_both_keys_is_one_again_after_the_rotation(known: Site, taken: Taken) -> None:
    taken("tax", OURS)
    database, links = known.provider.database, keys(("f",), ("j", "i"))[2]
    known.execute(
        "INSERT INTO account_link (id, client_id, local, kind, blind, sealed, seq, line, created_at)"
        " SELECT 'lnk_twin', client_id, :local, kind, :blind, :sealed, seq, line, created_at FROM account_link",
        local=links.locals_of("tax", "R-0017")[0],
        blind=links.blinds_of(_line(known).document)[0],
        sealed=links.seal("lnk_twin", _line(known)),
    )
    links.rotate(database)
    assert known.one("SELECT COUNT(*) FROM account_link") == 1


def _line(site: Site):
    with site.provider.database.autocommit() as tx:
        key, sealed = tx.all(Statement[tuple[str, bytes]]("SELECT id, sealed FROM account_link"))[0]
    return site.provider.links.open(key, sealed)


def test_accounts_without_documents_are_nobodys_earlier_users(known: Site, taken: Taken) -> None:
    register(known, "third")
    add_person(known.provider, "13812340002", None)
    taken("third", LI)
    tokens = known.browser().sign_in("13812340002").tokens("third", scope="openid legacy_sub")
    assert "legacy_sub" not in known.userinfo(tokens["access_token"]).get_json()
