"""The other sections: how the provider runs, and what people and apps meet.

Always true: each default is fit for a sandbox on one machine.
"""

from pathlib import Path
from typing import Literal

from pydantic import NonNegativeInt, PositiveInt, field_validator, model_validator

from idp.settings.section import Section


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


class Entities(Section):
    """Legal entities: who may register one, and how long the register's word is good."""

    representative_ial: int | None = None
    """The identity level a representative needs; left out: 3, a face check, where ``face.url`` is set, else 2."""
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
    def _proved(cls, value: int | None) -> int | None:
        if value is not None and not 2 <= value <= 4:
            raise ValueError("a representative is known by a document: 2 to 4")
        return value


class Departments(Section):
    """What department apps ask and are told about people acting for others (docs/departments.md)."""

    check_ttl: NonNegativeInt = 30
    """Seconds for which a department may rely on a permission it was told of, at most; a refusal is asked anew."""
    poll_wait: NonNegativeInt = 10
    """How long a poll for events waits where there are none yet; 0: not at all."""
    events_kept_days: PositiveInt = 30
    """Days after which an event that nobody fetched is thrown away."""

    @field_validator("check_ttl")
    @classmethod
    def _short(cls, value: int) -> int:
        if value > 600:
            raise ValueError("a permission is good for ten minutes at most, as an access token is")
        return value


class Mandates(Section):
    """Mandates: how soon one counts, how long one may last, how many a person may give (docs/mandates.md)."""

    wait: NonNegativeInt = 600
    """Seconds from the last signature until a mandate is in force, in which whoever gave it can think again."""
    waivable: bool = True
    """Let who gives a mandate have it in force at once."""
    acceptance_days: PositiveInt = 7
    """Days an agent has to accept."""
    longest_days: PositiveInt = 1827
    """Days for which any mandate lasts at most, whatever its theme allows; five years are the most."""
    most_personal: PositiveInt = 5
    """People to whom one person may have given mandates at a time."""
    kept_days: PositiveInt = 1096
    """Days after a mandate's end for which its text is kept: who relied on it may have to show it (three years is
    how long a claim may be brought, Civil Code 188)."""

    @field_validator("longest_days")
    @classmethod
    def _bounded(cls, value: int) -> int:
        if value > 1827:
            raise ValueError("no mandate lasts longer than five years: 1827 days at most")
        return value


class Assisted(Section):
    """Assisted handling at counters (docs/mandates.md)."""

    theme: str = "counter.assist"
    """The theme in which an organ gives its staff the mandate that makes them clerks."""
    days: PositiveInt = 1
    """Days a case lasts, from the citizen's identification on; five at most."""
    witness: bool = True
    """Have a second clerk confirm that they saw the citizen sign, where the citizen agrees on paper."""
    kinds: tuple[str, ...] = ("government_organ", "public_institution")
    """Kinds of legal entity whose staff may be clerks, as the enterprise register names them."""

    @field_validator("days")
    @classmethod
    def _short(cls, value: int) -> int:
        if value > 5:
            raise ValueError("what a citizen agrees to on the spot lasts five days at most")
        return value


class Reviews(Section):
    """Reviews by operators of who somebody is, by photos of a document (docs/operations.md)."""

    photo_bytes: PositiveInt = 8 * 1024 * 1024
    """Largest file somebody may send as a photo."""
    photos_daily: PositiveInt = 40
    """Files one account may send in a day."""
    daily: PositiveInt = 3
    """Reviews one account may ask for in a day."""
    keep_days: PositiveInt = 30
    """Days after which photos are deleted though nobody has decided."""
    valid_days: PositiveInt = 1095
    """Days for which an approved review proves who somebody is; the document's own end comes before it."""


class Registration(Section):
    """How people register (docs/provinces.md)."""

    begins_with: Literal["phone", "identity"] = "phone"
    """``identity``: name and document number come first; the register confirms them before there is an account."""
    offers_identity: bool = False
    """Offer the check of name and number when the account is there; it may be skipped."""
    user_names: bool = True
    """People may choose a user name of their own: 6 to 20 letters, digits, underscores, a letter first, for good."""


WayName = Literal[
    "name_number", "bank_card", "bank_channel", "face", "photos_face", "review", "certificate", "counter"
]


class Proofing(Section):
    """How people prove who they are once they have an account (docs/operations.md)."""

    ways: tuple[WayName, ...] = (
        "name_number", "bank_card", "bank_channel", "face", "photos_face", "review", "certificate",
    )  # fmt: skip
    """What is offered, in the order people read it; a way whose service is not set up is left out."""
    bank_card_elements: Literal[3, 4] = 4
    """What a bank compares: name, document and card; and with 4 the phone it knows the person by."""
    face_valid: PositiveInt = 1095
    """Days for which a face check proves who somebody is."""

    @field_validator("ways")
    @classmethod
    def _once(cls, value: tuple[WayName, ...]) -> tuple[WayName, ...]:
        if len(set(value)) < len(value):
            raise ValueError("each way once")
        return value


class SignIn(Section):
    sms_codes: bool = True
    """Let people sign in by a text code alone."""
    faces: bool = False
    """Let people sign in by a face check alone who have proved themselves by one; it is one factor."""


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
    moved_kept: PositiveInt = 30 * 86400
    """How long what an older platform said of an account is kept after its activation, or other end."""
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
