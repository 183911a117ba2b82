"""LV2 and VST3 through minihost: notes, states, programs, texts, MIDI out, and what is refused."""

import os
import re
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

from daemon.plugins.lilv import world
from daemon.plugins.minihost import open_minihost
from daemon.plugins.plugin import Plugin, PluginError
from tests.plugins.installed import MDA, X42, lv2, zam
from tests.plugins.stage import Stage


def index(plugin: Plugin, name: str) -> int:
    return next(param.index for param in plugin.info.params if param.name == name)


@pytest.mark.parametrize("block", [16, 64, 480, 1024])
@pytest.mark.parametrize("at", [0, 1001, 6417])
def test_a_note_sounds_from_its_sample(block: int, at: int) -> None:
    plugin = lv2(MDA + "EPiano", block)
    out = Stage(plugin, block).play(np.zeros((0, 9600), np.float32), midi=[(at, 0x90, 60, 100)])
    plugin.close()
    assert np.flatnonzero(out[0])[0] == at


def test_midi_comes_out_on_its_sample() -> None:
    plugin = lv2(X42 + "midifilter#passthru")
    sent = [(0, 0x90, 60, 100), (63, 0xB2, 1, 5), (64, 0xC3, 7, 0), (100, 0x80, 60, 0), (100, 0xE0, 3, 4)]
    stage = Stage(plugin)
    stage.play(np.zeros((0, 192), np.float32), midi=sent)
    plugin.close()
    assert stage.midi_out == sent


@pytest.mark.parametrize("format", ["lv2", "vst3", "clap"])
def test_state_comes_back_and_another_is_refused(format: str) -> None:
    """Before it ever ran, too."""
    one, other = zam(format, "ZamCompX2"), zam(format, "ZamCompX2")
    chosen = {
        index(one, name): value for name, value in (("Attack", 0.3), ("Threshold", 0.25), ("Stereo Detection", 1.0))
    }
    for k, value in chosen.items():
        one.set(k, value)
    state = one.save()
    other.load(state)
    assert {k: pytest.approx(other.value(k), abs=1e-6) for k in chosen} == chosen
    assert other.changed() == []
    for bad in (b"", b"garbage", bytes(500)):
        with pytest.raises(PluginError, match="ZamCompX2 does not take this state"):
            other.load(bad)
    Stage(one).run(64)
    assert one.changed() == []
    one.close()
    other.close()
    one.close()


@pytest.mark.parametrize("format", ["lv2", "vst3"])
def test_programs(format: str) -> None:
    """A program is played, not only shown; LV2's have one order, always."""
    sound = np.random.default_rng(1).normal(0.0, 0.5, (2, 6400)).astype(np.float32)
    plain, chosen, loaded = (zam(format, "ZamCompX2") for _ in range(3))
    in_order = ["PoppySnare", "VocalLeveller", "Zero"] if format == "lv2" else ["Zero", "PoppySnare", "VocalLeveller"]
    assert plain.info.programs == in_order
    chosen.select_program(chosen.info.programs.index("PoppySnare"))
    assert chosen.text(index(chosen, "Threshold"), chosen.value(index(chosen, "Threshold"))) in (
        "-18 dB",
        "-18.000002 dB",
    )
    loaded.load(chosen.save())
    own = Stage(chosen).play(sound)
    assert np.abs(own - Stage(plain).play(sound)).max() > 1e-3
    np.testing.assert_array_equal(Stage(loaded).play(sound), own)
    with pytest.raises(PluginError, match="ZamCompX2 has no program 3; it has 3, from 0"):
        chosen.select_program(3)
    for plugin in (plain, chosen, loaded):
        plugin.close()


def test_texts_and_what_they_mean() -> None:
    plugin = zam("lv2", "ZamCompX2")
    threshold, on = index(plugin, "Threshold"), index(plugin, "Sidechain")
    assert plugin.info.params[threshold].id == "thr"
    assert plugin.info.params[threshold].unit == "dB"
    assert plugin.text(threshold, 0.75) == "-20 dB"
    for text in ("-20", "-20 dB", "-20.0dB", "\u221220 dB"):
        assert plugin.from_text(threshold, text) == pytest.approx(0.75)
    assert plugin.from_text(index(plugin, "Attack"), "0.05 s") == pytest.approx(0.4995, abs=1e-3)
    assert (plugin.text(on, 0.0), plugin.from_text(on, "on")) == ("Off", 1.0)
    with pytest.raises(PluginError, match="Threshold: '3' is out of its range; give '-80 dB' to '0 dB'"):
        plugin.from_text(threshold, "3")
    with pytest.raises(PluginError, match="Threshold: '-20 Hz' is no value of it"):
        plugin.from_text(threshold, "-20 Hz")
    plugin.close()


