"""How hard a note is struck, and how busy to be: with the player, and leaving them room."""

import random

from daemon.generate.context import Context

_MARKS = {"X": 12, "o": -22, "r": -16, "-": -10}


def velocity(context: Context, mark: str, spread: float, dice: random.Random) -> int:
    """MIDI velocity of a mark: half the player's own, half the energy, and by chance as far off as a style says."""
    level = 0.45 * context.velocity + 14 + 34 * context.energy + _MARKS.get(mark, 0)
    return round(min(124.0, max(8.0, level + dice.gauss(0.0, spread))))


def room(context: Context) -> float:
    """The energy, less what a player leaves no room for: who plays four notes a beat is comped sparsely."""
    return min(1.0, max(0.0, context.energy - 0.12 * max(0.0, context.density - 2.0)))


def likely(weight: float, energy: tuple[float, float], now: float) -> float:
    """A pattern's weight at an energy: its own between its bounds, and soon next to nothing outside."""
    outside = max(0.0, energy[0] - now, now - energy[1])
    return weight * max(1e-6 / (1.0 + outside), 1.0 - 10.0 * outside)
