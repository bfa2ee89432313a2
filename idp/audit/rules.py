"""The vocabulary of the audit trail and the byte form its HMAC chains are computed over.

Always true: a record's MAC covers every column of its row, its place in the chain and the MAC before it.

The byte form is a JSON array as RFC 8785 writes it (UTF-8, no white space), so that an export can be verified with
any language's standard library. Its first element separates records from checkpoints made with the same key.
"""

# ruff: noqa: S105 - "password" and "token" are words of the vocabulary here

import hmac
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, NamedTuple

import orjson

DAY = 86400
GENESIS = b""
"""What stands as the MAC before the first record of a chain."""

Detail = Mapping[str, str | int | bool | None]


class Event(StrEnum):
    """Everything the trail tells of, as ``subject:object:action``; a value once written never changes its meaning."""

    PERSON_REGISTERED = "person:account:registered"
    ACTIVATION_FOUND = "person:activation:found"
    """The face has passed, and the person was told what there is of theirs; ``detail`` says what."""
    PERSON_ACTIVATED = "person:account:activated"
    ACTIVATION_COMPLETED = "person:activation:completed"
    ACCOUNTS_JOINED = "person:account:joined"
    """Accounts of older platforms went to the account their person has."""
    OLD_ACCOUNTS_REJECTED = "person:activation:rejected"
    """Who has the phone on file has stopped the activation: whoever did it was not the person."""
    THEME_IMPORTED = "operator:mandate_theme:imported"
    THEME_RETIRED = "operator:mandate_theme:retired"
    MANDATE_REQUESTED = "person:mandate:requested"
    MANDATE_DRAWN = "person:mandate:drawn"
    """Given by the first of those who have to sign."""
    MANDATE_SIGNED = "person:mandate:signed"
    MANDATE_CHANGED = "person:mandate:changed"
    """Accepted, declined, frozen, ended: ``detail`` names the step and the state it led to."""
    MANDATE_ENDING = "person:mandate:ending_told"
    SIGNING_RULE_ASKED = "person:signing_rule:asked"
    """Somebody of the entity's wants another rule, and the rule that stands wants more signatures for that."""
    SIGNING_RULE_SIGNED = "person:signing_rule:signed"
    SIGNING_RULE_SET = "person:signing_rule:set"
    ENTITY_LINK_SETTLED = "person:entity_link:settled"
    """The entity's people have given the person a mandate, or declined to: ``detail`` says which."""
    MANDATE_REFUSED = "person:mandate:refused"
    MANDATE_USED = "person:mandate:used"
    ASSISTED_CITIZEN_OPENED = "person:account:opened_at_counter"
    """A clerk has seen somebody without an account; nobody can sign in to the one that was opened."""
    ASSISTED_CHANGED = "person:assisted_case:changed"
    """Opened, accepted, authorised, concluded, objected to: ``detail`` names the step and the state it led to."""
    ASSISTED_REFUSED = "person:assisted_case:refused"
    ENTITY_LINK_LEFT = "person:entity_link:left"
    """The person represented an entity at an older platform; without power until the register bears it out."""
    EVIDENCE_ADDED = "person:evidence:added"
    EVIDENCE_ENDING = "person:evidence:ending_told"
    IDENTITY_REFUSED = "person:identity:refused"
    IDENTITY_CONFIRMED = "person:identity:confirmed"
    """The register knows a claim whose person has still to show that it is them."""
    CHECK_AGREED = "person:check:agreed"
    """To a check made elsewhere, with consent to what it needs of the person: biometrics, for a face."""
    CHECK_PASSED = "person:check:passed"
    CHECK_REFUSED = "person:check:refused"
    CHECK_CALLBACK_REFUSED = "vendor:check_callback:refused"
    DOCUMENT_RECORDED = "person:document:recorded"
    PERSON_RECOGNISED = "person:account:recognised"
    """The person of an account that was closed has proved themselves in this one."""
    EVIDENCE_ENDED = "person:evidence:ended"
    USER_NAME_SET = "person:user_name:set"
    PHONE_VERIFIED = "person:phone:verified"
    PHONE_CHANGED = "person:phone:changed"
    PHONE_RELEASED = "person:phone:released"
    AGREEMENT_ACCEPTED = "person:agreement:accepted"
    ACCOUNT_CLOSING_ASKED = "person:account:closing_asked"
    ACCOUNT_KEPT = "person:account:kept"
    ACCOUNT_CLOSED = "person:account:closed"
    DATA_EXPORTED = "person:data:exported"
    DISPUTE_FILED = "person:dispute:filed"
    DISPUTE_WITHDRAWN = "person:dispute:withdrawn"
    TEXT_SIGNED = "person:text:signed"
    """A text was signed with a certificate, and everything kept that proves it."""
    REVIEW_BEGUN = "person:review:begun"
    """Its person has agreed to send photos of their document and of themselves."""
    PHOTO_SENT = "person:photo:sent"
    PHOTO_REFUSED = "person:photo:refused"
    PHOTOS_BEGUN = "person:id_photos:begun"
    """Its person has agreed to have photos of their document read by machine."""
    PHOTOS_READ = "person:id_photos:read"
    PHOTOS_UNREAD = "person:id_photos:unread"
    REVIEW_REFUSED = "person:review:refused"
    REVIEW_FILED = "person:review:filed"
    REVIEW_WITHDRAWN = "person:review:withdrawn"
    REVIEW_LAPSED = "person:review:lapsed"

    PASSWORD_ACCEPTED = "person:password:accepted"
    PASSWORD_REFUSED = "person:password:refused"
    PASSWORD_LOCKED = "person:password:locked"
    PASSWORD_UNLOCKED = "person:password:unlocked"
    PASSWORD_CHANGED = "person:password:changed"
    PASSWORD_RESET_REQUIRED = "person:password:reset_required"
    PASSWORD_RESET = "person:password:reset"
    RECOVERY_REQUESTED = "person:recovery:requested"
    RECOVERY_STOPPED = "person:recovery:stopped"
    SMS_CODE_SENT = "person:sms_code:sent"
    SMS_CODE_ACCEPTED = "person:sms_code:accepted"
    SMS_CODE_REFUSED = "person:sms_code:refused"
    SMS_CODE_EXHAUSTED = "person:sms_code:exhausted"

    TOTP_ADDED = "person:totp:added"
    TOTP_REMOVED = "person:totp:removed"
    TOTP_ACCEPTED = "person:totp:accepted"
    TOTP_REFUSED = "person:totp:refused"
    TOTP_LOCKED = "person:totp:locked"
    RECOVERY_CODES_MADE = "person:recovery_codes:made"
    RECOVERY_CODES_REMOVED = "person:recovery_codes:removed"
    RECOVERY_CODE_ACCEPTED = "person:recovery_code:accepted"
    RECOVERY_CODE_REFUSED = "person:recovery_code:refused"
    RECOVERY_CODE_LOCKED = "person:recovery_code:locked"
    PASSKEY_ADDED = "person:passkey:added"
    PASSKEY_RENAMED = "person:passkey:renamed"
    PASSKEY_REMOVED = "person:passkey:removed"
    PASSKEY_ACCEPTED = "person:passkey:accepted"
    PASSKEY_REFUSED = "person:passkey:refused"
    CERTIFICATE_QR_REFUSED = "person:certificate_qr:refused"
    """A phone chose a number that does not stand on the desktop whose code it scanned."""
    METHOD_REFUSED = "person:method:refused"
    CERTIFICATE_BOUND = "person:certificate:bound"
    CERTIFICATE_UNBOUND = "person:certificate:unbound"
    CERTIFICATE_ACCEPTED = "person:certificate:accepted"
    CERTIFICATE_REFUSED = "person:certificate:refused"
    CERTIFICATE_ENDED = "person:certificate:ended"
    """Its issuer has revoked it, or its time is over."""
    CERTIFICATE_ENDING = "person:certificate:ending_told"

    FACTORS_DISOWNED = "person:factors:disowned"
    SESSION_BEGUN = "person:session:begun"
    SESSION_STEPPED_UP = "person:session:stepped_up"
    SESSION_ENDED = "person:session:ended"
    SESSION_DISOWNED = "person:session:disowned"
    SCAN_CONFIRMED = "person:scan:confirmed"
    SCAN_REFUSED = "person:scan:refused"
    """Denied, or a wrong number was picked."""
    PROFILE_VIEWED = "person:profile:viewed"

    ACTING_CHANGED = "person:acting:changed"
    ENTITY_REGISTERED = "entity:account:registered"
    ENTITY_REFUSED = "entity:identity:refused"
    ENTITY_PASSWORD_SET = "entity:password:set"
    ENTITY_CERTIFICATE_BOUND = "entity:certificate:bound"
    ENTITY_CERTIFICATE_UNBOUND = "entity:certificate:unbound"
    ROLE_CLAIMED = "entity:role:claimed"
    ROLE_CONFIRMED = "entity:role:confirmed"
    ROLE_CONTESTED = "entity:role:contested"
    ROLE_ENDED = "entity:role:ended"

    CONSENT_GIVEN = "person:consent:given"
    CONSENT_NOTICED = "person:consent:noticed"
    CONSENT_WITHDRAWN = "person:consent:withdrawn"

    GRANT_ISSUED = "client:grant:issued"
    GRANT_REFUSED = "client:grant:refused"
    GRANT_ENDED = "client:grant:ended"
    CODE_EXCHANGED = "client:code:exchanged"
    CODE_REPLAYED = "client:code:replayed"
    REFRESH_REPLAYED = "client:refresh_token:replayed"
    TOKEN_REVOKED = "client:token:revoked"
    TOKEN_EXCHANGED = "client:token:exchanged"
    AUTHORITY_CHECKED = "client:authority:checked"
    """Whether the actor may do something for the subject: ``result`` is ``ok`` or ``refused``."""
    STREAM_CREATED = "client:event_stream:created"
    STREAM_CHANGED = "client:event_stream:changed"
    STREAM_DELETED = "client:event_stream:deleted"
    SECURITY_EVENT_DELIVERED = "client:security_event:delivered"
    SECURITY_EVENT_FAILED = "client:security_event:failed"
    PERSONAL_DATA_RELEASED = "client:personal_data:released"
    DEPARTMENT_CHECK_ASKED = "client:check:asked"
    DEPARTMENT_CHECK_ANSWERED = "client:check:answered"
    DEPARTMENT_CHECK_RELEASED = "client:check:released"
    COUNTER_PROOFED = "client:counter:proofed"
    COUNTER_REFUSED = "client:counter:refused"
    IDENTITY_CODE_REDEEMED = "client:identity_code:redeemed"
    IDENTITY_CODE_ANSWERED = "client:identity_code:answered"
    """Confirmed or declined by the person."""
    IDENTITY_CODE_REFUSED = "client:identity_code:refused"
    LOGOUT_NOTICE_DELIVERED = "client:logout_notice:delivered"
    LOGOUT_NOTICE_FAILED = "client:logout_notice:failed"

    CLIENT_REGISTERED = "operator:client:registered"
    CLIENT_CHANGED = "operator:client:changed"
    CLIENT_SUSPENDED = "operator:client:suspended"
    CLIENT_SECRET_ROTATED = "operator:client_secret:rotated"
    CAPABILITY_APPLIED = "operator:capability:applied"
    CAPABILITY_GRANTED = "operator:capability:granted"
    CAPABILITY_REFUSED = "operator:capability:refused"
    CAPABILITY_WITHDRAWN = "operator:capability:withdrawn"
    RESOURCE_REGISTERED = "operator:resource:registered"
    RESOURCE_AWARE = "operator:resource:aware"
    """An API tells the person who acts from the party acted for, or (``detail``) does so no longer."""
    CLERK_ADDED = "operator:clerk:added"
    CLERK_REMOVED = "operator:clerk:removed"
    LINKS_IMPORTED = "operator:links:imported"
    CHANNEL_ADDED = "operator:channel:added"
    CHANNEL_CHANGED = "operator:channel:changed"
    ISSUER_ADDED = "operator:issuer:added"
    """Certificates of this issuer are accepted from here on."""
    ISSUER_CHANGED = "operator:issuer:changed"
    ISSUER_OFF = "operator:issuer:off"
    ISSUER_ON = "operator:issuer:on"
    REVOCATION_LIST_TAKEN = "issuer:revocation_list:taken"
    """Fetched by the worker, or brought by an operator, who then is the actor."""
    REVOCATION_LIST_REFUSED = "issuer:revocation_list:refused"
    """The first of several attempts with the same fault."""
    KEY_ROTATED = "operator:signing_key:rotated"
    FIELDS_ROTATED = "operator:fields:rotated"
    LEGACY_BEGUN = "operator:legacy:begun"
    """A file of old accounts; its lines are told of by their number only."""
    LEGACY_IMPORTED = "operator:legacy:imported"
    AUDIT_EXPORTED = "operator:audit:exported"
    DISPUTE_ANSWERED = "operator:dispute:answered"

    OPERATOR_ADDED = "operator:operator:added"
    OPERATOR_INVITED = "operator:operator:invited"
    OPERATOR_LINK_SHOWN = "operator:operator:link_shown"
    OPERATOR_CODE_REFUSED = "operator:operator:code_refused"
    OPERATOR_ENROLLED = "operator:operator:enrolled"
    OPERATOR_DISABLED = "operator:operator:disabled"
    OPERATOR_PASSWORD_ACCEPTED = "operator:password:accepted"
    OPERATOR_PASSWORD_REFUSED = "operator:password:refused"
    OPERATOR_TOTP_REFUSED = "operator:totp:refused"
    OPERATOR_SESSION_BEGUN = "operator:session:begun"
    OPERATOR_SESSION_ENDED = "operator:session:ended"
    OPERATOR_PAGE_REFUSED = "operator:page:refused"
    PERSON_SOUGHT = "operator:person:sought"
    PERSON_VIEWED = "operator:person:viewed"
    PERSON_SIGNED_OUT = "operator:person:signed_out"
    PERSON_SUSPENDED = "operator:person:suspended"
    PERSON_RESTORED = "operator:person:restored"
    PERSON_PASSWORD_ENDED = "operator:person:password_ended"
    PERSON_PASSWORD_UNLOCKED = "operator:person:password_unlocked"
    PERSON_EVIDENCE_ENDED = "operator:person:evidence_ended"
    PROPOSAL_MADE = "operator:proposal:made"
    PROPOSAL_VIEWED = "operator:proposal:viewed"
    PROPOSAL_APPROVED = "operator:proposal:approved"
    PROPOSAL_REFUSED = "operator:proposal:refused"
    PROPOSAL_WITHDRAWN = "operator:proposal:withdrawn"
    PROPOSAL_VOID = "operator:proposal:void"
    DISPUTE_VIEWED = "operator:dispute:viewed"
    RECOVERY_SOUGHT = "operator:recovery:sought"
    RECOVERY_VIEWED = "operator:recovery:viewed"
    RECOVERY_NUMBER_DIFFERED = "operator:recovery:number_differed"
    RECOVERY_APPROVED = "operator:recovery:approved"
    RECOVERY_REJECTED = "operator:recovery:rejected"
    REVIEW_SOUGHT = "operator:review:sought"
    REVIEW_VIEWED = "operator:review:viewed"
    REVIEW_PHOTO_VIEWED = "operator:review_photo:viewed"
    REVIEW_APPROVED = "operator:review:approved"
    REVIEW_REJECTED = "operator:review:rejected"
    AUDIT_READ = "operator:audit:read"

    CHAIN_BEGUN = "audit:chain:begun"
    CHAIN_CLOSED = "audit:chain:closed"


