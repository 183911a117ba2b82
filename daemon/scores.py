"""Scores of one analysis of one piece against its annotation, by mir_eval. See each metric's docstring there."""

import mir_eval
import numpy as np

from dsp.harmony import chord_name, key_name
from dsp.hop import BEAT, CHORD, KEY, NOTE_OFF, NOTE_ON, ONSET

Score = dict[str, float]


def onset(reference: dict, times_s: np.ndarray, known_s: np.ndarray) -> Score:
    """F at +-50 and +-25 ms; the median and 95th percentile of how long after the true onset it was decided."""
    ref = np.asarray(reference["onsets"], float)
    times, order = np.sort(times_s), np.argsort(times_s)
    matched = mir_eval.util.match_events(ref, times, 0.05)
    delays = [(known_s[order][e] - ref[r]) * 1000 for r, e in matched]
    return {
        "f50": mir_eval.onset.f_measure(ref, times, window=0.05)[0],
        "f25": mir_eval.onset.f_measure(ref, times, window=0.025)[0],
        "p50": mir_eval.onset.f_measure(ref, times, window=0.05)[1],
        "r50": mir_eval.onset.f_measure(ref, times, window=0.05)[2],
        "delay_ms": float(np.median(delays)) if delays else float("nan"),
        "delay_p95_ms": float(np.percentile(delays, 95)) if delays else float("nan"),
    }


def beat(reference: dict, times_s: np.ndarray, known_s: np.ndarray, tempo_bpm: float) -> Score:
    """F at +-70 ms after mir_eval's trim of the first 5 s, and tempo within 4 % (acc1), of a half/double/third too (acc2),
    and how long before a beat it was announced."""
    ref = np.asarray(reference["beats"], float)
    true_bpm = 60 / np.median(np.diff(ref))
    ratio = tempo_bpm / true_bpm if tempo_bpm else 0.0
    return {
        "f": mir_eval.beat.f_measure(mir_eval.beat.trim_beats(ref), mir_eval.beat.trim_beats(np.sort(times_s))),
        "acc1": float(abs(ratio - 1) <= 0.04),
        "acc2": float(any(abs(ratio / m - 1) <= 0.04 for m in (1, 2, 0.5, 3, 1 / 3))),
        "lead_ms": float(np.median(times_s - known_s) * 1000) if len(times_s) else float("nan"),
    }


def f0(reference: dict, times_s: np.ndarray, hz: np.ndarray, voiced: np.ndarray) -> Score:
    """Raw pitch and chroma accuracy, voicing recall and false alarms, overall accuracy (mir_eval.melody, 50 cents)."""
    ref_times, ref_hz = (np.asarray(column, float) for column in reference["f0"])
    signed = np.where(voiced > 0, hz, -hz)
    found = mir_eval.melody.evaluate(ref_times, ref_hz, times_s, signed)
    return {
        "rpa": found["Raw Pitch Accuracy"],
        "rca": found["Raw Chroma Accuracy"],
        "vr": found["Voicing Recall"],
        "vfa": found["Voicing False Alarm"],
        "oa": found["Overall Accuracy"],
    }


def notes(reference: dict, spans: list[tuple[float, float, int]]) -> Score:
    """F of notes (start s, end s, MIDI) by onset within 50 ms and pitch within 50 cents; and with their ends as well."""
    if not spans:
        return {"f": 0.0, "f_with_ends": 0.0}
    ref = np.array([note[:3] for note in reference["notes"]], float)
    est = np.array(spans, float).reshape(-1, 3)

    def intervals(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        rows = rows[rows[:, 1] > rows[:, 0]]
        return rows[:, :2], 440.0 * 2 ** ((rows[:, 2] - 69) / 12)

    pair = (*intervals(ref), *intervals(est))
    f = mir_eval.transcription.precision_recall_f1_overlap
    return {"f": f(*pair, offset_ratio=None)[2], "f_with_ends": f(*pair)[2]}


def key(reference: dict, name: str) -> Score:
    """MIREX weighted score of one key name; an empty name (no key decided) scores 0."""
    return {"weighted": mir_eval.key.weighted_score(reference["key"], name) if name else 0.0}


def chord(reference: dict, times_s: np.ndarray, names: list[str]) -> Score:
    """Majmin and root overlap, with each chord lasting from its time to the next one's."""
    ref = reference["chords"]
    intervals = np.array([[start, end] for start, end, _ in ref], float)
    labels = [label for *_, label in ref]
    end = intervals[-1, 1]
    keep = [k for k in range(len(names)) if times_s[k] < end]
    starts = [max(0.0, times_s[k]) for k in keep]
    bounds = [*starts, end]
    spans = [(bounds[k], bounds[k + 1], names[keep[k]]) for k in range(len(keep)) if bounds[k + 1] > bounds[k]]
    if not spans:
        spans = [(0.0, end, "N")]
    est = np.array([[a, b] for a, b, _ in spans])
    found = mir_eval.chord.evaluate(intervals, labels, est, [name for *_, name in spans])
    return {"majmin": found["majmin"], "root": found["root"], "sevenths": found["sevenths"]}


def of_engine(analysis: str, reference: dict, events: np.ndarray, hops: np.ndarray, rate: float) -> Score:
    """Score what the engine found (dsp.hop.EVENT and FEATURES arrays, in engine samples at `rate` Hz)."""

    def times(kind: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        chosen = events[events["kind"] == kind]
        return chosen["sample_time"] / rate, chosen["known_at"] / rate, chosen["value"]

    if analysis == "onset":
        when, known, _ = times(ONSET)
        return onset(reference, when, known)
    if analysis == "beat":
        when, known, value = times(BEAT)
        return beat(reference, when, known, float(np.median(value[:, 0])) if len(value) else 0.0)
    if analysis == "f0":
        return f0(reference, hops["f0_time"] / rate, hops["f0_hz"].astype(float), hops["voiced"])
    if analysis == "notes":
        return notes(reference, _spans(events, rate))
    if analysis == "key":
        value = times(KEY)[2]
        return key(reference, key_name(int(value[-1, 0]), int(value[-1, 1])) if len(value) else "")
    when, _, value = times(CHORD)
    return chord(reference, when, [chord_name(int(v[0]), int(v[1])) for v in value])


def _spans(events: np.ndarray, rate: float) -> list[tuple[float, float, int]]:
    """(start s, end s, MIDI) of the note events."""
    spans, begun = [], {}
    for event in events:
        midi, when = int(event["value"][0]), event["sample_time"] / rate
        if event["kind"] == NOTE_ON:
            begun[midi] = when
        elif event["kind"] == NOTE_OFF and midi in begun:
            spans.append((begun.pop(midi), when, midi))
    return spans
