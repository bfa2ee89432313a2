"""The department apps: a platform operator sees all of them, a department operator those of their own sector.

Always true: another department's app is answered like one that does not exist.
"""

from types import SimpleNamespace

from flask import abort, url_for

from idp.clients import permits
from idp.clients.capabilities import Permit
from idp.clients.rules import Client
from idp.console.acts import PURPOSES
from idp.console.guards import current_operator, operator
from idp.console.loading import parts
from idp.console.pages import blueprint, page
from idp.console.rules import Role
from idp.console.words import word
from idp.db import current_transaction
from idp.web.clock import now
from idp.web.locale import preferences

ROLES = (Role.DEPARTMENT, Role.PLATFORM)
_DAYS = 30
"""For how long back the use of capabilities is shown."""


def _visible(client: Client) -> bool:
    here = current_operator().operator
    return here.has(Role.PLATFORM) or client.sector in here.sectors


def _line(client: Client) -> SimpleNamespace:
    language = preferences().lang
    return SimpleNamespace(
        url=url_for("console.client", client_id=client.client_id),
        client_id=client.client_id,
        name=client.label(language),
        department=client.department.get(language) or client.department.get("zh") or None,
        sector=client.sector,
        state=word(f"client_{client.state}"),
        served=client.served,
    )


@blueprint.get("/clients")
@operator(*ROLES)
def clients() -> str:
    found = [_line(client) for client in parts().registry.all() if _visible(client)]
    return page("clients", "clients", clients=found)


def visible_client(client_id: str) -> Client:
    """The app, for an operator who may see it; 404 otherwise."""
    found = parts().registry.get(client_id)
    if found is None or not _visible(found):
        abort(404)
    return found


@blueprint.get("/clients/<client_id>")
@operator(*ROLES)
def client(client_id: str) -> str:
    found = visible_client(client_id)
    return page(
        "client",
        "clients",
        client=_line(found),
        redirect_uris=found.redirect_uris,
        scopes=sorted(found.scopes),
        min_ial=found.min_ial,
        min_aal=found.min_aal,
        permits=[shown_permit(permit) for permit in permits.of_client(current_transaction(), client_id)],
        uses=shown_uses(found),
        apply_url=url_for("console.apply_capability", client_id=client_id),
    )


def shown_client(client: Client) -> SimpleNamespace:
    url = url_for("console.client", client_id=client.client_id)
    return SimpleNamespace(name=client.label(preferences().lang), url=url)


def shown_permit(permit: Permit) -> SimpleNamespace:
    return SimpleNamespace(
        url=url_for("console.capability", key=permit.id),
        capability=word(f"capability_{permit.terms.capability}"),
        purpose=permit.terms.label(preferences().lang),
        purposes=[(word(PURPOSES[lang]), text, None, None) for lang, text in permit.terms.purpose.items()],
        law=permit.terms.law,
        daily=permit.terms.daily,
        state=word(f"permit_{permit.state}"),
        applied_at=permit.applied_at,
        decided_at=permit.decided_at,
    )


def shown_uses(client: Client) -> list[SimpleNamespace]:
    return [
        SimpleNamespace(
            day=use.day,
            capability=word(f"capability_{use.capability}"),
            result=word(f"use_{use.result}"),
            count=use.count,
        )
        for use in permits.uses(current_transaction(), client.client_id, days=_DAYS, now=now())
    ]
