"""What an authorization request asks beyond a sign-in: for whom (``represent``), what of them
(``authorization_details``, RFC 9396), and for which API (``resource``, RFC 8707).

Always true: a request that asks for something unknown, or that its client is not registered to ask for, goes no
further; the party acted for stands in no parameter but by a handle that this client was told.
"""

from dataclasses import replace

from idp.admission.rules import ActingDemand, Represent
from idp.clients.actions import Registry
from idp.clients.resources import Resources
from idp.clients.rules import Client
from idp.db import Database
from idp.entities.rules import SCOPES
from idp.mandates.details import TYPE, Wrong, parse_details, write_details
from idp.mandates.handles import read_handle
from idp.mandates.registry import Themes
from idp.oidc.request import AuthorizationRequest, RedirectError, scopes_to_release

TERMS = ("represent", "authorization_details", "resource")
"""The parameters that ask for any of it."""
_WORDS = {one.value: one for one in (Represent.SELF, Represent.SELECT, Represent.REQUIRED)}
_Checked = AuthorizationRequest | RedirectError


class Terms:
    """Methods may raise `DatabaseUnavailable`."""

    def __init__(self, database: Database, registry: Registry, themes: Themes, resources: Resources) -> None:
        self._database = database
        self._registry = registry
        self._themes = themes
        self._resources = resources

    def check(self, request: AuthorizationRequest) -> _Checked:
        """The request with what it asks beyond a sign-in; it costs nothing for who asks for nothing."""
        if not any(name in request.params for name in TERMS):
            return request
        checked: _Checked = request
        for check in (self._resource, self._details, self._represent):
            if isinstance(checked, RedirectError):
                break
            checked = check(checked)
        return checked

    def target_fault(self, client: Client, resource: str) -> str | None:
        """Why this client gets no access token for ``resource``, or None (RFC 8707 2)."""
        server = self._resources.get(resource)
        if server is None or resource not in client.resources:
            return "resource is not one API that this client is registered for"
        if server.aware:  # the audience of a token that says whom somebody acts for is of its own
            return "tokens for this API are asked for by token exchange"
        return None

    def sector_of(self, resource: str) -> str | None:
        """The sector in which an API knows people: that of the client that answers for it."""
        server = self._resources.get(resource)
        owner = self._registry.get(server.client_id) if server else None
        return owner.sector if owner else None

    def _resource(self, request: AuthorizationRequest) -> _Checked:
        resource = request.params.get("resource")
        if resource is None:
            return request
        if fault := self.target_fault(request.client, resource):
            return RedirectError(request, "invalid_target", fault)
        return replace(request, resource=resource)

    def _details(self, request: AuthorizationRequest) -> _Checked:
        text = request.params.get("authorization_details")
        if text is None:
            return request
        if TYPE not in request.client.authorization_details_types:
            why = "the client is not registered for authorization details"
            return RedirectError(request, "invalid_authorization_details", why)
        found = parse_details(text, theme=self._themes.current, serving=self._themes.serving)
        if isinstance(found, Wrong):
            return RedirectError(request, "invalid_authorization_details", found.why)
        return replace(request, acting=ActingDemand(details=write_details(found)))

    def _represent(self, request: AuthorizationRequest) -> _Checked:
        text, asked = request.params.get("represent"), request.acting or ActingDemand()
        if text is None:
            return request
        if SCOPES.isdisjoint(scopes_to_release(request)) and not asked.details:
            return RedirectError(request, "invalid_request", "represent goes with scope represented")
        if text == Represent.SELF and asked.details:
            return RedirectError(request, "invalid_request", "represent=self leaves nothing of authorization_details")
        if (word := _WORDS.get(text)) is not None:
            return replace(request, acting=replace(asked, represent=word))
        with self._database.autocommit() as tx:
            found = read_handle(tx, request.client.client_id, text)
        if found is None:
            return RedirectError(request, "invalid_request", "represent is neither a known word nor a handle")
        meant = {"person": found.person, "acting": found.acting.text}
        return replace(request, acting=replace(asked, represent=Represent.SWITCH, **meant))
