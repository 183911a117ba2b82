"""Ableton Link with real peers, each a process of its own: they are followed, and led where another source leads jamd."""

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

pytest.importorskip("link", reason="Ableton Link is not installed (pip install 'jamd[link]')")

from clockwork import Live, until

from daemon import messages as m
from daemon.clock import offsets

BAR = 4
PEER = """
import json, sys, time, link
peer = link.Link(float(sys.argv[1]))
peer.startStopSyncEnabled = True
peer.enabled = True
for line in sys.stdin:
    asked = json.loads(line)
    session, now = peer.captureSessionState(), peer.clock().micros()
    if "tempo" in asked:
        session.setTempo(asked["tempo"], now)
    if "play" in asked:
        session.setIsPlaying(asked["play"], now)
    if len(asked) > 1:
        peer.commitSessionState(session)
    phase = session.phaseAtTime(asked["micros"], 4.0)
    print(json.dumps([peer.numPeers(), session.tempo(), session.isPlaying(), phase]), flush=True)
"""


class Peer:
    """Another program in the session."""

    def __init__(self, bpm: float) -> None:
        command = [sys.executable, "-c", PEER, str(bpm)]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def asks(self, micros: int = 0, **change: Any) -> tuple[int, float, bool, float]:
        """(peers, tempo, whether it runs, phase at `micros`); after a change, if one is given."""
        assert self._process.stdin is not None and self._process.stdout is not None
        print(json.dumps({"micros": micros, **change}), file=self._process.stdin, flush=True)
        return tuple(json.loads(self._process.stdout.readline()))

    def close(self) -> None:
        self._process.kill()
        self._process.communicate()


@pytest.fixture(scope="module", autouse=True)
def has_multicast() -> None:
    """Two peers that do not find each other here are no fault of jamd's."""
    peers = Peer(100.0), Peer(110.0)
    ends_at = time.monotonic() + 8.0
    try:
        while peers[0].asks()[0] == 0:
            if time.monotonic() > ends_at:
                pytest.skip("two Link peers do not find each other here: no multicast")
            time.sleep(0.1)
    finally:
        for peer in peers:
            peer.close()


@pytest.fixture
def stage(tmp_path) -> Iterator[Callable[..., Any]]:
    made: list[Any] = []

    def make(kind: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
        made.append(kind(*arguments, **named))
        return made[-1]

    yield make
    for one in reversed(made):
        one.close()


ENGINE = {"driver": "timer", "input": "performance"}


def phases_apart_ms(live: Live, peer: Peer) -> float:
    """How far jamd's newest word of where the music is lies from where a peer has it."""
    said = live.transports()[-1]
    micros = (said.t_ns + offsets().raw_offset_ns) // 1000
    apart = (said.beat - peer.asks(micros)[3] + BAR / 2) % BAR - BAR / 2
    return abs(apart) / (said.tempo_bpm / 60) * 1000


def agree(live: Live, *peers: Peer) -> bool:
    return all(phases_apart_ms(live, peer) < 1.0 for peer in peers)


def test_a_session_is_followed_in_tempo_phase_start_and_stop(stage, tmp_path) -> None:
    one, two = stage(Peer, 97.0), stage(Peer, 97.0)
    until(lambda: one.asks()[0] == 1, "two peers")
    live = stage(Live, tmp_path, {"link": True, "sources": ["link", "fixed"]}, engine=ENGINE)
    live.leads("link")
    until(lambda: one.asks()[0] == 2, "three peers")
    until(lambda: abs(live.transports()[-1].tempo_bpm - one.asks()[1]) < 0.2, "the tempo")
    until(lambda: agree(live, one, two), "the phase")
    two.asks(tempo=140.0)
    until(lambda: abs(live.transports()[-1].tempo_bpm - 140.0) < 0.5, "the new tempo")
    until(lambda: agree(live, one, two), "the phase at the new tempo")
    apart = [phases_apart_ms(live, peer) for _ in range(10) for peer in (one, two) if not time.sleep(0.05)]
    assert sorted(apart)[len(apart) // 2] < 1.0
    one.asks(play=True)
    until(lambda: live.transports()[-1].playing and live.transports()[-1].beat < 2 * BAR, "the song's start")
    until(lambda: agree(live, one), "the phase of the song")
    two.asks(play=False)
    until(lambda: not live.transports()[-1].playing, "its stop")
    assert live.asks(cmd="clock", tempo_bpm=111.0)["ok"]
    until(lambda: abs(one.asks()[1] - 111.0) < 0.01, "a tempo that jamd gives the session")
    live.asks(cmd="clock_run", to="start")
    until(lambda: two.asks()[2] and live.transports()[-1].playing, "a start that jamd gives")
    outputs = [one for one in live.got if isinstance(one, m.Output) and one.name == "link"]
    assert outputs[-1].state == "open" and outputs[-1].peers == 2


def test_where_another_source_leads_the_session_follows(stage, tmp_path) -> None:
    peer = stage(Peer, 97.0)
    live = stage(Live, tmp_path, {"link": True, "sources": ["fixed", "link"], "tempo_bpm": 126}, engine=ENGINE)
    live.leads("fixed")
    until(lambda: abs(peer.asks()[1] - 126.0) < 0.02, "the tempo")
    until(lambda: agree(live, peer) and peer.asks()[2], "the phase, and that it plays")
    live.asks(cmd="clock", tempo_bpm=88.0)
    until(lambda: abs(peer.asks()[1] - 88.0) < 0.02, "the new tempo")
    until(lambda: agree(live, peer), "the phase at the new tempo")
    live.asks(cmd="clock_run", to="stop")
    until(lambda: not peer.asks()[2], "the stop")
    peer.asks(tempo=150.0)
    until(lambda: abs(peer.asks()[1] - 88.0) < 0.02, "who leads is not led")
    live.asks(cmd="clock", source="link")
    peer.asks(tempo=150.0)
    until(lambda: abs(live.transports()[-1].tempo_bpm - 150.0) < 0.5, "but when that is asked for")
    live.close()
    until(lambda: peer.asks()[0] == 0, "it leaves")
