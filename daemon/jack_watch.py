"""Learns that the JACK server has died, which rtmidi never says: its ports stay "open" and swallow what is sent."""

import functools
from types import ModuleType

from daemon.midi_api import MidiError


@functools.cache
def _library() -> ModuleType | None:
    """JACK-Client, or None without libjack; kept, for the search starts processes and JackWatch is tried each second."""
    try:
        import jack
    except OSError:
        return None
    return jack


class JackWatch:
    """An idle JACK client, there for its shutdown callback alone. [main]"""

    def __init__(self) -> None:
        """Raises MidiError where there is no JACK library or no running server."""
        jack = _library()
        if jack is None:
            raise MidiError("the JACK library is not installed: sudo apt install libjack-jackd2-0 jackd2")
        jack.set_error_function(lambda message: None)
        jack.set_info_function(lambda message: None)
        try:
            self._client = jack.Client("jamd-watch", no_start_server=True)
        except jack.JackOpenError:
            raise MidiError("no JACK server is running: start one (jackd, qjackctl)") from None
        self.dead = False
        self._client.set_shutdown_callback(self._on_shutdown)

    def _on_shutdown(self, status: object, reason: str) -> None:
        self.dead = True

    def close(self) -> None:
        """Give the client back; safe after the server's death too."""
        self._client.close()
