"""The keyboard of the built-in performance's soloist: what they play as MIDI, in time with the sound."""

from daemon import messages as m
from daemon.inputs.performance import calls, time_s

PORT = "performance"
OFF, ON = 0, 1  # at one moment a note ends before the next begins


class Caller:
    """[main]"""

    def __init__(self) -> None:
        self._begin()

    def _begin(self) -> None:
        self._beat, self._now = 0, 0
        self._waiting: list[tuple[int, int, int, int]] = []  # sample, off or on, pitch, velocity

    def turn(self, now: int, rate: int) -> list[m.Message]:
        """What was played since the last turn; `now` in samples of the stream, whose beginning is the performance's."""
        if now < self._now:
            self._begin()  # a new stream
        self._now = now
        while time_s(self._beat) * rate <= now:
            for note in calls(self._beat):
                start, end = (round(time_s(beat) * rate) for beat in (note.beat, note.beat + note.beats))
                self._waiting += [(start, ON, note.midi, round(127 * note.velocity)), (end, OFF, note.midi, 0)]
            self._beat += 1
        self._waiting.sort()
        due = [one for one in self._waiting if one[0] <= now]
        del self._waiting[: len(due)]
        return [
            m.MidiNote(sample_time=at, known_at=now, port=PORT, channel=0, midi=pitch, velocity=velocity, on=on == ON)
            for at, on, pitch, velocity in due
        ]
