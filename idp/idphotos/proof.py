"""A higher identity level by a document's photos and the face of its person.

Always true: it is what the face alone needs, of a claim that was read and not typed.
"""

from idp.checks.identity import FaceProof
from idp.credentials.rules import AttemptKind
from idp.proofing.checking import Means

EVIDENCE = "photos_face"
"""The kind of evidence, and the name of the way."""


class PhotoProof(FaceProof):
    means = Means(EVIDENCE, source="photos-face", counted=AttemptKind.NAME_CHECK)
