"""The life of a case: what each step gives and takes, and what is refused, each refusal with its record."""

from dataclasses import replace
from typing import Any

import pytest

from idp.accounts.rules import Mobile
from idp.assisted.actions import BySms, Carded
from idp.assisted.rules import DAY, Case, CaseState, Matter, PaperKind, Refusal, Seen
from idp.cli.maintenance import purge_all
from idp.entities.rules import Acting, Via
from idp.mandates.rules import State, Step
from idp.mandates.scopes import Action
from tests.assisted.register_walks import CARD, PENSION, Counter, denied, session
from tests.entities.conftest import ONE, PEOPLE, THREE, TWO
from tests.mandates.conftest import to_person


def known(phone: str) -> Carded:
    """The card of somebody who has an account."""
    addressee = to_person(phone)
    return replace(CARD, name=type(CARD.name)(PEOPLE[phone][0]), document=addressee.number)


def test_a_farmers_case_from_the_card_to_the_conclusion(counter: Counter) -> None:
    case = counter.authorised()
    chain = counter.may(counter.clerk, case.citizen)
    assert chain is not None
    assert chain.capacity == "clerk"
    assert [one.id for one in chain.mandates] == list(case.mandates)
    done = counter.do("conclude", counter.clerk, case.id, note="已确认")
    assert done.state is CaseState.CONCLUDED
    assert counter.may(counter.clerk, case.citizen) is None
    entries, whole = counter.look("steps", case)
    assert whole
    assert [one.step for one in entries] == ["open", "accept", "paper", "witness", "authorise", "conclude"]
    assert [one.kind for one in counter.look("papers", case)] == ["acceptance", "authority", "conclusion"]
    assert counter.refusals() == []


def test_somebody_without_an_account_gets_one_that_nobody_can_sign_in_to(counter: Counter) -> None:
    case = counter.opened()
    kinds = counter.site.one("SELECT GROUP_CONCAT(kind) FROM party_identifier WHERE party_id = :p", p=case.citizen)
    assert kinds == "id_number"
    assert counter.site.one("SELECT level FROM evidence WHERE party_id = :p", p=case.citizen) == 3
    assert counter.opened(replace(CARD, seen=Seen.DOCUMENT_SEEN)).citizen == case.citizen
    assert counter.site.one("SELECT COUNT(*) FROM evidence WHERE party_id = :p", p=case.citizen) == 1


def test_what_was_typed_from_a_card_proves_less_than_one_that_was_read(counter: Counter) -> None:
    typed = counter.opened(replace(CARD, seen=Seen.DOCUMENT_SEEN))
    assert counter.site.one("SELECT level FROM evidence WHERE party_id = :p", p=typed.citizen) == 2
    counter.do("accept", counter.clerk, typed.id)
    agreed = counter.hash(typed)
    counter.do("bring_paper", counter.clerk, typed.id, b"scan", text_hash=agreed)
    assert denied(counter.do("witness", counter.colleague, typed.id, text_hash=agreed)) is Refusal.LEVEL


def test_another_name_on_a_known_number_is_nobody(counter: Counter) -> None:
    counter.opened()
    other = replace(CARD, name=type(CARD.name)("田秀兰"))
    assert denied(counter.do("open", counter.clerk, other, [PENSION])) is Refusal.CITIZEN


def test_nobody_is_their_own_clerk(counter: Counter) -> None:
    assert denied(counter.do("open", counter.clerk, known(THREE), [PENSION])) is Refusal.SELF


@pytest.mark.parametrize(
    "matters",
    [
        [],
        [PENSION, PENSION],
        [Matter("tax.refund", "hn-tax-20", frozenset({Action.SUBMIT}))],
        [Matter("counter.assist", "hn-assist-01", frozenset({Action.VIEW}))],
        [replace(PENSION, actions=frozenset({Action.MANAGE}))],
    ],
)
def test_what_is_no_matter_of_a_persons_is_refused(counter: Counter, matters: Any) -> None:
    assert denied(counter.do("open", counter.clerk, CARD, matters)) is Refusal.MATTERS


def test_nothing_is_concluded_without_the_citizens_evidence(counter: Counter) -> None:
    case = counter.opened()
    for _ in range(2):
        assert denied(counter.do("conclude", counter.clerk, case.id, note="好")) is Refusal.STATE
        counter.do("accept", counter.clerk, case.id)
    nothing = BySms("000000")
    found = counter.do("authorise", counter.clerk, case.id, nothing, text_hash=counter.hash(case))
    assert denied(found) is Refusal.NO_EVIDENCE
    assert counter.may(counter.clerk, case.citizen) is None


