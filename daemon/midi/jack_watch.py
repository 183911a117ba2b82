"""Learns that the JACK server has died, which rtmidi never says, and counts its cycles."""

import time

from daemon.midi.api import MidiError

CYCLES = 4  # after which a connection carries, and what was sent has been heard
CARRIES_S = 0.1  # at the least
PATIENCE_S = 1.0  # at the most


class JackWatch:
    """An idle JACK client. [the MIDI process's main thread]"""

    def __init__(self) -> None:
        """Raises MidiError where there is no JACK library or no running server."""
        try:
            import jack
        except OSError:
            raise MidiError("the JACK library is not installed: sudo apt install libjack-jackd2-0 jackd2") from None
        jack.set_error_function(lambda message: None)
        jack.set_info_function(lambda message: None)
        try:
            self._client = jack.Client("jamd-watch", no_start_server=True)
        except jack.JackOpenError:
            raise MidiError("no JACK server is running: start one (jackd, qjackctl)") from None
        self.dead = False
        self._client.set_shutdown_callback(self._on_shutdown)
        self._client.activate()

    def _on_shutdown(self, status: object, reason: str) -> None:
        self.dead = True

    def settle(self) -> None:
        """Wait some cycles: before, a new connection loses what is sent, silently; so does one that is cut at once."""
        begun = time.monotonic()
        seen, cycles = self._client.last_frame_time, 0
        while not self.dead and time.monotonic() - begun < PATIENCE_S:
            time.sleep(0.005)
            frame = self._client.last_frame_time
            cycles += frame != seen
            seen = frame
            if cycles >= CYCLES and time.monotonic() - begun >= CARRIES_S:
                return
