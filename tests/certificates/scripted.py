"""A verifier whose verdicts are told to it, for tests of what stands on them.

An answer is ``<name> <base64 of what was signed>``: it is by the key that `Scripted.keys` has under this name. Always
true: as of a true one, whatever is signed but what was asked for is refused.
"""

import base64
import hashlib
from dataclasses import dataclass, field

from idp.accounts.credit_code import CreditCode
from idp.accounts.documents import IdNumber
from idp.crypto.certificates import Algorithm, Certificate, Reason, Refused
from idp.crypto.signed_data import Answer
from idp.issuers.identity import Named
from idp.issuers.verifying import Verified

YEAR = 365 * 86400


@dataclass
class Scripted:
    """``keys``: what is found out about each, once its signature is good."""

    keys: dict[str, Verified | Refused] = field(default_factory=dict)
    certificates: dict[str, Verified | Refused] = field(default_factory=dict)
    """What is found out about one alone."""
    asked: int = 0

    def answer(self, answer: Answer, *, content: bytes, now: int) -> Verified | Refused:
        self.asked += 1
        name, _, signed = answer.signed_data.decode().partition(" ")
        found = self.keys.get(name)
        if found is None:
            return Refused(Reason.ANSWER_SIGNATURE)
        if base64.b64decode(signed) != content:
            return Refused(Reason.ANSWER_CONTENT)
        return found

    def certificate(self, data: bytes, *, now: int) -> Verified | Refused:
        """The verdict on the certificate of the key whose serial is ``data``."""
        known = [one for one in self.certificates.values() if isinstance(one, Refused) or one.certificate.der == data]
        return known[0] if known else Refused(Reason.MALFORMED)


def sign(name: str, text: str) -> str:
    return f"{name} {base64.b64encode(text.encode()).decode()}"


def verified(
    serial: str,
    *,
    person: str = "",
    entity: str = "",
    name: str = "欧阳清岚",
    now: int,
    days: int = 365,
    issuer: str = "iss_demo",
) -> Verified:
    """A certificate as the verifier gives it out."""
    certificate = Certificate(
        der=serial.encode(),
        issuer="CN=Demo issuing CA,O=Demo,C=CN",
        serial=serial,
        subject=f"CN={name}",
        not_before=now - 86400,
        not_after=now + days * 86400,
        key=b"key of " + serial.encode(),
        key_hash=hashlib.sha256(b"key of " + serial.encode()).hexdigest(),
        fingerprint=hashlib.sha256(serial.encode()).hexdigest(),
        algorithm=Algorithm.SM2,
    )
    named = Named(IdNumber(person) if person else None, CreditCode(entity) if entity else None, name)
    return Verified(certificate, issuer, named, path=(), revocation=())
