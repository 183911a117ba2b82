"""Synth plugins that play training sound: at the right time and pitch, the same each time, and never in the way."""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from daemon.train.analysis import corpus, instruments, patches, playing, plugged, scores, synth
from daemon.train.analysis.patches import PATCHES, PLUGINS, Patch, Plugin
from tests.hearing.test_corpus import BY, EVERY

RATE = corpus.RATE
STEP = 1.2  # s from note to note where a patch is measured
SEED, DUET = 8, 6  # an excerpt of BY: a plugin plays the second part of two
SEED_OF_LINE = 9  # a plugin plays the only part of excerpt 0
TOUCHY = 26  # an excerpt that is another where as little as one number more is drawn for a part

BUNDLE = """@prefix lv2: <http://lv2plug.in/ns/lv2core#> .
@prefix atom: <http://lv2plug.in/ns/ext/atom#> .
@prefix doap: <http://usefulinc.com/ns/doap#> .
"""
BAD = """<urn:jamd:test:{0}> a lv2:Plugin, lv2:InstrumentPlugin ; lv2:binary <bad.so> ; doap:name "{0}" ;
  doap:license <http://opensource.org/licenses/isc> ;
  lv2:port [ a lv2:InputPort, atom:AtomPort ; lv2:index 0 ; lv2:symbol "midi" ; lv2:name "midi" ;
    atom:bufferType atom:Sequence ; atom:supports <http://lv2plug.in/ns/ext/midi#MidiEvent> ] ,
  [ a lv2:OutputPort, lv2:AudioPort ; lv2:index 1 ; lv2:symbol "out" ; lv2:name "out" ] ,
  [ a lv2:OutputPort, lv2:ControlPort ; lv2:index 2 ; lv2:symbol "latency" ; lv2:name "latency" ;
    lv2:designation lv2:latency ; lv2:portProperty lv2:reportsLatency ] .
"""


@pytest.fixture(scope="module")
def host() -> Iterator[plugged.Host]:
    """The process that plays, with mda-lv2 there."""
    one = plugged.Host()
    yield one
    one.close()


def there(host: plugged.Host, patch: Patch) -> None:
    plugin = PLUGINS[patch.plugin]
    if plugin.uri not in host.there:
        pytest.skip(f"{patch.plugin} is not there: sudo apt install {plugin.package}")


@pytest.fixture(scope="module")
def fonts() -> list[Path]:
    try:
        return synth.fonts()[:1]
    except synth.SynthError as error:
        pytest.skip(str(error))


