"""Writing cases down: a new one, each step of one, its history, and the papers a step makes.

Always true: a step is one conditional statement with one winner, and leaves its entry in the case's history and in
the audit in the same transaction.
"""

import secrets
from collections.abc import Iterable
from dataclasses import replace
from typing import Any, NamedTuple

import orjson

from idp.assisted import matters, reading
from idp.assisted.papers import Facts, Text, number_of
from idp.assisted.rules import By, Case, CaseStep, Clerk, Evidence, Matter, PaperKind, after
from idp.audit import Event, record
from idp.crypto.fields import FieldCipher
from idp.crypto.tokens import new_id
from idp.db import Dialect, Statement, Transaction
from idp.mandates.addressing import Addresses
from idp.mandates.history import Chain
from idp.mandates.registry import Themes

HISTORY = Chain("assisted_event", "case_id")
_DIGITS = 10
_ADD = Statement[Any](
    "INSERT INTO assisted_case (id, number, citizen_id, organ_id, unit, matters, identified, seen, state, clerk_id,"
    " clerk_mandate_id, opened_by, opened_at, until, changed_at, version, sealed) VALUES (:id, :number, :citizen,"
    " :organ, :unit, :matters, :identified, :seen, 'identified', :clerk, :clerk_mandate, :clerk, :now, :until, :now,"
    " 1, :sealed)"
)
_MOVE = Statement[int](
    "UPDATE assisted_case SET state = :to, clerk_id = :clerk, clerk_mandate_id = :clerk_mandate, changed_at = :now,"
    " evidence = :evidence, evidence_id = :evidence_id, version = version + 1"
    " WHERE id = :id AND version = :version AND state = :was",
    int,
)
_SEALED = Statement("SELECT sealed FROM assisted_case WHERE id = :id AND sealed IS NOT NULL", bytes)
_ADD_PAPER = Statement[Any](
    "INSERT INTO assisted_paper (id, case_id, kind, number, hash, sealed, made_at)"
    " VALUES (:id, :case, :kind, :number, :hash, :sealed, :now)"
)
_COUNT = Statement("SELECT COUNT(*) FROM assisted_paper WHERE case_id = :case", int)
_LOCK: dict[Dialect, Statement[str]] = {
    "sqlite": Statement("SELECT id FROM assisted_case WHERE id = :id", str),  # writers stand in line
    "postgresql": Statement("SELECT id FROM assisted_case WHERE id = :id FOR NO KEY UPDATE", str),
}
_SLIP = "id, kind, number, hash, made_at"
_UNKNOWN = {"name": "", "document": "", "phone": ""}


class PaperSlip(NamedTuple):
    """A paper as lists show it."""

    id: str
    kind: PaperKind
    number: str
    hash: str
    made_at: int


class Paper(NamedTuple):
    """A paper as it is printed."""

    slip: PaperSlip
    text: str


class Particulars(NamedTuple):
    """What is sealed of a citizen. ``document``: masked, ``phone``: E.164 as they said it, or empty."""

    name: str
    document: str
    phone: str


def _slip(key: str, kind: str, *rest: Any) -> PaperSlip:
    return PaperSlip(key, PaperKind(kind), *rest)


_PAPERS = Statement(f"SELECT {_SLIP} FROM assisted_paper WHERE case_id = :case ORDER BY made_at, number", _slip)
_PAPER = Statement[tuple[PaperSlip, bytes]](
    f"SELECT {_SLIP}, sealed FROM assisted_paper WHERE id = :id AND case_id = :case AND sealed IS NOT NULL",
    lambda *row: (_slip(*row[:-1]), row[-1]),
)
_BY_NUMBER = Statement[tuple[PaperSlip, str]](
    f"SELECT {_SLIP}, case_id FROM assisted_paper WHERE number = :number",
    lambda *row: (_slip(*row[:-1]), row[-1]),
)


