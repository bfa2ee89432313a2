"""The department apps: a platform operator sees all of them, a department operator those of their own sector.

Always true: another department's app is answered like one that does not exist.
"""

from types import SimpleNamespace

from flask import abort, url_for

from idp.clients.rules import Client
from idp.console.guards import current_operator, operator
from idp.console.loading import parts
from idp.console.pages import blueprint, page
from idp.console.rules import Role
from idp.console.words import word
from idp.web.locale import preferences

ROLES = (Role.DEPARTMENT, Role.PLATFORM)


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


@blueprint.get("/clients/<client_id>")
@operator(*ROLES)
def client(client_id: str) -> str:
    found = parts().registry.get(client_id)
    if found is None or not _visible(found):
        abort(404)
    return page(
        "client",
        "clients",
        client=_line(found),
        redirect_uris=found.redirect_uris,
        scopes=sorted(found.scopes),
        min_ial=found.min_ial,
        min_aal=found.min_aal,
    )
