"""A thousand answers with bytes changed: refused, and nothing raised."""

import random

import pytest
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

from idp.crypto import cms
from idp.crypto.certificates import Certificate
from idp.crypto.x509_fields import fields_of
from tests.crypto.signing import HERE, HOLDERS, judged, mutated, signer

MUTATIONS = 1000
FILES = (
    "rsa-attached.cms",
    "rsa-detached.cms",
    "rsa-pss.cms",
    "rsa-key-identifier.cms",
    "rsa-with-root.cms",
    "p256-attached.cms",
    "p256-no-attributes.cms",
    "p384-sha384.cms",
)
_SEEDS = [
    *((HERE / file).read_bytes() for file in FILES),
    *(signer(name) for name in HOLDERS),
    *(signer(name, signs_attributes=False) for name in HOLDERS),
]


@pytest.mark.exhaustive
@seed(35275)
@settings(max_examples=MUTATIONS, deadline=None, database=None, suppress_health_check=list(HealthCheck))
@given(which=st.integers(0, len(_SEEDS) - 1), chance=st.integers(0, 2**64 - 1))
def test_a_thousand_mutated_answers_are_refused_and_raise_nothing(which: int, chance: int) -> None:
    """Unless what changed is not what the signature covers, such as the issuer's own in the certificate, which the
    path is for (`tests.issuers.test_verifying`): then it is the same signature still, of the same key.
    """
    data = mutated(_SEEDS[which], random.Random(chance))
    found = judged(data)
    if isinstance(found, Certificate):
        before, after = cms.read(_SEEDS[which]), cms.read(data)
        assert (after.signature, after.covered) == (before.signature, before.covered)
        assert found.key == fields_of(cms.certificate_of(before)).key
