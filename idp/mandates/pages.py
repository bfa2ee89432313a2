"""Mandates as somebody finds them: what they have given, what they hold, what waits for them.

Always true: what is listed is that of one party, the person themselves or the entity they speak for just now.
"""

from collections.abc import Sequence
from types import SimpleNamespace

from flask import abort, render_template, request
from flask.typing import ResponseReturnValue

from idp.db import Transaction, current_transaction
from idp.mandates import listing
from idp.mandates.addressing import Addressee
from idp.mandates.desk import Behalf, administered, behalf, blueprint, parts
from idp.mandates.listing import GROUPS, NEWEST, Place
from idp.mandates.rules import Side, State
from idp.mandates.showing import shown_mandate, theme_title
from idp.mandates.words import GROUP_WORDS
from idp.web.guards import signed_in
from idp.web.notices import done_notice

FIRST, PAGE = 10, 30
"""Rows of a list on the first page, and on a page of its own."""
SIDES = {"given": Side.PRINCIPAL, "held": Side.AGENT}


@blueprint.get("/account/mandates")
@signed_in
def index() -> ResponseReturnValue:
    """Both lists, and what the party can do here."""
    mine, group = behalf(), _group()
    tx = current_transaction()
    return render_template(
        "mandates/index.html",
        entity_name=mine.entity.name if mine.entity else None,
        theme=theme_title(mine.mandate.theme, mine.mandate.theme_version) if mine.mandate else None,
        lists=[_list(tx, mine, which, group, NEWEST, FIRST) for which in _sides(mine)],
        groups=_groups(mine, "index", group),
        grant_url=mine.url("kind"),
        request_url=None if mine.mandate else mine.url("ask"),
        entity_url=mine.url("people") if mine.entity else None,
        own_url=mine.url("index") if mine.mandate is None else Behalf(mine.person, mine.person).url("index"),
        others=[_managed(one) for one in administered(tx, mine.person)] if mine.entity is None else [],
        notice=done_notice(),
    )


@blueprint.get("/account/mandates/given", defaults={"which": "given"})
@blueprint.get("/account/mandates/held", defaults={"which": "held"})
@signed_in
def list_(which: str) -> ResponseReturnValue:
    """One of the two, page by page."""
    mine, group = behalf(), _group()
    if which not in _sides(mine):
        abort(404)
    return render_template(
        "mandates/list.html",
        entity_name=mine.entity.name if mine.entity else None,
        list=_list(current_transaction(), mine, which, group, _place(request.args.get("before", "")), PAGE),
        groups=_groups(mine, "list_", group, which=which),
        back_url=mine.url("index"),
    )


def _sides(mine: Behalf) -> Sequence[str]:
    """An administrator sees what the entity gives, not what it holds."""
    return ("given",) if mine.mandate else ("given", "held")


def _group() -> str:
    asked = request.args.get("state", "all")
    return asked if asked in GROUPS else "all"


def _groups(mine: Behalf, endpoint: str, chosen: str, **values: str) -> list[SimpleNamespace]:
    return [
        SimpleNamespace(word=word, url=mine.url(endpoint, state=name, **values), chosen=name == chosen)
        for name, word in GROUP_WORDS.items()
    ]


def _place(text: str) -> Place:
    at, _, key = text.partition(".")
    return Place(int(at), key) if at.isascii() and at.isdecimal() and len(at) < 12 else NEWEST


def _list(tx: Transaction, mine: Behalf, which: str, group: str, before: Place, most: int) -> SimpleNamespace:
    if which == "given":
        found = listing.given(tx, mine.party, theme=mine.theme, group=group, before=before, most=most + 1)
    else:
        found = _held(tx, mine, group, before, most + 1)
    last = found[most - 1] if len(found) > most else None
    more = mine.url("list_", which=which, state=group, before=f"{last.created_at}.{last.id}") if last else None
    rows = [shown_mandate(tx, *listing.by_id(tx, place), SIDES[which]) for place in found[:most]]
    for row in rows:
        row.url = mine.url("detail", mandate_id=row.id)
    return SimpleNamespace(which=which, rows=rows, more_url=more, narrowed=group != "all", later=before != NEWEST)


def _held(tx: Transaction, mine: Behalf, group: str, before: Place, most: int) -> list[Place]:
    own = parts().granting.addresses.own(tx, mine.party)
    blind = parts().granting.addresses.blind(own) if own else b""
    found = listing.held(tx, mine.party, blind=blind, group=group, before=before, most=most)
    return [place for place in found if _is_for(tx, place, mine, own)]


def _is_for(tx: Transaction, place: Place, mine: Behalf, own: Addressee | None) -> bool:
    """One that found its number still has to mean this name."""
    mandate, kept = listing.by_id(tx, place)
    if mandate.agent:
        return mandate.agent == mine.party
    if mandate.state is not State.PENDING_ACCEPTANCE:
        return False
    meant = parts().granting.draft_of(mandate, kept).addressee
    return own is not None and own.is_same(meant)


def _managed(one: Behalf) -> SimpleNamespace:
    assert one.mandate is not None and one.entity is not None  # noqa: S101, PT018 - `administered` gives no others
    return SimpleNamespace(
        name=one.entity.name,
        theme=theme_title(one.mandate.theme, one.mandate.theme_version),
        url=one.url("index"),
    )
