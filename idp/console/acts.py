"""The acts of the console: those one operator may do with a reason, and those that need two.

Always true: what is done to a person is done by the capability it belongs to; here it only gets its name, its roles
and its difference.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType

from idp.accounts.actions import Directory
from idp.accounts.parties import status
from idp.accounts.rules import PartyStatus
from idp.audit import Event, record
from idp.clients import permits
from idp.clients.capabilities import PermitState
from idp.console import invitations, sessions
from idp.console.four_eyes import Act, Done, void_all
from idp.console.issuer_acts import ISSUER_ACTS
from idp.console.operators import Operators, set_disabled
from idp.console.rules import Assignment, Change, Denied, Operator, Proposal, Reason, Role, assignments
from idp.db import Transaction
from idp.proofing.actions import proofs_of
from idp.proofing.checking import end_of
from idp.proofing.rules import FACE_CHECKED, REGISTERED, Proof, identity_level
from idp.recovery.requests import Requests
from idp.recovery.rules import Decider
from idp.reviews.actions import Reviews
from idp.reviews.rules import Deciders, State
from idp.signin.interventions import (
    Intervention,
    end_password,
    require_proofing,
    restore,
    sign_out_everywhere,
    suspend,
    unlock_password,
)
from idp.web.locale import iso_time

CASEWORK = (Role.PLATFORM, Role.REVIEW)
"""Who looks at persons and intervenes."""
SINGLE: Mapping[str, Callable[[Intervention], bool]] = {
    "unlock-password": unlock_password,
    "sign-out": sign_out_everywhere,
    "end-password": end_password,
}
"""Interventions one operator does with a reason, by the name they have in addresses."""
RECOVERERS = (Role.REVIEW, Role.COUNTER)
"""Who makes sure of people that have lost everything."""
SUSPEND, RESTORE, REPROOF, INVITE = "suspend", "restore", "require-proofing", "invite-operator"
RECOVER = "recover"
REVIEWERS = (Role.REVIEW,)
"""Who looks at photos of people: nobody else has to."""
APPROVE_REVIEW = "approve-review"
GRANT = "grant-capability"
PURPOSES: Mapping[str, str] = {"zh": "capability_purpose", "en": "capability_purpose_en"}
"""What people are told in each language, by the word for it: whoever approves approves every one."""
DOUBLE = (SUSPEND, RESTORE, REPROOF)
"""Interventions that need a second operator."""


@dataclass(frozen=True, slots=True)
class StatusAct:
    """Suspending an account, or lifting that."""

    directory: Directory
    before: PartyStatus
    after: PartyStatus
    intervene: Callable[[Intervention], bool]
    roles: tuple[Role, ...] = CASEWORK

    def difference(self, tx: Transaction, proposal: Proposal) -> tuple[Change, ...]:
        now_is = status(tx, proposal.subject or "") or PartyStatus.CLOSED
        return (Change("account_status", f"status_{now_is}", f"status_{self.after}"),)

    def carry_out(self, tx: Transaction, proposal: Proposal, *, decider: Operator, now: int) -> Done | Denied:
        done = self.intervene(_intervention(tx, self.directory, proposal, decider, now))
        return Done() if done else Denied(Reason.CHANGED)


@dataclass(frozen=True, slots=True)
class ProofingAct:
    """Ending every proof of a person's identity."""

    directory: Directory
    roles: tuple[Role, ...] = CASEWORK

    def difference(self, tx: Transaction, proposal: Proposal) -> tuple[Change, ...]:
        """The level, and each proof: who has been proved anew since it was proposed is not the one it was about."""
        proofs = proofs_of(tx, proposal.subject or "")
        level = identity_level(proofs, now=proposal.created_at)
        return (
            Change("identity_level", str(level), str(REGISTERED)),
            *(Change("identity_proof", _proof_text(proof), "identity_proof_ended") for proof in proofs),
        )

    def carry_out(self, tx: Transaction, proposal: Proposal, *, decider: Operator, now: int) -> Done | Denied:
        if status(tx, proposal.subject or "") in (None, PartyStatus.CLOSED):
            return Denied(Reason.CHANGED)
        require_proofing(_intervention(tx, self.directory, proposal, decider, now))
        return Done()


