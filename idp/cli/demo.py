"""``idp demo`` and ``idp people``: scripted people, and everything on one machine with one command.

Always true: neither runs in production, for a scripted person's password stands in a file.
"""

import os
import sys
import tomllib
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import click

from adapters.sandbox.cluster import run_parts
from adapters.sandbox.cluster_parts import Part, answers
from idp.accounts.acceptances import accept_agreements
from idp.accounts.actions import Active, Directory, Taken
from idp.accounts.credit_code import CreditCode
from idp.accounts.documents import DocumentType, parse_document
from idp.accounts.names import PersonName
from idp.accounts.rules import Mobile, UserName
from idp.activation.files import open_source
from idp.audit import Event, record
from idp.cli.clients import apply_file
from idp.cli.context import Context, fail
from idp.cli.demo_issuers import trust_demo_issuers
from idp.cli.demo_mandates import add_resources, give_mandates, set_signing_rules
from idp.cli.legacy import take_in
from idp.cli.mandates import apply_themes
from idp.cli.schema import upgrade_schema
from idp.clients import permits
from idp.clients.capabilities import Capability, CapabilityRefusal, Terms
from idp.console import invitations
from idp.console.rules import Assignment, Denied, Role
from idp.credentials.password import store_password
from idp.credentials.totp import enrolled_at
from idp.db import Transaction
from idp.entities.registering import prove
from idp.entities.roles import set_role
from idp.entities.rules import RoleState
from idp.proofing.actions import add_evidence
from idp.proofing.ports import EnterpriseRecord, EntityStatus, EntityType, RegisterRole
from idp.settings import Settings
from idp.tables import Table
from idp.web.agreements import Agreements, load_agreements
from idp.web.locale import china_date

PEOPLE = Path("config/demo/people.toml")
MOVED = Path("config/demo/moved.csv")
CLIENTS = Path("config/clients.demo.toml")
THEMES = Path("config/themes/demo.toml")
MANDATES = Path("config/demo/mandates.toml")
OPERATORS = {
    "xiao.lin": (Role.PLATFORM, Role.REVIEW, Role.COUNTER, Role.AUDIT),
    "xiao.chen": (Role.PLATFORM, Role.REVIEW, Role.COUNTER),
}
"""Two, so that what needs a second operator can be tried; both enrol by a link like everybody else."""
PROVINCE_VARIABLE = "TONGBAN_PROVINCE"


def refuse_production(settings: Settings) -> None:
    if settings.environment == "production":
        raise fail("scripted people and sandboxes are never for production")


@click.group()
def people() -> None:
    """Scripted people for trying things out (never in production)."""


@people.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.pass_obj
def add(context: Context, file: Path) -> None:
    """Open an account for every registered person of a TOML FILE; people who have one are left alone."""
    refuse_production(context.settings)
    click.echo(f"{add_people(context, file)} accounts opened")
    if entities := add_entities(context, file):
        click.echo(f"{entities} entities opened")


@people.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.pass_obj
def mandates(context: Context, file: Path) -> None:
    """Register the APIs of a TOML FILE, give its mandates between people who are here, and set its signing rules.

    What stands is left alone.
    """
    refuse_production(context.settings)
    click.echo(f"{add_resources(context, file)} APIs registered")
    click.echo(f"{give_mandates(context, file)} mandates given")
    click.echo(f"{set_signing_rules(context, file)} signing rules set")


def add_people(context: Context, file: Path) -> int:
    agreements = load_agreements(context.settings.pages.agreements)
    entries = tomllib.loads(file.read_text("utf-8")).get("person", [])
    return sum(_add_person(context, entry, agreements) for entry in entries if entry.get("registered", True))


