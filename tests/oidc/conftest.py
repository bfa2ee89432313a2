"""The fixtures of `tests.provider`, for the tests of this directory."""

from tests.oidc.mtls import behind, behind_app
from tests.provider import browser, registers, shared_app, signed_in, site, site_template

__all__ = ["behind", "behind_app", "browser", "registers", "shared_app", "signed_in", "site", "site_template"]
