"""What one run of the tests works out once, where a program does so as often as it starts.

Always true: nothing here changes what is worked out; a test cannot tell but by the clock.
"""

import gc
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from jinja2 import BytecodeCache, Environment
from jinja2.bccache import Bucket
from werkzeug.routing import Rule

MEMORY = Path("/dev/shm")  # noqa: S108 - pytest makes a directory of this user's own in it
_ROOM = 4 * 2**30
"""Bytes that the files of a whole run never come near."""


class _Compiled(BytecodeCache):
    """What templates were compiled to, for the many applications of one run; it goes by their text."""

    def __init__(self) -> None:
        self._kept: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        if bucket.key in self._kept:
            bucket.bytecode_from_string(self._kept[bucket.key])

    def dump_bytecode(self, bucket: Bucket) -> None:
        self._kept[bucket.key] = bucket.bytecode_to_string()


def _with_compiled(create: Callable[[Flask], Environment]) -> Callable[[Flask], Environment]:
    compiled = _Compiled()

    def with_compiled(app: Flask) -> Environment:
        made = create(app)
        made.bytecode_cache = compiled
        return made

    return with_compiled


def _when_first_built(compile_builder: Callable[[Rule, bool], Any]) -> Callable[[Rule, bool], Any]:
    """Most addresses of most applications are never built; each builder would be compiled at the start.

    What is compiled names the parts of an address and finds the converters at the rule it is called with, so
    applications with the same address share it.
    """
    kept: dict[Any, Callable[..., tuple[str, str]]] = {}

    def compiled(rule: Rule, append_unknown: bool) -> Callable[..., tuple[str, str]]:
        if rule.defaults:
            return compile_builder(rule, append_unknown)  # type: ignore[no-any-return]
        key = (append_unknown, *rule._trace)
        if key not in kept:
            kept[key] = compile_builder(rule, append_unknown)
        return kept[key]

    def lazily(rule: Rule, append_unknown: bool = True) -> Callable[..., tuple[str, str]]:
        made: list[Callable[..., tuple[str, str]]] = []

        def build(bound: Rule, /, **values: Any) -> tuple[str, str]:
            if not made:
                made.append(compiled(rule, append_unknown))
            return made[0](bound, **values)

        return build

    return lazily


@contextmanager
def applications_share() -> Iterator[None]:
    """Templates are compiled once for all applications, and what builds an address when one is built."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Flask, "create_jinja_environment", _with_compiled(Flask.create_jinja_environment))
        patch.setattr(Rule, "_compile_builder", _when_first_built(Rule._compile_builder))
        yield


def keep_files_in_memory() -> None:
    """Let pytest put its directories where nothing is written to a disk, if there is such a place with room."""
    if "PYTEST_DEBUG_TEMPROOT" in os.environ or not os.access(MEMORY, os.W_OK):
        return
    executable = not os.statvfs(MEMORY).f_flag & os.ST_NOEXEC
    if executable and shutil.disk_usage(MEMORY).free > _ROOM:
        os.environ["PYTEST_DEBUG_TEMPROOT"] = str(MEMORY)


def leave_to_itself_what_is_imported() -> None:
    """Modules and collected tests stay to the end; the garbage collector need not look through them again.

    It looks for circles far less often than in a program, too: a test leaves whole applications behind, and looking
    through what is alive took a fifth of the time of all tests.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 10, 20)
