"""The recommender's process: it keeps the session whatever becomes of it, and the daemon never waits for it."""

import os
import signal
import sqlite3
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from daemon import messages as m
from daemon.recommend.item import Profile
from daemon.recommend.library.store import Library
from daemon.recommend.live import worker as of_worker
from daemon.recommend.live.link import Open
from daemon.recommend.live.worker import Worker
from tests.recommend.booth_stage import items, library

FAMILIES = ["content", "collaborative", "deep"]


class Watched:
    """A worker, all it says, and waits that fail."""

    def __init__(self, path: Path, now_playing: tuple[str, ...] = (), **wishes: Any) -> None:
        self.worker = Worker(Open(str(path), False, list(now_playing), FAMILIES, 5, "ann", wishes, None))
        self.said: list[m.Message] = []
        self.mark = 0  # what was said before is not looked at

    def now(self) -> None:
        """What is said from here on counts."""
        self.mark = len(self.said)

    def until(self, done: Callable[[], Any], seconds: float = 240.0) -> Any:
        ends_at = time.monotonic() + seconds
        while not (found := done()):
            assert time.monotonic() < ends_at, f"not in time; it said {self.said[-10:]}"
            self.said += self.worker.turn()
            time.sleep(0.005)
        return found

    def next(self, kind: type, fits: Callable[[Any], object] = lambda message: True) -> Any:
        """The first that fits of what was said since the last command, or the last one found."""

        def look() -> m.Message | None:
            for at in range(self.mark, len(self.said)):
                if isinstance(self.said[at], kind) and fits(self.said[at]):
                    self.mark = at + 1
                    return self.said[at]
            return None

        return self.until(look)

    def do(self, *commands: dict[str, Any], check: bool = False) -> dict[str, Any]:
        self.now()
        answers: list[dict[str, Any]] = []
        self.worker.do(list(commands), answers.append, check)
        return self.until(lambda: answers)[0]

    def done(self, *commands: dict[str, Any]) -> list[Any]:
        answer = self.do(*commands)
        assert answer.get("ok"), answer
        return answer["results"]

    def play(self, number: int) -> m.Suggestions:
        """The DJ says that this plays; gives the list after it."""
        self.done({"cmd": "next_played", "id": number})
        return self.until(lambda: self.last if self.last and self.last.after_id == number else None)

    @property
    def last(self) -> m.Suggestions | None:
        return next((one for one in reversed(self.said) if isinstance(one, m.Suggestions)), None)

    def kill(self) -> None:
        self.now()
        os.kill(self.worker.pid, signal.SIGKILL)


@pytest.fixture
def watched() -> Iterator[Callable[..., Watched]]:
    made: list[Watched] = []

    def make(*args: Any, **rest: Any) -> Watched:
        made.append(Watched(*args, **rest))
        return made[-1]

    yield make
    for one in made:
        one.worker.close()


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    """For tests that play nothing."""
    one = Watched(library(tmp_path_factory.mktemp("shared") / "l.db"), energy="up")
    one.until(lambda: one.last)
    yield one
    one.worker.close()


def plays(path: Path) -> list[tuple[int, int, str]]:
    with sqlite3.connect(path) as db:
        found = db.execute("SELECT set_id, item_id, source FROM plays ORDER BY set_id, pos").fetchall()
    db.close()
    return found


def test_the_session_is_kept_through_kill_9_and_the_next_start(watched, tmp_path: Path) -> None:
    path = library(tmp_path / "l.db")
    one = watched(path)
    one.until(lambda: one.last)
    one.play(1)
    last = one.play(3)
    assert last.session_id == 1
    assert {1, 3}.isdisjoint(item.id for item in last.items)
    one.done({"cmd": "next_verdict", "verdict": "skip", "id": 5})
    assert plays(path) == [(1, 1, "told"), (1, 3, "told")]
    one.kill()
    died = one.next(m.Recommender)
    stale = one.next(m.Suggestions)
    assert stale.stale and stale.items, "what was suggested last stays"
    assert "signal 9" in died.error
    assert one.do({"cmd": "next"})["error"]["code"] == 503, "while there is nobody"
    fresh = one.next(m.Suggestions, lambda x: not x.stale)
    assert (fresh.session_id, fresh.after_id) == (1, 3)
    assert 5 not in [item.id for item in fresh.items], "the verdict is kept too"
    one.worker.close()
    two = watched(path)
    again = two.next(m.Session)
    assert [play.id for play in again.plays] == [1, 3]
    two.play(2)
    assert plays(path) == [(1, 1, "told"), (1, 3, "told"), (1, 2, "told")]


