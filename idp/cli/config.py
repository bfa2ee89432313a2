"""``idp config …``: what is wrong with the settings, and what can be set.

Always true: no value of a secret is printed.
"""

import click

from idp.cli.context import Context
from idp.disputes.calendar import read_calendar, warnings
from idp.settings import Section, Settings, unsafe
from idp.web.agreements import load_agreements


@click.group()
def config() -> None:
    """Check the settings and print their reference."""


@config.command()
@click.pass_obj
def check(context: Context) -> None:
    """Say what is wrong with the settings; status 1 when the provider would refuse to start with them."""
    faults = [f"unsafe: {fault}" for fault in unsafe(context.settings)]
    try:
        advice = warnings(read_calendar(context.settings.account.calendar), now=context.now)
    except (OSError, ValueError) as error:
        advice = []
        faults.append(f"wrong: account.calendar: {error}")
    faults += text_faults(context.settings, now=context.now)
    for warning in advice:
        click.echo(f"warning: {warning}")
    for fault in faults:
        click.echo(fault)
    if faults:
        raise SystemExit(1)
    profile = f", province profile {context.settings.province}" if context.settings.province else ""
    click.echo(f"ok: {context.settings.environment} settings for {context.settings.issuer}{profile}")


def text_faults(settings: Settings, *, now: int) -> list[str]:
    """What is wrong with the texts people agree to: without the consent to face checks none is offered (PIPL 29)."""
    try:
        texts = load_agreements(settings.pages.agreements)
    except (OSError, ValueError) as error:
        return [f"wrong: pages.agreements: {error}"]
    if settings.face.url and texts.in_force("face", now=now) is None:
        return ["wrong: pages.agreements: face.url is set, but no version of face/ is in force"]
    return []


@config.command()
def reference() -> None:
    """Print every setting with its meaning and default, as Markdown."""
    click.echo("\n".join(["# Settings", "", *_describe(Settings, "")]))


def _describe(model: type[Settings] | type[Section], path: str) -> list[str]:
    lines = []
    for name, field in model.model_fields.items():
        full = f"{path}{name}"
        if isinstance(field.annotation, type) and issubclass(field.annotation, Section):
            lines += [
                "",
                f"## {full}",
                "",
                *([field.annotation.__doc__ or "", ""] if field.annotation.__doc__ else []),
            ]
            lines += _describe(field.annotation, f"{full}.")
        else:
            default = "hidden" if "secret" in full and field.default else repr(field.default)
            lines.append(f"- `{full}` (default `{default}`): {(field.description or '').strip()}".rstrip(" :"))
    return lines
