"""Every magic number of the registers, and who they know, through the real clients against the running sandbox."""

from dataclasses import replace
from datetime import date

import pytest

from adapters.sandbox.register_entries import load_entries
from adapters.sandbox.register_magic import ENTITY_MAGIC, PERSON_MAGIC
from adapters.sandbox.settings import SandboxSettings
from idp.proofing.ports import (
    Deceased,
    DocumentType,
    EnterpriseQuestion,
    EnterpriseRecord,
    EntityStatus,
    Match,
    Mismatch,
    NameNumberQuestion,
    NotFound,
    RegisterRole,
    Unavailable,
    UnavailableReason,
    Unusable,
    UnusableReason,
)
from tests.providers.conftest import IMPATIENT, RunningSandbox

KNOWN = load_entries(SandboxSettings().entries)


def away(reason: UnavailableReason, retry_after: int | None = None) -> Unavailable:
    return Unavailable(reason, retry_after)


LATE = away(UnavailableReason.TIMEOUT)
DOWN = away(UnavailableReason.PROVIDER_ERROR)
MALFORMED = away(UnavailableReason.MALFORMED_ANSWER)
UNSIGNED = away(UnavailableReason.ANSWER_UNSIGNED)
SWAPPED = away(UnavailableReason.ANSWER_SWAPPED)
GOOD = "good"
"""A match, or an active entity whose claims all match."""
FAULTS: list[list[object]] = [
    [DOWN, DOWN, DOWN],
    [DOWN, GOOD, GOOD],
    [LATE],
    [GOOD],
    [MALFORMED],
    [UNSIGNED],
    [UNSIGNED],
    [away(UnavailableReason.ANSWER_STALE)],
    [SWAPPED],
    [SWAPPED],
    [away(UnavailableReason.REDIRECTED)],
    [away(UnavailableReason.ANSWER_TOO_LARGE)],
    [UNSIGNED],
    [away(UnavailableReason.THROTTLED, 600)] * 2,
    [GOOD, GOOD],
    [away(UnavailableReason.UNREACHABLE)],
    [Unusable(UnusableReason.BAD_SIGNATURE)] * 2,
]
LONG = Match(date(2046, 12, 31))
PEOPLE: list[list[object]] = [
    [LONG],
    [Mismatch()],
    [NotFound()],
    [Deceased()],
    [Match(date(2020, 12, 31))],
    [Match(None)],
    [MALFORMED],
    [MALFORMED],
    *FAULTS,
]
ENTITIES: list[list[object]] = [
    [GOOD],
    [{"name_matches": False, "representative_matches": True}],
    [NotFound()],
    [{"representative_matches": False, "roles": frozenset()}],
    [{"status": EntityStatus.CANCELLED}],
    [{"status": EntityStatus.REVOKED}],
    [GOOD, {"representative_matches": False, "version": "2"}, {"representative_matches": False}],
    [{"status": EntityStatus.MOVED}],
    [{"status": EntityStatus.SUSPENDED}],
    [GOOD, {"status": EntityStatus.CANCELLED, "version": "2"}],
    [MALFORMED],
    [{"representative_matches": False, "roles": frozenset({RegisterRole.PARTNER})}],
    *FAULTS,
]
ALL_GOOD = {
    "status": EntityStatus.ACTIVE,
    "name_matches": True,
    "representative_matches": True,
    "roles": frozenset({RegisterRole.LEGAL_REPRESENTATIVE}),
}


def test_every_magic_number_is_expected_here() -> None:
    assert len(PEOPLE) == len(PERSON_MAGIC)
    assert len(ENTITIES) == len(ENTITY_MAGIC)


@pytest.mark.parametrize(("number", "answers"), [(m.number, a) for m, a in zip(PERSON_MAGIC, PEOPLE, strict=True)])
def test_a_magic_id_number_is_answered_as_its_row_says(
    sandbox: RunningSandbox, number: str, answers: list[object]
) -> None:
    for turn, expected in enumerate(answers):
        register = sandbox.population(timeout=IMPATIENT if expected == LATE else 3.0)
        result = register.check(NameNumberQuestion("任何人", "resident_id", number, f"chk_{turn}"))
        assert result == (LONG if expected == GOOD else expected)


@pytest.mark.parametrize(("code", "answers"), [(m.number, a) for m, a in zip(ENTITY_MAGIC, ENTITIES, strict=True)])
def test_a_magic_code_is_answered_as_its_row_says(sandbox: RunningSandbox, code: str, answers: list[object]) -> None:
    for turn, expected in enumerate(answers):
        register = sandbox.enterprise(timeout=IMPATIENT if expected == LATE else 3.0)
        result = register.find(EnterpriseQuestion(code, "某某公司", "任何人", "119999199001019009", f"chk_{turn}"))
        if expected == GOOD or isinstance(expected, dict):
            assert isinstance(result, EnterpriseRecord)
            fields = ALL_GOOD if expected == GOOD else expected
            assert {name: getattr(result, name) for name in fields} == fields
        else:
            assert result == expected


