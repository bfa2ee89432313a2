"""The two fields by which an operator says why: words, and the number of the case.

Always true: without both there is no look and no act.
"""

import re

from idp.console.justifications import Justification
from idp.web.forms import Field, Form
from idp.web.reasons import sentence

REASON = Field("reason", sentence("reason_missing"), max_length=400)
TICKET = Field("ticket", sentence("ticket_missing"), max_length=32)
_TICKET = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]{2,31}", re.ASCII)
_FEWEST = 4
"""Characters of a reason; in Chinese that many can say something."""


def stated(form: Form) -> Justification | None:
    """The reason a sent form states, or None with what is wrong said in the form."""
    if not form.ok:
        return None
    if len(form["reason"]) < _FEWEST:
        form.refuse("reason", sentence("reason_short"))
    if not _TICKET.fullmatch(form["ticket"]):
        form.refuse("ticket", sentence("ticket_invalid"))
    return Justification(form["reason"], form["ticket"]) if form.ok else None
