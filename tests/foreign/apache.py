"""A private Apache with mod_auth_openidc, configured as docs/departments.md says.

Always true: every module is loaded by its absolute path and every file lies in one directory, so that an unpacked
Apache of an ordinary user and an installed one of root behave alike.
"""

import os
from pathlib import Path

from adapters.sandbox import packages

_MODULES = ("mpm_event", "authn_core", "authz_core", "authz_user", "dir", "mime", "include", "auth_openidc")
PAGE = """\
<!DOCTYPE html><html lang="en"><meta charset="utf-8"><title>Apache</title>
<!--#if expr="-n reqenv('OIDC_CLAIM_sub')" -->
<p id="sub"><!--#echo var="OIDC_CLAIM_sub" --></p>
<p id="name"><!--#echo var="OIDC_CLAIM_name" --></p>
<p id="user"><!--#echo var="REMOTE_USER" --></p>
<p id="auth-time"><!--#echo var="OIDC_CLAIM_auth_time" --></p>
<p id="access-token"><!--#echo var="OIDC_access_token" --></p>
<a id="refresh"
  href="/oidc/callback?refresh=@HOME@/&amp;access_token=<!--#echo var="OIDC_access_token" -->">Refresh</a>
<a id="sign-out" href="/oidc/callback?logout=@HOME@/">Sign out</a>
<!--#else -->
<a id="sign-in" href="/mine/">Sign in</a>
<!--#endif -->
"""
CONFIGURATION = """\
ServerName @HOST@
Listen 127.0.0.1:@PORT@
PidFile @DIRECTORY@/apache.pid
ErrorLog /dev/stderr
LogLevel warn auth_openidc:info
StartServers 1
DocumentRoot @DIRECTORY@/site
DirectoryIndex index.shtml
TypesConfig /dev/null
AddType text/html .shtml
AddOutputFilter INCLUDES .shtml
@USER@

OIDCProviderMetadataURL @ISSUER@/.well-known/openid-configuration
OIDCClientID @CLIENT@
OIDCClientSecret @SECRET@
OIDCScope "openid profile"
OIDCPKCEMethod S256
OIDCRedirectURI @HOME@/oidc/callback
OIDCCryptoPassphrase a-made-up-passphrase-of-this-test-0123456789
OIDCRemoteUserClaim sub
OIDCSessionType server-cache

<Directory @DIRECTORY@/site>
  Options +Includes
</Directory>
<Location />
  AuthType openid-connect
  OIDCUnAuthAction pass
  Require valid-user
</Location>
<Location /mine/>
  OIDCUnAuthAction auth
</Location>
<Location /oidc/>
  OIDCUnAuthAction auth
</Location>
"""


def prepare(directory: Path, *, port: int, home: str, issuer: str, client_id: str, secret: str) -> list[str]:
    """Write configuration and pages into a new ``directory`` (others can enter it); the command that serves them."""
    site = directory / "site"
    words = {"HOST": home.split("//")[1], "HOME": home, "PORT": port, "DIRECTORY": directory, "ISSUER": issuer}
    words |= {"CLIENT": client_id, "SECRET": secret, "USER": "User www-data" if os.geteuid() == 0 else ""}
    for folder in (site, site / "mine"):
        folder.mkdir(parents=True)
        (folder / "index.shtml").write_text(_filled(PAGE, words))
    configuration = directory / "apache.conf"
    loaded = "\n".join(f"LoadModule {name}_module {packages.apache_module(name)}" for name in _MODULES)
    configuration.write_text(f"{loaded}\n{_filled(CONFIGURATION, words)}")
    return [str(packages.apache().path), "-d", str(directory), "-f", str(configuration), "-D", "FOREGROUND"]


def _filled(text: str, words: dict[str, object]) -> str:
    for name, value in words.items():
        text = text.replace(f"@{name}@", str(value))
    return text
