"""Tables of signed texts, and of the revocation data that spoke for their certificates.

Always true: no row is ever changed but to be sealed anew, and none is deleted when an account is closed.
"""

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from idp.db import Base


class TextSignature(Base):
    """One person has signed one text. Columns of bytes are sealed, contexts ``text_signature.<column>:<id>``.

    ``text``: its canonical bytes; ``answer``: the signature as it was handed in; ``path``: DER, SEQUENCE of the
    certificates from root to the signer's; ``record``: JSON of everything that stands in the other columns, and whom
    the certificate named, so that a column that was altered is noticed.

    ``digest``, ``digest_sm3``: of the text, hexadecimal; ``issuer``: id of the administered issuer; ``method``: how
    it was signed (`idp.signatures.actions.Method`); ``revocation``: JSON list of ``revocation_data.digest``;
    ``signed_at``: when it was handed in; ``verified_at``: for when path and revocation were judged. Unix seconds.
    """

    __tablename__ = "text_signature"
    __table_args__ = (
        UniqueConstraint("party_id", "digest", name="uq_text_signature_party_id_digest"),
        Index("ix_text_signature_about", "about"),
    )
    id: Mapped[str] = mapped_column(primary_key=True)
    party_id: Mapped[str] = mapped_column(ForeignKey("party.id"))
    purpose: Mapped[str]
    about: Mapped[str]
    method: Mapped[str]
    digest: Mapped[str]
    digest_sm3: Mapped[str]
    issuer: Mapped[str]
    text: Mapped[bytes]
    answer: Mapped[bytes]
    path: Mapped[bytes]
    record: Mapped[bytes]
    revocation: Mapped[str]
    signed_at: Mapped[int]
    verified_at: Mapped[int]


class RevocationData(Base):
    """A revocation list or OCSP answer, once, however many signatures it spoke for.

    ``digest``: SHA-256, hexadecimal; ``sealed``: DER, context ``revocation_data.sealed:<digest>``: an OCSP answer
    tells of one certificate.
    """

    __tablename__ = "revocation_data"
    digest: Mapped[str] = mapped_column(primary_key=True)
    sealed: Mapped[bytes]
    kept_at: Mapped[int]
