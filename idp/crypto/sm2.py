"""SM2 signatures (GB/T 32918.2, GM/T 0003.2) with SM3, verified; nothing here ever signs.

Always true: what is not a strictly encoded signature over the given bytes by the given key is False, never an error.
"""

from typing import Protocol

USER_ID = b"1234567812345678"
"""GM/T 0009 7: the user identity where nothing else was agreed. The empty one is another identity, and refused."""


class Sm2Verifier(Protocol):
    """Who verifies: our own arithmetic, a faster library, or a server elsewhere.

    Only a server may raise, `idp.crypto.sm2.Sm2Unavailable`; the callers refuse then.
    """

    def verify(self, *, point: bytes, message: bytes, signature: bytes, user_id: bytes = USER_ID) -> bool:
        """``point``: 65 bytes, uncompressed; ``message``: as it was signed, before Z is put in front of it;
        ``signature``: DER of SEQUENCE {r, s}.
        """
        ...


class Sm2Unavailable(Exception):
    """The server that verifies cannot be reached or makes no sense."""
