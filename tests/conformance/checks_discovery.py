"""Config OP, and the metadata modules of the logout plans.

Always true: only the metadata and the JWKS are read; nobody signs in.
"""

import re
from urllib.parse import urlsplit

from tests.conformance.expect import expect
from tests.conformance.op import Op
from tests.conformance.plans import module

RESPONSE_TYPES = frozenset(
    {"code", "id_token", "id_token token", "code id_token", "code token", "code id_token token"}
)
LOCALE = re.compile(r"[a-z]{2,3}(-[A-Z][a-z]{3})?(-([A-Z]{2}|\d{3}))?(-[a-z0-9]{5,8})*")
SCOPE_TOKEN = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]+")
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
RULE = "OpenID Connect Discovery 3"


@module
def oidcc_discovery_endpoint_verification(op: Op) -> None:
    """Everything the metadata must hold, its forms, and the JWKS behind it."""
    told = op.metadata
    expect(told.get("issuer") == op.issuer, "OpenID Connect Discovery 4.3", f"issuer is {told.get('issuer')!r}")
    parts = urlsplit(str(told["issuer"]))
    expect(not parts.query and not parts.fragment, "RFC 8414 2", "the issuer has a query or a fragment")
    for name in ("authorization_endpoint", "token_endpoint", "userinfo_endpoint", "jwks_uri"):
        _address(op, name)
    _every_address(op)
    _lists(op)
    _switches(op)
    expect({key.get("kty") for key in op.keys} & {"RSA"}, RULE, "the JWKS has no RSA key for RS256")


def _lists(op: Op) -> None:
    told = {name: _strings(op, name) for name in op.metadata if name.endswith("_supported") and _is_list(op, name)}
    types = {" ".join(sorted(kind.split())) for kind in told.get("response_types_supported", [])}
    known = {" ".join(sorted(kind.split())) for kind in RESPONSE_TYPES}
    expect(types & known, RULE, "response_types_supported names none of OpenID Connect")
    subjects = set(told.get("subject_types_supported", []))
    expect(subjects and subjects <= {"public", "pairwise"}, RULE, f"subject_types_supported is {sorted(subjects)}")
    algorithms = told.get("id_token_signing_alg_values_supported", [])
    expect("RS256" in algorithms, RULE, "id_token_signing_alg_values_supported lacks RS256")
    expect("none" not in algorithms, "RFC 8725 3.2", "unsigned ID tokens are advertised")
    expect(told.get("claims_supported"), RULE, "claims_supported is missing")
    expect("openid" in told.get("scopes_supported", []), RULE, "scopes_supported lacks openid")
    if "grant_types_supported" in told:
        expect("authorization_code" in told["grant_types_supported"], RULE, "the code grant is not advertised")
    for scope in told.get("scopes_supported", []):
        expect(SCOPE_TOKEN.fullmatch(scope), "RFC 6749 3.3", f"{scope!r} is no scope token")
    for name in ("ui_locales_supported", "claims_locales_supported"):
        for tag in told.get(name, []):
            expect(LOCALE.fullmatch(tag), "RFC 8414 2", f"{name} holds {tag!r}, no canonical language tag")


def _is_list(op: Op, name: str) -> bool:
    return not isinstance(op.metadata[name], bool)


def _strings(op: Op, name: str) -> list[str]:
    value = op.metadata[name]
    expect(isinstance(value, list) and value, RULE, f"{name} is no list, or an empty one")
    expect(all(isinstance(item, str) for item in value), RULE, f"{name} holds something else than strings")
    return list(value)


def _switches(op: Op) -> None:
    """What a reader of the metadata may rely on to be true or false."""
    for name in ("claims_parameter_supported", "request_parameter_supported", "request_uri_parameter_supported"):
        value = op.metadata.get(name)
        expect(value is None or isinstance(value, bool), RULE, f"{name} is no boolean")
    fetched = op.metadata.get("request_uri_parameter_supported", True)
    expect(fetched is False, RULE, "request_uri is not served, and leaving the switch out says it is")
    if op.metadata.get("tls_client_certificate_bound_access_tokens") is not None:
        bound = op.metadata["tls_client_certificate_bound_access_tokens"]
        expect(isinstance(bound, bool), "RFC 8705 3.3", "tls_client_certificate_bound_access_tokens is no boolean")


@module
def oidcc_rp_initiated_logout_discovery_endpoint_verification(op: Op) -> None:
    """end_session_endpoint is there."""
    _every_address(op)
    _address(op, "end_session_endpoint")


@module
def oidcc_backchannel_logout_discovery_endpoint_verification(op: Op) -> None:
    """Back-channel logout with sid is advertised, and end_session_endpoint is there."""
    _every_address(op)
    _address(op, "end_session_endpoint")
    rule = "OpenID Connect Back-Channel Logout 2.1"
    for name in ("backchannel_logout_supported", "backchannel_logout_session_supported"):
        expect(op.metadata.get(name) is True, rule, f"{name} is not true")


def _address(op: Op, name: str) -> None:
    value = op.metadata.get(name)
    expect(isinstance(value, str) and value, RULE, f"{name} is missing")
    parts = urlsplit(str(value))
    expect(parts.hostname and not parts.fragment, RULE, f"{name} is no address: {value!r}")


def _every_address(op: Op) -> None:
    """https everywhere; plain http only where the issuer itself stands on loopback."""
    loopback = urlsplit(op.issuer).hostname in LOOPBACK
    for name, value in op.metadata.items():
        if name.endswith(("_endpoint", "_uri")):
            parts = urlsplit(str(value))
            safe = parts.scheme == "https" or (loopback and parts.hostname in LOOPBACK)
            expect(safe, "OpenID Connect Discovery 3", f"{name} is not https: {value!r}")
