"""The presets that come with jamd: each is read whole, opens, and sounds as loud as what goes in, in every snapshot."""

import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from daemon.desk.preset import Preset, load
from daemon.inputs.midi_file import Event
from daemon.inputs.performance import Performance
from daemon.plugins.catalogue import open_plugin
from daemon.plugins.plugin import PluginError
from daemon.studio import Studio

RATE, BLOCK = 48000, 256
FOLDER = Path(__file__).parents[2] / "presets"
PATHS = sorted(FOLDER.glob("*.toml"))
LIVE = ("guitar", "vocal", "talkover")
"""Made for a single instrument's level, which is below a mix's."""


def opened(path: Path) -> Preset:
    """The preset, if its plugins are installed; all that it maps is there."""
    preset, problems = load(path)
    assert problems == []
    params = {}
    for _, slot in preset.document.slots():
        try:
            plugin = open_plugin(slot.plugin, RATE, 1024)
        except PluginError as error:
            pytest.skip(f"{error}: {preset.needs}")
        params[slot.name] = {param.id for param in plugin.info.params}
        plugin.close()
    for mapping in preset.mappings:
        assert mapping.to != "param" or mapping.param in params[mapping.plugin]
    return preset


@pytest.fixture
def studio(request: pytest.FixtureRequest) -> Iterator[Studio]:
    opened(request.param)
    made = Studio(request.param, "", RATE, BLOCK, 2)
    yield made
    made.close()


def level(sound: np.ndarray) -> float:
    """RMS in dB."""
    return 10.0 * float(np.log10((sound**2).mean() + 1e-12))


def test_there_are_those_that_were_promised() -> None:
    assert {"guitar", "vocal", "epiano", "dj", "master"} <= {path.stem for path in PATHS}


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_it_says_what_it_is_and_needs(path: Path) -> None:
    preset, problems = load(path)
    assert problems == []
    assert preset.about
    if all(slot.plugin.startswith("jamd:") for _, slot in preset.document.slots()):
        assert preset.needs == ""
    else:
        assert re.fullmatch(r"sudo apt install( [a-z0-9-]+)+", preset.needs)
    assert len(preset.snapshots) >= 2
    assert [mapping for mapping in preset.mappings if mapping.kind == "program"]
    table = (FOLDER / "README.md").read_text()
    assert f"`{path.stem}`" in table
    assert all(f"{snapshot.name}" in table for snapshot in preset.snapshots)


@pytest.mark.parametrize(
    ("studio", "path"), [(path, path) for path in PATHS], ids=lambda path: path.stem, indirect=["studio"]
)
def test_every_snapshot_sounds_and_none_clips(studio: Studio, path: Path) -> None:
    preset, _ = load(path)
    n = RATE * 3 // 2
    sound = 0.35 * np.concatenate(list(Performance(3.0).blocks(RATE)), axis=1)[:, RATE // 2 : RATE // 2 + n]
    sound = sound if path.stem in LIVE else sound / 0.35 * 0.7
    is_played = any(chain.midi for chain in preset.document.chains)
    heard = {}
    for number, snapshot in enumerate(preset.snapshots):
        notes = [Event(studio.now + 600 + k, 0x90, note, 90) for k, note in enumerate((48, 60, 64, 67)) if is_played]
        ends = [Event(studio.now + RATE, 0x80, event.data1, 0) for event in notes]
        out = studio.play(0 * sound if is_played else sound, [Event(studio.now, 0xC0, number, 0), *notes, *ends], None)
        assert studio.problems == []
        assert np.isfinite(out).all()
        heard[snapshot.name] = out[:, RATE // 4 :]
    assert studio.lowest_gain == 1.0
    for name, out in heard.items():
        if name == "echo out":  # what was thrown rings on, and nothing else
            assert -60.0 < level(out) < level(sound)
        elif is_played:
            assert -35.0 < level(out) < -12.0, name
        else:
            assert abs(level(out) - level(sound)) < 6.0, name
    for one, other in zip(heard, list(heard)[1:], strict=False):
        assert np.abs(heard[one] - heard[other]).max() > 0.005, f"{one} and {other} sound alike"
