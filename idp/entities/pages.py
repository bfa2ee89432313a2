"""Registering an entity as its representative, and choosing for whom one acts.

Always true: which of code, name, kind and person did not agree with the register is never told, and an entity stands
in no address.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from types import SimpleNamespace
from typing import Protocol

from flask import Blueprint, Flask, current_app, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import LazyString

from idp.accounts.actions import Directory
from idp.accounts.credit_code import CreditCode
from idp.accounts.holds import held_until
from idp.accounts.rules import Act
from idp.accounts.waiting import WaitingAccounts
from idp.audit import Event, record
from idp.credentials.password import Passwords, changed_at
from idp.credentials.sms_code import SmsCodes
from idp.db import Transaction, current_transaction, db
from idp.entities import roles
from idp.entities.actions import Entities
from idp.entities.asking import Denied
from idp.entities.old_links import links_of
from idp.entities.rechecking import Rechecking
from idp.entities.registering import Registering, Told
from idp.entities.rules import Acting, RepresentedStatus, RoleState, Tie, Via, worth
from idp.flows.actions import Journeys
from idp.flows.rules import Facts
from idp.proofing.actions import ial
from idp.proofing.ports import EntityStatus, EntityType
from idp.proofing.ways import way_up
from idp.signin.loading import act_for
from idp.signin.pages import certificates_offered, serve_entities
from idp.signin.rules import Session
from idp.web.clock import now
from idp.web.forms import Field, Form
from idp.web.guards import current_session, signed_in
from idp.web.locale import preferences
from idp.web.notices import Notice
from idp.web.reasons import capacity_word, entity_type_word, known_reason, role_word, sentence
from idp.web.visit import carried, current_visit, note_choice, onward

EXTENSION = "tongban_entities"
TYPE = Field("type", sentence("entity_type_missing"), max_length=32)
NAME = Field("name", sentence("entity_name_missing"), max_length=200)
CODE = Field("uscc", sentence("credit_code_missing"), max_length=64)
CHOICE = Field("act", sentence("acting_missing"), max_length=80)
SELF = "self"
MANDATE = "mnd_"
"""What the ids of mandates begin with, and those of parties do not."""
blueprint = Blueprint("entities", __name__)


class Offered(Protocol):
    """A mandate to act by (`idp.mandates.offering`)."""

    @property
    def mandate(self) -> str: ...
    @property
    def party(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def capacity(self) -> str: ...
    @property
    def theme(self) -> Mapping[str, str]: ...
    @property
    def until(self) -> int: ...


class Offering(Protocol):
    """Acting by mandates, which stand above entities; ``details``: what an app asks of it."""

    def offered(self, tx: Transaction, person: str, *, details: str, now: int) -> Sequence[Offered]: ...

    def choose(self, person: str, mandate_id: str, *, now: int) -> Acting | None: ...

    def allows_office(self, details: str) -> bool: ...

    def name_of(self, tx: Transaction, party: str) -> str | None: ...


@dataclass(frozen=True, slots=True)
class EntityParts:
    """``fresh``: seconds since the sign-in within which a representative may speak for an entity anew."""

    directory: Directory
    waiting: WaitingAccounts
    entities: Entities
    registering: Registering
    rechecking: Rechecking
    journeys: Journeys
    passwords: Passwords
    codes: SmsCodes
    offering: Offering
    own_passwords: bool
    """Whether entities may have a password of their own."""
    fresh: int
    doors: dict[str, Callable[[Transaction, Facts], bool]] = field(default_factory=dict)
    """By `Via`: whether what opened a door (the facts of its journey) is still what it was."""


def init_entities(app: Flask, known: EntityParts) -> None:
    from idp.entities import claim_pages, door_pages, password_pages  # noqa: F401 - their views join the blueprint

    app.extensions[EXTENSION] = known
    if known.own_passwords:
        known.doors[Via.ENTITY_PASSWORD] = door_pages.password_stands
        serve_entities(app, door_pages.open_by_password)
    app.register_blueprint(blueprint)


def parts() -> EntityParts:
    found: EntityParts = current_app.extensions[EXTENSION]
    return found


@blueprint.app_context_processor
def _acting_words() -> dict[str, object]:
    return {"acting_name": acting_name}


def acting_name() -> str | None:
    """The one this session acts for, for pages that say so; None for oneself."""
    session: Session | None = current_session()
    acting = Acting.parse(session.acting) if session else None
    return parts().offering.name_of(current_transaction(), acting.entity) if acting else None


def notice() -> Notice | None:
    done = request.args.get("done", "")
    return Notice("info", sentence(done)) if done and known_reason(done) else None


@blueprint.route("/entities/new", methods=["GET", "POST"])
@signed_in
def new() -> ResponseReturnValue:
    """The representative says which entity; the register says whether they are."""
    session: Session = current_session()
    if (sent_on := first_of_all(session, "entities.new")) is not None:
        return sent_on
    if request.method == "GET":
        return _new_page(Form(TYPE, NAME, CODE, values=_of_before(session)))
    form = Form.submitted(TYPE, NAME, CODE)
    told = entity_told(form)
    if told is None:
        return _new_page(form)
    db.session.rollback()
    outcome = parts().registering.register(session.party_id, told, now=now())
    if isinstance(outcome, Denied):
        form.refuse("", sentence(outcome.reason))
        return _new_page(form)
    if outcome.state is not RoleState.CONFIRMED:
        return redirect(url_for("entities.acting", done="entity_contested", **carried()), 303)
    without = changed_at(current_transaction(), outcome.entity) is None
    page = "entities.password" if parts().own_passwords and without else "entities.acting"
    return redirect(url_for(page, done="entity_registered", **carried()), 303)


def _of_before(session: Session) -> dict[str, str]:
    """What an older platform said of the entity the person comes to confirm; the register decides."""
    links = links_of(current_transaction(), parts().waiting, session.party_id)
    link = next((one for one in links if one.id == request.args.get("old")), None)
    told = {"name": link.name, "uscc": link.code.value} if link else {}
    return {"type": EntityType.ENTERPRISE, **told}


def first_of_all(session: Session, endpoint: str) -> ResponseReturnValue | None:
    """To where one proves who one is, or to sign in again, and then back to ``endpoint``; None: go on."""
    here = url_for(endpoint, **carried())
    if is_held(session.party_id):
        return redirect(url_for("entities.acting", done="entity_held", **carried()), 303)
    if ial(current_transaction(), session.party_id, now=now()) < parts().registering.least:
        return redirect(url_for(way_up(parts().registering.least), next=here), 303)
    if not session.proofs or now() - session.auth_time > parts().fresh:
        return redirect(url_for("signin.password", next=here, done="sign_in_afresh"), 303)
    return None


def is_held(person: str) -> bool:
    """Whether the account was recovered so short a time ago that it speaks for nobody yet."""
    return held_until(current_transaction(), person, Act.REPRESENT, now=now()) is not None


def entity_told(form: Form) -> Told | None:
    """Kind, name and code as typed; what is wrong with them stands in the form then."""
    code = CreditCode.parse(form["uscc"]) if form["uscc"] else None
    if form["type"] and form["type"] not in tuple(EntityType):
        form.refuse("type", sentence("entity_type_missing"))
    if form["uscc"] and code is None:
        form.refuse("uscc", sentence("credit_code_invalid"))
    if not form.ok or code is None:
        return None
    return Told(EntityType(form["type"]), " ".join(form["name"].split()), code)


def _new_page(form: Form) -> ResponseReturnValue:
    visit = current_visit()
    return render_template(
        "entity_new.html",
        form=form,
        client_name=visit.client_name if visit else None,
        types=entity_types(),
        outside_url=url_for("entities.claim", **carried()),
        back_url=url_for("entities.acting", **carried()),
    )


def entity_types() -> list[tuple[str, object, None]]:
    """The kinds of entities, for radio buttons."""
    return [(kind.value, entity_type_word(kind), None) for kind in EntityType]


@blueprint.route("/account/acting", methods=["GET", "POST"])
@signed_in
def acting() -> ResponseReturnValue:
    """For whom one acts: oneself, an entity one has a role in, or whoever gave a mandate. It needs no new sign-in."""
    session: Session = current_session()
    if request.method == "GET":
        return _acting_page(Form(CHOICE, values={"act": _chosen(session)}), session)
    visit = current_visit()
    if request.form.get("decline") == "yes":
        what = "party" if visit and visit.asks_for_party else "strengthen"
        return redirect(url_for("admission.decline", what=what, **carried()), 307)
    form = Form.submitted(CHOICE)
    if not form.ok:
        return _acting_page(form, session)
    if form["act"] == SELF:
        return _acted(session, None, "acting_self")
    if is_held(session.party_id):
        _note_refused(session, session.party_id, "represent-held")
        form.refuse("", sentence("entity_held"))
        return _acting_page(form, session)
    if form["act"].startswith(MANDATE):
        return _act_by_mandate(form, session)
    return _act_for_entity(form, session)


def _acted(session: Session, chosen: Acting | None, done: str) -> ResponseReturnValue:
    act_for(session, chosen.text if chosen else None, via=chosen.via if chosen else None)
    db.session.commit()
    note_choice(session.party_id)
    return redirect(onward(url_for("entities.acting", done=done)), 303)


def _act_by_mandate(form: Form, session: Session) -> ResponseReturnValue:
    db.session.rollback()
    chosen = parts().offering.choose(session.party_id, form["act"], now=now())
    if chosen is None:
        form.refuse("", sentence("acting_not_allowed"))
        return _acting_page(form, session)
    return _acted(session, chosen, "acting_mandate")


def _act_for_entity(form: Form, session: Session) -> ResponseReturnValue:
    tie = roles.tie_to(current_transaction(), session.party_id, form["act"], now=now())
    db.session.rollback()
    if tie is not None and parts().rechecking.before_use(
        session.party_id, Acting(tie.entity, tie.role, Via.ROLE), now=now()
    ):
        tie = roles.tie_to(current_transaction(), session.party_id, form["act"], now=now())
    found = worth(tie, recheck=parts().entities.recheck, now=now())
    if tie is None or found in (RepresentedStatus.NOT_ALLOWED, RepresentedStatus.EXPIRED_IN_SESSION):
        why = found if tie else RepresentedStatus.NOT_ALLOWED
        _note_refused(session, tie.entity if tie else session.party_id, why)
        form.refuse("", sentence("acting_not_allowed"))
        return _acting_page(form, session)
    return _acted(session, Acting(tie.entity, tie.role, Via.ROLE), "acting_entity")


def _note_refused(session: Session, subject: str, reason: str) -> None:
    """That somebody wanted to act for an entity, and may not. Commits."""
    record(
        current_transaction(),
        Event.ENTITY_REFUSED,
        actor=session.party_id,
        subject=subject,
        session=session.id,
        result="refused",
        reason=reason,
        now=now(),
    )
    db.session.commit()


def _chosen(session: Session) -> str:
    acting = Acting.parse(session.acting)
    return (acting.mandate or acting.entity) if acting else SELF


def _acting_page(form: Form, session: Session) -> ResponseReturnValue:
    tx, visit = current_transaction(), current_visit()
    details = visit.details if visit else ""
    ties = roles.ties_of(tx, session.party_id, now=now()) if parts().offering.allows_office(details) else []
    person = parts().directory.person(tx, session.party_id)
    own = person.identity.name.masked if person.identity else (person.mobile.masked if person.mobile else "")
    return render_template(
        "account/acting.html",
        form=form,
        own_label=own,
        entities=[shown for tie in ties if (shown := _shown(tie))],
        mandated=_mandated(tx, session, details),
        for_another=bool(visit and visit.for_another),
        chosen=_chosen(session),
        client_name=visit.client_name if visit else None,
        declinable=visit is not None,
        notice=notice(),
        old_links=[
            SimpleNamespace(name=one.name, code=one.code.value, url=url_for("entities.new", old=one.id, **carried()))
            for one in links_of(tx, parts().waiting, session.party_id)
        ],
        new_url=url_for("entities.new", **carried()),
        password_url=url_for("entities.password", **carried()) if parts().own_passwords else None,
        certificates_url=url_for("certificates.of_entity") if certificates_offered() else None,
    )


def _mandated(tx: Transaction, session: Session, details: str) -> list[SimpleNamespace]:
    """Whom the person can act for by mandates, each with their mandates."""
    language = preferences().lang
    found = parts().offering.offered(tx, session.party_id, details=details, now=now())
    return [
        SimpleNamespace(
            name=name,
            mandates=[
                SimpleNamespace(
                    id=one.mandate,
                    theme=one.theme.get(language) or one.theme["zh"],
                    capacity=capacity_word(one.capacity),
                    until=one.until,
                )
                for one in mandates
            ],
        )
        for (name, _), mandates in groupby(found, key=lambda one: (one.name, one.party))
    ]


def _shown(tie: Tie) -> SimpleNamespace | None:
    entity = parts().entities.describe(current_transaction(), tie.entity)
    if entity is None:
        return None
    state = worth(tie, recheck=parts().entities.recheck, now=now())
    if state is RepresentedStatus.REGISTER_UNAVAILABLE:
        state = RepresentedStatus.CURRENT  # it is asked when it is chosen
    return SimpleNamespace(
        id=tie.entity,
        name=entity.name,
        code=entity.code.value,
        role=role_word(tie.role),
        state=_standing(tie, state),
        choosable=state in (RepresentedStatus.CURRENT, RepresentedStatus.APPROVAL_PENDING),
    )


def _standing(tie: Tie, state: RepresentedStatus) -> LazyString | None:
    """Why a role does not count, or not fully; None: it does."""
    if state is RepresentedStatus.CURRENT:
        return None
    if state is not RepresentedStatus.NOT_ALLOWED:
        return sentence(f"represented_{state}")
    return sentence("represented_contested" if tie.status == EntityStatus.ACTIVE else "represented_not_active")
