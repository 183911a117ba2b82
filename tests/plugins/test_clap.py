"""CLAP: the struct sizes a C compiler gives, and what the test plugins hear and say."""

import math
import subprocess
from pathlib import Path

import numpy as np
import pytest

from daemon.plugins import clap_abi as abi
from daemon.plugins.clap import ClapPlugin, open_clap
from daemon.plugins.plugin import PluginError
from tests.plugins.build import FAULTY, SOURCE, SYNTH, build
from tests.plugins.stage import Stage

RATE = 48000.0
BLOCKS = [1, 7, 64, 480]
TINY = 71362  # the bits of 1e-40


def noise(samples: int) -> np.ndarray:
    return np.random.default_rng(1).normal(0.0, 0.3, (2, samples)).astype(np.float32)


def index(plugin: ClapPlugin, name: str) -> int:
    return next(param.index for param in plugin.info.params if param.name == name)


def test_sizes_are_the_c_compilers(tmp_path: Path) -> None:
    """The records against the structs that faulty.c declares, and both against the numbers of CLAP's headers."""
    asked = ["sizeof(event_t)", "sizeof(note_t)", "sizeof(change_t)", "sizeof(process_t)", "offsetof(process_t, n)"]
    asked += [
        "offsetof(note_t, velocity)",
        "offsetof(change_t, value)",
        "sizeof(audio_t)",
        "offsetof(host_t, get_extension)",
    ]
    asked += [
        "sizeof(plugin_t)",
        "sizeof(param_t)",
        "sizeof(audio_port_t)",
        "sizeof(note_port_t)",
        "sizeof(descriptor_t)",
    ]
    build(tmp_path)  # skips where there is no compiler
    program = tmp_path / "sizes.c"
    prints = "".join(f'printf("%zu\\n", {one});' for one in asked)
    program.write_text(f'#include <stddef.h>\n#include "{SOURCE}"\nint main(void) {{ {prints} }}\n')
    subprocess.run(["cc", "-o", tmp_path / "sizes", program, "-lm"], check=True)
    said = subprocess.run([tmp_path / "sizes"], check=True, capture_output=True, text=True).stdout.split()
    sizes = [int(one) for one in said]
    assert sizes[:5] == [16, 40, 56, 64, 8]
    assert sizes[1:3] == [abi.SIZES[abi.NOTE_ON], abi.SIZES[abi.PARAM_VALUE]]
    assert sizes[3:5] == [abi.PROCESS.itemsize, abi.PROCESS.fields["n"][1]]
    assert sizes[5:7] == [abi.EVENT.fields["velocity"][1], abi.EVENT.fields["value"][1]]
    assert sizes[7:9] == [abi.AUDIO.itemsize, abi.HOST.fields["get_extension"][1]]
    kinds = (abi.Plugin, abi.ParamInfo, abi.AudioPortInfo, abi.NotePortInfo, abi.Descriptor)
    assert sizes[9:] == [abi.ctypes.sizeof(kind) for kind in kinds]


@pytest.mark.parametrize("block", BLOCKS)
def test_a_note_sounds_from_its_sample_to_its_sample(faulty: Path, block: int) -> None:
    plugin = open_clap(str(faulty), SYNTH, RATE, block)
    out = Stage(plugin, block).play(np.zeros((2, 9600), np.float32), midi=[(1001, 0x91, 69, 127), (8003, 0x81, 69, 0)])
    plugin.close()
    expected = np.zeros(9600)
    expected[1001:8003] = np.cos(2 * np.pi * 440 * np.arange(8003 - 1001) / RATE)
    assert out[0, 1000] == 0.0
    assert out[0, 1001] == 1.0
    np.testing.assert_allclose(out[1], expected, atol=1e-6)


@pytest.mark.parametrize("block", BLOCKS)
def test_a_parameter_changes_on_its_sample(faulty: Path, block: int) -> None:
    plugin, sound = open_clap(str(faulty), FAULTY, RATE, block), noise(960)
    out = Stage(plugin, block).play(
        sound, params=[(333, index(plugin, "Gain"), 0.25), (700, index(plugin, "Gain"), 1.0)]
    )
    assert plugin.changed() == []  # the host's own doing is no news
    plugin.close()
    np.testing.assert_array_equal(out, sound * np.repeat(np.float32([1, 0.5, 2]), [333, 367, 260]))


