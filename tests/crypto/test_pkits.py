"""The NIST Public Key Interoperability Test Suite (RFC 5280 6), by the way a certificate takes at sign-in."""

import calendar
import csv
import tarfile
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

from idp.crypto.certificates import (
    Accepted,
    Algorithm,
    Authority,
    Certificate,
    PathValidator,
    Policies,
    Reason,
    Refused,
    read_certificate,
)
from idp.crypto.public_keys import algorithm_of
from idp.crypto.x509_fields import fields_of
from idp.crypto.x509_reading import certificate_of
from tests.crypto.pkits_sm2 import Twins
from tests.crypto.sm2_signing import SlowSm2

_HERE = Path(__file__).parent / "pkits"
_SM2 = SlowSm2()
_NOW = calendar.timegm((2022, 5, 1, 0, 0, 0))
_REFUSED_FIRST: dict[str, tuple[Reason, str]] = {
    "4.1.4": (Reason.ALGORITHM, "DSA"),
    "4.1.5": (Reason.ALGORITHM, "DSA"),
    "4.1.6": (Reason.MALFORMED, "its signature was spoiled so that the BIT STRING ends within a byte"),
    "4.4.15": (Reason.MALFORMED, "negative serial number"),
    "4.6.6": (Reason.IS_AUTHORITY, "an authority signs in to nothing"),
    "4.6.8": (Reason.IS_AUTHORITY, "an authority signs in to nothing"),
    "4.6.10": (Reason.IS_AUTHORITY, "an authority signs in to nothing"),
    "4.6.12": (Reason.IS_AUTHORITY, "an authority signs in to nothing"),
    "4.6.14": (Reason.IS_AUTHORITY, "an authority signs in to nothing"),
    "4.8.6": (Reason.IS_AUTHORITY, "an authority signs in to nothing"),
    "4.8.7": (Reason.IS_AUTHORITY, "an authority signs in to nothing"),
    "4.8.8": (Reason.IS_AUTHORITY, "an authority signs in to nothing"),
    "4.12.10": (Reason.IS_AUTHORITY, "an authority signs in to nothing"),
    "4.14.11": (Reason.IS_AUTHORITY, "an authority signs in to nothing"),
    "4.14.13": (Reason.IS_AUTHORITY, "an authority signs in to nothing"),
    "4.16.2": (Reason.PATH, "unknown critical extension"),
}
"""Sections whose end entity is refused before its path is looked at, and why; 7 of their cases PKITS finds valid."""


class Case(NamedTuple):
    section: str
    name: str
    certificate: str
    intermediates: str
    crls: str
    policies: str
    flags: str
    expected: str

    def authority(self, files: Mapping[str, bytes]) -> Authority:
        return Authority(
            f"{self.section} {self.name}",
            anchors=(files["TrustAnchorRootCertificate.crt"],),
            intermediates=tuple(files[f"{name}.crt"] for name in self.intermediates.split()),
            crls=tuple(files[f"{name}.crl"] for name in ("TrustAnchorRootCRL", *self.crls.split())),
        )

    @property
    def initial(self) -> Policies:
        return Policies(frozenset(self.policies.split()), **dict.fromkeys(self.flags.split(), True))

    @property
    def file(self) -> str:
        return f"{self.certificate}.crt"


def _cases() -> list[Case]:
    with (_HERE / "cases.csv").open(encoding="ascii", newline="") as lines:
        return [Case(*line) for line in list(csv.reader(lines))[1:]]


CASES = _cases()
_FIRST = [case for case in CASES if case.section in _REFUSED_FIRST]


@cache
def _archive() -> dict[str, bytes]:
    with tarfile.open(_HERE / "pkits.tar.xz") as archive:
        return {member.name: content.read() for member in archive if (content := archive.extractfile(member))}


@cache
def _twins() -> Twins:
    return Twins(_archive())


def _verdict(case: Case, certificate: Certificate, files: Mapping[str, bytes]) -> str:
    authority = case.authority(files)
    verdict = PathValidator(_SM2).validate(certificate, [authority], now=_NOW, policies=case.initial)
    return "valid" if isinstance(verdict, Accepted) else verdict.reason.name.lower()


def _id(case: Case) -> str:
    return f"{case.section} {case.name}"


def test_the_suite_is_whole() -> None:
    assert len(CASES) == 246
    assert sum(case.expected == "valid" for case in CASES) == 110
    assert {case.section.rpartition(".")[0] for case in CASES} == {f"4.{n}" for n in range(1, 17)}
    assert sum(case.expected == "valid" for case in _FIRST) == 7


@pytest.mark.parametrize("case", [case for case in CASES if case.section not in _REFUSED_FIRST], ids=_id)
def test_the_verdict_is_that_of_the_suite(case: Case) -> None:
    certificate = read_certificate(_archive()[case.file])

    assert isinstance(certificate, Certificate)
    assert _verdict(case, certificate, _archive()) == case.expected


@pytest.mark.parametrize("case", _FIRST, ids=_id)
def test_what_is_refused_before_its_path_is_looked_at(case: Case) -> None:
    refused = read_certificate(_archive()[case.file])

    assert isinstance(refused, Refused)
    assert refused.reason is _REFUSED_FIRST[case.section][0]


_PATH_ALONE = [case for case in _FIRST if _REFUSED_FIRST[case.section][0] in (Reason.IS_AUTHORITY, Reason.PATH)]


@pytest.mark.parametrize("case", _PATH_ALONE, ids=_id)
def test_the_path_alone_has_the_verdict_of_the_suite_as_well(case: Case) -> None:
    fields = fields_of(_archive()[case.file])
    algorithm = algorithm_of(fields.key)

    assert algorithm is Algorithm.RSA
    assert _verdict(case, certificate_of(fields, algorithm), _archive()) == case.expected


_TWINS_DIFFER = {
    "4.1.2": "path",  # of the original, a BIT STRING is spoiled; here it is a signature that does not hold
    "4.1.6": "path",
}
_TWINS = [case for case in CASES if case.section not in _REFUSED_FIRST or case.section.startswith("4.1.")]


def test_the_twins_are_of_every_section() -> None:
    assert len(_TWINS) > 200
    assert {case.section.rpartition(".")[0] for case in _TWINS} == {f"4.{n}" for n in range(1, 17)}


_TWINS_AT_ONCE = list({case.section.rpartition(".")[0]: case for case in reversed(_TWINS)}.values())
"""The first of each section; the rest takes as long as the suite itself."""


@pytest.mark.parametrize(
    "case",
    [pytest.param(case, marks=() if case in _TWINS_AT_ONCE else pytest.mark.exhaustive) for case in _TWINS],
    ids=_id,
)
def test_the_twin_in_sm2_has_the_same_verdict(case: Case) -> None:
    certificate = read_certificate(_twins()[case.file])

    assert isinstance(certificate, Certificate)
    assert certificate.algorithm is Algorithm.SM2
    assert _verdict(case, certificate, _twins()) == _TWINS_DIFFER.get(case.section, case.expected)
