"""What one process of the provider is made of: stores, keys, and every capability's working part.

Always true: each part is made here, once, and handed down; nothing below looks for another by itself.
"""

import socket
import time
from dataclasses import dataclass
from functools import partial

from flask import Flask

from idp.accounts import closing, waiting
from idp.accounts.actions import Directory
from idp.accounts.anchors import Anchors
from idp.accounts.waiting import WaitingAccounts
from idp.assisted.making import Assisted, make_assisted
from idp.assisted.rules import Terms as AssistedTerms
from idp.audit import init_audit
from idp.capabilities import checks as department_checks
from idp.capabilities import counter, identity_codes
from idp.certificates import bindings
from idp.certificates.actions import Certificates
from idp.checks import ending
from idp.checks.actions import Checks
from idp.checks.ports import Vendors
from idp.clients.actions import Registry
from idp.clients.resources import Resources
from idp.console.invitations import Invitations
from idp.console.operators import Operators
from idp.credentials import password
from idp.credentials.budgets import AddressBudget
from idp.credentials.passkey import Passkeys
from idp.credentials.password import Hasher, Passwords
from idp.credentials.purge import erase_factors
from idp.credentials.recovery_code import RecoveryCodes
from idp.credentials.relying_party import RelyingParty
from idp.credentials.rules import AttemptPolicy
from idp.credentials.sms_code import SmsCodes
from idp.credentials.totp import Totp
from idp.crypto.certificates import PathValidator
from idp.crypto.fields import BlindIndex, FieldCipher
from idp.crypto.rings import parse_key, parse_ring
from idp.crypto.signing import KeyRing
from idp.crypto.sm2 import Sm2Verifier
from idp.db import Database, init_db
from idp.disputes import actions as disputes
from idp.disputes.calendar import read_calendar
from idp.disputes.rules import Calendar
from idp.entities.actions import Entities
from idp.entities.rechecking import Rechecking
from idp.entities.roles import leave_all
from idp.flows import actions as flows
from idp.grants.actions import erase_consents
from idp.issuers.authorities import Authorities, load_profiles
from idp.issuers.online import AskingValidator
from idp.issuers.refreshing import Refreshing
from idp.issuers.revocation import ListIntake
from idp.issuers.verifying import CertificateVerifier, Verifier
from idp.mandates.actions import Granting
from idp.mandates.addressing import Addresses
from idp.mandates.contexts import Contexts
from idp.mandates.deaths import HeardDeaths
from idp.mandates.deciding import Deciding
from idp.mandates.events import tell_departments
from idp.mandates.guardians import Guardianships
from idp.mandates.leaving import Leaving
from idp.mandates.links import OldLinks
from idp.mandates.moving import Moving
from idp.mandates.registry import Themes
from idp.mandates.rules import DAY
from idp.mandates.rules import Terms as MandateTerms
from idp.mandates.ruling import Ruling
from idp.mapping.actions import Links
from idp.messages.outbound import GuardedClient
from idp.messages.outbox import init_outbox
from idp.oidc.terms import Terms
from idp.oidc.tokens import Lifetimes, TokenMaker
from idp.proofing.actions import end_evidence
from idp.proofing.joining import Joining
from idp.proofing.photo_port import IdPhotoReader
from idp.proofing.ports import BankCardVerifier, EnterpriseRegister, PopulationRegister, Registers
from idp.proofing.rules import PhonePolicy
from idp.recovery.requests import Requests
from idp.reviews import actions as reviews
from idp.reviews.rules import Policy
from idp.scans import actions as scans
from idp.scans.actions import Scans
from idp.selfservice.actions import Closings, Eraser
from idp.settings import Settings
from idp.signin.factors import Factors
from idp.state.opening import open_store
from idp.state.store import Store


@dataclass(frozen=True)
class Provider:
    """What pages, lane, worker and commands are made of."""

    settings: Settings
    node: str
    """What this process is called in audit chains and counts."""
    database: Database
    store: Store
    cipher: FieldCipher
    index: BlindIndex
    keys: KeyRing
    registry: Registry
    resources: Resources
    directory: Directory
    waiting: WaitingAccounts
    joining: Joining
    passwords: Passwords
    codes: SmsCodes
    factors: Factors
    operators: Operators
    invitations: Invitations
    maker: TokenMaker
    outbound: GuardedClient
    sm2: Sm2Verifier
    verifier: Verifier
    authorities: Authorities
    lists: ListIntake
    paths: PathValidator
    """Judges certificates; may ask the status service of an issuer, so no transaction may be open."""
    population: PopulationRegister
    enterprise: EnterpriseRegister
    checks: Checks
    vendors: Vendors
    bank_cards: BankCardVerifier | None
    photo_reader: IdPhotoReader | None
    entities: Entities
    rechecking: Rechecking
    certificates: Certificates
    calendar: Calendar
    disputes: disputes.Disputes
    requests: Requests
    reviews: reviews.Reviews
    links: Links
    closings: Closings
    scans: Scans
    themes: Themes
    granting: Granting
    moving: Moving
    leaving: Leaving
    ruling: Ruling
    guardianships: Guardianships
    old_links: OldLinks
    deciding: Deciding
    contexts: Contexts
    assisted: Assisted
    terms: Terms


