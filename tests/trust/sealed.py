"""Every sealed column of the main database, and every column of bytes that is none.

Always true: a column of bytes that stands in neither table fails `tests.trust.test_sealed`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, text

from idp.crypto.fields import FieldCipher, FieldUnreadable


@dataclass(frozen=True, slots=True)
class Sealed:
    """``key``: the column that names the row. ``context``: what the seal is bound to besides, or table.column.

    ``sample``: what is in it where a rotation reads it.
    """

    table: str
    column: str
    key: str = "id"
    context: str = ""
    text: str = ""
    """What stands in it in `tests.trust.test_sealed`, where it is read as more than text."""

    def place(self, row: object) -> str:
        return f"{self.context or f'{self.table}.{self.column}'}:{row}"

    @property
    def name(self) -> str:
        return f"{self.table}.{self.column}"

    def rows(self, connection: Connection) -> list[tuple[str, bytes]]:
        """(key, blob) of every row that has one."""
        sql = f"SELECT {self.key}, {self.column} FROM {self.table} WHERE {self.column} IS NOT NULL ORDER BY 1"
        return [(row[0], bytes(row[1])) for row in connection.execute(text(sql))]


SEALED = (
    Sealed("department_check", "sealed"),
    Sealed("assisted_case", "sealed"),
    Sealed("assisted_paper", "sealed"),
    Sealed("assisted_scan", "sealed"),
    Sealed("certificate_binding", "certificate"),
    Sealed("certificate_binding", "sealed"),
    Sealed("account_link", "sealed", text='["r-17", "欧阳清岚", "passport", "E1234"]'),
    Sealed("dispute", "answer"),
    Sealed("dispute", "text"),
    Sealed("event_stream", "credential"),
    Sealed("flow", "facts"),
    Sealed("identity_code", "sealed"),
    Sealed("identity_document", "sealed"),
    Sealed("justification", "sealed"),
    Sealed("legal_entity", "sealed", key="party_id"),
    Sealed("legacy_account", "old_id"),
    Sealed("legacy_account", "sealed", text="{}"),
    Sealed("operator", "sealed", key="party_id"),
    Sealed("mandate", "sealed", text='{"text": {}, "addressee": ["欧阳清岚", "passport", "E1234"], "post": ""}'),
    Sealed("outbox", "payload"),
    Sealed("outside_check", "sealed"),
    Sealed("party_identifier", "sealed"),
    Sealed("passkey", "name"),
    Sealed("photo", "sealed"),
    Sealed("profile", "sealed", key="party_id"),
    Sealed("scan", "sealed"),
    Sealed("proposal", "sealed"),
    Sealed("recovery_code", "sealed"),
    Sealed("recovery_request", "sealed"),
    Sealed("revocation_data", "sealed", key="digest"),
    Sealed("review", "sealed"),
    Sealed("signing_key", "private_key", key="kid"),
    Sealed("text_signature", "answer"),
    Sealed("text_signature", "path"),
    Sealed("text_signature", "record"),
    Sealed("text_signature", "text"),
    Sealed("totp", "pending", key="party_id", context="totp.sealed"),
    Sealed("totp", "sealed", key="party_id"),
)
PLAIN = {
    "keyed index of a value": {
        "account_link.blind",
        "account_link.local",
        "assisted_code.blind",
        "assisted_objection.code",
        "assisted_objection.reference",
        "attempt.key",
        "counter_number.blind",
        "legacy_account.credit_code_blind",
        "legacy_account.digest",
        "legacy_account.document_blind",
        "legacy_account.mobile_blind",
        "legacy_account.old_blind",
        "legacy_account.representative_blind",
        "legacy_batch.digest",
        "mandate.addressee_blind",
        "operator.blind",
        "outside_check.attempt_key",
        "outside_check.subject",
        "operator_invitation.code",
        "party_identifier.blind",
        "person_anchor.anchor",
        "recovery_request.stop",
        "scan.code_blind",
        "send_budget.key",
    },
    "hash of a name that tells of nobody": {"counter_proofing.reference"},
    "hash of a random secret": {
        "authorization_grant.code_hash",
        "authorization_grant.refresh_handle",
        "authorization_grant.refresh_secret",
        "client_secret.hash",
        "flow.browser",
        "identity_code.code_hash",
        "outside_check.browser",
        "opaque_token.hash",
        "operator_invitation.hash",
        "operator_session.secret_hash",
        "scan.holder",
        "session.secret_hash",
    },
    "chain of the audit": {"audit_checkpoint.mac", "audit_checkpoint.prev", "audit_event.mac", "audit_event.prev"},
    "public, or random and of no use": {
        "issuer_certificate.der",
        "passkey.credential_id",
        "passkey.public_key",
        "passkey_user.handle",
        "revocation_list.der",
    },
    "state store": {"state_entry.key", "state_entry.value", "state_window.key"},
}
"""Columns of bytes that nobody needs to open, by what they hold."""


def unreadable(connection: Connection, cipher: FieldCipher) -> list[str]:
    """The sealed fields that do not open in their own row."""
    return [
        f"{one.name} of {row}"
        for one in SEALED
        for row, blob in one.rows(connection)
        if not _opens(cipher, blob, one.place(row))
    ]


def movable(connection: Connection, cipher: FieldCipher) -> Iterator[str]:
    """The sealed fields that would open in another row of their table."""
    for one in SEALED:
        rows = one.rows(connection)
        places: dict[Any, str] = {row: one.place(row) for row, _ in rows}
        for row, blob in rows:
            yield from (
                f"{one.name} of {row} in {other}"
                for other, place in places.items()
                if other != row and _opens(cipher, blob, place)
            )


def _opens(cipher: FieldCipher, blob: bytes, place: str) -> bool:
    try:
        cipher.open_bytes(blob, context=place)
    except FieldUnreadable:
        return False
    return True
