"""Sealing the evidence of signed texts anew.

Always true: the bytes inside stay what they were; only the key they are sealed with changes.
"""

from idp.crypto.fields import FieldCipher
from idp.crypto.resealing import reseal_column
from idp.db import Database

SEALED = ("text", "answer", "path", "record")
_BATCH = 20
"""Rows in a transaction: a row has up to 200 KiB, and revocation data some megabytes."""


def reseal_signatures(database: Database, cipher: FieldCipher) -> int:
    """Bring everything kept of signed texts under the current key; how many columns of rows were changed."""
    changed = reseal_column(database, cipher, "revocation_data", "sealed", key="digest", batch=1)
    return changed + sum(reseal_column(database, cipher, "text_signature", column, batch=_BATCH) for column in SEALED)
