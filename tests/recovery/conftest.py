"""The fixtures of `tests.provider` and of the last way, for the tests of this directory."""

from tests.provider import browser, registers, shared_app, signed_in, site, site_template
from tests.recovery.last_way import office, party

__all__ = ["browser", "office", "party", "registers", "shared_app", "signed_in", "site", "site_template"]
