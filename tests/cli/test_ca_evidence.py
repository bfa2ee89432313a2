"""``idp ca evidence``: kept texts are verified again, and what was altered is said."""

import json

import pytest
from click.testing import CliRunner, Result

from idp.cli import cli
from idp.cli.context import Context
from idp.db import Statement
from idp.signatures.actions import SignedTexts
from tests.issuers.chain import NOW, NUMBER
from tests.provider import Site
from tests.signatures.test_evidence import answered, text_of

ALTER = Statement[int]("UPDATE text_signature SET about = 'mandate:2'", int)


def evidence(site: Site, signature_id: str, monkeypatch: pytest.MonkeyPatch) -> Result:
    monkeypatch.setattr(Context, "settings", site.provider.settings)
    monkeypatch.setattr(Context, "app", site.app)
    monkeypatch.setattr(Context, "now", NOW + 1)
    return CliRunner().invoke(cli, ["ca", "evidence", signature_id])


def test_kept_evidence_is_intact_until_something_of_it_is_altered(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer, verified = answered(text_of())
    texts = SignedTexts(site.provider.cipher)
    with site.provider.database.transaction() as tx:
        kept = texts.keep(tx, party_id=site.party(), text=text_of(), answer=answer, verified=verified, now=NOW)
    assert kept is not None
    found = evidence(site, kept, monkeypatch)
    assert found.exit_code == 0, found.output
    told = json.loads(found.stdout)
    assert (told["intact"], told["person"], told["signed_at"], told["about"]) == (True, NUMBER, NOW, "mandate:1")
    with site.provider.database.transaction() as tx:
        tx.run(ALTER)
    found = evidence(site, kept, monkeypatch)
    assert found.exit_code == 1
    assert json.loads(found.stdout) == {
        "signature": kept,
        "intact": False,
        "reason": "evidence_record",
        "detail": "",
    }


def test_an_unknown_id_is_said_so(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    found = evidence(site, "sig_none", monkeypatch)
    assert found.exit_code == 1
    assert "no signature sig_none" in found.output