def test_a_session_of_yesterday_does_not_go_on(watched, tmp_path: Path) -> None:
    path = library(tmp_path / "l.db")
    with Library.open(path) as made:
        made.history.play(made.history.start("ann", time.time() - 90_000), 1, time.time() - 90_000, "heard")
        made.history.play(made.history.start("bob", time.time() - 60), 2, time.time() - 60, "heard")
    one = watched(path)
    assert one.next(m.Session).count == 0, "nor does another DJ's"
    one.play(3)
    assert plays(path)[-1] == (3, 3, "told")


def test_wishes_and_verdicts_change_the_very_next_list(shared: Watched) -> None:
    one, first = shared, shared.last
    assert first
    assert first.energy == "up"
    one.done({"cmd": "next_verdict", "verdict": "down", "place": 1})
    second = one.next(m.Suggestions)
    assert second.why == "verdict"
    assert first.items[0].id not in [item.id for item in second.items]
    (said,) = one.done({"cmd": "next_wish", "tempo_bpm": [125.0, 127.0], "keys": ["9B", "D major"], "energy": "down"})
    assert said["keys"] == ["9B", "10B"]
    assert one.next(m.Suggestions).energy == "down"
    assert one.done({"cmd": "next_wish", "reset": True})[0] == {"energy": "up", "families": FAMILIES}
    assert one.next(m.Suggestions).energy == "up"
    (found,) = one.done({"cmd": "next", "n": 2, "wishes": {"energy": "down"}})
    assert len(found["items"]) == 2


def test_a_batch_is_done_whole_or_refused_whole(shared: Watched) -> None:
    one = shared
    for wrong, code, says in (
        ({"cmd": "next_played", "id": 99}, 404, "no item #99"),
        ({"cmd": "next_played", "words": "polka"}, 422, "nothing in the library"),
        ({"cmd": "next_played"}, 400, "give id or words"),
        ({"cmd": "next_verdict", "verdict": "up", "place": 17}, 404, "no place 17"),
        ({"cmd": "next_wish", "keys": ["13A"]}, 422, "give one such as 8A"),
        ({"cmd": "next_wish", "tempo_bpm": [130, 120]}, 422, "the lowest and the highest"),
        ({"cmd": "next_wish", "by": {"blue": "25:00"}}, 422, "no time"),
        ({"cmd": "next", "wishes": {"mood": 1}}, 422, "there is no wish 'mood'"),
    ):
        error = one.do({"cmd": "next_wish", "energy": "up"}, {"cmd": "next_played", "id": 1}, wrong)["error"]
        assert (error["code"], error["at"]) == (code, 2), error
        assert says in error["text"]
    assert one.do({"cmd": "next_played", "id": 1}, check=True)["ok"]
    (show,) = one.done({"cmd": "next_show"})
    assert show["session"]["count"] == 0
    assert show["session"]["wishes"]["energy"] == "up"


def test_by_names_an_item_and_a_time(shared: Watched) -> None:
    one = shared
    (said,) = one.done({"cmd": "next_wish", "by": {"black friday": "01:00", "#2": 2e9}})
    then = time.localtime(said["by"]["5"])
    assert (then.tm_hour, then.tm_min) == (1, 0)
    assert 0 < said["by"]["5"] - time.time() <= 86_400
    assert said["by"]["2"] == 2e9


def test_a_library_that_grows_is_read_again(watched, tmp_path: Path) -> None:
    path = library(tmp_path / "l.db", 2)
    one = watched(path)
    assert len(one.next(m.Suggestions).items) == 2
    with Library.open(path) as made:
        made.put(items(7), "test")
    grown = one.next(m.Suggestions)
    assert grown.why == "library"
    assert len(grown.items) == 5


