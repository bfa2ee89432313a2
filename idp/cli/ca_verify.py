"""``idp ca verify``: the verdict of a sign-in on one certificate, and on what was signed with it, as JSON.

Always true: it ends with 0 when accepted, 1 when refused or when what was given makes no sense, 2 when it was called
wrongly; it prints one JSON object for the first two.
"""

import json
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import click

from idp.cli.context import Context
from idp.crypto import der
from idp.crypto.certificates import Certificate, PathValidator, Reason, Refused, read_certificate
from idp.crypto.signed_data import Answer
from idp.crypto.sm2 import PureSm2
from idp.issuers.directory import blocks, read_directory
from idp.issuers.profiles import BadProfile
from idp.issuers.purposes import Purpose, is_for
from idp.issuers.verifying import CertificateVerifier, Verified, Verifier

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_MOST_BYTES = 1024 * 1024


def _seconds(_: click.Context, __: click.Parameter, value: str | None) -> int:
    """Unix seconds or ISO 8601, where a time without zone is UTC."""
    if value is None:
        return int(time.time())
    try:
        found = datetime.fromtimestamp(int(value), UTC) if value.isdecimal() else datetime.fromisoformat(value)
    except (ValueError, OverflowError, OSError):
        raise click.BadParameter("neither ISO 8601 nor Unix seconds") from None
    return int((found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp())


class _Asked(NamedTuple):
    """``signed``: None when only the certificate is to be judged."""

    certificate: bytes
    signed: bytes | None
    content: bytes
    purpose: Purpose
    now: int


@click.command()
@click.argument("cert", type=_FILE)
@click.option("--issuers", type=click.Path(exists=True, file_okay=False, path_type=Path), metavar="DIR",
              help="Roots, intermediates (*.pem *.crt *.der *.cer), *.crl and profile.toml, instead of the administered issuers.")  # fmt: skip # noqa: E501
@click.option("--crl", "crls", type=_FILE, multiple=True, help="A revocation list besides; with --issuers.")
@click.option("--at", callback=_seconds, help="ISO 8601 or Unix seconds instead of now.")
@click.option("--purpose", type=click.Choice([one.value for one in Purpose]), default=Purpose.SIGN_IN.value)
@click.option("--signed", type=_FILE, help="SignedData, or a bare signature of CERT's key.")
@click.option("--content", type=_FILE, help="What was to be signed.")
@click.pass_obj
def verify(
    context: Context,
    cert: Path,
    issuers: Path | None,
    crls: tuple[Path, ...],
    at: int,
    purpose: str,
    signed: Path | None,
    content: Path | None,
) -> None:
    """Judge the certificate CERT (PEM, DER or base64) as a sign-in would."""
    if (signed is None) != (content is None):
        raise click.UsageError("--signed and --content belong together")
    if crls and issuers is None:
        raise click.UsageError("--crl goes with --issuers")
    given = blocks(_read(cert), "CERTIFICATE")
    notes = ["further certificates in the file were ignored"] if len(given) > 1 else []
    asked = _Asked(
        given[0],
        _read(signed) if signed else None,
        _read(content) if content else b"",
        Purpose(purpose),
        at,
    )
    verifier = _administered(context) if issuers is None else _of_directory(issuers, crls, notes)
    verdict = _verdict(verifier, asked, notes)
    click.echo(json.dumps(_told(verdict, asked, notes), ensure_ascii=False))
    raise SystemExit(0 if isinstance(verdict, Verified) else 1)


def _verdict(verifier: Verifier, asked: _Asked, notes: list[str]) -> Verified | Refused:
    if asked.signed is None:
        return verifier.certificate(asked.certificate, now=asked.now)
    read = read_certificate(asked.certificate)
    if isinstance(read, Refused):
        return read
    fits = is_for(asked.content, asked.purpose)
    if fits is None:
        notes.append("the content is no challenge or text of this provider: its purpose was not judged")
    elif not fits:
        return Refused(Reason.ANSWER_CONTENT, f"made for something else than {asked.purpose.value}")
    verdict = verifier.answer(_answer(asked.signed, read), content=asked.content, now=asked.now)
    if isinstance(verdict, Verified) and verdict.certificate.fingerprint != read.fingerprint:
        return Refused(Reason.ANSWER_SIGNERS, "signed by another certificate")
    return verdict


def _answer(signed: bytes, certificate: Certificate) -> Answer:
    """SignedData begins with an object identifier; a signature that is DER with a number."""
    bare = signed if signed[:1] == b"\x30" else blocks(signed, "CMS")[0]
    try:
        is_bare = signed[:5] != b"-----" and der.only(bare, der.SEQUENCE).parts.peek() != der.OID
    except der.Malformed:
        is_bare = signed[:5] != b"-----" and bare[:1] != b"\x30"
    if is_bare:
        return Answer(signature=bare, certificate=certificate.der)
    return Answer(signed_data=signed, certificate=certificate.der)


def _of_directory(directory: Path, crls: tuple[Path, ...], notes: list[str]) -> Verifier:
    """Needs no settings."""
    sm2 = PureSm2()
    try:
        found = read_directory(directory, crls, sm2=sm2)
    except BadProfile as error:
        raise click.UsageError(f"{directory.name}/profile.toml: {error}") from None
    notes.extend(found.notes)
    return CertificateVerifier(found.trusted, sm2=sm2, paths=PathValidator(sm2))


def _administered(context: Context) -> Verifier:
    from idp.app import provider_of

    return provider_of(context.app).verifier


def _read(file: Path) -> bytes:
    with file.open("rb") as opened:
        return opened.read(_MOST_BYTES)


def _told(verdict: Verified | Refused, asked: _Asked, notes: list[str]) -> dict[str, Any]:
    """What is printed. ``identity`` is in clear: whoever calls this has the certificate."""
    read = read_certificate(asked.certificate)
    told: dict[str, Any] = {"accepted": False, "reason": None, "detail": "", "identity": None, "authority": None}
    if isinstance(verdict, Verified):
        told |= {"accepted": True, "authority": verdict.issuer, "key_protection": verdict.key_protection.value}
        told["identity"] = {
            "person": verdict.named.person.value if verdict.named.person else None,
            "entity": verdict.named.entity.value if verdict.named.entity else None,
            "name": verdict.named.name,
        }
    else:
        told |= {"reason": verdict.reason.value, "detail": verdict.detail}
    return told | (_facts(read) if isinstance(read, Certificate) else {}) | {"at": asked.now, "notes": notes}


def _facts(read: Certificate) -> dict[str, Any]:
    return {
        "issuer": read.issuer,
        "serial": read.serial,
        "subject": read.subject,
        "not_before": read.not_before,
        "not_after": read.not_after,
        "algorithm": read.algorithm.value,
        "fingerprint": read.fingerprint,
    }
