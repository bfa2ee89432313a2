"""Photos made on the spot, and the way to a filed review over HTTP.

Always true: `MARK` stands in every photo outside its pixels, where only painting it anew gets rid of it.
"""

from io import BytesIO
from urllib.parse import urlsplit

import pytest
from flask import Flask
from PIL import Image
from PIL.ExifTags import Base

from idp.proofing.ways import ways_of
from tests.provider import Browser, Site

NAME, NUMBER = "欧阳清岚", "11010519491231002X"
PERSON = {"name": NAME, "kind": "id_number", "number": NUMBER, "consent": "yes"}
MARK = b"Malachite6Dunlin"
SIDES = ("front", "back", "holding")


@pytest.fixture(autouse=True)
def reviews_offered(shared_app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """The other tests are at home where name and number, or a bank, are the only ways."""
    monkeypatch.setattr(ways_of(shared_app), "order", ("name_number", "review"))


def jpeg(size: tuple[int, int] = (900, 600), colour: str = "teal", *, orientation: int = 1) -> bytes:
    """With a comment and EXIF data, as telephones write them."""
    exif, out = Image.Exif(), BytesIO()
    exif[Base.Make], exif[Base.Orientation] = MARK.decode(), orientation
    image = Image.new("RGB", size, colour)
    image.paste("white", (0, 0, size[0] // 4, size[1] // 4))
    image.save(out, "JPEG", exif=exif, comment=MARK)
    return out.getvalue() + MARK


def png(size: tuple[int, int] = (900, 600), mode: str = "RGBA") -> bytes:
    out = BytesIO()
    Image.new(mode, size).save(out, "PNG")
    return out.getvalue()


def begun(browser: Browser, form: dict[str, str] | None = None) -> str:
    """The query of a journey that was begun."""
    answer = browser.submit("/identity/review/person", form or PERSON)
    assert answer.status_code == 303, answer.text
    where = urlsplit(answer.headers["Location"])
    assert where.path == "/identity/review/front"
    return where.query


def with_photos(browser: Browser, form: dict[str, str] | None = None) -> str:
    query = begun(browser, form)
    for side, colour in zip(SIDES, ("teal", "navy", "maroon"), strict=True):
        answer = browser.upload(f"/identity/review/{side}?{query}", jpeg(colour=colour))
        assert answer.status_code == 303, answer.text
    return query


def filed(site: Site, browser: Browser, form: dict[str, str] | None = None) -> str:
    """The number of a review that waits."""
    answer = browser.submit(f"/identity/review/send?{with_photos(browser, form)}")
    assert answer.headers["Location"] == "/identity/review?done=review_filed", answer.text
    return str(site.one("SELECT id FROM review WHERE state = 'filed'"))


def photos(site: Site) -> int:
    return int(site.one("SELECT COUNT(*) FROM photo"))


def events(site: Site, like: str) -> list[str]:
    return str(site.one("SELECT GROUP_CONCAT(event) FROM audit_event WHERE event LIKE :like", like=like) or "").split(
        ","
    )
