"""Binding certificates to people and entities, and finding whom one signs in.

Always true: a certificate is bound only to whom it names: a person whose document number it holds, an entity whose
code it holds; on `Denied` the caller rolls back.
"""

from dataclasses import dataclass

from idp.accounts.actions import Active, Directory, Taken
from idp.accounts.documents import IdNumber
from idp.accounts.holds import held_until
from idp.accounts.names import PersonName
from idp.accounts.parties import hold
from idp.accounts.rules import Act, PartyKind, PartyStatus
from idp.accounts.telling import tell
from idp.accounts.waiting import WaitingAccounts
from idp.audit import Event, record
from idp.audit.rules import Detail
from idp.certificates import bindings
from idp.certificates.bindings import Binding
from idp.certificates.rules import EVIDENCE, LEVEL, MOST, Denied, EndReason, Refusal, may_be_persons
from idp.crypto.fields import FieldCipher
from idp.crypto.tokens import new_id
from idp.db import Transaction
from idp.entities import roles
from idp.entities.roles import Role
from idp.entities.rules import RoleState
from idp.issuers.verifying import Verified
from idp.proofing.actions import add_evidence, rests_on
from idp.proofing.second import awaits_second, complete


@dataclass(frozen=True, slots=True)
class Opened:
    """Whom a certificate signs in. ``entity``: None for a person; ``person``: None where ``role``'s holder is to
    confirm by a factor of their own; ``role``: the holder's in the entity.
    """

    binding: str
    person: str | None
    entity: str | None = None
    role: Role | None = None


