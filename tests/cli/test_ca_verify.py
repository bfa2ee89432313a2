"""``idp ca verify``: one JSON object and a status, whatever is given."""

import base64
import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from cryptography.hazmat.primitives.serialization import Encoding

from idp.cli import cli
from idp.cli.context import Context
from tests.crypto.signing import CONTENT, signed_data
from tests.issuers.chain import CODE, DAY, EXPLICIT, NOW, NUMBER, ORGANISATION, Chain, encoded, printable, serial_of

CHAIN = Chain()
HOLDER = CHAIN.holder()
TEXT = b"tongban-text\n1\nmandate.grant\nhttps://id.example.gov.cn\nmandate:1\n\nbody\n"
Verify = Callable[..., tuple[int, dict[str, Any]]]


def pem(label: str, data: bytes) -> bytes:
    return f"-----BEGIN {label}-----\n".encode() + base64.encodebytes(data) + f"-----END {label}-----\n".encode()


@pytest.fixture
def issuers(tmp_path: Path) -> Path:
    directory = tmp_path / "issuers"
    directory.mkdir()
    (directory / "root.pem").write_bytes(CHAIN.root.public_bytes(Encoding.PEM))
    (directory / "issuing.cer").write_bytes(CHAIN.issuing.public_bytes(Encoding.DER))
    (directory / "issuing.crl").write_bytes(CHAIN.crl())
    (directory / "root.crl").write_bytes(pem("X509 CRL", CHAIN.crl(by_root=True)))
    (directory / "readme.txt").write_text("nothing to see")
    return directory


@pytest.fixture
def verify(tmp_path: Path, issuers: Path, monkeypatch: pytest.MonkeyPatch) -> Verify:
    """Runs the command over files made of what is given, at `NOW`, without settings."""
    monkeypatch.chdir(tmp_path)

    def run(
        certificate: bytes = HOLDER.certificate,
        *options: str,
        signed: bytes | None = None,
        content: bytes | None = None,
        at: str = str(NOW),
        directory: bool = True,
    ) -> tuple[int, dict[str, Any]]:
        arguments = ["ca", "verify", "certificate", "--at", at, *options]
        arguments += ["--issuers", str(issuers)] if directory else []
        for name, data in (("certificate", certificate), ("signed", signed), ("content", content)):
            if data is not None:
                Path(name).write_bytes(data)
                arguments += [f"--{name}", name] if name != "certificate" else []
        result = CliRunner().invoke(cli, arguments)
        assert result.exception is None or isinstance(result.exception, SystemExit)
        return result.exit_code, json.loads(result.stdout) if result.exit_code < 2 else {"told": result.output}

    return run


def test_a_certificate_and_what_it_names(verify: Verify) -> None:
    status, told = verify()
    assert status == 0
    assert told["accepted"] is True
    assert told["reason"] is None
    assert told["identity"] == {"person": NUMBER, "entity": None, "name": "欧阳清岚"}
    assert told["authority"] == "issuers"
    assert told["serial"] == f"{serial_of(HOLDER):x}"
    assert told["issuer"] == "CN=Test CA"
    assert told["algorithm"] == "p-256"
    assert told["at"] == NOW
    assert told["notes"] == []


@pytest.mark.parametrize("form", ["pem", "base64"])
def test_it_may_be_pem_or_base64(verify: Verify, form: str) -> None:
    data = HOLDER.certificate
    assert verify(pem("CERTIFICATE", data) if form == "pem" else base64.encodebytes(data))[0] == 0


def test_the_first_of_several_counts(verify: Verify) -> None:
    both = pem("CERTIFICATE", HOLDER.certificate) + CHAIN.issuing.public_bytes(Encoding.PEM)
    status, told = verify(both)
    assert status == 0
    assert told["notes"] == ["further certificates in the file were ignored"]
    assert verify(CHAIN.issuing.public_bytes(Encoding.PEM) + both)[1]["reason"] == "certificate_is_authority"


@pytest.mark.parametrize("at", [datetime.fromtimestamp(NOW, UTC).isoformat(), "2026-11-26T16:00:00+08:00",
                                "2026-11-26T08:00:00", "2026-11-26T08:00:00Z"])  # fmt: skip
def test_the_time_may_be_iso_8601(verify: Verify, at: str) -> None:
    status, told = verify(at=at)
    assert (status, told["at"]) == (0, NOW)


@pytest.mark.parametrize("at", ["yesterday", "-1", "9" * 30, "2026-13-01"])
def test_another_time_is_a_wrong_call(verify: Verify, at: str) -> None:
    status, told = verify(at=at)
    assert status == 2
    assert "ISO 8601" in told["told"]


@pytest.mark.parametrize(
    ("certificate", "reason"),
    [
        (CHAIN.holder(days=(-100, -1)).certificate, "certificate_expired"),
        (CHAIN.holder(days=(1, 100)).certificate, "certificate_not_yet_valid"),
        (CHAIN.holder(signs=False).certificate, "certificate_not_for_signing"),
        (CHAIN.holder({}).certificate, "certificate_no_identity"),
        (Chain(title="Foreign").holder().certificate, "certificate_unknown_issuer"),
        (CHAIN.root.public_bytes(Encoding.DER), "certificate_is_authority"),
        (b"", "certificate_malformed"),
        (b"nothing", "certificate_malformed"),
        (b"\x30\x80", "certificate_malformed"),
        (b"-----BEGIN CERTIFICATE-----\n", "certificate_malformed"),
        (HOLDER.certificate + b"\0", "certificate_malformed"),
        (b"\x30" * 100_000, "certificate_too_large"),
        (bytes(range(256)) * 10, "certificate_malformed"),
    ],
)
def test_what_is_refused_says_why(verify: Verify, certificate: bytes, reason: str) -> None:
    status, told = verify(certificate)
    assert (status, told["accepted"], told["reason"]) == (1, False, reason)
    assert told["identity"] is None


