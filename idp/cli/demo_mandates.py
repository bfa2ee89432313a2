"""``idp people mandates``: what scripted people have given one another, who signs jointly, and the demo's APIs.

Always true: each mandate goes the way of any other, rules and text included; one that stands is left alone, and so is
a signing rule that an entity has chosen.
"""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from idp.accounts.actions import Active
from idp.accounts.credit_code import CreditCode
from idp.accounts.rules import Mobile
from idp.cli.context import Context, fail
from idp.clients.resources import add_resource, set_aware
from idp.clients.rules import Faulty
from idp.crypto.tokens import new_id
from idp.db import Transaction
from idp.mandates import reading
from idp.mandates.drafts import Draft, Signer
from idp.mandates.granting import Denied
from idp.mandates.rules import Kind, Mandate, State
from idp.mandates.ruling import has_chosen
from idp.mandates.scopes import Action, Scope
from idp.mandates.signing import SigningRule
from idp.proofing.actions import ial
from idp.provider import Provider

_YEAR = 365 * 86400


def add_resources(context: Context, file: Path) -> int:
    """Register the APIs of a TOML FILE and note that they are aware; how many were new."""
    from idp.app import provider_of

    provider, now = provider_of(context.app), context.now
    known = {one.identifier for one in provider.resources.all()}
    new = [one for one in _entries(file, "resource") if one["identifier"] not in known]
    for entry in new:
        with provider.database.transaction() as tx:
            fault = add_resource(tx, entry["identifier"], client_id=entry["client"], title=entry["title"], now=now)
            if isinstance(fault, Faulty):
                raise fail("\n".join(fault.faults))
        provider.resources.expire()
        server = provider.resources.get(entry["identifier"])
        assert server is not None  # noqa: S101 - it was written just now
        with provider.database.transaction() as tx:
            set_aware(tx, server, how=entry["aware"], now=now)
    return len(new)


def give_mandates(context: Context, file: Path) -> int:
    """Give every mandate of a TOML FILE that does not stand already; how many. What the rules refuse is said."""
    from idp.app import provider_of

    provider = provider_of(context.app)
    return sum(_give(provider, entry, context.now) for entry in _entries(file, "mandate"))


def set_signing_rules(context: Context, file: Path) -> int:
    """Set the signing rule of every entity of a TOML FILE that has not chosen one; how many."""
    from idp.app import provider_of

    provider = provider_of(context.app)
    return sum(_rule(provider, entry, context.now) for entry in _entries(file, "signing_rule"))


def _rule(provider: Provider, entry: Mapping[str, Any], now: int) -> bool:
    wanted = SigningRule(entry["rule"])
    with provider.database.transaction() as tx:
        entity = _party(tx, provider, entry["entity"])
        if has_chosen(tx, entity):
            return False
        found = provider.ruling.ask(tx, entity, wanted, _signer(tx, provider, entry["signed"], now), now=now)
    if isinstance(found, Denied):
        click.echo(f"{entry['entity']}: {wanted} not set ({found.reason})")
    return found is wanted


def _entries(file: Path, name: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = tomllib.loads(file.read_text("utf-8")).get(name, [])
    return found


def _give(provider: Provider, entry: Mapping[str, Any], now: int) -> bool:
    with provider.database.transaction() as tx:
        draft, agent = _draft(tx, provider, entry, now), _party(tx, provider, entry["agent"])
        if draft is None or any(_is_like(one, draft, agent) for one in reading.given_by(tx, draft.principal)):
            return False  # people may have changed by hand what it rests on
        text = provider.granting.text(tx, draft)
        if text is None:
            raise fail(f"{entry['theme']}: no such theme; import it first")
        signer = _signer(tx, provider, entry["signed"], now)
        state = provider.granting.draw(tx, draft, signer, text_hash=text.hash, now=now)
        if state is State.PENDING_ACCEPTANCE:
            signer = _signer(tx, provider, entry["accepted"], now)
            state = provider.moving.accept(tx, draft.id, signer, party=agent, text_hash=text.hash, now=now)
    if isinstance(state, Denied):
        click.echo(f"{entry['principal']} to {entry['agent']}: not given ({state.reason})")
    return state is State.ACTIVE


def _is_like(mandate: Mandate, draft: Draft, agent: str) -> bool:
    """``mandate``: a living one of the same principal."""
    return (mandate.agent, mandate.theme, mandate.parent) == (agent, draft.theme, draft.parent)


def _draft(tx: Transaction, provider: Provider, entry: Mapping[str, Any], now: int) -> Draft | None:
    """None: there is nothing in force for it to be the second link of."""
    principal, under = _party(tx, provider, entry["principal"]), entry.get("under")
    parent = _parent(tx, _party(tx, provider, under), principal) if under else None
    addressee = provider.granting.addresses.own(tx, _party(tx, provider, entry["agent"]))
    if addressee is None:
        raise fail(f"{entry['agent']}: is not proved to be anybody")
    if under and parent is None:
        return None
    return Draft(
        id=new_id("mnd"),
        kind=Kind(entry.get("kind", Kind.PERSONAL if Mobile.parse(entry["principal"]) else Kind.DELEGATED)),
        principal=principal,
        addressee=addressee,
        theme=entry["theme"],
        scope=Scope(frozenset(Action(one) for one in entry["actions"]), frozenset(entry["services"])),
        valid_from=now,
        valid_to=parent.valid_to if parent else now + _YEAR,
        may_delegate=entry.get("may_delegate", False),
        parent=parent.id if parent else None,
        waived=True,
    )


def _parent(tx: Transaction, client: str, agency: str) -> Mandate | None:
    """What ``client`` has given the agency."""
    given = reading.given_by(tx, client)
    return next((one for one in given if one.agent == agency and one.state is State.ACTIVE), None)


def _party(tx: Transaction, provider: Provider, name: str) -> str:
    """Of an entity by its code, of a person by their mobile number."""
    number = Mobile.parse(name) or CreditCode.parse(name)
    found = provider.directory.lookup(tx, number) if number else None
    if not isinstance(found, Active):
        raise fail(f"{name}: nobody has an account of that number")
    return found.party_id


def _signer(tx: Transaction, provider: Provider, mobile: str, now: int) -> Signer:
    """As if they had shown a second factor a moment ago."""
    person = _party(tx, provider, mobile)
    return Signer(person=person, method="sms", ial=ial(tx, person, now=now), aal=2)
