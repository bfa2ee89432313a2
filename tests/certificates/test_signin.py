"""Signing in by a certificate: whom it opens, how strong it is, and what it does not open."""

import pytest

from idp.accounts.documents import IdNumber
from idp.accounts.names import PersonName
from idp.accounts.parties import move_status
from idp.accounts.rules import PartyStatus
from idp.certificates.rules import method_for
from idp.crypto.certificates import Reason, Refused
from idp.issuers.profiles import KeyProtection
from idp.signin.rules import BY_CERTIFICATE, Method, amr, strength
from tests.certificates.conftest import BIND, ONE, SIGN_IN, answer, protect
from tests.certificates.scripted import Scripted
from tests.certificates.test_binding import owner, refusals
from tests.certificates.test_challenges import opened
from tests.entities.conftest import register_client
from tests.provider import Browser, Site, claims_of

__all__ = ["opened", "owner"]


@pytest.mark.parametrize(
    ("protection", "aal", "values"),
    [
        (KeyProtection.UNKNOWN, 1, ["pop"]),
        (KeyProtection.PIN, 2, ["swk", "pop", "pin", "mfa"]),
        (KeyProtection.HARDWARE, 2, ["hwk", "pop", "pin", "mfa"]),
    ],
)
def test_a_session_is_worth_what_the_issuer_says_of_its_keys(
    opened: Browser, verifier: Scripted, protection: KeyProtection, aal: int, values: list[str]
) -> None:
    protect(verifier, protection)
    assert answer(opened, SIGN_IN).headers["Location"] == "/account"
    token = claims_of(opened.tokens()["id_token"])
    assert (token["ial"], token["aal"], token["amr"]) == (4, aal, values)


def test_an_app_that_waits_gets_its_answer(site: Site, opened: Browser) -> None:
    page = opened.ask("app").headers["Location"].replace("/signin?", "/signin/certificate?")
    back = answer(opened, page).headers["Location"]
    assert back.startswith("/continue?r=")


def test_a_password_makes_a_key_that_nothing_guards_two_factors_and_a_text_code_does_not() -> None:
    assert strength([Method.CERTIFICATE, Method.PASSWORD]) == 2
    assert strength([Method.CERTIFICATE, Method.SMS]) == 1
    assert amr([Method.PASSKEY, Method.CERTIFICATE]) == ["pop", "user", "mfa"]


def test_no_certificate_is_worth_what_a_passkey_is() -> None:
    assert max(strength([method]) for method in BY_CERTIFICATE) == 2
    assert strength([*BY_CERTIFICATE, Method.PASSWORD, Method.TOTP]) == 2


def test_an_entitys_key_adds_nothing_to_the_strength_of_its_human() -> None:
    (method,) = {method_for(one, of_entity=True) for one in KeyProtection}
    assert [strength([method, *own]) for own in ([], [Method.PASSWORD], [Method.SMS])] == [1, 1, 1]
    assert strength([method, Method.PASSWORD, Method.SMS]) == 2


def test_a_certificate_that_nobody_has_bound_opens_nothing_and_says_so(
    site: Site, browser: Browser, verifier: Scripted
) -> None:
    refused = answer(browser, SIGN_IN)
    assert refused.status_code == 422
    assert "not bound to an account" in refused.text
    assert refusals(site) == ["certificate_not_bound"]


def test_the_account_of_somebody_suspended_does_not_open(site: Site, opened: Browser) -> None:
    with site.provider.database.transaction() as tx:
        assert move_status(tx, site.party(ONE), before=PartyStatus.ACTIVE, after=PartyStatus.SUSPENDED)
    assert answer(opened, SIGN_IN).status_code == 422
    assert refusals(site) == ["certificate_not_bound"]


def test_an_unbound_certificate_opens_nothing(site: Site, owner: Browser) -> None:
    answer(owner, BIND)
    one = site.one("SELECT id FROM certificate_binding")
    assert owner.submit("/account/certificates", {"unbind": one}).status_code == 303
    assert answer(site.browser(), SIGN_IN).status_code == 422


def test_a_certificate_revoked_since_opens_nothing(site: Site, opened: Browser, verifier: Scripted) -> None:
    verifier.keys["mine"] = Refused(Reason.REVOKED)
    refused = answer(opened, SIGN_IN)
    assert refused.status_code == 422
    assert "revoked" in refused.text


def test_an_account_with_another_document_by_now_does_not_open(site: Site, opened: Browser) -> None:
    with site.provider.database.transaction() as tx:
        site.provider.directory.record_document(
            tx,
            site.party(ONE),
            document=IdNumber("11010519491231002X"),
            name=PersonName("欧阳清岚"),
            valid_to=None,
            source="test",
            now=site.now(),
        )
    assert answer(opened, SIGN_IN).status_code == 422
    assert refusals(site) == ["certificate_not_bound"]


def test_the_use_of_a_certificate_is_noted(site: Site, opened: Browser) -> None:
    assert site.one("SELECT last_used_at FROM certificate_binding") is None
    answer(opened, SIGN_IN)
    assert site.one("SELECT last_used_at FROM certificate_binding") >= site.now() - 5
    assert site.one("SELECT COUNT(*) FROM audit_event WHERE event = 'person:certificate:accepted'") == 1


def test_one_more_factor_is_given_by_certificate(site: Site, opened: Browser) -> None:
    register_client(site)
    opened.sign_in(ONE)
    leads = opened.get("/signin/confirm?by=certificate").headers["Location"]
    assert leads == "/signin/confirm/certificate"
    assert answer(opened, leads).headers["Location"] == "/account"
    assert claims_of(opened.tokens("tax")["id_token"])["aal"] == 2


def test_nobody_elses_certificate_confirms(site: Site, opened: Browser, verifier: Scripted) -> None:
    opened.sign_in(ONE)
    assert answer(opened, "/signin/confirm/certificate", "another").status_code == 422
