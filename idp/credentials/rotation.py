"""Sealing the fields of credentials anew under the first key of the ring.

Always true: a row is never without a key that opens it.
"""

from idp.crypto.fields import FieldCipher
from idp.crypto.resealing import reseal_column
from idp.db import Database


def rotate_credentials(database: Database, cipher: FieldCipher) -> int:
    """Bring every sealed field of credentials under the current key; the number of fields changed."""
    apps = sum(
        reseal_column(database, cipher, "totp", column, key="party_id", context="totp.sealed")
        for column in ("sealed", "pending")
    )
    codes = reseal_column(database, cipher, "recovery_code", "sealed")
    return apps + codes + reseal_column(database, cipher, "passkey", "name")
