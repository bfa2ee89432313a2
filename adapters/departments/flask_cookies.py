"""Owns the name under which Flask apps know the cookies of `web_cookies`, the same in every framework."""

from __future__ import annotations

from adapters.departments.web_cookies import Cookies

__all__ = ["Cookies"]
