"""The templates themselves: contracts, form plumbing, weight of the sheet."""

import re
from functools import cache
from pathlib import Path

import pytest
from flask import render_template
from flask.testing import FlaskClient
from jinja2 import UndefinedError

import idp.web
from idp.web.agreements import KINDS, load_agreements
from idp.web.prose import read_prose
from tests.many import for_each
from tests.web.preview import preview_app
from tests.web.states import AGREEMENTS, NOW, STATES

HERE = Path(idp.web.__path__[0])
TEMPLATES = sorted(path for path in (HERE / "templates").rglob("*.html"))
WITH_SCRIPT = (
    "signin-passkey", "confirm-passkey", "account-passkey-add", "check-app", "certificate-",
    "entity-certificate-bind", "mandate-certificate",
)  # fmt: skip
WITHOUT = ("certificate-phone-done",)
PAGES = [path for path in TEMPLATES if path.parent.name != "macros" and path.stem not in ("base", "frame")]


@pytest.fixture(scope="module")
def preview() -> FlaskClient:
    return preview_app().test_client()


@cache
def shown(state: str) -> tuple[int, str]:
    """Status and text of the page in a state, which several tests read."""
    answer = preview_app().test_client().get(f"/preview/{state}")
    return answer.status_code, answer.text


def test_sheet_is_light_and_complete() -> None:
    sheet = (HERE / "static" / "tongban.css").read_text("utf-8")
    assert len(sheet.encode()) < 20_000
    assert "url(" not in sheet
    assert "@import" not in sheet
    defined, used = set(re.findall(r"(--[\w-]+):", sheet)), set(re.findall(r"var\((--[\w-]+)\)", sheet))
    assert used == defined


def test_every_class_of_the_templates_is_in_the_sheet() -> None:
    sheet = (HERE / "static" / "tongban.css").read_text("utf-8")
    text = "\n".join(path.read_text("utf-8") for path in TEMPLATES)
    names = {name for names in re.findall(r'class="([^"{]+)"', text) for name in names.split()}
    assert {name for name in names if not re.search(rf"\.{re.escape(name)}\b", sheet)} == set()


@for_each(PAGES)
def test_every_page_tells_its_contract_and_stands_in_the_preview(template: Path) -> None:
    text = template.read_text("utf-8")
    assert text.startswith("{#-"), "variables are named at the top"
    previewed = "".join(file.read_text("utf-8") for file in Path(__file__).parent.glob("*states.py"))
    name = template.relative_to(HERE / "templates").as_posix()
    if template.parent.name == "console":
        previewed = (Path(__file__).parent / "console_states.py").read_text("utf-8")
        name = f'"{template.stem}",'
    assert name in previewed or template.stem in ("error", "oauth_error", "expired")


@for_each(STATES)
def test_page_state_is_plain_html_without_script_or_inline_style(state: str) -> None:
    status, page = shown(state)
    assert status < 500 or state.startswith("error-"), "the state does not render"
    assert " style=" not in page
    assert not re.search(r"\son\w+=", page)
    assert ("<script" in page) is (state == "form-post" or (state.startswith(WITH_SCRIPT) and state not in WITHOUT))
    assert not re.search(r"<script(?! (type=\"module\" )?src=\"/static/)", page)
    assert page.count("<h1") == 1
    assert page.lstrip().startswith("<!doctype html>")
    assert len(set(re.findall(r'\sid="([^"]+)"', page))) == len(re.findall(r'\sid="([^"]+)"', page))


@for_each(STATES)
def test_every_form_carries_its_token_and_every_input_its_label(state: str) -> None:
    _, page = shown(state)
    forms = re.findall(r"<form.*?</form>", page, re.DOTALL)
    changing = [form for form in forms if '<form method="get"' not in form]
    assert all('name="csrf_token"' in form for form in changing) or state == "form-post"
    for form in forms:
        for tag in re.findall(r"<input[^>]*>", form):
            if 'type="hidden"' not in tag:
                identifier = re.search(r'id="([^"]+)"', tag)
                assert identifier
                assert f'for="{identifier[1]}"' in form
                assert "autocomplete=" in tag or re.search('type="(checkbox|radio|file)"', tag)


def test_sign_in_is_one_form_with_one_button(preview: FlaskClient) -> None:
    page = preview.get("/preview/signin").text
    (form,) = re.findall(r"<form.*?</form>", page, re.DOTALL)
    assert re.findall(r'name="(\w+)"', form) == ["csrf_token", "identifier", "password"]
    assert form.count("<button") == 1
    assert 'autocomplete="current-password"' in form
    assert "湖南省税务局" in page


def test_refused_fields_are_linked_marked_and_described(preview: FlaskClient) -> None:
    page = preview.get("/preview/register-details-refused").text
    assert re.search(r'id="error-summary" role="alert" tabindex="-1" autofocus', page)
    for name in ("password", "user_name", "agreements"):
        assert f'<a href="#{name}">' in page
        assert f'id="{name}-error"' in page
        (tag,) = re.findall(rf'<input[^>]* id="{name}"[^>]*>|<input id="{name}"[^>]*>', page)
        assert 'aria-invalid="true"' in tag
        assert f"{name}-error" in tag
    assert "<title>错误：" in page


def test_code_fields_call_the_numeric_keyboard_and_take_what_the_phone_offers(preview: FlaskClient) -> None:
    page = preview.get("/preview/signin-code-enter").text
    assert 'inputmode="numeric" autocomplete="one-time-code"' in page
    assert "maxlength" not in page


def test_names_of_people_and_apps_are_escaped() -> None:
    app = preview_app()
    evil = '<img src=x onerror="alert(1)">'
    with app.test_request_context("/"):
        page = render_template(
            "register_done.html",
            client_name=evil,
            continue_url="/",
            goes_on=True,
            identity_url=None,
            certificate_url=None,
        )
        consent = render_template(
            "consent.html",
            client_name=evil,
            department_name=evil,
            account_label=evil,
            items=[],
            law=evil,
            notice=None,
        )
    assert "<img" not in page + consent


def test_missing_variable_is_a_fault_and_not_an_empty_place() -> None:
    app = preview_app()
    with app.test_request_context("/"), pytest.raises(UndefinedError):
        render_template("consent.html", client_name="a")


def test_agreements_exist_in_both_languages_and_are_in_force_from_their_date() -> None:
    agreements = load_agreements(AGREEMENTS)
    assert [(text.kind, text.version) for text in agreements.current(now=NOW)] == [
        (kind, "2026-11-01") for kind in KINDS
    ]
    for text in agreements.current(now=NOW):
        assert set(text.titles) == set(text.bodies) == {"zh", "en"}
    assert agreements.versions("user", now=0) == []
    assert agreements.find("user", "1999-01-01") is None
    with pytest.raises(LookupError):
        agreements.current(now=0)


def test_prose_escapes_everything_and_knows_headings_lists_and_paragraphs() -> None:
    title, body = read_prose("# T & Co\n\n## <b>H</b>\n\none\n<i>two</i>\n\n- a\n- <script>\n\n## H2\nright below\n")
    assert title == "T & Co"
    assert str(body) == (
        "<h2>&lt;b&gt;H&lt;/b&gt;</h2>\n<p>one<br>&lt;i&gt;two&lt;/i&gt;</p>\n<ul><li>a</li><li>&lt;script&gt;</li></ul>\n"
        "<h2>H2</h2><p>right below</p>"
    )
    with pytest.raises(ValueError, match="Title"):
        read_prose("no title")
