"""The kit under a server of its own: granian and ASGI, over real sockets, with a stand-in provider over another."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urljoin

import httpx
import pytest

from tests.ports import free_port

from .fake_provider import CLIENT_ID, SECRET, FakeProvider

pytestmark = pytest.mark.processes

PROJECT = Path(__file__).parents[2]
APP = """
import time

from adapters.departments.relying_party import RelyingParty
from adapters.departments.settings import ClientSettings
from tests.departments.apps.pages import Given
from tests.departments.apps.starlette_app import starlette_app

app = starlette_app(Given(RelyingParty(ClientSettings(
    issuer={issuer!r}, client_id={client!r}, client_secret={secret!r}, redirect_uri="{base}/oidc/callback",
    post_logout_redirect_uri="{base}/signed-out",
)), lambda: int(time.time())))
"""


@contextmanager
def served(directory: Path, issuer: str) -> Iterator[str]:
    port = free_port()
    base = f"http://127.0.0.1:{port}"
    (directory / "served_department.py").write_text(
        APP.format(issuer=issuer, client=CLIENT_ID, secret=SECRET, base=base)
    )
    command = [sys.executable, "-m", "granian", "--interface", "asgi", "--host", "127.0.0.1", "--port", str(port)]
    with subprocess.Popen(
        [*command, "--no-log", "served_department:app"],
        cwd=directory,
        env={"PYTHONPATH": f"{PROJECT}:{directory}", "PATH": ""},
    ) as process:
        try:
            _wait(base)
            yield base
        finally:
            process.terminate()


def _wait(base: str) -> None:
    give_up = time.monotonic() + 60
    while time.monotonic() < give_up:
        try:
            httpx.get(base)
            return
        except httpx.TransportError:
            time.sleep(0.05)
    raise AssertionError("the app does not answer")


def test_an_app_behind_an_asgi_server_signs_people_in_and_out(tmp_path: Path) -> None:
    provider = FakeProvider(clock=lambda: int(time.time()), auth_time=int(time.time()))
    with provider.serve() as issuer, served(tmp_path, issuer) as base, httpx.Client() as client:
        at = f"{base}/mine"
        for _ in range(3):  # to the provider, back, and on to the page
            at = urljoin(at, client.get(at).headers["Location"])
        assert client.get(at).json()["sub"] == "pw_person"
        form = {"logout_token": provider.logout_token()}
        assert httpx.post(f"{base}/oidc/backchannel-logout", data=form).status_code == 200
        assert client.get(base).text == "nobody"
        left = client.post(f"{base}/oidc/logout", headers={"Sec-Fetch-Site": "same-origin"})
        ended = client.get(client.get(left.headers["Location"]).headers["Location"])
        assert 'id="signed_out"' in ended.text
