"""Bar: where in the bar the music is, and how long a beat lasts, as probabilities run forward in time.

The bar pointer in the state space of F. Krebs, S. Boeck and G. Widmer, "An efficient state-space model for joint tempo and
meter tracking", ISMIR 2015: a state is a beat of a bar of two, three or four, its length in whole frames, and a position
in it. Each frame moves every state one position on; the tempo changes only at a beat, the metre only at a bar. The belief
is that of the forward algorithm: given all so far, nothing ahead.

Only the frames in which a beat may begin are weighed against the network's word; everywhere else the ratio of
likelihoods is 1. So a frame costs a few operations per beat and length, not one per state.
"""

import numpy as np

from dsp.activations import FRAMES_HZ
from dsp.kernel import inline

SLOWEST_BPM, FASTEST_BPM = 40, 240
SHORTEST, LONGEST = 60 * FRAMES_HZ // FASTEST_BPM, 60 * FRAMES_HZ // SLOWEST_BPM  # frames in a beat
LENGTHS = LONGEST - SHORTEST + 1
POSITIONS = (SHORTEST + LONGEST) * LENGTHS // 2  # of all lengths together

METRES = np.array([2, 3, 4])  # beats in a bar
USUAL_METRES = np.array([0.06, 0.26, 0.68])
FIRST = np.array([0, 2, 5])  # the first beat of each metre, among all BEATS
BEATS = 9
METRE_OF = np.repeat(np.arange(3), METRES)
METRE_CHANGE = 0.003  # chance per bar

USUAL_BPM, USUAL_OCTAVES = 120.0, 0.35  # tempo before anything is heard: log-normal
PULL = 0.02  # how much of that is applied again at each settling: steadies the octave
TEMPO_CHANGE = 80.0  # exp(-TEMPO_CHANGE |length ratio - 1|) from beat to beat
BEGINNING = 3  # frames in which a beat may begin, at any tempo: so wide is the network's word
SELDOM = 16  # one frame in so many, or fewer, holds a beat
BEAT_SHARPNESS, DOWN_SHARPNESS = 0.6, 1.0  # frames are not independent: evidence counts less than its face value
DOUBT = 0.05  # activation of a beat that may be of either kind, added before the kinds are compared
DOWNBEATS = 0.3  # of all beats
MOST = 60.0  # a likelihood ratio goes no further than this or its reciprocal
SURPRISE = 3e-5  # chance per settling that all that was believed is wrong
SETTLE = 8  # frames between normalisations
NEIGHBOUR = 1.06  # beat lengths up to this ratio apart are one tempo
RIVAL = 1.2  # how much likelier another tempo must be to be followed instead
PHASES = 32  # bins in which the phase is looked for
AROUND = 4  # bins on either side of the fullest that are averaged

BAR = np.dtype(
    [
        ("offset", np.int64, (LENGTHS,)),  # where a length's positions begin
        ("near", np.int64, (LENGTHS, 2)),  # range of lengths that are one tempo with this
        ("reach", np.int64, (LENGTHS, 2)),  # range of lengths that may follow this
        ("follow", np.float32, (LENGTHS, LENGTHS)),
        ("prior", np.float32, (LENGTHS,)),  # of a state of this length
        ("pull", np.float32, (LENGTHS,)),
        ("usual", np.float32, (BEATS,)),  # of each beat of each metre, before anything is heard
        ("belief", np.float32, (BEATS, POSITIONS)),  # position p of length i at offset[i] + (start[i] + p) % length
        ("start", np.int64, (LENGTHS,)),
        ("entering", np.float32, (BEATS, LENGTHS)),  # scratch
        ("tempo", np.float32, (LENGTHS,)),  # probability of each length, as of the last settling
        ("frames", np.int64),
        ("chosen", np.int64),  # index of the length followed; -1 before the first
        ("tempo_belief", np.float32),  # probability of it and its neighbours
        ("mass", np.float64, (PHASES,)),  # scratch
        ("moment", np.float64, (PHASES,)),  # scratch
        ("place", np.float64, (BEATS,)),  # scratch
        ("period", np.float64),  # frames
        ("phase", np.float64),  # [0, 1)
        ("agreement", np.float64),  # part of the followed tempo's belief that lies near this phase
    ],
    align=True,
)


