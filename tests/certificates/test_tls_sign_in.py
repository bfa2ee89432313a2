"""Signing in by the certificate of a TLS connection: begun on one host, shown on another, redeemed on the first."""

import base64
import re
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from werkzeug.test import TestResponse

from idp.app import create_app
from idp.certificates.asking import CertificateParts
from idp.crypto.certificates import Authority, PathValidator, Reason, Refused
from idp.crypto.sm2 import PureSm2
from idp.issuers.profiles import KeyProtection, Profile, profile_of
from idp.issuers.verifying import CertificateVerifier, Verified
from idp.signin.pages import CERTIFICATES
from tests.certificates.conftest import BIND, NUMBER, ONE, SIGN_IN, challenge
from tests.certificates.scripted import Scripted
from tests.certificates.test_binding import owner, refusals
from tests.certificates.test_challenges import opened
from tests.oidc import pki
from tests.provider import ISSUER, Browser, Site, _begin_anew, claims_of, settings_at
from tests.registers import ScriptedRegisters

__all__ = ["opened", "owner"]

HOST = "mtls.localhost:8443"
SECRET = "the-front-end-and-nobody-else-knows-this"
CONNECT, FINISH = "/signin/certificate/connect", "/signin/certificate/ticket"
_TICKET = re.compile(r'name="ticket" value="([^"]+)"')


@pytest.fixture(scope="session")
def tls_app(site_template: Any, tmp_path_factory: pytest.TempPathFactory) -> Site:
    directory = tmp_path_factory.mktemp("tls")
    shutil.copyfile(site_template, directory / "idp.db")
    mtls = {"host": HOST, "secret": SECRET, "people": True}
    server = {"threads": 4, "trusted_proxies": ["127.0.0.1"]}
    return Site(create_app(settings_at(directory, mtls=mtls, server=server), ScriptedRegisters().ports))


@pytest.fixture
def site(tls_app: Site, site_template: Any) -> Iterator[Site]:
    """In place of the shared one: this installation takes people's certificates by TLS."""
    made = Site(tls_app.app)
    _begin_anew(made, site_template)
    yield made
    made.close()


@pytest.fixture(autouse=True)
def _known_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """A certificate that is shown says the name of its key, and full stops behind it."""

    def verdict(self: Scripted, data: bytes, *, now: int) -> Verified | Refused:
        self.asked += 1
        return self.keys.get(data.decode().rstrip("."), Refused(Reason.UNKNOWN_ISSUER))

    monkeypatch.setattr(Scripted, "certificate", verdict)


def begin(browser: Browser, address: str = CONNECT) -> str:
    """Where the browser is sent to show its certificate."""
    sent = browser.get(address)
    assert sent.status_code == 303
    address = sent.headers["Location"]
    assert address.startswith(f"https://{HOST}/signin/certificate/tls?begun=")
    return address.removeprefix(f"https://{HOST}")


def held(name: str, secret: str = SECRET) -> dict[str, str]:
    """What the front end sends for a connection made with the certificate of this name."""
    pem = base64.b64encode(name.encode().ljust(48, b".")).decode()
    pem = f"-----BEGIN CERTIFICATE-----\n{pem}\n-----END CERTIFICATE-----\n"
    return {"X-Client-Cert": quote(pem), "X-Client-Cert-Secret": secret}


def show(site: Site, address: str, sent: dict[str, str] | None = None) -> str:
    """Connect there, where no cookie is known; where the browser goes next."""
    answer = site.http.get(address, headers=held("mine") if sent is None else sent)
    assert answer.status_code == 303
    assert "Set-Cookie" not in answer.headers
    assert answer.headers["Location"].startswith(ISSUER)
    return str(answer.headers["Location"].removeprefix(ISSUER))


def redeem(browser: Browser, address: str) -> TestResponse:
    """As the page there does."""
    page = browser.get(address)
    assert page.status_code == 200
    found = _TICKET.search(page.text)
    assert found, page.text
    return browser.submit(address, {"ticket": found[1]})


def enter(site: Site, browser: Browser, name: str = "mine") -> TestResponse:
    return redeem(browser, show(site, begin(browser), held(name)))


