"""Draws notes from the network's chances, out of what the constraints allow, so that none is ever broken."""

from collections.abc import Callable

import numpy as np

from daemon.generate.constraints import Constraints
from daemon.generate.deep.alphabet import VALUES
from daemon.generate.deep.network import Stream
from daemon.generate.masks import Masks
from daemon.generate.note import MELODY, Note

SWAY = 6.0  # nats between closeness 0 and 1, for a symbol that copying puts forward
LOUDNESS, USUAL, SWING = 16, 88, 0.7  # velocities in a class, the usual of the songs learned from, how much it counts
TRIES = 8  # places where no pitch may start, before the stretch is given up


def draw(
    logits: np.ndarray, allowed: np.ndarray, constraints: Constraints, rng: np.random.Generator
) -> tuple[int, float]:
    """(symbol, its log chance among the allowed): nucleus sampling (Holtzman et al., 2020); some symbol is allowed."""
    masked = np.where(allowed, logits.astype(np.float64), -np.inf)
    plain = masked - masked.max()
    log_chance = plain - np.log(np.exp(plain).sum())
    if constraints.temperature < 1e-3:
        best = int(masked.argmax())
        return best, float(log_chance[best])
    chance = np.exp(plain / constraints.temperature)
    chance /= chance.sum()
    order = np.argsort(-chance, kind="stable")
    kept = order[: int(np.searchsorted(np.cumsum(chance[order]), constraints.top_p)) + 1]
    kept = kept[chance[kept] > 0]
    symbol = int(rng.choice(kept, p=chance[kept] / chance[kept].sum()))
    return symbol, float(log_chance[symbol])


def swayed(logits: np.ndarray, candidates: np.ndarray, closeness: float) -> np.ndarray:
    """Logits with more, or less, for what has been before; closeness 0.5 changes nothing."""
    sway = SWAY * (closeness - 0.5)
    if sway == 0.0:
        return logits
    found = logits.copy()
    found[np.unique(candidates[candidates < len(logits)])] += sway
    return found


def notes(
    stream: Stream,
    base: int,
    masks: Masks,
    constraints: Constraints,
    until: int,
    loud: Callable[[int], float],
    rng: np.random.Generator,
    part: int = MELODY,
    most: int = 1024,
) -> tuple[list[Note], float]:
    """Notes of a part that start before `until`, and their mean log chance; `base`: where the stream's count began.

    `stream` is left fed with them. `loud` gives the velocity usual at a
    tick, that the network's louder and softer go around.
    """
    found: list[Note] = []
    barred = np.zeros(max(0, until - masks.first), bool)
    total, tries = 0.0, 0
    while len(barred) and len(found) < most:
        free = masks.starts(found)[: len(barred)] & ~barred
        place = base + stream.onset + VALUES - masks.first
        inside = (place >= 0) & (place < len(free))
        allowed = inside & free[np.where(inside, place, 0)]
        if not allowed.any():
            break
        after = place >= len(free)  # the phrase may also be over
        logits = swayed(stream.time, stream.candidates[0, 0], constraints.closeness)
        time, nats = draw(logits, allowed | after if found else allowed, constraints, rng)
        if after[time]:
            break
        tick = masks.first + int(place[time])
        _, by_pitch = stream.pitches(time)
        may = masks.pitches(found, tick)
        if not may.any():
            barred[tick - masks.first] = True
            tries += 1
            if tries > TRIES and not found:
                break
            continue
        pitches = swayed(by_pitch[part], stream.candidates[1, 0], constraints.closeness)
        pitch, pitch_nats = draw(pitches, may, constraints, rng)
        durations, loudness = stream.durations(time, pitch, part)
        durations = swayed(durations, stream.candidates[2, 0], constraints.closeness)
        longest = masks.longest(found, Note(tick, 1, pitch, 1, part))
        fits = (longest >= VALUES) & (VALUES > 0)
        duration, duration_nats = draw(durations, fits, constraints, rng)
        louder, _ = draw(loudness, np.arange(9) > 0, constraints, rng)
        struck = round(loud(tick) + SWING * (LOUDNESS * louder - USUAL))
        found.append(Note(tick, int(VALUES[duration]), pitch, min(127, max(1, struck)), part))
        stream.feed(time, pitch, duration, found[-1].velocity, part)
        total += nats + pitch_nats + duration_nats
    return found, total / max(1, len(found))
