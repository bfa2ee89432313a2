"""The command line: what it does, what it says, and how it ends."""

import json
import tomllib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from idp import settings as settings_module
from idp.accounts import rotation
from idp.accounts.actions import Active, Directory
from idp.accounts.rules import Mobile
from idp.app import EXTENSION
from idp.cli import COMMANDS, cli, main
from idp.cli.context import Context
from idp.crypto.fields import BlindIndex, FieldCipher
from idp.crypto.rings import parse_ring
from idp.db import Statement
from idp.settings import load_settings
from tests.provider import PHONE, Site, keys_of

Run = Callable[..., Result]
CLIENT = """
[[client]]
client_id = "tax"
name = { zh = "个人所得税", en = "Income tax" }
sector = "tax"
state = "live"
secret = "tax-secret-of-forty-characters-for-tests"
redirect_uris = ["https://tax.example/cb"]
"""
SAFE: dict[str, str] = {
    "ENVIRONMENT": "production",
    "ISSUER": "https://idp.example.gov.cn",
    "DATABASE__URL": "postgresql+psycopg://tongban@db.example/tongban",
    "STATE__URL": "redis://redis.example:6379/0",
    "SMS__URL": "https://sms.example/v1",
    "SMS__SECRET": "a-shared-secret-of-more-than-32-characters",
    "REGISTERS__POPULATION__URL": "https://registers.example/population",
    "REGISTERS__POPULATION__SECRET": "a-population-secret-of-more-than-32-characters",
    "REGISTERS__ENTERPRISE__URL": "https://registers.example/enterprise",
    "REGISTERS__ENTERPRISE__SECRET": "an-enterprise-secret-of-more-than-32-characters",
    "BANK_CARD__URL": "https://banks.example/v1",
    "BANK_CARD__SECRET": "a-bank-card-secret-of-more-than-32-characters",
    "SERVER__EMBEDDED_WORKER": "false",
    "SECRETS__FIELD_KEYS": json.dumps([f"f1:{keys_of('f')}"]),
    "SECRETS__INDEX_KEYS": json.dumps([f"i1:{keys_of('i')}"]),
    "SECRETS__AUDIT_KEY": keys_of("a"),
    "SECRETS__ANCHOR_KEY": keys_of("n"),
    "SECRETS__COOKIE_KEY": keys_of("c"),
}


@pytest.fixture
def environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Set the settings of the commands: names without prefix; an empty value unsets."""
    empty = tmp_path / "empty.toml"
    empty.write_text("")
    monkeypatch.setenv("TONGBAN_CONFIG", str(empty))

    def put(**values: str) -> None:
        for name, value in values.items():
            monkeypatch.setenv(f"TONGBAN_{name}", value)

    return put


@pytest.fixture
def run() -> Run:
    """Commands over the settings of `environment`."""
    return lambda *words, **options: CliRunner().invoke(cli, words, **options)


@pytest.fixture
def over_site(site: Site, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Commands over the provider of `site`."""
    monkeypatch.setattr(Context, "settings", site.provider.settings)
    monkeypatch.setattr(Context, "app", site.app)

    def command(*words: str, **options: Any) -> Result:
        site.provider.registry._clients.expire()
        return CliRunner().invoke(cli, words, **options)

    return command


# -- settings


IN_TIME, TOO_LATE = 1_792_000_000, 1_795_600_000
"""October 2026, when the calendar reaches far enough, and November 2026, when its next year is wanted."""