def test_a_list_given_beside_the_directory_revokes(verify: Verify, tmp_path: Path) -> None:
    (tmp_path / "new.crl").write_bytes(CHAIN.crl(serial_of(HOLDER)))
    status, told = verify(HOLDER.certificate, "--crl", "new.crl")
    assert (status, told["reason"]) == (1, "certificate_revoked")


def test_without_a_list_that_is_valid_then_nothing_is_accepted(verify: Verify, issuers: Path) -> None:
    assert verify(at=str(NOW + 20 * DAY))[1]["reason"] == "certificate_revocation_unknown"
    (issuers / "issuing.crl").write_bytes(b"no list")
    assert verify()[1]["reason"] == "certificate_revocation_unknown"


def test_a_file_that_is_no_issuer_is_left_out_and_told_of(verify: Verify, issuers: Path) -> None:
    (issuers / "broken.pem").write_bytes(b"nothing")
    (issuers / "leaf.der").write_bytes(HOLDER.certificate)
    status, told = verify()
    assert status == 0
    assert [note.split(":")[0] for note in told["notes"]] == ["broken.pem", "leaf.der"]


def test_a_profile_beside_the_issuers(verify: Verify, issuers: Path) -> None:
    source = f'[[source]]\nkind = "entity"\nextension = "{ORGANISATION}"'
    (issuers / "profile.toml").write_text(f'name = "x"\nkey_protection = "pin"\n{source}', encoding="utf-8")
    assert verify()[1]["reason"] == "certificate_no_identity"
    status, told = verify(CHAIN.holder({ORGANISATION: encoded(EXPLICIT, printable(CODE))}).certificate)
    assert status == 0
    assert (told["identity"]["entity"], told["key_protection"]) == (CODE, "pin")
    (issuers / "profile.toml").write_text("name = 1", encoding="utf-8")
    status, told = verify()
    assert status == 2
    assert "profile.toml" in told["told"]


@pytest.mark.parametrize(
    "signed",
    [
        signed_data(HOLDER),
        signed_data(HOLDER, attached=None),
        signed_data(HOLDER, certificates=[]),
        pem("CMS", signed_data(HOLDER)),
        base64.encodebytes(signed_data(HOLDER)),
        HOLDER.sign(CONTENT),
        base64.b64encode(HOLDER.sign(CONTENT)),
    ],
    ids=["attached", "detached", "no certificates", "PEM", "base64", "bare", "bare in base64"],
)
def test_what_was_signed_with_it(verify: Verify, signed: bytes) -> None:
    status, told = verify(signed=signed, content=CONTENT)
    assert (status, told["accepted"], told["notes"]) == (0, True, [])
    status, told = verify(signed=signed, content=CONTENT + b"x")
    assert status == 1
    assert told["reason"] in ("answer_content", "answer_signature")


def test_signed_by_another_certificate_than_the_one_in_doubt(verify: Verify) -> None:
    other = CHAIN.holder()
    assert verify(signed=signed_data(other), content=CONTENT)[1]["reason"] == "answer_signers"
    assert verify(signed=other.sign(CONTENT), content=CONTENT)[1]["reason"] == "answer_signature"


def test_a_signature_for_one_purpose_is_none_for_another(verify: Verify) -> None:
    text = signed_data(HOLDER, attached=TEXT, digest_of=TEXT)
    status, told = verify(signed=text, content=TEXT)
    assert (status, told["reason"]) == (1, "answer_content")
    assert verify(HOLDER.certificate, "--purpose", "text", signed=text, content=TEXT)[0] == 0
    assert verify(HOLDER.certificate, "--purpose", "text", signed=signed_data(HOLDER), content=CONTENT)[0] == 1
    assert verify(HOLDER.certificate, "--purpose", "binding", signed=signed_data(HOLDER), content=CONTENT)[0] == 1


def test_a_content_of_no_purpose_is_judged_and_told_of(verify: Verify) -> None:
    status, told = verify(signed=signed_data(HOLDER, attached=b"hello", digest_of=b"hello"), content=b"hello")
    assert status == 0
    assert len(told["notes"]) == 1


@pytest.mark.parametrize("signed", [b"", b"x", b"\x30", b"\x30\x80\x00\x00", b"-----BEGIN CMS-----\n", b"\xff" * 300])
def test_what_is_no_signature_is_refused(verify: Verify, signed: bytes) -> None:
    status, told = verify(signed=signed, content=CONTENT)
    assert status == 1
    assert told["reason"] in ("answer_malformed", "answer_signature")


def test_wrong_calls(verify: Verify, tmp_path: Path) -> None:
    assert verify(signed=b"x")[0] == 2
    assert verify(content=b"x")[0] == 2
    assert verify(HOLDER.certificate, "--purpose", "everything")[0] == 2
    assert verify(HOLDER.certificate, "--crl", "nowhere.crl")[0] == 2
    missing = CliRunner().invoke(cli, ["ca", "verify", "nowhere", "--issuers", str(tmp_path)], obj=Context(None))
    assert missing.exit_code == 2


def test_a_directory_without_issuers_knows_nobody(tmp_path: Path) -> None:
    (tmp_path / "leaf").write_bytes(HOLDER.certificate)
    (tmp_path / "none").mkdir()
    arguments = ["ca", "verify", str(tmp_path / "leaf"), "--issuers", str(tmp_path / "none"), "--at", str(NOW)]
    result = CliRunner().invoke(cli, arguments)
    assert result.exit_code == 1
    assert json.loads(result.stdout)["reason"] == "certificate_unknown_issuer"
