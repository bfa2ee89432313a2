"""An authenticator in software: what a browser and its device do when a page asks for a passkey.

Always true: it does what it is told, right or wrong; each test says what a real one would not do.
"""

import base64
import hashlib
import json
import os
from dataclasses import dataclass, field
from typing import Any

import cbor2
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256

ORIGIN = "http://localhost:8000"
PRESENT, VERIFIED, ATTESTED = 0x01, 0x04, 0x40


def encoded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


@dataclass
class Credential:
    id: bytes
    handle: bytes
    rp_id: str
    count: int = 0
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))

    @property
    def cose(self) -> bytes:
        numbers = self.key.public_key().public_numbers()
        x, y = (number.to_bytes(32, "big") for number in (numbers.x, numbers.y))
        return bytes(cbor2.dumps({1: 2, 3: -7, -1: 1, -2: x, -3: y}))


@dataclass
class Authenticator:
    """``counts``: whether its signature counters grow; those of synchronised passkeys stay 0."""

    origin: str = ORIGIN
    counts: bool = True
    flags: int = PRESENT | VERIFIED
    cross_origin: bool = False
    held: list[Credential] = field(default_factory=list)

    def create(self, options: str, *, named: bytes | None = None) -> str:
        """What a page sends after ``navigator.credentials.create``; ``named``: by another than a random name."""
        asked = json.loads(options)
        made = Credential(named or os.urandom(16), decoded(asked["user"]["id"]), asked["rp"]["id"])
        self.held.append(made)
        attested = bytes(16) + len(made.id).to_bytes(2, "big") + made.id + made.cose
        data = self._data(made, self.flags | ATTESTED) + attested
        statement = cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": data})
        client = self._client("webauthn.create", asked["challenge"])
        response = {"clientDataJSON": encoded(client), "attestationObject": encoded(bytes(statement))}
        return json.dumps(self._answer(made, response))

    def get(self, options: str, *, used: Credential | None = None, handle: bytes | None = b"") -> str:
        """What a page sends after ``navigator.credentials.get``; ``handle``: another than the credential's own."""
        asked = json.loads(options)
        allowed = {decoded(one["id"]) for one in asked.get("allowCredentials", [])}
        chosen = used or next(one for one in self.held if not allowed or one.id in allowed)
        chosen.count += self.counts
        data, client = self._data(chosen, self.flags), self._client("webauthn.get", asked["challenge"])
        signature = chosen.key.sign(data + hashlib.sha256(client).digest(), ec.ECDSA(SHA256()))
        response = {
            "clientDataJSON": encoded(client),
            "authenticatorData": encoded(data),
            "signature": encoded(signature),
            "userHandle": None if handle is None else encoded(handle or chosen.handle),
        }
        return json.dumps(self._answer(chosen, response))

    def _data(self, credential: Credential, flags: int) -> bytes:
        hashed = hashlib.sha256(credential.rp_id.encode()).digest()
        return hashed + bytes([flags]) + credential.count.to_bytes(4, "big")

    def _client(self, kind: str, challenge: str) -> bytes:
        said = {"type": kind, "challenge": challenge, "origin": self.origin, "crossOrigin": self.cross_origin}
        return json.dumps(said).encode()

    @staticmethod
    def _answer(credential: Credential, response: dict[str, Any]) -> dict[str, Any]:
        name = encoded(credential.id)
        return {"id": name, "rawId": name, "type": "public-key", "response": response}
