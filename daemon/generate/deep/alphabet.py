"""What the phrase network reads and writes: the symbols of a note, and the fields of its three inputs.

A note is three symbols, each foretold in turn: the time since the last onset, the pitch, the duration. Beside them go
its part and its velocity. Pitches are counted from the tonic, so that all keys are one.
"""

from typing import NamedTuple

import numpy as np

from daemon.generate.note import TICKS

VALUES = np.array(sorted({*range(49), *range(54, 97, 6), *range(108, 193, 12), *range(216, 385, 24)}), np.int32)
"""Ticks that a time since the last onset, or a duration, may be: the network's symbols are places in this table."""

_SYMBOLS = np.abs(np.arange(int(VALUES[-1]) + 1)[:, None] - VALUES).argmin(1).astype(np.int16)

PLACES = np.array([0, 3, 4, 6, 8, 9, 12, 15, 16, 18, 20, 21, 24])
"""Ticks of a quarter where a note may start: 32nds and sixteenth triplets."""

NOTHING = len(VALUES)  # the symbol of no value: before the first note, and where no candidate is
PITCHES = 128
WIDEST = 24  # semitones that an interval may have; wider is as wide
NO_INTERVAL = 2 * WIDEST + 1
LAGS = (1, 2, 4, 8)  # bars back, where the music may say the same again
PHASES = 192  # ticks of the longest bar
STYLES = ("nottingham", "ryansMammoth", "oneills1850", "airdsAirs", "openewld", "lieder", "pop909", "jsb", "")
"""What the network was taught apart; the last is none of them."""


def symbol(ticks: int) -> int:
    """The place in VALUES that is nearest."""
    return int(_SYMBOLS[min(max(ticks, 0), len(_SYMBOLS) - 1)])


def on_grid(tick: int) -> int:
    """The nearest tick of PLACES."""
    quarter, within = divmod(tick, TICKS)
    return quarter * TICKS + int(PLACES[np.abs(PLACES - within).argmin()])


def tonic_shift(tonic: int) -> int:
    """What to take from a pitch to have it counted from the tonic: -6 to 5."""
    return tonic if tonic < 6 else tonic - 12


def steps(notes: np.ndarray, bar_ticks: int) -> np.ndarray:
    """int32 (n, 3): time symbol, MIDI pitch and duration symbol of notes in order of tick (fields tick, duration, pitch).

    The first note's time is its place in the bar, and a rest of many bars loses whole bars. An onset is where the symbols
    put it, so that no error adds up.
    """
    found = np.empty((len(notes), 3), np.int32)
    now, lost = 0, 0
    for n, note in enumerate(notes):
        tick = on_grid(int(note["tick"])) - lost
        limit = bar_ticks - 1 if n == 0 else int(VALUES[-1])
        too_far = max(0, -(-(tick - now - limit) // bar_ticks)) * bar_ticks
        lost += too_far
        time = symbol(tick - too_far - now)
        found[n] = time, note["pitch"], max(1, symbol(int(note["duration"])))
        now += int(VALUES[time])
    return found


class Fields(NamedTuple):
    """An input of the network: integers, each looked up in its own part of one table and summed."""

    sizes: dict[str, int]

    @property
    def begins(self) -> np.ndarray:
        """Where each field's part of the table begins: int64 (fields,)."""
        return np.cumsum([0, *self.sizes.values()])[:-1]

    @property
    def rows(self) -> int:
        """Of the whole table."""
        return sum(self.sizes.values())


_SYMBOL, _INTERVAL, _MATCH = NOTHING + 1, NO_INTERVAL + 1, 9

TOKEN = Fields(
    {
        **{"time": _SYMBOL, "pitch": PITCHES + 1, "duration": _SYMBOL, "velocity": 9, "part": 6},
        **{"phase": PHASES, "bar": 8, "bar_length": 17, "mode": 3, "style": len(STYLES), "texture": 2},
        **{"match": _MATCH, "match_time": _SYMBOL, "match_interval": _INTERVAL, "match_duration": _SYMBOL},
        **{"rhythm": _MATCH, "rhythm_time": _SYMBOL},
        **{f"lag_{lag}": _SYMBOL for lag in LAGS},
    }
)
"""The last note, where it stands, and what copying foretells of the next: what the trunk reads at each step."""

PITCH = Fields(
    {
        **{"time": _SYMBOL, "phase": PHASES, "part": 5},
        **{"match": _MATCH, "match_interval": _INTERVAL, "contour": _MATCH, "contour_interval": _INTERVAL},
        **{f"lag_{lag}": _INTERVAL for lag in LAGS},
    }
)
"""What is known besides once the time has been chosen: what the pitch head reads."""

DURATION = Fields(
    {
        **{"time": _SYMBOL, "phase": PHASES, "part": 5, "pitch": PITCHES, "interval": _INTERVAL},
        **{"match": _MATCH, "match_duration": _SYMBOL, "rhythm": _MATCH, "rhythm_duration": _SYMBOL},
        **{f"lag_{lag}": _SYMBOL for lag in LAGS},
    }
)
"""And once the pitch has been chosen: what the duration head reads."""

CANDIDATES = 2 + len(LAGS)
"""Symbols that copying puts forward at each of the three choices."""

PAST = 256
"""Notes that the trunk looks back on."""
