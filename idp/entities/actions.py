"""The entities: opened, described, and kept as the register last said they are.

Always true: what is kept of an entity is what the register said of it last.
"""

from typing import Any, NamedTuple

from idp.accounts.actions import Active, Directory, Taken
from idp.accounts.credit_code import CreditCode
from idp.accounts.rules import PartyKind
from idp.audit import Event, record
from idp.crypto.fields import FieldCipher
from idp.db import Statement, Transaction
from idp.proofing.ports import EnterpriseRecord


class _Row(NamedTuple):
    sealed: bytes
    type: str
    status: str


class Described(NamedTuple):
    """An entity in clear, for one request."""

    entity: str
    name: str
    type: str
    status: str
    code: CreditCode


_READ = Statement("SELECT sealed, type, status FROM legal_entity WHERE party_id = :entity", _Row)
_ADD = Statement[Any](
    "INSERT INTO legal_entity (party_id, sealed, type, status, version, as_of, checked_at, created_at)"
    " VALUES (:entity, :sealed, :type, :status, :version, :as_of, :now, :now)"
)
_NOTE = Statement[Any](
    "UPDATE legal_entity SET sealed = :sealed, type = :type, status = :status, version = :version, as_of = :as_of,"
    " checked_at = :now WHERE party_id = :entity"
)


class Raced(Exception):
    """Somebody else opened the entity meanwhile: roll back and begin again."""


class Entities:
    """The rows of entities, with the key of their names. ``recheck``: seconds an answer of the register is good."""

    def __init__(self, directory: Directory, cipher: FieldCipher, *, recheck: int) -> None:
        self.directory = directory
        self.recheck = recheck
        self._cipher = cipher

    def find(self, tx: Transaction, code: CreditCode) -> str | None:
        found = self.directory.lookup(tx, code)
        return found.party_id if isinstance(found, Active) and found.kind is PartyKind.ENTITY else None

    def open(
        self,
        tx: Transaction,
        code: CreditCode,
        *,
        heard: EnterpriseRecord,
        actor: str,
        now: int,
    ) -> str:
        """A new entity. Raises `Raced`, upon which the caller rolls back."""
        opened = self.directory.open_entity(tx, code, now=now)
        if isinstance(opened, Taken):
            raise Raced
        entity = opened.party_id
        tx.run(
            _ADD,
            entity=entity,
            sealed=self._seal(entity, heard.name),
            type=heard.entity_type,
            status=heard.status,
            version=heard.version,
            as_of=heard.as_of,
            now=now,
        )
        record(tx, Event.ENTITY_REGISTERED, actor=actor, subject=entity, detail={"type": heard.entity_type}, now=now)
        return entity

    def note(self, tx: Transaction, entity: str, heard: EnterpriseRecord, *, now: int) -> None:
        """Keep what the register says now."""
        tx.run(
            _NOTE,
            entity=entity,
            sealed=self._seal(entity, heard.name),
            type=heard.entity_type,
            status=heard.status,
            version=heard.version,
            as_of=heard.as_of,
            now=now,
        )

    def describe(self, tx: Transaction, entity: str) -> Described | None:
        row, code = tx.one(_READ, entity=entity), self.directory.credit_code(tx, entity)
        if row is None or code is None:
            return None
        name = self._cipher.open(row.sealed, context=f"legal_entity.sealed:{entity}")
        return Described(entity, name, row.type, row.status, code)

    def _seal(self, entity: str, name: str) -> bytes:
        return self._cipher.seal(name, context=f"legal_entity.sealed:{entity}")
