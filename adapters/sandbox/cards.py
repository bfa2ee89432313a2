"""The stand-in of the switch that asks banks: `POST /bank-cards/v1/checks` (docs/providers.md).

Always true: a card is answered from config/demo/registers.toml or as its magic number says.
"""

from collections.abc import Mapping

from flask import Blueprint, Response

from adapters.sandbox.card_magic import CARD, card_magic_of
from adapters.sandbox.register_contract import CardQuestion, parse_card
from adapters.sandbox.register_entries import check_card
from adapters.sandbox.register_magic import GOOD, Step
from adapters.sandbox.registers import entries, said, serve, step_of
from adapters.sandbox.signed import settings

CARD_ENDPOINT = "/bank-cards/v1/checks"
cards = Blueprint("cards", __name__)


@cards.post(CARD_ENDPOINT)
def answer_about_card() -> Response:
    return serve(settings().bank_card_secret, parse_card, _about_card)


def _about_card(question: CardQuestion) -> tuple[Step, Mapping[str, object]]:
    step = step_of(card_magic_of(question.card, elements=question.elements), question.person.name)
    if step is None:
        return GOOD, check_card(entries(), question)
    return step, said(step, {**CARD, "elements": question.elements})