def test_paper_counts_once_another_clerk_has_seen_it_signed(counter: Counter) -> None:
    case = counter.accepted()
    agreed = counter.hash(case)
    assert denied(counter.do("witness", counter.colleague, case.id, text_hash=agreed)) is Refusal.NO_EVIDENCE
    kept = counter.do("bring_paper", counter.clerk, case.id, b"scan", text_hash=agreed)
    assert kept.state is CaseState.ACCEPTED
    assert counter.look("waits_for_witness", kept)
    assert denied(counter.do("witness", counter.clerk, case.id, text_hash=agreed)) is Refusal.WITNESS
    assert denied(counter.do("witness", counter.colleague, case.id, text_hash="0" * 64)) is Refusal.TEXT
    found = counter.do("witness", counter.colleague, case.id, text_hash=agreed)
    assert (found.state, found.clerk) == (CaseState.AUTHORISED, counter.clerk.person)


def test_a_code_wrong_five_times_is_wrong_for_ever_and_a_new_one_is_sent(counter: Counter) -> None:
    case = counter.accepted(known(TWO))
    agreed, sent = counter.hash(case), Mobile.parse(TWO)
    assert counter.do("ask_sms", counter.clerk, case.id, phone=sent, text_hash=agreed) == sent.masked  # type: ignore[union-attr]
    text = counter.site.outbox("sms")[-1]
    assert text["params"]["matters"] == "养老待遇：领取资格确认"
    right = text["params"]["code"]
    wrong = BySms("000000" if right != "000000" else "000001")
    for _ in range(5):
        assert denied(counter.do("authorise", counter.clerk, case.id, wrong, text_hash=agreed)) is Refusal.CODE
    found = counter.do("authorise", counter.clerk, case.id, BySms(right), text_hash=agreed)
    assert denied(found) is Refusal.CODE_TRIES
    counter.do("ask_sms", counter.clerk, case.id, phone=None, text_hash=agreed)
    fresh = BySms(counter.site.text_code())
    assert counter.do("authorise", counter.clerk, case.id, fresh, text_hash=agreed).state is CaseState.AUTHORISED
    assert counter.refusals() == [Refusal.CODE] * 5 + [Refusal.CODE_TRIES]


def test_a_code_is_good_for_ten_minutes(counter: Counter) -> None:
    case = counter.accepted(known(TWO))
    counter.do("ask_sms", counter.clerk, case.id, phone=None, text_hash=counter.hash(case))
    code = BySms(counter.site.text_code())
    counter.site.later += 600
    found = counter.do("authorise", counter.clerk, case.id, code, text_hash=counter.hash(case))
    assert denied(found) is Refusal.CODE_EXPIRED


def test_a_code_goes_to_no_phone_that_a_clerk_calls_theirs(counter: Counter) -> None:
    case = counter.accepted(known(TWO))
    other = Mobile.parse("13999990000")
    found = counter.do("ask_sms", counter.clerk, case.id, phone=other, text_hash=counter.hash(case))
    assert denied(found) is Refusal.NO_PHONE
    farmer = counter.accepted(replace(CARD, phone=other))
    found = counter.do("ask_sms", counter.clerk, farmer.id, phone=other, text_hash=counter.hash(farmer))
    assert denied(found) is Refusal.NO_PHONE


def test_another_offices_clerk_learns_of_no_case(counter: Counter) -> None:
    case = counter.authorised()
    elsewhere = replace(counter.colleague, unit="税务窗口")
    for step in ("suspend", "conclude", "withdraw"):
        assert denied(counter.do(step, elsewhere, case.id, note="看")) is Refusal.NO_CASE
    assert denied(counter.do("resume", elsewhere, case.id)) is Refusal.NO_CASE
    assert denied(counter.do("case", elsewhere, "asc_none")) is Refusal.NO_CASE
    assert counter.look("cases_of", elsewhere) == []
    assert counter.refusals() == [Refusal.NO_CASE] * 5


