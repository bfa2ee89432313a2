"""A certificate that is unbound while a mandate is signed by it, on both databases: neither waits for the other."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from idp.certificates import bindings
from tests.entities.conftest import ONE, THREE
from tests.mandates.conftest import Mandates, furnish
from tests.mandates.signing_by import OWN, Keys
from tests.mandates.test_certificate_signing import by_certificate
from tests.mandates.walking import person_form, signed_in, text_of, to
from tests.provider import furnished, settings_at

PENSION = {"service-hn-pension-01": "yes", "action-submit": "yes"}
LONG_ENOUGH = 0.5
"""Seconds in which the one who unbinds gets as far as they can; one who waits for an account gets nowhere."""


@pytest.fixture
def anywhere(any_database_url: str, tmp_path: Path) -> Iterator[Mandates]:
    site = furnished(settings_at(tmp_path, database={"url": any_database_url}))
    yield Mandates(site, *furnish(site))
    site.close()


def test_who_unbinds_their_certificate_while_it_signs_waits_for_the_signature(
    anywhere: Mandates, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The account comes before the certificate on both sides; else each would hold what the other wants."""
    keys, site = Keys(anywhere.site), anywhere.site
    owner = signed_in(anywhere, ONE)
    assert keys.sign(owner, OWN, keys.of(ONE)).status_code == 303
    bound = site.one("SELECT id FROM certificate_binding")
    answers = {"choice": "family", "theme": "social.pension", "scope": PENSION}
    page = by_certificate(owner, text_of(owner, person_form(THREE), **answers))
    sent = keys.fields(owner, page, keys.of(ONE))
    site.later += 70
    other = signed_in(anywhere, ONE)
    other.get("/account/certificates")
    used, noted = bindings.use, threading.Event()

    def use(*args: Any, **more: Any) -> bool:
        done = used(*args, **more)
        noted.set()
        threading.Event().wait(LONG_ENOUGH)
        return done

    def unbind() -> Any:
        assert noted.wait(10)
        return other.submit("/account/certificates", {"unbind": bound})

    monkeypatch.setattr(bindings, "use", use)
    with ThreadPoolExecutor(2) as pool:
        signing, unbinding = pool.submit(owner.submit, page, sent), pool.submit(unbind)
        signed, unbound = signing.result(), unbinding.result()
    assert to(signed).endswith("/done"), signed.text
    assert to(unbound).endswith("done=certificate_unbound"), unbound.text
    assert site.one("SELECT COUNT(*) FROM mandate_signature WHERE method = 'certificate'") == 1
    assert site.one("SELECT end_reason FROM certificate_binding WHERE id = :id", id=bound) is not None
