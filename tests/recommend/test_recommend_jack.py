"""Tracks played into a real JACK server with crossfades: the session that jamd writes by itself; and its engine killed."""

import contextlib
import os
import signal
import time
from pathlib import Path
from statistics import median

import numpy as np
import pytest

from daemon import messages as m
from daemon.recommend.item import Item, Profile
from daemon.recommend.library.store import Library
from tests.recommend import played_set
from tests.recommend.booth_stage import Booth

jack = pytest.importorskip("jack", reason="JACK-Client finds no libjack (apt install jackd2)", exc_type=OSError)

SECONDS, OVERLAP_S, PLAYED = 20.0, 4.0, (2, 4, 1)
"""Ids, of a library of five."""
ENGINE = 'driver = "jack"\ndevice = "none"'
pytestmark = pytest.mark.timeout(600)


def printed(path: Path) -> list[np.ndarray]:
    """A library of five tracks that can be recognised."""
    from daemon.recommend.library.found import PRINT_VERSION
    from daemon.recommend.recognition.print import print_of

    sounds = [played_set.track(seed, SECONDS) for seed in range(5)]
    with Library.open(path) as made:
        profile = Profile(duration_s=SECONDS, tempo_bpm=120.0)
        ids = made.put([Item(id=0, path=f"/{k}.wav", title=f"T{k + 1}", profile=profile) for k in range(5)], "test")
        with made.database.writing() as db:
            rows = [
                (number, PRINT_VERSION, print_of(s, played_set.RATE)) for number, s in zip(ids, sounds, strict=True)
            ]
            db.executemany("INSERT INTO prints (item_id, version, print) VALUES (?, ?, ?)", rows)
    return sounds


@contextlib.contextmanager
def played(sound: np.ndarray):
    """Over and over, into jamd's inputs; they may go away and come back."""
    from daemon.bench.jack_source import Source

    source = Source(np.stack([sound, sound]))
    try:
        source.connect("jamd")
        yield source
    finally:
        source.close()


def test_the_session_is_what_was_played(daemon, tmp_path: Path, jack_server: str) -> None:
    path = tmp_path / "l.db"
    sounds = printed(path)
    mix, starts = played_set.mixed([sounds[number - 1] for number in PLAYED], OVERLAP_S)
    booth = Booth(daemon, path, engine=ENGINE)
    booth.until(m.Recommender, lambda x: x.prints == 5, seconds=240.0)
    with played(mix):
        begun = time.time()
        for place, number in enumerate(PLAYED, 1):
            session = booth.until(m.Session, lambda x, n=place: x.count == n, seconds=40.0)
            assert session.plays[-1].id == number, session
            if place == 2:
                os.kill(booth.live.engine_pid, signal.SIGKILL)  # the sound comes back, and the session goes on
    (show,) = booth.do({"cmd": "next_show"})
    plays = show["session"]["plays"]
    assert [play["id"] for play in plays] == list(PLAYED)
    assert {play["source"] for play in plays} == {"heard"}
    for play, start in zip(plays, starts, strict=True):
        assert -1.0 < play["at"] - begun - start < 12.0
    playing = [x for x in booth.said if isinstance(x, m.Playing) and x.item_id == PLAYED[0]]
    assert max(x.position_s for x in playing) > 5.0
    assert abs(median(x.speed for x in playing) - 1) < 0.03, "a busy server leaves blocks out"
