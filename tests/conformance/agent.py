"""The person's browser: cookies with SameSite, redirects, plain forms - the traits of the suite's HtmlUnit.

Always true: whatever would leave the provider for a relying party is caught here as an ``Arrival`` and never sent,
and a place that is neither provider nor relying party is a failure of the provider.
"""

from dataclasses import dataclass, field
from functools import cached_property
from http.cookies import CookieError, SimpleCookie
from urllib.parse import parse_qsl, urlsplit

import httpx

from tests.conformance.expect import Nonconformance
from tests.conformance.html_forms import Button, Document, Form, read
from tests.conformance.wire import FORM, Wire, get, post

MOST_REDIRECTS = 12
MOST_FORMS = 6
YES = frozenset({"yes", "allow", "accept", "agree", "approve", "continue", "confirm", "ok", "1", "true"})
REDIRECTS = frozenset({301, 302, 303, 307, 308})


@dataclass(frozen=True)
class Person:
    """Who signs in, and the standard claims the provider holds of this person."""

    identifier: str
    password: str
    claims: dict[str, object]


@dataclass(frozen=True)
class Page:
    """Something the person is shown."""

    url: str
    status: int
    headers: httpx.Headers
    text: str

    @cached_property
    def document(self) -> Document:
        return read(self.text, self.url)

    @property
    def sign_in_form(self) -> Form | None:
        return next((form for form in self.document.forms if form.control("password")), None)

    @property
    def question(self) -> Form | None:
        """The form a person has to answer here: the first posting one of the main part."""
        return next((form for form in self.document.forms if form.method == "POST" and form.in_main), None)


@dataclass(frozen=True)
class Arrival:
    """The browser at an address of the relying party: how it came and what it carried."""

    method: str
    address: str
    pairs: tuple[tuple[str, str], ...]
    content_type: str = ""
    query: str = ""

    @property
    def params(self) -> dict[str, str]:
        return dict(self.pairs)


Place = Page | Arrival


@dataclass
class _Cookie:
    value: str
    path: str
    same_site: str
    secure: bool


@dataclass
class CookieJar:
    """Cookies of one provider (one host), with the rules that matter to a sign-in: path, Secure, SameSite."""

    held: dict[tuple[str, str], _Cookie] = field(default_factory=dict)

    def learn(self, response: httpx.Response) -> None:
        for line in response.headers.get_list("set-cookie"):
            try:
                morsels = SimpleCookie(line).values()
            except CookieError as problem:
                raise Nonconformance("RFC 6265 4.1", f"a cookie that does not parse: {line!r}") from problem
            for morsel in morsels:
                self._keep(morsel.key, morsel)

    def _keep(self, name: str, morsel: object) -> None:
        attributes: dict[str, str] = morsel  # type: ignore[assignment]  # Morsel is a dict of its attributes
        path = attributes["path"] or "/"
        gone = attributes["max-age"] in {"0", "-1"} or "1970" in attributes["expires"]
        if gone:
            self.held.pop((name, path), None)
            return
        value = str(getattr(morsel, "coded_value", ""))
        same_site = (attributes["samesite"] or "lax").lower()
        self.held[name, path] = _Cookie(value, path, same_site, bool(attributes["secure"]))

    def header(self, url: str, method: str, *, cross_site: bool) -> str:
        """What a browser sends to ``url``: on the way from another site no Strict, and Lax only with a GET."""
        parts = urlsplit(url)
        sent = []
        for (name, _), cookie in self.held.items():
            withheld = cross_site and (
                cookie.same_site == "strict" or (cookie.same_site == "lax" and method != "GET")
            )
            secure_enough = not cookie.secure or parts.scheme == "https" or parts.hostname == "localhost"
            if parts.path.startswith(cookie.path.rstrip("/") or "/") and secure_enough and not withheld:
                sent.append(f"{name}={cookie.value}")
        return "; ".join(sent)


