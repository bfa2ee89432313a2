"""As much of a browser as it takes to sign a person in: cookies, redirects, forms.

Always true: it runs outside of any measurement and follows what the pages say; it knows no provider.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urljoin, urlsplit

from bench.load import Answer, expect, wrong
from bench.operations import flow
from bench.site import Client, Cookies, Site, cookie_header, remember

STEPS = 16


@dataclass
class Form:
    """A form that is posted: where to, what it sends unasked, what it asks, and its first button."""

    action: str
    given: dict[str, str] = field(default_factory=dict)
    asked: set[str] = field(default_factory=set)
    button: dict[str, str] | None = None


class _Forms(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[Form] = []
        self._open: Form | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        if tag == "form" and values.get("method", "get").lower() == "post":
            self._open = Form(values.get("action", ""))
            self.found.append(self._open)
        elif tag in ("input", "button") and self._open and not self._is_button(tag, values):
            self._field(values)

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._open = None

    def _is_button(self, tag: str, values: Mapping[str, str]) -> bool:
        if tag == "input" and values.get("type") != "submit":
            return False
        if self._open and self._open.button is None:
            self._open.button = {values["name"]: values.get("value", "")} if "name" in values else {}
        return True

    def _field(self, values: Mapping[str, str]) -> None:
        assert self._open is not None
        name, kind = values.get("name", ""), values.get("type", "text")
        if kind == "hidden" or (kind in ("checkbox", "radio") and "checked" in values):
            self._open.given[name] = values.get("value", "on")
        elif kind in ("checkbox", "radio"):
            self._open.given.setdefault(name, values.get("value", "on"))
        else:
            self._open.asked.add(name)


def forms(html: str) -> list[Form]:
    parser = _Forms()
    parser.feed(html)
    return parser.found


def main_form(html: str, aside: frozenset[str] = frozenset({"/preferences", "/signout"})) -> Form | None:
    """The form a page is about: one that asks for a password, else the first that is not part of every page."""
    found = forms(html)
    asking = [form for form in found if "password" in form.asked]
    others = [form for form in found if urlsplit(form.action).path not in aside]
    return next(iter(asking or others), None)


def walk(site: Site, client: Client, cookies: Cookies, person: Mapping[str, str]) -> None:
    """A person's way through an authorization request until the browser is sent to the client.

    ``person`` fills the fields the pages ask for; every other question is answered with its first button.
    """
    address, request = site.paths.authorize, next(flow(site, client, cookies))
    for _ in range(STEPS):
        answer = site.exchange(request)
        remember(cookies, answer)
        location = (answer.header(b"location") or b"").decode("latin-1")
        if location.startswith(site.redirect_uri + "?"):
            if "code=" not in location:
                wrong("the provider refused", answer)
            return
        if answer.status in (302, 303):
            address = _inside(site, urljoin(address, location))
            request = site.get(address, **cookie(cookies))
        else:
            address, request = _submit(site, address, answer, cookies, person)
    wrong(f"no way to the client in {STEPS} steps", answer)


def _submit(
    site: Site, address: str, answer: Answer, cookies: Cookies, person: Mapping[str, str]
) -> tuple[str, bytes]:
    form = main_form(expect(answer, 200).body.decode())
    if form is None:
        wrong("a page without a form", answer)
    target = _inside(site, urljoin(address, form.action)) if form.action else address
    values = {**form.given, **(form.button or {}), **{name: person[name] for name in form.asked if name in person}}
    return target, site.post(target, values, Origin=site.issuer, **cookie(cookies))


def cookie(cookies: Cookies) -> dict[str, str]:
    """As a header field, if there are any."""
    return {"Cookie": cookie_header(cookies).decode("latin-1")} if cookies else {}


def _inside(site: Site, address: str) -> str:
    """The path and query of an address of this provider."""
    parts = urlsplit(address)
    assert not parts.netloc or parts.netloc == urlsplit(site.issuer).netloc, address
    return parts.path + (f"?{parts.query}" if parts.query else "")