def test_a_locked_library_loses_no_play(watched, tmp_path: Path) -> None:
    path = library(tmp_path / "l.db")
    one = watched(path)
    one.until(lambda: one.last)
    scan = sqlite3.connect(path, isolation_level=None)
    scan.execute("BEGIN IMMEDIATE")
    one.play(1)
    one.until(lambda: any(isinstance(x, m.Recommender) and "not written yet" in x.error for x in one.said))
    assert not plays(path)
    scan.execute("COMMIT")
    scan.close()
    one.until(lambda: plays(path) == [(1, 1, "told")])


@pytest.mark.parametrize("content", [b"no database " * 500, b"", b"SQLite format 3\0" + bytes(5000)])
def test_a_library_that_is_none_is_said_and_waited_for(
    watched, tmp_path: Path, content: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "l.db"
    path.write_bytes(content)
    one = watched(path)
    if not content:  # an empty file is an empty library
        assert "library is empty" in one.next(m.Suggestions).note
        return
    said = one.next(m.Recommender, lambda x: x.state == "failed")
    assert str(path) in said.error
    error = one.do({"cmd": "next"})["error"]
    assert error["code"] == 409
    assert path.read_bytes() == content, "nothing was written to it"
    path.unlink()
    library(path)
    assert len(one.next(m.Suggestions).items) == 5


def test_a_library_damaged_while_it_is_used_leaves_the_list(watched, tmp_path: Path) -> None:
    path = library(tmp_path / "l.db", 400)
    one = watched(path)
    one.until(lambda: one.last)
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(os.urandom(size - 4096))
    answer = one.do({"cmd": "next"})
    assert answer.get("ok") or answer["error"]["code"] in (409, 422, 500, 503)
    one.until(lambda: one.worker.pid)
    assert one.last and one.last.items


def test_what_a_program_tells_is_played_and_what_it_alone_knows_is_shown(watched, tmp_path: Path) -> None:
    path = library(tmp_path / "l.db")
    now = tmp_path / "now.txt"
    one = watched(path, (f"file:{now}", "osc:nonsense"))
    wrong = one.next(m.Recommender, lambda x: x.state == "failed")
    assert "osc:nonsense" in wrong.error
    one.until(lambda: one.last)
    one.now()
    now.write_text("Bob - Green Tuesday")
    assert one.next(m.Suggestions).after == "Bob - Green Tuesday"
    one.now()
    now.write_text("Zoe - Unheard of")
    playing = one.next(m.Playing)
    assert (playing.item_id, playing.title, playing.source) == (0, "Unheard of", "file")
    assert plays(path) == [(1, 2, "file")]


def test_another_sound_makes_another_list_where_no_item_plays(shared: Watched) -> None:
    one = shared
    one.now()
    one.worker.sound(Profile(tempo_bpm=120.0, key=3, loudness_lufs=-20.0))
    assert one.next(m.Suggestions, lambda x: x.why == "sound").items


def test_a_process_that_hangs_is_ended_and_nobody_waits(
    watched, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(of_worker, "SILENT_S", 1.0)
    monkeypatch.setattr(of_worker, "AGAIN_MOST_S", 0.1)
    one = watched(library(tmp_path / "l.db"))
    one.until(lambda: one.last)
    os.kill(one.worker.pid, signal.SIGSTOP)
    answers: list[dict] = []
    one.worker.do([{"cmd": "next"}], answers.append, False)
    one.next(m.Recommender, lambda x: x.state == "hung")
    assert answers[0]["error"]["code"] == 503
    assert one.next(m.Suggestions, lambda x: not x.stale).items


def test_a_late_list_is_counted_and_the_last_one_said_again(shared: Watched) -> None:
    one = shared
    one.now()
    one.worker._began_at = time.monotonic() - of_worker.LATE_S - 0.1  # as if it had been at work on one for so long
    stale = one.next(m.Suggestions, lambda x: x.stale)
    assert stale.late == 1
    assert stale.items
    one.done({"cmd": "next_wish", "seed": 7})
    assert one.next(m.Suggestions, lambda x: not x.stale).late == 1
