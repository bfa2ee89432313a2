"""The client of the banks: every magic card against the running sandbox, and answers that are not what was asked."""

import json
import re
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given

from adapters.providers import bank_card
from adapters.providers.bank_card import HttpBankCards
from adapters.providers.http import signature
from adapters.providers.register import encode
from adapters.sandbox.app import create_sandbox
from adapters.sandbox.card_magic import CARD_MAGIC, WRONG_PHONE, card_number
from adapters.sandbox.english import ENGLISH
from adapters.sandbox.register_entries import load_entries
from adapters.sandbox.settings import BANK_CARD_SECRET, SandboxSettings
from idp.proofing.cards import BankCard
from idp.proofing.ports import (
    BankCardQuestion,
    CardReason,
    CardRefused,
    DocumentType,
    Match,
    Mismatch,
    NotFound,
    Unavailable,
    UnavailableReason,
    Unusable,
    UnusableReason,
)
from tests.providers.conftest import IMPATIENT, POPULATION_SECRET, RunningSandbox, answering
from tests.providers.test_register_clients import conversation, json_values
from tests.providers.test_registers_magic_numbers import FAULTS, GOOD, LATE, MALFORMED
from tests.sandbox.conftest import DOCS

KNOWN = load_entries(SandboxSettings().entries).cards
QUESTION = BankCardQuestion(
    "任何人", DocumentType.RESIDENT_ID, "430105199003070011", card_number(0), "+8613800001001", "chk_1"
)
YES: dict[str, Any] = {"found": True, "usable": True, "match": True, "elements": 4}
CARDS: list[list[object]] = [
    [GOOD],
    [Mismatch()],
    [NotFound()],
    [CardRefused(CardReason.LOST)],
    [CardRefused(CardReason.CLOSED)],
    [CardRefused(CardReason.FROZEN)],
    [CardRefused(CardReason.SUPPLEMENTARY)],
    [Mismatch()],
    [MALFORMED],
    [MALFORMED],
    [MALFORMED],
    [CardRefused(CardReason.UNSUPPORTED)],
    *FAULTS,
]


@pytest.mark.parametrize(("number", "answers"), [(m.number, a) for m, a in zip(CARD_MAGIC, CARDS, strict=True)])
def test_a_magic_card_is_answered_as_its_row_says(
    sandbox: RunningSandbox, number: str, answers: list[object]
) -> None:
    for turn, expected in enumerate(answers):
        banks = sandbox.banks(timeout=IMPATIENT if expected == LATE else 3.0)
        result = banks.verify(replace(QUESTION, card=number, reference=f"chk_{turn}"))
        assert result == (Match(None) if expected == GOOD else expected)


def test_a_wrong_phone_does_not_matter_where_three_elements_are_asked(sandbox: RunningSandbox) -> None:
    asked = replace(QUESTION, card=WRONG_PHONE)
    assert sandbox.banks().verify(asked) == Mismatch()
    assert sandbox.banks().verify(replace(asked, mobile=None, reference="chk_2")) == Match(None)


@pytest.mark.parametrize("card", KNOWN, ids=lambda card: card.card)
def test_a_known_card_is_confirmed_to_its_holder_and_to_nobody_else(sandbox: RunningSandbox, card: Any) -> None:
    banks = sandbox.banks()
    question = BankCardQuestion(card.name, card.document_type, card.number, card.card, f"+86{card.mobile}", "chk_1")
    if card.status != "active":
        assert banks.verify(question) == CardRefused(CardReason(card.status))
        return
    assert banks.verify(question) == Match(None)
    others = [{"name": "王一"}, {"number": "110101199003070011"}, {"mobile": "+8613899999999"}]
    for turn, change in enumerate(others, 2):
        assert banks.verify(replace(question, reference=f"chk_{turn}", **change)) == Mismatch()
    assert banks.verify(replace(question, mobile=None, reference="chk_9")) == Match(None)


def test_another_key_and_a_reference_used_twice_are_refused(sandbox: RunningSandbox) -> None:
    assert sandbox.banks(secret="x" * 40).verify(QUESTION) == Unusable(UnusableReason.BAD_SIGNATURE)
    banks = sandbox.banks()
    assert banks.verify(QUESTION) == banks.verify(QUESTION) == Match(None)
    assert banks.verify(replace(QUESTION, name="张三")) == Unusable(UnusableReason.REFERENCE_CONFLICT)


