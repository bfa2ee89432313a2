"""Installing what tests need: what is pinned, what is taken back, and what root is told when it cannot be done."""

import json
import re
import tomllib
from pathlib import Path

import pytest

from adapters.sandbox import packages, packages_apt, packages_node, services

_PIN = re.compile(r"^([a-z0-9-]+)==(\S+)", re.MULTILINE)


def pins(name: str) -> dict[str, str]:
    text = (packages.ROOT / "requirements" / f"{name}.txt").read_text()
    return dict(_PIN.findall(text))


def test_tests_run_with_the_very_versions_the_provider_runs_with() -> None:
    assert pins("runtime").items() <= pins("test").items()


def test_every_dependency_of_the_project_is_pinned() -> None:
    project = tomllib.loads((packages.ROOT / "pyproject.toml").read_text())["project"]
    names = {re.split(r"[\[><=]", line)[0] for line in project["dependencies"]}
    assert names <= pins("runtime").keys()


@pytest.mark.parametrize("name", ["runtime", "test"])
def test_pins_carry_checksums_and_name_no_index(name: str) -> None:
    text = (packages.ROOT / "requirements" / f"{name}.txt").read_text()
    entries = re.split(r"\n(?=[a-z])", text.partition("\n\n")[2] or text)
    assert all("--hash=sha256:" in entry for entry in entries if _PIN.match(entry))
    assert "://" not in text
    assert not re.search(r"^-", text, re.MULTILINE)


def test_npm_packages_are_pinned_with_checksums_and_name_no_registry() -> None:
    manifest = json.loads((packages_node.DIRECTORY / "package.json").read_text())
    locked = json.loads((packages_node.DIRECTORY / "package-lock.json").read_text())["packages"]
    assert all(re.fullmatch(r"\d+\.\d+\.\d+", version) for version in manifest["dependencies"].values())
    assert all("integrity" in entry and "resolved" not in entry for name, entry in locked.items() if name)


def test_daemons_are_kept_down_only_while_installing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    policy = tmp_path / "policy-rc.d"
    monkeypatch.setattr(packages_apt, "_POLICY", policy)
    with packages_apt._daemons_stay_down():
        assert policy.read_text().endswith("exit 101\n")
        assert policy.stat().st_mode & 0o777 == 0o755
    assert not policy.exists()


def _interrupted(policy: Path, drop_in: Path) -> None:
    with packages_apt._daemons_stay_down(), packages_apt._no_database_cluster(["postgresql"]):
        assert policy.exists()
        assert drop_in.read_text() == "create_main_cluster = false\n"
        raise KeyboardInterrupt


def test_what_was_changed_for_installing_is_taken_back_after_a_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    policy, drop_in = tmp_path / "policy-rc.d", tmp_path / "createcluster.d" / "tongban.conf"
    monkeypatch.setattr(packages_apt, "_POLICY", policy)
    monkeypatch.setattr(packages_apt, "_NO_CLUSTER", drop_in)
    with pytest.raises(KeyboardInterrupt):
        _interrupted(policy, drop_in)
    assert list(tmp_path.iterdir()) == []


def test_a_policy_that_was_there_is_respected(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    policy = tmp_path / "policy-rc.d"
    policy.write_text("#!/bin/sh\nexit 0\n")
    monkeypatch.setattr(packages_apt, "_POLICY", policy)
    with packages_apt._daemons_stay_down():
        assert policy.read_text() == "#!/bin/sh\nexit 0\n"
    assert policy.exists()


def test_what_cannot_be_installed_fails_and_names_the_one_command_for_root(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(packages, "absent", lambda _groups: ["redis-server"])
    monkeypatch.setattr(packages_apt, "machine_has_apt", lambda: False)
    assert services.main(["install"]) == 1
    assert "apt-get install --no-install-recommends redis-server" in capsys.readouterr().err


def test_an_unknown_group_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        services.main(["install", "--with", "browser,frobnicator"])
    assert "unknown: frobnicator" in capsys.readouterr().err


def test_a_missing_program_names_the_command_that_installs_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(packages, "UNPACKED", tmp_path)
    with pytest.raises(packages.PackageMissing, match=r"run: \S+ -m adapters\.sandbox\.services install"):
        packages.find("no-such-program")


def test_an_unpacked_program_is_found_with_its_libraries(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    program = tmp_path / "usr" / "sbin" / "no-such-program"
    library = tmp_path / "usr" / "lib" / "x86_64-linux-gnu" / "libnone.so.1"
    for path in (program, library):
        path.parent.mkdir(parents=True)
        path.touch(mode=0o755)
    monkeypatch.setattr(packages, "UNPACKED", tmp_path)
    found = packages.find("no-such-program")
    assert found.path == program
    assert found.env["LD_LIBRARY_PATH"].split(":")[0] == str(library.parent)


def test_what_an_interrupted_unpacking_left_is_not_taken_for_installed(tmp_path: Path) -> None:
    (tmp_path / "root" / "usr" / "bin").mkdir(parents=True)
    packages_apt.discard_unfinished(tmp_path)
    assert (tmp_path / "root").exists()
    (tmp_path / "unfinished").touch()
    packages_apt.discard_unfinished(tmp_path)
    assert not (tmp_path / "root").exists()
