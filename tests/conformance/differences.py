"""Where a target is known to answer otherwise than the checks demand, and why; docs/conformance.md shows the table.

Always true: a difference that no longer exists fails the module it is listed for.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Difference:
    """``target`` does not do ``point`` (the name a check gives to one demand) in ``modules``."""

    target: str
    point: str
    modules: tuple[str, ...]
    what: str
    reason: str


DIFFERENCES: tuple[Difference, ...] = ()
