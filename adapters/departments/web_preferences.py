"""Owns what a browser's `Accept` headers ask of the kit: a page or JSON, Chinese or English (RFC 9110 12.5).

Always true: a header that says nothing, or nothing that can be read, means a page in Chinese.
"""

from __future__ import annotations

from collections.abc import Iterator


def wants_json(accept: str) -> bool:
    """True for a program that would rather have JSON than a page."""
    return _liking(accept, "application/json") > _liking(accept, "text/html")


def preferred_language(accept_language: str) -> str:
    """ "en" if the browser prefers it to Chinese, else "zh"."""
    return "en" if _tongue(accept_language, "en") > _tongue(accept_language, "zh") else "zh"


def _liking(accept: str, wanted: str) -> tuple[float, int]:
    """Quality and exactness by which a media type is asked for; the most exact range that names it counts."""
    kind = wanted.partition("/")[0]
    exactness = {wanted: 2, f"{kind}/*": 1, "*/*": 0}
    found = [(exactness[name], quality) for name, quality in _ranges(accept) if name in exactness]
    exact, quality = max(found, default=(0, 0.0))
    return (quality, exact) if quality else (0.0, 0)


def _tongue(accept_language: str, wanted: str) -> float:
    found = [quality for name, quality in _ranges(accept_language) if name.partition("-")[0] == wanted]
    return max(found, default=0.0)


def _ranges(header: str) -> Iterator[tuple[str, float]]:
    """Name in lower case without parameters, and quality from 0 to 1; one of unreadable quality is left out."""
    for part in header.lower().split(","):
        name, *parameters = (piece.strip() for piece in part.split(";"))
        quality = next((value[2:] for value in parameters if value.startswith("q=")), "1")
        try:
            yield name, min(max(float(quality), 0.0), 1.0)
        except ValueError:
            continue
