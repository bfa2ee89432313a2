"""Mandates from a table: sent, read back line by line with what is wrong, and all good ones signed at once.

Always true: the file is kept nowhere but in the sealed answers of the journey, and what is signed are the texts whose
common hash the page showed.
"""

import csv
from hashlib import sha256
from io import StringIO
from types import SimpleNamespace

from flask import Response, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from idp.db import Transaction, current_transaction, db
from idp.flows.actions import Journey
from idp.flows.rules import FlowKind
from idp.flows.steps import Steps, journey_over
from idp.mandates import bulk as reading_bulk
from idp.mandates.actions import Text
from idp.mandates.bulk import COLUMNS, MOST, Line, Unfit, check, read_file
from idp.mandates.desk import Behalf, behalf, behalf_by, blueprint, note_refused, parts, prove_first, signer
from idp.mandates.granting import Denied, Grantor
from idp.mandates.refusing import refused
from idp.mandates.rules import Refusal
from idp.mandates.showing import theme_title
from idp.mandates.standing import grantor_of, place_of
from idp.mandates.text_pages import HASH, SHOWN
from idp.web.clock import now
from idp.web.cookies import browser_digest
from idp.web.forms import Field, Form
from idp.web.guards import signed_in
from idp.web.limits import sent_photo, takes_photo
from idp.web.locale import preferences
from idp.web.reasons import sentence
from idp.web.visit import carried

KIND = FlowKind.MANDATE_BULK
BEGIN = "mandates.bulk"
FILE = Field("photo", sentence("mandate_file_missing"))
"""The one file a form may hold (`idp.web.limits.takes_photo`)."""
LARGEST = 512 * 1024


def _address(journey: Journey) -> str:
    return url_for("mandates.bulk_confirm", f=journey.id, **carried())


STEPS = Steps(KIND, BEGIN, lambda: parts().journeys, _address)


@blueprint.route("/account/mandates/bulk", methods=["GET", "POST"])
@takes_photo
@signed_in
def bulk() -> ResponseReturnValue:
    """The file. It is read at once, and what is kept of it are its lines."""
    mine, form = behalf(), Form(FILE)
    if mine.entity is None:
        abort(404)
    if request.method == "GET":
        return _file_page(form, mine)
    content = sent_photo("photo")
    found = read_file(content, mine, now=now()) if 0 < len(content) <= LARGEST else Unfit("mandate_file_missing")
    if isinstance(found, Unfit):
        form.refuse("photo", sentence(found.reason if len(content) <= LARGEST else "mandate_file_long"))
        return _file_page(form, mine)
    tx = current_transaction()
    judged = _judge(tx, found, mine)
    for line in judged:
        if line.draft and line.wrong in tuple(Refusal):
            refused(tx, Refusal(line.wrong), principal=mine.party, mandate=None, person=mine.person, now=now())
    facts = {
        "party_id": mine.person,
        "principal": mine.party,
        "by": mine.mandate.id if mine.mandate else None,
        "lines": [reading_bulk.write(line) for line in judged],
    }
    journey = parts().journeys.begin(tx, KIND, facts, browser=browser_digest(), now=now())
    db.session.commit()
    return redirect(_address(journey), 303)


def _judge(tx: Transaction, lines: list[Line], mine: Behalf) -> list[Line]:
    """By theme: an administrator is one in some and nothing in others."""
    judged = {line.number: line for line in lines}
    for theme in {line.draft.theme for line in lines if line.draft}:
        grantor = _grantor(tx, mine, theme)
        own = [line for line in lines if line.draft and line.draft.theme == theme]
        found = check(tx, own, grantor, now=now()) if grantor else [one.fails("mandate_not_grantor") for one in own]
        judged |= {line.number: line for line in found}
    return list(judged.values())


def _grantor(tx: Transaction, mine: Behalf, theme: str) -> Grantor | None:
    recheck = parts().granting.recheck
    place = place_of(tx, mine.person, mine.party, theme=theme, recheck=recheck, now=now())
    return grantor_of(tx, mine.person, place, acting=False, now=now()) if place else None


def _file_page(form: Form, mine: Behalf) -> ResponseReturnValue:
    return render_template(
        "mandates/bulk.html",
        form=form,
        entity_name=mine.entity.name if mine.entity else "",
        most=MOST,
        columns=[names[preferences().lang == "en"] for names in COLUMNS.values()],
        sample_url=mine.url("bulk_sample"),
        back_url=mine.url("people"),
    )


@blueprint.get("/account/mandates/bulk/sample.csv")
@signed_in
def bulk_sample() -> ResponseReturnValue:
    """The head and one line, as spreadsheets open it."""
    out, place = StringIO(), int(preferences().lang == "en")
    csv.writer(out).writerows([[names[place] for names in COLUMNS.values()], _SAMPLES[place]])
    headers = {"Content-Disposition": 'attachment; filename="mandates.csv"'}
    return Response("\ufeff" + out.getvalue(), headers=headers, mimetype="text/csv")


