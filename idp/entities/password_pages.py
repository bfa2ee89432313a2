"""The password of an entity: set by who represents it, after a sign-in of their own just before.

Always true: nobody sets one but the entity's confirmed representative, and whoever came in by the earlier one is out.
"""

from types import SimpleNamespace

from flask import abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from idp.audit import Event, record
from idp.credentials.password import store_password, unlock
from idp.credentials.policy import Denied as Unfit
from idp.credentials.policy import Personal
from idp.db import current_transaction, db
from idp.entities import roles
from idp.entities.actions import Described
from idp.entities.pages import blueprint, first_of_all, notice, parts
from idp.entities.rules import RepresentedStatus, Via, worth
from idp.signin.choosing import password_rules
from idp.signin.rules import Session, SessionEnd
from idp.web.clock import now
from idp.web.forms import Field, Form
from idp.web.guards import current_session, signed_in
from idp.web.reasons import sentence
from idp.web.visit import carried, onward

ENTITY = Field("entity", sentence("entity_choice_missing"), max_length=80)
NEW = Field("new_password", sentence("new_password_missing"), max_length=256, secret=True)


@blueprint.route("/entities/password", methods=["GET", "POST"])
@signed_in
def password() -> ResponseReturnValue:
    session: Session = current_session()
    if not parts().own_passwords:
        abort(404)
    if (sent_on := first_of_all(session, "entities.password")) is not None:
        return sent_on
    choices = _represented(session)
    if not choices:
        return redirect(url_for("entities.acting", **carried()), 303)
    if request.method == "GET":
        return _page(Form(ENTITY, NEW, values={"entity": choices[-1].entity}), choices)
    form = Form.submitted(ENTITY, NEW)
    chosen = next((one for one in choices if one.entity == form["entity"]), None)
    if chosen is None:
        form.refuse("entity", sentence("entity_choice_missing"))
    elif form["new_password"]:
        of_entity = Personal(names=(chosen.name,), words=(chosen.code.value,))
        verdict = parts().passwords.judge(form["new_password"], of_entity)
        if isinstance(verdict, Unfit):
            form.refuse("new_password", sentence(verdict.reasons[0]))
    if chosen is None or not form.ok:
        return _page(form, choices)
    db.session.rollback()
    return _store(session, chosen.entity, parts().passwords.hash(form["new_password"]))


def _represented(session: Session) -> list[Described]:
    """The entities this person speaks for just now."""
    tx, recheck = current_transaction(), parts().entities.recheck
    ties = roles.ties_of(tx, session.party_id, now=now())
    usable = [tie for tie in ties if worth(tie, recheck=recheck, now=now()) is RepresentedStatus.CURRENT]
    return [found for tie in usable if (found := parts().entities.describe(tx, tie.entity))]


def _store(session: Session, entity: str, hashed: str) -> ResponseReturnValue:
    tx = current_transaction()
    roles.hold(tx, entity)
    if entity not in [one.entity for one in _represented(session)]:  # lost while the hash was made
        db.session.rollback()
        return redirect(url_for("entities.acting", **carried()), 303)
    store_password(tx, party_id=entity, hashed=hashed, now=now())
    unlock(tx, party_id=entity, now=now())
    roles.end_entries(tx, entity, Via.ENTITY_PASSWORD, SessionEnd.PASSWORD_CHANGED, now=now())
    record(tx, Event.ENTITY_PASSWORD_SET, actor=session.party_id, subject=entity, session=session.id, now=now())
    db.session.commit()
    return redirect(onward(url_for("entities.acting", done="entity_password_set")), 303)


def _page(form: Form, choices: list[Described]) -> ResponseReturnValue:
    shown = [SimpleNamespace(id=one.entity, name=one.name, code=one.code.value) for one in choices]
    return render_template(
        "entity_password.html",
        form=form,
        entities=shown,
        password_rules=password_rules(parts().passwords),
        notice=notice() if form.ok else None,
        skip_url=onward(url_for("entities.acting")),
    )
