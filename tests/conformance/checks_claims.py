"""Basic and Form Post modules about userinfo, scopes and the ``claims`` parameter.

Always true: what is demanded of claims is their presence, type and format; values are the person's own.
"""

import json
from typing import Any

from tests.conformance.expect import expect
from tests.conformance.op import Op
from tests.conformance.plans import module
from tests.conformance.tokens import check_standard_claims

SCOPES = {
    "profile": (
        "name", "given_name", "family_name", "middle_name", "nickname", "profile", "picture", "website", "gender",
        "birthdate", "zoneinfo", "locale", "updated_at", "preferred_username",
    ),
    "email": ("email", "email_verified"),
    "address": ("address",),
    "phone": ("phone_number", "phone_number_verified"),
}  # fmt: skip
"""The claims a scope asks for (OpenID Connect Core 5.4)."""


@module
def oidcc_userinfo_get(op: Op) -> None:
    """GET with the access token in the header."""
    check_standard_claims(op.userinfo_claims(op.sign_in(op.agent())))


@module
def oidcc_userinfo_post_header(op: Op) -> None:
    """POST with the access token in the header."""
    check_standard_claims(op.userinfo_claims(op.sign_in(op.agent()), "post-header"))


@module
def oidcc_userinfo_post_body(op: Op) -> None:
    """POST with the access token in the body."""
    check_standard_claims(op.userinfo_claims(op.sign_in(op.agent()), "post-body"))


@module
def oidcc_scope_profile(op: Op) -> None:
    """scope=openid profile."""
    _scoped(op, "profile")


@module
def oidcc_scope_email(op: Op) -> None:
    """scope=openid email."""
    _scoped(op, "email")


@module
def oidcc_scope_address(op: Op) -> None:
    """scope=openid address."""
    _scoped(op, "address")


@module
def oidcc_scope_phone(op: Op) -> None:
    """scope=openid phone."""
    _scoped(op, "phone")


@module
def oidcc_scope_all(op: Op) -> None:
    """scope=openid address email phone profile."""
    _scoped(op, "address", "email", "phone", "profile")


@module
def oidcc_ensure_other_scope_order_succeeds(op: Op) -> None:
    """scope=email openid: the order does not matter."""
    claims = op.userinfo_claims(op.sign_in(op.agent(), scope="email openid"))
    _complete(op, claims, ("email",))


@module
def oidcc_claims_essential(op: Op) -> None:
    """An essential ``name`` asked of userinfo comes from userinfo and from nowhere else."""
    supported = op.metadata.get("claims_parameter_supported")
    expect(supported, "OpenID Connect Discovery 3", "claims_parameter_supported is not true")
    asked = json.dumps({"userinfo": {"name": {"essential": True}}})
    claims = op.userinfo_claims(op.sign_in(op.agent(), claims=asked))
    check_standard_claims(claims)
    expect("name" in claims, "OpenID Connect Core 5.5.1", "the essential claim name is missing from userinfo")


def _scoped(op: Op, *scopes: str) -> None:
    offered = op.metadata.get("scopes_supported", [])
    expect(set(scopes) <= set(offered), "OpenID Connect Discovery 3", f"{scopes} are not all in scopes_supported")
    claims = op.userinfo_claims(op.sign_in(op.agent(), scope=" ".join(("openid", *scopes))))
    _complete(op, claims, scopes)


def _complete(op: Op, claims: dict[str, Any], scopes: tuple[str, ...]) -> None:
    check_standard_claims(claims)
    for scope in scopes:
        missing = sorted(set(SCOPES[scope]) - set(claims))
        rule = "OpenID Connect Core 5.4"
        op.expect(not missing, f"scope-{scope}", rule, f"userinfo lacks claims of scope {scope}: {missing}")