@dataclass(frozen=True, slots=True)
class Certificates:
    """What binding reads and writes besides its own rows."""

    directory: Directory
    waiting: WaitingAccounts
    cipher: FieldCipher

    def bind_person(
        self,
        tx: Transaction,
        verified: Verified,
        *,
        party_id: str,
        session: str,
        replaces: str | None = None,
        now: int,
    ) -> str | Denied:
        """The id of the binding. ``replaces``: a certificate of the same person that ends by it."""
        if not hold(tx, party_id):
            return Denied(Refusal.NOT_BOUND)
        number = verified.named.person if verified.named.entity is None else None
        own = [one.document for one in self.directory.person(tx, party_id).documents]
        if refusal := may_be_persons(number, own) or self._holds_back(tx, party_id, now):
            return Denied(refusal)
        if number is not None and not own and (refused := self._identify(tx, verified, party_id, number, now)):
            return Denied(refused)
        bound = self._attach(tx, verified, party_id, holder=None, by=party_id, replaces=replaces, now=now)
        if isinstance(bound, Denied):
            return bound
        complete(tx, party_id, now=now)
        self._note(
            tx, Event.CERTIFICATE_BOUND, bound, verified, actor=party_id, subject=party_id, session=session, now=now
        )
        tell(tx, self.directory, party_id, "certificate_bound", now=now)
        return bound

    def _holds_back(self, tx: Transaction, party_id: str, now: int) -> Refusal | None:
        """A held account changes nothing of the kind, unless this is the second evidence it waits for (trust 5)."""
        held = held_until(tx, party_id, Act.REPRESENT, now=now) is not None
        return Refusal.HELD if held and not awaits_second(tx, party_id, now=now) else None

    def _identify(
        self, tx: Transaction, verified: Verified, party_id: str, number: IdNumber, now: int
    ) -> Refusal | None:
        """The account, which was nobody's, is the certificate's person's from now on.

        Who waits for their old account gets into it by their face, which is worth more than whatever was issued.
        """
        if self.waiting.find_by_document(tx, number):
            return Refusal.ACCOUNT_WAITS
        name = PersonName.parse(verified.named.name)
        if name is None:
            return Refusal.NO_NAME
        found = self.directory.record_document(
            tx, party_id, document=number, name=name, valid_to=None, source=EVIDENCE, now=now
        )
        return Refusal.DOCUMENT_TAKEN if isinstance(found, Taken) else None

    def bind_entity(
        self,
        tx: Transaction,
        verified: Verified,
        *,
        entity: str,
        by: str,
        session: str,
        holder: str = "",
        replaces: str | None = None,
        now: int,
    ) -> str | Denied:
        """``by``: who represents the entity, as the caller made sure; ``holder``: the role named as the holder's."""
        roles.hold(tx, entity)
        code = verified.named.entity
        if code is None:
            return Denied(Refusal.NAMES_NO_ENTITY)
        if code != self.directory.credit_code(tx, entity):
            return Denied(Refusal.OTHER_ENTITY)
        people = [one for one in roles.of_entity(tx, entity) if one.state == RoleState.CONFIRMED]
        if by not in [one.person for one in people]:
            return Denied(Refusal.HOLDER_GONE)
        named = self._person_named(tx, verified.named.person)
        chosen = next((one.person for one in people if one.id == holder), by)
        person = next((one.person for one in people if one.person == named), chosen)
        bound = self._attach(tx, verified, entity, holder=person, by=by, replaces=replaces, now=now)
        if isinstance(bound, Denied):
            return bound
        bindings.set_holder(tx, bound, person)
        event = Event.ENTITY_CERTIFICATE_BOUND
        self._note(tx, event, bound, verified, actor=by, subject=entity, session=session, now=now)
        for one in dict.fromkeys((by, person)):
            tell(tx, self.directory, one, "entity_certificate_bound", now=now)
        return bound

    def _person_named(self, tx: Transaction, number: IdNumber | None) -> str | None:
        found = self.directory.lookup(tx, number) if number else None
        return found.party_id if isinstance(found, Active) and found.kind is PartyKind.PERSON else None

    def _attach(
        self,
        tx: Transaction,
        verified: Verified,
        party_id: str,
        *,
        holder: str | None,
        by: str,
        replaces: str | None,
        now: int,
    ) -> str | Denied:
        """Bind it, or find that it is bound here already, and let it prove who it names."""
        owner = bindings.owner_of(tx, verified.certificate)
        if owner is not None and owner.party_id != party_id:
            return Denied(Refusal.BOUND_ELSEWHERE)
        if owner is None and replaces is None and len(bindings.of_party(tx, party_id)) >= MOST:
            return Denied(Refusal.TOO_MANY)
        made = self._binding(verified, party_id, holder=holder, by=by, now=now)
        if owner is None and not bindings.add(tx, made):  # somebody was faster
            return Denied(Refusal.BOUND_ELSEWHERE)
        bound = owner.binding if owner else made.id
        before = bindings.live(tx, replaces) if replaces and replaces != bound else None
        if before is not None and before.party_id == party_id:
            bindings.end(tx, before.id, EndReason.RENEWED, now=now)
        _prove(tx, party_id, verified, bound, now=now)
        return bound

    def _binding(self, verified: Verified, party_id: str, *, holder: str | None, by: str, now: int) -> Binding:
        found, key = verified.certificate, new_id("crt")
        return Binding(
            id=key,
            party_id=party_id,
            issuer_id=verified.issuer,
            issuer_name=found.issuer,
            serial=found.serial,
            key_hash=found.key_hash,
            fingerprint=found.fingerprint,
            algorithm=found.algorithm,
            sealed=self.cipher.seal(verified.named.name, context=_context(key)),
            certificate=self.cipher.seal_bytes(found.der, context=_context(key, "certificate")),
            not_before=found.not_before,
            not_after=found.not_after,
            holder_id=holder,
            bound_by=by,
            bound_at=now,
            last_used_at=None,
        )

    def _note(
        self,
        tx: Transaction,
        event: Event,
        bound: str,
        verified: Verified,
        *,
        actor: str,
        subject: str,
        session: str,
        now: int,
    ) -> None:
        detail: Detail = {
            "certificate": bound,
            "issuer": verified.issuer,
            "algorithm": verified.certificate.algorithm,
        }
        record(tx, event, actor=actor, subject=subject, session=session, detail=detail, now=now)

    def name_in(self, binding: Binding) -> str:
        """The name the certificate says, in clear; empty once it is forgotten."""
        return self.opened(binding.id, binding.sealed)

    def der_of(self, binding: Binding) -> bytes:
        """The certificate itself; empty for one that has ended."""
        context = _context(binding.id, "certificate")
        return self.cipher.open_bytes(binding.certificate, context=context) if binding.certificate else b""

    def opened(self, binding_id: str, sealed: bytes | None) -> str:
        return self.cipher.open(sealed, context=_context(binding_id)) if sealed else ""

    def open(self, tx: Transaction, verified: Verified, *, now: int) -> Opened | Denied:
        """Whom the certificate signs in, noted as used. Whose it is, is told to nobody but its owner."""
        owner = bindings.owner_of(tx, verified.certificate)
        if owner is None or owner.status != PartyStatus.ACTIVE:
            return Denied(Refusal.NOT_BOUND)
        if owner.kind == PartyKind.PERSON:
            found: Opened | Denied = self._open_person(tx, verified, owner.party_id, owner.binding)
        else:
            found = self._open_entity(tx, verified, owner.party_id, owner.binding, owner.holder_id)
        if isinstance(found, Opened) and not bindings.use(tx, owner.binding, now=now):
            return Denied(Refusal.NOT_BOUND)  # it ended meanwhile
        return found

    def signs(self, tx: Transaction, verified: Verified, *, person: str, party: str, now: int) -> str | Denied:
        """The binding by whose certificate ``person`` signs for ``party``, noted as used: their own, or the party's
        whose registered holder they are.
        """
        opened = self.open(tx, verified, now=now)
        if isinstance(opened, Denied):
            return Denied(Refusal.NOT_SIGNERS) if opened.reason is Refusal.NOT_BOUND else opened
        holder = opened.role.person if opened.role else opened.person
        theirs = holder == person and opened.entity in (None, party)
        return opened.binding if theirs else Denied(Refusal.NOT_SIGNERS)

    def _open_person(self, tx: Transaction, verified: Verified, party_id: str, binding: str) -> Opened | Denied:
        own = [one.document for one in self.directory.person(tx, party_id).documents]
        if verified.named.person not in own:  # the account has another document by now
            return Denied(Refusal.NOT_BOUND)
        return Opened(binding, party_id)

    def _open_entity(
        self, tx: Transaction, verified: Verified, entity: str, binding: str, holder: str | None
    ) -> Opened | Denied:
        if verified.named.entity != self.directory.credit_code(tx, entity):
            return Denied(Refusal.NOT_BOUND)
        confirmed = (one for one in roles.of_entity(tx, entity) if one.state == RoleState.CONFIRMED)
        role = next((one for one in confirmed if one.person == holder), None)
        if role is None:
            return Denied(Refusal.HOLDER_GONE)
        themselves = self._person_named(tx, verified.named.person) == holder
        return Opened(binding, holder if themselves else None, entity, role)


def _prove(tx: Transaction, party_id: str, verified: Verified, bound: str, *, now: int) -> None:
    if rests_on(tx, party_id, kind=EVIDENCE, check_id=bound):
        return
    add_evidence(
        tx,
        party_id,
        kind=EVIDENCE,
        level=LEVEL,
        source=verified.issuer,
        expires_at=verified.certificate.not_after + 1,
        check_id=bound,
        beside=True,
        now=now,
    )


def _context(binding_id: str, column: str = "sealed") -> str:
    return f"certificate_binding.{column}:{binding_id}"
