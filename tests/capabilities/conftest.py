"""A provider whose client ``app`` has been granted capabilities, and its person with a verified document."""

import pytest

from tests.capabilities.asking import grant
from tests.provider import Browser, Site, add_document, browser, registers, shared_app, signed_in, site, site_template

__all__ = ["browser", "registers", "shared_app", "signed_in", "site", "site_template"]


@pytest.fixture
def known(site: Site, signed_in: Browser) -> Browser:
    """The person's browser: signed in, name and number verified; ``app`` may ask for name checks, three a day."""
    add_document(site.provider, site.party(), now=site.now())
    grant(site, "app", "name_check", daily=3)
    return signed_in
