import base64
import json
import subprocess
import sys
from functools import cache

import pytest

from idp.crypto import signing
from idp.crypto.fields import FieldCipher, FieldUnreadable
from idp.crypto.jws import ALGORITHMS, Algorithm, PrivateKey, generate
from idp.crypto.rings import Ring, RingKey
from idp.crypto.signing import KeyInfo, KeyRing, due, ensure_keys, fresh_key, list_keys, prune, reseal, rotate
from idp.db import Database, Statement

NOW = 1_800_000_000
OLD, NEW = RingKey("k1", b"1" * 32), RingKey("k2", b"2" * 32)
CIPHER = FieldCipher(Ring((OLD,)))


@pytest.fixture(autouse=True)
def _rsa_keys_are_made_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """RSA keys take long to make; which one a ring holds is told by its kid alone."""
    monkeypatch.setattr(signing.jws, "generate", lambda alg: _rsa_key() if alg == "RS256" else generate(alg))


@cache
def _rsa_key() -> PrivateKey:
    return generate("RS256")


def keys(database: Database) -> list[KeyInfo]:
    with database.autocommit() as tx:
        return list_keys(tx)


def states(database: Database, alg: Algorithm = "ES256") -> list[str]:
    return [key.state for key in keys(database) if key.alg == alg]


def kids(ring: KeyRing) -> list[str]:
    return [key["kid"] for key in json.loads(ring.jwks())["keys"]]


def turn(database: Database, *, now: int, min_age: int = 0, alg: Algorithm = "ES256") -> bool:
    with database.transaction() as tx:
        return rotate(tx, CIPHER, fresh_key(alg), now=now, min_age=min_age)


@pytest.fixture
def ring(any_database: Database) -> KeyRing:
    ensure_keys(any_database, CIPHER, now=NOW)
    return KeyRing(any_database, CIPHER)


def test_the_first_start_makes_an_active_and_a_next_key_for_each_alg(ring: KeyRing, any_database: Database) -> None:
    for alg in ALGORITHMS:
        assert sorted(states(any_database, alg)) == ["active", "next"]
    assert len(kids(ring)) == 4
    assert ensure_keys(any_database, CIPHER, now=NOW + 1) == []


def test_what_the_ring_signs_it_verifies(ring: KeyRing) -> None:
    for alg in ALGORITHMS:
        token = ring.sign({"sub": "a"}, alg=alg, typ="JWT")
        assert ring.verify(token, typ="JWT") == {"sub": "a"}
        assert ring.verify(token, typ="at+jwt") is None
        assert ring.verify(token + "A", typ="JWT") is None


def test_a_token_that_was_verified_before_is_judged_the_same(ring: KeyRing) -> None:
    token = ring.sign({"sub": "a"}, alg="ES256", typ="JWT")
    for _ in range(3):
        claims = ring.verify(token, typ="JWT")
        assert claims == {"sub": "a"}
        claims["sub"] = "changed by a caller"
        assert ring.verify(token, typ="JWT", algs=("ES256",)) == {"sub": "a"}
        assert ring.verify(token, typ="JWT", algs=("RS256",)) is None
        assert ring.verify(token, typ="at+jwt") is None
        assert ring.verify(token[:-1], typ="JWT") is None


def test_many_verified_tokens_are_judged_right(ring: KeyRing) -> None:
    tokens = [ring.sign({"n": number}, alg="ES256", typ="JWT") for number in range(50)]
    for _ in range(2):
        assert [ring.verify(token, typ="JWT") for token in tokens] == [{"n": number} for number in range(50)]


def test_the_public_set_is_rendered_once(ring: KeyRing) -> None:
    assert ring.jwks() is ring.jwks()
    assert b'"d"' not in ring.jwks()


def test_rotation_signs_with_a_key_that_was_published_before(ring: KeyRing, any_database: Database) -> None:
    before = json.loads(ring.jwks())["keys"]
    upcoming = {key.kid for key in keys(any_database) if key.state == "next"}
    old = ring.sign({"n": 1}, alg="ES256", typ="JWT")
    assert turn(any_database, now=NOW + 10)
    ring.expire()
    new = ring.sign({"n": 2}, alg="ES256", typ="JWT")
    header = json.loads(_decoded(new.partition(".")[0]))
    assert header["kid"] in upcoming
    assert header["kid"] in {key["kid"] for key in before}
    assert ring.verify(old, typ="JWT") == {"n": 1}
    assert ring.verify(new, typ="JWT") == {"n": 2}
    assert len(kids(ring)) == 5


