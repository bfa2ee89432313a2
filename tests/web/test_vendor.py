"""Libraries of others in our static folder: as they were published, and on the pages that need them alone."""

import hashlib
import re
from pathlib import Path

import pytest

import idp.web
from tests.web.preview import preview_app

HERE = Path(idp.web.__path__[0])
VENDOR = HERE / "static" / "vendor"
ROW = re.compile(r"^\| `([\w.-]+)` \| [\w-]+ \| [\d.]+ \|.*\| `([0-9a-f]{64})` \|$", re.MULTILINE)
LAST_RESORT = 'try{r=r||new Function("return this")()}catch'
"""For the global object, where nothing else has given it; it may fail."""
LICENCES = {"LICENSE.node-forge.txt", "LICENSE.sm-crypto-v2.txt", "LICENSE.noble.txt"}


def listed() -> dict[str, str]:
    return dict(ROW.findall((VENDOR / "README.md").read_text("utf-8")))


def test_every_file_is_listed_and_what_was_published() -> None:
    scripts = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in VENDOR.glob("*.js")}
    assert scripts
    assert listed() == scripts
    assert {path.name for path in VENDOR.iterdir()} == {*scripts, *LICENCES, "README.md"}


@pytest.mark.parametrize("name", sorted(listed()))
def test_none_of_them_compiles_text(name: str) -> None:
    """It would fail where it is loaded: `script-src` has no 'unsafe-eval'."""
    text = (VENDOR / name).read_text("utf-8").replace(LAST_RESORT, "")
    assert not re.search(r"\beval\(|\bFunction\(['\"]", text)


def test_only_the_step_of_a_certificate_names_them() -> None:
    templates = (HERE / "templates").rglob("*.html")
    named = {path.relative_to(HERE).as_posix() for path in templates if "vendor/" in path.read_text("utf-8")}
    assert named == {"templates/macros/certificate.html"}
    scripts = (HERE / "static").glob("*.js")
    assert [path.name for path in scripts if "vendor/" in path.read_text("utf-8")] == []


def test_they_are_served_and_loaded_by_nobody_unasked() -> None:
    client = preview_app().test_client()
    page = client.get("/preview/certificate-phone").text
    for name in listed():
        (address,) = re.findall(rf'"(/static/vendor/{name}\?v=\w+)"', page)
        answer = client.get(address)
        assert answer.status_code == 200
        answer.close()
    assert re.findall(r'<script[^>]*src="([^"?]*)', page) == ["/static/certificate.js"]
