"""Sections of what is counted and bounded (trust 2, 14).

Always true: each limit is somebody's protection; `idp.settings.safety` says which may not be loosened in production.
"""

from pydantic import PositiveInt

from idp.settings.section import Section


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


class CertificateLimits(Section):
    """Answers made with certificates: refused ones are counted, of an account, or of a browser without one."""

    wrong_per_hour: int = 10
    """Refused answers in a rolling hour that lock certificates for that account or browser, and nothing else."""
    lock_steps: tuple[int, ...] = (900, 3600, 86400)
    """Length of the first, second and every further lock."""
    per_address_failures: int = 100
    """Refused answers from one address in an hour; 0 sets no budget."""


class CaptchaLimits(Section):
    """Five digits to read or to hear, asked of people who are not signed in (docs/operations.md)."""

    before_sms: bool = True
    """Ask before every text message, and every check made elsewhere, that somebody without a session orders."""
    after_failures: int = 3
    """Failed sign-ins from one address in an hour, after which every sign-in from there is asked; 0 never asks."""
    lifetime: int = 300
    """How long the digits wait for their answer."""


class IdentityLimits(Section):
    """Proving who one is."""

    daily: PositiveInt = 5
    """Unsuccessful checks of name and number by one account or phone in a day; of a document three times as many."""
    outside_daily: PositiveInt = 5
    """Checks made elsewhere (face, bank) that one account, or one browser without, did not pass in a day, each kind
    on its own; of one document three times as many, by people who are not signed in, and again by accounts."""
    matters_daily: PositiveInt = 10
    """Checks by one capability that one app may have of one person in 24 hours; then none for a day."""
    outside_per_address_hourly: int = 30
    """Checks made elsewhere that people without an account begin from one address in an hour; 0 sets no budget."""
    outside_global_hourly: int = 10_000
    """The same of the whole installation: above it none begins, and an alarm is logged; 0 sets no budget."""
    clerk_sign_in: PositiveInt = 43200
    """How long ago the clerk who records a proof at a counter may have signed in: a working day."""
    bank_card_daily: PositiveInt = 5
    """Unsuccessful checks of a bank card by one account in a day; of one document, three times as many."""


class Limits(Section):
    sms: SmsLimits = SmsLimits()
    password: PasswordLimits = PasswordLimits()
    factor: FactorLimits = FactorLimits()
    certificate: CertificateLimits = CertificateLimits()
    captcha: CaptchaLimits = CaptchaLimits()
    identity: IdentityLimits = IdentityLimits()
    scans_per_address_hourly: int = 60
    """Codes for sign-in by a phone that one address may have made in an hour; 0 sets no budget."""
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
