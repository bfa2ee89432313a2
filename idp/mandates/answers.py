"""Reading what somebody answered about a mandate: how far it goes, and from when until when.

Always true: what is given back stays within what was offered; else the form says what is wrong.
"""

import re
from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

from idp.mandates.days import begin_of, day_of, parse_day
from idp.mandates.desk import Behalf, refuse
from idp.mandates.giving import Choice, chosen_scope, last_end
from idp.mandates.rules import DAY, Mandate, Refusal
from idp.mandates.scopes import Action, Limit, Scope
from idp.mandates.showing import amount
from idp.mandates.themes import Theme
from idp.mandates.words import ACTIONS
from idp.web.clock import now
from idp.web.forms import Field, Form
from idp.web.locale import preferences
from idp.web.reasons import sentence

AMOUNT = Field("amount", max_length=20, required=False)
POST_HELD = Field("post", sentence("mandate_post_missing"), max_length=60)
UNIT = Field("unit", required=False, max_length=60)
"""The office: whose staff may go on with one another's cases at a counter."""
TERM = Field("term", sentence("mandate_term_missing"), max_length=8)
FIRST = Field("first", max_length=10, required=False)
LAST = Field("last", max_length=10, required=False)
DATES = (TERM, FIRST, LAST)
_AMOUNT = re.compile(r"(\d{1,11})(?:\.(\d{1,2}))?", re.ASCII)


def parse_amount(text: str) -> Limit | None:
    """Yuan with up to two decimal places; blanks and commas between digits do not count. None: no amount."""
    found = _AMOUNT.fullmatch(re.sub(r"[\s,，]", "", text))
    hundredths = int(found[1]) * 100 + int((found[2] or "").ljust(2, "0")) if found else 0
    return Limit(hundredths) if hundredths else None


def scope_fields(theme: Theme, most: Scope) -> list[Field]:
    """A box for each service and each action of ``most``, as the page sends them."""
    names = [f"service-{one.code}" for one in theme.services if one.code in most.services]
    names += [f"action-{one}" for one in Action if one in most.actions]
    return [Field(name, max_length=8, required=False) for name in names]


def shown_scope(theme: Theme, most: Scope) -> dict[str, Any]:
    """The same for the template."""
    lang = preferences().lang
    return {
        "services": [
            SimpleNamespace(field=f"service-{one.code}", title=one.title[lang])
            for one in theme.services
            if one.code in most.services
        ],
        "actions": [
            SimpleNamespace(field=f"action-{one}", word=ACTIONS[one]) for one in Action if one in most.actions
        ],
        "most": amount(most.limit) or None,
    }


def read_scope(form: Form, theme: Theme, most: Scope, choice: Choice, mine: Behalf) -> Scope | None:
    """How far it goes; an amount beyond what may be given is no answer."""
    services = {one.code for one in theme.services if _ticked(form, f"service-{one.code}")}
    actions = {one for one in Action if _ticked(form, f"action-{one}")}
    typed = "amount" in form
    text = form["amount"] if typed else ""
    limit = parse_amount(text) if text else most.limit
    if not actions:
        form.refuse("actions", sentence("mandate_actions_missing"))
    if not services:  # the first on the page is said last, to stand first
        form.refuse("services", sentence("mandate_services_missing"))
    if text and limit is None:
        form.refuse("amount", sentence("mandate_limit_invalid"))
    found = Scope(frozenset(actions), frozenset(services), limit)
    if form.ok and not most.covers(found):
        refuse(form, "amount", "mandate_scope_beyond", Refusal.SCOPE_BEYOND, mine)
    return chosen_scope(choice, found.actions, found.services, limit) if form.ok else None


def _ticked(form: Form, name: str) -> bool:
    return name in form and form[name] == "yes"


def read_dates(
    form: Form, ends: Mapping[str, int], mine: Behalf, theme: Theme, parent: Mandate | None
) -> tuple[int, int] | None:
    """The first second and the first second without it. A mandate of today begins now."""
    if form["term"] in ends:
        return now(), ends[form["term"]]
    if form["term"] != "own":
        form.refuse("term", sentence("mandate_term_missing"))
        return None
    first, last = parse_day(form["first"]), parse_day(form["last"])
    for name, day in (("first", first), ("last", last)):
        if day is None:
            form.refuse(name, sentence("mandate_day_invalid"))
    if first is None or last is None:
        return None
    begins = now() if first == day_of(now()) else begin_of(first)
    over = begin_of(last) + DAY
    if first < day_of(now()) or over <= begins or over > last_end(mine, theme, parent, first):
        refuse(form, "last", "mandate_term", Refusal.TERM, mine)
    return (begins, over) if form.ok else None
