"""Files of old accounts: what is taken, what is not and why, and that it adds up, however often it is interrupted."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from bench.legacy_rows import Rows, write
from idp import tables
from idp.accounts.documents import IdNumber, TravelPermit
from idp.accounts.names import PersonName
from idp.accounts.old_accounts import OldAccount, Representative
from idp.accounts.rules import Mobile, WaitingState
from idp.accounts.waiting import WaitingAccounts, forget
from idp.activation import importing, reports
from idp.activation.batches import find_known
from idp.activation.files import open_source
from idp.activation.importing import Imported, Importer, Overtaken
from idp.activation.lines import COLUMNS, BadColumns
from idp.audit import chains as chains_module
from idp.audit import init_audit
from idp.crypto.fields import BlindIndex, FieldCipher
from idp.crypto.rings import parse_ring
from idp.db import Database, Statement, Transaction
from idp.tables import Encoding, Table
from tests.conftest import opened
from tests.provider import keys_of

NOW = 1_790_000_000
ZHANG, LI = "11010519491231002X", "110105199003071239"
CODE = "91350100M000100Y43"
HEAD = "platform,old_id,kind,name,document_type,document_number,phone,valid_to,uscc,entity_name,status,region\n"
GOOD = f"old,u1,person,张三,居民身份证,{ZHANG},+86 138 1234 0001,2031-02-28,,,正常,430102\n"
COUNT = Statement("SELECT COUNT(*) FROM legacy_account", int)
STORED = Statement[tuple[str, ...]](
    "SELECT id, line_batch_id, digest, flag, state, updated_at FROM legacy_account ORDER BY id"
)
_SCANS = Statement[tuple[int, int]](
    "SELECT idx_scan, idx_tup_read FROM pg_stat_user_indexes"
    " WHERE indexrelname = 'uq_legacy_account_platform_old_blind'"
)
_KILLED = """
import os, signal, sys
from idp.activation import importing
from idp.cli import cli
importing.CHUNK = 40
left, go_on = int(os.environ["WRITES"]), importing.go_on
def counted(tx, batch):
    global left
    left -= 1
    go_on(tx, batch)
    if left == 0:
        tx.flush()
        os.kill(os.getpid(), signal.SIGKILL)
