"""No sequence of steps gives power that an unbroken chain of mandates in force does not cover (stateful)."""

from dataclasses import dataclass, replace
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from idp.accounts.rules import PartyKind
from idp.mandates.granting import Acceptor, Footing, Granted, Grantor, Wanted, may_accept, may_grant
from idp.mandates.power import Asked, Office, chains, decide
from idp.mandates.rules import ACCEPTANCE, DAY, LIVING, STANDARD, WAIT, Kind, Mandate, Side, State, Step, after
from idp.mandates.scopes import Action, Limit, Scope
from idp.mandates.themes import Service, Theme

PEOPLE, ENTITIES = ("p0", "p1", "p2"), ("e0", "e1")
ACTIONS = (Action.VIEW, Action.SUBMIT, Action.MANAGE)
THEME = Theme(
    code="t",
    version=1,
    title={"zh": "t", "en": "t"},
    text={"zh": "t", "en": "t"},
    actions=frozenset(ACTIONS),
    principals=frozenset(PartyKind),
    agents=frozenset(PartyKind),
    services=(Service("s1", {}, frozenset(ACTIONS)), Service("s2", {}, frozenset({Action.VIEW}))),
    agent_ial=2,
    most_days=100,
    delegable=True,
)
START = 1_000_000_000
_WORK = frozenset({Action.VIEW, Action.SUBMIT})
USUAL = st.builds(
    Scope,
    st.sampled_from([_WORK, frozenset({Action.VIEW})]),
    st.sampled_from([frozenset({"s1"}), frozenset({"s1", "s2"})]),
    st.sampled_from([None, Limit(100), Limit(500)]),
)
SCOPES = st.builds(
    Scope,
    st.sampled_from([_WORK, _WORK, frozenset({Action.VIEW}), frozenset(ACTIONS), frozenset()]),
    st.sampled_from([frozenset({"s1"}), frozenset({"s1", "s2"}), frozenset({"s3"}), frozenset()]),
    st.sampled_from([None, None, Limit(100), Limit(500)]),
)


@dataclass
class Deed:
    """What has happened to one mandate, told apart from what the rules make of it."""

    principal: str
    agent: str
    scope: Scope
    first: int
    last: int
    parent: str | None
    delegable: bool
    kind: Kind
    signed: int
    waived: bool
    accepted: bool = False
    frozen: bool = False
    over: bool = False

    def counts(self, now: int) -> bool:
        since = max(self.first, self.signed if self.waived else self.signed + WAIT)
        return self.accepted and not self.frozen and not self.over and since <= now < self.last

    def covers(self, asked: Asked) -> bool:
        limit = self.scope.limit
        cheap = (
            limit is None
            or asked.action is Action.VIEW
            or (asked.amount is not None and asked.amount.amount <= limit.amount)
        )
        spent = limit is None or asked.amount is None or asked.amount.amount <= limit.amount
        return asked.action in self.scope.actions and asked.service in self.scope.services and cheap and spent


