"""Four eyes: two parties, one decision, one execution, in one transaction; and nothing after an end."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.test import TestResponse

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
from tests.console.staff import PASSWORD, WHY, Staff, enrol, on_duty, opened
from tests.console.test_people import trail
from tests.provider import Site

NOW = 1_800_000_000
HOST = "http://localhost:8000"
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
        from idp.accounts.parties import move_status
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
    monkeypatch.setattr("idp.signin.interventions.tell", away)
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
    code = shown(answer, "enrolment-code")
    assert code not in second.get(proposal).text
    assert "/console/enrol" not in answer.text
    link = shown(first.submit(proposal, {"link": "show"}), "link")
    assert link.startswith("http://localhost:8000/console/enrol?k=")
    assert enrol(site, opened(site, link.removeprefix("http://localhost:8000"), code))[0].status_code == 303
    assert 'name="link"' not in first.get(proposal).text
    assert first.submit(proposal, {"link": "show"}).status_code == 303


def shown(answer: TestResponse, what: str) -> str:
    assert answer.status_code == 200, answer.text
    return answer.text.split(f'id="{what}"')[1].split(">")[1].split("<")[0]


@pytest.fixture
def approved(first: Staff, second: Staff) -> tuple[str, str, str]:
    """The proposal, the path of the link its proposer was shown, the code its approver was shown."""
    proposal = invitation(first, "sun.li", "review")
    code = shown(second.approve(proposal), "enrolment-code")
    return proposal, shown(first.submit(proposal, {"link": "show"}), "link").removeprefix(HOST), code


def test_the_link_is_shown_to_the_proposer_alone(
    site: Site, first: Staff, second: Staff, approved: tuple[str, str, str]
) -> None:
    proposal, link, _ = approved
    third = on_duty(site, "wu.jie", Role.PLATFORM)
    for other in (second, third):
        assert 'name="link"' not in other.get(proposal).text
        assert other.submit(proposal, {"link": "show"}).status_code == 303
    assert site.browser().get(link).status_code == 200  # nobody has put another in its place
    waiting = invitation(first, "zhou.yu", "review")
    assert 'name="link"' not in first.get(waiting).text
    assert first.submit(waiting, {"link": "show"}).status_code == 303
    assert [row[1] for row in trail(site, "operator:operator:link_shown")] == [first.party]


def test_the_link_alone_shows_nothing_and_stores_nothing(site: Site, approved: tuple[str, str, str]) -> None:
    _, link, _ = approved
    page = site.browser().get(link).text
    assert 'id="secret"' not in page
    assert "sun.li" not in page
    assert site.browser().submit(link, {"new_password": PASSWORD, "code": "123456"}).status_code == 422
    assert site.one("SELECT COUNT(*) FROM totp") == 2  # the two at work


def test_who_typed_the_code_has_a_link_of_their_own(site: Site, first: Staff, approved: tuple[str, str, str]) -> None:
    proposal, link, code = approved
    own = opened(site, link, f" {code[:4]} {code[4:]} ")
    assert site.browser().get(link).status_code == 400
    assert first.submit(proposal, {"link": "show"}).status_code == 303
    assert enrol(site, own)[0].status_code == 303


def test_five_wrong_codes_end_the_invitation_and_a_new_link_gives_no_more_tries(
    site: Site, first: Staff, approved: tuple[str, str, str]
) -> None:
    proposal, link, code = approved
    wrong = f"{(int(code) + 1) % 10**8:08}"
    for _ in range(3):
        assert site.browser().submit(link, {"enrolment_code": wrong}).status_code == 422
    link = shown(first.submit(proposal, {"link": "show"}), "link").removeprefix(HOST)
    assert site.browser().submit(link, {"enrolment_code": wrong}).status_code == 422
    assert site.browser().submit(link, {"enrolment_code": wrong}).status_code == 400
    assert site.browser().submit(link, {"enrolment_code": code}).status_code == 400
    assert first.submit(proposal, {"link": "show"}).status_code == 303
    assert len(trail(site, "operator:operator:code_refused")) == 5


def test_codes_tried_at_once_are_counted(site: Site, approved: tuple[str, str, str]) -> None:
    _, link, code = approved
    wrong = [f"{(int(code) + n) % 10**8:08}" for n in range(1, 13)]
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda one: site.browser().submit(link, {"enrolment_code": one}).status_code, wrong))
    assert sorted(answers) == [400] * 8 + [422] * 4


@pytest.mark.parametrize(
    ("name", "role", "sector"),
    [("", "platform", ""), ("x", "platform", ""), ("li.na", "platform", ""), ("sun.li", "", ""),
     ("sun.li", "king", ""), ("sun.li", "department", ""), ("sun.li", "review", "one"), ("a b", "review", "")],
)  # fmt: skip
def test_a_faulty_invitation_is_not_proposed(site: Site, first: Staff, name: str, role: str, sector: str) -> None:
    form = {"name": name, "role": role, "sector": sector, **WHY}
    assert first.submit("/console/operators/invite", form).status_code == 422
    assert site.one("SELECT COUNT(*) FROM proposal") == 0
