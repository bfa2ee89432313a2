"""What a person may type into the one sign-in field.

Always true: the kinds are tried in one order, documents before names people choose for themselves, so nobody keeps
the holder of a document from their account by calling themselves like its number.
"""

import re
from datetime import date

from idp.accounts.credit_code import CreditCode
from idp.accounts.documents import IdNumber, Passport, TravelPermit
from idp.accounts.rules import Mobile, UserName

Identifier = Mobile | UserName | IdNumber | Passport | TravelPermit | CreditCode
MOST = 3
"""No text is more kinds of identifier at once (H and 8 digits: a travel permit, a passport, a user name)."""

_LIKE_PASSPORT = re.compile(r"[a-z]{1,2}[0-9]{5,8}")


def parse_identifiers(text: str, *, today: date) -> tuple[Identifier, ...]:
    """Everything ``text`` may be, what counts first in front; empty when it can be no identifier at all."""
    numbers = (
        Mobile.parse(text),
        IdNumber.parse(text, today=today),
        CreditCode.parse(text),
        TravelPermit.parse(text),
        Passport.parse(text),
        UserName.parse(text),
    )
    return tuple(found for found in numbers if found)


def is_like_document(name: UserName, *, today: date) -> bool:
    """Whether a name to be chosen has the form of a document's number, which somebody else may hold."""
    if _LIKE_PASSPORT.fullmatch(name.value):
        return True
    return any(not isinstance(found, UserName | Passport) for found in parse_identifiers(name.value, today=today))
