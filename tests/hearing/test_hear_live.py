"""Networks live: what a file gives, and what becomes of it when their process dies or hangs, the engine ends, or is late."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from daemon import bridge, config
from daemon import messages as m
from daemon.engine.offline import Found
from daemon.flight.reading import Recording
from daemon.flight.replay import Replay
from daemon.hearing import room
from daemon.hearing.stream import Stream
from daemon.inputs.performance import Performance
from daemon.models import card as cards
from daemon.models import shelf as shelves
from daemon.models.opening import open_folder
from daemon.registry import HEARS
from dsp.hop import FEATURES
from tests.hearing import hear_stage, standin
from tests.hearing.hear_stage import RATE, Script, Stage, by_file, told

ALL = list(HEARS)
NEURAL = dict.fromkeys(ALL, "neural")
NEAR = RATE // 20


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A stand-in, one that is slow in rhythm, and one that is damaged."""
    folder = tmp_path_factory.mktemp("models")
    standin.model(folder)
    standin.model(folder, "slow", 40)
    damaged = standin.model(folder, "damaged") / "rhythm.onnx"
    damaged.write_bytes(damaged.read_bytes()[:-1] + b"\0")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JAMD_MODEL_FOLDER", str(folder))
        patch.setenv("JAMD_MODEL_HEARING", "standin")
        yield folder


def said_of(messages: list[m.Message]) -> list[m.Hears]:
    return [one for one in messages if isinstance(one, m.Hears) and one.analysis == "onset"]


def by_network(shelf: Path, since: int, sound: np.ndarray) -> list[m.Message]:
    """What a network says of a stream that it hears from a sample on."""
    stream = Stream(RATE, ALL, open_folder("hearing", shelf / "standin", "standin").graphs)
    stream.begin(since)
    found = Found(stream.process(sound[:, since:]), np.empty(0, FEATURES))
    return list(bridge.messages(found, RATE, f0_of_hops=False))


def at(messages: list[m.Message], kind: type) -> list[int]:
    return [one.sample_time for one in messages if isinstance(one, kind)]


def missing(times: list[int], among: list[int]) -> list[int]:
    return [one for one in times if not any(abs(one - other) < NEAR for other in among)]


