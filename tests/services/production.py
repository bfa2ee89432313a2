"""The nginx of an installation on this machine: its files as they are, moved to where an ordinary user may run them.

Always true: a line that is not found where it should be changed fails the test.
"""

import re
from collections.abc import Mapping
from pathlib import Path

from adapters.sandbox import packages

NGINX = packages.ROOT / "config" / "nginx"
_DEBIAN = "sendfile on; ssl_protocols TLSv1.2 TLSv1.3; ssl_prefer_server_ciphers on; gzip on; access_log off;"


def moved(name: str, places: Mapping[str, Path]) -> str:
    """A file of config/nginx with these paths, its ports 20000 higher and on loopback only."""
    text = (NGINX / name).read_text()
    for there, here in ({"/etc/nginx/tongban": NGINX} | dict(places)).items():
        assert there in text, there
        text = text.replace(there, str(here))
    text = re.sub(r"listen (\[::\]:)?(80|443)", lambda match: f"listen 127.0.0.1:{int(match[2]) + 20000}", text)
    text = re.sub(r"(listen \S+ (?:ssl )?default_server;\n) +listen \S+ (?:ssl )?default_server;\n", r"\1", text)
    return re.sub(r"(listen \S+ ssl http2;\n) +listen \S+ ssl http2;\n", r"\1", text)


def whole(text: str, directory: Path) -> Path:
    """An nginx.conf as Debian's, with ``text`` in its conf.d; everything it writes is in ``directory``."""
    temporary = "".join(
        f"{kind}_temp_path {directory}/{kind};\n" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    written = directory / "nginx.conf"
    written.write_text(f"pid {directory}/pid;\nevents {{}}\nhttp {{\n{_DEBIAN}\n{temporary}{text}\n}}\n")
    return written
