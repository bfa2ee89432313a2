"""Where the app of a CA sends what it has signed for a desktop: JSON, authorised by the token of the code alone.

Always true: an answer is taken once, from who scanned by JSON, and is judged by nobody before the desktop fetches it.
"""

from typing import Any

from idp.audit import Event, record
from idp.certificates.qr_requests import QrRequests
from idp.certificates.qr_rules import APP, QrRefusal, Signed
from idp.credentials.budgets import AddressBudget
from idp.db import Database
from idp.web.limits import budget_key
from idp.web.protocol import NO_STORE, ProtocolRequest, ProtocolResponse, problem_response

_STATUS = {QrRefusal.EMPTY: 400, QrRefusal.WRONG_NUMBER: 403}
_MEMBERS = frozenset({"number", "signed_data", "signature", "certificate"})


class QrAnswers:
    """POST {"number", "signed_data"} or {"number", "signature", "certificate"}, in base64.

    204, or problem details (RFC 9457).
    """

    def __init__(self, database: Database, requests: QrRequests, failures: AddressBudget) -> None:
        self._database = database
        self._requests = requests
        self._failures = failures

    def answer(self, asked: ProtocolRequest) -> ProtocolResponse:
        """May raise `idp.state.store.StateUnavailable` and `idp.db.DatabaseUnavailable`."""
        if not self._failures.allows(budget_key(asked.address)):
            return problem_response("too_many_requests", status=429, headers=(("Retry-After", "3600"),))
        members = _texts(asked.json)
        if members is None:
            return problem_response("malformed", "number, and signed_data or signature with certificate, are texts")
        number = members.pop("number", "")
        signed = Signed(**members)
        refused = self._requests.answer(asked.below, phone=APP, number=number, signed=signed, now=asked.now)
        return self._refuse(refused, asked) if refused else ProtocolResponse(204, b"", headers=NO_STORE)

    def _refuse(self, refused: QrRefusal, asked: ProtocolRequest) -> ProtocolResponse:
        self._failures.count(budget_key(asked.address))
        if refused is QrRefusal.WRONG_NUMBER:
            with self._database.transaction() as tx:
                record(
                    tx, Event.CERTIFICATE_QR_REFUSED, actor=None, subject=None, result="refused", reason=refused,
                    now=asked.now,
                )  # fmt: skip
        return problem_response(refused, status=_STATUS.get(refused, 410))


def _texts(sent: dict[str, Any] | Any) -> dict[str, str] | None:
    known = {name: value for name, value in sent.items() if name in _MEMBERS}
    return known if all(isinstance(value, str) and value.isascii() for value in known.values()) else None
