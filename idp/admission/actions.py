"""Deciding on a request with what is known of the session and the account.

Always true: what `rules.next_step` sees was read by one statement, and so at one moment.
"""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from idp.admission.rules import Decision, Demand, Progress, Standing, next_step
from idp.db import Statement, Transaction
from idp.proofing.rules import Evidence, Level, identity_level
from idp.signin.rules import Session


class _Fact(NamedTuple):
    """``kind``: evidence (number is its end), agreement, consent or factor."""

    kind: str
    text: str
    number: int | None


# Five rooms' tables in one round trip: /authorize is the path everybody takes.
_FACTS = Statement(
    "SELECT 'evidence', CAST(level AS TEXT), expires_at FROM evidence WHERE party_id = :party AND ended_at IS NULL"
    " UNION ALL SELECT 'agreement', document || ':' || version, NULL"
    " FROM agreement_acceptance WHERE party_id = :party"
    " UNION ALL SELECT 'consent', scope, NULL FROM consent WHERE party_id = :party AND client_id = :client"
    " UNION ALL SELECT 'factor', 'password', NULL FROM password WHERE party_id = :party"
    " UNION ALL SELECT 'factor', kind, NULL FROM party_identifier WHERE party_id = :party AND kind = 'mobile'",
    _Fact,
)


def standing(
    tx: Transaction, session: Session, client_id: str, *, agreements: Mapping[str, str], now: int
) -> Standing:
    """Who is there. ``agreements``: document -> version now in force."""
    facts = tx.all(_FACTS, party=session.party_id, client=client_id)
    evidence = [Evidence(int(fact.text), fact.number) for fact in facts if fact.kind == "evidence"]
    level = Level(identity_level(evidence, now=now), session.aal)
    two_factors = {"password", "mobile"} <= _texts(facts, "factor")
    return Standing(
        party_id=session.party_id,
        auth_time=session.auth_time,
        level=level,
        attainable=Level(level.ial, max(level.aal, 2 if two_factors else 1)),
        agreed={f"{name}:{version}" for name, version in agreements.items()} <= _texts(facts, "agreement"),
        consented=frozenset(scope for scopes in _texts(facts, "consent") for scope in scopes.split()),
    )


def _texts(facts: Iterable[_Fact], kind: str) -> set[str]:
    return {fact.text for fact in facts if fact.kind == kind}


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
