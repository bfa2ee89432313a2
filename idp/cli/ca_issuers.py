"""``idp ca add …``: the issuers whose certificates are accepted, for the first ones and for machines.

Always true: what is added here was checked as the console checks it; who may run commands may trust an issuer.
"""

import json
from pathlib import Path

import click

from idp.cli.context import Context, fail
from idp.crypto.sm2 import Sm2Unavailable
from idp.issuers import actions
from idp.issuers.authorities import load_profiles
from idp.issuers.importing import Imported, ImportRefused, certificates_in, checked, grouped
from idp.issuers.rules import Declaration, Issuer, IssuerRefusal, IssuerState, Usage, declaration_fault
from idp.issuers.status import ListStatus, statuses

_PEM = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command()
@click.option("--title", "title_zh", required=True, help="Name in Chinese, as operators and people read it.")
@click.option("--title-en", default="", help="Name in English.")
@click.option("--anchor", "anchors", multiple=True, required=True, type=_PEM, help="Root certificates, PEM or DER.")
@click.option("--intermediate", "intermediates", multiple=True, type=_PEM, help="What stands between.")
@click.option("--crl-url", "crl_urls", multiple=True, help="Where a revocation list is fetched from.")
@click.option("--ocsp-url", help="Where the status of one certificate is asked for.")
@click.option("--profile", default="gmt0015", show_default=True, help="How it says whom a certificate is for.")
@click.option("--usage", type=click.Choice([one.value for one in Usage]), default="both", show_default=True)
@click.option("--grace", default=0, show_default=True, help="Seconds a list counts beyond its next update.")
@click.pass_obj
def add(context: Context, /, anchors: tuple[Path, ...], intermediates: tuple[Path, ...], **said: str | int) -> None:
    """Trust an issuer and print its id and the fingerprints to be compared with those it publishes."""
    declared = _declared(context, **said)  # type: ignore[arg-type]
    found = _checked(context, anchors, intermediates)
    with context.database().transaction() as tx:
        added = actions.add(tx, declared, [one.stored for one in found], actor=None, now=context.now)
    if isinstance(added, IssuerRefusal):
        raise fail(f"{added}: nothing was added")
    click.echo(f"{added.id}: trusted")
    for one in found:
        click.echo(f"  {one.kind:12} {one.algorithm:6} {one.subject}")
        click.echo(f"    SHA-256 {grouped(one.sha256)}\n    SM3     {grouped(one.sm3)}")


def _declared(context: Context, *, usage: str, crl_urls: tuple[str, ...], **said: str) -> Declaration:
    settings = context.settings.certificates
    declared = Declaration(usage=Usage(usage), crl_urls=crl_urls, **said)  # type: ignore[arg-type]
    profiles = frozenset(load_profiles(settings.profiles))
    if fault := declaration_fault(declared, profiles=profiles, most_grace=settings.most_grace):
        raise fail(f"{fault}: nothing was added")
    return declared


def _checked(context: Context, anchors: tuple[Path, ...], intermediates: tuple[Path, ...]) -> tuple[Imported, ...]:
    from idp.app import provider_of

    given = [
        [der for file in files for der in certificates_in(file.read_bytes())] for files in (anchors, intermediates)
    ]
    try:
        found = checked(*given, sm2=provider_of(context.app).sm2)
    except Sm2Unavailable:
        raise fail("nobody there to verify SM2: nothing was added") from None
    if isinstance(found, ImportRefused):
        raise fail(f"{found.reason} {found.detail}: nothing was added")
    return found


@click.command("list")
@click.option("--json", "as_json", is_flag=True)
@click.pass_obj
def list_issuers(context: Context, as_json: bool) -> None:
    """All issuers, with how their revocation lists stand."""
    with context.database().autocommit() as tx:
        found = actions.all_issuers(tx)
        lists = statuses(tx, context.settings.certificates, now=context.now)
    of_each = [(one, [status for status in lists if status.issuer_id == one.id]) for one in found]
    if as_json:
        click.echo(json.dumps([_told(*one) for one in of_each], ensure_ascii=False))
        return
    for issuer, its_lists in of_each:
        click.echo(f"{issuer.id} {issuer.state:7} {issuer.declared.usage:9} {issuer.declared.title_zh}")
        for status in its_lists:
            url, fault = (status.source.url, status.source.fault or "") if status.source else ("by hand", "")
            click.echo(f"  {status.state:8} {url} {fault}".rstrip())


def _told(issuer: Issuer, lists: list[ListStatus]) -> dict[str, object]:
    declared = issuer.declared
    return {
        "id": issuer.id,
        "title": declared.title_zh,
        "title_en": declared.title_en,
        "state": issuer.state,
        "usage": declared.usage,
        "profile": declared.profile,
        "grace": declared.grace,
        "ocsp_url": declared.ocsp_url,
        "certificates": [{"kind": one.kind, "sha256": one.fingerprint} for one in issuer.certificates],
        "lists": [_told_list(one) for one in lists],
    }


def _told_list(one: ListStatus) -> dict[str, object]:
    source, held = one.source, one.held
    return {
        "state": one.state,
        "url": source.url if source else None,
        "fault": source.fault if source else None,
        "checked_at": source.checked_at if source else None,
        "this_update": held.this_update if held else None,
        "next_update": held.next_update if held else None,
        "entries": held.entries if held else None,
    }


@click.command()
@click.argument("issuer_id")
@click.pass_obj
def off(context: Context, issuer_id: str) -> None:
    """The kill switch: within a second no node accepts a certificate of ISSUER_ID any more."""
    _switch(context, issuer_id, IssuerState.OFF)


@click.command()
@click.argument("issuer_id")
@click.pass_obj
def on(context: Context, issuer_id: str) -> None:
    """Accept certificates of ISSUER_ID again."""
    _switch(context, issuer_id, IssuerState.ACTIVE)


def _switch(context: Context, issuer_id: str, state: IssuerState) -> None:
    with context.database().transaction() as tx:
        refused = actions.switch(tx, issuer_id, state, actor=None, now=context.now)
    if refused is IssuerRefusal.NOT_FOUND:
        raise fail(f"no issuer {issuer_id}")
    click.echo(f"{issuer_id}: {'was ' if refused else ''}{state}{' already' if refused else ''}")


COMMANDS = (add, list_issuers, off, on)