importing.go_on = counted
cli(["legacy", "import", sys.argv[1]], standalone_mode=False)
"""


@pytest.fixture(autouse=True)
def _written() -> Iterator[None]:
    init_audit(b"an audit key of thirty-two bytes", "node-1")
    yield
    chains_module._writer = None


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "old.csv"


def keys(fields: str = "f", index: str = "i") -> tuple[FieldCipher, BlindIndex]:
    rings = [parse_ring([f"{key}:{keys_of(key)}" for key in names], name="test") for names in (fields, index)]
    return FieldCipher(rings[0]), BlindIndex(rings[1])


ACCOUNTS = WaitingAccounts(*keys())


def importer(database: Database) -> Importer:
    return Importer(database, ACCOUNTS, keys()[1], clock=lambda: NOW)


def run(
    database: Database,
    file: Path,
    text: str | bytes | None = None,
    *,
    encoding: Encoding = "utf-8",
    platform: str | None = None,
    dry: bool = False,
) -> Imported:
    if text is not None:
        file.write_bytes(text if isinstance(text, bytes) else text.encode(encoding))
    form = "csv" if file.suffix == ".csv" else "jsonl"
    source = open_source(Table(file, form, encoding), platform=platform, progress=lambda _: None)
    worker = importer(database)
    return (worker.rehearse if dry else worker.run)(source, progress=lambda _: None)


def counts(done: Imported) -> tuple[int, int, int, int, int]:
    """accepted, updated, duplicates, quarantined, flagged - which add up to the lines."""
    told = done.counts
    assert told.lines == told.accepted + told.duplicates + told.quarantined + told.flagged
    return told.accepted, told.updated, told.duplicates, told.quarantined, told.flagged


def of(database: Database, number: str) -> OldAccount | None:
    """What is said of the one waiting account of a document."""
    with database.transaction() as tx:
        found = ACCOUNTS.find_by_document(tx, IdNumber(number))
        return ACCOUNTS.open(tx, found[0].id) if found else None


def rows(database: Database) -> list[tuple[object, ...]]:
    with database.transaction() as tx:
        return [tuple(row) for row in tx.all(STORED)]


def why(database: Database, done: Imported) -> list[tuple[int, str]]:
    with database.transaction() as tx:
        return list(reports.quarantined(tx, done.batch_id or ""))


def test_a_line_becomes_an_account_that_its_person_finds(any_database: Database, file: Path) -> None:
    done = run(any_database, file, "\ufeff" + HEAD + GOOD + "\n" + GOOD.replace("u1", "u2").replace("old,", "OTHER,"))
    assert counts(done) == (2, 0, 0, 0, 0)
    told = of(any_database, ZHANG)
    assert told
    assert told.mobile == Mobile("13812340001")
    assert (told.name, str(told.valid_to), told.region) == (PersonName("张三"), "2031-02-28", "430102")


def test_numbers_of_fifteen_digits_become_those_of_eighteen(database: Database, file: Path) -> None:
    assert counts(run(database, file, HEAD + GOOD.replace(ZHANG, ZHANG[:6] + ZHANG[8:17])))[0] == 1
    assert of(database, ZHANG)


def test_entities_come_with_whoever_stood_for_them(database: Database, tmp_path: Path) -> None:
    lines = (
        f'{{"old_id": 7, "kind": "法人", "统一社会信用代码": "{CODE}", "法人名称": "某某公司",'
        f' "法定代表人": "陈大文", "法定代表人证件类型": "港澳居民来往内地通行证",'
        ' "法定代表人证件号码": "H12345678"}\n'
        f'{{"old_id": "8", "kind": "entity", "uscc": "{CODE}", "entity_name": "某某公司", "name": null}}\n'
        f'{{"old_id": "9", "kind": "entity", "uscc": "{CODE}", "entity_name": "某",'
        ' "representative_name": "陈大文"}\n'
    )
    done = run(database, tmp_path / "old.jsonl", lines, platform="old")
    assert counts(done) == (2, 0, 0, 1, 0)
    assert why(database, done) == [(3, "representative")]
    with database.transaction() as tx:
        (found,) = ACCOUNTS.of_representative(tx, TravelPermit("H12345678"))
        told = ACCOUNTS.open(tx, found.id)
    assert told
    assert told.representative == Representative(PersonName("陈大文"), TravelPermit("H12345678"))


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (GOOD.replace("张三", "张\x00三"), "control_character"),
        (GOOD.replace("张三", "张\u200b三"), "name"),
        (GOOD.replace("张三", ""), "name"),
        (GOOD.replace("张三", "=cmd|' /C calc'!A0"), "name"),
        (GOOD.replace("u1", "@SUM(1)"), "old_id"),
        (GOOD.replace("u1", ""), "old_id"),
        (GOOD.replace("u1", "u" * 129), "old_id"),
        (GOOD.replace("old,", "旧平台,"), "platform"),
        (GOOD.replace("person", "robot"), "kind"),
        (GOOD.replace("person", "entity"), "uscc"),
        (GOOD.replace("person", "entity").replace("28,,", f"28,{CODE},"), "entity_name"),
        (GOOD.replace("28,,", f"28,{CODE},"), "kind"),
        (GOOD.replace(ZHANG, "110105194912310021"), "document"),
        (GOOD.replace(ZHANG, "4.30102E+17"), "document"),
        (GOOD.replace("居民身份证", "驾驶证"), "document"),
        (GOOD.replace("138 1234 0001", "0731 88888888"), "phone"),
        (GOOD.replace("2031-02-28", "2031-02-30"), "valid_to"),
        (GOOD.replace("正常", "冻结"), "status"),
        (GOOD.replace("430102", "43"), "region"),
        (GOOD.replace("\n", ",one too many\n"), "malformed"),
        (GOOD.replace("张三", '"张三'), "malformed"),
        ("x" * tables.LONGEST + "\n", "too_long"),
        ("x" * (5 * tables.LONGEST), "too_long"),
    ],
    ids=lambda one: one if len(one) < 20 else "",
)
def test_a_line_that_cannot_be_taken_is_quarantined_for_a_reason(
    database: Database, file: Path, line: str, reason: str
) -> None:
    good = GOOD.replace("u1", "u9").replace(ZHANG, LI)
    done = run(database, file, HEAD + good + line)
    assert counts(done) == (1, 0, 0, 1, 0)
    assert why(database, done) == [(3, reason)]
    assert of(database, ZHANG) is None


def test_what_is_not_of_the_encoding_is_quarantined_and_gb18030_is_read_when_asked(
    database: Database, file: Path
) -> None:
    text = HEAD + GOOD.replace("张三", "䶮𠅤")
    done = run(database, file, HEAD.encode() + text.split("\n")[1].encode("gb18030"))
    assert why(database, done) == [(2, "encoding")]
    assert counts(run(database, file, text, encoding="gb18030")) == (1, 0, 0, 0, 0)
    told = of(database, ZHANG)
    assert told
    assert told.name == PersonName("䶮𠅤")


@pytest.mark.parametrize(
    "name",
    [
        "password",
        "Pass_Word",
        "user-PWD",
        "passwd",
        "pwd_md5",
        "salt",
        "Hash",
        "密码",
        "登录口令",
        "ｐａｓｓｗｏｒｄ",
    ],
)
def test_a_file_with_passwords_is_refused_before_anything_of_it_is_taken(
    database: Database, tmp_path: Path, name: str
) -> None:
    with pytest.raises(BadColumns, match="never accepted"):
        run(database, tmp_path / "old.csv", HEAD.replace("region", name) + GOOD)
    person = f'{{"old_id": "1", "name": "张三", "document_number": "{ZHANG}"}}\n'
    with pytest.raises(BadColumns, match="never accepted"):
        run(database, tmp_path / "old.jsonl", person + person.replace("{", f'{{"{name}": "x", '), platform="old")
    assert rows(database) == []


@pytest.mark.parametrize(
    ("head", "said"),
    [
        (HEAD.replace("region", "birthday"), "column 12 of the first line, which names the columns, is unknown"),
        (HEAD.replace("region", "手机号"), "phone stands there twice"),
        (HEAD.replace("old_id", "region").replace("status,region", "status,old_id"), ""),
        (HEAD.replace("platform", "region").replace("status,region", "status,valid_to"), "valid_to stands"),
        (HEAD.replace("platform,", ""), "platform is missing"),
        ("", "empty"),
        ("\0" * tables.LONGEST * 2, "too_long"),
    ],
)
def test_a_file_whose_columns_are_not_the_documented_ones_is_not_read(
    database: Database, file: Path, head: str, said: str
) -> None:
    if not said:
        assert run(database, file, head).counts.lines == 0, "the order does not matter"
        return
    with pytest.raises(BadColumns, match=said):
        run(database, file, head)


@pytest.mark.parametrize(
    ("head", "shown"), [(f"{ZHANG},张三,13812340001\n", ()), ("s3cret-Hash-of-li,u1,13812340001\n", ("hash",))]
)
def test_of_a_file_without_a_head_nothing_is_shown(
    database: Database, file: Path, head: str, shown: tuple[str, ...]
) -> None:
    with pytest.raises(BadColumns) as refused:
        run(database, file, head + head, platform="old")
    said = str(refused.value)
    assert not any(cell in said for cell in (ZHANG, "张三", "13812340001", "u1", "s3cret", "of-li"))
    assert all(word in said for word in shown)


def test_the_same_file_again_changes_nothing(any_database: Database, file: Path) -> None:
    text = HEAD + GOOD + GOOD + GOOD.replace("张三", "")
    first = run(any_database, file, text)
    assert counts(first) == (1, 0, 1, 1, 0)
    before = rows(any_database)
    again = run(any_database, file, text)
    assert (again.batch_id, again.counts, again.again) == (first.batch_id, first.counts, True)
    other = run(any_database, file, text + "\n")
    assert counts(other) == (0, 0, 2, 1, 0), "nor do the same lines in another file"
    assert rows(any_database) == before


def test_two_lines_of_one_file_that_contradict_each_other_are_not_both_taken(database: Database, file: Path) -> None:
    done = run(database, file, HEAD + GOOD + GOOD.replace("张三", "张三丰") + GOOD)
    assert counts(done) == (1, 0, 1, 1, 0)
    assert why(database, done) == [(3, "contradiction")]
    told = of(database, ZHANG)
    assert told
    assert told.name == PersonName("张三")


def test_a_later_line_corrects_an_account_nobody_has_begun_to_activate(any_database: Database, file: Path) -> None:
    first = run(any_database, file, HEAD + GOOD)
    corrected = HEAD + GOOD.replace("138 1234 0001", "13900001111").replace(ZHANG, LI)
    assert counts(run(any_database, file, corrected)) == (1, 1, 0, 0, 0)
    told = of(any_database, LI)
    assert told
    assert told.mobile == Mobile("13900001111")
    assert of(any_database, ZHANG) is None
    assert counts(run(any_database, file, HEAD + GOOD))[2] == 0, "the first file was finished"
    assert of(any_database, LI)
    with any_database.transaction() as tx:
        assert reports.funnel(tx, first.batch_id or "")["imported"] == 1, "it stays that of who brought it"
        (found,) = ACCOUNTS.find_by_document(tx, IdNumber(LI))
        assert ACCOUNTS.move(tx, found.id, WaitingState.IMPORTED, WaitingState.CLAIMED, now=NOW)
    late = HEAD + GOOD.replace("138 1234 0001", "13900002222") + corrected.split("\n")[1]
    done = run(any_database, file, late + "\n" + GOOD.replace("u1", "u2"))
    assert counts(done) == (1, 0, 1, 1, 0), "what is stored already is a duplicate, what would be new comes too late"
    assert why(any_database, done) == [(2, "too_late")]
    told = of(any_database, LI)
    assert told
    assert told.mobile == Mobile("13900001111")


def test_closed_and_deceased_accounts_are_flagged_also_while_somebody_activates_them(
    database: Database, file: Path
) -> None:
    assert counts(run(database, file, HEAD + GOOD.replace("正常", "注销"))) == (0, 0, 0, 0, 1)
    assert of(database, ZHANG) is None
    assert counts(run(database, file, HEAD + GOOD)) == (1, 1, 0, 0, 0), "closed by mistake"
    with database.transaction() as tx:
        (found,) = ACCOUNTS.find_by_document(tx, IdNumber(ZHANG))
        assert ACCOUNTS.move(tx, found.id, WaitingState.IMPORTED, WaitingState.CLAIMED, now=NOW)
    assert counts(run(database, file, HEAD + GOOD.replace("正常", "死亡"))) == (0, 0, 0, 0, 1)
    with database.transaction() as tx:
        assert not ACCOUNTS.move(tx, found.id, WaitingState.CLAIMED, WaitingState.FACE_PASSED, now=NOW)


def test_what_is_forgotten_is_not_brought_back_by_a_later_file(database: Database, file: Path) -> None:
    run(database, file, HEAD + GOOD)
    with database.transaction() as tx:
        (found,) = ACCOUNTS.find_by_document(tx, IdNumber(ZHANG))
        assert ACCOUNTS.move(tx, found.id, WaitingState.IMPORTED, WaitingState.ACTIVE, now=NOW)
        forget(tx, before=NOW + 1)
    before = rows(database)
    assert counts(run(database, file, HEAD + GOOD.replace("张三", "张三丰"))) == (0, 0, 1, 0, 0)
    assert rows(database) == before


def test_a_flag_that_is_known_brings_nothing_back_either(database: Database, file: Path) -> None:
    closed = HEAD + GOOD.replace("正常", "注销")
    run(database, file, closed)
    with database.transaction() as tx:
        forget(tx, before=NOW + 1)
    before = rows(database)
    assert counts(run(database, file, closed + "\n")) == (0, 0, 1, 0, 0)
    assert rows(database) == before


def test_a_correction_comes_too_late_for_an_account_claimed_meanwhile(
    database: Database, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(database, file, HEAD + GOOD)

    def claimed_meanwhile(tx: Transaction, keys: Any) -> Any:
        found = find_known(tx, keys)
        for one in found:
            assert ACCOUNTS.move(tx, one.id, WaitingState.IMPORTED, WaitingState.CLAIMED, now=NOW)
        return found

    monkeypatch.setattr(importing, "find_known", claimed_meanwhile)
    done = run(database, file, HEAD + GOOD.replace("张三", "张三丰"))
    assert counts(done) == (0, 0, 0, 1, 0)
    assert why(database, done) == [(2, "too_late")]
    told = of(database, ZHANG)
    assert told
    assert told.name == PersonName("张三")


def test_a_dry_run_says_the_same_and_writes_nothing(
    database: Database, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importing, "CHUNK", 7)
    expected = write(file, 400, seed=3)
    run(database, file.with_name("first.csv"), HEAD + GOOD)
    before = rows(database)
    rehearsed = run(database, file, dry=True)
    assert rows(database) == before
    assert rehearsed.counts == run(database, file).counts
    assert {name: getattr(rehearsed.counts, name) for name in asdict(expected)} == asdict(expected)


def test_of_two_imports_of_one_file_one_goes_on(
    database: Database, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importing, "CHUNK", 10)
    write(file, 50, seed=4)
    source = open_source(Table(file, "csv"), platform=None, progress=lambda _: None)

    def interrupt(_done: int) -> None:
        nonlocal interrupt_with
        if interrupt_with and (other := interrupt_with.pop()):
            other.run(source, progress=lambda _: None)

    interrupt_with = [importer(database)]
    with pytest.raises(Overtaken):
        importer(database).run(source, progress=interrupt)
    with database.transaction() as tx:
        (told,) = reports.batches(tx, None)
    assert told.finished_at == NOW
    assert told.lines == 50


def test_lines_share_their_statements_and_are_known_under_either_key_of_a_rotation(
    any_database: Database, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = write(file, 500, seed=6)
    sent, send, ask = [0], Transaction.send, Transaction.ask

    def counted(call: Any) -> Any:
        def count(*words: Any, **named: Any) -> Any:
            sent[0] += 1
            return call(*words, **named)

        return count

    monkeypatch.setattr(Transaction, "send", counted(send))
    monkeypatch.setattr(Transaction, "ask", counted(ask))
    assert run(any_database, file).counts.accepted == expected.accepted
    assert sent[0] < 60, "each line that is not taken has one of its own, nothing else has"
    file.write_bytes(file.read_bytes() + b"\n")
    cipher, index = keys("gf", "ji")
    worker = Importer(any_database, WaitingAccounts(cipher, index), index, clock=lambda: NOW)
    source = open_source(Table(file, "csv"), platform=None, progress=lambda _: None)
    again = worker.run(source, progress=lambda _: None).counts
    assert (again.accepted, again.duplicates) == (0, expected.lines - expected.quarantined)


@pytest.mark.services
def test_what_is_known_of_a_line_costs_the_same_however_many_there_are(
    postgres_database_url: str, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importing, "CHUNK", 100)
    for database in opened(postgres_database_url):
        expected = write(file, 3000, seed=7)
        run(database, file)
        with database.autocommit() as tx:
            tx.one(Statement("SELECT pg_stat_force_next_flush()"))
            scans, read = tx.all(_SCANS)[0]
    assert scans, "the counters have come"
    assert read < expected.lines / 10, "a row is looked up by its whole key, not found among those of its platform"


@pytest.mark.processes
def test_an_import_killed_at_any_chunk_goes_on_and_adds_up(
    any_database: Database, any_database_url: str, tmp_path: Path
) -> None:
    file = tmp_path / "old.csv"
    expected = write(file, 300, seed=5)
    (tmp_path / "empty.toml").write_text("")
    env = {
        "TONGBAN_CONFIG": str(tmp_path / "empty.toml"),
        "TONGBAN_DATABASE__URL": any_database_url,
        "TONGBAN_STATE__URL": f"sqlite:///{tmp_path / 'state.db'}",
        "TONGBAN_SECRETS__FILE": str(tmp_path / "secrets.toml"),
        "WRITES": "3",
    }
    command = [sys.executable, "-c", _KILLED, str(file)]
    kills = 0
    while (
        ended := subprocess.run(command, env=os.environ | env, capture_output=True, text=True, timeout=120)
    ).returncode:
        assert ended.returncode == -signal.SIGKILL, ended.stderr
        kills += 1
    assert kills >= 3
    with any_database.transaction() as tx:
        (told,) = reports.batches(tx, None)
        found = reports.funnel(tx, told.id)
        assert sum(reports.reasons(tx, told.id).values()) == expected.quarantined
    assert {name: getattr(told, name) for name in asdict(expected)} == asdict(expected)
    assert (found["waiting"], found["flagged"]) == (expected.accepted, expected.flagged)


def test_the_generator_makes_one_file_of_one_seed_with_every_column(tmp_path: Path) -> None:
    first, second = list(Rows(200, 1)), list(Rows(200, 1))
    assert first == second
    assert first != list(Rows(200, 2))
    assert {len(row) for row in first} <= {len(COLUMNS), len(COLUMNS) + 1}
