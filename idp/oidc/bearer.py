"""The access token in a request to userinfo (RFC 6750).

Always true: it comes once, by header or form body, and never in an address.
"""

from idp.web.protocol import NO_STORE, ProtocolRequest, ProtocolResponse, error_response


def bearer(request: ProtocolRequest) -> str | ProtocolResponse:
    """The one access token of a request (RFC 6750 2): header or form body, never the query."""
    in_body = request.form.get("access_token")
    if request.has_query_token or (request.authorization and in_body):
        return bearer_error("invalid_request", "send the access token once, by header or form body", 400)
    if in_body:
        return in_body
    scheme, _, token = request.authorization.partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        headers = (("WWW-Authenticate", 'Bearer realm="userinfo"'),)  # RFC 6750 3: never the scheme alone
        return ProtocolResponse(401, b"", headers=NO_STORE + headers)
    return token.strip()


def bearer_error(error: str, description: str, status: int) -> ProtocolResponse:
    """A refusal that says why (RFC 6750 3.1)."""
    challenge = f'Bearer realm="userinfo", error="{error}", error_description="{description}"'
    return error_response(error, description, status=status, headers=(("WWW-Authenticate", challenge),))
