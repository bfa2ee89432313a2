"""Who is a clerk at this moment: somebody signed in who acts for their office by a mandate of staff.

Always true: it is asked anew at each step - the mandate, every party of it, the kind of organ and the sign-in - and
whatever is missing makes nobody a clerk.
"""

from collections.abc import Collection

from idp.assisted.rules import CLERK_AAL, CLERK_IAL, WORKING_DAY, Case, Clerk, Denied, Refusal, Terms
from idp.audit import Event, record
from idp.db import Transaction
from idp.entities.actions import Entities
from idp.entities.rules import Acting, Via
from idp.mandates import reading as mandates
from idp.mandates.contexts import Contexts
from idp.mandates.rules import Kind
from idp.proofing.actions import ial
from idp.signin.rules import Session


class Clerks:
    """``kinds``: the kinds of entity whose staff may be clerks (`idp.proofing.ports.EntityType`)."""

    def __init__(self, contexts: Contexts, entities: Entities, terms: Terms, kinds: Collection[str]) -> None:
        self._contexts = contexts
        self._entities = entities
        self._terms = terms
        self._kinds = frozenset(kinds)

    def of(self, tx: Transaction, session: Session, *, now: int) -> Clerk | Denied:
        acting = Acting.parse(session.acting)
        clerk = self._by_mandate(tx, session.party_id, acting, now) if acting else None
        if clerk is None:
            return Denied(Refusal.NOT_CLERK)  # nearly everybody is none, and being led elsewhere is no incident
        fresh = now - session.auth_time < WORKING_DAY
        if session.aal < CLERK_AAL or clerk.ial < CLERK_IAL or not fresh:
            return refused(tx, Refusal.CLERK_FACTORS, clerk=clerk, now=now)
        return clerk

    def has_post(self, tx: Transaction, clerk: Clerk, *, now: int) -> bool:
        """Whether the mandate that made somebody a clerk is in force still."""
        post = mandates.find(tx, clerk.mandate)
        return post is not None and post.in_force(now=now)

    def again(self, tx: Transaction, case: Case, *, now: int) -> Clerk | None:
        """Who handles the case, if they are a clerk still; nothing of their session, which is not at hand."""
        acting = Acting(case.organ, "", Via.MANDATE, case.clerk_mandate)
        found = self._by_mandate(tx, case.clerk, acting, now)
        return found if found is not None and found.unit == case.unit else None

    def _by_mandate(self, tx: Transaction, person: str, acting: Acting, now: int) -> Clerk | None:
        if acting.via is not Via.MANDATE or acting.mandate is None:
            return None
        found = self._contexts.judge(tx, person, acting, now=now)
        mandate, organ = found.mandate, self._entities.describe(tx, acting.entity)
        if not found.current or mandate is None or organ is None or organ.type not in self._kinds:
            return None
        if mandate.kind is not Kind.EMPLOYMENT or mandate.theme != self._terms.theme or mandate.agent != person:
            return None
        level = ial(tx, person, now=now)
        return Clerk(person=person, organ=acting.entity, unit=mandate.unit, mandate=mandate.id, ial=level)


def refused(
    tx: Transaction,
    reason: Refusal,
    *,
    clerk: Clerk | None = None,
    person: str | None = None,
    citizen: str | None = None,
    case: str | None = None,
    now: int,
) -> Denied:
    """The refusal, with its record. ``person``: who was refused, where they are no clerk."""
    record(
        tx,
        Event.ASSISTED_REFUSED,
        actor=clerk.person if clerk else person,
        subject=citizen,
        result="refused",
        reason=reason,
        detail={"case": case, "organ": clerk.organ if clerk else None},
        now=now,
    )
    return Denied(reason)
