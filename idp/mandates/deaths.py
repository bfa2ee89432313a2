"""Hearing of deaths: whoever asks the population register about somebody, and for whatever end, may be told of one.

Always true: the answer goes to who asked as it came, after the mandates of the dead have ended.
"""

from collections.abc import Callable

from idp.accounts.actions import Directory
from idp.accounts.documents import stored_document
from idp.db import Database
from idp.mandates.leaving import Leaving
from idp.proofing.ports import (
    Deceased,
    Match,
    Mismatch,
    NameNumberQuestion,
    NotFound,
    PopulationRegister,
    Unavailable,
    Unusable,
)


class HeardDeaths:
    """The register, listened to. No transaction is open while it is asked, so that this has one of its own."""

    def __init__(
        self,
        register: PopulationRegister,
        database: Database,
        directory: Directory,
        leaving: Leaving,
        clock: Callable[[], int],
    ) -> None:
        self._register = register
        self._database = database
        self._directory = directory
        self._leaving = leaving
        self._clock = clock

    def check(self, question: NameNumberQuestion) -> Match | Deceased | Mismatch | NotFound | Unusable | Unavailable:
        """As `PopulationRegister`; raises `DatabaseUnavailable` where a death cannot be acted upon."""
        answer = self._register.check(question)
        if isinstance(answer, Deceased):
            self._end(question)
        return answer

    def _end(self, question: NameNumberQuestion) -> None:
        document = stored_document(question.document_type, question.number)
        with self._database.transaction() as tx:
            if party := self._directory.owner(tx, document):
                self._leaving.end_all(tx, party, reason="deceased", now=self._clock())
