"""Language, type size and contrast of a page, and how a person switches them with plain links.

Always true: an unknown value never reaches a page; it falls back to the next source in the order named below.
Language: ``lang`` or ``ui_locales`` of this request, those of an earlier request of this browser session, the
remembered choice, Accept-Language, the default of the installation.
"""

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta, timezone
from typing import get_args
from urllib.parse import urlencode, urlsplit

from babel.dates import format_datetime
from flask import Blueprint, Flask, g, redirect, request, session
from flask_babel import Babel
from werkzeug.datastructures import LanguageAccept
from werkzeug.wrappers import Response

from idp.web.catalogue import Texts, english
from idp.web.cookies import PREFERENCES, read_cookie, set_preferences
from idp.web.guards import public
from idp.web.limits import here, sound_parameters
from idp.web.options import Language, WebOptions, options

LANGUAGES: tuple[Language, ...] = get_args(Language)
SIZES = ("normal", "large", "xlarge")
CONTRASTS = ("normal", "high")
TAGS = {"zh": "zh-CN", "en": "en"}
LOCALES = {"zh": "zh_CN", "en": "en"}
CHINA_TIME = timezone(timedelta(hours=8), "CST")
_MOMENT = {"zh": "y年M月d日 HH:mm", "en": "d MMM y, HH:mm"}
_DAY = {"zh": "y年M月d日", "en": "d MMM y"}
_ASKED = "lang"
RETURN_LENGTH = 2000

preferences_pages = Blueprint("preferences", __name__)


@dataclass(frozen=True)
class Preferences:
    """What a page shows itself in; ``chosen`` is the remembered language, None while the person chose none."""

    lang: Language
    size: str = "normal"
    contrast: str = "normal"
    chosen: Language | None = None

    @property
    def tag(self) -> str:
        """BCP 47, for the lang attribute."""
        return TAGS[self.lang]


def match_language(tags: str | None) -> Language | None:
    """The first language of a blank-separated BCP 47 list that the pages speak (OpenID Connect Core 3.1.2.1)."""
    for tag in (tags or "")[:200].lower().replace("_", "-").split():
        for known in LANGUAGES:
            if tag == known or tag.startswith(f"{known}-"):
                return known
    return None


def _accepted(header: LanguageAccept) -> Language | None:
    for tag, quality in header:
        found = match_language(tag)
        if found and quality > 0:
            return found
    return None


def _remembered() -> tuple[Language | None, str, str]:
    parts = (read_cookie(PREFERENCES) or "").split(".")
    lang, size, contrast = parts if len(parts) == 3 else ("", "", "")
    return (
        match_language(lang),
        size if size in SIZES else SIZES[0],
        contrast if contrast in CONTRASTS else CONTRASTS[0],
    )


def _asked() -> Language | None:
    """The language this browser session was last asked to use; a new wish is kept for the pages that follow."""
    sent = sound_parameters()
    wish = match_language(sent.get("lang")) or match_language(sent.get("ui_locales"))
    kept = match_language(session.get(_ASKED))
    if wish and wish != kept:
        session[_ASKED] = wish
    return wish or kept


def preferences() -> Preferences:
    """The preferences of this request."""
    if "tb_preferences" not in g:
        chosen, size, contrast = _remembered()
        lang = chosen or _accepted(request.accept_languages) or options().default_language
        g.tb_preferences = Preferences(_asked() or lang, size, contrast, chosen)
    found: Preferences = g.tb_preferences
    return found


def local_path(address: str | None) -> str | None:
    """``address`` when it is a path of this site and nothing else, else None (no redirect ever leaves by it)."""
    if not address or len(address) > RETURN_LENGTH or not address.startswith("/") or address.startswith("//"):
        return None
    if "\\" in address or any(not "!" <= char <= "~" for char in address):
        return None
    try:
        parts = urlsplit(address)
    except ValueError:
        return None
    return address if not parts.scheme and not parts.netloc and not parts.path.startswith("//") else None


def _here() -> str:
    """The address of this page for a link that comes back to it; the home page when it is no page to come back to."""
    return local_path(here()) or "/"


def preference_address(**changes: str) -> str:
    """The link that switches the named preferences and comes back."""
    return "/preferences?" + urlencode({**changes, "return": _here()})


@preferences_pages.get("/preferences")
@public
def switch() -> Response:
    """Remember ``lang``, ``size``, ``contrast`` as far as they are valid; go back to ``return``."""
    wanted, lang = preferences(), match_language(request.args.get("lang"))
    if lang:
        session.pop(_ASKED, None)
        wanted = replace(wanted, chosen=lang)
    size, contrast = request.args.get("size"), request.args.get("contrast")
    wanted = replace(
        wanted,
        size=size if size in SIZES else wanted.size,
        contrast=contrast if contrast in CONTRASTS else wanted.contrast,
    )
    set_preferences(f"{wanted.chosen or ''}.{wanted.size}.{wanted.contrast}")
    return redirect(local_path(request.args.get("return")) or "/", 303)


def local_time(seconds: int) -> str:
    """A moment as people in China read their clocks, in the language of the page."""
    lang = preferences().lang
    return format_datetime(datetime.fromtimestamp(seconds, CHINA_TIME), _MOMENT[lang], locale=LOCALES[lang])


def last_day(seconds: int) -> str:
    """The last day in China before the moment at which something ends, in the language of the page."""
    lang = preferences().lang
    return format_datetime(datetime.fromtimestamp(seconds - 1, CHINA_TIME), _DAY[lang], locale=LOCALES[lang])


def short_time(seconds: int) -> str:
    """Month-day and hour:minute in China, as text messages say a time."""
    return datetime.fromtimestamp(seconds, CHINA_TIME).strftime("%m-%d %H:%M")


def iso_time(seconds: int) -> str:
    """ISO 8601 with offset, for the datetime attribute."""
    return datetime.fromtimestamp(seconds, CHINA_TIME).isoformat()


def init_locale(app: Flask, web: WebOptions) -> None:
    """Set up Flask-Babel, the time filters and the preferences link."""
    babel = Babel(app, default_locale="zh_CN", locale_selector=lambda: LOCALES[preferences().lang])
    babel.domain_instance = Texts(english(accented=web.pseudo_english))
    app.jinja_env.filters.update(local_time=local_time, last_day=last_day, iso_time=iso_time)
    app.register_blueprint(preferences_pages)


def china_date(seconds: int) -> date:
    """The day it is in China: documents begin and end, and people are born, by it."""
    return datetime.fromtimestamp(seconds, CHINA_TIME).date()
