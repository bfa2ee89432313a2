"""One certificate from several sides at the same moment: one owner, and one answer to one text."""

from functools import partial
from pathlib import Path

import httpx
import pytest

from tests.crypto.signing import Holder
from tests.trust.browser import Browser, Wire
from tests.trust.certificates import BIND, SIGN_IN, signed, trusted
from tests.trust.conftest import ROUNDS
from tests.trust.installation import Installation
from tests.trust.racing import at_once

pytestmark = pytest.mark.services


@pytest.fixture
def holder(anywhere: Installation, tmp_path: Path) -> Holder:
    """Somebody certified by an issuer that both nodes trust."""
    return trusted(anywhere, tmp_path).holder()


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
        answers = [signed(rival, BIND, holder, node=n) for n, rival in enumerate(rivals)]
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
    assert owner.submit(BIND, signed(owner, BIND, holder)).status_code == 303
    for number in range(min(ROUNDS, 40)):
        stranger = Browser(anywhere, wire)
        stranger.token(SIGN_IN)
        form = signed(stranger, SIGN_IN, holder, node=number % 2)
        windows = [stranger.copy() for _ in range(4)]

        def send(window: Browser, node: int, form: dict[str, str] = form) -> httpx.Response:
            return window.submit(SIGN_IN, form, node=node)

        sent = at_once(*[partial(send, window, n % 2) for n, window in enumerate(windows)])
        assert sorted(answer.status_code for answer in sent) == [303, 422, 422, 422]
    _forget(anywhere)
