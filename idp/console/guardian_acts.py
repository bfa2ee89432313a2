"""Recording a guardianship, and ending one: acts of two operators who have read the same paper.

Always true: what is recorded is what both were shown, and by whom.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from idp.accounts.actions import Directory
from idp.console.four_eyes import Act, Done
from idp.console.rules import Change, Denied, Operator, Proposal, Reason, Role
from idp.db import Transaction
from idp.mandates.granting import Denied as Refused
from idp.mandates.guardians import Guardianship, Guardianships
from idp.mandates.rules import Mandate
from idp.mandates.scopes import Action, Scope
from idp.web.locale import iso_time

RECORD, END = "record-guardianship", "end-guardianship"
GUARDIANS = (Role.REVIEW,)
"""Who reads papers about people."""


def payload_of(told: Guardianship) -> dict[str, Any]:
    """As a proposal keeps it; `told_by` reads it again."""
    return {
        "guardian": told.guardian,
        "theme": told.theme,
        "scope": told.scope.declaration(),
        "last_day": told.last_day.isoformat() if told.last_day else "",
        "paper": told.paper,
    }


def told_by(proposal: Proposal) -> Guardianship:
    kept = proposal.payload
    return Guardianship(
        ward=proposal.subject or "",
        guardian=kept["guardian"],
        theme=kept["theme"],
        scope=Scope.read(kept["scope"]),
        last_day=date.fromisoformat(kept["last_day"]) if kept["last_day"] else None,
        paper=kept["paper"],
    )


@dataclass(frozen=True, slots=True)
class RecordAct:
    directory: Directory
    guardianships: Guardianships
    roles: tuple[Role, ...] = GUARDIANS

    def difference(self, tx: Transaction, proposal: Proposal) -> tuple[Change, ...]:
        told = told_by(proposal)
        if self.guardianships.judge(tx, told, now=proposal.created_at) is not None:
            return ()
        before = [one for one in self.guardianships.of_ward(tx, told.ward) if one.theme == told.theme]
        return (
            Change("guardian_ward", "nothing", _person(tx, self.directory, told.ward)),
            Change("guardian_guardian", "nothing", _person(tx, self.directory, told.guardian)),
            Change("guardian_scope", _scopes(before), f"{told.theme} {_scope_text(told.scope)}"),
            Change("guardian_last_day", "nothing", proposal.payload["last_day"] or "guardian_majority"),
            Change("guardian_paper", "nothing", told.paper),
        )

    def carry_out(self, tx: Transaction, proposal: Proposal, *, decider: Operator, now: int) -> Done | Denied:
        done = self.guardianships.record(tx, told_by(proposal), operator=decider.party_id, now=now)
        return Denied(Reason.CHANGED) if isinstance(done, Refused) else Done()


@dataclass(frozen=True, slots=True)
class EndAct:
    directory: Directory
    guardianships: Guardianships
    roles: tuple[Role, ...] = GUARDIANS

    def difference(self, tx: Transaction, proposal: Proposal) -> tuple[Change, ...]:
        found = self.guardianships.find(tx, proposal.payload["mandate"])
        if found is None:
            return ()
        return (
            Change("guardian_ward", _person(tx, self.directory, found.principal), "nothing"),
            Change("guardian_guardian", _person(tx, self.directory, found.agent), "nothing"),
            Change("guardian_scope", _scopes([found]), "nothing"),
        )

    def carry_out(self, tx: Transaction, proposal: Proposal, *, decider: Operator, now: int) -> Done | Denied:
        done = self.guardianships.end(tx, proposal.payload["mandate"], operator=decider.party_id, now=now)
        return Done() if done else Denied(Reason.CHANGED)


def guardian_acts(directory: Directory, guardianships: Guardianships) -> Mapping[str, Act]:
    return {RECORD: RecordAct(directory, guardianships), END: EndAct(directory, guardianships)}


def _person(tx: Transaction, directory: Directory, party_id: str) -> str:
    known = directory.person(tx, party_id).identity
    return f"{known.name.masked} {known.document.masked}" if known else "nothing"


def _scopes(mandates: list[Mandate]) -> str:
    told = [f"{one.theme} {_scope_text(one.scope)} {iso_time(one.valid_to)}" for one in mandates]
    return "; ".join(told) or "nothing"


def _scope_text(scope: Scope) -> str:
    actions = [action.value for action in Action if action in scope.actions]
    return f"{', '.join(sorted(scope.services))}: {', '.join(actions)}"
