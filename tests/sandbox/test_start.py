"""Where and when the sandbox starts, whom it introduces, and what docs/providers.md says about it."""

import os
import re
import signal
import subprocess
import sys
import tomllib
import urllib.request
from pathlib import Path

import pytest
from zxcvbn import zxcvbn

from adapters.sandbox.app import create_sandbox, main, make
from adapters.sandbox.contract import check_signature, parse
from adapters.sandbox.english import ENGLISH
from adapters.sandbox.magic import MAGIC
from adapters.sandbox.people import PeopleError, load_people
from adapters.sandbox.settings import ROOT, SECRET, SandboxSettings, refusal
from tests.sandbox.conftest import DOCS, documented_example

PEOPLE = SandboxSettings().people


def test_it_never_starts_in_production(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--production", "--issuer", "https://id.example.gov.cn"]) == 2
    monkeypatch.setenv("TONGBAN_ENVIRONMENT", "Production")
    assert main(["--issuer", "https://id.example.gov.cn"]) == 2
    assert "never runs in production" in capsys.readouterr().err


def test_development_is_no_reason_to_refuse() -> None:
    assert refusal({}, production=False) is None
    assert refusal({"TONGBAN_ENVIRONMENT": "development"}, production=False) is None


def test_it_listens_on_loopback_unless_told_otherwise() -> None:
    server = make(SandboxSettings(), host="127.0.0.1", port=0)
    try:
        assert server.server_address[0] == "127.0.0.1"
    finally:
        server.server_close()


def test_a_broken_file_of_people_stops_the_start(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    broken = tmp_path / "people.toml"
    broken.write_text("[[person]]\nname = 'only'\n")
    assert main(["--people", str(broken), "--port", "0"]) == 2
    assert "missing or unknown" in capsys.readouterr().err


def test_a_missing_file_of_people_leaves_them_out(tmp_path: Path) -> None:
    app = create_sandbox(SandboxSettings(people=tmp_path / "none.toml"))
    assert 'id="people"' not in app.test_client().get("/").text


@pytest.mark.parametrize("text", ["person = 1 2", "[[person]]\nx=1", b"\xff", "[[person]]"])
def test_files_of_people_out_of_form_are_refused_with_a_reason(tmp_path: Path, text: str | bytes) -> None:
    broken = tmp_path / "people.toml"
    broken.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(PeopleError, match=r"people\.toml"):
        load_people(broken)


@pytest.mark.parametrize(("name", "value"), [("mobile", '"123"'), ("registered", '"yes"'), ("password", "1")])
def test_a_person_with_a_wrong_value_is_refused(tmp_path: Path, name: str, value: str) -> None:
    broken = tmp_path / "people.toml"
    first = PEOPLE.read_text(encoding="utf-8").split("[[person]]")[1]
    broken.write_text("[[person]]" + re.sub(rf"(?m)^{name} = .*$", f"{name} = {value}", first), encoding="utf-8")
    with pytest.raises(PeopleError, match=name):
        load_people(broken)


def test_what_only_the_seeding_reads_is_left_to_it(tmp_path: Path) -> None:
    more = tmp_path / "people.toml"
    first = PEOPLE.read_text(encoding="utf-8").split("[[person]]")[1]
    more.write_text(f"[[person]]{first}claims = {{ name = 'x' }}\n", encoding="utf-8")
    assert load_people(more) == load_people(PEOPLE)[:1]


def test_the_demo_people_are_whole() -> None:
    people = load_people(PEOPLE)
    assert 6 <= len(people) <= 12
    assert len({person.mobile for person in people}) == len(people)
    names = [person.user_name for person in people if person.user_name]
    assert len(set(names)) == len(names)
    everything = "".join(person.name for person in people)
    assert all(mark in everything for mark in "𪚥䶮·")
    for person in people:
        assert person.registered == bool(person.password)
        assert not person.user_name or re.fullmatch(r"[a-z][a-z0-9_]{5,19}", person.user_name)
        assert not person.password or zxcvbn(person.password)["score"] >= 3
        assert not person.password or re.fullmatch(r"[A-Za-z0-9]{8,16}", person.password)


def test_no_demo_person_has_a_magic_number() -> None:
    entries = tomllib.loads(PEOPLE.read_text(encoding="utf-8"))["person"]
    assert not {entry["mobile"] for entry in entries} & {magic.number for magic in MAGIC}


def test_the_documented_magic_numbers_are_the_table() -> None:
    documented = re.findall(r"^\| `(1380000\d{4})` \| (.+) \| (.+) \|$", DOCS, re.MULTILINE)
    assert documented == [(magic.number, ENGLISH[magic.vendor], ENGLISH[magic.then]) for magic in MAGIC]
    assert len({magic.number for magic in MAGIC}) == len(MAGIC)


def test_the_documented_example_passes_the_vendors_checks() -> None:
    body, timestamp, signature = documented_example()
    assert len(body) == 270
    verdict = check_signature(
        secret=SECRET, timestamp=timestamp, signature=signature, body=body, now=int(timestamp), window=300
    )
    assert verdict is None
    assert not hasattr(parse(body, idempotency_key="msg_01JD4Z8Q5V7K2M9X3T6B0R1WCE"), "error")


@pytest.mark.processes
@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
def test_the_command_serves_and_ends_cleanly(ending: signal.Signals) -> None:
    quiet = {name: value for name, value in os.environ.items() if not name.startswith("TONGBAN_")}
    process = subprocess.Popen(
        [sys.executable, "-m", "adapters.sandbox", "--port", "0"],
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env=quiet,
    )
    with process:
        assert process.stderr
        address = re.search(r"http://localhost:(\d+)/", process.stderr.readline())
        assert address
        with urllib.request.urlopen(f"http://127.0.0.1:{address[1]}/inbox?to=13800001001") as page:
            assert page.status == 200
        process.send_signal(ending)
        rest = process.stderr.read()
    assert process.returncode == 0
    assert "GET /inbox 200" in rest
    assert "1380000" not in rest
