"""The same plugin in every format gives the same sound, and an LV2 plugin the same as in another host."""

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
import soundfile

from daemon.plugins.lilv import world
from daemon.plugins.plugin import Plugin
from tests.plugins.installed import MDA, X42, ZAM, lv2, zam
from tests.plugins.stage import Stage

THREE = [
    "ZamComp",
    "ZamCompX2",
    "ZamEQ2",
    "ZamGEQ31",
    "ZamDelay",
    "ZamTube",
    "ZamGate",
    "ZamPhono",
    "ZaMultiCompX2",
    "ZaMaximX2",
]
SIDED = ["ZamComp", "ZamCompX2", "ZamGate", "ZamGateX2", "ZamDynamicEQ"]
BESIDE_LV2FILE = [
    *(MDA + name for name in ("Delay", "Overdrive", "Leslie", "DubDelay", "Ambience")),
    *(X42 + name for name in ("fil4#stereo", "dpl#stereo", "darc#stereo")),
    *(ZAM + name for name in ("ZaMaximX2", "ZamTube", "ZamDelay", "ZaMultiCompX2", "ZamEQ2")),
    "http://lv2plug.in/plugins/eg-amp",
]


def noise(channels: int, seed: int, blocks: int = 300) -> np.ndarray:
    return np.random.default_rng(seed).normal(0.0, 0.3, (channels, 64 * blocks)).astype(np.float32)


def values(name: str, without: str = "") -> dict[str, float]:
    """A normalised value other than its default for each parameter, by name, that all formats make the same float of."""
    plugin, rng, found = zam("lv2", name), np.random.default_rng(4), {}
    ports = world().facts(ZAM + name).ports
    for param in plugin.info.params:
        least, span = ports[param.id].least, ports[param.id].most - ports[param.id].least
        grid = [k / 32 for k in range(33)] if not param.steps else [k / (param.steps - 1) for k in range(param.steps)]
        fair = [v for v in grid if np.float32(least) + np.float32(span) * np.float32(v) == np.float32(least + span * v)]
        fair = [v for v in fair if abs(v - param.default) > 1e-3 and 0.0 < v < 1.0] or [param.default]
        if param.name != without:
            found[param.name] = float(rng.choice(fair))
    plugin.close()
    return found


def play(plugin: Plugin, sound: np.ndarray, side: np.ndarray, chosen: dict[str, float]) -> np.ndarray:
    """What it makes of a sound, with values set from the fourth block on."""
    index = {param.name: param.index for param in plugin.info.params}
    out = Stage(plugin).play(sound, side, params=[(192, index[name], value) for name, value in chosen.items()])
    plugin.close()
    return out


@pytest.mark.parametrize("name", THREE)
def test_three_formats_sound_the_same(name: str) -> None:
    """Bit for bit, with parameters that are not the defaults."""
    chosen, sound, side = values(name, without="Sidechain"), noise(2, 1), noise(2, 2)
    own, plain = play(zam("lv2", name), sound, side, chosen), play(zam("lv2", name), sound, side, {})
    assert np.abs(own - plain).max() > 1e-3, "the parameters do nothing"
    for format in ("clap", "vst3"):
        np.testing.assert_array_equal(play(zam(format, name), sound, side, chosen), own, format)


@pytest.mark.parametrize("name", SIDED)
def test_a_side_chain_is_heard(name: str) -> None:
    """The same in LV2 and CLAP; the VST3 builds of these plugins do not hear theirs in any host (DPF's defect)."""
    plugin = zam("lv2", name)
    assert plugin.info.side_inputs == 1
    plugin.close()
    chosen = values(name) | {"Threshold": 0.5, "Sidechain": 1.0}
    sound, loud, quiet = noise(2, 1), noise(2, 2), np.zeros((2, 64 * 300), np.float32)
    own = play(zam("lv2", name), sound, loud, chosen)
    assert np.abs(own - play(zam("lv2", name), sound, quiet, chosen)).max() > 1e-3
    np.testing.assert_array_equal(play(zam("clap", name), sound, loud, chosen), own)


@pytest.mark.parametrize("uri", BESIDE_LV2FILE)
def test_as_in_lv2file(uri: str, tmp_path: Path) -> None:
    """Bit for bit, in blocks of 64."""
    if shutil.which("lv2file") is None:
        pytest.skip("lv2file is not installed: sudo apt install lv2file")
    plugin = lv2(uri)
    sound = noise(plugin.info.inputs, 3)
    source, target = tmp_path / "in.wav", tmp_path / "out.wav"
    soundfile.write(source, sound.T, 48000, subtype="FLOAT")
    command = ["lv2file", "-b", "64", "--ignore-clipping", "-i", source, "-o", target, uri]
    subprocess.run(command, check=True, capture_output=True)
    own = Stage(plugin).play(sound)
    plugin.close()
    np.testing.assert_array_equal(own, soundfile.read(target, dtype="float32", always_2d=True)[0].T)


@pytest.mark.parametrize("format", ["lv2", "vst3"])
def test_a_parameter_changes_on_its_sample(format: str) -> None:
    """A change within a block is one between two blocks that meet there."""
    sound, whole, parted = noise(1, 5, 8), zam(format, "ZamEQ2"), zam(format, "ZamEQ2")
    index = {param.name: param.index for param in whole.info.params}["Boost/Cut 1"]
    out = Stage(whole).play(sound, params=[(100, index, 0.875), (300, index, 0.25)])
    stage, pieces = Stage(parted), []
    for start, end, value in ((0, 100, None), (100, 300, 0.875), (300, 512, 0.25)):
        pieces.append(stage.play(sound[:, start:end], params=[(0, index, value)] if value else ()))
    np.testing.assert_array_equal(np.concatenate(pieces, axis=1), out)
    assert np.abs(out[:, 100:140] - Stage(zam(format, "ZamEQ2")).play(sound)[:, 100:140]).max() > 1e-3
    whole.close()
    parted.close()
