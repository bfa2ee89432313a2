"""The one verdict: in which order things are judged, and what no part of it lets through."""

import random

import pytest
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

from idp.accounts.credit_code import CreditCode
from idp.accounts.documents import IdNumber
from idp.crypto.certificates import Authority, PathValidator, Reason, Refused
from idp.crypto.der import encoded
from idp.crypto.signed_data import Answer
from idp.crypto.sm2 import PureSm2
from idp.db import DatabaseUnavailable
from idp.issuers.identity import Named
from idp.issuers.profiles import GMT_0015, KeyProtection, Profile, profile_of
from idp.issuers.purposes import Purpose, is_for
from idp.issuers.rules import Usage
from idp.issuers.verifying import CertificateVerifier, Verified
from tests.crypto.signing import CONTENT, Holder, mutated, signed_data
from tests.issuers.chain import CODE, DAY, EXPLICIT, NOW, NUMBER, ORGANISATION, PERSON, Chain, printable, serial_of

CHAIN = Chain()
HOLDER = CHAIN.holder()
AUTHORITY = CHAIN.authority()
PATHS = PathValidator(PureSm2())


def verifier(authority: Authority = AUTHORITY, profile: Profile = GMT_0015) -> CertificateVerifier:
    return CertificateVerifier(lambda: ((authority, profile),), sm2=PureSm2(), paths=PATHS)


def judged(
    holder: Holder = HOLDER, authority: Authority = AUTHORITY, *, data: bytes | None = None, now: int = NOW
) -> Verified | Refused:
    answer = Answer(signed_data(holder) if data is None else data)
    return verifier(authority).answer(answer, content=CONTENT, now=now)


def reason(found: Verified | Refused) -> Reason | None:
    return found.reason if isinstance(found, Refused) else None


def test_an_answer_is_verified_with_everything_to_verify_it_again() -> None:
    found = judged()
    assert isinstance(found, Verified)
    assert found.named == Named(IdNumber(NUMBER), None, "欧阳清岚")
    assert found.issuer == "iss_test"
    assert found.path == (AUTHORITY.anchors[0], AUTHORITY.intermediates[0], HOLDER.certificate)
    assert set(found.revocation) <= set(AUTHORITY.crls)
    assert AUTHORITY.crls[0] in found.revocation
    assert found.key_protection is KeyProtection.UNKNOWN


def test_the_profile_says_how_keys_are_kept() -> None:
    members = {"name": "x", "key_protection": "hardware", "source": [{"kind": "person", "extension": PERSON}]}
    found = verifier(profile=profile_of(members)).answer(Answer(signed_data(HOLDER)), content=CONTENT, now=NOW)
    assert isinstance(found, Verified)
    assert found.key_protection is KeyProtection.HARDWARE


@pytest.mark.parametrize(
    ("usage", "accepted"),
    [(Usage.BOTH, True), (Usage.PEOPLE, True), (Usage.ENTITIES, False), (None, False)],
)
def test_an_issuer_is_trusted_for_what_operators_said(usage: Usage | None, accepted: bool) -> None:
    asked = CertificateVerifier(lambda: ((AUTHORITY, GMT_0015),), sm2=PureSm2(), paths=PATHS, usage=lambda _: usage)
    found = asked.certificate(HOLDER.certificate, now=NOW)
    assert isinstance(found, Verified) is accepted
    assert accepted or reason(found) is Reason.UNKNOWN_ISSUER


def test_a_bare_signature_is_judged_alike() -> None:
    answer = Answer(signature=HOLDER.sign(CONTENT), certificate=HOLDER.certificate)
    assert isinstance(verifier().answer(answer, content=CONTENT, now=NOW), Verified)


def test_a_certificate_alone_is_judged_alike() -> None:
    assert verifier().certificate(HOLDER.certificate, now=NOW) == judged()
    assert reason(verifier().certificate(b"no certificate", now=NOW)) is Reason.MALFORMED
    revoked = verifier(CHAIN.authority(serial_of(HOLDER)))
    assert reason(revoked.certificate(HOLDER.certificate, now=NOW)) is Reason.REVOKED


def test_each_thing_that_is_wrong_has_its_reason() -> None:
    assert reason(judged(CHAIN.holder(days=(-100, -1)))) is Reason.EXPIRED
    assert reason(judged(CHAIN.holder(days=(1, 100)))) is Reason.NOT_YET_VALID
    assert reason(judged(CHAIN.holder(signs=False))) is Reason.NOT_FOR_SIGNING
    assert reason(judged(CHAIN.holder({}))) is Reason.NO_IDENTITY
    assert reason(judged(Chain(title="Foreign").holder())) is Reason.UNKNOWN_ISSUER
    assert reason(judged(authority=CHAIN.authority(serial_of(HOLDER)))) is Reason.REVOKED
    assert reason(judged(authority=CHAIN.authority(enabled=False))) is Reason.ISSUER_OFF
    assert reason(judged(now=NOW + 30 * DAY)) is Reason.REVOCATION_UNKNOWN


def test_of_several_reasons_the_first_in_order_is_told() -> None:
    """Who has no key learns nothing of where the certificate stands."""
    revoked = CHAIN.authority(serial_of(HOLDER))
    assert reason(judged(authority=revoked, data=signed_data(HOLDER, message=b"x"))) is Reason.ANSWER_SIGNATURE
    assert reason(judged(authority=revoked, data=signed_data(HOLDER, attached=b"x"))) is Reason.ANSWER_CONTENT
    nobody = CHAIN.holder({})
    assert reason(judged(nobody, CHAIN.authority(serial_of(nobody)))) is Reason.REVOKED


