"""Sealing the texts of disputes anew.

Always true: a text is never without a key that opens it.
"""

from idp.crypto.fields import FieldCipher
from idp.crypto.resealing import reseal_column
from idp.db import Database


def reseal_disputes(database: Database, cipher: FieldCipher) -> int:
    """Bring every text and answer under the current key; how many were changed."""
    return sum(reseal_column(database, cipher, "dispute", column) for column in ("text", "answer"))
