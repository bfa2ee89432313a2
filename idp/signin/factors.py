"""The factors a person has, and what verifies those that only confirm.

Always true: whoever asks what a person has reads it from one list of tables.
"""

from dataclasses import dataclass

from idp.accounts.holds import held_until
from idp.accounts.rules import Act
from idp.credentials.passkey import Passkeys
from idp.credentials.recovery_code import RecoveryCodes
from idp.credentials.totp import Totp
from idp.db import Statement, Transaction
from idp.signin.rules import BY_EACH_OTHER, Method, strength

_SOURCES = (
    (Method.PASSWORD, "password WHERE party_id = {party} AND reset_required_at IS NULL"),
    (Method.SMS, "party_identifier WHERE party_id = {party} AND kind = 'mobile'"),
    (Method.TOTP, "totp WHERE party_id = {party} AND sealed IS NOT NULL"),
    (Method.PASSKEY, "passkey WHERE party_id = {party}"),
    (Method.RECOVERY_CODE, "recovery_code WHERE party_id = {party} AND used_at IS NULL"),
    (Method.CERTIFICATE, "certificate_binding WHERE party_id = {party} AND ended_at IS NULL"),
)


@dataclass(frozen=True, slots=True)
class Factors:
    totp: Totp
    recovery_codes: RecoveryCodes
    passkeys: Passkeys


def factor_rows(columns: str, party: str) -> str:
    """SQL that gives a row for each factor of ``party`` (in SQL); ``columns`` has ``{method}`` for its amr name."""
    return " UNION ".join(
        f"SELECT {columns.format(method=method.value)} FROM {source.format(party=party)}"
        for method, source in _SOURCES
    )


_HELD = Statement(factor_rows("'{method}'", ":party"), Method)


def held_by(tx: Transaction, party_id: str) -> frozenset[Method]:
    """The methods the person can use."""
    return frozenset(tx.all(_HELD, party=party_id))


def sms_adds_nothing(tx: Transaction, party_id: str, *, now: int) -> bool:
    """Whether a text code beside the password is no second factor now: one was just set by the other.

    Not for who has no third way to confirm: they would have none at all.
    """
    return held_until(tx, party_id, Act.CHANGE_METHODS, now=now) is not None and bool(
        held_by(tx, party_id) - BY_EACH_OTHER
    )


def attainable(held: frozenset[Method], used: tuple[Method, ...]) -> int:
    """The ``aal`` a session that has ``used`` some can reach in this visit."""
    return strength([*held, *used])
