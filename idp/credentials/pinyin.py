"""A name as it gets into passwords: in pinyin or Latin letters, whole or as initials, the family name first or last.

Always true: the work is bounded by the length of the text, however long the name is and however many readings its
characters have; a character that no table reads stands for itself.
"""

import os
import unicodedata
from collections.abc import Iterator
from functools import lru_cache

Syllables = tuple[frozenset[str], ...]
"""Of a name, in order: for each han character all its readings, for each word in other letters its spellings."""
_MOST = 8
"""Syllables of a longer name that are looked for."""
_FAMILY_NAMES = (0, 1, 2)
"""Syllables of a family name that may stand at the end as well: 张, 欧阳; a name does not tell how many it has."""
_UMLAUT = ("v", "u", "yu")
"""How keyboards, old and new passports write ü: 吕 is lv, lu, lyu."""


def syllables(name: str) -> Syllables:
    """``name`` as a document gives it, 单雄信 or ``José Li``; what is neither letter nor digit only divides it."""
    found: list[frozenset[str]] = []
    word = ""
    for char in unicodedata.normalize("NFC", name.casefold()) + " ":
        readings = _readings(char)
        if not readings and char.isalnum():
            word += char
            continue
        if word:
            found.append(frozenset((word, _without_accents(word))))
            word = ""
        if readings:
            found.append(readings)
    return tuple(found)


def spelled(name: Syllables, text: str) -> Iterator[tuple[int, int]]:
    """Where ``text`` (case-folded letters and digits) has the whole of ``name``, each syllable by a reading or by its
    first letter: (start, end), perhaps more than once.
    """
    orders = {(*name[cut:], *name[:cut])[:_MOST] for cut in _FAMILY_NAMES if cut < len(name)}
    typed = [[_typed(syllable) for syllable in order] for order in orders]
    for start in range(len(text)):
        for order in typed:
            ends = {start}
            for spellings in order:
                ends = {end + len(one) for end in ends for one in spellings if text.startswith(one, end)}
            yield from ((start, end) for end in ends)


def _typed(syllable: frozenset[str]) -> frozenset[str]:
    return syllable | {reading[0] for reading in syllable}


@lru_cache(maxsize=1024)
def _readings(char: str) -> frozenset[str]:
    if char.isascii() or not char.isprintable():
        return frozenset()
    os.environ.setdefault("PYPINYIN_NO_PHRASES", "1")  # single characters are asked for; the phrases take 45 MB
    os.environ.setdefault("PYPINYIN_NO_DICT_COPY", "1")
    from pypinyin import Style, pinyin  # its table takes a noticeable part of a start

    known = pinyin(char, style=Style.NORMAL, heteronym=True, errors="ignore")
    plain = {_without_accents(one) for readings in known for one in readings}
    return frozenset(one.replace("v", letter) for one in plain for letter in _UMLAUT)


def _without_accents(word: str) -> str:
    return "".join(char for char in unicodedata.normalize("NFKD", word) if not unicodedata.combining(char))
