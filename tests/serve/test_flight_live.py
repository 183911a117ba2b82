"""A live set on a real JACK server with instruments, plugins and the band, recorded, saved and replayed."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

from daemon import messages as m
from tests.plugins.installed import lv2
from tests.serve.flight_stage import ROOT, Stage, replayed

COMP = "urn:zamaudio:ZamCompX2"
PRESET = """
[jam]
mode = "answer"
hears = "{hears}"
style = "folk"
bars = 2
tempo_bpm = 120.0
[jam.chords]
generator = "comping"
[jam.bass]
on = true
[[chain]]
name = "call"
{plugin}
[[chain]]
name = "band"
input = "none"
midi = ["generator"]
[[chain.plugin]]
plugin = "jamd:synth"
[[map]]
kind = "cc"
number = 20
to = "take"
"""
EARLIER = """
import json, pathlib, sys
from daemon.flight.reading import Recording
from daemon.flight.replay import Replay
from daemon.generate.live import schedule
schedule.AHEAD_S += 0.001
recording = Recording(pathlib.Path(sys.argv[1]))
replay = Replay(recording, recording.sessions[0])
replay.run(lambda seconds: None)
print(json.dumps(replay.tally.different))
"""
"""In a process that loads what was compiled, as the daemon did: two compilations differ in the last digit."""
OF_SOUND = {"onset", "note_on", "note_off", "beat"}
OF_BAND = {"phrase", "answer", "accompaniment", "jam_note", "jam"}
pytestmark = pytest.mark.timeout(300)

jack = pytest.importorskip("jack", reason="JACK-Client finds no libjack (apt install jackd2)", exc_type=OSError)


def preset(folder: Path, hears: str) -> Path:
    """With an LV2 plugin where there is one."""
    try:
        lv2(COMP)
        plugin = f'[[chain.plugin]]\nname = "comp"\nplugin = "lv2:{COMP}"'
    except pytest.skip.Exception as why:
        print(f"without an LV2 plugin: {why}")
        plugin = ""
    path = folder / "set.toml"
    path.write_text(PRESET.format(plugin=plugin, hears=hears))
    return path


@pytest.mark.parametrize("fresh_jack_server", [1024], indirect=True)
def test_a_set_comes_again(fresh_jack_server, tmp_path) -> None:
    stage = Stage(tmp_path, preset(tmp_path, "midi"), "jack")
    player = jack.Client("hands", no_start_server=True)
    out = player.midi_outports.register("out")
    score: list[tuple[int, int, int]] = []

    @player.set_process_callback
    def play(n: int) -> None:
        out.clear_buffer()
        while score:
            out.write_midi_event(0, score.pop(0))

    try:
        with player:
            player.connect("hands:out", "jamd:midi_in")
            for k in range(14):
                pitch = 60 + (0, 4, 7, 12)[k % 4]
                score.append((0x90, pitch, 80 + k))
                stage.read(0.4)
                score.append((0x80, pitch, 0))
                stage.read(1.5 if k == 7 else 0.1)  # a phrase closes
            answer = stage.do(cmd="take", name="first")
            assert answer["results"][0]["path"] == str(stage.record / "takes" / "first"), answer
            score.append((0xB0, 20, 127))  # a pedal that is mapped
            by_pedal = stage.until(
                lambda said: isinstance(said, m.Take) and said.state == "saved" and "first" not in said.path
            )
            stage.read(0.5)
    finally:
        stage.close()
    assert isinstance(by_pedal, m.Take)
    assert Path(by_pedal.path).is_dir()
    code, found = replayed(stage.record)
    print(found)
    assert code == 0
    assert found["same"]
    assert not found["different"]
    kinds = {kind for kind, count in found["identical"].items() if count}
    assert OF_SOUND | OF_BAND | {"midi_note", "midi_control"} <= kinds
    published = sum(isinstance(one, m.JamNote) for one in stage.said)
    assert found["identical"]["jam_note"] >= published > 10
    _is_a_take(stage.record / "takes" / "first")


def _is_a_take(path: Path) -> None:
    """WAV of both ends, MIDI of both sides, and a session that comes again."""
    import mido

    into, rate = soundfile.read(path / "input.wav", dtype="float32")
    heard, _ = soundfile.read(path / "output.wav", dtype="float32")
    assert into.shape == heard.shape
    assert rate == 48000
    assert len(into) > 7 * rate
    assert np.abs(into).max() > 0.01
    assert np.abs(heard).max() > 0.01
    assert soundfile.info(path / "input.wav").subtype == "FLOAT"
    midi = mido.MidiFile(path / "take.mid")
    names = {track.name: sum(one.type == "note_on" for one in track) for track in midi.tracks}
    assert names["jack 1"] >= 13
    assert sum(count for name, count in names.items() if name.startswith("jamd ")) > 5
    code, found = replayed(path, "--out", str(path / "again.wav"))
    assert code == 0, found
    again, _ = soundfile.read(path / "again.wav")
    assert np.abs(again).max() > 0.01
    assert found["identical"]["onset"] > 0


def test_what_differs_is_said(tmp_path) -> None:
    """A band that hands its notes on 1 ms earlier; and sound that is not what was heard."""
    stage = Stage(tmp_path, preset(tmp_path, "both"))
    stage.read(4.5)
    stage.close()
    code, found = replayed(stage.record)
    assert code == 0, found
    assert found["identical"]["jam_note"] > 5  # the band heard the sound
    different = json.loads(subprocess.check_output([sys.executable, "-c", EARLIER, stage.record], cwd=ROOT))
    assert different["jam_note"] > 0
    assert "onset" not in different
    sound = next(path for path in sorted(stage.record.glob("segments/*/sound.f32")) if path.stat().st_size > 16 * 48000)
    samples = np.memmap(sound, "<f4", "r+").reshape(-1, 4)
    samples[48000:72000] = 0.0
    samples.flush()
    del samples
    code, found = replayed(stage.record)
    assert code == 1
    assert not found["same"]
    assert found["first"][0]["recorded"] != found["first"][0]["replayed"]
