"""What a script does: a thread that sleeps until each tick of a MIDI clock is due, and sends it by python-rtmidi.

Run as `python -m daemon.bench.clock_thread BPM`, it ticks by a JACK port of its own until it is ended.
"""

import sys
import threading
import time

from daemon.midi.message import CLOCK

CLIENT, PORT = "plain thread", "clock"


def main() -> None:
    """[main]"""
    import rtmidi

    out = rtmidi.MidiOut(rtmidi.API_UNIX_JACK, name=CLIENT)
    out.open_virtual_port(PORT)
    threading.Thread(target=_tick, args=(out, 60.0 / float(sys.argv[1]) / 24), daemon=True).start()
    sys.stdin.read()


def _tick(out: object, period_s: float) -> None:
    at = time.perf_counter()
    while True:
        at += period_s
        time.sleep(max(0.0, at - time.perf_counter()))
        out.send_message((CLOCK,))  # type: ignore[attr-defined]


if __name__ == "__main__":
    main()
