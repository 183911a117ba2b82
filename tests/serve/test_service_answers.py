"""`jamd serve` as a client meets it: the same answers as on the command line, and an error for everything else."""

import io
import json
import os
import re
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
import soundfile
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from daemon.answering import analyse as analysing
from daemon.cli import main
from daemon.errors import REFUSALS
from daemon.inputs.performance import Performance
from daemon.outputs import midi_out_file
from daemon.outputs.midi_out_file import Sounded, Track
from tests.recommend.booth_stage import library
from tests.serve.service_stage import Client, Serving, descriptors, files

RATE = 48000
PHRASE = [(0, 60), (1, 62), (2, 64), (3, 67), (4, 65), (5, 64), (6, 62), (7, 60)]


def of_seconds(n: int) -> bytes:
    """A sound file of a few bytes that takes long."""
    file = io.BytesIO()
    soundfile.write(file, np.zeros(n * 1000, np.int16), 1000, format="FLAC")
    return file.getvalue()


LONG = {"cmd": "analyse", "sound": of_seconds(1790)}
NOTES = [{"beat": beat, "beats": 1.0, "midi": midi, "velocity": 90} for beat, midi in PHRASE]


@pytest.fixture(scope="module")
def serving(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    folder = tmp_path_factory.mktemp("serving")
    one = Serving(folder, "--library", str(library(folder / "library.db")))
    yield one
    one.stop()


@pytest.fixture
def client(serving: Serving) -> Iterator[Client]:
    one = Client(serving.address)
    yield one
    one.close()


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sound") / "performance.wav"
    soundfile.write(path, np.concatenate(list(Performance(8.0).blocks(RATE)), axis=1).T, RATE, subtype="FLOAT")
    return path


def jamd(*words: object) -> str:
    done = CliRunner().invoke(main, list(map(str, words)))
    assert done.exit_code == 0, done.output
    return done.stdout


def test_an_analysis_is_that_of_the_command_line(client: Client, sound: Path) -> None:
    lines = [json.loads(line) for line in jamd("analyze", sound, "--json").splitlines()]
    events = [line for line in lines if line["type"] not in analysing.DENSE]
    assert len(events) > 20
    samples, _ = soundfile.read(sound, dtype="float32", always_2d=True)
    said = [
        client.result("analyse", file=str(sound), dense=True),
        client.result("analyse", sound=sound.read_bytes(), dense=True),
        client.result("analyse", samples=samples.tobytes(), rate=RATE, channels=samples.shape[1], dense=True),
    ]
    assert said[0] == said[1] == said[2]
    found = json.loads(msgspec.json.encode(said[0]))  # as JSON has it: no infinity
    assert found["events"] == events
    assert (found["rate"], found["duration_s"], found["notes"]) == (RATE, 8.0, [])
    assert found["key"] == [event["name"] for event in events if event["type"] == "key"][-1]
    assert 60 < found["tempo_bpm"] < 200
    for kind, columns in found["dense"].items():
        rows = [line for line in lines if line["type"] == kind]
        assert len(rows) > 1000
        for name, values in columns.items():
            assert values == [row[name] for row in rows], (kind, name)
    short = client.result("analyse", sound=sound.read_bytes(), analysis={"onset": "off", "key": "off"})
    assert {event["type"] for event in short["events"]} == {event["type"] for event in events} - {"onset", "key"}
    assert "dense" not in short


def test_a_phrase_is_answered_as_on_the_command_line(client: Client, tmp_path: Path) -> None:
    found = client.result("generate", notes=NOTES, generators=["motif", "markov"], style="jazz", seed=3, bars=2)
    prompt = tmp_path / "prompt.mid"
    played = [Sounded(beat, beat + 1.0, midi, 90) for beat, midi in PHRASE]
    midi_out_file.write(prompt, [Track("mine", 0, 0, played)], [(0.0, 120.0)], [(0.0, 4, 4)])
    out = tmp_path / "out.mid"
    words = ["--generator", "motif", "--generator", "markov", "--accompany", "jazz", "--seed", 3, "--bars", 2]
    told = json.loads(jamd("generate", "--prompt", prompt, "--json", "--out", out, *words))
    assert [one["generator"] for one in found["answers"]] == ["motif", "markov"]
    for ours, theirs in zip(found["answers"], told["answers"], strict=True):
        for kind in ("notes", "band"):
            assert ours[kind] == [_as_ours(note) for note in theirs[kind]]
        assert [(one["beat"], one["name"]) for one in ours["chords"]] == [
            (one["tick"] / 24, one["name"]) for one in theirs["chords"]
        ]
        assert ours["notes"]
    assert (found["key"], found["meter"], found["beat"]) == (told["key"], told["meter"], told["tick"] / 24)
    given = client.result(
        "generate", midi=prompt.read_bytes(), generators=["motif", "markov"], style="jazz", seed=3, bars=2
    )
    assert given["answers"] == found["answers"]
    assert out.read_bytes() == given["midi"] == found["midi"]


def _as_ours(note: dict[str, Any]) -> dict[str, Any]:
    ours = {"beat": note["tick"] / 24, "beats": note["duration"] / 24}
    return ours | {name: note[name] for name in ("midi", "velocity", "part")}


def test_the_next_item_is_that_of_the_command_line(client: Client, serving: Serving) -> None:
    path = serving.tmp.parent / "library.db"
    told = json.loads(jamd("next", "--after", "blue monday", "--library", path, "--json", "-n", 3))
    found = client.result("recommend", plays=["blue monday"], n=3)
    assert found["items"] == told["items"]
    assert found["plays"][0]["id"] == told["playing"]["item_id"]
    many = client.result("recommend", plays=[2, "#3", "blue monday"], n=50)
    ids = [one["id"] for one in many["items"]]
    assert ids and not {1, 2, 3} & set(ids)
    assert all(part["text"] for one in many["items"] for part in one["parts"])
    few = client.result("recommend", plays=[1], n=50, wishes={"by": {"2": "01:00"}, "repeats": True})
    assert len(few["items"]) > len(ids)
    assert client.result("recommend")["plays"] == []
    assert client.refused("recommend", plays=[99])[0] == 404
    assert "there is no wish 'tempo'" in client.refused("recommend", wishes={"tempo": 1})[1]
    assert "no item #" in client.refused("recommend", plays=[2**60])[1]


def test_models_are_said_without_their_places(client: Client) -> None:
    found = client.result("models")["models"]
    assert {"phrase", "harmony", "next"} <= {one["task"] for one in found}
    assert not any("folder" in one for one in found)


def test_what_is_wrong_is_said_with_a_remedy(client: Client, serving: Serving, tmp_path: Path) -> None:
    (tmp_path / "text.wav").write_text("no sound")
    for cmd, arguments, code, says in (
        ("analyse", {}, 422, "give one of file"),
        ("analyse", {"file": "/x", "sound": b"x"}, 422, "file and sound given"),
        ("analyse", {"file": "song.wav"}, 422, "no whole path"),
        ("analyse", {"file": str(tmp_path / "none.wav")}, 404, "no such file"),
        ("analyse", {"file": str(tmp_path)}, 422, "not a file"),
        ("analyse", {"file": str(tmp_path / "text.wav")}, 422, "ffmpeg"),
        ("analyse", {"sound": b"no sound"}, 422, "what was given: is no sound that libsndfile reads"),
        ("analyse", {"samples": b"12345678", "rate": 0}, 422, "give theirs in Hz"),
        ("analyse", {"samples": b"123", "rate": 48000}, 422, "no whole samples"),
        ("analyse", {"sound": b"x", "rate": 48000}, 422, "goes with samples"),
        ("analyse", {"sound": b"x", "analysis": {"onset": "x"}}, 422, "analysis.onset"),
        ("analyse", {"sound": b"x", "analysis": {"smell": "x"}}, 422, "analysis.smell"),
        ("generate", {}, 422, "no phrase given"),
        ("generate", {"notes": NOTES, "midi": b"x"}, 422, "notes and midi given"),
        ("generate", {"midi": b"MThd"}, 422, "what was given: is no MIDI file"),
        ("generate", {"notes": NOTES, "generators": ["bach"]}, 422, "there is no 'bach'"),
        ("generate", {"notes": NOTES, "harmony": "bach"}, 422, "there is no 'bach'"),
        ("generate", {"notes": NOTES, "style": "../../etc/passwd"}, 422, "is no name"),
        ("generate", {"notes": NOTES, "style": "x.toml"}, 422, "not a file"),
        ("generate", {"notes": NOTES, "style": "polka"}, 422, "polka"),
        ("generate", {"notes": NOTES, "meter": "4/5"}, 422, "meter"),
        ("generate", {"notes": NOTES, "constraints": {"loud": 1}}, 422, "no constraint 'loud'"),
        ("generate", {"notes": NOTES, "constraints": {"low": [1]}}, 422, "low"),
        ("generate", {"notes": NOTES, "seed": 2**63 - 1, "constraints": {"low": 90, "high": 30}}, 422, "exchange"),
        ("generate", {"notes": [{"beat": 90000, "beats": 1, "midi": 60}]}, 413, "give its end only"),
        ("generate", {"notes": 5000 * NOTES[:1]}, 413, "4096 are the most"),
        ("models", {"deadline_ms": 0}, 422, "deadline_ms"),
    ):
        got, text = client.refused(cmd, **arguments)
        if arguments.get("sound") == b"x" and "analysis" in arguments:
            assert got == 422
            continue
        assert (got, says in text) == (code, True), (cmd, arguments, got, text)
    error = client.ask({"cmd": "models"}, {"cmd": "list"})["error"]
    assert (error["code"], error["at"], "no service" in error["text"]) == (409, 1, True)
    assert client.refused("analyse", sound=of_seconds(1901)) == (
        413,
        "analyse: a sound of 32 minutes; 30 are the most, so cut it",
    )
    client.send({"cmd": "analyse", "sound": bytes(33 << 20)})
    assert client.take()["error"]["code"] == 413
    assert files(serving.tmp) == []


def test_check_does_nothing_and_a_batch_answers_in_order(client: Client) -> None:
    assert client.ask({"cmd": "analyse", "file": "/none"}, check=True)["results"] == [None]
    answer = client.ask({"cmd": "recommend", "n": 1}, {"cmd": "models"}, {"cmd": "cancel", "id": 99})
    assert [set(one) for one in answer["results"]] == [{"plays", "items", "ms"}, {"models"}, {"id", "cancelled"}]


def test_a_request_is_cancelled_by_the_id_its_client_gave(client: Client, serving: Serving) -> None:
    other, pid = Client(serving.address, as_json=True), serving.worker
    name = client.send(LONG)
    waits = other.send({"cmd": "models"}, id=name)
    assert other.ask({"cmd": "cancel", "id": "another"})["results"] == [{"id": "another", "cancelled": []}]
    asked = client.send({"cmd": "cancel", "id": name})
    answers = {one["id"]: one for one in (client.take(), client.take())}
    assert answers[name]["error"]["code"] == 499
    assert answers[asked]["results"] == [{"id": name, "cancelled": ["analyse"]}]
    assert "models" in other.take()["results"][0], waits
    assert serving.worker == pid  # it looked between two blocks
    assert files(serving.tmp) == []
    other.close()


def test_a_worker_that_is_killed_or_hangs_is_replaced(client: Client, serving: Serving) -> None:
    pid = serving.worker
    client.send(LONG)
    serving.until(lambda: files(serving.tmp))
    os.kill(pid, signal.SIGKILL)
    error = client.take()["error"]
    assert (error["code"], "signal 9" in error["text"]) == (500, True)
    assert "models" in client.result("models")
    assert files(serving.tmp) == []
    pid = serving.worker
    os.kill(pid, signal.SIGSTOP)
    code, text = client.refused("models", deadline_ms=200)
    assert (code, "200 ms" in text) == (504, True)
    assert "models" in client.result("models")
    assert serving.worker not in (pid, 0)


WORDS = st.sampled_from(["analyse", "generate", "recommend", "models", "cancel", "list", "", "x"])
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats()
    | st.text(max_size=8)
    | st.binary(max_size=64),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)
