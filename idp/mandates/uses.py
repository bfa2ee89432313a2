"""What was done under mandates: which app was told what, or was given a token, when and for which matter.

Always true: a use is written before what was used leaves, and both parties can read it.
"""

from typing import Any, NamedTuple

from idp.audit import Event, record
from idp.crypto.tokens import new_id
from idp.db import Statement, Transaction
from idp.mandates.rules import Mandate

_ADD = Statement[Any](
    "INSERT INTO mandate_use (id, mandate_id, person_id, represented_id, client_id, what, service, region, used_at)"
    " VALUES (:id, :mandate, :person, :represented, :client, :what, :service, :region, :now)"
)
_FIELDS = "u.id, u.mandate_id, u.person_id, u.represented_id, u.client_id, u.what, u.service, u.region, u.used_at"


class Use(NamedTuple):
    """``what``: ``data`` and the claims that were told, or ``token`` and the actions it was for; blanks between."""

    id: str
    mandate: str
    person: str
    represented: str
    client_id: str
    what: str
    service: str | None
    region: str | None
    used_at: int


_OF_MANDATE = Statement(
    f"SELECT {_FIELDS} FROM mandate_use u WHERE u.mandate_id = :mandate"
    " OR u.mandate_id IN (SELECT id FROM mandate WHERE parent_id = :mandate)"
    " ORDER BY u.used_at DESC, u.id DESC LIMIT :most",
    Use,
)
_OF_PARTY = Statement(
    f"SELECT {_FIELDS} FROM mandate_use u WHERE u.person_id = :party OR u.represented_id = :party"
    " OR u.mandate_id IN (SELECT id FROM mandate WHERE principal_id = :party)"
    " ORDER BY u.used_at DESC, u.id DESC LIMIT :most",
    Use,
)


def record_use(
    tx: Transaction,
    mandate: Mandate,
    *,
    person: str,
    client_id: str,
    what: str,
    session: str | None = None,
    service: str | None = None,
    region: str | None = None,
    audience: str | None = None,
    now: int,
) -> str:
    """Write one use of ``mandate``, the last link, by ``person``; its id. It stands in the audit trail as well.

    ``audience``: the API that a token is for.
    """
    use = new_id("use")
    tx.send(
        _ADD,
        id=use,
        mandate=mandate.id,
        person=person,
        represented=mandate.represented,
        client=client_id,
        what=what,
        service=service,
        region=region,
        now=now,
    )
    detail = {"what": what, "theme": mandate.theme} | ({"for": audience} if audience else {})
    record(
        tx,
        Event.MANDATE_USED,
        actor=person,
        subject=mandate.represented,
        client=client_id,
        session=session,
        mandate=mandate.id,
        detail=detail | ({"service": service} if service else {}),
        now=now,
    )
    return use


def list_uses(tx: Transaction, mandate_id: str, *, most: int) -> list[Use]:
    """The latest uses of a mandate and of its second links, newest first."""
    return tx.all(_OF_MANDATE, mandate=mandate_id, most=most)


def uses_of(tx: Transaction, party_id: str, *, most: int) -> list[Use]:
    """The latest that the party did for somebody, or that was done for it, or by a mandate it gave."""
    return tx.all(_OF_PARTY, party=party_id, most=most)
