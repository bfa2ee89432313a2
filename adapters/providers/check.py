"""The client of a vendor that checks people on pages of its own: a face check, a bank's channel (docs/providers.md).

Always true: a check has passed only by a result that a pinned key signed, for this very order, in exactly the
contract's words; anything else is `Pending`, not passed, or no answer.
"""

import base64
import hashlib
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import Key, KeySet

from adapters.providers.register import Fields, Patience, RegisterLine, exactly, signature_fault, strict
from idp.checks.ports import CheckOrder, Heard, Judged, Opened, Pending
from idp.checks.rules import Refusal, Variant
from idp.clients.rules import jwks_faults
from idp.proofing.ports import Unavailable, UnavailableReason, Unusable

ALGORITHMS = frozenset({"ES256", "ES384", "RS256", "PS256"})
LONGEST = 8 * 1024
"""Characters of the longest signed result or callback that is looked at."""
OLDEST, NEWEST = 600, 60
"""Seconds a result may have been made before our clock, and after it."""
FRESH = 300
"""The same for a callback, either way."""
_NAME = re.compile(r"[!-~]{1,128}")
_REFERENCE = re.compile(r"[A-Za-z0-9_-]{1,64}")
_ADDRESS = re.compile(r"[!-\[\]-~]{1,2048}")
"""Printable ASCII without the backslash, which a browser reads as a slash."""
_SDK_TOKEN = re.compile(r"[!-~]{1,2048}")
_SHAPE = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")
_ECHO = ("reference", "transaction", "nonce", "purpose", "subject")
_RESULT = ("iss", "aud", "iat", "jti", *_ECHO, "pass", "score", "liveness", "reason")
_CALLBACK = ("iss", "aud", "iat", "jti", "reference", "transaction", "event")


@dataclass(frozen=True, slots=True)
class Pinned:
    """What a vendor's word is held against.

    ``kind`` heads its types (``face``: ``face-result+jwt``, ``face-callback+jwt``); ``issuer`` is its ``iss`` and
    what evidence calls it, ``audience`` our own issuer; ``keys`` a JWKS whose keys have ``kid`` and ``alg``;
    ``pages`` the origins it may send people to; ``least_score`` 0 to 1, 0 taking results without a score.
    """

    kind: Literal["face", "bank"]
    issuer: str
    audience: str
    keys: str = field(repr=False)
    pages: tuple[str, ...]
    least_score: float


