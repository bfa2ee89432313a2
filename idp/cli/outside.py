"""The clients of the outside registers, made from the settings.

Always true: besides the worker's this is the only place of the provider that knows how outside services are reached.
"""

from adapters.providers.enterprise import HttpEnterpriseRegister
from adapters.providers.population import HttpPopulationRegister
from adapters.providers.register import Patience
from idp.proofing.ports import Registers
from idp.settings import Register, Settings


def registers(settings: Settings) -> Registers:
    """Both registers over HTTP; every process of the provider has its own, with breakers of its own."""
    population, enterprise = settings.registers.population, settings.registers.enterprise
    return Registers(
        population=HttpPopulationRegister(population.url, population.secret, patience=_patience(population)),
        enterprise=HttpEnterpriseRegister(enterprise.url, enterprise.secret, patience=_patience(enterprise)),
    )


def _patience(register: Register) -> Patience:
    return Patience(register.timeout, register.breaker_failures, register.breaker_pause)
