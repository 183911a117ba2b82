"""`jamd library import`, as it is called."""

from pathlib import Path

import foreign
import msgspec
import pytest
from click.testing import CliRunner, Result

from daemon.cli import main
from daemon.library_import_cli import PROGRAMS
from daemon.recommend.importing import kinds


def run(tmp_path: Path, *arguments: str) -> Result:
    return CliRunner().invoke(main, ["library", "import", "--library", str(tmp_path / "library.db"), *arguments])


def test_in_words(tmp_path: Path) -> None:
    path = foreign.traktor(tmp_path / "t")
    result = run(tmp_path, str(path))
    assert result.exit_code == 0, result.output
    assert f"{path} (traktor)" in result.output
    assert "2 new tracks, 0 known (2 without a file here)" in result.output
    assert "1 playlists, 0 crates, 1 sets of 2 plays; 2 cues, 1 grids" in result.output
    assert "0 new tracks, 2 known" in run(tmp_path, str(path)).output


def test_as_json(tmp_path: Path) -> None:
    (tmp_path / "Library.xml").write_text(foreign.ITUNES)
    found = msgspec.json.decode(run(tmp_path, str(tmp_path / "Library.xml"), "--from", "itunes", "--json").output)
    assert (found["source"], found["new"], found["playlists"]) == ("itunes", 2, 1)
    assert found["left_out"] == [["A talk", "no music"]]


def test_the_usual_places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    result = run(tmp_path)
    assert result.exit_code != 0
    assert "no library of a DJ program at its usual place" in result.output
    foreign.serato(tmp_path / "Music")
    foreign.traktor(tmp_path / "Documents" / "Native Instruments" / "Traktor 3.5.3")
    result = run(tmp_path)
    assert "(traktor)" in result.output
    assert "(serato)" in result.output
    assert "(serato)" not in run(tmp_path, "--from", "traktor").output


def test_every_program_can_be_named() -> None:
    assert tuple(PROGRAMS.choices) == kinds.PROGRAMS


def test_what_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "x.xml").write_bytes(b"<NML><COLLECTION>")
    result = run(tmp_path, str(tmp_path / "x.xml"))
    assert result.exit_code != 0
    assert "x.xml: is damaged or of another kind" in result.output
