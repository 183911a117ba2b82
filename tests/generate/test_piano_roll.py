"""The piano roll: every note is where it belongs, in text and in the picture, whatever the width."""

import xml.etree.ElementTree as ET

from hypothesis import given, settings
from hypothesis import strategies as some

from daemon.outputs.piano_roll import ANSWERED, BAND, DRUM, HEARD, LABEL, Page, Rolled, gaps, rows, systems
from daemon.outputs.piano_roll_svg import picture

PAGE = Page(0, 192, 96, 24)
SVG = "{http://www.w3.org/2000/svg}"


def drawn(notes: list[Rolled], page: Page = PAGE, width: int = 80, height: int = 14, plain: bool = False) -> list[str]:
    return [line.plain for line in rows(notes, page, width, height, plain)]


def test_a_note_is_in_the_row_of_its_pitch_and_the_columns_of_its_time():
    lines = drawn([Rolled(0, 24, 60, HEARD), Rolled(96, 120, 60, ANSWERED)], plain=True)
    [row] = [line for line in lines if line.startswith("  C4")]
    cells = row[LABEL + 1 :]
    bars = cells.split("|")[1:]
    assert len(bars) == 2
    per_beat = len(bars[0]) // 4
    assert bars[0][:per_beat] == "o" * per_beat
    assert bars[0][per_beat:].strip(" .") == ""
    assert bars[1][:per_beat] == "#" * per_beat


def test_heard_and_answered_differ_without_colour():
    for plain in (True, False):
        heard = "".join(drawn([Rolled(0, 24, 60, HEARD)], plain=plain))
        answered = "".join(drawn([Rolled(0, 24, 60, ANSWERED)], plain=plain))
        band = "".join(drawn([Rolled(0, 24, 60, BAND)], plain=plain))
        assert len({heard, answered, band}) == 3


def test_two_neighbours_share_a_row_and_both_are_seen():
    [row] = [line for line in rows([Rolled(0, 24, 60, HEARD), Rolled(0, 24, 61, ANSWERED)], PAGE, 80, 14)
             if line.plain.startswith("  C4")]  # fmt: skip
    span = next(span for span in row.spans if " on " in str(span.style))
    assert str(span.style) == "#E69F00 on #56B4E9"  # above, below


def test_bars_are_numbered_and_chords_named():
    ruler, chords, *_ = drawn([], PAGE._replace(chords=((0, "Dm7"), (96, "G7")), number=1))
    assert ruler.split() == ["1", "2"]
    assert chords.split() == ["Dm7", "G7"]
    assert chords.index("G7") == ruler.index("2")


def test_drums_have_a_row():
    lines = drawn([Rolled(0, 6, 36, DRUM), Rolled(24, 30, 38, DRUM), Rolled(48, 54, 42, DRUM)])
    assert lines[-1].startswith("drum")
    assert [mark for mark in lines[-1][LABEL:] if mark in "ox."] == ["o", "x", "."]


def test_chords_said_again_are_left_out():
    assert gaps([(0, "C"), (24, "C"), (48, "G"), (96, "C")]) == ((0, "C"), (48, "G"), (96, "C"))


@settings(max_examples=60, deadline=None)
@given(
    some.lists(some.tuples(some.integers(0, 800), some.integers(1, 200), some.integers(0, 127), some.integers(1, 4))),
    some.integers(1, 140),
    some.integers(1, 30),
    some.sampled_from([(96, 24), (72, 36), (72, 24), (84, 12), (120, 24)]),
    some.booleans(),
)
def test_any_notes_in_any_terminal(notes, width: int, height: int, meter: tuple[int, int], plain: bool):
    page = Page(0, 8 * meter[0], *meter, chords=((0, "C"), (meter[0], "G7")), now=100.0, number=1)
    rolled = [Rolled(tick, tick + length, pitch, who) for tick, length, pitch, who in notes]
    lines = systems(rolled, page, width, height, plain)
    step = 6
    least = LABEL + 1 + meter[0] // step + 1  # one bar in sixteenths
    assert all(line.cell_len <= max(width, least) for line in lines)
    assert all(ord(char) < 128 for line in lines for char in line.plain) or not plain
    ET.fromstring(picture(rolled, page, "a < b"))


def test_the_picture_has_every_note_once():
    notes = [
        Rolled(0, 24, 60, HEARD),
        Rolled(24, 48, 64, HEARD),
        Rolled(96, 120, 67, ANSWERED),
        Rolled(96, 190, 48, BAND),
    ]
    root = ET.fromstring(picture([*notes, Rolled(0, 6, 36, DRUM)], PAGE, "duet"))
    named = [rect for rect in root.iter(f"{SVG}rect") if rect.find(f"{SVG}title") is not None]
    assert sorted(rect.find(f"{SVG}title").text for rect in named) == ["C3", "C4", "E4", "G4"]
    fills = {rect.find(f"{SVG}title").text: rect.get("fill-opacity") for rect in named}
    assert fills["G4"] is None  # what was answered is filled
    assert fills["C4"] is not None  # what was heard is an outline
    assert len(list(root.iter(f"{SVG}circle"))) == 1
