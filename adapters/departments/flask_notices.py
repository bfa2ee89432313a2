"""Owns the kit's notices as a Flask app meets them; what they say stands in `web_notices`."""

from __future__ import annotations

from flask.typing import ResponseReturnValue

from adapters.departments.web_notices import Notice, NoticeKind, kind_of, needs, plain_html

__all__ = ["Notice", "NoticeKind", "kind_of", "needs", "plain_page"]


def plain_page(notice: Notice) -> ResponseReturnValue:
    """The kit's own page."""
    return plain_html(notice), notice.status
