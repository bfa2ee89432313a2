"""Assisted handling put together of what a process has.

Always true: made once; nothing below looks for another part by itself.
"""

from collections.abc import Collection
from dataclasses import dataclass

from idp.assisted.actions import Assisting, Parts
from idp.assisted.citizens import Citizens
from idp.assisted.clerks import Clerks
from idp.assisted.codes import Codes
from idp.assisted.consent import Consent
from idp.assisted.following import Following
from idp.assisted.keeping import Keeping
from idp.assisted.powers import Powers
from idp.assisted.register import Register
from idp.assisted.rules import Terms
from idp.assisted.scans import Scans
from idp.assisted.steps import Steps
from idp.assisted.telling import Telling
from idp.capabilities.identity_codes import IdentityCodes
from idp.crypto.fields import FieldCipher
from idp.db import Database
from idp.mandates.actions import Granting
from idp.mandates.contexts import Contexts
from idp.mandates.moving import Moving
from idp.proofing.joining import Joining


@dataclass(frozen=True, slots=True)
class Assisted:
    assisting: Assisting
    keeping: Keeping
    following: Following


def make_assisted(
    database: Database,
    cipher: FieldCipher,
    *,
    joining: Joining,
    granting: Granting,
    moving: Moving,
    contexts: Contexts,
    terms: Terms,
    kinds: Collection[str],
    kept: int,
) -> Assisted:
    """``kinds``: of entities whose staff may be clerks; ``kept``: seconds after its end for which papers are kept."""
    directory = joining.directory
    register, codes = Register(cipher, granting.addresses, granting.themes), Codes(directory)
    identity, telling = IdentityCodes(cipher, directory), Telling(directory, register, codes)
    steps = Steps(register, Powers(granting, moving), codes, telling)
    parts = Parts(
        register=register,
        steps=steps,
        clerks=Clerks(contexts, granting.addresses.entities, terms, kinds),
        citizens=Citizens(joining),
        scans=Scans(cipher),
        codes=codes,
        telling=telling,
        consent=Consent(directory, register, codes, identity),
        identity=identity,
        terms=terms,
    )
    return Assisted(Assisting(parts), Keeping(database, register, steps, kept=kept), Following(steps, terms))
