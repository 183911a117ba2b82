"""Shows: any table gives a show or errors that help, levels stay levels, and nothing flashes more often than it may."""

import math
import re
import tomllib
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from daemon.lights.look import Look
from daemon.lights.sacn import CHANNELS
from daemon.lights.scene import Scene, Song
from daemon.lights.show import COLOURS, DEFAULT, Source, read

STEP, MOST, WINDOW_S = 0.1, 4, 1.0  # of full brightness; as the documents say
PRESETS = Path(__file__).parents[2] / "presets"
PAR = {"channels": ["red", "green", "blue"]}
words = some.sampled_from([*get_args(Source), *COLOURS, "from", "pulse", "chroma", "palette", "#123456", "#12345g", ""])
numbers = some.integers(-2, 600) | some.floats() | some.floats(0, 1)
junk = words | numbers | some.booleans() | some.lists(words | numbers, max_size=3)


def table(**keys: some.SearchStrategy) -> some.SearchStrategy:
    """A table that may have these keys, and may have others."""
    return some.fixed_dictionaries({}, optional=keys | {"nonsense": junk})


driver = table(**{
    "from": some.sampled_from(get_args(Source)),
    "shape": some.sampled_from(["pulse", "saw", "sine", "square"]),
    **dict.fromkeys(("gain", "floor", "ceiling", "attack_ms", "release_ms", "every", "offset", "spread"), numbers),
    **dict.fromkeys(("note", "channel", "number"), some.integers(-2, 130)),
    "invert": some.booleans(),
})  # fmt: skip
colour = table(**{
    "from": some.sampled_from(["fixed", "chroma", "chord", "key", "note", "palette"]),
    "colours": some.lists(words, max_size=3),
    "step": some.sampled_from(["beat", "bar", "section", "kick"]),
    **dict.fromkeys(("saturation", "glide_ms", "spread"), numbers),
})  # fmt: skip
fixture = table(
    channels=some.lists(
        some.sampled_from(["red", "green", "blue", "white", "dimmer", "strobe", "uv", "none"]), max_size=6
    ),
    address=some.integers(-1, 520),
    universe=some.integers(0, 3),
    count=some.integers(0, 9),
    group=words,
    dimmer=driver | junk,
    colour=colour | junk,
    values=some.dictionaries(some.sampled_from(["uv", "strobe", "dimmer", "red"]), driver | junk, max_size=2),
)
lights = table(
    master=numbers,
    masters=some.dictionaries(words, numbers, max_size=2),
    strobe_allowed=some.lists(some.sampled_from(["a", "b", "z"]), max_size=2) | junk,
    safe=table(dimmer=numbers, colour=words) | junk,
    fixtures=some.dictionaries(some.sampled_from("ab"), fixture | junk, max_size=2) | junk,
)


def scene(numbers: np.random.Generator, now_s: float) -> Scene:
    """Something is going on."""
    one = Scene()
    one.levels = dict(zip(("level", "low", "mid", "high"), numbers.uniform(0, 1, 4).tolist(), strict=True))
    one.energy = float(numbers.uniform())
    for name in ("attack", "onset", "kick", "snare", "hat", "section"):
        if numbers.uniform() < 0.7:
            one.hit(name, now_s - float(numbers.exponential(0.1)), float(numbers.uniform(0, 1)))
    one.chroma = numbers.uniform(0, 1, 12) * (numbers.uniform() < 0.8)
    one.chord_root, one.key_tonic = int(numbers.integers(-1, 12)), int(numbers.integers(-1, 12))
    one.sections, one.kicks = int(numbers.integers(9)), int(numbers.integers(9))
    one.note(0, 60, int(numbers.integers(1, 128)), True, now_s)
    one.controls[0, 1] = float(numbers.uniform())
    if numbers.uniform() < 0.9:
        one.song = Song(now_s - 1.0, float(numbers.uniform(-4, 9)), float(numbers.uniform(0.3, 7)), 4, True)
    return one


@given(lights, some.integers(0, 2**32 - 1), some.sampled_from(["on", "blackout", "safe"]))
@settings(deadline=None, derandomize=True, max_examples=200)
def test_any_table_gives_levels(values: dict[str, Any], seed: int, state: str) -> None:
    show, problems = read(values)
    assert all(line.startswith("lights") and "\n" not in line for line in problems)
    look, numbers = Look(show), np.random.default_rng(seed)
    for turn in range(3):
        levels = look.levels(scene(numbers, turn * 0.1), turn * 0.1, 0.02, state)
        assert set(levels) == {one.universe for one in show.fixtures.values()}
        assert all(len(found) == CHANNELS for found in levels.values())


