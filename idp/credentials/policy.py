"""Which passwords may be chosen: the provinces' rules as data, what is too common, and what is about the person.

Always true: a password of 64 characters and more, in any script, is accepted, and nothing is ever cut off; a maximum
that an official manual names is advice.
"""

import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache
from importlib import resources
from typing import Any, cast

from idp.credentials.pinyin import spelled, syllables

LONGEST = 256
"""Characters of the longest password; a bound against misuse, far above what a person types."""
_ESTIMATED = 16
_VERY_LONG = 32
_FEWEST_GUESSES = 10**6
_FEWEST_CHARACTERS = 3
_HARD = 6
_SOFT_DIGITS = 4
_SOFT_LETTERS = 3
_SPELLED = 4
_DIGITS = re.compile(r"[0-9]{6,}x?")


class Fault(StrEnum):
    """Why a password may not be chosen; `idp.web` has the sentence for each."""

    SHORT = "password_short"
    LONG = "password_long"
    SIMPLE = "password_simple"
    COMMON = "password_common"
    PERSONAL = "password_personal"
    FORBIDDEN = "text_forbidden_characters"


class CharacterKind(StrEnum):
    LETTER = "letter"
    LOWER = "lower"
    UPPER = "upper"
    DIGIT = "digit"
    SYMBOL = "symbol"


_KINDS: dict[CharacterKind, Callable[[str], bool]] = {
    CharacterKind.LETTER: str.isalpha,
    CharacterKind.LOWER: str.islower,
    CharacterKind.UPPER: str.isupper,
    CharacterKind.DIGIT: str.isdigit,
    CharacterKind.SYMBOL: lambda char: not char.isalnum(),
}


@dataclass(frozen=True, slots=True)
class Profile:
    """One authority's rule: at least ``kinds_needed`` of ``kinds`` must occur."""

    min_length: int
    kinds: tuple[CharacterKind, ...] = ()
    kinds_needed: int = 0
    advised_max: int | None = None
    """What the manual calls the maximum; shown, never enforced."""
    symbols: str = ""
    """The symbols that count as such; others may stand in a password, too. Empty: all count."""

    def has(self, kind: CharacterKind, text: str) -> bool:
        if kind is CharacterKind.SYMBOL and self.symbols:
            return any(char in self.symbols for char in text)
        return any(map(_KINDS[kind], text))


_THREE = (CharacterKind.LETTER, CharacterKind.DIGIT, CharacterKind.SYMBOL)
_FOUR = (CharacterKind.LOWER, CharacterKind.UPPER, CharacterKind.DIGIT, CharacterKind.SYMBOL)
PROFILES = {
    "nist": Profile(8),  # SP 800-63B-4 3.1.1.2: length and a blocklist, no composition
    "mlps": Profile(8, _FOUR, 3),  # GB/T 22239 level 3: complexity
    "hunan": Profile(8, _THREE, 2),
    "hubei": Profile(8, _THREE, 2, symbols="`~!_@#$%*"),
    "yunnan": Profile(6, (CharacterKind.LETTER, CharacterKind.DIGIT), 2, advised_max=16),
}


@dataclass(frozen=True, slots=True)
class Personal:
    """What is known of the person who chooses, all of it optional."""

    phone: str = field(default="", repr=False)
    user_name: str = field(default="", repr=False)
    names: tuple[str, ...] = field(default=(), repr=False)
    """In any script, as documents give them."""
    words: tuple[str, ...] = field(default=(), repr=False)
    """Dates (``1990-03-07``) and numbers of their documents."""


@dataclass(frozen=True, slots=True)
class Acceptable:
    pass


@dataclass(frozen=True, slots=True)
class Denied:
    reasons: tuple[Fault, ...]


def normalised(password: str) -> str:
    """NFKC (SP 800-63B-4 3.1.1.2): the same password from every keyboard."""
    return unicodedata.normalize("NFKC", password)


def judge(password: str, *, profile: Profile, min_length: int, personal: Personal) -> Acceptable | Denied:
    """Whether ``password`` may be chosen; ``min_length`` is the installation's, the longer of both counts."""
    if len(password) > LONGEST:
        return Denied((Fault.LONG,))
    if any(unicodedata.category(char) in ("Cc", "Cs") for char in password):
        return Denied((Fault.FORBIDDEN,))
    text = normalised(password)
    shortest = max(profile.min_length, min_length)
    faults = []
    if len(text) < shortest:
        faults.append(Fault.SHORT)
    if sum(profile.has(kind, text) for kind in profile.kinds) < profile.kinds_needed:
        faults.append(Fault.SIMPLE)
    if is_personal(text, personal, shortest):
        faults.append(Fault.PERSONAL)
    elif not faults and is_common(text, personal):
        faults.append(Fault.COMMON)
    return Denied(tuple(faults)) if faults else Acceptable()


