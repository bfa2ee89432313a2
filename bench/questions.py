"""What somebody asks to learn who exists, and what tells the answers apart.

Always true: every identifier is asked about once, by a browser at an address of its own, so that no limit answers in
place of the page; what is taken out of an answer before it is compared is what every answer has anew.
"""

import datetime
import random
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from bench.browser import Form, main_form
from bench.load import Answer, expect, wrong
from bench.site import Cookies, Site, cookie_header, remember
from bench.tongban_target import Tongban
from idp.accounts.documents import check_character
from idp.web.cookies import BROWSER, cookie_name

PASSWORD, WRONG = "Cobalt9Orchard47", "Mistaken9Lamp28"
NAME = "张三丰"
_OWN = frozenset({b"date", b"x-request-id", b"set-cookie", b"content-length"})
"""Header fields that no two answers share, and the length, which is compared once the body is masked."""
_TOKENS = re.compile(rb'(?<=name="csrf_token" value=")[^"]+|(?<=(?:flw|smc|cap)_)[0-9a-z]{26}')


@dataclass(frozen=True)
class Question:
    """One page with a form: its field ``takes`` the identifier, ``further`` is typed beside it."""

    name: str
    path: str
    takes: str
    kind: str
    """Of identifier: ``mobile``, ``user_name`` or ``number`` (of a document)."""
    statuses: tuple[int, ...]
    further: Mapping[str, str] = field(default_factory=dict)
    signed_in: bool = False


QUESTIONS = (
    Question("registration", "/register", "phone", "mobile", (303,)),
    Question("sign-in by password", "/signin", "identifier", "mobile", (422,), {"password": WRONG}),
    Question("sign-in by code", "/signin/code", "identifier", "mobile", (303,)),
    Question("recovery by phone", "/recover", "identifier", "mobile", (303,)),
    Question("recovery by user name", "/recover", "identifier", "user_name", (303,)),
    Question("binding of a phone", "/account/phone", "phone", "mobile", (303,), signed_in=True),
    Question(
        "binding of a document",
        "/identity/name",
        "number",
        "number",
        (422,),
        {"name": NAME, "kind": "id_number"},
        signed_in=True,
    ),
)
ASKED_BY_ONE = 3
"""Checks of name and number a person has in a day without being told to come back, with one to spare."""


class Pools(NamedTuple):
    """Identifiers by question, ``known`` and ``unknown``; ``people`` as `Tongban` takes them; ``askers``: mobiles."""

    known: Mapping[str, Sequence[str]]
    unknown: Mapping[str, Sequence[str]]
    people: Sequence[dict[str, Any]]
    askers: Sequence[str]


