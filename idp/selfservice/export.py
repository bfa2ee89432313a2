"""Taking one's data away: one JSON file of everything the account holds about its person (docs/data-export.md).

Always true: it is given to a person who has just proved themselves, once in an hour, and leaves an audit record.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import orjson
from flask import Response, render_template, request
from flask.typing import ResponseReturnValue

from idp.audit import Event, record
from idp.db import Transaction, current_transaction, db
from idp.selfservice.confirm import confirm_first, is_fresh
from idp.selfservice.pages import blueprint, parts
from idp.signin.confirm_pages import confirm_strongly
from idp.signin.rules import Session
from idp.web.clock import now
from idp.web.forms import Form
from idp.web.guards import current_session, signed_in
from idp.web.reasons import sentence

FORMAT = "tongban-account"
VERSION = 1
WINDOW = 3600
"""Seconds within which one file is given out."""

Exporter = Callable[[Transaction, str], tuple[str, Any]]
"""``(tx, party_id) -> (name, value)``: what one capability holds in clear about the person, for the person.

``value`` is made of dicts, lists, texts, numbers; a member whose name ends in ``_at`` is a time in Unix seconds.
"""


@blueprint.route("/export", methods=["GET", "POST"])
@signed_in
def export() -> ResponseReturnValue:
    session: Session = current_session()
    if request.method != "POST":
        return render_template("account/export.html", form=Form())
    if not is_fresh(session):
        return confirm_first()
    if (first := confirm_strongly(session)) is not None:
        return first
    db.session.rollback()
    if parts().store.incr("account-export", session.party_id, WINDOW) > 1:
        form = Form()
        form.refuse("", sentence("export_too_soon"))
        return render_template("account/export.html", form=form), 429
    return _file(session)


def _file(session: Session) -> Response:
    tx = current_transaction()
    document = collect(tx, session.party_id, parts().exporters, now=now())
    record(tx, Event.DATA_EXPORTED, actor=session.party_id, subject=session.party_id, session=session.id, now=now())
    db.session.commit()
    name = f"tongban-{datetime.fromtimestamp(now(), UTC):%Y%m%d}.json"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(orjson.dumps(document, option=orjson.OPT_INDENT_2), headers=headers, mimetype="application/json")


def collect(tx: Transaction, party_id: str, exporters: tuple[Exporter, ...], *, now: int) -> dict[str, Any]:
    """The whole document; each capability's part stands under its own name."""
    held = dict(part(tx, party_id) for part in exporters)
    return {"format": FORMAT, "format_version": VERSION, "exported_at": _utc(now), **_readable(held)}


def _readable(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _utc(held) if name.endswith("_at") else _readable(held) for name, held in value.items()}
    return [_readable(held) for held in value] if isinstance(value, list | tuple) else value


def _utc(seconds: int | None) -> str | None:
    """RFC 3339 in UTC."""
    return None if seconds is None else f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%SZ}"
