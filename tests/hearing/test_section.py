"""Sections: what has none is let alone; build-ups, drops, breaks and boundaries of made pieces are found, at any rate."""

from collections.abc import Iterable
from functools import cache

import numpy as np
import pytest

from daemon.engine import offline
from daemon.inputs.performance import Performance
from daemon.scoring import section_pieces, section_sound
from daemon.scoring.section import Found, table
from dsp.analysers import beat, chroma, section
from dsp.hop import BOUNDARY, BREAK, BUILD_UP, DROP, SECTION

RATE = 48000
KINDS = {"build-up": BUILD_UP, "drop": DROP, "break": BREAK, "boundary": BOUNDARY}
SEED = 64
SECONDS = 43.0


def heard(x: np.ndarray, rate: int = RATE, block: int = 8192, engine: offline.Engine | None = None) -> np.ndarray:
    """The SECTION events of mono sound."""
    engine = engine or offline.Engine(rate, 1, [chroma, beat, section])
    reader = offline.Reader(engine.state)
    found = []
    for at in range(0, x.size, block):
        engine.process(x[None, at : at + block].astype(np.float32))
        found.append(reader.read().events)
    events = np.concatenate(found)
    return events[events["kind"] == SECTION]


@cache
def piece(rate: int) -> tuple[np.ndarray, list[tuple[float, str]]]:
    made = section_sound.piece(SEED, rate)
    return made.samples[0, : int(SECONDS * rate)], [one for one in made.sections if one[0] < SECONDS]


@cache
def found(rate: int) -> np.ndarray:
    """What is heard in the piece."""
    return heard(piece(rate)[0], rate)


def times(events: Iterable, kind: int, rate: int) -> np.ndarray:
    return np.array([event["sample_time"] / rate for event in events if int(event["value"][0]) == kind])


def groove(seconds: float) -> np.ndarray:
    """One bar of the built-in band, again and again."""
    bar_s = 4 * 60 / 112
    sound = np.concatenate(list(Performance(1 + bar_s).blocks(RATE)), axis=1).mean(axis=0)
    bar = sound[int(0.1 * RATE) : int(0.1 * RATE) + round(bar_s * RATE)]
    return np.tile(bar, int(seconds / bar_s))


def applause(seconds: float) -> np.ndarray:
    """Two hundred people, each clapping at a pace of their own, who begin and stop one after the other."""
    rng, n = np.random.default_rng(3), int(seconds * RATE)
    out, t = np.zeros(n + RATE), np.arange(int(0.03 * RATE)) / RATE
    for _ in range(200):
        clap = rng.standard_normal(t.size) * np.exp(-t / rng.uniform(0.002, 0.006)) * rng.uniform(0.01, 0.05)
        pace = rng.uniform(0.18, 0.35)
        for at in np.arange(rng.uniform(0, 5), rng.uniform(seconds - 8, seconds), pace) + rng.normal(0, 0.01):
            start = max(0, int((at + rng.normal(0, 0.02)) * RATE))
            out[start : start + clap.size] += clap
    return out[:n]


def held(seconds: float, decays: bool) -> np.ndarray:
    t = np.arange(int(seconds * RATE)) / RATE
    chord = sum(np.sin(2 * np.pi * hz * k * t) / k for hz in (130.8, 164.8, 196.0, 65.4) for k in (1, 2, 3))
    return 0.05 * chord * (np.exp(-t / 6) if decays else 1)


NOTHING = {
    "silence": lambda: np.zeros(30 * RATE),
    "faint noise": lambda: np.random.default_rng(1).normal(0, 1e-4, 40 * RATE),
    "noise": lambda: np.random.default_rng(2).normal(0, 0.1, 60 * RATE),
    "groove": lambda: groove(80),
    "groove with an offset": lambda: groove(40) + 0.2,
    "clipped groove": lambda: np.clip(20 * groove(40), -1, 1),
    "applause": lambda: applause(40),
    "held chord": lambda: held(40, decays=False),
    "chord that dies away": lambda: held(30, decays=True),
    "tone": lambda: 0.5 * np.sin(2 * np.pi * 440 * np.arange(30 * RATE) / RATE),
}


@pytest.mark.parametrize("name", NOTHING)
def test_where_nothing_changes_there_is_no_section(name: str) -> None:
    events = heard(NOTHING[name]())
    assert [(event["sample_time"] / RATE, event["value"][:3].tolist()) for event in events] == []


