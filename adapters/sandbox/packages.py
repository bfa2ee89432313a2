"""Finds the programs of the operating system that tests and the cluster need.

Always true: a program that is missing is an error with the command that installs it, never a skip.
"""

import os
import shutil
import sys
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CACHE = Path(os.environ.get("TONGBAN_CACHE", ROOT / ".cache"))


class PackageMissing(RuntimeError):
    """A program is not installed; the text names the command that installs it."""


@dataclass(frozen=True)
class Program:
    """Where a program is and what its environment needs on top of this one."""

    path: Path
    env: dict[str, str] = field(default_factory=dict)


def find(name: str) -> Program:
    """Find a program on PATH or in the system directories that are often not on it."""
    path = shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/local/sbin:/usr/sbin:/sbin")
    if path is None:
        raise PackageMissing(f"{name} is missing; run: {sys.executable} -m adapters.sandbox.services install")
    return Program(Path(path))


def postgres(name: str) -> Program:
    """Find a program of the newest installed PostgreSQL; Debian keeps each version in a directory of its own."""
    versions = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), key=lambda path: int(path.parts[4]))
    return Program(versions[-1]) if versions else find(name)


def main() -> None:
    """Install what is missing (command line)."""
    print("PostgreSQL:", postgres("postgres").path, "Redis:", find("redis-server").path)