def test_safe_production_settings_pass(
    environment: Callable[..., None], run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    environment(**SAFE)
    monkeypatch.setattr(Context, "now", IN_TIME)
    checked = run("config", "check")
    assert checked.exit_code == 0, checked.output
    assert checked.output == "ok: production settings for https://idp.example.gov.cn\n"


def test_a_calendar_that_ends_soon_is_warned_of_and_one_that_cannot_be_read_is_wrong(
    environment: Callable[..., None], run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    environment(**SAFE)
    monkeypatch.setattr(Context, "now", TOO_LATE)
    checked = run("config", "check")
    assert checked.exit_code == 0
    assert checked.output.startswith("warning: calendar: 2027 is missing")
    environment(ACCOUNT__CALENDAR=str(tmp_path / "none.toml"))
    missing = run("config", "check")
    assert missing.exit_code == 1
    assert missing.output.startswith("wrong: account.calendar:")


def test_face_checks_without_a_consent_in_force_are_wrong(
    environment: Callable[..., None], run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    environment(**SAFE, FACE__URL="https://face.example/v1")
    said = "pages.agreements: face.url is set, but no version of face/ is in force"
    monkeypatch.setattr(Context, "now", TOO_LATE)
    assert said not in run("config", "check").output
    environment(PAGES__AGREEMENTS=str(tmp_path))
    checked = run("config", "check")
    assert (checked.exit_code, said in checked.output) == (1, True)
    monkeypatch.setattr("idp.cli.schema.is_current", lambda _settings: True)
    assert said in run("serve").output


UNSAFE = [
    ("ISSUER", "http://idp.example.gov.cn", "issuer"),
    ("DATABASE__URL", "sqlite:///var/idp.db", "database.url"),
    ("STATE__URL", "sqlite:///var/state.db", "state.url"),
    ("SMS__URL", "http://localhost:8009/sms/v1/messages", "sms.url"),
    ("SMS__SECRET", "short", "sms.secret"),
    ("SMS__SECRET", "sandbox-sms-secret-not-for-production", "sms.secret"),
    ("SMS__FALLBACK__URL", "https://sms2.example/v1", "sms.fallback.secret"),
    ("REGISTERS__POPULATION__URL", "https://sandbox.localhost/population/v1/checks", "registers.population.url"),
    ("REGISTERS__POPULATION__SECRET", "sandbox-population-secret-not-for-production", "registers.population.secret"),
    ("REGISTERS__ENTERPRISE__URL", "http://registers.example/enterprise", "registers.enterprise.url"),
    ("REGISTERS__ENTERPRISE__SECRET", "short", "registers.enterprise.secret"),
    ("REGISTERS__ENTERPRISE__SECRET", "sandbox-enterprise-secret-not-for-production", "registers.enterprise.secret"),
    ("BANK_CARD__SECRET", "sandbox-bank-card-secret-not-for-production", "bank_card.secret"),
    ("BANK_CARD__URL", "http://localhost:8009/bank-cards/v1/checks", "bank_card.url"),
    ("PHOTO_READER__URL", "https://photos.example/v1", "photo_reader.secret"),
    ("CAPTCHA__URL", "https://captcha.example/v1", "captcha.secret"),
    ("CERTIFICATES__SM2_SERVER__URL", "https://svs.example/v1", "certificates.sm2_server.secret"),
    ("SERVER__EMBEDDED_WORKER", "true", "server.embedded_worker"),
    ("LOG__LEVEL", "DEBUG", "log.level"),
    ("SESSION__OPERATOR_IDLE", "901", "session.operator_idle"),
    ("SECRETS__FIELD_KEYS", "[]", "secrets"),
    ("SECRETS__INDEX_KEYS", "[]", "secrets"),
    ("SECRETS__AUDIT_KEY", "", "secrets"),
    ("SECRETS__COOKIE_KEY", "", "secrets"),
    ("SECRETS__ANCHOR_KEY", "", "secrets"),
    ("SECRETS__ANCHOR_KEY", "c2hvcnQ=", "secrets"),
    ("SECRETS__ANCHOR_KEY", keys_of("a"), "secrets"),
    ("LIMITS__SMS__PER_NUMBER_INTERVAL", "5", "limits.sms"),
    ("LIMITS__SMS__PER_NUMBER_DAILY", "100", "limits.sms"),
    ("LIMITS__SMS__PER_ADDRESS_HOURLY", "0", "limits.sms"),
    ("LIMITS__PASSWORD__WRONG_PER_HOUR", "11", "limits.password"),
    ("LIMITS__PASSWORD__PER_ADDRESS_FAILURES", "0", "limits.password"),
    ("LIMITS__PASSWORD__LOCK_STEPS", "[]", "limits.password"),
    ("LIMITS__PASSWORD__LOCK_STEPS", "[60]", "limits.password"),
    ("LIMITS__FACTOR__WRONG_PER_HOUR", "11", "limits.factor"),
    ("LIMITS__FACTOR__LOCK_STEPS", "[60]", "limits.factor"),
    ("LIMITS__PASSWORD__ARGON2_MEMORY_KIB", "1024", "limits.password"),
    ("LIMITS__PASSWORD__ARGON2_TIME", "1", "limits.password"),
    ("LIMITS__CAPTCHA__BEFORE_SMS", "false", "limits.captcha"),
    ("LIMITS__CAPTCHA__AFTER_FAILURES", "0", "limits.captcha"),
    ("LIMITS__CAPTCHA__AFTER_FAILURES", "6", "limits.captcha"),
    ("LIMITS__CAPTCHA__LIFETIME", "601", "limits.captcha"),
    ("LIMITS__IDENTITY__OUTSIDE_PER_ADDRESS_HOURLY", "0", "limits.identity"),
    ("LIMITS__IDENTITY__OUTSIDE_GLOBAL_HOURLY", "0", "limits.identity"),
    ("ACCOUNT__FRESH", "901", "account"),
    ("ACCOUNT__COOLING_OFF", "60", "account"),
    ("ACCOUNT__DISPUTE_WORKING_DAYS", "11", "account.dispute_working_days"),
    ("LIMITS__PHONE_RECYCLE_DAYS", "91", "limits.phone_recycle_days"),
    ("LIMITS__PHONE_RECYCLE_DAYS", "0", "limits.phone_recycle_days"),
    ("LIMITS__PHONE_CHANGE_HOLD", "3600", "limits.phone_change_hold"),
    ("LIMITS__PASSWORD_RESET_HOLD", "3600", "limits.password_reset_hold"),
]


@pytest.mark.parametrize(("name", "value", "said"), UNSAFE)
def test_config_check_refuses_each_unsafe_setting(
    environment: Callable[..., None], run: Run, monkeypatch: pytest.MonkeyPatch, name: str, value: str, said: str
) -> None:
    environment(**SAFE | {name: value})
    monkeypatch.setattr(Context, "now", IN_TIME)
    checked = run("config", "check")
    assert checked.exit_code == 1
    assert checked.output.startswith(f"unsafe: {said}")
    assert checked.output.count("unsafe:") == 1
    for secret in ("SMS__SECRET", "REGISTERS__POPULATION__SECRET", "SECRETS__AUDIT_KEY"):
        assert SAFE[secret] not in checked.output


def test_a_secrets_file_that_others_can_read_is_refused(
    environment: Callable[..., None], run: Run, tmp_path: Path
) -> None:
    file = tmp_path / "secrets.toml"
    run("keys", "init", str(file))
    environment(**{name: value for name, value in SAFE.items() if "SECRETS" not in name}, SECRETS__FILE=str(file))
    assert run("config", "check").exit_code == 0
    file.chmod(0o644)
    assert "secrets.file" in run("config", "check").output


def test_development_bears_everything(environment: Callable[..., None], run: Run) -> None:
    environment(LOG__LEVEL="DEBUG")
    assert run("config", "check").exit_code == 0


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ISSUER", "idp.example"),
        ("ISSUER", "https://x/"),
        ("AUDIT__RETENTION_DAYS", "30"),
        ("SERVER__PORT", "x"),
        ("REGISTERS__POPULATION__TIMEOUT", "0"),
        ("REGISTERS__ENTERPRISE__BREAKER_FAILURES", "0"),
    ],
)
def test_settings_that_mean_nothing_stop_the_command(
    environment: Callable[..., None], monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    environment(**{name: value})
    monkeypatch.setattr("sys.argv", ["idp", "config", "check"])
    with pytest.raises(SystemExit, match="the settings are not usable"):
        main()


def test_the_reference_names_every_setting_and_hides_secrets(run: Run) -> None:
    told = run("config", "reference").output
    for name in ("issuer", "limits.sms.per_number_daily", "tokens.refresh_absolute", "secrets.field_keys"):
        assert f"- `{name}`" in told
    assert "sandbox-sms-secret" not in told
    assert "sandbox-population-secret" not in told


def test_the_example_of_production_is_safe_but_for_what_is_to_be_filled_in(
    environment: Callable[..., None], run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    environment(**{name: value for name, value in SAFE.items() if name.startswith(("S", "R")) and "URL" not in name})
    monkeypatch.setenv("TONGBAN_CONFIG", "config/production.example.toml")
    checked = run("config", "check")
    assert checked.exit_code == 0, checked.output


@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_every_command_explains_itself(run: Run, command: str) -> None:
    if command == "sandbox":
        return  # its options are the sandbox's own
    told = run(command, "--help")
    assert told.exit_code == 0
    assert "Usage:" in told.output


def test_an_unknown_command_is_said_so(run: Run) -> None:
    assert run("nothing").exit_code == 2
    assert "config" in run("--help").output


# -- starting


def test_production_does_not_start_unsafe_or_over_an_old_schema(
    environment: Callable[..., None], run: Run, tmp_path: Path
) -> None:
    environment(**SAFE | {"DATABASE__URL": f"sqlite:///{tmp_path / 'idp.db'}", "LOG__LEVEL": "DEBUG"})
    for command in ("serve", "worker"):
        refused = run(command)
        assert refused.exit_code == 1
        for fault in ("database.url", "log.level", "the schema is not up to date"):
            assert fault in refused.output


def test_the_schema_goes_up_and_down_by_command(environment: Callable[..., None], run: Run, tmp_path: Path) -> None:
    environment(DATABASE__URL=f"sqlite:///{tmp_path / 'idp.db'}", STATE__URL=f"sqlite:///{tmp_path / 'state.db'}")
    assert run("db", "current").exit_code == 1
    assert run("db", "upgrade").exit_code == 0
    assert run("db", "current").output == "the schema is up to date\n"
    assert run("db", "downgrade", "base", input="n\n").exit_code == 1
    assert run("db", "current").exit_code == 0
    assert run("db", "downgrade", "base", "--yes").exit_code == 0
    assert run("db", "current").exit_code == 1


# -- clients


def test_a_file_of_clients_is_applied_and_applied_again(over_site: Run, tmp_path: Path) -> None:
    file = tmp_path / "clients.toml"
    file.write_text(CLIENT, "utf-8")
    for _ in range(2):
        assert over_site("client", "apply", str(file)).output == "tax: applied\n"
    shown = json.loads(over_site("client", "show", "tax").output)
    assert (shown["state"], shown["secrets"], shown["sector"]) == ("live", 1, "tax")
    file.write_text(CLIENT.replace("https://tax", "ftp://tax"), "utf-8")
    refused = over_site("client", "apply", str(file))
    assert refused.exit_code == 1
    assert "tax: redirect_uris" in refused.output


def test_a_new_clients_secret_is_printed_once(over_site: Run) -> None:
    words = ("client", "add", "pension", "--name", "养老", "--sector", "pension")
    words += ("--redirect-uri", "https://pension.example/cb", "--scope", "profile=statutory", "--scope", "phone")
    added = over_site(*words)
    assert added.exit_code == 0, added.output
    told = dict(line.split(": ", 1) for line in added.output.splitlines())
    assert told["pension"] == "registered, state draft"
    assert len(told["client_secret"]) >= 32
    shown = over_site("client", "show", "pension").output
    assert told["client_secret"] not in shown
    assert json.loads(shown)["scopes"] == {"profile": "statutory", "phone": "consent"}
    again = over_site(*words)
    assert again.exit_code == 1
    assert "exists" in again.output


def test_a_public_client_gets_no_secret(over_site: Run) -> None:
    words = ("client", "add", "desk", "--name", "窗", "--sector", "one", "--redirect-uri", "https://a.example/cb")
    assert "client_secret" not in over_site(*words, "--auth-method", "none").output
    assert "has no secret" in over_site("client", "rotate-secret", "desk").output
    assert over_site(*words[:2], "other", *words[3:], "--pkce", "optional", "--auth-method", "none").exit_code == 1


def test_clients_are_listed_with_state_and_exemption(over_site: Run) -> None:
    listed = over_site("client", "list").output
    assert "PKCE optional" in next(line for line in listed.splitlines() if line.startswith("post "))
    assert "PKCE optional" not in next(line for line in listed.splitlines() if line.startswith("app "))
    found = {one["client_id"]: one for one in json.loads(over_site("client", "list", "--json").output)}
    assert found["app"]["state"] == "live"
    assert not any("secret" in name for name in found["app"])


def test_a_client_is_moved_along_its_life(over_site: Run) -> None:
    assert over_site("client", "disable", "app").output == "app: suspended\n"
    assert over_site("client", "state", "app", "live").output == "app: live\n"
    assert over_site("client", "state", "app", "retired").exit_code == 0
    refused = over_site("client", "state", "app", "live")
    assert refused.exit_code == 1
    assert "cannot become live" in refused.output
    for words in (("show", "nobody"), ("disable", "nobody"), ("rotate-secret", "nobody")):
        assert over_site("client", *words).exit_code == 1


def test_a_secret_is_rotated_with_an_overlap(over_site: Run, site: Site) -> None:
    rotated = over_site("client", "rotate-secret", "app", "--overlap", "60")
    assert rotated.output.startswith("client_secret: ")
    site.provider.registry._clients.expire()
    client = site.provider.registry.get("app")
    assert client is not None
    assert len(client.secrets) == 2
    assert sum(secret.expires_at is None for secret in client.secrets) == 1


# -- keys


def test_fresh_secrets_are_for_their_owner_alone_and_never_replaced(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "deep" / "secrets.toml"
    assert run("keys", "init", str(file)).exit_code == 0
    assert file.stat().st_mode & 0o777 == 0o600
    before = file.read_text()
    refused = run("keys", "init", str(file))
    assert (refused.exit_code, file.read_text()) == (1, before)
    assert set(tomllib.loads(before)) == {"field_keys", "index_keys", "audit_key", "anchor_key", "cookie_key"}
    assert all(len(word) < 40 for word in refused.output.split() if "/" not in word)


def test_rotating_keys_lets_the_next_one_sign(over_site: Run, site: Site) -> None:
    def keys() -> dict[str, str]:
        lines = [line.split() for line in over_site("keys", "list").output.splitlines()]
        return {kid: state for kid, alg, state in lines if alg == "ES256"}

    before = keys()
    next_one = next(kid for kid, state in before.items() if state == "next")
    assert over_site("keys", "rotate", "--alg", "ES256").exit_code == 0
    after = keys()
    assert after[next_one] == "active"
    assert sorted(after.values()) == ["active", "next", "retired"]


# -- fields


class Interrupted(Exception):
    pass


def test_fields_come_under_a_new_field_key_and_a_second_index_key_also_when_interrupted(
    over_site: Run, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    def ring(*letters: str) -> Any:
        return parse_ring([f"{letter}1:{keys_of(letter)}" for letter in letters], name="test")

    both = FieldCipher(ring("g", "f")), BlindIndex(ring("j", "i"))
    rotating = replace(site.provider, cipher=both[0], index=both[1])
    monkeypatch.setitem(site.app.extensions, EXTENSION, rotating)
    with monkeypatch.context() as patched:
        patched.setattr(rotation, "reseal_column", lambda *_, **__: (_ for _ in ()).throw(Interrupted()))
        assert isinstance(over_site("fields", "rotate").exception, Interrupted)
    done = over_site("fields", "rotate")
    assert done.exit_code == 0, done.output
    assert "every field stands under the first key" in done.output
    assert over_site("fields", "rotate").output.splitlines()[-1].startswith("0 fields")
    mobile = Mobile.parse(PHONE)
    assert mobile is not None
    fresh = Directory(FieldCipher(ring("g")), BlindIndex(ring("j")), site.provider.directory._anchors)
    with site.provider.database.autocommit() as tx:
        found = fresh.lookup(tx, mobile)
        assert isinstance(found, Active)
        assert fresh.person(tx, found.party_id).mobile == mobile


# -- people and the demonstration


def test_scripted_people_are_added_once(over_site: Run, site: Site, tmp_path: Path) -> None:
    file = tmp_path / "people.toml"
    file.write_text(
        '[[person]]\nname = "周𪚥文"\nmobile = "13912340009"\nuser_name = "zhou_4d"\nial = 3\n'
        'password = "Willow5Harbour"\n'
        '[[person]]\nmobile = "13912340010"\npassword = ""\nregistered = false\n',
        "utf-8",
    )
    assert over_site("people", "add", str(file)).output == "1 accounts opened\n"
    assert over_site("people", "add", str(file)).output == "0 accounts opened\n"
    site.browser().sign_in("zhou_4d", "Willow5Harbour")
    file.write_text('[[person]]\nmobile = "1"\npassword = "x"\n')
    assert over_site("people", "add", str(file)).exit_code == 1
    file.write_text('[[person]]\nmobile = "13912340011"\nuser_name = "zhou_4d"\npassword = "x"\n')
    assert "taken" in over_site("people", "add", str(file)).output


def test_the_people_of_the_demo_have_documents_that_find_them(over_site: Run, site: Site) -> None:
    opened = over_site("people", "add", "config/demo/people.toml").output
    assert opened == "9 accounts opened\n4 entities opened\n"
    told = {
        entry["name"]: entry for entry in tomllib.loads(Path("config/demo/people.toml").read_text("utf-8"))["person"]
    }
    kinds = set()
    for name in ("周𪚥文", "Maria Fernandes"):
        number, password = told[name]["document"]["number"], told[name]["password"]
        browser = site.browser().sign_in(number, password)
        assert browser.signed_in
        with site.provider.database.autocommit() as tx:
            person = site.provider.directory.person(tx, site.party(told[name]["mobile"]))
        assert person.identity
        assert person.identity.name.value == name
        kinds.add(person.identity.document.type.value)
    assert kinds == {"resident_id", "permanent_residence"}


def test_the_entities_of_the_demo_have_their_representatives_and_a_door(over_site: Run, site: Site) -> None:
    over_site("people", "add", "config/demo/people.toml")
    assert over_site("people", "add", "config/demo/people.toml").output == "0 accounts opened\n"
    person = site.browser().sign_in("13800001001", "Lantern7Bridge22")
    assert "长沙岳麓示例科技有限公司" in person.get("/account/acting").text
    form = {"identifier": "91430100MA0000007Q", "password": "Maple5Harbour93"}
    assert site.browser().submit("/signin", form).headers["Location"].startswith("/signin/entity")


@pytest.mark.parametrize(
    "document", ['type = "resident_id", number = "430105199003070012"', 'type = "passport", number = "护照"']
)
def test_a_scripted_person_with_a_wrong_number_is_refused(over_site: Run, tmp_path: Path, document: str) -> None:
    file = tmp_path / "people.toml"
    file.write_text(
        f'[[person]]\nname = "周𪚥文"\nmobile = "13912340012"\npassword = "x"\ndocument = {{ {document} }}\n', "utf-8"
    )
    assert "the name or the number" in over_site("people", "add", str(file)).output


@pytest.mark.parametrize("words", [("people", "add", "config/demo/people.toml"), ("demo",)])
def test_scripted_people_are_refused_in_production(
    environment: Callable[..., None], run: Run, words: tuple[str, ...]
) -> None:
    environment(**SAFE)
    refused = run(*words)
    assert refused.exit_code == 1
    assert "never for production" in refused.output


# -- upkeep


def test_purging_deletes_what_has_expired_and_nothing_else(over_site: Run, site: Site) -> None:
    add = Statement("INSERT INTO spent_token (jti, expires_at) VALUES (:jti, :end)", int)
    with site.provider.database.transaction() as tx:
        tx.run(add, jti="old", end=1)
        tx.run(add, jti="new", end=site.now() + 60)
    assert over_site("purge").output == "purged\n"
    with site.provider.database.autocommit() as tx:
        assert tx.all(Statement("SELECT jti FROM spent_token", str)) == ["new"]


def test_the_doctor_says_what_is_wrong(over_site: Run, site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("idp.cli.maintenance.is_current", lambda _: False)
    sick = over_site("doctor")
    assert sick.exit_code == 1
    assert "schema: not up to date" in sick.output
    monkeypatch.setattr("idp.cli.maintenance.is_current", lambda _: True)
    monkeypatch.setattr(Context, "now", IN_TIME)
    assert over_site("doctor").output == "all well\n"
    monkeypatch.setattr(Context, "now", TOO_LATE)
    told = over_site("doctor")
    assert told.exit_code == 0
    assert told.output.splitlines()[-1] == "all well"
    assert told.output.startswith("warning: calendar: 2027 is missing")


def test_a_development_start_makes_its_own_secrets(
    environment: Callable[..., None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "secrets.toml"
    environment(SECRETS__FILE=str(file), DATABASE__URL=f"sqlite:///{tmp_path / 'new' / 'idp.db'}")
    made = Context(None).settings
    assert file.exists()
    assert made.secrets.field_keys
    assert (tmp_path / "new").is_dir()
    assert load_settings().secrets.field_keys == made.secrets.field_keys
    assert settings_module.unsafe(made) == []


def test_an_api_is_registered_and_said_to_be_aware(over_site: Run, site: Site) -> None:
    def run(*words: str) -> Result:
        site.provider.resources.expire()
        return over_site("resource", *words)

    identifier = "https://api.tax.example/represented"
    named = ("add", identifier, "--client", "app", "--title", "税务接口")
    assert run(*named).output == f"{identifier}: registered\n"
    assert run(*named).exit_code != 0
    assert run("list").output == f"{identifier}  app  not aware\n"
    assert run("aware", "https://elsewhere.example", "--how", "x").exit_code != 0
    assert run("aware", identifier).exit_code != 0
    assert run("aware", identifier, "--how", "self-test 1").exit_code == 0
    assert run("list").output == f"{identifier}  app  aware (self-test 1)\n"
    assert run("aware", identifier, "--withdraw").exit_code == 0
    assert run("list").output == f"{identifier}  app  not aware\n"
