"""What one run of the tests works out once, where a program does so as often as it starts.

Always true: nothing here changes what is worked out; a test cannot tell but by the clock.
"""

import gc
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import pytest
from flask import Flask
from jinja2 import BytecodeCache, Environment
from jinja2.bccache import Bucket
from werkzeug.routing import Map, Rule

from adapters.sandbox import app as sandbox
from idp.web import agreements

_Read = TypeVar("_Read")

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


def _compiled_once(compile_rule: Callable[[Rule], None]) -> Callable[[Rule], None]:
    """What an address is matched and built by goes by its text and the converters, by nothing of the application."""
    kept: dict[Any, Rule] = {}

    def compiled(rule: Rule) -> None:
        bound = rule.map
        assert bound is not None
        if rule.defaults or bound.host_matching or rule.subdomain:
            compile_rule(rule)
            return
        key = (rule.rule, rule.merge_slashes, frozenset(bound.converters.items()))
        if key not in kept:
            kept[key] = made = Rule(rule.rule, endpoint="", merge_slashes=rule.merge_slashes)
            made.map = Map(converters=bound.converters)  # nothing of an application
            compile_rule(made)
        first: Any = kept[key]
        rule.arguments |= first.arguments
        rule._parts, rule._trace, rule._converters = first._parts, first._trace, first._converters
        rule._build = first._build.__func__.__get__(rule)
        rule._build_unknown = first._build_unknown.__func__.__get__(rule)

    return compiled


def _when_first_built(compile_builder: Callable[[Rule, bool], Any]) -> Callable[[Rule, bool], Any]:
    """Most addresses of most applications are never built; each builder would be compiled at the start."""

    def lazily(rule: Rule, append_unknown: bool = True) -> Callable[..., tuple[str, str]]:
        @cache
        def compiled() -> Callable[..., tuple[str, str]]:
            made: Callable[..., tuple[str, str]] = compile_builder(rule, append_unknown)
            return made

        def build(bound: Rule, /, **values: Any) -> tuple[str, str]:
            return compiled()(bound, **values)

        return build

    return lazily


def _read_once(load: Callable[[Path], _Read]) -> Callable[[Path], _Read]:
    """What was read of a file, as long as the same bytes stand in it."""
    kept: dict[tuple[Path, bytes], _Read] = {}

    def loaded(path: Path) -> _Read:
        key = (path, path.read_bytes() if path.is_file() else b"")
        if key not in kept:
            kept[key] = load(path)
        return kept[key]

    return loaded


@contextmanager
def applications_share() -> Iterator[None]:
    """Templates, addresses and the files of entries are compiled once for all applications; none can change them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Flask, "create_jinja_environment", _with_compiled(Flask.create_jinja_environment))
        patch.setattr(Rule, "_compile_builder", _when_first_built(Rule._compile_builder))
        patch.setattr(Rule, "compile", _compiled_once(Rule.compile))
        patch.setattr(agreements, "read_prose", cache(agreements.read_prose))
        patch.setattr(sandbox, "load_entries", _read_once(sandbox.load_entries))
        patch.setattr(sandbox, "load_people", _read_once(sandbox.load_people))
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
    gc.enable()
