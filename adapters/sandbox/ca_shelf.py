"""Where the demo CAs keep what they made: one PEM file each, or only this process's memory.

Always true: whoever made a thing first has made it for all, also when two processes share the directory.
"""

import json
import os
import re
import secrets
from collections.abc import Callable, Mapping
from pathlib import Path
from threading import RLock

from asn1crypto import pem, x509

from adapters.sandbox.ca_certificates import Held
from adapters.sandbox.ca_keys import Kind, load_key

_REVOKED = "revoked.json"
_KEY = re.compile(r"[a-z0-9-]{1,80}")


class Shelf:
    """Safe for several threads, which wait while one makes a key. Without ``directory`` nothing outlives it."""

    def __init__(self, directory: Path | None = None) -> None:
        self._directory = directory
        self._lock = RLock()  # what makes a certificate asks for its issuer
        self._held: dict[tuple[Kind, str], Held] = {}
        self._revoked: dict[str, int] = {}

    def keep(self, kind: Kind, key: str, make: Callable[[], Held]) -> Held:
        """What is kept under ``key``, or what ``make`` makes."""
        if not _KEY.fullmatch(key):
            raise ValueError("a key is of lower-case letters, digits and hyphens")
        with self._lock:
            found = self._held.get((kind, key)) or self._read(kind, key) or self._write(kind, key, make())
            self._held[kind, key] = found
            return found

    def revoked(self) -> Mapping[str, int]:
        """Who was revoked by hand, as ``kind/key``, and when."""
        with self._lock:
            path = self._directory / _REVOKED if self._directory else None
            if path and path.is_file():
                self._revoked = json.loads(path.read_text())
            return dict(self._revoked)

    def switch(self, kind: Kind, key: str, *, revoked: bool, now: int) -> None:
        """Revoke one, or take that back."""
        with self._lock:
            switched = {name: since for name, since in self.revoked().items() if name != f"{kind}/{key}"}
            switched |= {f"{kind}/{key}": now} if revoked else {}
            self._revoked = switched
            if self._directory:
                self._directory.mkdir(parents=True, exist_ok=True)
                _replace(self._directory / _REVOKED, json.dumps(switched).encode())

    def _read(self, kind: Kind, key: str) -> Held | None:
        path = self._path(kind, key)
        if path is None or not path.is_file():
            return None
        parts = {label: data for label, _, data in pem.unarmor(path.read_bytes(), multiple=True)}
        found = x509.Certificate.load(parts["CERTIFICATE"])
        return Held(
            parts["CERTIFICATE"],
            load_key(kind, parts["PRIVATE KEY"]),
            found.subject.dump(),
            found.serial_number,
        )

    def _write(self, kind: Kind, key: str, made: Held) -> Held:
        path = self._path(kind, key)
        if path is None:
            return made
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        text = pem.armor("PRIVATE KEY", made.key.pkcs8) + pem.armor("CERTIFICATE", made.certificate)
        beside = _beside(path, text)
        try:
            os.link(beside, path)
        except FileExistsError:  # another process was first
            return self._read(kind, key) or made
        finally:
            beside.unlink()
        return made

    def _path(self, kind: Kind, key: str) -> Path | None:
        return self._directory / kind / f"{key}.pem" if self._directory else None


def _beside(path: Path, data: bytes) -> Path:
    """A file of its own with ``data``, which only its owner reads."""
    beside = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(data)
    return beside


def _replace(path: Path, data: bytes) -> None:
    _beside(path, data).replace(path)
