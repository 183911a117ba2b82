"""`python -m tests.plugins.survey`: every LV2, CLAP and VST3 plugin installed here, tried in child processes; a table.

Each is opened, plays 200 blocks of 64 of noise (and a note), gives its state to a second one of itself, and is closed.
"""

import collections
import os
import subprocess
import sys
from collections.abc import Iterable

import numpy as np

from daemon.plugins import folders, lilv
from daemon.plugins.catalogue import open_named
from daemon.plugins.plugin import PluginError
from tests.plugins.stage import Stage

BLOCKS = 200
PROGRAMS = "Current Program"  # DPF's parameter that sets all the others
LIMIT_S = 60.0  # for one plugin


def installed() -> list[tuple[str, str]]:
    """(name, path) of every plugin, without loading any: a CLAP or VST3 file counts as one."""
    found = []
    try:
        found += [(f"lv2:{uri}", lilv.world().bundle(uri)) for uri in lilv.world().plugins()]
    except PluginError as error:
        print(error)
    for format in ("clap", "vst3"):
        found += [(f"{format}:{path}", str(path)) for path in folders.files(format, folders.folders(format))]
    return found


def judge(name: str, path: str) -> str:
    """ "" where all is well, or what is not."""
    if name.startswith("clap:"):
        from daemon.plugins.clap_file import clap_file

        said = [f"{one}: {why}" for one in clap_file(path).ids if (why := _judge(f"clap:{one}", path))]
        return "; ".join(said)
    return _judge(name, path)


def _judge(name: str, path: str) -> str:
    plugin = open_named(name, path, 48000.0, 64)
    sound = np.random.default_rng(0).normal(0.0, 0.2, (plugin.info.inputs, 64 * BLOCKS)).astype(np.float32)
    notes = [(640, 0x90, 60, 100), (6400, 0x80, 60, 0)] if plugin.info.midi_in else []
    out = Stage(plugin).play(sound, midi=notes)
    if not np.isfinite(out).all():
        return "its sound is not finite"
    rng, wanted = np.random.default_rng(1), {}
    for param in plugin.info.params:
        if param.automatable and param.name != PROGRAMS:
            plugin.set(param.index, float(rng.integers(0, 2)) if param.steps else float(rng.random()))
    for param in plugin.info.params:
        if param.automatable and param.name != PROGRAMS:
            wanted[param.index] = plugin.value(param.index)
    second = open_named(name, path, 48000.0, 64)
    second.load(plugin.save())
    lost = [plugin.info.params[k].id for k, value in wanted.items() if abs(second.value(k) - value) > 1e-5]
    if second.save() == plugin.save():  # JUCE does not show what a state restored of LV2's patch parameters
        lost = [one for one in lost if not one.startswith("des:")]
    plugin.close()
    second.close()
    return f"its state does not restore {', '.join(lost)}" if lost else ""


def survey(plugins: Iterable[tuple[str, str]]) -> dict[str, str]:
    """What is wrong with each, by name: in one child for all, and in another from the plugin on that ended it."""
    todo, found = list(plugins), dict[str, str]()
    environ = {name: value for name, value in os.environ.items() if name not in ("DISPLAY", "WAYLAND_DISPLAY")}
    while todo:
        command = [sys.executable, "-m", "tests.plugins.survey", "child", *(text for one in todo for text in one)]
        begun = ""
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environ) as child:
            assert child.stdout is not None
            for line in child.stdout:
                mark, _, text = line.decode(errors="replace").strip().partition(" ")
                if mark == "@begin":
                    begun = text
                elif mark == "@end":
                    found[begun] = text
        if begun and begun not in found:
            found[begun] = f"it ends the process with code {child.returncode}"
        elif not begun:
            raise RuntimeError(f"the survey's child ended with code {child.returncode}")
        todo = [one for one in todo if one[0] not in found]
    return found


def child(arguments: list[str]) -> None:
    import signal

    for name, path in zip(arguments[::2], arguments[1::2], strict=True):
        signal.alarm(int(LIMIT_S))
        print(f"\n@begin {name}", flush=True)
        try:
            said = judge(name, path)
        except PluginError as error:
            said = str(error)
        print(f"\n@end {said}", flush=True)
    os._exit(0)


def table(found: dict[str, str]) -> str:
    """Counts by format, and what is wrong."""
    counts: dict[str, list[int]] = collections.defaultdict(lambda: [0, 0])
    for name, why in found.items():
        counts[name.partition(":")[0]][bool(why)] += 1
    lines = [f"{'format':8}{'plugins':>8}{'pass':>8}"]
    lines += [f"{format:8}{good + bad:8}{good:8}" for format, (good, bad) in sorted(counts.items())]
    lines += [f"{name}: {why}" for name, why in found.items() if why]
    return "\n".join(lines)


if __name__ == "__main__":
    if sys.argv[1:2] == ["child"]:
        child(sys.argv[2:])
    print(table(survey(installed())))
