"""The device authorization grant (RFC 8628) on our side: the code a kiosk is given, and what a confirmation writes.

Always true: what a device gets hangs on a session of its own, which tells the truth about the phone's sign-in, idles
for a quarter of an hour at most, and is in the person's list; the person acts for themselves alone there.
"""

from collections.abc import Mapping
from dataclasses import replace

from idp.accounts.actions import Directory
from idp.admission.rules import Admit, Demand
from idp.audit.rules import Counted
from idp.clients.rules import DEVICE_CODE, Client
from idp.crypto.tokens import digest, random_token
from idp.db import Database, Transaction
from idp.grants.actions import issue_to_device
from idp.oidc.authorize import demand, grant_of, parking
from idp.oidc.client_auth import ClientAuthenticator, Unauthenticated
from idp.oidc.request import AuthorizationRequest, granted_scopes
from idp.oidc.server import Count
from idp.oidc.tokens import TokenMaker
from idp.scans.actions import Scans
from idp.scans.rules import INTERVAL, LIFETIME, Kind, Made, Scan, shown_code
from idp.signin import sessions
from idp.signin.rules import Session
from idp.web.protocol import ProtocolRequest, ProtocolResponse, error_response, json_response

PROTOCOL = "device"
PATH = "/device"
"""Where the person enters or brings the code."""
NUMBER = "tongban_number"
"""The member of the answer that holds the number to be shown."""
IDLE = 900
"""Seconds without anything of a device's session: somebody else may stand at its screen."""
_PARAMETERS = ("scope", "acr_values")
_LONGEST_ACR = 1024


class DeviceEndpoint:
    """``POST /device_authorization``."""

    def __init__(
        self, database: Database, scans: Scans, authenticator: ClientAuthenticator, *, issuer: str, count: Count
    ) -> None:
        self._database = database
        self._scans = scans
        self._authenticator = authenticator
        self._issuer = issuer
        self._count = count

    def answer(self, request: ProtocolRequest) -> ProtocolResponse:
        """RFC 8628 3.1 and 3.2."""
        client = self._authenticator.authenticate(request)
        if isinstance(client, Unauthenticated):
            return client.response(self._issuer)
        if DEVICE_CODE not in client.grant_types:
            return error_response("unauthorized_client", "the client is not registered for the device grant")
        params = {name: request.form[name] for name in _PARAMETERS if name in request.form}
        if fault := _fault(client, params):
            return fault
        device_code = random_token()
        with self._database.transaction() as tx:
            made = self._scans.make(
                tx,
                Kind.DEVICE,
                holder=digest(device_code),
                facts=params,
                client_id=client.client_id,
                shows_number=client.device_number,
                now=request.now,
            )
        self._count(Counted.DEVICE_CODE, client.client_id, "made", request.now)
        return json_response(self._told(device_code, made))

    def _told(self, device_code: str, made: Made) -> dict[str, object]:
        """Without a number no address with the code in it: what is typed has been read from the screen itself."""
        uri, code = f"{self._issuer}{PATH}", shown_code(made.code)
        told: dict[str, object] = {
            "device_code": device_code,
            "user_code": code,
            "verification_uri": uri,
            "expires_in": LIFETIME,
            "interval": INTERVAL,
        }
        return told | (
            {"verification_uri_complete": f"{uri}?user_code={code}", NUMBER: made.number} if made.number else {}
        )


def _fault(client: Client, params: Mapping[str, str]) -> ProtocolResponse | None:
    """The rules of /authorize."""
    scopes = granted_scopes(client, params)
    if scopes is None:
        return error_response("invalid_scope", "scope is missing or malformed")
    if not _device_scopes(client, scopes):
        return error_response("invalid_scope", "none of the requested scopes is registered for this client")
    if len(params.get("acr_values", "")) > _LONGEST_ACR:
        return error_response("invalid_request", "acr_values is too long")
    return None


def _device_scopes(client: Client, scopes: frozenset[str]) -> frozenset[str]:
    return scopes if client.device_refresh else scopes - {"offline_access"}


def request_of(client: Client, params: Mapping[str, str]) -> AuthorizationRequest:
    """What a device asked for, as the pipeline of /authorize knows requests, by what is registered now."""
    scopes = granted_scopes(client, params) or frozenset()
    return AuthorizationRequest(
        client=client,
        redirect_uri="",
        params=params,
        scopes=_device_scopes(client, scopes),
        acr=tuple(dict.fromkeys(params.get("acr_values", "").split())),
        pushed=True,
    )


def demand_of(tx: Transaction, request: AuthorizationRequest) -> Demand:
    """Nobody acts for somebody else at a screen that others have stood before, too."""
    return replace(demand(tx, request, hint_sub=None), represents=False)


def parked(request: AuthorizationRequest, wanted: Demand, scan: Scan) -> dict[str, object]:
    """What `admission` parks; it comes back to the pages of the scan and to no app."""
    return parking(request, wanted) | {
        "protocol": PROTOCOL,
        "resume": {"scan": scan.id},
        "form_target": None,
    }


def give(
    tx: Transaction,
    directory: Directory,
    maker: TokenMaker,
    request: AuthorizationRequest,
    admit: Admit,
    phone: Session,
    scan: Scan,
    *,
    absolute: int,
    now: int,
) -> Session:
    """Write the device's session and the grant that its code redeems; the caller has confirmed the scan."""
    session, _ = sessions.derive(
        tx,
        phone,
        methods=phone.used,
        agent=request.client.label("zh"),
        idle=IDLE,
        absolute=absolute,
        now=now,
    )
    grant = grant_of(tx, directory, request, admit, session, now=now)
    issue_to_device(tx, grant, scan.holder, until=max(scan.expires_at, now + maker.lifetimes.code))
    return session
