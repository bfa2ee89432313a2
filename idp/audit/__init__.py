"""The audit trail: who did what to whom, for which client, with which result, in chains that show any tampering.

Always true: a record is written in the transaction of the act it tells of, so neither exists without the other.
"""

from idp.audit.chains import init_audit, record
from idp.audit.rules import Event

__all__ = ["Event", "init_audit", "record"]
