"""What a request may look like before any view sees it, and whose address it comes from.

Always true: a view only ever sees well-formed UTF-8 without NUL, within the caps; everything else was answered 4xx
from the raw bytes (Werkzeug by itself would put replacement characters in their place).
"""

import re
import unicodedata
from collections.abc import Callable
from enum import StrEnum
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import NamedTuple
from urllib.parse import unquote_to_bytes

from flask import Flask, abort, current_app, g, request
from flask.typing import ResponseReturnValue
from werkzeug.datastructures import MultiDict

from idp.web.guards import P, R, current_session, gate
from idp.web.options import Limits, options

FORM = "application/x-www-form-urlencoded"
WITH_FILE = "multipart/form-data"
_WINDOW = 128 * 1024
"""What Werkzeug's parser holds of a file while it looks for its end; it counts that as the memory of a form."""
_TAKES = "__tongban_takes_file__"
_TAKES_SIGNED = "__tongban_takes_signed__"
_BAD_ESCAPE = re.compile(rb"%(?![0-9A-Fa-f]{2})")
_BIDI = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_UNSAFE = frozenset({"POST", "PUT", "PATCH", "DELETE"})

Address = IPv4Address | IPv6Address


class BadText(StrEnum):
    """Why a text was refused."""

    TOO_LONG = "text_too_long"
    FORBIDDEN = "text_forbidden_characters"


def clean_text(value: str, *, max_length: int, lines: bool = False) -> str | BadText:
    """``value`` without surrounding blanks, at most ``max_length`` code points, on one line unless ``lines``.

    Not normalised: NFC would replace compatibility ideographs that stand in people's names. Control, bidirectional
    and non-characters are refused, rare ideographs of every plane are not.
    """
    text = value.strip()
    if lines:
        text = text.replace("\r\n", "\n")
    if len(text) > max_length:
        return BadText.TOO_LONG
    said = text.replace("\n", "") if lines else text
    if any(char in _BIDI or unicodedata.category(char) in ("Cc", "Cs", "Zl", "Zp") for char in said):
        return BadText.FORBIDDEN
    return BadText.FORBIDDEN if any(ord(char) & 0xFFFE == 0xFFFE for char in text) else text


def well_formed(raw: bytes) -> bool:
    """Whether urlencoded ``raw`` is sound: ASCII, whole escapes, UTF-8 (so no lone surrogates), no NUL."""
    if not raw.isascii() or _BAD_ESCAPE.search(raw):
        return False
    plain = unquote_to_bytes(raw)
    if b"\0" in plain:
        return False
    try:
        plain.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _check_fields(raw: bytes, limits: Limits, longest: int | None = None) -> None:
    parts = raw.split(b"&") if raw else []
    most = longest or limits.field_bytes
    if len(parts) > limits.fields or any(len(unquote_to_bytes(part)) > most for part in parts):
        abort(413)
    # each part alone: an escape sequence may not be completed across a separator
    if not all(well_formed(part) for part in parts):
        abort(400)


def _check_path() -> None:
    raw = str(request.environ.get("PATH_INFO", "")).encode("latin-1", "replace")
    try:
        path = raw.decode("utf-8")
    except UnicodeDecodeError:
        abort(400)
    if any(unicodedata.category(char) == "Cc" for char in path):
        abort(400)


def here() -> str:
    """Path and query of this request; the path alone when the query is not sound (Werkzeug fails on raw bytes)."""
    return request.full_path if request.query_string and g.get("tb_query_sound") else request.path


def sound_parameters() -> MultiDict[str, str]:
    """The parameters of query and form as far as they were checked; in the page of a refusal, those before it."""
    if g.get("tb_body_sound"):
        return request.values
    return request.args if g.get("tb_query_sound") else MultiDict()


class _Taking(NamedTuple):
    most: Callable[[], int]
    gate: Callable[[], ResponseReturnValue | None]


def takes_file(
    *, most: Callable[[], int], gate: Callable[[], ResponseReturnValue | None]
) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """The form of a view may come with files of ``most`` bytes together, if ``gate`` lets its sender pass (None)."""

    def mark(view: Callable[P, R]) -> Callable[P, R]:
        setattr(view, _TAKES, _Taking(most, gate))
        return view

    return mark


def takes_photo(view: Callable[P, R]) -> Callable[P, R]:
    """The form of ``view`` may come with one file, from people who are signed in."""
    return takes_file(
        most=lambda: options().limits.photo_bytes, gate=lambda: None if current_session() else gate().sign_in()
    )(view)


