"""The machine endpoint of counters: a clerk's system says whom the clerk has seen.

Always true: the client authenticates and brings the token of a clerk of its own, signed in with two factors.
"""

from collections.abc import Iterator

from idp.accounts.actions import Directory
from idp.capabilities.counter import Counter, Wait, is_clerk
from idp.capabilities.endpoints import Gate, ReadAccess, Route
from idp.capabilities.proofing import CLERK_AAL, CLERK_IAL, read_seen
from idp.capabilities.rules import Refused, wrong_member
from idp.clients.capabilities import Capability
from idp.db import Database, Transaction
from idp.oidc.machine import Access
from idp.proofing.rules import FACE_CHECKED
from idp.web.locale import china_date
from idp.web.protocol import ProtocolRequest, ProtocolResponse, json_response

PATH = "/counter/v1/proofings"


class CounterEndpoint:
    def __init__(self, database: Database, directory: Directory, gate: Gate, read: ReadAccess) -> None:
        self._database = database
        self._counter = Counter(database, directory)
        self._gate = gate
        self._read = read

    def routes(self) -> Iterator[Route]:
        yield PATH, ("POST",), self._record

    def _record(self, request: ProtocolRequest) -> ProtocolResponse:
        caller, now = self._gate.caller(request, Capability.COUNTER_PROOFING), request.now
        if isinstance(caller, ProtocolResponse):
            return caller
        client, permit = caller.client, caller.permit
        seen = read_seen(request.json, today=china_date(now))
        if isinstance(seen, str):
            return self._gate.refuse(Refused.INVALID_REQUEST, client, now, detail=wrong_member(seen))
        with self._database.autocommit() as tx:
            access = self._read(tx, seen.access_token, now=now)
            entitled = access is not None and self._is_entitled(tx, access, client.client_id)
        if access is None or access.grant is None or not entitled:
            return self._gate.refuse(Refused.CLERK, client, now)
        outcome = self._counter.record(permit, access.grant.party_id, seen, now=now)
        if isinstance(outcome, Wait):
            headers = (("Retry-After", str(outcome.seconds)),)
            return self._gate.refuse(outcome.reason, client, now, headers=headers)
        if isinstance(outcome, Refused):
            return self._gate.refuse(outcome, client, now)
        return json_response({"id": outcome, "level": FACE_CHECKED}, status=201)

    def _is_entitled(self, tx: Transaction, access: Access, client_id: str) -> bool:
        grant = access.grant
        return (
            grant is not None
            and access.client_id == client_id
            and grant.aal >= CLERK_AAL
            and grant.ial >= CLERK_IAL
            and is_clerk(tx, client_id, grant.party_id)
        )