def test_a_certificate_that_was_shown_signs_in_as_one_that_has_signed(
    site: Site, opened: Browser, verifier: Scripted
) -> None:
    mine = verifier.keys["mine"]
    assert isinstance(mine, Verified)
    verifier.keys["mine"] = replace(mine, key_protection=KeyProtection.HARDWARE)
    assert CONNECT in opened.get(SIGN_IN).text
    assert enter(site, opened).headers["Location"] == "/account"
    token = claims_of(opened.tokens()["id_token"])
    assert (token["ial"], token["aal"], token["amr"]) == (4, 2, ["hwk", "pop", "pin", "mfa"])
    assert site.one("SELECT COUNT(*) FROM audit_event WHERE event = 'person:certificate:accepted'") == 1


def test_the_app_that_waits_gets_its_answer(site: Site, opened: Browser) -> None:
    waiting = opened.ask("app").headers["Location"].replace("/signin?", f"{CONNECT}?")
    address = show(site, begin(opened, waiting))
    assert parse_qs(urlsplit(address).query)["r"] == parse_qs(urlsplit(waiting).query)["r"]
    assert redeem(opened, address).headers["Location"].startswith("/continue?r=")


@pytest.mark.parametrize(
    "reason",
    [Reason.REVOKED, Reason.EXPIRED, Reason.NOT_FOR_SIGNING, Reason.UNKNOWN_ISSUER, Reason.REVOCATION_UNKNOWN],
)
def test_the_verdict_on_the_certificate_is_the_same_as_on_an_answer(
    site: Site, opened: Browser, verifier: Scripted, reason: Reason
) -> None:
    verifier.keys["mine"] = Refused(reason)
    refused = enter(site, opened)
    assert refused.status_code == 422
    assert refusals(site) == [reason]
    assert not opened.signed_in


def test_a_certificate_that_nobody_has_bound_opens_nothing(site: Site, opened: Browser) -> None:
    assert enter(site, opened, "another").status_code == 422
    assert refusals(site) == ["certificate_not_bound"]


def test_wrong_ones_are_counted_with_wrong_answers(site: Site, opened: Browser, verifier: Scripted) -> None:
    verifier.keys["mine"] = Refused(Reason.EXPIRED)
    most = site.provider.settings.limits.certificate.wrong_per_hour
    for _ in range(most):
        enter(site, opened)
    asked = verifier.asked
    enter(site, opened)
    assert refusals(site)[-1] == "certificate_locked"
    assert verifier.asked == asked


def test_a_ticket_counts_once(site: Site, opened: Browser) -> None:
    address = show(site, begin(opened))
    assert redeem(opened, address).status_code == 303
    opened.submit("/signout", {})
    again = redeem(opened, address)
    assert again.status_code == 422
    assert refusals(site) == ["certificate_ticket_over"]


def test_a_ticket_is_good_for_a_minute(site: Site, opened: Browser) -> None:
    address = show(site, begin(opened))
    site.later = 61
    assert redeem(opened, address).status_code == 422


def test_a_ticket_is_good_in_the_browser_that_began_alone(site: Site, opened: Browser) -> None:
    """Nobody is signed in as somebody else by a link, and nobody uses what they saw in one."""
    address = show(site, begin(opened))
    another = site.browser()
    assert redeem(another, address).status_code == 422
    assert not another.signed_in
    assert redeem(opened, address).status_code == 303, "it was left untouched"


def test_what_was_begun_is_shown_to_once(site: Site, opened: Browser) -> None:
    address = begin(opened)
    assert "ticket=" in show(site, address)
    for again in (address, "/signin/certificate/tls", "/signin/certificate/tls?begun=x"):
        assert show(site, again) == SIGN_IN
    late = begin(opened)
    site.later = site.provider.settings.certificates.challenge + 1
    assert show(site, late) == SIGN_IN


@pytest.mark.parametrize(
    "sent", [{}, held("mine", SECRET[::-1]), held("mine", "")], ids=["nothing", "forged", "bare"]
)
def test_without_a_certificate_from_the_front_end_people_are_told_and_may_try_again(
    site: Site, opened: Browser, sent: dict[str, str]
) -> None:
    address = show(site, begin(opened), sent)
    page = opened.get(address)
    assert "has not shown a certificate" in page.text
    assert CONNECT in page.text
    assert not _TICKET.search(page.text)


def test_headers_of_a_visitor_to_the_main_host_are_no_certificate(
    site: Site, opened: Browser, verifier: Scripted
) -> None:
    """The front end takes the secret away there; here is who knows no secret."""
    address = begin(opened)
    sent = opened.client.get(address, headers={"X-Client-Cert": "x", "X-Client-Cert-Secret": SECRET[:-1]})
    assert "ticket=" not in sent.headers["Location"]


