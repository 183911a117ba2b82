"""jamd's own synth as a plugin: it is there without a scan, takes its parameters and its notes at their samples."""

import json
from pathlib import Path

import numpy as np
import pytest

from daemon.desk.shelf import Catalogue
from daemon.plugins import builtin, catalogue, scan
from daemon.plugins.builtin import open_builtin
from daemon.plugins.plugin import PluginError
from dsp.synth.patches import SOUNDS
from tests.plugins.stage import Stage
from tests.plugins.test_plugins_cli import jamd

RATE = 48000.0
NAME = "jamd:synth"
SOUND, GAIN, CUTOFF, ATTACK, RELEASE = range(5)
QUIET = np.zeros((0, 4800), np.float32)


def test_it_is_there_without_a_scan(cache: Path) -> None:
    for name in (NAME, "jamd synth", "jamd: synth"):
        plugin = catalogue.open_plugin(name, RATE, 64)
        assert plugin.info == builtin.SYNTH
        plugin.close()
        plugin.close()
    assert catalogue.find(NAME) == (NAME, builtin.PATH)
    assert Catalogue().find(NAME).params
    assert [info.name for info in Catalogue().search("jamd syn")] == [NAME]


def test_what_is_not_there_is_an_error(cache: Path) -> None:
    with pytest.raises(PluginError, match="jamd has no plugin 'sampler' built in; it has 'synth'"):
        catalogue.open_plugin("jamd:sampler", RATE, 64)
    with pytest.raises(PluginError, match="jamd:synth does not run at 0 Hz; give 8000 to 384000"):
        catalogue.open_plugin(NAME, 0.0, 64)


def test_the_command_line_knows_it(cache: Path) -> None:
    assert "jamd synth  0 in 2 out, MIDI in  jamd:synth" in jamd("list", "synth")[0]
    found = json.loads(jamd("info", NAME, "--json")[0])
    texts = {param["id"]: (param["least"], param["most"], param["default_text"]) for param in found["params"]}
    assert texts == {
        "sound": ("keys", "drums", "keys"),
        "gain": ("-36.0 dB", "12.0 dB", "0.0 dB"),
        "cutoff": ("-4.00 oct", "+4.00 oct", "+0.00 oct"),
        "attack": ("0.12 x", "8.00 x", "1.00 x"),
        "release": ("0.12 x", "8.00 x", "1.00 x"),
    }


def test_a_probe_opens_and_runs_it(cache: Path) -> None:
    verdict = scan.probe_one(NAME, builtin.PATH)
    assert verdict.blocked == {}
    assert verdict.plugins == [builtin.SYNTH]


def test_values_by_text() -> None:
    plugin = open_builtin("synth", RATE)
    for name in SOUNDS:
        value = plugin.from_text(SOUND, name)
        assert plugin.text(SOUND, value) == name
    for index, text in ((GAIN, "-6 dB"), (CUTOFF, "-1.5 oct"), (ATTACK, "2"), (RELEASE, "0.5 x")):
        said = plugin.text(index, plugin.from_text(index, text))
        assert float(said.split()[0]) == float(text.split()[0])
    with pytest.raises(PluginError, match="Sound: 'organ' is no value of it; give one of 'keys', 'bass'"):
        plugin.from_text(SOUND, "organ")
    with pytest.raises(PluginError, match="Gain: '40 dB' is out of its range"):
        plugin.from_text(GAIN, "40 dB")


def test_state_comes_back_and_another_is_refused() -> None:
    one, other = open_builtin("synth", RATE), open_builtin("synth", RATE)
    for param in one.info.params:
        assert one.value(param.index) == pytest.approx(param.default)
        one.set(param.index, 0.2 * (param.index + 1))
    other.load(one.save())
    assert [other.value(k) for k in range(5)] == [one.value(k) for k in range(5)]
    for bad in (b"", b"garbage", one.save()[:-1]):
        with pytest.raises(PluginError, match="jamd synth does not take this state"):
            other.load(bad)
    with pytest.raises(PluginError, match="jamd synth has no program 0"):
        one.select_program(0)


@pytest.mark.parametrize("block", [1, 7, 64, 480])
def test_a_note_and_a_parameter_take_effect_on_their_sample(block: int) -> None:
    notes = [(1000, 0x90, 60, 100), (2001, 0x80, 60, 0), (2001, 0x90, 64, 100)]
    params = [(1000, SOUND, 0.4), (1700, CUTOFF, 0.9), (2001, GAIN, 0.5), (2500, RELEASE, 2.0), (9, 99, 1.0)]
    whole = Stage(open_builtin("synth", RATE), 4800).play(QUIET, midi=notes, params=params)
    out = Stage(open_builtin("synth", RATE), block).play(QUIET, midi=notes, params=params)
    assert np.flatnonzero(out[0])[0] == 1000
    np.testing.assert_array_equal(out, whole)
    plain = Stage(open_builtin("synth", RATE), block).play(QUIET, midi=notes, params=params[:1])
    differs = np.flatnonzero(out[0] != plain[0])[0]
    assert 1700 <= differs < 1716


def test_a_value_set_while_it_plays_is_the_value_it_has() -> None:
    plugin = open_builtin("synth", RATE)
    Stage(plugin).run(64, params=[(3, GAIN, 0.25), (5, ATTACK, 7.0), (6, 17, 0.1)])
    assert [plugin.value(GAIN), plugin.value(ATTACK)] == [0.25, 1.0]
    assert plugin.changed() == []
