"""The plans of the suite, and the modules of each that apply to a provider with static clients and the code flow.

Always true: a module is named as the suite names it, and its check is the function of that name.
"""

from collections.abc import Callable
from dataclasses import dataclass

from tests.conformance.op import Op

Check = Callable[[Op], None]
CHECKS: dict[str, Check] = {}


def module(check: Check) -> Check:
    """Register ``check`` under the name of the suite's module: ``oidcc_max_age_1`` is ``oidcc-max-age-1``."""
    CHECKS[name_of(check)] = check
    return check


def name_of(check: Check) -> str:
    return check.__name__.replace("_", "-")


@dataclass(frozen=True)
class Plan:
    """``key`` is the test's short name, ``title`` the certification profile, ``plan`` the suite's own name."""

    key: str
    title: str
    plan: str
    modules: tuple[str, ...]
    response_mode: str | None = None


@dataclass(frozen=True)
class Inapplicable:
    module: str
    reason: str


CODE_MODULES = (
    "oidcc-server",
    "oidcc-response-type-missing",
    "oidcc-idtoken-signature",
    "oidcc-userinfo-get",
    "oidcc-userinfo-post-header",
    "oidcc-userinfo-post-body",
    "oidcc-ensure-request-without-nonce-succeeds-for-code-flow",
    "oidcc-scope-profile",
    "oidcc-scope-email",
    "oidcc-scope-address",
    "oidcc-scope-phone",
    "oidcc-scope-all",
    "oidcc-ensure-other-scope-order-succeeds",
    "oidcc-display-page",
    "oidcc-display-popup",
    "oidcc-prompt-login",
    "oidcc-prompt-none-not-logged-in",
    "oidcc-prompt-none-logged-in",
    "oidcc-max-age-1",
    "oidcc-max-age-10000",
    "oidcc-ensure-request-with-unknown-parameter-succeeds",
    "oidcc-id-token-hint",
    "oidcc-login-hint",
    "oidcc-ui-locales",
    "oidcc-claims-locales",
    "oidcc-ensure-request-with-acr-values-succeeds",
    "oidcc-codereuse",
    "oidcc-codereuse-30seconds",
    "oidcc-ensure-registered-redirect-uri",
    "oidcc-ensure-post-request-succeeds",
    "oidcc-server-client-secret-post",
    "oidcc-unsigned-request-object-supported-correctly-or-rejected-as-unsupported",
    "oidcc-claims-essential",
    "oidcc-ensure-request-object-with-redirect-uri",
    "oidcc-refresh-token",
    "oidcc-ensure-request-with-valid-pkce-succeeds",
)

PLANS = (
    Plan("basic", "Basic OP", "oidcc-basic-certification-test-plan", CODE_MODULES),
    Plan(
        "config",
        "Config OP",
        "oidcc-config-certification-test-plan",
        ("oidcc-discovery-endpoint-verification",),
    ),
    Plan(
        "form-post",
        "Form Post OP",
        "oidcc-formpost-basic-certification-test-plan",
        CODE_MODULES,
        response_mode="form_post",
    ),
    Plan(
        "rp-initiated-logout",
        "RP-Initiated Logout OP",
        "oidcc-rp-initiated-logout-certification-test-plan",
        (
            "oidcc-rp-initiated-logout-discovery-endpoint-verification",
            "oidcc-rp-initiated-logout",
            "oidcc-rp-initiated-logout-bad-post-logout-redirect-uri",
            "oidcc-rp-initiated-logout-modified-id-token-hint",
            "oidcc-rp-initiated-logout-no-id-token-hint",
            "oidcc-rp-initiated-logout-no-params",
            "oidcc-rp-initiated-logout-no-post-logout-redirect-uri",
            "oidcc-rp-initiated-logout-no-state",
            "oidcc-rp-initiated-logout-only-state",
            "oidcc-rp-initiated-logout-query-added-to-post-logout-redirect-uri",
            "oidcc-rp-initiated-logout-bad-id-token-hint",
        ),
    ),
    Plan(
        "back-channel-logout",
        "Back-Channel Logout OP",
        "oidcc-backchannel-rp-initiated-logout-certification-test-plan",
        ("oidcc-backchannel-logout-discovery-endpoint-verification", "oidcc-backchannel-rp-initiated-logout"),
    ),
)

INAPPLICABLE = (
    Inapplicable(
        "oidcc-idtoken-unsigned",
        "the suite runs it with dynamic registration only, and skips it where `none` is not advertised; "
        "ID tokens are always signed",
    ),
    Inapplicable(
        "oidcc-request-uri-unsigned-supported-correctly-or-rejected-as-unsupported",
        "the suite runs it with dynamic registration only; fetching a `request_uri` is outside the product's scope "
        "and metadata says `request_uri_parameter_supported: false`",
    ),
)