def hz_of(sound: np.ndarray, written: float) -> float:
    """The period that repeats best within 3 octaves of what is written, the shortest of those as good; Hz."""
    n = len(sound)
    power = np.fft.irfft(np.abs(np.fft.rfft(sound, 2 * n)) ** 2)[:n]
    energy = np.cumsum(np.square(sound.astype(float)))
    both = energy[::-1][:n] + np.append(0, energy[-1] - energy[:-1])[:n]
    same = 2 * power / (both + 1e-12)
    low, high = max(3, int(RATE / written / 8)), min(int(RATE / written * 8), n // 2)
    inside = same[low:high]
    peaks = np.flatnonzero((inside[1:-1] >= inside[:-2]) & (inside[1:-1] >= inside[2:])) + 1
    k = int(peaks[np.argmax(inside[peaks] > 0.93 * inside[peaks].max())]) + low
    left, mid, right = same[k - 1 : k + 2]
    return float(RATE / (k + 0.5 * (left - right) / (left - 2 * mid + right)))


def measured(host: plugged.Host, patch: Patch, program: int) -> tuple[float, float]:
    """The latest start (a tenth of the peak, s) and the farthest median pitch (cents) of four notes of its range."""
    low, high = instruments._RANGES.get(program, (43, 79))
    midi = np.round(np.linspace(low + 2, high - 2, 4))
    starts = 0.1 + STEP * np.arange(4)
    notes = np.stack([starts, starts + 0.6, midi, [100, 60, 100, 100]], axis=1)
    sound = host.play(patch, notes, int((STEP * 4 + 0.2) * RATE), RATE, 0)
    assert sound is not None, patch
    late, off = [], []
    for start, _, written, _ in notes:
        i = round(start * RATE)
        assert np.abs(sound[i - 441 : i]).max() < 0.1 * np.abs(sound[i : i + 13230]).max(), patch
        late.append(np.argmax(np.abs(sound[i:]) > 0.1 * np.abs(sound[i : i + 13230]).max()) / RATE)
        told = 440 * 2 ** ((written - 69) / 12)
        heard = [hz_of(sound[i + at : i + at + 8192], told) for at in (4410, 8820, 13230)]
        off.append(1200 * np.log2(np.median(heard) / told))
    return max(late), off[int(np.argmax(np.abs(off)))]


@pytest.mark.parametrize("patch", PATCHES[::4], ids=lambda patch: f"{patch.plugin} {patch.preset}")
def test_a_patch_sounds_when_and_where_it_is_written(host: plugged.Host, patch: Patch) -> None:
    """Every fourth of them; the others were measured so, too."""
    there(host, patch)
    late, off = measured(host, patch, patch.programs[0])
    assert late < 0.015
    assert abs(off) < 25


def alike(one: playing.Excerpt, other: playing.Excerpt, but: tuple[str, ...] = ()) -> None:
    for name in one._fields:
        if name not in but:
            np.testing.assert_array_equal(getattr(one, name), getattr(other, name), err_msg=name)


def use(host: plugged.Host, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plugged, "host", lambda: host)


def test_only_what_plugins_play_is_another(host: plugged.Host, fonts: list[Path], monkeypatch) -> None:
    there(host, PATCHES[0])
    use(host, monkeypatch)
    order = ((DUET, SEED), (0, SEED_OF_LINE), (DUET, SEED))
    duet, line, again = (playing.excerpt(number, seed, "train", BY, fonts) for number, seed in order)
    alike(duet, again)
    assert (duet.plugins, line.plugins) == ("Piano", "DX10")
    monkeypatch.setattr(plugged, "play", lambda *_: None)
    plain = playing.excerpt(DUET, SEED, "train", BY, fonts)
    alike(duet, plain, ("stems", "f0", "plugins"))  # f0 is told where a stem is heard
    assert [_scaled(one, other) for one, other in zip(duet.stems, plain.stems, strict=True)] == [True, False]
    np.testing.assert_array_equal(duet.f0[0], plain.f0[0])


def _scaled(one: np.ndarray, other: np.ndarray) -> bool:
    """Whether they are one sound, but for how loud: what is too loud together is quieter together."""
    a, b = one.astype(float), other.astype(float)
    return bool(abs(a @ b) > 0.9999 * np.sqrt((a @ a) * (b @ b)) > 0)


def test_where_no_plugin_is_there_all_is_as_it_was(fonts: list[Path], tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("LV2_PATH", str(tmp_path))
    bare = plugged.Host()
    use(bare, monkeypatch)
    assert bare.there == frozenset()
    found = playing.excerpt(TOUCHY, SEED, "train", BY, fonts)
    bare.close()
    monkeypatch.setattr(plugged, "play", lambda *_: None)
    alike(found, playing.excerpt(TOUCHY, SEED, "train", BY, fonts))
    assert found.plugins == ""


@pytest.fixture(scope="module")
def bad(tmp_path_factory: pytest.TempPathFactory) -> Iterator[plugged.Host]:
    """A host that finds the plugins of bad_synth.c alone."""
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("there is no C compiler: sudo apt install gcc libc6-dev")
    folder = tmp_path_factory.mktemp("lv2")
    bundle = folder / "bad.lv2"
    bundle.mkdir()
    source = Path(__file__).with_name("bad_synth.c")
    options = ["-O1", "-std=gnu11", "-Wall", "-Wextra", "-Werror", "-fvisibility=hidden", "-fPIC", "-shared"]
    subprocess.run([compiler, *options, "-o", bundle / "bad.so", source, "-lm"], check=True)
    names = ("crash", "hang", "silent", "nan", "moody", "late")
    (bundle / "manifest.ttl").write_text(BUNDLE + "".join(map(BAD.format, names)))
    with pytest.MonkeyPatch.context() as patched:
        for name in names:
            patched.setitem(patches.PLUGINS, name, Plugin(f"urn:jamd:test:{name}", "none", "ISC"))
        with pytest.MonkeyPatch.context() as beginning:
            beginning.setenv("LV2_PATH", str(folder))
            one = plugged.Host()
        if not one.there:
            pytest.skip("the plugin host does not start: see `jamd doctor`")
        yield one
        one.close()


NOTES = np.array([(0.1, 0.2, 60, 100)])


@pytest.mark.parametrize("name", ["crash", "hang", "silent", "nan"])
def test_a_plugin_that_fails_is_said_once_and_left_to_fluidsynth(
    bad: plugged.Host, name: str, monkeypatch, capsys
) -> None:
    monkeypatch.setattr(bad, "_patience_s", 1.5 if name == "hang" else 60.0)
    patch = Patch(name, "", (16,))
    assert bad.play(patch, NOTES, RATE, RATE, 0) is None
    said = capsys.readouterr().err
    assert said.startswith(f"{name} ")
    assert said.endswith("FluidSynth plays for it\n")
    if name == "hang":
        assert patches.PLUGINS[name].uri not in bad.there  # nobody waits for it twice
    else:
        assert bad.play(patch, NOTES, RATE, RATE, 0) is None
        assert capsys.readouterr().err == ""
    monkeypatch.undo()
    assert bad.play(Patch("late", "", (16,)), NOTES, RATE, RATE, 0) is not None


def test_what_a_plugin_is_late_by_is_made_up_for(bad: plugged.Host) -> None:
    sound = bad.play(Patch("late", "", (16,)), NOTES, RATE, RATE, 500)
    assert sound is not None
    assert len(sound) == RATE
    assert np.flatnonzero(sound)[0] == 4410


def test_no_plugin_knows_what_was_played_before(bad: plugged.Host) -> None:
    patch = Patch("moody", "", (16,))
    first, second = (bad.play(patch, NOTES, RATE, RATE, 0) for _ in range(2))
    assert first is not None
    np.testing.assert_array_equal(first, second)
    assert first.max() == 0.5


def test_a_host_that_is_gone_is_asked_for_nothing(bad: plugged.Host, capsys) -> None:
    bad._process.kill()
    assert bad.play(Patch("late", "", (16,)), NOTES, RATE, RATE, 0) is None
    assert bad.there == frozenset()
    assert "lost" in capsys.readouterr().err


def test_the_plugins_that_played_are_kept_with_the_sound(host: plugged.Host, tmp_path: Path, fonts: list[Path]) -> None:
    there(host, PATCHES[0])
    file = tmp_path / "scores.npz"
    scores.save(file, EVERY)
    corpus.render(tmp_path / "out", file, fonts, SEED_OF_LINE, excerpts=1, workers=1, said=lambda _: None)
    (one,) = corpus.load(tmp_path / "out")
    assert one.plugins == "DX10"
    assert corpus.plugins(tmp_path / "out") == {"DX10"}
    assert corpus.plugins(tmp_path) == set()


def test_plugins_are_named_by_package() -> None:
    assert patches.packages(set()) == {}
    assert patches.packages({"JX10", "DX10"}) == {("mda-lv2", "GPL-3.0-or-later"): ["DX10", "JX10"]}


BARE = """
import sys
class Bare:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in ("numba", "msgspec", "llvmlite", "scipy", "minihost"):
            raise ImportError(name)
sys.meta_path.insert(0, Bare())
import numpy
from daemon.train.analysis import corpus, plugged
assert not any(name.startswith(("daemon.plugins", "dsp")) for name in sys.modules)
import daemon.train.analysis.hosting as hosting
class Pipe:
    def send(self, there):
        assert there == [], there
        sys.exit(0)
hosting.serve(Pipe())
"""


def test_where_only_numpy_is_there_there_are_no_plugins() -> None:
    subprocess.run([sys.executable, "-c", BARE], check=True, timeout=60)
