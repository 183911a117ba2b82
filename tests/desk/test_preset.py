"""Presets: what a person writes is read as far as it can be read, and what is saved is read again as it was."""

import json
import os
import re
import shutil
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from daemon.desk import layout
from daemon.desk.learn import Mapping
from daemon.desk.preset import FOLDERS, Preset, PresetError, find, load, save
from daemon.desk.snapshot import ChainLevels, Snapshot
from daemon.rack.model import Chain, Document, Send, Slot, check

WRITTEN = """\
# For Saturday
name = "Guitar"   # the red one

[[chain]]
name = "guitar"
input = "input:1"  # jack 1

# the gate first
[[chain.plugin]]
name = "gate"
plugin = "lv2:urn:zamaudio:ZamGateX2"
[chain.plugin.params]
thr = "-48 dB"   # the room's noise
att = 0.25

[[chain.plugin]]
name = "drive"
plugin = "lv2:urn:zamaudio:ZamTube"

[[chain.send]]
to = "echo"
gain_db = -12

[[chain]]
name = "echo"
input = "none"

[[snapshot]]
name = "lead"  # louder
bypass = { gate = true }
params.drive = { tubedrive = 0.9 }
chains.guitar = { gain_db = 2 }

[[map]]
kind = "cc"
number = 1
to = "param"
plugin = "drive"
param = "tubedrive"
"""

MAP = "gain_db = -12\n[[map]]\nkind = 'cc'\nto = 'param'\n"


def written(folder: Path, text: str) -> Path:
    path = folder / "saturday.toml"
    path.write_text(text)
    return path


def test_a_preset_is_read_as_it_is_written(tmp_path: Path) -> None:
    preset, problems = load(written(tmp_path, WRITTEN))
    assert problems == []
    guitar, echo = preset.document.chains
    assert preset.name == "Guitar"
    assert (guitar.name, guitar.input, guitar.sends) == ("guitar", "input:1", [Send("echo", -12.0)])
    assert guitar.plugins[0] == Slot("lv2:urn:zamaudio:ZamGateX2", "gate", {"thr": "-48 dB", "att": 0.25})
    assert echo.input == "none"
    levels = {"guitar": ChainLevels(gain_db=2.0)}
    assert preset.snapshots == [
        Snapshot("lead", params={"drive": {"tubedrive": 0.9}}, bypass={"gate": True}, chains=levels)
    ]
    assert preset.mappings == [Mapping("cc", "param", 1, plugin="drive", param="tubedrive")]


def test_an_empty_file_is_an_empty_preset_of_its_own_name(tmp_path: Path) -> None:
    assert load(written(tmp_path, "")) == (Preset("saturday"), [])


