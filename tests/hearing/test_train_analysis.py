"""Training what hears: the same front end as live, networks that stream, targets at their time, a loop that resumes."""

import json
import shutil

import numpy as np
import pytest
import soundfile

torch = pytest.importorskip("torch", reason="PyTorch is not installed: pip install -e '.[train]'")

import onnxruntime  # noqa: E402

from daemon.models import card, shelf  # noqa: E402
from daemon.train.analysis import ABLATIONS, corpus, fit  # noqa: E402
from daemon.train.analysis.export import export  # noqa: E402
from daemon.train.analysis.features import Features  # noqa: E402
from daemon.train.analysis.judge import judge  # noqa: E402
from daemon.train.analysis.network import Pitch, Rhythm, Size  # noqa: E402
from daemon.train.analysis.targets import Labels, targets  # noqa: E402
from dsp import spectrogram  # noqa: E402
from dsp.activations import FRAMES_HZ, LATE_S  # noqa: E402
from tests.hearing.test_spectrogram import frames, music  # noqa: E402

RATE = 44100


def test_training_sees_what_the_stage_sees() -> None:
    noise = np.random.default_rng(1).standard_normal(2 * RATE).astype(np.float32)
    sound = np.concatenate([0.2 * noise[:RATE], 1e-4 * noise[RATE:], music(RATE)])
    bands, tones = Features(RATE)(torch.from_numpy(sound)[None])
    live_bands, live_tones = frames(sound, RATE, 64)
    assert np.abs(bands[0].numpy() - live_bands).max() < 2e-6
    assert np.abs(tones[0].numpy() - live_tones).max() < 2e-6


@pytest.mark.parametrize("kind", [Rhythm, Pitch])
def test_frame_by_frame_is_the_same_as_all_at_once(kind) -> None:
    torch.manual_seed(1)
    network = kind(Size()).eval()
    given = (torch.rand(1, 30, 2, spectrogram.BANDS), torch.rand(1, 30, spectrogram.TONES))[
        : 1 if kind is Rhythm else 2
    ]
    with torch.no_grad():
        whole, _ = network(*given, network.start(1))
        state, parts = network.start(1), []
        for k in range(30):
            heard, state = network(*(one[:, k : k + 1] for one in given), state)
            parts.append(heard)
    for name, value in whole.items():
        assert (value - torch.cat([part[name] for part in parts], 1)).abs().max() < 1e-5


def test_what_comes_later_is_not_heard() -> None:
    torch.manual_seed(1)
    network = Pitch(Size()).eval()
    bands, tones = torch.rand(1, 30, 2, spectrogram.BANDS), torch.rand(1, 30, spectrogram.TONES)
    with torch.no_grad():
        before, _ = network(bands, tones, network.start(1))
        bands[:, 20:], tones[:, 20:] = 0, 0
        after, _ = network(bands, tones, network.start(1))
    assert torch.equal(before["attack"][:, :20], after["attack"][:, :20])
    assert not torch.equal(before["attack"][:, 20:], after["attack"][:, 20:])


def labels(notes: list[list[float]], beats: list[list[float]], programs: list[int]) -> Labels:
    """One example of 3 s; its single voice is A4 in the second second."""
    f0 = torch.full((1, 2, 300), -1.0)
    f0[0, 0], f0[0, 0, 100:200] = 0.0, 440.0
    chord = torch.full((1, 300), 9)
    return Labels(
        torch.tensor(notes), torch.tensor(beats), torch.tensor([programs]), f0, chord, chord % 12, chord,
        torch.ones(1, 2, dtype=torch.bool),
    )  # fmt: skip


NOTES = [[0, 0, 1.0, 2.0, 69, 100, 0], [0, 1, 0.5, 0.6, 36, 80, 1]]


