"""The scores on cases made by hand: downbeats, polyphonic notes, chords' delays, and the means over sets and files."""

import math

import numpy as np
import pytest

from daemon import heard, scores
from daemon.standings import mean, standings
from dsp.hop import BEAT, EVENT, F0, FEATURES, KEY, NOTE_OFF, NOTE_ON, ONSET

RATE = 48000
BEATS = np.arange(0.0, 30.0, 0.5)


def events(*told: tuple) -> np.ndarray:
    """(kind, s, known s, values ...) as the engine gives it."""
    rows = np.zeros(len(told), EVENT)
    for row, (kind, when, known, *values) in zip(rows, told, strict=True):
        row["kind"], row["sample_time"], row["known_at"] = kind, round(when * RATE), round(known * RATE)
        row["value"][: len(values)] = values
    return rows


def of(analysis: str, told: np.ndarray) -> heard.Heard:
    return heard.of(analysis, told, np.zeros(0, FEATURES), RATE)


def test_downbeats() -> None:
    truth = {"beats": BEATS.tolist(), "downbeats": BEATS[::4].tolist()}
    right = [(BEAT, when, when - 0.1, 120.0, 0.9, 1 + k % 4) for k, when in enumerate(BEATS)]
    found = scores.of("beat", truth, of("beat", events(*right)))
    assert (found["f"], found["f_down"], found["cmlt"], found["acc1"]) == (1, 1, 1, 1)
    assert found["lead_ms"] == pytest.approx(100, abs=0.1)
    assert found["delay_ms"] == pytest.approx(-100, abs=0.1)
    late = [(BEAT, when, when, 120.0, 0.9, 1 + (k + 1) % 4) for k, when in enumerate(BEATS)]
    found = scores.of("beat", truth, of("beat", events(*late)))
    assert (found["f"], found["f_down"]) == (1, 0)
    doubled = {"times": np.arange(0, 30, 0.25)}
    found = scores.of("beat", truth, doubled)
    assert (found["cmlt"], found["acc1"], found["acc2"]) == (0, 0, 1)
    assert found["amlt"] == pytest.approx(1, abs=0.02)
    assert math.isnan(found["f_down"]), "who tells of no downbeats is not judged by them"
    assert math.isnan(scores.of("beat", {"beats": BEATS.tolist()}, doubled | {"downbeats": []})["f_down"])
    assert scores.of("beat", truth, {"times": [], "downbeats": []})["f_down"] == 0


def test_chords_of_notes() -> None:
    truth = {"notes": [[1.0, 2.0, 60], [1.0, 2.0, 64], [1.0, 2.0, 67], [3.0, 4.0, 60]]}
    told = events(
        *[(NOTE_ON, 1.01, 1.06, midi) for midi in (60, 64, 72)],
        (NOTE_OFF, 2.0, 2.02, 64),
        (NOTE_ON, 3.0, 3.04, 60),  # begins again: its former self has ended
        (NOTE_OFF, 3.5, 3.52, 60),
    )
    own = of("notes", told)
    assert [(round(a, 2), round(b, 2), midi) for a, b, midi in own["notes"]] == [
        (1.01, 2.0, 64),
        (1.01, 3.0, 60),
        (1.01, 3.52, 72),
        (3.0, 3.5, 60),
    ]
    found = scores.of("notes", truth, own)
    assert (found["f"], found["p"], found["r"]) == pytest.approx((0.75, 0.75, 0.75))
    assert found["f_with_ends"] == pytest.approx(0.25)
    assert (found["delay_ms"], found["delay_p95_ms"]) == pytest.approx((60, 60), abs=2)


def test_a_chord_is_late_where_another_is_still_told() -> None:
    truth = {"chords": [[0, 2, "C:maj"], [2, 4, "A:min7"], [4, 6, "F:maj"], [6, 8, "F:maj7"], [8, 9, "B:dim"]]}
    told = {"times": [0.0, 2.0, 5.0, 8.0], "names": ["C:maj", "A:min", "F:maj", "C:maj"], "known": [0.3, 2.5, 5.1, 8.5]}
    found = scores.of("chord", truth, told)
    assert found["delay_ms"] == pytest.approx(500)  # 0.3, 0.5 and 1.1 s; F:maj7 was F before
    assert found["majmin"] == pytest.approx(7 / 8)
    assert math.isnan(scores.of("chord", truth, {"times": [], "names": []})["delay_ms"])
    early = {"times": [0, 1.9, 3.9, 4.5, 5], "names": ["C", "A:min", "F", "C", "F"], "known": [0.3, 2.5, 3.9, 4.5, 5.0]}
    assert scores.of("chord", truth, early)["delay_ms"] == pytest.approx(400), "F was told when it began"


def test_a_key_is_settled_when_it_was_told_for_good() -> None:
    told = of("key", events((KEY, 1, 1, 0, 0), (KEY, 3, 3, 9, 1), (KEY, 5, 5, 0, 0)))
    found = scores.of("key", {"key": "C major"}, told)
    assert (found["weighted"], found["settled_s"]) == (1, 5)
    assert scores.of("key", {"key": "C major"}, {"name": "A minor"})["weighted"] == pytest.approx(0.3)
    assert scores.of("key", {"key": "C major"}, of("key", events()))["weighted"] == 0


def test_a_networks_f0_goes_before_the_engines() -> None:
    times = np.arange(0, 2, 0.01) + 0.001 * (np.arange(200) % 2)  # uneven, which mir_eval would not take as it is
    told = of("f0", events(*[(F0, t, t + 0.04, 440.0, 0.9, 1.0) for t in times]))
    found = scores.of("f0", {"f0": [times.tolist(), [440.0] * times.size]}, told)
    assert found["rpa"] == pytest.approx(1, abs=0.02)
    assert found["delay_ms"] == pytest.approx(40, abs=0.1)


def test_drums_by_band() -> None:
    truth = {"drum_onsets": {"kick": [1.0, 2.0], "snare": [1.5]}}
    told = of("drums", events((ONSET, 1, 1.01, 0.9, 0), (ONSET, 1.5, 1.51, 0.9, 1), (ONSET, 2, 2.01, 0.9, 3)))
    found = scores.of("drums", truth, told)
    assert (found["kick"], found["snare"]) == pytest.approx((2 / 3, 1))
    assert math.isnan(found["hat"])
    assert found["mean"] == pytest.approx(5 / 6)


def test_means() -> None:
    rows = {("a", "jamd"): [{"f": 1.0, "g": math.nan}] * 3, ("b", "jamd"): [{"f": 0.5, "g": 0.25}]}
    assert mean(rows["a", "jamd"])["f"] == 1
    text = standings("beat", "dev", rows, {"jamd": {"model": "hearing 1"}})
    lines = [line.split() for line in text.splitlines()]
    assert ["MEAN", "OF", "SETS", "jamd", "2", "0.750", "0.250"] in lines
    assert ["ALL", "FILES", "jamd", "4", "0.875", "0.250"] in lines
    assert ["jamd", "no", "GPL-3.0-or-later", "model", "hearing", "1"] in lines
