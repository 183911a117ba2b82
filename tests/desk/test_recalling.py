"""Snapshots, presets and MIDI controls at the desk; the engine is a test's own."""

from typing import NamedTuple

import pytest

from daemon import messages as m
from daemon.desk.hands import Hands
from daemon.desk.snapshot import MAX_SNAPSHOTS, ChainLevels, Snapshot
from tests.desk.engine_end import Rig

PRESET = """
# mine
[[chain]]
name = "guitar"

[[chain.plugin]]
name = "comp"
plugin = "fake:comp"
[chain.plugin.params]
thr = "-40 dB"  # low

[[chain.plugin]]
plugin = "fake:broken"

[[chain]]
name = "echo"
input = "none"
mute = true

[[snapshot]]
name = "clean"

[[snapshot]]
name = "lead"
morph_s = 0.5
bypass = { comp = true }
[snapshot.params]
comp = { thr = "-10 dB", mode = 1.0 }
[snapshot.chains]
echo = { mute = false, gain_db = -3.0 }

[[snapshot]]
name = "odd"
[snapshot.params]
comp = { thr = "eleven", mode = 0.5, none = 0.5 }

[[map]]
kind = "program"
to = "snapshot"

[[map]]
kind = "cc"
number = 7
to = "param"
plugin = "comp"
param = "thr"
"""


class Midi(NamedTuple):
    """A message as daemon.midi has it."""

    port: str
    status: int
    channel: int
    data1: int
    data2: int


@pytest.fixture
def rig(tmp_path):
    made = Rig()
    made.start()
    (tmp_path / "p.toml").write_text(PRESET)
    made.do({"cmd": "load", "preset": str(tmp_path / "p.toml")})
    yield made
    made.desk.close()


def comp(rig: Rig) -> dict[str, float]:
    slot = rig.desk.book.document.chains[0].plugins[0]
    assert rig.desk.book.values[slot.uid] == rig.engine.values[slot.uid]
    return rig.engine.values[slot.uid] | {"bypass": slot.bypass}


def echo(rig: Rig) -> tuple[bool, float]:
    chain = rig.desk.book.document.chains[1]
    return chain.mute, chain.gain_db


def test_what_does_not_open_is_said_and_the_rest_plays(rig: Rig) -> None:
    (fault,) = rig.heard(m.PluginFault)
    assert (fault.plugin, fault.chain, fault.state) == ("fake-comp", "guitar", "failed")
    warned = [one.text for one in rig.heard(m.Rack) if one.kind == "warned"]
    assert any("comp: thr = 'eleven': eleven means nothing" in text for text in warned)
    assert comp(rig) == {"thr": 0.6, "mode": 0.0, "bypass": False}
    plugins = rig.do({"cmd": "list"})[0]["chains"][0]["plugins"]
    assert [(one["name"], one["state"]) for one in plugins] == [("comp", "on"), ("fake-comp", "failed")]


def test_a_recall_sets_what_it_says_and_brings_home_what_only_others_say(rig: Rig) -> None:
    rig.do({"cmd": "snapshot", "snapshot": "lead"})
    assert comp(rig) == {"thr": 0.9, "mode": 1.0, "bypass": True}
    assert echo(rig) == (False, -3.0)
    order = next(one for one in reversed(rig.engine.orders) if one.sets)
    assert order.morph_s == 0.5
    assert order.document is not None, "all of it in one order"
    (said,) = [one for one in rig.heard(m.Rack) if one.kind == "snapshot"]
    assert said.values == {"snapshot": "lead", "morph_s": 0.5}
    assert {one.param for one in rig.heard(m.PluginParam)} == {"thr", "mode"}
    rig.do({"cmd": "snapshot", "snapshot": 1, "morph_s": 2.0})
    assert comp(rig) == {"thr": 0.6, "mode": 0.0, "bypass": False}
    assert echo(rig) == (True, 0.0)
    assert next(one for one in reversed(rig.engine.orders) if one.sets).morph_s == 2.0
    assert rig.desk.book.snapshot == "clean"


def test_nothing_is_opened_for_a_recall(rig: Rig) -> None:
    before = dict(rig.engine.values)
    rig.do({"cmd": "snapshot", "snapshot": "lead"})
    assert rig.engine.values.keys() == before.keys()


def test_one_line_that_means_nothing_spoils_no_snapshot(rig: Rig) -> None:
    rig.heard(m.Rack)
    rig.do({"cmd": "snapshot", "snapshot": "odd"})
    assert comp(rig) == {"thr": 0.6, "mode": 0.5, "bypass": False}
    assert [one.kind for one in rig.heard(m.Rack)] == ["warned", "snapshot"]


def test_what_is_taken_is_what_differs_and_comes_back(rig: Rig) -> None:
    rig.do(
        {"cmd": "set", "plugin": "comp", "param": "mode", "value": 0.5},
        {"cmd": "mix", "plugin": "comp", "mix": 0.25},
        {"cmd": "chain_set", "chain": "guitar", "pan": -1.0},
    )
    assert rig.do({"cmd": "snapshot_take", "name": "mine"}) == [{"snapshot": "mine", "number": 4}]
    assert rig.desk.book.snapshots[3] == Snapshot(
        "mine", params={"comp": {"mode": 0.5}}, mix={"comp": 0.25}, chains={"guitar": ChainLevels(pan=-1.0)}
    )
    rig.do({"cmd": "snapshot", "snapshot": "clean"})
    chain = rig.desk.book.document.chains[0]
    assert (chain.pan, chain.plugins[0].mix, comp(rig)["mode"]) == (0.0, 1.0, 0.0)
    rig.do({"cmd": "snapshot", "snapshot": "mine"})
    chain = rig.desk.book.document.chains[0]
    assert (chain.pan, chain.plugins[0].mix, comp(rig)["mode"]) == (-1.0, 0.25, 0.5)


