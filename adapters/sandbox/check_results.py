"""What a stand-in vendor signs: the results of its checks, and the callbacks that only say that there is one.

Always true: a result says for whom it is by a digest alone, and the keys here are known to everybody.
"""

import base64
import hashlib
import hmac
import json
import secrets
from collections.abc import Mapping
from typing import Any

from joserfc import jws
from joserfc.jwk import ECKey

from adapters.sandbox.check_magic import Sealed
from adapters.sandbox.check_store import Waiting
from adapters.sandbox.contract import sign

ISSUERS = {"face": "http://localhost:8009/face", "bank": "http://localhost:8009/bank"}
"""What they call themselves, wherever they are served."""
_PUBLIC = {
    "face": ("tvhpEEV9j8vXiuPQ29nqLylHo8di5IBFsn0W9p5Re0Q", "tC4v3GesJBiTZYQ0BzhN6qmMKOxOb1B1BVwXNTC50cM"),
    "bank": ("YHe3ZZ7P7e9em4d5w29yFLKByTmVk-1E5PQukYagLv0", "3f4uPewrsdavy7EJmKBiEQGdpE7qL-75Epd7fsIMZFg"),
}
# Public on purpose; production refuses their public halves.
_PRIVATE = {
    "face": "2bPjhMKNRRgkpPGMniw-p230IguNYS-MqUDd7ZST9PI",
    "bank": "nMcsmco3Q-_Agw7II5tFvJBBff7MpfbgkmJZ36rOcbE",
}


def _jwk(kind: str) -> dict[str, str | list[str]]:
    x, y = _PUBLIC[kind]
    return {"kty": "EC", "crv": "P-256", "alg": "ES256", "use": "sig", "kid": kid(kind), "x": x, "y": y}


def kid(kind: str) -> str:
    return f"sandbox-{kind}-not-for-production"


def public_keys(kind: str) -> str:
    """The JWKS a provider pins."""
    return json.dumps({"keys": [_jwk(kind)]}, separators=(",", ":"))


_KEYS = {kind: ECKey.import_key(_jwk(kind) | {"d": private}) for kind, private in _PRIVATE.items()}


def result(check: Waiting, *, audience: str, now: float, before: int = 0) -> str:
    """The signed result; ``before``: how often it was fetched already."""
    question, finding = check.question, check.finding
    claims: dict[str, Any] = {
        "iss": ISSUERS[check.kind],
        "aud": audience,
        "iat": int(now),
        "jti": secrets.token_hex(16),
        "reference": question.reference,
        "transaction": check.id,
        "nonce": question.nonce,
        "purpose": question.purpose,
        "subject": question.subject,
        "pass": True,
        "score": 0.97 if check.kind == "face" else None,
        "liveness": list(check.liveness),
        "reason": None,
    } | dict(finding.says)
    if "iat" in finding.says:
        claims["iat"] += int(now)
    if finding.changes and before % 2:
        claims["pass"] = not claims["pass"]
    return _sealed(check.kind, claims, finding.sealed)


def _sealed(kind: str, claims: Mapping[str, Any], sealed: Sealed) -> str:
    typ, payload = f"{kind}-result+jwt", json.dumps(claims).encode()
    match sealed:
        case Sealed.WELL:
            return _signed(_KEYS[kind], kind, typ, payload)
        case Sealed.OTHER_KEY:
            return _signed(ECKey.generate_key("P-256"), kind, typ, payload)
        case Sealed.NOT:
            return f"{_head('none', kind, typ)}.{_encode(payload)}."
        case Sealed.BY_PUBLIC_KEY:
            data = f"{_head('HS256', kind, typ)}.{_encode(payload)}"
            mac = hmac.new(json.dumps(_jwk(kind)).encode(), data.encode(), hashlib.sha256).digest()
            return f"{data}.{_encode(mac)}"


def _signed(key: ECKey, kind: str, typ: str, payload: bytes) -> str:
    return jws.serialize_compact({"alg": "ES256", "kid": kid(kind), "typ": typ}, payload, key)


def _head(alg: str, kind: str, typ: str) -> str:
    return _encode(json.dumps({"alg": alg, "kid": kid(kind), "typ": typ}).encode())


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def callback(check: Waiting, name: str, *, secret: str, audience: str, now: float) -> tuple[dict[str, str], bytes]:
    """Headers and body of the callback ``name``, by turns signed with the shared key and by the vendor's."""
    reference, transaction = check.question.reference, check.id
    if check.order % 2:
        fields = {"id": name, "reference": reference, "transaction": transaction, "event": "judged"}
        body = json.dumps(fields).encode()
        timestamp = str(int(now))
        headers = {"Tongban-Timestamp": timestamp, "Tongban-Signature": sign(secret, timestamp, body)}
        return {"Content-Type": "application/json", **headers}, body
    claims = {
        "iss": ISSUERS[check.kind],
        "aud": audience,
        "iat": int(now),
        "jti": name,
        "reference": reference,
        "transaction": transaction,
        "event": "judged",
    }
    token = _signed(_KEYS[check.kind], check.kind, f"{check.kind}-callback+jwt", json.dumps(claims).encode())
    return {"Content-Type": "application/jwt"}, token.encode()
