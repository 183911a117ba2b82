"""The bridge: the engine's fixed-size records become the wire's typed messages. The only place that knows both."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from daemon import messages as m
from daemon.engine.offline import Found
from dsp import harmony
from dsp.hop import BEAT, CHORD, F0, KEY, NOTE_OFF, NOTE_ON, ONSET, SECTION


def messages(found: Found, rate: int, dense: bool = True, f0_of_hops: bool = True) -> Iterator[m.Message]:
    """Messages of what a read of the rings gave, in the order it became known; times in samples. [main]

    `f0_of_hops`: F0 is what the hops say, and not left to events.
    """
    events = found.events if dense and not f0_of_hops else found.events[found.events["kind"] != F0]
    waiting = iter(events)
    event = next(waiting, None)
    for hop in found.hops:
        while event is not None and event["known_at"] < hop["sample_time"]:  # a network's: the engine's come with hops
            yield of_event(event, rate)
            event = next(waiting, None)
        if dense:
            yield from (one for one in of_hop(hop, rate) if f0_of_hops or not isinstance(one, m.F0))
        while event is not None and event["known_at"] <= hop["sample_time"]:
            yield of_event(event, rate)
            event = next(waiting, None)
    while event is not None:
        yield of_event(event, rate)
        event = next(waiting, None)


def of_hop(hop: np.void, rate: int) -> tuple[m.Message, ...]:
    """The dense messages of one dsp.hop.FEATURES record."""
    known: dict[str, Any] = {"rate": rate, "known_at": int(hop["sample_time"])}

    def values(*names: str) -> list[float]:
        return [float(hop[name]) for name in names]

    peak, rms, momentary, short_term = values("peak", "rms", "momentary_lufs", "short_term_lufs")
    low, mid, high, centroid, flatness, strength = values(
        "low", "mid", "high", "centroid_hz", "flatness", "onset_strength"
    )
    f0_hz, confidence, tuning = values("f0_hz", "f0_confidence", "tuning_cents")
    return (
        m.Level(
            **known,
            sample_time=int(hop["sample_time"]),
            peak=peak,
            rms=rms,
            momentary_lufs=momentary,
            short_term_lufs=short_term,
        ),
        m.Bands(
            **known,
            sample_time=int(hop["spectrum_time"]),
            low=low,
            mid=mid,
            high=high,
            centroid_hz=centroid,
            flatness=flatness,
            onset_strength=strength,
        ),
        m.F0(
            **known,
            sample_time=int(hop["f0_time"]),
            f0_hz=f0_hz,
            confidence=confidence,
            voiced=bool(hop["voiced"]),
        ),
        m.Chroma(**known, sample_time=int(hop["chroma_time"]), tuning_cents=tuning, chroma=hop["chroma"].tolist()),
    )


def of_event(event: np.void, rate: int) -> m.Message:
    """The message of one dsp.hop.EVENT record."""
    a, b, c, d = (float(v) for v in event["value"][:4])
    when: dict[str, Any] = {"rate": rate, "sample_time": int(event["sample_time"]), "known_at": int(event["known_at"])}
    kind = int(event["kind"])
    if kind == ONSET:
        return m.Onset(**when, strength=a, band=m.BANDS[int(b)])
    if kind == NOTE_ON:
        return m.NoteOn(**when, midi=int(a), name=harmony.note_name(int(a)), cents=b, velocity=int(c), f0_hz=d)
    if kind == NOTE_OFF:
        return m.NoteOff(**when, midi=int(a), name=harmony.note_name(int(a)))
    if kind == BEAT:
        return m.Beat(**when, tempo_bpm=a, confidence=b, position=int(c))
    if kind == CHORD:
        name = harmony.chord_name(int(a), int(b))
        return m.Chord(**when, name=name, root=-1 if name == "N" else int(a), bass=int(d), confidence=c)
    if kind == KEY:
        name = harmony.key_name(int(a), int(b))
        return m.Key(**when, name=name, tonic=int(a), mode=harmony.MODES[int(b)], confidence=c)
    if kind == F0:
        return m.F0(**when, f0_hz=a, confidence=b, voiced=c > 0)
    if kind == SECTION:
        return m.Section(**when, what=m.SECTIONS[int(a)], confidence=b, energy=c)
    raise ValueError(f"event kind {kind} has no message")