WRONG = {
    "dimer": ({"par": PAR | {"dimer": 1}}, r"lights\.fixtures\.par: there is no 'dimer'; did you mean 'dimmer'\?"),
    "source": (
        {"par": PAR | {"dimmer": {"from": "kik"}}},
        r"lights\.fixtures\.par\.dimmer\.from: .*'kik'; give one of .*kick",
    ),
    "shorthand": ({"par": PAR | {"dimmer": "kik"}}, r"lights\.fixtures\.par\.dimmer = 'kik': .*did you mean 'kick'\?"),
    "driver's key": (
        {"par": PAR | {"dimmer": {"from": "kick", "relase_ms": 9}}},
        r"lights\.fixtures\.par\.dimmer: there is no 'relase_ms'; did you mean 'release_ms'\?",
    ),
    "range": (
        {"par": PAR | {"dimmer": {"from": "kick", "floor": 2.0}}},
        r"lights\.fixtures\.par\.dimmer\.floor: .*1\.0",
    ),
    "colour": ({"par": PAR | {"colour": "blu"}}, r"lights\.fixtures\.par\.colour: 'blu' .*did you mean 'blue'\?"),
    "no channels": ({"par": {"channels": []}}, r"lights\.fixtures\.par\.channels: give at least one"),
    "too far": ({"par": PAR | {"address": 511}}, r"lights\.fixtures\.par: its last channel would be 513; .*512"),
    "overlap": ({"a": PAR, "b": PAR | {"address": 3}}, r"lights\.fixtures\.b: 'a' has channels .*another address"),
    "values": ({"par": PAR | {"values": {"ub": 1}}}, r"lights\.fixtures\.par\.values: it has no channel 'ub'"),
    "no table": ({"par": 3}, r"lights\.fixtures\.par: .*a table"),
}


@pytest.mark.parametrize("case", WRONG)
def test_an_error_names_fixture_key_and_remedy(case: str) -> None:
    fixtures, said = WRONG[case]
    _, problems = read({"fixtures": fixtures})
    assert len(problems) == 1
    assert re.match(said, problems[0]), problems[0]


def test_who_may_strobe_must_be_there() -> None:
    _, problems = read({"strobe_allowed": ["flsh"], "fixtures": {"flash": PAR}})
    assert problems == ["lights.strobe_allowed: there is no 'flsh'; did you mean 'flash'?"]


def flashes(levels: list[float], step: float) -> list[int]:
    """Where light rises by a step after it fell by one: counted with the whole course in view, unlike the limit itself."""
    turns, low, high, rising = [], levels[0], levels[0], False
    for k, level in enumerate(levels):
        if rising:
            high = max(high, level)
            if level <= high - step:
                rising, low = False, level
        else:
            low = min(low, level)
            if level >= low + step:
                rising, high = True, level
                turns.append(k)
    return turns


DRIVERS = [
    {"from": source, "release_ms": release, "shape": shape, "every": 0.125, "invert": invert}
    for source in ("level", "attack", "onset", "kick", "beat", "bar", "note", "control", "energy")
    for release, shape, invert in ((0.0, "square", False), (50.0, "pulse", True), (100.0, "sine", False))
]
LAMPS = {
    "rgb": ["red", "green", "blue"],
    "rgbw": ["red", "green", "blue", "white"],
    "dimmer": ["dimmer", "red", "green", "blue"],
    "uv": ["uv"],
    "strobe": ["dimmer", "strobe"],
}


@given(
    some.sampled_from(DRIVERS),
    some.sampled_from(list(LAMPS)),
    some.sampled_from([["white"], ["white", "black"], ["red", "blue"], ["white", "blue"]]),
    some.integers(0, 2**32 - 1),
    some.sampled_from([0.005, 0.04]),
)
@settings(deadline=None, derandomize=True, max_examples=60)
def test_no_channel_flashes_more_than_four_times_a_second(
    driver: dict[str, Any], lamp: str, colours: list[str], seed: int, step_s: float
) -> None:
    channels = LAMPS[lamp]
    one = {"channels": channels, "dimmer": driver, "colour": {"from": "palette", "colours": colours, "step": "kick"}}
    one["colour"]["glide_ms"] = 0.0
    one["values"] = {name: driver for name in channels if name in ("uv", "strobe")}
    show, problems = read({"fixtures": {"one": one}})
    assert not problems
    look, numbers = Look(show), np.random.default_rng(seed)
    count = round(2.5 / step_s)
    shown = np.array(
        [
            list(look.levels(scene(numbers, k * step_s), k * step_s, 0.0)[1][: len(channels)])
            for k in range(count)
        ]
    )  # fmt: skip
    for course in shown.T / 255.0:
        turns = flashes(course.tolist(), STEP + 1 / 255)  # levels are whole numbers
        for first, fifth in zip(turns, turns[MOST:], strict=False):
            assert (fifth - first) * step_s > WINDOW_S - 2.5 * step_s  # and so may be seen to rise a look later


