"""`jamd serve` as a client meets it: the same answers as on the command line, and an error for everything else."""

import io
import json
import math
import os
import signal
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
import soundfile
import zmq
from click.testing import CliRunner

from daemon.answering import analyse as analysing
from daemon.bench import serve_load
from daemon.cli import main
from daemon.inputs.performance import Performance
from daemon.outputs import midi_out_file
from daemon.outputs.midi_out_file import Sounded, Track
from tests import engine_alone
from tests.serve.service_stage import LONG, NOTES, PHRASE, RATE, Client, Serving, descriptors, files, of_seconds


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sound") / "performance.wav"
    soundfile.write(path, np.concatenate(list(Performance(8.0).blocks(RATE)), axis=1).T, RATE, subtype="FLOAT")
    return path


def jamd(*words: object) -> str:
    done = CliRunner().invoke(main, list(map(str, words)))
    assert done.exit_code == 0, done.output
    return done.stdout


def test_an_analysis_is_that_of_the_command_line(served: Client, sound: Path, tmp_path: Path) -> None:
    (tmp_path / "engine.toml").write_text(engine_alone.TEXT)
    command = ("analyze", sound, "--config", tmp_path / "engine.toml", "--json")
    lines = [json.loads(line) for line in jamd(*command).splitlines()]
    events = [line for line in lines if line["type"] not in analysing.DENSE]
    assert len(events) > 20
    samples, _ = soundfile.read(sound, dtype="float32", always_2d=True)
    said = [
        served.result("analyse", file=str(sound), dense=True),
        served.result("analyse", sound=sound.read_bytes(), dense=True),
        served.result("analyse", samples=samples.tobytes(), rate=RATE, channels=samples.shape[1], dense=True),
    ]
    assert said[0] == said[1] == said[2]
    found = json.loads(msgspec.json.encode(said[0]))  # as JSON has it: no infinity
    assert _alike(found["events"], events)
    assert (found["rate"], found["duration_s"], found["said"]) == (RATE, 8.0, [])
    assert found["key"] == [event["name"] for event in events if event["type"] == "key"][-1]
    assert 60 < found["tempo_bpm"] < 200
    for kind, columns in found["dense"].items():
        rows = [line for line in lines if line["type"] == kind]
        assert len(rows) > 1000
        for name, values in columns.items():
            assert _alike(values, [row[name] for row in rows]), (kind, name)
    short = served.result("analyse", sound=sound.read_bytes(), analysis={"onset": "off", "key": "off"})
    assert {event["type"] for event in short["events"]} == {event["type"] for event in events} - {"onset", "key"}
    assert "dense" not in short
    named = served.result("analyse", sound=sound.read_bytes(), analysis={"beat": "neural"})["events"]
    assert {event["position"] for event in named if event["type"] == "beat"} > {0}  # only a network tells it


def _alike(one: Any, other: Any) -> bool:
    """The same but for the last digits: of the same sources two compilations may round differently (`fastmath`)."""
    if isinstance(one, list):
        return len(one) == len(other) and all(map(_alike, one, other))
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(_alike(one[name], other[name]) for name in one)
    if isinstance(one, float) and isinstance(other, float):
        return math.isclose(one, other, rel_tol=1e-3, abs_tol=1e-3)
    return one == other


def test_a_phrase_is_answered_as_on_the_command_line(served: Client, tmp_path: Path) -> None:
    found = served.result("generate", notes=NOTES, generators=["motif", "markov"], style="jazz", seed=3, bars=2)
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
    given = served.result(
        "generate", midi=prompt.read_bytes(), generators=["motif", "markov"], style="jazz", seed=3, bars=2
    )
    assert given["answers"] == found["answers"]
    assert out.read_bytes() == given["midi"] == found["midi"]


def _as_ours(note: dict[str, Any]) -> dict[str, Any]:
    ours = {"beat": note["tick"] / 24, "beats": note["duration"] / 24}
    return ours | {name: note[name] for name in ("midi", "velocity", "part")}


