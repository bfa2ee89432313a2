"""What production refuses to start with (trust 13).

Always true: it names the setting and never its value.
"""

from urllib.parse import urlsplit

from idp.settings.limits import Limits
from idp.settings.outside import CheckService, Register, Sms, SmsFallback
from idp.settings.sections import Account, Reviews
from idp.settings.tree import Settings

_FACE_CHECKED = 3
_LEADING = frozenset({"face", "photos_face", "review", "counter"})
"""The ways that lead to it."""
_KEY_CHARACTERS = 43
"""Of base64 for 32 bytes, without the padding."""
_DIFFERENT = 8
"""Characters that a random secret has at least."""
_LONGEST_GRACE = 3 * 86400


def unsafe(settings: Settings) -> list[str]:
    """Why production would be refused with these settings (trust 13); development bears everything here."""
    if settings.environment != "production":
        return []
    return [
        *_unsafe_addresses(settings),
        *_unsafe_secrets(settings),
        *_unsafe_certificates(settings),
        *_unsafe_checks(settings),
        *_unsafe_representatives(settings),
        *_unsafe_limits(settings.limits),
        *_unsafe_account(settings.account),
        *_unsafe_reviews(settings.reviews),
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
    registers, sm2_server = settings.registers, settings.certificates.sm2_server
    return [
        ("sms", settings.sms),
        *([("sms.fallback", settings.sms.fallback)] if settings.sms.fallback.url else []),
        ("registers.population", registers.population),
        ("registers.enterprise", registers.enterprise),
        *([("bank_card", settings.bank_card)] if settings.bank_card.url else []),
        *([("photo_reader", settings.photo_reader)] if settings.photo_reader.url else []),
        *([("captcha", settings.captcha)] if settings.captcha.url else []),
        *([("certificates.sm2_server", sm2_server)] if sm2_server.url else []),
        *_check_services(settings),
    ]


def _check_services(settings: Settings) -> list[tuple[str, CheckService]]:
    both: tuple[tuple[str, CheckService], ...] = (("face", settings.face), ("bank_channel", settings.bank_channel))
    return [(name, service) for name, service in both if service.url]


def _unsafe_checks(settings: Settings) -> list[str]:
    faults = []
    for name, service in _check_services(settings):
        known = type(service)()
        if service.vendor_keys == known.vendor_keys or "not-for-production" in service.vendor_keys:
            faults.append(f"{name}.vendor_keys: the sandbox's, whose private half is public")
        if service.issuer == known.issuer:
            faults.append(f"{name}.issuer: the sandbox's")
        if not service.pages or any(not page.startswith("https://") or _is_loopback(page) for page in service.pages):
            faults.append(f"{name}.pages: production sends people to https on other machines only")
    if settings.face.url and not settings.face.least_score:
        faults.append("face.least_score: 0 takes a face without a score")
    return faults


def _unsafe_representatives(settings: Settings) -> list[str]:
    """An entity is not taken by knowing public facts (trust 6)."""
    if not settings.face.url:
        return []
    if settings.representative_ial < _FACE_CHECKED:
        return ["entities.representative_ial: below 3, although face.url is set"]
    if _LEADING.isdisjoint(settings.proofing.ways):
        return ["proofing.ways: no way leads to the level that a representative needs (entities.representative_ial)"]
    return []


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


def _unsafe_certificates(settings: Settings) -> list[str]:
    """Who knows the secret may claim any certificate."""
    mtls, faults = settings.mtls, []
    if mtls.host and ("not-for-production" in mtls.secret or len(set(mtls.secret)) < _DIFFERENT):
        faults.append("mtls.secret: an example, or hardly random")
    if mtls.crl_grace > _LONGEST_GRACE:
        faults.append("mtls.crl_grace: revocation lists that are late by more than 3 days")
    if not all(path.is_file() for path in (mtls.client_ca, *mtls.client_crls) if path):
        faults.append("mtls.client_ca, mtls.client_crls: a file that is not there")
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
    certificate = limits.certificate
    if (
        certificate.wrong_per_hour > 10
        or certificate.per_address_failures == 0
        or min(certificate.lock_steps, default=0) < 300
    ):
        faults.append("limits.certificate: easier than 10 an hour, locks of 5 minutes and a budget per address")
    if not limits.captcha.before_sms or not 1 <= limits.captcha.after_failures <= 5:
        faults.append("limits.captcha: not before every text message and after 1 to 5 failures from an address")
    if not limits.identity.outside_per_address_hourly or not limits.identity.outside_global_hourly:
        faults.append("limits.identity: no budget for the checks that people without an account begin")
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


def _unsafe_reviews(reviews: Reviews) -> list[str]:
    faults = []
    if reviews.keep_days > 60:
        faults.append("reviews.keep_days: photos are kept for more than 60 days")
    if reviews.daily > 10 or reviews.photos_daily > 100:
        faults.append("reviews: more than 10 reviews or 100 photos of one account in a day")
    return faults