class HttpCheckVendor:
    """Fills ``idp.checks.ports.CheckVendor``. Safe for several threads."""

    def __init__(
        self,
        url: str,
        secret: str,
        pinned: Pinned,
        *,
        callback_url: str,
        patience: Patience | None = None,
        ca_file: Path | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """``url``: where ``/transactions`` and ``/results`` stand under.

        Raises ``ValueError`` for unusable addresses or keys, ``OSError`` for an unreadable ``ca_file``.
        """
        lines = [
            RegisterLine(f"{url}/{what}", secret, patience=patience or Patience(), ca_file=ca_file, clock=clock)
            for what in ("transactions", "results")
        ]
        self._transactions, self._results = lines
        self._secret, self._pinned, self._callback_url, self._clock = secret, pinned, callback_url, clock
        self._keys = _keys(pinned.keys)
        for origin in pinned.pages:
            _check_origin(origin)
        self.name = pinned.issuer

    def open(self, order: CheckOrder) -> Opened | Unusable | Unavailable:
        question = {
            "reference": order.reference,
            "purpose": str(order.purpose),
            "name": order.name,
            "document_type": str(order.document_type),
            "number": order.number,
            "nonce": order.nonce,
            "return_url": order.return_url,
            "callback_url": self._callback_url,
            "locale": order.locale,
            "variant": str(order.variant),
        }
        return self._transactions.ask(question, partial(self._opened, order.variant))

    def fetch(self, order: CheckOrder, transaction: str) -> Judged | Pending | Unusable | Unavailable:
        question = {"reference": order.reference, "transaction": transaction}
        return self._results.ask(question, partial(self._fetched, order, transaction))

    def hear(self, headers: Mapping[str, str], body: bytes, *, now: int) -> Heard | None:
        if headers.get("content-type", "").partition(";")[0].strip().lower() == "application/jwt":
            return self._heard_jws(body, now)
        timestamp, signed = headers.get("tongban-timestamp", ""), headers.get("tongban-signature", "")
        if signature_fault(self._secret, timestamp, signed, body, now=now):
            return None
        fields = strict(body)
        if fields is None or not exactly(fields, "id", "reference", "transaction", "event"):
            return None
        return _heard(fields, fields["id"])

    def _heard_jws(self, body: bytes, now: int) -> Heard | None:
        claims = self._signed(body.decode("ascii", errors="replace"), "callback")
        if claims is None or not exactly(claims, *_CALLBACK) or not self._ours(claims):
            return None
        made = claims["iat"]
        fresh = type(made) is int and abs(now - made) <= FRESH
        return _heard(claims, claims["jti"]) if fresh else None

    def _opened(self, variant: Variant, answer: Fields) -> Opened | None:
        transaction, url, token = answer.get("transaction"), answer.get("url"), answer.get("sdk_token")
        ends = answer.get("expires_at")
        if not exactly(answer, "transaction", "url", "sdk_token", "expires_at") or not _like(_NAME, transaction):
            return None
        if type(ends) is not int or ends <= self._clock():
            return None
        if variant is Variant.REDIRECT:
            good = token is None and _like(_ADDRESS, url) and self._is_a_page(str(url))
            return Opened(str(transaction), str(url), None) if good else None
        good = url is None and _like(_SDK_TOKEN, token)
        return Opened(str(transaction), None, str(token)) if good else None

    def _is_a_page(self, url: str) -> bool:
        """An origin and a slash: what follows them is a path to every browser."""
        return any(url.startswith(f"{origin}/") for origin in self._pinned.pages)

    def _fetched(self, order: CheckOrder, transaction: str, answer: Fields) -> Judged | Pending | Unavailable | None:
        status = answer.get("status")
        if status in ("pending", "abandoned") and exactly(answer, "status"):
            gone = Judged(passed=False, reason=Refusal.ABANDONED, score=None, digest="", judged_at=int(self._clock()))
            return Pending() if status == "pending" else gone
        result = answer.get("result")
        if status != "done" or not exactly(answer, "status", "result") or not isinstance(result, str):
            return None
        return self._judged(order, transaction, result)

    def _judged(self, order: CheckOrder, transaction: str, result: str) -> Judged | Unavailable | None:
        claims = self._signed(result, "result")
        if claims is None:
            return Unavailable(UnavailableReason.ANSWER_UNSIGNED)
        made = claims.get("iat")
        if not exactly(claims, *_RESULT) or not _well_formed(claims) or type(made) is not int:
            return None
        expected = (order.reference, transaction, order.nonce, str(order.purpose), subject(order))
        if not self._ours(claims) or tuple(claims[name] for name in _ECHO) != expected:
            return Unavailable(UnavailableReason.ANSWER_SWAPPED)
        if not -NEWEST <= int(self._clock()) - made <= OLDEST:
            return Unavailable(UnavailableReason.ANSWER_STALE)
        score = claims["score"]
        passed = claims["pass"] is True and self._is_enough(score)
        return Judged(
            passed=passed,
            reason=None if passed else Refusal.NOT_PASSED,
            score=round(score * 1000) if isinstance(score, int | float) else None,
            digest=hashlib.sha256(result.encode()).hexdigest(),
            judged_at=made,
        )

    def _is_enough(self, score: object) -> bool:
        least = self._pinned.least_score
        return score >= least if isinstance(score, int | float) else least == 0

    def _ours(self, claims: Fields) -> bool:
        return claims["iss"] == self._pinned.issuer and claims["aud"] == self._pinned.audience

    def _signed(self, token: str, what: str) -> dict[str, object] | None:
        """The claims of a token that one of the pinned keys signed as this type, in strict JSON."""
        if len(token) > LONGEST or not _SHAPE.fullmatch(token):
            return None
        header = strict(_decoded(token.partition(".")[0]))
        if header is None or not exactly(header, "alg", "kid", "typ"):
            return None
        key = self._keys.get(str(header["kid"]))
        if key is None or header["typ"] != f"{self._pinned.kind}-{what}+jwt":
            return None
        try:
            payload = jws.deserialize_compact(token, key, algorithms=[str(key.alg)]).payload
        except (JoseError, ValueError, TypeError):
            return None
        return strict(payload) or {}  # signed, but malformed: no claim is there


def subject(order: CheckOrder) -> str:
    """Who was checked, without saying who: base64url of SHA-256 over name, document and nonce."""
    text = f"{order.name}|{order.document_type}|{order.number}|{order.nonce}"
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()


def _well_formed(claims: Fields) -> bool:
    score, liveness, reason = claims["score"], claims["liveness"], claims["reason"]
    return (
        isinstance(claims["pass"], bool)
        and (score is None or (type(score) in (int, float) and 0 <= score <= 1))  # type: ignore[operator]
        and isinstance(liveness, list)
        and all(isinstance(prompt, str) for prompt in liveness)
        and isinstance(reason, str | None)
        and _like(_NAME, claims["jti"])
    )


def _heard(fields: Fields, name: object) -> Heard | None:
    reference, transaction = fields["reference"], fields["transaction"]
    good = _like(_NAME, name) and _like(_REFERENCE, reference) and _like(_NAME, transaction)
    return Heard(str(name), str(reference), str(transaction)) if good and fields["event"] == "judged" else None


def _like(pattern: re.Pattern[str], value: object) -> bool:
    return isinstance(value, str) and pattern.fullmatch(value) is not None


def _decoded(segment: str) -> bytes:
    try:
        return base64.urlsafe_b64decode(segment + "=" * (-len(segment) % 4))
    except ValueError:
        return b""


def _keys(text: str) -> dict[str, Key]:
    faults = jwks_faults(text)
    if faults:
        raise ValueError(f"the vendor's keys: {faults[0]}")
    keys = KeySet.import_key_set(strict(text.encode())).keys  # type: ignore[arg-type]
    named = {str(key.kid): key for key in keys if key.alg in ALGORITHMS}
    if len(named) != len(keys):
        raise ValueError(
            f"the vendor's keys: each has a kid of its own and an alg of {', '.join(sorted(ALGORITHMS))}"
        )
    return named


def _check_origin(origin: str) -> None:
    parts = urlsplit(origin)
    host = parts.hostname or ""
    near = host in ("localhost", "127.0.0.1", "::1") or host.endswith(".localhost")
    if origin != f"{parts.scheme}://{parts.netloc}" or "@" in parts.netloc or not host:
        raise ValueError("a vendor's pages are origins, https://host[:port]")
    if parts.scheme != "https" and not (parts.scheme == "http" and near):
        raise ValueError("a vendor's pages are https; http is for this machine only")
