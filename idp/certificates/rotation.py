"""Sealing bound certificates and their names anew under the first key of the ring.

Always true: a row is never without a key that opens it.
"""

from idp.crypto.fields import FieldCipher
from idp.crypto.resealing import reseal_column
from idp.db import Database


def rotate_certificates(database: Database, cipher: FieldCipher) -> int:
    """Bring every one under the current key; the number of fields changed."""
    columns = ("sealed", "certificate")
    return sum(reseal_column(database, cipher, "certificate_binding", column) for column in columns)
