"""What `make cluster` writes before it starts: addresses, certificate, nginx configuration, the apps' registration.

Always true: certificates are made on this machine, for loopback names, and the key of their authority is never
stored, so that nobody can make another one a browser of this machine would trust.
"""

import datetime
import tomllib
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from adapters.sandbox.packages import ROOT

HOSTS = ("idp.localhost", "tax.localhost", "social.localhost")
DEMO_CLIENTS = ROOT / "config" / "clients.demo.toml"
_NGINX = ROOT / "config" / "nginx"
_DAYS = 90
_AUTHORITY = "Tongban cluster on this machine"


@dataclass(frozen=True)
class Ports:
    """Where everything listens on 127.0.0.1."""

    https: int = 8443
    node1: int = 8001
    node2: int = 8002
    sandbox: int = 8009
    tax: int = 8101
    social: int = 8102

    def origin(self, host: str) -> str:
        """The public https origin of one of HOSTS."""
        return f"https://{host}:{self.https}"


@dataclass(frozen=True)
class Certificate:
    """PEM files: `ca` for those who connect, `chain` and `key` for nginx."""

    ca: Path
    chain: Path
    key: Path


def certificate(directory: Path, *, now: int) -> Certificate:
    """The certificate for HOSTS in `directory`, a new one when it has less than a day left at `now`."""
    files = Certificate(directory / "ca.pem", directory / "chain.pem", directory / "key.pem")
    if not _valid(files, now + 86400):
        _issue(files, datetime.datetime.fromtimestamp(now, datetime.UTC))
    return files


def _valid(files: Certificate, moment: int) -> bool:
    if not (files.ca.exists() and files.chain.exists() and files.key.exists()):
        return False
    leaf = x509.load_pem_x509_certificate(files.chain.read_bytes())
    return leaf.not_valid_after_utc.timestamp() > moment


def _issue(files: Certificate, now: datetime.datetime) -> None:
    authority_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    pem = serialization.Encoding.PEM
    files.key.parent.mkdir(parents=True, exist_ok=True)
    files.key.touch(mode=0o600)
    files.key.write_bytes(key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
    authority = _builder(_AUTHORITY, authority_key.public_key(), now)
    authority = authority.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    files.ca.write_bytes(_signed(authority, authority_key, signs=True).public_bytes(pem))
    leaf = _builder(HOSTS[0], key.public_key(), now)
    leaf = leaf.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    leaf = leaf.add_extension(x509.SubjectAlternativeName([x509.DNSName(host) for host in HOSTS]), critical=False)
    leaf = leaf.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
    files.chain.write_bytes(_signed(leaf, authority_key, signs=False).public_bytes(pem))


def _builder(subject: str, key: ec.EllipticCurvePublicKey, now: datetime.datetime) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(_name(subject))
        .issuer_name(_name(_AUTHORITY))
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(days=_DAYS))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _signed(
    builder: x509.CertificateBuilder, authority: ec.EllipticCurvePrivateKey, *, signs: bool
) -> x509.Certificate:
    """Sign with key usage and authority key, both of which strict verifiers (Python 3.13) ask for."""
    usage = x509.KeyUsage(
        digital_signature=not signs,
        key_cert_sign=signs,
        crl_sign=signs,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )
    issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.public_key())
    built = builder.add_extension(usage, critical=True).add_extension(issuer, critical=False)
    return built.sign(authority, hashes.SHA256())


def nginx_configuration(ports: Ports, files: Certificate, *, run: Path, logs: Path) -> str:
    """The filled-in config/nginx/cluster.conf; `run` is nginx's own directory, `logs` gets the access log."""
    words = {
        "RUN": run,
        "LOGS": logs,
        "CONFIG": _NGINX,
        "TLS": files.chain.parent,
        "NODE1": ports.node1,
        "NODE2": ports.node2,
        "HTTPS": ports.https,
        "TAX": ports.tax,
        "SOCIAL": ports.social,
    }
    text = (_NGINX / "cluster.conf").read_text()
    for name, value in words.items():
        text = text.replace(f"@{name}@", str(value))
    return text


def registrations(ports: Ports) -> str:
    """The demo apps' registration (TOML) with https home pages; it lists their https redirect addresses already."""
    text = DEMO_CLIENTS.read_text()
    for host, port in ((HOSTS[1], 8101), (HOSTS[2], 8102)):
        text = text.replace(f'home_uri = "http://{host}:{port}', f'home_uri = "{ports.origin(host)}')
    return text


def client_secret(client_id: str) -> str:
    """The secret a demo app is registered with."""
    registered = tomllib.loads(DEMO_CLIENTS.read_text())["client"]
    return next(str(client["secret"]) for client in registered if client["client_id"] == client_id)