class Entry(NamedTuple):
    """One row, in the order of its columns. ``at``: Unix seconds; ``detail``: JSON text; ``prev``: the MAC before."""

    chain: str
    seq: int
    at: int
    event: str
    actor: str | None
    subject: str | None
    client: str | None
    session: str | None
    mandate: str | None
    result: str
    reason: str | None
    request_id: str
    detail: str | None
    prev: bytes
    mac: bytes


def entry_mac(key: bytes, fields: tuple[Any, ...], prev: bytes) -> bytes:
    """HMAC-SHA-256 over ``["tongban-audit-1", chain … detail, hex of prev]``; ``fields`` are `Entry`'s first 13."""
    return hmac.digest(key, orjson.dumps(("tongban-audit-1", *fields, prev.hex())), "sha256")


class Counted(StrEnum):
    """Machine events that are counted per client, minute and result instead of told one by one (trust 12)."""

    CODE = "authorization_code"
    """Beside the events of exchange and replay: what was refused before a grant was known."""
    CLIENT_CREDENTIALS = "client_credentials"
    REFRESH = "refresh"
    EXCHANGE = "token_exchange"
    """Beside the events of exchange: what was refused before a client was known."""
    DEVICE_CODE = "device_code"
    """What came of asking for a device's tokens, and for its code."""
    INTROSPECTION = "introspection"
    AUTHORITY_CHECK = "authority_check"
    """Beside the events: what was refused before anything was decided, and how many were permitted or denied."""
    SECURITY_EVENTS = "security_events"
    """Polls, and what was refused at the endpoints of streams."""
    CAPABILITY = "capability"
    """What was refused at the endpoints of capabilities; what was done there is an event."""
    USERINFO = "userinfo"
    """Without personal data; a release of personal data is an event."""


