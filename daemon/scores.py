"""Scores of one analysis of one piece against its annotation, by mir_eval. See each metric's docstring there.

`heard` is in the form of daemon/peers/stdio.py. A column that does not apply is NaN: nothing annotated, nothing told.
`delay_ms` and `delay_p95_ms`: how long after what is annotated it was decided, median and 95th percentile of what is right.
"""

from collections.abc import Callable
from typing import Any

import mir_eval
import numpy as np

from dsp.drums import HIGH, LOW, MID

Score = dict[str, float]
NAN = float("nan")
BANDS = {"kick": LOW, "snare": MID, "hat": HIGH}
"""Annotated drums -> the band of an onset."""


def of(analysis: str, reference: dict[str, Any], heard: dict[str, Any]) -> Score:
    """Score what was heard, by the analysis's name in daemon.evaluation."""
    return _SCORES[analysis](reference, heard)


def delays(after_s: Any) -> Score:
    """Both columns of delays."""
    after_ms = np.asarray(after_s, float) * 1000
    if not after_ms.size or np.isnan(after_ms).all():
        return {"delay_ms": NAN, "delay_p95_ms": NAN}
    return {"delay_ms": float(np.median(after_ms)), "delay_p95_ms": float(np.percentile(after_ms, 95))}


def _sorted(heard: dict[str, Any], times: str = "times", known: str = "known") -> tuple[np.ndarray, np.ndarray]:
    when = np.asarray(heard[times], float)
    order = np.argsort(when, kind="stable")
    return when[order], np.asarray(heard.get(known, np.full(when.size, NAN)), float)[order]


def onset(reference: dict[str, Any], heard: dict[str, Any]) -> Score:
    """F at +-50 and +-25 ms, precision and recall at +-50 ms, delays."""
    ref = np.asarray(reference["onsets"], float)
    times, known = _sorted(heard)
    f50, p50, r50 = mir_eval.onset.f_measure(ref, times, window=0.05)
    return {
        "f50": f50,
        "f25": mir_eval.onset.f_measure(ref, times, window=0.025)[0],
        "p50": p50,
        "r50": r50,
        **delays([known[e] - ref[r] for r, e in mir_eval.util.match_events(ref, times, 0.05)]),
    }


def drums(reference: dict[str, Any], heard: dict[str, Any]) -> Score:
    """F at +-50 ms of kick, snare and hat, each alone, and their mean; an onset is of one of them, or of none."""
    times, bands = np.asarray(heard["times"], float), np.asarray(heard.get("bands", []))
    found = {}
    for name, band in BANDS.items():
        ref = np.sort(np.asarray(reference["drum_onsets"].get(name, []), float))
        est = np.sort(times[bands == band]) if bands.size == times.size else np.empty(0)
        found[name] = mir_eval.onset.f_measure(ref, est, window=0.05)[0] if ref.size and est.size else 0.0 * ref.size
        found[name] = found[name] if ref.size else NAN
    return {**found, "mean": float(np.nanmean(list(found.values())))}


def beat(reference: dict[str, Any], heard: dict[str, Any]) -> Score:
    """F of beats and downbeats at +-70 ms and CMLt, AMLt, after mir_eval's trim of the first 5 s; the tempo within 4 %
    (acc1), or of a half, double, third, triple too (acc2); how long before a beat it was announced; delays."""
    ref = np.asarray(reference["beats"], float)
    times, known = _sorted(heard)
    down = np.sort(np.asarray(reference.get("downbeats") or [], float))
    told = heard.get("downbeats")
    cml, aml = _continuity(ref, times)
    tempo = heard.get("tempo") or (60 / np.median(np.diff(times)) if times.size > 1 else 0.0)
    ratio = tempo / (60 / np.median(np.diff(ref)))
    matched = [known[e] - ref[r] for r, e in mir_eval.util.match_events(ref, times, 0.07)]
    return {
        "f": _beat_f(ref, times),
        "f_down": NAN if told is None or not _trimmed(down).size else _beat_f(down, np.sort(np.asarray(told, float))),
        "cmlt": cml,
        "amlt": aml,
        "acc1": float(abs(ratio - 1) <= 0.04),
        "acc2": float(any(abs(ratio / m - 1) <= 0.04 for m in (1, 2, 0.5, 3, 1 / 3))),
        "lead_ms": float(np.median(times - known) * 1000) if times.size else NAN,
        **delays(matched),
    }


def _trimmed(times: np.ndarray) -> np.ndarray:
    return mir_eval.beat.trim_beats(times)


def _beat_f(ref: np.ndarray, est: np.ndarray) -> float:
    ref, est = _trimmed(ref), _trimmed(est)
    return mir_eval.beat.f_measure(ref, est) if ref.size and est.size else 0.0


def _continuity(ref: np.ndarray, est: np.ndarray) -> tuple[float, float]:
    ref, est = _trimmed(ref), _trimmed(est)
    if min(ref.size, est.size) < 2:
        return 0.0, 0.0
    _, cml, _, aml = mir_eval.beat.continuity(ref, est)
    return cml, aml