def test_a_colleague_goes_on_and_the_one_before_does_not(counter: Counter) -> None:
    case = counter.authorised()
    taken = counter.do("resume", counter.colleague, case.id)
    assert counter.may(counter.colleague, case.citizen) is not None
    assert counter.may(counter.clerk, case.citizen) is None
    assert taken.mandates != case.mandates
    assert counter.do("suspend", counter.clerk, case.id, note="缺材料").state is CaseState.SUSPENDED
    assert counter.may(counter.colleague, case.citizen) is None
    assert counter.do("resume", counter.clerk, case.id).state is CaseState.AUTHORISED
    assert counter.may(counter.clerk, case.citizen) is not None


def test_nothing_is_done_after_the_term_and_the_clock_lets_it_lapse(counter: Counter) -> None:
    case = counter.authorised()
    counter.site.later += 86401
    assert counter.may(counter.clerk, case.citizen) is None
    assert denied(counter.do("conclude", counter.clerk, case.id, note="好")) is Refusal.OVER
    counter.site.provider.assisted.keeping.run_due(counter.site.now())
    assert counter.case(case).state is CaseState.LAPSED
    assert counter.site.one("SELECT state FROM mandate WHERE id = :id", id=case.mandates[0]) != "active"


def test_the_citizen_objects_by_what_the_message_says_and_all_stops(counter: Counter) -> None:
    case = counter.authorised()
    said = counter.site.outbox()[-1]["params"]
    assert said["office"].endswith("社保窗口")
    assert denied(counter.do("object_by_code", "0" * 12, said["code"])) is Refusal.OBJECTION
    wrong = "000000" if said["code"] != "000000" else "000001"
    assert denied(counter.do("object_by_code", said["reference"], wrong)) is Refusal.OBJECTION
    found = counter.do("object_by_code", said["reference"], said["code"])
    assert found.state is CaseState.OBJECTED
    assert counter.may(counter.clerk, case.citizen) is None
    assert denied(counter.do("resume", counter.clerk, case.id)) is Refusal.STATE
    assert counter.do("object_by_code", said["reference"], said["code"]).state is CaseState.OBJECTED


def test_an_objection_is_open_to_the_citizen_alone_and_after_the_conclusion_too(counter: Counter) -> None:
    case = counter.authorised()
    counter.do("conclude", counter.clerk, case.id, note="已确认")
    other = counter.mandates.party(ONE)
    assert denied(counter.do("object", other, case.id)) is Refusal.NO_CASE
    assert counter.do("object", case.citizen, case.id).state is CaseState.OBJECTED


def test_five_wrong_codes_close_the_objection_by_message(counter: Counter) -> None:
    counter.authorised()
    said = counter.site.outbox()[-1]["params"]
    wrong = "000000" if said["code"] != "000000" else "000001"
    for _ in range(5):
        counter.do("object_by_code", said["reference"], wrong)
    assert denied(counter.do("object_by_code", said["reference"], said["code"])) is Refusal.OBJECTION


@pytest.mark.parametrize(("step", "state"), [(Step.FREEZE, CaseState.OBJECTED), (Step.REVOKE, CaseState.WITHDRAWN)])
def test_what_the_citizen_does_to_the_mandate_is_done_to_the_case(
    counter: Counter, step: Step, state: CaseState
) -> None:
    case = counter.authorised()
    with counter.site.provider.database.transaction() as tx:
        counter.site.provider.moving.step(
            tx, case.mandates[0], step, person=case.citizen, party=case.citizen, now=counter.site.now()
        )
    assert counter.case(case).state is state
    assert counter.site.one("SELECT state FROM mandate WHERE id = :id", id=case.mandates[0]) not in (
        State.ACTIVE,
        State.SUSPENDED,
    )


def test_a_clerk_whose_mandate_as_staff_is_frozen_acts_for_nobody(counter: Counter) -> None:
    case = counter.authorised()
    assert counter.mandates.step(counter.clerk.mandate, Step.FREEZE, ONE, counter.mandates.entity) is State.SUSPENDED
    assert counter.case(case).state is CaseState.SUSPENDED
    assert counter.may(counter.clerk, case.citizen) is None
    acting = Acting(counter.clerk.organ, "employee", Via.MANDATE, counter.clerk.mandate)
    found = counter.do("clerk_of", session(counter.clerk.person, acting, now=counter.site.now()))
    assert denied(found) is Refusal.NOT_CLERK
    assert counter.do("resume", counter.colleague, case.id).state is CaseState.AUTHORISED


