"""`jamd render`: what comes out is what the plugins make of what goes in, from its first sample on, to its tail's end."""

import itertools
import json
from pathlib import Path

import mido
import numpy as np
import pytest
import soundfile
from click.testing import CliRunner

from daemon.cli import main

RATE = 48000
AMP = "lv2:http://lv2plug.in/plugins/eg-amp"
EPIANO = "lv2:http://drobilla.net/plugins/mda/EPiano"
DELAY = "lv2:urn:zamaudio:ZamDelay"
MAXIMISER = "lv2:urn:zamaudio:ZaMaximX2"
PACKAGES = {AMP: "lv2-examples", EPIANO: "mda-lv2", DELAY: "zam-plugins", MAXIMISER: "zam-plugins"}

GAIN = f"""
[[chain]]
name = "amp"
[[chain.plugin]]
name = "gain"
plugin = "{AMP}"
[chain.plugin.params]
gain = "-6 dB"
[[snapshot]]
name = "quiet"
params.gain = {{ gain = "-20 dB" }}
"""

KEYS = f"""
[[chain]]
name = "keys"
input = "none"
midi = ["Keystation"]
[[chain.plugin]]
name = "piano"
plugin = "{EPIANO}"
"""


def needs(*plugins: str) -> None:
    from daemon.plugins.catalogue import open_plugin
    from daemon.plugins.plugin import PluginError

    for name in plugins:
        try:
            open_plugin(name, RATE, 1024).close()
        except PluginError as error:
            pytest.skip(f"{error}: sudo apt install {PACKAGES[name]}")


@pytest.fixture
def noise(tmp_path: Path) -> np.ndarray:
    """Half a second and some samples, as noise.wav."""
    sound = np.random.default_rng(1).uniform(-0.5, 0.5, (24_321, 1)).astype(np.float32)
    soundfile.write(tmp_path / "noise.wav", sound, RATE, subtype="FLOAT")
    return sound.repeat(2, axis=1)  # what is played of it


@pytest.fixture
def render(tmp_path: Path):
    """Render a file of the folder through a preset's text: what was written, and the report."""

    def run(given: str, preset: str, *options: object, out: str = "out.wav") -> tuple[np.ndarray, dict]:
        (tmp_path / "preset.toml").write_text(preset)
        words = ["render", tmp_path / given, tmp_path / out, "--preset", tmp_path / "preset.toml", "--json", *options]
        done = CliRunner().invoke(main, list(map(str, words)), catch_exceptions=False)
        assert done.exit_code == 0, done.output
        sound, rate = soundfile.read(tmp_path / out, dtype="float32", always_2d=True)
        report = json.loads(done.stdout)
        assert rate == report["rate"]
        assert not list(tmp_path.glob(".*"))
        return sound, report

    return run


def song(path: Path, *messages: tuple[int, mido.Message]) -> None:
    """A MIDI file of (samples since the message before, message), one tick a sample."""
    midi = mido.MidiFile(ticks_per_beat=24000)
    midi.tracks.append(mido.MidiTrack(message.copy(time=time) for time, message in messages))
    midi.save(path)


def on(note: int) -> mido.Message:
    return mido.Message("note_on", note=note, velocity=100)


def off(note: int) -> mido.Message:
    return mido.Message("note_off", note=note)


def test_a_gain_is_that_gain(render, noise: np.ndarray) -> None:
    needs(AMP)
    sound, report = render("noise.wav", GAIN)
    assert sound.shape == noise.shape
    assert np.abs(sound - noise * np.float32(10 ** (-6 / 20))).max() < 1e-7
    assert report["problems"] == []
    assert (report["latency_samples"], report["tail_s"], report["limited_db"]) == (0, 0.0, 0.0)
    quiet, _ = render("noise.wav", GAIN, "--snapshot", "quiet")
    assert np.abs(quiet - noise * np.float32(0.1)).max() < 1e-7


@pytest.mark.parametrize(("name", "near"), [("out.flac", 2e-7), ("out.aiff", 2e-7), ("out.ogg", 0.5)])
def test_the_name_says_the_format(render, noise: np.ndarray, name: str, near: float) -> None:
    needs(AMP)
    sound, _ = render("noise.wav", GAIN, out=name)
    assert sound.shape == noise.shape
    assert np.abs(sound - noise * np.float32(10 ** (-6 / 20))).max() < near


def test_a_note_begins_on_its_sample_and_a_snapshot_too(render, tmp_path: Path) -> None:
    needs(EPIANO, AMP)
    both = KEYS + GAIN.partition("[[chain.plugin]]")[2].join(["[[chain.plugin]]", ""])
    switch = both.replace('"-6 dB"', '"0 dB"') + '[[map]]\nkind = "program"\nto = "snapshot"\nport = "Pedal"\n'
    notes = [(6417, on(60)), (30_000, mido.Message("program_change", program=0)), (30_000, off(60))]
    song(tmp_path / "a.mid", *notes)
    sound, report = render("a.mid", switch)
    assert report["problems"] == []
    assert np.flatnonzero(sound.any(axis=1))[0] == 6417
    song(tmp_path / "b.mid", notes[0], (60_000, off(60)))
    loud, _ = render("b.mid", switch)
    assert np.array_equal(sound[:36_417], loud[:36_417])
    assert sound[38_000:60_000] == pytest.approx(loud[38_000:60_000] * 0.1, rel=1e-3, abs=1e-7)
    assert not np.array_equal(sound[36_417:36_500], loud[36_417:36_500])
    for options in (["--block", "480"], ["--block", "4096"], []):
        assert np.array_equal(render("a.mid", switch, *options)[0], sound)