@dataclass(frozen=True, slots=True)
class InviteAct:
    """Opening another operator's account; who approves is shown the code, who proposed the link."""

    operators: Operators
    invitations: invitations.Invitations
    roles: tuple[Role, ...] = (Role.PLATFORM,)

    def difference(self, tx: Transaction, proposal: Proposal) -> tuple[Change, ...]:
        taken = self.operators.named(tx, proposal.payload["name"]) is not None
        before = "operator_exists" if taken else "operator_none"
        return (Change("operator_account", before, f"{proposal.payload['name']} ({_roles_text(proposal)})"),)

    def carry_out(self, tx: Transaction, proposal: Proposal, *, decider: Operator, now: int) -> Done | Denied:
        roles = _assignments(proposal)
        if isinstance(roles, Denied):
            return roles
        added = self.operators.add(tx, name=proposal.payload["name"], roles=roles, actor=decider.party_id, now=now)
        if isinstance(added, Denied):
            return added
        by = decider.party_id
        return Done(self.invitations.invite(tx, added.party_id, actor=by, proposal=proposal.id, now=now).code)


@dataclass(frozen=True, slots=True)
class GrantAct:
    """Putting in force what a department app has applied for."""

    roles: tuple[Role, ...] = (Role.PLATFORM,)

    def difference(self, tx: Transaction, proposal: Proposal) -> tuple[Change, ...]:
        asked = permits.find(tx, proposal.payload["permit"])
        if asked is None or asked.state is not PermitState.APPLIED:
            return ()
        held = permits.in_force(tx).get(asked.client_id, {}).get(asked.terms.capability)
        old, new = held.terms if held else None, asked.terms
        return (
            Change("capability_of", asked.client_id, f"capability_{new.capability}"),
            *(
                Change(name, old.purpose.get(lang, "nothing") if old else "nothing", new.purpose.get(lang, "nothing"))
                for lang, name in PURPOSES.items()
                if lang in new.purpose or (old and lang in old.purpose)
            ),
            Change("capability_law", old.law if old else "nothing", new.law),
            Change("capability_daily", str(old.daily) if old else "nothing", str(new.daily)),
        )

    def carry_out(self, tx: Transaction, proposal: Proposal, *, decider: Operator, now: int) -> Done | Denied:
        asked = permits.find(tx, proposal.payload["permit"])
        if asked is not None and permits.grant(tx, asked, actor=decider.party_id, now=now):
            return Done()
        return Denied(Reason.CHANGED)


@dataclass(frozen=True, slots=True)
class RecoverAct:
    """Letting a new phone set the password of an account whose person has lost everything."""

    directory: Directory
    requests: Requests
    roles: tuple[Role, ...] = RECOVERERS

    def difference(self, tx: Transaction, proposal: Proposal) -> tuple[Change, ...]:
        found = self.requests.find(tx, proposal.payload["request"])
        if found is None or found.claim is None:
            return ()
        claim, person = found.claim, self.directory.person(tx, proposal.subject or "")
        known = person.identity
        agree = known is not None and known.name.key == claim.name.key  # two names may look alike when masked
        return (
            Change("person_name", known.name.masked if known else "nothing", claim.name.masked),
            Change("names_compared", "", "names_agree" if agree else "names_differ"),
            Change("person_document", known.document.masked if known else "nothing", claim.document.masked),
            Change("login_phone", person.mobile.masked if person.mobile else "nothing", claim.mobile.masked),
            Change("recovery_way", f"way_{found.way}", f"way_{proposal.payload['how']}"),
        )

    def carry_out(self, tx: Transaction, proposal: Proposal, *, decider: Operator, now: int) -> Done | Denied:
        found, by = self.requests.find(tx, proposal.payload["request"]), Decider(decider.party_id, proposal.id)
        if found is not None and self.requests.approve(tx, found, proposal.subject or "", by, now=now):
            return Done()
        barred = found is not None and self.requests.phone_barred(tx, found)
        return Denied(Reason.PHONE_BARRED if barred else Reason.CHANGED)


