"""The provider of the checks' tests, whose face-check vendor is scripted."""

from tests.checks.conftest import bank, browser, registers, site, vendor
from tests.provider import site_template

__all__ = ["bank", "browser", "registers", "site", "site_template", "vendor"]