def takes_signed(view: Callable[P, R]) -> Callable[P, R]:
    """A field of a form of ``view`` may be as long as its body: signed data with the certificates in it."""
    setattr(view, _TAKES_SIGNED, True)
    return view


def brings_photo() -> bool:
    """Whether this request is a form that may hold a file, for a view that takes one."""
    return _taking() is not None


def _taking() -> _Taking | None:
    view = current_app.view_functions.get(request.endpoint or "")
    taking: _Taking | None = getattr(view, _TAKES, None)
    return taking if request.method == "POST" and request.mimetype == WITH_FILE else None


def sent_photo(name: str) -> bytes:
    """The file of field ``name``, empty when none was chosen; two of them are no form of ours and end in 400."""
    files = request.files.getlist(name)
    if len(files) > 1:
        abort(400)
    return files[0].read() if files else b""


def _check_file_form(limits: Limits, most: int) -> None:
    """Werkzeug reads this form; the file in it is judged by who takes it, whatever its name and type say."""
    request.max_content_length = most + limits.body_bytes
    request.max_form_memory_size, request.max_form_parts = limits.body_bytes + _WINDOW, limits.fields
    for name, value in request.form.items(multi=True):
        if not name:  # Werkzeug has None for a part without one
            abort(400)
        if len(name.encode()) + len(value.encode()) > limits.field_bytes:
            abort(413)
        if "\0" in name + value or "\N{REPLACEMENT CHARACTER}" in name + value:
            abort(400)


def check_request() -> ResponseReturnValue | None:
    """Refuse this request (400, 413, 414, 415) unless its path, query and body are sound and within the caps.

    Of a form with a file not a byte is read before its sender is known.
    """
    limits = options().limits
    request.max_content_length = limits.body_bytes
    _check_path()
    if len(request.query_string) > limits.query_bytes:
        abort(414)
    _check_fields(request.query_string, limits)
    g.tb_query_sound = True
    if (taking := _taking()) is not None:
        if (refused := taking.gate()) is not None:
            return refused
        _check_file_form(limits, taking.most())
        g.tb_body_sound = True
        return None
    body = request.get_data(cache=True)
    if body and request.method in _UNSAFE:
        if request.mimetype != FORM:
            abort(415)
        view = current_app.view_functions.get(request.endpoint or "")
        _check_fields(body, limits, limits.body_bytes if getattr(view, _TAKES_SIGNED, False) else None)
    g.tb_body_sound = True
    return None


def user_agent(max_length: int = 200) -> str:
    """The User-Agent header as printable ASCII, cut to ``max_length``; for lists of sessions, never for decisions."""
    text = request.headers.get("User-Agent", "")[:max_length]
    return "".join(char if " " <= char <= "~" else "?" for char in text)


def parse_address(text: str) -> Address | None:
    """An IP address, IPv4-mapped IPv6 as IPv4; None for anything else."""
    try:
        address = ip_address(text.strip())
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address


@lru_cache(maxsize=4096)
def _trusted(address: Address, proxies: tuple[str, ...]) -> bool:
    return any(address in ip_network(proxy) for proxy in proxies)


def is_proxy(address: str, proxies: tuple[str, ...]) -> bool:
    """Whether a request straight from ``address`` comes from one of ``proxies`` (addresses or networks)."""
    peer = parse_address(address)
    return peer is not None and _trusted(peer, proxies)


def client_address() -> str:
    """The address the request comes from; X-Forwarded-For counts only as far as configured proxies vouch for it.

    Read from the right: each entry was added by the hop before, and is believed while that hop is a trusted proxy.
    ``-`` when the server knows no peer address (a Unix socket).
    """
    forwarded = request.headers.get("X-Forwarded-For", "")
    return address_from(request.remote_addr or "", forwarded, options().trusted_proxies)


def address_from(remote: str, forwarded: str, proxies: tuple[str, ...]) -> str:
    """The same of a request whose peer is ``remote`` and whose X-Forwarded-For is ``forwarded``."""
    peer = parse_address(remote)
    if peer is None:
        return "-"
    for entry in reversed(forwarded.split(",")):
        hop = parse_address(entry) if _trusted(peer, proxies) else None
        if hop is None:
            break
        peer = hop
    return str(peer)


def address_budget_key() -> str:
    """What per-address budgets count: an IPv4 address, or the /64 of an IPv6 one (a household has all of it)."""
    return budget_key(client_address())


def budget_key(text: str) -> str:
    """The same of the address ``text``."""
    address = parse_address(text)
    if isinstance(address, IPv6Address):
        return str(ip_network((address, 64), strict=False))
    return str(address or "-")


def init_limits(app: Flask) -> None:
    """Check every request before its view."""
    app.before_request(check_request)
