"""The machine endpoint of counters: a clerk's system says whom the clerk has seen.

Always true: the client authenticates and brings the token of a clerk of its own, signed in with two factors in this
working day, and there: an offline token, which outlives that, is nobody's.
"""

from collections.abc import Iterator

from idp.capabilities.counter import Counter, is_clerk
from idp.capabilities.endpoints import Gate, ReadAccess, Route
from idp.capabilities.proofing import CLERK_AAL, CLERK_IAL, CLERK_IDLE, read_seen
from idp.capabilities.rules import Refused, Wait, wrong_member
from idp.clients.capabilities import Capability
from idp.db import Database, Transaction
from idp.oidc.live import Footing, note_activity
from idp.proofing.joining import Joining
from idp.proofing.rules import FACE_CHECKED
from idp.web.locale import china_date
from idp.web.protocol import ProtocolRequest, ProtocolResponse, json_response

PATH = "/counter/v1/proofings"


class CounterEndpoint:
    def __init__(
        self,
        database: Database,
        joining: Joining,
        gate: Gate,
        read: ReadAccess,
        *,
        sign_in: int,
        session_idle: int,
    ) -> None:
        """``sign_in``: seconds since the clerk's sign-in at most; ``session_idle``: of every session."""
        self._database = database
        self._counter = Counter(database, joining)
        self._gate = gate
        self._read = read
        self._sign_in = sign_in
        self._idle = session_idle

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
            access = self._read(tx, seen.access_token, certificate=request.certificate, now=now)
            footing = access.footing if access and access.client_id == client.client_id else None
            if footing is None or not is_entitled(tx, footing, sign_in=self._sign_in, now=now):
                return self._gate.refuse(Refused.CLERK, client, now)
            note_activity(tx, footing, idle=self._idle, now=now)
        outcome = self._counter.record(permit, footing.grant.party_id, seen, now=now)
        if isinstance(outcome, Wait):
            headers = (("Retry-After", str(outcome.seconds)),)
            return self._gate.refuse(outcome.reason, client, now, headers=headers)
        if isinstance(outcome, Refused):
            return self._gate.refuse(outcome, client, now)
        return json_response({"id": outcome, "level": FACE_CHECKED}, status=201)


def is_entitled(tx: Transaction, footing: Footing, *, sign_in: int, now: int) -> bool:
    """Whether the person of this token is a clerk of its client, there and known well enough."""
    grant = footing.grant
    return (
        grant.aal >= CLERK_AAL
        and grant.ial >= CLERK_IAL
        and not grant.offline
        and now - grant.auth_time <= sign_in
        and footing.session_lives(idle=CLERK_IDLE, now=now)
        and is_clerk(tx, grant.client_id, grant.party_id)
    )
