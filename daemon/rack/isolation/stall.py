"""How long a child has worked on one block, in time that this process saw pass: a machine that stood still blames no one."""

import time

import numpy as np

STALL_S = 0.15
LONGEST_LOOK_S = 0.05  # counted for the time between two looks


class Stall:
    """[main]"""

    def __init__(self, bridge: np.ndarray, near: np.ndarray) -> None:
        """The records BRIDGE and NEAR, shape (1,)."""
        self._bridge, self._near = bridge, near
        self._request, self._spent_s, self._looked_at = -1, 0.0, 0.0

    def is_over(self, is_open: bool) -> bool:
        """Whether the block is overdue; to be asked often."""
        now = time.monotonic()
        passed, self._looked_at = min(now - self._looked_at, LONGEST_LOOK_S), now
        asked = int(self._near["asked"][0])
        if not is_open or int(self._bridge["done"][0]) == asked or asked != self._request:
            self._request, self._spent_s = asked, 0.0
            return False
        self._spent_s += passed
        return self._spent_s > STALL_S
