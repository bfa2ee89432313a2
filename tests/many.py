"""One test over hundreds of cases, each of them too small to pay for a test of its own.

Always true: every case is tried, whatever came of the ones before, and each that failed is told by its name.
"""

import inspect
from collections.abc import Callable, Collection
from typing import Any

Test = Callable[..., None]


def for_each(cases: Collection[Any]) -> Callable[[Test], Test]:
    """The cases are the first argument of the test, one after the other; the others are its fixtures."""

    def over_all(check: Test) -> Test:
        _, *fixtures = inspect.signature(check).parameters.values()

        def test(**given: Any) -> None:
            faults = []
            for case in cases:
                try:
                    check(case, **given)
                except Exception as fault:
                    fault.add_note(f"in the case {case}")
                    faults.append(fault)
            if faults:
                raise ExceptionGroup(f"{len(faults)} of {len(cases)} cases failed", faults)

        test.__name__, test.__doc__, test.__module__ = check.__name__, check.__doc__, check.__module__
        test.__signature__ = inspect.Signature(fixtures)  # type: ignore[attr-defined]
        assert cases
        return test

    return over_all
