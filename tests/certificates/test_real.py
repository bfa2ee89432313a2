"""With the verifier as it is: an administered issuer, its list, and answers that keys have made."""

import base64
from dataclasses import dataclass
from hashlib import sha256

import pytest

from idp.certificates.sweeping import Sweeping
from idp.issuers import actions as issuers
from idp.issuers.rules import CertificateKind, Declaration, IssuerCertificateDer, IssuerState, Usage
from tests.certificates.conftest import BIND, ONE, SIGN_IN, bound, challenge, send
from tests.certificates.test_binding import refusals
from tests.crypto.signing import Holder, signed_data
from tests.entities.conftest import person
from tests.issuers.chain import Chain, serial_of
from tests.provider import Browser, Site
from tests.signin.factors import prove_two


@dataclass
class Trusted:
    """An issuer that the site trusts, and somebody it has certified."""

    chain: Chain
    issuer: str
    holder: Holder


@pytest.fixture
def trusted(site: Site) -> Trusted:
    chain = Chain(site.now())
    return Trusted(chain, trust(site, chain), chain.holder())


def trust(site: Site, chain: Chain, usage: Usage = Usage.BOTH) -> str:
    authority = chain.authority()
    kinds = ((CertificateKind.ANCHOR, authority.anchors), (CertificateKind.INTERMEDIATE, authority.intermediates))
    stored = [IssuerCertificateDer(kind, sha256(der).hexdigest(), der) for kind, ders in kinds for der in ders]
    with site.provider.database.transaction() as tx:
        declared = Declaration("测试证书中心", profile="gmt0015", usage=usage)
        added = issuers.add(tx, declared, stored, actor=None, now=site.now())
        assert not isinstance(added, str)
    for crl in authority.crls:
        site.provider.lists.bring(added.id, crl, actor=None, now=site.now())
    site.provider.authorities.expire()
    return added.id


def pasted(browser: Browser, page: str, holder: Holder) -> dict[str, str]:
    """What somebody pastes who has signed the text elsewhere."""
    key, text = challenge(browser, page)
    signed = signed_data(holder, attached=text.encode(), digest_of=text.encode())
    return {"challenge": key, "signed_data": base64.encodebytes(signed).decode()}


def test_a_certificate_is_bound_signs_in_and_ends_when_a_list_revokes_it(site: Site, trusted: Trusted) -> None:
    owner = prove_two(person(site, ONE))
    assert "/account/certificates" in owner.get("/account/methods").text
    done = owner.submit(BIND, pasted(owner, BIND, trusted.holder))
    assert done.status_code == 303, refusals(site)
    assert "测试证书中心" in owner.get("/account/certificates").text
    entered = site.browser()
    assert entered.submit(SIGN_IN, pasted(entered, SIGN_IN, trusted.holder)).status_code == 303
    assert entered.signed_in
    provider = site.provider
    trusted_now = lambda: [authority for authority, _ in provider.authorities.get()]  # noqa: E731
    sweeping = Sweeping(provider.database, provider.certificates, provider.verifier, trusted_now)
    assert sweeping.run(site.now()) == 0
    trusted.chain.now += 3600  # a newer list
    revoking = trusted.chain.crl(serial_of(trusted.holder))
    provider.lists.bring(trusted.issuer, revoking, actor=None, now=site.now())
    provider.authorities.expire()
    assert sweeping.run(site.now()) == 1
    assert (bound(site), entered.signed_in, owner.signed_in) == (0, False, True)


def test_a_bare_signature_with_its_certificate_is_an_answer_too(site: Site, trusted: Trusted) -> None:
    owner = prove_two(person(site, ONE))
    key, text = challenge(owner, BIND)
    signature = base64.b64encode(trusted.holder.sign(text.encode())).decode()
    certificate = base64.b64encode(trusted.holder.certificate).decode()
    done = send(owner, BIND, key, "", signature=signature, certificate=certificate)
    assert done.status_code == 303, refusals(site)


def test_an_issuer_that_is_switched_off_opens_nothing(site: Site, trusted: Trusted) -> None:
    owner = prove_two(person(site, ONE))
    assert owner.submit(BIND, pasted(owner, BIND, trusted.holder)).status_code == 303
    with site.provider.database.transaction() as tx:
        issuers.switch(tx, trusted.issuer, IssuerState.OFF, actor=None, now=site.now())
    site.provider.authorities.expire()
    entered = site.browser()
    assert entered.submit(SIGN_IN, pasted(entered, SIGN_IN, trusted.holder)).status_code == 422
    assert refusals(site) == ["certificate_issuer_off"]
    assert bound(site) == 1


@pytest.mark.parametrize(
    ("holder", "reason"),
    [
        ({"days": (-90, -1)}, "certificate_expired"),
        ({"signs": False}, "certificate_not_for_signing"),
        ({"extensions": {}}, "certificate_no_identity"),
    ],
)
def test_a_certificate_that_is_no_good_is_refused_for_what_it_is(
    site: Site, trusted: Trusted, holder: dict[str, object], reason: str
) -> None:
    stranger = site.browser()
    wrong = trusted.chain.holder(**holder)  # type: ignore[arg-type]
    assert stranger.submit(SIGN_IN, pasted(stranger, SIGN_IN, wrong)).status_code == 422
    assert refusals(site) == [reason]


def test_a_certificate_of_nobody_trusted_is_refused(site: Site, trusted: Trusted) -> None:
    stranger = site.browser()
    foreign = Chain(site.now(), title="Another CA").holder()
    assert stranger.submit(SIGN_IN, pasted(stranger, SIGN_IN, foreign)).status_code == 422
    assert refusals(site) == ["certificate_unknown_issuer"]


def test_an_issuer_for_entities_alone_names_no_person(site: Site) -> None:
    chain = Chain(site.now())
    trust(site, chain, Usage.ENTITIES)
    stranger = site.browser()
    assert stranger.submit(SIGN_IN, pasted(stranger, SIGN_IN, chain.holder())).status_code == 422
    assert refusals(site) == ["certificate_unknown_issuer"]
