"""The settings tree: everything an operator can set, read once from one TOML file and the environment.

Always true: a loaded ``Settings`` is frozen and complete; an unknown key or an ill-typed value stops the start.

Precedence, highest first: environment variables ``TONGBAN_SECTION__FIELD``, the TOML file, the defaults here.
"""

import base64
import os
import secrets
import tomllib
from pathlib import Path
from typing import Any, Literal

from pydantic import field_validator, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from idp.province import read_profile, under
from idp.settings.certificates import Certificates
from idp.settings.limits import Limits
from idp.settings.mutual_tls import MutualTls
from idp.settings.outside import BankCard, BankChannel, Captcha, Face, Outbound, PhotoReader, Registers, Sms
from idp.settings.sections import (
    Account,
    Assisted,
    Audit,
    Clients,
    Database,
    Departments,
    Entities,
    Levels,
    Log,
    Mandates,
    Pages,
    Password,
    Proofing,
    Registration,
    Reviews,
    Secrets,
    Server,
    Session,
    SignIn,
    State,
    Tokens,
)

DEFAULT_FILE = "config/default.toml"


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
    bank_card: BankCard = BankCard()
    photo_reader: PhotoReader = PhotoReader()
    captcha: Captcha = Captcha()
    face: Face = Face()
    bank_channel: BankChannel = BankChannel()
    certificates: Certificates = Certificates()
    limits: Limits = Limits()
    password: Password = Password()
    registration: Registration = Registration()
    proofing: Proofing = Proofing()
    reviews: Reviews = Reviews()
    signin: SignIn = SignIn()
    levels: Levels = Levels()
    entities: Entities = Entities()
    departments: Departments = Departments()
    mandates: Mandates = Mandates()
    assisted: Assisted = Assisted()
    session: Session = Session()
    account: Account = Account()
    tokens: Tokens = Tokens()
    outbound: Outbound = Outbound()
    clients: Clients = Clients()
    pages: Pages = Pages()
    audit: Audit = Audit()
    mtls: MutualTls = MutualTls()

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

    @model_validator(mode="after")
    def _mtls_apart(self) -> "Settings":
        if self.mtls.host and self.mtls.host == self.issuer.partition("://")[2]:
            raise ValueError("mtls.host: another name than the issuer's, which asks nobody for a certificate")
        if self.mtls.host and not self.server.trusted_proxies:
            raise ValueError("mtls.host: nobody could hand a certificate on while server.trusted_proxies is empty")
        return self

    @property
    def https(self) -> bool:
        return self.issuer.startswith("https://")

    @property
    def representative_ial(self) -> int:
        """The identity level a representative needs here (trust 6): their face, where somebody checks faces."""
        return self.entities.representative_ial or (3 if self.face.url else 2)

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
