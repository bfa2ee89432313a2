"""Proofing over HTTP: a provider whose registers say what the test tells them."""

from tests.provider import browser, registers, shared_app, signed_in, site, site_template

__all__ = ["browser", "registers", "shared_app", "signed_in", "site", "site_template"]
