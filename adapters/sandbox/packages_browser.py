"""Chromium for the tests, with the fonts Chinese pages need.

Always true: the browser is Debian's, driven by Playwright with the pinned Node.js; none is downloaded by Playwright.
"""

import os
import shutil
from pathlib import Path

from adapters.sandbox import packages, packages_node


def chromium_path() -> Path:
    """Find Chromium for Playwright's `executable_path`; call it before Playwright is started in this process.

    It points Playwright's driver at the pinned Node.js, because the bundled one needs a library bare machines
    lack. An unpacked browser is started by a script that sets its libraries and fonts.
    """
    os.environ.setdefault("PLAYWRIGHT_NODEJS_PATH", str(packages_node.node().path))
    system = shutil.which("chromium")
    if system and not packages.UNPACKED.exists():
        return Path(system)
    found = packages.find("chromium").path
    unpacked = packages.UNPACKED / "usr/lib/chromium/chromium"  # Debian's own starter script knows only /usr/lib
    return _starter(unpacked if found.is_relative_to(packages.UNPACKED) else found)


def _starter(binary: Path) -> Path:
    settings = {**packages.environment(), "FONTCONFIG_FILE": str(_font_settings())}
    lines = [f"export {name}='{value}'" for name, value in settings.items()]
    script = packages.CACHE / "packages" / "chromium"
    _replace(script, "\n".join(["#!/bin/sh", *lines, f"exec '{binary}' \"$@\"", ""]), mode=0o755)
    return script


def _font_settings() -> Path:
    path = packages.CACHE / "packages" / "fonts.conf"
    lines = [
        '<?xml version="1.0"?>',
        "<fontconfig>",
        '  <include ignore_missing="yes">/etc/fonts/fonts.conf</include>',
        "  <dir>/usr/share/fonts</dir>",
        f"  <dir>{packages.UNPACKED / 'usr/share/fonts'}</dir>",
        f"  <cachedir>{packages.CACHE / 'packages' / 'fontconfig'}</cachedir>",
        "</fontconfig>",
        "",
    ]
    _replace(path, "\n".join(lines))
    return path


def _replace(path: Path, text: str, *, mode: int = 0o644) -> None:
    """Write a file so that a reader in another process sees the old or the new one, never half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    unfinished.write_text(text)
    unfinished.chmod(mode)
    unfinished.rename(path)
