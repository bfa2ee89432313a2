"""The clients of the outside services, made from the settings.

Always true: this is the only place of the provider that knows how outside services are reached.
"""

from typing import Literal

from adapters.providers.bank_card import HttpBankCards
from adapters.providers.captcha import HttpCaptchaProvider
from adapters.providers.check import HttpCheckVendor, Pinned
from adapters.providers.enterprise import HttpEnterpriseRegister
from adapters.providers.photos import HttpPhotoReader
from adapters.providers.population import HttpPopulationRegister
from adapters.providers.register import Patience
from adapters.providers.sm2 import HttpSm2Verifier
from adapters.providers.sms import HttpSmsGateway
from adapters.providers.sms_failover import FailoverGateway, Line
from idp.captcha.ports import CaptchaProvider
from idp.checks.ports import CheckVendor, Vendors
from idp.checks.rules import CheckKind
from idp.crypto.sm2 import GmsslSm2, PureSm2, Sm2Verifier
from idp.messages.rules import SmsGateway
from idp.proofing.ports import Registers
from idp.settings import CheckService, Register, Settings, Sms


def registers(settings: Settings) -> Registers:
    """The registers, and the banks where there is a switch, over HTTP; every process has its own, with breakers."""
    population, enterprise = settings.registers.population, settings.registers.enterprise
    banks, photos = settings.bank_card, settings.photo_reader
    return Registers(
        population=HttpPopulationRegister(population.url, population.secret, patience=_patience(population)),
        enterprise=HttpEnterpriseRegister(enterprise.url, enterprise.secret, patience=_patience(enterprise)),
        photos=HttpPhotoReader(photos.url, photos.secret, patience=_patience(photos)) if photos.url else None,
        bank_cards=HttpBankCards(banks.url, banks.secret, patience=_patience(banks)) if banks.url else None,
    )


def captcha_provider(settings: Settings) -> CaptchaProvider | None:
    """The provider of digits, when there is one."""
    chosen = settings.captcha
    return HttpCaptchaProvider(chosen.url, chosen.secret, patience=_patience(chosen)) if chosen.url else None


def check_vendors(settings: Settings) -> Vendors:
    """Who makes checks elsewhere, by kind. Raises as `face_vendor` does."""
    both = {CheckKind.FACE: face_vendor(settings), CheckKind.BANK: bank_channel(settings)}
    return {kind: vendor for kind, vendor in both.items() if vendor is not None}


def face_vendor(settings: Settings) -> CheckVendor | None:
    """Who checks faces, when there is one. Raises ``ValueError`` for keys or addresses that are none."""
    return _check_vendor(settings, settings.face, "face")


def bank_channel(settings: Settings) -> CheckVendor | None:
    """The banks' channel, when there is one. Raises as `face_vendor` does."""
    return _check_vendor(settings, settings.bank_channel, "bank")


def _check_vendor(settings: Settings, chosen: CheckService, kind: Literal["face", "bank"]) -> CheckVendor | None:
    if not chosen.url:
        return None
    return HttpCheckVendor(
        chosen.url,
        chosen.secret,
        Pinned(kind, chosen.issuer, settings.issuer, chosen.vendor_keys, chosen.pages, chosen.least_score),
        callback_url=f"{settings.issuer}/hooks/{kind}",
        patience=_patience(chosen),
    )


def sm2_verifier(settings: Settings) -> Sm2Verifier:
    """Who verifies SM2 signatures. Raises ``ImportError`` where GmSSL is chosen and not installed, ``ValueError`` for
    a server's address that is none.
    """
    chosen, server = settings.certificates.sm2, settings.certificates.sm2_server
    if chosen == "server":
        return HttpSm2Verifier(server.url, server.secret, patience=_patience(server))
    return GmsslSm2() if chosen == "gmssl" else PureSm2()


def _patience(register: Register) -> Patience:
    return Patience(register.timeout, register.breaker_failures, register.breaker_pause)


def sms_gateway(sms: Sms) -> SmsGateway:
    """The SMS provider, and behind it the second one when there is one."""
    first = HttpSmsGateway(sms.url, sms.secret, timeout=sms.timeout)
    second = sms.fallback
    if not second.url:
        return first
    return FailoverGateway(
        Line(first, failures=second.breaker_failures, pause=second.breaker_pause),
        Line(
            HttpSmsGateway(second.url, second.secret, timeout=sms.timeout),
            failures=second.breaker_failures,
            pause=second.breaker_pause,
        ),
        tries=second.after,
    )