FIELDS = st.sampled_from(
    re.findall(
        r"\w+",
        "sound samples rate channels analysis dense notes midi tempo_bpm meter bars generators constraints style harmony "
        "seed plays n wishes dj id deadline_ms",
    )
)
SANE = st.fixed_dictionaries(
    {
        "notes": st.lists(
            st.fixed_dictionaries(
                {"beat": st.floats(0, 1e5), "beats": st.floats(0.01, 100), "midi": st.integers(0, 127)}
            ),
            max_size=4,
        )
    },
    optional={
        "tempo_bpm": st.floats(30, 300),
        "meter": st.sampled_from(["4/4", "6/8", "1/16", "16/2", "x", "0/4"]),
        "bars": st.integers(1, 16),
        "generators": st.lists(st.sampled_from(["motif", "markov"]), max_size=2),
        "style": st.text(max_size=6),
        "constraints": st.dictionaries(
            st.sampled_from(["key", "low", "high", "density", "seed", "chord"]), VALUES, max_size=2
        ),
        "seed": st.integers(-(2**63), 2**63 - 1),
    },
)
COMMANDS = st.builds(lambda word, fields: {**fields, "cmd": word}, WORDS, st.dictionaries(FIELDS, VALUES, max_size=3))
PHRASES = st.builds(lambda fields: {**fields, "cmd": "generate"}, SANE)


