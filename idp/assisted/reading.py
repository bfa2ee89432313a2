"""Cases as rows: loaded as values, one, an office's, a citizen's, and those that rest on a mandate.

Always true: nothing here writes, and an office is organ and unit together.
"""

from typing import Any

from idp.assisted.matters import read
from idp.assisted.rules import LIVING, Case, CaseState, Evidence, Identified, Seen
from idp.db import Statement, Transaction

_FIELDS = (
    "id, number, citizen_id, organ_id, unit, matters, identified, seen, state, clerk_id, clerk_mandate_id, opened_by,"
    " opened_at, until, changed_at, evidence, evidence_id, version, sealed IS NOT NULL"
)
LIVING_STATES = ", ".join(f"'{state}'" for state in sorted(LIVING))
_MOST = 100


def _case(*row: Any) -> Case:
    (key, number, citizen, organ, unit, matters, identified, seen, state, clerk, clerk_mandate, *rest) = row
    opened_by, opened_at, until, changed_at, evidence, evidence_id, version, kept = rest
    return Case(
        id=key,
        number=number,
        citizen=citizen,
        organ=organ,
        unit=unit,
        matters=read(matters),
        identified=Identified(identified),
        seen=Seen(seen) if seen else None,
        state=CaseState(state),
        clerk=clerk,
        clerk_mandate=clerk_mandate,
        opened_by=opened_by,
        opened_at=opened_at,
        until=until,
        changed_at=changed_at,
        evidence=Evidence(evidence) if evidence else None,
        evidence_id=evidence_id,
        version=version,
        kept=bool(kept),
    )


_ONE = Statement(f"SELECT {_FIELDS} FROM assisted_case WHERE id = :id", _case)
_OFFICE = Statement(
    f"SELECT {_FIELDS} FROM assisted_case WHERE organ_id = :organ AND unit = :unit"
    f" AND (:which = 'all' OR (:which = 'living') = (state IN ({LIVING_STATES})))"
    " ORDER BY changed_at DESC, id LIMIT :most",
    _case,
)
_CITIZEN = Statement(
    f"SELECT {_FIELDS} FROM assisted_case WHERE citizen_id = :party ORDER BY opened_at DESC, id LIMIT :most", _case
)
_BY_CLERK_MANDATE = Statement(
    f"SELECT {_FIELDS} FROM assisted_case WHERE clerk_mandate_id = :mandate AND state = 'authorised' ORDER BY id",
    _case,
)
_OF_MANDATE = Statement("SELECT case_id FROM assisted_mandate WHERE mandate_id = :mandate", str)
_MANDATES = Statement(
    "SELECT a.mandate_id FROM assisted_mandate a JOIN mandate m ON m.id = a.mandate_id WHERE a.case_id = :case"
    " AND m.state IN ('active', 'suspended') ORDER BY a.mandate_id",
    str,
)
_RUNNING = Statement(
    "SELECT m.theme FROM mandate m WHERE m.kind = 'assisted' AND m.principal_id = :citizen AND m.agent_id = :clerk"
    " AND m.state IN ('active', 'suspended')",
    str,
)


def find(tx: Transaction, case_id: str) -> Case | None:
    return tx.one(_ONE, id=case_id)


def of_office(tx: Transaction, organ: str, unit: str, *, living: bool | None) -> list[Case]:
    which = {None: "all", True: "living", False: "over"}[living]
    return tx.all(_OFFICE, organ=organ, unit=unit, which=which, most=_MOST)


def of_citizen(tx: Transaction, party_id: str) -> list[Case]:
    return tx.all(_CITIZEN, party=party_id, most=_MOST)


def handled_by(tx: Transaction, clerk_mandate: str) -> list[Case]:
    """Those in which a clerk acts now."""
    return tx.all(_BY_CLERK_MANDATE, mandate=clerk_mandate)


def of_mandate(tx: Transaction, mandate_id: str) -> Case | None:
    """The case that gave it."""
    found = tx.one(_OF_MANDATE, mandate=mandate_id)
    return find(tx, found) if found else None


def mandates_of(tx: Transaction, case_id: str) -> tuple[str, ...]:
    """Those by which its clerk acts."""
    return tuple(tx.all(_MANDATES, case=case_id))


def running_themes(tx: Transaction, citizen: str, clerk: str) -> frozenset[str]:
    """In which the clerk acts for the citizen already."""
    return frozenset(tx.all(_RUNNING, citizen=citizen, clerk=clerk))
