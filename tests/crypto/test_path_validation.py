"""Whether an administered issuer stands behind a certificate, for each kind of key (RFC 5280 6, RFC 6960)."""

import sys
from dataclasses import dataclass, replace
from subprocess import run
from threading import Thread

import pytest

from idp.crypto import authority_material, crls, path_validation, pkix, pkix_revocation
from idp.crypto.certificates import (
    Accepted,
    Authority,
    Certificate,
    PathValidator,
    Policies,
    Reason,
    Refused,
    read_certificate,
)
from idp.crypto.sm2 import Sm2Unavailable
from tests.crypto.building import (
    DAY,
    NOW,
    OF_AUTHORITIES,
    SIGNING,
    Extension,
    Made,
    Revoked,
    answers_at,
    basic,
    name_of,
    ocsp_of,
    p256_key,
    points,
    purposes,
    root,
    rsa_key,
    scope,
    sm2_key,
    usage,
)
from tests.crypto.sm2_signing import SlowSm2

_NO_CHECK: Extension = ("1.3.6.1.5.5.7.48.1.5", False, b"\x05\x00")
_POLICY = "1.3.6.1.4.1.99999.1.1"


@dataclass(frozen=True)
class Chain:
    root: Made
    ca: Made
    leaf: Made

    def authority(self, *crls: bytes, **changed) -> Authority:
        given = Authority("one", (self.root.der,), (self.ca.der,), crls or (self.root.crl(), self.ca.crl()))
        return replace(given, **changed)


@pytest.fixture(scope="module", params=[sm2_key, p256_key, rsa_key], ids=["sm2", "p-256", "rsa"])
def chain(request: pytest.FixtureRequest) -> Chain:
    """No pointer to revocation data stands in its certificates."""
    top = root("root", request.param("root"))
    between = top.authority("ca")
    return Chain(top, between, between.issue("leaf"))


def _read(made: Made) -> Certificate:
    read = read_certificate(made.der)
    assert isinstance(read, Certificate)
    return read


def _verdict(
    made: Made, *authorities: Authority, now: int = NOW, policies: Policies | None = None
) -> Accepted | Refused:
    return PathValidator(SlowSm2()).validate(_read(made), authorities, now=now, policies=policies or Policies())


def _reason(made: Made, *authorities: Authority, **given) -> Reason | None:
    verdict = _verdict(made, *authorities, **given)
    return verdict.reason if isinstance(verdict, Refused) else None


def test_an_accepted_certificate_comes_with_its_path_and_what_spoke_for_it(chain: Chain) -> None:
    lists = chain.root.crl(), chain.ca.crl(Revoked(chain.leaf.serial + 1))
    other = root("other", sm2_key("other"))
    verdict = _verdict(chain.leaf, chain.authority(*lists, other.crl()))

    assert isinstance(verdict, Accepted)
    assert verdict.authority == "one"
    assert verdict.path == (chain.root.der, chain.ca.der, chain.leaf.der)
    assert set(verdict.revocation) == set(lists)


def test_an_issuer_that_nobody_administers_is_unknown(chain: Chain) -> None:
    other = root("other", p256_key("other"))

    assert _reason(chain.leaf) is Reason.UNKNOWN_ISSUER
    assert _reason(chain.leaf, chain.authority(anchors=(other.der,), intermediates=())) is Reason.UNKNOWN_ISSUER
    assert _reason(chain.leaf, chain.authority(intermediates=())) is Reason.UNKNOWN_ISSUER
    assert _reason(chain.leaf, chain.authority(anchors=())) is Reason.UNKNOWN_ISSUER


def test_who_only_has_the_name_of_an_issuer_has_signed_nothing(chain: Chain) -> None:
    forged = replace(chain.ca, key=sm2_key("forger")).issue("leaf", key=chain.leaf.key)

    assert _reason(forged, chain.authority()) is not None
    assert _reason(replace(chain.leaf, der=chain.leaf.der[:-1] + bytes((chain.leaf.der[-1] ^ 1,))), chain.authority())


