"""npm oidc-provider over Redis, as bench/peer/server.mjs sets it up.

Always true: it is given what makes it fast in its ordinary form - ES256, opaque access tokens, one packet for the
commands of one turn - and nothing its manual advises against.
"""

import json
import secrets
from pathlib import Path

from adapters.sandbox import packages_node
from bench.site import Site
from bench.targets import PERSON, REDIRECT, ROLES, ROOT, SignedIn, Target, clients


class Peer(Target):
    def __init__(self, directory: Path, *, modules: Path, redis: Path, port: int, database: int = 1) -> None:
        """``modules`` holds node_modules; ``redis`` is a socket, ``database`` the number used there."""
        self.name = "oidc-provider"
        self._modules = modules
        self._redis = {"path": str(redis), "db": database}
        self._config = directory / f"peer-{port}.json"
        self._log = directory / f"peer-{port}.log"
        self._clients = clients()
        self.site = Site(
            name=self.name,
            issuer=f"http://localhost:{port}",
            address=("127.0.0.1", port),
            redirect_uri=REDIRECT,
            sessions=SignedIn(),
            clients=self._clients,
        )

    def start(self, *, core: int) -> None:
        self._config.write_text(json.dumps(self._configuration()))
        command = [node(self._modules), str(ROOT / "bench/peer/server.mjs"), str(self._config)]
        self.launch(command, core=core, log=self._log, env={"NODE_ENV": "production"})

    def _configuration(self) -> dict[str, object]:
        return {
            "issuer": self.site.issuer,
            "port": self.site.address[1],
            "modules": str(self._modules),
            "redis": self._redis,
            "jwtAccessTokenClients": [self.site.clients.jwt_service.id],
            "cookieKeys": [secrets.token_urlsafe(32)],
            "accounts": {
                PERSON["identifier"]: {"password": PERSON["password"], "claims": {"name": PERSON["identifier"]}}
            },
            "clients": [
                {
                    "client_id": client.id,
                    "client_secret": client.secret,
                    "grant_types": ROLES[role],
                    "response_types": ["code"] if "authorization_code" in ROLES[role] else [],
                    "redirect_uris": [REDIRECT] if "authorization_code" in ROLES[role] else [],
                }
                for role, client in self._clients.items()
            ],
        }

    def versions(self) -> dict[str, str]:
        said = next(line for line in self._log.read_text().splitlines() if line.startswith("{"))
        about = json.loads(said)
        return {"oidc-provider": about["oidcProvider"], "ioredis": about["ioredis"], "Node.js": about["node"]}

    def settings(self) -> str:
        return f"{self.name} as bench/peer/server.mjs sets it up (Redis, ES256, opaque access tokens, rotation)"


def node(modules: Path) -> str:
    """Node.js as a manifest in ``modules`` pins it, when it does; else the one the test requirements pin."""
    pinned = modules / "node_modules/.bin/node"
    return str(pinned if pinned.exists() else packages_node.node().path)
