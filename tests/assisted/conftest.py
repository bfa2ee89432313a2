"""An office of the entity that ONE represents: THREE is a clerk there, and TWO a colleague."""

import pytest

from tests.assisted.counter_walks import UNIT, Office
from tests.assisted.register_walks import Counter, counter_of
from tests.entities.conftest import ONE, THREE, TWO
from tests.mandates.conftest import (
    Mandates,
    browser,
    mandates,
    registers,
    shared_app,
    signed_in,
    site,
    site_template,
)
from tests.provider import Browser

__all__ = ["browser", "mandates", "registers", "shared_app", "signed_in", "site", "site_template"]


@pytest.fixture
def office(mandates: Mandates) -> Office:
    mandates.site.execute("UPDATE legal_entity SET type = 'government_organ'")
    return Office(mandates)


@pytest.fixture
def clerk(office: Office) -> Browser:
    return office.clerk(THREE, office.post(THREE, by=ONE, unit=UNIT))


@pytest.fixture
def colleague(office: Office, clerk: Browser) -> Browser:
    return office.clerk(TWO, office.post(TWO, by=ONE, unit=UNIT))


@pytest.fixture
def counter(mandates: Mandates) -> Counter:
    return counter_of(mandates)
