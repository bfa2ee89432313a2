"""The demo CAs' counter: certificates with keys to download, revocation lists, answers about single ones, a switch.

Always true: a private key is given to whoever asks, for these certificates are everybody's; only `POST` with this
process's token, or `PUT` and `DELETE`, which no page of another origin can send, revoke one or take that back.
"""

import base64
import binascii
import hmac
from typing import NamedTuple

from asn1crypto import x509
from flask import Blueprint, Response, abort, current_app, jsonify, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from adapters.sandbox import ca_ocsp
from adapters.sandbox.agent_device import Device
from adapters.sandbox.ca import TITLES, DemoAuthority, Issued, List
from adapters.sandbox.ca_cast import SCENES, Scene
from adapters.sandbox.ca_issuers import armored, issuer
from adapters.sandbox.ca_keys import Kind
from adapters.sandbox.ca_pkcs12 import PASSWORD, container
from adapters.sandbox.pages import kept
from adapters.sandbox.signed import settings

ca_pages = Blueprint("ca_pages", __name__, url_prefix="/ca")
KIND = "<any(sm2, rsa, p256):kind>"


class Shown(NamedTuple):
    """One certificate on its page."""

    scene: Scene
    kind: Kind
    serial: str
    certificate: x509.Certificate
    revoked: bool


def demo_authorities() -> dict[Kind, DemoAuthority]:
    """This app's."""
    found: dict[Kind, DemoAuthority] = current_app.extensions["sandbox_authorities"]
    return found


def demo_device() -> Device:
    """This app's."""
    found: Device = current_app.extensions["sandbox_device"]
    return found


def chosen(kind: str, key: str) -> tuple[DemoAuthority, Scene]:
    """One of the cast; 404 for any other."""
    authority = demo_authorities()[Kind(kind)]
    scene = authority.cast.get(key)
    if scene is None or not scene.is_of(authority.kind):
        abort(404)
    return authority, scene


def is_from_here() -> bool:
    """Does this form carry the token of this process?"""
    sent = request.form.get("token", "").encode(errors="replace")
    return hmac.compare_digest(sent, current_app.extensions["sandbox_token"].encode())


@ca_pages.get("")
def overview() -> str:
    cast = next(iter(demo_authorities().values())).cast
    others = [scene for scene in cast.values() if scene not in SCENES]
    return render_template(
        "ca.html",
        scenes=SCENES,
        others=others,
        titles=TITLES,
        password=PASSWORD,
        device=demo_device(),
        token=current_app.extensions["sandbox_token"],
    )


@ca_pages.post("/device")
def device() -> AnyResponse:
    """Pull the pretend USB key out, or plug it in."""
    if not is_from_here():
        abort(403)
    demo_device().plug(there=request.form.get("do") == "plug")
    return redirect(url_for("ca_pages.overview", **kept()), 303)


@ca_pages.get("/issuers.json")
def issuers() -> Response:
    now = _now()
    return jsonify(issuers=[issuer(one, now=now) for one in demo_authorities().values()])


@ca_pages.get(f"/{KIND}/<key>")
def certificate(kind: str, key: str) -> str:
    authority, scene = chosen(kind, key)
    found = x509.Certificate.load(_issued(authority, scene).held.certificate)
    revoked = found.serial_number in {one.serial for one in authority.revoked(now=_now())}
    shown = Shown(scene, authority.kind, f"{found.serial_number:x}", found, revoked)
    token = current_app.extensions["sandbox_token"]
    return render_template("ca_certificate.html", shown=shown, titles=TITLES, password=PASSWORD, token=token)


@ca_pages.get(f"/{KIND}/<key>.p12")
def p12(kind: str, key: str) -> Response:
    authority, scene = chosen(kind, key)
    made = container(_issued(authority, scene), label=scene.holder.shown)
    return _file(made, "application/x-pkcs12", f"{kind}-{key}.p12")


@ca_pages.get(f"/{KIND}/<key>.pem")
def pem(kind: str, key: str) -> Response:
    authority, scene = chosen(kind, key)
    text = armored(_issued(authority, scene).held.certificate)
    return _file(text.encode(), "application/x-pem-file", f"{kind}-{key}.pem")


@ca_pages.get(f"/{KIND}-<any(root, issuing):which>.pem")
def issuer_pem(kind: str, which: str) -> Response:
    authority = demo_authorities()[Kind(kind)]
    held = authority.root(now=_now()) if which == "root" else authority.issuing(now=_now())
    return _file(armored(held.certificate).encode(), "application/x-pem-file", f"{kind}-{which}.pem")


@ca_pages.get(f"/{KIND}.crl")
def fresh_list(kind: str) -> Response:
    return revocation_list(kind, List.FRESH)


@ca_pages.get(f"/{KIND}-<any({', '.join(List)}):which>.crl")
def revocation_list(kind: str, which: str) -> Response:
    return _list(demo_authorities()[Kind(kind)].revocation_list(List(which), now=_now()))


@ca_pages.get(f"/{KIND}-root.crl")
def root_list(kind: str) -> Response:
    return _list(demo_authorities()[Kind(kind)].root_list(now=_now()))


def _list(crl: bytes) -> Response:
    return Response(crl, mimetype="application/pkix-crl")


@ca_pages.post(f"/{KIND}/ocsp")
def status(kind: str) -> Response:
    return _status(kind, request.get_data(cache=False))


@ca_pages.get(f"/{KIND}/ocsp/<path:question>")
def status_by_address(kind: str, question: str) -> Response:
    """RFC 6960 A.1: the question stands in the address."""
    try:
        return _status(kind, base64.b64decode(question, validate=True))
    except binascii.Error:
        return _status(kind, b"")


@ca_pages.post(f"/{KIND}/<key>/revocation")
def switch(kind: str, key: str) -> AnyResponse:
    authority, scene = chosen(kind, key)
    if not is_from_here():
        abort(403)
    _switch(authority, scene, revoked=request.form.get("do") == "revoke")
    return redirect(url_for("ca_pages.certificate", kind=kind, key=key, **kept()), 303)


@ca_pages.put(f"/{KIND}/<key>/revocation")
def revoke(kind: str, key: str) -> Response:
    return _switch(*chosen(kind, key), revoked=True)


@ca_pages.delete(f"/{KIND}/<key>/revocation")
def restore(kind: str, key: str) -> Response:
    return _switch(*chosen(kind, key), revoked=False)


def _switch(authority: DemoAuthority, scene: Scene, *, revoked: bool) -> Response:
    authority.shelf.switch(authority.kind, scene.key, revoked=revoked, now=_now())
    return jsonify(revoked=revoked or scene.revoked)


def _status(kind: str, question: bytes) -> Response:
    made = ca_ocsp.answer(demo_authorities()[Kind(kind)], question, now=_now())
    return Response(made, mimetype="application/ocsp-response")


def _issued(authority: DemoAuthority, scene: Scene) -> Issued:
    return authority.certificate(scene, now=_now())


def _file(content: bytes, mimetype: str, name: str) -> Response:
    response = Response(content, mimetype=mimetype)
    response.headers["Content-Disposition"] = f"attachment; filename={name}"
    return response


def _now() -> int:
    return int(settings().clock())
