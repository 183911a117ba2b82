"""Metre: where in the beat the music is, and how long a beat lasts, as probabilities run forward in time.

The bar pointer model in the state space of F. Krebs, S. Boeck and G. Widmer, "An efficient state-space model for joint
tempo and meter tracking", ISMIR 2015: a state is a beat length in whole frames, a position in it, and whether the beat
divides in two or in three. Each frame moves every state one position on; tempo and division change only at a beat.

Only the few frames where a beat or a subdivision may begin are weighed against the sound; everywhere else the ratio of
likelihoods is 1. So a step costs a few operations per beat length, not one per state.
"""

import numpy as np

from dsp.kernel import inline

SLOWEST_BPM, FASTEST_BPM = 50.0, 215.0
LENGTHS = 120  # beat lengths at the highest frame rate (125 a second: 35 to 150 frames)
LONGEST = 152
DIVISIONS = 2
PLACES = 4  # where something may begin in a beat
OTHER, BEAT, HALF, QUARTER, THIRD = range(5)
KINDS = 5
WIDTH = 3  # frames a beginning may take
SETTLE = 8  # frames between normalisations

USUAL_BPM, USUAL_OCTAVES = 110.0, 0.34  # tempo before anything is heard: log-normal
PRIOR_PULL = 0.013  # how much of that prior is applied again at each settling: steadies the octave
TEMPO_CHANGE = 60.0  # exp(-TEMPO_CHANGE |length ratio - 1|) from beat to beat
DIVISION_CHANGE = 0.017  # chance per beat
TRIPLE = 0.4
SURPRISE = 3e-5  # chance per settling that all that was believed is wrong
NEIGHBOUR = 1.06  # beat lengths up to this ratio apart are one tempo

METRE = np.dtype(
    [
        ("n_lengths", np.int64),
        ("length", np.int64, (LENGTHS,)),  # frames
        ("near", np.int64, (LENGTHS, 2)),  # range of lengths that are one tempo with this
        ("reach", np.int64, (LENGTHS, 2)),  # range of lengths that may follow this
        ("follow", np.float32, (LENGTHS, LENGTHS)),
        ("prior", np.float32, (LENGTHS,)),  # of a state of this length
        ("pull", np.float32, (LENGTHS,)),
        ("place", np.int64, (DIVISIONS, PLACES, LENGTHS)),  # position where it begins; -1 = not in this division
        ("kind", np.int64, (DIVISIONS, PLACES)),
        ("division", np.float32, (DIVISIONS,)),
        ("belief", np.float32, (DIVISIONS, LENGTHS, LONGEST)),  # position p of length i at (start[i] + p) % length[i]
        ("start", np.int64, (LENGTHS,)),
        ("entering", np.float32, (DIVISIONS, LENGTHS)),  # scratch
        ("tempo", np.float32, (LENGTHS,)),  # probability of each length, as of the last settling
        ("frames", np.int64),
        ("chosen", np.int64),  # index of the length followed
        ("tempo_belief", np.float32),  # probability of it and its neighbours
        ("period", np.float64),  # frames
        ("phase", np.float64),  # [0, 1)
        ("confidence", np.float64),  # 0..1
    ],
    align=True,
)

_BEGINNINGS = (
    ((0, BEAT), (1 / 4, QUARTER), (1 / 2, HALF), (3 / 4, QUARTER)),
    ((0, BEAT), (1 / 3, THIRD), (2 / 3, THIRD)),
)


def prepare(s, frame_rate: float) -> None:
    """Fill a zeroed `METRE` record for frames per second. [main]"""
    length = np.arange(round(frame_rate * 60 / FASTEST_BPM), round(frame_rate * 60 / SLOWEST_BPM) + 1)
    n = len(length)
    s["n_lengths"] = n
    s["length"][:n] = length
    ratio = length[None, :] / length[:, None]
    follow = np.exp(-TEMPO_CHANGE * np.abs(ratio - 1))
    follow[follow < 1e-4] = 0
    s["follow"][:n, :n] = follow / follow.sum(1, keepdims=True)
    for i in range(n):
        s["reach"][i] = _span(follow[i] > 0)
        s["near"][i] = _span((ratio[i] < NEIGHBOUR) & (ratio[i] > 1 / NEIGHBOUR))
    octaves = np.log2(frame_rate * 60 / length / USUAL_BPM) / USUAL_OCTAVES
    usual = np.exp(-0.5 * octaves**2)
    s["prior"][:n] = usual / length / (usual / length).sum() / length
    s["pull"][:n] = usual**PRIOR_PULL
    s["place"] = -1
    for d, beginnings in enumerate(_BEGINNINGS):
        for k, (fraction, kind) in enumerate(beginnings):
            s["place"][d, k, :n] = np.round(fraction * length)
            s["kind"][d, k] = kind
    s["division"] = 1 - TRIPLE, TRIPLE


