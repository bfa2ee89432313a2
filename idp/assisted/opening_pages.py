"""Opening a case: who is at the counter, in which matters, and the face or the phone that speaks for them.

Always true: what was typed of a citizen waits sealed in a journey of this clerk and this browser, and stands in no
address.
"""

from collections.abc import Sequence
from datetime import date
from types import SimpleNamespace
from typing import Any

from flask import abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from idp.accounts.documents import IdNumber
from idp.accounts.names import PersonName
from idp.accounts.rules import Mobile
from idp.assisted.actions import Carded, Coded
from idp.assisted.desk import at_counter, blueprint, office_of, office_text, parts
from idp.assisted.rules import MOST_MATTERS, Clerk, Denied, Identified, Matter, Seen
from idp.assisted.showing import matter_titles, service_title, theme_title
from idp.assisted.waiting import waiting_page
from idp.assisted.words import IDENTIFIED_BY
from idp.checks.pages import is_offered, order_check, take_check
from idp.checks.rules import CheckKind, CheckPurpose, CheckSubject, Passed
from idp.db import current_transaction, db
from idp.flows.actions import Journey
from idp.flows.rules import FlowKind, open_step
from idp.flows.steps import journey_over
from idp.mandates.days import parse_day
from idp.proofing.forms import NAME, NUMBER, typed_document
from idp.web.clock import now
from idp.web.cookies import browser_digest
from idp.web.forms import Field, Form
from idp.web.reasons import sentence

KIND = FlowKind.ASSISTED
BEGIN = "assisted.new"
SEEN = Field("seen", sentence("assisted_seen_missing"), max_length=16)
VALID_TO = Field("valid_to", required=False, max_length=16)
LONG_TERM = Field("long_term", required=False, max_length=8)
PHONE = Field("phone", required=False, max_length=40)
CODE = Field("code", sentence("assisted_scan_missing"), max_length=200)
CARD = (SEEN, NAME, NUMBER, VALID_TO, LONG_TERM, PHONE)


def ways() -> Sequence[Identified]:
    """How somebody can be identified here."""
    faces = is_offered(CheckKind.FACE)
    return [one for one in Identified if faces or one is not Identified.ID_CARD_FACE]


@blueprint.route("/counter/new", methods=["GET", "POST"])
@at_counter
def new(clerk: Clerk) -> ResponseReturnValue:
    """One page: who, and in which matters; a card alone makes the case at once."""
    asked = request.args.get("way", Identified.ID_CARD.value)
    way = next((one for one in ways() if one == asked), None) or abort(404)
    offered = parts().assisting.offered()
    fields = (CODE,) if way is Identified.IDENTITY_CODE else CARD
    ticks = tuple(Field(_box(one), required=False, max_length=8) for one in offered)
    if request.method == "GET":
        values = {} if way is Identified.IDENTITY_CODE else {"seen": Seen.CHIP_READ.value}
        return _page(clerk, Form(*fields, *ticks, values=values), way, offered)
    form = Form.submitted(*fields, *ticks)
    chosen = [one for one in offered if form[_box(one)] == "yes"]
    if not 0 < len(chosen) <= MOST_MATTERS:
        form.refuse("matters", sentence("assisted_matters"))
    if way is Identified.IDENTITY_CODE:
        return _ask_phone(clerk, form, chosen) if form.ok else _page(clerk, form, way, offered)
    card = _card(form)
    if card is None:
        return _page(clerk, form, way, offered)
    if way is Identified.ID_CARD_FACE:
        return _begin(clerk, chosen, _written(card))
    return _open(clerk, form, card, chosen, way)


def _box(matter: Matter) -> str:
    return f"matter-{matter.service}"


def _card(form: Form) -> Carded | None:
    """As typed; what is wrong with it stands in the form then."""
    name = PersonName.parse(form["name"]) if form["name"] else None
    document = typed_document("id_number", form["number"]) if form["number"] else None
    phone = Mobile.parse(form["phone"]) if form["phone"] else None
    last = None if form["long_term"] == "yes" else parse_day(form["valid_to"])
    if form["name"] and name is None:
        form.refuse("name", sentence("name_invalid"))
    if form["number"] and document is None:
        form.refuse("number", sentence("document_number_invalid"))
    if last is None and form["long_term"] != "yes":
        form.refuse("valid_to", sentence("valid_to_missing"))
    if form["phone"] and phone is None:
        form.refuse("phone", sentence("phone_invalid"))
    if form["seen"] and form["seen"] not in tuple(Seen):
        form.refuse("seen", SEEN.missing)
    if not form.ok or name is None or document is None:
        return None
    return Carded(name=name, document=document, valid_to=last, seen=Seen(form["seen"]), phone=phone)


def _open(
    clerk: Clerk, form: Form, citizen: Carded | Coded, matters: list[Matter], way: Identified
) -> ResponseReturnValue:
    found = parts().assisting.open(current_transaction(), clerk, citizen, matters, now=now())
    db.session.commit()
    if isinstance(found, Denied):
        form.refuse("", sentence(found.reason))
        return _page(clerk, form, way, parts().assisting.offered())
    return redirect(url_for("assisted.case", case_id=found.id, done="assisted_opened"), 303)


def _page(clerk: Clerk, form: Form, way: Identified, offered: Sequence[Matter]) -> ResponseReturnValue:
    return render_template(
        "assisted/new.html",
        form=form,
        way=way.value,
        ways=[
            SimpleNamespace(word=IDENTIFIED_BY[one], url=url_for("assisted.new", way=one.value), chosen=one is way)
            for one in ways()
        ],
        office=office_of(clerk),
        themes=_themes(offered),
        most=MOST_MATTERS,
        back_url=url_for("assisted.counter"),
    )


