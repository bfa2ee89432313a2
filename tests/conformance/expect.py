"""What a check demands, and what it says when the demand is not met.

Always true: a ``Nonconformance`` names the clause that was broken; any other exception is a fault of the check.
"""


class Nonconformance(AssertionError):
    """The provider broke ``clause``."""

    def __init__(self, clause: str, message: str) -> None:
        super().__init__(f"{clause}: {message}")
        self.clause = clause
        self.message = message


def expect(holds: object, clause: str, message: str) -> None:
    """Raise ``Nonconformance`` unless ``holds`` is true."""
    if not holds:
        raise Nonconformance(clause, message)