@dataclass
class UserAgent:
    """One browser profile. ``seen`` lists what the person was asked, in order: ``sign-in`` or ``question``."""

    wire: Wire
    provider: str
    relying_party: str
    accept_language: str = "en"
    jar: CookieJar = field(default_factory=CookieJar)
    seen: list[str] = field(default_factory=list)
    trail: list[tuple[str, str, int]] = field(default_factory=list)

    def visit(self, url: str) -> Place:
        """Come from the relying party's site by a link or a redirect."""
        return self._go(get(url), cross_site=True)

    def send_form(self, url: str, pairs: list[tuple[str, str]]) -> Place:
        """Come from the relying party's site by a form that posts: no Lax cookie travels along."""
        return self._go(post(url, pairs), cross_site=True)

    def submit(self, form: Form, values: dict[str, str] | None = None, button: Button | None = None) -> Place:
        pairs = form.data(values, button)
        if form.method == "POST":
            return self._go(post(form.action, pairs), cross_site=False)
        return self._go(get(str(httpx.URL(form.action, params=pairs))), cross_site=False)

    def attend(self, place: Place, person: Person) -> Place:
        """Do what the person does: sign in, agree, until the browser leaves for the relying party or gets stuck."""
        for _ in range(MOST_FORMS):
            if isinstance(place, Arrival):
                return place
            if carried := self._carried(place):
                place = self.submit(carried)
            elif place.status >= 400:
                return place
            elif form := place.sign_in_form:
                self.seen.append("sign-in")
                place = self.submit(form, self._filled(form, person), _affirmative(form))
            elif place.question:
                self.seen.append("question")
                place = self.submit(place.question, button=_affirmative(place.question))
            else:
                return place
        return place

    def settle(self, place: Place) -> Place:
        """Confirm the one question of a sign-out, if there is one, without ever signing in."""
        if isinstance(place, Page) and place.status < 400 and not place.sign_in_form and place.question:
            self.seen.append("question")
            return self.submit(place.question, button=_affirmative(place.question))
        return place

    def carried_on(self, place: Place) -> Place:
        """Let a page that carries its answer in a form (OAuth 2.0 Form Post Response Mode) do so."""
        form = self._carried(place) if isinstance(place, Page) else None
        return self.submit(form) if form else place

    def _carried(self, page: Page) -> Form | None:
        return next((form for form in page.document.forms if form.action.startswith(self.relying_party)), None)

    @staticmethod
    def _filled(form: Form, person: Person) -> dict[str, str]:
        name, password = form.control("text", "tel", "email"), form.control("password")
        filled = {name.name: person.identifier} if name else {}
        return filled | ({password.name: person.password} if password else {})

    def _go(self, request: httpx.Request, *, cross_site: bool) -> Place:
        for _ in range(MOST_REDIRECTS):
            arrival = self._arrival(request)
            if arrival:
                return arrival
            cookies = self.jar.header(str(request.url), request.method, cross_site=cross_site)
            request.headers.update({"Accept": "text/html", "Accept-Language": self.accept_language})
            if not cross_site and request.method == "POST":
                request.headers["Origin"] = self.provider
            if cookies:
                request.headers["Cookie"] = cookies
            response = self.wire.send(request)
            self.jar.learn(response)
            self.trail.append((request.method, request.url.path, response.status_code))
            if response.status_code not in REDIRECTS or "location" not in response.headers:
                return Page(str(request.url), response.status_code, response.headers, response.text)
            request = _followed(request, response)
        raise Nonconformance("RFC 9110 15.4", f"the browser was sent in a circle: {self.trail[-MOST_REDIRECTS:]}")

    def _arrival(self, request: httpx.Request) -> Arrival | None:
        url = str(request.url)
        if url.startswith(self.relying_party):
            query = urlsplit(url).query
            carried = request.content.decode("ascii") if request.method == "POST" else query
            pairs = tuple(parse_qsl(carried, keep_blank_values=True, strict_parsing=bool(carried)))
            kind = request.headers.get("content-type", "")
            return Arrival(request.method, url.split("?")[0], pairs, kind, query)
        if not url.startswith(self.provider):
            raise Nonconformance("RFC 9700 4.11", f"the browser was sent to a foreign place: {url}")
        return None


def _affirmative(form: Form) -> Button | None:
    """The button that means yes; where none says so, the first."""
    saying_yes = (button for button in form.buttons if button.value.lower() in YES)
    return next(saying_yes, form.buttons[0] if form.buttons else None)


def _followed(request: httpx.Request, response: httpx.Response) -> httpx.Request:
    target = request.url.join(response.headers["location"])
    if response.status_code in {307, 308} and request.method == "POST":
        return httpx.Request("POST", target, content=request.content, headers={"Content-Type": FORM})
    return get(str(target))
