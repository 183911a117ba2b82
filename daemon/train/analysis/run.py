"""`jamd train analysis`: scores to sound, sound to two networks, networks to graphs and their card. Each part is kept."""

from pathlib import Path

import torch

from daemon.models import writing
from daemon.models.card import Data
from daemon.train.analysis import corpus, fit, patches, reading, scores, synth
from daemon.train.analysis.export import export
from daemon.train.analysis.fit import NETWORKS, Fit, Say
from daemon.train.analysis.judge import judge
from daemon.train.analysis.network import Size

VALID = 0.05  # as much again, of pieces that are not trained on
LEARNT_FROM = (
    Data("Nottingham, Ryan's Mammoth, O'Neill's, Aird's Airs", "GPL-3; public-domain tunes, encodings by permission"),
    Data("OpenEWLD", "public domain", "lead sheets of the 1900s to 1930s"),
    Data("OpenScore Lieder", "CC0"),
    Data("POP909", "MIT on the data; the songs themselves are commercial"),
    Data("JSB chorales", "public-domain works"),
    Data("drum patterns, accompaniments, singing, noise and applause that jamd makes", "GPL-3.0-or-later"),
    Data("Fluid (R3) and Fluid (R3) Mono", "MIT", "sounds, by FluidSynth, as are the next two"),
    Data("TimGM6mb", "GPL-2"),
    Data("Csound's General MIDI bank", "public domain"),
)


def run(
    data: Path, out: Path, seed: int, hours: float, steps: int, say: Say, without: str = "", peers: Path | None = None
) -> None:
    """Fit both; their graphs and card go to `out`, what is rendered and learnt to `out`/work. Raises UserError.

    `without`: one of ABLATIONS; what is fitted so goes to `out`/without-it. `peers`: as of daemon.evaluation.begin.
    """
    work = out / "work"
    model = out / f"without-{without}" if without else out
    render(data, work, seed, hours, say)
    say(f"on {'a GPU: ' + torch.cuda.get_device_name() if torch.cuda.is_available() else 'the processor'}")
    Fit(work / "train", work / "valid", work, seed, steps, say, without).run()
    made_by = f"jamd train analysis {data.name} --seed {seed} --hours {hours:g} --steps {steps}"
    finish(work, model, made_by + (without and f" --without {without}"), without)
    say(f"{model}: {', '.join(f'{name}.onnx' for name in NETWORKS)}, card.toml")
    judge(data / "analysis", model, peers, say)


def render(data: Path, work: Path, seed: int, hours: float, say: Say) -> None:
    """The scores and so many hours of sound, in `work`; what is there already is kept."""
    packed = work / "scores.npz"
    if not packed.exists():
        work.mkdir(parents=True, exist_ok=True)
        scores.save(packed, reading.read(data, say))
    fonts = synth.fonts()
    for part, share in (("train", 1.0), ("valid", VALID)):
        excerpts = max(fit.BATCH, round(hours * share * 3600 / corpus.SECONDS))
        corpus.render(work / part, packed, fonts, seed, excerpts, part=part, said=say)


def finish(work: Path, out: Path, made_by: str, without: str = "") -> None:
    """Graphs and card from what was fitted."""
    out.mkdir(parents=True, exist_ok=True)
    for name in NETWORKS:
        saved = torch.load(work / fit.kept(name, without), map_location="cpu", weights_only=False)
        network = NETWORKS[name](Size(*saved["size"]))
        network.load_state_dict(saved["mean"])
        export(network, out / f"{name}.onnx")
    others = [f"{name}.int8.onnx" for name in NETWORKS]
    about = (
        "What is heard, a hundred times a second, from the past alone: onsets and drums, beats and downbeats (rhythm); "
        "notes, a single voice's pitch, chord, bass and key (pitch)."
    )
    graphs = {name: f"{name}.onnx" for name in NETWORKS}
    plugged = [
        Data(package, licence, f"sounds, by jamd's plugin host: {', '.join(plugins)}")
        for (package, licence), plugins in patches.packages(corpus.plugins(work / "train")).items()
    ]
    facts = {
        "name": "hearing",
        "about": about,
        "licence": "GPL-3.0-or-later",
        "made_by": made_by,
        "data": [*LEARNT_FROM, *plugged],
    }
    writing.refresh(out, writing.made("hearing", out, graphs, others, **facts))