def test_a_switch_that_is_down_is_left_alone_for_a_while() -> None:
    banks = HttpBankCards("http://127.0.0.1:1/", "s" * 32)
    for _ in range(5):
        assert banks.verify(QUESTION) == Unavailable(UnavailableReason.UNREACHABLE)
    answer = banks.verify(QUESTION)
    assert isinstance(answer, Unavailable)
    assert answer.reason is UnavailableReason.CIRCUIT_OPEN


@pytest.mark.parametrize(
    ("fields", "answer"),
    [
        (YES, Match(None)),
        ({"found": True, "usable": True, "match": False}, Mismatch()),
        ({"found": True, "usable": False, "reason": "expired"}, CardRefused(CardReason.EXPIRED)),
        ({"found": False}, NotFound()),
    ],
    ids=["yes", "no", "expired", "unknown"],
)
def test_the_answers_of_the_banks_are_understood(fields: dict[str, Any], answer: object) -> None:
    with answering(conversation(fields)) as url:
        assert HttpBankCards(url, POPULATION_SECRET).verify(QUESTION) == answer


@pytest.mark.parametrize(
    "change",
    [
        {"match": "true"},
        {"match": 1},
        {"elements": 3},
        {"elements": "4"},
        {"elements": 4.0},
        {"elements": True},
        {"usable": "true"},
        {"usable": None},
        {"usable": False},
        {"found": 1},
        {"found": False},
        {"match": False},
        {"score": 1},
        {"reason": "lost"},
    ],
    ids=repr,
)
def test_whatever_differs_from_the_banks_contract_confirms_nobody(change: dict[str, Any]) -> None:
    assert bank_card._read(4, YES | change) is None


@given(found=json_values, usable=json_values, match=json_values, elements=json_values)
def test_only_literal_truth_of_all_elements_is_a_match(
    found: object, usable: object, match: object, elements: object
) -> None:
    answer = bank_card._read(3, {"found": found, "usable": usable, "match": match, "elements": elements})
    if isinstance(answer, Match):
        assert (found, usable, match) == (True, True, True)
        assert type(elements) is int
        assert elements == 3


def test_nothing_of_the_person_or_card_is_in_a_repr() -> None:
    assert repr(QUESTION) == f"BankCardQuestion(document_type={QUESTION.document_type!r}, reference='chk_1')"


def test_the_documented_question_about_a_card_is_what_the_client_signs_and_the_sandbox_answers(
    sandbox: RunningSandbox,
) -> None:
    section = DOCS[DOCS.index("## Bank cards") : DOCS.index("## Captcha")]
    body, answer = re.findall(r"^(\{\"(?:card|reference)\".*\})$", section, re.M)
    asked, answered = re.findall(r"^v1=[0-9a-f]{64}$", section, re.M)
    assert signature(BANK_CARD_SECRET, "1790000000", body.encode()) == asked
    assert signature(BANK_CARD_SECRET, "1790000001", answer.encode()) == answered
    fields = json.loads(body)
    assert encode(fields) == body.encode()
    assert f"({len(body.encode())} bytes)" in section
    assert sandbox.banks().verify(BankCardQuestion(**fields)) == Match(None)


def test_the_documented_magic_cards_are_the_tables() -> None:
    documented = re.findall(r"^\| `(629999\d{10})` \| (.+) \| (.+) \|$", DOCS, re.M)
    assert documented == [(magic.number, ENGLISH[magic.register], ENGLISH[magic.then]) for magic in CARD_MAGIC]


def test_the_check_digit_of_every_card_of_the_sandbox_holds() -> None:
    numbers = [*(magic.number for magic in CARD_MAGIC), *(card.card for card in KNOWN)]
    assert len(set(numbers)) == len(numbers)
    assert [number for number in numbers if BankCard.parse(number) is None] == []


def test_cards_are_listed_for_people() -> None:
    client = create_sandbox(SandboxSettings()).test_client()
    listed, magic = client.get("/registers").text, client.get("/numbers?lang=en").text
    assert all(card.card in listed for card in KNOWN)
    assert all(row.number in magic for row in CARD_MAGIC)
    assert "reported as lost" in magic
