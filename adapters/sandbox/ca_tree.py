"""The demo CAs as a directory of files, to try certificates on a command line without a sandbox.

Always true: it writes into an empty directory only, and files with private keys are for their owner alone to read.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from asn1crypto import pem

from adapters.sandbox.ca import TITLES, DemoAuthority, List, authorities
from adapters.sandbox.ca_cast import SCENES, Scene
from adapters.sandbox.ca_issuers import armored
from adapters.sandbox.ca_keys import Kind
from adapters.sandbox.ca_pkcs12 import PASSWORD, container
from adapters.sandbox.ca_shelf import Shelf
from adapters.sandbox.ca_signed_data import signed_data
from adapters.sandbox.english import ENGLISH

_DAYS = 30
"""How long the lists are good for: nobody makes new ones here."""
_CONTENT = b"tongban demo\n"
_PRIVATE, _PUBLIC = 0o600, 0o644


def is_free(directory: Path) -> bool:
    """Is nothing there, or nothing in it?"""
    return not directory.exists() or (directory.is_dir() and not any(directory.iterdir()))


def write_tree(
    directory: Path, *, kinds: Sequence[Kind] = tuple(Kind), now: int, progress: Callable[[str], None]
) -> list[Path]:
    """Everything, for each of ``kinds``; returns the files, in order. Raises ``FileExistsError`` unless `is_free`."""
    if not is_free(directory):
        raise FileExistsError(f"{directory} is not empty")
    demo = authorities(Shelf(), {scene.key: scene for scene in SCENES})
    written = []
    for authority in (demo[kind] for kind in kinds):
        progress(f"{TITLES[authority.kind]}: keys and certificates")
        for name, content in _files(authority, now):
            written.append(_write(directory / name, content))
    written.append(_write(directory / "people" / "content.txt", _CONTENT))
    written.append(_write(directory / "README.txt", readme().encode()))
    return written


def _files(authority: DemoAuthority, now: int) -> Iterator[tuple[str, bytes]]:
    kind = authority.kind
    yield f"issuers/{kind}-root.pem", armored(authority.root(now=now).certificate).encode()
    yield f"issuers/{kind}-issuing.pem", armored(authority.issuing(now=now).certificate).encode()
    yield f"issuers/{kind}.crl", _armored_list(authority.revocation_list(now=now, days=_DAYS))
    yield f"issuers/{kind}-root.crl", _armored_list(authority.root_list(now=now, days=_DAYS))
    for which in (List.STALE, List.FORGED, List.EARLIER):
        yield f"lists/{kind}-{which}.crl", _armored_list(authority.revocation_list(which, now=now, days=_DAYS))
    for scene in SCENES:
        if scene.is_of(kind):
            yield from _of_scene(authority, scene, now)


def _of_scene(authority: DemoAuthority, scene: Scene, now: int) -> Iterator[tuple[str, bytes]]:
    issued, stem = authority.certificate(scene, now=now), f"people/{authority.kind}-{scene.key}"
    yield f"{stem}.pem", armored(issued.held.certificate).encode()
    yield f"{stem}.p12", container(issued, label=scene.holder.shown)
    if scene.key == "person":
        yield f"{stem}.p7s", signed_data(issued, _CONTENT, now=now)


def _armored_list(crl: bytes) -> bytes:
    text: bytes = pem.armor("X509 CRL", crl)
    return text


def _write(path: Path, content: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    mode = _PRIVATE if path.suffix == ".p12" else _PUBLIC
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
        file.write(content)
    return path


def readme() -> str:
    """What is what, and the commands to try."""
    rows = "\n".join(f"  {scene.key:20} {ENGLISH[scene.what]} - {ENGLISH[scene.then]}" for scene in SCENES)
    return _README.format(rows=rows, password=PASSWORD, days=_DAYS)


_README = """Demo CAs. Nobody should ever trust them: their keys are anybody's.

issuers/  <kind>-root.pem, <kind>-issuing.pem  the chain
          <kind>.crl, <kind>-root.crl          revocation lists, good for {days} days
lists/    <kind>-stale.crl    ran out a day ago
          <kind>-forged.crl   signed by another key
          <kind>-earlier.crl  an hour older than issuers/<kind>.crl, with nobody on it
people/   <kind>-<case>.pem   the certificate
          <kind>-<case>.p12   with its private key and the chain; password: {password}
          <kind>-person.p7s   SignedData over content.txt

<kind> is sm2, rsa or p256. The cases, and what becomes of them:

{rows}

To try:

  idp ca verify people/sm2-person.pem --issuers issuers
  idp ca verify people/sm2-revoked.pem --issuers issuers
  idp ca verify people/sm2-person.pem --issuers issuers --signed people/sm2-person.p7s --content people/content.txt
  openssl pkcs12 -in people/rsa-person.p12 -info -passin pass:{password} -nokeys
"""
