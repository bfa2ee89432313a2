"""Going through the photos as a person does, up to the page that the test is about."""

from datetime import date
from urllib.parse import urlsplit

from idp.accounts.documents import IdNumber
from idp.accounts.names import PersonName
from idp.proofing.photo_port import Read
from tests.checks.vendor import work
from tests.provider import Browser
from tests.reviews.making import jpeg

NAME, NUMBER = "欧阳清岚", "11010519491231002X"
PHOTOS = "/identity/photos"
READ = Read(PersonName(NAME), IdNumber(NUMBER), date(2040, 5, 31))


def begun(browser: Browser, query: str = "") -> str:
    """The query of a journey that waits for its first photo."""
    answer = browser.submit(f"{PHOTOS}{query}", {"consent": "yes"})
    assert answer.status_code == 303, answer.text
    where = urlsplit(answer.headers["Location"])
    assert where.path == f"{PHOTOS}/front"
    return where.query


def sent(browser: Browser, query: str) -> None:
    """Both photos are there; nobody has read them yet."""
    for side, colour in (("front", "teal"), ("back", "navy")):
        answer = browser.upload(f"{PHOTOS}/{side}?{query}", jpeg(colour=colour))
        assert answer.status_code == 303, answer.text
    assert answer.headers["Location"] == f"{PHOTOS}/read?{query}"


def read(browser: Browser, query: str = "") -> str:
    """The query of a journey whose photos the worker has had read."""
    query = begun(browser, query)
    sent(browser, query)
    work(browser.site)
    return query


def confirmed(browser: Browser, query: str) -> str:
    """The address of the face check."""
    answer = browser.submit(f"{PHOTOS}/confirm?{query}")
    assert answer.status_code == 303, answer.text
    return str(answer.headers["Location"])
