"""Finding a person with a reason, looking at their account, and intervening in it.

Always true: nothing of a person is shown without a reason this operator stated in the last half hour; what is shown
is masked, and every look is recorded.
"""

from types import SimpleNamespace

from flask import abort, redirect, request, url_for
from flask.typing import ResponseReturnValue

from idp.accounts.actions import Person
from idp.accounts.identifiers import parse_identifiers
from idp.accounts.names import PersonName
from idp.accounts.parties import status
from idp.accounts.rules import PartyStatus
from idp.audit import Event
from idp.console.acts import CASEWORK, DOUBLE, RESTORE, SINGLE, SUSPEND
from idp.console.guardian_acts import GUARDIANS
from idp.console.guards import current_operator, looked, operator
from idp.console.justifications import LOOK, Justification, standing
from idp.console.loading import parts
from idp.console.pages import blueprint, done_notice, page
from idp.console.reasons_form import REASON, TICKET, stated
from idp.console.rules import Denied
from idp.console.words import word
from idp.credentials import password as passwords
from idp.credentials.attempts import account_key, locks
from idp.credentials.totp import enrolled_at
from idp.db import current_transaction, db
from idp.proofing.actions import ial, proofs_of
from idp.signin import sessions
from idp.signin.interventions import Intervention
from idp.signin.loading import session_times
from idp.web.clock import now
from idp.web.forms import Field, Form
from idp.web.locale import china_date
from idp.web.reasons import sentence

IDENTIFIER = Field("identifier", sentence("person_missing"), max_length=64)


@blueprint.route("/people", methods=["GET", "POST"])
@operator(*CASEWORK)
def people() -> ResponseReturnValue:
    """By the exact phone, user name, or number of a document."""
    if request.method == "GET":
        return page("people", "people", form=Form(IDENTIFIER, REASON, TICKET), notice=done_notice())
    form = Form.submitted(IDENTIFIER, REASON, TICKET)
    why = stated(form)
    identifiers = parse_identifiers(form["identifier"], today=china_date(now())) if why else ()
    if why is None or not identifiers:
        if form.ok:
            form.refuse("identifier", sentence("person_unreadable"))
        return page("people", "people", form=form, notice=None)
    party = parts().directory.owner(current_transaction(), *identifiers)
    known = party is not None and status(current_transaction(), party) is not None
    _seek(why, party if known else None)
    db.session.commit()
    if known:
        return redirect(url_for("console.person", party_id=party), 303)
    form.refuse("identifier", sentence("person_unknown"))
    return page("people", "people", form=form, notice=None)


def _seek(why: Justification, party: str | None) -> None:
    key = parts().justifications.add(
        current_transaction(),
        why,
        operator=current_operator().operator.party_id,
        subject=party,
        act=LOOK,
        now=now(),
    )
    looked(Event.PERSON_SOUGHT, party, because=key, result="ok" if party else "none")


def look_reason(party_id: str) -> str | None:
    """The reason that stands for looking at this person, with the look recorded."""
    mine = current_operator().operator.party_id
    because = standing(current_transaction(), operator=mine, subject=party_id, now=now())
    if because is not None:
        looked(Event.PERSON_VIEWED, party_id, because=because)
    return because


def ask_for_a_reason() -> ResponseReturnValue:
    return redirect(url_for("console.people", done="look_needs_reason"), 303)


@blueprint.get("/people/<party_id>")
@operator(*CASEWORK, personal=True)
def person(party_id: str) -> ResponseReturnValue:
    because = look_reason(party_id)
    if because is None:
        return ask_for_a_reason()
    tx = current_transaction()
    stands = status(tx, party_id) or abort(404)
    why = parts().justifications.read(tx, because)
    return page(
        "person",
        "people",
        person=_shown(parts().directory.person(tx, party_id), stands),
        evidence=proofs_of(tx, party_id),
        why=why,
        acts=[
            SimpleNamespace(label=word(f"act_{act}"), url=url_for("console.intervene", party_id=party_id, act=act))
            for act in _open_acts(stands)
        ]
        + _guardian_links(party_id),
        notice=done_notice(),
    )


