"""Resource servers: the APIs that access tokens can be asked for by name (RFC 8707).

Always true: only a server whose self-test has shown that it tells the person who acts from the party acted for is
*aware*, and no token that says whom somebody acts for is made for any other.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from idp.audit import Event, record
from idp.clients.rules import Faulty
from idp.db import Database, Statement, Transaction
from idp.state.versions import Versioned, bump

VERSION = "resources"
_LONGEST = 512
_SECURE = "https"


class ResourceServer(NamedTuple):
    """``client_id``: who answers for it, and may introspect its tokens. ``aware_at``: when its self-test passed."""

    identifier: str
    client_id: str
    title: str
    aware_at: int | None
    aware_how: str | None

    @property
    def aware(self) -> bool:
        return self.aware_at is not None


_COLUMNS = ", ".join(ResourceServer._fields)
_ALL = Statement(f"SELECT {_COLUMNS} FROM resource_server ORDER BY identifier", ResourceServer)
_ADD = Statement[Any](
    "INSERT INTO resource_server (identifier, client_id, title, created_at)"
    " SELECT :identifier, c.client_id, :title, :now FROM client c WHERE c.client_id = :client"
    " ON CONFLICT (identifier) DO NOTHING"
)
_AWARE = Statement[Any]("UPDATE resource_server SET aware_at = :at, aware_how = :how WHERE identifier = :identifier")


class Resources:
    """All resource servers, held in process and at most a second old. Methods may raise `DatabaseUnavailable`."""

    def __init__(self, database: Database) -> None:
        self._servers: Versioned[Mapping[str, ResourceServer]] = Versioned(database, VERSION, _load)

    def get(self, identifier: str) -> ResourceServer | None:
        return self._servers.get().get(identifier)

    def all(self) -> list[ResourceServer]:
        return list(self._servers.get().values())

    def expire(self) -> None:
        """Ask the database at the next use."""
        self._servers.expire()


def _load(tx: Transaction) -> Mapping[str, ResourceServer]:
    return {server.identifier: server for server in tx.all(_ALL)}


def identifier_fault(identifier: str) -> str | None:
    """What is wrong with a resource's identifier (RFC 8707 2): an absolute URI, without fragment or query."""
    if not identifier.isascii() or any(c <= " " or c == "\x7f" for c in identifier) or len(identifier) > _LONGEST:
        return "an address in ASCII, without blanks, of 512 characters at most"
    parts = urlsplit(identifier)
    if "#" in identifier or parts.query or parts.username is not None or not parts.hostname:
        return "an absolute address without user, query and fragment"
    if parts.scheme == _SECURE or parts.hostname == "localhost" or parts.hostname.endswith(".localhost"):
        return None
    return "https, or a loopback name"


def add_resource(tx: Transaction, identifier: str, *, client_id: str, title: str, now: int) -> Faulty | None:
    """Register an API under ``identifier``; whatever it has become later, it stays the API of ``client_id``."""
    if fault := identifier_fault(identifier):
        return Faulty((f"identifier: {fault}",))
    if not title.strip():
        return Faulty(("title: what people call it",))
    if tx.run(_ADD, identifier=identifier, client=client_id, title=title.strip(), now=now) != 1:
        return Faulty((f"no client {client_id}, or {identifier} is registered already",))
    bump(tx, VERSION)
    record(tx, Event.RESOURCE_REGISTERED, client=client_id, subject=client_id, detail={"for": identifier}, now=now)
    return None


def set_aware(tx: Transaction, server: ResourceServer, *, how: str | None, now: int) -> None:
    """Note that the self-test has passed, and ``how`` that is known; None: it is not aware any more."""
    tx.run(_AWARE, identifier=server.identifier, at=now if how else None, how=how)
    bump(tx, VERSION)
    record(
        tx,
        Event.RESOURCE_AWARE,
        client=server.client_id,
        subject=server.client_id,
        detail={"for": server.identifier, "aware": how is not None},
        now=now,
    )
