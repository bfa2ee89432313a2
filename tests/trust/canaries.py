"""Values planted wherever a person, an app or an operator can put something, and the search for them afterwards.

Always true: a value is looked for in clear and as base64, base64url, hex, percent-encoded and JSON-escaped text, an
identifier also as its bare SHA-256.
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
DOCUMENT = "11999919900101905X"
"""An ID number that the sandbox's register confirms with any name."""
DOCUMENTS = (
    DOCUMENT,
    f"{DOCUMENT[:6]} {DOCUMENT[6:14]} {DOCUMENT[14:].lower()}",
    DOCUMENT.translate(str.maketrans("0123456789X", "０１２３４５６７８９Ｘ")),
)
OTHER_DOCUMENT = "119999199001019017"
"""One that is somebody else's."""
NAME = "璩霖溪"
AGENT, AGENT_DOCUMENT = "鄢嵁璆", "119999199001019025"
"""Somebody who is given a mandate and has no account."""
USCC = "91119999MA9900001Y"
"""A code that the sandbox's register confirms with any name and representative."""
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
    samples: dict[str, str] = field(default_factory=dict)
    """One text of every kind that was planted."""

    def plant(self, name: str, text: str) -> str:
        """Look for ``text`` from here on; what of a token is looked for is its last forty characters."""
        self.samples.setdefault(name, text)
        kept = text[-40:] if len(text) > 60 else text
        for form in {kept, quote(kept), quote_plus(kept), json.dumps(kept)[1:-1]}:
            self.needles |= dict.fromkeys(encodings(form.encode()), name)
        return text

    def plant_code(self, code: str) -> str:
        """A code of a few digits."""
        self.samples.setdefault("text code", code)
        self.words |= dict.fromkeys((code.encode(), base64.b64encode(code.encode())), "text code")
        return code

    def plant_identifiers(self) -> None:
        """What a person and an entity are found by, in every spelling, and the hashes of these."""
        documents = (*DOCUMENTS, DOCUMENT.lower(), OTHER_DOCUMENT)
        for kind, spellings in (
            ("phone", (*SPELLINGS, E164)),
            ("document number", documents),
            ("name of a document", (NAME,)),
            ("credit code", (USCC, USCC.lower())),
        ):
            for spelling in spellings:
                self.plant(kind, spelling)
                self.needles |= dict.fromkeys(hashes(spelling), f"{kind}, hashed")

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
