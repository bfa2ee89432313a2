"""``idp ca``: the first issuers are added by command, listed, and switched off and on."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from idp.cli import cli
from idp.cli.context import Context
from idp.cli.work import make_worker
from idp.issuers.importing import grouped, sm3
from idp.settings.certificates import Certificates
from tests.issuers.making import NOW, House, a_ca, a_house, a_leaf
from tests.provider import Site

Run = Callable[..., Result]
URL = "http://crl.example.cn/ca.crl"


@pytest.fixture(scope="module")
def house() -> House:
    return a_house("Example")


@pytest.fixture
def run(site: Site, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setattr(Context, "settings", site.provider.settings)
    monkeypatch.setattr(Context, "app", site.app)
    return lambda *words: CliRunner().invoke(cli, ["ca", *words])


@pytest.fixture
def files(tmp_path: Path, house: House) -> list[str]:
    (tmp_path / "root.pem").write_text(house.root.pem)
    (tmp_path / "ca.der").write_bytes(house.issuing.der)
    return ["--anchor", str(tmp_path / "root.pem"), "--intermediate", str(tmp_path / "ca.der")]


def listed(run: Run) -> list[dict[str, object]]:
    found: list[dict[str, object]] = json.loads(run("list", "--json").stdout)
    return found


def test_an_issuer_is_added_with_its_fingerprints_printed(
    site: Site, run: Run, files: list[str], house: House
) -> None:
    done = run("add", "--title", "示例", *files, "--crl-url", URL, "--usage", "entities", "--grace", "7200")
    assert done.exit_code == 0, done.output
    for ca in (house.root, house.issuing):
        assert grouped(sm3(ca.der)) in done.output
    (told,) = listed(run)
    assert told["title"] == "示例"
    assert (told["state"], told["usage"], told["grace"], told["profile"]) == ("active", "entities", 7200, "gmt0015")
    assert told["lists"] == [
        {
            "state": "missing",
            "url": URL,
            "fault": None,
            "checked_at": None,
            "this_update": None,
            "next_update": None,
            "entries": None,
        }
    ]
    assert URL in run("list").output
    event = site.one("SELECT result FROM audit_event WHERE event = 'operator:issuer:added'")
    assert event == "ok"


def test_the_kill_switch_by_command(run: Run, files: list[str]) -> None:
    run("add", "--title", "示例", *files)
    key = str(listed(run)[0]["id"])
    assert run("off", key).output == f"{key}: off\n"
    assert listed(run)[0]["state"] == "off"
    assert "already" in run("off", key).output
    assert run("on", key).output == f"{key}: active\n"
    assert run("off", "cai_unknown").exit_code == 1


@pytest.mark.parametrize(
    "words",
    [
        ("--profile", "unknown"),
        ("--crl-url", "ftp://a.example"),
        ("--grace", str(Certificates().most_grace + 1)),
        ("--title-en", "x" * 61),
    ],
)
def test_a_faulty_issuer_is_not_added(run: Run, files: list[str], words: tuple[str, str]) -> None:
    assert run("add", "--title", "示例", *files, *words).exit_code == 1
    assert listed(run) == []


def test_certificates_are_checked_and_taken_once(run: Run, files: list[str], tmp_path: Path) -> None:
    (tmp_path / "stranger.pem").write_text(a_ca("Stranger", a_ca("Strange Root")).pem)
    refused = run("add", "--title", "示例", *files, "--intermediate", str(tmp_path / "stranger.pem"))
    assert refused.exit_code == 1
    assert "nothing above it" in refused.output
    assert run("add", "--title", "示例", *files).exit_code == 0
    assert "issuer_known" in run("add", "--title", "示例", *files).output


def test_a_certificate_in_doubt_is_judged_by_the_administered_issuers(
    site: Site, run: Run, files: list[str], house: House, tmp_path: Path
) -> None:
    (tmp_path / "leaf.pem").write_text(a_leaf("Somebody", house.issuing).pem)
    asked = ("verify", str(tmp_path / "leaf.pem"))
    assert json.loads(run(*asked).stdout)["reason"] == "certificate_unknown_issuer"
    run("add", "--title", "示例", *files)
    site.provider.authorities.expire()
    assert json.loads(run(*asked).stdout)["reason"] == "certificate_revocation_unknown"
    for crl in (house.issuing.crl(), house.root.crl()):
        site.provider.lists.bring(str(listed(run)[0]["id"]), crl, actor=None, now=NOW)
    site.provider.authorities.expire()
    judged = json.loads(run(*asked, "--at", str(NOW)).stdout)
    assert judged["reason"] == "certificate_no_identity"  # the path holds, and the certificate names nobody
    run("off", str(listed(run)[0]["id"]))
    site.provider.authorities.expire()
    assert json.loads(run(*asked, "--at", str(NOW)).stdout)["reason"] == "certificate_issuer_off"


def test_the_worker_fetches_what_is_due(site: Site, run: Run, files: list[str]) -> None:
    run("add", "--title", "示例", *files, "--crl-url", "http://127.0.0.1:1/ca.crl")
    jobs = make_worker(site.app)._jobs
    jobs.announce(site.now())
    with site.provider.database.autocommit() as tx:
        assert "revocation-lists" in jobs.claim(tx, site.now())
    jobs.run("revocation-lists", site.now())
    assert site.one("SELECT fault FROM revocation_source") == "list_unreachable"  # loopback is not listed here
