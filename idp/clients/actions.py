"""Registering clients, changing their state and secrets, and the cached registry every endpoint asks.

Always true: each change bumps the registry's version in its own transaction: every node sees it within a second.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, NamedTuple

import orjson

from idp.audit import Event, record
from idp.clients import permits
from idp.clients.rules import TRANSITIONS, AuthMethod, Client, ClientState, Faulty, Secret, declaration, parse
from idp.crypto.tokens import digest, random_token
from idp.db import Database, Statement, Transaction
from idp.grants.actions import end_client_grants
from idp.grants.rules import EndReason
from idp.state.versions import Versioned, bump

VERSION = permits.VERSION
OVERLAP = 86400
"""Seconds for which a client's earlier secrets stay valid beside a new one, unless somebody says otherwise."""
SERVED = frozenset({ClientState.TESTED, ClientState.LIVE})


class _Row(NamedTuple):
    client_id: str
    state: str
    declaration: str


_ALL = Statement("SELECT client_id, state, declaration FROM client", _Row)
_ONE = Statement("SELECT client_id, state, declaration FROM client WHERE client_id = :id", _Row)
_SECRETS = Statement[tuple[str, bytes, int | None]]("SELECT client_id, hash, expires_at FROM client_secret")
_PUT = Statement[Any](
    "INSERT INTO client (client_id, state, declaration, origin, created_at, updated_at)"
    " VALUES (:id, :state, :declaration, :origin, :now, :now) ON CONFLICT (client_id) DO UPDATE SET"
    " declaration = excluded.declaration, updated_at = excluded.updated_at"
)
_SET_STATE = Statement[Any]("UPDATE client SET state = :state, updated_at = :now WHERE client_id = :id")
_ADD_SECRET = Statement[Any](
    "INSERT INTO client_secret (hash, client_id, created_at) VALUES (:hash, :id, :now) ON CONFLICT DO NOTHING"
)
_EXPIRE_SECRETS = Statement[Any](
    "UPDATE client_secret SET expires_at = :end WHERE client_id = :id AND hash <> :keep"
    " AND (expires_at IS NULL OR expires_at > :end)"
)


def _load(tx: Transaction) -> Mapping[str, Client]:
    secrets: dict[str, list[Secret]] = {}
    for client_id, hashed, expires_at in tx.all(_SECRETS):
        secrets.setdefault(client_id, []).append(Secret(bytes(hashed), expires_at))
    clients, granted = {}, permits.in_force(tx)
    for row in tx.all(_ALL):
        client = parse(orjson.loads(row.declaration), secrets=tuple(secrets.get(row.client_id, ())))
        if isinstance(client, Client):  # rows are written valid; one made invalid by an upgrade is not served
            capabilities = granted.get(row.client_id, {})
            clients[row.client_id] = replace(client, state=ClientState(row.state), capabilities=capabilities)
    return clients


class Registry:
    """All clients, held in process and at most a second old."""

    def __init__(self, database: Database) -> None:
        self._clients = Versioned(database, VERSION, _load)

    def get(self, client_id: str) -> Client | None:
        """The registered client whatever its state, or None. Raises `DatabaseUnavailable`."""
        return self._clients.get().get(client_id)

    def expire(self) -> None:
        """Ask the database at the next use."""
        self._clients.expire()

    def all(self) -> list[Client]:
        return sorted(self._clients.get().values(), key=lambda client: client.client_id)


def put(
    tx: Transaction, data: Mapping[str, Any], *, secret: str | None = None, origin: str = "command", now: int
) -> Client | Faulty:
    """Register a client or change its registration; a ``secret`` it did not have ends the others after `OVERLAP`.

    The declared state counts at the first registration only: afterwards `set_state` alone moves it, so that applying
    a file again never revives a suspended client.
    """
    client = parse(data)
    if isinstance(client, Faulty):
        return client
    if secret is not None and len(secret) < 32:
        return Faulty(("secret: 32 characters or more",))
    before = tx.one(_ONE, id=client.client_id)
    stored = orjson.dumps(declaration(client), option=orjson.OPT_SORT_KEYS).decode()
    unchanged = before is not None and before.declaration == stored
    if not unchanged:
        tx.run(_PUT, id=client.client_id, state=client.state, declaration=stored, origin=origin, now=now)
        event = Event.CLIENT_CHANGED if before else Event.CLIENT_REGISTERED
        record(tx, event, client=client.client_id, subject=client.client_id, detail={"state": client.state}, now=now)
    added = secret is not None and _add_secret(tx, client.client_id, secret, overlap=OVERLAP, now=now)
    if added or not unchanged:
        bump(tx, VERSION)
    return client


def set_state(tx: Transaction, client_id: str, state: ClientState, *, now: int) -> ClientState | Faulty:
    """Move a client along its life cycle; where it is not served its grants end, with notices.

    They end at its return as well: a node that had not yet heard of the suspension may have given some out.
    """
    row = tx.one(_ONE, id=client_id)
    if row is None:
        return Faulty((f"no client {client_id}",))
    if state not in TRANSITIONS[ClientState(row.state)]:
        return Faulty((f"{client_id} is {row.state}, from where it cannot become {state}",))
    tx.run(_SET_STATE, state=state, id=client_id, now=now)
    bump(tx, VERSION)
    event = Event.CLIENT_SUSPENDED if state is ClientState.SUSPENDED else Event.CLIENT_CHANGED
    record(tx, event, client=client_id, subject=client_id, detail={"state": state}, now=now)
    if not {state, ClientState(row.state)} <= SERVED:
        end_client_grants(tx, client_id, EndReason.CLIENT_SUSPENDED, now=now)
    return state


def _add_secret(tx: Transaction, client_id: str, secret: str, *, overlap: int, now: int) -> bool:
    """False, and nothing changes, for one it has or had: what was replaced does not come back."""
    if not tx.run(_ADD_SECRET, hash=digest(secret), id=client_id, now=now):
        return False
    tx.run(_EXPIRE_SECRETS, end=now + overlap, id=client_id, keep=digest(secret))
    return True


def rotate_secret(tx: Transaction, client: Client, *, overlap: int, now: int) -> str | Faulty:
    """A new secret, shown once; the old ones end after ``overlap`` seconds."""
    if client.auth_method not in (AuthMethod.SECRET_BASIC, AuthMethod.SECRET_POST):
        return Faulty((f"{client.client_id} has no secret: it uses {client.auth_method}",))
    secret = random_token()
    _add_secret(tx, client.client_id, secret, overlap=overlap, now=now)
    bump(tx, VERSION)
    record(tx, Event.CLIENT_SECRET_ROTATED, client=client.client_id, subject=client.client_id, now=now)
    return secret
