"""Going through a check as a person does, from the page that orders it to the page it leads back to."""

from tests.checks.vendor import ScriptedVendor, work
from tests.provider import Browser

AGREED = {"consent": "2026-11-01"}


def face(browser: Browser, here: str, vendor: ScriptedVendor, found: object) -> str:
    """Agree at ``here``, go to the vendor and come back with what it ``found``; where that leads."""
    away(browser, here, AGREED)
    return back(browser, here, vendor, found)


def away(browser: Browser, here: str, agreed: dict[str, str]) -> str:
    """Agree at ``here``, and go; the address at the vendor."""
    first = browser.submit(here, agreed)
    assert first.status_code == 303, first.text
    work(browser.site)
    left = browser.get(f"{here}/wait")
    assert left.status_code == 303, left.text
    return left.headers["Location"]


def back(browser: Browser, here: str, vendor: ScriptedVendor, found: object) -> str:
    """Come back with what the vendor ``found``; where that leads."""
    wait = f"{here}/wait"
    vendor.finds = found
    browser.get(wait)
    work(browser.site)
    answer = browser.get(wait)
    return answer.headers.get("Location", f"{answer.status_code}")
