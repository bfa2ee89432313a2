"""Whether the citizen has agreed: what was brought as evidence, judged.

Always true: evidence is of this case, this citizen and this very text, and counts once.
"""

from dataclasses import dataclass, field

from idp.accounts.actions import Directory
from idp.accounts.rules import Mobile
from idp.assisted.codes import Codes
from idp.assisted.register import Register
from idp.assisted.rules import Case, Clerk, Evidence, Identified, Refusal
from idp.capabilities.identity_code_rules import Asked
from idp.capabilities.identity_codes import IdentityCodes
from idp.checks.rules import Passed
from idp.db import Transaction


@dataclass(frozen=True, slots=True)
class BySms:
    """``code``: as the citizen has told it."""

    code: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class ByFace:
    """``passed``: the check, taken by the page for `CheckPurpose.ASSISTED` and the citizen of the case; None: it did
    not pass.
    """

    passed: Passed | None


@dataclass(frozen=True, slots=True)
class ByCode:
    """``code``: the id of an identity code whose citizen has confirmed office and matters of this case."""

    code: str


class Consent:
    def __init__(self, directory: Directory, register: Register, codes: Codes, identity: IdentityCodes) -> None:
        self._directory = directory
        self._register = register
        self._codes = codes
        self._identity = identity

    def judge(
        self, tx: Transaction, clerk: Clerk, case: Case, given: BySms | ByFace | ByCode, *, text_hash: str, now: int
    ) -> tuple[Evidence, str | None] | Refusal:
        """The kind, and the id of what it rests on; it is used up by being judged."""
        if isinstance(given, ByFace):
            return (Evidence.FACE, given.passed.check_id) if given.passed else Refusal.NO_EVIDENCE
        if isinstance(given, BySms):
            refusal = self._codes.judge(tx, case, given.code, text_hash=text_hash, now=now)
            return refusal or (Evidence.SMS, None)
        asked = self.confirmed(tx, clerk, given.code, by=case.citizen, now=now)
        if asked is None or not self._is_of(tx, case, asked[1]):
            return Refusal.NO_EVIDENCE
        return Evidence.IDENTITY_CODE, given.code

    def confirmed(
        self, tx: Transaction, clerk: Clerk, code_id: str, *, by: str | None = None, now: int
    ) -> tuple[str, Asked] | None:
        """Who (``by``, if given) has confirmed what to this clerk by a code, once; their account is held."""
        code = self._identity.take_here(tx, code_id, clerk.person, of=by, now=now)
        return (code.party_id, self._identity.asked(code)) if code else None

    def phone(self, tx: Transaction, case: Case, said: Mobile | None) -> Mobile | None:
        """Where the code goes: the phone of the citizen's account, which ``said`` has to be where it is given.

        Without one, ``said`` or what they said at the beginning - but a clerk's word is not enough to call a phone
        theirs: their face was compared, and the phone is nobody's.
        """
        own = self._directory.person(tx, case.citizen).mobile
        if own is not None:
            return own if said in (None, own) else None
        told = said or Mobile.parse(self._register.particulars(tx, case.id).phone)
        if told is None or case.identified is not Identified.ID_CARD_FACE or self._directory.is_held(tx, told):
            return None
        return told

    def _is_of(self, tx: Transaction, case: Case, asked: Asked) -> bool:
        office, titles = self._register.office(tx, case), tuple(self._register.titles(case.matters))
        return (asked.office, tuple(asked.matters)) == (office, titles)
