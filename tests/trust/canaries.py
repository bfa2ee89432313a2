"""Values planted everywhere a person or an app can put something, and the search for them in what is left behind.

Always true: a value is looked for in clear and as base64, base64url, hex, percent-encoded and JSON-escaped text, a
phone also as its bare SHA-256.
"""

import base64
import hashlib
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from urllib.parse import quote, quote_plus

NATIONAL = "18670935127"
E164 = f"+86{NATIONAL}"
SPELLINGS = (
    NATIONAL,
    f"+86 {NATIONAL[:3]} {NATIONAL[3:7]} {NATIONAL[7:]}",
    f"0086-{NATIONAL[:3]}-{NATIONAL[3:7]}-{NATIONAL[7:]}",
    f"86{NATIONAL}",
    NATIONAL.translate(str.maketrans("0123456789", "０１２３４５６７８９")),
)
"""One phone as people type it."""
_WORD = rb"0-9A-Za-z_+/=.\\-"


def hashes(text: str) -> Iterator[bytes]:
    """Its bare SHA-256: raw, hex, base64 and base64url."""
    digest = hashlib.sha256(text.encode()).digest()
    yield from (digest, digest.hex().encode(), digest.hex().upper().encode())
    yield from (base64.b64encode(digest).rstrip(b"="), base64.urlsafe_b64encode(digest).rstrip(b"="))


def encodings(raw: bytes) -> Iterator[bytes]:
    """``raw`` in clear, in hex, and in base64 wherever in a longer text it may have stood."""
    yield from (raw, raw.hex().encode(), raw.hex().upper().encode())
    for before in range(3):
        padded = b"\0" * before + raw
        inner = slice((before * 8 + 5) // 6, len(padded) * 8 // 6)
        yield base64.b64encode(padded)[inner]
        yield base64.urlsafe_b64encode(padded)[inner]


@dataclass
class Canaries:
    """What was planted. Six digits are looked for as a word of their own: they occur by chance within others."""

    needles: dict[bytes, str] = field(default_factory=dict)
    words: dict[bytes, str] = field(default_factory=dict)

    def plant(self, name: str, text: str) -> str:
        """Look for ``text`` from here on; what of a token is looked for is its last forty characters."""
        kept = text[-40:] if len(text) > 60 else text
        for form in {kept, quote(kept), quote_plus(kept), json.dumps(kept)[1:-1]}:
            self.needles |= dict.fromkeys(encodings(form.encode()), name)
        return text

    def plant_code(self, code: str) -> str:
        """A code of a few digits."""
        self.words |= dict.fromkeys((code.encode(), base64.b64encode(code.encode())), "text code")
        return code

    def plant_phone(self) -> None:
        """Every spelling of `NATIONAL`, and their hashes."""
        for spelling in (*SPELLINGS, E164):
            self.plant("phone", spelling)
            self.needles |= dict.fromkeys(hashes(spelling), "phone, hashed")

    def found(self, where: str, left: bytes) -> list[str]:
        """What of it stands in ``left``, with a little of what stands around it."""
        hits = [f"{name} in {where}: {_around(left, left.index(text))}" for text, name in self._in(left)]
        for word, name in self.words.items():
            pattern = rb"(?<![%b])%b(?![%b])" % (_WORD, re.escape(word), _WORD)
            hits += [f"{name} in {where}: {_around(left, match.start())}" for match in re.finditer(pattern, left)]
        return hits

    def _in(self, left: bytes) -> Iterable[tuple[bytes, str]]:
        return [(text, name) for text, name in self.needles.items() if text in left]


def _around(left: bytes, at: int) -> str:
    return repr(left[max(0, at - 60) : at + 60])
