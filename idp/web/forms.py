"""Small typed forms: what was sent, what is shown again, what is wrong with it.

Always true: the value of a secret field never goes back into a page and never into a ``repr``; a form that was sent
and refused is answered 422, so that programs see what people read.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from flask import Flask, Response, abort, g, has_request_context, request
from flask_babel import LazyString
from flask_babel import lazy_gettext as _

from idp.web.limits import BadText, clean_text

Text: TypeAlias = str | LazyString

MISSING = _("请填写此项")
_BAD_TEXT: Mapping[BadText, Text] = {
    BadText.TOO_LONG: _("输入的内容过长"),
    BadText.FORBIDDEN: _("输入的内容含有无法使用的字符"),
}


@dataclass(frozen=True)
class Field:
    """One input. ``max_length`` in code points; ``missing`` is said when a required field is empty."""

    name: str
    missing: Text = MISSING
    max_length: int = 200
    required: bool = True
    secret: bool = False
    lines: bool = False
    """Whether it may hold several lines."""

    def read(self, sent: str) -> tuple[str, Text | None]:
        """The usable value and what is wrong with it. Secrets are taken as they are: blanks may belong to them."""
        if self.secret:
            too_long = len(sent) > self.max_length
            return ("", _BAD_TEXT[BadText.TOO_LONG]) if too_long else (sent, self._absent(sent))
        text = clean_text(sent, max_length=self.max_length, lines=self.lines)
        return ("", _BAD_TEXT[text]) if isinstance(text, BadText) else (text, self._absent(text))

    def _absent(self, value: str) -> Text | None:
        return self.missing if self.required and not value else None


class Form:
    """The fields of one page. ``errors`` maps field names, or "" for the form as a whole, to sentences.

    They stand in the order of the fields on the page, the form as a whole first.
    """

    def __init__(self, *fields: Field, values: Mapping[str, str] | None = None) -> None:
        """An empty form, or one filled in beforehand with ``values``."""
        self._fields = {field.name: field for field in fields}
        self._values = dict.fromkeys(self._fields, "") | dict(values or {})
        self.is_draft = False
        self.errors: dict[str, Text] = {}

    @classmethod
    def submitted(cls, *fields: Field) -> "Form":
        """The form as this request sent it; a field sent twice is no form of ours and ends in 400."""
        form = cls(*fields)
        for name, wrong in form._read():
            form.refuse(name, wrong)
        return form

    @classmethod
    def draft(cls, *fields: Field) -> "Form":
        """What this request sent so far, to be shown again: nothing in it is wrong, and it is not ``ok`` either."""
        form = cls(*fields)
        form.is_draft = True
        list(form._read())
        return form

    def _read(self) -> Iterator[tuple[str, Text]]:
        """Take the values of this request; what is wrong with which field."""
        for name, field in self._fields.items():
            sent = request.form.getlist(name)
            if len(sent) > 1:
                abort(400)
            self._values[name], wrong = field.read(sent[0] if sent else "")
            if wrong is not None:
                yield name, wrong

    def __contains__(self, name: str) -> bool:
        return name in self._fields

    def __getitem__(self, name: str) -> str:
        return self._values[name]

    def __repr__(self) -> str:
        return f"Form({', '.join(self._fields)}; {len(self.errors)} errors)"

    @property
    def ok(self) -> bool:
        """Whether it may be acted upon: it was sent for that, and nothing was found wrong so far."""
        return not self.errors and not self.is_draft

    def refuse(self, name: str, message: Text) -> None:
        """Say what is wrong with field ``name`` ("" for the whole form); the first word on a field stands."""
        place = {known: number for number, known in enumerate(self._fields)}
        found = {name: message} | self.errors
        self.errors = {key: found[key] for key in sorted(found, key=lambda key: place.get(key, -1))}
        if has_request_context():
            g.tb_form_refused = True

    def put(self, **values: str) -> None:
        """Put ``values`` in place of what was sent: they came another way."""
        self._values.update(values)

    def value(self, name: str) -> str:
        """What the page shows in the field: nothing in a secret one. KeyError for a field the form does not have."""
        return "" if self._fields[name].secret else self._values[name]

    def error(self, name: str) -> Text | None:
        """What is wrong with field ``name``, None when nothing is."""
        return self.errors.get(name)


def init_forms(app: Flask) -> None:
    """Let the page that shows a sent form again say by its status (RFC 9110 15.5.21) that nothing was done."""

    @app.after_request
    def tell(response: Response) -> Response:
        if request.method == "POST" and response.status_code == 200 and g.get("tb_form_refused"):
            response.status_code = 422
        return response
