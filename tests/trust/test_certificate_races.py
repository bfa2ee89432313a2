"""One certificate from several sides at the same moment: one owner, and one answer to one text."""

import base64
import os
import re
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import httpx
import pytest

from tests.crypto.signing import Holder
from tests.issuers.chain import Chain
from tests.trust.browser import Browser, Wire
from tests.trust.conftest import ROUNDS
from tests.trust.installation import ROOT, Installation
from tests.trust.racing import at_once

pytestmark = pytest.mark.services
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
    added = actions.add(tx, Declaration("Races", profile="gmt0015"), stored, actor=None, now=context.now)
for number in range(2):
    provider.lists.bring(added.id, (at / f"crl{number}").read_bytes(), actor=None, now=context.now)
"""


@pytest.fixture
def holder(anywhere: Installation, tmp_path: Path) -> Holder:
    """Somebody certified by an issuer that both nodes trust."""
    chain = Chain(int(time.time()))
    authority = chain.authority()
    (tmp_path / "root").write_bytes(authority.anchors[0])
    (tmp_path / "issuing").write_bytes(authority.intermediates[0])
    for number, crl in enumerate(authority.crls):
        (tmp_path / f"crl{number}").write_bytes(crl)
    _process(anywhere, _TRUST, str(tmp_path))
    time.sleep(1.1)  # what nodes hold of issuers is a second old at most
    return chain.holder()


def _process(at: Installation, program: str, *arguments: str) -> None:
    env = os.environ | at.env
    subprocess.run([sys.executable, "-c", program, *arguments], env=env, cwd=ROOT, check=True, timeout=60)


def _signed(browser: Browser, page: str, holder: Holder, *, node: int = 0) -> dict[str, str]:
    """What the page gives out, signed, as its form sends it."""
    shown = _SHOWN.search(browser.get(page, node=node).text)
    assert shown, "no text to sign"
    return {
        "challenge": shown[1],
        "signature": base64.b64encode(holder.sign(shown[2].encode())).decode(),
        "certificate": base64.b64encode(holder.certificate).decode(),
    }


def _proved(at: Installation, wire: Wire) -> Browser:
    """Somebody with an account that is nobody's yet, just proved by two factors."""
    person = at.person()
    browser = Browser(at, wire).sign_in(person)
    before = at.count_messages(person.mobile, "confirm_code")
    browser.token()
    sent = browser.submit("/signin/confirm?by=sms", {"send": "yes"})
    code = browser.await_code(person.mobile, "confirm_code", after=before)
    assert browser.submit(sent.headers["location"], {"code": code}).status_code == 303
    browser.forget_token()
    browser.token(BIND)
    return browser


def _forget(at: Installation) -> None:
    """As if nobody had ever bound a certificate, or proved who they are."""
    for table in ("certificate_binding", "identity_document", "evidence"):
        at.change(f"DELETE FROM {table}")
    at.change("DELETE FROM party_identifier WHERE kind NOT IN ('mobile', 'user_name')")


def test_of_accounts_that_bind_one_certificate_at_the_same_moment_one_has_it(
    anywhere: Installation, wire: Wire, holder: Holder
) -> None:
    rivals = [_proved(anywhere, wire) for _ in range(2)]
    _forget(anywhere)
    for _ in range(ROUNDS):
        answers = [_signed(rival, BIND, holder, node=n) for n, rival in enumerate(rivals)]
        sent = at_once(*[partial(rival.submit, BIND, answers[n], node=n) for n, rival in enumerate(rivals)])
        codes = [answer.status_code for answer in sent]
        assert sorted(codes) == [303, 422]
        winner = anywhere.party(rivals[codes.index(303)].secret)
        for table in ("certificate_binding", "identity_document", "evidence"):
            owners = [row[0] for row in anywhere.rows(f"SELECT party_id FROM {table} WHERE ended_at IS NULL")]
            assert owners == [winner], table
        _forget(anywhere)


def test_of_one_answer_sent_to_both_nodes_at_the_same_moment_one_opens(
    anywhere: Installation, wire: Wire, holder: Holder
) -> None:
    owner = _proved(anywhere, wire)
    _forget(anywhere)
    assert owner.submit(BIND, _signed(owner, BIND, holder)).status_code == 303
    for number in range(min(ROUNDS, 40)):
        stranger = Browser(anywhere, wire)
        stranger.token(SIGN_IN)
        form = _signed(stranger, SIGN_IN, holder, node=number % 2)
        windows = [stranger.copy() for _ in range(4)]

        def send(window: Browser, node: int, form: dict[str, str] = form) -> httpx.Response:
            return window.submit(SIGN_IN, form, node=node)

        sent = at_once(*[partial(send, window, n % 2) for n, window in enumerate(windows)])
        assert sorted(answer.status_code for answer in sent) == [303, 422, 422, 422]
    _forget(anywhere)
