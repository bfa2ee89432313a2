"""The channels of registration with what came by each, and their posters to print.

Always true: numbers only; who came by a channel is on no page.
"""

from collections.abc import Mapping
from types import SimpleNamespace

from flask import Response, abort, url_for

from idp.channels import actions
from idp.channels.poster import FORMS, Poster
from idp.channels.rules import Channel, Step
from idp.console.guards import operator
from idp.console.pages import blueprint, page
from idp.console.rules import Role
from idp.console.words import word
from idp.db import current_transaction
from idp.web.locale import preferences
from idp.web.options import options

TYPES = {"svg": "image/svg+xml", "pdf": "application/pdf"}


@blueprint.get("/channels")
@operator(Role.PLATFORM)
def channels() -> str:
    tx = current_transaction()
    sums = actions.sums(tx)
    shown = [_line(channel, sums.get(channel.code, {})) for channel in actions.all_channels(tx)]
    return page("channels", "channels", channels=shown)


def _line(channel: Channel, counted: Mapping[Step, int]) -> SimpleNamespace:
    return SimpleNamespace(
        code=channel.code,
        name=channel.name(preferences().lang),
        kind=word(f"channel_{channel.kind}"),
        region=channel.region,
        active=channel.active,
        counts=[counted.get(step, 0) for step in Step],
        posters=[(form.upper(), url_for("console.poster", code=channel.code, form=form)) for form in FORMS],
    )


@blueprint.get("/channels/<code>/poster.<form>")
@operator(Role.PLATFORM)
def poster(code: str, form: str) -> Response:
    found = actions.find(current_transaction(), code)
    if found is None or form not in FORMS:
        abort(404)
    service = options().service_name, options().service_name_en
    drawn = FORMS[form](Poster.of(found, issuer=options().issuer, service=service))
    headers = {"Content-Disposition": f'attachment; filename="{code}.{form}"'}
    return Response(drawn, headers=headers, mimetype=TYPES[form])
