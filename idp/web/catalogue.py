"""The English catalogue: read from the committed .po file, never from a compiled copy that could be out of step.

Always true: the catalogue in memory is what the .po file says; Chinese is the source text itself.
"""

import io
import re
from functools import cache
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import NullTranslations, Translations
from flask_babel import Domain, get_locale

ENGLISH = Path(__file__).parent / "translations" / "en" / "LC_MESSAGES" / "messages.po"
_PLACEHOLDER = re.compile(r"(%\(\w+\)[sd]|%%)")
_LOOK_ALIKE = str.maketrans(
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ", "åƀçđéƒĝĥîĵķļɱñöþǫŕšţûṽŵẋýžÅƁÇÐÉƑĜĤÎĴĶĻṀÑÖÞǪŔŠŢÛṼŴẊÝŽ"
)


def read_catalogue(path: Path = ENGLISH) -> Catalog:
    """The parsed .po file."""
    with path.open("rb") as file:
        return read_po(file, locale="en")


def _accented(text: str) -> str:
    parts = _PLACEHOLDER.split(text)
    return "".join(part if _PLACEHOLDER.fullmatch(part) else part.translate(_LOOK_ALIKE) for part in parts)


def pseudo(catalogue: Catalog) -> Catalog:
    """The same catalogue in accented letters: a plain English or Chinese word on a page was never translated."""
    for message in catalogue:
        if message.id:
            texts = message.string or ""
            message.string = _accented(texts) if isinstance(texts, str) else tuple(map(_accented, texts))
    return catalogue


def compiled(catalogue: Catalog) -> Translations:
    """The catalogue in the form gettext looks things up in."""
    buffer = io.BytesIO()
    write_mo(buffer, catalogue)
    buffer.seek(0)
    return Translations(fp=buffer)


@cache
def english(*, accented: bool) -> Translations:
    """The English texts of this process, read once."""
    catalogue = read_catalogue()
    return compiled(pseudo(catalogue) if accented else catalogue)


class Texts(Domain):  # type: ignore[misc]  # Flask-Babel carries no types
    """Flask-Babel's lookup over the catalogue in memory."""

    def __init__(self, english: Translations) -> None:
        super().__init__()
        self._english = english
        self._source = NullTranslations()

    def get_translations(self) -> NullTranslations:
        """English for English pages, the source text for every other and outside of requests."""
        locale = get_locale()
        return self._english if locale is not None and locale.language == "en" else self._source
