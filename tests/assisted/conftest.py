"""An office of the entity that ONE represents: THREE is a clerk there, and TWO a colleague."""

import pytest

from tests.assisted.register_walks import Counter, counter_of
from tests.mandates.conftest import Mandates, browser, mandates, registers, shared_app, signed_in, site, site_template

__all__ = ["browser", "mandates", "registers", "shared_app", "signed_in", "site", "site_template"]


@pytest.fixture
def counter(mandates: Mandates) -> Counter:
    return counter_of(mandates)