def test_a_person_and_their_entity() -> None:
    both = {PERSON: encoded(EXPLICIT, printable(NUMBER)), ORGANISATION: printable(CODE)}
    found = judged(CHAIN.holder(both))
    assert isinstance(found, Verified)
    assert found.named == Named(IdNumber(NUMBER), CreditCode(CODE), "欧阳清岚")


def test_the_profile_of_the_issuer_that_signed_it_is_used() -> None:
    other = Chain(title="Other CA")
    elsewhere = profile_of({"name": "x", "source": [{"kind": "person", "extension": "1.2.3"}]})
    trusted = ((other.authority(issuer_id="iss_other"), elsewhere), (AUTHORITY, GMT_0015))
    both = CertificateVerifier(lambda: trusted, sm2=PureSm2(), paths=PATHS)
    found = both.answer(Answer(signed_data(HOLDER)), content=CONTENT, now=NOW)
    assert isinstance(found, Verified)
    assert found.issuer == "iss_test"
    of_other = both.answer(Answer(signed_data(other.holder())), content=CONTENT, now=NOW)
    assert reason(of_other) is Reason.NO_IDENTITY


def test_without_issuers_nobody_is_known() -> None:
    nothing = CertificateVerifier(lambda: (), sm2=PureSm2(), paths=PATHS)
    found = nothing.answer(Answer(signed_data(HOLDER)), content=CONTENT, now=NOW)
    assert reason(found) is Reason.UNKNOWN_ISSUER


def test_issuers_are_not_asked_for_what_is_no_answer() -> None:
    """And a database that is down is no refusal."""

    def down() -> tuple[()]:
        raise DatabaseUnavailable

    over = CertificateVerifier(down, sm2=PureSm2(), paths=PATHS)
    assert reason(over.answer(Answer(b"no answer"), content=CONTENT, now=NOW)) is Reason.ANSWER_MALFORMED
    with pytest.raises(DatabaseUnavailable):
        over.answer(Answer(signed_data(HOLDER)), content=CONTENT, now=NOW)


def test_certificates_that_came_along_build_no_path() -> None:
    """The answer brings the issuing CA that nobody administers."""
    foreign = Chain(title="Foreign")
    rootless = Authority("iss_test", (foreign.authority().anchors[0],), (), AUTHORITY.crls)
    brought = signed_data(HOLDER, certificates=[HOLDER.certificate, AUTHORITY.intermediates[0], AUTHORITY.anchors[0]])
    assert reason(judged(authority=rootless, data=brought)) is Reason.UNKNOWN_ISSUER


def test_a_signed_text_signs_nobody_in_and_a_sign_in_signs_no_text() -> None:
    text = CONTENT.replace(b"tongban-certificate", b"tongban-text")
    signed = signed_data(HOLDER, attached=text, digest_of=text)
    assert isinstance(verifier().answer(Answer(signed), content=text, now=NOW), Verified)
    assert reason(judged(data=signed)) is Reason.ANSWER_CONTENT
    for bare, content in ((HOLDER.sign(text), CONTENT), (HOLDER.sign(CONTENT), text)):
        answer = Answer(signature=bare, certificate=HOLDER.certificate)
        assert reason(verifier().answer(answer, content=content, now=NOW)) is Reason.ANSWER_SIGNATURE


_SEEDS = [
    signed_data(HOLDER),
    signed_data(HOLDER, attached=None),
    signed_data(HOLDER, signs_attributes=False),
]


@pytest.mark.exhaustive
@seed(5652)
@settings(max_examples=300, deadline=None, database=None, suppress_health_check=list(HealthCheck))
@given(which=st.integers(0, len(_SEEDS) - 1), chance=st.integers(0, 2**64 - 1))
def test_a_mutated_answer_never_speaks_for_somebody_else(which: int, chance: int) -> None:
    data = mutated(_SEEDS[which], random.Random(chance))
    found = judged(data=data)
    if isinstance(found, Verified):
        assert found.certificate.der == HOLDER.certificate
        assert found.named == Named(IdNumber(NUMBER), None, "欧阳清岚")


@pytest.mark.parametrize(
    ("content", "purpose", "fits"),
    [
        (b"tongban-certificate\nsign-in\nhttps://id", Purpose.SIGN_IN, True),
        (b"tongban-certificate\nsign-in\nhttps://id", Purpose.BINDING, False),
        (b"tongban-certificate\nsign-in\nhttps://id", Purpose.TEXT, False),
        (b"tongban-certificate\nbind-entity\nhttps://id", Purpose.BINDING, True),
        (b"tongban-certificate\nbind-entity\nhttps://id", Purpose.SIGN_IN, False),
        (b"tongban-certificate\nsign-in-x\n", Purpose.SIGN_IN, False),
        (b"tongban-certificate", Purpose.SIGN_IN, False),
        (b"tongban-text\n1\nmandate.grant\n", Purpose.TEXT, True),
        (b"tongban-text\nsign-in\n", Purpose.SIGN_IN, False),
        (b"tongban-text\nsign-in\n", Purpose.BINDING, False),
        (b"tongban-texts\n", Purpose.TEXT, None),
        (b"", Purpose.SIGN_IN, None),
        (b"hello", Purpose.SIGN_IN, None),
    ],
)
def test_a_content_is_for_one_purpose(content: bytes, purpose: Purpose, fits: bool | None) -> None:
    assert is_for(content, purpose) is fits
