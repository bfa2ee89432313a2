"""Links of people to entities that older platforms knew: once the entity is here, its people answer them.

Always true: a link is settled once, and gives nothing by itself; what is given is an ordinary mandate.
"""

from dataclasses import dataclass

from idp.accounts.rules import WaitingState
from idp.accounts.waiting import WaitingAccounts
from idp.audit import Event, record
from idp.db import Transaction
from idp.mandates.actions import Granting
from idp.mandates.addressing import Addressee
from idp.mandates.drafts import Draft, Signer
from idp.mandates.granting import Denied
from idp.mandates.refusing import refused
from idp.mandates.rules import DAY, Kind, Refusal, State
from idp.mandates.scopes import Action
from idp.mandates.standing import speaks_for
from idp.mandates.themes import Theme

_YEAR = 365


@dataclass(frozen=True, slots=True)
class LinkRequest:
    """``id``: of the account that waits; ``since``: when the person activated theirs, Unix seconds."""

    id: str
    person: str
    addressee: Addressee
    platform: str
    since: int


class OldLinks:
    def __init__(self, granting: Granting, waiting: WaitingAccounts) -> None:
        self._granting = granting
        self._waiting = waiting

    def requests_from_links(self, tx: Transaction, entity: str) -> list[LinkRequest]:
        """People who stood for this entity at an older platform and wait for its word, oldest first; each once."""
        described, found = self._granting.addresses.entities.describe(tx, entity), dict[str, LinkRequest]()
        for one in self._waiting.find_by_code(tx, described.code) if described else ():
            if one.state is WaitingState.CLAIMED and one.party_id is not None and one.party_id not in found:
                own = self._granting.addresses.own(tx, one.party_id)
                if own is not None:
                    found[one.party_id] = LinkRequest(one.id, one.party_id, own, one.platform, one.state_at)
        return list(found.values())

    def draft(self, request: LinkRequest, entity: str, theme: Theme, *, id: str, now: int) -> Draft:
        """What `grant` is given, to be narrowed by whoever gives it: everything but managing, for a year."""
        days = min(_YEAR, theme.most_days, self._granting.terms.longest_days)
        return Draft(
            id=id,
            kind=Kind.DELEGATED,
            principal=entity,
            addressee=request.addressee,
            theme=theme.code,
            scope=theme.whole.without(Action.MANAGE),
            valid_from=now,
            valid_to=now + days * DAY,
        )

    def grant(
        self, tx: Transaction, request: LinkRequest, draft: Draft, signer: Signer, *, text_hash: str, now: int
    ) -> State | Denied:
        """`Granting.draw`, and the link waits no more."""
        if draft.addressee != request.addressee:
            told = {"principal": draft.principal, "mandate": draft.id, "person": signer.person}
            return refused(tx, Refusal.FOR_ANOTHER, **told, now=now)
        drawn = self._granting.draw(tx, draft, signer, text_hash=text_hash, now=now)
        if isinstance(drawn, State):
            self._settle(tx, draft.principal, request, signer.person, "granted", now)
        return drawn

    def decline(
        self, tx: Transaction, request: LinkRequest, entity: str, *, by: str, acting: bool = False, now: int
    ) -> Refusal | None:
        """The entity's people know nothing of it. ``acting``: by a mandate of somebody else's."""
        reason = Refusal.ACTING if acting else Refusal.NOT_GRANTOR
        if not acting and speaks_for(tx, by, entity, recheck=self._granting.recheck, now=now):
            if self._settle(tx, entity, request, by, "declined", now):
                return None
            reason = Refusal.STATE
        return refused(tx, reason, principal=entity, mandate=None, person=by, now=now).reason

    def _settle(self, tx: Transaction, entity: str, request: LinkRequest, by: str, outcome: str, now: int) -> bool:
        """Every account of the same person and entity; False when somebody was faster."""
        described = self._granting.addresses.entities.describe(tx, entity)
        waiting = self._waiting.find_by_code(tx, described.code) if described else []
        done = [
            self._waiting.move(tx, one.id, WaitingState.CLAIMED, WaitingState.ACTIVE, party_id=entity, now=now)
            for one in waiting
            if one.party_id == request.person and one.state is WaitingState.CLAIMED
        ]
        if any(done):
            detail = {"entity": entity, "outcome": outcome}
            record(tx, Event.ENTITY_LINK_SETTLED, actor=by, subject=request.person, detail=detail, now=now)
        return any(done)