class Register:
    def __init__(self, cipher: FieldCipher, addresses: Addresses, themes: Themes) -> None:
        self._cipher = cipher
        self.addresses = addresses
        self.themes = themes

    def add(self, tx: Transaction, case: Case, told: Particulars, *, now: int) -> Case:
        """A new case in the state ``identified``; its id and number are drawn here."""
        key = new_id("asc")
        digits = f"{secrets.randbelow(10**_DIGITS):0{_DIGITS}}"
        made = replace(case, id=key, number=number_of(now, digits))
        tx.run(
            _ADD,
            id=key,
            number=made.number,
            citizen=made.citizen,
            organ=made.organ,
            unit=made.unit,
            matters=matters.written(made.matters),
            identified=made.identified,
            seen=made.seen,
            clerk=made.clerk,
            clerk_mandate=made.clerk_mandate,
            until=made.until,
            sealed=self.sealed(key, told),
            now=now,
        )
        self._written(tx, made, CaseStep.OPEN, made.clerk, made.identified, now)
        return made

    def move(
        self,
        tx: Transaction,
        case: Case,
        step: CaseStep,
        *,
        by: By,
        actor: str | None,
        reason: str | None = None,
        clerk: Clerk | None = None,
        evidence: Evidence | None = None,
        evidence_id: str | None = None,
        now: int,
    ) -> Case | None:
        """The case after the step; None: not possible, or somebody was quicker. ``clerk``: who handles it from now.

        ``evidence``: what the citizen has brought just now. ``reason``: evidence or cause, a blank, a hash.
        """
        proof = evidence or case.evidence
        to = after(step, case.state, by=by, agreed=proof is not None)
        if to is None:
            return None
        made = replace(
            case,
            state=to,
            clerk=clerk.person if clerk else case.clerk,
            clerk_mandate=clerk.mandate if clerk else case.clerk_mandate,
            changed_at=now,
            evidence=proof,
            evidence_id=evidence_id if evidence else case.evidence_id,
            version=case.version + 1,
        )
        moved = tx.run(
            _MOVE,
            id=case.id,
            version=case.version,
            was=case.state,
            to=to,
            clerk=made.clerk,
            clerk_mandate=made.clerk_mandate,
            evidence=made.evidence,
            evidence_id=made.evidence_id,
            now=now,
        )
        if moved != 1:
            return None
        self._written(tx, made, step, actor, reason, now)
        return made

    def hold(self, tx: Transaction, case_id: str) -> Case | None:
        """The case, which nobody else changes before the transaction ends."""
        return reading.find(tx, case_id) if tx.one(_LOCK[tx.dialect], id=case_id) else None

    def particulars(self, tx: Transaction, case_id: str) -> Particulars:
        """Empty texts once it is known no longer."""
        sealed = tx.one(_SEALED, id=case_id)
        told = orjson.loads(self._cipher.open(sealed, context=_case_at(case_id))) if sealed else _UNKNOWN
        return Particulars(**told)

    def sealed(self, case_id: str, told: Particulars) -> bytes:
        return self._cipher.seal(orjson.dumps(told._asdict()).decode(), context=_case_at(case_id))

    def office(self, tx: Transaction, of: Case | Clerk) -> str:
        """Organ and counter by their public names."""
        entity = self.addresses.entities.describe(tx, of.organ)
        return " ".join(filter(None, (entity.name if entity else "", of.unit)))

    def facts(self, tx: Transaction, case: Case) -> Facts:
        told, clerk = self.particulars(tx, case.id), self.addresses.own(tx, case.clerk)
        lines = [matters.line(one, self.themes.current(one.theme)) for one in case.matters]
        return Facts(
            citizen=told.name,
            document=told.document,
            office=self.office(tx, case),
            clerk=clerk.name if clerk else "",
            matters=lines,
        )

    def titles(self, of: Iterable[Matter], language: str = "zh") -> list[str]:
        """Of matters, as pages and messages name them, in one order."""
        return [matters.title(one, self.themes.current(one.theme), language) for one in sorted(of)]

    def keep(self, tx: Transaction, case: Case, kind: PaperKind, text: Text, *, now: int) -> None:
        """A paper that a step has made; the case was moved in this transaction, so that numbers follow each other."""
        key, count = new_id("asp"), tx.one(_COUNT, case=case.id) or 0
        tx.run(
            _ADD_PAPER,
            id=key,
            case=case.id,
            kind=kind,
            number=f"{case.number}-{count + 1}",
            hash=text.hash,
            sealed=self._cipher.seal(text.text, context=f"assisted_paper.sealed:{key}"),
            now=now,
        )

    def papers(self, tx: Transaction, case_id: str) -> list[PaperSlip]:
        return tx.all(_PAPERS, case=case_id)

    def paper(self, tx: Transaction, case_id: str, paper_id: str) -> Paper | None:
        found = tx.one(_PAPER, id=paper_id, case=case_id)
        if found is None:
            return None
        slip, sealed = found
        return Paper(slip, self._cipher.open(sealed, context=f"assisted_paper.sealed:{slip.id}"))

    def by_number(self, tx: Transaction, number: str) -> tuple[PaperSlip, str] | None:
        """The paper, and the id of its case."""
        return tx.one(_BY_NUMBER, number=number)

    def _written(
        self, tx: Transaction, case: Case, step: CaseStep, actor: str | None, reason: str | None, now: int
    ) -> None:
        HISTORY.append(tx, case.id, step=step, state=case.state, actor=actor, reason=reason, now=now)
        record(
            tx,
            Event.ASSISTED_CHANGED,
            actor=actor,
            subject=case.citizen,
            detail={"case": case.id, "step": step, "state": case.state, "organ": case.organ, "by": reason},
            now=now,
        )


def _case_at(case_id: str) -> str:
    return f"assisted_case.sealed:{case_id}"
