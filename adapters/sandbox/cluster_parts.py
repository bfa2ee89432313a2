"""The parts of `make cluster`: which command runs each, with which settings, and when it counts as ready.

Always true: the provider's parts read config/production.example.toml unchanged; what one machine needs otherwise
is environment variables, and those of whoever starts the cluster win over them.
"""

import http.client
import json
import os
import ssl
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from adapters.sandbox import packages
from adapters.sandbox.cluster_files import HOSTS, Certificate, Ports, client_secret, nginx_configuration
from adapters.sandbox.settings import BANK_CARD_SECRET, ENTERPRISE_SECRET, POPULATION_SECRET, SECRET, SECRET_VARIABLES

IDP = [sys.executable, "-m", "idp"]
_SANDBOX = [sys.executable, "-m", "adapters.sandbox"]
DEMO_APP = [sys.executable, "-m", "adapters.departments.demo"]


@dataclass(frozen=True)
class Part:
    """One program: `address` is what people are told; `ready` asks whether it answers (None: no way to ask)."""

    name: str
    address: str
    argv: list[str]
    ready: Callable[[], bool] | None
    env: Mapping[str, str] = field(default_factory=dict)


def settings(ports: Ports, *, database: str, state: str, private: Path, logs: Path) -> dict[str, str]:
    """The provider's environment: one machine's addresses over the production example.

    `environment` is not `production`, because that refuses to run beside a sandbox that shows every message.
    """
    ours = {
        "TONGBAN_CONFIG": str(packages.ROOT / "config" / "production.example.toml"),
        "TONGBAN_ENVIRONMENT": "development",
        "TONGBAN_ISSUER": ports.origin(HOSTS[0]),
        "TONGBAN_SERVER__HOST": "127.0.0.1",
        "TONGBAN_SERVER__TRUSTED_PROXIES": json.dumps(["127.0.0.1/32"]),
        "TONGBAN_DATABASE__URL": database,
        "TONGBAN_STATE__URL": state,
        "TONGBAN_SECRETS__FILE": str(private / "secrets.toml"),
        "TONGBAN_CLIENTS__FILE": str(private / "clients.toml"),
        "TONGBAN_AUDIT__CHECKPOINT_FILE": str(logs / "audit-checkpoints.jsonl"),
        "TONGBAN_SMS__URL": f"http://localhost:{ports.sandbox}/sms/v1/messages",
        "TONGBAN_SMS__SECRET": SECRET,
        "TONGBAN_REGISTERS__POPULATION__URL": f"http://localhost:{ports.sandbox}/population/v1/checks",
        "TONGBAN_REGISTERS__POPULATION__SECRET": POPULATION_SECRET,
        "TONGBAN_REGISTERS__ENTERPRISE__URL": f"http://localhost:{ports.sandbox}/enterprise/v1/lookups",
        "TONGBAN_REGISTERS__ENTERPRISE__SECRET": ENTERPRISE_SECRET,
        "TONGBAN_BANK_CARD__URL": f"http://localhost:{ports.sandbox}/bank-cards/v1/checks",
        "TONGBAN_BANK_CARD__SECRET": BANK_CARD_SECRET,
        "TONGBAN_FACE__URL": f"http://localhost:{ports.sandbox}/face/v1",
        "TONGBAN_FACE__PAGES": json.dumps([f"http://localhost:{ports.sandbox}"]),
        "TONGBAN_BANK_CHANNEL__URL": f"http://localhost:{ports.sandbox}/bank/v1",
        "TONGBAN_BANK_CHANNEL__PAGES": json.dumps([f"http://localhost:{ports.sandbox}"]),
        # whoever tries the journeys here reads and types enough, and everybody comes from one address
        "TONGBAN_LIMITS__CAPTCHA__BEFORE_SMS": "false",
        "TONGBAN_LIMITS__CAPTCHA__AFTER_FAILURES": "0",
        "TONGBAN_OUTBOUND__ALLOW": json.dumps(["127.0.0.0/8", "::1/128"]),
    }
    return {**ours, **{name: value for name, value in os.environ.items() if name.startswith("TONGBAN_")}}


def preparations(env: Mapping[str, str]) -> list[tuple[str, list[str]]]:
    """What runs to its end before the provider starts: a name people are shown, and the command."""
    secrets = env["TONGBAN_SECRETS__FILE"]
    keys = [] if Path(secrets).exists() else [("keys", [*IDP, "keys", "init", secrets])]
    config = packages.ROOT / "config"
    return [
        *keys,
        ("migrations", [*IDP, "db", "upgrade"]),
        ("demo people", [*IDP, "people", "add", str(config / "demo" / "people.toml")]),
        ("themes", [*IDP, "mandate", "theme", "import", str(config / "themes" / "demo.toml")]),
        ("demo apps", [*IDP, "client", "apply", env["TONGBAN_CLIENTS__FILE"]]),
        ("mandates", [*IDP, "people", "mandates", str(config / "demo" / "mandates.toml")]),
    ]