def test_there_are_sixteen_at_most(rig: Rig) -> None:
    for k in range(MAX_SNAPSHOTS - 3):
        rig.do({"cmd": "snapshot_take", "name": f"s{k}"})
    assert rig.ask({"cmd": "snapshot_take", "name": "more"})["error"]["code"] == 409
    rig.do({"cmd": "snapshot_take", "name": "s1"}, {"cmd": "snapshot_remove", "snapshot": "s2"})
    rig.do({"cmd": "snapshot_take", "name": "more"})


def test_home_is_where_it_was_after_the_engine_died(rig: Rig) -> None:
    rig.do({"cmd": "snapshot", "snapshot": "lead"})
    rig.die()
    rig.start()
    assert comp(rig) == {"thr": 0.9, "mode": 1.0, "bypass": True}
    rig.do({"cmd": "snapshot", "snapshot": "clean"})
    assert comp(rig) == {"thr": 0.6, "mode": 0.0, "bypass": False}


def test_a_saved_preset_says_what_is_but_for_what_snapshots_change(rig: Rig, tmp_path) -> None:
    rig.do({"cmd": "snapshot", "snapshot": "lead"})
    rig.do(
        {"cmd": "chain_set", "chain": "guitar", "gain_db": -2.0},
        {"cmd": "add", "chain": "echo", "plugin": "comp", "name": "two"},
    )
    rig.do({"cmd": "set", "plugin": "two", "param": "thr", "value": 0.75})
    assert rig.do({"cmd": "save"}) == [{"preset": "p", "path": str(tmp_path / "p.toml")}]
    text = (tmp_path / "p.toml").read_text()
    assert text.startswith("\n# mine"), "comments stay"
    assert 'thr = "-40 dB"  # low' in text
    assert "fake:broken" in text, "what did not open is not lost"
    assert (tmp_path / "p.state" / "two.state").is_file()
    assert [one.kind for one in rig.heard(m.Rack)][-1] == "saved"
    rig.do({"cmd": "load", "preset": str(tmp_path / "p.toml")})
    assert comp(rig) == {"thr": 0.6, "mode": 0.0, "bypass": False}
    chains = rig.desk.book.document.chains
    assert chains[0].gain_db == -2.0
    assert rig.engine.values[chains[1].plugins[0].uid]["thr"] == 0.75
    rig.do({"cmd": "snapshot", "snapshot": "lead"})
    assert comp(rig) == {"thr": 0.9, "mode": 1.0, "bypass": True}


def test_a_file_that_was_not_read_whole_is_not_saved_over(rig: Rig, tmp_path) -> None:
    path = tmp_path / "p.toml"
    path.write_text(PRESET.replace("mute = true", "mute = 3"))
    assert rig.ask({"cmd": "save"})["error"]["code"] == 409
    assert "mute = 3" in path.read_text()
    other = rig.do({"cmd": "save", "preset": str(tmp_path / "q.toml")})
    assert other[0]["path"] == str(tmp_path / "q.toml")
    assert rig.ask({"cmd": "save", "preset": str(tmp_path / "q.txt")})["error"]["code"] == 422


def test_hands_turn_knobs_and_recall_snapshots(rig: Rig) -> None:
    hands = Hands(rig.desk)
    for value in range(128):
        hands.feed(Midi("keys", 0xB0, 0, 7, value))
    rig.settle()
    assert comp(rig)["thr"] == 1.0
    said = rig.heard(m.PluginParam)
    assert {one.origin for one in said} == {"midi"}
    assert len(said) == 128
    hands.feed(Midi("keys", 0xC0, 0, 1, 0))
    rig.settle()
    assert rig.desk.book.snapshot == "lead"
    hands.feed(Midi("keys", 0xC0, 0, 99, 0))  # there is no such snapshot
    rig.settle()
    assert rig.desk.book.snapshot == "lead"


def test_a_control_is_learnt_published_and_saved(rig: Rig, tmp_path) -> None:
    hands = Hands(rig.desk)
    rig.do({"cmd": "learn", "plugin": "comp"})
    rig.heard(m.Rack)
    hands.feed(Midi("pedal", 0x90, 2, 60, 100))
    (said,) = rig.heard(m.Rack)
    assert said.kind == "mapped"
    assert said.values["plugin"] == "comp"
    hands.feed(Midi("pedal", 0x90, 2, 60, 100))
    rig.settle()
    assert comp(rig)["bypass"] is True
    rig.do({"cmd": "save"})
    assert (
        rig.do({"cmd": "load", "preset": str(tmp_path / "p.toml")}, {"cmd": "map_list"})[1]["mappings"][-1]["number"]
        == 60
    )
    rig.do({"cmd": "map_remove", "number": 3})
    assert len(rig.desk.book.mappings) == 2
    rig.do({"cmd": "learn", "snapshot": "lead"}, {"cmd": "learn", "off": True})
    hands.feed(Midi("pedal", 0x90, 2, 61, 100))
    assert len(rig.desk.book.mappings) == 2
