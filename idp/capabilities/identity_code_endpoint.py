"""The machine endpoints of identity codes: a counter redeems what a person shows, and fetches what they confirmed.

Always true: the client authenticates and names its clerk by the clerk's own access token; nothing of the person
stands in an address, and nothing is told before they have confirmed it.
"""

from collections.abc import Iterator

from idp.capabilities.counter_endpoint import is_entitled
from idp.capabilities.endpoints import Gate, ReadAccess, Route
from idp.capabilities.identity_code_rules import IdentityCode, read_redemption
from idp.capabilities.identity_codes import IdentityCodes, Told, find
from idp.capabilities.rules import CREDENTIALS, UNKNOWN, Refused, Wait, wrong_member
from idp.clients.capabilities import Capability
from idp.db import Database, Transaction
from idp.oidc.live import note_activity
from idp.web.protocol import ProtocolRequest, ProtocolResponse, json_response

REDEEM, FETCH = "/identity-codes/redeem", "/identity-codes/"


class IdentityCodeEndpoint:
    def __init__(
        self,
        database: Database,
        codes: IdentityCodes,
        gate: Gate,
        read: ReadAccess,
        *,
        sign_in: int,
        session_idle: int,
    ) -> None:
        """``sign_in``, ``session_idle``: as of `CounterEndpoint`."""
        self._database = database
        self._codes = codes
        self._gate = gate
        self._read = read
        self._sign_in = sign_in
        self._idle = session_idle

    def routes(self) -> Iterator[Route]:
        yield REDEEM, ("POST",), self._redeem
        yield FETCH, ("GET", "POST"), self._fetch

    def _redeem(self, request: ProtocolRequest) -> ProtocolResponse:
        caller, now = self._gate.caller(request, Capability.IDENTITY_CODE), request.now
        if isinstance(caller, ProtocolResponse):
            return caller
        client = caller.client
        sent = read_redemption(request.json, client)
        if isinstance(sent, str):
            return self._gate.refuse(Refused.INVALID_REQUEST, client, now, detail=wrong_member(sent))
        with self._database.autocommit() as tx:
            clerk = self._clerk(tx, sent.clerk_token, client.client_id, certificate=request.certificate, now=now)
        if clerk is None:
            return self._gate.refuse(Refused.CLERK, client, now)
        with self._database.transaction() as tx:
            outcome = self._codes.redeem(tx, caller.permit, clerk, sent, now=now)
        if isinstance(outcome, Wait):
            headers = (("Retry-After", str(outcome.seconds)),)
            return self._gate.refuse(outcome.reason, client, now, headers=headers)
        if isinstance(outcome, Refused):
            return self._gate.refuse(outcome, client, now)
        return _waiting(outcome, status=201)

    def _clerk(
        self, tx: Transaction, token: str, client_id: str, *, certificate: bytes | None, now: int
    ) -> str | None:
        access = self._read(tx, token, certificate=certificate, now=now)
        footing = access.footing if access and access.client_id == client_id else None
        if footing is None or not is_entitled(tx, footing, sign_in=self._sign_in, now=now):
            return None
        note_activity(tx, footing, idle=self._idle, now=now)
        return footing.grant.party_id

    def _fetch(self, request: ProtocolRequest) -> ProtocolResponse:
        caller, now = self._gate.caller(request, Capability.IDENTITY_CODE), request.now
        if isinstance(caller, ProtocolResponse):
            return caller
        if not request.json.keys() <= set(CREDENTIALS):
            return self._gate.refuse(Refused.INVALID_REQUEST, caller.client, now, detail=wrong_member(UNKNOWN))
        with self._database.transaction() as tx:
            code = find(tx, request.below)
            if code is None or code.client_id != caller.client.client_id:
                return self._gate.refuse(Refused.NOT_FOUND, caller.client, now)
            if code.permit_id != caller.permit.id:
                return self._gate.refuse(Refused.NOT_GRANTED, caller.client, now)
            if code.waits(now):
                return _waiting(code)
            told = self._codes.fetch(tx, code, caller.client, now=now)
        if isinstance(told, Refused):
            return self._gate.refuse(told, caller.client, now)
        return self._confirmed(code, told)

    def _confirmed(self, code: IdentityCode, told: Told) -> ProtocolResponse:
        asked = self._codes.asked(code)
        return json_response(
            {
                "id": code.id,
                "state": "confirmed",
                "sub": told.sub,
                "acr": told.level.acr,
                "ial": told.level.ial,
                "aal": told.level.aal,
                "office": asked.office,
                "matters": list(asked.matters),
                "scopes": told.scopes,
                "claims": told.claims,
            }
        )


def _waiting(code: IdentityCode, *, status: int = 200) -> ProtocolResponse:
    return json_response({"id": code.id, "state": "waiting", "expires_at": code.expires_at}, status=status)
