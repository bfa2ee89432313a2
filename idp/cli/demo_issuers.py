"""The sandbox's CAs as issuers that the demo trusts.

Always true: an issuer whose root is trusted already is left as operators have made it.
"""

import time

from adapters.sandbox.ca_issuers import demo_issuers
from adapters.sandbox.settings import CA_DIRECTORY
from idp.cli.context import Context, fail
from idp.issuers import actions
from idp.issuers.importing import Imported, ImportRefused, certificates_in, checked
from idp.issuers.rules import Declaration, IssuerRefusal
from idp.provider import Provider

SANDBOX = "http://localhost:8009"


def trust_demo_issuers(context: Context) -> None:
    """Takes some seconds at the very first start, when their keys are made."""
    from idp.app import provider_of

    provider = provider_of(context.app)
    for told in demo_issuers(SANDBOX, directory=CA_DIRECTORY, now=int(time.time())):
        found = _checked(provider, told["anchors"], told["intermediates"])
        declared = Declaration(
            title_zh=told["title"],
            title_en=told["title_en"],
            profile="demo",
            crl_urls=tuple(told["crls"]),
        )
        with provider.database.transaction() as tx:
            added = actions.add(tx, declared, [one.stored for one in found], actor=None, now=context.now)
        if isinstance(added, IssuerRefusal) and added is not IssuerRefusal.KNOWN:
            raise fail(f"{told['title_en']}: {added}")


def _checked(provider: Provider, anchors: list[str], intermediates: list[str]) -> tuple[Imported, ...]:
    given = [[der for text in texts for der in certificates_in(text.encode())] for texts in (anchors, intermediates)]
    found = checked(*given, sm2=provider.sm2)
    if isinstance(found, ImportRefused):
        raise fail(f"a demo CA: {found.reason} {found.detail}")
    return found
