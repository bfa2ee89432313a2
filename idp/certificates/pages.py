"""Serving certificates: what their pages are made of, the way they are to a higher level, the door they open.

Always true: where certificates are off, none of their pages exists.
"""

from flask import Flask
from flask_babel import lazy_gettext as _

from idp.certificates import entity_pages, person_pages, signin_pages  # their views join the blueprint
from idp.certificates.asking import CertificateParts
from idp.certificates.rules import EVIDENCE, LEVEL
from idp.credentials.rules import AttemptKind
from idp.entities.pages import EXTENSION as ENTITIES
from idp.entities.pages import EntityParts
from idp.entities.rules import Via
from idp.proofing.ways import Way, add_way
from idp.signin.pages import CERTIFICATES, TRUSTED

__all__ = ["entity_pages", "init_certificates", "person_pages"]


def init_certificates(app: Flask, known: CertificateParts) -> None:
    app.extensions[CERTIFICATES], app.extensions[TRUSTED] = known, known.trusted
    app.context_processor(lambda: {"agent_url": known.agent_url})
    entities: EntityParts = app.extensions[ENTITIES]
    entities.doors[Via.ENTITY_CERTIFICATE] = signin_pages.certificate_stands
    app.register_blueprint(signin_pages.blueprint)
    needs, counted = _("本人的数字证书"), AttemptKind.CERTIFICATE
    way = Way(EVIDENCE, "certificates.prove", LEVEL, needs, counted=counted, seconds=True, is_open=known.trusted)
    add_way(app, way)