def test_notes_and_parameters_come_out(faulty: Path) -> None:
    """What a plugin plays lies on its sample, and what it sets itself is news, once."""
    plugin = open_clap(str(faulty), FAULTY, RATE, 64)
    stage = Stage(plugin)
    stage.play(noise(640), midi=[(70, 0x93, 60, 100), (70, 0xB3, 1, 2), (300, 0x93, 0, 127), (500, 0x83, 60, 0)])
    assert stage.midi_out == [(70, 0x93, 60, 100), (300, 0x93, 0, 127), (500, 0x83, 60, 0)]
    assert plugin.changed() == [(index(plugin, "Gain"), 1.0)]
    assert plugin.changed() == []
    assert plugin.value(index(plugin, "Gain")) == 1.0
    plugin.close()


def test_latency_is_told_and_kept(faulty: Path) -> None:
    """Changed while it runs, the plugin asks to be opened anew; set or loaded while it does not, it is active anew."""
    plugin, sound = open_clap(str(faulty), FAULTY, RATE, 64), noise(6400)
    at = index(plugin, "Latency")
    Stage(plugin).play(sound, params=[(5, at, 0.25)])
    assert plugin.latency() == 0
    assert plugin.poll()
    assert not plugin.poll()
    again = open_clap(str(faulty), FAULTY, RATE, 64)
    again.load(plugin.save())
    assert again.latency() == 250
    again.set(at, 0.75)
    assert again.latency() == 750
    assert not again.poll()
    out = Stage(again).play(sound)
    np.testing.assert_array_equal(out[:, 750:], sound[:, :-750])
    assert not out[:, :750].any()
    plugin.close()
    again.close()


def test_state_comes_back_and_another_is_refused(faulty: Path) -> None:
    one, other = (open_clap(str(faulty), SYNTH, RATE, 64) for _ in range(2))
    one.set(index(one, "Gain"), 0.125)
    one.set(index(one, "Transpose"), 1.0)
    other.load(one.save())
    assert [other.value(0), other.value(1)] == [0.125, 1.0]
    for bad in (b"", b"garbage", one.save()[:-1]):
        with pytest.raises(PluginError, match="Cosine does not take this state"):
            other.load(bad)
    assert [other.value(0), other.value(1)] == [0.125, 1.0]
    with pytest.raises(PluginError, match="Cosine has no program 0"):
        one.select_program(0)
    one.close()
    one.close()
    other.close()


def test_values_by_text(faulty: Path) -> None:
    plugin = open_clap(str(faulty), FAULTY, RATE, 64)
    fault, late, gain = (index(plugin, name) for name in ("Fault", "Latency", "Gain"))
    assert plugin.text(fault, plugin.from_text(fault, "nan")) == "NaN"
    assert plugin.from_text(late, "250") == plugin.from_text(late, "250 samples") == 0.25
    assert math.isclose(plugin.from_text(gain, "1.234"), 0.617)
    assert plugin.info.params[fault].steps == 6
    with pytest.raises(PluginError, match=r"Latency: '1001' is out of its range; give '0 samples' to '1000 samples'"):
        plugin.from_text(late, "1001")
    with pytest.raises(PluginError, match=r"Fault: 'smoke' is no value of it; give one of 'none', 'segfault'"):
        plugin.from_text(fault, "smoke")
    plugin.close()


def test_faults_on_demand(faulty: Path) -> None:
    """NaN, infinity and denormals as other tests need them."""
    plugin, sound = open_clap(str(faulty), FAULTY, RATE, 64), noise(64)
    stage = Stage(plugin)
    assert np.isnan(stage.play(sound, params=[(0, index(plugin, "Fault"), 3 / 5)])).all()
    out = stage.play(sound, params=[(0, index(plugin, "Fault"), 1.0)])
    assert np.isinf(out[0]).all()
    assert (out[1].view(np.uint32) == TINY).all()  # as bits: a plugin played before may have left denormals off
    plugin.close()


def test_what_is_no_clap_plugin_is_an_error(faulty: Path, tmp_path: Path) -> None:
    text = tmp_path / "text.clap"
    text.write_text("hello")
    empty = build(tmp_path, "empty", "NO_ENTRY")
    with pytest.raises(PluginError, match=r"text\.clap does not load: file too short"):
        open_clap(str(text), SYNTH, RATE, 64)
    with pytest.raises(PluginError, match="no clap_entry"):
        open_clap(str(empty), SYNTH, RATE, 64)
    with pytest.raises(PluginError, match=f"has no plugin 'org.x'; it has {FAULTY}, {SYNTH}"):
        open_clap(str(faulty), "org.x", RATE, 64)