def test_the_next_item_is_that_of_the_command_line(served: Client, serving: Serving) -> None:
    path = serving.tmp.parent / "library.db"
    told = json.loads(jamd("next", "--after", "blue monday", "--library", path, "--json", "-n", 3))
    found = served.result("recommend", plays=["blue monday"], n=3)
    assert found["items"] == told["items"]
    assert found["plays"][0]["id"] == told["playing"]["item_id"]
    many = served.result("recommend", plays=[2, "#3", "blue monday"], n=50)
    ids = [one["id"] for one in many["items"]]
    assert ids and not {1, 2, 3} & set(ids)
    assert all(part["text"] for one in many["items"] for part in one["parts"])
    few = served.result("recommend", plays=[1], n=50, wishes={"by": {"2": "01:00"}, "repeats": True})
    assert len(few["items"]) > len(ids)
    assert served.result("recommend")["plays"] == []
    assert served.refused("recommend", plays=[99])[0] == 404
    assert "there is no wish 'tempo'" in served.refused("recommend", wishes={"tempo": 1})[1]
    assert "no item #" in served.refused("recommend", plays=[2**60])[1]


def test_models_are_said_without_their_places(served: Client) -> None:
    found = served.result("models")["models"]
    assert {"phrase", "harmony", "next", "hearing"} <= {one["task"] for one in found}
    assert not any("folder" in one for one in found)