UNDER_WAY: tuple[Eraser, ...] = (
    department_checks.erase,
    counter.erase,
    identity_codes.erase,
    ending.erase,
    flows.erase,
    scans.erase,
)
"""What each capability forgets of what is under way, once an account is closed."""
ERASERS: tuple[Eraser, ...] = (
    password.erase,
    erase_factors,
    bindings.erase,
    disputes.erase,
    reviews.erase,
    erase_consents,
    end_evidence,
    waiting.erase,
    closing.erase,
)
"""What each capability forgets when an account closes."""


def make_provider(
    app: Flask, settings: Settings, registers: Registers, vendors: Vendors, sm2: Sm2Verifier
) -> Provider:
    """Everything that is made once; opens the database and the state store of ``settings``."""
    secrets, limits = settings.secrets, settings.limits
    database = init_db(
        app,
        url=settings.database.url,
        pool_size=settings.server.threads,
        pool_timeout=settings.database.pool_timeout,
    )
    store = open_store(settings.state.url, database, settings.state.timeout)
    cipher = FieldCipher(parse_ring(secrets.field_keys, name="secrets.field_keys"))
    index_ring = parse_ring(secrets.index_keys, name="secrets.index_keys")
    index = BlindIndex(index_ring)
    node = f"{socket.gethostname()}:{settings.server.port}"
    init_audit(parse_key(secrets.audit_key, name="secrets.audit_key"), node=node)
    init_outbox(cipher)
    keys = KeyRing(database, cipher)
    registry = Registry(database)
    address_failures = AddressBudget(store, index, "sign-in-address", limits.password.per_address_failures)
    tokens = settings.tokens
    maker = TokenMaker(
        keys,
        database,
        issuer=settings.issuer,
        lifetimes=Lifetimes(tokens.code, tokens.access, tokens.id_token, tokens.logout),
    )
    anchors = Anchors(parse_key(secrets.anchor_key, name="secrets.anchor_key"))
    directory, calendar = Directory(cipher, index, anchors), read_calendar(settings.account.calendar)
    outbound = GuardedClient(
        allow=settings.outbound.allow,
        timeout=settings.outbound.timeout,
        max_bytes=settings.outbound.max_bytes,
        ca_file=settings.outbound.ca_file,
    )
    joining = Joining(directory, WaitingAccounts(cipher, index))
    chosen = settings.certificates
    authorities = Authorities(database, load_profiles(chosen.profiles), chosen)
    paths = _paths(settings, sm2, authorities)
    links = Links(cipher, index, directory)
    entities = Entities(directory, cipher, recheck=settings.entities.recheck)
    themes = Themes(database)
    granting = Granting(
        cipher,
        Addresses(directory, entities),
        themes,
        recheck=settings.entities.recheck,
        terms=_mandate_terms(settings),
    )
    moving = Moving(
        granting,
        changed=(tell_departments, lambda tx, mandate, to, now: assisted.following(tx, mandate, to, now)),
    )
    leaving = Leaving(cipher, moving)
    rechecking = Rechecking(
        database,
        entities,
        registers.enterprise,
        lambda tx, entity, status, now: leaving.end_all(tx, entity, reason=f"entity-{status}", now=now),
    )
    resources, deciding = Resources(database), Deciding(themes, recheck=settings.entities.recheck)
    contexts = Contexts(database, deciding, rechecking)
    assisted = make_assisted(
        database,
        cipher,
        joining=joining,
        granting=granting,
        moving=moving,
        contexts=contexts,
        terms=_assisted_terms(settings),
        kinds=settings.assisted.kinds,
        kept=settings.mandates.kept_days * DAY,
    )
    objections = disputes.Disputes(cipher, directory, calendar, working_days=settings.account.dispute_working_days)
    return Provider(
        settings=settings,
        node=node,
        database=database,
        store=store,
        cipher=cipher,
        index=index,
        keys=keys,
        registry=registry,
        resources=resources,
        directory=directory,
        waiting=joining.waiting,
        joining=joining,
        passwords=Passwords(
            database,
            Hasher(limits.password, waiting=settings.server.threads // 2),
            limits.password,
            settings.password,
            address_failures,
        ),
        codes=SmsCodes(database, store, cipher=cipher, index=index, ring=index_ring, limits=limits.sms),
        operators=Operators(cipher, index),
        invitations=Invitations(index),
        factors=_factors(settings, database, store, cipher),
        maker=maker,
        outbound=outbound,
        sm2=sm2,
        verifier=CertificateVerifier(authorities.get, sm2=sm2, paths=paths, usage=authorities.usage),
        authorities=authorities,
        lists=ListIntake(database, sm2, most=chosen.crl_bytes),
        paths=paths,
        population=HeardDeaths(registers.population, database, directory, leaving, lambda: int(time.time())),
        enterprise=registers.enterprise,
        checks=Checks(cipher, directory, daily=limits.identity.outside_daily),
        vendors=vendors,
        bank_cards=registers.bank_cards,
        photo_reader=registers.photos,
        calendar=calendar,
        disputes=objections,
        reviews=reviews.Reviews(cipher, joining, objections, _review_policy(settings)),
        requests=Requests(cipher, directory, objections, phone_policy(settings)),
        links=links,
        closings=Closings(
            directory,
            settings.account.cooling_off,
            (assisted.keeping.erase, leaving.erase, partial(leave_all, directory=directory), links.erase, *ERASERS),
            UNDER_WAY,
        ),
        scans=Scans(cipher, index),
        themes=themes,
        granting=granting,
        moving=moving,
        leaving=leaving,
        ruling=Ruling(directory, recheck=settings.entities.recheck),
        guardianships=Guardianships(granting, moving),
        old_links=OldLinks(granting, joining.waiting),
        deciding=deciding,
        contexts=contexts,
        assisted=assisted,
        terms=Terms(database, registry, themes, resources),
        entities=entities,
        rechecking=rechecking,
        certificates=Certificates(directory, joining.waiting, cipher),
    )


def _factors(settings: Settings, database: Database, store: Store, cipher: FieldCipher) -> Factors:
    limits, name = settings.limits.factor, settings.pages.service_name
    policy = AttemptPolicy(limits.wrong_per_hour, lock_steps=limits.lock_steps)
    return Factors(
        Totp(database, cipher, policy, issuer=name),
        RecoveryCodes(database, cipher, policy),
        Passkeys(store, cipher, RelyingParty(issuer=settings.issuer, name=name)),
    )


def _paths(settings: Settings, sm2: Sm2Verifier, authorities: Authorities) -> PathValidator:
    """What a status service says is signed, as lists are."""
    outbound = settings.outbound
    client = GuardedClient(
        allow=outbound.allow,
        timeout=outbound.timeout,
        max_bytes=outbound.max_bytes,
        ca_file=outbound.ca_file,
        plain=True,
    )
    return AskingValidator(sm2, client, authorities.status_service)


def refreshing(provider: Provider) -> Refreshing:
    """The fetching of revocation lists, with a guarded client of its own: they are large, and slow to come."""
    outbound, chosen = provider.settings.outbound, provider.settings.certificates
    client = GuardedClient(
        allow=outbound.allow,
        timeout=chosen.crl_timeout,
        max_bytes=chosen.crl_bytes,
        ca_file=outbound.ca_file,
        plain=True,
    )
    return Refreshing(provider.database, client, provider.sm2, chosen)


def phone_policy(settings: Settings) -> PhonePolicy:
    limits = settings.limits
    return PhonePolicy(
        recycled_after=limits.phone_recycle_days * 86400,
        change_hold=limits.phone_change_hold,
        reset_hold=limits.password_reset_hold,
    )


def _mandate_terms(settings: Settings) -> MandateTerms:
    chosen = settings.mandates
    return MandateTerms(
        wait=chosen.wait,
        waivable=chosen.waivable,
        acceptance=chosen.acceptance_days * DAY,
        most_personal=chosen.most_personal,
        longest_days=chosen.longest_days,
    )


def _assisted_terms(settings: Settings) -> AssistedTerms:
    chosen = settings.assisted
    return AssistedTerms(theme=chosen.theme, days=chosen.days, witness=chosen.witness)


def _review_policy(settings: Settings) -> Policy:
    chosen = settings.reviews
    return Policy(chosen.daily, chosen.photos_daily, keep=chosen.keep_days * 86400, valid=chosen.valid_days * 86400)
