"""A face check that an app asks for together with a sign-in, by the claim ``face_check`` (docs/departments.md).

Always true: a check answers the one parked request it was begun for, and its claim is in tokens of that grant alone.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from flask import redirect, request, url_for
from flask.typing import ResponseReturnValue

from idp.admission.pages import keep_parked, parked_here
from idp.admission.parked import Parked
from idp.admission.rules import FaceDemand
from idp.capabilities.checks import DepartmentChecks, note_release
from idp.capabilities.pages import blueprint, parts
from idp.capabilities.rules import CheckResult, Wait, stands
from idp.clients.capabilities import Capability, Permit
from idp.clients.rules import Client
from idp.crypto.fields import FieldCipher
from idp.crypto.tokens import random_token
from idp.db import Database, current_transaction, db
from idp.grants.rules import Grant
from idp.oidc.claims import FACE_CHECK, check_in
from idp.web.clock import now
from idp.web.errors import expired_page
from idp.web.guards import current_session, signed_in

ClaimsFor = Callable[[Client, Grant, str, int], dict[str, Any]]


@blueprint.get("/matters")
@signed_in
def asked() -> ResponseReturnValue:
    """Lay the check that the request ``r`` waits for before the person, once."""
    key = request.args.get("r", "")
    parked = parked_here(key)
    face = parked.demand.face if parked else None
    if parked is None or face is None:
        return expired_page(restart=parked.form_target if parked else None)
    client = parts().registry.get(parked.demand.client_id)
    permit = client.capabilities.get(Capability.FACE_CHECK) if client else None
    if client is None or permit is None:  # withdrawn since the request came
        without = replace(parked.demand, face=replace(face, granted=False))
        return _on(key, replace(parked, demand=without))
    if (begun := _begun(parked, client)) is not None:
        return redirect(url_for("capabilities.matter", key=begun), 303)
    return _begin(key, parked, face, client, permit)


def _begun(parked: Parked, client: Client) -> str | None:
    """The id of the check this person was sent to already, while there is something to do."""
    if parked.check is None or parked.checked_by != current_session().party_id:
        return None
    check = parts().checks.find(current_transaction(), parked.check)
    if check is None or check.overdue(now()) or check.result is CheckResult.EXPIRED or not stands(check, client):
        return None
    return check.id


def _begin(key: str, parked: Parked, face: FaceDemand, client: Client, permit: Permit) -> ResponseReturnValue:
    tx, party_id = current_transaction(), current_session().party_id
    check = parts().checks.start(
        tx,
        permit,
        party_id=party_id,
        sub=parts().directory.subjects.of(tx, sector=client.sector, party_id=party_id),
        matter=face.matter,
        nonce=random_token(),
        request=key,
        most=parts().most,
        now=now(),
    )
    db.session.commit()
    assert not isinstance(check, Wait)  # noqa: S101 - nothing was taken out of the quota
    if not keep_parked(key, replace(parked, check=check.id, checked_by=party_id), face=None):
        return expired_page()
    return redirect(url_for("capabilities.matter", key=check.id), 303)


def _on(key: str, parked: Parked, **done: Any) -> ResponseReturnValue:
    """To the step that comes next."""
    if not keep_parked(key, parked, **done):
        return expired_page()
    return redirect(url_for("admission.resume", r=key), 303)


class CheckClaims:
    """The claim ``face_check`` of an ID token."""

    def __init__(self, database: Database, cipher: FieldCipher) -> None:
        self._database = database
        self._checks = DepartmentChecks(cipher)

    def beside(self, others: ClaimsFor) -> ClaimsFor:
        """The claims of ``others`` and this one."""
        return lambda client, grant, scope, now: others(client, grant, scope, now) | self._claim(client, grant, now)

    def _claim(self, client: Client, grant: Grant, now: int) -> dict[str, Any]:
        """Nothing once the capability is withdrawn, or the answer too old to be fetched."""
        key = check_in(grant.claims)
        if key is None:
            return {}
        with self._database.transaction() as tx:
            check = self._checks.find(tx, key)
            if check is None or (check.client_id, check.party_id) != (client.client_id, grant.party_id):
                return {}
            if not stands(check, client):
                return {}
            if check.result is not CheckResult.PASSED or not check.fetchable(now):
                return {}
            note_release(tx, check, now=now)
        told = {"matter": check.matter, "result": check.result.value, "time": check.judged_at, "jti": check.id}
        return {FACE_CHECK: told}
