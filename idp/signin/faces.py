"""The account of somebody whose face has passed a check.

Always true: it is the open account of the very name and document that were checked, held until the transaction ends.
"""

from idp.accounts.actions import Active, Directory
from idp.accounts.parties import hold
from idp.accounts.rules import PartyKind
from idp.checks.rules import CheckSubject
from idp.db import Transaction


def account_of(tx: Transaction, directory: Directory, subject: CheckSubject) -> str | None:
    found = directory.lookup(tx, subject.document)
    if not isinstance(found, Active) or found.kind is not PartyKind.PERSON or not hold(tx, found.party_id):
        return None
    known = directory.person(tx, found.party_id).documents
    checked = (subject.name.key, subject.document)
    return found.party_id if checked in [(one.name.key, one.document) for one in known] else None
