"""Asking a status service: only where lists are silent, and its answer is judged like everything else."""

from collections.abc import Callable, Mapping
from dataclasses import replace

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp

from idp.crypto.certificates import Accepted, Authority, Certificate, Reason, Refused, read_certificate
from idp.issuers import online
from idp.issuers.online import AskingValidator
from idp.messages.addresses import Blocked
from idp.messages.outbound import Answer, GuardedClient, NoAnswer
from tests.issuers.making import DAY, NOW, SM2, Ca, House, a_house, a_leaf, at

URL = "http://ocsp.example.cn/"


class Service(GuardedClient):
    """A status service that answers as its test says, in place of the way there."""

    def __init__(self, house: House, leaf: Ca) -> None:
        super().__init__()
        self.asked: list[tuple[str, ocsp.OCSPRequest]] = []
        self.by, self.about, self.leaf = house.issuing, house.issuing, leaf
        self.status = ocsp.OCSPCertStatus.GOOD
        self.at = NOW
        self.nonce: bytes | str | None = "the one asked with"
        self.instead: Answer | NoAnswer | None = None

    def post(self, url: str, body: bytes, *, headers: Mapping[str, str] | None = None) -> Answer | NoAnswer:
        request = ocsp.load_der_ocsp_request(body)
        self.asked.append((url, request))
        return self.instead or Answer(200, {}, self._said(request))

    def _said(self, request: ocsp.OCSPRequest) -> bytes:
        revoked = at(self.at - DAY) if self.status is ocsp.OCSPCertStatus.REVOKED else None
        made = ocsp.OCSPResponseBuilder().add_response(
            self.leaf.certificate, self.about.certificate, hashes.SHA1(), self.status, at(self.at - 60),  # noqa: S303
            at(self.at + 3600), revoked, None,
        )  # fmt: skip
        made = made.responder_id(ocsp.OCSPResponderEncoding.NAME, self.by.certificate)
        nonce = request.extensions.get_extension_for_class(x509.OCSPNonce).value.nonce
        told = nonce if self.nonce == "the one asked with" else self.nonce
        if isinstance(told, bytes):
            made = made.add_extension(x509.OCSPNonce(told), critical=False)
        return made.sign(self.by.key, hashes.SHA256()).public_bytes(Encoding.DER)


@pytest.fixture
def leaf(house: House) -> Ca:
    return a_leaf("Somebody", house.issuing, URL)


@pytest.fixture
def service(house: House, leaf: Ca) -> Service:
    return Service(house, leaf)


@pytest.fixture
def trusted(house: House) -> Authority:
    """With a list about the authority below, and none about people."""
    return Authority("cai_1", (house.root.der,), (house.issuing.der,), (house.root.crl(),))


def judged(
    service: Service, trusted: Authority, leaf: Ca, address: Callable[[str], str | None] = lambda _: URL
) -> Accepted | Refused:
    certificate = read_certificate(leaf.der)
    assert isinstance(certificate, Certificate)
    return AskingValidator(SM2, service, address).validate(certificate, [trusted], now=NOW)


def reason(verdict: Accepted | Refused) -> Reason | None:
    return verdict.reason if isinstance(verdict, Refused) else None


def test_a_good_answer_lets_a_certificate_pass_and_is_kept_as_what_spoke_for_it(
    service: Service, trusted: Authority, leaf: Ca, house: House
) -> None:
    verdict = judged(service, trusted, leaf)
    assert isinstance(verdict, Accepted), verdict
    assert verdict.authority == "cai_1"
    assert len(verdict.revocation) == 2  # the list of the root, and the answer
    ((url, request),) = service.asked
    assert url == URL
    assert request.serial_number == leaf.certificate.serial_number
    key = x509.SubjectKeyIdentifier.from_public_key(house.issuing.key.public_key()).digest
    assert request.issuer_key_hash == key


def test_who_is_revoked_there_is_revoked(service: Service, trusted: Authority, leaf: Ca) -> None:
    service.status = ocsp.OCSPCertStatus.REVOKED
    assert reason(judged(service, trusted, leaf)) is Reason.REVOKED


def test_nobody_is_asked_while_a_list_speaks(service: Service, trusted: Authority, leaf: Ca, house: House) -> None:
    listed = replace(trusted, crls=(house.root.crl(), house.issuing.crl()))
    assert isinstance(judged(service, listed, leaf), Accepted)
    assert service.asked == []


def test_a_list_that_has_ended_is_no_list(service: Service, trusted: Authority, leaf: Ca, house: House) -> None:
    old = house.issuing.crl(this_update=NOW - 2 * DAY, next_update=NOW - DAY)
    assert isinstance(judged(service, replace(trusted, crls=(house.root.crl(), old)), leaf), Accepted)
    assert len(service.asked) == 1


def test_nobody_is_asked_about_a_stranger_or_for_an_issuer_without_a_service(
    service: Service, trusted: Authority, leaf: Ca, house: House
) -> None:
    other = a_leaf("Somebody", a_house("Example").issuing, URL)  # by a house of the same names
    silent = a_leaf("Somebody", house.issuing)  # which says of no service
    assert judged(service, trusted, other)
    assert reason(judged(service, trusted, silent)) is Reason.REVOCATION_UNKNOWN
    assert reason(judged(service, trusted, leaf, lambda _: None)) is Reason.REVOCATION_UNKNOWN
    assert reason(judged(service, replace(trusted, enabled=False), leaf)) is Reason.ISSUER_OFF
    assert service.asked == []


@pytest.mark.parametrize(
    "case", ["nonce", "signer", "old", "future", "unknown", "not it", "garbage", "status", "away"]
)
def test_an_answer_that_does_not_hold_counts_for_nothing(
    service: Service, trusted: Authority, leaf: Ca, house: House, case: str
) -> None:
    stranger = a_house("Example")
    changes: dict[str, dict[str, object]] = {
        "nonce": {"nonce": b"another nonce of 32 characters..."},
        "signer": {"by": stranger.issuing},
        "old": {"at": NOW - DAY},
        "future": {"at": NOW + DAY},
        "unknown": {"status": ocsp.OCSPCertStatus.UNKNOWN},
        "not it": {"leaf": a_leaf("Another", house.issuing, URL)},
        "garbage": {"instead": Answer(200, {}, b"<html></html>")},
        "status": {"instead": Answer(503, {}, b"")},
        "away": {"instead": NoAnswer(Blocked.TIMEOUT)},
    }
    for name, value in changes[case].items():
        setattr(service, name, value)
    assert reason(judged(service, trusted, leaf)) is Reason.REVOCATION_UNKNOWN
    assert len(service.asked) == 1


def test_an_answer_made_beforehand_needs_no_nonce(service: Service, trusted: Authority, leaf: Ca) -> None:
    service.nonce = None
    assert isinstance(judged(service, trusted, leaf), Accepted)


def test_a_service_that_is_away_is_left_alone_for_a_while(
    service: Service, trusted: Authority, leaf: Ca, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate = read_certificate(leaf.der)
    assert isinstance(certificate, Certificate)
    service.instead = NoAnswer(Blocked.TIMEOUT)
    validator, clock = AskingValidator(SM2, service, lambda _: URL), [1000.0]
    monkeypatch.setattr(online.time, "monotonic", lambda: clock[0])
    for _ in range(3):
        assert reason(validator.validate(certificate, [trusted], now=NOW)) is Reason.REVOCATION_UNKNOWN
    assert len(service.asked) == 1
    clock[0] += online.PAUSE + 1
    service.instead = None
    assert isinstance(validator.validate(certificate, [trusted], now=NOW), Accepted)
