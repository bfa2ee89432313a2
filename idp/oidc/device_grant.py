"""The device code at the token endpoint (RFC 8628 3.4, 3.5).

Always true: a confirmed code is redeemed by one conditional statement, and a second use ends what grew from the
first, as with authorization codes.
"""

from typing import Any

from authlib.oauth2.rfc6749.errors import (
    AccessDeniedError,
    InvalidGrantError,
    InvalidRequestError,
    UnauthorizedClientError,
)
from authlib.oauth2.rfc6749.grants import BaseGrant, TokenEndpointMixin
from authlib.oauth2.rfc8628 import AuthorizationPendingError, ExpiredTokenError, SlowDownError

from idp.clients.rules import DEVICE_CODE, Client
from idp.crypto.tokens import digest
from idp.db import Transaction
from idp.grants import actions
from idp.grants.actions import DEVICE
from idp.grants.rules import EndReason
from idp.oidc.server import _Claimed, _TokenGrant
from idp.scans import actions as scans
from idp.scans.rules import Scan, State


class DeviceCodeGrant(_TokenGrant, BaseGrant, TokenEndpointMixin):
    """Registered at the token server beside its own grants."""

    GRANT_TYPE = DEVICE_CODE

    def validate_token_request(self) -> None:
        code = self.request.form.get("device_code")
        if code is None:
            raise InvalidRequestError("device_code is missing")
        client = self.authenticate_token_endpoint_client()
        if not client.check_grant_type(DEVICE_CODE):
            raise UnauthorizedClientError("the client is not registered for the device grant")
        self.request.client = client
        self.request.user = self._claimed(code, client.client)

    def create_token_response(self) -> tuple[int, dict[str, Any], Any]:
        claimed: _Claimed = self.request.user
        return 200, self.generate_token(user=claimed, scope=claimed.grant.scope), self.TOKEN_RESPONSE_HEADER

    def _claimed(self, code: str, client: Client) -> _Claimed:
        holder, won, fault = digest(code), None, None
        with self.server.database.transaction() as tx:
            found = scans.of_holder(tx, holder, client_id=client.client_id)
            if found is None:
                fault = InvalidGrantError("the device code is not valid")
            elif found.state is State.CONFIRMED:
                won = self._redeemed(tx, code, client)
                if won is not None:
                    scans.consume(tx, found.id, holder=holder, now=self.now)
            else:
                fault = self._unfinished(tx, found)
        if won is not None:
            return _Claimed(won.grant, won.refresh)
        if fault is None:
            fault = self._lost(code)
        raise fault

    def _redeemed(self, tx: Transaction, code: str, client: Client) -> actions.Redeemed | None:
        return actions.redeem_code(
            tx,
            code=code,
            client_id=client.client_id,
            redirect_uri=DEVICE,
            challenge=DEVICE,
            refreshes=client.device_refresh and "refresh_token" in client.grant_types,
            now=self.now,
        )

    def _unfinished(self, tx: Transaction, found: Scan) -> Any:
        """The error that says why there is nothing yet; None: it has been used already."""
        if found.state is State.CONSUMED:
            return None
        if found.state in (State.DENIED, State.WRONG_NUMBER):
            return AccessDeniedError("the person has denied it, or picked another number")
        if found.over(self.now):
            return ExpiredTokenError("the device code has expired")
        soon = not scans.poll(tx, found, now=self.now)
        return SlowDownError("asked too soon") if soon else AuthorizationPendingError("nobody has confirmed it yet")

    def _lost(self, code: str) -> Any:
        """The error where a confirmed code is not redeemed: it was before, its grant has ended, or it is too old."""
        with self.server.database.autocommit() as tx:
            bound = actions.find_code(tx, code)
        if bound is not None and bound.redeemed_at is not None:
            self.server.end_replayed(bound.grant, EndReason.CODE_REPLAYED, now=self.now)
        elif bound is not None and bound.grant.live:
            return ExpiredTokenError("the device code has expired")
        return InvalidGrantError("the device code is not valid")