def test_a_scale_point_by_its_name() -> None:
    plugin = lv2(X42 + "fil4#stereo")
    for param in plugin.info.params:
        for label in world().facts(X42 + "fil4#stereo").ports[param.id].points:
            assert plugin.text(param.index, plugin.from_text(param.index, label.upper())).casefold() == label.casefold()
    plugin.close()


@pytest.mark.parametrize("format", ["vst3", "clap"])
def test_values_by_text_in_other_formats(format: str) -> None:
    plugin = zam(format, "ZamEQ2")
    at = index(plugin, "Boost/Cut 1")
    for decibels in (-50.0, -13.7, 0.0, 4.25, 20.0):
        value = plugin.from_text(at, f"{decibels} dB")
        assert float(plugin.text(at, value).split()[0]) == pytest.approx(decibels, abs=1e-3)
    plugin.close()


@pytest.mark.parametrize(("uri", "samples"), [(X42 + "dpl#stereo", 64), ("urn:zamaudio:ZaMaximX2", 480)])
def test_latency_is_known_at_once(uri: str, samples: int) -> None:
    plugin = lv2(uri)
    assert plugin.info.latency_samples == plugin.latency() == samples
    plugin.close()


def test_what_does_not_open_is_an_error() -> None:
    with pytest.raises(
        PluginError, match=re.escape("no LV2 plugin urn:no:such is installed; see `jamd plugins list lv2`")
    ):
        open_minihost("lv2", "urn:no:such", 48000.0, 64)
    with pytest.raises(PluginError, match=r"vst3:/no/such\.vst3 does not open: .*does not exist"):
        open_minihost("vst3", "/no/such.vst3", 48000.0, 64)
    plugin = zam("vst3", "ZamComp")
    path = plugin.info.path
    plugin.close()
    with pytest.raises(PluginError, match="gives 'ZamComp', not 'Other'"):
        open_minihost("vst3", f"{path}#Other", 48000.0, 64)


def test_lv2_where_juce_does_not_look(tmp_path: Path) -> None:
    """Bundles of LV2_PATH: a copy of a real one, under URIs of the same length that are nowhere else."""
    lv2(MDA + "EPiano").close()
    shutil.copytree(world().bundle(MDA + "EPiano"), tmp_path / "copy.lv2")
    moved = MDA.replace("drobilla", "jamdtest")
    for path in (tmp_path / "copy.lv2").iterdir():
        path.write_bytes(path.read_bytes().replace(MDA.encode(), moved.encode()))
    program = (
        "import sys; from daemon.plugins.catalogue import open_plugin as o; print(o(sys.argv[1], 48000, 64).info.path)"
    )
    for name in ("EPiano", "Delay"):
        command = [sys.executable, "-c", program, f"lv2:{moved}{name}"]
        environ = os.environ | {"LV2_PATH": str(tmp_path)}
        said = subprocess.run(command, check=True, capture_output=True, text=True, env=environ).stdout
        assert said.strip() == str(tmp_path / "copy.lv2")


@pytest.mark.parametrize("format", ["lv2", "vst3", "clap"])
def test_state_is_saved_while_it_runs(format: str) -> None:
    """On the main thread, as the audio thread plays on."""
    plugin = zam(format, "ZamCompX2")
    stage, stop = Stage(plugin), threading.Event()

    def play() -> None:
        while not stop.is_set():
            stage.run(64)

    thread = threading.Thread(target=play)
    thread.start()
    states = {plugin.save() for _ in range(200)}
    stop.set()
    thread.join()
    plugin.close()
    assert len(states) == 1


def test_ports_that_juce_loses_are_refused() -> None:
    """Rather than crash in the first block."""
    with pytest.raises(PluginError, match="Stereo DJ X-Fade has 4 audio inputs, of which minihost finds 2"):
        lv2(X42 + "xfade")
