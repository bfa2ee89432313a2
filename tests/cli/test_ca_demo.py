"""`idp ca demo`: files to try certificates with, written once and never in production."""

import json
import stat
from pathlib import Path

import pytest
from click.testing import CliRunner

from adapters.sandbox.ca_cast import SCENES
from idp.cli import cli


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, list[str]]]:
    directory = tmp_path_factory.mktemp("ca") / "demo"
    done = CliRunner().invoke(cli, ["ca", "demo", str(directory), "--kind", "sm2", "--kind", "p256", "--json"])
    assert done.exit_code == 0, done.output
    assert "ECDSA P-256: keys and certificates" in done.stderr
    return directory, json.loads(done.stdout)


def test_it_says_which_files_it_wrote(tree: tuple[Path, dict[str, list[str]]]) -> None:
    directory, told = tree
    found = sorted(str(path.relative_to(directory)) for path in directory.rglob("*") if path.is_file())
    assert sorted(told["files"]) == found
    cases = {f"people/sm2-{scene.key}.p12" for scene in SCENES}
    lists = {f"lists/p256-{which}.crl" for which in ("stale", "forged", "earlier")}
    assert cases | lists | {"issuers/p256.crl", "issuers/sm2-root.pem", "people/sm2-person.p7s"} <= set(found)
    assert "people/p256-empty-user-id.pem" not in found


def test_keys_are_for_their_owner_and_explained(tree: tuple[Path, dict[str, list[str]]]) -> None:
    directory, _ = tree
    for path in directory.rglob("*.p12"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    readme = (directory / "README.txt").read_text()
    assert "password: tongban" in readme
    assert all(f"  {scene.key} " in readme for scene in SCENES)


def test_it_overwrites_nothing(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("kept")
    done = CliRunner().invoke(cli, ["ca", "demo", str(tmp_path), "--kind", "sm2"])
    assert done.exit_code == 1
    assert "not empty" in done.output
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


def test_it_never_runs_in_production(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("idp.cli.context.Context.settings", Production())
    done = CliRunner().invoke(cli, ["ca", "demo", str(tmp_path / "demo")])
    assert done.exit_code == 1
    assert "never for production" in done.output
    assert not (tmp_path / "demo").exists()


class Production:
    environment = "production"
