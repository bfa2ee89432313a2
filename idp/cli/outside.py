"""The clients of the outside services, made from the settings.

Always true: this is the only place of the provider that knows how outside services are reached.
"""

from adapters.providers.bank_card import HttpBankCards
from adapters.providers.captcha import HttpCaptchaProvider
from adapters.providers.enterprise import HttpEnterpriseRegister
from adapters.providers.population import HttpPopulationRegister
from adapters.providers.register import Patience
from adapters.providers.sms import HttpSmsGateway
from adapters.providers.sms_failover import FailoverGateway, Line
from idp.captcha.ports import CaptchaProvider
from idp.messages.rules import SmsGateway
from idp.proofing.ports import Registers
from idp.settings import Register, Settings, Sms


def registers(settings: Settings) -> Registers:
    """The registers, and the banks where there is a switch, over HTTP; every process has its own, with breakers."""
    population, enterprise = settings.registers.population, settings.registers.enterprise
    banks = settings.bank_card
    return Registers(
        population=HttpPopulationRegister(population.url, population.secret, patience=_patience(population)),
        enterprise=HttpEnterpriseRegister(enterprise.url, enterprise.secret, patience=_patience(enterprise)),
        bank_cards=HttpBankCards(banks.url, banks.secret, patience=_patience(banks)) if banks.url else None,
    )


def captcha_provider(settings: Settings) -> CaptchaProvider | None:
    """The provider of digits, when there is one."""
    chosen = settings.captcha
    return HttpCaptchaProvider(chosen.url, chosen.secret, patience=_patience(chosen)) if chosen.url else None


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
