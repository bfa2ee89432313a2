"""What a citizen is told of a case, by text message.

Always true: each names the office and every matter, and the one of a beginning says how to object.
"""

from idp.accounts.actions import Directory
from idp.accounts.rules import Mobile
from idp.accounts.telling import own_locale, tell_phone
from idp.assisted.codes import Codes
from idp.assisted.matters import sendable
from idp.assisted.register import Register
from idp.assisted.rules import CODE_LIFETIME, Case
from idp.db import Transaction
from idp.messages.sms import enqueue_sms

_OFFICE, _MATTERS = 80, 400


class Telling:
    def __init__(self, directory: Directory, register: Register, codes: Codes) -> None:
        self._directory = directory
        self._register = register
        self._codes = codes

    def begun(self, tx: Transaction, case: Case, *, now: int) -> None:
        """A clerk acts for them from now on."""
        offered = self._codes.offer_objection(tx, case)
        said = self._said(tx, case)
        self._tell(tx, case, "assisted_begun", at=case.until, now=now, **said, **offered._asdict())

    def concluded(self, tx: Transaction, case: Case, *, now: int) -> None:
        self._tell(tx, case, "assisted_concluded", at=now, now=now, **self._said(tx, case))

    def stopped(self, tx: Transaction, case: Case, *, now: int) -> None:
        self._tell(tx, case, "assisted_stopped", at=now, now=now)

    def code(self, tx: Transaction, case: Case, phone: Mobile, code: str, *, now: int) -> None:
        """To agree with. It outlives no other code."""
        params = self._said(tx, case) | {"code": code, "minutes": str(CODE_LIFETIME // 60)}
        locale = own_locale(self._directory.person(tx, case.citizen))
        if locale.startswith("en"):
            params |= self._said(tx, case, "en")
        enqueue_sms(
            tx,
            to=phone.e164,
            template="assisted_code",
            params=params,
            locale=locale,
            party_id=case.citizen,
            lifetime=CODE_LIFETIME,
            now=now,
        )

    def phone_of(self, tx: Transaction, case: Case) -> Mobile | None:
        """Their account's; where it has none the one they have said."""
        own = self._directory.person(tx, case.citizen).mobile
        return own or Mobile.parse(self._register.particulars(tx, case.id).phone)

    def _said(self, tx: Transaction, case: Case, language: str = "zh") -> dict[str, str]:
        between = "、" if language == "zh" else ", "
        titles = between.join(self._register.titles(case.matters, language))
        return {
            "office": sendable(self._register.office(tx, case), most=_OFFICE),
            "matters": sendable(titles, most=_MATTERS),
        }

    def _tell(self, tx: Transaction, case: Case, template: str, *, at: int, now: int, **params: str) -> None:
        locale = own_locale(self._directory.person(tx, case.citizen))
        if "matters" in params and locale.startswith("en"):
            params |= self._said(tx, case, "en")
        phone = self.phone_of(tx, case)
        tell_phone(tx, phone, template, party_id=case.citizen, locale=locale, at=at, now=now, **params)
