"""The settings tree: everything an operator can set, read once from one TOML file and the environment.

Always true: a loaded ``Settings`` is frozen and complete; an unknown key or an ill-typed value stops the start.

The docstrings below are the manual (``idp config reference`` prints them). Precedence, highest first: environment
variables ``TONGBAN_SECTION__FIELD``, the TOML file, the defaults here. Durations are seconds.
"""

import base64
import os
import secrets
import tomllib
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, PositiveFloat, PositiveInt, field_validator, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from idp.province import read_profile, under

DEFAULT_FILE = "config/default.toml"
_KEY_CHARACTERS = 43
"""Of base64 for 32 bytes, without the padding."""


class Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class Secrets(Section):
    """Keys of this installation: from ``file`` (mode 0600) or the environment, in production never from the TOML."""

    file: Path | None = None
    """TOML file holding the other fields of this section; ``idp keys init FILE`` writes one."""
    field_keys: tuple[str, ...] = ()
    """Field-encryption ring, ``id:base64 of 32 bytes``; the first encrypts, all decrypt."""
    index_keys: tuple[str, ...] = ()
    """Blind-index ring, the same form; the first is written, both are searched until ``idp fields rotate`` ran."""
    audit_key: str = ""
    """Base64 of 32 bytes: the HMAC key of the audit chains."""
    anchor_key: str = ""
    """Base64 of 32 bytes: recognises a person who closed their account and proves themselves again. Never changed:
    what it was used on is erased, so under another key nobody who left before is recognised (docs/adr/0012)."""
    cookie_key: str = ""
    """Base64 of 32 bytes: signs the CSRF cookie."""

    @field_validator("index_keys")
    @classmethod
    def _two_at_most(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if len(value) > 2:  # what stands under a third would not be found
            raise ValueError("two index keys at most: finish one rotation before the next")
        return value


class Server(Section):
    host: str = "127.0.0.1"
    """Address to listen on."""
    port: int = 8000
    workers: int = 1
    """Server processes of this node."""
    threads: int = 16
    """Threads of each process; also the size of its database pool."""
    trusted_proxies: tuple[str, ...] = ()
    """Addresses or networks whose X-Forwarded-For is believed; empty believes nobody."""
    embedded_worker: bool = True
    """Run the outbox worker inside the server process (one process, SQLite)."""
    engine: Literal["granian", "gunicorn"] = "granian"
    metrics_token: str = ""
    """Bearer token /metrics asks for; empty serves it to loopback addresses only."""


class Database(Section):
    url: str = "sqlite:///var/idp.db"
    """``sqlite:///path`` or ``postgresql+psycopg://…``."""
    pool_timeout: float = 3.0
    """How long a request waits for a connection before it is answered 503."""


class State(Section):
    url: str = "sqlite:///var/state.db"
    """``sqlite:///path``, ``database`` (a table of the main database) or ``redis://…`` / ``unix://…``."""
    timeout: float = 1.0
    """Connect and answer time-out of Redis."""


class Log(Section):
    level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    format: Literal["json", "console"] = "json"


class SmsFallback(Section):
    """A second SMS provider of the same contract, for when the first does not take messages (docs/providers.md)."""

    url: str = ""
    """Empty: there is none."""
    secret: str = ""
    """Key of the request signature, shared with this provider alone; 32 characters or more."""
    after: PositiveInt = 2
    """How often a message is offered to the first provider before this one gets a turn."""
    breaker_failures: PositiveInt = 5
    """Failures in a row after which a process leaves a provider alone for a while; messages go to the other then."""
    breaker_pause: PositiveFloat = 30.0
    """That while, after which one message tries whether the provider is back."""


class Sms(Section):
    """The SMS provider (docs/providers.md)."""

    url: str = "http://localhost:8009/sms/v1/messages"
    secret: str = "sandbox-sms-secret-not-for-production"
    """Key of the request signature, shared with the provider; 32 characters or more."""
    timeout: float = 3.0
    fallback: SmsFallback = SmsFallback()


class Register(Section):
    """An outside register, asked over HTTP (docs/providers.md)."""

    url: str = ""
    secret: str = ""
    """Key of the signatures of questions and answers, shared with the register; 32 characters or more."""
    timeout: PositiveFloat = 3.0
    """How long one answer is waited for."""
    breaker_failures: PositiveInt = 5
    """Failures in a row after which a process asks no more for a while; such questions are answered at once."""
    breaker_pause: PositiveFloat = 30.0
    """That while, after which one question tries whether the register is back."""


class Population(Register):
    """The population register: do a name and a document number belong together (docs/providers.md)?"""

    url: str = "http://localhost:8009/population/v1/checks"
    secret: str = "sandbox-population-secret-not-for-production"


class Enterprise(Register):
    """The enterprise register: what is this entity, and who represents it (docs/providers.md)?"""

    url: str = "http://localhost:8009/enterprise/v1/lookups"
    secret: str = "sandbox-enterprise-secret-not-for-production"


class Captcha(Register):
    """A provider of the digits of `limits.captcha`, asked like a register (docs/providers.md)."""

    url: str = ""
    """Empty: the house makes its own, as it does while the provider is away."""
    secret: str = "sandbox-captcha-secret-not-for-production"
    timeout: PositiveFloat = 2.0
    breaker_failures: PositiveInt = 1


class Registers(Section):
    population: Population = Population()
    enterprise: Enterprise = Enterprise()


class SmsLimits(Section):
    per_number_interval: int = 60
    """Seconds between two messages to one number, over all purposes and routes."""
    per_number_daily: int = 10
    per_address_hourly: int = 30
    """Messages one address may cause in an hour; 0 sets no budget."""
    global_hourly: int = 100_000
    """Messages of the whole installation in an hour; above it an alarm is logged."""
    code_lifetime: int = 300
    code_wrong_answers: int = 5
    """Wrong answers that end a code."""


class PasswordLimits(Section):
    wrong_per_hour: int = 10
    """Wrong passwords in a rolling hour that lock the password of an account."""
    lock_steps: tuple[int, ...] = (900, 3600, 86400)
    """Length of the first, second and every further lock."""
    per_address_failures: int = 100
    """Failed sign-ins from one address in an hour; 0 sets no budget."""
    hash_workers: int = 2
    """Password hashes computed at the same time in one process."""
    hash_wait: float = 5.0
    """How long a sign-in waits for a free one before it is answered 503."""
    argon2_time: int = 2
    argon2_memory_kib: int = 19456


class FactorLimits(Section):
    """One-time passwords of an authenticator app, and recovery codes; each of the two is counted on its own."""

    wrong_per_hour: int = 10
    """Wrong answers in a rolling hour that lock this one way to confirm, and no other."""
    lock_steps: tuple[int, ...] = (900, 3600, 86400)
    """Length of the first, second and every further lock."""


class CaptchaLimits(Section):
    """Five digits to read or to hear, asked of people who are not signed in (docs/operations.md)."""

    before_sms: bool = True
    """Ask before every text message that somebody without a session orders."""
    after_failures: int = 3
    """Failed sign-ins from one address in an hour, after which every sign-in from there is asked; 0 never asks."""
    lifetime: int = 300
    """How long the digits wait for their answer."""


class IdentityLimits(Section):
    """Proving who one is."""

    daily: PositiveInt = 5
    """Unsuccessful checks of name and number by one account in a day."""


class Entities(Section):
    """Legal entities: who may register one, and how long the register's word is good."""

    representative_ial: int = 2
    """The identity level a representative needs."""
    fresh: PositiveInt = 300
    """How long ago the representative may have signed in when they register an entity or set its password."""
    recheck: PositiveInt = 86400
    """After so long the register is asked again before somebody acts for an entity."""
    daily: PositiveInt = 5
    """Unsuccessful registrations of entities by one account in a day."""
    passwords: bool = True
    """Let entities have a password of their own, which opens the door to one of their registered people."""

    @field_validator("representative_ial")
    @classmethod
    def _proved(cls, value: int) -> int:
        if not 2 <= value <= 4:
            raise ValueError("a representative is known by a document: 2 to 4")
        return value


class Registration(Section):
    """How people register (docs/provinces.md)."""

    begins_with: Literal["phone", "identity"] = "phone"
    """``identity``: name and document number come first; the register confirms them before there is an account."""
    offers_identity: bool = False
    """Offer the check of name and number when the account is there; it may be skipped."""
    user_names: bool = True
    """People may choose a user name of their own: 6 to 20 letters, digits, underscores, a letter first, for good."""


class SignIn(Section):
    sms_codes: bool = True
    """Let people sign in by a text code alone."""


class Levels(Section):
    """What people read for the identity levels 1 to 4; empty says what was done to reach them."""

    zh: tuple[str, ...] = ()
    en: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _four(self) -> "Levels":
        if len(self.zh) != len(self.en) or len(self.zh) not in (0, 4):
            raise ValueError("a label for each of the levels 1 to 4 in both languages, or none at all")
        return self


class Password(Section):
    profile: Literal["hunan", "hubei", "yunnan", "mlps", "nist"] = "nist"
    min_length: int = 8


class Limits(Section):
    sms: SmsLimits = SmsLimits()
    password: PasswordLimits = PasswordLimits()
    factor: FactorLimits = FactorLimits()
    captcha: CaptchaLimits = CaptchaLimits()
    identity: IdentityLimits = IdentityLimits()
    phone_recycle_days: int = 90
    """Days without use after which a number may be somebody else's: a text code alone opens no real-name account."""
    phone_change_hold: int = 72 * 3600
    """From one change of phone to the next."""
    password_reset_hold: int = 24 * 3600
    """From a change of phone to a new password by a code to the new phone alone."""
    body_bytes: int = 64 * 1024
    """Largest request body."""
    form_fields: int = 64
    field_bytes: int = 8 * 1024


class Session(Section):
    idle: int = 3600
    absolute: int = 12 * 3600
    parked: int = 1800
    """How long a department's request waits for its person."""
    flow: int = 1800
    """How long a registration, a recovery or a change of phone may take."""
    operator_idle: int = 900
    """After which an operator has to sign in to the console again; ``absolute`` bounds their sessions, too."""


class Account(Section):
    """What people may do about their own account."""

    fresh: int = 300
    """How recent an authentication must be for taking the data away or closing the account."""
    cooling_off: int = 15 * 86400
    """How long a person may think better of closing their account."""
    dispute_working_days: int = 10
    """Working days within which a dispute is answered."""
    calendar: Path = Path("config/calendar/cn.toml")
    """Holidays and exchanged weekends, a new year to be added each autumn (docs/operations.md)."""


class Tokens(Section):
    code: int = 60
    access: int = 600
    id_token: int = 600
    refresh_idle: int = 14 * 86400
    refresh_absolute: int = 90 * 86400
    logout: int = 120
    key_rotation: int = 90 * 86400
    """Age at which the active signing key gives way to the next."""
    logout_wait: float = 1.5
    """How long a sign-out waits for its notices before it answers."""


class Outbound(Section):
    """The guarded client for addresses that departments registered."""

    allow: tuple[str, ...] = ()
    """Networks (CIDR) or host names that may be reached although private, e.g. the government intranet."""
    timeout: float = 3.0
    max_bytes: int = 64 * 1024
    ca_file: Path | None = None
    """Further trusted certificate authorities, PEM."""


class Clients(Section):
    file: Path | None = None
    """Department apps declared in a TOML file, applied at every start (config/clients.demo.toml shows the form)."""


class Pages(Section):
    service_name: str = "通办"
    service_name_en: str = "Tongban"
    region_name: str = ""
    """Shown beside the name; a province profile sets it."""
    region_name_en: str = ""
    help_line: str = ""
    """Number to call for help, at the foot of every page; a province profile sets it."""
    default_locale: Literal["zh", "en"] = "zh"
    agreements: Path = Path("config/agreements")


class Audit(Section):
    checkpoint_interval: int = 60
    retention_days: int = 180
    checkpoint_file: Path | None = None
    """Append each checkpoint to this file too; keep it where the database's administrators cannot write."""

    @field_validator("retention_days")
    @classmethod
    def _lawful(cls, value: int) -> int:
        if value < 180:
            raise ValueError("audit records are kept for 180 days or more (trust 12)")
        return value


class Settings(BaseSettings):
    model_config = SettingsConfigDict(
        frozen=True, extra="forbid", env_prefix="TONGBAN_", env_nested_delimiter="__", use_attribute_docstrings=True
    )

    environment: Literal["development", "production"] = "development"
    province: str = ""
    """Name of a profile in config/provinces, or the path of one: settings under this file's. Empty: none."""
    issuer: str = "http://localhost:8000"
    """The one public address; every link and token carries it, whatever Host says."""
    server: Server = Server()
    database: Database = Database()
    state: State = State()
    secrets: Secrets = Secrets()
    log: Log = Log()
    sms: Sms = Sms()
    registers: Registers = Registers()
    captcha: Captcha = Captcha()
    limits: Limits = Limits()
    password: Password = Password()
    registration: Registration = Registration()
    signin: SignIn = SignIn()
    levels: Levels = Levels()
    entities: Entities = Entities()
    session: Session = Session()
    account: Account = Account()
    tokens: Tokens = Tokens()
    outbound: Outbound = Outbound()
    clients: Clients = Clients()
    pages: Pages = Pages()
    audit: Audit = Audit()

    @field_validator("issuer")
    @classmethod
    def _plain_origin(cls, value: str) -> str:
        if not value.startswith(("http://", "https://")) or value.endswith("/") or "?" in value or "#" in value:
            raise ValueError("issuer is an http(s) address without trailing slash, query or fragment")
        return value

    @model_validator(mode="before")
    @classmethod
    def _over_profile(cls, data: Any) -> Any:
        named = data.get("province") if isinstance(data, dict) else None
        return under(read_profile(named), data) if isinstance(named, str) and named else data

    @model_validator(mode="before")
    @classmethod
    def _read_secrets_file(cls, data: Any) -> Any:
        given = dict(data.get("secrets") or {}) if isinstance(data, dict) else {}
        if given.get("file") and Path(given["file"]).exists():
            data = {**data, "secrets": {**_read(Path(given["file"])), **given}}
        return data

    @model_validator(mode="after")
    def _state_beside_sqlite(self) -> "Settings":
        if self.state.url == "database" and self.database.url.startswith("sqlite"):
            raise ValueError("state.url: `database` needs PostgreSQL; beside SQLite the state has a file of its own")
        return self

    @property
    def https(self) -> bool:
        return self.issuer.startswith("https://")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        del dotenv_settings, file_secret_settings
        return env_settings, init_settings  # the environment overrides the file


def _read(path: Path) -> dict[str, Any]:
    with path.open("rb") as file:
        return tomllib.load(file)


def load_settings(path: str | Path | None = None) -> Settings:
    """The settings of ``path``, else of $TONGBAN_CONFIG, else of config/default.toml, under the environment's.

    Raises ``pydantic.ValidationError`` (unknown key, wrong type), ``tomllib.TOMLDecodeError``, ``OSError``.
    """
    return Settings(**_read(Path(path or os.environ.get("TONGBAN_CONFIG") or DEFAULT_FILE)))


def write_secrets(path: Path) -> None:
    """Write a fresh secrets file, readable by its owner alone. Raises ``FileExistsError`` rather than replace one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(
            f'field_keys = ["f1:{_new_key()}"]\nindex_keys = ["i1:{_new_key()}"]\n'
            f'audit_key = "{_new_key()}"\nanchor_key = "{_new_key()}"\ncookie_key = "{_new_key()}"\n'
        )


def _new_key() -> str:
    return base64.b64encode(secrets.token_bytes(32)).decode()


def unsafe(settings: Settings) -> list[str]:
    """Why production would be refused with these settings (trust 13); development bears everything here."""
    if settings.environment != "production":
        return []
    return [
        *_unsafe_addresses(settings),
        *_unsafe_secrets(settings),
        *_unsafe_limits(settings.limits),
        *_unsafe_account(settings.account),
    ]


def _unsafe_addresses(settings: Settings) -> list[str]:
    faults = []
    if not settings.https:
        faults.append("issuer: production needs https")
    if settings.database.url.startswith("sqlite"):
        faults.append("database.url: production needs PostgreSQL")
    if settings.state.url.startswith("sqlite"):
        faults.append("state.url: production needs Redis, or `database`")
    for name, service in _services(settings):
        if not service.url.startswith("https://") or _is_loopback(service.url):
            faults.append(f"{name}.url: production needs https to another machine (the sandbox speaks http here)")
    if settings.server.embedded_worker:
        faults.append("server.embedded_worker: run `idp worker` beside the nodes")
    if settings.log.level == "DEBUG":
        faults.append("log.level: DEBUG is for development")
    if settings.session.operator_idle > 900:
        faults.append("session.operator_idle: operators idle for more than 15 minutes")
    return faults


def _services(settings: Settings) -> list[tuple[str, Sms | SmsFallback | Register]]:
    """The outside services by their place in the settings."""
    registers = settings.registers
    return [
        ("sms", settings.sms),
        *([("sms.fallback", settings.sms.fallback)] if settings.sms.fallback.url else []),
        ("registers.population", registers.population),
        ("registers.enterprise", registers.enterprise),
        *([("captcha", settings.captcha)] if settings.captcha.url else []),
    ]


def _is_loopback(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    return host in ("localhost", "::1") or host.endswith(".localhost") or host.startswith("127.")


def _unsafe_secrets(settings: Settings) -> list[str]:
    faults = []
    own = settings.secrets
    single = (own.audit_key, own.anchor_key, own.cookie_key)
    if not (own.field_keys and own.index_keys and all(single)):
        names = "field_keys, index_keys, audit_key, anchor_key and cookie_key"
        faults.append(f"secrets: {names} are all needed (`idp keys init`)")
    elif min(len(key.strip().rstrip("=")) for key in single) < _KEY_CHARACTERS or len(set(single)) < len(single):
        faults.append("secrets: audit_key, anchor_key and cookie_key are 32 bytes each, and no two the same")
    for name, service in _services(settings):
        if service.secret == type(service)().secret or len(service.secret) < 32:
            faults.append(f"{name}.secret: default or shorter than 32 characters")
    if own.file and own.file.exists() and own.file.stat().st_mode & 0o077:
        faults.append("secrets.file: readable by others than its owner (chmod 600)")
    return faults


def _unsafe_limits(limits: Limits) -> list[str]:
    faults = []
    sms, password = limits.sms, limits.password
    if sms.per_number_interval < 30 or sms.per_number_daily > 20 or sms.per_address_hourly == 0:
        faults.append("limits.sms: easier than 30 s, 20 a day and a budget per address")
    if sms.code_wrong_answers > 5 or sms.code_lifetime > 600:
        faults.append("limits.sms: a code bears more than 5 wrong answers or 10 minutes")
    if (
        password.wrong_per_hour > 10
        or password.per_address_failures == 0
        or min(password.lock_steps, default=0) < 300
    ):
        faults.append("limits.password: easier than 10 an hour, locks of 5 minutes and a budget per address")
    if password.argon2_memory_kib < 19456 or password.argon2_time < 2:
        faults.append("limits.password: argon2id under 19 MiB and 2 passes (OWASP)")
    if limits.factor.wrong_per_hour > 10 or min(limits.factor.lock_steps, default=0) < 300:
        faults.append("limits.factor: easier than 10 an hour and locks of 5 minutes")
    if not limits.captcha.before_sms or not 1 <= limits.captcha.after_failures <= 5:
        faults.append("limits.captcha: not before every text message and after 1 to 5 failures from an address")
    if limits.captcha.lifetime > 600:
        faults.append("limits.captcha: digits are good for more than 10 minutes")
    return faults + _unsafe_holds(limits)


def _unsafe_holds(limits: Limits) -> list[str]:
    faults = []
    if not 1 <= limits.phone_recycle_days <= 90:
        faults.append("limits.phone_recycle_days: not 1 to 90; later a number may be somebody else's")
    if limits.phone_change_hold < 24 * 3600:
        faults.append("limits.phone_change_hold: a phone may change again within 24 hours")
    if limits.password_reset_hold < 12 * 3600:
        faults.append("limits.password_reset_hold: a new phone alone sets a password within 12 hours")
    return faults


def _unsafe_account(account: Account) -> list[str]:
    faults = []
    if account.fresh > 900 or account.cooling_off < 86400:
        faults.append("account: authentication counts as fresh for over 15 minutes, or closing waits under a day")
    if account.dispute_working_days > 10:
        faults.append("account.dispute_working_days: more than 10 working days for an answer")
    return faults