def provider(ports: Ports, env: Mapping[str, str]) -> list[Part]:
    """Two nodes and the worker."""
    nodes = [
        Part(
            f"node {number}",
            f"http://localhost:{port}",
            [*IDP, "serve"],
            partial(answers, port, "/readyz"),
            {**env, "TONGBAN_SERVER__PORT": str(port)},
        )
        for number, port in enumerate((ports.node1, ports.node2), 1)
    ]
    return [*nodes, Part("worker", "sends messages and sign-out notices", [*IDP, "worker"], None, env)]


def outside(ports: Ports, files: Certificate, env: Mapping[str, str]) -> list[Part]:
    """The sandbox and the two department apps, which know the provider by its public address only."""
    tax, social = ports.origin(HOSTS[1]), ports.origin(HOSTS[2])
    issuer = ports.origin(HOSTS[0])
    addresses = ["--issuer", issuer, "--tax", tax, "--social", social]
    sandbox = Part(
        "sandbox",
        f"http://localhost:{ports.sandbox}",
        [*_SANDBOX, "--port", str(ports.sandbox), *addresses],
        partial(answers, ports.sandbox, "/"),
        # it calls the provider back through nginx
        {name: env[name] for name in SECRET_VARIABLES if name in env} | {"SSL_CERT_FILE": str(files.ca)},
    )
    return [
        sandbox,
        _app("tax", ports.tax, (tax, social), ports, files),
        _app("social", ports.social, (social, tax), ports, files),
    ]


def _app(name: str, port: int, origins: Sequence[str], ports: Ports, files: Certificate) -> Part:
    """A demo app behind nginx. `idp.localhost` is no name to the resolver, so it is told where to connect."""
    own, other = origins
    options = {
        "--port": str(port),
        "--base-url": own,
        "--other-url": other,
        "--issuer": ports.origin(HOSTS[0]),
        "--connect-to": f"{HOSTS[0]}:{ports.https}=127.0.0.1:{ports.https}",
        "--ca-file": str(files.ca),
    }
    argv = [*DEMO_APP, name, *(word for option in options.items() for word in option)]
    env = {"DEMO_CLIENT_SECRET": client_secret(f"{name}-demo")}
    return Part(f"{name} app", own, argv, partial(answers, port, "/"), env)


def front(ports: Ports, files: Certificate, *, private: Path, logs: Path) -> Part:
    """nginx before all of it; `private` is its own new directory, `logs` gets the access log."""
    program = packages.find("nginx")
    private.chmod(0o711)  # started by root, its workers are another user and have to get to their directories
    configuration = private / "nginx.conf"
    configuration.write_text(nginx_configuration(ports, files, run=private, logs=logs))
    return Part(
        "nginx",
        f"{ports.origin(HOSTS[0])} (TLS)",
        [str(program.path), "-e", "stderr", "-p", str(private), "-c", str(configuration)],
        lambda: answers_tls(HOSTS[0], ports, files, "/readyz"),
        program.env,
    )


def answers(port: int, path: str) -> bool:
    """Whether 127.0.0.1:`port` answers GET `path` with anything below 400 within a second."""
    return _below_400(http.client.HTTPConnection("127.0.0.1", port, timeout=1), path, f"localhost:{port}")


def answers_tls(host: str, ports: Ports, files: Certificate, path: str) -> bool:
    """The same through nginx, with the certificate checked for `host`."""
    context = ssl.create_default_context(cafile=str(files.ca))
    connection = TlsToLoopback(host, ports.https, context)
    return _below_400(connection, path, f"{host}:{ports.https}")


def _below_400(connection: http.client.HTTPConnection, path: str, host: str) -> bool:
    try:
        connection.request("GET", path, headers={"Host": host})
        return connection.getresponse().status < 400
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


class TlsToLoopback(http.client.HTTPConnection):
    """HTTPS to a name the resolver does not know: connects to 127.0.0.1, checks the certificate for the name."""

    def __init__(self, host: str, port: int, context: ssl.SSLContext) -> None:
        super().__init__("127.0.0.1", port, timeout=1)
        self._name = host
        self._context = context

    def connect(self) -> None:
        super().connect()
        self.sock = self._context.wrap_socket(self.sock, server_hostname=self._name)
