"""Province profiles: every one loads and stands under the main file; docs/provinces.md names tests that exist."""

import os
import re
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from idp.cli import cli
from idp.cli import demo as demonstration
from idp.credentials.policy import PROFILES
from idp.flows.rules import FLOWS, FlowKind
from idp.province import DIRECTORY, read_profile, under
from idp.settings import Settings, load_settings

TESTS = Path(__file__).parent
DOCUMENT = TESTS.parent / "docs/provinces.md"
PROVINCES = ("hubei", "hunan", "yunnan")
_PARTS = "certificates|Alipay|departments|mandates"
LATER = re.compile(rf"later: (?:{_PARTS})(?:, (?:{_PARTS}))*")
SECTIONS = {"registration", "proofing", "signin", "levels", "entities", "password", "pages"}


def rows() -> list[tuple[str, str]]:
    lines = [line for line in DOCUMENT.read_text("utf-8").splitlines() if line.startswith("| ")]
    cells = [line.strip("|").split(" | ") for line in lines if not line.startswith("| step")]
    return [(step.strip(), shown.strip()) for step, shown in cells]


def test_every_test_that_is_named_exists() -> None:
    existing = {
        name
        for file in TESTS.rglob("test_*.py")
        for name in re.findall(r"^def (test_\w+)", file.read_text("utf-8"), re.M)
    }
    named = {name for _, shown in rows() for name in re.findall(r"`(test_\w+)`", shown)}
    assert len(named) > 25
    assert named - existing == set()


def test_every_step_has_its_test_or_the_part_that_will_close_it() -> None:
    assert len(rows()) > 40
    assert [step for step, shown in rows() if "`test_" not in shown and not LATER.search(shown)] == []


def test_every_profile_has_its_chapter() -> None:
    assert sorted(path.stem for path in DIRECTORY.glob("*.toml")) == list(PROVINCES)
    titles = re.findall(r"^## (\w+):", DOCUMENT.read_text("utf-8"), re.M)
    assert sorted(title.lower() for title in titles) == list(PROVINCES)


@pytest.mark.parametrize("name", PROVINCES)
def test_every_profile_loads(name: str) -> None:
    settings = Settings(province=name)
    assert settings.password.profile == name
    assert settings.password.min_length == PROFILES[settings.password.profile].min_length
    assert settings.pages.region_name
    assert len(settings.levels.zh) == len(settings.levels.en) == 4
    assert settings.representative_ial == 2
    assert Settings(province=name, face={"url": "https://face.example/v1"}).representative_ial == 3
    assert read_profile(name).keys() <= SECTIONS, "nothing about addresses, secrets or limits"


@pytest.fixture
def main_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in list(os.environ):
        if name.startswith("TONGBAN_"):
            monkeypatch.delenv(name)
    return tmp_path / "main.toml"


def test_the_main_file_wins_over_the_profile_and_the_environment_over_both(
    main_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    main_file.write_text('province = "hunan"\n[pages]\nservice_name = "ours"\nhelp_line = "96000"\n', "utf-8")
    pages = load_settings(main_file).pages
    assert (pages.service_name, pages.help_line, pages.region_name) == ("ours", "96000", "湖南省")
    monkeypatch.setenv("TONGBAN_PAGES__HELP_LINE", "96111")
    assert load_settings(main_file).pages.help_line == "96111"
    monkeypatch.setenv("TONGBAN_PROVINCE", "yunnan")
    assert load_settings(main_file).pages.region_name == "云南省"
    monkeypatch.setenv("TONGBAN_PROVINCE", "")
    assert load_settings(main_file).pages.region_name == ""


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[pages]\nservice_nam = 'x'", "service_nam"),
        ("[nothing]\nx = 1", "nothing"),
        ("[registration]\nbegins_with = 'password'", "begins_with"),
        ("[levels]\nzh = ['一级']\nen = ['One']", "levels"),
        ("[levels]\nzh = ['二级', '三级', '四级', '五级']", "levels"),
        ("[entities]\nrepresentative_ial = 1", "representative_ial"),
        ("[pages", "profile.toml"),
    ],
)
def test_a_wrong_profile_stops_the_start(main_file: Path, tmp_path: Path, text: str, said: str) -> None:
    profile = tmp_path / "profile.toml"
    profile.write_text(text, "utf-8")
    main_file.write_text(f'province = "{profile}"\n', "utf-8")
    with pytest.raises(ValidationError, match=said):
        load_settings(main_file)


@pytest.mark.parametrize("name", ["atlantis", "./nowhere.toml", "/"])
def test_a_profile_that_is_not_there_stops_the_start(name: str) -> None:
    with pytest.raises(ValidationError, match="cannot be read"):
        Settings(province=name)


def test_config_check_names_the_profile_and_the_reference_shows_it(main_file: Path) -> None:
    main_file.write_text('province = "hubei"\n', "utf-8")
    told = CliRunner().invoke(cli, ["--config", str(main_file), "config", "check"])
    said = told.output.splitlines()[-1]  # the calendar may want another year
    assert said == "ok: development settings for http://localhost:8000, province profile hubei"
    reference = CliRunner().invoke(cli, ["config", "reference"]).output
    for name in ("province", "registration.begins_with", "levels.zh", "signin.sms_codes", "pages.help_line"):
        assert f"- `{name}`" in reference


def test_the_demonstration_shows_a_profile_in_all_its_parts(
    main_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    main_file.write_text(
        f'[database]\nurl = "sqlite:///{tmp_path}/idp.db"\n[state]\nurl = "sqlite:///{tmp_path}/state.db"\n'
        f'[secrets]\nfile = "{tmp_path}/secrets.toml"\n',
        "utf-8",
    )
    monkeypatch.setenv(demonstration.PROVINCE_VARIABLE, "yunnan")  # put back afterwards
    started: list[str] = []

    def run_parts(*_told: object, **_others: object) -> int:
        started.append(os.environ[demonstration.PROVINCE_VARIABLE])
        return 0

    monkeypatch.setattr(demonstration, "run_parts", run_parts)
    for file in ("PEOPLE", "MANDATES"):
        monkeypatch.setattr(demonstration, file, tmp_path / "nobody.toml")
    (tmp_path / "nobody.toml").write_text("", "utf-8")
    ran = CliRunner().invoke(cli, ["--config", str(main_file), "demo", "--province", "hunan"])
    assert ran.exit_code == 0, ran.output
    assert started == ["hunan"]


_TREE = st.recursive(st.integers(), lambda below: st.dictionaries(st.sampled_from("abc"), below), max_leaves=8)
_TABLE = st.dictionaries(st.sampled_from("abc"), _TREE)


@given(_TABLE, _TABLE)
def test_merging_keeps_every_own_value_and_adds_only_what_is_not_set(
    profile: dict[str, object], own: dict[str, object]
) -> None:
    merged = under(profile, own)
    assert merged.keys() == profile.keys() | own.keys()
    for name, value in own.items():
        below = profile.get(name)
        if isinstance(value, dict) and isinstance(below, dict):
            assert merged[name] == under(below, value)
        else:
            assert merged[name] == value
    assert under({}, own) == own
    assert under(profile, {}) == profile


def test_both_orders_of_registration_end_alike() -> None:
    short, long = FLOWS[FlowKind.REGISTRATION], FLOWS[FlowKind.REGISTRATION_BY_NAME]
    assert set(short) < set(long)
    assert long[-1] == short[-1]
