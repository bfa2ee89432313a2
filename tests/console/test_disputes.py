"""Operators read and answer disputes: urgent ones first, each look recorded, one answer for each."""

import pytest

from idp.console.rules import Role
from tests.console.staff import Staff, on_duty
from tests.provider import Browser, Site

ANSWER = {"decision": "rejected", "answer": "与登记一致，请携带证件到窗口核对。"}


@pytest.fixture
def clerk(site: Site) -> Staff:
    return on_duty(site, "li.na", Role.REVIEW)


@pytest.fixture
def filed(site: Site, signed_in: Browser) -> str:
    """The address of a dispute that somebody filed."""
    signed_in.submit("/account/disputes/new", {"item": "level", "text": "应当更高"})
    return f"/console/disputes/{site.one('SELECT id FROM dispute')}"


def looks(site: Site) -> int:
    return int(site.one("SELECT COUNT(*) FROM audit_event WHERE event = 'operator:dispute:viewed'"))


def test_the_queue_names_no_person_and_opening_is_a_look(site: Site, clerk: Staff, filed: str) -> None:
    queue = clerk.get("/console/disputes").text
    assert filed in queue
    assert "应当更高" not in queue
    assert looks(site) == 0
    assert "应当更高" in clerk.get(filed).text
    assert looks(site) == 1


def test_the_person_reads_the_answer_and_is_told(site: Site, clerk: Staff, filed: str, signed_in: Browser) -> None:
    done = clerk.submit(filed, ANSWER)
    assert done.headers["Location"] == "/console/disputes?done=dispute_answered"
    assert filed not in clerk.get("/console/disputes").text
    assert ANSWER["answer"] in clerk.get(filed).text
    assert ANSWER["answer"] in signed_in.sign_in().get("/account/disputes").text
    assert site.outbox("sms")[-1]["template"] == "dispute_answered"


@pytest.mark.parametrize("changes", [{"decision": ""}, {"decision": "maybe"}, {"answer": ""}, {"answer": "x" * 1001}])
def test_an_answer_is_a_decision_with_its_reason(
    site: Site, clerk: Staff, filed: str, changes: dict[str, str]
) -> None:
    assert clerk.submit(filed, ANSWER | changes).status_code == 422
    assert site.one("SELECT state FROM dispute") == "filed"


def test_the_second_of_two_answers_changes_nothing(site: Site, clerk: Staff, filed: str) -> None:
    clerk.submit(filed, ANSWER)
    assert clerk.submit(filed, ANSWER | {"decision": "accepted"}).status_code == 422
    assert site.one("SELECT state FROM dispute") == "rejected"


def test_who_is_no_caseworker_sees_no_dispute(site: Site, filed: str) -> None:
    auditor = on_duty(site, "zhao.lei", Role.AUDIT)
    department = on_duty(site, "sun.yu", Role.DEPARTMENT, sectors=("one",))
    for staff in (auditor, department):
        assert staff.get("/console/disputes").status_code == 403
        assert staff.get(filed).status_code == 403
        assert staff.submit(filed, ANSWER).status_code == 403
    assert looks(site) == 0


@pytest.mark.parametrize("key", ["dsp_nobody", "x" * 300])
def test_what_is_no_dispute_is_not_found(clerk: Staff, key: str) -> None:
    assert clerk.get(f"/console/disputes/{key}").status_code == 404
