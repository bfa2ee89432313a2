"""Forms: what is read, what is shown again, what is said."""

import pytest
from flask import Flask
from werkzeug.exceptions import BadRequest

from idp.web.forms import Field, Form

NAME, OPTIONAL = Field("name", max_length=5), Field("nick", required=False)
PASSWORD = Field("password", secret=True, max_length=128)


def submitted(app: Flask, data: dict[str, str | list[str]]) -> Form:
    with app.test_request_context("/", method="POST", data=data):
        form = Form.submitted(NAME, OPTIONAL, PASSWORD)
        form.errors = {name: str(message) for name, message in form.errors.items()}
        return form


def test_values_are_trimmed_and_secrets_are_taken_as_they_are(app: Flask) -> None:
    form = submitted(app, {"name": " 李 ", "password": " 空格 也算 "})
    assert form.ok
    assert (form["name"], form["nick"], form["password"]) == ("李", "", " 空格 也算 ")


def test_secrets_never_come_back(app: Flask) -> None:
    form = submitted(app, {"name": "李", "password": "geheim"})
    assert form.value("name") == "李"
    assert form.value("password") == ""
    assert "geheim" not in repr(form)
    assert "李" not in repr(form)


def test_required_long_and_unusable_values_are_named(app: Flask) -> None:
    form = submitted(app, {"name": "abcdef", "nick": "a\u202eb", "password": ""})
    assert form.errors == {
        "name": "输入的内容过长", "nick": "输入的内容含有无法使用的字符", "password": "请填写此项",
    }  # fmt: skip


def test_long_passwords_of_128_characters_pass(app: Flask) -> None:
    assert submitted(app, {"name": "a", "password": "密" * 128}).ok
    assert submitted(app, {"name": "a", "password": "密" * 129}).error("password") == "输入的内容过长"


def test_field_sent_twice_is_refused(app: Flask) -> None:
    with pytest.raises(BadRequest):
        submitted(app, {"name": ["a", "b"]})


def test_first_word_on_a_field_stands() -> None:
    form = Form(NAME)
    form.refuse("name", "one")
    form.refuse("name", "two")
    assert form.error("name") == "one"
    assert not form.ok


def test_what_is_wrong_stands_in_the_order_of_the_page() -> None:
    form = Form(NAME, OPTIONAL, PASSWORD)
    for name in ("password", "name", "", "nick"):
        form.refuse(name, "wrong")
    assert list(form.errors) == ["", "name", "nick", "password"]


def test_pages_cannot_show_a_field_the_form_does_not_have() -> None:
    with pytest.raises(KeyError):
        Form(NAME).value("other")


def test_a_draft_keeps_what_was_typed_and_is_neither_right_nor_wrong(app: Flask) -> None:
    data: dict[str, str | list[str]] = {"name": " 李 ", "nick": "a\u202eb"}
    with app.test_request_context("/", method="POST", data=data):
        form = Form.draft(NAME, OPTIONAL, PASSWORD)
    assert (form["name"], form["nick"], form.errors) == ("李", "", {})
    assert not form.ok
    assert "name" in form
    assert "code" not in form
