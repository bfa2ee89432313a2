"""On whose behalf mandates are managed in this request, and what every page here has at hand.

Always true: who acts for somebody by a mandate manages nothing here, neither that party's nor their own, and an
entity's are managed only by who represents it now or administers its mandates.
"""

from dataclasses import dataclass
from typing import Any, NoReturn

from flask import Blueprint, Flask, abort, current_app, g, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import LazyString
from flask_babel import lazy_gettext as _

from idp.accounts.rules import PartyKind
from idp.clients.actions import Registry
from idp.db import Transaction, current_transaction, db
from idp.entities import roles
from idp.entities.actions import Described
from idp.entities.rechecking import Rechecking
from idp.entities.rules import Acting, RepresentedStatus, Via, worth
from idp.flows.actions import Journeys
from idp.mandates import reading
from idp.mandates.actions import Granting, Signer
from idp.mandates.moving import Moving
from idp.mandates.refusing import not_now, refused
from idp.mandates.rules import Kind, Mandate, Refusal
from idp.mandates.ruling import Ruling
from idp.mandates.scopes import Action, Scope
from idp.proofing.actions import ial
from idp.signin.confirm_pages import where_to_prove
from idp.signin.rules import Session
from idp.state.store import Store
from idp.web.clock import now
from idp.web.errors import error_page
from idp.web.forms import Form
from idp.web.guards import current_session
from idp.web.reasons import sentence

EXTENSION = "tongban_mandates"
PUBLIC = frozenset({"mandates.check"})
"""Pages that are nobody's."""
blueprint = Blueprint("mandates", __name__)


@dataclass(frozen=True, slots=True)
class MandateParts:
    granting: Granting
    moving: Moving
    ruling: Ruling
    journeys: Journeys
    registry: Registry
    rechecking: Rechecking
    store: Store


@dataclass(frozen=True, slots=True)
class Behalf:
    """``person`` manages the mandates of ``party``: their own, of the entity they represent, or (``mandate``) of one
    whose mandates they administer.
    """

    person: str
    party: str
    entity: Described | None = None
    mandate: Mandate | None = None

    @property
    def kind(self) -> PartyKind:
        return PartyKind.ENTITY if self.entity else PartyKind.PERSON

    @property
    def theme(self) -> str:
        """The one they may manage; empty: all."""
        return self.mandate.theme if self.mandate else ""

    def holds(self, whole: Scope) -> Scope:
        """What of a theme they may give."""
        own = self.mandate.scope if self.mandate else whole
        held = whole.meet(own)
        return Scope(held.actions - {Action.MANAGE}, held.services, held.limit)

    def url(self, endpoint: str, **values: Any) -> str:
        """An address among these pages that stays with this party."""
        return url_for(f"mandates.{endpoint}", **values, by=self.mandate.id if self.mandate else None)


def init_mandates(app: Flask, made_of: MandateParts) -> None:
    from idp.mandates import (  # noqa: F401 - their views join the blueprint
        bulk_pages,
        certificate_pages,
        detail_pages,
        entity_pages,
        grant_pages,
        pages,
        print_pages,
        request_pages,
        text_pages,
    )

    app.extensions[EXTENSION] = made_of
    app.register_blueprint(blueprint)


def parts() -> MandateParts:
    found: MandateParts = current_app.extensions[EXTENSION]
    return found


@blueprint.before_request
def nobody_else() -> ResponseReturnValue | None:
    """Beforehand: not by a mandate of somebody else's, and for an entity only while its register bears it out."""
    session: Session | None = current_session()
    acting = Acting.parse(session.acting) if session else None
    if session is None or acting is None or request.endpoint in PUBLIC:
        return None
    if acting.via is Via.MANDATE:
        note_refused(Refusal.ACTING, principal=acting.entity, mandate=acting.mandate)
        return _not_so(sentence(Refusal.ACTING))
    db.session.rollback()
    parts().rechecking.before_use(session.party_id, acting, now=now())
    tie = roles.tie_to(current_transaction(), session.party_id, acting.entity, now=now())
    recheck = parts().granting.recheck
    if worth(tie, recheck=recheck, now=now()) is not RepresentedStatus.CURRENT:
        note_refused(Refusal.NOT_GRANTOR, principal=acting.entity)
        return _not_so(sentence("acting_not_allowed"))
    return None


def _not_so(text: LazyString) -> ResponseReturnValue:
    """Nobody stands before a closed door: the way on is to act for somebody else, or for oneself."""
    return error_page(403, text=text, again=url_for("entities.acting"), way=_("选择为谁办事"))


def note_refused(reason: Refusal, *, principal: str | None, mandate: str | None = None) -> None:
    """Leave a record of what a page refuses by itself. Commits."""
    person = current_session().party_id
    refused(current_transaction(), reason, principal=principal, mandate=mandate, person=person, now=now())
    db.session.commit()


def refuse(form: Form, field: str, said: str, reason: Refusal, mine: Behalf) -> None:
    """What the rules would refuse at the end is refused where it is answered, with the same record. Commits."""
    if form[field]:
        note_refused(reason, principal=mine.party)
    form.refuse(field, sentence(said))


def turned_away(mandate_id: str, reason: Refusal) -> NoReturn:
    """404, whether there is such a mandate or not; that it was asked for stays on record. Commits."""
    not_now(current_transaction(), mandate_id, person=current_session().party_id, reason=reason, now=now())
    db.session.commit()
    abort(404)


def behalf() -> Behalf:
    """The party of this request; parameter ``by`` names the mandate by which somebody administers an entity's."""
    if "tb_behalf" not in g:
        g.tb_behalf = behalf_by(request.args.get("by"))
    found: Behalf = g.tb_behalf
    return found


def behalf_by(mandate_id: str | None) -> Behalf:
    """The same for this ``by``; one that is no such mandate of theirs ends in 404."""
    session: Session = current_session()
    tx, acting = current_transaction(), Acting.parse(session.acting)
    if acting is not None:
        entity = parts().granting.addresses.entities.describe(tx, acting.entity)
        if entity is None or mandate_id:
            turned_away(mandate_id or "", Refusal.NOT_GRANTOR)
        return Behalf(session.party_id, acting.entity, entity)
    if not mandate_id:
        return Behalf(session.party_id, session.party_id)
    found = [one for one in administered(tx, session.party_id) if one.mandate and one.mandate.id == mandate_id]
    return found[0] if found else turned_away(mandate_id, Refusal.NOT_GRANTOR)


def administered(tx: Transaction, person: str) -> list[Behalf]:
    """Every party whose mandates in a theme somebody administers, by mandates in force."""
    found = []
    for one in reading.held_by(tx, person):
        entity = parts().granting.addresses.entities.describe(tx, one.principal)
        if one.kind is Kind.ADMINISTRATOR and one.in_force(now=now()) and entity is not None:
            found.append(Behalf(person, one.principal, entity, one))
    return found


def signer() -> Signer:
    """Who signs in this request; `prove_first` has made sure of them."""
    session: Session = current_session()
    level = ial(current_transaction(), session.party_id, now=now())
    return Signer(person=session.party_id, method=session.used[-1], ial=level, aal=session.aal)


def prove_first(back: str) -> str | None:
    """Where to prove oneself by two factors before signing at ``back``; None: that was just done."""
    return where_to_prove(current_session(), back=back, why="mandate_prove")