@settings(
    max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(batch=st.lists(COMMANDS | PHRASES, min_size=1, max_size=3), junk=st.binary(max_size=80))
def test_whatever_comes_is_answered(client: Client, batch: list[dict[str, Any]], junk: bytes) -> None:
    batch = [
        {"deadline_ms": 20_000, **command} if command["cmd"] not in ("cancel", "list", "", "x") else command
        for command in batch
    ]
    answer = client.ask(*batch)
    assert ("error" in answer) != ("results" in answer)
    if "error" in answer:
        assert answer["error"]["code"] in set(REFUSALS) - {500, 504}, (batch, answer)
        assert "\n" not in answer["error"]["text"].strip()
    client.socket.send(junk)
    assert b"error" in client.next()


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    cut=st.integers(0, 3000),
    at=st.integers(0, 200),
    some=st.binary(max_size=12),
    kind=st.sampled_from(["WAV", "FLAC", "OGG", "MIDI"]),
)
def test_damaged_files_are_refused_or_heard_as_far_as_they_go(
    client: Client, cut: int, at: int, some: bytes, kind: str
) -> None:
    if kind == "MIDI":
        whole = client.result("generate", notes=NOTES[:2], generators=["motif"], bars=1)["midi"]
    else:
        file = io.BytesIO()
        soundfile.write(file, np.sin(np.arange(2000) / 9).astype(np.float32), RATE, format=kind)
        whole = file.getvalue()
    damaged = (whole[:at] + some + whole[at + len(some) :])[:cut]
    command = (
        {"cmd": "generate", "midi": damaged, "generators": ["motif"]}
        if kind == "MIDI"
        else {"cmd": "analyse", "sound": damaged}
    )
    answer = client.ask(command)
    assert "results" in answer or answer["error"]["code"] in (413, 422), answer


def test_after_all_that_it_is_the_same_process_with_nothing_left_open(
    client: Client, serving: Serving, sound: Path
) -> None:
    def few(n: int) -> None:
        for _ in range(n):
            client.result("analyse", sound=sound.read_bytes()[:200_000])
            client.result("generate", notes=NOTES, generators=["motif"], bars=1)
            client.result("recommend", plays=[1])
            client.refused("analyse", sound=b"x")

    few(2)
    pids = serving.process.pid, serving.worker
    before = [descriptors(pid) for pid in pids]
    few(10)
    assert (serving.process.pid, serving.worker) == pids
    assert [descriptors(pid) for pid in pids] == before
    assert files(serving.tmp) == []


def test_who_ends_it_has_what_is_under_way_refused(tmp_path: Path) -> None:
    one = Serving(tmp_path)
    client = Client(one.address)
    client.send(LONG)
    client.send({"cmd": "models"})
    one.until(lambda: files(one.tmp))
    pid = one.worker
    assert one.stop() == 0
    assert [client.take()["error"]["code"] for _ in range(2)] == [503, 503]
    assert files(one.tmp) == []
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    assert "Traceback" not in one.said
    client.close()