@pytest.mark.parametrize(("days", "reason"), [((-9, -1), Reason.EXPIRED), ((1, 9), Reason.NOT_YET_VALID)])
def test_a_certificate_counts_within_its_own_time(chain: Chain, days, reason: Reason) -> None:
    assert _reason(chain.ca.issue("leaf", days=days), chain.authority()) is reason


def test_the_first_and_the_last_second_of_a_certificate_count(chain: Chain) -> None:
    leaf, authority = chain.ca.issue("leaf", days=(-1, 1)), chain.authority()

    for now, reason in (
        (NOW - DAY - 1, Reason.NOT_YET_VALID), (NOW - DAY, None), (NOW + DAY, None), (NOW + DAY + 1, Reason.EXPIRED)
    ):  # fmt: skip
        lists = (chain.root.crl(days=(-2, 9)), chain.ca.crl(days=(-2, 9)))
        assert _reason(leaf, replace(authority, crls=lists), now=now) is reason


def test_an_expired_authority_is_not_said_to_be_an_expired_certificate(chain: Chain) -> None:
    old = chain.root.authority("old", days=(-30, -1))
    old_root = root("old root", chain.root.key, days=(-30, -1))
    under_it = old_root.issue("leaf")

    assert (
        _reason(old.issue("leaf"), chain.authority(chain.root.crl(), old.crl(), intermediates=(old.der,)))
        is Reason.PATH
    )
    assert _reason(under_it, Authority("a", (old_root.der,), (), (old_root.crl(),))) is Reason.PATH


def test_a_root_says_how_long_paths_below_it_are() -> None:
    short = root("short", sm2_key("short"), (basic(longest=0), usage("key_cert_sign", "crl_sign")))
    between = short.authority("between")

    assert _reason(short.issue("leaf"), Authority("a", (short.der,), (), (short.crl(),))) is None
    authority = Authority("a", (short.der,), (between.der,), (short.crl(), between.crl()))
    assert _reason(between.issue("leaf"), authority) is Reason.PATH


def test_a_required_policy_must_be_there(chain: Chain) -> None:
    policies: Extension = ("2.5.29.32", False, bytes.fromhex("300e300c060a2b06010401868d1f0101"))
    required = Policies(frozenset({_POLICY}), explicit=True)
    other = Policies(frozenset({_POLICY + ".9"}), explicit=True)
    ca = chain.root.authority("with policy", extensions=(*OF_AUTHORITIES, policies))
    authority = chain.authority(chain.root.crl(), ca.crl(), intermediates=(ca.der,))
    leaf = ca.issue("leaf", extensions=(SIGNING, policies))

    assert _reason(leaf, authority, policies=required) is None
    assert _reason(leaf, authority, policies=other) is Reason.PATH
    assert _reason(ca.issue("leaf"), authority, policies=required) is Reason.PATH


# Revocation


def test_a_list_revokes_what_names_no_list(chain: Chain) -> None:
    revoked = chain.authority(chain.root.crl(), chain.ca.crl(Revoked(chain.leaf.serial)))

    assert _reason(chain.leaf, revoked) is Reason.REVOKED


def test_without_the_rule_of_ours_the_library_would_take_a_revoked_certificate_that_names_no_list(
    chain: Chain, monkeypatch: pytest.MonkeyPatch
) -> None:
    pkix.check()
    monkeypatch.setattr(pkix, "_REQUIRED", pkix.RevocationCheckingPolicy.from_legacy("hard-fail"))

    assert _reason(chain.leaf, chain.authority(chain.root.crl(), chain.ca.crl(Revoked(chain.leaf.serial)))) is None


def test_the_list_of_the_root_revokes_an_authority(chain: Chain) -> None:
    verdict = _verdict(chain.leaf, chain.authority(chain.root.crl(Revoked(chain.ca.serial)), chain.ca.crl()))

    assert verdict == Refused(Reason.REVOKED, "authority: RevokedError")


@pytest.mark.parametrize("at", [NOW - 1, NOW, NOW + DAY])
def test_an_entry_revokes_whatever_its_date(chain: Chain, at: int) -> None:
    assert _reason(
        chain.leaf, chain.authority(chain.root.crl(), chain.ca.crl(Revoked(chain.leaf.serial, at=at)))
    ) is (Reason.REVOKED)


