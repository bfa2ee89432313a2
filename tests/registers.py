"""Registers and banks for tests of what stands on them: they say what the test told them, and remember the questions.

Always true: nobody is known to them, and nothing is sent anywhere.
"""

from dataclasses import dataclass, field
from typing import Any

from idp.proofing.photo_port import PhotosQuestion
from idp.proofing.ports import BankCardQuestion, EnterpriseQuestion, NameNumberQuestion, NotFound, Registers


@dataclass
class ScriptedRegisters:
    """``people``: by (name, number), ``entities``: by USCC, ``cards``: by (name, number, card, mobile), what is
    answered - or a function of the question. ``banks``: whether there is a switch to ask at all. ``reads``: what a
    reader of photos answers, in the same way; None when there is no reader.
    """

    people: dict[tuple[str, str], Any] = field(default_factory=dict)
    entities: dict[str, Any] = field(default_factory=dict)
    cards: dict[tuple[str, str, str, str | None], Any] = field(default_factory=dict)
    banks: bool = False
    reads: Any = None
    asked: list[NameNumberQuestion | EnterpriseQuestion | BankCardQuestion] = field(default_factory=list)
    photos: list[PhotosQuestion] = field(default_factory=list)

    def check(self, question: NameNumberQuestion) -> Any:
        return self._answer(self.people.get((question.name, question.number), NotFound()), question)

    def find(self, question: EnterpriseQuestion) -> Any:
        return self._answer(self.entities.get(question.uscc, NotFound()), question)

    def verify(self, question: BankCardQuestion) -> Any:
        claim = (question.name, question.number, question.card, question.mobile)
        return self._answer(self.cards.get(claim, NotFound()), question)

    def read(self, question: PhotosQuestion) -> Any:
        self.photos.append(question)
        return self.reads(question) if callable(self.reads) else self.reads

    def _answer(self, scripted: Any, question: NameNumberQuestion | EnterpriseQuestion | BankCardQuestion) -> Any:
        self.asked.append(question)
        return scripted(question) if callable(scripted) else scripted

    def forget(self) -> None:
        """Begin anew, for the next test."""
        self.people.clear()
        self.entities.clear()
        self.cards.clear()
        self.asked.clear()
        self.photos.clear()

    @property
    def ports(self) -> Registers:
        return Registers(
            population=self,
            enterprise=self,
            bank_cards=self if self.banks else None,
            photos=self if self.reads else None,
        )
