"""Where vendors call when something has happened to a check: POST /hooks/<kind>.

Always true: a callback is the vendor's own, fresh, and heard once; it carries no result, it only has one fetched.
"""

from idp.audit import Event, record
from idp.checks.actions import Checks
from idp.checks.ports import CheckVendor, Heard
from idp.checks.telling import Telling
from idp.db import Database
from idp.web.protocol import JSON, ProtocolRequest, ProtocolResponse, problem_response

JWT = "application/jwt"


class Hook:
    """The endpoint of one vendor."""

    def __init__(self, database: Database, checks: Checks, vendor: CheckVendor) -> None:
        self._database = database
        self._checks = checks
        self._vendor = vendor
        self._telling = Telling()

    def answer(self, request: ProtocolRequest) -> ProtocolResponse:
        """202; 415, 400, 401, 404 or 409 where it changes nothing."""
        if request.headers.get("content-type", "").partition(";")[0].strip().lower() not in (JSON, JWT):
            return self._refuse("unsupported-media-type", 415, request.now)
        if not request.body:
            return self._refuse("empty", 400, request.now)
        heard = self._vendor.hear(request.headers, request.body, now=request.now)
        if heard is None:
            return self._refuse("not-authentic", 401, request.now)
        return self._listen(heard, request.now)

    def _listen(self, heard: Heard, now: int) -> ProtocolResponse:
        """A callback for a check that is not open, perhaps not yet, is not used up by it."""
        with self._database.transaction() as tx:
            known = self._checks.is_open(tx, heard, vendor=self._vendor.name, now=now)
            if known and self._checks.hear(tx, heard, vendor=self._vendor.name, now=now):
                self._checks.expect_result(tx, heard.reference, now=now)
                return ProtocolResponse(202, b"")
        return self._refuse(*(("heard-already", 409) if known else ("no-such-check", 404)), now)

    def _refuse(self, reason: str, status: int, now: int) -> ProtocolResponse:
        if self._telling.may_tell(now):
            with self._database.transaction() as tx:
                detail = {"vendor": self._vendor.name}
                record(tx, Event.CHECK_CALLBACK_REFUSED, result="refused", reason=reason, detail=detail, now=now)
        return problem_response(reason, status=status)