@dataclass(frozen=True, slots=True)
class ReviewAct:
    """Recording a document by the photos that both operators have looked at."""

    directory: Directory
    reviews: Reviews
    roles: tuple[Role, ...] = REVIEWERS

    def difference(self, tx: Transaction, proposal: Proposal) -> tuple[Change, ...]:
        found = self.reviews.find(tx, proposal.payload["review"])
        if found is None or found.claim is None or found.state is not State.FILED:
            return ()
        known, claim = self.directory.person(tx, found.party_id).identity, found.claim
        agree = known is None or known.name.key == claim.name.key  # what differs may look alike when masked
        same = known is None or known.document == claim.document
        level = identity_level(proofs_of(tx, found.party_id), now=proposal.created_at)
        photos = self.reviews.photos.digest(tx, found.journey, now=proposal.created_at)
        return (
            Change("person_name", known.name.masked if known else "nothing", claim.name.masked),
            Change("names_compared", "", "names_agree" if agree else "names_differ"),
            Change("person_document", known.document.masked if known else "nothing", claim.document.masked),
            Change("documents_compared", "", "documents_agree" if same else "documents_differ"),
            Change("document_ends", "", str(proposal.payload["valid_to"] or "document_long_term")),
            Change("identity_level", str(level), str(max(level, FACE_CHECKED))),
            Change("review_photos", "", photos[:16] if photos == proposal.payload["photos"] else "review_changed"),
        )

    def inspected(self, tx: Transaction, proposal: Proposal, *, decider: Operator) -> bool:
        """Whether the second operator was shown every photo, for a reason of their own."""
        found = self.reviews.find(tx, proposal.payload["review"])
        return found is not None and self.reviews.photos.seen_by(tx, decider.party_id, found.journey)

    def carry_out(self, tx: Transaction, proposal: Proposal, *, decider: Operator, now: int) -> Done | Denied:
        last = proposal.payload["valid_to"]
        valid_to = end_of(date.fromisoformat(last) if last else None)
        by = Deciders(decider.party_id, proposal.id, proposal.proposer)
        done = self.reviews.approve(tx, proposal.payload["review"], valid_to=valid_to, by=by, now=now)
        return Done() if done else Denied(Reason.CHANGED)


def acts(
    directory: Directory,
    operators: Operators,
    invited: invitations.Invitations,
    requests: Requests,
    reviews: Reviews,
    further: Mapping[str, Act] = MappingProxyType({}),
) -> dict[str, Act]:
    """Every act that needs two operators. ``further``: those of capabilities with modules of their own."""
    return {
        SUSPEND: StatusAct(directory, PartyStatus.ACTIVE, PartyStatus.SUSPENDED, suspend),
        RESTORE: StatusAct(directory, PartyStatus.SUSPENDED, PartyStatus.ACTIVE, restore),
        REPROOF: ProofingAct(directory),
        INVITE: InviteAct(operators, invited),
        RECOVER: RecoverAct(directory, requests),
        APPROVE_REVIEW: ReviewAct(directory, reviews),
        GRANT: GrantAct(),
        **ISSUER_ACTS,
        **further,
    }


def disable(tx: Transaction, party_id: str, *, actor: str | None, now: int) -> Denied | None:
    """End an operator's account with its sessions, links and open proposals; it is never opened again."""
    if not set_disabled(tx, party_id, now=now):
        return Denied(Reason.NOT_FOUND)
    sessions.end_all(tx, party_id, "operator-disabled", now=now)
    invitations.end_links(tx, party_id, now=now)
    void_all(tx, party_id, actor=actor, now=now)
    record(tx, Event.OPERATOR_DISABLED, actor=actor, subject=party_id, now=now)
    return None


def _assignments(proposal: Proposal) -> frozenset[Assignment] | Denied:
    return assignments([Role(role) for role in proposal.payload["roles"]], proposal.payload["sectors"])


def _proof_text(proof: Proof) -> str:
    return f"{proof.level} {proof.kind} {proof.source} {iso_time(proof.proved_at)}"


def _roles_text(proposal: Proposal) -> str:
    return " ".join([*proposal.payload["roles"], *proposal.payload["sectors"]])


def _intervention(
    tx: Transaction, directory: Directory, proposal: Proposal, decider: Operator, now: int
) -> Intervention:
    return Intervention(tx, directory, proposal.subject or "", decider.party_id, proposal.id, now)