def _add_person(context: Context, entry: Mapping[str, Any], agreements: Agreements) -> bool:
    """``mobile``; optional ``password``, ``user_name``, ``name``, ``document``, ``ial``, ``claims`` (OpenID's)."""
    from idp.app import provider_of

    provider, now = provider_of(context.app), context.now
    mobile, user_name = Mobile.parse(entry["mobile"]), UserName.parse(entry.get("user_name", ""))
    if mobile is None:
        raise fail(f"{entry['mobile']} is no mobile number")
    hashed = provider.passwords.hash(entry["password"]) if "password" in entry else None
    with provider.database.transaction() as tx:
        if isinstance(provider.directory.lookup(tx, mobile), Active):
            return False
        opened = provider.directory.open_person(tx, mobile=mobile, user_name=user_name, now=now)
        if not isinstance(opened, Active):
            raise fail(f"the user name of {mobile.masked} is taken")
        if hashed:
            store_password(tx, party_id=opened.party_id, hashed=hashed, now=now)
        versions = {text.kind: text.version for text in agreements.current(now=now)}
        accept_agreements(tx, opened.party_id, versions, now=now)
        claims = dict(entry.get("claims", {})) or ({"name": entry["name"]} if "name" in entry else {})
        provider.directory.set_profile(tx, opened.party_id, claims, now=claims.pop("updated_at", now))
        if "document" in entry:
            _record_document(tx, provider.directory, opened.party_id, entry, now)
        if "ial" in entry:
            add_evidence(
                tx, opened.party_id, kind="scripted", level=entry["ial"], source="demo", expires_at=None, now=now
            )
        record(tx, Event.PERSON_REGISTERED, subject=opened.party_id, detail={"scripted": True}, now=now)
    return True


def _record_document(
    tx: Transaction, directory: Directory, party_id: str, entry: Mapping[str, Any], now: int
) -> None:
    """``document``: its ``type`` and ``number``; the holder is the person's ``name``."""
    kind, today = DocumentType(entry["document"]["type"]), china_date(now)
    document = parse_document(kind, entry["document"]["number"], today=today)
    name = PersonName.parse(entry["name"])
    if document is None or name is None:
        raise fail(f"{entry['mobile']}: the name or the number of the document is none")
    recorded = directory.record_document(
        tx, party_id, document=document, name=name, valid_to=None, source="demo", now=now
    )
    if isinstance(recorded, Taken):
        raise fail(f"the document {document.masked} is somebody else's")


def add_entities(context: Context, file: Path) -> int:
    entries = tomllib.loads(file.read_text("utf-8")).get("entity", [])
    return sum(_add_entity(context, entry) for entry in entries)


def _add_entity(context: Context, entry: Mapping[str, Any]) -> bool:
    """``uscc``, ``name``, ``type``, ``role``, ``representative`` (a mobile number); optional ``password``."""
    from idp.app import provider_of

    provider, now = provider_of(context.app), context.now
    code, mobile = CreditCode.parse(entry["uscc"]), Mobile.parse(entry["representative"])
    if code is None or mobile is None:
        raise fail(f"{entry['name']}: the code or the representative's mobile number is none")
    hashed = provider.passwords.hash(entry["password"]) if "password" in entry else None
    with provider.database.transaction() as tx:
        if provider.entities.find(tx, code):
            return False
        found = provider.directory.lookup(tx, mobile)
        identity = provider.directory.person(tx, found.party_id).identity if isinstance(found, Active) else None
        if identity is None or not isinstance(found, Active):
            raise fail(f"{entry['name']}: the representative has no account with a document")
        entity = provider.entities.open(tx, code, heard=_heard(entry, code, now), actor=found.party_id, now=now)
        set_role(
            tx,
            (),
            entity_id=entity,
            person_id=found.party_id,
            role=RegisterRole(entry["role"]),
            state=RoleState.CONFIRMED,
            source="demo",
            now=now,
        )
        prove(tx, entity, identity, now=now)
        if hashed:
            store_password(tx, party_id=entity, hashed=hashed, now=now)
    return True


def _heard(entry: Mapping[str, Any], code: CreditCode, now: int) -> EnterpriseRecord:
    """What the register would have said."""
    return EnterpriseRecord(
        name=entry["name"],
        uscc=code.value,
        entity_type=EntityType(entry["type"]),
        status=EntityStatus.ACTIVE,
        name_matches=True,
        representative_matches=True,
        roles=frozenset({RegisterRole(entry["role"])}),
        version="demo",
        as_of=now,
    )