def _guardian_links(party_id: str) -> list[SimpleNamespace]:
    if not current_operator().operator.has(*GUARDIANS):
        return []
    url = url_for("console.guardianships", party_id=party_id)
    return [SimpleNamespace(label=word("menu_guardianships"), url=url)]


def _shown(found: Person, stands: PartyStatus) -> SimpleNamespace:
    tx, party = current_transaction(), found.party_id
    return SimpleNamespace(
        party_id=party,
        name=_name(found),
        document=found.identity.document.masked if found.identity else None,
        phone=found.mobile.masked if found.mobile else None,
        user_name=found.user_name.masked if found.user_name else None,
        created_at=found.created_at,
        suspended=stands is PartyStatus.SUSPENDED,
        status=word(f"status_{stands}"),
        ial=ial(tx, party, now=now()),
        session_count=len(sessions.of_party(tx, party, idle=session_times().idle, now=now())),
        has_password=passwords.changed_at(tx, party) is not None,
        has_totp=enrolled_at(tx, party) is not None,
        locks=[(word(f"lock_{kind}"), until) for kind, until in locks(tx, key=account_key(party), now=now()).items()],
    )


def _name(found: Person) -> str | None:
    """The verified name, else what the person calls themselves; masked."""
    told = found.identity.name if found.identity else PersonName.parse(str(found.profile.get("name", "")))
    return told.masked if told else None


def _open_acts(stands: PartyStatus) -> list[str]:
    """What may be done to an account that stands so."""
    if stands is PartyStatus.CLOSED:
        return []
    closed_to = SUSPEND if stands is PartyStatus.SUSPENDED else RESTORE
    return [act for act in (*SINGLE, *DOUBLE) if act != closed_to]


@blueprint.route("/people/<party_id>/<act>", methods=["GET", "POST"])
@operator(*CASEWORK, personal=True)
def intervene(party_id: str, act: str) -> ResponseReturnValue:
    """One act with its reason: done at once, or laid before a second operator."""
    if look_reason(party_id) is None:
        return ask_for_a_reason()
    stands = status(current_transaction(), party_id) or abort(404)
    if act not in _open_acts(stands):
        abort(404)
    form = Form.submitted(REASON, TICKET) if request.method == "POST" else Form(REASON, TICKET)
    why = stated(form) if request.method == "POST" else None
    if why is None:
        return _act_page(form, party_id, act)
    if act in SINGLE:
        return _intervene(party_id, act, why)
    return _propose(form, party_id, act, why)


def _act_page(form: Form, party_id: str, act: str) -> ResponseReturnValue:
    found = parts().directory.person(current_transaction(), party_id)
    label = found.mobile or found.user_name
    return page(
        "intervene",
        "people",
        form=form,
        title=word(f"act_{act}"),
        about=word(f"about_{act}"),
        account_label=label.masked if label else party_id,
        double=act in DOUBLE,
        back_url=url_for("console.person", party_id=party_id),
    )


def _intervene(party_id: str, act: str, why: Justification) -> ResponseReturnValue:
    tx, mine = current_transaction(), current_operator().operator.party_id
    key = parts().justifications.add(tx, why, operator=mine, subject=party_id, act=act, now=now())
    SINGLE[act](Intervention(tx, parts().directory, party_id, mine, key, now()))
    db.session.commit()
    return redirect(url_for("console.person", party_id=party_id, done="intervention_done"), 303)


def _propose(form: Form, party_id: str, act: str, why: Justification) -> ResponseReturnValue:
    made = parts().four_eyes.propose(
        current_transaction(),
        act,
        subject=party_id,
        payload={},
        reason=f"{why.text} [{why.ticket}]",
        proposer=current_operator().operator,
        now=now(),
    )
    if isinstance(made, Denied):
        form.refuse("", sentence(made.reason))
        return _act_page(form, party_id, act)
    db.session.commit()
    return redirect(url_for("console.proposal", key=made.id, done="proposal_made"), 303)
