"""Which addresses the provider may connect to for somebody else: pure decisions over URLs and IP addresses.

Always true: what is not known to be a public address is refused, unless the operator listed it.

An address a department registered is an address an attacker may have registered (server-side request forgery).
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from urllib.parse import urlsplit

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

MAX_URL = 2048
_HOST = re.compile(r"(?=.{1,253}\Z)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*\.?")
_TARGET = re.compile(r"[!-~]*")
_LOWEST_FREE_PORT = 1024

# RFC 6890 and its successors (IANA special-purpose registries); Python's own list differs between 3.11 releases.
_REFUSED = tuple(
    ip_network(text)
    for text in (
        *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12"),
        *("192.0.0.0/24", "192.0.2.0/24", "192.31.196.0/24", "192.52.193.0/24", "192.88.99.0/24", "192.168.0.0/16"),
        *("192.175.48.0/24", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4"),
        *("2001::/23", "2001:db8::/32", "2002::/16", "2620:4f:8000::/48", "3fff::/20"),
    )
)
_PUBLIC_V6 = IPv6Network("2000::/3")  # everything else is reserved, mapped, translated, local or multicast
# A listed host name may lead to these; to metadata services, link-local and multicast only a listed network does.
_PRIVATE = tuple(
    ip_network(text)
    for text in (
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "172.16.0.0/12",
        "192.168.0.0/16",
        "::1/128",
        "fc00::/7",
    )
)


class Blocked(StrEnum):
    """Why no usable answer came from an address."""

    URL_MALFORMED = "url_malformed"
    SCHEME_NOT_ALLOWED = "scheme_not_allowed"
    CREDENTIALS_IN_URL = "credentials_in_url"
    PORT_NOT_ALLOWED = "port_not_allowed"
    HOST_NOT_FOUND = "host_not_found"
    ADDRESS_NOT_ALLOWED = "address_not_allowed"
    CONNECTION_FAILED = "connection_failed"
    TLS_FAILED = "tls_failed"
    TIMEOUT = "timeout"
    REDIRECTED = "redirected"
    ANSWER_TOO_LARGE = "answer_too_large"
    ANSWER_MALFORMED = "answer_malformed"


@dataclass(frozen=True, slots=True)
class Target:
    """A URL taken apart. ``host``: lower-case ASCII, IPv6 addresses without brackets; ``path`` includes the query."""

    scheme: str
    host: str
    port: int
    path: str

    @property
    def authority(self) -> str:
        """The Host header."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _DEFAULT_PORTS[self.scheme] else f"{host}:{self.port}"


_DEFAULT_PORTS = {"https": 443, "http": 80}


def parse_target(url: str) -> Target | Blocked:
    """The parts of an absolute http(s) URL; the fragment is dropped. Host names beyond ASCII come as punycode."""
    if len(url) > MAX_URL or not _TARGET.fullmatch(url) or "\\" in url:
        return Blocked.URL_MALFORMED
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return Blocked.URL_MALFORMED
    if parts.scheme not in _DEFAULT_PORTS:
        return Blocked.SCHEME_NOT_ALLOWED
    if "@" in parts.netloc:
        return Blocked.CREDENTIALS_IN_URL
    if not (_HOST.fullmatch(host) or ip_literal(host)) or port == 0:
        return Blocked.URL_MALFORMED
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Target(parts.scheme, host, port or _DEFAULT_PORTS[parts.scheme], path)


def ip_literal(host: str) -> Address | None:
    try:
        address = ip_address(host)
    except ValueError:
        return None
    return None if isinstance(address, IPv6Address) and address.scope_id else address


@dataclass(frozen=True, slots=True)
class Allowed:
    """What the operator listed (``outbound.allow``): networks and host names that may be private and plain http.

    ``plain``: http at port 80 of public hosts as well, for what is signed by itself.
    """

    networks: tuple[Network, ...] = ()
    hosts: frozenset[str] = frozenset()
    plain: bool = False

    @classmethod
    def parse(cls, entries: Iterable[str], *, plain: bool = False) -> "Allowed":
        """``10.20.0.0/16``, ``10.20.0.7`` or ``intranet.example.gov.cn``. Raises ``ValueError`` for anything else."""
        networks: list[Network] = []
        hosts: set[str] = set()
        for entry in entries:
            try:
                networks.append(ip_network(entry))
            except ValueError:
                if not _HOST.fullmatch(entry.lower()) or "/" in entry:
                    raise ValueError(f"neither a network nor a host name: {entry!r}") from None
                hosts.add(entry.lower().rstrip("."))
        return cls(tuple(networks), frozenset(hosts), plain)

    def refusal(self, target: Target, address: str) -> Blocked | None:
        """Why ``target`` must not be reached at ``address`` (what its name resolved to), or None."""
        found = ip_literal(address)
        if found is None:
            return Blocked.ADDRESS_NOT_ALLOWED
        by_network = any(found in network for network in self.networks)
        by_name = target.host.rstrip(".") in self.hosts
        if (
            not by_network
            and not is_public(found)
            and not (by_name and any(found in network for network in _PRIVATE))
        ):
            return Blocked.ADDRESS_NOT_ALLOWED
        if by_network or by_name:
            return None
        if target.scheme != "https":
            return None if self.plain and target.port == _DEFAULT_PORTS["http"] else Blocked.SCHEME_NOT_ALLOWED
        return None if target.port == 443 or target.port >= _LOWEST_FREE_PORT else Blocked.PORT_NOT_ALLOWED


def is_public(address: Address) -> bool:
    """Whether the address is an ordinary one of the public internet; mapped and translated IPv4 never is."""
    if isinstance(address, IPv6Address) and address not in _PUBLIC_V6:
        return False
    return not any(address in network for network in _REFUSED if network.version == address.version)