@pytest.mark.parametrize(
    ("before", "after", "says"),
    [
        ('name = "Guitar"', 'nmae = "Guitar"', "there is no key 'nmae'; did you mean 'name'?"),
        ('input = "input:1"', 'inptu = "input:1"', "chain 'guitar': there is no key 'inptu'; did you mean 'input'?"),
        ('input = "input:1"', 'input = "line"', "chain 'guitar': input = 'line'; choose one of input, input:1"),
        ('input = "input:1"', "pan = 1.5", "chain 'guitar': pan = 1.5; give -1.0 (left) to 1.0 (right)"),
        ('input = "input:1"', "pan = nan", "chain 'guitar': pan = nan; give -1.0 (left) to 1.0 (right)"),
        ('input = "input:1"', "mute = 1", "chain 'guitar': mute = 1; give true or false"),
        ('input = "input:1"', "channel = 17", "chain 'guitar': channel = 17; give 1 to 16, or 0 for all"),
        ('input = "input:1"', "uid = 3", "chain 'guitar': there is no key 'uid'"),
        ("att = 0.25", "att = 25", "plugin 'gate', params: att = 25; give a normalised value, 0.0 to 1.0 or a text"),
        ("att = 0.25", "att = 1970-01-01", "plugin 'gate', params: att = datetime.date(1970, 1, 1); give"),
        ('plugin = "lv2:urn:zamaudio:ZamTube"', "mix = 0.5", "plugin 'drive': has no plugin; give a text"),
        ('to = "echo"', 'to = "ecko"', "there is no chain 'ecko' to send to; did you mean 'echo'?"),
        ('to = "echo"', 'to = "guitar"', "chain 'guitar' sends to itself"),
        ('input = "none"', 'input = "none"\nto = "guitar"', "send to each other in a loop"),
        ('name = "echo"', 'name = "guitar"', "two chains are called 'guitar'"),
        ('name = "drive"', 'name = "gate"', "two plugins are called 'gate'"),
        ("params.drive", "params.drvie", "snapshot 'lead', params: there is no plugin 'drvie'; did you mean 'drive'?"),
        ("chains.guitar", "chains.bass", "snapshot 'lead', chains: there is no chain 'bass'"),
        ("gain_db = 2 }", "gain_db = 25 }", "snapshot 'lead', chains, guitar: gain_db = 25; give dB"),
        (
            "gain_db = -12",
            "gain_db = -12\n[[map]]\nkind = 'cc'\nto = 'knob'",
            "map 1: to = 'knob'; give one of bypass, clock, jam, lights, panic, ",
        ),
        ("gain_db = -12", MAP + "number = 7\nparam = 'x'\nplugin = 'drvie'", "map 1: there is no plugin 'drvie'; did"),
        ("gain_db = -12", MAP + "number = 7\nplugin = 'drive'", "map 1: has no param"),
        (
            "gain_db = -12",
            MAP.replace("param", "jam") + "number = 7",
            "map 1: has no jam; give a mode, on, cue or panic",
        ),
        ("gain_db = -12", MAP + "param = 'x'\nplugin = 'drive'", "map 1: has no number; give 0 to 127"),
        ('name = "lead"', "", "snapshot 1: has no name; give a text"),
    ],
)
def test_what_cannot_be_read_is_named_and_the_rest_is_there(tmp_path: Path, before: str, after: str, says: str) -> None:
    assert before in WRITTEN
    path = written(tmp_path, WRITTEN.replace(before, after, 1))
    preset, problems = load(path)
    lines = [line for line in problems if says in line]
    assert len(lines) == 1, problems
    assert all(line.startswith(f"{path}: ") and "\n" not in line for line in problems)
    names = {chain.name for chain in preset.document.chains} | {slot.name for _, slot in preset.document.slots()}
    assert {"guitar", "gate"} <= names
    assert preset.document.chains[0].plugins[0].params["thr"] == "-48 dB"
    check(preset.document)


def test_a_side_chain_that_is_not_there_is_left_out(tmp_path: Path) -> None:
    preset, problems = load(written(tmp_path, WRITTEN.replace('name = "gate"', 'name = "gate"\nside = "voice"')))
    assert len(problems) == 1
    assert "there is no chain 'voice' for its side-chain" in problems[0]
    assert preset.document.chains[0].plugins[0].side == ""


def test_a_side_chain_may_come_later_in_the_file(tmp_path: Path) -> None:
    text = WRITTEN.replace('name = "gate"', 'name = "gate"\nside = "voice"') + '\n[[chain]]\nname = "voice"\n'
    preset, problems = load(written(tmp_path, text))
    assert problems == []
    assert preset.document.chains[0].plugins[0].side == "voice"


def test_more_than_there_is_room_for_is_left_out(tmp_path: Path) -> None:
    plugins = "".join(f'[[chain.plugin]]\nname = "{n}"\nplugin = "x"\n' for n in range(18))
    snapshots = "".join(f'[[snapshot]]\nname = "s{n}"\n' for n in range(17)) + '[[snapshot]]\nname = "s3"\n'
    preset, problems = load(written(tmp_path, f'[[chain]]\nname = "a"\n{plugins}{snapshots}'))
    assert len(preset.document.chains[0].plugins) == 16
    assert [snapshot.name for snapshot in preset.snapshots] == [f"s{n}" for n in range(16)]
    assert len(problems) == 4


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"name = ", "not valid TOML"),
        (b"\xff\xfe\x00", "TOML in UTF-8"),
        (None, "give the path of a preset"),
    ],
)
def test_what_is_no_toml_is_an_error(tmp_path: Path, content: bytes | None, says: str) -> None:
    path = tmp_path / "x.toml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(PresetError, match=says) as caught:
        load(path)
    assert str(caught.value).startswith(f"{path}: ")
    with pytest.raises(PresetError, match=r"No such file|Is a directory"):
        load(tmp_path)


