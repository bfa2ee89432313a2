"""Where a target is known to answer otherwise than the checks demand, and why; docs/conformance.md shows the table.

Always true: a difference that no longer exists fails the test it is listed for.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Difference:
    """``target`` does not do ``point`` (the name of one demand) in ``modules`` (or rows of bad input)."""

    target: str
    point: str
    modules: tuple[str, ...]
    what: str
    reason: str


DIFFERENCES: tuple[Difference, ...] = (
    Difference(
        target="peer",
        point="no-client-authentication",
        modules=("no client authentication", "introspection by nobody", "revocation by nobody"),
        what="a request without any client authentication is answered `invalid_request` instead of `invalid_client`",
        reason="oidc-provider reports the missing `client_id` first; RFC 6749 5.2 names both errors for it",
    ),
)


def known(target: str, point: str, module: str) -> bool:
    """Whether ``target`` is listed for ``point`` in ``module``."""
    return any((d.target, d.point) == (target, point) and module in d.modules for d in DIFFERENCES)
