"""Word to a person's phone about what has happened to the ways they sign in by.

Always true: it goes through the outbox in the transaction of what it tells of; who has no phone gets none.
"""

from idp.accounts.actions import Directory
from idp.db import Transaction
from idp.messages.outbox import enqueue
from idp.messages.rules import Kind
from idp.web.locale import preferences, short_time


def tell(tx: Transaction, directory: Directory, party_id: str | None, template: str, *, at: int, now: int) -> None:
    """Queue the text ``template``, which names the time ``at``; for nobody's identifier a row that leads nowhere."""
    mobile = directory.person(tx, party_id or "").mobile
    message = {
        "to": mobile.e164 if mobile else "",
        "template": template,
        "params": {"time": short_time(at)},
        "locale": preferences().lang,
    }
    enqueue(tx, Kind.SMS if mobile else Kind.NONE, message, party_id=party_id, now=now)