def test_a_magic_code_says_nothing_about_what_is_not_asked(sandbox: RunningSandbox) -> None:
    for order in (0, 1, 3, 11):
        result = sandbox.enterprise().find(
            EnterpriseQuestion(ENTITY_MAGIC[order].number, None, None, None, f"chk_{order}")
        )
        assert isinstance(result, EnterpriseRecord)
        assert (result.name_matches, result.representative_matches, result.roles) == (None, None, frozenset())


@pytest.mark.parametrize("person", KNOWN.people, ids=lambda person: person.number)
def test_whoever_is_in_the_register_is_found_by_name_and_number(sandbox: RunningSandbox, person: object) -> None:
    number, register = person.number, sandbox.population()  # type: ignore[attr-defined]
    question = NameNumberQuestion(person.name, person.document_type, number, "chk_1")  # type: ignore[attr-defined]
    right = register.check(question)
    assert isinstance(right, Deceased if person.status == "deceased" else Match)  # type: ignore[attr-defined]
    assert register.check(replace(question, name="王晓川", reference="chk_2")) == Mismatch()
    other = "passport" if person.document_type != "passport" else "taiwan_permit"  # type: ignore[attr-defined]
    assert register.check(replace(question, document_type=other, reference="chk_3")) == NotFound()


@pytest.mark.parametrize("name", ["阿卜杜·热合曼", "阿卜杜•热合曼", "阿卜杜・热合曼", " 阿卜杜·热合曼 "])
def test_every_form_of_the_middle_dot_is_one(sandbox: RunningSandbox, name: str) -> None:
    question = NameNumberQuestion(name, DocumentType.RESIDENT_ID, "650199197910150033", "chk_1")
    assert isinstance(sandbox.population().check(question), Match)


def test_whoever_is_in_no_register_is_not_found(sandbox: RunningSandbox) -> None:
    person = NameNumberQuestion("张三", "resident_id", "110101199003070011", "chk_1")
    assert sandbox.population().check(person) == NotFound()
    entity = EnterpriseQuestion("91110000MA00000000", None, None, None, "chk_1")
    assert sandbox.enterprise().find(entity) == NotFound()


@pytest.mark.parametrize("entity", KNOWN.enterprises, ids=lambda entity: entity.uscc)
def test_whoever_represents_an_entity_is_known_to_and_nobody_else(sandbox: RunningSandbox, entity: object) -> None:
    name, document_type, number, role = entity.people[0]  # type: ignore[attr-defined]
    question = EnterpriseQuestion(
        uscc=entity.uscc,  # type: ignore[attr-defined]
        name=entity.name,  # type: ignore[attr-defined]
        representative_name=name,
        representative_number=number,
        representative_document_type=document_type,
        reference="chk_1",
    )
    record = sandbox.enterprise().find(question)
    assert isinstance(record, EnterpriseRecord)
    assert (record.name_matches, record.representative_matches, record.roles) == (True, True, {RegisterRole(role)})
    assert record.status == entity.status  # type: ignore[attr-defined]
    stranger = sandbox.enterprise().find(
        replace(question, name="别的公司", representative_name="路人", reference="chk_2")
    )
    assert isinstance(stranger, EnterpriseRecord)
    assert (stranger.name_matches, stranger.representative_matches, stranger.roles) == (False, False, frozenset())


def test_a_partner_is_no_representative(sandbox: RunningSandbox) -> None:
    partnership = next(one for one in KNOWN.enterprises if len(one.people) == 2)
    name, _, number, _ = partnership.people[1]
    record = sandbox.enterprise().find(EnterpriseQuestion(partnership.uscc, None, name, number, "chk_1"))
    assert isinstance(record, EnterpriseRecord)
    assert (record.representative_matches, record.roles) == (False, {RegisterRole.PARTNER})


def test_a_reference_stands_for_one_question(sandbox: RunningSandbox) -> None:
    question = NameNumberQuestion("欧阳清岚", "resident_id", "430105199003070011", "chk_1")
    register = sandbox.population()
    assert register.check(question) == register.check(question)
    assert register.check(replace(question, name="张三")) == Unusable(UnusableReason.REFERENCE_CONFLICT)


def test_a_wrong_key_or_clock_is_refused(sandbox: RunningSandbox) -> None:
    question = NameNumberQuestion("欧阳清岚", "resident_id", "430105199003070011", "chk_1")
    assert sandbox.population(secret="x" * 40).check(question) == Unusable(UnusableReason.BAD_SIGNATURE)
    late = sandbox.population(clock=lambda: sandbox.now() - 302)
    assert late.check(question) == Unusable(UnusableReason.STALE_TIMESTAMP)
