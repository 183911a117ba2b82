"""Where a walking bass goes next: pitches for a beat, best first."""

import random
from itertools import pairwise

from daemon.generate.constraints import Constraints
from daemon.generate.context import ChordSpan, Context
from daemon.generate.rules.changes import Changes, bass_of
from daemon.generate.rules.chord_scale import degrees


def walk(
    tick: int, line: list[int], context: Context, changes: Changes, constraints: Constraints, dice: random.Random
) -> list[int]:
    """The pitches that would go on a beat, best first."""
    beat, low, high = context.meter.beat_ticks, constraints.low, constraints.high
    chord, following = changes.at(tick), changes.at(tick + beat)
    last = line[-1] if line else (low + high) // 2
    upward = _direction(line, low, high, dice)
    is_change = tick == chord.tick or bool(changes.between(tick - beat, tick + 1))
    in_bar = tick % context.meter.bar_ticks
    if is_change or not line or (in_bar == 0 and dice.random() < 0.75):
        return [near(bass_of(chord), last, low, high), *_tones(chord, changes, last, upward, low, high)]
    leads = following != chord or in_bar + beat >= context.meter.bar_ticks
    if leads:
        return approach(bass_of(following), following, changes, last, low, high, dice)
    strong = in_bar == 0 or (context.meter.beats % 4 == 0 and in_bar * 2 == context.meter.bar_ticks)
    tones = _tones(chord, changes, last, upward, low, high) or [last]
    if strong or dice.random() < 0.5:
        return tones
    steps = _scale_steps(chord, changes, last, upward)
    return [*steps, *tones]


def _direction(line: list[int], low: int, high: int, dice: random.Random) -> bool:
    """True: upward. The line goes on as it went, until it comes near an end of the range or has gone four notes."""
    if not line:
        return dice.random() < 0.5
    height = (line[-1] - low) / max(1, high - low)
    if height < 0.25 or height > 0.75:
        return height < 0.25
    moves = [b - a for a, b in pairwise(line[-4:])]
    if len(moves) >= 3 and (all(move > 0 for move in moves) or all(move < 0 for move in moves)):
        return moves[-1] < 0
    return moves[-1] > 0 if moves and moves[-1] else dice.random() < 0.5


def near(pitch_class: int, last: int, low: int, high: int) -> int:
    """The pitch of this class in the range that is nearest to the last."""
    first = low + (pitch_class - low) % 12
    return min(range(first, max(high, first) + 1, 12), key=lambda pitch: (abs(pitch - last), pitch))


def _tones(chord: ChordSpan, changes: Changes, last: int, upward: bool, low: int, high: int) -> list[int]:
    """The chord's tones that are a leap of a sixth away at most, the next ones in the direction first."""
    tones = degrees(chord, changes.key)
    classes = {tones[degree] for degree in (1, 3, 5)}
    around = [pitch for pitch in range(last - 9, last + 10) if pitch % 12 in classes and low <= pitch <= high]
    return sorted(
        (pitch for pitch in around if pitch != last), key=lambda p: abs(p - last) + (0 if (p > last) == upward else 7)
    )


def _scale_steps(chord: ChordSpan, changes: Changes, last: int, upward: bool) -> list[int]:
    """A step of the chord's scale, in the direction."""
    classes = set(degrees(chord, changes.key).values())
    return [p for p in ((last + 1, last + 2) if upward else (last - 1, last - 2)) if p % 12 in classes]


def approach(
    root: int, chord: ChordSpan, changes: Changes, last: int, low: int, high: int, dice: random.Random
) -> list[int]:
    """Into the next root: from a semitone or a scale step off, on the side the line comes from, or from its dominant."""
    target = near(root, last, low, high)
    side = 1 if last > target or (last == target and dice.random() < 0.5) else -1
    classes = set(degrees(chord, changes.key).values())
    scale = next((p for p in (target + 2 * side, target + side) if p % 12 in classes), target + 2 * side)
    fifth = [p for p in (target + 7, target - 5) if low <= p <= high and abs(p - last) < 8]
    ways = [[target + side], [scale], [target - side], fifth]
    order = sorted(range(4), key=lambda way: dice.random() / (5, 4, 1.5, 1.5)[way])
    found = [pitch for way in order for pitch in ways[way]]
    inside = [pitch for pitch in found if low <= pitch <= high] or found
    return sorted(inside, key=lambda pitch: 2 * (pitch == last) + (abs(pitch - last) > 5))
