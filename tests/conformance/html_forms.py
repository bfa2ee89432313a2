"""Plain HTML forms, read the way a browser without JavaScript reads them.

Always true: only what is written in the page is understood; nothing is executed, nothing is guessed from names.
"""

from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urljoin

SUBMITTED_AS_THEY_ARE = frozenset({"hidden", "text", "tel", "email", "password", "search", "number", "url"})


@dataclass(frozen=True)
class Control:
    """An input, select or textarea with the value it would be submitted with; ``checked`` matters for choices."""

    name: str
    kind: str
    value: str
    checked: bool = False


@dataclass(frozen=True)
class Button:
    name: str
    value: str
    label: str


@dataclass
class Form:
    """One form: its absolute ``action``, upper-case ``method``, and controls in page order."""

    action: str
    method: str
    controls: list[Control] = field(default_factory=list)
    buttons: list[Button] = field(default_factory=list)
    in_main: bool = True

    def control(self, *kinds: str) -> Control | None:
        return next((control for control in self.controls if control.kind in kinds), None)

    def data(self, values: dict[str, str] | None = None, button: Button | None = None) -> list[tuple[str, str]]:
        """What a submission sends (HTML 4.10.21.4): text as filled in, only ticked choices, the pressed button."""
        filled = values or {}
        pairs = [
            (control.name, filled.get(control.name, control.value))
            for control in self.controls
            if control.name and (control.kind in SUBMITTED_AS_THEY_ARE or control.checked)
        ]
        if button and button.name:
            pairs.append((button.name, button.value))
        return pairs


class _Reader(HTMLParser):
    def __init__(self, base: str) -> None:
        super().__init__(convert_charrefs=True)
        self.base = base
        self.forms: list[Form] = []
        self.ids: set[str] = set()
        self._by_id: dict[str, Form] = {}
        self._pending: list[tuple[str, Control | Button]] = []
        self._open: Form | None = None
        self._main = 0
        self._seen_main = False
        self._button: tuple[dict[str, str], list[str]] | None = None
        self._select: tuple[dict[str, str], list[tuple[str, bool]]] | None = None
        self._text: tuple[dict[str, str], list[str]] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        if "id" in found:
            self.ids.add(found["id"])
        opened = getattr(self, f"_open_{tag}", None)
        if opened:
            opened(found)

    def handle_endtag(self, tag: str) -> None:
        closed = getattr(self, f"_close_{tag}", None)
        if closed:
            closed()

    def handle_data(self, data: str) -> None:
        for gathering in (self._button, self._text):
            if gathering:
                gathering[1].append(data)

    def finish(self) -> None:
        for owner, part in self._pending:
            if owner in self._by_id:
                self._place(self._by_id[owner], part)
        for form in self.forms:
            form.in_main = form.in_main or not self._seen_main

    def _place(self, form: Form, part: Control | Button) -> None:
        if isinstance(part, Button):
            form.buttons.append(part)
        else:
            form.controls.append(part)

    def _add(self, found: dict[str, str], part: Control | Button) -> None:
        if found.get("form"):
            self._pending.append((found["form"], part))
        elif self._open is not None and "disabled" not in found:
            self._place(self._open, part)

    def _open_main(self, found: dict[str, str]) -> None:
        self._main += 1
        self._seen_main = True

    def _close_main(self) -> None:
        self._main -= 1

    def _open_base(self, found: dict[str, str]) -> None:
        self.base = urljoin(self.base, found.get("href", ""))

    def _open_form(self, found: dict[str, str]) -> None:
        action = urljoin(self.base, found["action"]) if found.get("action") else self.base
        self._open = Form(action, found.get("method", "get").upper(), in_main=self._main > 0)
        self.forms.append(self._open)
        if found.get("id"):
            self._by_id[found["id"]] = self._open

    def _close_form(self) -> None:
        self._open = None

    def _open_input(self, found: dict[str, str]) -> None:
        kind, name = found.get("type", "text").lower() or "text", found.get("name", "")
        if kind in {"submit", "image"}:
            self._add(found, Button(name, found.get("value", ""), found.get("value", "")))
        elif kind in {"checkbox", "radio"}:
            self._add(found, Control(name, kind, found.get("value", "on"), "checked" in found))
        else:
            self._add(found, Control(name, kind, found.get("value", "")))

    def _open_button(self, found: dict[str, str]) -> None:
        if found.get("type", "submit").lower() == "submit":
            self._button = (found, [])

    def _close_button(self) -> None:
        if self._button:
            found, words = self._button
            label = " ".join("".join(words).split())
            self._add(found, Button(found.get("name", ""), found.get("value", ""), label))
            self._button = None

    def _open_textarea(self, found: dict[str, str]) -> None:
        self._text = (found, [])

    def _close_textarea(self) -> None:
        if self._text:
            found, words = self._text
            self._add(found, Control(found.get("name", ""), "text", "".join(words)))
            self._text = None

    def _open_select(self, found: dict[str, str]) -> None:
        self._select = (found, [])

    def _open_option(self, found: dict[str, str]) -> None:
        if self._select:
            self._select[1].append((found.get("value", ""), "selected" in found))

    def _close_select(self) -> None:
        if self._select:
            found, options = self._select
            chosen = next((value for value, selected in options if selected), options[0][0] if options else "")
            self._add(found, Control(found.get("name", ""), "hidden", chosen))
            self._select = None


@dataclass(frozen=True)
class Document:
    forms: tuple[Form, ...]
    ids: frozenset[str]


def read(html: str, base: str) -> Document:
    """The forms of a page in their order, and every ``id`` in it; ``base`` is the page's own address."""
    reader = _Reader(base)
    reader.feed(html)
    reader.close()
    reader.finish()
    return Document(tuple(reader.forms), frozenset(reader.ids))
