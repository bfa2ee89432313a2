"""Certificates of departments' own authorities: whose, in force, not revoked - judged here, at every request."""

from collections.abc import Callable
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from idp.crypto.certificates import PathValidator
from tests.oidc import pki
from tests.oidc.mtls import CLIENTS, OWN, PLAIN, Behind
from tests.oidc.pki import FRONT_SECRET, SUBJECT, Authority, Shown
from tests.provider import CALLBACK, SECRET, VERIFIER, basic

ANOTHER = Authority("Departments")
"""It calls itself like the one that is trusted."""
TLS = {"auth_method": "tls_client_auth"}


def enter(behind: Behind, shown: Shown, client_id: str = "pki") -> int:
    return behind.credentials(client_id, shown).status_code


def test_a_certificate_of_the_authority_with_the_registered_name_is_its_client(behind: Behind) -> None:
    assert enter(behind, behind.authority.issue()) == 200
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    assert enter(behind, behind.authority.issue(key=key)) == 200


NAMES = {
    "tls_client_auth_san_dns": ("TAX.example", x509.DNSName("tax.example"), x509.DNSName("x.tax.example")),
    "tls_client_auth_san_uri": (
        "https://tax.example/app",
        x509.UniformResourceIdentifier("https://tax.example/app"),
        x509.UniformResourceIdentifier("https://tax.example/app/"),
    ),
    "tls_client_auth_san_ip": (
        "192.0.2.7",
        x509.IPAddress(pki.ip_address("192.0.2.7")),
        x509.IPAddress(pki.ip_address("192.0.2.8")),
    ),
    "tls_client_auth_san_email": (
        "tax@EXAMPLE.gov.cn",
        x509.RFC822Name("tax@example.gov.cn"),
        x509.RFC822Name("TAX@example.gov.cn"),
    ),
}


@pytest.mark.parametrize(("name", "of"), NAMES.items(), ids=NAMES.keys())
def test_each_kind_of_alternative_name_is_compared_in_full(
    behind: Behind, name: str, of: tuple[str, x509.GeneralName, x509.GeneralName]
) -> None:
    registered, its, anothers = of
    behind.register(**PLAIN | TLS | {"client_id": "named", "name": "名", name: registered})
    issue = behind.authority.issue
    others = [kind for kind in pki.NAMES if type(kind) is not type(its)]
    assert enter(behind, issue("CN=x", names=[anothers, its, *others]), "named") == 200
    for names in ([anothers], others, [], [x509.OtherName(x509.ObjectIdentifier("1.2.3"), b"\x0c\x01x")]):
        assert enter(behind, issue("CN=x", names=names), "named") == 401


def test_a_wildcard_in_a_certificate_stands_for_nobody(behind: Behind) -> None:
    behind.register(**PLAIN | TLS, client_id="named", name="名", tls_client_auth_san_dns="a.tax.example")
    assert enter(behind, behind.authority.issue("CN=x", names=[x509.DNSName("*.tax.example")]), "named") == 401


@pytest.mark.parametrize(
    "subject",
    [
        "CN=tax.example,O=税务局",
        "CN=tax.example,O=税务局,C=CN,DC=x",
        "O=税务局,CN=tax.example,C=CN",
        "CN=tax.example+O=税务局,C=CN",
        "CN=Tax.example,O=税务局,C=CN",
        "CN=tax.example\\,O=税务局,C=CN",
        "OU=tax.example,O=税务局,C=CN",
    ],
)
def test_another_subject_is_another_client(behind: Behind, subject: str) -> None:
    assert enter(behind, behind.authority.issue(subject)) == 401


REFUSED: dict[str, Callable[[Authority], Shown]] = {
    "of another authority of the same name": lambda _: ANOTHER.issue(),
    "its own authority": lambda _: pki.self_signed(SUBJECT),
    "the authority itself": lambda authority: Shown(authority.root, authority.key),
    "for encryption": lambda authority: authority.issue(signing=False),
    "over": lambda authority: authority.issue(days=(-9, -1)),
    "not yet": lambda authority: authority.issue(days=(1, 9)),
    "with a short key": lambda authority: authority.issue(
        key=rsa.generate_private_key(public_exponent=65537, key_size=1024)  # noqa: S505
    ),
}


@pytest.mark.parametrize("make", REFUSED.values(), ids=REFUSED.keys())
def test_a_certificate_that_is_not_sound_is_refused(behind: Behind, make: Callable[[Authority], Shown]) -> None:
    assert enter(behind, make(behind.authority)) == 401


def test_a_revoked_certificate_is_refused_as_soon_as_the_list_says_so(behind: Behind) -> None:
    shown, other = behind.authority.issue(), behind.authority.issue()
    assert enter(behind, shown) == 200
    behind.authority.revoke(shown)
    behind.authority.write(behind.directory)
    assert (enter(behind, shown), enter(behind, other)) == (401, 200)


def test_without_a_list_that_is_valid_now_nobody_enters(behind: Behind) -> None:
    shown, list_ = behind.authority.issue(), behind.directory / "client-crl.pem"
    assert enter(behind, shown) == 200
    contents = (b"", b"hello", ANOTHER.crl(), behind.authority.crl(days=(-9, -1)))
    for content in contents:
        list_.write_bytes(content)
        assert enter(behind, shown) == 401
    list_.unlink()
    assert enter(behind, shown) == 401
    list_.write_bytes(behind.authority.crl())
    assert enter(behind, shown) == 200


def test_a_list_may_be_binary_or_one_of_several_in_a_file(behind: Behind) -> None:
    shown, list_ = behind.authority.issue(), behind.directory / "client-crl.pem"
    crl = behind.authority.crl()
    list_.write_bytes(x509.load_pem_x509_crl(crl).public_bytes(pki.Encoding.DER))
    assert enter(behind, shown) == 200
    list_.write_bytes(Authority("Other").crl() + crl)
    assert enter(behind, shown) == 200


