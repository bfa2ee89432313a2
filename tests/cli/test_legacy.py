"""``idp legacy``: what an operator is told of old accounts, on the command line and in the metrics."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from idp.accounts.documents import IdNumber
from idp.accounts.rules import WaitingState
from idp.accounts.waiting import WaitingAccounts
from idp.activation.reports import watch_old_accounts
from idp.cli import cli
from idp.cli.context import Context
from idp.cli.maintenance import purge_all
from idp.db import Statement
from idp.web.metrics import Metrics
from tests.provider import Site

ZHANG = "11010519491231002X"
TEXT = (
    "原账号,姓名,证件号码,手机号,状态\n"
    f"u1,张三,{ZHANG},13812340001,正常\n"
    f"u1,张三,{ZHANG},13812340001,正常\n"
    "u2,李四,110105199003071239,,注销\n"
    "u3,王五,123,,\n"
)
COUNTS = {"lines": 4, "accepted": 1, "updated": 0, "duplicates": 1, "quarantined": 1, "flagged": 1}
SEALED = Statement("SELECT COUNT(sealed) FROM legacy_account", int)


@pytest.fixture
def command(site: Site, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    monkeypatch.setattr(Context, "settings", site.provider.settings)
    monkeypatch.setattr(Context, "app", site.app)
    return lambda *words: CliRunner().invoke(cli, ["legacy", *words])


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "old.csv"
    path.write_text(TEXT)
    return path


def told(result: Result) -> dict[str, Any]:
    assert result.exit_code == 0, result.output
    found: dict[str, Any] = json.loads(result.output)
    return found


def test_an_import_says_what_it_did_and_the_same_file_changes_nothing(
    command: Callable[..., Result], file: Path
) -> None:
    rehearsed = told(command("import", str(file), "--platform", "old", "--dry-run", "--json"))
    assert rehearsed == {"batch": None, "again": False, "dry_run": True, **COUNTS}
    assert command("report").output == ""
    first = told(command("import", str(file), "--platform", "old", "--json"))
    assert first == {"batch": first["batch"], "again": False, "dry_run": False, **COUNTS}
    assert told(command("import", str(file), "--platform", "old", "--json")) == {**first, "again": True}
    assert "imported before, nothing was changed" in command("import", str(file), "--platform", "old").output


def test_the_report_adds_up_and_names_lines_that_were_not_taken_but_nothing_in_them(
    site: Site, command: Callable[..., Result], file: Path
) -> None:
    batch = told(command("import", str(file), "--platform", "old", "--json"))["batch"]
    report = told(command("report", batch, "--json"))
    states = dict.fromkeys(("claimed", "face_passed", "phone_bound", "active", "rejected", "merged"), 0)
    assert report["funnel"] == {"imported": 2, "waiting": 1, "flagged": 1, **states}
    assert report["reasons"] == {"document": 1}
    assert command("report", batch, "--lines").output == "5  document\n"
    waiting = WaitingAccounts(site.provider.cipher, site.provider.index)
    with site.provider.database.transaction() as tx:
        (found,) = waiting.find_by_document(tx, IdNumber(ZHANG))
        assert waiting.move(tx, found.id, WaitingState.IMPORTED, WaitingState.CLAIMED, now=site.now())
    assert told(command("report", "--json"))["funnel"] == {"imported": 2, "waiting": 0, "flagged": 1, **states} | {
        "claimed": 1
    }
    for said in (command("report", batch).output, command("report", batch, "--lines").output):
        assert not any(word in said for word in ("张三", ZHANG, "13812340001", "u1"))


def test_what_cannot_be_imported_is_said_in_words(command: Callable[..., Result], tmp_path: Path) -> None:
    passwords = tmp_path / "old.csv"
    passwords.write_text("old_id,md5_pwd\nu1,x\n")
    refused = command("import", str(passwords), "--platform", "old")
    assert refused.exit_code == 1
    assert "passwords, hashes and salts of other platforms are never accepted" in refused.output
    assert "say --format" in command("import", str(passwords.rename(tmp_path / "old.dat"))).output
    assert "no batch leb_0" in command("report", "leb_0").output
    assert "--lines needs" in command("report", "--lines").output


def test_metrics_count_old_accounts_by_state(site: Site, command: Callable[..., Result], file: Path) -> None:
    command("import", str(file), "--platform", "old")
    metrics = Metrics()  # those of the application remember a count for a minute
    watch_old_accounts(metrics, site.provider.database)
    page = metrics.page().decode()
    for state, count in (("waiting", 1.0), ("flagged", 1.0), ("active", 0.0)):
        assert f'idp_legacy_accounts{{state="{state}"}} {count}' in page
    assert "idp_legacy_accounts" in site.app.test_client().get("/metrics").get_data(as_text=True)


def test_the_purge_forgets_what_was_said_of_accounts_at_their_end(
    site: Site, command: Callable[..., Result], file: Path
) -> None:
    command("import", str(file), "--platform", "old")
    provider = site.provider
    kept = provider.settings.account.moved_kept
    with provider.database.transaction() as tx:
        tx.run(Statement("UPDATE legacy_account SET state_at = :now"), now=site.now())
    for now, left in ((site.now() + kept, 2), (site.now() + kept + 1, 1)):
        purge_all(provider.database, provider.settings, provider.passwords.policy, now=now)
        with provider.database.transaction() as tx:
            assert tx.one(SEALED) == left