def test_live_it_is_as_from_a_file_and_a_death_leaves_no_gap(shelf, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(room, "BACK_S", 0.5)
    stage = Stage(tmp_path, NEURAL)
    marks: dict[str, int] = {}

    def script() -> Script:
        yield lambda: all(stage.who(one)[0] == "neural" for one in ALL)
        marks["neural"] = stage.now
        yield stage.later(2.0)
        os.kill(stage.app.hearing.pid, signal.SIGSTOP)
        marks["stopped"] = stage.now
        yield lambda: stage.who("onset")[0] == "superflux"
        assert stage.who("notes")[0] == "f0"
        assert "behind" in stage.who("onset")[1]
        yield stage.later(0.5)
        os.kill(stage.app.hearing.pid, signal.SIGCONT)
        yield lambda: all(stage.who(one)[0] == "neural" for one in ALL)
        marks["back"] = stage.now
        yield stage.later(0.7)
        os.kill(stage.app.hearing.pid, signal.SIGKILL)
        marks["killed"] = stage.now
        yield lambda: stage.who("onset")[0] == "superflux"
        assert "signal 9" in stage.who("onset")[1]
        yield lambda: all(stage.who(one)[0] == "neural" for one in ALL)
        marks["again"] = stage.now
        yield stage.later(1.5)
        marks["end"] = stage.now

    stage.play(script())
    got = list(stage.got)
    stage.app.close()
    # As long as the network was in charge: to the sample what a file gives.
    music = list(Performance(marks["end"] / RATE + 0.5).blocks(RATE))
    sound = np.concatenate(music, axis=1)
    first, last = (next(one for one in hears if one.by == "neural") for hears in (said_of(got), said_of(got)[::-1]))
    network, features = by_network(shelf, first.since, sound), by_file({}, music)
    again = by_network(shelf, last.since, sound)
    for heard, begin, end in ((network, "neural", "stopped"), (again, "again", "end")):
        for analysis in ALL:
            expected, found = (
                told(by, analysis, begin=marks[begin] + RATE // 2, end=marks[end] - RATE // 10) for by in (heard, got)
            )
            assert found == expected, (analysis, begin)
    assert len(told(network, "onset", "notes")) > 20 and last.since > 0
    # While it was not: nothing that the engine heard is missing, but what the network had said.
    onsets = at(got, m.Onset)
    for since, until in (("stopped", "back"), ("killed", "again")):
        heard = [one for one in at(features, m.Onset) if marks[since] < one < marks[until] - RATE // 10]
        assert heard
        assert missing(heard, onsets) == []
    # Nothing twice: what one of the two says once is said once.
    by = {"network": {*at(network, m.Onset), *at(again, m.Onset)}, "engine": set(at(features, m.Onset))}
    for one, other in zip(sorted(onsets), sorted(onsets)[1:], strict=False):
        assert other - one >= NEAR or any({one, other} <= times for times in by.values()), (one, other)
    assert all_ended(stage.got)
    # What was recorded comes again to the sample, by the network as by the engine.
    replay = replayed(tmp_path)
    assert replay.notes == []
    assert not replay.tally.different, replay.tally.first
    assert replay.tally.identical["onset"] > 10 and replay.tally.identical["note_on"] > 20


def replayed(folder: Path) -> Replay:
    recording = Recording(folder / "recorded")
    replay = Replay(recording, recording.sessions[-1])
    replay.run(lambda _: None)
    return replay


def all_ended(got: list[m.Message]) -> bool:
    """Whether every note that began has ended, and none ended that had not begun."""
    sounding: set[int] = set()
    for one in got:
        if isinstance(one, m.NoteOn):
            sounding.add(one.midi)
        elif isinstance(one, m.NoteOff):
            assert one.midi in sounding
            sounding.remove(one.midi)
    return not sounding


def test_another_engine_and_another_model(shelf, tmp_path, monkeypatch) -> None:
    """A stream that begins anew is heard from its first sample; another model takes over in the middle."""
    monkeypatch.setattr(room, "PATIENCE_S", 20.0)
    stage = Stage(tmp_path, {"onset": "neural", "beat": "neural"})
    answers: list[dict] = []
    marks: dict[str, int] = {}
    sound: list[np.ndarray] = []

    def script() -> Script:
        yield lambda: stage.who("onset")[0] == stage.who("beat")[0] == "neural"
        marks["begun"] = len(stage.got)
        os.kill(hear_stage.engine_pid(), signal.SIGKILL)
        yield lambda: any(isinstance(one, m.Engine) and one.state == "running" for one in stage.got[marks["begun"] :])
        yield lambda: stage.now > 2 * RATE
        marks["used"] = stage.now
        sound.append(stage.app.supervisor.state["capture"][0][:, : marks["used"]].copy())
        stage.app.hearing.use("nosuch", answers.append)
        yield lambda: len(answers) == 1
        stage.app.hearing.use("standin", answers.append)
        yield lambda: len(answers) == 2
        yield stage.later(0.2)

    stage.play(script())
    stage.app.close()
    got = stage.got[marks["begun"] :]
    epochs = {one.epoch for one in got if isinstance(one, m.Onset)}
    new = [one for one in got if one.epoch == max(epochs)]
    network = by_file({"onset": "neural"}, sound)
    expected = [one for one in told(network, "onset") if one[2] <= marks["used"] - RATE // 10]
    assert expected
    assert [one for one in told(new, "onset") if one[2] <= marks["used"] - RATE // 10] == expected
    assert all(one.by == "neural" for one in got if isinstance(one, m.Hears))
    assert answers[0]["error"]["code"] == 422
    assert answers[1]["results"][0]["model"] == "standin"
    models = [(one.name, one.state) for one in stage.got if isinstance(one, m.Model)]
    assert models[:2] == [("standin", "used"), ("nosuch", "refused")]


def test_left_alone_it_hears_what_this_machine_keeps_up_with(shelf, tmp_path, monkeypatch) -> None:
    """By a model that is too slow in rhythm; what is named in the config is the config's to say."""
    monkeypatch.setattr(config, "BY_NETWORK", tuple(ALL))
    stage = Stage(tmp_path, dict.fromkeys(ALL) | {"key": "off", "chord": "templates"}, "slow")

    def script() -> Script:
        yield lambda: "slow" in stage.who("onset")[1] and stage.who("notes")[0] == "neural"
        yield stage.later(0.2)

    stage.play(script())
    stage.app.close()
    assert stage.who("onset")[0] == "superflux" and stage.who("beat")[0] == "predictive"
    assert "too slow here" in stage.who("beat")[1] and " ms of 10 for a frame" in stage.who("f0")[1]
    assert stage.who("key") == stage.who("chord") == ("", "")
    assert any(isinstance(one, m.Onset) for one in stage.got)


def test_a_model_that_will_not_do_is_refused_and_the_music_goes_on(shelf, tmp_path) -> None:
    stage = Stage(tmp_path, {"onset": "neural"}, "damaged")

    def script() -> Script:
        yield lambda: any(isinstance(one, m.Model) and one.state == "refused" for one in stage.got)
        yield lambda: "made ready" not in stage.who("onset")[1]
        yield lambda: len(at(stage.got, m.Onset)) > 2

    stage.play(script())
    stage.app.close()
    refused = next(one for one in stage.got if isinstance(one, m.Model) and one.state == "refused")
    assert refused.name == "damaged" and "its hash" in refused.error
    own = shelves.SHIPPED["hearing"] / cards.CARD
    by, reason = stage.who("onset")
    assert by == "neural" if own.exists() else (by == "superflux" and str(own) in reason)


def test_where_none_is_wanted_there_is_no_process(tmp_path) -> None:
    stage = Stage(tmp_path, dict.fromkeys(ALL, "off") | {"onset": "superflux"}, "")
    answers: list[dict] = []

    def script() -> Script:
        yield lambda: len(at(stage.got, m.Onset)) > 2
        stage.app.hearing.use("standin", answers.append)
        yield lambda: bool(answers)

    stage.play(script())
    assert stage.app.hearing.pid == 0
    stage.app.close()
    assert answers[0]["error"]["code"] == 409
    assert not any(isinstance(one, m.Hears) for one in stage.got)


def test_who_hears_is_said_in_a_line() -> None:
    from daemon import lines

    assert lines.says(m.Hears(analysis="onset", by="superflux", reason="late")) == "onset by superflux: late"
