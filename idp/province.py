"""Province profiles: files of settings that stand under the installation's own.

Always true: what the installation sets itself wins, and a profile holds settings only, so a key that is none stops
the start as it does in the main file.
"""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

DIRECTORY = Path("config/provinces")


def profile_path(name: str) -> Path:
    """``name`` is one of `DIRECTORY`, or the path of a file (it has a slash or an ending then)."""
    return DIRECTORY / f"{name}.toml" if name.isalnum() else Path(name)


def read_profile(name: str) -> dict[str, Any]:
    """What the profile sets. Raises ``ValueError`` when there is none, or it is no TOML."""
    path = profile_path(name)
    try:
        text = path.read_text("utf-8")
    except OSError as error:
        raise ValueError(f"province: {path} cannot be read ({error.strerror})") from error
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ValueError(f"province: {path}: {error}") from error


def under(profile: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """``own`` with what ``profile`` sets besides, section by section."""
    merged = dict(profile)
    for name, value in own.items():
        below = merged.get(name)
        if isinstance(below, Mapping) and isinstance(value, Mapping):
            merged[name] = under(below, value)
        else:
            merged[name] = value
    return merged
