"""Issuers as files of a directory: for the command that judges one certificate, and for nobody's sign-in.

Always true: a file that is no sound root or intermediate is left out and told of, so that the verdict can only become
stricter by it.
"""

import base64
import binascii
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from idp.crypto.certificates import Authority, Refused, check_anchor
from idp.crypto.sm2 import Sm2Verifier
from idp.issuers.profiles import GMT_0015, BadProfile, Profile, parse_profile

CERTIFICATES = (".pem", ".crt", ".der", ".cer")
REVOCATION_LIST = ".crl"
PROFILE = "profile.toml"
MOST_FILES = 1000
MOST_BYTES = 16 * 1024 * 1024
"""Of one file: revocation lists grow to some megabytes."""


@dataclass(frozen=True, slots=True)
class Directory:
    """``notes``: which files were left out, and why."""

    authority: Authority
    profile: Profile
    notes: tuple[str, ...]

    def trusted(self) -> Sequence[tuple[Authority, Profile]]:
        return ((self.authority, self.profile),)


def read_directory(directory: Path, crls: Sequence[Path] = (), *, sm2: Sm2Verifier) -> Directory:
    """One authority of all its roots and intermediates.

    ``crls``: files besides; of two lists equally old the first counts, and these come first.
    Raises `BadProfile`, `idp.crypto.sm2.Sm2Unavailable`, ``OSError``.
    """
    anchors: list[bytes] = []
    intermediates: list[bytes] = []
    notes: list[str] = []
    files = sorted(directory.iterdir())[:MOST_FILES]
    for file, certificate in _blocks(files, CERTIFICATES, "CERTIFICATE"):
        read = check_anchor(certificate, sm2=sm2)
        if isinstance(read, Refused):
            notes.append(f"{file.name}: {read.reason.value} {read.detail}".rstrip())
        else:
            (anchors if read.issuer == read.subject else intermediates).append(read.der)
    lists = [block for file in crls for block in blocks(_bytes(file), "X509 CRL")]
    lists += [block for _, block in _blocks(files, (REVOCATION_LIST,), "X509 CRL")]
    authority = Authority(directory.name, tuple(anchors), tuple(intermediates), tuple(lists))
    return Directory(authority, _profile(directory / PROFILE), tuple(notes))


def blocks(data: bytes, label: str) -> list[bytes]:
    """DER of what is DER or base64, or of every PEM block of that ``label``; what is no base64 stays as it is."""
    begin, end = (f"-----{word} {label}-----".encode() for word in ("BEGIN", "END"))
    found = [_decoded(part.partition(end)[0]) for part in data.split(begin)[1:]]
    return found or [data if data[:1] == b"\x30" else _decoded(data)]


def _blocks(files: Sequence[Path], suffixes: tuple[str, ...], label: str) -> Iterator[tuple[Path, bytes]]:
    for file in files:
        if file.is_file() and file.suffix.lower() in suffixes:
            for block in blocks(_bytes(file), label):
                yield file, block


def _bytes(file: Path) -> bytes:
    with file.open("rb") as opened:
        return opened.read(MOST_BYTES)


def _decoded(text: bytes) -> bytes:
    try:
        return base64.b64decode(b"".join(text.split()), validate=True)
    except binascii.Error:
        return text


def _profile(file: Path) -> Profile:
    if not file.exists():
        return GMT_0015
    try:
        return parse_profile(file.read_text(encoding="utf-8"))
    except UnicodeDecodeError:
        raise BadProfile("no UTF-8") from None
