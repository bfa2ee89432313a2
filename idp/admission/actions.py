"""Deciding on a request with what is known of the session and the account.

Always true: what `rules.next_step` sees was read in one transaction.
"""

from collections.abc import Mapping

from idp.accounts.actions import acceptances
from idp.admission.rules import Decision, Demand, Progress, Standing, next_step
from idp.db import Statement, Transaction
from idp.grants.actions import consented
from idp.proofing.actions import ial
from idp.proofing.rules import Level
from idp.signin.rules import Session

_FACTORS = Statement[tuple[int, int]](
    "SELECT (SELECT COUNT(*) FROM password WHERE party_id = :party),"
    " (SELECT COUNT(*) FROM party_identifier WHERE party_id = :party AND kind = 'mobile')"
)


def standing(
    tx: Transaction, session: Session, client_id: str, *, agreements: Mapping[str, str], now: int
) -> Standing:
    """Who is there. ``agreements``: document -> version now in force."""
    level = Level(ial(tx, session.party_id, now=now), session.aal)
    factors = tx.one(_FACTORS, party=session.party_id) or (0, 0)
    accepted = {(row.document, row.version) for row in acceptances(tx, session.party_id)}
    return Standing(
        party_id=session.party_id,
        auth_time=session.auth_time,
        level=level,
        attainable=Level(level.ial, max(level.aal, 2 if all(factors) else 1)),
        agreed=set(agreements.items()) <= accepted,
        consented=consented(tx, party_id=session.party_id, client_id=client_id),
    )


def decide(
    tx: Transaction,
    demand: Demand,
    session: Session | None,
    progress: Progress,
    *,
    agreements: Mapping[str, str],
    now: int,
) -> Decision:
    who = standing(tx, session, demand.client_id, agreements=agreements, now=now) if session else None
    return next_step(demand, who, progress, now=now)
