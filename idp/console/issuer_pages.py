"""Issuers of certificates: which are trusted, how their revocation lists stand, and the kill switch of each.

Always true: one operator alone can only make less be accepted, or bring a list that its issuer has signed; whatever
makes more be accepted is laid before a second one.
"""

from types import SimpleNamespace

from flask import abort, redirect, request, url_for
from flask.typing import ResponseReturnValue

from idp.console.guards import current_operator, file_gate, operator
from idp.console.issuer_acts import ISSUER_ROLES, ON
from idp.console.loading import parts
from idp.console.pages import blueprint, done_notice, page
from idp.console.reasons_form import REASON, TICKET, stated
from idp.console.rules import Denied
from idp.console.words import word
from idp.db import current_transaction, db
from idp.issuers import actions
from idp.issuers.importing import grouped, sm3
from idp.issuers.revocation import Taken
from idp.issuers.rules import Issuer, IssuerCertificateDer, IssuerState, ListFault
from idp.issuers.status import ListStatus, statuses
from idp.web.clock import now
from idp.web.forms import Field, Form
from idp.web.limits import sent_photo, takes_file
from idp.web.locale import preferences
from idp.web.reasons import sentence

FILE = Field("file", required=False)


@blueprint.get("/issuers")
@operator(*ISSUER_ROLES)
def issuers() -> str:
    tx = current_transaction()
    found, lists = actions.all_issuers(tx), statuses(tx, parts().issuers.settings, now=now())
    bound = parts().issuers.bound(tx)
    titles = {one.id: one.title(preferences().lang) for one in found}
    return page(
        "issuers",
        "issuers",
        issuers=[_line(one, bound.get(one.id, 0)) for one in found],
        lists=[_list_line(one, titles[one.issuer_id]) for one in lists],
        add_url=url_for("console.add_issuer"),
        notice=done_notice(),
    )


def _line(found: Issuer, bound: int) -> SimpleNamespace:
    return SimpleNamespace(
        url=url_for("console.issuer", key=found.id),
        title=found.title(preferences().lang),
        usage=word(f"usage_{found.declared.usage}"),
        state=word(f"issuer_{found.state}"),
        trusted=found.state is IssuerState.ACTIVE,
        bound=bound,
    )


def _list_line(one: ListStatus, title: str) -> SimpleNamespace:
    source, held = one.source, one.held
    return SimpleNamespace(
        issuer=title,
        url=source.url if source else None,
        state=word(f"list_state_{one.state}"),
        sound=one.state == "fresh",
        this_update=held.this_update if held else None,
        next_update=held.next_update if held else None,
        hours=(now() - held.this_update) // 3600 if held else None,
        entries=held.entries if held else None,
        checked_at=source.checked_at if source else None,
        fault=sentence(source.fault) if source and source.fault else None,
    )


def present_issuer(key: str) -> Issuer:
    """The issuer; 404 for one that is none."""
    found = actions.find(current_transaction(), key)
    if found is None:
        abort(404)
    return found


@blueprint.get("/issuers/<key>")
@operator(*ISSUER_ROLES)
def issuer(key: str) -> str:
    found, tx = present_issuer(key), current_transaction()
    lists = [one for one in statuses(tx, parts().issuers.settings, now=now()) if one.issuer_id == key]
    line = _line(found, parts().issuers.bound(tx).get(key, 0))
    return page(
        "issuer",
        "issuers",
        issuer=line,
        declared=found.declared,
        usage=line.usage,
        hours=f"{found.declared.grace / 3600:g}",
        created_at=found.created_at,
        certificates=[_certificate_line(one) for one in found.certificates],
        lists=[_list_line(one, line.title) for one in lists],
        change_url=url_for("console.change_issuer", key=key),
        switch_url=url_for("console.switch_issuer", key=key),
        list_url=url_for("console.bring_list", key=key),
        notice=done_notice(),
    )


def _certificate_line(one: IssuerCertificateDer) -> SimpleNamespace:
    return SimpleNamespace(
        kind=word(f"issuer_{one.kind}"), sha256=grouped(one.fingerprint), sm3=grouped(sm3(one.der))
    )


@blueprint.route("/issuers/<key>/switch", methods=["GET", "POST"])
@operator(*ISSUER_ROLES)
def switch_issuer(key: str) -> ResponseReturnValue:
    """Off at once, by one operator; on again by two."""
    found = present_issuer(key)
    if request.method == "GET":
        return _switch_page(Form(REASON, TICKET), found)
    form = Form.submitted(REASON, TICKET)
    why = stated(form)
    if why is None:
        return _switch_page(form, found)
    tx, here = current_transaction(), current_operator().operator
    if found.state is IssuerState.OFF:
        reason, payload = f"{why.text} [{why.ticket}]", {"issuer": key}
        made = parts().four_eyes.propose(
            tx, ON, subject=None, payload=payload, reason=reason, proposer=here, now=now()
        )
        if isinstance(made, Denied):
            form.refuse("", sentence(made.reason))
            return _switch_page(form, found)
        db.session.commit()
        return redirect(url_for("console.proposal", key=made.id, done="proposal_made"), 303)
    because = parts().justifications.add(tx, why, operator=here.party_id, subject=None, act="issuer-off", now=now())
    refused = actions.switch(tx, key, IssuerState.OFF, actor=here.party_id, because=because, now=now())
    tx.after_commit(parts().issuers.authorities.expire)
    db.session.commit()
    return redirect(url_for("console.issuer", key=key, done=refused or "issuer_switched_off"), 303)


def _switch_page(form: Form, found: Issuer) -> str:
    return page("issuer_switch", "issuers", form=form, issuer=_line(found, 0))


@blueprint.route("/issuers/<key>/list", methods=["GET", "POST"])
@takes_file(most=lambda: parts().issuers.intake.most, gate=file_gate)
@operator(*ISSUER_ROLES)
def bring_list(key: str) -> ResponseReturnValue:
    """A revocation list by hand, where nothing here reaches the authority."""
    found = present_issuer(key)
    form = Form(FILE)
    if request.method == "GET":
        return _list_page(form, found)
    data = sent_photo("file")
    if not data:
        form.refuse("file", sentence("list_missing"))
        return _list_page(form, found)
    here = current_operator().operator.party_id
    db.session.rollback()  # judging takes its time
    done = parts().issuers.intake.bring(key, data, actor=here, now=now())
    if isinstance(done, Taken):
        parts().issuers.authorities.expire()
        told = "list_taken" if done.changed else "list_unchanged"
        return redirect(url_for("console.issuer", key=key, done=told), 303)
    form.refuse("file", sentence(done or ListFault.FORGED))
    return _list_page(form, found)


def _list_page(form: Form, found: Issuer) -> str:
    megabytes = parts().issuers.intake.most // 1024**2
    return page("issuer_list", "issuers", form=form, issuer=_line(found, 0), megabytes=megabytes)