def _span(chosen: np.ndarray) -> tuple[int, int]:
    where = np.flatnonzero(chosen)
    return where[0], where[-1] + 1


@inline
def forget(s):
    """Believe nothing but the prior. [audio]"""
    for d in range(DIVISIONS):
        for i in range(s.n_lengths):
            for p in range(s.length[i]):
                s.belief[d, i, p] = s.prior[i] * s.division[d]
    s.frames = 0
    s.chosen = -1


@inline
def _cross_beats(s):
    """What is at the end of a beat enters the next one, perhaps at another tempo or in the other division. [audio]"""
    n, entering = s.n_lengths, s.entering
    entering[:] = np.float32(0)
    for d in range(DIVISIONS):
        for i in range(n):
            last = s.start[i] - 1 if s.start[i] > 0 else s.length[i] - 1
            leaving, follow, to = s.belief[d, i, last], s.follow[i], entering[d]
            for j in range(s.reach[i, 0], s.reach[i, 1]):
                to[j] += leaving * follow[j]
    change = np.float32(DIVISION_CHANGE)
    for j in range(n):
        both = change * (entering[0, j] + entering[1, j])
        for d in range(DIVISIONS):
            entering[d, j] = (np.float32(1) - change) * entering[d, j] + both * s.division[d]


@inline
def _weigh(s, likelihood):
    """Move on one frame and weigh the states where something begins. [audio]"""
    for i in range(s.n_lengths):
        length = s.length[i]
        start = s.start[i] - 1 if s.start[i] > 0 else length - 1
        s.start[i] = start
        for d in range(DIVISIONS):
            belief = s.belief[d, i]
            belief[start] = s.entering[d, i]
            for k in range(PLACES):
                place = s.place[d, k, i]
                if place >= 0:
                    ratio = likelihood[s.kind[d, k]]
                    for p in range(start + place, start + place + WIDTH):
                        belief[p if p < length else p - length] *= ratio


@inline
def _settle(s):
    """Normalise, pull towards the prior, and choose the tempo to follow. [audio]"""
    n, tempo = s.n_lengths, s.tempo
    total = np.float32(0)
    for i in range(n):
        mass = np.float32(0)
        for d in range(DIVISIONS):
            belief = s.belief[d, i]
            for p in range(s.length[i]):
                mass += belief[p]
        tempo[i] = mass * s.pull[i]
        total += tempo[i]
    scale = np.float32(1) / max(total, np.float32(1e-30))
    for i in range(n):
        tempo[i] *= scale
        gain = s.pull[i] * scale
        for d in range(DIVISIONS):
            belief, least = s.belief[d, i], np.float32(SURPRISE) * s.prior[i] * s.division[d]
            for p in range(s.length[i]):
                belief[p] = belief[p] * gain + least
    best, chosen = np.float32(-1), 0
    for i in range(n):
        mass = np.float32(0)
        for j in range(s.near[i, 0], s.near[i, 1]):
            mass += tempo[j]
        if mass > best:
            best, chosen = mass, i
    s.chosen = chosen
    s.tempo_belief = best


@inline
def _locate(s):
    """Period and phase: means over the states of the chosen tempo. [audio]"""
    total, x, y, frames = 0.0, 0.0, 0.0, 0.0
    for i in range(s.near[s.chosen, 0], s.near[s.chosen, 1]):
        length, q, mass = s.length[i], s.start[i], 0.0
        turn = 2 * np.pi / length
        turn_x, turn_y, at_x, at_y = np.cos(turn), np.sin(turn), 1.0, 0.0
        for _ in range(length):
            here = np.float64(s.belief[0, i, q] + s.belief[1, i, q])
            mass += here
            x += here * at_x
            y += here * at_y
            at_x, at_y = at_x * turn_x - at_y * turn_y, at_y * turn_x + at_x * turn_y
            q = q + 1 if q + 1 < length else 0
        total += mass
        frames += mass * length
    total = max(total, 1e-30)
    s.period = frames / total
    phase = np.arctan2(y, x) / (2 * np.pi)
    s.phase = phase if phase >= 0 else phase + 1
    s.confidence = min(1.0, s.tempo_belief * np.sqrt(x * x + y * y) / total)


@inline
def step(s, likelihood):
    """Take one frame: `likelihood` (float32[KINDS]) is that of each kind of beginning against nothing's. [audio]"""
    _cross_beats(s)
    _weigh(s, likelihood)
    if s.frames % SETTLE == 0:
        _settle(s)
    s.frames += 1
    _locate(s)