class CheckpointKind(StrEnum):
    HEADS = "heads"
    PURGE = "purge"


class Checkpoint(NamedTuple):
    """A signed statement about chains: ``body`` is JSON text, ``prev`` the MAC of checkpoint ``seq - 1``."""

    seq: int
    at: int
    kind: str
    body: str
    prev: bytes
    mac: bytes


def checkpoint_mac(key: bytes, *, seq: int, at: int, kind: str, body: str, prev: bytes) -> bytes:
    """HMAC-SHA-256 over ``["tongban-checkpoint-1", seq, at, kind, body, hex of prev]``."""
    return hmac.digest(key, orjson.dumps(("tongban-checkpoint-1", seq, at, kind, body, prev.hex())), "sha256")


def chain_day(now: int) -> str:
    """The UTC day ``YYYYMMDD`` that begins the names of the chains begun at ``now``."""
    return datetime.fromtimestamp(now, UTC).strftime("%Y%m%d")


def day_end(now: int) -> int:
    """The second at which a chain begun at ``now`` is left for a new one."""
    begun = datetime.fromtimestamp(now, UTC).replace(hour=0, minute=0, second=0)
    return int((begun + timedelta(days=1)).timestamp())


def detail_text(detail: Detail | None) -> str | None:
    """Canonical JSON of ``detail``: keys sorted, nothing of it personal."""
    if not detail:
        return None
    try:
        return orjson.dumps(detail, option=orjson.OPT_SORT_KEYS).decode()
    except TypeError:  # a lone surrogate
        clean = {name: storable(value) if isinstance(value, str) else value for name, value in detail.items()}
        return orjson.dumps(clean, option=orjson.OPT_SORT_KEYS).decode()


def storable(value: str | None) -> str | None:
    """``value`` as a plain string without what UTF-8 (lone surrogates) or PostgreSQL (NUL) cannot hold."""
    if value is None or (type(value) is str and value.isascii() and value.isprintable()):
        return value
    return value.encode("utf-8", "replace").decode().replace("\0", "\N{REPLACEMENT CHARACTER}")


def print_checkpoint(checkpoint: Checkpoint) -> str:
    """One line of a checkpoint file: a JSON object with the MACs in hex."""
    return orjson.dumps(checkpoint._asdict(), default=bytes.hex).decode()


def parse_checkpoint(line: bytes) -> Checkpoint | None:
    """The checkpoint of one line, its MAC not yet looked at; None if the line is not one."""
    try:
        fields = orjson.loads(line)
        raw = Checkpoint(**fields)
        parsed = raw._replace(prev=bytes.fromhex(raw.prev), mac=bytes.fromhex(raw.mac))  # type: ignore[arg-type]
    except (ValueError, TypeError):
        return None
    well_typed = type(parsed.seq) is int and type(parsed.at) is int and type(parsed.body) is str
    return parsed if well_typed and type(parsed.kind) is str else None
