"""Certificate revocation lists (RFC 5280 5): read strictly, searched quickly, shown to path validation in extract."""

import base64
import gc
import tracemalloc
from itertools import pairwise

import pytest
from asn1crypto import core, crl
from hypothesis import given
from hypothesis import strategies as st

from idp.crypto import crls, der
from idp.crypto.certificates import (
    Accepted,
    Authority,
    Crl,
    PathValidator,
    Reason,
    Refused,
    read_certificate,
    read_crl,
)
from idp.crypto.certificates import verify_crl as verify
from tests.crypto.building import (
    DAY,
    NOW,
    Revoked,
    basic,
    crl_of,
    name_of,
    p256_key,
    root,
    rsa_key,
    scope,
    sm2_key,
    usage,
)
from tests.crypto.sm2_signing import SlowSm2

_SM2 = SlowSm2()
_ISSUER = root("issuer", sm2_key("issuer"))


def _read(data: bytes) -> Crl:
    read = read_crl(data)
    assert isinstance(read, Crl)
    return read


def _integer(number: int) -> bytes:
    return core.Integer(number).dump()


def _many(entries: int) -> bytes:
    """Entries as they stand in lists of large issuers: a serial number of 16 bytes, and a reason."""
    end = bytes.fromhex("170d3236303630313030303030305a300c300a0603551d1504030a0101")
    return b"".join(
        b"\x30" + bytes((18 + len(end),)) + b"\x02\x10\x5a" + n.to_bytes(15) + end for n in range(0, 7 * entries, 7)
    )


def test_what_is_read_is_what_stands_there() -> None:
    data = _ISSUER.crl(Revoked(1), Revoked(2), number=7)
    text = base64.encodebytes(data)
    pem = b"-----BEGIN X509 CRL-----\n" + text + b"-----END X509 CRL-----\n"

    for form in (data, text, pem):
        read = _read(form)
        assert (read.der, read.issuer) == (data, "CN=issuer,O=示例,C=CN")
        assert (read.this_update, read.next_update) == (NOW - DAY, NOW + 6 * DAY)
        assert (read.entries, read.number, read.base) == (2, 7, None)
    assert _read(_ISSUER.crl()).entries == 0
    assert _read(_ISSUER.crl(base=3)).base == 3


@pytest.mark.parametrize(
    "spoil",
    [
        lambda data: data[:0],
        lambda data: data[:1],
        lambda data: data + b"\0",
        lambda data: data[:-1],
        lambda data: b"\x30\x80" + data[3:] + b"\0\0",
        lambda data: data.replace(b"\x06\x03\x55\x1d\x14", b"\x06\x03\x55\x1d\x9d"),
        lambda data: data.replace(bytes.fromhex("82000a"), bytes.fromhex("82000b")) + b"x",
        lambda data: b"-----BEGIN X509 CRL-----\n!" + data + b"\n-----END X509 CRL-----",
        lambda data: data.replace(b"\x02\x01\x010", b"\x02\x01\x020"),
    ],
    ids=range(9),
)
def test_what_is_no_list_is_malformed(spoil) -> None:
    refused = read_crl(spoil(_ISSUER.crl(Revoked(1))))

    assert isinstance(refused, Refused)
    assert refused.reason is Reason.MALFORMED


def test_a_list_without_a_next_update_is_refused() -> None:
    tbs = der.only(_ISSUER.crl(), der.SEQUENCE).parts.take().parts
    members = [part.whole for part in tbs.all(most=9)]
    without = der.encoded(der.SEQUENCE, *members[:4], *members[5:])
    rest = der.only(_ISSUER.crl(), der.SEQUENCE).parts.all(most=3)[1:]

    assert isinstance(read_crl(der.encoded(der.SEQUENCE, without, *(part.whole for part in rest))), Refused)
    assert isinstance(read_crl(_ISSUER.crl(days=(1, 0))), Refused)


def test_entries_that_reach_beyond_what_is_signed_are_refused() -> None:
    whole = _ISSUER.crl(Revoked(1), number=5)
    entry = Revoked(1).dump()
    at = whole.index(entry) - 1
    reaching = whole[:at] + bytes((whole[at] + 120,)) + whole[at + 1 :]

    assert isinstance(read_crl(whole), Crl)
    assert isinstance(read_crl(reaching), Refused)


@pytest.mark.parametrize(
    "spoiled",
    [
        _ISSUER.crl(more=b"\x30\x00" * 1_000),
        _ISSUER.crl(extensions=[("1.2.3", False, b"\x05\x00" * 40_000)]),
        crl_of(name_of("a" * 70_000), sm2_key("a")),
        _ISSUER.crl() + bytes(70_000),
    ],
    ids=["entries", "extensions", "name", "behind"],
)
def test_a_list_that_is_long_where_there_are_no_entries_is_refused_unread(spoiled: bytes, monkeypatch) -> None:
    steps = []
    header = der._header
    monkeypatch.setattr(der, "_header", lambda data, start: steps.append(start) or header(data, start))

    assert isinstance(read_crl(spoiled), Refused)
    assert len(steps) < 100


def test_a_list_that_is_too_large_is_not_read() -> None:
    assert read_crl(b"\x30" * (crls.MOST_CRL_BYTES + 1)) == Refused(Reason.TOO_LARGE, "crl")


