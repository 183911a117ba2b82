"""A fixed tempo: always there, and any beat will do."""

from daemon.transport.source import Aim


class Fixed:
    """A `daemon.transport.source.Source`. [main]"""

    def __init__(self, tempo_bpm: float) -> None:
        self.tempo_bpm = tempo_bpm

    def aim(self, now_s: float) -> Aim | None:
        """Only how fast."""
        return Aim(now_s, None, self.tempo_bpm / 60.0)
