"""A writer killed at any moment leaves a trail in which everything it reported as committed is there and clean."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from idp.audit.rules import Entry
from idp.audit.verify import verify
from idp.db import Database, Statement
from tests.audit.conftest import KEY

_PROGRAM = """
import os, sys, threading
from sqlalchemy import create_engine
from idp.audit import Event, init_audit, record
from idp.db import Database, engine_options, prepare_engine

engine = create_engine(sys.argv[1], **engine_options(sys.argv[1], pool_size=4, pool_timeout=3))
prepare_engine(engine)
init_audit(bytes.fromhex(sys.argv[2]), "node-1")

def run(name):
    number = 0
    while True:
        number += 1
        with Database(engine).transaction() as tx:
            for part in "ab":
                record(tx, Event.GRANT_ISSUED, subject=f"{name}-{number}-{part}", now=1795000000)
        os.write(1, f"{name}-{number}\\n".encode())

for name in ("one", "two", "three"):
    threading.Thread(target=run, args=(name,)).start()
"""
_SUBJECTS = Statement(f"SELECT {', '.join(Entry._fields)} FROM audit_event WHERE seq > 0", Entry)


@pytest.mark.processes
def test_kill_9_in_the_middle_of_writing_leaves_a_clean_chain(
    any_database_url: str, any_database: Database, tmp_path: Path
) -> None:
    acknowledged: set[str] = set()
    for round_number in range(3):
        log = tmp_path / f"{round_number}.log"
        with log.open("wb") as out:
            process = subprocess.Popen([sys.executable, "-c", _PROGRAM, any_database_url, KEY.hex()], stdout=out)
            while log.stat().st_size < 200 and process.poll() is None:
                time.sleep(0.002)
            time.sleep(0.01 * round_number)
            os.kill(process.pid, signal.SIGKILL)
            assert process.wait() == -signal.SIGKILL
        acknowledged.update(f"{line}" for line in log.read_text().split("\n")[:-1])
        report = verify(any_database, key=KEY)
        assert report.clean, report.findings
    with any_database.autocommit() as tx:
        subjects = [entry.subject or "" for entry in tx.all(_SUBJECTS)]
    whole = {name.removesuffix("-b") for name in subjects if name.endswith("-b")}
    assert {name.removesuffix("-a") for name in subjects if name.endswith("-a")} == whole
    assert acknowledged <= whole