def test_what_is_wrong_is_said_with_a_remedy(served: Client, serving: Serving, tmp_path: Path) -> None:
    (tmp_path / "text.wav").write_text("no sound")
    for cmd, arguments, code, says in (
        ("analyse", {}, 422, "give one of file"),
        ("analyse", {"file": "/x", "sound": b"x"}, 422, "file and sound given"),
        ("analyse", {"file": "song.wav"}, 422, "no whole path"),
        ("analyse", {"file": str(tmp_path / "none.wav")}, 404, "no such file"),
        ("analyse", {"file": str(tmp_path)}, 422, "not a file"),
        ("analyse", {"file": f"/{300 * 'x'}/x.wav"}, 404, "no such file"),
        ("analyse", {"file": "~nobody9/x.wav"}, 422, "no whole path"),
        ("analyse", {"file": str(tmp_path / "text.wav")}, 422, "ffmpeg"),
        ("analyse", {"sound": b"no sound"}, 422, "what was given: is no sound that libsndfile reads"),
        ("analyse", {"samples": b"12345678", "rate": 0}, 422, "give theirs in Hz"),
        ("analyse", {"samples": b"123", "rate": 48000}, 422, "no whole samples"),
        ("analyse", {"sound": b"x", "rate": 48000}, 422, "goes with samples"),
        ("analyse", {"sound": b"x", "analysis": {"onset": "x"}}, 422, "analysis.onset"),
        ("analyse", {"sound": b"x", "analysis": {"smell": "x"}}, 422, "analysis.smell"),
        ("generate", {}, 422, "no phrase given"),
        ("generate", {"notes": NOTES, "midi": b"x"}, 422, "notes and midi given"),
        ("generate", {"midi": bytes((1 << 20) + 1)}, 413, "give the phrase's end only"),
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
        got, text = served.refused(cmd, **arguments)
        if arguments.get("sound") == b"x" and "analysis" in arguments:
            assert got == 422
            continue
        assert (got, says in text) == (code, True), (cmd, arguments, got, text)
    error = served.ask({"cmd": "models"}, {"cmd": "list"})["error"]
    assert (error["code"], error["at"], "no service" in error["text"]) == (409, 1, True)
    assert served.refused("analyse", sound=of_seconds(1901)) == (
        413,
        "analyse: a sound of 32 minutes; 30 are the most, so cut it",
    )
    served.send({"cmd": "analyse", "sound": bytes(33 << 20)})
    assert served.take()["error"]["code"] == 413
    assert files(serving.tmp) == []


def test_an_answer_names_no_file_of_the_workers(served: Client, serving: Serving) -> None:
    file = io.BytesIO()
    soundfile.write(file, np.zeros((4800, 3), np.float32), RATE, format="WAV")
    said = served.result("analyse", sound=file.getvalue())["said"]
    assert said and all("what was given" in note and "/" not in note for note in said), said
    assert Path(f"/proc/{serving.worker}/oom_score_adj").read_text() == "1000\n"  # it goes before what plays


def test_check_does_nothing_and_a_batch_answers_in_order(served: Client) -> None:
    assert served.ask({"cmd": "analyse", "file": "/none"}, check=True)["results"] == [None]
    answer = served.ask({"cmd": "recommend", "n": 1}, {"cmd": "models"}, {"cmd": "cancel", "id": 99})
    assert [set(one) for one in answer["results"]] == [{"plays", "items", "ms"}, {"models"}, {"id", "cancelled"}]


def test_a_request_is_cancelled_by_the_id_its_client_gave(served: Client, serving: Serving) -> None:
    other, pid = Client(serving.address, as_json=True), serving.worker
    name = served.send(LONG)
    waits = other.send({"cmd": "models"}, id=name)
    assert other.ask({"cmd": "cancel", "id": "another"})["results"] == [{"id": "another", "cancelled": []}]
    asked = served.send({"cmd": "cancel", "id": name})
    answers = {one["id"]: one for one in (served.take(), served.take())}
    assert answers[name]["error"]["code"] == 499
    assert answers[asked]["results"] == [{"id": name, "cancelled": ["analyse"]}]
    assert "models" in other.take()["results"][0], waits
    assert serving.worker == pid  # it looked between two blocks
    assert files(serving.tmp) == []
    other.close()


def test_a_worker_that_is_killed_or_hangs_is_replaced(served: Client, serving: Serving) -> None:
    pid = serving.worker
    served.send(LONG)
    serving.until(lambda: files(serving.tmp))
    os.kill(pid, signal.SIGKILL)
    error = served.take()["error"]
    assert (error["code"], "signal 9" in error["text"]) == (500, True)
    assert "models" in served.result("models")
    assert files(serving.tmp) == []
    pid = serving.worker
    os.kill(pid, signal.SIGSTOP)
    code, text = served.refused("models", deadline_ms=200)
    assert (code, "200 ms" in text) == (504, True)
    assert "models" in served.result("models")
    assert serving.worker not in (pid, 0)


def test_after_all_that_it_is_the_same_process_with_nothing_left_open(
    served: Client, serving: Serving, sound: Path
) -> None:
    def few(n: int) -> None:
        for _ in range(n):
            served.result("analyse", sound=sound.read_bytes()[:200_000])
            served.result("generate", notes=NOTES, generators=["motif"], bars=1)
            served.result("recommend", plays=[1])
            served.refused("analyse", sound=b"x")

    few(2)
    pids = serving.process.pid, serving.worker
    before = [descriptors(pid) for pid in pids]
    few(10)
    assert (serving.process.pid, serving.worker) == pids
    assert [descriptors(pid) for pid in pids] == before
    assert files(serving.tmp) == []


def test_the_benchmark_asks_and_counts(serving: Serving) -> None:
    found = serve_load.asked(serving.address, "recommend", 2, 1, 0.0)
    assert found["per_s"] > 0
    assert 0 < found["p50_ms"] <= found["p99_ms"]
    assert found["refused_per_s"] == 0
    assert serve_load.asked(serving.address, "recommend", 1, 40, 0.0)["refused_per_s"] > 0
    with pytest.raises(serve_load.ServeBenchError):
        serve_load.asked(serving.address, "nothing", 0, 1, 0.0)


def test_the_benchmark_times_each_request_by_its_id(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    address = f"ipc://{tmp_path}/asked"
    with zmq.Context() as context, context.socket(zmq.ROUTER) as router:
        router.bind(address)
        load = serve_load._Clients(address, "recommend", 1)
        (socket,) = load._sockets
        monkeypatch.setattr(serve_load.time, "monotonic", lambda: 1.0)
        load._ask(socket)
        monkeypatch.setattr(serve_load.time, "monotonic", lambda: 3.0)
        load._ask(socket)
        asked = [router.recv_multipart() for _ in range(2)]
        monkeypatch.setattr(serve_load.time, "monotonic", lambda: 9.0)
        for (who, packed), more in zip(asked[::-1], ({"error": {"code": 429}}, {"results": []}), strict=True):
            number = msgspec.msgpack.decode(packed)["id"]
            router.send_multipart([who, msgspec.msgpack.encode({"id": number} | more)])
            load._take(socket)
        socket.close()
        socket.context.term()
    assert (load.took_s, load.refused) == ([8.0], 1)


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