def test_a_state_lies_beside_the_file(tmp_path: Path) -> None:
    path = written(tmp_path, WRITTEN.replace('name = "gate"', 'name = "gate"\nstate = "saturday.state/gate.state"'))
    preset, problems = load(path)
    assert len(problems) == 1
    assert re.search(r"plugin 'gate': its state saturday.state/gate.state: No such file", problems[0])
    assert preset.document.chains[0].plugins[0].state == ""
    (tmp_path / "saturday.state").mkdir()
    (tmp_path / "saturday.state/gate.state").write_bytes(b"\0mine")
    preset, problems = load(path)
    assert problems == []
    assert Path(preset.document.chains[0].plugins[0].state).read_bytes() == b"\0mine"
    copy = tmp_path / "other" / "sunday.toml"
    save(copy, preset)
    shutil.rmtree(tmp_path / "saturday.state")
    again, problems = load(copy)
    assert problems == []
    assert Path(again.document.chains[0].plugins[0].state) == tmp_path / "other/sunday.state/gate.state"
    assert (tmp_path / "other/sunday.state/gate.state").read_bytes() == b"\0mine"


def test_a_state_that_is_gone_is_not_saved_over(tmp_path: Path) -> None:
    gone = Preset("x", document=Document([Chain("a", plugins=[Slot("p", "gate", state=str(tmp_path / "gone"))])]))
    path = written(tmp_path, WRITTEN)
    with pytest.raises(PresetError, match=r"plugin 'gate': its state .*gone.*nothing is saved"):
        save(path, gone)
    assert path.read_text() == WRITTEN


def test_what_was_not_read_is_not_saved_over(tmp_path: Path) -> None:
    for text in (WRITTEN.replace("att = 0.25", "att = 25"), "no toml"):
        path = written(tmp_path, text)
        with pytest.raises(PresetError, match=r"is not saved over.*save by another name: "):
            save(path, Preset("x"))
        assert path.read_text() == text
        save(path, Preset("x"), force=True)
        assert load(path) == (Preset("x"), [])


def test_nothing_is_left_half_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = written(tmp_path, WRITTEN)
    preset, _ = load(path)
    preset.name = "Other"

    def full(fd: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(PresetError, match="No space left on device"):
        save(path, preset)
    assert path.read_text() == WRITTEN
    assert list(tmp_path.iterdir()) == [path]


def test_a_link_is_written_through(tmp_path: Path) -> None:
    path = written(tmp_path, WRITTEN)
    link = tmp_path / "link.toml"
    link.symlink_to(path)
    save(link, Preset("x"))
    assert link.is_symlink()
    assert load(path)[0].name == "x"


def test_comments_stay_when_values_change(tmp_path: Path) -> None:
    path = written(tmp_path, WRITTEN)
    preset, _ = load(path)
    save(path, preset)
    assert path.read_text() == WRITTEN
    gate, drive = preset.document.chains[0].plugins
    gate.params["thr"] = 0.5
    drive.params["gain"] = "3"
    preset.document.chains[0].plugins = [gate, Slot("lv2:x", "comp", mix=0.5), drive]
    preset.snapshots.append(Snapshot("clean", bypass={"drive": True}))
    del preset.document.chains[0].sends[0]
    save(path, preset)
    text = path.read_text()
    for comment in (
        "# For Saturday",
        "# the red one",
        "# jack 1",
        "# the gate first",
        "# the room's noise",
        "# louder",
    ):
        assert comment in text
    assert load(path) == (preset, [])


def short(lowest: float, highest: float) -> st.SearchStrategy[float]:
    """Numbers that the audio thread can tell apart."""
    return st.floats(lowest, highest, width=32).map(lambda value: layout.plain(Send("", value)).get("gain_db", 0.0))


NAMES = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="/"), min_size=1, max_size=8)
PARAMS = st.dictionaries(NAMES, short(0.0, 1.0) | st.text(st.characters(exclude_categories=["Cs"])), max_size=3)


