"""Owns the test an API has to pass before it is given tokens that say for whom somebody acts.

Always true: it passes only if the API took the one good kind of token and none of the others. The API is set up with
the issuer of this test instead of the provider while it runs, and set back afterwards; the key is thrown away.

    python -m adapters.departments.selftest https://api.tax.example/figures --audience https://api.tax.example/represented
"""

from __future__ import annotations

import argparse
import json
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from adapters.departments.errors import ConfigurationError, DepartmentError
from adapters.departments.representing import Power
from adapters.departments.selftest_cases import Case, Issuer, cases
from adapters.departments.transport import HttpTransport, Request, Transport, check_address

VERSION = 1


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the API did with a token: the status of its answer, None where there was none."""

    case: Case
    status: int | None

    @property
    def passed(self) -> bool:
        """The good one is answered with 2xx, every other is refused with 400, 401 or 403."""
        if self.status is None:
            return False
        return 200 <= self.status < 300 if self.case.good else self.status in (400, 401, 403)

    @property
    def verdict(self) -> str:
        if self.status is None:
            return "NO ANSWER"
        if self.passed:
            return "taken" if self.case.good else "refused"
        if self.case.good:
            return "WRONGLY REFUSED"
        return "WRONGLY TAKEN" if 200 <= self.status < 300 else "NEITHER TAKEN NOR REFUSED"


@dataclass(frozen=True, slots=True)
class Report:
    """What came of it. `line` is for `idp resource aware IDENTIFIER --how`."""

    audience: str
    outcomes: tuple[Outcome, ...]
    at: int

    @property
    def passed(self) -> bool:
        return bool(self.outcomes) and all(outcome.passed for outcome in self.outcomes)

    @property
    def line(self) -> str:
        right = sum(outcome.passed for outcome in self.outcomes)
        when = datetime.fromtimestamp(self.at, UTC).strftime("%Y-%m-%dT%H:%MZ")
        word = "passed" if self.passed else "FAILED"
        return f"self-test {VERSION} {word}: {right} of {len(self.outcomes)} right, {when}, {self.audience}"

    @property
    def text(self) -> str:
        lines = [f"{one.verdict:<26} {one.status or '---'}  {one.case.name}" for one in self.outcomes]
        return "\n".join([*lines, "", self.line])


def run(transport: Transport, url: str, *, audience: str, tried: Sequence[Case], now: int) -> Report:
    """Call the API once with every token."""
    return Report(audience, tuple(Outcome(case, _status(transport, url, case)) for case in tried), now)


def _status(transport: Transport, url: str, case: Case) -> int | None:
    headers = {} if case.token is None else {"Authorization": f"Bearer {case.token}"}
    try:
        return transport.send(Request(url=url, headers=headers)).status
    except DepartmentError:
        return None


@contextmanager
def served(issuer: Issuer, host: str, port: int) -> Iterator[int]:
    """The issuer's documents over HTTP; the port they are at."""

    class Documents(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            document = issuer.documents.get(self.path)
            body = json.dumps(document or {}).encode()
            self.send_response(200 if document else 404)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer((host, port), Documents)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _arguments(given: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m adapters.departments.selftest", description=__doc__)
    parser.add_argument("url", help="an address of the API that answers a GET, and needs such a token")
    parser.add_argument("--audience", required=True, help="the identifier the API is registered under")
    parser.add_argument("--issuer", help="what the API is set up with while this runs (default: the address below)")
    parser.add_argument("--listen", default="127.0.0.1:8099", help="where its documents are served")
    parser.add_argument("--theme", default="tax.filing", help="the theme the address is about")
    parser.add_argument("--service", action="append", help="a service of it; may be given again")
    parser.add_argument("--action", action="append", help="an action it needs (default: view); may be given again")
    parser.add_argument("--connect-to", default="", help="host:port=host:port, as in the kit's settings")
    parser.add_argument("--ca-file", help="PEM of the authorities to trust")
    parser.add_argument("--timeout", type=float, default=5.0)
    return parser.parse_args(given)


def main(given: Sequence[str] | None = None) -> int:
    """0: the API passed. 1: it did not. 2: the test could not be made."""
    arguments = _arguments(given)
    try:
        report = _tested(arguments)
    except (ConfigurationError, OSError, ValueError) as error:
        print(f"the test could not be made: {error}", file=sys.stderr)
        return 2
    print(report.text)
    return 0 if report.passed else 1


def _tested(arguments: argparse.Namespace) -> Report:
    host, _, port = arguments.listen.rpartition(":")
    named, _, target = arguments.connect_to.partition("=")
    transport = HttpTransport(
        connect_to={named: target} if named else {}, ca_file=arguments.ca_file, timeout=arguments.timeout
    )
    check_address(arguments.url, what="the address of the API")
    actions, services = arguments.action or ["view"], arguments.service or []
    matter = Power(theme=arguments.theme, actions=tuple(actions), services=tuple(services))
    issuer, now = Issuer(arguments.issuer or f"http://{arguments.listen}"), int(time.time())
    tried = cases(issuer, arguments.audience, matter=matter, now=now)
    with served(issuer, host, int(port)):
        return run(transport, arguments.url, audience=arguments.audience, tried=tried, now=now)


if __name__ == "__main__":
    sys.exit(main())
