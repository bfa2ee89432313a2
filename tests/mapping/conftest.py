"""A department's file and the commands that take it in; the person of `site` has shown a document."""

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from idp.cli import cli
from idp.cli.context import Context
from idp.clients.actions import put
from idp.clients.rules import Client
from idp.proofing.actions import add_evidence
from tests.provider import (
    CLIENTS,
    SECRET,
    Site,
    add_document,
    browser,
    claims_of,
    registers,
    shared_app,
    signed_in,
    site,
    site_template,
)

__all__ = ["browser", "registers", "shared_app", "signed_in", "site", "site_template"]

NUMBER, NAME = "11010519491231002X", "欧阳清岚"
"""Those of `add_document`."""
COLUMNS = ("local_id", "name", "document_type", "document_number")
Taken = Callable[..., dict[str, Any]]
"""``taken(client_id, *rows, **)``: the sums the command printed, what it said of lines under ``said``."""


def register(site: Site, client_id: str, scope: str = "legacy_sub", **changes: Any) -> None:
    data = dict(CLIENTS[0]) | {"client_id": client_id, "scopes": {scope: "statutory"}, "sector": client_id} | changes
    with site.provider.database.transaction() as tx:
        assert isinstance(put(tx, data, secret=SECRET, now=site.now()), Client)


def table(*rows: tuple[str, ...]) -> str:
    written = io.StringIO()
    csv.writer(written).writerows((COLUMNS, *rows))
    return written.getvalue()


def told(site: Site, client_id: str, scope: str = "openid legacy_sub", **changes: str) -> tuple[Any, Any]:
    """``legacy_sub`` in the ID token and in userinfo."""
    tokens = site.browser().sign_in().tokens(client_id, scope=scope, **changes)
    userinfo = site.userinfo(tokens["access_token"]).get_json()
    return claims_of(tokens["id_token"]).get("legacy_sub"), userinfo.get("legacy_sub")


def looked_at(site: Site, party: str | None = None) -> None:
    """Somebody compared the person with their document."""
    with site.provider.database.transaction() as tx:
        person = party or site.party()
        add_evidence(tx, person, kind="counter", level=3, source="test", expires_at=None, now=site.now())


@pytest.fixture
def known(site: Site) -> Site:
    """The person has shown their document at a counter; apps ``tax`` and ``social`` kept users of their own."""
    add_document(site.provider, site.party(), now=site.now())
    looked_at(site)
    register(site, "tax")
    register(site, "social")
    return site


@pytest.fixture
def run(site: Site, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    monkeypatch.setattr(Context, "settings", site.provider.settings)
    monkeypatch.setattr(Context, "app", site.app)
    return lambda *words: CliRunner().invoke(cli, ["client", "links", *words])


@pytest.fixture
def taken(run: Callable[..., Result], tmp_path: Path) -> Taken:
    def take(client_id: str, *rows: tuple[str, ...], options: tuple[str, ...] = ()) -> dict[str, Any]:
        file = tmp_path / "users.csv"
        file.write_text(table(*rows), "utf-8")
        return sums(run("import", client_id, str(file), "--json", *options))

    return take


def sums(result: Result) -> dict[str, Any]:
    assert result.exit_code == 0, result.output
    *said, last = [json.loads(line) for line in result.stdout.splitlines()]
    return last | {"said": [(one["line"], one["what"]) for one in said]}
