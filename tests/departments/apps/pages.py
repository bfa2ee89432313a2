"""What the small app is made of in every framework: its settings, what its pages demand, and what they say."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from adapters.departments.banner import Banner
from adapters.departments.events import EventReceiver
from adapters.departments.levels import demand
from adapters.departments.logout import LogoutNotice
from adapters.departments.memory_store import MemoryStore
from adapters.departments.relying_party import RelyingParty
from adapters.departments.representing import Power
from adapters.departments.sessions import Store
from adapters.departments.web_person import Person

NAME = "tax"
STRONG = demand("aal:2")
FILE = Power(theme="tax.filing", services=("hn-tax-01",), actions=("view", "submit"))
AGREED = "Bearer agreed"
DEMANDS: dict[str, dict[str, Any]] = {
    "mine": {},
    "strong": {"level": "aal:2"},
    "essential": {"level": "urn:tongban:aal:2", "essential": True},
    "fresh": {"max_age": 60},
    "clients": {"represent": "required"},
    "myself": {"represent": "self"},
    "filing": {"represent": FILE},
}
"""By page: what stands in the decorator."""


def by_handle(handle: str) -> str:
    """`represent` of a page that has the handle in its address."""
    return handle


@dataclass
class Given:
    """What a test gives an app. `heard`: the logout notices it was told of."""

    party: RelyingParty
    clock: Callable[[], int]
    store: Store = field(default_factory=MemoryStore)
    heard: list[LogoutNotice] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.events = EventReceiver(self.party)

    @property
    def options(self) -> dict[str, Any]:
        return {"name": NAME, "store": self.store, "clock": self.clock}


def told(person: Person | None) -> dict[str, Any]:
    """What every guarded page says."""
    assert person is not None
    return {
        "sub": person.sub,
        "name": person.profile.get("name"),
        "levels": [person.ial, person.aal],
        "token": person.session.access_token,
        "for": person.acting.name,
        "handle": person.acting.handle,
        "status": person.acting.status,
    }


def shown(banner: Banner | None) -> str:
    """What the page `/banner` says."""
    return banner.__html__() if banner is not None else "no banner"
