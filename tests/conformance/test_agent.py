"""The browser of the checks: cookies, redirects and forms as a plain browser treats them."""

from collections.abc import Callable

import httpx
import pytest

from tests.conformance.agent import Arrival, Page, Person, UserAgent
from tests.conformance.expect import Nonconformance
from tests.conformance.html_forms import Button, Control, read
from tests.conformance.wire import FORM

PROVIDER, PARTY = "https://op.example", "https://rp.example"
SOMEONE = Person("someone", "secret", {})


class Script:
    """A wire that answers by path, and remembers what was sent."""

    def __init__(self, answers: dict[str, Callable[[httpx.Request], httpx.Response]]) -> None:
        self.answers = answers
        self.sent: list[httpx.Request] = []

    def send(self, request: httpx.Request) -> httpx.Response:
        self.sent.append(request)
        return self.answers[request.url.path](request)


def agent(wire: Script) -> UserAgent:
    return UserAgent(wire, PROVIDER, PARTY)


def sets(*cookies: str) -> Callable[[httpx.Request], httpx.Response]:
    return lambda _: httpx.Response(200, headers=[("set-cookie", cookie) for cookie in cookies])


def sends(location: str, status: int = 303) -> Callable[[httpx.Request], httpx.Response]:
    return lambda _: httpx.Response(status, headers={"location": location})


def shows(html: str, status: int = 200) -> Callable[[httpx.Request], httpx.Response]:
    return lambda _: httpx.Response(status, html=html)


@pytest.mark.parametrize(
    ("cookie", "get", "post"),
    [
        ("a=1; SameSite=Strict", "", ""),
        ("a=1; SameSite=Lax", "a=1", ""),
        ("a=1", "a=1", ""),
        ("a=1; SameSite=None; Secure", "a=1", "a=1"),
        ("a=1; Path=/elsewhere", "", ""),
        ("a=1; Max-Age=0", "", ""),
    ],
)
def test_a_cookie_travels_from_another_site_as_its_attributes_say(cookie: str, get: str, post: str) -> None:
    wire = Script({"/set": sets(cookie), "/see": shows("")})
    browser = agent(wire)
    browser.visit(f"{PROVIDER}/set")
    browser.visit(f"{PROVIDER}/see")
    browser.send_form(f"{PROVIDER}/see", [("x", "1")])
    assert [request.headers.get("cookie", "") for request in wire.sent[1:]] == [get, post]


def test_a_get_after_a_cross_site_post_carries_lax_cookies_again() -> None:
    wire = Script({"/set": sets("a=1; SameSite=Lax"), "/door": sends("/see"), "/see": shows("")})
    browser = agent(wire)
    browser.visit(f"{PROVIDER}/set")
    browser.send_form(f"{PROVIDER}/door", [])
    assert [(request.method, request.headers.get("cookie")) for request in wire.sent[1:]] == [
        ("POST", None),
        ("GET", "a=1"),
    ]


def test_a_307_keeps_method_and_body() -> None:
    wire = Script({"/door": sends("/see", 307), "/see": shows("")})
    agent(wire).send_form(f"{PROVIDER}/door", [("x", "1")])
    assert (wire.sent[1].method, wire.sent[1].content) == ("POST", b"x=1")


def test_the_relying_party_is_where_the_browser_stops() -> None:
    place = agent(Script({"/door": sends(f"{PARTY}/callback?code=c&state=s")})).visit(f"{PROVIDER}/door")
    assert isinstance(place, Arrival)
    assert (place.method, place.address, place.params) == ("GET", f"{PARTY}/callback", {"code": "c", "state": "s"})


def test_a_foreign_place_is_a_failure() -> None:
    with pytest.raises(Nonconformance, match="foreign place"):
        agent(Script({"/door": sends("https://elsewhere.example/")})).visit(f"{PROVIDER}/door")


def test_a_circle_of_redirects_is_a_failure() -> None:
    with pytest.raises(Nonconformance, match="in a circle"):
        agent(Script({"/door": sends("/door")})).visit(f"{PROVIDER}/door")


def test_the_person_signs_in_agrees_and_arrives_by_a_form() -> None:
    sign_in = "<main><form method=post action=/signin><input name=who><input name=pw type=password></form></main>"
    consent = "<main><form method=post action=/consent><button name=d value=deny>N</button>"
    consent += "<button name=d value=allow>Y</button></form></main>"
    post = f'<form method=post action="{PARTY}/callback"><input type=hidden name=code value=c></form>'
    wire = Script({"/door": shows(sign_in), "/signin": shows(consent), "/consent": shows(post, 400)})
    browser = agent(wire)
    place = browser.attend(browser.visit(f"{PROVIDER}/door"), SOMEONE)
    assert isinstance(place, Arrival)
    assert (place.method, place.content_type, place.params) == ("POST", FORM, {"code": "c"})
    assert [request.content for request in wire.sent[1:]] == [b"who=someone&pw=secret", b"d=allow"]
    assert browser.seen == ["sign-in", "question"]


def test_an_error_page_is_where_the_person_gives_up() -> None:
    browser = agent(Script({"/door": shows("<form method=post><button>again</button></form>", 400)}))
    place = browser.attend(browser.visit(f"{PROVIDER}/door"), SOMEONE)
    assert isinstance(place, Page)
    assert browser.seen == []


def test_forms_are_read_as_html_says() -> None:
    page = """<form id=f action="?next=1"><input name=a value="&#228;"><input type=checkbox name=b><input
      type=checkbox name=c checked><input type=radio name=d value=1><input type=radio name=d value=2 checked><select
      name=e><option value=x>x<option value=y selected>y</select><textarea name=g>t</textarea><input disabled name=h>
      </form><button form=f name=go value=yes> Go  on </button>"""
    (form,) = read(page, f"{PROVIDER}/page").forms
    assert (form.method, form.action) == ("GET", f"{PROVIDER}/page?next=1")
    assert form.buttons == [Button("go", "yes", "Go on")]
    assert form.control("radio") == Control("d", "radio", "1")
    assert form.data({"g": "u"}, form.buttons[0]) == [
        ("a", "ä"), ("c", "on"), ("d", "2"), ("e", "y"), ("g", "u"), ("go", "yes"),
    ]  # fmt: skip