def f0(reference: dict[str, Any], heard: dict[str, Any]) -> Score:
    """Raw pitch and chroma accuracy, voicing recall and false alarms, overall accuracy (mir_eval.melody, 50 cents)."""
    ref_times, ref_hz = (np.asarray(column, float) for column in reference["f0"])
    times, hz = np.asarray(heard["times"], float), np.abs(np.asarray(heard["hz"], float))
    known = np.asarray(heard.get("known", np.full(times.size, NAN)), float)
    signed = np.where(np.asarray(heard["voiced"]) > 0, hz, -hz)
    if times.size > 1 and np.ptp(np.diff(times)) > 1e-6:  # mir_eval draws lines between them, also to what is unvoiced
        even = np.arange(times[0], times[-1], 0.005)
        nearest = np.searchsorted((times[1:] + times[:-1]) / 2, even)
        found = mir_eval.melody.evaluate(ref_times, ref_hz, even, signed[nearest])
    else:
        found = mir_eval.melody.evaluate(ref_times, ref_hz, times, signed)
    return {
        "rpa": found["Raw Pitch Accuracy"],
        "rca": found["Raw Chroma Accuracy"],
        "vr": found["Voicing Recall"],
        "vfa": found["Voicing False Alarm"],
        "oa": found["Overall Accuracy"],
        **delays(known - times),
    }


def notes(reference: dict[str, Any], heard: dict[str, Any]) -> Score:
    """F of notes (start s, end s, MIDI) by onset within 50 ms and pitch within 50 cents, its precision and recall; F with
    their ends as well; delays."""
    ref, _ = _intervals(reference["notes"])
    est, kept = _intervals(heard["notes"])
    if not len(est[0]) or not len(ref[0]):
        return {"f": 0.0, "p": 0.0, "r": 0.0, "f_with_ends": 0.0, **delays([])}
    known = np.asarray(heard.get("known", np.full(len(heard["notes"]), NAN)), float)[kept]
    precision, recall, f, _ = mir_eval.transcription.precision_recall_f1_overlap(*ref, *est, offset_ratio=None)
    matched = mir_eval.transcription.match_notes(*ref, *est, offset_ratio=None)
    with_ends = mir_eval.transcription.precision_recall_f1_overlap(*ref, *est)[2]
    after = [known[e] - ref[0][r, 0] for r, e in matched]
    return {"f": f, "p": precision, "r": recall, "f_with_ends": with_ends, **delays(after)}


def _intervals(spans: Any) -> tuple[tuple[np.ndarray, np.ndarray], np.ndarray]:
    """(start and end, Hz) of the notes that last, and which those are."""
    rows = np.array([note[:3] for note in spans], float).reshape(-1, 3)
    kept = rows[:, 1] > rows[:, 0]
    rows = rows[kept]
    return (rows[:, :2], 440.0 * 2 ** ((rows[:, 2] - 69) / 12)), kept


def key(reference: dict[str, Any], heard: dict[str, Any]) -> Score:
    """MIREX weighted score of the last key told; none scores 0. How much had been heard when it was told for good."""
    name, names, known = heard["name"], heard.get("names", []), heard.get("known", [])
    first = len(names)
    while first and names[first - 1] == name:
        first -= 1
    return {
        "weighted": mir_eval.key.weighted_score(reference["key"], name) if name else 0.0,
        "settled_s": float(known[first]) if first < len(names) else NAN,
    }


def chord(reference: dict[str, Any], heard: dict[str, Any]) -> Score:
    """Majmin, root and sevenths overlap, each chord lasting from its time to the next one's; delays of major and minor."""
    ref = reference["chords"]
    intervals = np.array([[start, end] for start, end, _ in ref], float)
    labels = [label for *_, label in ref]
    end = intervals[-1, 1]
    times, names = heard["times"], heard["names"]
    keep = [k for k in range(len(names)) if times[k] < end]
    starts = [max(intervals[0, 0], times[k]) for k in keep]  # mir_eval stumbles over a change right where it begins
    bounds = [*starts, end]
    spans = [(bounds[k], bounds[k + 1], names[keep[k]]) for k in range(len(keep)) if bounds[k + 1] > bounds[k]]
    if not spans:
        spans = [(0.0, end, "N")]
    est = np.array([[a, b] for a, b, _ in spans])
    found = mir_eval.chord.evaluate(intervals, labels, est, [name for *_, name in spans])
    after = _chord_delays(ref, names, heard["known"]) if "known" in heard else []
    return {"majmin": found["majmin"], "root": found["root"], "sevenths": found["sevenths"], **delays(after)}


def _chord_delays(ref: list, names: list[str], known: Any) -> list[float]:
    """How long after the beginning of each annotated chord it was first told, where it was and was not told before."""
    told, right = np.asarray(known, float), [_majmin(name) for name in names]
    after, before = [], None
    for start, end, label in ref:
        wanted = _majmin(label)
        if wanted is None or wanted == before:
            before = wanted
            continue
        before = wanted
        at = int(np.searchsorted(told, start, side="right")) - 1
        if at >= 0 and right[at] == wanted:
            continue
        first = next((k for k in range(at + 1, len(told)) if told[k] >= end or right[k] == wanted), len(told))
        if first < len(told) and told[first] < end:
            after.append(told[first] - start)
    return after


def _majmin(name: str) -> tuple[int, bool] | None:
    """Root and whether minor; None for what has neither a major nor a minor triad."""
    root, tones, _ = mir_eval.chord.encode(name)
    if root < 0 or not tones[7] or tones[3] == tones[4]:
        return None
    return int(root), bool(tones[3])


_SCORES: dict[str, Callable[[dict[str, Any], dict[str, Any]], Score]] = {
    "onset": onset,
    "drums": drums,
    "beat": beat,
    "f0": f0,
    "notes": notes,
    "chord": chord,
    "key": key,
}
