"""The question behind a name check: are this person's verified name and number still current at the register?

Always true: it is asked about what was verified, never about what somebody says; no transaction is open meanwhile.
"""

from idp.accounts.actions import Identity
from idp.capabilities.rules import Check
from idp.proofing.checking import end_of
from idp.proofing.ports import Match, NameNumberQuestion, PopulationRegister, Unavailable, Unusable


def ask_register(register: PopulationRegister, check: Check, identity: Identity, *, now: int) -> bool | None:
    """Whether they are current; None when the register does not say. May take seconds."""
    answer = register.check(
        NameNumberQuestion(
            name=identity.name.value,
            document_type=identity.document.type,
            number=identity.document.value,
            reference=check.id,
        )
    )
    if isinstance(answer, Unavailable | Unusable):
        return None
    if not isinstance(answer, Match):
        return False
    ends = (identity.valid_to, end_of(answer.valid_to))
    return all(end is None or end > now for end in ends)
