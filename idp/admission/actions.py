"""Deciding on a request with what is known of the session and the account.

Always true: what `rules.next_step` sees of session and account was read by one statement, and so at one moment; what
acting by a mandate amounts to is asked beside it, of whoever acts so.
"""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from idp.accounts.holds import held_until
from idp.accounts.rules import Act
from idp.admission.rules import NOTHING_DONE, Decision, Demand, Progress, Represent, Standing, next_step
from idp.crypto.tokens import digest
from idp.db import Statement, Transaction
from idp.entities.rules import Acting, Tie, represented_level, worth
from idp.mandates.contexts import Context, Contexts
from idp.mandates.details import read_details
from idp.mandates.offering import reach_of
from idp.proofing.rules import Evidence, Level, identity_level, parse_acr
from idp.signin.factors import attainable, factor_rows
from idp.signin.rules import Method, Session


class _Fact(NamedTuple):
    """``kind``: evidence (number is its end), agreement, consent, factor, tie to an entity (number is when the
    register was heard on it) or proof of one (number is its end).
    """

    kind: str
    text: str
    number: int | None


_TIES = (
    " UNION ALL SELECT 'tie', r.entity_id || ' ' || r.state || ' ' || r.role || ' ' || l.status, r.checked_at"
    " FROM entity_role r JOIN legal_entity l ON l.party_id = r.entity_id"
    " WHERE r.person_id = {party} AND r.ended_at IS NULL"
    " UNION ALL SELECT 'proof', e.party_id || ' ' || CAST(e.level AS TEXT), e.expires_at"
    " FROM evidence e JOIN entity_role r ON r.entity_id = e.party_id"
    " WHERE r.person_id = {party} AND r.ended_at IS NULL AND e.ended_at IS NULL"
)


def _facts(party: str, *, ties: bool) -> Statement[_Fact]:
    """Many rooms' tables in one round trip: /authorize is the path everybody takes.

    ``party``: in SQL. ``ties``: to entities, too.
    """
    factors = factor_rows("'{method}' AS method", party)
    return Statement(
        "SELECT 'evidence', CAST(level AS TEXT), expires_at FROM evidence"
        f" WHERE party_id = {party} AND ended_at IS NULL"
        " UNION ALL SELECT 'agreement', document || ':' || version, NULL"
        f" FROM agreement_acceptance WHERE party_id = {party}"
        f" UNION ALL SELECT 'consent', scope, NULL FROM consent WHERE party_id = {party} AND client_id = :client"
        f" UNION ALL SELECT 'factor', method, NULL FROM ({factors}) AS held"
        + (_TIES.format(party=party) if ties else ""),
        _Fact,
    )


_VISITOR = "(SELECT party_id FROM session WHERE secret_hash = :secret)"
_OF_PARTY = {ties: _facts(":party", ties=ties) for ties in (False, True)}
_OF_VISITOR = {ties: _facts(_VISITOR, ties=ties) for ties in (False, True)}
"""By whether the app is to know for whom the person acts."""


def facts_of_visitor(tx: Transaction, secret: str, demand: Demand) -> list[_Fact]:
    """The facts about whoever this session's cookie secret belongs to: asked without knowing who that is."""
    return tx.all(_OF_VISITOR[demand.represents], secret=digest(secret), client=demand.client_id)


def acting_in(demand: Demand, session: Session, progress: Progress = NOTHING_DONE) -> Acting | None:
    """For whom the person acts in this request: as the app asks, else as they have chosen; None: for themselves."""
    asked = demand.acting.represent if demand.acting else None
    if not demand.represents or asked is Represent.SELF:
        return None
    if demand.acting is None or asked is not Represent.SWITCH or progress.chosen:
        return Acting.parse(session.acting)
    return Acting.parse(demand.acting.acting) if demand.acting.person == session.party_id else None


