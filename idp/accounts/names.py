"""The name of a person as a document gives it.

Always true: han characters stay what they are (no compatibility folding), and nothing invisible is in a name.
"""

import re
import unicodedata
from dataclasses import dataclass

DOT = "·"
_DOTS = str.maketrans(dict.fromkeys("•‧・･∙⋅᛫●⸱", DOT))
_HAN_FULL_STOPS = str.maketrans(dict.fromkeys(".．", DOT))
_APOSTROPHES = str.maketrans({"’": "'", "‘": "'", "ʼ": "'", "＇": "'", "‐": "-", "‑": "-", "－": "-"})
_HAN = (
    "〇\u3400-\u4dbf\u4e00-\u9fff\U00020000-\U0002fffd\U00030000-\U0003fffd"
    "\ufa0e\ufa0f\ufa11\ufa13\ufa14\ufa1f\ufa21\ufa23\ufa24\ufa27-\ufa29"  # unified, in spite of their block
)
_HAN_NAME = re.compile(f"[{_HAN}]+(?:{DOT}[{_HAN}]+)*")
_HAN_MOST = 50
_LATIN_MOST = 100
_MARKS_MOST = 2
_WIDE = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | {0x3000: 0x20}


@dataclass(frozen=True, slots=True)
class PersonName:
    """Han characters of every plane with middle dots between them, or Latin letters with blanks, ' - and full stops.

    Masked as usual here: only the last character of a han name (``*三``), the first letter of each Latin word.
    """

    value: str

    @classmethod
    def parse(cls, text: str) -> "PersonName | None":
        """The name in ``text`` in NFC; its dots all as ``·`` (U+00B7), blanks among han characters left out."""
        if any(unicodedata.category(char) in ("Cc", "Cf", "Cs", "Co", "Zl", "Zp") for char in text):
            return None
        name = unicodedata.normalize("NFC", text).translate(_DOTS)
        han = "".join(name.split()).translate(_HAN_FULL_STOPS)
        if len(han) <= _HAN_MOST and _HAN_NAME.fullmatch(han):
            return cls(han)
        latin = unicodedata.normalize("NFC", " ".join(name.translate(_WIDE).translate(_APOSTROPHES).split()))
        return cls(latin) if len(latin) <= _LATIN_MOST and _is_latin(latin) else None

    @property
    def key(self) -> str:
        """Equal for two spellings of one name: case and blanks do not count."""
        return unicodedata.normalize("NFC", "".join(self.value.casefold().split()))

    @property
    def masked(self) -> str:
        if _HAN_NAME.fullmatch(self.value):
            hidden = "".join(char if char == DOT else "*" for char in self.value[:-1])
            return hidden + (self.value[-1] if hidden else "*")
        return " ".join(word[0] + "*" * 3 for word in self.value.split())

    def __repr__(self) -> str:
        return f"PersonName({self.masked})"

    __str__ = __repr__


def _is_latin(name: str) -> bool:
    """Letters first; then letters, accents that no single character has, blanks, apostrophes, hyphens, full stops."""
    marks = 0
    for before, char in zip(" " + name, name, strict=False):
        marks = marks + 1 if unicodedata.combining(char) else 0
        if marks > _MARKS_MOST or not (_is_latin_letter(char) or marks or (before != " " and char in " '-.")):
            return False
    return bool(name) and _is_latin_letter(name[0])


def _is_latin_letter(char: str) -> bool:
    return char.isalpha() and unicodedata.name(char, "").startswith("LATIN")
