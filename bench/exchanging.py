"""A token exchange beside a refresh: what a token for an API that knows whom somebody acts for costs the server.

Always true: both are asked of the same server by turns, and every answer is looked at before the next request.
"""

import base64
import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import psycopg

from bench.browser import cookie, main_form, walk
from bench.figures import Round, figures, ratio
from bench.load import DONE, Script, expect, wrong
from bench.measure import measure, settle, warm
from bench.operations import Operation, Scripts, authorize, member, refresh
from bench.report import table
from bench.site import Client, Cookies, Site, remember
from bench.targets import PERSON, REDIRECT
from bench.tongban_target import Tongban, toml

AT_MOST = 1.5
"""How many times the CPU time of a refresh an exchange may take."""
ROUNDS, SECONDS, CONNECTIONS = 7, 3.0, 16
API = "https://api.bench.example/represented"
GRANTOR = {"mobile": "13800138001", "user_name": "benchgrantor", "password": secrets.token_urlsafe(15)}
AGENT = Client("bench-agent", secrets.token_urlsafe(32), "openid represented")
_MANDATE_TOKEN = "urn:tongban:params:oauth:token-type:mandate"
_ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token"
_SCOPE = '{"actions":["submit","view"],"services":["hn-pension-01"]}'
_GIVEN = (
    "INSERT INTO mandate (id, kind, principal_id, agent_id, represented_id, theme, theme_version, scope, struck,"
    " state, valid_from, valid_to, may_delegate, waived, requested_by, created_at, signed_at, in_force_at, text_hash,"
    " sealed, unit) VALUES ('mnd_bench', 'personal', %(of)s, %(to)s, %(of)s, 'social.pension', 1, %(scope)s, '',"
    r" 'active', 1, 4000000000, 0, 0, %(of)s, 1, 1, 1, 'hash', '\x00', '')"
)


@dataclass(frozen=True)
class Beside:
    """Rounds of both, by turns."""

    exchange: Sequence[Round]
    refresh: Sequence[Round]

    @property
    def times(self) -> float:
        """How many times the CPU time of a refresh an exchange takes."""
        return ratio(self.refresh, self.exchange).median


def app() -> str:
    """The entry of the department app whose person acts, for the clients file."""
    lines = {
        "client_id": AGENT.id,
        "name": "bench agent",
        "sector": "bench",
        "state": "live",
        "auth_method": "client_secret_basic",
        "secret": AGENT.secret,
        "grant_types": ["authorization_code", "urn:ietf:params:oauth:grant-type:token-exchange"],
        "redirect_uris": [REDIRECT],
        "id_token_alg": "ES256",
        "resources": [API],
        "scopes": {"openid": "none", "represented": "none"},
    }
    return "[[client]]\n" + "".join(f"{name} = {toml(value)}\n" for name, value in lines.items())


def beside(target: Tongban, postgres: str, log: Path, *, core: int) -> Beside:
    """Both, by turns, at a ``target`` that serves. Raises ``WrongAnswer``."""
    exchange = _exchange(target, postgres, log)
    operations = (Operation("exchange", lambda *_: exchange), Operation("refresh", refresh))
    rounds: tuple[list[Round], list[Round]] = ([], [])
    for operation in operations:
        warm(target, operation, connections=CONNECTIONS, seconds=SECONDS)
    for number in range(ROUNDS):
        for operation, found in sorted(zip(operations, rounds, strict=True), key=lambda pair: pair[0].name):
            settle()
            one = measure(
                target, operation, core=core, connections=CONNECTIONS, seconds=SECONDS, servers=[target.pid]
            )
            found.append(one)
            print(f"round {number + 1}  {operation.name:9}  {one.micros:8.1f} µs")
    return Beside(*rounds)


def render(seen: Beside) -> str:
    """The table and whether the bar was met: a miss is published, too."""
    head = ["", "CPU, µs", "per second and core", "p50, ms", "p99, ms", "database, µs"]
    rows = []
    for name, found in (("exchange", figures(seen.exchange)), ("refresh", figures(seen.refresh))):
        times = (f"{found.p50 * 1e3:.2f}", f"{found.p99 * 1e3:.2f}", f"{found.database_micros:.0f}")
        rows.append([name, f"**{found.micros:.0f}**", f"{found.per_second:.0f}", *times])
    verdict = "missed" if missed(seen) else "met"
    bar = f"- bar: an exchange takes {seen.times:.2f} times the CPU time of a refresh, {AT_MOST:g} at most: {verdict}"
    return f"{table(head, rows)}\n\n{bar}"


def missed(seen: Beside) -> list[str]:
    return [f"an exchange costs {seen.times:.2f} refreshes"] if seen.times > AT_MOST else []


def _exchange(target: Tongban, postgres: str, log: Path) -> Scripts:
    """The grantor's agent, signed in and acting, asks for one token after another."""
    words = ("resource", "add", API, "--client", target.site.clients.resource.id, "--title", "bench")
    for command in (words, ("resource", "aware", API, "--how", "bench")):
        child = target.begin(*command, log=log)
        if child.process.wait(60) != 0:
            raise SystemExit(f"{' '.join(command)}:\n{log.read_text()}")
    mandate = _mandate(postgres)
    cookies: Cookies = {}
    walk(target.site, AGENT, cookies, PERSON)
    _act(target.site, cookies, mandate)
    tokens = authorize(target.site, AGENT, cookies)
    form = {
        "grant_type": "urn:ietf:params:oauth:grant-type:token-exchange",
        "subject_token": _handle(member(tokens, "id_token")),
        "subject_token_type": _MANDATE_TOKEN,
        "actor_token": member(tokens, "access_token"),
        "actor_token_type": _ACCESS_TOKEN,
        "resource": API,
    }
    request = target.site.post(target.site.paths.token, form, Authorization=AGENT.authorization)

    def script(_: int) -> Script:
        last = ""
        while True:
            token = member(expect((yield request), 200, containing=b'"issued_token_type"'), "access_token")
            if token == last:
                wrong("the same token twice", (yield request))
            last = token
            yield DONE

    return script


def _mandate(postgres: str) -> str:
    """The id of a mandate in force: the one who signs in acts for the other in the matter of a pension."""
    with psycopg.connect(postgres.replace("postgresql+psycopg:", "postgresql:"), autocommit=True) as connection:
        parties = connection.execute("SELECT id FROM party WHERE kind = 'person' ORDER BY created_at, id").fetchall()
        agent, grantor = (str(one[0]) for one in parties)
        run = connection.execute
        for number, party in enumerate((agent, grantor)):
            run(
                "INSERT INTO evidence (id, party_id, kind, level, source, proved_at)"
                " VALUES (%s, %s, 'face', 3, 'bench', 1)",
                (f"v{number}", party),
            )
        run(_GIVEN, {"of": grantor, "to": agent, "scope": _SCOPE})
    return "mnd_bench"


def _act(site: Site, cookies: Cookies, mandate: str) -> None:
    """On the page where one says for whom one acts."""
    page = expect(site.exchange(site.get("/account/acting", **cookie(cookies))), 200)
    remember(cookies, page)
    form = main_form(page.body.decode())
    assert form is not None, "a page without a form"
    sent = {**form.given, **(form.button or {}), "act": mandate}
    answer = site.exchange(site.post(form.action or "/account/acting", sent, Origin=site.issuer, **cookie(cookies)))
    remember(cookies, expect(answer, 303))


def _handle(id_token: str) -> str:
    part = id_token.split(".")[1]
    told = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return str(told["mandate"]["handle"])