@pytest.mark.parametrize(
    ("methods", "later", "reason"),
    [("pwd", 0, Refusal.CLERK_FACTORS), ("pwd sms", 43200, Refusal.CLERK_FACTORS)],
)
def test_a_clerk_has_shown_two_factors_within_the_working_day(
    counter: Counter, methods: str, later: int, reason: Refusal
) -> None:
    acting = Acting(counter.clerk.organ, "employee", Via.MANDATE, counter.clerk.mandate)
    begun = session(counter.clerk.person, acting, now=counter.site.now(), methods=methods)
    counter.site.later += later
    assert denied(counter.do("clerk_of", begun)) is reason


def test_who_acts_for_nobody_or_for_an_enterprise_is_no_clerk(counter: Counter) -> None:
    now = counter.site.now()
    assert denied(counter.do("clerk_of", session(counter.clerk.person, None, now=now))) is Refusal.NOT_CLERK
    counter.site.execute("UPDATE legal_entity SET type = 'enterprise'")
    acting = Acting(counter.clerk.organ, "employee", Via.MANDATE, counter.clerk.mandate)
    assert denied(counter.do("clerk_of", session(counter.clerk.person, acting, now=now))) is Refusal.NOT_CLERK


def test_a_paper_is_the_same_bytes_each_time_and_is_checked_by_its_hash(counter: Counter) -> None:
    case = counter.authorised()
    slip = next(one for one in counter.look("papers", case) if one.kind is PaperKind.AUTHORITY)
    first, second = (counter.look("paper", case, slip.id).text for _ in range(2))
    assert first == second
    assert "田秀英" in first
    assert "430199195003070021" not in first
    assert counter.look("check_paper", slip.number, slip.hash[:16])[0] == slip
    assert counter.look("check_paper", slip.number, "0" * 16) is None
    assert counter.look("check_paper", slip.number, "") is None


def test_closing_the_citizens_account_ends_the_case_and_forgets_the_phone(counter: Counter) -> None:
    case = counter.authorised(replace(CARD, phone=Mobile.parse("13999990000")))
    provider = counter.site.provider
    with provider.database.transaction() as tx:
        provider.assisted.keeping.erase(tx, case.citizen, now=counter.site.now())
    assert counter.case(case).state is CaseState.WITHDRAWN
    assert counter.look("shown", case).phone == ""
    assert counter.site.one("SELECT COUNT(*) FROM assisted_objection") == 0
    assert counter.may(counter.clerk, case.citizen) is None


def test_codes_go_when_they_are_over_and_while_they_count_stay(counter: Counter) -> None:
    """Of a case that nobody ends as well; how many messages it had is known as long as it could have more."""
    site, objected = counter.site, counter.authorised()
    case = counter.accepted(known(ONE))
    agreed = counter.hash(case)
    with site.provider.database.transaction() as tx:
        counter.assisting._codes.draw(tx, case, phone="138****", text_hash=agreed, now=site.now())
    over = site.one("SELECT expires_at FROM assisted_code")
    last = site.one("SELECT MAX(expires_at) FROM assisted_objection WHERE case_id = :case", case=objected.id)

    def left(at: int) -> tuple[int, int]:
        provider = site.provider
        purge_all(provider.database, provider.settings, provider.passwords.policy, now=at)
        return site.one("SELECT COUNT(*) FROM assisted_code"), site.one("SELECT COUNT(*) FROM assisted_objection")

    offered = left(over + DAY - 1)[1]
    assert offered > 0
    assert left(over + DAY - 1) == (1, offered)
    assert left(over + DAY) == (0, offered)
    assert left(last) == (0, 0)


def test_papers_go_with_the_years_and_the_history_stays(counter: Counter) -> None:
    case = counter.authorised()
    counter.do("conclude", counter.clerk, case.id, note="已确认")
    counter.site.later += 1097 * 86400
    counter.site.provider.assisted.keeping.run_old(counter.site.now())
    assert counter.look("shown", case).name == ""
    slip = counter.look("papers", case)[0]
    assert counter.look("paper", case, slip.id) is None
    assert counter.look("steps", case)[1]


def test_a_second_case_with_the_same_clerk_in_the_same_theme_waits(counter: Counter) -> None:
    counter.authorised()
    case = counter.accepted()
    agreed = counter.hash(case)
    counter.do("bring_paper", counter.clerk, case.id, b"scan", text_hash=agreed)
    assert denied(counter.do("witness", counter.colleague, case.id, text_hash=agreed)) is Refusal.RUNNING
    assert isinstance(counter.case(case), Case)
