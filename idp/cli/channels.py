"""``idp channel …``: the channels people register by, their posters, and what came by each.

Always true: a channel is taken out of use, never deleted.
"""

import json
from datetime import datetime
from pathlib import Path

import click

from idp.channels import actions
from idp.channels.poster import FORMS, Poster
from idp.channels.rules import Channel, ChannelKind, Step, address, faults
from idp.cli.context import Context, fail


@click.group()
def channel() -> None:
    """Channels of registration: counties, bank branches and counters, each with a code on its poster."""


@channel.command()
@click.argument("code")
@click.option("--kind", required=True, type=click.Choice([kind.value for kind in ChannelKind]))
@click.option("--name", "name_zh", required=True, help="Name in Chinese, as on the poster.")
@click.option("--name-en", default="", help="Name in English.")
@click.option("--region", required=True, metavar="NNNNNN", help="Six digits of GB/T 2260.")
@click.pass_obj
def add(context: Context, code: str, kind: str, name_zh: str, name_en: str, region: str) -> None:
    """Add the channel CODE and print the address its poster leads to."""
    wanted = Channel(code, kind, name_zh.strip(), name_en.strip(), region, active=True)
    if wrong := faults(wanted):
        raise fail("; ".join(wrong))
    with context.database().transaction() as tx:
        if not actions.add(tx, wanted, now=context.now):
            raise fail(f"there is a channel {code}")
    click.echo(address(context.settings.issuer, code))


@channel.command("list")
@click.option("--json", "as_json", is_flag=True)
@click.pass_obj
def list_channels(context: Context, as_json: bool) -> None:
    """All channels."""
    with context.database().autocommit() as tx:
        found = actions.all_channels(tx)
    if as_json:
        click.echo(json.dumps([one._asdict() for one in found], ensure_ascii=False))
        return
    for one in found:
        click.echo(f"{one.code:32} {one.kind:8} {one.region} {'' if one.active else 'disabled '}{one.name_zh}")


@channel.command()
@click.option("--since", type=click.DateTime(["%Y-%m-%d"]), help="First day that counts (days of China).")
@click.option("--json", "as_json", is_flag=True)
@click.pass_obj
def report(context: Context, since: datetime | None, as_json: bool) -> None:
    """How many registrations were begun and completed, and accounts activated, by each channel."""
    with context.database().autocommit() as tx:
        found = actions.all_channels(tx)
        sums = actions.sums(tx, since=f"{since:%Y-%m-%d}" if since else "")
    told = {one.code: {step.value: sums.get(one.code, {}).get(step, 0) for step in Step} for one in found}
    if as_json:
        click.echo(json.dumps(told))
        return
    for code, counted in told.items():
        click.echo(f"{code:32} " + "  ".join(f"{step} {number}" for step, number in counted.items()))


@channel.command()
@click.argument("code")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.pass_obj
def poster(context: Context, code: str, file: Path) -> None:
    """Write the poster of CODE to FILE, which ends in .svg or .pdf."""
    draw = FORMS.get(file.suffix.lower().removeprefix("."))
    if draw is None:
        raise fail("FILE ends in .svg or .pdf")
    with context.database().autocommit() as tx:
        found = actions.find(tx, code)
    if found is None:
        raise fail(f"no channel {code}")
    settings = context.settings
    service = settings.pages.service_name, settings.pages.service_name_en
    made = Poster.of(found, issuer=settings.issuer, service=service)
    file.write_bytes(draw(made))
    click.echo(f"{file}: written")


@channel.command()
@click.argument("code")
@click.pass_obj
def disable(context: Context, code: str) -> None:
    """Take CODE out of use: its posters lead to registration still, and nothing is counted for it."""
    _switch(context, code, on=False)


@channel.command()
@click.argument("code")
@click.pass_obj
def enable(context: Context, code: str) -> None:
    """Take CODE into use again."""
    _switch(context, code, on=True)


def _switch(context: Context, code: str, *, on: bool) -> None:
    with context.database().transaction() as tx:
        done = actions.switch(tx, code, on=on, now=context.now)
        known = actions.find(tx, code)
    if known is None:
        raise fail(f"no channel {code}")
    state = "in use" if on else "disabled"
    click.echo(f"{code}: {state}" if done else f"{code}: was {state} already")
