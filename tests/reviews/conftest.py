"""The fixtures of `tests.provider`, for the tests of this directory."""

from tests.provider import browser, shared_app, signed_in, site, site_template
from tests.reviews.making import reviews_offered

__all__ = ["browser", "reviews_offered", "shared_app", "signed_in", "site", "site_template"]
