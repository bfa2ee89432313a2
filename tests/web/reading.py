"""Reading pages the way the tests need it: their words, their attributes, their form token."""

import re
from html.parser import HTMLParser

VOID = frozenset({"meta", "link", "input", "br", "hr", "path", "rect", "img"})
SPOKEN = ("aria-label", "title", "alt", "placeholder", "data-label")


class _Words(HTMLParser):
    """Collects every text a person can meet, except under ``translate="no"``: names and numbers."""

    def __init__(self) -> None:
        super().__init__()
        self.words: list[str] = []
        self.open: list[bool] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        exempt = self.open[-1] if self.open else False
        if "translate" in found:
            exempt = found["translate"] == "no"
        if "hreflang" in found or tag in ("style", "script", "time"):
            exempt = True
        if not exempt:
            self.words += [text for name, text in attrs if name in SPOKEN and text]
        if tag not in VOID:
            self.open.append(exempt)

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID and self.open:
            self.open.pop()

    def handle_data(self, data: str) -> None:
        if data.strip() and not (self.open and self.open[-1]):
            self.words.append(data.strip())


def words_in(page: str) -> list[str]:
    reader = _Words()
    reader.feed(page)
    return reader.words


def token_in(page: str) -> str:
    found = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert found
    return found[1]