def _themes(offered: Sequence[Matter]) -> list[SimpleNamespace]:
    """The matters under the titles of their themes."""
    found: dict[str, SimpleNamespace] = {}
    for one in offered:
        theme = found.setdefault(one.theme, SimpleNamespace(title=theme_title(one), matters=[]))
        theme.matters.append(SimpleNamespace(field=_box(one), title=service_title(one)))
    return list(found.values())


def _written(card: Carded) -> dict[str, Any]:
    return {
        "name": card.name.value,
        "document": card.document.value,
        "valid_to": card.valid_to.isoformat() if card.valid_to else None,
        "seen": card.seen.value,
        "phone": card.phone.value if card.phone else None,
    }


def _read(facts: Any, faced: Passed | None = None) -> Carded:
    valid_to, phone = facts["valid_to"], facts["phone"]
    return Carded(
        name=PersonName(facts["name"]),
        document=IdNumber(facts["document"]),
        valid_to=date.fromisoformat(valid_to) if valid_to else None,
        seen=Seen(facts["seen"]),
        faced=faced,
        phone=Mobile(phone) if phone else None,
    )


def _begin(clerk: Clerk, matters: list[Matter], told: dict[str, Any]) -> ResponseReturnValue:
    """Wait for the citizen with what was typed."""
    facts = {"party_id": clerk.person, "office": clerk.mandate, "matters": [one.service for one in matters], **told}
    journey = parts().journeys.begin(current_transaction(), KIND, facts, browser=browser_digest(), now=now())
    db.session.commit()
    return redirect(_address(journey), 303)


def _address(journey: Journey) -> str:
    return url_for("assisted.new_check", f=journey.id)


def _ask_phone(clerk: Clerk, form: Form, matters: list[Matter]) -> ResponseReturnValue:
    code = parts().assisting.ask_code(current_transaction(), clerk, form["code"], matters, now=now())
    if isinstance(code, Denied):
        db.session.commit()
        form.refuse("code", sentence(code.reason))
        return _page(clerk, form, Identified.IDENTITY_CODE, parts().assisting.offered())
    return _begin(clerk, matters, {"code": code})


@blueprint.route("/counter/new/check", methods=["GET", "POST"])
@at_counter
def new_check(clerk: Clerk) -> ResponseReturnValue:
    """The citizen's face, or their answer on their phone; then there is a case."""
    journey = _own(clerk)
    if journey is None:
        return journey_over(BEGIN)
    chosen = journey.facts["matters"]
    matters = [one for one in parts().assisting.offered() if one.service in chosen]
    if "code" in journey.facts:
        return _by_phone(clerk, journey, matters)
    return _by_face(clerk, journey, matters)


def _own(clerk: Clerk) -> Journey | None:
    """This clerk's, at this office."""
    key = request.values.get("f", "")
    found = parts().journeys.read(current_transaction(), KIND, key, browser=browser_digest(), now=now())
    if found is None or open_step(KIND, found.facts) != "check":
        return None
    mine = (found.facts["party_id"], found.facts["office"]) == (clerk.person, clerk.mandate)
    return found if mine else None


def _by_phone(clerk: Clerk, journey: Journey, matters: list[Matter]) -> ResponseReturnValue:
    code = journey.facts["code"]
    state = parts().assisting.code_state(current_transaction(), clerk, code, now=now())
    if request.method == "GET" or state == "waiting":  # a code that is over or used is refused, and recorded
        return waiting_page(state, _address(journey), back=url_for(BEGIN, way=Identified.IDENTITY_CODE.value))
    return _finish(clerk, journey, Coded(code=code), matters, Identified.IDENTITY_CODE)


def _by_face(clerk: Clerk, journey: Journey, matters: list[Matter]) -> ResponseReturnValue:
    card = _read(journey.facts)
    subject = CheckSubject(card.name, card.document)
    passed = take_check(CheckKind.FACE, CheckPurpose.ASSISTED, subject)
    if isinstance(passed, Passed):
        return _finish(clerk, journey, _read(journey.facts, passed), matters, Identified.ID_CARD_FACE)
    address = order_check(
        CheckKind.FACE,
        CheckPurpose.ASSISTED,
        subject,
        back=_address(journey),
        elsewhere=url_for(BEGIN),
        asked_by=office_text(clerk),
        matter=", ".join(matter_titles(matters)),
    )
    db.session.commit()
    return redirect(address, 303)


def _finish(
    clerk: Clerk, journey: Journey, citizen: Carded | Coded, matters: list[Matter], way: Identified
) -> ResponseReturnValue:
    """One of two that come at once makes the case."""
    tx = current_transaction()
    if not parts().journeys.move(tx, journey, {**journey.facts, "case": True}, ended_at=now()):
        db.session.rollback()
        return journey_over(BEGIN)
    fields = (CODE,) if way is Identified.IDENTITY_CODE else CARD
    ticks = tuple(Field(_box(one), required=False) for one in parts().assisting.offered())
    typed = {name: journey.facts.get(name) or "" for name in ("name", "seen", "phone", "valid_to")}
    values = {} if way is Identified.IDENTITY_CODE else typed | {"number": journey.facts["document"]}
    form = Form(*fields, *ticks, values=values | dict.fromkeys(map(_box, matters), "yes"))
    return _open(clerk, form, citizen, matters, way)
