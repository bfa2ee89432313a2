"""``idp ca …``: certificates of citizens and entities, and who issues them.

Always true: nothing here signs anybody in.
"""

import click

from idp.cli import ca_issuers
from idp.cli.ca_demo import demo
from idp.cli.ca_evidence import evidence
from idp.cli.ca_verify import verify


@click.group()
def ca() -> None:
    """Certificates of citizens and entities, and their issuers."""


ca.add_command(verify)
ca.add_command(evidence)
ca.add_command(demo)
for _command in ca_issuers.COMMANDS:
    ca.add_command(_command)
