"""The pages of photos that a machine reads in every state, with sample data; `tests.web.states` takes them in."""

from collections.abc import Callable, Mapping
from types import SimpleNamespace

from idp.accounts.documents import DocumentType
from idp.flows.rules import FlowKind, step_names
from idp.idphotos.pages import CONSENT
from idp.reviews.words import DOCUMENTS
from idp.web.forms import Form
from idp.web.notices import Notice
from idp.web.reasons import evidence_word, sentence
from tests.web.review_states import NOW, PHOTO, page, refused

STEPS = step_names(FlowKind.PHOTOS)
ALONE = {"client_name": None, "declinable": False, "later_url": "#", "all_url": None}
WAY = ALONE | {"failed": False, "elsewhere": False, "ways": [], "notice": None}


def _others() -> list[SimpleNamespace]:
    return [SimpleNamespace(title=evidence_word("review"), url="#")]


def _side(side: str, form: Callable[[], Form] = lambda: Form(PHOTO)) -> Callable[[], str]:
    return page("id_photos_side.html", form=form, side=side, megabytes=8, back_url="#", other_url="#", steps=STEPS)


def _wait(*, away: bool = False, refreshing: bool = True) -> Callable[[], str]:
    looks = {"refresh_url": "#", "pause_url": "#", "other_url": "#", "steps": STEPS}
    return page("id_photos_wait.html", form=Form, away=away, refreshing=refreshing, **looks)


def _confirm(form: Callable[[], Form] = Form, **changes: object) -> Callable[[], str]:
    read = {
        "name": "欧阳清岚", "kind": lambda: DOCUMENTS[DocumentType.RESIDENT_ID], "number": "1****************X",
        "ends": NOW, "steps": STEPS,
    }  # fmt: skip
    return page("id_photos_confirm.html", form=form, **WAY | read | changes)


PHOTO_STATES: Mapping[str, Callable[[], str]] = {
    "photos": page("id_photos.html", form=lambda: Form(CONSENT), **WAY),
    "photos-app": page(
        "id_photos.html",
        form=lambda: refused(CONSENT, consent="photos_consent_missing"),
        **WAY | {"client_name": "社会保险网上服务", "declinable": True, "later_url": None, "all_url": "#"},
    ),
    "photos-over": page(
        "id_photos.html",
        form=lambda: Form(CONSENT),
        **WAY | {"notice": lambda: Notice("info", sentence("journey_over"))},
    ),
    "photos-taken": page(
        "id_photos.html",
        form=lambda: refused(CONSENT, whole="face_document_taken"),
        **WAY | {"failed": True, "elsewhere": True, "ways": _others},
    ),
    "photos-front": _side("front"),
    "photos-front-glare": _side("front", lambda: refused(PHOTO, photo="photos_glare")),
    "photos-back": _side("back"),
    "photos-back-refused": _side("back", lambda: refused(PHOTO, photo="photo_format")),
    "photos-wait": _wait(),
    "photos-wait-paused": _wait(refreshing=False),
    "photos-away": _wait(away=True, refreshing=False),
    "photos-confirm": _confirm(),
    "photos-confirm-refused": _confirm(
        lambda: refused(whole="identity_not_confirmed"), ends=None, failed=True, elsewhere=True, ways=_others
    ),
    "photos-face": page(
        "id_photos_face.html", form=Form, subject="***岚 1****************X", steps=STEPS, other_url="#"
    ),
}
