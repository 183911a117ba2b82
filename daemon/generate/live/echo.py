"""jamd's own notes, when they come back: by a MIDI loop within moments, or through the air while they sound.

A note-on or note-off that was sent is told again at most once for each port it left by; so a player may strike the same
key a moment later. As Notochord does (Shepardson et al., AIMC 2022), but by what was sent rather than for a time.
"""

from collections import deque

from daemon.generate.live.schedule import Sent
from daemon.generate.note import DRUMS

EARLY_S = 0.005  # a stamp may be before the sending by a block,
LATE_S = 0.06  # and after it by what two processes and some blocks take
INSTRUMENTS = "generator"  # are in the engine: what they are sent does not come back as MIDI
AIR_S = 0.35  # a note's sound, after it has ended


class Echo:
    """[main]"""

    def __init__(self, rate: int) -> None:
        self._rate = rate
        self._sent: deque[Sent] = deque(maxlen=1024)
        self._back: set[tuple[int, int]] = set()  # (channel, pitch) whose note-on has come back, and not its note-off
        self._sounds: dict[int, int] = {}  # pitch -> sample until which it may be heard

    def sent(self, one: Sent) -> None:
        """A note-on or note-off is on its way."""
        if one.port != INSTRUMENTS:
            self._sent.append(one)
        if one.part != DRUMS:  # their numbers are no pitches
            self._sounds[one.pitch] = 1 << 62 if one.on else one.at + round(AIR_S * self._rate)

    def is_own(self, channel: int, pitch: int, on: bool, at: int) -> bool:
        """Whether a MIDI message of an input is jamd's; asked once for each message.

        Only after its note-on is a note-off: the end of a player's note is never taken for jamd's.
        """
        if not on and (channel, pitch) not in self._back:
            return False
        early, late = round(EARLY_S * self._rate), round(LATE_S * self._rate)
        while self._sent and self._sent[0].at < at - self._rate:
            self._sent.popleft()
        for k, one in enumerate(self._sent):
            same = (one.channel, one.pitch, one.on) == (channel, pitch, on)
            if same and one.at - early <= at <= one.at + late:
                del self._sent[k]
                (self._back.add if on else self._back.discard)((channel, pitch))
                return True
        return False

    def is_heard(self, pitch: int, at: int) -> bool:
        """Whether a note in the sound may be jamd's."""
        return at <= self._sounds.get(pitch, -1)
