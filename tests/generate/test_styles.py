"""Styles as data: those that come with jamd are sound, and a mistake in one is named with its key and the remedy."""

import copy
import tomllib
from pathlib import Path

import pytest

from daemon.generate.context import Meter
from daemon.generate.masks import check
from daemon.generate.note import PARTS
from daemon.generate.rules import rhythm, styles
from daemon.generate.rules.rhythm import Hit
from daemon.generate.rules.style import Style
from daemon.generate.rules.styles import StyleError

FOLDER = Path(styles.__file__).parents[3] / "presets" / "styles"
NAMES = sorted(path.stem for path in FOLDER.glob("*.toml"))
FOUR, THREE, SIX, FIVE = Meter(4, 4), Meter(3, 4), Meter(6, 8), Meter(5, 4)


def test_the_styles_that_were_promised_are_there():
    assert {"jazz", "folk", "pop", "techno", "ambient"} <= set(NAMES) == set(styles.names())


@pytest.mark.parametrize("name", NAMES)
def test_a_style_gives_each_part_constraints_that_hold_together(name):
    style = styles.load(name)
    for part in range(len(PARTS)):
        check(style.constraints(part))
    assert style.chords.constraints.polyphony >= 3
    assert style.name
    assert style.about
    assert styles.load(str(FOLDER / f"{name}.toml")) == style


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("energy", [0.0, 0.5, 1.0])
def test_a_style_has_a_pattern_for_every_energy_in_four_four(name, energy):
    style = styles.load(name)
    for patterns in (style.chords.patterns, style.bass.patterns):
        pool = [patterns[index] for index in rhythm.fitting((pattern.grid for pattern in patterns), FOUR)]
        assert any(pattern.energy[0] <= energy <= pattern.energy[1] for pattern in pool)


MISTAKES = [
    ({"swign": 0.6}, "swign: there is no such key; did you mean 'swing'?"),
    ({"swing": 0.9}, "swing: expected float <= 0.75, but is 0.9 (0.5 straight to 0.75)"),
    ({"chords": {"voicing": "drop3"}}, "chords.voicing: invalid enum value 'drop3', but is 'drop3'; choose one of"),
    (
        {"chords": {"patterns": [{"grid": "x"}, {"grid": "x", "weigth": 2}]}},
        "chords.patterns[1].weigth: there is no such",
    ),
    ({"chords": {"patterns": [{"weight": 2.0}]}}, "chords.patterns[0]: has no grid; give it"),
    ({"chords": {"patterns": [{"grid": "xz"}]}}, "chords.patterns[0].grid: there is no mark 'z'; write x struck"),
    ({"chords": {"patterns": [{"grid": "x-- x-"}]}}, "chords.patterns[0].grid: 'x-- x-' is no rhythm; give a group of"),
    ({"chords": {"patterns": [{"grid": ""}]}}, "chords.patterns[0].grid: '' is no rhythm"),
    ({"chords": {"patterns": []}}, "chords.patterns: there is none; give one or more"),
    (
        {"bass": {"patterns": [{"grid": "R", "energy": [0.8, 0.2]}]}},
        "bass.patterns[0].energy: 0.8 is above 0.2; exchange",
    ),
    ({"bass": {"constraints": {"low": 60, "high": 40}}}, "bass.constraints: low 60 is above high 40"),
    ({"bass": {"constraints": {"lwo": 60}}}, "bass.constraints.lwo: there is no such key; did you mean 'low'?"),
    (
        {"drums": {"grooves": [{"drums": {"kik": "x"}}]}},
        "drums.grooves[0].drums: there is no drum 'kik'; did you mean 'kick'?",
    ),
    ({"drums": {"grooves": [{"drums": {"kick": 3}}]}}, "drums.grooves[0].drums.kick: expected str, got int, but is 3"),
    (
        {"drums": {"grooves": [{"drums": {"kick": "x x", "hat": "x"}}]}},
        "drums.grooves[0].drums: its grids differ in length",
    ),
    ({"drums": {"layers": {"hatt": 0.1}}}, "drums.layers: there is no drum 'hatt'; did you mean 'hat'?"),
    (
        {"drums": {"layers": {"hat": 1.5}}},
        "drums.layers.hat: expected float <= 1.0, but is 1.5 (0.0 hushed to 1.0 all out)",
    ),
    ({"drums": {"crash": "gong"}}, "drums.crash: there is no drum 'gong'"),
    ({"drums": 3}, "drums: expected object, got int, but is 3"),
]


