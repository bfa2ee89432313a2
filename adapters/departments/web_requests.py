"""Owns a browser's request and the kit's answer as plain values; every framework turns its own into these and back.

Knows no framework: what stands in `Visit` is all that the kit's rules see of a request.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import parse_qs

from adapters.departments.sessions import AppSession
from adapters.departments.web_cookies import CookieChange, read_cookies
from adapters.departments.web_notices import Notice


@dataclass(slots=True)
class Visit:
    """One request, and what the kit wants to be said with its response, whoever makes that.

    root: where the app is mounted; `path`: the whole path, root included; both as they stand in an address, quoted.
    headers: by lower-case names.
    language: "zh" or "en", asked when a page or a redirect needs it.
    own: one of the kit's endpoints is asked for; `form` is what was posted to it.
    session: what the store said of this browser, once it was asked (`looked_up`).
    changes: of cookies, by their names; they go along with the response.
    private: a page for the signed-in person alone, which nothing may keep.
    """

    method: str
    root: str
    path: str
    query: str
    headers: Mapping[str, str] = field(repr=False)
    language: Callable[[], str]
    form: Mapping[str, Sequence[str]] = field(default_factory=dict, repr=False)
    own: bool = False
    session: AppSession | None = field(default=None, repr=False)
    looked_up: bool = False
    changes: dict[str, CookieChange] = field(default_factory=dict)
    private: bool = False

    @property
    def page(self) -> str:
        """Path and query: where the browser is, as a target to come back to."""
        return f"{self.path}?{self.query}" if self.query else self.path

    @property
    def reads(self) -> bool:
        """True if the browser only wants to see something."""
        return self.method in ("GET", "HEAD")

    @property
    def parameters(self) -> dict[str, list[str]]:
        """The query with every value of every name."""
        return parse_qs(self.query, keep_blank_values=True)

    def know(self, session: AppSession | None) -> None:
        """Keep who is signed in for the rest of this request."""
        self.session, self.looked_up = session, True

    def first(self, name: str) -> str:
        """The first value of a parameter; empty if there is none."""
        return self.parameters.get(name, [""])[0]

    def sent(self, name: str, default: str = "") -> str:
        """The first value of a field of the form."""
        return next(iter(self.form.get(name, ())), default)

    def cookie(self, name: str) -> str | None:
        """What the browser sent; None if nothing of this name."""
        return read_cookies(self.headers.get("cookie", "")).get(name)


@dataclass(frozen=True, slots=True)
class Reply:
    """The kit's own answer: a redirect to `location`, a `notice` to show, a JSON `document`, or nothing but a status.

    allow: the methods there are, for an answer to another one (RFC 9110 15.5.6).

    No reply may be kept by browsers or proxies: `Cache-Control: no-store`.
    """

    status: int = 200
    location: str | None = None
    notice: Notice | None = None
    document: Mapping[str, object] | None = None
    content_type: str = "application/json"
    allow: tuple[str, ...] = ()


def leave_for(address: str) -> Reply:
    """Send the browser to `address` with a GET, whatever it sent here."""
    return Reply(303, location=address)
