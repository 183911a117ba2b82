"""`jamd plugins` as a person and as a program sees it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.plugins.build import FAULTY, build

MAIN = "from daemon.cli import main; main()"


def jamd(*arguments: str | Path, code: int = 0) -> tuple[str, str]:
    """What the command prints on stdout and stderr."""
    done = subprocess.run(
        [sys.executable, "-c", MAIN, "plugins", *arguments], capture_output=True, text=True, check=False
    )
    assert done.returncode == code, done.stderr
    return done.stdout, done.stderr


@pytest.fixture
def place(tmp_path: Path) -> Path:
    build(tmp_path / "plugins")
    build(tmp_path / "plugins", "bad", "CRASH")
    return tmp_path / "plugins"


def test_scan_list_info(place: Path, cache: Path) -> None:
    out, err = jamd("scan", place)
    assert out.strip() == "2 plugins (2 clap); 2 do not open"
    assert f"clap:{FAULTY}: crashes (SIGSEGV)" in err
    out, _ = jamd("list")
    assert f"Faulty      2 in 2 out, MIDI in out  clap:{FAULTY}" in out
    assert f"does not open: clap:{FAULTY}: crashes (SIGSEGV)" in out
    out, _ = jamd("list", "cos", "jamd", "--json")
    assert [one["title"] for one in json.loads(out)["plugins"]] == ["Cosine"]
    assert "none of 3 has 'xyz'" in jamd("list", "xyz")[0]
    out, _ = jamd("info", "Faulty")
    assert "2 in 2 out, MIDI in out, 0 samples late" in out
    assert "12  Latency: 0 samples to 1000 samples, 0 samples" in out
    found = json.loads(jamd("info", "faulty", "--json")[0])
    assert [(param["id"], param["least"], param["most"]) for param in found["params"]][1] == ("11", "none", "infinity")


def test_errors_are_one_line(place: Path, cache: Path) -> None:
    out, err = jamd("list")
    assert out.split() == ["jamd", "synth", "0", "in", "2", "out,", "MIDI", "in", "jamd:synth"]
    assert err.strip() == "jamd: no other plugin is known yet: jamd plugins scan"
    assert jamd("scan", "/no/such", code=1)[1].strip() == "jamd: there is no /no/such to scan"
    assert jamd("info", "lv2:urn:no:such", code=1)[1].startswith("jamd: no LV2 plugin urn:no:such is installed")


def test_what_was_never_probed_is_probed_first(place: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """So one that crashes is told of, and takes nothing along."""
    (place / "faulty.clap").unlink()
    monkeypatch.setenv("CLAP_PATH", str(place))
    assert "does not open: crashes (SIGSEGV)" in jamd("info", f"clap:{FAULTY}", code=1)[1]
