"""How many refusals are told to the audit trail.

Always true: whoever asks without end fills no disk.
"""

import threading

TOLD_A_MINUTE = 60
"""Of one kind and one process."""


class Telling:
    """Safe for several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._minute = self._told = 0

    def may_tell(self, now: int) -> bool:
        """Whether one more refusal is told."""
        with self._lock:
            if now // 60 != self._minute:
                self._minute, self._told = now // 60, 0
            self._told += 1
            return self._told <= TOLD_A_MINUTE