def pools(questions: Sequence[Question], count: int, draw: random.Random) -> Pools:
    """``count`` known and as many unknown identifiers for each question, drawn alike, and who asks when signed in."""
    askers = -(-2 * count // ASKED_BY_ONE) if any(one.signed_in for one in questions) else 0
    mobiles = iter(draw.sample(range(10**8), 3 * count * len(questions) + askers))
    drawn = {"mobile": (f"138{one:08d}" for one in mobiles), "user_name": _names(draw), "number": numbers(draw)}
    known: dict[str, list[str]] = {}
    unknown: dict[str, list[str]] = {}
    people: list[dict[str, Any]] = []
    for question in questions:
        known[question.name], unknown[question.name] = (
            [next(drawn[question.kind]) for _ in range(count)] for _ in range(2)
        )
        people += [_person(question, one, next(drawn["mobile"])) for one in known[question.name]]
    asking = [next(drawn["mobile"]) for _ in range(askers)]
    people += [{"mobile": one, "password": PASSWORD} for one in asking]
    return Pools(known, unknown, people, asking)


def _person(question: Question, identifier: str, mobile: str) -> dict[str, Any]:
    """Somebody who has ``identifier``; a password only where one is compared, for each takes its hash."""
    if question.kind == "number":
        return {"mobile": mobile, "name": "欧阳清岚", "document": {"type": "resident_id", "number": identifier}}
    named = {"mobile": mobile, question.kind: identifier}
    return named | ({"password": PASSWORD} if "password" in question.further else {})


def _names(draw: random.Random) -> Iterator[str]:
    """User names; no word, so that none is reserved, and no form of a document number."""
    seen: set[str] = set()
    while True:
        name = "".join(draw.choices("bcdfghjkmnpqrstvwxz", k=12))
        if name not in seen:
            seen.add(name)
            yield name


def numbers(draw: random.Random) -> Iterator[str]:
    """Numbers of resident ID cards, every one once."""
    births = [datetime.date(1950, 1, 1) + datetime.timedelta(days=day) for day in draw.sample(range(20_000), 20_000)]
    for birth in births:
        body = f"430102{birth:%Y%m%d}{draw.randrange(1, 1000):03d}"
        yield body + check_character(body)


@dataclass
class Visitor:
    """A browser at an address of its own, and the person before it, who reads digits where they are asked for."""

    target: Tongban
    address: str
    cookies: Cookies = field(default_factory=dict)

    def get(self, path: str) -> Answer:
        return self.send(self._site.get(path, **self._headers()))

    def form(self, path: str) -> Form:
        """What the page is about."""
        found = main_form(expect(self.get(path), 200).body.decode())
        if found is None:
            raise AssertionError(f"{path}: no form")
        return found

    def filled(self, path: str, values: Mapping[str, str]) -> bytes:
        """The request that sends the form of ``path`` with ``values``, and with the digits it asks for."""
        given = self.form(path).given
        name = cookie_name(BROWSER, https=True).encode()
        digits = {}
        if "captcha_key" in given:
            digits = {"captcha": self.target.read_digits(given["captcha_key"], self.cookies[name].decode())}
        return self.posted(path, {**given, **values, **digits})

    def posted(self, path: str, values: Mapping[str, str]) -> bytes:
        """The request that sends ``values`` as they are."""
        return self._site.post(path, values, **self._headers(), Origin=self._site.issuer)

    def sign_in(self, identifier: str, password: str) -> Answer:
        return self.submit("/signin", {"identifier": identifier, "password": password})

    def submit(self, path: str, values: Mapping[str, str]) -> Answer:
        """The answer to the form of ``path`` with ``values``, which leads on."""
        return expect(self.send(self.filled(path, values)), 303)

    def send(self, request: bytes) -> Answer:
        return self._keep(self._site.exchange(request))

    def after(self, answer: Answer) -> "Visitor":
        """The browser once it has ``answer``; this one stays as it is, so that each question is somebody's first."""
        return Visitor(self.target, self.address, remember(dict(self.cookies), answer))

    @property
    def _site(self) -> Site:
        return self.target.site

    def _headers(self) -> dict[str, str]:
        sent = {"Cookie": cookie_header(self.cookies).decode("latin-1")} if self.cookies else {}
        return {"X-Forwarded-For": self.address, **sent}

    def _keep(self, answer: Answer) -> Answer:
        remember(self.cookies, answer)
        return answer


def address(number: int) -> str:
    """The ``number``-th address of a network with 16 million."""
    return f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"


def shape(answer: Answer, identifier: str) -> tuple[int, bytes, bytes]:
    """Status, header and body without what every answer has anew and without what was typed."""
    head = b"\r\n".join(sorted(_told(line) for line in answer.head.split(b"\r\n")[1:]))
    return answer.status, masked(head, answer, identifier), masked(answer.body, answer, identifier)


def _told(line: bytes) -> bytes:
    """A header field; of one whose value is always another the name, of a cookie its name and flags."""
    name, _, value = line.partition(b":")
    if name.lower() == b"set-cookie":
        return name + b":" + re.sub(rb"^([^=]*=)[^;]*|(Expires=)[^;]*", rb"\1\2", value)
    return name if name.lower() in _OWN else line


def masked(text: bytes, answer: Answer, identifier: str) -> bytes:
    """``text`` without tokens, names of challenges and journeys, the reference, and the identifier, hidden or not."""
    text = _TOKENS.sub(b"", text)
    for own in (answer.header(b"x-request-id") or b"", identifier.encode(), _starred(identifier)):
        text = text.replace(own, b"") if own else text
    return text


def _starred(mobile: str) -> bytes:
    return f"{mobile[:3]}****{mobile[-4:]}".encode()


def expected(answer: Answer, question: Question) -> Answer:
    if answer.status not in question.statuses:
        wrong(f"{question.name}: expected status {question.statuses}", answer)
    return answer