def test_who_is_allowed_by_name_may() -> None:
    fast = {"from": "beat", "every": 0.25, "shape": "square"}
    show, _ = read({"strobe_allowed": ["a"], "fixtures": {"a": {"channels": ["dimmer"], "dimmer": fast}}})
    look, one = Look(show), Scene()
    one.song = Song(0.0, 0.0, 2.0, 4, True)
    shown = [look.levels(one, k * 0.01, 0.0)[1][0] / 255 for k in range(200)]
    assert len(flashes(shown, STEP)) >= 15  # eight a second


def test_light_follows_the_beat_that_is_foreseen() -> None:
    show, _ = read({"fixtures": {"a": {"channels": ["dimmer"], "dimmer": {"from": "beat", "shape": "square"}}}})
    song = Song(10.0, 4.0, 2.0, 4, True)
    for ahead_s in (0.0, 0.02):
        look, one = Look(show), Scene()
        one.song = song
        course = [look.levels(one, 9.4 + k * 0.001, ahead_s)[1][0] for k in range(1000)]
        up = [9.4 + k * 0.001 for k in range(1, 1000) if course[k] > course[k - 1]]
        assert [round(at - ahead, 3) for at, ahead in zip(up, (9.5 - ahead_s, 10.0 - ahead_s), strict=True)] == [
            0.0,
            0.0,
        ]


def test_attack_and_release() -> None:
    hit = {"from": "kick", "attack_ms": 10.0, "release_ms": 300.0}
    show, _ = read({"fixtures": {"a": {"channels": ["dimmer"], "dimmer": hit}}})
    look, one = Look(show), Scene()
    one.hit("kick", 1.0, 1.0)
    at = {ms: look.levels(one, 1.0 + ms / 1000, 0.0)[1][0] for ms in (0, 5, 10, 110, 310)}
    assert (at[0], at[5], at[10]) == (0, 127, 255)
    assert at[110] == round(255 / math.e)
    assert at[310] < 15


def test_a_note_that_is_said_ahead_lights_when_it_sounds() -> None:
    pluck = {"from": "note", "channel": 10, "note": 36, "release_ms": 300.0}
    show, _ = read({"fixtures": {"a": {"channels": ["dimmer"], "dimmer": pluck}}})
    look, one = Look(show), Scene()
    for at in (1.0, 1.0001):  # for two ports
        one.note(9, 36, 127, True, at)
    one.note(9, 36, 0, False, 1.05)
    one.note(9, 37, 127, True, 0.5)
    shown = {at: look.levels(one, at, 0.0)[1][0] for at in (0.9, 0.99, 1.0, 1.04)}
    assert shown == {0.9: 0, 0.99: 0, 1.0: 255, 1.04: 255}
    one.note(9, 36, 64, True, 1.2)  # the next is known, and this one rings on
    assert look.levels(one, 1.15, 0.0)[1][0] == round(255 / math.e)
    assert Look(show).levels(one, 1.19, 0.02)[1][0] == round(255 * 64 / 127)  # a slow rig is sent it early


def test_masters_blackout_and_the_safe_look() -> None:
    values = {
        "masters": {"front": 0.5},
        "safe": {"dimmer": 0.2, "colour": "white"},
        "fixtures": {"a": PAR | {"group": "front"}, "b": PAR | {"address": 4}},
    }
    show, problems = read(values)
    assert not problems
    look = Look(show)
    look.master = 0.5
    assert list(look.levels(Scene(), 0.0, 0.0)[1][:6]) == [64] * 3 + [128] * 3
    assert not any(look.levels(Scene(), 1.0, 0.0, "blackout")[1])
    assert list(look.levels(Scene(), 2.0, 0.0, "safe")[1][:7]) == [51] * 6 + [0]  # whatever the masters say


def test_without_a_table_there_are_eight_pars() -> None:
    show, problems = read({})
    assert not problems and read(DEFAULT)[0] == show
    assert any(Look(show).levels(Scene(), 0.0, 0.0)[1][:24])


@pytest.mark.parametrize("path", sorted(PRESETS.glob("*.toml")), ids=lambda path: path.stem)
def test_a_preset_s_lights_can_be(path: Path) -> None:
    values = tomllib.loads(path.read_text()).get("lights", {})
    show, problems = read(values)
    assert not problems and show.fixtures
    assert show.strobe_allowed == []
    assert bool(values) == (path.stem in ("techno", "dj", "demo"))


def test_pitch_classes_lie_by_fifths() -> None:
    show, _ = read({"fixtures": {"a": PAR | {"colour": {"from": "key", "glide_ms": 0.0}}}})
    look, one = Look(show), Scene()
    seen = {}
    for tonic in range(12):
        one.key_tonic = tonic
        seen[tonic] = np.array(list(look.levels(one, float(tonic), 0.0)[1][:3]), float)
    assert list(seen[0]) == [255, 0, 0]
    assert np.abs(seen[0] - seen[7]).sum() < np.abs(seen[0] - seen[1]).sum()  # G is nearer to C than C sharp is