def test_targets_lie_where_the_frame_tells_of() -> None:
    made = targets(
        labels(NOTES, [[0, 0.5, 1], [0, 1.0, 2]], [0, 128]), torch.ones(1, 2, dtype=torch.bool), torch.ones(1), 300
    )

    def frame(at: float, what: str) -> int:
        return round((at + LATE_S[what]) * FRAMES_HZ) - 1

    assert sorted(torch.nonzero(made.onset[0, :, 0] > 0.9).flatten().tolist()) == [
        frame(0.5, "onset"),
        frame(1.0, "onset"),
    ]
    assert torch.nonzero(made.onset[0, :, 1] > 0.9).flatten().tolist() == [frame(0.5, "onset")]
    assert torch.nonzero(made.attack[0] > 0.9).tolist() == [[frame(1.0, "attack"), 69 - 21]]
    assert made.velocity[0, frame(1.0, "attack"), 48] == pytest.approx(100 / 127)
    assert int(made.sounding[0, :, 48].sum()) == 100
    assert int(made.sounding.sum()) == 100
    assert made.beat[0, frame(0.5, "beat")].tolist() == pytest.approx([0, 1, 0])
    assert made.beat[0, frame(1.0, "beat")].tolist() == pytest.approx([1, 0, 0])
    voiced = torch.nonzero(made.voiced[0]).flatten()
    assert (int(voiced[0]), len(voiced)) == (frame(1.0, "f0"), 100)
    assert int(made.f0[0, int(voiced[0])].argmax()) == 3 * 48 + 1
    assert (made.chord == 9).all()


def test_what_was_left_out_is_no_target() -> None:
    off = torch.tensor([[False, True]])
    made = targets(labels(NOTES, [[0, 0.5, 1]], [0, 128]), off, torch.ones(1), 300)
    assert not made.attack.any()
    assert not made.sounding.any()
    assert int((made.onset[0, :, 0] > 0.9).sum()) == 1
    assert (made.chord == 24).all()  # drums alone
    assert not made.voiced.any()


def test_what_plays_faster_comes_earlier_and_ends() -> None:
    fast = torch.tensor([1.02])
    made = targets(labels(NOTES, [[0, 0.5, 1]], [0, 128]), torch.ones(1, 2, dtype=torch.bool), fast, 300)
    peak = int(made.attack[0, :, 48].argmax())
    assert peak == round((1 / 1.02 + LATE_S["attack"]) * FRAMES_HZ) - 1
    assert int(made.inside.sum()) == 294


def folder_of(path, rng: np.random.Generator) -> None:
    """A corpus of two excerpts: a tone that is struck each half second."""
    path.mkdir()
    found = []
    with (path / "shard-000.i16").open("wb") as file:
        for seed in range(2):
            starts = np.arange(0.5, 23.5, 0.5)
            t = np.arange(corpus.LENGTH) / corpus.RATE
            sound = np.sin(2 * np.pi * 440 * t) * np.exp(-6 * (t % 0.5)) * 8000
            file.write((sound + rng.normal(0, 20, t.size)).astype(np.int16).tobytes())
            column = np.ones_like(starts)
            notes = np.stack([0 * column, starts, starts + 0.4, 69 * column, 90 * column, 0 * column], 1)
            found.append(
                corpus.Excerpt(
                    kind="melody",
                    source="made",
                    seed=seed,
                    stems=np.zeros((0, 1), np.int16),
                    programs=np.array([0], np.int16),
                    notes=notes.astype(np.float32),
                    beats=np.stack([starts, np.arange(starts.size) % 4 + 1], 1).astype(np.float32),
                    metre=4,
                    chords=np.zeros((0, 4), np.float32),
                    key=np.zeros((0, 3), np.float32),
                    f0=np.full((1, 2400), 440.0, np.float32),
                    mono=np.array([True]),
                    has_beats=True,
                    has_chords=False,
                    has_key=False,
                    has_notes=True,
                )
            )
    corpus.save(path, 0, found, 2)


def test_a_fit_learns_is_stopped_and_goes_on(tmp_path, monkeypatch) -> None:
    """After a step it is saved; another Fit goes on from there; the graph says what the network does."""
    rng = np.random.default_rng(1)
    folder_of(tmp_path / "train", rng)
    folder_of(tmp_path / "valid", rng)
    monkeypatch.setattr(fit, "BATCH", 1)
    monkeypatch.setattr(fit, "JUDGED", 1)
    monkeypatch.setattr(fit, "Size", lambda *_: Size(8, 16, 8, 8, 8, 8))
    said: list[str] = []

    def fitted(out: str, *until: int) -> dict[str, torch.Tensor]:
        for steps in until:
            one = fit.Fit(tmp_path / "train", tmp_path / "valid", tmp_path / out, 1, steps, said.append)
            one.run()
        return one.learners["rhythm"].mean.state_dict()

    parts = fitted("parts", 1, 2)
    assert any("going on from batch 1" in line for line in said)
    assert all(torch.isfinite(value).all() for value in parts.values())
    assert [line.split(",")[0] for line in said if "rhythm loss" in line] == ["1/1", "2/2"]
    network = one_of(tmp_path / "parts")
    export(network, tmp_path / "rhythm.onnx")
    session = onnxruntime.InferenceSession(tmp_path / "rhythm.onnx")
    bands = torch.rand(1, 3, 2, spectrogram.BANDS)
    given = {"bands": bands.numpy()} | {f"state_{k}": one.numpy() for k, one in enumerate(network.start(1))}
    with torch.no_grad():
        heard, _ = network(bands, network.start(1))
    assert np.abs(session.run(["onset"], given)[0] - torch.sigmoid(heard["onset"]).numpy()).max() < 1e-5