def is_personal(text: str, personal: Personal, shortest: int) -> bool:
    """Whether it tells something about the person, or is too short without what does."""
    plain = _plain(text)
    spelled = set(_spelled_names(personal, plain))
    hard = {*_hard_fragments(personal), *spelled}
    if any(fragment in plain for fragment in hard if len(fragment) >= _HARD):
        return True
    rest = plain
    for fragment in sorted({*_soft_fragments(personal), *spelled}, key=len, reverse=True):
        rest = rest.replace(fragment, "")
    return rest != plain and len(text) - (len(plain) - len(rest)) < shortest


def is_common(text: str, personal: Personal) -> bool:
    """Whether it stands in the blocklist, repeats what does, or would be guessed within a million tries."""
    folded = text.casefold()
    if not blocklist().isdisjoint((folded, folded.rstrip("0123456789!@#$%.*"), _repeated(folded))):
        return True
    if len(text) >= _VERY_LONG:
        return len(set(text)) < _FEWEST_CHARACTERS
    said = (reading for name in personal.names for syllable in syllables(name) for reading in sorted(syllable))
    known = [part for part in (personal.phone, personal.user_name, *said, *personal.words) if part]
    ends = (text,) if len(text) <= _ESTIMATED else (text[:_ESTIMATED], text[-_ESTIMATED:])
    return all(_guesses(end, known) < _FEWEST_GUESSES for end in ends)


def _repeated(text: str) -> str:
    """The shortest piece that ``text`` is a repetition of."""
    return text[: (text + text).find(text, 1)]


def _guesses(text: str, known: list[str]) -> int:
    """zxcvbn's estimate. Made over short texts only: 72 characters of leet spelling keep it busy for seconds."""
    from zxcvbn import zxcvbn  # its dictionaries take a noticeable part of a start

    found = cast(dict[str, Any], zxcvbn(text, user_inputs=known))
    return int(found["guesses"])


@lru_cache(maxsize=1)
def blocklist() -> frozenset[str]:
    """The bundled common passwords, case-folded."""
    text = resources.files("idp.credentials").joinpath("blocklist.txt").read_text("utf-8")
    return frozenset(line for line in text.splitlines() if line and not line.startswith("#"))


def _plain(text: str) -> str:
    """Letters and digits alone, in lower case: 138-0013 8000 is a phone number too."""
    return "".join(char for char in text.casefold() if char.isalnum())


def _spelled_names(personal: Personal, plain: str) -> Iterator[str]:
    """The names as ``plain`` has them in pinyin or initials; few letters only where they are a word of their own."""
    for name in personal.names:
        for start, end in spelled(syllables(name), plain):
            beside = plain[max(0, start - 1) : start] + plain[end : end + 1]
            alone = end - start > 1 and not any(map(str.isalpha, beside))
            if alone or end - start >= _SPELLED:
                yield plain[start:end]


def _hard_fragments(personal: Personal) -> Iterator[str]:
    """What must not occur: the whole name, any six digits in a row of a number or date."""
    for number in _numbers(personal):
        yield from (number[start : start + _HARD] for start in range(len(number) - _HARD + 1))
    yield from map(_plain, (*personal.names, *personal.words, personal.user_name))


def _soft_fragments(personal: Personal) -> Iterator[str]:
    """What may occur beside enough else: four digits of a number or date, a syllable of a name."""
    for number in _numbers(personal):
        yield from (number[start : start + _SOFT_DIGITS] for start in range(len(number) - _SOFT_DIGITS + 1))
    said = (reading for name in personal.names for syllable in syllables(name) for reading in syllable)
    written = map(_plain, (*personal.names, *personal.words))
    words = (_plain(personal.user_name).strip("0123456789"), *said, *written)
    yield from (word for word in words if len(word) >= _SOFT_LETTERS)


def _numbers(personal: Personal) -> Iterator[str]:
    """Digits in a row, a check character X with them: any piece of that tells of the person."""
    for word in (personal.phone, *personal.words):
        yield from _DIGITS.findall(_plain(word))
