"""What every message on the wire carries."""

from typing import ClassVar

import msgspec


class Message(msgspec.Struct, tag_field="type", kw_only=True):
    """What every message carries."""

    seq: int = 0
    epoch: int = 0
    rate: int = 0  # Hz, of sample_time
    sample_time: int = 0
    known_at: int = 0
    t_ns: int = 0
    replay: bool = False  # said before, and again for who has just joined; others pass over it

    keep_last: ClassVar[bool] = False  # a late joiner is sent the newest one,
    keep_by: ClassVar[tuple[str, ...]] = ()  # or one for each of what these fields say

    @property
    def kept_as(self) -> tuple:
        """What the newest is kept by: it takes the place of one that was kept as the same."""
        return (type(self), *(getattr(self, field) for field in self.keep_by))