def test_without_a_list_for_every_certificate_nothing_is_known(chain: Chain) -> None:
    for lists in ((chain.root.crl(),), (chain.ca.crl(),), (b"",)):
        assert _reason(chain.leaf, chain.authority(*lists)) is Reason.REVOCATION_UNKNOWN


def test_the_list_of_an_intermediate_says_nothing_about_another(chain: Chain) -> None:
    sibling = chain.root.authority("sibling")
    lists = chain.ca.crl(), sibling.crl()
    authority = chain.authority(*lists, intermediates=(chain.ca.der, sibling.der))

    assert _reason(chain.leaf, authority) is Reason.REVOCATION_UNKNOWN


def test_without_the_rule_of_ours_the_library_would_take_the_list_of_another_intermediate(
    chain: Chain, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(authority_material.Issuers, "allow", lambda *_: True)
    sibling = chain.root.authority("sibling")
    authority = chain.authority(chain.ca.crl(), sibling.crl(), intermediates=(chain.ca.der, sibling.der))

    assert _reason(chain.leaf, authority) is None


def test_a_forged_list_counts_as_none(chain: Chain) -> None:
    forger = replace(chain.ca, key=sm2_key("forger"))
    forged = forger.crl(Revoked(chain.leaf.serial), days=(-0.5, 6), number=9)

    assert _reason(chain.leaf, chain.authority(chain.root.crl(), forged)) is Reason.REVOCATION_UNKNOWN
    assert _reason(chain.leaf, chain.authority(chain.root.crl(), chain.ca.crl(), forged)) is None
    honest = chain.ca.crl(Revoked(chain.leaf.serial))
    assert _reason(chain.leaf, chain.authority(chain.root.crl(), honest, forger.crl(number=9))) is Reason.REVOKED


def test_a_list_signed_by_whom_it_is_about_counts_as_none(chain: Chain) -> None:
    leaf = chain.ca.issue("leaf", key=p256_key("own"))
    own = replace(chain.ca, key=leaf.key).crl()

    assert _reason(leaf, chain.authority(chain.root.crl(), own)) is Reason.REVOCATION_UNKNOWN


@pytest.mark.parametrize(
    ("grace", "late", "reason"),
    [
        (0, -1, None),
        (0, 0, None),
        (0, 1, Reason.REVOCATION_UNKNOWN),
        (60, 60, None),
        (60, 61, Reason.REVOCATION_UNKNOWN),
        (10 * DAY, 9 * DAY, None),
    ],
)
def test_a_list_counts_until_its_next_update_and_the_grace_of_its_issuer(chain: Chain, grace, late, reason) -> None:
    lists = chain.root.crl(days=(-30, 60)), chain.ca.crl(days=(-1, 6))
    now = NOW + 6 * DAY + late

    assert _reason(chain.leaf, chain.authority(*lists, grace=grace), now=now) is reason


def test_a_list_in_its_grace_still_revokes(chain: Chain) -> None:
    lists = chain.root.crl(), chain.ca.crl(Revoked(chain.leaf.serial), days=(-3, -1))

    assert _reason(chain.leaf, chain.authority(*lists, grace=DAY)) is Reason.REVOKED
    assert _reason(chain.leaf, chain.authority(*lists, grace=DAY - 1)) is Reason.REVOCATION_UNKNOWN


def test_a_list_of_tomorrow_does_not_count_yet(chain: Chain) -> None:
    assert (
        _reason(chain.leaf, chain.authority(chain.root.crl(), chain.ca.crl(days=(1, 6)))) is Reason.REVOCATION_UNKNOWN
    )


def test_the_latest_list_replaces_those_before(chain: Chain) -> None:
    held = chain.ca.crl(Revoked(chain.leaf.serial, "certificate_hold"), days=(-2, 6), number=4)
    released = chain.ca.crl(days=(-1, 6), number=5)
    later = chain.ca.crl(Revoked(chain.leaf.serial), days=(-0.5, 6), number=6)

    assert _reason(chain.leaf, chain.authority(chain.root.crl(), held, released)) is None
    assert _reason(chain.leaf, chain.authority(chain.root.crl(), later, released, held)) is Reason.REVOKED


def test_a_delta_adds_and_takes_away(chain: Chain) -> None:
    serial, top = chain.leaf.serial, chain.root.crl()
    held = chain.ca.crl(Revoked(serial, "certificate_hold"), freshest=True)
    nothing = chain.ca.crl(freshest=True)
    adds = chain.ca.crl(Revoked(serial, "key_compromise"), number=6, base=5)
    frees = chain.ca.crl(Revoked(serial, "remove_from_crl"), number=6, base=5)

    assert _reason(chain.leaf, chain.authority(top, nothing, adds)) is Reason.REVOKED
    assert _reason(chain.leaf, chain.authority(top, held, frees)) is None
    assert _reason(chain.leaf, chain.authority(top, nothing)) is Reason.REVOCATION_UNKNOWN
    assert _reason(chain.leaf, chain.authority(top, adds)) is Reason.REVOCATION_UNKNOWN
    assert _reason(chain.leaf, chain.authority(top, frees)) is Reason.REVOCATION_UNKNOWN


def test_a_delta_counts_also_where_the_complete_list_names_none(chain: Chain) -> None:
    adds = chain.ca.crl(Revoked(chain.leaf.serial), number=6, base=5)

    assert _reason(chain.leaf, chain.authority(chain.root.crl(), chain.ca.crl(), adds)) is Reason.REVOKED


def test_a_delta_that_the_complete_list_has_outrun_frees_nobody(chain: Chain) -> None:
    held = chain.ca.crl(Revoked(chain.leaf.serial, "certificate_hold"), number=7, freshest=True)
    frees = chain.ca.crl(Revoked(chain.leaf.serial, "remove_from_crl"), number=6, base=5)
    later = chain.ca.crl(number=7, freshest=True)
    hold = chain.ca.crl(Revoked(chain.leaf.serial, "certificate_hold"), number=6, base=5)

    assert _reason(chain.leaf, chain.authority(chain.root.crl(), held, frees)) is Reason.REVOKED
    assert _reason(chain.leaf, chain.authority(chain.root.crl(), later, hold)) is None


def test_a_delta_to_a_later_list_does_not_fit(chain: Chain) -> None:
    held = chain.ca.crl(Revoked(chain.leaf.serial, "certificate_hold"), freshest=True)
    frees = chain.ca.crl(Revoked(chain.leaf.serial, "remove_from_crl"), number=9, base=8)

    assert _reason(chain.leaf, chain.authority(chain.root.crl(), held, frees)) is Reason.REVOCATION_UNKNOWN


def test_lists_may_be_cut_in_parts_and_the_right_part_counts(chain: Chain) -> None:
    leaf = chain.ca.issue("leaf", extensions=(SIGNING, points("http://ca/1.crl")))
    first = chain.ca.crl(extensions=[scope("http://ca/1.crl")])
    revoking = chain.ca.crl(Revoked(leaf.serial), extensions=[scope("http://ca/1.crl")])
    second = chain.ca.crl(extensions=[scope("http://ca/2.crl")])

    assert _reason(leaf, chain.authority(chain.root.crl(), first, second)) is None
    assert _reason(leaf, chain.authority(chain.root.crl(), revoking, second)) is Reason.REVOKED
    assert _reason(leaf, chain.authority(chain.root.crl(), second)) is Reason.REVOCATION_UNKNOWN
    only_authorities = chain.ca.crl(extensions=[scope(only_contains_ca_certs=True)])
    assert _reason(leaf, chain.authority(chain.root.crl(), only_authorities)) is Reason.REVOCATION_UNKNOWN
    some = chain.ca.crl(extensions=[scope(only_some_reasons={"key_compromise"})])
    assert _reason(leaf, chain.authority(chain.root.crl(), some)) is Reason.REVOCATION_UNKNOWN


def test_another_may_speak_for_an_issuer_when_the_certificate_names_it(chain: Chain) -> None:
    speaker = chain.root.authority("speaker", extensions=(basic(), usage("crl_sign")))
    leaf = chain.ca.issue("leaf", extensions=(SIGNING, points(issuer=speaker.name)))
    unnamed = chain.ca.issue("leaf")
    several = [Revoked(1, issuer=name_of("other")), Revoked(2), Revoked(leaf.serial)]
    about_others = speaker.crl(*several, extensions=[scope(indirect=True)])
    about_leaf = speaker.crl(
        *several, Revoked(3, issuer=chain.ca.name), Revoked(leaf.serial), extensions=[scope(indirect=True)]
    )

    def with_lists(*lists: bytes) -> Authority:
        return chain.authority(chain.root.crl(), *lists, intermediates=(chain.ca.der, speaker.der))

    assert _reason(leaf, with_lists(about_others)) is None
    assert _reason(leaf, with_lists(about_leaf)) is Reason.REVOKED
    assert _reason(leaf, with_lists(speaker.crl())) is Reason.REVOCATION_UNKNOWN
    assert _reason(unnamed, with_lists(about_others)) is Reason.REVOCATION_UNKNOWN


def test_an_entry_that_is_not_understood_says_nothing(chain: Chain) -> None:
    odd = chain.ca.crl(Revoked(chain.leaf.serial, critical="1.2.3.4"))

    assert _reason(chain.leaf, chain.authority(chain.root.crl(), odd)) is Reason.REVOCATION_UNKNOWN


# OCSP


@dataclass(frozen=True)
class Responding:
    chain: Chain
    leaf: Made
    responder: Made

    def authority(self, *answers: bytes, crls: tuple[bytes, ...] = ()) -> Authority:
        return self.chain.authority(self.chain.root.crl(), *crls, ocsp=answers)


@pytest.fixture(scope="module")
def responding(chain: Chain) -> Responding:
    of_responder = (usage("digital_signature"), purposes("ocsp_signing"), _NO_CHECK)
    leaf = chain.ca.issue("answered", extensions=(SIGNING, answers_at("http://ocsp/")))
    return Responding(chain, leaf, chain.ca.issue("responder", extensions=of_responder))


@pytest.mark.parametrize("digest", ["sha1", "1.2.156.10197.1.401"])
def test_an_ocsp_answer_counts_by_the_chain_of_its_responder(responding: Responding, digest: str) -> None:
    it = responding
    good = ocsp_of(it.chain.ca, it.leaf, by=it.responder, digest=digest)
    bad = ocsp_of(it.chain.ca, it.leaf, by=it.responder, digest=digest, status="revoked")
    verdict = _verdict(it.leaf, it.authority(good))

    assert isinstance(verdict, Accepted)
    assert good in verdict.revocation
    assert _reason(it.leaf, it.authority(bad)) is Reason.REVOKED


def test_without_the_context_of_ours_the_library_could_not_verify_responders_of_sm2(
    responding: Responding, monkeypatch: pytest.MonkeyPatch
) -> None:
    pkix.check()
    monkeypatch.setattr("pyhanko_certvalidator.revinfo.validate_ocsp.ValidationContext", pkix.ValidationContext)
    it = responding
    answer = ocsp_of(it.chain.ca, it.leaf, by=it.responder)

    assert _reason(it.leaf, it.authority(answer)) is (Reason.PATH if it.chain.ca.key == sm2_key("ca") else None)


def test_a_library_that_takes_another_context_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pyhanko_certvalidator.revinfo.validate_ocsp.ValidationContext", pkix.ValidationContext)

    with pytest.raises((RuntimeError, ValueError)):
        pkix.check.__wrapped__()


def test_a_library_that_takes_lists_by_another_way_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pyhanko_certvalidator.validate.verify_crl", pkix_revocation.validate_crl.verify_crl)

    with pytest.raises(RuntimeError, match="no longer takes"):
        pkix.check.__wrapped__()


def test_a_list_that_revokes_counts_more_than_an_answer_that_does_not(responding: Responding) -> None:
    it = responding
    good = ocsp_of(it.chain.ca, it.leaf, by=it.responder)

    assert _reason(it.leaf, it.authority(good, crls=(it.chain.ca.crl(Revoked(it.leaf.serial)),))) is Reason.REVOKED
    assert _reason(it.leaf, it.authority(good, crls=(it.chain.ca.crl(),))) is None


def test_an_answer_of_whom_nobody_made_a_responder_counts_as_none(responding: Responding) -> None:
    it = responding
    plain = it.chain.ca.issue("plain", extensions=(usage("digital_signature"), _NO_CHECK))
    top = root("elsewhere", it.chain.root.key)
    elsewhere = top.issue("responder", extensions=(usage("digital_signature"), purposes("ocsp_signing"), _NO_CHECK))
    forged = replace(it.responder, key=sm2_key("forger"))

    for by in (plain, elsewhere, forged, it.leaf):
        assert _reason(it.leaf, it.authority(ocsp_of(it.chain.ca, it.leaf, by=by))) is Reason.REVOCATION_UNKNOWN


def test_an_answer_that_spoke_for_nobody_is_not_kept(responding: Responding) -> None:
    it = responding
    good, forged = (
        ocsp_of(it.chain.ca, it.leaf, by=by) for by in (it.responder, replace(it.responder, key=sm2_key("forger")))
    )
    verdict = _verdict(it.leaf, it.authority(forged, good))

    assert isinstance(verdict, Accepted)
    assert good in verdict.revocation
    assert forged not in verdict.revocation


def test_an_answer_that_is_old_or_about_another_or_no_answer_counts_as_none(responding: Responding) -> None:
    it = responding
    other = it.chain.ca.issue("other")
    for answer in (
        ocsp_of(it.chain.ca, it.leaf, by=it.responder, days=(-2, -1)),
        ocsp_of(it.chain.ca, it.leaf, by=it.responder, days=(1, 2)),
        ocsp_of(it.chain.ca, other, by=it.responder),
        b"\x30\x03\x0a\x01\x06",
        b"no answer",
    ):
        assert _reason(it.leaf, it.authority(answer)) is Reason.REVOCATION_UNKNOWN


def test_certificates_in_an_answer_are_no_way_to_an_anchor(chain: Chain) -> None:
    between = chain.root.authority("brought along")
    leaf = between.issue("leaf", extensions=(SIGNING, answers_at("http://ocsp/")))
    answer = ocsp_of(between, leaf, by=between)

    assert _reason(leaf, chain.authority(chain.root.crl(), ocsp=(answer,))) is Reason.UNKNOWN_ISSUER
    known = chain.authority(chain.root.crl(), ocsp=(answer,), intermediates=(between.der,))
    assert _reason(leaf, known) is None


# Administered issuers


def test_an_issuer_that_is_off_is_named_only_where_it_would_have_stood_behind_the_certificate(chain: Chain) -> None:
    off, other = chain.authority(enabled=False), root("other", p256_key("other"))

    assert _verdict(chain.leaf, off) == Refused(Reason.ISSUER_OFF, "one")
    assert _reason(chain.leaf, replace(off, crls=())) is Reason.ISSUER_OFF
    assert _reason(other.issue("leaf"), off) is Reason.UNKNOWN_ISSUER
    assert _reason(chain.ca.issue("leaf", days=(-9, -1)), off) is Reason.EXPIRED
    assert _reason(chain.leaf, replace(off, crls=(chain.root.crl(), chain.ca.crl(Revoked(chain.leaf.serial))))) is (
        Reason.REVOKED
    )
    forged = replace(chain.ca, key=sm2_key("forger")).issue("leaf")
    assert _reason(forged, off) is not Reason.ISSUER_OFF


def test_one_of_several_issuers_is_enough(chain: Chain) -> None:
    on = replace(chain.authority(), id="two")
    stale = chain.authority(crls=())

    verdict = _verdict(chain.leaf, chain.authority(enabled=False), stale, on)
    assert isinstance(verdict, Accepted)
    assert verdict.authority == "two"


def test_revoked_by_one_list_is_revoked_whatever_another_issuer_holds(chain: Chain) -> None:
    on = replace(chain.authority(), id="two")
    revoking = chain.authority(chain.root.crl(), chain.ca.crl(Revoked(chain.leaf.serial)))

    assert _reason(chain.leaf, on, revoking) is Reason.REVOKED
    assert _reason(chain.leaf, revoking, on) is Reason.REVOKED


def test_a_cross_certified_issuer_is_found_by_the_path_that_holds(chain: Chain) -> None:
    other = root("other root", p256_key("other root"))
    crossed = other.authority("ca", key=chain.ca.key)
    authority = Authority(
        "both", (chain.root.der, other.der), (chain.ca.der, crossed.der),
        (chain.root.crl(Revoked(chain.ca.serial)), other.crl(), chain.ca.crl()),
    )  # fmt: skip

    verdict = _verdict(chain.leaf, authority)
    assert isinstance(verdict, Accepted)
    assert verdict.path == (other.der, crossed.der, chain.leaf.der)


def test_new_lists_of_an_issuer_are_heeded_at_once(chain: Chain) -> None:
    validator, leaf = PathValidator(SlowSm2()), _read(chain.leaf)
    old = chain.authority()
    new = replace(old, crls=(old.crls[0], chain.ca.crl(Revoked(chain.leaf.serial), number=6)))

    assert isinstance(validator.validate(leaf, [old], now=NOW), Accepted)
    refused = validator.validate(leaf, [new], now=NOW)
    assert isinstance(refused, Refused)
    assert refused.reason is Reason.REVOKED


def test_what_is_administered_is_read_and_verified_once(chain: Chain, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[bytes] = []
    monkeypatch.setattr(authority_material, "read_crl", lambda der: read.append(der) or crls.read_crl(der))
    sm2 = SlowSm2()
    validator, authority = PathValidator(sm2), chain.authority()
    validator.prepare(authority)
    before = sm2.asked

    for n in range(5):
        leaf = _read(chain.ca.issue(f"leaf {n}"))
        assert isinstance(validator.validate(leaf, [replace(authority)], now=NOW), Accepted)

    assert len(read) == 2
    if chain.ca.key == sm2_key("ca"):  # five leaves, and once the intermediate
        assert sm2.asked - before == 6


def test_an_answer_that_comes_with_each_certificate_has_no_list_read_again(
    responding: Responding, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[bytes] = []
    monkeypatch.setattr(authority_material, "read_crl", lambda der: read.append(der) or crls.read_crl(der))
    it, validator = responding, PathValidator(SlowSm2())
    with_lists = it.authority(crls=(it.chain.ca.crl(),))

    for hours in (1, 2, 3):
        answer = ocsp_of(it.chain.ca, it.leaf, by=it.responder, days=(-hours / 24, 1))
        authority = replace(with_lists, ocsp=(answer,))
        assert isinstance(validator.validate(_read(it.leaf), [authority], now=NOW), Accepted)
    assert len(read) == 2
    revoking = it.chain.ca.crl(Revoked(it.leaf.serial), number=6)

    refused = validator.validate(_read(it.leaf), [replace(authority, crls=(*authority.crls, revoking))], now=NOW)
    assert isinstance(refused, Refused)
    assert len(read) == 3


def test_other_certificates_of_an_issuer_have_its_lists_verified_again(chain: Chain) -> None:
    validator, leaf = PathValidator(SlowSm2()), _read(chain.leaf)
    forged = replace(chain.ca, key=sm2_key("forger")).crl()
    authority = chain.authority(chain.root.crl(), forged)
    forger = chain.root.authority("ca", key=sm2_key("forger"))

    assert isinstance(validator.validate(leaf, [authority], now=NOW), Refused)
    wider = replace(authority, intermediates=(chain.ca.der, forger.der))
    assert isinstance(validator.validate(leaf, [wider], now=NOW), Accepted)  # a second key of the same issuer
    assert isinstance(validator.validate(leaf, [authority], now=NOW), Refused)


# Hostility, and what goes wrong


def test_intermediates_that_sign_each_other_cost_a_bounded_number_of_paths(monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[object] = []
    monkeypatch.setattr(pkix, "validate_path", lambda path, *_: tried.append(path) or Refused(Reason.PATH))
    names = [replace(root(f"ca {n}", p256_key(f"ca {n}"))) for n in range(15)]
    mutual = [
        one.authority(f"ca {n}", key=p256_key(f"ca {n}")) for one in names for n in range(15) if one is not names[n]
    ]
    top = root("root", p256_key("root"))
    over = [top.authority(f"ca {n}", key=p256_key(f"ca {n}")) for n in range(15)]
    authority = Authority("a", (top.der,), tuple(one.der for one in (*mutual, *over)))

    assert len(mutual) == 210
    assert _reason(names[0].issue("leaf"), authority) is Reason.PATH
    assert 1 <= len(tried) <= 8
    assert _reason(names[0].issue("leaf"), replace(authority, intermediates=tuple(one.der for one in mutual))) is (
        Reason.UNKNOWN_ISSUER
    )


def test_a_path_ends_after_eight_intermediates() -> None:
    top = root("root", p256_key("root"))
    line = [top]
    while len(line) < 10:
        line.append(line[-1].authority(f"ca {len(line)}"))
    authority = Authority("a", (top.der,), tuple(one.der for one in line[1:]), tuple(one.crl() for one in line))

    assert _reason(line[8].issue("leaf"), authority) is None
    assert _reason(line[9].issue("leaf"), authority) is Reason.UNKNOWN_ISSUER


@pytest.mark.parametrize("broken", ["the root", "an intermediate", "all"])
def test_administered_certificates_that_cannot_be_read_are_left_out(chain: Chain, broken: str) -> None:
    authority = chain.authority()
    if broken == "all":
        assert _reason(chain.leaf, replace(authority, anchors=(b"x",), intermediates=(b"",))) is Reason.UNKNOWN_ISSUER
    elif broken == "the root":
        assert _reason(chain.leaf, replace(authority, anchors=(b"0", *authority.anchors))) is None
    else:
        assert _reason(chain.leaf, replace(authority, intermediates=(b"\x30\x00", *authority.intermediates))) is None


@pytest.mark.parametrize("error", [ValueError, KeyError, RecursionError, MemoryError, Sm2Unavailable, AssertionError])
def test_whatever_is_raised_refuses(chain: Chain, error: type[Exception], monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object, **__: object) -> None:
        raise error

    with monkeypatch.context() as patch:
        patch.setattr(pkix.validate, "async_validate_path", fails)
        assert _verdict(chain.leaf, chain.authority()) == Refused(Reason.PATH, error.__name__)
    with monkeypatch.context() as patch:
        patch.setattr(path_validation, "material_of", fails)
        assert _verdict(chain.leaf, chain.authority()) == Refused(Reason.PATH, error.__name__)


def test_an_sm2_server_that_was_down_is_asked_again() -> None:
    class Flaky(SlowSm2):
        down = True

        def verify(self, **given: object) -> bool:
            if self.down:
                raise Sm2Unavailable
            return super().verify(**given)

    top, sm2 = root("root", sm2_key("root")), Flaky()
    leaf, authority, validator = (
        _read(top.issue("leaf")),
        Authority("a", (top.der,), (), (top.crl(),)),
        PathValidator(sm2),
    )

    assert validator.validate(leaf, [authority], now=NOW) == Refused(Reason.PATH, "Sm2Unavailable")
    sm2.down = False
    assert isinstance(validator.validate(leaf, [authority], now=NOW), Accepted)


def test_threads_share_a_validator(chain: Chain) -> None:
    validator, found = PathValidator(SlowSm2()), []
    revoking = chain.authority(chain.root.crl(), chain.ca.crl(Revoked(chain.leaf.serial)), id="two")

    def ask(authority: Authority) -> None:
        for _ in range(4):
            found.append((authority.id, type(validator.validate(_read(chain.leaf), [authority], now=NOW))))

    threads = [Thread(target=ask, args=(one,)) for one in (chain.authority(), revoking) * 3]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(found, key=str) == [("one", Accepted)] * 12 + [("two", Refused)] * 12


def test_the_library_is_not_loaded_before_the_first_path() -> None:
    script = "import sys, idp.crypto.certificates as c; print(any('certvalidator' in name for name in sys.modules))"
    done = run([sys.executable, "-c", script], capture_output=True, text=True, check=True)

    assert done.stdout == "False\n"
