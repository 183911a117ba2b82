"""What jamd heard, as plainly as its peers tell it (daemon/peers/stdio.py): the one form that daemon/scores.py judges."""

from typing import Any

import numpy as np

from dsp.harmony import chord_name, key_name
from dsp.hop import BEAT, CHORD, F0, KEY, NOTE_OFF, NOTE_ON, ONSET

Heard = dict[str, Any]


def of(analysis: str, events: np.ndarray, hops: np.ndarray, rate: float) -> Heard:
    """Of dsp.hop.EVENT and FEATURES arrays in engine samples at `rate` Hz. Times in s, as everywhere here."""

    def told(kind: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        chosen = events[events["kind"] == kind]
        return chosen["sample_time"] / rate, chosen["known_at"] / rate, chosen["value"]

    if analysis in ("onset", "drums"):
        times, known, value = told(ONSET)
        return {"times": times, "known": known, "bands": value[:, 1].astype(int)}
    if analysis == "beat":
        times, known, value = told(BEAT)
        down = value[:, 2] == 1
        tempo = float(np.median(value[:, 0])) if len(value) else 0.0
        return {
            "times": times,
            "known": known,
            "downbeats": times[down],
            "downbeats_known": known[down],
            "tempo": tempo,
        }
    if analysis == "f0":
        times, known, value = told(F0)
        if len(times):
            return {"times": times, "known": known, "hz": value[:, 0].astype(float), "voiced": value[:, 2]}
        times, hz = hops["f0_time"] / rate, hops["f0_hz"].astype(float)
        return {"times": times, "known": hops["sample_time"] / rate, "hz": hz, "voiced": hops["voiced"]}
    if analysis == "notes":
        return _notes(events, rate)
    if analysis == "key":
        _, known, value = told(KEY)
        names = [key_name(int(v[0]), int(v[1])) for v in value]
        return {"name": names[-1] if names else "", "names": names, "known": known}
    times, known, value = told(CHORD)
    return {"times": times, "known": known, "names": [chord_name(int(v[0]), int(v[1])) for v in value]}


def _notes(events: np.ndarray, rate: float) -> Heard:
    """A note that begins again ends its former self; what still sounds at the end ends there."""
    done: list[tuple[float, float, int, float]] = []
    begun: dict[int, tuple[float, float]] = {}

    def end(midi: int, when: float) -> None:
        if midi in begun:
            start, known = begun.pop(midi)
            done.append((start, when, midi, known))

    for event in events:
        midi, when = int(event["value"][0]), event["sample_time"] / rate
        if event["kind"] == NOTE_ON:
            end(midi, when)
            begun[midi] = when, event["known_at"] / rate
        elif event["kind"] == NOTE_OFF:
            end(midi, when)
    last = float(events["known_at"][-1] / rate) if len(events) else 0.0
    for midi in list(begun):
        end(midi, last)
    done.sort()
    return {"notes": [note[:3] for note in done], "known": [note[3] for note in done]}
