"""One process of a race: answers, or signs in, from many threads at once, and prints what it got.

Always true: it says ``ready`` when everything is open, and begins when it is told.
"""

import json
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from sqlalchemy import create_engine

from idp.credentials.attempts import account_key
from idp.credentials.password import Hasher, Passwords, PoolBusy, Verified
from idp.credentials.recovery_code import RecoveryCodes
from idp.credentials.rules import AttemptPolicy, Purpose
from idp.credentials.sms_code import Proved, SmsCodes
from idp.credentials.totp import Totp
from idp.crypto.fields import BlindIndex, FieldCipher
from idp.crypto.rings import Ring, RingKey
from idp.db import Database, engine_options, prepare_engine
from idp.messages.outbox import init_outbox
from idp.settings import Password, PasswordLimits, SmsLimits
from idp.state.opening import open_store
from idp.state.store import Store

RING = Ring((RingKey("k1", b"1" * 32),))
CIPHER, INDEX = FieldCipher(RING), BlindIndex(RING)
FAST = PasswordLimits(argon2_time=1, argon2_memory_kib=8, hash_wait=20.0)
NOW = 1_800_000_000


def open_database(url: str) -> Database:
    engine = create_engine(url, **engine_options(url, pool_size=16, pool_timeout=10.0))
    prepare_engine(engine)
    return Database(engine)


def passwords(database: Database, limits: PasswordLimits = FAST) -> Passwords:
    return Passwords(database, Hasher(limits, waiting=100), limits, Password())


def totps(database: Database) -> Totp:
    return Totp(database, CIPHER, AttemptPolicy(), issuer="通办")


def recovery_codes(database: Database) -> RecoveryCodes:
    return RecoveryCodes(database, CIPHER, AttemptPolicy())


def sms_codes(database: Database, store: Store, limits: SmsLimits) -> SmsCodes:
    init_outbox(CIPHER)
    return SmsCodes(database, store, cipher=CIPHER, index=INDEX, ring=RING, limits=limits)


def _sign_in(check: Passwords, party_id: str, password: str) -> str:
    try:
        got = check.verify(party_id=party_id, key=account_key(party_id), password=password, now=NOW)
    except PoolBusy:
        return "pool_busy"
    return "right" if isinstance(got, Verified) else got.reason.value


def _answer(codes: SmsCodes, challenge_id: str, code: str) -> str:
    got = codes.answer(challenge_id=challenge_id, purpose=Purpose.SIGN_IN, code=code, browser="b", now=NOW)
    return "right" if isinstance(got, Proved) else got.reason.value


def _task(order: dict[str, Any]) -> Callable[[Any], str]:
    database = open_database(order["database"])
    if order["task"] == "sign_in":
        check = passwords(database)
        return lambda password: _sign_in(check, order["party"], password)
    codes = sms_codes(database, open_store(order["state"], database, 5.0), SmsLimits())
    return lambda pair: _answer(codes, *pair)


def main() -> None:
    order = json.loads(sys.argv[1])
    task = _task(order)
    print("ready", flush=True)
    sys.stdin.readline()
    with ThreadPoolExecutor(order["threads"]) as pool:
        print(json.dumps(list(pool.map(task, order["inputs"]))))


def race(orders: list[dict[str, Any]]) -> list[list[str]]:
    """Run one process for each order at the same time; the outcomes of each, in the order of its inputs."""
    command = [sys.executable, "-m", "tests.credentials.racing"]
    racers = [
        subprocess.Popen([*command, json.dumps(order)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for order in orders
    ]
    for racer in racers:
        assert racer.stdout is not None
        assert racer.stdout.readline() == "ready\n"
    for racer in racers:
        assert racer.stdin is not None
        racer.stdin.write("go\n")
        racer.stdin.flush()
    return [json.loads(racer.communicate(timeout=120)[0]) for racer in racers]


if __name__ == "__main__":
    main()