@st.composite
def presets(draw: st.DrawFn) -> Preset:
    """Any preset that can be."""
    reserved = ("main", "input", "input:1", "input:2", "none")
    names = NAMES.filter(lambda name: name not in reserved)
    chains = draw(st.lists(names, unique=True, max_size=4))
    plugins = draw(st.lists(names, unique=True, max_size=6))
    document = Document()
    for k, name in enumerate(chains):
        sends = [Send(to, draw(short(-90.0, 24.0))) for to in chains[k + 1 :] if draw(st.booleans())]
        slots = [
            Slot(
                draw(NAMES),
                plugin,
                draw(PARAMS),
                program=draw(st.integers(-1, 99)),
                bypass=draw(st.booleans()),
                mix=draw(short(0.0, 1.0)),
                side=draw(st.sampled_from(["", "input:2", *chains[:k]])),
            )
            for plugin in plugins[k :: len(chains)]
        ]
        chain = Chain(
            name,
            draw(st.sampled_from(["input", "none"])),
            draw(st.sampled_from(["main", *chains[k + 1 :]])),
            gain_db=draw(short(-90.0, 24.0)),
            pan=draw(short(-1.0, 1.0)),
            mute=draw(st.booleans()),
            midi=draw(st.lists(NAMES, max_size=2)),
            channel=draw(st.integers(0, 16)),
            sends=sends,
            plugins=slots,
        )
        document.chains.append(chain)
    placed = [slot.name for _, slot in document.slots()]
    snapshots = [
        Snapshot(
            name,
            draw(short(0.0, 60.0)),
            {plugin: draw(PARAMS) for plugin in placed if draw(st.booleans())},
            {plugin: draw(st.booleans()) for plugin in placed if draw(st.booleans())},
            {plugin: draw(short(0.0, 1.0)) for plugin in placed if draw(st.booleans())},
            {chain: ChainLevels(pan=draw(short(-1.0, 1.0))) for chain in chains if draw(st.booleans())},
        )
        for name in draw(st.lists(NAMES, unique=True, max_size=3))
    ]
    mappings = [
        Mapping("cc", "param", draw(st.integers(0, 127)), 3, plugin=plugin, param=draw(NAMES), hi=draw(short(0.0, 1.0)))
        for plugin in placed[:2]
    ]
    part = st.fixed_dictionaries(
        {}, optional={"on": st.booleans(), "constraints": st.dictionaries(NAMES, short(0.0, 1.0))}
    )
    jam = draw(st.fixed_dictionaries({}, optional={"mode": NAMES, "bars": st.integers(1, 16), "bass": part}))
    return Preset(draw(NAMES), draw(st.text(max_size=9)), "", document, snapshots, mappings, jam)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(presets(), presets())
def test_what_is_saved_is_read_again(tmp_path_factory: pytest.TempPathFactory, one: Preset, other: Preset) -> None:
    path = tmp_path_factory.mktemp("presets") / "x.toml"
    for preset in (one, other, one):  # anew, over another, and over that
        save(path, preset)
        assert load(path) == (preset, [])
    text = path.read_text()
    save(path, load(path)[0])
    assert path.read_text() == text


WORDS = st.sampled_from(
    [
        *(
            "name",
            "chain",
            "plugin",
            "params",
            "send",
            "to",
            "input",
            "snapshot",
            "map",
            "bypass",
            "chains",
            "state",
            "side",
        )
    ]
)
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=120, deadline=None)
@given(st.dictionaries(WORDS, ANYTHING, max_size=6))
def test_nothing_that_is_toml_makes_it_fail(tmp_path_factory: pytest.TempPathFactory, values: dict) -> None:
    path = tmp_path_factory.mktemp("presets") / "x.toml"
    lines = (f"{key} = {_toml(value)}\n" for key, value in values.items() if value is not None)
    path.write_text("".join(lines), encoding="utf-8")
    preset, problems = load(path)
    check(preset.document)
    assert all("\n" not in line for line in problems)


def _toml(value: object) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {_toml(one)}" for key, one in value.items() if one is not None) + " }"
    if isinstance(value, list):
        return f"[{', '.join(_toml(one) for one in value if one is not None)}]"
    said = json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    return said if isinstance(value, str) else said.replace("NaN", "nan").replace("Infinity", "inf")


def test_a_preset_is_found_by_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert find("guitar") == FOLDERS[1] / "guitar.toml"
    assert find("some/where.toml") == Path("some/where.toml")
    (tmp_path / "presets").mkdir()
    (tmp_path / "presets/guitar.toml").touch()
    assert find("guitar") == Path("presets/guitar.toml")
    with pytest.raises(PresetError, match="there is no preset 'guitra'; did you mean 'guitar'"):
        find("guitra")
    with pytest.raises(PresetError, match=r"there is ambient, demo, dj, epiano, .*guitar"):
        find("zzz")


def test_defaults_are_not_written() -> None:
    assert layout.text(Slot("x", "y")) == 'name = "y"\nplugin = "x"\n'
    assert msgspec.structs.fields(Slot)[-1].name == "uid"
    assert "uid" not in layout.text(Slot("x", uid=3))
