"""How many of an entity's people have to sign: the signing rule, and whether it is met.

Always true: one person is one signature, whatever they are to the entity.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from idp.mandates.granting import Footing
from idp.mandates.rules import Kind
from idp.mandates.themes import Theme


class SigningRule(StrEnum):
    ALONE = "alone"
    """The representative, or an administrator within what they were given."""
    ANY_TWO = "any_two"
    """Two of representatives and administrators."""
    WITH_ADMINISTRATOR = "with_administrator"
    """A representative and an administrator."""


_STRICTNESS = (SigningRule.ALONE, SigningRule.ANY_TWO, SigningRule.WITH_ADMINISTRATOR)
"""Whatever meets a later one meets those before it."""


@dataclass(frozen=True, slots=True)
class Signature:
    """One of the principal's people has signed."""

    person: str
    footing: Footing


def rule_for(theme: Theme, kind: Kind, chosen: SigningRule) -> SigningRule:
    """What is asked for this mandate. ``chosen``: the entity's rule, which counts where it matters."""
    return chosen if theme.sensitive or kind is Kind.ADMINISTRATOR else SigningRule.ALONE


def is_signed(rule: SigningRule, signatures: Iterable[Signature]) -> bool:
    """Whether these suffice. A person signs for themselves alone, which any rule of an entity does not touch."""
    by = {one.person: one.footing for one in signatures}
    footings = list(by.values())
    if Footing.OWN in footings:
        return True
    if rule is SigningRule.ALONE:
        return bool(footings)
    if len(footings) < 2:
        return False
    return rule is SigningRule.ANY_TWO or {Footing.REPRESENTATIVE, Footing.ADMINISTRATOR} <= set(footings)


def completing(rule: SigningRule, signatures: Iterable[Signature], people: Mapping[str, Footing]) -> list[str]:
    """Who of ``people`` would make these suffice by signing, too; in a fixed order, for whoever writes to them."""
    signed = list(signatures)
    missing = people.keys() - {one.person for one in signed}
    return sorted(one for one in missing if is_signed(rule, [*signed, Signature(one, people[one])]))


def rule_of_change(old: SigningRule, new: SigningRule) -> SigningRule:
    """What a change of the rule itself has to be signed by: to loosen it takes those whom it protects."""
    return old if _STRICTNESS.index(new) < _STRICTNESS.index(old) else SigningRule.ALONE


def can_be_met(rule: SigningRule, people: Iterable[Signature]) -> bool:
    """Whether the entity has the people for it: one that has not could change nothing any more."""
    return is_signed(rule, people)
