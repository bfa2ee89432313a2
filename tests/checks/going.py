"""Going through a check as a person does, from the page that orders it to the page it leads back to."""

from tests.checks.vendor import ScriptedVendor, work
from tests.provider import Browser

AGREED = {"consent": "2026-11-01"}


def face(browser: Browser, here: str, vendor: ScriptedVendor, found: object) -> str:
    """Agree at ``here``, go to the vendor and come back with what it ``found``; where that leads."""
    first = browser.submit(here, AGREED)
    assert first.status_code == 303, first.text
    work(browser.site)
    wait = f"{here}/wait"
    assert browser.get(wait).status_code == 303
    vendor.finds = found
    browser.get(wait)
    work(browser.site)
    answer = browser.get(wait)
    return answer.headers.get("Location", f"{answer.status_code}")
