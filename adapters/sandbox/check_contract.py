"""The vendor's half of the contract for checks (docs/providers.md): are these questions well formed?

Always true: it reads nothing but its arguments, and garbage of any kind is a `Refusal`, never an exception.
"""

import base64
import hashlib
import re
from dataclasses import dataclass, field

from adapters.sandbox.contract import KEY, Forms, Refusal, invalid, like, parse_fields, words
from adapters.sandbox.register_contract import DOCUMENT_TYPES

PURPOSES = ("identity", "sign_in", "recovery", "activation", "assisted", "matter")
_NONCE = re.compile(r"[A-Za-z0-9_-]{16,64}")
_NUMBER = re.compile(r"[0-9A-Z()]{1,32}")
_ADDRESS = re.compile(r"https?://[!-\[\]-~]{1,2000}")
_LOCALE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}")
_TRANSACTION = re.compile(r"[!-~]{1,128}")


@dataclass(frozen=True, slots=True)
class CheckQuestion:
    """Somebody is to be checked; ``digest`` is the body's SHA-256 in hexadecimal."""

    reference: str
    purpose: str
    name: str = field(repr=False)
    document_type: str
    number: str = field(repr=False)
    nonce: str = field(repr=False)
    return_url: str
    callback_url: str
    locale: str
    variant: str
    digest: str

    @property
    def subject(self) -> str:
        """For whom a result is, without saying who."""
        text = f"{self.name}|{self.document_type}|{self.number}|{self.nonce}"
        return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()


@dataclass(frozen=True, slots=True)
class ResultQuestion:
    """What was found? ``digest`` as above."""

    reference: str
    transaction: str
    digest: str


def parse_check(body: bytes, *, key: str, issuer: str) -> CheckQuestion | Refusal:
    """The question in ``body``; ``key``, which no signature covers, has to be its reference.

    Both addresses have to be under ``issuer``, as a vendor lets them be registered.
    """
    fields = parse_fields(body, _CHECK)
    if isinstance(fields, Refusal):
        return fields
    if fields["reference"] != key:
        return invalid("Idempotency-Key is missing or is not the reference")
    if not all(fields[name].startswith(f"{issuer}/") for name in ("return_url", "callback_url")):
        return invalid(f"return_url and callback_url are under {issuer} (--issuer)")
    return CheckQuestion(**fields, digest=hashlib.sha256(body).hexdigest())


def parse_result(body: bytes, *, key: str) -> ResultQuestion | Refusal:
    """The question in ``body``; ``key`` as in `parse_check`."""
    fields = parse_fields(body, _RESULT)
    if isinstance(fields, Refusal):
        return fields
    if fields["reference"] != key:
        return invalid("Idempotency-Key is missing or is not the reference")
    return ResultQuestion(**fields, digest=hashlib.sha256(body).hexdigest())


_CHECK: Forms = {
    "reference": like(KEY),
    "purpose": lambda value: value in PURPOSES,
    "name": words(100),
    "document_type": lambda value: value in DOCUMENT_TYPES,
    "number": like(_NUMBER),
    "nonce": like(_NONCE),
    "return_url": like(_ADDRESS),
    "callback_url": like(_ADDRESS),
    "locale": like(_LOCALE),
    "variant": lambda value: value in ("redirect", "sdk"),
}
_RESULT: Forms = {"reference": like(KEY), "transaction": like(_TRANSACTION)}
