"""Texts: the English catalogue is complete, and no page shows a word that was never translated."""

import re
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.frontend import parse_mapping_cfg

import idp
from idp.audit.rules import Event
from idp.web.catalogue import compiled, read_catalogue
from idp.web.forms import Form
from idp.web.reasons import EVENTS, GENERAL, SENTENCES, known_reason, password_rule, scope_words, sentence
from idp.web.words.departments import SCOPES
from tests.many import for_each
from tests.web.preview import preview_app
from tests.web.reading import words_in
from tests.web.states import STATES

ROOT = Path(idp.__path__[0]).parent
CHINESE = re.compile(r"[\u3400-\u9fff]")
LATIN = re.compile("Cookie|USB Key|PIN|pfx")
"""What Chinese has no other word for."""
UPDATE = "bring the catalogue up to date: the commands stand in config/babel.cfg"


def source_texts() -> Catalog:
    with (ROOT / "config" / "babel.cfg").open() as file:
        methods, options = parse_mapping_cfg(file)
    found = Catalog()
    for path, line, text, _comments, context in extract_from_dir(ROOT, methods, options, directory_filter=in_idp):
        if path.startswith("idp"):
            found.add(text, None, [(path, line)], context=context)
    return found


def in_idp(directory: str) -> bool:
    inside = Path(directory).relative_to(ROOT).parts
    return not inside or inside[0] == "idp"


def test_catalogue_holds_exactly_the_texts_of_the_code() -> None:
    in_code = {message.id for message in source_texts() if message.id}
    in_catalogue = {message.id for message in read_catalogue() if message.id}
    assert in_code - in_catalogue == set(), UPDATE
    assert in_catalogue - in_code == set(), UPDATE


def test_every_text_has_an_english_translation() -> None:
    for message in read_catalogue():
        if not message.id:
            continue
        texts = [message.string] if isinstance(message.string, str) else list(message.string or [])
        assert texts
        assert all(texts), message.id
        assert not message.fuzzy, message.id
        assert not any(CHINESE.search(text) for text in texts), message.id


def test_translations_keep_the_placeholders() -> None:
    assert [str(error) for message in read_catalogue() for error in message.check()] == []
    for message in read_catalogue():
        if isinstance(message.id, str) and isinstance(message.string, str):
            assert set(re.findall(r"%\(\w+\)", message.id)) == set(re.findall(r"%\(\w+\)", message.string))


def test_catalogue_is_compiled_from_what_the_file_says() -> None:
    catalogue = read_catalogue()
    texts = compiled(catalogue)
    for message in catalogue:
        if isinstance(message.id, str) and message.id:
            assert texts.gettext(message.id) == message.string


@for_each(STATES)
def test_english_page_shows_no_untranslated_word(state: str) -> None:
    page = preview_app(pseudo_english=True).test_client().get(f"/preview/{state}?lang=en").text
    for words in words_in(page):
        assert not re.search(r"[A-Za-z\u3400-\u9fff]{2,}", re.sub("Tongban|Privacy policy", "", words)), words


@for_each(STATES)
def test_chinese_page_shows_no_english_word(state: str) -> None:
    page = preview_app().test_client().get(f"/preview/{state}?lang=zh").text
    for words in words_in(page):
        assert not re.search(r"[A-Za-z]{3,}", LATIN.sub("", words)), words


def test_every_event_of_a_person_or_app_has_a_line_in_the_activity_list() -> None:
    shown = {event.value for event in Event if event.value.split(":")[0] in ("person", "client")}
    assert {event for event in shown if not event.startswith("client:client")} - set(EVENTS) == set()


def test_reasons_are_found_with_hyphen_and_underscore() -> None:
    assert sentence("prompt-login") is SENTENCES["prompt_login"]
    assert sentence("never heard of it") is GENERAL
    assert known_reason("max-age")
    assert not known_reason("never heard of it")


def test_unknown_scope_is_shown_as_it_is() -> None:
    assert scope_words("x:y") == ("x:y", None)
    assert scope_words("phone") == SCOPES["phone"]


def test_advice_on_passwords_names_the_length() -> None:
    with preview_app().test_request_context("/"):
        assert "12" in password_rule("length", number=12)
        assert password_rule("uncommon")
        assert Form().ok