_NUMBER = "11010519491231002X"
_SAMPLES = (
    ["员工", "张三", _NUMBER, "tax.filing", "hn-tax-01 hn-tax-02", "查看 填写 提交", "50000", "", "2027-06-30", ""],
    ["employee", "Zhang San", _NUMBER, "tax.filing", "hn-tax-01", "view submit", "50000", "", "2027-06-30", ""],
)  # fmt: skip


@blueprint.route("/account/mandates/bulk/confirm", methods=["GET", "POST"])
@STEPS.own("confirm")
def bulk_confirm(journey: Journey) -> ResponseReturnValue:
    """Every line with what is wrong, and one signature for all that are right."""
    mine = behalf_by(journey.facts["by"])
    if mine.party != journey.facts["principal"]:
        return journey_over(BEGIN)
    lines = _lines(journey)
    texts = _texts(current_transaction(), lines)
    form = Form(HASH)
    if request.method == "GET":
        return _confirm_page(form, journey, mine, lines, texts)
    if (first := prove_first(_address(journey))) is not None:
        return redirect(first, 303)
    form = Form.submitted(HASH)
    if form.ok and (not texts or form["text_hash"] != _common(texts)):
        note_refused(Refusal.STATE, principal=mine.party)
        form.refuse("", sentence("mandate_state" if texts else "mandate_file_nothing"))
    if not form.ok:
        return _confirm_page(form, journey, mine, lines, texts)
    return _give(form, journey, mine, lines, texts)


@blueprint.get("/account/mandates/bulk/text")
@STEPS.own("confirm")
def bulk_text(journey: Journey) -> ResponseReturnValue:
    """The exact text of one line."""
    texts = _texts(current_transaction(), _lines(journey))
    number = request.args.get("line", "")
    found = texts.get(int(number)) if number.isascii() and number.isdecimal() and len(number) < 6 else None
    if found is None:
        abort(404)
    return render_template(
        "mandates/bulk_text.html",
        line=int(number),
        texts=found.by_language,
        text_hash=found.hash,
        back_url=_address(journey),
    )


def _lines(journey: Journey) -> list[Line]:
    return [reading_bulk.read(one, journey.facts["principal"]) for one in journey.facts["lines"]]


def _texts(tx: Transaction, lines: list[Line]) -> dict[int, Text]:
    """Of every good line, by its number."""
    found = {line.number: parts().granting.text(tx, line.draft) for line in lines if line.draft}
    return {number: text for number, text in found.items() if text}


def _common(texts: dict[int, Text]) -> str:
    """SHA-256 over the hashes of all texts in their order."""
    return sha256("".join(text.hash for text in texts.values()).encode()).hexdigest()


def _give(
    form: Form, journey: Journey, mine: Behalf, lines: list[Line], texts: dict[int, Text]
) -> ResponseReturnValue:
    """All or none: one that is refused by now leaves its record, and nothing is given."""
    tx, by = current_transaction(), signer()
    if not parts().journeys.move(tx, journey, {**journey.facts, "given": True}, ended_at=now()):
        db.session.rollback()
        return journey_over(BEGIN)
    for line in lines:
        if line.draft is None:
            continue
        found = parts().granting.draw(tx, line.draft, by, text_hash=texts[line.number].hash, now=now())
        if isinstance(found, Denied):
            db.session.rollback()
            party, number = line.draft.principal, line.draft.id
            refused(
                current_transaction(), found.reason, principal=party, mandate=number, person=mine.person, now=now()
            )
            db.session.commit()
            form.refuse("", sentence(found.reason))
            judged = [one.fails(found.reason) if one.number == line.number else one for one in lines]
            return _confirm_page(form, journey, mine, judged, texts)
    db.session.commit()
    return redirect(mine.url("index", done="mandate_bulk_given"), 303)


def _confirm_page(
    form: Form, journey: Journey, mine: Behalf, lines: list[Line], texts: dict[int, Text]
) -> ResponseReturnValue:
    good = [line for line in lines if line.draft and not line.wrong]
    return render_template(
        "mandates/bulk_confirm.html",
        form=form,
        entity_name=mine.entity.name if mine.entity else "",
        good=len(good),
        rows=[_row(line, journey) for line in lines],
        text_hash=_common(texts) if texts else "",
        short_hash=_common(texts)[:SHOWN] if texts else "",
        proved=prove_first(_address(journey)) is None,
        back_url=mine.url("bulk"),
    )


def _row(line: Line, journey: Journey) -> SimpleNamespace:
    draft = line.draft
    return SimpleNamespace(
        number=line.number,
        name=line.name,
        theme=theme_title(draft.theme, draft.theme_version or 0) if draft else None,
        ends=draft.valid_to if draft else None,
        replaces=bool(draft and draft.replaces),
        wrong=sentence(line.wrong) if line.wrong else None,
        text_url=url_for("mandates.bulk_text", f=journey.id, line=line.number) if draft and not line.wrong else None,
    )