@pytest.mark.parametrize("key", [sm2_key("a"), p256_key("a"), rsa_key("a")], ids=["sm2", "p-256", "rsa"])
def test_a_list_is_signed_by_who_issued_it(key) -> None:
    issuer = root("a", key)
    read = _read(issuer.crl(Revoked(1)))
    unable = root("a", key, (basic(), usage("key_cert_sign")))

    assert verify(read, issuer.der, sm2=_SM2)
    assert not verify(read, unable.der, sm2=_SM2)
    assert not verify(read, root("b", key).der, sm2=_SM2)
    assert not verify(read, root("a", sm2_key("c")).der, sm2=_SM2)
    assert not verify(read, b"no certificate", sm2=_SM2)
    spoiled = read.der[:-1] + bytes((read.der[-1] ^ 1,))
    assert not verify(_read(spoiled), issuer.der, sm2=_SM2)
    entry = b"\x02\x01\x01\x17"  # the version comes before another tag
    assert not verify(_read(read.der.replace(entry, b"\x02\x01\x03\x17")), issuer.der, sm2=_SM2)


_NAMES = [None, name_of("a"), name_of("b"), name_of("issuer")]
_ENTRIES = st.lists(
    st.builds(
        Revoked,
        st.integers(-1, 300),
        st.sampled_from([None, "key_compromise", "remove_from_crl"]),
        st.sampled_from(_NAMES),
    ),
    max_size=12,
)


@given(_ENTRIES, st.integers(-1, 300), st.booleans())
def test_an_extract_says_of_a_serial_number_what_the_list_says(
    entries: list[Revoked], serial: int, freshest: bool
) -> None:
    whole = _read(_ISSUER.crl(*entries, freshest=not freshest, extensions=[scope(indirect=True)]))
    tbs, extract = whole.extract(_integer(serial), until=NOW, freshest=freshest)
    shown = crl.CertificateList.load(extract, strict=True)

    assert shown["tbs_cert_list"].dump() == tbs
    assert _said(shown, serial) == _said(crl.CertificateList.load(whole.der), serial)
    assert shown["tbs_cert_list"]["next_update"].native.timestamp() == NOW
    assert (shown.freshest_crl_value is not None) is freshest
    assert shown.crl_number_value.native == 5
    assert shown.issuing_distribution_point_value["indirect_crl"].native is True


def _said(held: crl.CertificateList, serial: int) -> list[tuple[str, str | None]]:
    found, issuer = [], "the list's own"
    for entry in held["tbs_cert_list"]["revoked_certificates"] or ():
        issuer = entry.issuer_name.hashable if entry.issuer_name else issuer
        if entry["user_certificate"].native == serial:
            reason = entry.crl_reason_value
            found.append((issuer, reason.native if reason else None))
    return found


@given(st.binary(max_size=40), st.integers(0, 400), st.booleans())
def test_whatever_stands_in_a_list_reading_it_ends_in_a_value(noise: bytes, at: int, instead: bool) -> None:
    data = _ISSUER.crl(Revoked(1), Revoked(2, issuer=name_of("a")))
    spoiled = data[:at] + noise + data[at + len(noise) * instead :]
    read = read_crl(spoiled)

    assert isinstance(read, Crl | Refused)
    if isinstance(read, Crl):
        read.extract(_integer(1), until=NOW, freshest=False)


def test_numbers_that_occur_within_other_entries_are_not_found_there() -> None:
    hidden = crl_of(
        name_of("issuer"), sm2_key("issuer"), Revoked(int.from_bytes(b"\x01\x02\x02\x04\xd2"), "superseded")
    )

    assert _read(hidden).extract(_integer(1234), until=NOW, freshest=False)[1].count(b"\x04\xd2") == 0


def test_a_list_of_two_hundred_thousand_is_kept_as_its_bytes_and_asked_by_a_search() -> None:
    issuer, entries = root("large", p256_key("large")), _many(200_000)
    leaf = issuer.issue("leaf")
    revoked = issuer.issue("revoked", serial=int.from_bytes(b"\x5a" + (7 * 150_000).to_bytes(15)))
    data = issuer.crl(more=entries)
    del entries
    gc.collect()
    tracemalloc.start()
    validator, authority = PathValidator(_SM2), Authority("a", (issuer.der,), (), (data,))
    validator.prepare(authority)
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert _read(data).entries == 200_000
    assert held < 2_000_000  # not even the bytes of the list once more
    certificate = read_certificate(leaf.der)
    accepted = validator.validate(certificate, [authority], now=NOW)
    assert isinstance(accepted, Accepted)
    assert accepted.revocation == (data,)
    refused = validator.validate(read_certificate(revoked.der), [authority], now=NOW)
    assert refused == Refused(Reason.REVOKED, "end entity: RevokedError")


def test_an_extract_of_a_long_list_is_short() -> None:
    held = _read(_ISSUER.crl(more=_many(2_000)))
    starts = list(held._starts)

    assert {end - start for start, end in pairwise(starts)} == {49}
    assert len(held.extract(_integer(5), until=NOW, freshest=False)[1]) < 300
    assert len(held.extract(b"\x02\x10\x5a" + (70).to_bytes(15), until=NOW, freshest=False)[1]) < 350
