"""`jamd library scan`: what is killed goes on, what moved keeps its row, what is broken is named, nothing is lost."""

import json
import os
import resource
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from crate import rendered

from daemon.library_analysis import analyse
from daemon.recommend.library import found, profile
from daemon.recommend.library.scan import Plan, Scan
from daemon.recommend.library.store import Library

N = 12
LATEST = 4  # may be found, but not yet written when a scan is killed


@pytest.fixture(scope="module")
def music(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("music")
    rendered(folder, N)
    return folder


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    with Library.open(tmp_path / "library.db") as opened:
        yield opened


def _command(path: Path, *arguments: str | Path) -> list[str]:
    return [sys.executable, "-m", "daemon.cli", "library", *map(str, arguments), "--library", str(path)]


def _ran(path: Path, *arguments: str | Path, **settings) -> subprocess.CompletedProcess:
    return subprocess.run(_command(path, *arguments), capture_output=True, text=True, check=False, **settings)


def _scan(library: Library, *places: Path, kind: str = "track", again: bool = False) -> Plan:
    """In this process, one after another."""
    scan = Scan(library, places, kind, again)
    plan = scan.plan()
    list(scan.run(plan.tasks, analyse, jobs=1))
    return plan


def _paths(path: Path) -> list[str]:
    with Library.open(path, read_only=True) as opened:
        return sorted(item.path for item in opened.catalogue().items)


def test_killed_half_way_it_goes_on(music: Path, tmp_path: Path) -> None:
    path = tmp_path / "library.db"
    running = subprocess.Popen(
        _command(path, "scan", music, "--kind", "track", "--jobs", "2", "--json"), stdout=subprocess.PIPE, text=True
    )
    assert running.stdout is not None
    for _ in range(N // 2):
        assert json.loads(running.stdout.readline())["bad"] == ""
    children = Path(f"/proc/{running.pid}/task/{running.pid}/children").read_text().split()
    running.kill()
    running.wait()
    running.stdout.close()
    kept = _paths(path)
    assert len(kept) >= N // 2 - LATEST
    deadline = time.monotonic() + 10
    while any(_lives(child) for child in children):  # the workers have ended with it
        assert time.monotonic() < deadline
        time.sleep(0.05)

    done = _ran(path, "scan", music, "--kind", "track", "--jobs", "2", "--json")
    assert done.returncode == 0, done.stderr
    counts = json.loads(done.stdout.splitlines()[-1])
    assert counts["analysed"] == N - len(kept)
    assert counts["unchanged"] == len(kept)
    assert _paths(path) == sorted(map(str, music.iterdir()))
    with sqlite3.connect(path) as db:
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        for table in ("items", "profiles", "beats", "prints"):
            assert db.execute(f"SELECT count(*) FROM {table}").fetchone() == (N,)
    db.close()


def _lives(pid: str) -> bool:
    try:
        return "Z" not in Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except OSError:
        return False


def test_interrupted_it_ends_cleanly(music: Path, tmp_path: Path) -> None:
    path = tmp_path / "library.db"
    running = subprocess.Popen(
        _command(path, "scan", music, "--kind", "track", "--jobs", "2", "--json"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert running.stdout is not None
    running.stdout.readline()
    os.killpg(running.pid, signal.SIGINT)  # as a terminal does
    said, errors = running.communicate(timeout=60)
    assert running.returncode == 130
    assert errors == ""
    counts = json.loads(said.splitlines()[-1])
    assert counts["analysed"] == len(_paths(path)) > 0
    assert counts["left"] == N - counts["analysed"]


def test_two_scans_at_once(music: Path, tmp_path: Path) -> None:
    path = tmp_path / "library.db"
    command = _command(path, "scan", music, "--kind", "track", "--jobs", "1")
    both = [subprocess.Popen(command, stderr=subprocess.PIPE, text=True, stdout=subprocess.DEVNULL) for _ in range(2)]
    for one in both:
        _, errors = one.communicate(timeout=120)
        assert one.returncode == 0, errors
    assert _paths(path) == sorted(map(str, music.iterdir()))


def test_only_what_changed_is_analysed_again(music: Path, tmp_path: Path, library: Library) -> None:
    paths = [Path(shutil.copy2(path, tmp_path)) for path in sorted(music.iterdir())[:3]]
    assert len(_scan(library, tmp_path).tasks) == 3
    assert _scan(library, tmp_path) == Plan([], 3, 0, 0)
    os.utime(paths[0], ns=(1, 1))
    assert [task.path for task in _scan(library, tmp_path).tasks] == [str(paths[0])]
    assert len(_scan(library, tmp_path, again=True).tasks) == 3
    with library.database.writing() as db:
        db.execute("UPDATE profiles SET version = ? WHERE item_id = 1", (profile.VERSION - 1,))
    assert len(_scan(library, tmp_path).tasks) == 1
    assert len(library) == 3


def test_what_moved_keeps_its_row_and_history(music: Path, tmp_path: Path, library: Library) -> None:
    old = Path(shutil.copy2(min(music.iterdir()), tmp_path))
    _scan(library, tmp_path)
    number = library.search()[0].id
    library.history.play(library.history.start("dj", 5.0), number, 6.0)
    (tmp_path / "sub").mkdir()
    new = old.rename(tmp_path / "sub" / "Another Name.flac")
    assert _scan(library, tmp_path) == Plan([], 0, 1, 0)
    assert [(item.id, item.path) for item in library.search()] == [(number, str(new))]
    assert library.history.last_played(np.array([number])).tolist() == [6.0]
    assert _scan(library, tmp_path) == Plan([], 1, 0, 0)


def test_what_is_gone_is_kept_but_not_listed_and_comes_back(music: Path, tmp_path: Path, library: Library) -> None:
    path = Path(shutil.copy2(min(music.iterdir()), tmp_path))
    _scan(library, tmp_path)
    away = path.rename(tmp_path.parent / "away.flac")
    assert _scan(library, tmp_path).gone == 1
    assert len(library) == len(library.catalogue()) == len(library.search()) == 0
    assert library.item(1) is not None
    away.rename(path)
    assert _scan(library, tmp_path) == Plan([], 1, 0, 0)
    assert [item.id for item in library.search()] == [1]


def test_what_disappears_meanwhile_is_no_bad_file(music: Path, tmp_path: Path, library: Library) -> None:
    paths = [Path(shutil.copy2(path, tmp_path)) for path in sorted(music.iterdir())[:3]]
    scan = Scan(library, (tmp_path,), "track")
    tasks = scan.plan().tasks
    paths[1].unlink()
    gone = [one.task.path for one in scan.run(tasks, analyse, jobs=1) if one.gone]
    assert gone == [str(paths[1])]
    assert library.bad() == []
    assert len(library) == 2


def test_bad_files_are_named_and_not_tried_again(music: Path, tmp_path: Path, library: Library) -> None:
    good = Path(shutil.copy2(min(music.iterdir()), tmp_path))
    (tmp_path / "text.wav").write_text("no sound")
    (tmp_path / "empty.mp3").touch()
    (tmp_path / "broken.mid").write_bytes(b"MThd\0\0")
    (tmp_path / "broken.toml").write_text("= no")
    (tmp_path / "dir.flac").mkdir()
    assert len(_scan(library, tmp_path).tasks) == 5
    reasons = {Path(path).name: reason for path, reason in library.bad()}
    assert sorted(reasons) == ["broken.mid", "broken.toml", "empty.mp3", "text.wav"]
    assert "libsndfile" in reasons["text.wav"]
    assert "0 bytes" in reasons["empty.mp3"]
    assert [item.path for item in library.search()] == [str(good)]
    assert _scan(library, tmp_path).tasks == []
    (tmp_path / "text.wav").unlink()
    shutil.copy2(good, tmp_path / "empty.mp3")  # whatever it is called
    assert len(_scan(library, tmp_path).tasks) == 1
    assert sorted(Path(path).name for path, _ in library.bad()) == ["broken.mid", "broken.toml"]


def dies(task: found.Task) -> found.Found:
    """An analysis that takes its process along."""
    if "02" in task.path:
        os.kill(os.getpid(), signal.SIGKILL)
    return found.Found(task, reason="tried")


def test_a_file_that_kills_its_process_costs_only_itself(music: Path, library: Library) -> None:
    scan = Scan(library, (music,), "track")
    results = list(scan.run(scan.plan().tasks, dies, jobs=2))
    assert len(results) == N
    assert [Path(path).name[:2] for path, reason in library.bad() if "crashed" in reason] == ["02"]


def test_a_full_disk_leaves_what_was_kept(music: Path, tmp_path: Path) -> None:
    path = tmp_path / "library.db"
    with Library.open(path) as library:
        _scan(library, min(music.iterdir()))

    def small() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))

    done = _ran(path, "scan", music, "--kind", "track", "--jobs", "1", preexec_fn=small)
    assert done.returncode == 1
    assert done.stderr.startswith(f"jamd: {path}: the disk ")
    assert "intact" in done.stderr
    assert done.stderr.count("\n") == 1
    with Library.open(path) as library:
        assert library.item(1) is not None
        assert len(_scan(library, music).tasks) == N - len(library) or len(library) == N
        assert len(library) == N


def test_there_is_nothing_to_scan(tmp_path: Path) -> None:
    done = _ran(tmp_path / "library.db", "scan", tmp_path / "nowhere")
    assert done.returncode == 1
    assert "there is no such folder to scan" in done.stderr
    done = _ran(tmp_path / "library.db", "scan", tmp_path, "--backend", "carts")
    assert done.returncode == 1
    assert "there is no such backend; choose one of loky, dask:ADDRESS, ray" in done.stderr