def test_the_tail_is_there_and_ends(render, tmp_path: Path) -> None:
    needs(DELAY)
    click = np.zeros((RATE // 10, 1), np.float32)
    click[100] = 0.8
    soundfile.write(tmp_path / "click.wav", click, RATE, subtype="FLOAT")
    echo = f"""
        [[chain]]
        name = "echo"
        [[chain.plugin]]
        name = "delay"
        plugin = "{DELAY}"
        params = {{ time = "500 ms", feedb = "0.5", drywet = "1", lpf = "20000" }}
        """
    sound, report = render("click.wav", echo)
    repeats = [np.abs(sound[k * 24_000 : k * 24_000 + 4_000]).max() for k in range(1, 8)]
    assert all(0.3 < after / before < 0.6 for before, after in itertools.pairwise(repeats))
    assert np.abs(sound[-1]).max() > 1e-4 > 0.5 * repeats[-1] * 0.5**8
    assert report["tail_s"] == pytest.approx(len(sound) / RATE - 0.1)
    whole, _ = render("click.wav", echo, "--tail", "9")
    assert len(whole) == len(click) + 9 * RATE
    assert np.array_equal(whole[: len(sound)], sound)
    assert np.abs(whole[len(sound) :]).max() <= 1e-4


def test_a_tail_without_end_ends(render, noise: np.ndarray) -> None:
    needs(DELAY)
    ever = f'[[chain]]\nname = "a"\n[[chain.plugin]]\nplugin = "{DELAY}"\nparams = {{ feedb = "1", lpf = "20000" }}\n'
    _, report = render("noise.wav", ever, "--block", "1024")
    assert 29.0 < report["tail_s"] < 30.5


def test_latency_is_made_up_for(render, noise: np.ndarray) -> None:
    needs(MAXIMISER)
    late = f'[[chain]]\nname = "a"\n[[chain.plugin]]\nname = "max"\nplugin = "{MAXIMISER}"\nmix = 0.0\n'
    sound, report = render("noise.wav", late)
    assert report["latency_samples"] == 480
    assert np.array_equal(sound, noise)
    wet, _ = render("noise.wav", late.replace("mix = 0.0", "mix = 1.0"))
    assert len(wet) == len(noise)
    likeness = [np.sum(wet[1000:-1000] * np.roll(noise, shift, axis=0)[1000:-1000]) for shift in (-480, -1, 0, 1, 480)]
    assert np.argmax(likeness) == 2


@pytest.mark.parametrize("rate", [44100, 96000])
def test_the_rate_that_is_asked_for(render, tmp_path: Path, rate: int) -> None:
    needs(EPIANO)
    song(tmp_path / "a.mid", (24_000, on(60)), (24_000, off(60)))
    sound, report = render("a.mid", KEYS, "--rate", rate)
    assert report["rate"] == rate
    assert np.flatnonzero(sound.any(axis=1))[0] == rate // 2


def test_what_is_amiss_in_a_preset_is_said_and_the_rest_sounds(render, noise: np.ndarray) -> None:
    needs(AMP)
    missing = '[[chain.plugin]]\nname = "gone"\nplugin = "lv2:urn:no:such"\n'
    text = GAIN.replace("[[snapshot]]", missing + "[[snapshot]]").replace('gain = "-6 dB"', 'gain = "-6 dB"\nzain = 1')
    sound, report = render("noise.wav", text)
    assert np.abs(sound - noise * np.float32(10 ** (-6 / 20))).max() < 1e-7
    assert len(report["problems"]) == 2, report["problems"]
    assert any("gone" in problem and "urn:no:such" in problem for problem in report["problems"])
    assert any("no parameter 'zain'" in problem for problem in report["problems"])


def test_an_isolated_chain_is_played_here(render, noise: np.ndarray) -> None:
    needs(AMP)
    sound, _ = render("noise.wav", GAIN.replace('name = "amp"', 'name = "amp"\nisolate = true'))
    assert np.abs(sound - noise * np.float32(10 ** (-6 / 20))).max() < 1e-7


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["noise.wav", "out.xyz", "--preset", "preset.toml"], "out.xyz: cannot be told what to write"),
        (["noise.wav", "noise.wav", "--preset", "preset.toml"], "noise.wav: is what is to be rendered"),
        (["noise.wav", "none/out.wav", "--preset", "preset.toml"], "there is no folder none"),
        (["noise.wav", "out.wav", "--preset", "gitar"], "there is no preset 'gitar'; did you mean 'guitar'?"),
        (["noise.wav", "out.wav", "--preset", "gone.toml"], "gone.toml: No such file"),
        (["none.wav", "out.wav", "--preset", "preset.toml"], "none.wav: there is no such file"),
        (
            ["noise.wav", "out.wav", "--preset", "preset.toml", "--snapshot", "loud"],
            "no snapshot 'loud'; there is quiet",
        ),
        (["noise.mid", "out.wav", "--preset", "preset.toml"], "noise.mid: is no MIDI file"),
        (["noise.wav", "out.wav", "--preset", "preset.toml", "--rate", "8000"], "8000 is not 44100 to 96000"),
    ],
)
def test_mistakes_are_one_line(
    tmp_path: Path, noise: np.ndarray, monkeypatch: pytest.MonkeyPatch, words: list[str], says: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("preset.toml").write_text(GAIN)
    Path("noise.mid").write_bytes(Path("noise.wav").read_bytes())
    before = Path("noise.wav").read_bytes()
    done = CliRunner().invoke(main, ["render", *words])
    assert done.exit_code != 0
    assert says in done.stderr
    assert "Traceback" not in done.output
    assert Path("noise.wav").read_bytes() == before
    assert not Path("out.wav").exists()
