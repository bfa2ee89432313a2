"""From a text to docs/benchmarks.md: when nothing speaks against it, under the circumstances it was measured in.

Always true: whatever was measured is printed; what does not deserve it is not written.
"""

import platform
import sys
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from adapters.sandbox import packages
from bench import machine, report
from bench.targets import ROOT

PAGE = ROOT / "docs/benchmarks.md"


def publish(text: str, section: str, reasons: Sequence[str], *, dry: bool) -> int:
    """0: written, or ``dry``; 3: not to be published, for ``reasons``."""
    print(text)
    if dry:
        return 0
    for reason in reasons:
        print(f"not published: {reason}", file=sys.stderr)
    if reasons:
        return 3
    PAGE.write_text(report.insert(PAGE.read_text(), text, section))
    print(f"published in {PAGE.relative_to(ROOT)}", file=sys.stderr)
    return 0


def circumstances(versions: Mapping[str, str]) -> dict[str, str]:
    """When, of which commit, on what machine and with which ``versions`` of what took part."""
    said = machine.first_line(str(packages.find("redis-server").path), "--version")
    found = {"Python": platform.python_version(), **versions, "Redis": said.split()[2].removeprefix("v=")}
    return {
        "date": datetime.fromtimestamp(time.time(), UTC).strftime("%Y-%m-%d"),
        "commit": machine.commit(ROOT),
        "machine": machine.description(),
        "versions": ", ".join(f"{name} {version}" for name, version in found.items()),
    }
