"""Scanning: what works is known, what crashes or hangs costs only itself, and nothing is probed twice without need."""

import os
import shutil
from pathlib import Path

import pytest

from daemon.plugins import scan, verdicts
from daemon.plugins.plugin import PluginError
from tests.plugins.build import FAULTY, SYNTH, build
from tests.plugins.installed import zam

IDS = {f"clap:{FAULTY}", f"clap:{SYNTH}"}


class Progress:
    """What a scan reports."""

    def __init__(self) -> None:
        self.said: list[tuple[int, int, str, str]] = []

    def __call__(self, done: int, of: int, name: str, why: str) -> None:
        self.said.append((done, of, name, why))


@pytest.fixture
def place(tmp_path: Path, faulty: Path) -> Path:
    """A folder with one good file, in a folder of its own."""
    (tmp_path / "plugins" / "deep").mkdir(parents=True)
    shutil.copy(faulty, tmp_path / "plugins" / "deep" / "good.clap")
    return tmp_path / "plugins"


def test_the_good_and_the_bad(place: Path, cache: Path) -> None:
    """A crash, a hang, a missing symbol and a text file, beside a good file; each has its reason."""
    build(place, "crash", "CRASH")
    build(place, "hang", "HANG")
    build(place, "empty", "NO_ENTRY")
    (place / "text.clap").write_text("hello")
    progress = Progress()
    known = scan.scan([place], limit_s=2.0, report=progress)
    blocked = {Path(path).name: verdict.blocked for path, verdict in known.files.items()}
    assert {info.name for info in known.files[str(place / "deep" / "good.clap")].plugins} == IDS
    assert blocked["good.clap"] == {}
    assert blocked["crash.clap"] == dict.fromkeys(IDS, "crashes (SIGSEGV)")
    assert blocked["hang.clap"] == dict.fromkeys(IDS, "hangs (nothing in 2 s)")
    assert "no clap_entry" in blocked["empty.clap"][f"clap:{place / 'empty.clap'}"]
    assert "file too short" in blocked["text.clap"][f"clap:{place / 'text.clap'}"]
    assert [done for done, *_ in progress.said] == list(range(1, 9))
    assert progress.said[-1][1] == 8
    assert verdicts.load() == known


def test_only_what_is_new_or_changed(place: Path, cache: Path) -> None:
    """By size and time of change; --again probes all; what is gone is forgotten."""
    good = str(place / "deep" / "good.clap")
    bad = build(place, "crash", "CRASH")
    scan.scan([place])
    progress = Progress()
    scan.scan([place], report=progress)
    assert progress.said == []
    scan.scan([place], again=True, report=progress)
    assert len(progress.said) == 4
    shutil.copy(good, bad)  # it is mended
    progress = Progress()
    known = scan.scan([place], report=progress)
    assert len(progress.said) == 2
    assert not list(known.blocked())
    os.remove(good)
    assert set(scan.scan([place]).files) == {str(bad)}


def test_noise_on_stdout_and_no_display(place: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A plugin may print, and finds no display."""
    monkeypatch.setenv("DISPLAY", ":99")
    build(place, "loud", "LOUD")
    known = scan.scan([place])
    assert not list(known.blocked())
    assert len(list(known.plugins())) == 4


def test_what_another_plugin_broke_is_tried_again(tmp_path: Path, cache: Path) -> None:
    """A crash in a process that had other plugins before may be theirs."""
    path = build(tmp_path / "plugins", "bomb", "BOMB")
    known = scan.scan([tmp_path / "plugins"])
    assert {info.name for info in known.files[str(path)].plugins} == IDS
    assert not list(known.blocked())


def test_an_interrupted_scan_keeps_what_it_has(place: Path, cache: Path) -> None:
    """And the rest is probed the next time."""
    build(place, "hang", "HANG")

    def interrupt(done: int, of: int, name: str, why: str) -> None:
        if why:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        scan.scan([place], limit_s=1.5, report=interrupt)
    assert set(verdicts.load().files) == {str(place / "deep" / "good.clap")}


@pytest.mark.parametrize("format", ["lv2", "vst3", "clap"])
def test_a_probe_says_what_an_open_one_says(format: str, cache: Path) -> None:
    plugin = zam(format, "ZamComp")
    plugin.close()
    assert list(scan.scan([Path(plugin.info.path)]).plugins()) == [plugin.info]


def test_a_bundle_changes_with_any_of_its_files(tmp_path: Path) -> None:
    (tmp_path / "a.vst3" / "deep").mkdir(parents=True)
    inside = tmp_path / "a.vst3" / "deep" / "a.so"
    inside.write_text("one")
    before = verdicts.stamp(str(tmp_path / "a.vst3"))
    assert before == verdicts.stamp(str(tmp_path / "a.vst3"))
    inside.write_text("three")
    assert verdicts.stamp(str(tmp_path / "a.vst3")) != before
    assert verdicts.stamp(str(tmp_path / "none")) == (0, 0)


def test_a_place_that_is_none(cache: Path) -> None:
    with pytest.raises(PluginError, match="there is no /no/such/folder to scan"):
        scan.scan([Path("/no/such/folder")])