class Powers(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.now = START
        self.mandates: dict[str, Mandate] = {}
        self.deeds: dict[str, Deed] = {}
        self.offices = {("p0", "e0"), ("p1", "e1")}

    @initialize(scope=USUAL, narrower=USUAL, waived=st.booleans())
    def begin_with_some_in_force(self, scope: Scope, narrower: Scope, waived: bool) -> None:
        """An agency that may appoint its own, one whom it has appointed, and a friend."""
        told = {"begin": 0, "days": 30, "waived": waived, "scope": scope}
        agency = {"by": "p0", "principal": "e0", "agent": "e1", "kind": Kind.DELEGATED, "delegates": True}
        friend = {"by": "p1", "principal": "p1", "agent": "p2", "kind": Kind.PERSONAL, "delegates": False}
        self._grant(agency | told, None)
        self._grant(friend | told, None)
        self.accept_all()
        own = {"by": "p1", "principal": "e1", "agent": "p2", "kind": Kind.DELEGATED, "delegates": False, "days": 10}
        if "m0" in self.mandates:
            self._grant(told | own | {"scope": narrower}, self.mandates["m0"])
            self.accept_all()

    def _footing(self, person: str, party: str) -> tuple[Footing, Mandate | None] | None:
        if person == party:
            return Footing.OWN, None
        if (person, party) in self.offices:
            return Footing.REPRESENTATIVE, None
        own = next(
            (
                one
                for one in self.mandates.values()
                if one.kind is Kind.ADMINISTRATOR and one.principal == party and one.agent == person
                if one.in_force(now=self.now)
            ),
            None,
        )
        return (Footing.ADMINISTRATOR, own) if own else None

    @rule(
        by=st.sampled_from(PEOPLE),
        principal=st.sampled_from(PEOPLE + ENTITIES),
        agent=st.sampled_from(PEOPLE + ENTITIES),
        kind=st.sampled_from([Kind.DELEGATED, Kind.DELEGATED, Kind.PERSONAL, Kind.ADMINISTRATOR, Kind.STATUTORY]),
        scope=SCOPES,
        begin=st.sampled_from([0, 0, DAY, -2 * DAY]),
        days=st.sampled_from([1, 30, 100, 200]),
        delegates=st.booleans(),
        waived=st.booleans(),
    )
    def grant(self, **given: Any) -> None:
        self._grant(given, None)

    @rule(
        data=st.data(),
        agent=st.sampled_from(PEOPLE),
        scope=SCOPES,
        days=st.sampled_from([1, 10]),
        waived=st.booleans(),
    )
    def appoint(self, data: st.DataObject, **given: Any) -> None:
        """An agency, or who only says to be one, lets a person of its own act in a matter it was given."""
        if not self.mandates:
            return
        parent = self.mandates[data.draw(st.sampled_from(sorted(self.mandates)))]
        by = data.draw(
            st.sampled_from([*(person for person, at in sorted(self.offices) if at == parent.agent), "p2"])
        )
        told = {"by": by, "principal": parent.agent, "kind": Kind.DELEGATED, "begin": 0, "delegates": False}
        self._grant(given | told, parent)

    def _grant(self, given: dict[str, Any], parent: Mandate | None) -> None:
        by, principal, agent, kind = given["by"], given["principal"], given["agent"], given["kind"]
        found = self._footing(by, principal)
        if found is None:
            return
        footing, own = found
        grantor = Grantor(
            person=by,
            footing=footing,
            ial=3,
            el=2,
            scope=Scope(own.scope.actions - {Action.MANAGE}, own.scope.services, own.scope.limit) if own else None,
            until=own.valid_to if own else None,
        )
        begin = self.now + given["begin"]
        wanted = Wanted(
            kind=kind,
            principal=principal,
            principal_kind=PartyKind.ENTITY if principal in ENTITIES else PartyKind.PERSON,
            agent=agent,
            agent_kind=PartyKind.ENTITY if agent in ENTITIES else PartyKind.PERSON,
            theme=THEME,
            scope=given["scope"],
            valid_from=begin,
            valid_to=begin + given["days"] * DAY,
            may_delegate=given["delegates"],
            parent=parent,
        )
        living = [one for one in self.mandates.values() if one.principal == principal and one.state in LIVING]
        granted = may_grant(wanted, grantor, living, now=self.now)
        if not isinstance(granted, Granted):
            return
        name = f"m{len(self.mandates)}"
        self.mandates[name] = Mandate(
            id=name,
            kind=kind,
            principal=principal,
            agent=agent,
            represented=parent.represented if parent else principal,
            theme="t",
            theme_version=1,
            scope=wanted.scope,
            state=State.PENDING_ACCEPTANCE,
            valid_from=wanted.valid_from,
            valid_to=wanted.valid_to,
            parent=parent.id if parent else None,
            may_delegate=wanted.may_delegate,
        )
        self.deeds[name] = Deed(
            principal,
            agent,
            wanted.scope,
            wanted.valid_from,
            wanted.valid_to,
            parent.id if parent else None,
            wanted.may_delegate,
            kind,
            self.now,
            given["waived"],
        )

    @rule(data=st.data(), by=st.sampled_from(PEOPLE))
    def accept(self, data: st.DataObject, by: str) -> None:
        waiting = [name for name, one in self.mandates.items() if one.state is State.PENDING_ACCEPTANCE]
        if waiting:
            self._accept(self.mandates[data.draw(st.sampled_from(waiting))], by)

    @rule()
    def accept_all(self) -> None:
        """Everybody takes on what is theirs, and the first minutes pass."""
        for one in list(self.mandates.values()):
            for person in PEOPLE:
                self._accept(self.mandates[one.id], person)
        self.now += WAIT

    def _accept(self, one: Mandate, by: str) -> None:
        found, deed = self._footing(by, one.agent), self.deeds[one.id]
        to = after(Step.ACCEPT, one.state, side=Side.AGENT, kind=one.kind)
        if found is None or to is None or self.now >= deed.signed + ACCEPTANCE:
            return
        acceptor = Acceptor(person=by, agent=one.agent, footing=found[0], ial=3)
        if may_accept(one, acceptor, THEME, {}) is None:
            in_force_at = STANDARD.begins(signed_at=deed.signed, waived=deed.waived)
            self.mandates[one.id] = replace(one, state=to, in_force_at=in_force_at)
            deed.accepted = True

    @rule(
        data=st.data(),
        step=st.sampled_from([Step.FREEZE, Step.FREEZE, Step.UNFREEZE, Step.REVOKE, Step.RENOUNCE, Step.EXPIRE]),
        side=st.sampled_from(Side),
    )
    def step(self, data: st.DataObject, step: Step, side: Side) -> None:
        if not self.mandates:
            return
        one = self.mandates[data.draw(st.sampled_from(sorted(self.mandates)))]
        to = after(step, one.state, side=side, kind=one.kind)
        if to is None:
            return
        self.mandates[one.id] = replace(one, state=to)
        self.deeds[one.id].frozen = to is State.SUSPENDED
        self.deeds[one.id].over = to not in LIVING

    @rule(seconds=st.sampled_from([1, WAIT, DAY, 12 * DAY]))
    def wait(self, seconds: int) -> None:
        self.now += seconds

    @rule(person=st.sampled_from(PEOPLE), entity=st.sampled_from(ENTITIES))
    def change_of_office(self, person: str, entity: str) -> None:
        self.offices ^= {(person, entity)}

    def _covered(self, agent: str, represented: str, asked: Asked) -> bool:
        """By the deeds alone: an office, one mandate, or one of an agency and then its employee or its own people."""
        if (agent, represented) in self.offices:
            return True
        for first in self.deeds.values():
            acts = first.kind in (Kind.DELEGATED, Kind.PERSONAL)
            if not acts or first.parent or first.principal != represented or not first.counts(self.now):
                continue
            if not first.covers(asked):
                continue
            if first.agent == agent or (agent, first.agent) in self.offices:
                return True
            for second in self.deeds.values():
                under = second.parent is not None and self.deeds[second.parent] is first and first.delegable
                if under and second.agent == agent and second.counts(self.now) and second.covers(asked):
                    return True
        return False

    @invariant()
    def power_is_what_the_deeds_cover(self) -> None:
        offices = [Office(person, entity) for person, entity in self.offices]
        for agent in PEOPLE:
            for represented in PEOPLE + ENTITIES:
                if agent == represented:
                    continue
                found = list(chains(agent, represented, THEME, self.mandates.values(), offices, now=self.now))
                for action in ACTIONS:
                    for service, amount in (("s1", None), ("s1", Limit(300)), ("s2", None), ("s3", None)):
                        asked = Asked(action, service, amount)
                        allowed = decide(asked, found, THEME, ial=2) is not None
                        knows = action in THEME.acts(service) and action is not Action.MANAGE
                        assert allowed == (knows and self._covered(agent, represented, asked)), (agent, represented)
                        assert decide(asked, found, THEME, ial=1) is None


Powers.TestCase.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)
TestPowers = pytest.mark.exhaustive(Powers.TestCase)
