"""Commands on the band: the preset's [jam] table changed, checked and saved, and the signs of a performer."""

from pathlib import Path
from typing import Any, get_args

import msgspec
import pytest

from daemon import messages as m
from daemon.ctl.said import lines
from daemon.desk.hands import Hands
from daemon.desk.learn import Mapping, Sign
from daemon.generate.live.jam import MODES, read
from daemon.midi.message import CONTROL, NOTE_ON, PROGRAM, MidiMessage
from tests.desk.engine_end import Rig

PRESET = """
[jam]
mode = "accompany"
bars = 2   # short ones

[jam.bass]
generator = "walking"

[jam.bass.constraints]
high = 50
"""


class Listed:
    """Stands where the band does: checks as it does, and shows one thing."""

    def check(self, values: dict[str, Any]) -> list[str]:
        return read(values)[1]

    def show(self) -> dict[str, Any]:
        return {}


@pytest.fixture
def rig():
    made = Rig()
    made.desk.band = Listed()
    made.start()
    yield made
    made.desk.close()


def loaded(rig: Rig, folder: Path, text: str = PRESET) -> Path:
    path = folder / "jam.toml"
    path.write_text(text)
    rig.do({"cmd": "load", "preset": str(path)})
    return path


def test_the_table_is_loaded_changed_and_saved_with_its_comments(rig: Rig, tmp_path: Path) -> None:
    path = loaded(rig, tmp_path)
    assert rig.desk.book.jam["bass"]["constraints"] == {"high": 50}
    told = rig.desk.book.jam
    rig.do(
        {"cmd": "jam", "mode": "trade"}, {"cmd": "jam_part", "part": "bass", "channel": 4, "constraints": {"low": 30}}
    )
    assert rig.desk.book.jam is not told, "whoever plays sees that there is something new"
    rig.do({"cmd": "jam_part", "part": "bass", "constraints": {"high": None}}, {"cmd": "save"})
    text = path.read_text()
    assert "# short ones" in text
    rig.do({"cmd": "load", "preset": str(path)})
    assert rig.desk.book.jam == {
        "mode": "trade",
        "bars": 2,
        "bass": {"generator": "walking", "channel": 4, "constraints": {"low": 30}},
    }
    assert {"mode": "trade"} in [one.values for one in rig.heard(m.Rack) if one.kind == "jam"]


@pytest.mark.parametrize(
    ("command", "says"),
    [
        ({"cmd": "jam", "mode": "duel"}, "choose one of answer, accompany"),
        ({"cmd": "jam", "bars": 17}, "1 to 16"),
        ({"cmd": "jam", "pulse": "fixed"}, "give tempo_bpm"),
        ({"cmd": "jam_part", "part": "bass", "generator": "tuba"}, "choose one of walking, root"),
        ({"cmd": "jam_part", "part": "tuba", "on": True}, "no key 'tuba'"),
        ({"cmd": "jam_part", "part": "mode", "on": True}, "jam: mode = "),
        ({"cmd": "jam_part", "part": "bass", "constraints": {"low": 90}}, "low 90 is above high 50"),
        ({"cmd": "jam", "seed": 1 << 70}, "64 bits"),
        ({"cmd": "jam_part", "part": "answer", "constraints": {"key": "H major"}}, "'H major' is no key"),
        ({"cmd": "jam_part", "part": "answer", "constraints": {"top_p": 2.0}}, "top_p = 2.0"),
        ({"cmd": "jam", "style": "polka"}, "there is no style 'polka'"),
    ],
)
def test_what_cannot_be_is_refused_and_changes_nothing(
    rig: Rig, tmp_path: Path, command: dict[str, Any], says: str
) -> None:
    loaded(rig, tmp_path)
    before = rig.desk.book.jam
    error = rig.ask(command)["error"]
    assert error["code"] == 422
    assert says in error["text"]
    assert rig.desk.book.jam is before


def test_what_a_preset_says_wrong_is_warned_of_and_the_rest_is_there(rig: Rig, tmp_path: Path) -> None:
    loaded(rig, tmp_path, PRESET.replace("walking", "tuba"))
    warned = [one.text for one in rig.heard(m.Rack) if one.kind == "warned"]
    assert len(warned) == 1
    assert "tuba" in warned[0]
    rig.do({"cmd": "jam", "bars": 3})


def test_signs_wait_for_the_band(rig: Rig) -> None:
    rig.do({"cmd": "jam_cue"}, {"cmd": "jam_panic"})
    assert rig.desk.book.signs == ["cue", "panic"]


def test_hands_switch_modes_and_give_signs(rig: Rig, tmp_path: Path) -> None:
    loaded(rig, tmp_path)
    hands = Hands(rig.desk)
    rig.desk.book.mappings = [
        Mapping("note", "jam", 36, jam="loop"),
        Mapping("cc", "jam", 80, jam="cue"),
        Mapping("program", "jam", 3, jam="on"),
    ]
    for status, number, value in ((NOTE_ON, 36, 90), (CONTROL, 80, 127), (CONTROL, 80, 0), (PROGRAM, 3, 0)):
        hands.feed(MidiMessage(0, "k", status, 0, number, value))
        rig.settle()
    assert (rig.desk.book.jam["mode"], rig.desk.book.jam["on"]) == ("loop", False)
    assert rig.desk.book.signs == ["cue"]
    assert set(get_args(Sign)) == {"", "on", "cue", "panic", *MODES}


def test_the_band_is_shown_to_a_person(rig: Rig) -> None:
    assert "jamd ctl jam on" in lines("jam_show", rig.do({"cmd": "jam_show"})[0])[0]
    parts = [
        m.JamPart("bass", True, "walking", "walking", 3, ["jack"]),
        m.JamPart("answer", True, "neural", "motif", 1, []),
    ]
    state = m.Jam(
        on=True, mode="trade", phase="waiting", bars=4, style="jazz", tempo_bpm=120.0, meter="4/4", key="", parts=parts
    )
    said = lines("jam_show", {"jam": {}, "state": msgspec.to_builtins(state)})
    assert said[0] == "trade, waiting, 4 bars, 120 BPM, 4/4, jazz"
    assert said[1] == "  bass     walking, channel 3, jack"
    assert "neural (by motif until it is there)" in said[2]
