"""The form in which somebody says who they are: name, kind of document, number.

Always true: what it gives was parsed by its value types; what is wrong with it stands in the form.
"""

from idp.accounts.documents import Document, IdNumber, Passport, TravelPermit
from idp.accounts.names import PersonName
from idp.web.clock import now
from idp.web.forms import Field, Form
from idp.web.locale import china_date
from idp.web.reasons import sentence

NAME = Field("name", sentence("name_missing"), max_length=100)
KIND = Field("kind", sentence("document_kind_missing"), max_length=16)
NUMBER = Field("number", sentence("document_number_missing"), max_length=64)
FIELDS = (NAME, KIND, NUMBER)
KINDS = ("id_number", "passport", "travel_permit")


def empty_form(*fields: Field) -> Form:
    """``fields``: those of the page, where there are more."""
    return Form(*(fields or FIELDS), values={"kind": KINDS[0]})


def read_person(form: Form) -> tuple[PersonName, Document] | None:
    """Who somebody says to be; None when the form says why it tells nobody."""
    found = PersonName.parse(form["name"]) if form["name"] else None
    document = typed_document(form["kind"], form["number"]) if form["number"] else None
    if form["name"] and found is None:
        form.refuse("name", sentence("name_invalid"))
    if form["kind"] and form["kind"] not in KINDS:
        form.refuse("kind", sentence("document_kind_missing"))
    elif form["number"] and document is None:
        form.refuse("number", sentence("document_number_invalid"))
    return (found, document) if form.ok and found and document else None


def typed_document(kind: str, text: str) -> Document | None:
    """The number in ``text`` as one of `KINDS`."""
    if kind == "passport":
        return Passport.parse(text)
    if kind == "travel_permit":
        return TravelPermit.parse(text)
    return IdNumber.parse(text, today=china_date(now()))