def prepare(s) -> None:
    """Fill a zeroed `BAR` record. [main]"""
    length = np.arange(SHORTEST, LONGEST + 1)
    s["offset"] = np.cumsum(length) - length
    ratio = length[None, :] / length[:, None]
    follow = np.exp(-TEMPO_CHANGE * np.abs(ratio - 1))
    follow[follow < 1e-4] = 0
    s["follow"] = follow / follow.sum(1, keepdims=True)
    for i in range(LENGTHS):
        s["reach"][i] = _span(follow[i] > 0)
        s["near"][i] = _span((ratio[i] < NEIGHBOUR) & (ratio[i] > 1 / NEIGHBOUR))
    octaves = np.log2(60 * FRAMES_HZ / length / USUAL_BPM) / USUAL_OCTAVES
    usual = np.exp(-0.5 * octaves**2)
    s["prior"] = usual / length / (usual / length).sum() / length
    s["pull"] = usual**PULL
    s["usual"] = (USUAL_METRES / METRES)[METRE_OF]
    s["chosen"] = -1


def _span(chosen: np.ndarray) -> tuple[int, int]:
    where = np.flatnonzero(chosen)
    return where[0], where[-1] + 1


@inline
def forget(s):
    """Believe nothing but the prior. [worker]"""
    for b in range(BEATS):
        for i in range(LENGTHS):
            for p in range(s.offset[i], s.offset[i] + SHORTEST + i):
                s.belief[b, p] = s.prior[i] * s.usual[b]
    s.start[:] = 0
    s.frames = 0
    s.chosen = -1


@inline
def _cross_beats(s):
    """What is at the end of a beat enters the next, perhaps at another tempo; after a bar, in another metre. [worker]"""
    entering = s.entering
    entering[:] = np.float32(0)
    for b in range(BEATS):
        first = FIRST[METRE_OF[b]]
        belief, to = s.belief[b], entering[first if b + 1 == first + METRES[METRE_OF[b]] else b + 1]
        for i in range(LENGTHS):
            last = s.start[i] - 1 if s.start[i] > 0 else SHORTEST + i - 1
            leaving, follow = belief[s.offset[i] + last], s.follow[i]
            for j in range(s.reach[i, 0], s.reach[i, 1]):
                to[j] += leaving * follow[j]
    change = np.float32(METRE_CHANGE)
    two, three, four = entering[FIRST[0]], entering[FIRST[1]], entering[FIRST[2]]
    for j in range(LENGTHS):
        moved = change * (two[j] + three[j] + four[j])
        two[j] = (np.float32(1) - change) * two[j] + moved * np.float32(USUAL_METRES[0])
        three[j] = (np.float32(1) - change) * three[j] + moved * np.float32(USUAL_METRES[1])
        four[j] = (np.float32(1) - change) * four[j] + moved * np.float32(USUAL_METRES[2])


@inline
def _weigh(s, ratio_beat, ratio_down):
    """Move on one frame and weigh the states in which a beat begins. [worker]"""
    for i in range(LENGTHS):
        length = SHORTEST + i
        start = s.start[i] - 1 if s.start[i] > 0 else length - 1
        s.start[i] = start
        for b in range(BEATS):
            belief = s.belief[b, s.offset[i] : s.offset[i] + length]
            belief[start] = s.entering[b, i]
            ratio = ratio_down if b == FIRST[METRE_OF[b]] else ratio_beat
            for p in range(start, start + BEGINNING):
                belief[p if p < length else p - length] *= ratio


@inline
def _settle(s):
    """Normalise, pull towards the usual tempo, and choose the tempo to follow. [worker]"""
    tempo, total = s.tempo, np.float32(0)
    for i in range(LENGTHS):
        mass = np.float32(0)
        for b in range(BEATS):
            belief = s.belief[b]
            for p in range(s.offset[i], s.offset[i] + SHORTEST + i):
                mass += belief[p]
        tempo[i] = mass * s.pull[i]
        total += tempo[i]
    scale = np.float32(1) / max(total, np.float32(1e-30))
    for i in range(LENGTHS):
        tempo[i] *= scale
        gain, least = s.pull[i] * scale, np.float32(SURPRISE) * s.prior[i]
        for b in range(BEATS):
            belief, floor = s.belief[b], least * s.usual[b]
            for p in range(s.offset[i], s.offset[i] + SHORTEST + i):
                belief[p] = belief[p] * gain + floor
    best, chosen, followed, follows = np.float32(-1), 0, np.float32(0), 0
    for i in range(LENGTHS):
        mass = np.float32(0)
        for j in range(s.near[i, 0], s.near[i, 1]):
            mass += tempo[j]
        if mass > best:
            best, chosen = mass, i
        if s.chosen >= 0 and s.near[s.chosen, 0] <= i < s.near[s.chosen, 1] and mass > followed:
            followed, follows = mass, i
    if followed * np.float32(RIVAL) > best:
        best, chosen = followed, follows
    s.chosen = chosen
    s.tempo_belief = best


