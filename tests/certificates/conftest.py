"""A whole provider for each test."""

from tests.provider import browser, registers, shared_app, signed_in, site, site_template

__all__ = ["browser", "registers", "shared_app", "signed_in", "site", "site_template"]