@click.command()
@click.option("--province", help="Province profile: hunan, hubei, yunnan, or the path of a file.")
@click.pass_obj
def demo(context: Context, province: str | None) -> None:
    """Run the provider, two department apps and the sandbox on this machine; Ctrl-C ends all of it."""
    if province is not None:
        os.environ[PROVINCE_VARIABLE] = province  # the parts are processes of their own, and read it, too
    refuse_production(context.settings)
    upgrade_schema(context.settings)
    add_people(context, PEOPLE)
    add_entities(context, PEOPLE)
    take_in(context, open_source(Table(MOVED, "csv"), platform=None, progress=lambda _: None))
    told = _TOLD.format(operators="\n".join(_operator_links(context)))
    grant_face_checks(context)
    apply_themes(context.database(), THEMES, now=context.now)
    add_resources(context, MANDATES)
    give_mandates(context, MANDATES)
    set_signing_rules(context, MANDATES)
    trust_demo_issuers(context)
    context.database().engine.dispose()
    raise SystemExit(run_parts("Tongban demo", _parts(context.settings), logs=Path("var/log"), told=told))


def _operator_links(context: Context) -> list[str]:
    """For each of the two operators who has not enrolled yet a fresh invitation: there are no default accounts."""
    from idp.app import provider_of

    provider, now, lines = provider_of(context.app), context.now, []
    for name, roles in OPERATORS.items():
        with provider.database.transaction() as tx:
            held = frozenset(Assignment(role) for role in roles)
            found = provider.operators.named(tx, name) or provider.operators.add(
                tx, name=name, roles=held, actor=None, now=now
            )
            if isinstance(found, Denied):
                raise fail(f"operator {name}: {found.reason}")
            if enrolled_at(tx, found.party_id) is None:
                made = provider.invitations.invite(tx, found.party_id, actor=None, now=now)
                link = invitations.link(context.settings.issuer, made.token)
                lines.append(f"  operator {name:10} {link} (code {made.code})")
    return lines or ["  the console         http://localhost:8000/console"]


def grant_face_checks(context: Context) -> None:
    """Let the social security app have faces checked, as its department would apply for and an operator grant it."""
    from idp.app import provider_of

    provider, now, capability = provider_of(context.app), context.now, Capability.FACE_CHECK
    apply_file(provider.database, CLIENTS, now=now)
    provider.registry.expire()
    client = provider.registry.get("social-demo")
    if client is None or client.law is None or capability in client.capabilities:
        return
    terms = Terms(capability, {"zh": "养老金资格认证", "en": "Confirmation of a pension"}, client.law, daily=1000)
    with provider.database.transaction() as tx:
        operator = provider.operators.named(tx, next(iter(OPERATORS)))
        applied = permits.apply(tx, client, terms, actor=None, now=now)
        permit = None if isinstance(applied, CapabilityRefusal) else permits.find(tx, applied)
        if operator is not None and permit is not None:  # one that is laid before the operators is theirs to decide
            permits.grant(tx, permit, actor=operator.party_id, now=now)


_TOLD = """
Ready.
  start here          http://localhost:8009   (journeys to try, demo people, text messages)
  the provider        http://localhost:8000
  tax app             http://tax.localhost:8101
  social security     http://social.localhost:8102
{operators}
Ctrl-C stops everything; accounts stay in var/.
"""


def _parts(settings: Settings) -> list[Part]:
    secrets = {entry["client_id"]: entry["secret"] for entry in tomllib.loads(CLIENTS.read_text("utf-8"))["client"]}

    def app(name: str, port: int) -> Part:
        argv = [sys.executable, "-m", "adapters.departments.demo", name, "--issuer", settings.issuer]
        env = {"DEMO_CLIENT_SECRET": secrets[f"{name}-demo"]}
        return Part(f"{name} app", f"http://{name}.localhost:{port}", argv, partial(answers, port, "/"), env)

    idp, port = [sys.executable, "-m", "idp"], settings.server.port
    return [
        Part(
            "sandbox",
            "http://localhost:8009",
            [*idp, "sandbox", "--issuer", settings.issuer],
            partial(answers, 8009, "/"),
        ),
        Part("provider", settings.issuer, [*idp, "serve"], partial(answers, port, "/readyz")),
        app("tax", 8101),
        app("social", 8102),
    ]
