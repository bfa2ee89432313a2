"""Sealed fields of credentials come under a new key, one run or several, and everything still works after it."""

from idp.credentials.passkey import Passkeys
from idp.credentials.recovery_code import RecoveryCodes
from idp.credentials.recovery_code import Verified as CodeVerified
from idp.credentials.relying_party import RelyingParty
from idp.credentials.rotation import rotate_credentials
from idp.credentials.rules import AttemptPolicy
from idp.credentials.totp import Totp, Verified
from idp.crypto.fields import FieldCipher
from idp.crypto.rings import Ring, RingKey
from idp.db import Database
from idp.state.sql import DatabaseStore
from tests.credentials.racing import NOW, RING
from tests.credentials.test_passkey import Bench
from tests.credentials.test_recovery_code import make
from tests.credentials.test_totp import code_at, enrol

NEW = RingKey("k2", b"2" * 32)
BOTH, ALONE = FieldCipher(Ring((NEW, *RING.keys))), FieldCipher(Ring((NEW,)))


def test_afterwards_the_old_key_is_not_needed(database: Database, person_here: str) -> None:
    secret, codes = enrol(database, person_here), make(database, person_here)
    Bench(database).register()
    with database.transaction() as tx:
        pending = Totp(database, BOTH, AttemptPolicy(), issuer="通办")
        pending.begin(tx, party_id=person_here, label="x", now=NOW)
    assert rotate_credentials(database, BOTH) == 1 + len(codes) + 1, "what was begun is under the new key already"
    assert rotate_credentials(database, BOTH) == 0
    totp = Totp(database, ALONE, AttemptPolicy(), issuer="通办")
    now = NOW + 300
    assert totp.verify(party_id=person_here, key=b"k", code=code_at(secret, now), now=now) == Verified()
    kept = RecoveryCodes(database, ALONE, AttemptPolicy())
    assert kept.verify(party_id=person_here, key=b"k", code=codes[0], now=now) == CodeVerified(9)
    passkeys = Passkeys(DatabaseStore(database), ALONE, RelyingParty(issuer="http://localhost", name="通办"))
    with database.transaction() as tx:
        assert [one.name for one in passkeys.of_party(tx, person_here)] == ["我的手机"]
