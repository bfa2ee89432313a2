"""Four eyes: two parties, one decision, one execution, in one transaction; and nothing after an end."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.console.acts import disable
from idp.console.rules import (
    PROPOSAL_LIFETIME,
    Assignment,
    Denied,
    Operator,
    OperatorState,
    Proposal,
    ProposalState,
    Reason,
    Role,
    assignments,
    canonical_name,
    may_decide,
)
from idp.db import DatabaseUnavailable
from tests.console.staff import WHY, Staff, enrol, on_duty
from tests.console.test_people import trail
from tests.provider import Site

NOW = 1_800_000_000
OPEN = Proposal("prp_1", "suspend", "pty_3", {}, "why", "pty_1", NOW, NOW + 100, ProposalState.OPEN, None, None)
roles = st.sets(st.sampled_from(list(Role)))


@pytest.fixture
def first(site: Site) -> Staff:
    return on_duty(site, "li.na", Role.REVIEW, Role.PLATFORM)


@pytest.fixture
def second(site: Site) -> Staff:
    return on_duty(site, "zhao.min", Role.PLATFORM)


def state(site: Site, proposal: str) -> str:
    return str(site.one("SELECT state FROM proposal WHERE id = :id", id=proposal.rsplit("/", 1)[1]))


def suspended(site: Site) -> bool:
    return site.one("SELECT status FROM party WHERE kind = 'person'") == "suspended"


def operator(party: str, *held: Role) -> Operator:
    return Operator(party, "x", OperatorState.ACTIVE, frozenset(Assignment(role) for role in held), NOW)


@given(roles, roles, st.sampled_from(list(ProposalState)), st.integers(0, 200))
def test_nobody_decides_on_their_own_proposal(
    held: set[Role], needed: set[Role], stands: ProposalState, after: int
) -> None:
    proposal = OPEN._replace(state=stands)
    assert isinstance(may_decide(proposal, operator("pty_1", *held), roles=needed, now=NOW + after), Denied)
    allowed = may_decide(proposal, operator("pty_2", *held), roles=needed, now=NOW + after) is None
    assert allowed == (stands is ProposalState.OPEN and after < 100 and bool(held & needed))


def test_a_disabled_operator_decides_on_nothing() -> None:
    gone = replace(operator("pty_2", Role.REVIEW), state=OperatorState.DISABLED)
    assert may_decide(OPEN, gone, roles=[Role.REVIEW], now=NOW) == Denied(Reason.ROLE_NEEDED)


@given(st.sets(st.sampled_from(list(Role))), st.sets(st.sampled_from(["one", "two"])))
def test_a_department_operator_has_a_sector_and_nobody_else_one(wanted: set[Role], sectors: set[str]) -> None:
    made = assignments(wanted, sectors)
    if isinstance(made, Denied):
        assert not wanted or (Role.DEPARTMENT in wanted) != bool(sectors)
    else:
        assert {role for role, _ in made} == wanted
        assert {scope for role, scope in made if role is Role.DEPARTMENT} == sectors
        assert not any(scope for role, scope in made if role is not Role.DEPARTMENT)


@given(st.text(max_size=50))
def test_a_name_has_one_canonical_form(text: str) -> None:
    name = canonical_name(text)
    assert name is None or canonical_name(name) == name
    assert name is None or canonical_name(f" {name.upper()} ") in (name, canonical_name(name.upper()))


# -- over HTTP


def test_one_person_with_two_sessions_is_one_person(site: Site, first: Staff) -> None:
    proposal = first.propose("suspend")
    other = first.sign_in(site.browser())
    page = other.get(proposal).text
    assert 'value="approve"' not in page
    answer = other.submit(proposal, {**WHY, "decision": "approve"})
    assert answer.status_code == 422
    assert state(site, proposal) == "open"
    assert not suspended(site)


def test_a_second_operator_sees_the_difference_and_approves(site: Site, first: Staff, second: Staff) -> None:
    proposal = first.propose("suspend")
    assert "138****0001" in second.get(proposal).text
    assert proposal in second.get("/console").text
    assert second.approve(proposal).status_code == 303
    assert (state(site, proposal), suspended(site)) == ("done", True)
    assert [row[1] for row in trail(site, "operator:proposal:approved")] == [second.party]
    assert [row[1] for row in trail(site, "operator:proposal:made")] == [first.party]


def test_a_refused_proposal_does_nothing_and_stays_refused(site: Site, first: Staff, second: Staff) -> None:
    proposal = first.propose("suspend")
    assert second.submit(proposal, {**WHY, "decision": "refuse"}).status_code == 303
    assert second.approve(proposal).status_code == 422
    assert (state(site, proposal), suspended(site)) == ("refused", False)


def test_a_decision_without_a_reason_or_a_reason_without_a_decision_is_none(
    site: Site, first: Staff, second: Staff
) -> None:
    proposal = first.propose("suspend")
    assert second.submit(proposal, {"decision": "approve"}).status_code == 422
    assert second.submit(proposal, WHY).status_code == 422
    assert second.submit(proposal, {**WHY, "decision": "perhaps"}).status_code == 422
    assert state(site, proposal) == "open"


def test_who_proposed_withdraws_and_nobody_else(site: Site, first: Staff, second: Staff) -> None:
    proposal = first.propose("suspend")
    second.submit(proposal, {"withdraw": "yes"})
    assert state(site, proposal) == "open"
    first.submit(proposal, {"withdraw": "yes"})
    assert state(site, proposal) == "withdrawn"
    assert second.approve(proposal).status_code == 422


def test_a_proposal_expires(site: Site, first: Staff, second: Staff) -> None:
    proposal = first.propose("suspend")
    site.later += PROPOSAL_LIFETIME
    second.sign_in()
    assert second.approve(proposal).status_code == 422
    assert not suspended(site)


def test_the_proposals_of_a_disabled_operator_die(site: Site, first: Staff, second: Staff) -> None:
    proposal = first.propose("suspend")
    with site.provider.database.transaction() as tx:
        assert disable(tx, first.party, actor=None, now=site.now()) is None
    assert first.get("/console").status_code == 303
    assert second.approve(proposal).status_code == 422
    assert (state(site, proposal), suspended(site)) == ("void", False)


def test_a_proposal_about_what_has_changed_ends_void(site: Site, first: Staff, second: Staff) -> None:
    proposal = first.propose("suspend")
    with site.provider.database.transaction() as tx:
        from idp.accounts.actions import move_status
        from idp.accounts.rules import PartyStatus

        move_status(tx, site.party(), before=PartyStatus.ACTIVE, after=PartyStatus.CLOSED)
    assert second.approve(proposal).status_code == 422
    assert state(site, proposal) == "void"


def test_the_same_is_not_proposed_twice(first: Staff, second: Staff) -> None:
    first.propose("suspend")
    assert second.submit(f"{second.look_at()}/suspend", WHY).status_code == 422


def test_of_two_decisions_at_once_one_wins_and_the_act_is_done_once(site: Site, first: Staff, second: Staff) -> None:
    third = on_duty(site, "sun.li", Role.REVIEW)
    fourth = on_duty(site, "wu.jie", Role.REVIEW)
    proposal = first.propose("suspend")
    with ThreadPoolExecutor(3) as pool:
        answers = list(pool.map(lambda staff: staff.approve(proposal).status_code, (second, third, fourth)))
    assert sorted(answers) == [303, 422, 422]
    assert len(trail(site, "operator:person:suspended")) == 1


def test_a_decision_that_cannot_be_carried_out_for_a_fault_is_not_made(
    site: Site, first: Staff, second: Staff, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object, **__: object) -> None:
        raise DatabaseUnavailable("away")

    proposal = first.propose("suspend")
    monkeypatch.setattr("idp.signin.interventions.enqueue", away)
    assert second.approve(proposal).status_code == 503
    assert (state(site, proposal), suspended(site)) == ("open", False)


# -- inviting


def invitation(staff: Staff, name: str, role: str, sector: str = "") -> str:
    answer = staff.submit("/console/operators/invite", {"name": name, "role": role, "sector": sector, **WHY})
    assert answer.status_code == 303, answer.text
    return str(answer.headers["Location"]).partition("?")[0]


def test_an_invited_operator_needs_two_platform_operators(site: Site, first: Staff, second: Staff) -> None:
    proposal = invitation(first, "sun.li", "department", "one")
    clerk = on_duty(site, "wu.jie", Role.REVIEW)
    assert clerk.get(proposal).status_code == 404
    answer = second.approve(proposal)
    assert answer.status_code == 200
    link = answer.text.split('id="link"')[1].split(">")[1].split("<")[0]
    path = "/console/enrol?" + link.partition("?")[2]
    assert link.startswith("http://localhost:8000/console/enrol?k=")
    assert enrol(site, path)[0].status_code == 303
    assert link.partition("=")[2] not in second.get(proposal).text


@pytest.mark.parametrize(
    ("name", "role", "sector"),
    [("", "platform", ""), ("x", "platform", ""), ("li.na", "platform", ""), ("sun.li", "", ""),
     ("sun.li", "king", ""), ("sun.li", "department", ""), ("sun.li", "review", "one"), ("a b", "review", "")],
)  # fmt: skip
def test_a_faulty_invitation_is_not_proposed(site: Site, first: Staff, name: str, role: str, sector: str) -> None:
    form = {"name": name, "role": role, "sector": sector, **WHY}
    assert first.submit("/console/operators/invite", form).status_code == 422
    assert site.one("SELECT COUNT(*) FROM proposal") == 0