def test_an_authority_taken_out_of_the_file_vouches_no_more(behind: Behind) -> None:
    shown, file = behind.authority.issue(), behind.directory / "client-ca.pem"
    kept = file.read_bytes()
    for content in (b"", b"hello", Authority("Other").root.public_bytes(pki.Encoding.PEM)):
        file.write_bytes(content)
        assert enter(behind, shown) == 401
    file.write_bytes(kept)
    assert enter(behind, shown) == 200


def test_what_stands_between_is_taken_from_the_file_and_never_from_who_asks(behind: Behind) -> None:
    between = Authority("Between", above=behind.authority)
    shown = between.issue()
    assert enter(behind, shown) == 401
    file, list_ = behind.directory / "client-ca.pem", behind.directory / "client-crl.pem"
    file.write_bytes(file.read_bytes() + between.root.public_bytes(pki.Encoding.PEM))
    list_.write_bytes(list_.read_bytes() + between.crl())
    assert enter(behind, shown) == 200
    behind.authority.revoked.append(between.root.serial_number)
    list_.write_bytes(behind.authority.crl() + between.crl())
    assert enter(behind, shown) == 401


def test_files_are_read_again_only_when_they_change(behind: Behind, monkeypatch: pytest.MonkeyPatch) -> None:
    shown = behind.authority.issue()
    assert enter(behind, shown) == 200
    monkeypatch.setattr("idp.oidc.client_authorities.ClientAuthorities._read", lambda _: pytest.fail("read again"))
    assert enter(behind, shown) == 200


def test_an_accepted_certificate_is_looked_at_again_after_half_a_minute(
    behind: Behind, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A path costs a hundred times what the rest of such a request does."""
    looked: list[int] = []
    validate = PathValidator.validate

    def noted(self: PathValidator, *args: Any, now: int) -> Any:
        looked.append(now)
        return validate(self, *args, now=now)

    monkeypatch.setattr(PathValidator, "validate", noted)
    shown, ends = behind.authority.issue(), behind.authority.issue(days=(-1, 1))
    assert [enter(behind, shown) for _ in range(3)] == [200] * 3
    assert len(looked) == 1
    behind.site.later = 31
    assert enter(behind, shown) == 200
    assert len(looked) == 2
    behind.site.later = 86_400 - 10
    assert enter(behind, ends) == 200
    behind.site.later = 86_400 + 5
    assert enter(behind, ends) == 401


# -- no way round it

WITHOUT: dict[str, tuple[dict[str, str], str]] = {
    "no certificate": ({}, "127.0.0.1"),
    "a stranger's": (pki.self_signed(SUBJECT).headers(), "127.0.0.1"),
    "another authority's": (ANOTHER.issue().headers(), "127.0.0.1"),
    "a header without its secret": (OWN.headers(""), "127.0.0.1"),
    "a header with another secret": (OWN.headers(FRONT_SECRET[::-1]), "127.0.0.1"),
    "a header from elsewhere": (OWN.headers(), "192.0.2.1"),
    "garbage": ({"X-Client-Cert": "%FF", "X-Client-Cert-Secret": FRONT_SECRET}, "127.0.0.1"),
}
ASIDE: dict[str, dict[str, str]] = {
    "nothing": {},
    "a secret": {"client_secret": SECRET},
    "an assertion": {
        "client_assertion": "a.b.c",
        "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
    },
    "the certificate as a parameter": {"client_certificate": OWN.pem.decode().replace("\n", "")},
}


@given(
    client_id=st.sampled_from([data["client_id"] for data in CLIENTS]),
    kind=st.sampled_from(["authorization_code", "refresh_token", "client_credentials", "password"]),
    sent=st.sampled_from(list(WITHOUT.values())),
    aside=st.sampled_from(list(ASIDE.values())),
    by_header=st.booleans(),
)
@settings(max_examples=120, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_request_without_the_certificate_gets_a_token(
    behind_with_grants: tuple[Behind, dict[str, dict[str, str]]],
    client_id: str,
    kind: str,
    sent: tuple[dict[str, str], str],
    aside: dict[str, str],
    by_header: bool,
) -> None:
    """Whatever else it brings; who is known by a secret or by nothing and asked for bound tokens included."""
    behind, grants = behind_with_grants
    headers, address = sent
    if client_id in ("opaque-bound", "public-bound") and sent in (
        WITHOUT["a stranger's"],
        WITHOUT["another authority's"],
    ):  # any certificate will do for them: their tokens are bound to it
        return
    form = {"grant_type": kind, "client_id": client_id, "redirect_uri": CALLBACK, "code_verifier": VERIFIER}
    if by_header:
        headers = headers | {"Authorization": basic(client_id)}
    answer = behind.site.http.post(
        "/token", data=form | grants[client_id] | aside, headers=headers, environ_overrides={"REMOTE_ADDR": address}
    )
    assert answer.status_code in (400, 401)
    assert "access_token" not in answer.get_json()


@pytest.fixture
def behind_with_grants(behind: Behind) -> tuple[Behind, dict[str, dict[str, str]]]:
    """A code and a refresh token of each client, unused."""
    pki_own = behind.authority.issue()
    grants = {}
    for data in CLIENTS:
        client_id = data["client_id"]
        refresh = behind.exchange(client_id, pki_own if client_id == "pki" else OWN).get_json()["refresh_token"]
        code = behind.site.browser().sign_in().authorize(client_id, scope="openid profile")
        grants[client_id] = {"code": code, "refresh_token": refresh}
    return behind, grants
