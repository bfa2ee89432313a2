"""The fixtures of `tests.provider`, for the tests of this directory."""

from tests.provider import browser, shared_app, signed_in, site, site_template

__all__ = ["browser", "shared_app", "signed_in", "site", "site_template"]
