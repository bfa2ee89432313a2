"""What the web layer is told when the application is put together.

Always true: it is complete and frozen before the first request, and nothing here is read from a request.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal
from urllib.parse import urlsplit

from flask import Flask, current_app

if TYPE_CHECKING:
    from idp.web.client_certificate import FrontEnd

Language = Literal["zh", "en"]
EXTENSION = "tongban_web"


@dataclass(frozen=True)
class Limits:
    """Caps on what a browser may send: bytes of a body, of a query, of one field; number of fields.

    ``photo_bytes``: of the one file a form of a view that `takes_photo` may hold.
    """

    body_bytes: int = 64 * 1024
    photo_bytes: int = 8 * 1024 * 1024
    query_bytes: int = 16 * 1024
    fields: int = 64
    field_bytes: int = 8 * 1024


@dataclass(frozen=True, kw_only=True)
class WebOptions:
    """``issuer``: the public origin, without trailing slash. ``trusted_proxies``: addresses or networks."""

    issuer: str
    secret_key: bytes = field(repr=False)
    service_name: str = "通办"
    service_name_en: str = "Tongban"
    region_name: str = ""
    region_name_en: str = ""
    help_line: str = ""
    user_names: bool = True
    """People may choose a name of their own to sign in with."""
    level_labels: Mapping[Language, tuple[str, ...]] = field(default_factory=dict)
    """What people read for the identity levels 1 to 4; without them, what was done to reach each."""
    default_language: Language = "zh"
    trusted_proxies: tuple[str, ...] = ()
    front_end: "FrontEnd | None" = None
    """Who hands on the certificates that browsers show by TLS; None: nobody does."""
    limits: Limits = Limits()
    pseudo_english: bool = False
    """Accent every letter of the English catalogue: a test sees which words were never translated."""

    @property
    def https(self) -> bool:
        return self.issuer.startswith("https://")

    @property
    def issuer_host(self) -> str:
        return urlsplit(self.issuer).netloc


def options_of(app: Flask) -> WebOptions:
    """The options ``app`` was put together with."""
    found: WebOptions = app.extensions[EXTENSION]
    return found


def options() -> WebOptions:
    """The options of the application that answers this request."""
    return options_of(current_app)