@pytest.mark.parametrize("without", ABLATIONS)
def test_what_is_left_out_is_left_out(without, tmp_path, monkeypatch) -> None:
    """And what is fitted so lies beside what is fitted whole."""
    folder_of(tmp_path / "train", np.random.default_rng(1))
    folder_of(tmp_path / "valid", np.random.default_rng(2))
    monkeypatch.setattr(fit, "BATCH", 1)
    small = Size(8, 16, 8, 8, 8, 8)
    monkeypatch.setattr(fit, "SMALL", Size(4, 8, 4, 4, 4, 4))
    monkeypatch.setattr(fit, "Size", lambda *_: small)
    spoilt = []
    spoil = fit.augment.spoil
    monkeypatch.setattr(fit.augment, "spoil", lambda *given: spoilt.append(1) or spoil(*given))
    one = fit.Fit(tmp_path / "train", tmp_path / "valid", tmp_path, 1, 1, lambda _: None, without)
    one.run()
    assert {path.name for path in tmp_path.glob("*.pt")} == {fit.kept(name, without) for name in fit.NETWORKS}
    assert bool(spoilt) == (without != "augmentation")
    rhythm, pitch = one.learners["rhythm"].mean.eval(), one.learners["pitch"].mean.eval()
    assert (rhythm.channels < 8) == (pitch.size.key_units < 8) == (without == "size")
    bands, tones = torch.rand(1, 9, 2, spectrogram.BANDS), torch.rand(1, 9, spectrogram.TONES)
    other = bands.clone()
    other[:, :, 0] = torch.rand(1, 9, spectrogram.BANDS)
    with torch.no_grad():
        for network, more in ((rhythm, ()), (pitch, (tones,))):
            heard = [network(one, *more, network.start(1))[0] for one in (bands, other)]
            same = all(torch.equal(heard[0][name], heard[1][name]) for name in heard[0])
            assert same == (without == "window")


def test_training_ends_with_figures_in_the_card(tmp_path) -> None:
    """Of dev alone, for what is annotated; without pieces it is said how to judge."""
    data = tmp_path / "analysis" / "clicks"
    data.mkdir(parents=True)
    onsets = np.arange(0.5, 3.5, 0.5)
    sound = np.zeros(4 * RATE)
    for onset in onsets:
        sound[round(onset * RATE) :][:4000] += np.random.default_rng(1).normal(0, 0.3, 4000) * np.exp(
            -np.arange(4000) / 800
        )
    for name, split in (("a", "dev"), ("b", "test")):
        soundfile.write(data / f"{name}.wav", sound, RATE)
        (data / f"{name}.json").write_text(json.dumps({"onsets": onsets.tolist(), "split": split}))
    model = shutil.copytree(shelf.SHIPPED["hearing"], tmp_path / "mine")
    said: list[str] = []
    judge(data.parent, model, None, said.append)
    (figure,) = card.read(model).figures
    assert figure.on.startswith("1 pieces of 1 sets, dev")
    assert figure.value > 0.5
    (line,) = [line for line in said if line.startswith("onsets")]
    assert all(name in line for name in ("jamd:neural", "jamd:features", "aubio:hfc"))
    assert any("'beats' beside it" in line for line in said)
    judge(tmp_path / "nowhere", model, None, said.append)
    assert "nothing is judged" in said[-1]


def one_of(folder) -> Rhythm:
    saved = torch.load(folder / "rhythm.pt", weights_only=False)
    network = Rhythm(Size(*saved["size"])).eval()
    network.load_state_dict(saved["mean"])
    return network