def test_a_process_that_has_not_noticed_a_rotation_verifies_new_tokens(ring: KeyRing, any_database: Database) -> None:
    ring.jwks()
    turn(any_database, now=NOW + 10)
    fresh = KeyRing(any_database, CIPHER).sign({"n": 2}, alg="ES256", typ="JWT")
    assert ring.verify(fresh, typ="JWT") == {"n": 2}


def test_rotation_by_age_happens_once_although_every_node_tries(ring: KeyRing, any_database: Database) -> None:
    del ring
    assert not turn(any_database, now=NOW + 99, min_age=100)
    assert turn(any_database, now=NOW + 100, min_age=100)
    assert not turn(any_database, now=NOW + 100, min_age=100)
    assert sorted(states(any_database)) == ["active", "next", "retired"]


def test_a_retired_key_verifies_until_its_last_token_has_ended(ring: KeyRing, any_database: Database) -> None:
    token = ring.sign({"n": 1}, alg="ES256", typ="JWT")
    turn(any_database, now=NOW + 10)
    with any_database.transaction() as tx:
        assert prune(tx, now=NOW + 10 + 599, longest_token=600) == 0
    ring.expire()
    assert ring.verify(token, typ="JWT") == {"n": 1}
    with any_database.transaction() as tx:
        assert prune(tx, now=NOW + 10 + 600, longest_token=600) == 1
    ring.expire()
    assert ring.verify(token, typ="JWT") is None
    assert len(kids(ring)) == 4


def test_keys_are_due_by_the_age_of_their_use(ring: KeyRing, any_database: Database) -> None:
    del ring
    assert due(keys(any_database), now=NOW + 99, max_age=100) == []
    assert due(keys(any_database), now=NOW + 100, max_age=100) == ["ES256", "RS256"]


def test_private_keys_are_stored_sealed_and_can_be_sealed_anew(ring: KeyRing, any_database: Database) -> None:
    token = ring.sign({"n": 1}, alg="RS256", typ="JWT")
    with any_database.autocommit() as tx:
        stored = tx.all(Statement("SELECT private_key FROM signing_key", bytes))
    assert all(b"PRIVATE KEY" not in blob for blob in stored)
    with any_database.transaction() as tx:
        assert reseal(tx, FieldCipher(Ring((NEW, OLD)))) == 4
    with any_database.transaction() as tx:
        assert reseal(tx, FieldCipher(Ring((NEW, OLD)))) == 0
    assert KeyRing(any_database, FieldCipher(Ring((NEW,)))).verify(token, typ="JWT") == {"n": 1}
    with pytest.raises(FieldUnreadable):
        KeyRing(any_database, CIPHER).jwks()


STARTER = """
import sys
from sqlalchemy import create_engine
from idp.crypto.fields import FieldCipher
from idp.crypto.rings import Ring, RingKey
from idp.crypto.signing import ensure_keys
from idp.db import Database, engine_options, prepare_engine
engine = create_engine(sys.argv[1], **engine_options(sys.argv[1], pool_size=2, pool_timeout=3.0))
prepare_engine(engine)
print("ready", flush=True)
sys.stdin.readline()
print(len(ensure_keys(Database(engine), FieldCipher(Ring((RingKey("k1", b"1" * 32),))), now=1)))
"""


@pytest.mark.processes
def test_of_several_first_starts_one_makes_each_key(any_database_url: str, any_database: Database) -> None:
    command = [sys.executable, "-c", STARTER, any_database_url]
    starters = [subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    assert all(starter.stdout and starter.stdout.readline() == "ready\n" for starter in starters)
    for starter in starters:
        assert starter.stdin
        starter.stdin.write("go\n")
        starter.stdin.flush()
    made = [int(starter.communicate(timeout=60)[0]) for starter in starters]
    assert sum(made) == 4
    assert len(keys(any_database)) == 4
    ring = KeyRing(any_database, CIPHER)
    assert ring.verify(ring.sign({}, alg="RS256", typ="JWT"), typ="JWT") == {}


def _decoded(segment: str) -> bytes:
    return base64.urlsafe_b64decode(segment + "==")