@pytest.mark.parametrize(("values", "says"), MISTAKES, ids=[says.split(":")[0] for _, says in MISTAKES])
def test_a_mistake_is_named_with_its_key_and_the_remedy(tmp_path, values, says):
    with pytest.raises(StyleError) as error:
        styles.parse(copy.deepcopy(values))
    assert str(error.value).startswith(says)
    assert "\n" not in str(error.value)


def test_a_file_that_cannot_be_read_is_named(tmp_path):
    with pytest.raises(
        StyleError, match=r"there is no style 'jaz'; did you mean 'jazz'\?; or give the path of a \.toml file"
    ):
        styles.load("jaz")
    with pytest.raises(StyleError, match=r"gone\.toml: No such file or directory; give the path of a style"):
        styles.load(str(tmp_path / "gone.toml"))
    broken = tmp_path / "broken.toml"
    broken.write_text("name = ")
    with pytest.raises(StyleError, match=r"broken\.toml: not valid TOML"):
        styles.load(str(broken))
    broken.write_bytes(b"\xff\xfe")
    with pytest.raises(StyleError, match=r"broken\.toml: not a text file"):
        styles.load(str(broken))
    broken.write_text("[chords]\nvoices = 9\n")
    with pytest.raises(StyleError, match=r"broken\.toml: chords\.voices: expected int <= 6, but is 9 \(2 to 6\)"):
        styles.load(str(broken))


def test_the_readmes_style_is_one():
    text = (FOLDER / "README.md").read_text(encoding="utf-8")
    style = styles.parse(tomllib.loads(text.split("```toml\n")[1].split("```")[0]))
    assert style.chords.voicing == "rootless"
    assert all(f"`{name}`" in text for name in NAMES)


def test_an_empty_file_is_a_style():
    assert styles.parse(tomllib.loads("")) == Style()


def test_a_grid_is_struck_and_held_where_it_says():
    assert rhythm.bar("x--- --x- .... ----", FOUR, 0) == (Hit(0, 36, "x"), Hit(36, 12, "x"))
    assert rhythm.bar("x x- .x ..", FOUR, 0) == (Hit(0, 24, "x"), Hit(24, 24, "x"), Hit(60, 12, "x"))


def test_a_grid_of_two_bars_takes_turns():
    grid = "x . . . . x . ."
    assert [[hit.tick for hit in rhythm.bar(grid, FOUR, bar)] for bar in range(3)] == [[0], [24], [0]]


def test_a_grid_is_fitted_to_any_meter():
    assert [hit.tick for hit in rhythm.bar("x x x x", THREE, 0)] == [0, 24, 48]
    assert [hit.tick for hit in rhythm.bar("x X . .", FIVE, 0)] == [0, 24, 96]
    assert [hit.tick for hit in rhythm.bar("xx xx xx xx", Meter(12, 8), 0)] == [
        0,
        24,
        36,
        60,
        72,
        96,
        108,
        132,
    ]  # a shuffle
    assert [hit.tick for hit in rhythm.bar("x.x x.x", FOUR, 0)] == [0, 12, 24, 36, 48, 60, 72, 84]
    assert [hit.tick for hit in rhythm.bar("x. x. x. xx", Meter(7, 8), 0)] == [0, 24, 48, 72]
    grids = ["x x x x", "x x x", "xxx xxx"]
    assert [rhythm.fitting(grids, meter) for meter in (FOUR, THREE, SIX)] == [[0], [1], [2]]


def test_a_stretch_is_the_same_in_pieces():
    """But for what is held over a piece's end, which is struck again as a tie."""
    grid = "x--x --.. .x-. x---"
    whole = rhythm.stretch(lambda bar: grid, FOUR, 0, 384)
    pieces = [hit for tick in range(0, 384, 24) for hit in rhythm.stretch(lambda bar: grid, FOUR, tick, 24)]
    assert [hit for hit in pieces if hit.mark != "-"] != pieces
    joined: list[Hit] = []
    for hit in pieces:
        if hit.mark == "-":
            assert joined[-1].tick + joined[-1].length == hit.tick
            joined[-1] = joined[-1]._replace(length=joined[-1].length + hit.length)
        else:
            joined.append(hit)
    assert joined == whole


def test_what_is_off_the_grid_is_struck_before_where_there_is_room():
    hits = [Hit(6, 6, "x"), Hit(14, 6, "X"), Hit(18, 12, "x"), Hit(28, 12, "x")]
    assert rhythm.on_grid(hits, 12, 6) == [Hit(12, 8, "X"), Hit(24, 16, "x")]