def standing(
    facts: Iterable[_Fact],
    session: Session,
    *,
    agreements: Mapping[str, str],
    acting: Acting | None,
    context: Context | None = None,
    el_reach: int = 0,
    suits: bool = True,
    recheck: int,
    reach: int,
    now: int,
) -> Standing:
    """Who is there. ``agreements``: document -> version now in force.

    ``acting``: for whom, as far as the app is to know (`acting_in`); ``context``: what it amounts to, where that is
    by a mandate and not among the facts. ``recheck``: how long the register's word is good. ``reach``: the identity
    level anybody can get to here; ``el_reach``: the level of an entity that mandates let the person act for.
    """
    held = list(facts)
    ties = _ties(held, now)
    tie = ties.get(acting.entity) if acting else None
    if context is None:
        represented = worth(tie, recheck=recheck, now=now)
        el = represented_level(tie, recheck=recheck, now=now) if acting else 0
    else:
        represented, el = context.status, context.el
    evidence = [Evidence(int(fact.text), fact.number) for fact in held if fact.kind == "evidence"]
    level = Level(identity_level(evidence, now=now), session.aal, el)
    factors = frozenset(Method(name) for name in _texts(held, "factor"))
    return Standing(
        party_id=session.party_id,
        auth_time=session.auth_time,
        level=level,
        attainable=Level(
            max(level.ial, reach),
            attainable(factors, session.used),
            max(_reach(ties.values(), now), el, el_reach),
        ),
        agreed={f"{name}:{version}" for name, version in agreements.items()} <= _texts(held, "agreement"),
        consented=frozenset(scope for scopes in _texts(held, "consent") for scope in scopes.split()),
        represented=represented if acting else None,
        acting=acting.text if acting else None,
        suits=suits,
    )


def _ties(facts: Iterable[_Fact], now: int) -> dict[str, Tie]:
    """The person's ties by entity."""
    known = list(facts)
    proofs = []
    for fact in known:
        if fact.kind == "proof":
            entity, level = fact.text.split(" ")
            proofs.append((entity, Evidence(int(level), fact.number)))
    ties = [Tie.read(fact.text, fact.number or 0) for fact in known if fact.kind == "tie"]
    return {tie.entity: tie.leveled(proofs, now=now) for tie in ties}


def _reach(ties: Iterable[Tie], now: int) -> int:
    """The highest ``el`` the person could choose to represent, were the register asked now."""
    return max((represented_level(tie._replace(checked_at=now), recheck=1, now=now) for tie in ties), default=0)


def _texts(facts: Iterable[_Fact], kind: str) -> set[str]:
    return {fact.text for fact in facts if fact.kind == kind}


def decide(
    tx: Transaction,
    demand: Demand,
    session: Session | None,
    progress: Progress,
    *,
    contexts: Contexts,
    agreements: Mapping[str, str],
    recheck: int,
    reach: int,
    now: int,
) -> Decision:
    if session is None:
        return next_step(demand, None, progress, now=now)
    facts = tx.all(_OF_PARTY[demand.represents], party=session.party_id, client=demand.client_id)
    acting = acting_in(demand, session, progress)
    if acting is not None and acting.text != session.acting and _is_held(tx, session.party_id, now):
        acting = None  # as on the page where it is chosen
    by_mandate = acting is not None and acting.mandate is not None
    context = contexts.judge(tx, session.party_id, acting, now=now) if acting and by_mandate else None
    who = standing(
        facts,
        session,
        agreements=agreements,
        acting=acting,
        context=context,
        el_reach=reach_of(tx, contexts, session.party_id, now=now) if asks_el(demand) else 0,
        suits=_suits(tx, contexts, demand, session, acting, now),
        recheck=recheck,
        reach=reach,
        now=now,
    )
    return next_step(demand, who, progress, now=now)


def _is_held(tx: Transaction, person: str, now: int) -> bool:
    """Whether the account was recovered so short a time ago that it speaks for nobody yet."""
    return held_until(tx, person, Act.REPRESENT, now=now) is not None


def asks_el(demand: Demand) -> bool:
    """Whether any level asked for is of the entity represented."""
    levels = [demand.minimum, *(level for value in demand.acr if (level := parse_acr(value)))]
    return demand.represents and any(level.el for level in levels)


def _suits(
    tx: Transaction, contexts: Contexts, demand: Demand, session: Session, acting: Acting | None, now: int
) -> bool:
    """Whether the context holds something of what the app's details ask for."""
    details = read_details(demand.acting.details) if demand.acting else ()
    if not details or acting is None:
        return not details
    held = ((one, contexts.power(tx, session.party_id, acting, one.theme, now=now)) for one in details)
    return any(power and one.narrows(power.chain.scope) for one, power in held)
