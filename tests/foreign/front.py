"""nginx over plain HTTP before two nodes, with the shared parts of the production configuration.

Always true: every request to a node has a connection of its own, so that the two take turns.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from adapters.sandbox import packages, processes

_NGINX = packages.ROOT / "config" / "nginx"
_CONFIGURATION = """\
daemon off;
worker_processes 1;
pid "@RUN@/nginx.pid";
error_log stderr crit;
events { worker_connections 512; }
http {
  include "@CONFIG@/http.conf";
  access_log "@RUN@/access.log" without_queries;
  client_body_temp_path "@RUN@/body";
  proxy_temp_path "@RUN@/proxy";
  fastcgi_temp_path "@RUN@/fastcgi";
  uwsgi_temp_path "@RUN@/uwsgi";
  scgi_temp_path "@RUN@/scgi";
  upstream tongban { @NODES@ }
  server {
    listen 127.0.0.1:@PORT@;
    include "@CONFIG@/provider.conf";
  }
}
"""


@contextmanager
def front(run: Path, port: int, nodes: list[str]) -> Iterator[Path]:
    """Serve ``nodes`` (host:port) at ``port`` and yield the access log; ``run`` is a directory others may enter."""
    words = {"RUN": run, "CONFIG": _NGINX, "PORT": port, "NODES": " ".join(f"server {node};" for node in nodes)}
    text = _CONFIGURATION
    for name, value in words.items():
        text = text.replace(f"@{name}@", str(value))
    configuration = run / "nginx.conf"
    configuration.write_text(text)
    program = packages.find("nginx")
    argv = [str(program.path), "-e", "stderr", "-p", str(run), "-c", str(configuration)]
    child = processes.start("nginx", argv, log=run / "nginx.log", env=program.env)
    try:
        processes.wait_until(lambda: answers(f"http://127.0.0.1:{port}/readyz"), child, seconds=20)
        yield run / "access.log"
    finally:
        processes.stop(child)


def answers(address: str, *, host: str | None = None) -> bool:
    """Whether ``address`` answers anything below 400, asked by the name ``host``."""
    try:
        headers = {"Host": host} if host else {}
        return httpx.get(address, headers=headers, timeout=2, trust_env=False).status_code < 400
    except httpx.TransportError:
        return False


def served_by(log: Path, path: str) -> set[str]:
    """The nodes that have answered ``path``."""
    lines = [json.loads(line) for line in log.read_text("utf-8").splitlines()]
    return {line["node"] for line in lines if line["path"] == path}
