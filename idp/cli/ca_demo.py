"""``idp ca demo``: demo CAs and their certificates as files, so that anybody can try certificates.

Always true: it never runs in production, and overwrites nothing.
"""

import json
from pathlib import Path

import click

from adapters.sandbox.ca_keys import Kind
from adapters.sandbox.ca_tree import write_tree
from idp.cli.context import Context, fail


@click.command()
@click.argument("directory", type=click.Path(file_okay=False, path_type=Path))
@click.option(
    "--kind",
    "kinds",
    multiple=True,
    type=click.Choice([kind.value for kind in Kind]),
    help="sm2, rsa or p256; by default all.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object: the files that were written.")
@click.pass_obj
def demo(context: Context, directory: Path, kinds: tuple[str, ...], as_json: bool) -> None:
    """Write demo CAs for SM2, RSA and P-256 with good, revoked, expired and other certificates to DIRECTORY."""
    if context.settings.environment == "production":
        raise fail("demo CAs are never for production")
    try:
        files = write_tree(
            directory,
            kinds=[Kind(kind) for kind in kinds] or list(Kind),
            now=context.now,
            progress=lambda said: click.echo(said, err=True),
        )
    except FileExistsError:
        raise fail(f"{directory} is not empty; nothing was written") from None
    if as_json:
        told = {"directory": str(directory), "files": [str(file.relative_to(directory)) for file in files]}
        click.echo(json.dumps(told))
    else:
        click.echo(f"{directory}: {len(files)} files; begin with README.txt")
