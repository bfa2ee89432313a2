"""Sealing the names of certificates anew under the first key of the ring.

Always true: a row is never without a key that opens it.
"""

from idp.crypto.fields import FieldCipher
from idp.crypto.resealing import reseal_column
from idp.db import Database


def rotate_certificates(database: Database, cipher: FieldCipher) -> int:
    """Bring every one under the current key; the number of fields changed."""
    return reseal_column(database, cipher, "certificate_binding", "sealed")
