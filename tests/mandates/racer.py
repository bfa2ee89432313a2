"""``python -m tests.mandates.racer URL NODE``: one process that works on mandates, told what to do line by line.

Always true: a line is answered by one line when it is done and committed.
"""

import json
import sys

from sqlalchemy import create_engine

from idp.db import Database, engine_options, prepare_engine
from idp.mandates.granting import Denied
from idp.mandates.rules import Step
from tests.mandates.world import World, world


def answer(here: World, verb: str, *words: str) -> str:
    if verb == "may":
        return str(here.may(*words))
    if verb == "accept":
        done = here.accept(*words)
    elif verb == "close":
        with here.database.transaction() as tx:
            return str(here.leaving.end_all(tx, words[0], reason="account-closed", now=0))
    else:
        mandate, person = words
        done = here.step(mandate, Step(verb), person)
    return done.reason if isinstance(done, Denied) else done


def main(url: str, node: str) -> None:
    engine = create_engine(url, **engine_options(url, pool_size=4, pool_timeout=3.0))
    prepare_engine(engine)
    here = world(Database(engine), node=node, themes=False)
    print("ready", flush=True)
    for line in sys.stdin:
        try:
            print(answer(here, *json.loads(line)), flush=True)
        except Exception as error:
            print(f"fault {error!r}", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
