"""The tables of docs/conformance.md, made from the plans, the differences and the planted faults.

Always true: the document shows what the tests demand; ``python -m tests.conformance.document`` writes it anew.
"""

import inspect
from collections.abc import Iterator
from pathlib import Path

from tests.conformance import checks_claims, checks_code_flow, checks_discovery, checks_logout, checks_sessions
from tests.conformance.differences import DIFFERENCES
from tests.conformance.plans import CHECKS, INAPPLICABLE, PLANS, Plan
from tests.conformance.planted import fault_of

DOCUMENT = Path(__file__).resolve().parents[2] / "docs/conformance.md"
WRITTEN = (checks_claims, checks_code_flow, checks_discovery, checks_logout, checks_sessions)
"""The modules of checks: importing them fills the table of checks."""


def begin(name: str) -> str:
    return f"<!-- {name}: written by python -m tests.conformance.document -->"


def end(name: str) -> str:
    return f"<!-- end of {name} -->"


def modules() -> str:
    return "\n".join(line for plan in PLANS for line in _plan(plan))


def _plan(plan: Plan) -> Iterator[str]:
    yield f"### {plan.title} (`{plan.plan}`)"
    yield ""
    if plan.response_mode:
        yield "The modules of Basic OP with `response_mode=form_post`: the answer, errors included, is posted."
        yield ""
    yield "| module | what is demanded | tongban | oidc-provider | planted fault: a provider that … |"
    yield "|---|---|---|---|---|"
    for module in plan.modules:
        said = " ".join((inspect.getdoc(CHECKS[module]) or "").split())
        fault = fault_of(module, plan.response_mode).what
        yield f"| {module} | {said} | {_status('tongban', module)} | {_status('peer', module)} | {fault} |"
    yield ""


def _status(target: str, module: str) -> str:
    differs = any(d.target == target and module in d.modules for d in DIFFERENCES)
    return "passes with a difference" if differs else "passes"


def left_out() -> str:
    rows = [f"| {one.module} | {one.reason} |" for one in INAPPLICABLE]
    return "\n".join(["| module | why it is not run |", "|---|---|", *rows, ""])


def differences() -> str:
    names = {"peer": "oidc-provider"}
    rows = [
        f"| {names.get(d.target, d.target)} | {d.what} | {', '.join(d.modules)} | {d.reason} |" for d in DIFFERENCES
    ]
    return "\n".join(["| provider | difference | where | reason |", "|---|---|---|---|", *rows, ""])


SECTIONS = {"modules": modules, "left out": left_out, "differences": differences}


def rendered(text: str) -> str:
    """``text`` with every section between its markers made anew. Raises ``ValueError`` for a missing marker."""
    for name, make in SECTIONS.items():
        start = text.index(begin(name)) + len(begin(name))
        stop = text.index(end(name))
        text = f"{text[:start]}\n\n{make()}\n{text[stop:]}"
    return text


if __name__ == "__main__":
    DOCUMENT.write_text(rendered(DOCUMENT.read_text("utf-8")), "utf-8")
