"""The audit trail for auditors: filtered, paged, with the reasons operators stated.

Always true: reading the trail is itself recorded, with what was asked for; a filter is posted, so that what somebody
types stands in no address and no log of addresses.
"""

import re
from datetime import datetime
from types import SimpleNamespace

import orjson
from flask import request
from flask.typing import ResponseReturnValue

from idp.audit import Event
from idp.audit.reading import LATEST, Filter, Place, search
from idp.audit.rules import DAY, Entry
from idp.console.guards import looked, operator
from idp.console.loading import parts
from idp.console.pages import blueprint, page
from idp.console.rules import Role
from idp.db import current_transaction
from idp.web.clock import now
from idp.web.forms import Field, Form
from idp.web.locale import CHINA_TIME
from idp.web.reasons import sentence

PAGE = 50
LONGEST = 31 * DAY
"""Seconds that may be searched without an actor or a subject."""
_PLACE = re.compile(r"([0-9]{1,11})\.([0-9a-z]{1,64})\.([0-9]{1,11})", re.ASCII)
_ID = re.compile(r"[A-Za-z0-9_.~-]{1,80}", re.ASCII)
_INTERNAL = re.compile(r"[a-z]{2,4}_[0-9a-z]{26}", re.ASCII)
_DATE = re.compile(r"20[0-9]{2}-[0-9]{2}-[0-9]{2}", re.ASCII)
FIELDS = tuple(Field(name, max_length=80, required=False) for name in ("actor", "subject", "event", "since", "until"))
EVENTS = frozenset(event.value for event in Event)


@blueprint.route("/audit", methods=["GET", "POST"])
@operator(Role.AUDIT, personal=True)
def audit() -> ResponseReturnValue:
    form, wanted = _asked()
    place = _PLACE.fullmatch(request.form.get("before", ""))
    before = Place(int(place[1]), place[2], int(place[3])) if place else LATEST
    entries = search(current_transaction(), wanted, before=before, limit=PAGE + 1) if form.ok else []
    _note(wanted, form)
    last = entries[PAGE - 1] if len(entries) > PAGE else None
    return page(
        "audit",
        "audit",
        form=form,
        entries=[_line(entry) for entry in entries[:PAGE]],
        events=sorted(EVENTS),
        kept={field.name: form[field.name] for field in FIELDS if form[field.name]},
        older=f"{last.at}.{last.chain}.{last.seq}" if last else None,
        paged=place is not None,
    )


def _asked() -> tuple[Form, Filter]:
    """The filter that was sent: without dates the last day, with them whole days in China's time."""
    form = Form.submitted(*FIELDS) if request.method == "POST" else Form(*FIELDS)
    for name in ("actor", "subject"):
        if form[name] and not _ID.fullmatch(form[name]):
            form.refuse(name, sentence("audit_id_invalid"))
    if form["event"] and form["event"] not in EVENTS:
        form.refuse("event", sentence("audit_event_invalid"))
    since, until = _day(form, "since"), _day(form, "until")
    end = until + DAY if until is not None else now() + 1
    begin = since if since is not None else end - DAY
    if not (form["actor"] or form["subject"]) and end - begin > LONGEST:
        form.refuse("since", sentence("audit_range_long"))
    return form, Filter(begin, end, form["actor"], form["subject"], form["event"])


def _day(form: Form, name: str) -> int | None:
    """The beginning of the day a field names."""
    if not form[name]:
        return None
    try:
        if not _DATE.fullmatch(form[name]):
            raise ValueError
        day = datetime.strptime(form[name], "%Y-%m-%d").replace(tzinfo=CHINA_TIME)
    except ValueError:
        form.refuse(name, sentence("audit_date_invalid"))
        return None
    return int(day.timestamp())


def _note(wanted: Filter, form: Form) -> None:
    """The look is recorded with its filter, as far as that names something of ours: a typed phone number is no id."""
    asked = {"actor": _own(wanted.actor), "event": wanted.event} if form.ok else {}
    subject = _own(wanted.subject) if form.ok else None
    looked(Event.AUDIT_READ, subject, because=" ".join(f"{k}={v}" for k, v in asked.items() if v) or "all")


def _own(key: str) -> str | None:
    return key if _INTERNAL.fullmatch(key) or parts().registry.get(key) else None


def _line(entry: Entry) -> SimpleNamespace:
    detail = orjson.loads(entry.detail) if entry.detail else {}
    why = parts().justifications.read(current_transaction(), str(detail.get("because", "")))
    return SimpleNamespace(
        at=entry.at,
        event=entry.event,
        actor=entry.actor,
        subject=entry.subject,
        client=entry.client,
        result=entry.result,
        reason=entry.reason,
        request_id=entry.request_id,
        detail=" ".join(f"{name}={value}" for name, value in detail.items()),
        why=f"{why.text} [{why.ticket}]" if why else None,
    )
