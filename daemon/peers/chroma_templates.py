"""What a causal tracker of chords and keys is without learning: chroma, templates, a forward HMM, all of it textbook.

Chroma from a short-time Fourier transform's peaks, or, given `cqt`, librosa's constant-Q one, each frame known when the last
sample that it is made of is in. Chords: cosine with binary triads (T. Fujishima, ICMC 1999), smoothed by a forward HMM that
stays (A. Sheh and D. Ellis, ISMIR 2003). Key: C. Krumhansl's profiles against the chroma of all that was heard so far.
"""

import sys

import numpy as np
import stdio

HOP, FRAME = 2048, 8192  # samples
LOWEST_HZ, HIGHEST_HZ = 60.0, 2100.0
LATE_S = 0.14  # half of the constant-Q transform's longest filter, at C2
STAY = 0.97  # probability that a chord lasts from a frame to the next
SHARP = 30.0  # nats per unit of cosine
SILENT = 1e-3  # rms: no chord
NAMES = ("C", "C#", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B")
PROFILES = np.array(
    [
        [6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88],
        [6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17],
    ]
)
by_cqt = len(sys.argv) > 2


def frames(samples, power):
    """Chroma rows of magnitudes to `power`, their centres in s, when each is known in s, and the rms about each."""
    n = max(1, len(samples) // HOP)
    padded = np.pad(samples, (FRAME // 2, FRAME))
    parts = np.lib.stride_tricks.sliding_window_view(padded, FRAME)[::HOP][:n]
    times = np.arange(n) * HOP / stdio.RATE
    if by_cqt:
        import librosa

        rows = librosa.feature.chroma_cqt(y=samples, sr=stdio.RATE, hop_length=HOP, fmin=65.4, n_octaves=5, norm=None)
        rows, late = rows.T[:n] ** power, LATE_S
    else:
        spectrum = np.abs(np.fft.rfft(parts * np.hanning(FRAME)))
        peaks = np.zeros_like(spectrum)
        inner = spectrum[:, 1:-1]
        peaks[:, 1:-1] = np.where((inner > spectrum[:, :-2]) & (inner >= spectrum[:, 2:]), inner, 0) ** power
        hz = np.fft.rfftfreq(FRAME, 1 / stdio.RATE)
        used = (hz >= LOWEST_HZ) & (hz <= HIGHEST_HZ)
        classes = np.round(12 * np.log2(hz[used] / 440) + 69).astype(int) % 12
        rows = peaks[:, used] @ np.eye(12)[classes]
        late = FRAME / 2 / stdio.RATE
    return rows, times, times + late, np.sqrt((parts**2).mean(axis=1))


def unit(rows):
    return rows / np.maximum(np.linalg.norm(rows, axis=-1, keepdims=True), 1e-9)


def triads():
    return unit(np.array([np.roll(third, root) for third in _thirds() for root in range(12)], float))


def _thirds():
    for third in (4, 3):
        row = np.zeros(12)
        row[[0, third, 7]] = 1
        yield row


def chord(samples):
    rows, times, known, rms = frames(samples, 0.5)
    likelihood = np.exp(SHARP * unit(rows) @ triads().T)
    belief, now = np.full(24, 1 / 24), None
    heard = {"times": [], "names": [], "known": []}
    for k, row in enumerate(likelihood):
        belief = (STAY * belief + (1 - STAY) / 24) * row
        belief /= belief.sum()
        best = int(belief.argmax())
        name = "N" if rms[k] < SILENT else NAMES[best % 12] + (":maj", ":min")[best // 12]
        if name != now:
            now = name
            heard["times"].append(times[k])
            heard["names"].append(name)
            heard["known"].append(known[k])
    return heard


def key(samples):
    total = frames(samples, 1)[0].sum(axis=0)
    fits = [np.corrcoef(np.roll(profile, tonic), total)[0, 1] for profile in PROFILES for tonic in range(12)]
    best = int(np.argmax(fits))
    return {"name": NAMES[best % 12] + (" major", " minor")[best // 12]}


versions = {"numpy": np.__version__}
if by_cqt:
    from importlib.metadata import version

    versions["librosa"] = version("librosa")
stdio.answer(versions, {"chord": chord, "key": key})
