"""Training in small: the network learns tunes of the test's own, and as graphs it says what it says as a whole."""

from pathlib import Path

import numpy as np
import pytest

from daemon.generate.deep import alphabet, rows
from daemon.generate.deep.alphabet import STYLES

torch = pytest.importorskip("torch", reason="torch is not installed: pip install 'jamd[train]'")

torch.set_num_threads(1)

from daemon.generate.deep.network import Network  # noqa: E402
from daemon.generate.deep.phrase import bits  # noqa: E402
from daemon.train.generator import corpus, examples, phrase  # noqa: E402
from daemon.train.generator.corpus import NOTES, Piece  # noqa: E402
from daemon.trained import loaded  # noqa: E402

BAR = 96


def piece(name: str, number: int, kind: str = "nottingham") -> Piece:
    """A tune of four bars, and again; of a song also a bass."""
    rng = np.random.default_rng(number)
    bars = [(12 * k, 12, int(rng.choice([60, 62, 64, 67, 69])), 80, 0) for k in range(32)]
    line = [(tick + 4 * BAR * again, *rest) for again in range(2) for tick, *rest in bars]
    if kind == "pop909":
        line += [(BAR * bar, BAR, 43, 70, 2) for bar in range(8)]
    line.sort(key=lambda note: (note[0], -note[2]))
    return Piece(kind, name, np.array(line, NOTES), [(0, 4, 4)], 0, 0, [])


@pytest.fixture(scope="module")
def parts() -> dict[str, list[Piece]]:
    made = [piece(f"t{k}", k, "pop909" if k % 4 == 0 else "nottingham") for k in range(10)]
    return {"train": made[:8], "dev": made[8:], "test": []}


def test_it_learns_and_its_graphs_say_the_same(tmp_path: Path, parts: dict[str, list[Piece]]) -> None:
    pytest.importorskip("onnx", reason="onnx is not installed: pip install 'jamd[train]'")
    from daemon.train.generator.export import export

    said: list[str] = []
    network = phrase.train(parts, tmp_path / "phrase.pt", seed=1, steps=12, said=said.append)
    scores = [float(line.split("dev ")[1].split()[0]) for line in said if "dev " in line]
    assert scores[-1] < scores[0] - 1.0, said
    saved = torch.load(tmp_path / "phrase.pt", weights_only=False)
    network.load_state_dict(saved["state"])
    export(tmp_path / "phrase.pt", tmp_path / "graphs")
    one = parts["dev"][0]
    made = examples.example(one)
    network.eval()
    with torch.no_grad():
        nats = phrase.losses(network, phrase.batch([made], None))[:3, 0]
    whole = nats.double().numpy().T / np.log(2)
    notes = corpus.melody(one)
    meters = examples.meters_of(one, notes)
    setting = np.zeros(1, rows.SETTING)
    setting["shift"], setting["mode"] = alphabet.tonic_shift(one.tonic), one.mode
    setting["style"] = STYLES.index(one.set)
    steps = alphabet.steps(notes, BAR)
    graphs = loaded("phrase", {name: tmp_path / "graphs" / f"{name}.onnx" for name in ("trunk", "pitch", "duration")})
    streamed = bits(Network(graphs), steps, notes["velocity"], setting[0], meters)
    np.testing.assert_allclose(streamed, whole, atol=1e-3)


def test_what_is_shown_does_not_tell_what_is_asked(parts: dict[str, list[Piece]]) -> None:
    """Changing a note changes nothing of what is said before it is known."""
    torch.manual_seed(0)
    network = phrase.Phrase()
    network.eval()
    one = parts["train"][1]
    notes = one.notes.copy()
    notes["pitch"][40] += 2
    notes["duration"][40] += 6
    with torch.no_grad():
        both = [
            phrase.losses(network, phrase.batch([examples.example(p)], None))[:, 0].numpy()
            for p in (one, one._replace(notes=notes))
        ]
    np.testing.assert_allclose(both[0][:, :40], both[1][:, :40], atol=1e-5)
    assert not np.allclose(both[0][1:3, 40], both[1][1:3, 40])
    np.testing.assert_allclose(both[0][0, 40], both[1][0, 40], atol=1e-5)  # its time comes before its pitch


def test_a_piece_in_another_key_is_the_same_to_the_network(parts: dict[str, list[Piece]]) -> None:
    one = parts["train"][1]
    moved = one.notes.copy()
    moved["pitch"] += 5
    first, second = examples.example(one), examples.example(one._replace(notes=moved, tonic=5))
    np.testing.assert_array_equal(first.token, second.token)
    np.testing.assert_array_equal(first.duration, second.duration)
    np.testing.assert_array_equal(first.target[:, 1] + 5, second.target[:, 1])
