"""A kiosk, and the phone that confirms it."""

import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from werkzeug.test import TestResponse

from idp.clients.actions import put
from idp.clients.rules import DEVICE_CODE, Client
from tests.provider import SECRET, Browser, Site

KIOSK: dict[str, Any] = {
    "client_id": "kiosk",
    "name": {"zh": "医保自助机", "en": "Health insurance kiosk"},
    "department": {"zh": "省医疗保障局", "en": "Provincial healthcare security"},
    "sector": "kiosks",
    "state": "live",
    "grant_types": [DEVICE_CODE],
    "scopes": {"profile": "none", "phone": "consent"},
    "id_token_alg": "ES256",
    "device_region": "430100",
}
_NUMBERS = re.compile(r'name="number" value="(\d\d)"')


def register(site: Site, **changes: Any) -> None:
    with site.provider.database.transaction() as tx:
        made = put(tx, KIOSK | changes, secret=SECRET, now=site.now())
    assert isinstance(made, Client), made
    site.provider.registry.expire()


@dataclass
class Kiosk:
    """A device that has asked for a code."""

    site: Site
    told: dict[str, Any]
    client_id: str = "kiosk"

    @property
    def code(self) -> str:
        return str(self.told["user_code"])

    @property
    def number(self) -> str:
        return str(self.told["tongban_number"])

    def poll(self, client_id: str = "", site: Site | None = None, **changes: str) -> TestResponse:
        form = {"grant_type": DEVICE_CODE, "device_code": self.told["device_code"]} | changes
        return (site or self.site).token(client_id or self.client_id, form)

    def error(self, client_id: str = "", site: Site | None = None) -> str:
        answer = self.poll(client_id, site)
        assert answer.status_code == 400, answer.text
        found: str = answer.get_json()["error"]
        return found


def ask(site: Site, client_id: str = "kiosk", **form: str) -> Kiosk:
    answer = site.call("/device_authorization", client_id, {"scope": "openid profile"} | form)
    assert answer.status_code == 200, answer.text
    return Kiosk(site, answer.get_json(), client_id)


def scan(phone: Browser, code: str) -> str:
    """The address of the page that asks the person."""
    answer = phone.submit("/device", {"user_code": code})
    assert answer.status_code == 303, answer.text
    return urlsplit(answer.headers["Location"]).path


def choices(phone: Browser, page: str) -> list[str]:
    return _NUMBERS.findall(phone.get(page).text)


def pick(phone: Browser, page: str, number: str) -> TestResponse:
    return phone.submit(page, {"number": number})


def confirm(phone: Browser, kiosk: Kiosk) -> TestResponse:
    return pick(phone, scan(phone, kiosk.code), kiosk.number)