@inline
def _locate(s):
    """Period and phase: means over the states of the followed tempo around the fullest phase. [worker]"""
    mass, moment = s.mass, s.moment
    mass[:] = 0.0
    moment[:] = 0.0
    total, frames = 0.0, 0.0
    for i in range(s.near[s.chosen, 0], s.near[s.chosen, 1]):
        length, q, whole = SHORTEST + i, s.start[i], 0.0
        for p in range(length):
            here = 0.0
            for b in range(BEATS):
                here += s.belief[b, s.offset[i] + q]
            phase = p / length
            k = np.int64(phase * PHASES)
            mass[k] += here
            moment[k] += here * phase
            whole += here
            q = q + 1 if q + 1 < length else 0
        total += whole
        frames += whole * length
    best, fullest = -1.0, 0
    for k in range(PHASES):
        sum_ = mass[(k - 1) % PHASES] + mass[k] + mass[(k + 1) % PHASES]
        if sum_ > best:
            best, fullest = sum_, k
    near, sum_ = 0.0, 0.0
    for d in range(-AROUND, AROUND + 1):
        k = fullest + d
        turns = 1.0 if k >= PHASES else -1.0 if k < 0 else 0.0
        near += mass[k % PHASES]
        sum_ += moment[k % PHASES] + turns * mass[k % PHASES]
    phase = sum_ / max(near, 1e-30)
    s.phase = phase - np.floor(phase)
    s.period = frames / max(total, 1e-30)
    s.agreement = near / max(total, 1e-30)


@inline
def step(s, beat, down):
    """Take one frame: the probabilities that it holds a beat that is no downbeat, and one that is. [worker]"""
    most = np.float32(MOST)
    both = min(beat + down, np.float32(0.999))
    odds = both * np.float32(SELDOM - 1) / (np.float32(1) - both)
    any_ratio = min(most, max(np.float32(1) / most, odds)) ** np.float32(BEAT_SHARPNESS)
    share = (down + np.float32(DOUBT * DOWNBEATS)) / (beat + down + np.float32(DOUBT))
    ratio_down = any_ratio * (share / np.float32(DOWNBEATS)) ** np.float32(DOWN_SHARPNESS)
    ratio_beat = any_ratio * ((np.float32(1) - share) / np.float32(1 - DOWNBEATS)) ** np.float32(DOWN_SHARPNESS)
    _cross_beats(s)
    _weigh(s, ratio_beat, ratio_down)
    if s.frames % SETTLE == 0:
        _settle(s)
    s.frames += 1
    _locate(s)


@inline
def next_place(s):
    """Which of all BEATS comes next, and how much of the belief near this phase says so. [worker]"""
    place, total = s.place, 1e-30
    place[:] = 0.0
    for i in range(s.near[s.chosen, 0], s.near[s.chosen, 1]):
        length = SHORTEST + i
        for d in range(-(length * AROUND // PHASES), length * AROUND // PHASES + 1):
            p = np.int64(s.phase * length) + d
            has_begun = p >= length  # already in the beat that the others have before them
            p = p % length
            q = s.offset[i] + (s.start[i] + p) % length
            for b in range(BEATS):
                here = np.float64(s.belief[b, q])
                first = FIRST[METRE_OF[b]]
                after = first if b + 1 == first + METRES[METRE_OF[b]] else b + 1
                place[b if has_begun else after] += here
                total += here
    best, metre = -1.0, 0
    for m in range(METRES.size):
        mass = 0.0
        for b in range(FIRST[m], FIRST[m] + METRES[m]):
            mass += place[b]
        if mass > best:
            best, metre = mass, m
    chosen = FIRST[metre]
    for b in range(FIRST[metre], FIRST[metre] + METRES[metre]):
        if place[b] > place[chosen]:
            chosen = b
    return chosen, place[chosen] / total