def test_a_ticket_goes_by_a_form_of_ours_alone(site: Site, opened: Browser) -> None:
    ticket = parse_qs(urlsplit(show(site, begin(opened))).query)["ticket"][0]
    assert opened.client.post(FINISH, data={"ticket": ticket}).status_code == 400
    assert opened.get(f"{FINISH}?ticket={ticket}").status_code == 200
    assert not opened.signed_in


def test_nothing_in_the_store_names_anybody(site: Site, opened: Browser) -> None:
    show(site, begin(opened))
    with closing(sqlite3.connect(site.directory / "state.db")) as state:
        dump = "\n".join(state.iterdump())
    assert base64.b64encode(b"mine".ljust(48, b".")).decode() not in dump
    assert ONE not in dump


PROFILE = profile_of({"name": "test", "source": [{"kind": "person", "subject": "serialNumber"}]})
NAMED = f"2.5.4.5={NUMBER},CN=欧阳清岚"


@pytest.fixture
def issuer(site: Site, verifier: Scripted) -> Iterator[pki.Authority]:
    """An administered issuer, and in place of the scripted verdict the true one."""
    made = pki.Authority("People")

    def trusted() -> list[tuple[Authority, Profile]]:
        crl = x509.load_pem_x509_crl(made.crl()).public_bytes(pki.Encoding.DER)
        root = made.root.public_bytes(pki.Encoding.DER)
        return [(Authority(id="iss_people", anchors=(root,), intermediates=(), crls=(crl,)), PROFILE)]

    before: CertificateParts = site.app.extensions[CERTIFICATES]
    true = CertificateVerifier(trusted, sm2=PureSm2(), paths=PathValidator(PureSm2()))
    site.app.extensions[CERTIFICATES] = replace(before, answering=replace(before.answering, verifier=true))
    yield made
    site.app.extensions[CERTIFICATES] = before


def bind(owner: Browser, shown: pki.Shown) -> None:
    key, text = challenge(owner, BIND)
    signature = shown.key.sign(text.encode(), ec.ECDSA(hashes.SHA256()))  # type: ignore[call-arg, arg-type]
    form = {"signature": base64.b64encode(signature).decode(), "certificate": shown.pem.decode()}
    answer = owner.submit(BIND, {"challenge": key, **form})
    assert answer.status_code == 303, answer.text


def test_a_true_certificate_signs_in_until_it_is_revoked(site: Site, owner: Browser, issuer: pki.Authority) -> None:
    shown = issuer.issue(NAMED, names=())
    bind(owner, shown)
    first = site.browser()
    assert redeem(first, show(site, begin(first), shown.headers(SECRET))).headers["Location"] == "/account"
    issuer.revoke(shown)
    again = site.browser()
    assert redeem(again, show(site, begin(again), shown.headers(SECRET))).status_code == 422
    assert refusals(site) == ["certificate_revoked"]


OTHERS: dict[str, tuple[str, Callable[[pki.Authority], pki.Shown]]] = {
    "the encryption one": ("certificate_not_for_signing", lambda own: own.issue(NAMED, names=(), signing=False)),
    "another issuer's": ("certificate_unknown_issuer", lambda _: pki.Authority("People").issue(NAMED, names=())),
    "over": ("certificate_expired", lambda own: own.issue(NAMED, names=(), days=(-9, -1))),
    "nobody's": ("certificate_no_identity", lambda own: own.issue("CN=欧阳清岚", names=())),
    "not the bound one": ("certificate_not_bound", lambda own: own.issue(NAMED, names=())),
    "a department's": ("certificate_unknown_issuer", lambda _: pki.Authority("Departments").issue()),
}


@pytest.mark.parametrize(("reason", "make"), OTHERS.values(), ids=OTHERS.keys())
def test_no_other_true_certificate_signs_in(
    site: Site, owner: Browser, issuer: pki.Authority, reason: str, make: Callable[[pki.Authority], pki.Shown]
) -> None:
    bind(owner, issuer.issue(NAMED, names=()))
    visitor = site.browser()
    assert redeem(visitor, show(site, begin(visitor), make(issuer).headers(SECRET))).status_code == 422
    assert refusals(site) == [reason]


def test_where_it_is_not_offered_none_of_it_is_there(shared_app: Any) -> None:
    browser = Site(shared_app).browser()
    for path in (CONNECT, FINISH, "/signin/certificate/tls"):
        assert browser.get(path).status_code == 404
    assert CONNECT not in browser.get(SIGN_IN).text
