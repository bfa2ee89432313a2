"""An issuer that an installation trusts, and people of its who sign what a page gives out.

Always true: its keys live in the test's process; the nodes see certificates and lists alone.
"""

import base64
import html
import os
import re
import subprocess
import sys
import time
from pathlib import Path

from tests.crypto.signing import Holder
from tests.issuers.chain import Chain
from tests.trust.browser import Browser
from tests.trust.installation import ROOT, Installation

BIND, SIGN_IN = "/account/certificates/new", "/signin/certificate"
_SHOWN = re.compile(r'name="challenge" value="([^"]+)".*?data-challenge-text[^>]*>([^<]+)</pre>', re.DOTALL)
_TRUST = """
import sys
from hashlib import sha256
from pathlib import Path
from idp.app import provider_of
from idp.cli.context import Context
from idp.issuers import actions
from idp.issuers.rules import CertificateKind, Declaration, IssuerCertificateDer
context = Context(None)
provider = provider_of(context.app)
at = Path(sys.argv[1])
kinds = (("root", CertificateKind.ANCHOR), ("issuing", CertificateKind.INTERMEDIATE))
held = [(kind, (at / name).read_bytes()) for name, kind in kinds]
stored = [IssuerCertificateDer(kind, sha256(der).hexdigest(), der) for kind, der in held]
with provider.database.transaction() as tx:
    added = actions.add(tx, Declaration("Trusted", profile="gmt0015"), stored, actor=None, now=context.now)
for number in range(2):
    provider.lists.bring(added.id, (at / f"crl{number}").read_bytes(), actor=None, now=context.now)
"""


def trusted(at: Installation, files: Path) -> Chain:
    """An issuer of this moment, trusted by every node from here on. ``files``: a directory of what is handed over."""
    chain = Chain(int(time.time()))
    authority = chain.authority()
    (files / "root").write_bytes(authority.anchors[0])
    (files / "issuing").write_bytes(authority.intermediates[0])
    for number, crl in enumerate(authority.crls):
        (files / f"crl{number}").write_bytes(crl)
    command = [sys.executable, "-c", _TRUST, str(files)]
    subprocess.run(command, env=os.environ | at.env, cwd=ROOT, check=True, timeout=60)
    time.sleep(1.1)  # what nodes hold of issuers is a second old at most
    return chain


def signed(browser: Browser, page: str, holder: Holder, *, node: int = 0) -> dict[str, str]:
    """What the page gives out, signed, as its form sends it."""
    shown = _SHOWN.search(browser.get(page, node=node).text)
    assert shown, "no text to sign"
    return {
        "challenge": shown[1],
        "signature": base64.b64encode(holder.sign(html.unescape(shown[2]).encode())).decode(),
        "certificate": base64.b64encode(holder.certificate).decode(),
    }
