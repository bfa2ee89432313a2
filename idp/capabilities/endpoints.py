"""The machine endpoints of checks: a department asks about the person of its access token, and fetches the answer.

Always true: who is not this client, or has not the capability in force, learns nothing; the person is named by a
token of the client's own, never by what is publicly known of anybody.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Protocol

from idp.accounts.actions import Directory
from idp.audit.rules import Counted
from idp.capabilities.checks import DepartmentChecks, note_release
from idp.capabilities.rules import (
    CREDENTIALS,
    RESULT,
    UNKNOWN,
    Check,
    CheckState,
    Refused,
    Wait,
    answer_claims,
    read_question,
    wrong_member,
)
from idp.clients import permits
from idp.clients.capabilities import Capability, Permit
from idp.clients.rules import Client
from idp.crypto.fields import FieldCipher
from idp.db import Database, Transaction
from idp.oidc.client_auth import ClientAuthenticator, Unauthenticated
from idp.oidc.machine import Access
from idp.oidc.server import Count
from idp.oidc.tokens import TokenMaker
from idp.web.protocol import ProtocolRequest, ProtocolResponse, json_response, problem_response

PATHS: Mapping[Capability, str] = {
    Capability.NAME_CHECK: "/capabilities/v1/name-checks",
    Capability.FACE_CHECK: "/capabilities/v1/face-checks",
}
PERSON = "/matters/"
"""Where the person decides; the check's id follows."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks, and by which permit."""

    client: Client
    permit: Permit


class Gate:
    """Whom the endpoints of capabilities let in."""

    def __init__(self, authenticator: ClientAuthenticator, issuer: str, count: Count) -> None:
        self._authenticator = authenticator
        self._issuer = issuer
        self._count = count

    def caller(self, request: ProtocolRequest, capability: Capability) -> Caller | ProtocolResponse:
        """The client behind ``request``, by the header or by members of the body."""
        body = request.json
        form = {name: body[name] for name in CREDENTIALS if isinstance(body.get(name), str) and body[name]}
        client = self._authenticator.authenticate(replace(request, form=form))
        if isinstance(client, Unauthenticated) or not client.confidential:  # anybody can be a public client
            headers = (("WWW-Authenticate", f'Basic realm="{self._issuer}"'),)
            return self.refuse(Refused.CLIENT_AUTHENTICATION, None, request.now, headers=headers)
        permit = client.capabilities.get(capability)
        if permit is None:
            return self.refuse(Refused.NOT_GRANTED, client, request.now)
        return Caller(client, permit)

    def refuse(
        self,
        why: Refused,
        client: Client | None,
        now: int,
        *,
        detail: str = "",
        headers: tuple[tuple[str, str], ...] = (),
    ) -> ProtocolResponse:
        self._count(Counted.CAPABILITY, client.client_id if client else None, why.value, now)
        return problem_response(why.value, detail, status=why.status, headers=headers)


Handler = Callable[[ProtocolRequest], ProtocolResponse]
Route = tuple[str, tuple[str, ...], Handler]
"""Path, methods and what answers there."""


class ReadAccess(Protocol):
    """Reads an access token of ours, if all it rests on stands and who shows ``certificate`` may use it."""

    def __call__(self, tx: Transaction, token: str, *, certificate: bytes | None, now: int) -> Access | None: ...


class CheckEndpoints:
    """Each question at two paths: where it is asked, and where its answer is fetched."""

    def __init__(
        self,
        database: Database,
        directory: Directory,
        cipher: FieldCipher,
        gate: Gate,
        maker: TokenMaker,
        read: ReadAccess,
        *,
        most: int,
    ) -> None:
        """``most``: as of `DepartmentChecks.start`."""
        self._database = database
        self._directory = directory
        self._checks = DepartmentChecks(cipher)
        self._gate = gate
        self._maker = maker
        self._read = read
        self._most = most

    def routes(self) -> Iterator[Route]:
        for capability, path in PATHS.items():
            yield path, ("POST",), partial(self._start, capability)
            yield f"{path}/", ("GET", "POST"), partial(self._fetch, capability)

    def _start(self, capability: Capability, request: ProtocolRequest) -> ProtocolResponse:
        caller, now = self._gate.caller(request, capability), request.now
        if isinstance(caller, ProtocolResponse):
            return caller
        question = read_question(request.json, caller.client)
        if isinstance(question, str):
            return self._gate.refuse(Refused.INVALID_REQUEST, caller.client, now, detail=wrong_member(question))
        with self._database.transaction() as tx:
            access = self._read(tx, question.access_token, certificate=request.certificate, now=now)
            if access is None or access.grant is None or access.client_id != caller.client.client_id:
                return self._gate.refuse(Refused.INVALID_TOKEN, caller.client, now)
            if self._directory.person(tx, access.grant.party_id).identity is None:
                return self._gate.refuse(Refused.NOT_VERIFIED, caller.client, now)
            check = self._checks.start(
                tx,
                caller.permit,
                party_id=access.grant.party_id,
                sub=access.grant.sub,
                matter=question.matter,
                nonce=question.nonce,
                return_uri=question.return_uri,
                most=self._most,
                now=now,
            )
        if isinstance(check, Wait):
            headers = (("Retry-After", str(check.seconds)),)
            return self._gate.refuse(check.reason, caller.client, now, headers=headers)
        location = (("Location", f"{self._maker.issuer}{PATHS[capability]}/{check.id}"),)
        return json_response(self._told(check), status=201, headers=location)

    def _fetch(self, capability: Capability, request: ProtocolRequest) -> ProtocolResponse:
        caller, now = self._gate.caller(request, capability), request.now
        if isinstance(caller, ProtocolResponse):
            return caller
        if not request.json.keys() <= set(CREDENTIALS):
            return self._gate.refuse(Refused.INVALID_REQUEST, caller.client, now, detail=wrong_member(UNKNOWN))
        with self._database.transaction() as tx:
            check = self._checks.answered(tx, request.below, now=now)
            if check is None or check.client_id != caller.client.client_id or check.capability is not capability:
                return self._gate.refuse(Refused.NOT_FOUND, caller.client, now)
            if check.permit_id != caller.permit.id:
                return self._gate.refuse(Refused.NOT_GRANTED, caller.client, now)
            if not check.fetchable(now):
                return self._gate.refuse(Refused.NOT_FOUND, caller.client, now)
            if check.state is not CheckState.DONE:
                return json_response(self._told(check))
            permit = permits.find(tx, check.permit_id)
            assert permit is not None  # noqa: S101 - permits are never deleted
            note_release(tx, check, now=now)
        claims = answer_claims(check, issuer=self._maker.issuer, purpose=permit.terms.purpose["zh"])
        signed = self._maker.keys.sign(claims, alg=caller.client.id_token_alg, typ=RESULT)
        return json_response({"id": check.id, "state": "done", "result": signed, "expires_at": claims["exp"]})

    def _told(self, check: Check) -> dict[str, Any]:
        return {
            "id": check.id,
            "state": "waiting",
            "person_url": f"{self._maker.issuer}{PERSON}{check.id}",
            "expires_at": check.expires_at,
        }
