"""Nothing on the audio thread allocates after a plugin's first block: neither jamd nor what it hosts plugins with."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.plugins.build import FAULTY, SYNTH, build
from tests.plugins.installed import MDA, X42, lv2, zam

SOURCE = Path(__file__).with_name("allocations.c")


def counted(folder: Path, plugins: list[tuple[str, str]]) -> dict[str, int]:
    """Allocations and frees by name."""
    build(folder)  # skips where there is no compiler
    library = folder / "allocations.so"
    subprocess.run(["cc", "-O1", "-shared", "-fPIC", "-o", library, SOURCE], check=True)
    command = [sys.executable, "-m", "tests.plugins.allocations", library, *(text for one in plugins for text in one)]
    environ = os.environ | {"LD_PRELOAD": str(library)}
    said = subprocess.run(command, check=True, capture_output=True, text=True, env=environ).stdout
    lines = [line.split() for line in said.splitlines() if line.startswith("@ ")]
    return {name: int(count) for _, name, count in lines}


@pytest.mark.skipif(sys.platform != "linux", reason="counts glibc's allocations")
def test_own_plugins_allocate_nothing(tmp_path: Path, faulty: Path) -> None:
    names = [f"clap:{FAULTY}", f"clap:{SYNTH}", "jamd:synth"]
    assert counted(tmp_path, [(name, str(faulty)) for name in names]) == dict.fromkeys(names, 0)


@pytest.mark.skipif(sys.platform != "linux", reason="counts glibc's allocations")
def test_hosted_plugins_allocate_nothing(tmp_path: Path) -> None:
    """One that JUCE gives 512 MIDI messages a block among them."""
    plugins = [lv2(MDA + "EPiano"), lv2(X42 + "midifilter#passthru"), lv2(X42 + "fil4#stereo")]
    plugins += [zam(format, name) for format in ("lv2", "vst3", "clap") for name in ("ZamCompX2", "ZamDelay")]
    infos = [(plugin.info.name, plugin.info.path) for plugin in plugins]
    for plugin in plugins:
        plugin.close()
    assert counted(tmp_path, infos) == dict.fromkeys((name for name, _ in infos), 0)
