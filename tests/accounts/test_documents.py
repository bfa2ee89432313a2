"""Numbers of documents and legal entities: one form for all spellings, and no wrong character passes."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.accounts.credit_code import CreditCode, OrganisationCode
from idp.accounts.documents import (
    DocumentType,
    IdNumber,
    Passport,
    Sex,
    TravelPermit,
    check_character,
    parse_document,
    stored_document,
)

TODAY = date(2026, 1, 1)
PEOPLE = {
    "11010519491231002X": (DocumentType.RESIDENT_ID, date(1949, 12, 31), Sex.FEMALE, "110105"),
    "430105199003070011": (DocumentType.RESIDENT_ID, date(1990, 3, 7), Sex.MALE, "430105"),
    "810000199001010019": (DocumentType.RESIDENCE_PERMIT, date(1990, 1, 1), Sex.MALE, "810000"),
    "830000199001010012": (DocumentType.RESIDENCE_PERMIT, date(1990, 1, 1), Sex.MALE, "830000"),
    "911840198808080012": (DocumentType.PERMANENT_RESIDENCE, date(1988, 8, 8), Sex.MALE, "110000"),
}
ENTITIES = ["91430100MA0000007Q", "92420100MA4K00029K", "12430000448700013K", "54430121MF00000130"]
FULL_WIDTH = {ord(c): ord(c) + 0xFEE0 for c in "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"}
SPELLINGS = {
    "lower case": str.lower,
    "full width": lambda n: n.translate(FULL_WIDTH),
    "full width and lower case": lambda n: n.lower().translate(FULL_WIDTH),
    "blanks": lambda n: f" {n[:6]} {n[6:14]}\u3000{n[14:]} ",
    "hyphens": lambda n: f"{n[:6]}-{n[6:14]}－{n[14:]}",
}


def _complete(region: int, born: date, place: int) -> str:
    seventeen = f"{region:06}{born:%Y%m%d}{place:03}"
    return seventeen + check_character(seventeen)


id_numbers = st.builds(
    _complete, st.integers(100_000, 999_999), st.dates(date(1900, 1, 1), TODAY), st.integers(0, 999)
)


def parse(text: str, *, today: date = TODAY) -> IdNumber | None:
    return IdNumber.parse(text, today=today)


@pytest.mark.parametrize("number", PEOPLE)
def test_a_number_says_of_its_holder_what_it_carries(number: str) -> None:
    found = parse(number)
    assert found == IdNumber(number)
    assert (found.type, found.birth_date, found.sex, found.region) == PEOPLE[number]


@pytest.mark.parametrize("spelling", SPELLINGS.values(), ids=SPELLINGS.keys())
@given(id_numbers)
def test_every_spelling_is_the_same_person(spelling, number):
    assert parse(spelling(number)) == parse(number) == IdNumber(number)


@given(id_numbers, st.integers(0, 17), st.sampled_from("0123456789X"))
def test_no_id_number_with_one_wrong_character_is_taken(number, place, char):
    wrong = number[:place] + char + number[place + 1 :]
    assert (parse(wrong) is None) == (wrong != number)


@given(st.dates(TODAY + timedelta(days=1), date(2100, 1, 1)))
def test_nobody_is_born_tomorrow(born):
    number = _complete(430105, born, 1)
    assert parse(number) is None
    assert parse(number, today=born) == IdNumber(number)


@pytest.mark.parametrize("born", ["19900230", "19901301", "19900001", "18991231", "20230229"])
def test_a_day_that_never_was_is_refused(born: str) -> None:
    assert parse(f"430105{born}001" + check_character(f"430105{born}001")) is None


@pytest.mark.parametrize("text", ["", "430105", "4301051990030700110", "٤٣٠١٠٥١٩٩٠٠٣٠٧٠٠١١", "0" * 18, "X" * 18])
def test_what_is_no_id_number_is_none(text: str) -> None:
    assert parse(text) is None


def test_fifteen_digits_are_taken_from_migrated_accounts_only_and_become_eighteen() -> None:
    assert parse("110105491231002") is None
    assert IdNumber.parse("110105491231002", today=TODAY, migrated=True) == IdNumber("11010519491231002X")
    assert IdNumber.parse("110105491331002", today=TODAY, migrated=True) is None


def test_a_foreigners_document_of_before_2023_has_letters() -> None:
    found = parse("usa 3100 880808 12")
    assert found == IdNumber("USA310088080812")
    assert (found.type, found.birth_date, found.sex, found.region) == (
        DocumentType.PERMANENT_RESIDENCE,
        None,
        None,
        "310000",
    )
    assert parse("USA310088023012") is None


@pytest.mark.parametrize("number", [*PEOPLE, "USA310088080812"])
def test_a_number_is_masked_wherever_it_is_printed(number: str) -> None:
    for text in (repr(IdNumber(number)), f"{IdNumber(number)}", IdNumber(number).masked):
        assert text.count("*") == len(number) - 2
        assert number[1:4] not in text


@pytest.mark.parametrize("code", ENTITIES)
@pytest.mark.parametrize("spelling", SPELLINGS.values(), ids=SPELLINGS.keys())
def test_a_credit_code_is_taken_in_every_spelling_with_the_organisation_code_in_it(code, spelling) -> None:
    found = CreditCode.parse(spelling(code))
    assert found == CreditCode(code)
    assert found.region == code[2:8]
    assert found.organisation == OrganisationCode.parse(f"{code[8:16]}-{code[16]}")
    assert code[2:-1] not in repr(found) + str(found) + repr(found.organisation)


@given(st.sampled_from(ENTITIES), st.integers(0, 17), st.sampled_from("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"))
def test_no_credit_code_with_one_wrong_character_is_taken(code, place, char):
    wrong = code[:place] + char + code[place + 1 :]
    assert (CreditCode.parse(wrong) is None) == (wrong != code)


def test_a_credit_code_whose_organisation_code_does_not_hold_is_refused() -> None:
    """The outer check character alone would do."""
    assert CreditCode.parse("91430100MA00000017") is None
    assert sum(CreditCode.parse(f"91430100MA000000{n}{c}") is not None for n in "0123456789X" for c in ALPHABET) == 1


ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"


@pytest.mark.parametrize(("text", "value"), [("e 1234 5678", "E12345678"), ("Ｃ01X00T47", "C01X00T47")])
def test_a_passport_number_has_letters_and_digits(text: str, value: str) -> None:
    assert Passport.parse(text) == Passport(value)


@pytest.mark.parametrize("text", ["", "ABCDEFG", "E123", "E123456789", "护照1234567"])
def test_what_is_no_passport_number_is_none(text: str) -> None:
    assert Passport.parse(text) is None


@pytest.mark.parametrize(
    ("text", "value", "kind"),
    [
        ("h12345678", "H12345678", DocumentType.HK_MACAO_PERMIT),
        ("M12345678 02", "M12345678", DocumentType.HK_MACAO_PERMIT),
        ("12345678", "12345678", DocumentType.TAIWAN_PERMIT),
        ("1234567802（B）", "12345678", DocumentType.TAIWAN_PERMIT),
    ],
)
def test_of_a_travel_permit_the_lifelong_part_counts(text: str, value: str, kind: DocumentType) -> None:
    found = TravelPermit.parse(text)
    assert found == TravelPermit(value)
    assert found.type is kind


@pytest.mark.parametrize("text", ["", "K12345678", "H1234567", "1234567", "123456789"])
def test_what_is_no_travel_permit_is_none(text: str) -> None:
    assert TravelPermit.parse(text) is None


@given(st.sampled_from(DocumentType), st.text(max_size=20) | id_numbers | st.from_regex(r"[HME]?[0-9]{8}"))
def test_what_is_taken_is_stored_and_read_again(kind, text):
    found = parse_document(kind, text, today=TODAY)
    if found:
        assert found.type is kind
        assert stored_document(kind, found.value) == found == parse_document(kind, found.value, today=TODAY)
