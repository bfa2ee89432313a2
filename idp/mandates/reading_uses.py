"""What was done under a mandate, for the page that shows it to both sides.

Always true: what an agency's own people did stands with the agency's mandate, too.
"""

from typing import NamedTuple

from idp.db import Statement, Transaction


class Used(NamedTuple):
    """``what``: ``data`` or ``token``, then the claims or actions, blanks between. ``used_at``: Unix seconds."""

    person: str
    client_id: str
    what: str
    service: str | None
    region: str | None
    used_at: int


_OF = Statement(
    "SELECT person_id, client_id, what, service, region, used_at FROM mandate_use WHERE mandate_id = :mandate"
    " OR mandate_id IN (SELECT id FROM mandate WHERE parent_id = :mandate)"
    " ORDER BY used_at DESC, id DESC LIMIT :most",
    Used,
)


def uses(tx: Transaction, mandate_id: str, *, most: int) -> list[Used]:
    """The latest uses, newest first."""
    return tx.all(_OF, mandate=mandate_id, most=most)