@pytest.mark.parametrize("rate", [44100, 48000, 96000])
def test_what_was_arranged_is_found(rate: int) -> None:
    events, (_, sections) = found(rate), piece(rate)
    assert {what for _, what in sections} == set(KINDS), "the piece has one of each"
    for at, what in sections:
        window_s = 4.0 if what == "build-up" else 1.0
        assert np.abs(times(events, KINDS[what], rate) - at).min(initial=99) < window_s, (what, at)
    assert len(events) <= len(sections) + 2
    late_s = (events["known_at"] - events["sample_time"]) / rate
    assert (late_s > 0).all(), "nothing is known before it is heard"
    assert late_s[events["value"][:, 0] == DROP].max() < 1.0
    assert ((events["value"][:, 1:3] >= 0) & (events["value"][:, 1:3] <= 1)).all()


def test_a_drop_has_more_energy_than_the_break_before_it() -> None:
    energy = {int(event["value"][0]): float(event["value"][2]) for event in found(RATE)}
    assert energy[DROP] > energy[BREAK] + 0.4


def test_blocks_do_not_matter_and_a_fresh_state_is_a_reset() -> None:
    sound, whole = piece(RATE)[0], found(RATE)
    assert len(whole)
    for block in (997, 65):
        assert heard(sound, block=block).tobytes() == whole.tobytes()


def test_after_silence_all_is_as_at_the_start() -> None:
    """Twenty hours on and after a pause, sections are where they were; only how loud the set is, is remembered."""
    sound, first = piece(RATE)[0], found(RATE)
    engine = offline.Engine(RATE, 1, [chroma, beat, section])
    hop = engine.state["hop"]
    hop["end"] += 20 * 3600 * RATE // 256 * 256
    hop["index"] += 20 * 3600 * RATE // 256
    engine.kept[-1][1]["texture"]["began"] = hop["end"]
    again = heard(np.concatenate([np.zeros(5 * RATE), sound]), engine=engine)
    shift = 20 * 3600 * RATE // 256 * 256 + 5 * RATE
    assert again["value"][:, 0].tolist() == first["value"][:, 0].tolist()
    assert np.abs((again["sample_time"] - shift - first["sample_time"]) / RATE).max() < 1.0


def test_a_drop_is_found_without_beat_and_chroma() -> None:
    sound, sections = piece(RATE)
    events = heard(sound, engine=offline.Engine(RATE, 1, [section]))
    drop = next(at for at, what in sections if what == "drop")
    assert np.abs(times(events, DROP, RATE) - drop).min(initial=99) < 1.0


def test_a_set_that_goes_on_more_quietly_is_quieter_and_no_more() -> None:
    """A fader pulled down by 14 dB is a break at most; minutes later breaks are found as before."""
    loud, quiet = groove(30), 0.2 * groove(110)
    without = 0.2 * groove(12)
    spectrum = np.fft.rfft(without)
    spectrum[np.fft.rfftfreq(without.size, 1 / RATE) < 500] = 0
    events = heard(np.concatenate([loud, quiet, np.fft.irfft(spectrum, without.size), 0.2 * groove(8)]))
    said = [(int(event["value"][0]), float(event["sample_time"]) / RATE) for event in events]
    assert [one for one in said if 35 < one[1] < 130] == []
    gone = (loud.size + quiet.size) / RATE
    assert [kind for kind, at in said if abs(at - gone) < 1.0] == [BREAK]
    assert [kind for kind, at in said if abs(at - gone - without.size / RATE) < 1.0] == [DROP]


def test_figures_are_counted_piece_by_piece() -> None:
    said = [(10.1, 10.7, "drop", 1.0, 0.5), (40.0, 42.0, "break", 1.0, 0.5), (61.0, 65.0, "boundary", 1.0, 0.5)]
    one = Found("club, jamd", 0, 60.0, [(10.0, "drop"), (40.5, "break"), (58.0, "boundary"), (90.0, "drop")], said)
    rows = {line[:18].strip(): line[36:].split()[:5] for line in table([one]).splitlines()}
    assert rows["drop +-2 s"] == ["2", "1", "1.00", "0.50", "0.67"]
    assert rows["break +-2 s"] == ["1", "1", "1.00", "1.00", "1.00"]
    assert rows["boundary +-2 s"] == ["1", "1", "0.00", "0.00", "0.00"]
    assert rows["any +-3 s"] == ["4", "3", "1.00", "0.75", "0.86"]
    assert rows["any +-0.5 s"] == ["4", "3", "0.67", "0.50", "0.57"]


def test_generated_pieces_are_what_their_seed_says() -> None:
    one, two = section_pieces.arrange(SEED), section_pieces.arrange(SEED)
    assert one == two
    assert one.notes != section_pieces.arrange(SEED + 2).notes
    assert all(0 < at < one.seconds for at, _ in one.sections)
